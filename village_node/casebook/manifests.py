"""What the papers of a case say of files: the rows that a fold gives rise to, and what a decision waits for."""

from typing import NamedTuple

from sync_protocol import limits
from sync_protocol.case import Case, Item
from sync_protocol.case.papers import Paper, current, papers_of
from village_node.casebook.conditions import Words
from village_node.casebook.office import Office
from village_node.casebook.shelving import drawn
from village_node.store import Connection, blobs, erasures
from village_node.store.blobs import DROPPED, ENDED, HERE, MISSING, ORIGINAL, PREVIEW, WRONG, BlobKey, BlobRow
from village_node.store.locks import CaseKey


class _Named(NamedTuple):
    """A file that a paper names: its manifest, how early it is fetched, and whose it is."""

    size: int
    chunks: bytes
    lane: int
    place: str


def note(office: Office, connection: Connection, key: CaseKey, case: Case, now_ms: int) -> None:
    """Keep a row for every file that the papers of a folded case name."""
    named: dict[BlobKey, list[_Named]] = {}
    for paper in papers_of(case):
        for blob, said in _files_of(key[0], paper):
            named.setdefault(blob, []).append(said)
    held = blobs.locked(connection, named)
    if any(row.state == DROPPED for row in held.values()) and erasures.of_case(connection, key):
        # Files of a case of which anything is erased do not come back; what else names one is yet to be erased.
        for blob, known in held.items():
            if known.state == DROPPED:
                del named[blob]
    rows = []
    for blob, told in sorted(named.items()):
        row, said = held.get(blob), min(told, key=lambda each: each.lane)
        if row is None:
            rows.append(new_row(office, blob, said.size, said.chunks, said.lane, said.place, now_ms))
        elif row.state == HERE:
            if row.lane != said.lane:
                rows.append(row._replace(lane=said.lane))
        else:
            rows += _wanted(office, row, told)
    blobs.put(connection, rows)
    blobs.name(connection, key, named)


def _wanted(office: Office, row: BlobRow, told: list[_Named]) -> list[BlobRow]:
    """The row of a file that is not here, where it changes: by the first of the papers that count, or of all. Of one
    whose bytes were wrong its manifest is not believed again."""
    others = [each for each in told if row.state != WRONG or each[:2] != (row.size, row.chunks)]
    if not others:
        return []
    said = min(others, key=lambda each: each.lane)
    new = row._replace(size=said.size, chunks=said.chunks, lane=said.lane, place=said.place)
    if row.state == DROPPED or new[2:4] != row[2:4]:  # what of it is here was cut otherwise, or its key is forgotten
        name, secret = drawn(office)
        new = new._replace(state=MISSING, here=b"", name=name, key=secret)
    return [new] if new != row else []


def new_row(office: Office, blob: BlobKey, size: int, chunks: bytes, lane: int, place: str, now_ms: int) -> BlobRow:
    """The row of a file of which nothing is here yet."""
    name, key = drawn(office)
    return BlobRow(*blob, size, chunks, lane, place, MISSING, b"", name, key, now_ms)


def _files_of(scope: str, paper: Paper) -> list[tuple[BlobKey, _Named]]:
    lane, place = ORIGINAL if paper.ended is None else ENDED, paper.note.place
    found = [((scope, paper.hash), _Named(paper.size, paper.chunks, lane, place))]
    if paper.preview is not None:  # one chunk: its hash is that of the whole
        found.append(((scope, paper.preview), _Named(paper.preview_size, paper.preview, PREVIEW, place)))
    return found


def percent(row: BlobRow | None) -> int:
    """How much of a file is here; 100 only where it is whole."""
    if row is None or row.state == DROPPED:
        return 0
    if row.state == HERE:
        return 100
    count = len(row.chunks) // limits.HASH
    return min(99, 100 * sum(byte.bit_count() for byte in row.here) // count)


def why_not_decided(connection: Connection, case: Case, item: Item) -> Words | None:
    """Say which paper a decision waits for: one of which the item asks to see the original, whose file is not whole
    here yet. None if it waits for none."""
    if not case.papers:
        return None
    shown = {paper.name for paper in item.papers if paper.original}
    asked = [paper for paper in current(case) if paper.material in shown]
    held = blobs.get(connection, {(f"about:{case.home}", paper.hash) for paper in asked})
    for paper in asked:
        row = held.get((f"about:{case.home}", paper.hash))
        if row is None or row.state != HERE:
            return (
                f"“{paper.material}”的原件还没有全部传到本机（{percent(row)}%），该事项须看过原件才能决定；"
                "请等传到后再办，或请上传的单位撤下",
                f"the original of {paper.material} is not here yet ({percent(row)} %), and this item is decided on the"
                " original: wait until it has come, or have who sent it withdraw it",
            )
    return None
