"""The vectors of releases: files that a node of this roster takes, with or without one that it holds, and does not."""

from collections.abc import Sequence
from typing import Any

from sync_protocol import release
from sync_protocol.encoding import encode
from sync_protocol.errors import ProtocolError
from sync_protocol.release import OldRelease, Package, Release, Signed
from sync_protocol.roster import key_id
from sync_protocol.suites import sha256
from tests.sync_protocol.sample import NETWORK, ROSTER, TIME, key
from tests.sync_protocol.vector_makers.shapes import Vector, flipped, network

PACKAGES = (
    Package("flask-3.1.0-py3-none-any.whl", 101_234, sha256(b"flask")),
    Package("sanji-0.2.0-py3-none-any.whl", 1_234_567, sha256(b"sanji")),
)
OLD = "old_release"


def said(number: int, *signers: str, **changes: Any) -> Signed:
    """Release of that number, signed by the keys of these names."""
    return signed(release.write(Release(NETWORK, number, "0.2.0", TIME, PACKAGES)._replace(**changes)), *signers)


def signed(unsigned: Signed, *signers: str) -> Signed:
    """The same, signed by the keys of these names."""
    for name in signers:
        unsigned = release.sign(unsigned, key(name))
    return unsigned


def raw(rows: Sequence[Any], *signers: str, ext: dict[int, Any] | None = None, number: int = 7) -> Signed:
    """A payload of these rows that no writer of ours would write, signed by the keys of these names."""
    payload = encode([NETWORK, number, "0.2.0", TIME, rows, ext or {}])
    made = [(key_id(key(name).public), key(name).sign(release.LABEL, NETWORK, payload)) for name in signers]
    return Signed(payload, tuple(made))


def case(name: str, file: Signed | bytes, held: Signed | None = None) -> Vector:
    """What a node that holds this one makes of the file."""
    given = release.to_bytes(file) if isinstance(file, Signed) else file
    error = None
    try:
        release.check(release.from_bytes(given), ROSTER, held)
    except ProtocolError as refusal:
        error = refusal.name
    except OldRelease:
        error = OLD
    kept = release.to_bytes(held).hex() if held is not None else None
    return {"name": name, "file": given.hex(), "held": kept, "error": error}


def releases() -> Vector:
    """Releases that are taken, and that are not."""
    two = ("root 2", "root 4")
    rows = [list(row) for row in PACKAGES]
    good = said(7, *two)
    twice = good._replace(signatures=(good.signatures[0], good.signatures[0]))
    spoilt = good._replace(signatures=(good.signatures[0], (good.signatures[1][0], bytes(64))))
    cases = [
        case("by two of three", good),
        case("by all three", said(7, "root 2", "root 3", "root 4")),
        case("and by a key that was the root's once", said(7, "root 1", *two)),
        case("with what need not be understood", raw(rows, *two, ext={3: b"x"})),
        case("the next one", said(8, *two), good),
        case("the same again, by other keys", said(7, "root 2", "root 3"), good),
        case("the one before", said(6, *two), good),
        case("another one with the same number", said(7, *two, version="0.2.1"), good),
        case("by one alone", said(7, "root 2")),
        case("by one of them and one that was", said(7, "root 1", "root 2")),
        case("by the publisher", said(7, "root 2", "publisher 2")),
        case("by one twice", twice),
        case("by nobody", said(7)),
        case("a signature that does not hold", spoilt),
        case("of another network", said(7, *two, network_id=bytes(32))),
        case("with what must be understood", raw(rows, *two, ext={-1: b"x"})),
        case("packages out of order", raw(rows[::-1], *two)),
        case("a package twice", raw([rows[0], rows[0]], *two)),
        case("no package", raw([], *two)),
        case("a package in a folder", raw([["../sanji.whl", 5, bytes(32)]], *two)),
        case("a package that is hidden", raw([[".sanji.whl", 5, bytes(32)]], *two)),
        case("an empty package", raw([["sanji.whl", 0, bytes(32)]], *two)),
        case("number 0", raw(rows, *two, number=0)),
        case("a bit is another", bytes.fromhex(flipped(release.to_bytes(good).hex()))),
        case("another form", encode([release.NAME, 2, good.payload, []])),
    ]
    return {"about": "Releases: which files of packages a node takes.", **network(), "cases": cases}
