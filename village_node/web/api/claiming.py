"""Who of the staff does what, for programs: taking a case up, putting it back, giving it to a colleague, and confirming
a public notice for the place where it hangs."""

from typing import Any, Final

import marshmallow

from sync_protocol.case.bodies import FINDINGS
from village_node.casebook import Request
from village_node.store.locks import CaseKey
from village_node.web import doing, entry, posting, schemas
from village_node.web.api import shapes
from village_node.web.api.acting import Nothing, done_with
from village_node.web.api.operations import Operation, Taken
from village_node.web.site import Visit

TAG: Final = "acts"


class ClaimTaken(Taken):
    """Why; it must be said where a colleague has the case."""

    reason = schemas.Text(0, 200, load_default="")


class GiveTaken(Taken):
    """The staff number of who is to have it."""

    to = schemas.Text(1, 32, required=True)


def claim_case(visit: Visit, chosen: dict[str, str], asked: dict[str, str], place: str, case_id: str) -> Any:
    """Take a case up that is at this place. No lock: colleagues see it, and may act all the same."""
    reason = entry.line(asked["reason"])
    return done_with(
        visit, chosen, asked, place, case_id,
        lambda key, wanted: visit.site.casebook.claim(visit.staff.staff_no, key, reason, wanted),
    )  # fmt: skip


def release_case(visit: Visit, chosen: dict[str, str], asked: dict[str, str], place: str, case_id: str) -> Any:
    """Put a case back that the account has taken up; a head puts back anybody's."""
    staff = visit.staff
    return done_with(
        visit, chosen, asked, place, case_id,
        lambda key, wanted: visit.site.casebook.release(staff.staff_no, staff.roles, key, wanted),
    )  # fmt: skip


def give_case(visit: Visit, chosen: dict[str, str], asked: dict[str, str], place: str, case_id: str) -> Any:
    """Give a case to a colleague: one's own, or as a head any that is here."""
    staff, to = visit.staff, entry.line(asked["to"])
    return done_with(
        visit, chosen, asked, place, case_id,
        lambda key, wanted: visit.site.casebook.give(staff.staff_no, staff.roles, key, to, wanted),
    )  # fmt: skip


class FindingTaken(Taken):
    """What became of the public notice that is open in the case."""

    finding = marshmallow.fields.String(
        required=True,
        validate=marshmallow.validate.OneOf(FINDINGS, error="请从所列选项中选择"),
        error_messages={**schemas.REQUIRED},
    )
    text_ = schemas.Text(
        0,
        1_000,
        load_default="",
        data_key="text",
        metadata={
            "description": "An objection needs it: who, and what; and `no_objection` after one: how it was settled."
        },
    )


def confirm_notice(visit: Visit, chosen: dict[str, str], asked: dict[str, str], place: str, case_id: str) -> Any:
    """Confirm that the public notice of a case hung at this place, or what it came to; a head does. A program stands in
    for no head where there is one."""
    staff, said = visit.staff, {"finding": asked["finding"], "text": entry.paragraph(asked["text_"])}

    def confirm(key: CaseKey, wanted: Request) -> CaseKey:
        ref = visit.site.casebook.confirm_notice(staff.staff_no, staff.roles, key, said, wanted)
        return ref.scope, ref.case_id

    return done_with(visit, chosen, asked, place, case_id, confirm)


_CASE: Final = "/cases/<place>/<case_id>"
OPERATIONS: Final = (
    Operation(
        f"{_CASE}/claim", "claim_case", claim_case, doing.ACTS, TAG, "POST", ClaimTaken, gives=shapes.Done, once=True
    ),
    Operation(
        f"{_CASE}/release", "release_case", release_case, doing.ACTS, TAG, "POST", Nothing, gives=shapes.Done, once=True
    ),
    Operation(
        f"{_CASE}/notice",
        "confirm_notice",
        confirm_notice,
        posting.CONFIRMS,
        TAG,
        "POST",
        FindingTaken,
        gives=shapes.Done,
        once=True,
    ),
    Operation(
        f"{_CASE}/give", "give_case", give_case, doing.ACTS, TAG, "POST", GiveTaken, gives=shapes.Done, once=True
    ),
)
