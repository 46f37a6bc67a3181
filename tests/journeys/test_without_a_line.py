"""A village with no line at all: it is enrolled, files, hears the decision and hands it over, all by stick."""

import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from center_node import cli as county_cli
from sync_protocol.case import kinds
from tests import builders, network, postgresql
from tests.builders import COUNTY, TOWNSHIP, VILLAGE
from tests.journeys.test_enrolment import Network as Folders
from tests.journeys.test_enrolment import enrol, init
from tests.village_node.courier.sticks import Hand, bundle_files, equal, hand, introduce
from township_node import cli as township_cli
from village_node import cli as village_cli
from village_node.app import create_node
from village_node.config import load
from village_node.uploads import Upload

REGIONS = "code,name,level,parent\n621021000000,庆城县,county,\n621021101000,驿马镇,township,621021000000\n"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def net(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[network.Network]:
    """A county (on either database) and a township with a line between them, and a village without any."""
    programs = postgresql.binaries() if request.param == "postgresql" else None
    if request.param == "postgresql" and programs is None:
        pytest.skip("no PostgreSQL server's programs on this machine")
    cluster = postgresql.Cluster(programs) if programs is not None else None
    (tmp_path / "nodes").mkdir()
    built = builders.Network(tmp_path / "nodes")
    built.enrol(COUNTY, TOWNSHIP, VILLAGE)
    made = network.Network(built)
    for code in (COUNTY, TOWNSHIP, VILLAGE):
        made.wire_up(built.open(code, cluster.database() if cluster is not None and code == COUNTY else ""))
    made.wire.down.update({VILLAGE, f"wait-{VILLAGE}"})
    yield made
    made.close()
    if cluster is not None:
        cluster.stop()


class Walk:
    """The courier between a village and its township; every walk is made with a stick that was lost once before."""

    def __init__(self, village: Hand, township: Hand, sticks: Path) -> None:
        self.village, self.township, self.sticks = village, township, sticks
        self.walks = 0

    def go(self, sender: Hand, receiver: Hand) -> None:
        """One walk."""
        self.walks += 1
        for name in ("lost", "carried"):
            sender.write(self.sticks / f"{self.walks} {name}", receiver.member.place)
        receiver.take(self.sticks / f"{self.walks} carried")

    def up(self) -> None:
        """From the village to the township."""
        self.go(self.village, self.township)

    def down(self) -> None:
        """And back."""
        self.go(self.township, self.village)


@pytest.mark.slow
def test_a_case_of_a_village_without_a_line_is_decided_and_handed_over(net: network.Network, tmp_path: Path) -> None:
    hands = {code: hand(net.built, code) for code in (VILLAGE, TOWNSHIP, COUNTY)}
    village, township, county = (net[code].member for code in (VILLAGE, TOWNSHIP, COUNTY))
    walk = Walk(hands[VILLAGE], hands[TOWNSHIP], tmp_path)
    walk.down()  # with the answer to the enrolment: the township's key
    ref = village.file()
    village.act(ref, kinds.HANDOFF, {"to": TOWNSHIP, "purpose": "accept"})
    walk.up()
    township.act(ref, kinds.ACCEPT)
    township.act(ref, kinds.RETURN_FOR_CORRECTION, {"marks": [["applicant_phone", "空号"]], "reason": "电话不通"})
    walk.down()
    village.act(ref, kinds.SUPPLY, {"answers": {"applicant_phone": "13900005678"}})
    walk.up()
    case = township.casebook.case(ref.scope, ref.case_id)
    assert case is not None
    township.act(ref, kinds.TAKE, {"supplies": [list(note.position) for note in case.open_supplies]})
    township.act(ref, kinds.DOCKET, {"promised_days": 20})
    township.act(ref, kinds.REVIEW, {"opinion": "agree", "text": "属实"})
    township.act(ref, kinds.HANDOFF, {"to": COUNTY, "purpose": "decide"})
    net[TOWNSHIP].sync()
    county.act(ref, kinds.ACCEPT)
    county.act(ref, kinds.DECIDE, {"outcome": "approve"})
    county.act(ref, kinds.HANDOFF, {"to": VILLAGE, "purpose": "deliver"})
    net[TOWNSHIP].sync()
    walk.down()
    # The village reads the county's decision, and has the county's own signature that it holds what the village wrote.
    told = village.casebook.case(ref.scope, ref.case_id)
    assert told is not None and told.decision is not None and told.decision.outcome == "approve"
    assert village.casebook.sync_state()["not_at_county"]["cases"] == 0 == village.casebook.carried().cases
    village.act(ref, kinds.ACCEPT)
    village.act(ref, kinds.DELIVERED, {"to": "张秀兰", "how": "in_person"})
    walk.up()
    net[TOWNSHIP].sync()
    walk.down()
    assert {member.state(ref) for member in (village, township, county)} == {village.state(ref)} != {""}
    assert equal(village, township, VILLAGE) and equal(township, county, TOWNSHIP)
    for member in (village, township, county):
        odd = {name: member.casebook.counts()[name] for name in ("waiting", "void", "contested", "refused", "parked")}
        assert not any(odd.values()), odd
    assert village.casebook.sync_state()["last_contact_ms"] is None, "nobody has ever called"
    # The township's machine is away: the stick goes straight to the county.
    introduce(hands[COUNTY], hands[VILLAGE], tmp_path / "keys")
    late = village.file()
    hands[VILLAGE].write(tmp_path / "to the county", COUNTY)
    assert hands[COUNTY].take(tmp_path / "to the county").stored > 0
    assert hands[COUNTY].take(tmp_path / "to the county").before and county.state(late) == "received"
    hands[COUNTY].write(tmp_path / "from the county", VILLAGE)
    assert hands[VILLAGE].take(tmp_path / "from the county").receipts > 0
    assert village.casebook.sync_state()["not_at_county"]["cases"] == 0
    # The line comes: nothing is doubled, and a stick that was forgotten in a drawer changes nothing.
    net.wire.down.clear()
    net.settle()
    before = net.points(TOWNSHIP, VILLAGE)
    hands[TOWNSHIP].read(tmp_path / "2 lost")
    net.settle()
    assert net.points(TOWNSHIP, VILLAGE) == before


@pytest.mark.slow
def test_papers_of_a_village_without_a_line_are_seen_at_the_county_and_its_receipt_comes_back(
    net: network.Network, tmp_path: Path
) -> None:
    hands = {code: hand(net.built, code) for code in (VILLAGE, TOWNSHIP, COUNTY)}
    village, county = net[VILLAGE].member, net[COUNTY].member
    walk = Walk(hands[VILLAGE], hands[TOWNSHIP], tmp_path)
    walk.down()
    ref, raw = village.file(), random.Random(1).randbytes(300_000)
    upload = Upload(raw, "image/jpeg", b"what is seen of it")
    village.casebook.add_paper("0001", village.roles, ref[:2], "身份证", upload)
    walk.up()
    for _ in range(3):
        net[TOWNSHIP].sync()
    case = county.casebook.case(*ref[:2])
    assert case is not None
    (view,) = county.casebook.papers(case)
    assert (view.percent, view.preview_here) == (100, True)
    assert county.casebook.original_of("0003", case, view.paper, "核对原件") == raw
    assert county.casebook.preview_of(case, view.paper) == upload.preview
    walk.down()
    (ours,) = village.casebook.papers(case)
    assert [place for place, _ in ours.receipts] == [TOWNSHIP, COUNTY]
    # And one that the county adds comes down the same way.
    county.casebook.add_paper("0009", county.roles, ref[:2], "申请表", Upload(raw[:100_000], "image/png", None))
    for _ in range(3):
        net[TOWNSHIP].sync()
    walk.down()
    told = village.casebook.case(*ref[:2])
    assert told is not None and [each.percent for each in village.casebook.papers(told)] == [100, 100]


@pytest.mark.slow
def test_the_same_by_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    regions, stick = tmp_path / "regions.csv", tmp_path / "stick"
    regions.write_text(REGIONS, encoding="utf-8")
    stick.mkdir()
    at = Folders(tmp_path / "county", tmp_path / "township", tmp_path / "village")
    nowhere = ("--parent-url", "http://127.0.0.1:1")
    assert init(county_cli, at.county, COUNTY, "庆城县", "--regions", str(regions)) == 0
    assert init(township_cli, at.township, TOWNSHIP, "驿马镇", *nowhere) == 0
    assert init(village_cli, at.village, VILLAGE, "上关村委会", *nowhere) == 0
    assert enrol(county_cli, at.county, township_cli, at.township) == 0
    assert enrol(township_cli, at.township, village_cli, at.village) == 0

    def carry(cli: Any, data: Path, errand: str, folder: Path = stick, *more: str, code: int = 0) -> dict[str, Any]:
        capsys.readouterr()
        assert cli.main(["courier", "--data", str(data), errand, str(folder), *more]) == code
        told: dict[str, Any] = json.loads(capsys.readouterr().out or "{}")
        return told

    assert carry(township_cli, at.township, "export", stick, "--to", VILLAGE)["key_alone"]
    assert carry(village_cli, at.village, "import")["bundles"][0]["ok"]
    node = create_node(load(at.village))
    try:
        item = node.casebook.catalogue.find("001", 1)
        assert item is not None
        body = {
            "item_no": "001", "item_version": 1, "applicant_name": "张秀兰", "applicant_id_kind": "resident_id",
            "applicant_id_no": "622825196505060042", "applicant_phone": "13800001234",
            "answers": {"家庭人口": "3", "申请理由": "家庭收入低于当地标准"},
            "materials": [["身份证", 1, True], ["申请表", 1, True]],
        }  # fmt: skip
        node.casebook.file("0001", {"agent"}, body)
    finally:
        node.close()
    written = carry(village_cli, at.village, "export")
    assert written["events"] > 0 and written["to"] == TOWNSHIP
    up = stick / written["name"]
    assert carry(village_cli, at.village, "verify", up)["bundles"][0]["ok"]
    done = carry(township_cli, at.township, "import", up)["bundles"]
    assert [each["stored"] for each in done] == [written["events"]] and done[0]["from"] == VILLAGE
    assert carry(county_cli, at.county, "import", up, code=1)["bundles"][0]["zh"] == "不是给本单位的，请交给驿马镇"
    back = carry(township_cli, at.township, "export", stick, "--to", VILLAGE)
    assert carry(village_cli, at.village, "import", stick / back["name"])["bundles"][0]["receipts"] > 0
    assert carry(village_cli, at.village, "export")["events"] == 0
    with monkeypatch.context() as terminal:  # of which standard output has nothing: that is for programs
        terminal.setattr(type(sys.stderr), "isatty", lambda _stream: True)
        assert village_cli.main(["courier", "--data", str(at.village), "verify", str(up)]) == 0
    said = capsys.readouterr()
    assert "\r\033[K已完成 0 部分，共 1 部分 / 0 of 1 parts done\r\033[K" in said.err
    assert json.loads(said.out)["bundles"]
    # What people do wrong is said in one line.
    first = bundle_files(up)[0]
    first.write_bytes(first.read_bytes()[:-1])
    assert not carry(township_cli, at.township, "import", up, code=1)["bundles"][0]["ok"]
    carry(county_cli, at.county, "export", code=1)
    carry(village_cli, at.village, "import", tmp_path / "nowhere", code=1)
    carry(village_cli, at.village, "export", stick, "--to", "621021102000", code=1)
