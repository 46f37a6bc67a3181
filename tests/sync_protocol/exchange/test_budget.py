"""The frame budget grows, shrinks and learns within its bounds."""

import random

from sync_protocol import limits
from sync_protocol.exchange import FrameBudget
from sync_protocol.wire import PLAIN, ZSTD, pack_body


def test_the_budget_doubles_to_its_top_and_halves_to_one_segment() -> None:
    budget = FrameBudget()
    assert budget.packed == limits.FRAME_FIRST
    grown = []
    for _ in range(6):
        budget.succeeded()
        grown.append(budget.packed)
    assert grown == [32_768, 65_536, 131_072, 262_144, 262_144, 262_144]
    budget.failed()
    assert budget.packed == 131_072
    for _ in range(40):
        budget.failed()
    assert 0 < budget.packed < 1_000
    budget.succeeded()
    assert budget.packed > 0


def test_pieces_take_a_slow_line_for_some_seconds_and_a_fast_one_for_a_chunk() -> None:
    budget = FrameBudget(limits.FRAME_LARGEST)
    assert budget.room(budget.unpacked, some=False) == limits.BLOB_CHUNK
    budget.carried(20_000, 8.0)
    assert budget.room(budget.unpacked, some=False) == 15_000
    budget.carried(300, 20.0)
    budget.carried(5_000, 0.0)
    assert budget.room(budget.unpacked, some=True) == 15_000, "what is small, or takes no time, tells nothing"
    budget.carried(2_000, 60.0)
    assert budget.room(budget.unpacked, some=False) == limits.BLOB_ROOM
    budget.carried(60_000, 0.1)
    assert budget.room(budget.unpacked, some=False) == limits.BLOB_CHUNK


def test_a_budget_from_a_damaged_row_stays_within_its_bounds() -> None:
    assert FrameBudget(10**12).packed == limits.FRAME_LARGEST
    assert FrameBudget(-5).packed > 0


def test_content_that_packs_well_may_be_larger_and_never_beyond_what_a_message_holds() -> None:
    budget = FrameBudget()
    budget.learn(pack_body({23: b"the same again " * 40_000}, ZSTD))
    assert budget.unpacked == budget.packed, "a body of few bytes says nothing"
    text = random.Random(1).randbytes(6_000).hex().encode()
    budget.learn(pack_body({23: text}, ZSTD))
    assert 1.5 < budget.unpacked / budget.packed < 2.2
    budget.learn(pack_body({23: random.Random(2).randbytes(8_000)}, PLAIN))
    assert budget.unpacked == budget.packed
    budget.learn(pack_body({23: bytes(60_000_000 // 20)}, ZSTD) + bytes(0))
    for _ in range(9):
        budget.succeeded()
    assert budget.unpacked <= limits.UNPACKED // 2
