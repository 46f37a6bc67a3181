"""The part of the casebook about applications that were begun and never filed: how long what was typed is kept."""

from typing import Final

from village_node.casebook import once
from village_node.casebook.office import Office
from village_node.store import drafts

DRAFT_DAYS: Final = 30
_DAY_MS: Final = 86_400_000


class Unfiled(Office):
    """Drafts, whose names and numbers are of people who may never come back."""

    def forget_drafts(self) -> int:
        """Drop the drafts that nobody has kept anew for so many days; how many. By the time of requests, which a clock
        that is months ahead does not take along. Raises NotSaved."""
        with self.store.writing() as connection:
            time_ms, _ = once.time_of(connection, self.clock())
            return drafts.forget(connection, time_ms - DRAFT_DAYS * _DAY_MS)
