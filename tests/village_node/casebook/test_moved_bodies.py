"""A body that is written again names the new positions, and what its header says of it goes with it."""

from typing import Any

import pytest

from sync_protocol.case import bodies, kinds
from sync_protocol.encoding import decode, encode
from sync_protocol.event import Dep, Header, Position
from tests.builders import VILLAGE
from village_node.casebook import relying, rewriting

SCOPE = f"about:{VILLAGE}"
OLD, NEW = Position(b"o" * 16, 3, b"m" * 8), Position(b"n" * 16, 1, b"k" * 8)


def test_what_the_header_keeps_of_a_body_follows_the_body() -> None:
    said = {0: list(OLD), 1: "民政", 2: "agree"}
    ext = {bodies.KEPT_KEY: bodies.kept_of(kinds.COUNTERSIGNATURE, said)}
    header = Header(5, kinds.COUNTERSIGNATURE, 1, b"c" * 16, None, (), 0, 0, "0002", None, b"x" * 32, ext)
    moved = {(SCOPE, OLD.incarnation, OLD.seq): NEW}
    again, raw = rewriting._with_moved_body(moved, SCOPE, header, b"s" * 16, encode(said), VILLAGE)
    assert raw is not None
    body = decode(raw)
    assert body[0] == list(NEW)
    assert again.ext[bodies.KEPT_KEY] == bodies.kept_of(kinds.COUNTERSIGNATURE, body)
    assert again.commitment != header.commitment


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (kinds.SUPERVISION_ANSWER, {0: list(OLD), 1: "已办"}),
        (kinds.SPOT_CHECK, {0: "recheck", 1: "sound", 2: list(OLD)}),
        (kinds.ACTION_DONE, {0: list(OLD), 1: 1, 2: "已办"}),
    ],
)
def test_what_answers_something_elsewhere_relies_on_it(kind: int, content: dict[int, Any]) -> None:
    assert relying.relied_on(kind, content, SCOPE, b"me" * 8) == (Dep(OLD.incarnation, SCOPE, OLD.seq),)
    assert relying.relied_on(kind, content, SCOPE, OLD.incarnation) == ()
    assert relying.relied_on(kinds.SPOT_CHECK, {0: "check", 1: "sound"}, SCOPE, b"me" * 8) == ()
