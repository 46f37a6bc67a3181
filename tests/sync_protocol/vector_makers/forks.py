"""The vectors of forks: proofs that hold, at the first position and later, and proofs that do not."""

from sync_protocol.encoding import decode, encode
from sync_protocol.event import item_hash
from sync_protocol.evidence import Arm, ForkProof, prove, to_bytes
from tests.sync_protocol.sample import VILLAGE, VILLAGE_2, Writer, incarnation
from tests.sync_protocol.vector_makers.shapes import Vector, network


def life(branch: str, shared: int, own: int) -> Writer:
    """One life of the village's node: what every life of it wrote, then its own."""
    writer = Writer("village", f"about:{VILLAGE}")
    for number in range(shared + own):
        writer.write(32, {0: f"{branch if number >= shared else 'shared'} {number}"})
    return writer


def arm(writer: Writer, split: int, upto: int) -> Arm:
    """What a life has from the split on."""
    items = [item_hash(event.header_bytes) for event in writer.events[split - 1 : upto]]
    return Arm(tuple(items), writer.sealed(upto))


def proof(shared: int, one_upto: int, other_upto: int) -> ForkProof:
    """The proof of two lives that part after so many events."""
    one, other = life("one", shared, 70), life("other", shared, 70)
    base = one.hash_at(shared)
    assert base is not None
    split = shared + 1
    return prove(one.incarnation, one.scope, split, base, arm(one, split, one_upto), arm(other, split, other_upto))


def shown(name: str, made: ForkProof) -> Vector:
    """One proof, with what a reader computes on the way."""
    return {
        "name": name,
        "proof": to_bytes(made).hex(),
        "incarnation": made.incarnation.hex(),
        "scope": made.scope,
        "split": made.split,
        "hashes": [one.hex() for one in made.hashes],
    }


def forks() -> Vector:
    """Proofs that hold and proofs that do not."""
    good = proof(4, 5, 9)
    values = decode(to_bytes(good))
    swapped = encode([*values[:5], *values[7:9], *values[5:7]])
    elsewhere = good._replace(scope=f"about:{VILLAGE_2}")
    another = good._replace(incarnation=incarnation("village again"))
    refused = [
        ("another split", "bad_seal", to_bytes(good._replace(split=6))),
        ("another base", "bad_seal", to_bytes(good._replace(base=bytes(32)))),
        ("the seal of the other arm", "bad_seal", to_bytes(
            good._replace(lower=good.lower._replace(signature=good.upper.signature))
        )),
        ("another incarnation of the place", "bad_seal", to_bytes(another)),
        ("a scope that the author may not write into", "scope_not_allowed", to_bytes(elsewhere)),
        ("an incarnation that nobody knows", "unknown_incarnation", to_bytes(good._replace(incarnation=bytes(16)))),
        ("the higher arm first", "malformed", swapped),
        ("the same arm twice", "malformed", encode([*values[:7], *values[5:7]])),
        ("an arm without items", "malformed", encode([*values[:5], [], *values[6:]])),
        ("position 0", "malformed", encode([*values[:3], 0, *values[4:]])),
        ("another form", "malformed", encode([2, *values[1:]])),
        ("65 items", "too_large", encode([*values[:5], [bytes(32)] * 65, *values[6:]])),
    ]  # fmt: skip
    return {
        "about": "Fork proofs with the positions they prove, and proofs that are refused.",
        **network(),
        "proofs": [
            shown("the first event", proof(0, 1, 1)),
            shown("after four events, with arms of one and five", good),
            shown("the longest arms", proof(3, 67, 67)),
        ],
        "refused": [{"name": name, "error": error, "proof": raw.hex()} for name, error, raw in refused],
    }
