"""The part of the casebook that writes evidence packages: all that is held of one case, for who believes nobody's word.

Positions of other cases in the same streams go in as item hashes: they lead from one event shown to the next, and from
the last one to a seal or a receipt behind it, and tell nothing else.
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from sync_protocol import receipt
from sync_protocol.checkpoint import Line
from sync_protocol.event import chain, item_hash, load_header
from sync_protocol.evidence_file import Package, Run, Shown, Vouched, sign
from sync_protocol.places import below, follows, parse_scope
from sync_protocol.receipt import Receipt
from sync_protocol.roster import Roster, rebuilt
from sync_protocol.seal import seal
from sync_protocol.stream import Head
from village_node.casebook import checkpoints as lines
from village_node.casebook.checkpointing import Checkpointing
from village_node.casebook.dispatch import Dispatch
from village_node.casebook.errors import NotAllowed
from village_node.store import Connection, cases, checkpoints, doubts, forks, receipts, streams
from village_node.store.cases import VERDICTS, CaseRow
from village_node.store.streams import EventRow, StreamRow
from village_node.witness import Sealed

_BELOW: Final = "below"


class _Piece(NamedTuple):
    """What is shown of one row of streams, the chain hash of the last of it, the receipts of what it begins with."""

    row: StreamRow
    shown: dict[int, Shown]
    hash: bytes
    receipts: tuple[Receipt, ...] = ()

    @property
    def last(self) -> Sealed:
        """What our own seal over all that is shown would say."""
        return Sealed(*self.row.key, max(self.shown), self.hash)


class Evidencing(Checkpointing, Dispatch):
    """Evidence packages."""

    def evidence(self, case_no: str) -> bytes | None:
        """The evidence package of a case, signed by this node (PROTOCOL.md, section 15); None where it is not here.

        Raises NotAllowed while this life of the node is not in the roster or may yet write something again, NotSaved
        when the witness file cannot be written, TooLarge.
        """
        me = self.identity
        with self.store.reading() as connection:
            row = cases.by_number(connection, case_no)
            if row is None:
                return None
            roster = self.roster_in(connection)
            node = roster.node(me.incarnation)
            if node is None or not node.serves or doubts.held(connection):
                raise NotAllowed(
                    "本机正在恢复，请与上级同步完成后再导出",
                    "this node is being restored: let it sync with the level above first, then export",
                )
            pieces = list(_pieces(connection, roster, row))
            package = self._package(connection, roster, row, pieces)
            # Our own checkpoint is sealed for this as well.
            vouched = [] if package.checkpoint is None else [_sealed(package.checkpoint.run)]
            own = [each for each in (*(piece.last for piece in pieces), *vouched) if each.incarnation == me.incarnation]
        lives = self.lives
        if lives is not None:
            # A seal that leaves is known to the witness first: whoever is put back behind it begins a new life.
            self.with_room(lambda: lives.witness.seal(own))
        return sign(package, me.incarnation, me.key)

    def _package(self, connection: Connection, roster: Roster, row: CaseRow, pieces: list[_Piece]) -> Package:
        changes = [change for part in roster.parts_for(parse_scope(row.scope)[1]) for change in roster.changes(part)]
        told = rebuilt(self.network_id, changes)
        if any(told.node(each.row.incarnation) is None for each in pieces):
            raise NotAllowed(
                "本案有记录出自名册裁定后不再列名的机器，不能导出存证",
                "something in this case was written by a machine that the roster names no more: it cannot be shown",
            )
        keys = {each.row.key for each in pieces}
        proven = [fork.proof for fork in forks.read(connection) if fork.key in keys]
        runs = [self._run(connection, each) for each in pieces]
        return Package(
            self.network_id,
            row.scope,
            row.case_id,
            self.clock(),
            row.case_no or "",
            row.state or "",
            tuple(changes),
            tuple(runs),
            tuple(one for each in pieces for one in each.receipts),
            self._vouched(connection, roster, zip(pieces, runs, strict=True)),
            tuple(proven),
        )

    def _run(self, connection: Connection, piece: _Piece) -> Run:
        row, first, last = piece.row, min(piece.shown), max(piece.shown)
        key = self.identity.lives.get(row.incarnation) if row.own else None
        if key is not None:
            seq, signature = last, seal(key, self.network_id, row.stream_id, Head(last, piece.hash))
        else:
            seq, signature = min(streams.seals_between(connection, row.id, last - 1, row.head_seq).items())
        end = max([seq, *(one.seq for one in piece.receipts)])
        headers = streams.headers(connection, row.id, first, end)
        shown = [piece.shown.get(at) or item_hash(raw) for at, raw in enumerate(headers, first)]
        return Run(row.incarnation, row.scope, first, _before(connection, row, first), tuple(shown), seq, signature)

    def _vouched(self, connection: Connection, roster: Roster, shown: Iterable[tuple[_Piece, Run]]) -> Vouched | None:
        """The newest checkpoint, where lines of it are of positions that the runs lead over."""
        newest = lines.newest(connection, roster)
        if newest is None:
            return None
        pairs = list(shown)
        held = checkpoints.of_streams(connection, [piece.row.stream_id for piece, _ in pairs])
        told = []
        for piece, run in pairs:
            line = held.get(piece.row.stream_id)
            if line is None or (line.author, line.checkpoint) != newest.key:
                continue
            if not run.first <= line.seq < run.first + len(run.rows):
                continue
            if line.hash == streams.hashes(connection, piece.row.id, line.seq, line.seq).get(line.seq):
                told.append(Line(*line[1:5], line.line_index, self._path(connection, line)))
        stream = streams.by_keys(connection, [(newest.author, below(roster.places.root))])
        for row in stream.values() if told else ():
            event = streams.event_at(connection, row.id, newest.seq)
            if event is not None:
                return Vouched(self._run(connection, _piece(row, [event])), tuple(told))
        return None


def _pieces(connection: Connection, roster: Roster, case: CaseRow) -> Iterator[_Piece]:
    """What is shown of the case, a piece for each branch of a stream; then what its events rely on."""
    held = [each for each in streams.of_cases(connection, [case.case_id]) if each.scope == case.scope]
    deps = {dep for each in held for dep in load_header(each.event.header).deps if parse_scope(dep[1])[0] == _BELOW}
    of_row: dict[int, list[EventRow]] = {}
    for each in held:
        of_row.setdefault(each.event.stream, []).append(each.event)
    for number, events in sorted(of_row.items()):
        row = streams.by_id(connection, number)
        first = min(event.seq for event in events)
        yield _piece(row, events, _receipts(connection, roster, row, first))
    relied = streams.by_keys(connection, {dep[:2] for dep in deps})
    for key, row in sorted(relied.items()):
        found = (streams.event_at(connection, row.id, dep[2]) for dep in sorted(deps) if dep[:2] == key)
        named = [event for event in found if event is not None]
        if named:
            yield _piece(row, named)


def _sealed(run: Run) -> Sealed:
    """What the seal of a run of one event says."""
    chain_hash = run.base
    for row in run.rows[: run.seq - run.first + 1]:
        chain_hash = chain(chain_hash, row if isinstance(row, bytes) else item_hash(row.header))
    return Sealed(run.incarnation, run.scope, run.seq, chain_hash)


def _piece(row: StreamRow, events: Iterable[EventRow], signed: Iterable[Receipt] = ()) -> _Piece:
    """Events of one row, as they are shown: with a verdict where they are about the case."""
    ordered = sorted(events, key=lambda event: event.seq)
    shown = {one.seq: Shown(one.header, one.salt, one.body, VERDICTS[one.verdict]) for one in ordered}
    return _Piece(row, shown, ordered[-1].hash, tuple(signed))


def _receipts(connection: Connection, roster: Roster, row: StreamRow, first: int) -> Iterator[Receipt]:
    """The receipts that cover something of what is shown, of nodes that are entitled to give them."""
    held = receipts.of_streams(connection, [row.id])
    for each in sorted(receipts.get(connection, [one[:2] for one in held])):
        signer = roster.node(each.signer)
        entitled = signer is not None and signer.serves and follows(roster.places, signer.place, row.scope)
        if entitled and each.seq >= first:
            yield receipt.from_bytes(each.receipt)


def _before(connection: Connection, row: StreamRow, first: int) -> bytes:
    """h(first - 1) of a branch."""
    if first == 1:
        return row.stream_id
    while row.trunk is not None and first <= row.since:
        row = streams.by_id(connection, row.trunk)
    return streams.hashes(connection, row.id, first - 1, first - 1)[first - 1]
