"""A real village process while its disk or memory gives out under it: said in time, nothing lost, back by itself."""

import os
import resource
import secrets
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from center_node import cli as county_cli
from center_node.demo import walk
from center_node.demo.network import DemoNode, free_ports
from center_node.demo.visitor import Form, Page
from tests.builders import COUNTY, TOWNSHIP, VILLAGE
from tests.disk.small_disk import SmallDisk
from tests.disk.village import ANSWERS_WITHIN_S, BACK_WITHIN_S, DATABASE, lost_from
from township_node import cli as township_cli
from village_node import cli as village_cli

pytestmark = [pytest.mark.mounts, pytest.mark.sockets, pytest.mark.slow]

RESERVE_MB = 4
REGIONS = f"code,name,level,parent\n{COUNTY},庆城县,county,\n{TOWNSHIP},驿马镇,township,{COUNTY}\n"
NOBODY_CALLS = threading.Event()  # between two tries; another process tells nobody when it can write again
FAULTS_TOOL = shutil.which("fiu-run")
FAULTS_CONTROL = shutil.which("fiu-ctrl")


def said(cli: Any, *words: str) -> None:
    assert cli.main(list(words)) == 0, words


@pytest.fixture(scope="module")
def disk(mount: Callable[[int], SmallDisk]) -> SmallDisk:
    return mount(48)


@pytest.fixture(scope="module")
def enrolled(disk: SmallDisk, tmp_path_factory: pytest.TempPathFactory) -> DemoNode:
    """A village enrolled in a network whose other nodes do not run: nothing here needs them."""
    folder = tmp_path_factory.mktemp("network")
    (folder / "regions.csv").write_text(REGIONS, encoding="utf-8")
    (port,) = free_ports(1)
    county, township, village = folder / "county", folder / "township", disk.path / "village"
    base = ("--place", COUNTY, "--name", "庆城县", "--port", "0", "--regions", str(folder / "regions.csv"))
    said(county_cli, "init", "--data", str(county), *base)
    above = ("--parent-url", "http://127.0.0.1:9")
    said(township_cli, "init", "--data", str(township), "--place", TOWNSHIP, "--name", "驿马镇", "--port", "0", *above)
    named = ("--place", VILLAGE, "--name", "上关村", "--port", str(port), "--reserve-mb", str(RESERVE_MB))
    said(village_cli, "init", "--data", str(village), *named, *above)
    for parent_cli, parent, child_cli, child in (
        (county_cli, county, township_cli, township),
        (township_cli, township, village_cli, village),
    ):
        request, answer = str(child / "enrol-request.cbor"), str(child / "answer.cbor")
        said(parent_cli, "enrol", "--data", str(parent), request, answer)
        said(child_cli, "init", "--data", str(child), "--answer", answer)
    return DemoNode("village_node", "village", VILLAGE, "上关村", village, port)


@dataclass
class Counter:
    """The serving process, an agent at it, and what the agent was told is saved."""

    node: DemoNode
    agent: walk.Worker
    form: Form
    acknowledged: list[tuple[str, str]] = field(default_factory=list)
    refusals: list[Page] = field(default_factory=list)

    @property
    def pid(self) -> int:
        assert self.node.process is not None
        return self.node.process.pid

    def file(self, name: str, *, in_time: bool = True) -> bool:
        """File an application; whether it was acknowledged. Refused in time and in words, or not at all."""
        papers = {each: "yes" for each in self.form.names if each[:1] == "m" and each[1:].isdigit()}
        typed = {**walk.APPLICATION, "applicant_name": name, "draft_id": secrets.token_hex(16), **papers}
        began = time.monotonic()
        page = self.agent.visitor.submit(self.form, typed, press=("do", "file"))
        took = time.monotonic() - began
        assert not in_time or took <= ANSWERS_WITHIN_S, f"{took:.1f} s"
        if page.url.endswith("/receipt"):  # it is saved, whether or not the receipt can be read just now
            assert page.status in (200, 503), (page.status, page.text[:500])
            self.acknowledged.append(("case", page.url.removesuffix("/receipt")))
            return True
        assert page.status == 503, (page.status, page.text[:500])
        assert "未保存" in page.text and "Traceback" not in page.text
        self.refusals.append(page)
        return False

    def come_back(self) -> float:
        """Seconds until the same process files again, with nobody doing anything but trying."""
        began = time.monotonic()
        while not self.file("恢复"):
            assert time.monotonic() - began < BACK_WITHIN_S, f"not back: {self.refusals[-1].text[:1500]}"
            NOBODY_CALLS.wait(0.5)
        return time.monotonic() - began


@contextmanager
def serving(node: DemoNode, start: Callable[[DemoNode], None] = DemoNode.start) -> Iterator[Counter]:
    """The node served in a process of its own; at the end it stops when told and has kept what it acknowledged."""
    start(node)
    try:
        node.wait_until_up()
        staff_no = f"staff{time.monotonic_ns()}"
        agent = walk.hire(node, staff_no, "王芳", "agent")
        counter = Counter(
            node, agent, agent.visitor.open(f"/file/{walk.ITEM_NO}?form=whole").form(f"/file/{walk.ITEM_NO}")
        )
        assert counter.file("先前")
        yield counter
        assert node.process is not None and node.process.poll() is None, "the process has ended"
    finally:
        node.stop()
    assert lost_from(node.data / DATABASE, counter.acknowledged) == []


def until_kept(node: DemoNode) -> None:
    """Return once the node keeps its reserve."""
    reserve, began = node.data / "reserve.bin", time.monotonic()
    while not reserve.exists() or reserve.stat().st_size < RESERVE_MB << 20:
        assert time.monotonic() - began < BACK_WITHIN_S, "the reserve is never kept"
        NOBODY_CALLS.wait(0.2)


def test_a_disk_that_fills_up_under_a_serving_node(enrolled: DemoNode, disk: SmallDisk) -> None:
    with serving(enrolled) as counter:
        until_kept(enrolled)
        case = counter.agent.visitor.page
        kept = walk.Filed(case.url.partition(str(enrolled.port))[2].removesuffix("/receipt"), "", "")
        disk.fill()
        for turn in range(5):
            assert not counter.file(f"满盘{turn}")
        assert "暂停收件" in counter.refusals[-1].text
        again = counter.refusals[-1].form(f"/file/{walk.ITEM_NO}")
        assert ("applicant_name", "满盘4") in again.fields, "the form is shown again with what was typed"
        counter.agent.act(kept, "note", {"text": "满盘时的备注"})  # raises when it is refused
        counter.acknowledged.append(("note", "满盘时的备注"))
        disk.make_room()
        assert counter.come_back() <= BACK_WITHIN_S


def test_a_node_that_starts_on_a_full_disk_lets_people_read_and_opens_by_itself(
    enrolled: DemoNode, disk: SmallDisk
) -> None:
    reserve = enrolled.data / "reserve.bin"
    if not reserve.exists() or reserve.stat().st_size < RESERVE_MB << 20:
        with serving(enrolled):
            until_kept(enrolled)
    disk.fill()
    try:
        enrolled.start()
        enrolled.wait_until_up()
        agent = walk.hire(enrolled, f"early{time.monotonic_ns()}", "李梅", "agent")
        form = agent.visitor.open(f"/file/{walk.ITEM_NO}?form=whole").form(f"/file/{walk.ITEM_NO}")
        counter = Counter(enrolled, agent, form)
        assert agent.visitor.open("/work").status == 200
        assert not counter.file("满盘时开机") and "暂停收件" in counter.refusals[-1].text
        assert enrolled.status()["intake_closed"] is True
        disk.make_room()
        assert counter.come_back() <= BACK_WITHIN_S
        assert enrolled.status()["intake_closed"] is False
    finally:
        disk.make_room()
        enrolled.stop()
    assert lost_from(enrolled.data / DATABASE, counter.acknowledged) == []


def test_a_file_that_may_not_grow_any_more(enrolled: DemoNode) -> None:
    """RLIMIT_FSIZE: what a quota does. Every write beyond fails with EFBIG, which SQLite calls an I/O error."""
    with serving(enrolled) as counter:
        resource.prlimit(counter.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        outcomes = [counter.file(f"限长{turn}") for turn in range(8)]
        assert not outcomes[-1]
        resource.prlimit(counter.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        assert counter.come_back() <= BACK_WITHIN_S


def virtual_kib(pid: int) -> int:
    """How much address space a process has taken."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmSize"))


def test_memory_that_runs_out_under_a_serving_node(enrolled: DemoNode) -> None:
    with serving(enrolled) as counter:
        hard = resource.RLIM_INFINITY
        for spare_kib in (0, 512, 2048):
            limit = (virtual_kib(counter.pid) + spare_kib) << 10
            resource.prlimit(counter.pid, resource.RLIMIT_AS, (limit, hard))
            for turn in range(3):
                try:
                    counter.file("内存" * (turn + 1))
                except OSError:
                    continue  # not even an answer: nothing was acknowledged
            resource.prlimit(counter.pid, resource.RLIMIT_AS, (hard, hard))
            assert counter.come_back() <= BACK_WITHIN_S


def test_a_node_lives_within_300_mb_of_address_space(enrolled: DemoNode, tmp_path: Path) -> None:
    """With glibc's arenas bounded, as the container sets it; each would take 64 MB of addresses that nobody uses."""

    def start(node: DemoNode) -> None:
        serve = [sys.executable, "-m", "village_node.cli", "serve", "--data", str(node.data)]
        environment = {**os.environ, "MALLOC_ARENA_MAX": "1"}
        with (tmp_path / "node.log").open("a", encoding="utf-8") as log:
            node.process = subprocess.Popen(serve, stdout=log, stderr=log, text=True, env=environment)
        resource.prlimit(node.process.pid, resource.RLIMIT_AS, (300 << 20, 300 << 20))

    with serving(enrolled, start) as counter:
        for turn in range(20):
            assert counter.file(f"小内存{turn}")


FAULTS = {
    "io_error_2_percent": ("posix/io/rw/pwrite", "EIO", 0.02),
    "io_error_20_percent": ("posix/io/rw/pwrite", "EIO", 0.2),
    "io_error_always": ("posix/io/rw/pwrite", "EIO", 1.0),
    "sync_fails": ("posix/io/sync/*", "EIO", 0.3),
    "no_space_30_percent": ("posix/io/rw/pwrite", "ENOSPC", 0.3),
    "turned_read_only": ("posix/io/rw/pwrite", "EROFS", 1.0),
    "reads_fail": ("posix/io/rw/pread", "EIO", 0.02),
}


@pytest.mark.skipif(FAULTS_TOOL is None or FAULTS_CONTROL is None, reason="fiu-run (fiu-utils) is not installed")
@pytest.mark.parametrize("fault", FAULTS)
def test_system_calls_that_fail_under_a_serving_node(enrolled: DemoNode, tmp_path: Path, fault: str) -> None:
    where, error, rate = FAULTS[fault]
    number = {"EIO": 5, "ENOSPC": 28, "EROFS": 30}[error]

    def start(node: DemoNode) -> None:
        serve = [sys.executable, "-m", "village_node.cli", "serve", "--data", str(node.data)]
        with (tmp_path / "node.log").open("a", encoding="utf-8") as log:
            node.process = subprocess.Popen(
                [str(FAULTS_TOOL), "-x", "-f", str(tmp_path / "faults"), *serve], stdout=log, stderr=log, text=True
            )

    def tell(words: str) -> None:
        command = [str(FAULTS_CONTROL), "-f", str(tmp_path / "faults"), "-c", words, str(counter.pid)]
        subprocess.run(command, check=True, timeout=20)

    with serving(enrolled, start) as counter:
        tell(f"enable_random name={where},probability={rate},failinfo={number}")
        for turn in range(12):
            counter.file(f"故障{turn}")
        tell(f"disable name={where}")
        assert counter.come_back() <= BACK_WITHIN_S
        if rate == 1.0:
            assert len(counter.refusals) >= 12, "the fault never struck"
    assert os.path.exists(tmp_path / "node.log")
