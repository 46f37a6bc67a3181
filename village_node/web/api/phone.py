"""Files that a resident's telephone has sent for a case and nobody has decided on, for programs of the counter."""

from typing import Any, Final

from marshmallow import Schema

from sync_protocol.case import Case
from sync_protocol.case.paper_bodies import MEDIA
from sync_protocol.places import about
from village_node.web import cases, doing
from village_node.web.api import shapes
from village_node.web.api.acting import Nothing
from village_node.web.api.operations import Operation
from village_node.web.site import Visit

TAG: Final = "papers"


class PhoneFileShape(Schema):
    """A file that waits: under which name, for which paper it was sent, and when it came."""

    name, material = shapes.text(), shapes.text()
    media = shapes.text(*MEDIA)
    size = shapes.number()
    at_ms = shapes.moment()


class PhoneFiles(Schema):
    """What waits for a case."""

    files = shapes.many(PhoneFileShape)


def list_phone_files(visit: Visit, place: str, case_id: str) -> dict[str, Any]:
    """What came by telephone for a case and waits. None of it is part of the case before a clerk has looked at it."""
    return _waiting(visit, cases.fetch(visit, place, case_id))


def discard_phone_file(visit: Visit, asked: dict[str, str], place: str, case_id: str, name: str) -> dict[str, Any]:
    """Discard a file that came by telephone and is none of the case's; what waits then. It is gone for good, and one
    that is gone is not found."""
    case = cases.fetch(visit, place, case_id)
    visit.site.casebook.discard_phone_file(visit.staff.staff_no, (about(case.home), case.case_id), name)
    return _waiting(visit, case)


def _waiting(visit: Visit, case: Case) -> dict[str, Any]:
    found = visit.site.casebook.phone_files((about(case.home), case.case_id))
    return {"files": [{name: getattr(each, name) for name in PhoneFileShape().fields} for each in found]}


_FILES: Final = "/cases/<place>/<case_id>/papers/phone"
OPERATIONS: Final = (
    Operation(_FILES, "list_phone_files", list_phone_files, doing.ACTS, TAG, gives=PhoneFiles),
    Operation(
        f"{_FILES}/<name>/discard", "discard_phone_file", discard_phone_file, doing.ACTS, TAG, "POST", Nothing,
        gives=PhoneFiles,
    ),
)  # fmt: skip
