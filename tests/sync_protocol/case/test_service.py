"""Where documents are served: the last word stands, consent can be withdrawn, and what came later is not read into what
was written before."""

from datetime import date

from sync_protocol import encoding
from sync_protocol.case import kinds
from sync_protocol.case.bodies import version_of
from sync_protocol.case.content import read_body
from sync_protocol.case.events import CaseEvent, Position
from sync_protocol.case.service import agrees, served_on, service_of

CONFIRMED = {
    "what": "confirmed", "recipient": "张三", "address": "丰水村 1 号", "phone": "13900000000", "post": "agree",
    "electronic": "agree", "electronic_to": "13900000001", "by": "张三",
}  # fmt: skip
WITHDRAWN = {"what": "consent_withdrawn", "by": "张三"}


def test_the_last_confirmation_stands_without_a_consent_that_was_withdrawn_since() -> None:
    assert service_of([]) == service_of([WITHDRAWN]) == {} and not agrees({}, "electronic")
    stands = service_of([CONFIRMED])
    assert agrees(stands, "post") and agrees(stands, "electronic") and "by" not in stands
    left = service_of([CONFIRMED, WITHDRAWN])
    assert agrees(left, "post") and not agrees(left, "electronic") and "electronic_to" not in left
    assert left["address"] == "丰水村 1 号"
    assert agrees(service_of([CONFIRMED, WITHDRAWN, CONFIRMED]), "electronic"), "consent may be given again"
    assert service_of([CONFIRMED, {}]) == {}, "of one whose body was deleted nothing is known"


def test_service_by_public_notice_is_said_from_version_two_on_and_the_rest_as_before() -> None:
    public = {0: "张三", 1: "public_notice"}
    assert version_of(kinds.DELIVERED, public) == 2 and version_of(kinds.DELIVERED, {0: "张三", 1: "post"}) == 1
    assert version_of(kinds.DISMISS, {}) == 2 and version_of(kinds.NOTE, {}) == 1
    body = encoding.encode(public)
    event = CaseEvent(Position(bytes(16), 1, bytes(8)), kinds.DELIVERED, 1, None, (), "1", 0, True, 0, 0, "", body)
    assert read_body(event) == "malformed: how"
    newer = CaseEvent(Position(bytes(16), 1, bytes(8)), kinds.DELIVERED, 2, None, (), "1", 0, True, 0, 0, "", body)
    assert read_body(newer) == public


def test_what_is_made_public_is_served_on_the_thirtieth_day_after() -> None:
    assert served_on(date(2026, 1, 30)) == date(2026, 3, 1)
