"""Where the line is down on the day of acceptance an item that is done at once has its fallback days: by the record of
contacts, and by nobody's word."""

import pytest

from sync_protocol.case import kinds
from tests.builders import COUNTY, TOWNSHIP, Network
from tests.village_node.web.counter import Counter, Visitor, exchange
from tests.village_node.web.errands import PAPERS, done
from tests.village_node.web.test_filing import held
from tests.village_node.web.test_previews import key_of
from village_node.casebook import BadBody

HALF_HOUR_MS = 1_800_000


@pytest.fixture
def clerk(township: Counter) -> Visitor:
    return township.sign_in("0101", "clerk", name="周涛")


def limit_of(counter: Counter, case: str) -> int:
    found = counter.member.casebook.clock_of(key_of(case))
    assert found is not None
    promised = found.clocks.of("promised")
    assert promised is not None
    return promised.limit


def test_a_silent_line_gives_the_fallback_and_every_node_finds_the_same(
    network: Network, township: Counter, county: Counter, clerk: Visitor
) -> None:
    exchange(network, (TOWNSHIP, COUNTY))
    since = network.clock.now_ms
    network.clock.now_ms += HALF_HOUR_MS
    clerk = township.sign_in("0103", "clerk")
    prompt = clerk.file("020", **PAPERS)
    done(clerk, prompt, "docket")
    network.clock.now_ms += 4 * HALF_HOUR_MS
    clerk = township.sign_in("0102", "clerk")
    late = clerk.file("020", **PAPERS)
    done(clerk, late, "docket")
    assert (limit_of(township, prompt), limit_of(township, late)) == (0, 3)
    assert held(township, prompt).unheard_since_ms is None and held(township, late).unheard_since_ms == since
    assert "受理时网络中断" in clerk.open(late).text and "受理时网络中断" not in clerk.open(prompt).text
    assert "承诺时限改为 3 个工作日" in clerk.open(f"{late}/clock").text
    exchange(network, (TOWNSHIP, COUNTY))
    assert (limit_of(county, prompt), limit_of(county, late)) == (0, 3)


def test_nobody_types_the_evidence_and_no_longer_promise_is_cut_by_it(
    network: Network, township: Counter, clerk: Visitor
) -> None:
    exchange(network, (TOWNSHIP, COUNTY))
    case = clerk.file("020", **PAPERS)
    book, key, seen = township.member.casebook, key_of(case), held(township, case).last
    with pytest.raises(BadBody) as refused:
        book.record("0101", {"clerk"}, *key, kinds.DOCKET, {0: 0, 4: 1}, seen)
    assert refused.value.field == "unheard_since_ms"
    network.clock.now_ms += 6 * HALF_HOUR_MS
    book.record("0101", {"clerk"}, *key, kinds.DOCKET, {0: 5}, seen)
    assert held(township, case).unheard_since_ms is None and limit_of(township, case) == 5
