"""The vectors of forks of the roster: proofs that hold and that do not, and rulings with what they leave standing."""

from sync_protocol import roster as rosters
from sync_protocol.encoding import decode, encode
from sync_protocol.roster import Change, Op, read_payload, sign_change
from sync_protocol.roster.forks import RosterFork, prove, to_bytes
from sync_protocol.suites import sha256
from tests.sync_protocol.sample import (
    COUNTY,
    NETWORK,
    ROSTER,
    TIME,
    TOWNSHIP,
    changed,
    enrolled,
    incarnation,
    key,
    node_op,
)
from tests.sync_protocol.vector_makers.shapes import Vector, change_hex, network

NEW, OTHER, HAMLET, FARM = "621021103", "621021104", "621021101203", "621021101204"


def chain(part: str, signer: str, *steps: list[Op]) -> list[Change]:
    """Changes of a part that follow one another."""
    roster, made = ROSTER, []
    for ops in steps:
        made.append(changed(roster, part, ops, signer))
        roster = roster.apply(made[-1])
    return made


OURS = chain(COUNTY, "publisher 2", enrolled("new", NEW, "township", "new", COUNTY))
THEIRS = chain(
    COUNTY,
    "publisher 2",
    enrolled("other", OTHER, "township", "other", COUNTY),
    [node_op("other again", OTHER, "township", "other")],
)
HAMLETS = chain(TOWNSHIP, "township", enrolled("hamlet", HAMLET, "village", "hamlet", TOWNSHIP))
FARMS = chain(TOWNSHIP, "township", enrolled("farm", FARM, "village", "farm", TOWNSHIP))


def ruling(part: str, stands: list[Change], follows: list[Change], struck: list[str], *ops: Op) -> Change:
    """A ruling that follows these changes of the county's part."""
    roster = ROSTER
    for change in follows:
        roster = roster.apply(change)
    losing = [change for branch in (THEIRS, FARMS) for change in branch]
    rows = [
        op[1:5]
        for change in losing
        for op in read_payload(change).ops
        if op[0] == rosters.NODE and op[1] in {incarnation(name) for name in struck}
    ]
    hashes = [sha256(change.payload) for change in stands]
    split = read_payload(stands[0]).n
    return changed(roster, COUNTY, [rosters.ruling_op(part, split, hashes, rows), *ops], "root 3", "root 4")


def shown(name: str, made: RosterFork) -> Vector:
    """One proof, with what a reader computes on the way."""
    return {
        "name": name,
        "proof": to_bytes(made).hex(),
        "part": made.part,
        "split": made.split,
        "hashes": [one.hex() for one in made.hashes],
    }


def ruled(name: str, held: list[Change], given: list[Change]) -> Vector:
    """What comes to who holds some changes beside the roster of the file, and what stands for him then."""
    roster = ROSTER
    for change in held:
        roster = roster.apply(change)
    after = roster.turned([change for change in given if read_payload(change).part == COUNTY])
    for change in given:
        after = after.apply(change)
    return {
        "name": name,
        "held": [change_hex(change) for change in held],
        "given": [change_hex(change) for change in given],
        "heads": [[part, epoch, n, digest.hex()] for part, (epoch, n, digest) in sorted(after.heads().items())],
        "overruled": sorted(sha256(change.payload).hex() for change in roster.overruled_by(after)),
        "struck": sorted(node.incarnation.hex() for node in after.struck),
    }


def roster_forks() -> Vector:
    """Proofs and rulings."""
    good = prove(OURS[0], THEIRS[0])
    values = decode(to_bytes(good))
    said = read_payload(THEIRS[0])

    def against(name: str) -> bytes:
        return to_bytes(prove(OURS[0], sign_change(NETWORK, said._replace(time=TIME + 1), [key(name)])))

    refused = [
        ("the higher hash first", "malformed", encode([1, values[2], values[1]])),
        ("the same change twice", "malformed", encode([1, values[1], values[1]])),
        ("another form", "malformed", encode([2, *values[1:]])),
        ("another number", "malformed", encode([1, *sorted([values[1], rosters.change_values(THEIRS[1])])])),
        ("signed by a stranger", "bad_roster", against("stranger")),
        ("signed by who may not publish in this part", "not_entitled", against("township")),
        ("the next number, behind nothing that is held", "roster_forked", to_bytes(prove(
            *(sign_change(NETWORK, said._replace(n=9, time=TIME + more), [key("publisher 2")]) for more in (1, 2))
        ))),
    ]  # fmt: skip
    county = ruling(COUNTY, OURS, OURS, ["other", "other again"])
    kept = ruling(COUNTY, OURS, OURS, ["other again"], *enrolled("other", OTHER, "township", "other", COUNTY))
    below = ruling(TOWNSHIP, HAMLETS, [], ["farm"])
    return {
        "about": "Forks of the roster: proofs, proofs that are refused, rulings and what stands by them.",
        **network(),
        "proofs": [shown("of the county's part", good), shown("of a township's", prove(HAMLETS[0], FARMS[0]))],
        "refused": [{"name": name, "error": error, "proof": raw.hex()} for name, error, raw in refused],
        "ruled": [
            ruled("who holds what stands", OURS, [county]),
            ruled("who holds the other chain", THEIRS, [*OURS, county]),
            ruled("who holds neither", [], [*OURS, county]),
            ruled("one of the other chain's nodes stays", THEIRS, [*OURS, kept]),
            ruled("about a township's part, at who holds the other chain", FARMS, [below, *HAMLETS]),
            ruled("about a township's part, at who holds what stands", HAMLETS, [below]),
        ],
    }
