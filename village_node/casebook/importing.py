"""The part of the casebook that takes in the items of another county, or of the county that this one was tried out at:
all that was chosen of a file, or nothing."""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Final, NamedTuple

from sync_protocol.case.catalogue import Catalogue, Item
from sync_protocol.case.editions import Edition
from village_node.casebook import once
from village_node.casebook.cataloguing import Cataloguing
from village_node.casebook.errors import BadBody, NotFound
from village_node.store import Connection, peers
from village_node.store.requests import Request

_KEPT: Final = "catalogue_file"  # the file that was looked at last and is neither published nor dropped
# What a program's request came to.
LOOKED: Final = "catalogue:looked"
TAKEN: Final = "catalogue:taken"


class KeptFile(NamedTuple):
    """A file that waits to be published or dropped: who brought it, and its bytes."""

    actor: str
    raw: bytes

    @property
    def digest(self) -> str:
        """Its SHA-256: who publishes it names what they saw."""
        return sha256(self.raw).hexdigest()


class _Growing:
    """The items as they would be, one after the other."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._new: dict[str, Item] = {}

    def newest(self, item_no: str) -> Item | None:
        return self._new.get(item_no) or self._catalogue.newest(item_no)

    def add(self, item: Item) -> None:
        self._new[item.item_no] = item


class Importing(Cataloguing):
    """Many versions at once."""

    def check_items(self, said: Sequence[Edition]) -> list[BadBody | None]:
        """See of each of these versions, in their order, whether it can be published behind those before it: what is
        wrong with it, or None."""
        known, found = _Growing(self.catalogue), list[BadBody | None]()
        for each in said:
            try:
                self.check_item(each, known)
                known.add(self.merged(each, known).item)
                found.append(None)
            except BadBody as wrong:
                found.append(wrong)
        return found

    def publish_items(
        self, actor: str, roles: Iterable[str], said: Sequence[Edition], request: Request | None = None
    ) -> int:
        """Publish these versions in their order, all or none; how many. What a file that was kept held is dropped.

        Raises AlreadyDone with TAKEN as its scope, IdTaken, BadBody naming the field of the first that is wrong,
        NotAllowed, NotSaved.
        """
        self.check_publisher_of_items(roles)
        wrong = next(filter(None, self.check_items(said)), None)
        if wrong is not None:
            raise wrong

        def act(connection: Connection) -> tuple[int, set[str]]:
            known, scopes = _Growing(self.items_in(connection, anew=True).catalogue), set[str]()
            once.became(connection, request, (TAKEN, b""))
            peers.remember_bytes(connection, _KEPT, b"")
            for each in said:
                made = self.merged(each, known)
                known.add(made.item)
                scopes |= self._publish_edition(connection, actor, made)
            if scopes:
                self.mark_news(connection, scopes)
            return len(said), scopes

        return self._act(act, request)

    def keep_catalogue_file(self, actor: str, roles: Iterable[str], raw: bytes) -> None:
        """Keep a file to be looked at, in the place of the one before. Raises NotAllowed, NotSaved."""
        self.check_publisher_of_items(roles)
        kept = KeptFile(actor, raw)

        def act(connection: Connection) -> tuple[None, set[str]]:
            peers.remember_bytes(connection, _KEPT, actor.encode() + b"\0" + raw)
            self.note(connection, actor, "catalogue.file", kept.digest[:16], bytes=len(raw))
            return None, set()

        self._act(act)

    def catalogue_file(self) -> KeptFile | None:
        """The file that waits to be published or dropped."""
        with self.store.reading() as connection:
            kept = peers.bytes_of(connection, _KEPT)
        if not kept:
            return None
        actor, _, raw = kept.partition(b"\0")
        return KeptFile(actor.decode(), raw)

    def drop_catalogue_file(self, actor: str, roles: Iterable[str]) -> None:
        """Drop the file that waits. Raises NotFound where none does, NotAllowed, NotSaved."""
        self.check_publisher_of_items(roles)

        def act(connection: Connection) -> tuple[None, set[str]]:
            if not peers.bytes_of(connection, _KEPT):
                raise NotFound("没有待公布的目录文件", "no file of items waits")
            peers.remember_bytes(connection, _KEPT, b"")
            self.note(connection, actor, "catalogue.file.drop", "")
            return None, set()

        self._act(act)
