"""The county's checkpoints as a node below takes them: the newest one, its lines verified and kept, what they show.

What a line says beyond what is here has not arrived yet. What it says against what is here, or below what an older
checkpoint said, cannot both be true: then the county was restored, or does not tell everybody the same.
"""

from typing import Final, NamedTuple

from sync_protocol import checkpoint, encoding, merkle
from sync_protocol.checkpoint import Checkpoint, Line
from sync_protocol.errors import BadReceipt, ProtocolError
from sync_protocol.event import load_header
from sync_protocol.exchange import Lines, LinesAsked
from sync_protocol.places import UnknownPlace, below, follows
from sync_protocol.roster import Roster
from sync_protocol.stream import stream_id
from village_node.casebook.office import Office
from village_node.store import Connection, checkpoints, peers, streams
from village_node.store.checkpoints import LineRow
from village_node.store.locks import StreamKey

_PROGRESS: Final = "checkpoint_lines"
_LOOKED_THROUGH: Final = 8  # events of the kind, from the newest back, for one that can be read


class Progress(NamedTuple):
    """Of which checkpoint lines are held, and up to which index all that concern this node are."""

    author: bytes = b""
    seq: int = 0
    upto: int = 0


class Standing(NamedTuple):
    """What the lines held show: how many events have not arrived, and the streams of which they tell what cannot be."""

    newest: Checkpoint | None = None
    complete: bool = False
    not_arrived: int = 0
    contradicted: tuple[StreamKey, ...] = ()
    went_back: tuple[StreamKey, ...] = ()

    @property
    def alarms(self) -> int:
        """How many streams tell that the county was restored, or lies."""
        return len(set(self.contradicted) | set(self.went_back))


def newest(connection: Connection, roster: Roster) -> Checkpoint | None:
    """The newest checkpoint held here."""
    if not len(roster.places):
        return None
    root = roster.places.root
    nodes = sorted(roster.nodes_of(root), key=lambda node: node.order, reverse=True)
    rows = streams.by_keys(connection, [(node.incarnation, below(root)) for node in nodes])
    for node in nodes:
        row = rows.get((node.incarnation, below(root)))
        if row is None:
            continue
        for header in checkpoints.newest_headers(connection, row.id, checkpoint.KIND, _LOOKED_THROUGH):
            try:
                found = checkpoint.read(node.incarnation, load_header(header))
                if node.stands(below(root), found.seq):
                    return found
            except ProtocolError:
                continue  # of a later version, or no checkpoint at all: stored, and shown as any event is
    return None


def progress(connection: Connection) -> Progress:
    """How far the lines are here."""
    raw = peers.bytes_of(connection, _PROGRESS)
    return Progress(*encoding.decode(raw)) if raw is not None else Progress()


def note_progress(connection: Connection, made: Progress) -> None:
    """Remember how far the lines are here."""
    peers.remember_bytes(connection, _PROGRESS, encoding.encode(list(made)))


def asked(office: Office, connection: Connection, wanted: Checkpoint) -> LinesAsked | None:
    """What to ask of the level above: the lines of the newest checkpoint that are not here yet."""
    if office.identity.parent is None:
        return None
    held = progress(connection)
    upto = held.upto if held[:2] == wanted.key else 0
    return LinesAsked(*wanted.key, upto) if upto < wanted.count else None


def take(office: Office, connection: Connection, roster: Roster, answer: Lines) -> bool:
    """Keep the lines of an answer, all or none; whether all of the newest checkpoint are here by now.

    An answer about something else, or one that leaves a hole, changes nothing. Raises BadReceipt for a line that does
    not hold.
    """
    about = newest(connection, roster)
    if about is None or answer[:2] != about.key:
        return False
    held = progress(connection)
    upto = held.upto if held[:2] == about.key else 0
    if not answer.first <= upto < answer.upto <= about.count:
        return False
    found = {}
    for line in answer.lines:
        stream = _verified(office, roster, line, about)
        if stream in found:
            raise BadReceipt(f"checkpoint line: {line.scope} has two lines")
        found[stream] = line
    highest = {stream: row.highest for stream, row in checkpoints.of_streams(connection, found).items()}
    checkpoints.keep_lines(
        connection,
        [
            LineRow(
                stream,
                *line[:4],
                *about.key,
                line.leaf,
                checkpoint.pack_path(line.path),
                max(line.seq, highest.get(stream, 0)),
            )
            for stream, line in found.items()
        ],
    )
    times = [(stream, line.seq, about.time) for stream, line in found.items() if line.seq > highest.get(stream, 0)]
    checkpoints.keep_times(connection, times)
    note_progress(connection, Progress(*about.key, answer.upto))
    return answer.upto == about.count


def holds(line: LineRow, about: Checkpoint) -> bool:
    """Whether a line that is kept is of this checkpoint and leads to its root: asked again before anything goes."""
    if (line.author, line.checkpoint) != about.key or line.path is None or line.line_index >= about.count:
        return False
    try:
        encoded = merkle.line(line.stream_id, line.seq, line.hash)
        path = checkpoint.unpack_path(line.path)
        return merkle.root_from(encoded, line.line_index, about.count, path) == about.root
    except BadReceipt:
        return False


def standing(office: Office, connection: Connection, roster: Roster) -> Standing:
    """What the lines held here show beside the streams held here; nothing at the root, which writes them itself."""
    about = newest(connection, roster)
    if about is None or office.identity.parent is None:
        return Standing(about)
    complete = progress(connection) == (*about.key, about.count)
    rows = checkpoints.standing(connection)
    return Standing(
        about,
        complete,
        sum(max(0, row.seq - (row.head or 0)) for row in rows),
        tuple((row.incarnation, row.scope) for row in rows if (row.head or 0) >= row.seq and not row.same),
        tuple(
            (row.incarnation, row.scope)
            for row in rows
            if row.seq < row.highest or (complete and (row.author, row.checkpoint) != about.key)
        ),
    )


def _verified(office: Office, roster: Roster, line: Line, about: Checkpoint) -> bytes:
    """The id of the line's stream, if the line holds. Raises BadReceipt."""
    node = roster.node(line.incarnation)
    if node is None:
        raise BadReceipt(f"checkpoint line: the author of {line.scope} is not in the roster here")
    try:
        if not follows(roster.places, office.identity.place, line.scope):
            raise BadReceipt(f"checkpoint line: {line.scope} is not followed here")
    except UnknownPlace:
        raise BadReceipt(f"checkpoint line: the place of {line.scope} is not in the roster here") from None
    stream = stream_id(office.network_id, line.incarnation, line.scope, node.suite)
    checkpoint.check(line, stream, about.count, about.root)
    return stream
