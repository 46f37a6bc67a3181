"""The part of the casebook that fills the rows of cases after an upgrade: a slice at a time, while people work."""

from typing import Final

from village_node.casebook import ledger
from village_node.casebook.ledger import Entry
from village_node.casebook.reading import Reading
from village_node.store import Overtaken, refolding

SLICE: Final = 200  # cases a transaction: people must not wait long for the writer


class Refolding(Reading):
    """What is left to fold again, and folding it."""

    def fold_slice(self) -> int:
        """Fold the next of the cases that a migration named; how many were folded, none where another worker was
        faster. Raises NotSaved."""
        if not self.left_to_fold():
            return 0
        try:
            with self.store.writing() as connection:
                keys = refolding.some(connection, SLICE)
                self.store.exclusive(connection, keys, [])
                entry = Entry(self.roster_in(connection), self.clock(), {}, refold=set(keys))
                scopes = ledger.write(self, connection, entry).scopes
                refolding.folded(connection, keys)
                self.mark_news(connection, scopes)
        except Overtaken:
            return 0
        self.tell(scopes)
        return len(keys)
