"""Field 23: the child asks for the lines of a checkpoint that concern it, the ancestor answers with what it has."""

from typing import Any, NamedTuple

from sync_protocol import limits, merkle
from sync_protocol.checkpoint import Line
from sync_protocol.errors import Malformed, TooLarge
from sync_protocol.event import check_bytes, check_int
from sync_protocol.wire import Tables

_MOST = 2**merkle.LONGEST_PATH


class LinesAsked(NamedTuple):
    """A child's question: the lines of this checkpoint, from this index on, of streams that it follows."""

    author: bytes
    seq: int
    first: int


class Lines(NamedTuple):
    """The answer: of the lines from `first` up to, but not including, `upto`, all that the child may have."""

    author: bytes
    seq: int
    first: int
    upto: int
    lines: tuple[Line, ...]


def asked_values(asked: LinesAsked, tables: Tables) -> list[Any]:
    """The field in a request."""
    return [tables.incarnation(asked.author), asked.seq, asked.first]


def lines_values(answer: Lines, tables: Tables) -> list[Any]:
    """The field in a reply."""
    rows = [[tables.stream(*line[:2]), line.seq, line.hash, line.leaf, list(line.path)] for line in answer.lines]
    return [tables.incarnation(answer.author), answer.seq, answer.first, answer.upto, rows]


def read_asked(value: Any, tables: Tables) -> LinesAsked:
    """From a request. Raises Malformed."""
    if type(value) is not list or len(value) != 3:
        raise Malformed("checkpoint lines asked: must be an array of 3")
    author, seq, first = value
    check_int("checkpoint seq", seq, 1, limits.INT_MAX)
    check_int("checkpoint first", first, 0, _MOST)
    return LinesAsked(tables.incarnation_at(author), seq, first)


def read_lines(value: Any, tables: Tables) -> Lines:
    """From a reply; whether the paths lead to the root is judged where the checkpoint is held.

    Raises Malformed, TooLarge.
    """
    if type(value) is not list or len(value) != 5 or type(value[4]) is not list:
        raise Malformed("checkpoint lines: must be an array of 5, the last an array")
    author, seq, first, upto, rows = value
    check_int("checkpoint seq", seq, 1, limits.INT_MAX)
    check_int("checkpoint first", first, 0, _MOST)
    check_int("checkpoint upto", upto, first, _MOST)
    if len(rows) > limits.LINES_A_MESSAGE:
        raise TooLarge(f"checkpoint lines: {len(rows)}, at most {limits.LINES_A_MESSAGE}")
    lines = []
    least = first
    for row in rows:
        if type(row) is not list or len(row) != 5:
            raise Malformed("checkpoint line: must be an array of 5")
        stream, position, chain_hash, index, path = row
        check_int("checkpoint line seq", position, 1, limits.INT_MAX)
        check_bytes("checkpoint line hash", chain_hash, limits.HASH)
        check_int("checkpoint line index", index, least, upto - 1)
        siblings = merkle.check_path("checkpoint line path", path)
        lines.append(Line(*tables.stream_at(stream), position, chain_hash, index, siblings))
        least = index + 1
    return Lines(tables.incarnation_at(author), seq, first, upto, tuple(lines))
