"""The lives of this node as its casebook knows them: when a new one begins, and what becomes of the last events before.

Theory of operation. When a life ends, every stream it wrote is doubted from its highest receipt on: others may hold
something else there. The new life writes on at once, in streams of its own. Nothing of a doubted end leaves, nor what
the new life writes into the same scope, until an ancestor (at the root: everybody below who may hold it) has shown how
far it holds that stream. What comes back sealed takes the place of what stands here; what nobody holds is written again
by the new life, and what it has written meanwhile after that, so that every event still follows what it followed.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, NamedTuple

from sync_protocol import limits, receipt
from sync_protocol import roster as rosters
from sync_protocol.encoding import decode, encode
from sync_protocol.errors import BadReceipt, ProtocolError
from sync_protocol.exchange import NO_ALARM, RESTORED, ReceiptLine
from sync_protocol.roster import Roster
from sync_protocol.suites import sha256
from village_node.casebook import hearing, receipts
from village_node.casebook.countersigning import Countersigning
from village_node.casebook.errors import NotAllowed, NotFound, Stale
from village_node.casebook.hearing import Hearing
from village_node.casebook.office import ANYTHING, INCARNATION
from village_node.casebook.reading import Reading
from village_node.identity import Identity, NoIdentity
from village_node.rebirth import WORDS, Lives, Reason
from village_node.store import Connection, NotSaved, Overtaken, StoreError, doubts, forks, peers, roster_forks, streams
from village_node.store.locks import StreamKey
from village_node.store.streams import StreamRow
from village_node.witness import Published

DATABASE: Final = "database"
ROSTER_DOUBT: Final = "roster_doubt"
RETIRED: Final = "retired"
INTENDED: Final = "intended"
WENT_ON: Final = "went_on"


class Standing(NamedTuple):
    """Whether this machine is retired, whether another one has its identity (`succeeded`: by the roster, which names a
    later life of this place that is none of ours), which places below rang with us, and whether the present life waits
    to be countersigned."""

    retired: bool
    rings: bool
    alarms_below: list[str]
    provisional: bool
    succeeded: bool


class Incarnations(Countersigning, Reading):
    """The part of the casebook that begins a new life, and settles what the one before left behind."""

    lives: Lives | None = None
    pages_only = False
    _roster_doubted = False

    def keep_lives(self, lives: Lives, *, pages_only: bool = False) -> None:
        """Take charge of the files of our lives, and begin a new one where they do not fit the database.

        ``pages_only``: one more worker beside the one that syncs. What the files say is that one's to judge, which may
        be writing to them just now: this one goes on as the life that the database names. Raises NotSaved where that
        cannot be written or read.
        """
        self.lives = lives
        self.pages_only = pages_only
        self._beginning = threading.Lock()
        self._hearing = Hearing()
        self._forgotten: dict[StreamKey, ReceiptLine] = {}
        self._begun: list[Reason] = []
        self._on_begun: list[Callable[[Reason], None]] = []
        with self.store.reading() as connection:
            database, known = peers.bytes_of(connection, DATABASE), peers.bytes_of(connection, INCARNATION)
            self.retired = bool(peers.bytes_of(connection, RETIRED))
            self._roster_doubted = bool(peers.bytes_of(connection, ROSTER_DOUBT))
        if not self._alone:
            self.on_news(self._look_again)
        if pages_only:
            with self.store.reading() as connection:
                self.catch_up(connection)
            return
        if database is None or known is None:  # a database that has only now been made; no other start writes anything
            database, known = database or lives.new_database(), known or self.identity.incarnation
            with self.store.writing() as connection:
                peers.remember_bytes(connection, DATABASE, database)
                peers.remember_bytes(connection, INCARNATION, known)
        try:
            reason = lives.look_back(database)
        except OSError as problem:
            raise _not_written(problem) from problem
        if reason is None and known != self.identity.incarnation:
            reason = Reason.AHEAD
        if reason is None:
            with self.store.reading() as connection:
                reason = Reason.AHEAD if self._is_behind(connection, lives) else None
        if reason is not None:
            self.begin_again(reason)
        self._show_waiting()

    def catch_up(self, connection: Connection) -> bool:
        """Go on as the life that another worker has begun meanwhile; whether one had. Raises NotSaved."""
        known = peers.bytes_of(connection, INCARNATION)
        if self.lives is None or known in (None, self.identity.incarnation):
            return False
        if not self._beginning.acquire(blocking=False):
            return True  # somebody here begins one just now, and may wait for what this transaction holds
        try:
            try:
                present = self.lives.present(known or b"")
            except (OSError, NoIdentity) as problem:
                raise _not_written(problem) from problem
            self.identity = present
            self._roster_doubted = bool(peers.bytes_of(connection, ROSTER_DOUBT))
            self._hearing.begin()
            self._forgotten.clear()
        finally:
            self._beginning.release()
        return True

    def _look_again(self, scopes: set[str]) -> None:
        """Another worker may have begun a new life, taken this machine out of service, or answered for somebody."""
        if ANYTHING not in scopes:
            return
        with self.store.reading() as connection:
            self.catch_up(connection)
            self.retired = bool(peers.bytes_of(connection, RETIRED))
        self._show_waiting()

    def on_begun(self, callback: Callable[[Reason], None]) -> None:
        """Call back with the reason of each new life, those begun so far among them."""
        for reason in self._begun:
            callback(reason)
        self._on_begun.append(callback)

    def begin_again(self, reason: Reason, *, ended: bytes | None = None, actor: str = "", whole: bool = False) -> None:
        """Begin a new life at once: the next event is its first. `ended`: the incarnation that is at its end; nothing
        is done where another one has begun meanwhile. `actor`: who has chosen it, where somebody has. `whole`: the
        database has lost nothing, so that nothing is in doubt.

        Raises NotSaved; then the life before goes on.
        """
        lives = self.lives
        assert lives is not None, "a casebook that speaks with others is wired with the files of its lives"
        with self._beginning:
            before, succeeded = self.identity, self._is_succeeded(self.roster)
            if ended not in (None, before.incarnation):
                return
            try:
                with self.store.writing() as connection:
                    last = before
                    if not self._alone:
                        known = peers.held_life(connection, INCARNATION, to_change=True)
                        if ended is not None and known != ended:
                            return  # another worker has begun it: who writes next goes on as that
                        last = lives.newest()  # with what another worker has begun and published since
                    database = peers.bytes_of(connection, DATABASE) or b""
                    begun = lives.begin(last, reason, self.clock(), database)
                    peers.remember_bytes(connection, INCARNATION, begun.incarnation)
                    peers.forget_alarms(connection)
                    if not whole:
                        doubts.begin(connection)
                        hearing.forget_answers(connection)
                    if not whole and self.identity.place in self.roster_in(connection).heads():
                        peers.remember_bytes(connection, ROSTER_DOUBT, b"\1")
                    if succeeded or reason == Reason.OPERATOR:
                        peers.remember_bytes(connection, WENT_ON, b"" if reason == Reason.OPERATOR else b"\1")
                    self._note_begun(connection, begun.incarnation, reason, actor)
                    self.mark_news(connection, {ANYTHING})
                    # Inside: on SQLite nobody writes as the life before once this transaction has begun.
                    self.identity = begun
            except (OSError, NoIdentity) as problem:
                self.store.give_room()  # for the next try: of this one some files may be there already
                raise _not_written(problem) from problem
            except StoreError:
                self.identity = before
                raise
            if not whole:
                self._roster_doubted = self._roster_doubted or before.place in self.roster.heads()
                self._hearing.begin()
            self._forgotten.clear()
            self._begun.append(reason)
        self.tell({ANYTHING})
        for callback in self._on_begun:
            callback(reason)

    def _note_begun(self, connection: Connection, incarnation: bytes, reason: Reason, actor: str) -> None:
        """Write into the audit trail that a new life has begun, why, and who has chosen it."""
        if actor:
            self.note(connection, actor, "node.rekey" if reason == Reason.REKEY else "node.go_on", self.identity.place)
        zh, en = WORDS[reason]
        self.note(
            connection,
            "node",
            "node.new_life",
            incarnation.hex(),
            reason=reason.value,
            zh=f"已启用新编号：{zh}",
            en=f"a new incarnation has begun: {en}",
        )

    def retire(self, actor: str) -> None:
        """This machine is taken out of service: it neither files nor syncs any more. Raises NotSaved."""
        with self.store.writing() as connection:
            peers.remember_bytes(connection, RETIRED, b"\1")
            self.note(connection, actor, "node.retire", self.identity.place)
            self.mark_news(connection, {ANYTHING})
        self.retired = True
        self.tell({ANYTHING})

    @property
    def provisional(self) -> bool:
        """Whether the present life waits for the level above to countersign it."""
        return bool(self.identity.former) and self._waits(self.roster, self.identity.incarnation)

    @staticmethod
    def _waits(roster: Roster, incarnation: bytes) -> bool:
        node = roster.node(incarnation)
        return node is None or node.struck

    @property
    def speaker(self) -> Identity:
        """The life that others know: the present one, or until it is countersigned the last one that was."""
        return self.speaker_by(self.roster)

    def renewal(self) -> bytes:
        """The request by which the present life asks to be countersigned: that of an enrolment, with our new key."""
        who, places = self.identity, self.roster.places
        level, name = places.level(who.place), places.name(who.place)
        return rosters.enrol_request(who.key, who.place, level, name, who.incarnation)

    def standing(self) -> Standing:
        """How it stands with who we are, from the most to the least pressing."""
        with self.store.reading() as connection:
            alarms = peers.alarms(connection)
            forked = any(row.incarnation == self.identity.incarnation for row in forks.read(connection))
        below = [place for direction, place, alarm in alarms if direction == "down" and alarm != RESTORED]
        rings = forked or any(direction == "up" for direction, _, _ in alarms)
        succeeded = self._is_succeeded(self.roster)
        return Standing(self.retired, rings or succeeded, below, self.provisional, succeeded)

    def _is_succeeded(self, roster: Roster) -> bool:
        """Whether the roster names a later life of this place than ours, which another machine has begun. Once our
        people have chosen, the life that they began waits to be countersigned, and will be the later one."""
        who = self.identity
        node = roster.node(who.incarnation)
        if node is None or not node.serves:
            return False
        return roster.serving(who.place)[-1].incarnation not in who.lives

    def leaves_the_choice(self, roster: Roster) -> bool:
        """Whether what comes of our own part is the work of another machine that lives on beside this one. Once this
        one has gone on by itself, as a disk does that was put back; then two would succeed each other day by day."""
        with self.store.reading() as connection:
            return bool(peers.bytes_of(connection, WENT_ON)) and self._is_succeeded(roster)

    def settle_alarm(self, actor: str, place: str) -> None:
        """People have looked at the alarm of a place below and know what it was. Raises NotFound, NotSaved."""
        with self.store.writing() as connection:
            lives = [row for row in peers.peers(connection) if (row.place, row.direction) == (place, "down")]
            if not lives:
                raise NotFound("没有这一下级单位", "there is no such place below")
            for row in lives:
                if row.alarm:
                    peers.change_peer(connection, row.incarnation, {"alarm": NO_ALARM})
            self.note(connection, actor, "children.settle_alarm", place)

    def life(self) -> dict[str, Any]:
        """What the health page and `status --json` say of the lives of this node."""
        standing = self.standing()
        return {
            "provisional": standing.provisional,
            "retired": standing.retired,
            "rings": standing.rings,
            "succeeded": standing.succeeded,
            "alarms_below": standing.alarms_below,
            "waits_for": self.waits_for(),
            "refused": self.renewal_refused() if standing.provisional else 0,
            "former": [
                {
                    "incarnation": each.incarnation.hex(),
                    "ended_ms": each.ended_ms,
                    "reason": each.reason,
                    "zh": WORDS[Reason(each.reason)][0],
                    "en": WORDS[Reason(each.reason)][1],
                }
                for each in self.identity.former
            ],
        }

    # Whom a restored node must have heard

    def heard_out(self, place: str) -> None:
        """A neighbour was heard in full and its roster does not go further than ours."""
        self._hearing.tell(place)
        if self._roster_doubted:
            self._show_waiting()

    def untold(self) -> list[str]:
        """The neighbours that must still say how far their roster goes before we publish; none for a sound witness."""
        if not self._roster_doubted:
            return []
        with self.store.reading() as connection:
            roster = self.roster_in(connection)
            here = self.identity.place
            around = [*roster.places.path_up(here)[1:2], *hearing.below(connection, roster, here)]
            answered = hearing.answered_for(connection)
        return [
            place
            for place in around
            if roster.serving(place) and place not in answered and not self._hearing.has_told(place)
        ]

    def waits_for(self) -> list[str]:
        """The neighbours that we wait for: before we publish, or those below before we write again what never left."""
        if self.pages_only:  # the worker that syncs knows
            with self.store.reading() as connection:
                answered = hearing.answered_for(connection)
                return [place for place in hearing.shown_waiting(connection) if place not in answered]
        return self._waits_for()

    def _show_waiting(self) -> None:
        """Note for the workers that only show pages whom we wait for, where that has changed. Raises NotSaved."""
        if self._alone or self.pages_only:
            return
        waiting = self._waits_for()
        with self.store.reading() as connection:
            if hearing.shown_waiting(connection) == waiting:
                return
        with self.store.writing() as connection:
            hearing.show_waiting(connection, waiting)

    def _waits_for(self) -> list[str]:
        untold = self.untold()
        with self.store.reading() as connection:
            held = doubts.held(connection)
            if not held:
                return untold
            roster = self.roster_in(connection)
            asked = self._asked(connection, roster)
            unheard = {place for doubt in held for place in self._hearing.unheard(doubt, asked)}
            around = hearing.below(connection, roster, self.identity.place)
            above = self._above_passed_over(connection, roster) if self.identity.place in unheard else []
        return [*above, *(place for place in around if place in unheard or place in untold)]

    def _above_passed_over(self, connection: Connection, roster: Roster) -> list[str]:
        """The place above where only one further up was heard, by hand: people must bring its word, or answer for it.
        By line the one that is spoken with is asked, and nobody has to do anything."""
        above = roster.places.parent(self.identity.place)
        waited_for = self._hearing.passed_over and above not in hearing.answered_for(connection)
        return [above] if above is not None and waited_for else []

    def answer_for(self, actor: str, place: str) -> None:
        """People answer for a neighbour that will not be heard: we wait for it no longer, whatever it may hold of this
        life's predecessors. Raises Stale where another life has begun meanwhile, which this worker had not heard of: it
        was not said of that, and nothing was done; NotSaved."""
        try:
            with self.store.writing() as connection:
                self.hold_life(connection)
                hearing.answer_for(connection, place)
                self.note(connection, actor, "node.answer_for", place)
                self.mark_news(connection, {ANYTHING})
        except Overtaken:
            raise Stale(
                "本机刚刚启用了新编号，您的选择没有记下：请重新查看在等哪些单位，再作选择",
                "a new incarnation has just begun and your answer was not taken: see again whom it waits for",
            ) from None
        self.tell({ANYTHING})

    def _asked(self, connection: Connection, roster: Roster) -> dict[str, set[str]]:
        """Scope -> who must have shown what it holds there: everybody below who may hold it and has not been answered
        for, and above us the ancestor that we speak with, which stands here under our own place."""
        answered = {one for one in hearing.answered_for(connection) if not self._hearing.has_spoken(one)}
        here = self.identity.place
        around = [one for one in hearing.below(connection, roster, here) if one not in answered]
        return hearing.asked_of(roster, around if self.identity.parent is None else [here, *around], self._hearing)

    def check_publishable(self, *, agreed: bool = False) -> None:
        """See that no number of our part of the roster can be given twice: by two workers, or by this life and one
        before. `agreed`: the operator says that nothing is forgotten.

        Raises NotAllowed naming whom we wait for, NotSaved.
        """
        fork = self.roster.forks.get(self.identity.place)
        if fork is not None:
            raise NotAllowed(
                f"本单位名册第 {fork.split} 号有两份不同的变更，须由县级根密钥裁定后才能再签发：请看“名册分叉”页",
                f"two changes bear number {fork.split} of our part of the roster: nothing is published before the root"
                " has ruled; see Roster forks",
            )
        self.check_heard(agreed=agreed)

    def check_heard(self, *, agreed: bool = False) -> None:
        """The same, whatever is known of forks: this machine is the place's, and all have been heard who may hold a
        change that it has forgotten. Raises NotAllowed, NotSaved."""
        if self.pages_only:
            raise NotAllowed(
                "名册只能由负责同步的那个进程签发，这个页面由另一个进程提供：请由管理员在服务器上用命令办理",
                "only the worker that syncs publishes, and another one shows this page: give the command at the server",
            )
        if self._is_succeeded(self.roster):
            raise NotAllowed(
                "本单位已由另一台机器继续使用，本机不能签发名册：请先在“运行状况”页选择由哪台机器继续",
                "another machine goes on in this place, so this one publishes nothing: choose under Health which stays",
            )
        untold = self.untold()
        if untold and not agreed:
            raise NotAllowed(
                f"本机曾从备份恢复，须先与下列单位各同步一次，才能签发名册：{'、'.join(untold)}",
                f"this node was restored: it publishes only after an exchange with each of {', '.join(untold)}",
            )
        if self._roster_doubted:
            with self.store.writing() as connection:
                peers.remember_bytes(connection, ROSTER_DOUBT, b"")
            self._roster_doubted = False

    def intend(self, change: rosters.Change) -> None:
        """Keep a change of our part in the database before the witness file names it, where nobody is told of it: a
        power cut between the two then looks like what it is, and not like an older copy put back. Raises NotSaved."""
        with self.store.writing() as connection:
            peers.remember_bytes(connection, INTENDED, encode(rosters.change_values(change)))

    def take_up_intended(self) -> rosters.Change | None:
        """The change that a power cut kept from our roster after the witness file had named it; None where there is
        none. Raises NotReadable."""
        if self.lives is None or self.pages_only:
            return None
        with self.store.reading() as connection:
            change, roster = _intended(connection), self.roster_in(connection)
            aside = {row.hash for row in roster_forks.aside(connection)}
        if change is None or sha256(change.payload) in aside:
            return None
        payload = rosters.read_payload(change)
        noted = self.lives.witness.parts.get(payload.part)
        held = len(roster.changes(payload.part))
        return change if noted == (payload.n, sha256(change.payload)) and held + 1 == payload.n else None

    def witness_change(self, change: rosters.Change) -> None:
        """Note a change of our part in the witness file, before it takes effect anywhere. Raises NotSaved."""
        lives = self.lives
        if lives is not None:
            payload = rosters.read_payload(change)
            noted = Published(payload.part, payload.n, sha256(change.payload))
            self.with_room(lambda: lives.witness.publish(noted))

    def with_room(self, write: Callable[[], None]) -> None:
        """Write beside the database, and once more where the reserve has made room for it. Raises NotSaved."""
        try:
            write()
        except NotSaved:
            if not self.store.give_room():
                raise
            write()

    def _is_behind(self, connection: Connection, lives: Lives) -> bool:
        """Whether the witness knows of a seal or a roster change that this database does not hold."""
        witness = lives.witness
        held = streams.by_keys(connection, witness.streams) if witness.streams else {}
        for key, (seq, chain_hash) in witness.streams.items():
            row = held.get(key)
            if row is None or row.head_seq < seq or doubts.hash_at(connection, row, seq) != chain_hash:
                return True
        if self._roster_doubted:
            return False
        roster, intended = self.roster_in(connection), _intended(connection)
        if intended is not None:
            with suppress(ProtocolError):
                roster = roster.apply(intended)
        for part, (n, payload_hash) in witness.parts.items():
            changes = roster.changes(part)
            gone = len(changes) < n or sha256(changes[n - 1].payload) != payload_hash
            if gone and payload_hash not in {row.hash for row in roster_forks.aside(connection)}:
                return True
        return False

    # What shows that we have forgotten something

    @property
    def minds_its_roster(self) -> bool:
        """Whether a change of our own part that comes from elsewhere shows that this life has forgotten it."""
        return self.lives is not None and not self._roster_doubted

    def note_own_receipt(
        self, connection: Connection, row: StreamRow | None, line: ReceiptLine, roster: Roster, bringer: bytes
    ) -> None:
        """Keep in mind a receipt of ours that goes beyond what we know to have signed, if who brings it may have it; it
        is checked when its stream has come so far."""
        if not receipts.may_hold(roster, bringer, line):
            return
        signed = receipts.given(connection, row, line.signer) if row is not None else 0
        if self.lives is not None and line.seq > signed and len(self._forgotten) < limits.RECEIPTS_A_MESSAGE:
            self._forgotten[line.incarnation, line.scope] = line

    def has_forgotten(self, connection: Connection, roster: Roster) -> bool:
        """Whether one of the receipts kept in mind is ours beyond doubt: then we have forgotten that we gave it."""
        if self.lives is None or not self._forgotten:
            return False
        me = roster.node(self.identity.incarnation)
        lines = dict(self._forgotten)
        for key, row in streams.by_keys(connection, lines).items():
            line = lines[key]
            if me is None or row.head_seq < line.seq:
                continue
            whole = receipts.whole(line, row.stream_id, receipts.hash_at(connection, row, line.seq))
            try:
                receipt.check(whole, me.suite, me.public, self.network_id)
            except BadReceipt:
                self._forgotten.pop(key, None)
                continue
            return True
        return False


def _intended(connection: Connection) -> rosters.Change | None:
    raw = peers.bytes_of(connection, INTENDED)
    return rosters.read_change(decode(raw)) if raw else None


def _not_written(problem: Exception) -> NotSaved:
    return NotSaved(
        f"未保存：本机身份文件读写失败（{problem}），请检查磁盘",
        f"not saved: the files that tell who this node is cannot be read or written ({problem}); look at the disk",
    )
