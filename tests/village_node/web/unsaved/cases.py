"""Forms about one case."""

import re
from functools import partial
from typing import Final

import pytest

from tests.builders import TOWNSHIP, VILLAGE
from tests.village_node.web.counter import (
    CARD,
    Counter,
    everywhere,
    hidden_of,
    open_counter,
)
from tests.village_node.web.errands import at_the_township, chosen, delivered_at_once, done, links
from tests.village_node.web.test_oddities import ticks
from tests.village_node.web.test_papers import photo, upload
from tests.village_node.web.test_recall import page_of
from tests.village_node.web.unsaved.form import TYPED, Ready, State


def _assigned(request: pytest.FixtureRequest, answered: bool) -> Ready:
    """A case above whose holder somebody proposes to act, or has proposed."""
    agent, network = request.getfixturevalue("agent"), request.getfixturevalue("network")
    township = request.getfixturevalue("township")
    clerk, head = township.sign_in("0101", "clerk"), township.sign_in("0103", "head")
    case = agent.file()
    everywhere(network)
    fields = {**hidden_of(clerk.open(case).text, f"{case}/assign"), "to": TOWNSHIP, "reason": TYPED}
    if not answered:
        return Ready(clerk, f"{case}/assign", fields)
    assert clerk.send(f"{case}/assign", fields).status_code == 303
    number = re.findall(r"/assignments/(\d+)/reject", head.open("/assignments").text)[0]
    return Ready(head, f"/assignments/{number}/reject", {"answer": TYPED})


def _volume(request: pytest.FixtureRequest) -> Ready:
    """A case that was delivered, and whoever files its volume and does nothing else."""
    village = request.getfixturevalue("village")
    head, archivist = village.sign_in("0021", "agent", "head"), village.sign_in("0022", "archivist")
    case = delivered_at_once(head)
    desk = case.replace("/cases/", "/desk/")
    page = archivist.open(desk).text
    fields = {**hidden_of(page, f"{desk}/act/archive"), "delivery": chosen(page, "archive", "delivery")[0]}
    return Ready(archivist, f"{desk}/act/archive", {**fields, "volume": TYPED})


def _oddity(request: pytest.FixtureRequest) -> Ready:
    officer, late = request.getfixturevalue("officer"), request.getfixturevalue("late")
    page = officer.open("/oddities").text
    fields = {**hidden_of(page, f"{late}/oddities/dismiss"), "named": ticks(page)[0], "reason": TYPED}
    return Ready(officer, f"{late}/oddities/dismiss", fields)


def _print(request: pytest.FixtureRequest) -> Ready:
    agent = request.getfixturevalue("agent")
    address = links(agent, agent.file())[0]
    return Ready(agent, address, {"reason": TYPED})


def _recall(request: pytest.FixtureRequest) -> Ready:
    net, ref = request.getfixturevalue("net"), request.getfixturevalue("cleared")
    agent = open_counter(net[VILLAGE].member, request.getfixturevalue("folder")).sign_in("0001", "agent")
    return Ready(agent, f"{page_of(ref)}/recall", {"text": TYPED})


def _meeting(request: pytest.FixtureRequest, recorded: bool) -> Ready:
    """A case in the green channel, with minutes or without."""
    agent = request.getfixturevalue("agent")
    case = agent.file()
    assert agent.act(case, "lane", lane="green", reason="重点项目", supervisor="王副县长").status_code == 303
    address = f"{case}/meetings"
    told = {"day": "2026-11-18", "present": "张三", "decisions": TYPED}
    told |= {"what0": "踏勘", "who0": "李四", "due0": "2026-11-20"}
    fields = {**hidden_of(agent.open(address).text, address), **told}
    if not recorded:
        return Ready(agent, address, fields)
    assert agent.send(address, fields).status_code == 303
    done = f"{address}/done"
    return Ready(agent, done, {**hidden_of(agent.open(address).text, done), "result": TYPED})


def _notice(request: pytest.FixtureRequest) -> Ready:
    """A public notice that the counter has posted and the head is to confirm."""
    network, agent = request.getfixturevalue("network"), request.getfixturevalue("agent")
    clerk = request.getfixturevalue("township").sign_in("0101", "clerk", "reviewer")
    case = at_the_township(network, agent, clerk, "001")
    done(clerk, case, "docket")
    done(clerk, case, "suspend", what="publicity", basis="办法", planned_days="7")
    everywhere(network)
    assert upload(agent, case, (photo(), "墙.jpg"), material="公示照片").status_code == 303
    head = request.getfixturevalue("village").sign_in("0007", "head")
    return Ready(head, f"{case}/notice", {"finding": "objection", "remark": TYPED})


def _procedure(request: pytest.FixtureRequest) -> Ready:
    """A special procedure that waits for its approval."""
    county: Counter = request.getfixturevalue("county")
    window, head = county.sign_in("1001", "window"), county.sign_in("1003", "head")
    case = window.file("016")
    assert window.act(case, "docket").status_code == 303
    said = {"what": "testing", "basis": "条例", "planned_days": "5"}
    assert window.act(case, "suspend", **said).status_code == 303
    return Ready(head, f"{case}/procedure/reject", {"answer": TYPED})


def _supervised(request: pytest.FixtureRequest, what: str) -> Ready:
    """A case of the county's own that supervision checks, or days it draws a sample from."""
    county: Counter = request.getfixturevalue("county")
    case, supervisor = county.sign_in("1001", "window").file("016"), county.sign_in("1009", "supervisor")
    if what == "draw":
        days = {"first": "2026-11-01", "last": "2026-11-18", "count": "1"}
        return Ready(supervisor, "/samples", {"what": "running", **days, "questions": TYPED})
    said = {"what": "check", "outcome": "sound", "text": TYPED}
    return Ready(supervisor, f"{case.replace('/cases/', '/supervision/')}/check", said)


def _batch(request: pytest.FixtureRequest) -> Ready:
    """A list of one person, looked at and ready to be filed."""
    rows = f"姓名或单位名称,证件号码,本人（或单位自己）来办,申请事由\n{TYPED},{CARD},是,家庭困难\n"
    fields = {"rows": rows, "channel": "counter", "item_version": "1", "do": "file"}
    return Ready(request.getfixturevalue("agent"), "/batches/file/001", fields)


STATES: Final[dict[str, State]] = {
    "answer_assignment": partial(_assigned, answered=True),
    "propose_assignment": partial(_assigned, answered=False),
    "answer_oddity": _oddity,
    "desk_act": _volume,
    "recall": _recall,
    "answer_procedure": _procedure,
    "confirm_notice": _notice,
    "print_document": _print,
    "record_meeting": partial(_meeting, recorded=False),
    "finish_action": partial(_meeting, recorded=True),
    "supervise": partial(_supervised, what="check"),
    "draw_sample": partial(_supervised, what="draw"),
    "file_batch": _batch,
}
