"""Evidence packages: what a node holds of a case is verified by a program that stands alone, and nothing else is."""

import ast
import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sync_protocol.case import kinds
from sync_protocol.case.workflow import LABELS, OVERSIGHT_LABELS
from sync_protocol.encoding import decode, encode
from sync_protocol.suites import SigningKey
from tests.builders import (
    COUNTY,
    OTHER_TOWNSHIP,
    OTHER_VILLAGE,
    SECOND_VILLAGE,
    TOWNSHIP,
    VILLAGE,
    Member,
)
from tests.closing import checkpoint_day, step
from tests.faults.test_revocations import rest
from tests.network import Network, network
from village_node import verify_evidence
from village_node.casebook import NotAllowed
from village_node.verify_evidence import KINDS, Evidence, Rejected

PLACES = (COUNTY, TOWNSHIP, VILLAGE, SECOND_VILLAGE, OTHER_TOWNSHIP, OTHER_VILLAGE)
# Where what stands in the payload, section 15.
NUMBER, CHANGES, RUNS, RECEIPTS, CHECKPOINT = 4, 6, 7, 8, 9
ROWS, SEAL = 4, 6


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """Six nodes; each village has filed cases of which some went far, the county has written a checkpoint."""
    made = network(tmp_path_factory.mktemp("evidence"), *PLACES)
    made.settle()
    filed = []
    for round_ in range(4):
        for code in (VILLAGE, SECOND_VILLAGE, OTHER_VILLAGE):
            filed.append(made[code].member.file(applicant_name=f"张{round_}"))
        made.settle()
        for ref in filed:
            for live in made.nodes.values():
                step(live.member, ref)
            if round_ == 2:
                made[COUNTY].member.act(ref, kinds.NOTE, {"text": "已阅"})
        made.settle()
    checkpoint_day(made)
    yield made
    made.close()


def numbers(member: Member) -> list[str]:
    """The number of every case that a node holds."""
    return sorted(row.case_no or "" for row in member.casebook.work_list("all", page_size=1_000).rows)


def packages(net: Network) -> list[tuple[Member, str, bytes]]:
    """The package of each case at each node."""
    found = []
    for code in PLACES:
        member = net[code].member
        for number in numbers(member):
            raw = member.casebook.evidence(number)
            assert raw is not None
            found.append((member, number, raw))
    return found


def signed_again(raw: bytes, key: SigningKey, change: Callable[[list[Any]], None]) -> bytes:
    """A package that its own writer has tampered with, and signed."""
    name, form, payload, incarnation, _ = decode(raw, limit=1 << 26)
    values = decode(payload, limit=1 << 26)
    change(values)
    again = encode(values)
    return encode([name, form, again, incarnation, key.sign("evidence", values[0], again)])


@pytest.mark.slow
def test_what_any_node_holds_of_any_case_verifies_and_shows_who_signed_for_it(net: Network) -> None:
    found = packages(net)
    assert len(found) == 36, "twelve cases, each at three places"
    for member, number, raw in found:
        package = Evidence(raw)
        assert package.number == number and package.writer.place == member.place
        row = member.casebook.find_by_number(number)
        assert row is not None
        held = member.casebook.timeline(row.scope, row.case_id)
        own = [event for event in package.events if event.scope == row.scope]
        shown = {(event.incarnation, event.seq, event.run[event.seq][:8]) for event in own}
        assert shown == {one.position for one in held}
        assert {event.verdict for event in own} == {"effective"}
        assert package.roster.network == member.casebook.network_id
        assert COUNTY in {place for place, _, _ in package.signed} or member.place == COUNTY
        assert len(package.tell()) == len(package.events)
    assert sum(bool(Evidence(raw).checkpoints) for _, _, raw in found) >= 20


@pytest.mark.slow
def test_no_byte_of_a_package_can_be_changed(net: Network) -> None:
    chance = random.Random(2)
    found = packages(net)
    rejected = 0
    for _ in range(1_000):
        _, _, raw = chance.choice(found)
        at = chance.randrange(len(raw))
        spoilt = raw[:at] + bytes([raw[at] ^ 1 << chance.randrange(8)]) + raw[at + 1 :]
        with pytest.raises((Rejected, *verify_evidence.NONSENSE)):
            Evidence(spoilt)
        rejected += 1
    assert rejected == 1_000
    for _, _, raw in found[:3]:
        for cut in (0, 1, len(raw) // 2, len(raw) - 1):
            with pytest.raises((Rejected, *verify_evidence.NONSENSE)):
                Evidence(raw[:cut])


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to everything in nested arrays that is no array."""
    if isinstance(value, list):
        for at, inner in enumerate(value):
            yield from leaves(inner, (*path, at))
    else:
        yield path


@pytest.mark.slow
def test_nor_by_the_node_that_wrote_it_but_for_what_it_says_for_itself(net: Network) -> None:
    """A writer who lies and signs again: whatever is changed is refused, but for what he claims himself."""
    chance = random.Random(3)
    claims = {(3,), (4,), (5,)}  # time, number, state
    member, _, raw = next(one for one in packages(net) if one[0].place == TOWNSHIP)
    values = decode(decode(raw, limit=1 << 26)[2], limit=1 << 26)
    paths = [path for path in leaves(values) if path not in claims]
    rejected = 0
    for path in [chance.choice(paths) for _ in range(1_000)]:

        def change(payload: list[Any], path: tuple[Any, ...] = path) -> None:
            *way, last = path
            for at in way:
                payload = payload[at]
            payload[last] = another(payload[last], chance)

        try:
            Evidence(signed_again(raw, member.identity.key, change))
        except (Rejected, *verify_evidence.NONSENSE):
            rejected += 1
        else:
            assert is_verdict(path), path
    assert rejected > 900


def is_verdict(path: tuple[Any, ...]) -> bool:
    """Whether a value is how the writer counts an event."""
    return len(path) == 5 and (path[0], path[2], path[4]) == (RUNS, ROWS, 3)


def another(value: Any, chance: random.Random) -> Any:
    """A value of the same kind, and another one."""
    if isinstance(value, bytes):
        at = chance.randrange(len(value)) if value else 0
        return value[:at] + bytes([value[at] ^ 1]) + value[at + 1 :] if value else b"\0"
    if isinstance(value, bool) or value is None:
        return b"\0"
    if isinstance(value, int):
        return value + chance.choice((-1, 1))
    return {"effective": "void"}.get(value, f"{value}x")


LIES: dict[str, Callable[[list[Any]], None]] = {
    "an event shown as an event of something else": lambda p: hide(p, 1),
    "an event left out at the end of a run": lambda p: p[RUNS][0][ROWS].pop(),
    "a run left out": lambda p: p[RUNS].pop(0),
    "a run twice": lambda p: p[RUNS].append(p[RUNS][0]),
    "another seal": lambda p: p[RUNS][0].__setitem__(SEAL, bytes(64)),
    "a receipt of another stream": lambda p: p[RECEIPTS][0].__setitem__(0, bytes(32)),
    "the roster without its first change": lambda p: p[CHANGES].pop(0),
    "a change twice": lambda p: p[CHANGES].append(p[CHANGES][-1]),
    "changes out of order": lambda p: p[CHANGES].reverse(),
    "a case of another id": lambda p: p.__setitem__(2, bytes(16)),
    "another scope": lambda p: p.__setitem__(1, f"about:{OTHER_VILLAGE}"),
    "a checkpoint without lines": lambda p: p[CHECKPOINT].__setitem__(1, []),
    "an event as the checkpoint": lambda p: p[CHECKPOINT].__setitem__(0, p[RUNS][0]),
    "a fork proof of nonsense": lambda p: p[10].append(b"\0"),
}


def hide(payload: list[Any], at: int) -> None:
    """Show an event as its item hash only, as if it were about another case."""
    rows = payload[RUNS][0][ROWS]
    header = rows[at][0]
    rows[at] = verify_evidence.digest(b"\0" + header)


@pytest.mark.parametrize("lie", LIES)
def test_what_a_lying_writer_may_try(net: Network, lie: str) -> None:
    member, _, raw = next(
        one
        for one in packages(net)
        if one[0].place == TOWNSHIP and len(Evidence(one[2]).events) > 3 and Evidence(one[2]).checkpoints
    )
    with pytest.raises((Rejected, *verify_evidence.NONSENSE)):
        Evidence(signed_again(raw, member.identity.key, LIES[lie]))


def test_nobody_but_its_writer_has_signed_it(net: Network) -> None:
    (_, _, raw), *_ = packages(net)
    with pytest.raises(Rejected, match="signature"):
        Evidence(signed_again(raw, SigningKey.from_seed(1, bytes(32)), lambda _: None))


def test_what_it_prints_moves_no_cursor_and_ends_no_line(net: Network) -> None:
    member, _, raw = packages(net)[0]
    lied = signed_again(raw, member.identity.key, lambda p: p.__setitem__(5, "x\n核验通过\x1b[2J" + "长" * 500))
    assert Evidence(lied).state.startswith("x\n")
    file = net.built.folder / "lied"
    file.write_bytes(lied)
    told = subprocess.run(
        [sys.executable, "-I", verify_evidence.__file__, str(file)], capture_output=True, encoding="utf-8", check=True
    ).stdout
    assert "\x1b" not in told and "x?核验通过?[2J" in told and len(told.splitlines()[-3]) < 250


def test_a_seal_for_our_own_checkpoint_is_known_to_the_witness_too(net: Network) -> None:
    county = net[COUNTY].member
    county.casebook.write_checkpoint()
    lives = county.casebook.lives
    assert lives is not None
    key = (county.identity.incarnation, f"below:{COUNTY}")
    before = lives.witness.streams[key][0]
    raw = county.casebook.evidence(numbers(county)[0])
    assert raw is not None and Evidence(raw).checkpoints
    assert lives.witness.streams[key][0] == before + 1
    net.settle()


def test_what_a_revoked_machine_wrote_is_shown_and_what_it_signs_counts_no_more(tmp_path: Path) -> None:
    made = network(tmp_path, COUNTY, TOWNSHIP, VILLAGE)
    made.settle()
    ref = made[VILLAGE].member.file()
    made.settle()
    row = made[VILLAGE].member.casebook.case_row(*ref[:2])
    assert row is not None and row.case_no
    before = made[VILLAGE].member.casebook.evidence(row.case_no)
    assert before is not None and Evidence(before).writer.place == VILLAGE
    county = made[COUNTY].member.casebook
    county.sign_roster_with(lambda: [made.built.publisher_key])
    number = county.ask_revocation("0009", made[VILLAGE].incarnation.hex()[:8], "电脑被盗")
    county.confirm_revocation("0008", number)
    rest(made)
    raw = county.evidence(row.case_no)
    assert raw is not None
    shown = Evidence(raw)
    assert len(shown.events) == 2 and made[VILLAGE].incarnation in shown.roster.revoked
    assert not any("吊销后" in line for line in shown.tell()), "what it wrote before stands"
    with pytest.raises(NotAllowed):
        made[VILLAGE].member.casebook.evidence(row.case_no)
    # It has its key still, and signs a package with the roster as it is now.
    values = decode(decode(raw, limit=1 << 26)[2], limit=1 << 26)
    stolen = made[VILLAGE].member.identity
    signature = stolen.key.sign("evidence", values[0], encode(values))
    with pytest.raises(Rejected, match="revoked"):
        Evidence(encode(["sanji-evidence", 1, encode(values), stolen.incarnation, signature]))
    made.close()


def test_what_leaves_in_a_package_is_known_to_the_witness(net: Network) -> None:
    """Whoever is put back behind a seal that has left by this road begins a new life, as after any other."""
    member = net[VILLAGE].member
    ref = member.file(applicant_name="刘未发送")
    row, lives = member.casebook.case_row(*ref[:2]), member.casebook.lives
    assert row is not None and lives is not None
    key = (member.identity.incarnation, ref.scope)
    before = lives.witness.streams[key][0]
    raw = member.casebook.evidence(row.case_no or "")
    assert raw is not None
    last = max(event.seq for event in Evidence(raw).events)
    assert lives.witness.streams[key][0] == last > before
    net.settle()


def test_a_node_that_is_being_restored_writes_none(net: Network) -> None:
    member = net[VILLAGE].member
    number = numbers(member)[0]
    assert member.casebook.evidence("nothing") is None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("village_node.casebook.evidencing.doubts.held", lambda _connection: [1])
        with pytest.raises(NotAllowed):
            member.casebook.evidence(number)


def test_the_verifier_stands_alone_and_is_short() -> None:
    source = Path(verify_evidence.__file__)
    text = source.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 500
    names = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            names.add((node.module or "").partition(".")[0])
    assert names - set(sys.stdlib_module_names) == {"cbor2", "cryptography"}


def test_it_calls_each_kind_what_the_pages_call_it() -> None:
    told = dict(one.split("=") for one in KINDS.split())
    assert told == {str(kind): words[0].replace(" ", "") for kind, words in {**LABELS, **OVERSIGHT_LABELS}.items()}


def test_a_stranger_verifies_it_with_the_file_alone(net: Network, tmp_path: Path) -> None:
    member, number, raw = packages(net)[0]
    alone = tmp_path / "verify_evidence.py"
    alone.write_bytes(Path(verify_evidence.__file__).read_bytes())
    file = tmp_path / "case.sanji-evidence"
    file.write_bytes(raw)

    def run(*more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", str(alone), str(file), *more]
        return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", cwd=tmp_path, check=False)

    sound = run("--network", member.casebook.network_id.hex())
    assert sound.returncode == 0, sound.stdout + sound.stderr
    assert f"核验通过 / VERIFIED：{number}" in sound.stdout and "新建申请" in sound.stdout and "庆城县" in sound.stdout
    assert run("--network", "00" * 32).returncode == 1
    file.write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))
    spoilt = run()
    assert spoilt.returncode == 1 and "REJECTED" in spoilt.stdout and not spoilt.stderr
    file.write_bytes(json.dumps({"a": 1}).encode())
    assert run().returncode == 1
