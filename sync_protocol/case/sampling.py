"""A sample of cases drawn to be looked at: of which period, out of how many, which ones, and what is asked of each.

A sample is an event of kind 74 in the ``about:`` scope of the place that drew it, apart, about no case. Nobody can take
one back: it stands in the place's own signed stream, and every draw is listed.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from sync_protocol import encoding, errors
from sync_protocol.case import kinds
from sync_protocol.case.bodies import is_date, is_int, is_place, plain
from sync_protocol.case.events import Position

KIND: Final = kinds.SAMPLE
OF: Final = ("settled", "running")
MOST_CASES: Final = 100
MOST_QUESTIONS: Final = 16
QUESTION_MAX: Final = 60
_CASE_ID: Final = 16


class Sample(NamedTuple):
    """What was drawn. ``what``: cases decided in the period, or filed in it and not finished; ``out_of``: how many
    there were; ``cases``: (home, case id) of those drawn; ``questions``: the check form."""

    what: str
    first: str
    last: str
    out_of: int
    cases: tuple[tuple[str, bytes], ...]
    questions: tuple[str, ...]


class Drawn(NamedTuple):
    """A sample with who drew it, where and when."""

    position: Position
    place: str
    actor: str
    at_ms: int
    said: Sample

    def overlaps(self, other: Sample) -> bool:
        """Whether a period was drawn from before: nobody draws again until it pleases."""
        said = self.said
        return said.what == other.what and said.first <= other.last and other.first <= said.last


def to_bytes(said: Sample) -> bytes:
    """The body of a sample. Raises ValueError naming the first field that does not fit."""
    body = {
        0: said.what,
        1: said.first,
        2: said.last,
        3: said.out_of,
        4: [[home, case_id] for home, case_id in said.cases],
        5: list(said.questions),
    }
    wrong = _first_wrong(body)
    if wrong is not None:
        raise ValueError(wrong)
    return encoding.encode(body)


def from_bytes(raw: bytes) -> Sample | None:
    """What a body says; None where it does not fit its form, and then it says nothing."""
    try:
        body = encoding.decode(raw)
    except errors.ProtocolError:
        return None
    if type(body) is not dict or not all(type(key) is int and key >= 0 for key in body):
        return None
    if _first_wrong(body) is not None:
        return None
    drawn = tuple((home, case_id) for home, case_id in body[4])
    return Sample(body[0], body[1], body[2], body[3], drawn, tuple(body[5]))


def _first_wrong(body: Mapping[int, Any]) -> str | None:
    if body.get(0) not in OF:
        return "what"
    if not is_date(body.get(1)):
        return "first"
    if not is_date(body.get(2)) or body[2] < body[1]:
        return "last"
    if not is_int(body.get(3), 1, 2**53 - 1):
        return "out_of"
    drawn = body.get(4)
    if type(drawn) is not list or not 1 <= len(drawn) <= min(MOST_CASES, body[3]) or not all(map(_is_case, drawn)):
        return "cases"
    if len({(home, case_id) for home, case_id in drawn}) < len(drawn):
        return "cases"
    return None if _are_questions(body.get(5)) else "questions"


def _are_questions(value: object) -> bool:
    if type(value) is not list or not 1 <= len(value) <= MOST_QUESTIONS:
        return False
    return all(plain(each, 1, QUESTION_MAX) for each in value) and len(set(value)) == len(value)


def _is_case(value: object) -> bool:
    if type(value) is not list or len(value) != 2:
        return False
    return is_place(value[0]) and type(value[1]) is bytes and len(value[1]) == _CASE_ID


def newest_first(samples: Iterable[Drawn]) -> list[Drawn]:
    """Samples in the order of a list."""
    return sorted(samples, key=lambda each: (-each.at_ms, each.position))
