"""Forms about what a county publishes, enters in its registers or orders."""

import json
from functools import partial
from typing import Final

import pytest

from sync_protocol.case.workdays import day_of
from tests.sync_protocol.case.year_2026 import CALENDAR
from tests.village_node.web.counter import (
    PASSWORD,
    Counter,
    hidden_of,
)
from tests.village_node.web.test_working_calendar import form as calendar_form
from tests.village_node.web.unsaved.form import TYPED, OpenedAgain, Ready, State
from village_node.web.item_form import typed_of


def _calendar(request: pytest.FixtureRequest, answered: bool) -> Ready:
    """A year that the county publishes, or a change of days gone by that waits for a second person."""
    county: Counter = request.getfixturevalue("county")
    county.member.casebook.own_calendar = CALENDAR
    county.member.casebook.publish_known_years()
    head = county.sign_in("1002", "head")
    if not answered:
        return Ready(head, "/calendar/publish", calendar_form(reason=TYPED))
    off = calendar_form()["off"] + "\n11-17 停工"
    assert head.send("/calendar/publish", calendar_form(off=off)).status_code == 303
    other = county.sign_in("1003", "head")
    shown = hidden_of(other.open("/calendar").text, "/calendar/confirm")["shown"]
    return Ready(other, "/calendar/confirm", {"text": TYPED, "shown": shown})


def _item(request: pytest.FixtureRequest) -> Ready:
    """A new version of an item, as the county's form says it."""
    county: Counter = request.getfixturevalue("county")
    book = county.member.casebook
    typed = {name: text for name, text in typed_of(book.catalogue.item("001")).items() if text}
    told = {"version": "2", "begins": day_of(county.member.clock()).isoformat(), "reason": TYPED, "do": "publish"}
    return Ready(county.sign_in("1004", "business"), "/catalogue/001", {**typed, **told})


def _erasure(request: pytest.FixtureRequest, ordered: bool) -> Ready:
    """Somebody who wants to be forgotten, who once asked something at the county's counter."""
    county: Counter = request.getfixturevalue("county")
    said = {"question": "低保怎么申请", "outcome": "answered", "told": "带户口簿", "by": TYPED}
    county.member.casebook.consult("1001", {"window"}, said)
    head = county.sign_in("1002", "head")
    if not ordered:
        return Ready(head, "/erasures/find", {"text": TYPED})
    county.sign_in("1003", "leader")
    (found,) = county.member.casebook.found_of({"head"}, TYPED)
    fields = {"text": TYPED, "key": found.key, "basis": TYPED, "approver": "1003", "again_approver": PASSWORD}
    return Ready(head, "/erasures", fields)


def _register(request: pytest.FixtureRequest, address: str, fields: dict[str, str]) -> Ready:
    """An entry in a register of the county."""
    county: Counter = request.getfixturevalue("county")
    return Ready(county.sign_in("1003", "head"), address, fields)


_DELEGATION: Final = {
    "department": "文旅", "first": "2026-01-01", "last": "2027-01-01", "document_no": TYPED, "item:036": "full",
}  # fmt: skip


_OWN_SEAL: Final = {
    "seal_no": "1", "use": "decision", "owner": "县", "custodians": "1003", "first": "2026-01-01", "document_no": TYPED,
}  # fmt: skip


_RELATIVE: Final = {"staff_no": "1003", "kin_name": "张三", "kin_id_no": "E12345678", "relation": TYPED}


def _published(request: pytest.FixtureRequest, what: str) -> Ready:
    """A month that is over, or rules of scoring."""
    supervisor = request.getfixturevalue("county").sign_in("1009", "supervisor")
    if what == "bulletin":
        return Ready(supervisor, "/bulletins", {"period": "2026-10", "text": TYPED})
    points = dict.fromkeys(("overdue", "bad_rating", "late_answer", "yellow", "flags", "bottom"), "2")
    return Ready(supervisor, "/score-rules", {"document_no": TYPED, "since": "2026-12-01", "base": "100", **points})


def _catalogue(request: pytest.FixtureRequest, what: str) -> Ready:
    """A file of items that is handed in, or waits to be published."""
    county: Counter = request.getfixturevalue("county")
    business, book = county.sign_in("1004", "business"), county.member.casebook
    raw = business.open("/catalogue/whole.json").data
    if what == "look":
        return Ready(business, "/catalogue/import", {"file": (OpenedAgain(raw), "items.json"), "text": TYPED})
    said = json.loads(raw)
    said["items"][0]["fields"]["note"] = "改了"
    book.keep_catalogue_file("1004", {"business"}, json.dumps(said).encode())
    fields = hidden_of(business.open("/catalogue/import").text, f"/catalogue/import/{what}")
    return Ready(
        business, f"/catalogue/import/{what}", {**fields, "begins": "2026-11-18", "reason": TYPED, "text": TYPED}
    )


STATES: Final[dict[str, State]] = {
    "publish_calendar": partial(_calendar, answered=False),
    "publish_item": _item,
    "look_at_catalogue": partial(_catalogue, what="look"),
    "publish_catalogue": partial(_catalogue, what="publish"),
    "answer_calendar": partial(_calendar, answered=True),
    "find_matters": partial(_erasure, ordered=False),
    "order_erasure": partial(_erasure, ordered=True),
    "enter_authority": partial(_register, address="/authority/delegate", fields=_DELEGATION),
    "enter_seal": partial(_register, address="/seals", fields=_OWN_SEAL),
    "enter_kin": partial(_register, address="/kin", fields=_RELATIVE),
    "publish_bulletin": partial(_published, what="bulletin"),
    "set_score_rules": partial(_published, what="rules"),
}
