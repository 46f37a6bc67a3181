"""What a fork has frozen and no ruling lets count, written from the text of CASE.md, section 7.1."""

from sync_protocol.case import CaseEvent, Position
from sync_protocol.case.forks import Ruling, RulingBody
from sync_protocol.places import PlaceTree


def frozen_by_the_text(
    case_id: bytes,
    events: list[CaseEvent],
    arms: dict[Position, tuple[tuple[int, bytes], ...]],
    rulings: list[Ruling],
    places: PlaceTree,
    shattered: frozenset[bytes] = frozenset(),
) -> set[Position]:
    """The events that a fork has frozen and no ruling lets count."""
    author = {e.position.incarnation: e.place for e in events}

    def ruling_about(incarnation: bytes, split: int) -> RulingBody | None:
        able = []
        for ruling in rulings:
            if ruling.body.incarnation != incarnation or ruling.body.split != split:
                continue
            above = places.path_up(author[incarnation])[1:]
            root_itself = not above and ruling.place == author[incarnation]
            if ruling.place in above or (root_itself and ruling.position.incarnation != incarnation):
                able.append(ruling)
        able.sort(key=lambda r: (r.position.mark, r.position.incarnation))
        able.sort(key=lambda r: r.position.seq, reverse=True)
        able.sort(key=lambda r: (len(places.path_up(r.place)), r.order))
        return able[0].body if able else None

    def counts(event: CaseEvent, split: int, mark: bytes) -> bool:
        ruling = ruling_about(event.position.incarnation, split)
        if ruling is None or mark not in ruling.branches or event.position.seq > ruling.branches[mark]:
            return False
        if case_id in ruling.choices:
            return ruling.choices[case_id] == mark
        touching = {
            branch
            for e in events
            for at, branch in arms.get(e.position, ())
            if e.position.incarnation == event.position.incarnation and at == split
            if branch in ruling.branches and e.position.seq <= ruling.branches[branch]
        }
        if event.position.incarnation in shattered:
            return ruling.otherwise == mark
        return ruling.take_all if len(touching) == 1 else ruling.otherwise == mark

    return {e.position for e in events if not all(counts(e, split, mark) for split, mark in arms.get(e.position, ()))}
