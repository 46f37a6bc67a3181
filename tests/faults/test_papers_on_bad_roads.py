"""A paper over real TCP that is cut again and again: what a cut costs, and that no case waits for a paper."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from sync_protocol import limits
from sync_protocol.case.papers import current
from tests.badlink import Faults
from tests.faults.test_real_roads import IMPATIENT, Hop
from village_node.casebook import CaseRef
from village_node.uploads import Upload

pytestmark = pytest.mark.sockets
SIZE = 700_000


@pytest.fixture
def hop(tmp_path: Path) -> Iterator[Hop]:
    """A village and a township that have met over TCP."""
    made = Hop(tmp_path)
    made.sync()
    yield made
    made.close()


def attached(hop: Hop, seed: int) -> tuple[CaseRef, bytes]:
    """A case with a paper that nothing can make smaller."""
    ref, raw = hop.village.file(), random.Random(seed).randbytes(SIZE)
    hop.village.casebook.add_paper(
        "0001", hop.village.roles, ref[:2], "身份证", Upload(raw, "image/jpeg", b"its preview")
    )
    return ref, raw


def percent(hop: Hop, ref: CaseRef) -> int:
    case = hop.township.casebook.case(*ref[:2])
    views = hop.township.casebook.papers(case) if case is not None else []
    return views[0].percent if views else 0


def test_a_paper_crosses_a_line_that_is_cut_and_each_cut_costs_a_chunk_at_most(hop: Hop) -> None:
    ref, raw = attached(hop, 1)
    chance, cuts, exchanges, before = random.Random(3), 0, 0, hop.link.bytes_up
    while percent(hop, ref) < 100:
        if chance.random() < 0.4:
            up = chance.random() < 0.7
            at = chance.randrange(1, 20_000 if up else 150)
            hop.link.faults = Faults(cut_up_at=at) if up else Faults(cut_down_at=at)
            hop.link.hang_up()
        else:
            hop.link.faults = Faults()
        cuts += not hop.uplink.exchange_once().ok
        exchanges += 1
        assert exchanges < 400
    case = hop.township.casebook.case(*ref[:2])
    assert case is not None and hop.township.casebook.original_of("0002", case, current(case)[0], "核对") == raw
    sent = hop.link.bytes_up - before
    assert cuts > 3 and sent < SIZE + cuts * (limits.BLOB_CHUNK + 2_000) + exchanges * 1_500, (sent, cuts, exchanges)


def test_a_stall_within_a_paper_costs_a_chunk_at_most_and_the_rest_follows(hop: Hop) -> None:
    ref, raw = attached(hop, 4)
    hop.uplink = hop.calling(hop.link.url, timeouts=IMPATIENT)
    while not 20 <= percent(hop, ref) < 100:
        assert hop.uplink.exchange_once().ok
    before, came = hop.link.bytes_up, percent(hop, ref)
    for at in (30_000, 40_000):
        hop.link.faults = Faults(stall_up_at=at)
        hop.link.hang_up()
        assert not hop.uplink.exchange_once().ok
    assert percent(hop, ref) == came, "of a chunk there is nothing or all"
    hop.link.faults = Faults()
    hop.link.hang_up()
    hop.sync()
    case = hop.township.casebook.case(*ref[:2])
    assert case is not None and hop.township.casebook.original_of("0002", case, current(case)[0], "核对") == raw
    left = SIZE * (100 - came) // 100 + limits.BLOB_CHUNK
    assert hop.link.bytes_up - before < left + 2 * (limits.BLOB_CHUNK + 2_000) + 15_000


def test_a_case_that_is_filed_while_a_paper_travels_is_there_with_the_next_exchange(hop: Hop) -> None:
    ref, _ = attached(hop, 2)
    while not 20 <= percent(hop, ref) < 100:
        assert hop.uplink.exchange_once().ok
    for _ in range(3):
        before = percent(hop, ref)
        urgent = hop.village.file()
        assert hop.township.casebook.case(*urgent[:2]) is None
        up = hop.link.bytes_up
        assert hop.uplink.exchange_once().ok
        assert hop.township.casebook.case(*urgent[:2]) is not None, "an event waits for no paper"
        assert hop.link.bytes_up - up < limits.BLOB_CHUNK + 4_000 and percent(hop, ref) <= before + 20
    hop.sync()
    assert percent(hop, ref) == 100
