"""The vectors of the roster: chains of changes, enrolments, and what must be refused of both."""

from typing import Any

from sync_protocol import roster as rosters
from sync_protocol.encoding import encode
from sync_protocol.roster import Change, Payload, key_id, sign_change
from tests.sync_protocol import sample
from tests.sync_protocol.sample import COUNTY, NETWORK, ROSTER, TIME, TOWNSHIP, VILLAGE
from tests.sync_protocol.vector_makers.shapes import Vector, change_hex, network

KEY_NAMES = (
    "root 1", "root 2", "root 3", "root 4", "publisher", "publisher 2", "county", "county 2", "window", "township",
    "township 2", "village", "village again", "village 2", "station", "village 3", "stranger",
)  # fmt: skip


def roster() -> Vector:
    """The chains of changes, what they amount to, enrolments, and changes that must be refused."""
    return {
        "about": "A roster: a root of two of three and its successor, two publishers, two townships.",
        **network(),
        "keys": [
            {
                "name": name,
                "suite": 1,
                "private": sample.seed(name).hex(),
                "public": sample.key(name).public.hex(),
                "key_id": key_id(sample.key(name).public).hex(),
            }
            for name in KEY_NAMES
        ],
        "places": [
            [code, ROSTER.places.level(code), ROSTER.places.parent(code), ROSTER.places.name(code)]
            for code in ROSTER.places.below_or_self(COUNTY)
        ],
        "nodes": [
            [node.incarnation.hex(), node.place, node.suite, node.public.hex(), part_of(node.place), node.order]
            for node in ROSTER.nodes()
        ],
        "heads": [[part, epoch, n, digest.hex()] for part, (epoch, n, digest) in ROSTER.heads().items()],
        "network_code": rosters.network_code(NETWORK),
        "enrolments": enrolments(),
        "refused": refused_changes() + refused_roots(),
        "refused_enrolments": refused_enrolments(),
    }


def part_of(place: str) -> str:
    """The part that names the nodes of a place."""
    path = ROSTER.places.path_up(place)
    return path[-2] if len(path) > 2 else COUNTY


def enrolments() -> list[Vector]:
    """Requests with the answers that let them in."""
    rows = [
        ("a township", "township", TOWNSHIP, "township", "驿马镇", "county"),
        ("a village", "village", VILLAGE, "village", "南庄村", "township"),
        ("a village's second node", "village again", VILLAGE, "village", "南庄村", "township"),
    ]
    made: list[Vector] = [
        {
            "name": name,
            "request": sample.request(node, place, level, place_name).hex(),
            "answer": rosters.answer(ROSTER, place, sample.incarnation(parent)).hex(),
        }
        for name, node, place, level, place_name, parent in rows
    ]
    stranger = sample.request("stranger", "621021103", "township", "白马铺镇")
    every = [*made, {"name": "not answered yet", "request": stranger.hex(), "answer": None}]
    return [{**one, "code": rosters.confirmation_code(bytes.fromhex(str(one["request"])))} for one in every]


def refused_changes() -> list[Vector]:
    """One change for each thing that can be wrong with one."""
    all_changes = sample.CHANGES
    made: list[Vector] = []

    def refuse(name: str, error: str, after: int, change: Change) -> None:
        made.append({"name": name, "error": error, "after": after, "change": change_hex(change)})

    def attempt(after: int, part: str, ops: list[Any], *signers: str) -> Change:
        return sample.changed(sample.applied(all_changes[:after]), part, ops, *signers)

    def signed(payload: Payload, *signers: str) -> Change:
        return sign_change(NETWORK, payload, [sample.key(name) for name in signers])

    full = len(all_changes)
    first = rosters.read_payload(all_changes[0])
    last = rosters.read_payload(attempt(full, COUNTY, [sample.publisher_op("publisher")], "root 2", "root 3"))
    place = rosters.place_op("621021103", "township", COUNTY, "白马铺镇")
    small = [rosters.NODE, bytes(16), TOWNSHIP, 1, (1).to_bytes(32, "little"), bytes(64)]
    proof = sample.node_op("stranger", TOWNSHIP, "township", "另一个名字")
    under = rosters.place_op("621021101203", "village", TOWNSHIP, "东庄村")

    refuse("change 1 signed by one of two", "not_entitled", 0, signed(first, "root 1"))
    refuse("one key signed twice", "bad_roster", 0, signed(first, "root 1", "root 1"))
    refuse("signed by a stranger too", "bad_roster", 0, signed(first, "root 1", "root 2", "stranger"))
    refuse("no root at the beginning", "bad_roster", 0, signed(first._replace(ops=first.ops[1:]), "root 1", "root 2"))
    refuse("change 2 at the beginning", "bad_roster", 0, all_changes[1])
    refuse("follows another change", "bad_roster", full, signed(last._replace(prev=bytes(32)), "root 2", "root 3"))
    refuse("leaves a number out", "bad_roster", full, signed(last._replace(n=last.n + 1), "root 2", "root 3"))
    refuse("epoch grows without a root", "bad_roster", full, signed(last._replace(epoch=3), "root 2", "root 3"))
    refuse("publisher named by one of the root", "not_entitled", full, signed(last, "root 2"))
    refuse("publisher named by the old publisher", "not_entitled", full, signed(last, "publisher"))
    refuse(
        "new root without the old one",
        "not_entitled",
        1,
        attempt(1, COUNTY, [sample.root_op(1, "stranger")], "stranger"),
    )
    refuse("an op nobody knows yet", "needs_update", full, attempt(full, COUNTY, [[9, 1]], "publisher 2"))
    insists = [*place[:-1], {-1: True}]
    refuse("a place with a critical extension", "needs_update", full, attempt(full, COUNTY, [insists], "publisher 2"))
    refuse("a key of small order", "weak_key", full, attempt(full, COUNTY, [small], "publisher 2"))
    refuse("a village names a place", "not_entitled", full, attempt(full, TOWNSHIP, [under], "village"))
    refuse("the other township names a place", "not_entitled", full, attempt(full, TOWNSHIP, [under], "township 2"))
    moved = rosters.place_op(VILLAGE, "village", sample.TOWNSHIP_2, "南庄村")
    refuse("a place gets another parent", "bad_roster", full, attempt(full, COUNTY, [moved], "publisher 2"))
    refuse(
        "a second root place", "bad_roster", full, attempt(full, COUNTY, [[*place[:3], None, "", {}]], "publisher 2")
    )
    refuse("a township reaches beside itself", "bad_roster", full, attempt(full, TOWNSHIP, [place], "township"))
    refuse("a proof for another name", "bad_roster", full, attempt(full, COUNTY, [proof], "publisher 2"))
    taken = sample.node_op("village", VILLAGE, "village", "南庄村")
    refuse("an incarnation twice", "bad_roster", full, attempt(full, TOWNSHIP, [taken], "township"))
    other = rosters.read_payload(all_changes[1])._replace(time=TIME + 1)
    refuse("another payload at a held number", "roster_rollback", full, signed(other, "publisher"))
    for name, error, op in malformed_ops(place):
        refuse(name, error, full, signed(last._replace(ops=[op]), "root 2", "root 3"))
    misplaced = [place, sample.root_op(1, "root 2")]
    refuse(
        "a root that is not the first op", "bad_roster", full, signed(last._replace(ops=misplaced), "root 2", "root 3")
    )
    refuse("no op at all", "malformed", full, signed(last._replace(ops=[]), "root 2", "root 3"))
    return made


def malformed_ops(place: list[Any]) -> list[tuple[str, str, list[Any]]]:
    """Ops that those entitled have signed, and that nobody takes."""
    key, weak = sample.key("root 2").public, (1).to_bytes(32, "little")
    nobody = (2).to_bytes(32, "little")  # no point of the curve
    deep: Any = 0
    for _ in range(9):
        deep = [deep]
    return [
        ("a publisher of another suite", "bad_roster", [rosters.PUBLISHER, 2, key]),
        ("a publisher of small order", "weak_key", [rosters.PUBLISHER, 1, weak]),
        ("a publisher that is no point", "weak_key", [rosters.PUBLISHER, 1, nobody]),
        ("a publisher without its key", "malformed", [rosters.PUBLISHER, 1]),
        ("a place with a text key in its extensions", "malformed", [*place[:5], {"x": 1}]),
        ("a place with an extension 9 deep", "malformed", [*place[:5], {0: deep}]),
        ("a place without extensions", "malformed", place[:5]),
        ("an op without a number", "malformed", []),
    ]


def refused_roots() -> list[Vector]:
    """Later roots that nobody takes, in the epoch and under the signatures they need."""
    key, weak = sample.key("root 2").public, (1).to_bytes(32, "little")
    epoch, n, digest = ROSTER.heads()[COUNTY]
    rows: list[tuple[str, str, list[Any]]] = [
        ("a root with a key of small order", "weak_key", [rosters.ROOT, 1, [[1, key], [1, weak]]]),
        ("a root out of its own reach", "bad_roster", [rosters.ROOT, 2, [[1, key]]]),
        ("a root that needs nobody", "bad_roster", [rosters.ROOT, 0, [[1, key]]]),
        ("a root with one key twice", "bad_roster", [rosters.ROOT, 1, [[1, key], [1, key]]]),
    ]
    return [
        {
            "name": name,
            "error": error,
            "after": len(sample.CHANGES),
            "change": change_hex(
                sign_change(
                    NETWORK,
                    Payload(COUNTY, epoch + 1, n + 1, digest, TIME, [op]),
                    [sample.key("root 2"), sample.key("root 3")],
                )
            ),
        }
        for name, error, op in rows
    ]


def refused_enrolments() -> list[Vector]:
    """Requests that nobody may answer."""
    values = [1, "621021103", "township", "白马铺镇", 1, bytes(16)]
    public = sample.key("stranger").public
    signature = sample.key("stranger").sign("enrol", None, encode([*values, public]))
    weak = (1).to_bytes(32, "little")
    cases: list[tuple[str, str, list[Any]]] = [
        ("signature over another name", "bad_signature", [*values[:3], "别的名字", *values[4:], public, signature]),
        ("signed by another key", "bad_signature", [*values, sample.key("village").public, signature]),
        ("key of small order", "weak_key", [*values, weak, signature]),
        ("unknown suite", "malformed", [*values[:4], 2, bytes(16), public, signature]),
        ("unknown level", "malformed", [*values[:2], "hamlet", *values[3:], public, signature]),
        ("no place code", "malformed", [1, "621021/103", *values[2:], public, signature]),
    ]
    return [{"name": name, "error": error, "request": encode(value).hex()} for name, error, value in cases]
