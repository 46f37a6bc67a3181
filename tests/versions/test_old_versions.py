"""What older programs left is opened by this one: nothing is lost, nothing rings, and what waited goes on its way."""

import hashlib
import json
import shutil
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from sync_protocol import roster as rosters
from sync_protocol.bundle import SLICES, SLICES_MIXED
from sync_protocol.exchange import VERSION
from tests import builders
from tests.builders import COUNTY, TOWNSHIP, VILLAGE, Member
from tests.closing import close_case
from tests.network import Network
from tests.sync_protocol import protocol_text
from tests.versions.make import unpack
from tests.village_node.courier.sticks import hand
from village_node.casebook import CaseRef
from village_node.store import migrations, open_store
from village_node.store.tables import METADATA
from village_node.verify_evidence import Evidence

HERE = Path(__file__).resolve().parent
FIRST = 2  # version 1 left nothing that was kept
KEPT = sorted(HERE.glob("exchange_*"))
NAMES = {"closed": "张办结", "settled": "李已达", "carried": "王在途", "unsent": "赵未报"}


@dataclass
class Left:
    """What one old program left, unpacked: a folder, and what it said stood in it."""

    folder: Path
    told: dict[str, Any]

    def ref(self, name: str) -> CaseRef:
        scope, case_id, number = self.told["cases"][name]
        return CaseRef(scope, bytes.fromhex(case_id), number, "")


@pytest.fixture(scope="module", params=KEPT, ids=lambda path: path.name)
def unpacked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Left:
    """What the program of each exchange version left, its databases brought up to date by the program of today: once,
    since that takes longer than what the tests look at."""
    folder = tmp_path_factory.mktemp(request.param.name)
    with tarfile.open(request.param / "kept.tar.xz") as kept:
        unpack(kept, folder)
    for code in (COUNTY, TOWNSHIP, VILLAGE):
        open_store(f"sqlite:///{folder / 'nodes' / code}.db").close()
    return Left(folder, json.loads((request.param / "told.json").read_text("utf-8")))


@pytest.fixture
def left(unpacked: Left, tmp_path: Path) -> Left:
    """A copy of it for one test."""
    folder = shutil.copytree(unpacked.folder, tmp_path / "left")
    return Left(folder, unpacked.told)


@pytest.fixture
def net(left: Left) -> Iterator[Network]:
    """Its three nodes, opened by the program of today. Nothing is told them but by one another."""
    built = builders.Network(left.folder / "nodes", hand_out_roster=False, lives=1)
    built.clock.now_ms = left.told["now_ms"] + 60_000
    made = Network(built)
    for code in (COUNTY, TOWNSHIP, VILLAGE):
        member = built.open(code)
        built.roster = member.casebook.roster
        made.wire_up(member)
    yield made
    made.close()


def fold_all(net: Network) -> int:
    """Fold what the upgrade named, as a node does at its ticks; how many cases that were."""
    folded = 0
    for live in net.nodes.values():
        while done := live.member.casebook.fold_slice():
            folded += done
    return folded


def streams(member: Member) -> list[list[Any]]:
    """Every stream of a node with its head and the chain hash there."""
    book, found = member.casebook, []
    for row in book.counts()["streams"]:
        at = book.hash_at(bytes.fromhex(row["incarnation"]), row["scope"], row["head"])
        assert at is not None
        found.append([row["incarnation"], row["scope"], row["head"], at.hex()])
    return found


def rings_nowhere(net: Network) -> None:
    """No alarm, no fork, no new life, nothing refused or parked, and nothing that a checkpoint contradicts."""
    for live in net.nodes.values():
        book, standing = live.member.casebook, live.member.casebook.standing()
        assert not (standing.retired or standing.rings or standing.provisional or standing.succeeded)
        assert (standing.alarms_below, book.county_standing().alarms, book.identity.former) == ([], 0, ())
        counts = book.counts()
        held_back = ("forks", "refused", "parked", "refused_there", "parked_there", "void", "contested")
        assert [name for name in held_back if counts[name]] == []


def test_every_exchange_version_has_left_something() -> None:
    """The protocol's list of versions is the list of these folders: a new one is not finished before its own is made
    (`python tests/versions/make.py COMMIT`, committed with it)."""
    named = {int(row[0]) for row in protocol_text.rows(11)}
    assert VERSION in named
    assert {path.name for path in KEPT} == {f"exchange_{number}" for number in named if number >= FIRST}
    for path in KEPT:
        assert path.name == f"exchange_{json.loads((path / 'told.json').read_text('utf-8'))['exchange']}"
        assert (path / "kept.tar.xz").stat().st_size < 300_000


def test_its_tables_become_those_of_today(left: Left, net: Network) -> None:
    for live in net.nodes.values():
        with live.member.store.reading() as connection:
            assert migrations.revision(connection) == migrations.NEWEST
            said = {"compare_type": True, "compare_server_default": True}
            assert compare_metadata(MigrationContext.configure(connection, opts=said), METADATA) == []


def test_its_cases_are_folded_again_and_stand_as_they_stood(left: Left, net: Network) -> None:
    folded = fold_all(net)
    assert folded or left.told["exchange"] == VERSION
    for code, told in left.told["nodes"].items():
        member = net[code].member
        assert member.casebook.left_to_fold() == 0
        assert streams(member) == told["streams"]
        assert {name: member.state(left.ref(name)) for name in told["states"]} == told["states"]
        for name, events in told["events"].items():
            case = member.casebook.case(*left.ref(name)[:2])
            assert case is not None and NAMES[name] in case.applicant.values()
            raw = member.casebook.evidence(left.ref(name).case_no)
            assert raw is not None
            assert sum(each.scope == left.ref(name).scope for each in Evidence(raw).events) == events
    rings_nowhere(net)


@pytest.mark.slow
def test_what_it_had_not_sent_reaches_the_county_and_goes_on_to_its_end(left: Left, net: Network) -> None:
    county = net[COUNTY].member
    for name in ("carried", "unsent"):
        assert not county.state(left.ref(name)) and net[VILLAGE].member.state(left.ref(name))
    net.settle()
    for name in ("carried", "unsent"):
        assert county.state(left.ref(name)) == net[VILLAGE].member.state(left.ref(name)) == "received"
    for name in NAMES:
        close_case(net, left.ref(name))
    rings_nowhere(net)


def test_its_paper_still_opens_everywhere(left: Left, net: Network) -> None:
    if left.told["paper"] is None:
        assert left.told["exchange"] < 3, "every later program has papers"
        return
    for live in net.nodes.values():
        book = live.member.casebook
        case = book.case(*left.ref("settled")[:2])
        assert case is not None
        (view,) = book.papers(case)
        raw = book.original_of("0001", case, view.paper, "核对")
        assert hashlib.sha256(raw).hexdigest() == left.told["paper"]
        assert book.preview_of(case, view.paper) == b"its preview"


@pytest.mark.parametrize(("stick", "code"), [("bundle_up", TOWNSHIP), ("bundle_down", VILLAGE)])
def test_its_bundle_is_taken_or_refused_in_words(left: Left, net: Network, stick: str, code: str) -> None:
    reader = hand(net.built, code)
    before = streams(reader.member)
    (outcome,) = reader.read(left.folder / stick)
    if left.told["exchange"] in (SLICES, SLICES_MIXED):
        assert outcome.whole and streams(reader.member) != before, outcome.words
        assert code == VILLAGE or reader.member.state(left.ref("carried")) == "received"
    else:
        assert not outcome.whole and "更新较旧的一方" in outcome.words[0] and "update the older" in outcome.words[1]
        assert streams(reader.member) == before
    net.settle()
    assert net[COUNTY].member.state(left.ref("carried")) == "received"
    rings_nowhere(net)


def test_its_evidence_still_verifies(left: Left) -> None:
    file = left.folder / "evidence.cbor"
    if not file.exists():
        assert left.told["exchange"] < 3, "every later program writes evidence"
        return
    package = Evidence(file.read_bytes())
    assert (package.number, package.state, package.writer.place) == (left.ref("closed").case_no, "delivered", TOWNSHIP)
    assert package.roster.network.hex() == left.told["network"]
    assert COUNTY in {place for place, _, _ in package.signed}


def test_its_request_and_the_roster_in_the_answer_are_read(left: Left, net: Network) -> None:
    newcomer = left.told["newcomer"]
    raw = (left.folder / "request.cbor").read_bytes()
    request = rosters.read_request(raw)
    asked = (request.place, request.incarnation.hex(), request.public.hex())
    assert asked == (newcomer["place"], newcomer["incarnation"], newcomer["key"])
    answer = rosters.read_answer((left.folder / "answer.cbor").read_bytes(), request)
    assert answer.network_id.hex() == left.told["network"] and answer.parent.place == TOWNSHIP
    assert {node.place for node in answer.roster.nodes()} >= {COUNTY, TOWNSHIP, VILLAGE, newcomer["place"]}
    assert rosters.admit_request(net[TOWNSHIP].member.casebook.roster, request, TOWNSHIP), "who is in below today too"
