"""The papers of a case, an observed-remove set: what was added is current while nothing effective takes it away."""

from typing import NamedTuple

from sync_protocol.case.case import Case
from sync_protocol.case.events import Position
from sync_protocol.case.paper_bodies import ADD
from sync_protocol.case.records import SideNote


class Paper(NamedTuple):
    """One paper with its manifest. ``ended``: what took it away, the first of several; None while it is current."""

    note: SideNote
    material: str
    hash: bytes
    size: int
    media: str
    chunks: bytes
    preview: bytes | None
    preview_size: int
    ended: SideNote | None

    @property
    def position(self) -> Position:
        """The event that added it."""
        return self.note.position


def papers_of(case: Case) -> list[Paper]:
    """Every paper of a case whose manifest is here, in the order in which they stand beside it."""
    if not case.papers:
        return []
    ended: dict[Position, SideNote] = {}
    for note in case.papers:
        for entry in note.body.get("replaces", ()):
            ended.setdefault(Position(*entry), note)
    return [
        Paper(
            note,
            note.body["material"],
            note.body["hash"],
            note.body["size"],
            note.body["media"],
            note.body["chunks"],
            note.body.get("preview"),
            note.body.get("preview_size", 0),
            ended.get(note.position),
        )
        for note in case.papers
        if note.body.get("what") == ADD
    ]


def current(case: Case) -> list[Paper]:
    """Those that count now."""
    return [paper for paper in papers_of(case) if paper.ended is None]
