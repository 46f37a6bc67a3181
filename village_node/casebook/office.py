"""What every door of the casebook shares: the store, who we are, the roster in force, the clock, and the news.

All that changes is changed inside a transaction of the store. What is kept in memory here (the roster, answers that are
costly to compute) is a copy that carries the version it was made from. Where several workers share a database the
version is read with each use; where this process is the only writer it counts its own commits.
"""

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final, NamedTuple

from sync_protocol.case import Catalogue, editions, kinds
from sync_protocol.case.editions import Edition
from sync_protocol.case.publications import Publication
from sync_protocol.case.workdays import Calendar
from sync_protocol.errors import ProtocolError
from sync_protocol.event import Position, load_header, mark
from sync_protocol.places import below
from sync_protocol.roster import Node, Revoked, Roster, read_payload
from sync_protocol.suites import sha256
from village_node.casebook import cutting, equivocation
from village_node.casebook.equivocation import Taking, change_of
from village_node.casebook.errors import NotAllowed
from village_node.casebook.passing import Passing
from village_node.identity import Identity
from village_node.partials import Partials
from village_node.store import Connection, NotSaved, Overtaken, Store, StoreError, audit, peers, roster_forks, streams

NEWS: Final = "news"
ROSTER: Final = "roster"
INCARNATION: Final = peers.INCARNATION
ANYTHING: Final = "*"
PURGED: Final = "purged"  # the news that bodies were dropped, for whoever keeps some in memory
_LONGEST_ANNOUNCEMENT: Final = 7_000
# The order of entry of a life that nobody has countersigned yet: after everybody's.
NOT_COUNTERSIGNED: Final = 2**62

_log = logging.getLogger(__name__)


class Items(NamedTuple):
    """The items a node knows, which publication each published version is of, and with which growth it was read."""

    growth: int
    catalogue: Catalogue
    published: dict[tuple[str, int], Publication[Edition]]


class Office:
    """The shared room. ``clock`` gives milliseconds since 1970, ``randomness`` so many random bytes. ``retired``: this
    machine is out of service."""

    retired = False
    # The calendar of a node that has heard of none published, until the wiring hands in what is known.
    own_calendar = Calendar("", {})
    # What is on its way here from browsers; there is no room for it before the files of our lives are known.
    partials: Partials | None = None

    def __init__(
        self,
        store: Store,
        identity: Identity,
        clock: Callable[[], int],
        randomness: Callable[[int], bytes],
        catalogue: Catalogue,
    ) -> None:
        if identity.network_id is None:
            raise ValueError("a casebook belongs to a member of a network: complete the enrolment first")
        self.store = store
        self.identity = identity
        self.network_id = identity.network_id
        self.clock = clock
        self.randomness = randomness
        self.starter = catalogue
        self.passing = Passing()
        # Where one writes at a time, messages with segments stand in line here, and one of them at the writer: who has
        # little to write (people, what our ancestor says) waits for the end of one frame, and not of all that came.
        self.frames_line: AbstractContextManager[Any] = threading.Lock() if store.dialect == "sqlite" else nullcontext()
        self._callbacks: list[Callable[[set[str]], None]] = []
        self._memory_lock = threading.Lock()
        # The roster and how many changes it is made of, always replaced together.
        self._in_force = (Roster(self.network_id), 0)
        # How often it had become another one than that of before with more behind it, when it was last read.
        self._roster_anew = 0
        # How often the roster may have grown, and how often had been looked at when it was last read.
        self._roster_growth = 1
        self._roster_seen = 0
        # How often what is published may have grown, and what was made of it with which count.
        self.published_growth = 1
        self.calendar_kept: tuple[int, Calendar] | None = None
        self._items: Items | None = None
        self._said: dict[tuple[int, Position], Any] = {}
        # On SQLite this process is the only writer (the data folder is locked), so what it keeps needs no second look.
        self._alone = store.dialect == "sqlite"
        self._news = 0
        # A name for this process, so that it does not take its own announcements for news.
        self._worker = randomness(6).hex()
        with store.reading() as connection:
            self.roster_in(connection)
        store.listen(self._heard)

    @property
    def roster(self) -> Roster:
        """The roster in force."""
        if self._alone and self._roster_seen == self._roster_growth:
            return self._in_force[0]
        with self.store.reading() as connection:
            return self.roster_in(connection)

    @property
    def catalogue(self) -> Catalogue:
        """The items this node knows: what a network begins with, and what the county has published."""
        return self.items.catalogue

    @property
    def items(self) -> Items:
        """Those items with the publications they are of."""
        kept = self._items
        if kept is not None and kept.growth == self.published_growth:
            return kept
        with self.store.reading() as connection:
            return self.items_in(connection)

    def items_in(self, connection: Connection, *, anew: bool = False) -> Items:
        """The items as this transaction sees them; made again only after something was published. ``anew``: look again
        all the same, since another worker may have committed what we have not heard of yet."""
        growth, kept = self.published_growth, self._items
        if kept is not None and kept.growth == growth and not anew:
            return kept
        found = self.publications(connection, kinds.CATALOGUE, editions.from_bytes)
        published = editions.counting(found, self.starter)
        if kept is not None and published == kept.published:
            made = kept._replace(growth=growth)
        else:
            made = Items(growth, editions.catalogue_of(found, self.starter), published)
        self._items = made
        return made

    def heard_late(self, connection: Connection) -> bool:
        """Whether another worker has stored a publication that this process has not heard of: asked where a case
        waits, since it may wait for just that."""
        if self._alone:
            return False
        before = self._items
        return before is None or before.catalogue is not self.items_in(connection, anew=True).catalogue

    def publications(self, connection: Connection, kind: int, read: Callable[[bytes], Any]) -> list[Publication[Any]]:
        """Everything of this kind that a county on the way from here to the root has published and that can be read."""
        roster, here = self.roster_in(connection), self.identity.place
        if here not in roster.places:
            return []
        found = []
        for place in roster.places.path_up(here):
            if roster.places.level(place) != "county":
                continue
            for incarnation, seq, chain_hash, raw, body in streams.published(connection, below(place), kind):
                author = self.entitled(connection, roster, incarnation, below(place), seq)
                try:
                    header = load_header(raw)
                except ProtocolError:
                    continue
                sound = kinds.understood(header.kind, header.kind_version) and not any(
                    field < 0 for field in header.ext or ()
                )
                body = header.inline if header.inline is not None else body
                if author is None or author.place != place or header.case_id is not None or not sound or body is None:
                    continue  # of a later version, or its body is on its way: stored, and says nothing here yet
                position = Position(incarnation, seq, mark(chain_hash))
                said = self._said.get((kind, position)) or read(body)
                if said is not None:  # else it does not fit its form
                    self._said[kind, position] = said
                    rank = roster.places.rank(place)
                    found.append(Publication(position, place, rank, author.order, header.claimed, said))
        return found

    def catch_up(self, connection: Connection) -> bool:
        """Go on as the life that another worker has begun meanwhile; whether one had. Without the files of our lives
        nothing can be followed."""
        return False

    def note_late_acts(self, connection: Connection, entry: Any) -> None:
        """Look through what was written for acts of accounts that were disabled: not in an office that lists none."""

    def wrapped_file_key(self, _name: str, key: bytes) -> bytes:
        """As the database may have it: as it is, in an office without a shelf."""
        return key

    def hold_life(self, connection: Connection) -> None:
        """See that we write as the life that the database names, and keep it so to the end of this transaction: the
        first lock of every transaction that writes as a life of ours. Raises Overtaken, NotSaved."""
        if self._alone:  # nobody else begins one
            return
        before = self.identity.incarnation
        if peers.held_life(connection, INCARNATION) in (None, before):
            return
        if self.catch_up(connection) or self.identity.incarnation != before:
            raise Overtaken("another worker has begun a new life: this is written in that")
        raise NotSaved(
            "未保存：本机已换用新编号，请重新启动这一工作进程",
            "not saved: this node has begun a new life; start this worker again",
        )

    def hold_life_to_write(self, connection: Connection) -> None:
        """The same for who writes an event. Raises NotAllowed too, where this machine is revoked: what it wrote would
        count nowhere."""
        self.hold_life(connection)
        if self._revoked_by(self.roster_in(connection)) is not None:
            raise NotAllowed(
                "本机已被上级吊销，不能再收件、办件；请到本单位正在使用的机器上办理",
                "this machine was revoked by the level above: it files nothing more; work on the one in use",
            )

    def author(self, roster: Roster, incarnation: bytes) -> Node | None:
        """Who wrote a stream: from the roster, or a later life of this node that is not in it yet."""
        node, who = roster.node(incarnation), self.identity
        if node is None and who.former and incarnation in who.lives and who.place in roster.places:
            key = who.lives[incarnation]
            return Node(incarnation, who.place, key.suite, key.public, NOT_COUNTERSIGNED)
        return node

    def entitled(self, connection: Connection, roster: Roster, incarnation: bytes, scope: str, seq: int) -> Node | None:
        """The same, but for what stands for nothing by the roster: only overruled changes name its author, or it lies
        behind the cut of a revocation, or before one that names another event than is held. It is kept, and no more."""
        node = self.author(roster, incarnation)
        if node is None or not node.stands(scope, seq):
            return None
        if node.revoked is not None and seq > cutting.end_of(connection, roster, (), (incarnation, scope)):
            return None
        return node

    @property
    def revoked(self) -> Revoked | None:
        """What stands of this machine where it is revoked: the life of it that others know last."""
        return self._revoked_by(self.roster)

    def _revoked_by(self, roster: Roster) -> Revoked | None:
        if not roster.has_revoked:
            return None
        node = roster.node(self.speaker_by(roster).incarnation)
        return node.revoked if node is not None else None

    def speaker_by(self, roster: Roster) -> Identity:
        """The life of this node that who holds this roster knows: the present one, or the last one before in it."""
        who = self.identity
        named = {node.incarnation for node in roster.nodes_of(who.place)}
        known = (each for each in reversed(who.lives) if each in named)
        incarnation = next(known, who.incarnation)
        return who if incarnation == who.incarnation else who.in_life(incarnation)

    def news_version(self) -> int:
        """A number that is another one after each commit that changed something."""
        if self._alone:
            return self._news
        with self.store.reading() as connection:
            return peers.number(connection, NEWS) or 0

    def on_news(self, callback: Callable[[set[str]], None]) -> None:
        """Call back with the scopes concerned after each commit that changed something: in the thread that committed,
        before its call returns; for what another worker committed, in a thread of the store's."""
        self._callbacks.append(callback)

    def roster_in(self, connection: Connection) -> Roster:
        """The roster as this transaction sees it; read again only where it has grown."""
        return self.roster_and_version(connection)[0]

    def roster_and_version(self, connection: Connection) -> tuple[Roster, int]:
        """The roster as this transaction sees it, and how many changes it is made of.

        Not to be asked after ``keep_changes`` in the same transaction, which may yet be rolled back.
        """
        if self._alone and self._roster_seen == self._roster_growth:
            return self._in_force
        growth = self._roster_growth
        version = peers.number(connection, peers.ROSTER) or 0
        with self._memory_lock:
            roster, known = self._in_force
            if version > known:
                anew = roster_forks.made_anew(connection)
                if anew != self._roster_anew:
                    roster, self._roster_anew = equivocation.whole_roster(connection, self.network_id), anew
                else:
                    for row in peers.roster_changes(connection, known):
                        roster = roster.apply(change_of(row))
                self._in_force = (roster, version)
            self._roster_seen = growth
            return self._in_force

    def keep_changes(self, connection: Connection, taking: Taking, version: int) -> None:
        """Store roster changes just applied to the roster of this version, in their order, and what lies beside."""
        rows = []
        for change in taking.new:
            payload, signatures = read_payload(change), equivocation.signatures_of(change)
            rows.append((payload.part, payload.epoch, payload.n, sha256(change.payload), change.payload, signatures))
        equivocation.write(connection, taking)
        peers.add_roster_changes(connection, rows, version)

    def note(self, connection: Connection, actor: str, action: str, subject: str, **detail: object) -> None:
        """Write the audit line of an act in the act's own transaction, next to last: both are kept, or neither."""
        audit.append(connection, audit.Line(self.clock(), actor, action, subject, detail))

    def mark_news(self, connection: Connection, scopes: set[str]) -> None:
        """The last act of a transaction that changed something: caches of other workers see a new version."""
        if self._alone:
            return
        peers.count_up(connection, NEWS)
        words = " ".join(sorted(scopes))
        if len(words) > _LONGEST_ANNOUNCEMENT:
            words = ANYTHING
        self.store.announce(connection, f"{self._worker} {words}")

    def tell(self, scopes: set[str]) -> None:
        """After the commit: call back whoever waits for news. What is saved stays saved, whoever cannot hear of it."""
        for trouble in self._call_back(scopes):
            _log.warning("news of %d scopes did not reach everybody here: %s", len(scopes), trouble)

    def _call_back(self, scopes: set[str]) -> list[StoreError]:
        """Tell everybody; the troubles of those who could not read what the news is about."""
        with self._memory_lock:
            self._news += 1
            self._roster_growth += ROSTER in scopes
            self.published_growth += any(scope.startswith(("below:", ROSTER, ANYTHING)) for scope in scopes)
        if not scopes.isdisjoint((PURGED, ANYTHING)):
            self.passing.forget()
        troubles = []
        for callback in self._callbacks:
            try:
                callback(scopes)
            except StoreError as trouble:
                troubles.append(trouble)
        return troubles

    def _heard(self, words: str) -> None:
        """Another worker committed something. Raises a StoreError, so that the listener looks again."""
        worker, *scopes = words.split()
        if worker == ANYTHING or worker != self._worker:
            for trouble in self._call_back(set(scopes) or {ANYTHING}):
                raise trouble
