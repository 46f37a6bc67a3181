"""What supervision and the service room know, for programs: the same lists and counts as on the pages."""

from typing import Any

import pytest

from tests.builders import Network
from tests.village_node.web.api.program import Program, program_at
from tests.village_node.web.counter import Counter, Visitor, everywhere
from tests.village_node.web.errands import PAPERS, done
from tests.village_node.web.test_service_room import ROOM, kept
from tests.village_node.web.test_supervision import late, supervisor, wrote

__all__ = ["late", "supervisor"]


@pytest.fixture
def program(county: Counter) -> Program:
    return program_at(county, "0900", "supervisor")


def told(program: Program, path: str) -> Any:
    answer = program.get(path)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def test_cards_letters_and_samples_are_listed(
    network: Network, late: str, program: Program, supervisor: Visitor, village: Counter
) -> None:
    (card,) = told(program, "/supervision/cards?grade=red_plus")["cards"]
    assert card["holder"] == village.config.place and card["answer"] is None and card["clocks"] and card["letters"] == 0
    assert told(program, "/supervision/cards?grade=yellow")["total"] == 0
    wrote(supervisor, late, "letter", to=village.config.place, rule="statutory", text="请速办", answer_by="2027-01-29")
    (asked,) = told(program, "/supervision/asked")["asked"]
    assert (asked["what"], asked["to"], asked["state"], asked["answer_by"]) == (
        "letter", village.config.place, "waiting", "2027-01-29",
    )  # fmt: skip
    form = {"what": "running", "first": "2026-11-01", "last": "2026-11-30", "count": "5", "questions": "齐全吗"}
    assert supervisor.send("/samples", form).status_code == 303
    (sample,) = told(program, "/supervision/samples")["samples"]
    assert (sample["out_of"], sample["drawn"], sample["checked"], sample["by"]) == (1, 1, 0, "1009")


def test_services_duty_and_numbers_are_counted(network: Network, village: Counter, agent: Visitor) -> None:
    head = village.sign_in("0002", "head", name="李主任")
    kept(head, "/duty/room", **ROOM)
    kept(head, "/duty", day="2026-11-21", post="A", staff_no="0001", note="上午")
    kept(agent, "/turns/draw", draw_item="", draw_window="")
    case = agent.file("001", **PAPERS)
    done(agent, case, "service_act", what="door", text="上门收件", day="2026-11-15")
    everywhere(network)
    program = program_at(village, "0800", "agent")
    counts = told(program, "/services/counts?first=2026-11-01&last=2026-11-30")
    assert counts["services"] == [{"place": village.config.place, "what": "door", "times": 1, "days_off": 1}]
    assert counts["filed"] == [{"place": village.config.place, "cases": 1, "days_off": 0}]
    assert program.get("/services/counts?first=2026-11-30&last=2026-11-01").status_code == 422
    duty = told(program, "/duty")
    assert duty["slots"] == ["09:00", "09:30"] and duty["duty"][0]["note"] == "上午"
    assert told(program, "/turns/counts") == {"day": "2026-11-18", "waiting": 1, "called": 0, "done": 0, "skipped": 0}
    assert told(program, "/item-changes") == {"changes": []}
