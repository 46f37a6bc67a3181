"""The vectors of revocations: changes that come after the roster of the file, and what stands of each node then."""

from sync_protocol import roster as rosters
from sync_protocol.errors import ProtocolError
from sync_protocol.roster import Change, Op
from tests.sync_protocol.sample import COUNTY, ROSTER, TOWNSHIP, VILLAGE, changed, enrolled, incarnation
from tests.sync_protocol.vector_makers.shapes import Vector, change_hex, network

ABOUT, BELOW = f"about:{VILLAGE}", f"below:{VILLAGE}"
HAMLET = "621021101203"
Cut = tuple[str, int, bytes]


def revoked(*cuts: Cut, name: str = "village", upto: int = 0) -> Op:
    """The op that revokes the node of that name."""
    return rosters.revoke_op(incarnation(name), cuts, upto)


def steps(*said: tuple[str, list[Op], str]) -> list[Change]:
    """Changes that follow one another, (part, ops, signer) each; the last one need not hold."""
    roster, made = ROSTER, []
    for part, ops, signer in said:
        made.append(changed(roster, part, ops, signer))
        if len(made) < len(said):
            roster = roster.apply(made[-1])
    return made


def case(name: str, changes: list[Change]) -> Vector:
    """What these changes amount to, or the error of the last one."""
    roster, error = ROSTER, None
    for change in changes:
        try:
            roster = roster.apply(change)
        except ProtocolError as refusal:
            error = refusal.name
    return {
        "name": name,
        "changes": [change_hex(change) for change in changes],
        "error": error,
        "revoked": [
            [node.incarnation.hex(), [[cut.scope, cut.seq, cut.hash.hex()] for cut in node.revoked.cuts]]
            for node in roster.nodes()
            if node.revoked is not None
        ],
        "struck": sorted(node.incarnation.hex() for node in roster.struck),
        "heads": [[part, epoch, n, digest.hex()] for part, (epoch, n, digest) in sorted(roster.heads().items())],
    }


def revocations() -> Vector:
    """Revocations that hold, and that do not."""
    five, seven, two = (ABOUT, 5, b"5" * 32), (ABOUT, 7, b"7" * 32), (BELOW, 2, b"2" * 32)
    other = (ABOUT, 5, b"x" * 32)
    unordered = [rosters.REVOKE, incarnation("village"), [list(two), list(five)], 0]
    late = enrolled("late", HAMLET, "village", "late", TOWNSHIP)
    length = ROSTER.length(TOWNSHIP)
    mine, theirs = (TOWNSHIP, [revoked(five, two)], "township"), (COUNTY, [revoked(seven)], "publisher 2")
    whole = (COUNTY, [revoked(name="township", upto=length)], "publisher 2")
    cases = [
        case("by the township", steps(mine)),
        case("more stands", steps(mine, (TOWNSHIP, [revoked(seven, two)], "township"))),
        case("less stands", steps(mine, (TOWNSHIP, [revoked(five)], "township"))),
        case("another hash at the same position", steps(mine, (TOWNSHIP, [revoked(other, two)], "township"))),
        case("the county's word comes first", steps(mine, theirs)),
        case("and in the other order", steps(theirs, mine)),
        case("a node under another township", steps((TOWNSHIP, [revoked(name="village 3")], "township"))),
        case("the township's own", steps((TOWNSHIP, [revoked(name="township")], "township"))),
        case("by the key of another township", steps((TOWNSHIP, [revoked()], "township 2"))),
        case("a township, which signs no more", steps(whole, (TOWNSHIP, late, "township"))),
        case("a township, and what it has signed beyond the number", steps((TOWNSHIP, late, "township"), whole)),
        case("its scopes do not ascend", steps((COUNTY, [unordered], "publisher 2"))),
        case("position 0", steps((COUNTY, [revoked((ABOUT, 0, b"0" * 32))], "publisher 2"))),
    ]  # fmt: skip
    return {"about": "Revocations: what stands of a node, and of the part of its place.", **network(), "cases": cases}
