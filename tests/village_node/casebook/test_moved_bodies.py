"""A body that is written again names the new positions, and what its header says of it goes with it."""

from sync_protocol.case import bodies, kinds
from sync_protocol.encoding import decode, encode
from sync_protocol.event import Header, Position
from village_node.casebook import rewriting

SCOPE = "about:621021101201"
OLD, NEW = Position(b"o" * 16, 3, b"m" * 8), Position(b"n" * 16, 1, b"k" * 8)


def test_what_the_header_keeps_of_a_body_follows_the_body() -> None:
    said = {0: list(OLD), 1: "民政", 2: "agree"}
    ext = {bodies.KEPT_KEY: bodies.kept_of(kinds.COUNTERSIGNATURE, said)}
    header = Header(5, kinds.COUNTERSIGNATURE, 1, b"c" * 16, None, (), 0, 0, "0002", None, b"x" * 32, ext)
    moved = {(SCOPE, OLD.incarnation, OLD.seq): NEW}
    again, raw = rewriting._with_moved_body(moved, SCOPE, header, b"s" * 16, encode(said))
    assert raw is not None
    body = decode(raw)
    assert body[0] == list(NEW)
    assert again.ext[bodies.KEPT_KEY] == bodies.kept_of(kinds.COUNTERSIGNATURE, body)
    assert again.commitment != header.commitment
