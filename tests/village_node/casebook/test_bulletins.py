"""What is counted of a period, at whose place, what counts against it, and that a bulletin stays what it was."""

import re
from typing import Any

import pytest

from sync_protocol import encoding
from sync_protocol.case import bulletins, kinds
from sync_protocol.case.bulletins import Bulletin, Rules, Tally
from tests.builders import COUNTY, TOWNSHIP, VILLAGE, Network
from tests.village_node.web.conftest import county, network, village  # noqa: F401 - fixtures
from tests.village_node.web.counter import Counter, Visitor, everywhere
from tests.village_node.web.errands import PAPERS, done
from tests.village_node.web.test_filing import held
from tests.village_node.web.test_supervision import DAY_MS, address, pass_days, wrote
from tests.village_node.web.test_timeliness import settled  # noqa: F401 - a fixture
from village_node.casebook import BadBody, NotAllowed
from village_node.casebook.figures import sample_rules
from village_node.store import streams

SUPERVISION = frozenset({"supervisor"})
RULES = Rules(100, (7, 3, 1, 2), 1, 2, "庆政务发〔2026〕9号", "2026-12-01")


def tally_of(said: Bulletin, place: str) -> Tally:
    return next(each.tally for each in said.places if each.place == place)


def test_a_month_counts_what_came_in_was_accepted_settled_and_left(
    county: Counter,  # noqa: F811
    settled: dict[str, str],  # noqa: F811
) -> None:
    found = tally_of(county.member.casebook.figures("month", "2026-11"), COUNTY)
    assert found.received == found.accepted == 4
    assert (found.settled, found.in_hand, found.carried) == (3, 1, 0)
    assert (found.promised, found.early, found.on_time, found.late) == (3, 1, 1, 1)
    assert (found.used, found.left) == (3 + 5 + 7, 2 + 0 - 2)
    assert found.balanced
    # What is settled in November and was accepted then was in hand at no other end of a month.
    after = tally_of(county.member.casebook.figures("month", "2026-12"), COUNTY)
    assert (after.carried, after.accepted, after.settled) == (0, 0, 0)
    quarter = tally_of(county.member.casebook.figures("quarter", "2026-Q4"), COUNTY)
    assert quarter == found
