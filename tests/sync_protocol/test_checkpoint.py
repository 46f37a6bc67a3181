"""A checkpoint's line holds for its stream and its root only; a question and an answer survive the wire."""

from dataclasses import replace
from random import Random
from typing import Any

import pytest

from sync_protocol import checkpoint, limits
from sync_protocol.checkpoint import Line, Tree, check, read
from sync_protocol.encoding import encode
from sync_protocol.errors import BadReceipt, Malformed, NeedsUpdate, ProtocolError, TooLarge
from sync_protocol.event import Header
from sync_protocol.exchange import Content, Lines, LinesAsked, content_map, read_content
from sync_protocol.exchange.lines import read_lines
from sync_protocol.wire import Tables

AUTHOR = b"C" * 16
SCOPES = ("about:621021101201", "below:621021")
HEADER = Header(7, 64, 1, None, None, (), 5 << 16, 5, "", checkpoint.body(3, bytes(32)), None, {})


def positions(count: int) -> list[tuple[bytes, int, bytes]]:
    """Made-up positions, the same ones each time."""
    random = Random(count)
    return [(random.randbytes(32), random.randrange(1, 2**40), random.randbytes(32)) for _ in range(count)]


def lines_of(tree: Tree) -> list[tuple[bytes, Line]]:
    return [
        (stream, Line(AUTHOR, SCOPES[0], seq, chain_hash, index, tree.path(index)))
        for index, (_, (stream, seq, chain_hash)) in enumerate(tree.lines)
    ]


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 31, 33])
def test_every_line_leads_to_the_root_whatever_order_the_heads_came_in(count: int) -> None:
    tree = Tree(positions(count))
    assert Tree(reversed(positions(count))).root == tree.root and tree.count == count
    for stream, line in lines_of(tree):
        check(line, stream, count, tree.root)
        assert checkpoint.unpack_path(checkpoint.pack_path(line.path)) == line.path


@pytest.mark.parametrize("count", [2, 3, 5, 8])
def test_a_line_holds_for_its_own_stream_position_and_root_only(count: int) -> None:
    tree = Tree(positions(count))
    made = lines_of(tree)
    for number, (stream, line) in enumerate(made):
        other = made[number - 1][0]
        lies = [(other, line), (stream, line._replace(seq=line.seq + 1)), (stream, line._replace(hash=bytes(32)))]
        lies += [(stream, line._replace(leaf=count)), (stream, line._replace(path=line.path[:-1]))]
        lies += [(stream, line._replace(path=(*line.path, bytes(32))))]
        for of, lie in lies:
            with pytest.raises(BadReceipt):
                check(lie, of, count, tree.root)
        with pytest.raises(BadReceipt):
            check(line, stream, count, bytes(32))


def test_a_checkpoint_is_read_from_its_event_and_numbers_beyond_the_known_are_left_alone() -> None:
    assert read(AUTHOR, HEADER) == checkpoint.Checkpoint(AUTHOR, 7, 3, bytes(32), 5)
    assert read(AUTHOR, HEADER._replace(inline=encode({0: 3, 1: bytes(32), 9: "later"}))).count == 3


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": 65}, {"kind_version": 2}, {"case_id": bytes(16)}, {"inline": None}, {"inline": encode([3, bytes(32)])},
        {"inline": encode({0: 3})}, {"inline": encode({0: 0, 1: bytes(32)})}, {"inline": encode({0: 3, 1: bytes(31)})},
        {"inline": encode({0: 3, 1: bytes(32), -1: 0})}, {"inline": encode({0: 2**33, 1: bytes(32)})},
    ],
)  # fmt: skip
def test_what_is_no_checkpoint_is_malformed(changes: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        read(AUTHOR, HEADER._replace(**changes))


def test_a_question_and_an_answer_survive_the_wire() -> None:
    tree = Tree(positions(5))
    answer = Lines(AUTHOR, 7, 1, 5, tuple(line for _, line in lines_of(tree))[1:4:2])
    asked = LinesAsked(AUTHOR, 7, 1)
    assert read_content(content_map(Content(lines_asked=asked)), reply=False).lines_asked == asked
    assert read_content(content_map(Content(lines=answer)), reply=True).lines == answer


LINE = [0, 4, bytes(32), 2, [bytes(32)]]


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ([0, 7, 0], Malformed), ([0, 0, 0, 5, []], Malformed), ([1, 7, 0, 5, []], Malformed),
        ([0, 7, 3, 2, []], Malformed), ([0, 7, 0, 2, [LINE]], Malformed), ([0, 7, 3, 5, [LINE]], Malformed),
        ([0, 7, 0, 5, [LINE, LINE]], Malformed), ([0, 7, 0, 5, [LINE[:4]]], Malformed),
        ([0, 7, 0, 5, [[0, 0, *LINE[2:]]]], Malformed), ([0, 7, 0, 5, [[0, 4, b"", 2, []]]], Malformed),
        ([0, 7, 0, 5, [[0, 4, bytes(32), 2, [bytes(31)]]]], Malformed),
        ([0, 7, 0, 5, [[0, 4, bytes(32), 2, [bytes(32)] * 33]]], Malformed),
        ([0, 7, 0, 5, [LINE] * (limits.LINES_A_MESSAGE + 1)], TooLarge),
    ],
)  # fmt: skip
def test_an_answer_of_another_shape_is_refused(value: Any, error: type[ProtocolError]) -> None:
    tables = Tables.read([AUTHOR], [SCOPES[0]], [0, 0])
    assert read_lines([0, 7, 0, 5, [LINE]], tables).lines[0].leaf == 2
    with pytest.raises(error):
        read_lines(value, tables)


@pytest.mark.parametrize(
    ("value", "reply", "error"),
    [
        ({0: [0, 7, 0]}, True, Malformed), ({0: [0, 7, 0, 5, []]}, False, Malformed),
        ({0: [0, 7, -1]}, False, Malformed),
        ([], False, Malformed), ({"0": 1}, False, Malformed), ({-1: 1}, False, NeedsUpdate),
    ],
)  # fmt: skip
def test_further_fields_keep_the_rules_of_a_message(value: Any, reply: bool, error: type[ProtocolError]) -> None:
    with pytest.raises(error):
        read_content({7: [AUTHOR], 23: value}, reply=reply)


def test_a_checkpoint_says_by_whom_and_where_it_was_written() -> None:
    first = read(AUTHOR, HEADER)
    assert first.key == (AUTHOR, 7) != replace(first, seq=8).key
