"""The part of the casebook that takes in the items of another county, or of the county that this one was tried out at:
all that was chosen of a file, or nothing."""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Final, NamedTuple

from sync_protocol.case.editions import Edition
from village_node.casebook import once
from village_node.casebook.cataloguing import Cataloguing, Growing
from village_node.casebook.errors import BadBody, NotFound
from village_node.store import Connection, peers
from village_node.store.locks import CaseKey
from village_node.store.requests import Request

_KEPT: Final = "catalogue_file"  # the file that was looked at last and is neither published nor dropped
# What a program's request came to.
LOOKED: Final = "catalogue:looked"
TAKEN: Final = "catalogue:taken"
_COUNT: Final = 8  # bytes


class KeptFile(NamedTuple):
    """A file that waits to be published or dropped: who brought it, and its bytes."""

    actor: str
    raw: bytes

    @property
    def digest(self) -> str:
        """Its SHA-256: who publishes it names what they saw."""
        return sha256(self.raw).hexdigest()


class Judged(NamedTuple):
    """Of a version that is to be published: what is wrong with it, or None; what is to be considered, in words."""

    wrong: BadBody | None
    considered: list[tuple[str, str]]


class Importing(Cataloguing):
    """Many versions at once."""

    def check_items(self, said: Sequence[Edition]) -> list[Judged]:
        """See of each of these versions, in their order, whether it can be published behind those before it."""
        known, found = Growing(self.catalogue), list[Judged]()
        for each in said:
            try:
                considered = self.check_item(each, known)
                known.add(self.merged(each, known).item)
                found.append(Judged(None, considered))
            except BadBody as wrong:
                found.append(Judged(wrong, []))
        return found

    def publish_items(
        self,
        actor: str,
        roles: Iterable[str],
        said: Sequence[Edition],
        request: Request | None = None,
        *,
        digest: str = "",
    ) -> int:
        """Publish these versions in their order, all or none; how many. ``digest``: of the file they are from, which
        waits no more then; any other that waits goes on waiting.

        Raises AlreadyDone with TAKEN as its scope and how many they were beside it (`count_of`), IdTaken, BadBody
        naming the field of the first that is wrong, NotAllowed, NotSaved.
        """
        self.check_publisher_of_items(roles)
        wrong = next((each.wrong for each in self.check_items(said) if each.wrong is not None), None)
        if wrong is not None:
            raise wrong

        def act(connection: Connection) -> tuple[int, set[str]]:
            once.became(connection, request, (TAKEN, len(said).to_bytes(_COUNT, "big")))
            kept = _kept(connection)
            done = kept is not None and kept.digest == digest
            if done:
                peers.remember_bytes(connection, _KEPT, b"")
            scopes = self._publish_editions(connection, actor, said) if said else set()
            if done:
                self.note(connection, actor, "catalogue.file.publish", digest[:16], versions=len(said))
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
            return _kept(connection)

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


def count_of(became: CaseKey) -> int:
    """How many versions went out, of what a request came to whose scope is TAKEN."""
    return int.from_bytes(became[1], "big")


def _kept(connection: Connection) -> KeptFile | None:
    kept = peers.bytes_of(connection, _KEPT)
    if not kept:
        return None
    actor, _, raw = kept.partition(b"\0")
    return KeptFile(actor.decode(), raw)
