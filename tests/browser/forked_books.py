"""A county whose records and whose roster have forked, for the pages that say so to be looked at."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page

from tests.browser.conftest import Hall
from tests.builders import COUNTY, TOWNSHIP, VILLAGE
from tests.village_node.web import test_roster_forks
from tests.village_node.web.test_forks import address, forked_by_a_twin


@contextmanager
def forked(hall: Hall, folder: Path) -> Iterator[Iterator[tuple[str, Page]]]:
    """The pages of forks that wait for a ruling: at a village, where they are told of, at its township, where a head
    rules on that of the records, and at the county, whose root key rules on that of the roster."""
    with forked_by_a_twin(hall.network, folder):
        test_roster_forks.forked(hall.network)
        yield _pages(hall)


def _pages(hall: Hall) -> Iterator[tuple[str, Page]]:
    for place, role in ((VILLAGE, "agent"), (TOWNSHIP, "head"), (COUNTY, "head")):
        page = hall.staff(place, "0009", role)
        for path in ("/forks", address(hall.network.members[place]), "/roster-forks"):
            page.goto(path)
            page.evaluate("() => document.querySelectorAll('details').forEach(each => { each.open = true })")
            yield f"forked {place} {path.partition('/forks/')[0] or 'the fork'}", page
    page.goto("/health")
    yield "forked /health", page
