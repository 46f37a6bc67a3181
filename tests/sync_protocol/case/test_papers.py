"""The papers of a case are an observed-remove set: the same whatever came first, and judged by no bytes of theirs."""

from itertools import permutations
from typing import Any

import pytest

from sync_protocol import encoding
from sync_protocol.case import CaseEvent, Verdict, bodies, fold, kinds
from sync_protocol.case.papers import current, papers_of
from tests.sync_protocol.case.histories import CASE_ID, catalogue
from tests.sync_protocol.case.script import COUNTY, OTHER_VILLAGE, PLACES, TOWNSHIP, VILLAGE, Script
from tests.sync_protocol.case.second_fold import SecondFold


def adding(number: int, **more: Any) -> dict[int, Any]:
    said = {0: "add", 1: "户口簿", 2: bytes([number]) * 32, 3: 65_537, 4: "image/png", 5: bytes(64)}
    return {**said, **{int(key[1:]): value for key, value in more.items()}}


def plainly(events: list[CaseEvent]) -> set[bytes]:
    """The hashes of the current papers, as section 8 says it."""
    said = {each.position: encoding.decode(each.body or b"") for each in events if each.kind == kinds.PAPER}
    gone = {tuple(named) for body in said.values() for named in body.get(8, ())}
    return {body[2] for position, body in said.items() if body[0] == "add" and tuple(position) not in gone}


def test_the_order_in_which_papers_come_changes_nothing() -> None:
    script = Script()
    script.create()
    script.receive()
    first = script.write(VILLAGE, kinds.PAPER, adding(1))
    second = script.write(TOWNSHIP, kinds.PAPER, adding(2))
    script.write(COUNTY, kinds.PAPER, adding(3, _8=[list(first)]))
    script.write(VILLAGE, kinds.PAPER, {0: "withdraw", 8: [list(second)], 9: "拍错了"})
    for order in permutations(script.events[2:]):
        case = fold(VILLAGE, CASE_ID, [*script.events[:2], *order], PLACES, catalogue())
        assert {paper.hash for paper in current(case)} == {bytes([3]) * 32} == plainly(script.events)
        ended = {paper.hash[0]: paper.ended.place for paper in papers_of(case) if paper.ended is not None}
        assert ended == {1: COUNTY, 2: VILLAGE} and case.last == script.last
    second_fold = SecondFold(VILLAGE, CASE_ID, script.events, PLACES, catalogue())
    assert second_fold.verdicts == case.verdicts


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        (adding(1), None),
        (adding(1, _6=bytes(32), _7=30_720), None),
        ({0: "withdraw", 8: [[b"i" * 16, 1, b"m" * 8]], 9: "x"}, None),
        (adding(1, _5=bytes(32)), "chunks"),
        (adding(1, _5=bytes(96)), "chunks"),
        (adding(1, _3=10_485_761, _5=bytes(32 * 161)), "size"),
        (adding(1, _4="text/html"), "media"),
        (adding(1, _6=bytes(32)), "preview_size"),
        (adding(1, _7=5), "preview"),
        (adding(1, _6=bytes(32), _7=30_721), "preview_size"),
        ({0: "withdraw", 9: "x"}, "replaces"),
        ({0: "withdraw", 8: [[b"i" * 16, 1, b"m" * 8]]}, "reason"),
        ({0: "withdraw", 2: bytes(32), 8: [[b"i" * 16, 1, b"m" * 8]], 9: "x"}, "hash"),
    ],
)
def test_a_manifest_agrees_with_itself(body: dict[int, Any], wrong: str | None) -> None:
    assert bodies.check(kinds.PAPER, body) == wrong
    script = Script()
    script.create()
    position = script.write(VILLAGE, kinds.PAPER, body)
    judged = fold(VILLAGE, CASE_ID, script.events, PLACES, catalogue()).verdicts[position]
    assert judged == (Verdict("effective") if wrong is None else Verdict("void", f"malformed: {wrong}"))


def test_a_place_off_the_path_adds_nothing() -> None:
    script = Script()
    script.create()
    position = script.write(OTHER_VILLAGE, kinds.PAPER, adding(1))
    case = fold(VILLAGE, CASE_ID, script.events, PLACES, catalogue())
    assert case.verdicts[position] == Verdict("void", "off_path") and papers_of(case) == []
