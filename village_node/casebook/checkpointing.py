"""The part of the casebook that checkpoints pass through: the county writes them, lines are asked for and handed on."""

from typing import Final

from sync_protocol import checkpoint, limits, merkle
from sync_protocol.case import kinds
from sync_protocol.checkpoint import Checkpoint, Line, Tree
from sync_protocol.exchange import Lines, LinesAsked
from sync_protocol.places import UnknownPlace, below, followed_scopes
from sync_protocol.stream import Draft, append
from village_node.casebook import checkpoints as lines
from village_node.casebook import ledger
from village_node.casebook.checkpoints import Progress
from village_node.casebook.desk import Desk
from village_node.casebook.errors import NotAllowed
from village_node.casebook.ledger import Entry
from village_node.casebook.reading import Reading
from village_node.store import Connection, checkpoints, doubts, streams
from village_node.store.checkpoints import LineRow
from village_node.store.streams import StreamRow

_CLOCK_BITS: Final = 16
_LINE_BYTES: Final = 90  # of a line before packing, but for its path


class Checkpointing(Desk, Reading):
    """What the county says daily of all it holds, and what everybody below makes of it."""

    # The tree of the newest checkpoint written here: paths are made from it as they are asked for.
    _tree: tuple[tuple[bytes, int], merkle.Levels] | None = None

    def write_checkpoint(self) -> Checkpoint:
        """Write a checkpoint over every stream held here. Raises NotAllowed (not the root, no events), NotSaved."""

        def act(connection: Connection) -> tuple[Checkpoint, set[str]]:
            roster = self.roster_in(connection)
            if not len(roster.places) or roster.places.root != self.identity.place:
                raise NotAllowed("只有最上级单位能写检查点", "only the highest place writes checkpoints")
            scope = below(self.identity.place)
            growth = self._locked_stream(connection, scope)
            held = self._vouched_for(connection)
            if not held:
                raise NotAllowed("本机还没有任何记录", "there are no events here yet")
            tree = Tree((row.stream_id, row.body_seq, row.body_hash) for row in held.values())
            now_ms = self.clock()
            known = kinds.BY_NUMBER[kinds.CHECKPOINT]
            hlc = max(now_ms << _CLOCK_BITS, growth.row.hlc + 1)
            content = checkpoint.body(tree.count, tree.root)
            draft = Draft(known.number, known.version, None, hlc, now_ms, "", content, known.holding == "apart")
            event = append(growth.row.stream_id, growth.head, draft, None)
            growth.events.append(event)
            ledger.write(self, connection, Entry(roster, now_ms, {growth.row.key: growth}))
            made = checkpoint.read(self.identity.incarnation, event.header)
            rows = []
            for index, (_, (stream, seq, chain_hash)) in enumerate(tree.lines):
                key = held[stream].key
                rows.append(LineRow(stream, *key, seq, chain_hash, *made.key, index, None, seq))
            checkpoints.keep_lines(connection, rows)
            lines.note_progress(connection, Progress(*made.key, tree.count))
            self.mark_news(connection, {scope})
            return made, {scope}

        return self._act(act)

    def checkpoint_would_stay(self) -> bool:
        """Whether a checkpoint written now would not leave for now: our life is not countersigned, or what it writes
        for everybody may yet be written again behind what the life before has left."""
        with self.store.reading() as connection:
            me = self.identity
            if me.former and self.roster_in(connection).node(me.incarnation) is None:
                return True
            return any(doubt.row.scope == below(me.place) for doubt in doubts.held(connection))

    def has_lines_of(self, written: Checkpoint | None) -> bool:
        """Whether the lines of a checkpoint are here, for those below to ask for."""
        with self.store.reading() as connection:
            return written is not None and lines.progress(connection)[:2] == written.key

    def holds_events(self) -> bool:
        """Whether there is anything a checkpoint could be about."""
        with self.store.reading() as connection:
            return bool(self._vouched_for(connection))

    def _vouched_for(self, connection: Connection) -> dict[bytes, StreamRow]:
        """stream id -> what a checkpoint says of it. Of a forked one always the branch that came first, and nothing
        that may be written again elsewhere: so a line never goes back."""
        sure = doubts.settled(connection, streams.in_scopes(connection), self.identity.incarnation)
        return {row.stream_id: row for row in sure if row.body_seq > 0 and not row.since}

    def newest_checkpoint(self) -> Checkpoint | None:
        """The newest checkpoint held here."""
        with self.store.reading() as connection:
            return lines.newest(connection, self.roster_in(connection))

    def lines_wanted(self) -> LinesAsked | None:
        """The lines to ask the level above for; None while no checkpoint is here or all its lines are."""
        about = self.remembered("newest checkpoint", lambda view: lines.newest(view, self.roster_in(view)))
        if about is None:
            return None
        with self.store.reading() as connection:
            return lines.asked(self, connection, about)

    def lines_for(self, asked: LinesAsked | None, place: str, budget: int) -> tuple[Lines | None, int]:
        """What is held here of the lines a node at ``place`` asks for and may have, and their bytes before packing: up
        to ``budget``, at least one. None where nothing of that checkpoint is here, or not so far."""
        if asked is None:
            return None, 0
        with self.store.reading() as connection:
            held = lines.progress(connection)
            try:
                scopes = followed_scopes(self.roster_in(connection).places, place)
            except UnknownPlace:
                return None, 0
            if held[:2] != asked[:2] or held.upto <= asked.first:
                return None, 0
            of_child = [
                row
                for row in checkpoints.in_scopes(connection, scopes)
                if (row.author, row.checkpoint) == asked[:2] and asked.first <= row.line_index < held.upto
            ]
            found: list[Line] = []
            size = 0
            for row in sorted(of_child, key=lambda row: row.line_index):
                line = Line(row.incarnation, row.scope, row.seq, row.hash, row.line_index, self._path(connection, row))
                size += _LINE_BYTES + limits.HASH * len(line.path)
                if found and (size > budget or len(found) == limits.LINES_A_MESSAGE):
                    return Lines(*asked, row.line_index, tuple(found)), size
                found.append(line)
        return Lines(*asked, held.upto, tuple(found)), size

    def _path(self, connection: Connection, row: LineRow) -> tuple[bytes, ...]:
        """The path of a line: as it came, or made from all the lines where they were written here."""
        if row.path is not None:
            return checkpoint.unpack_path(row.path)
        key = (row.author, row.checkpoint)
        tree = self._tree
        if tree is None or tree[0] != key:
            held = checkpoints.positions(connection, *key)
            tree = self._tree = (key, merkle.levels([merkle.leaf(merkle.line(*one)) for one in held]))
        return merkle.path(tree[1], row.line_index)
