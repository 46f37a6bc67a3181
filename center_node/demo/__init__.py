"""The demonstration: a county, a township and two villages on one machine, and one case walked through them."""

import json
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from types import FrameType
from typing import Any

from center_node.demo import appointing, walk
from center_node.demo.network import DemoNode, NodeFailed, free_ports
from center_node.demo.visitor import NotThere
from center_node.demo.walk import Filed, WalkFailed, Worker
from sync_protocol.case.workflow import STATES
from village_node import control

COUNTY = ("621021000000", "庆城县")
TOWNSHIP = ("621021101000", "驿马镇")
VILLAGES = (("621021101201", "上关村委会"), ("621021101202", "儒林村委会"))
RECEIPT_DEADLINE_S = 60.0
RESERVE_MB = 8  # four nodes on one disk, for an afternoon
DECISION = "decided_approved"
END = "delivered"

# Who may sign in to look around: work number, made-up name, role. The codes printed for them are for the reader.
PEOPLE = {
    "county": (
        ("3001", "赵窗口", "window"),
        ("3002", "钱代表", "officer"),
        ("3003", "冯负责", "head"),
        ("3004", "陈业务", "business"),
        ("3005", "蒋督查", "supervisor"),
        ("3006", "沈收费", "cashier"),
        ("3007", "韩档案", "archivist"),
        ("3009", "县管理员", "admin"),
    ),
    "township": (
        ("2001", "孙窗口", "clerk"),
        ("2002", "周初审", "reviewer"),
        ("2003", "褚站长", "head"),
        ("2009", "镇管理员", "admin"),
    ),
    "village": (("1001", "吴代办", "agent"), ("1003", "卫主任", "head"), ("1009", "村管理员", "admin")),
}
DEPARTMENT = "民政"  # of the item that is walked through


def run(data: Path | None, *, once: bool, hold_s: float) -> int:
    """Bring the network up, walk a case through it, and stay up; or, `once`, print its proof and stop.

    Returns 0 only when the decision was read back at the village, with township and county stopped, under a receipt of
    the county.
    """

    def stopped(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stopped)
    place = data or Path(tempfile.mkdtemp(prefix="sanji-demo-"))
    try:
        with network(place) as (county, township, villages):
            return _walk(county, township, villages, once=once, hold_s=hold_s)
    except KeyboardInterrupt:
        return 0 if not once else 1
    except (NodeFailed, NotThere, WalkFailed, control.CommandRefused) as problem:
        print(f"演示没有完成 / the demonstration failed: {problem}", flush=True)
        return 1
    finally:
        if data is None:
            shutil.rmtree(place, ignore_errors=True)


def _say(text: str) -> None:
    print(text, flush=True)


@contextmanager
def network(place: Path, database_url: str = "") -> Iterator[tuple[DemoNode, DemoNode, list[DemoNode]]]:
    """Found the county, enrol the others, start all four processes; stop those that still run at the end.

    `database_url`: the county's database; empty for SQLite like the others. Raises NodeFailed.
    """
    ports = iter(free_ports(6))
    county = DemoNode("center_node", "county", *COUNTY, place / "county", next(ports), next(ports))
    township = DemoNode("township_node", "township", *TOWNSHIP, place / "township", next(ports), next(ports))
    villages = [
        DemoNode("village_node", "village", code, name, place / f"village{number}", next(ports))
        for number, (code, name) in enumerate(VILLAGES, start=1)
    ]
    _say("正在建立县、镇、村四个节点 / founding a county, a township and two villages ...")
    with resources.as_file(resources.files("center_node").joinpath("regions_qingcheng.csv")) as regions:
        more = ["--regions", str(regions), "--database-url", database_url]
        county.command("init", *_named(county), "--wait-port", str(county.wait_port), *more)
    _enrol(township, county, "--wait-port", str(township.wait_port))
    for village in villages:
        _enrol(village, township, "--ancestor-url", county.url)
    nodes = [county, township, *villages]
    try:
        for node in nodes:
            node.start()
        for node in nodes:
            node.wait_until_up()
        yield county, township, villages
    finally:
        # A second Ctrl-C must not leave nodes behind that nobody stops.
        before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
        for node in reversed(nodes):
            node.stop()
        for number, handler in before.items():
            signal.signal(number, handler)


def _named(node: DemoNode) -> list[str]:
    named = ["--place", node.place, "--name", node.name, "--port", str(node.port)]
    return [*named, "--reserve-mb", str(RESERVE_MB)]


def _enrol(node: DemoNode, parent: DemoNode, *more: str) -> None:
    """The new node asks, its parent answers, the new node is complete: three commands and two files."""
    above = ["--parent-url", parent.url, "--parent-wait-url", parent.wait_url]
    node.command("init", *_named(node), *above, *more)
    answer = node.data / "answer.cbor"
    parent.command("enrol", str(node.data / "enrol-request.cbor"), str(answer))
    node.command("init", "--answer", str(answer))


def _walk(county: DemoNode, township: DemoNode, villages: list[DemoNode], *, once: bool, hold_s: float) -> int:
    village = villages[0]
    agent = walk.hire(village, "demo-agent", "演示代办员", "agent")
    clerk = walk.hire(township, "demo-clerk", "演示窗口", "clerk")
    reviewer = walk.hire(township, "demo-reviewer", "演示初审", "reviewer")
    window = walk.hire(county, "demo-window", "演示窗口", "window")
    walk.hire(county, "demo-officer", "演示首席代表", "officer")
    head = walk.hire(county, "demo-head", "演示负责人", "head")
    business = walk.hire(county, "demo-business", "演示业务科", "business")
    supervisor = walk.hire(county, "demo-supervisor", "演示督查", "supervisor")
    station_head = walk.hire(township, "demo-station", "演示站长", "head")
    began = time.monotonic()
    appointing.appoint(head, business, [DEPARTMENT], "demo-head", "demo-officer")
    appointing.keep_seal(head, "decision", ["demo-head", "demo-officer"])
    appointing.keep_seal(station_head, "acceptance", ["demo-clerk"])
    appointing.hear(supervisor)
    appointing.hear(station_head)
    _say(f"{county.name}已登记首席代表和印章（样例） / representatives and seals are entered (samples)")
    case = walk.walk(agent, clerk, reviewer, window, head, _say)
    proof = _county_receipt(village, case)
    if not once:
        village_heads = [walk.hire(each, "demo-chief", "演示主任", "head") for each in villages]
        for number, worker in enumerate((head, station_head, *village_heads)):
            appointing.open_room(worker, f"{number:03}")
        codes = _invited(county, township, villages)
        appointing.appoint(head, business, _departments(head), "3003", "3002", "样例：演示完毕，交给真人")
        appointing.keep_seal(head, "decision", ["3002", "3003"])
        appointing.keep_seal(head, "acceptance", ["3001"])
        appointing.keep_seal(station_head, "acceptance", ["2001"])
        _stay_up(county, township, villages, case, codes)
        return 0
    county.stop()
    township.stop()
    _say(
        f"{county.name}、{township.name}已停，在{village.name}查询 / "
        "county and township are stopped; asking the village"
    )
    seen = walk.ask_as_resident(village, case).text
    for state in (DECISION, END):
        if STATES[state].zh not in seen:
            raise WalkFailed(f"{village.name} does not show {state}: {seen[:500]}")
    printed = {
        "case_no": case.case_no,
        "query_code": case.query_code,
        "query_url": f"{village.url}/q/{case.query_code}",
        "item": walk.ITEM_NO,
        "state": END,
        "decision": DECISION,
        "seconds": round(time.monotonic() - began, 3),
        **proof,
    }
    print(json.dumps(printed, ensure_ascii=False), flush=True)
    time.sleep(hold_s)
    return 0


def _county_receipt(village: DemoNode, case: Filed) -> dict[str, Any]:
    """The proof that the county holds the application, from the village's records; waits for the receipt."""
    deadline = time.monotonic() + RECEIPT_DEADLINE_S
    while True:
        try:
            return control.ask(village.data, dict, "proof", case_no=case.case_no)
        except control.CommandRefused:
            if time.monotonic() > deadline:
                raise
            time.sleep(walk.POLL_S)


def _invited(county: DemoNode, township: DemoNode, villages: list[DemoNode]) -> dict[tuple[str, str], str]:
    """A one-time code for everybody who may look around, by place and staff number."""
    return {
        (node.place, staff_no): walk.invite(node, staff_no, name, role)
        for node in (county, township, *villages)
        for staff_no, name, role in PEOPLE[node.level]
    }


def _departments(head: Worker) -> list[str]:
    """The departments that the page of delegations lists."""
    page = head.visitor.open(f"{head.node.url}/authority")
    return sorted(value for name, value in page.form("/authority").options if name == "department")


def _stay_up(
    county: DemoNode, township: DemoNode, villages: list[DemoNode], case: Filed, codes: dict[tuple[str, str], str]
) -> None:
    """Print where the pages are and who may sign in, and wait for an interrupt."""
    _say("")
    for node in (county, township, *villages):
        _say(f"{node.name} {node.url}")
        for staff_no, name, role in PEOPLE[node.level]:
            _say(f"    {name}（{role}）工号 {staff_no} 一次性登录码 {codes[node.place, staff_no]}")
    _say(f"居民查询 / resident: {villages[0].url}/q/{case.query_code} （编号 {case.case_no}）")
    _say("按 Ctrl-C 停止 / Ctrl-C stops everything.")
    while all(node.process and node.process.poll() is None for node in (county, township, *villages)):
        time.sleep(1.0)
    raise NodeFailed("a node stopped by itself; see node.log in its data directory")
