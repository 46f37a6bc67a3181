"""What the page of a case tells of authority: buttons somebody may not press and why, kin, and what a decision saw."""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from sync_protocol import encoding
from sync_protocol.case import Case, Position, bodies, kinds, powers, workflow
from sync_protocol.case.authority import Offer
from sync_protocol.case.kinship import Kin
from sync_protocol.places import about
from village_node.casebook import NotAllowed, Shown
from village_node.casebook.approving import digest_of
from village_node.store.asked import Asked
from village_node.web import schemas
from village_node.web.site import Visit
from village_node.web.words import choice_words

_MOST_THROUGH: Final = 32
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_PERSONS: Final = frozenset({"proposer", "approver", "presider"})
NOTHING_SHOWN: Final = Shown((), "")


class Standing(NamedTuple):
    """What the person in front may do of what the workflow offers, why not the rest, whose kin the applicant is, and
    what the page shows, for a decision to carry."""

    offers: list[Offer]
    hindered: list[tuple[str, list[str]]]
    kin: list[str]
    shown: Shown


def standing(visit: Visit, case: Case, offers: Iterable[Offer]) -> Standing:
    """Sort what the workflow offers by what this person may do."""
    book = visit.site.casebook
    offered, why = sorted_out(visit, case, offers)
    decides = any(offer.kind == kinds.DECIDE for offer in offered)
    return Standing(
        offered,
        [
            (visit.t(*words), [visit.t(*workflow.LABELS[kind]) for kind in sorted(why) if why[kind] == words])
            for words in dict.fromkeys(why.values())
        ],
        [_kin(visit, kin) for kin in book.kin_of_applicant(case)],
        book.shown((about(case.home), case.case_id)) if decides else NOTHING_SHOWN,
    )


def sorted_out(visit: Visit, case: Case, offers: Iterable[Offer]) -> tuple[list[Offer], dict[int, tuple[str, str]]]:
    """What this person may do of what the workflow offers; and of the rest, by kind, why not."""
    listed, staff = list(offers), visit.staff
    why = visit.site.casebook.hindrances(case, {offer.kind for offer in listed}, staff.staff_no, staff.roles)
    return [offer for offer in listed if offer.kind not in why], why


def _kin(visit: Visit, kin: Kin) -> str:
    place = visit.place_name(kin.place)
    return visit.t(
        f"申请人是{place}工作人员（工号 {kin.staff_no}）的亲属（{kin.relation}）",
        f"The applicant is a relative ({kin.relation}) of staff {kin.staff_no} at {place}",
    )


def decision_checked(visit: Visit, case: Case) -> str:
    """Whether whoever decided had the authority, by the register of that place; empty where nothing is decided."""
    if case.decision is None:
        return ""
    found = visit.site.casebook.decision_checked(case)
    if found.why_not is not None:
        zh, en = found.why_not
        return visit.t(f"授权核对：不符，{zh}", f"Authority: not as it should be: {en}")
    if found.delegation is None:
        return visit.t("授权核对：相符，由负责人作出", "Authority: in order, the head's own decision")
    number = found.delegation.text("document_no")
    return visit.t(f"授权核对：相符，委托书 {number}", f"Authority: in order, delegation {number}")


class AskedView(NamedTuple):
    """A special procedure that waits for its approval, as the page shows it."""

    lines: list[tuple[str, str]]
    proposer: str
    may_approve: bool
    may_reject: bool
    shown: str
    row: Asked


def asked(visit: Visit, case: Case) -> AskedView | None:
    """The special procedure that somebody has proposed for this case."""
    row = visit.site.casebook.asked_procedure((about(case.home), case.case_id))
    if row is None:
        return None
    body, table = encoding.decode(row.body), bodies.TABLES[kinds.SUSPEND]
    lines = [
        (
            visit.t(each.zh, each.en),
            visit.t(*choice_words(body[each.number])) if each.choices else said_in(visit, each.name, body[each.number]),
        )
        for each in table.fields
        if each.number in body and each.type in ("choice", "text", "int", "date")
    ]
    approves = powers.may_approve(visit.staff.roles, visit.site.level)
    own = row.proposer == visit.staff.staff_no
    name = visit.site.accounts.name_of(row.proposer) or row.proposer
    return AskedView(lines, name, approves and not own, approves or own, digest_of(row), row)


def said_in(visit: Visit, field: str, value: object) -> str:
    """What a field of a procedure says; of a person with their name, where they work here."""
    name = visit.site.accounts.name_of(str(value)) if field in _PERSONS else ""
    return visit.t(f"{name}（{value}）", f"{name} ({value})") if name else str(value)


def shown_on(visit: Visit) -> Shown:
    """What the page showed from which a decision is sent. Raises NotAllowed where the form does not say it."""
    form = visit.request.form
    found = shown_in(f"{form.get('shown', '')[:64]} {form.get('through', '')[:4_000]}")
    if found is None:
        raise NotAllowed("请打开办件页面，看过全部内容后再作决定", "open the page of the case, look at it, then decide")
    return found


def shown_in(text: str) -> Shown | None:
    """What was shown, of the text that says it: a digest, then positions; None where it is no such text."""
    digest, *through = text.split() or [""]
    wrong = any(schemas.POSITION_TEXT.fullmatch(each) is None for each in through)
    if _DIGEST.fullmatch(digest) is None or wrong or not 0 < len(through) <= _MOST_THROUGH:
        return None
    return Shown(tuple(Position(*schemas.parse_position(each)) for each in through), digest)


def shown_text(shown: Shown) -> str:
    """What is shown of a case as one text, for a program to hand back with its decision."""
    return f"{shown.digest} {through_text(shown)}"


def through_text(shown: Shown) -> str:
    """The records a page shows, as its form carries them."""
    return " ".join(schemas.position_text(position) for position in shown.through)
