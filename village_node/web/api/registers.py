"""The registers of a place, for programs: delegations, consents, absences, seals and declared kin are entered here."""

from typing import Any, Final

import marshmallow
from marshmallow import Schema

from sync_protocol.case import kinds, registers
from sync_protocol.case.fields import Field
from village_node.store.locks import CaseKey
from village_node.web import complaints, entry, masking, schemas
from village_node.web import registers as pages
from village_node.web.api import shapes
from village_node.web.api.acting import Nothing
from village_node.web.api.operations import Operation, done_once, request_of
from village_node.web.site import Visit

TAG: Final = "registers"
_NAMES: Final = {"head": "head_name", "a": "a_name", "b": "b_name"}


def _rows(table: int, *names: str) -> tuple[Field, ...]:
    return tuple(row for row in registers.TABLES[table].fields if row.name in names)


DelegationTaken: Final = schemas.form_schema(
    kinds.AUTHORITY,
    _rows(
        kinds.AUTHORITY, "what", "department", "head", "a", "b", "full", "limited", "first", "last", "document_no",
        "of", "person", "reason",
    ),
)  # fmt: skip
SealTaken: Final = schemas.form_schema(kinds.SEAL, registers.TABLES[kinds.SEAL].fields)
KinTaken: Final = schemas.form_schema(kinds.KIN, registers.TABLES[kinds.KIN].fields)


class Entered(Schema):
    """What was entered: in which register."""

    register = shapes.text("authority", "seals", "kin")


class KinGiven(Schema):
    """A relative that somebody here has declared; name and number are masked."""

    staff_no, kin_name, kin_id_no, relation = (shapes.text() for _ in range(4))
    first, last = shapes.text(words="The first day of the relation; empty: any."), shapes.text()


class KinListing(Schema):
    """What is declared at this place."""

    kin = shapes.many(KinGiven)


def _spelled(said: dict[str, Any]) -> dict[str, Any]:
    """What is entered in one spelling; empty fields are left out."""
    told: dict[str, Any] = {}
    for name, value in said.items():
        listed = [entry.line(each) for each in value] if isinstance(value, list) else None
        told[name] = listed if listed is not None else entry.line(value) if isinstance(value, str) else value
    return {name: value for name, value in told.items() if value not in (None, "", [])}


def _enter(visit: Visit, chosen: dict[str, str], asked: dict[str, Any], kind: int, register: str) -> Any:
    wanted, staff = request_of(visit, chosen, asked), visit.staff

    def enter() -> CaseKey:
        said = _completed(visit, kind, _spelled(asked))
        visit.site.casebook.enter(staff.staff_no, staff.roles, kind, said, wanted)
        return register, b""

    _, headers = done_once(visit, wanted, enter)
    return {"register": register}, 200, headers


def _completed(visit: Visit, kind: int, said: dict[str, Any]) -> dict[str, Any]:
    """What the node adds: the names of those meant by their staff numbers. Raises BadBody."""
    if "of" in said:
        said["of"] = schemas.parse_position(said["of"])
    if kind == kinds.AUTHORITY and said["what"] == "delegate":
        said.setdefault("head", visit.staff.staff_no)
        said |= {"full": said.get("full", []), "limited": said.get("limited", [])}
        said |= {named: pages.name_of(visit, role, said[role]) for role, named in _NAMES.items() if role in said}
    if "person" in said:
        pages.name_of(visit, "person", said["person"])
    for number in said.get("custodians", ()):
        pages.name_of(visit, "custodians", number)
    if kind == kinds.KIN and not said.get("withdrawn"):
        pages.name_of(visit, "staff_no", said["staff_no"])
        pages.check_card(visit, said["kin_id_no"])
    return said


def enter_authority(visit: Visit, chosen: dict[str, str], asked: dict[str, Any]) -> Any:
    """Enter a delegation, the centre's consent, a revocation, an absence or a return: `what` says which."""
    return _enter(visit, chosen, asked, kinds.AUTHORITY, "authority")


def enter_seal(visit: Visit, chosen: dict[str, str], asked: dict[str, Any]) -> Any:
    """Enter a seal, or enter one anew: handed over, or out of use."""
    return _enter(visit, chosen, asked, kinds.SEAL, "seals")


def enter_kin(visit: Visit, chosen: dict[str, str], asked: dict[str, Any]) -> Any:
    """Declare a relative; with `withdrawn`, and all else as it was declared, take the declaration back."""
    return _enter(visit, chosen, asked, kinds.KIN, "kin")


def read_kin(visit: Visit) -> dict[str, Any]:
    """Which relatives the people of this place have declared."""
    return {
        "kin": [
            {
                "staff_no": each.staff_no,
                "kin_name": masking.name(each.name),
                "kin_id_no": masking.identity_number(each.id_no),
                **{name: getattr(each, name) for name in ("relation", "first", "last")},
            }
            for each in visit.site.casebook.kin()
        ]
    }


def open_complaints(visit: Visit, asked: dict[str, Any]) -> dict[str, bool]:
    """Begin to hear complaints here: the key to which they are sealed is published. Asking twice is asking once."""
    visit.site.casebook.open_complaints(visit.staff.staff_no, visit.staff.roles)
    return {"open": True}


class Opened(Schema):
    """Whether complaints can be heard here now."""

    open_ = marshmallow.fields.Boolean(required=True, data_key="open", attribute="open")


OPERATIONS: Final = (
    Operation(
        "/delegations", "enter_authority", enter_authority, pages.ENTERS, TAG, "POST", DelegationTaken, gives=Entered,
        once=True,
    ),
    Operation("/seals", "enter_seal", enter_seal, pages.KEEPS, TAG, "POST", SealTaken, gives=Entered, once=True),
    Operation("/kin", "read_kin", read_kin, pages.KEEPS_KIN, TAG, gives=KinListing),
    Operation(
        "/complaints/open", "open_complaints", open_complaints, complaints.HEARS, TAG, "POST", Nothing, gives=Opened
    ),
    Operation("/kin", "enter_kin", enter_kin, pages.KEEPS_KIN, TAG, "POST", KinTaken, gives=Entered, once=True),
)  # fmt: skip
