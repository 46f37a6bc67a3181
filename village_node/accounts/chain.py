"""The watch over the audit chain: every line is computed again at the start and then once a day, a slice at a time.

A chain proves nothing against whoever computes all of it anew. So each look leaves a mark, in the database and beside
it: how far the chain reached and what its last line bore. The next look demands both, and what this node has said of
its chain upward, which it has signed.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from village_node.accounts.marks import MarkFile
from village_node.accounts.throttle import DAY_MS
from village_node.store.accounts import AccountRows
from village_node.store.audit import NO_LINE_BEFORE, Checked, Line, Mark

SLICE: Final = 5_000  # lines; about 30 ms


class _Reached(NamedTuple):
    """How far a run has come: the last line, its hash, how many lines there were when it began, and what is demanded
    (``life``: of which life of the node). ``sound``: the last line before the first break; ``breaks``: first, how many,
    newest; ``betrayed``: a mark is not there any more; ``signed``: of which line the node has said the hash upward, 0
    where of none."""

    n: int
    hash: bytes
    written: int
    life: bytes
    marks: tuple[Mark, ...]
    sound: Mark | None = None
    breaks: tuple[int, int, int] = (0, 0, 0)
    betrayed: bool = False
    signed: int = 0

    def broken_at(self, lines: tuple[int, ...], sound: Mark) -> "_Reached":
        """The same with these breaks; ``sound``: the line before the first of them."""
        if not lines:
            return self
        first, count, _ = self.breaks
        return self._replace(sound=self.sound or sound, breaks=(first or lines[0], count + len(lines), lines[-1]))


class ChainWatch:
    """Verifies the chain in slices, so that nothing else waits. `clock`: ms since 1970; `steady`: ms that only grow;
    `beside`: where the last look is kept outside the database."""

    def __init__(
        self,
        rows: AccountRows,
        clock: Callable[[], int],
        steady: Callable[[], int],
        beside: MarkFile | None = None,
        signed: Callable[[], Mark | None] = lambda: None,
    ) -> None:
        """`signed`: what this node has said of the chain last, to the places above."""
        self._rows = rows
        self._clock = clock
        self._steady = steady
        self._beside = beside
        self._signed = signed
        self._next_ms = steady()
        self._reached: _Reached | None = None

    def tick(self) -> None:
        """Verify one slice, if a run is under way or due; the scheduler calls this. Raises StoreError."""
        if self._reached is None and self._steady() < self._next_ms:
            return
        found = self._slice(self._reached or self._begun())
        self._reached = found if isinstance(found, _Reached) else None
        if isinstance(found, Checked):
            self._next_ms = self._steady() + DAY_MS

    def run(self) -> Checked:
        """Verify all of it now. Raises StoreError."""
        found: _Reached | Checked = self._begun()
        while isinstance(found, _Reached):
            found = self._slice(found)
        return found

    def _begun(self) -> _Reached:
        written, life, inside = self._rows.audit_stands()
        beside, signed = self._beside.read(life) if self._beside is not None else None, self._signed()
        marks = tuple(mark for mark in (inside, beside, signed) if mark is not None)
        return _Reached(0, NO_LINE_BEFORE, written, life, marks, signed=signed.n if signed is not None else 0)

    def _slice(self, reached: _Reached) -> _Reached | Checked:
        """Verify some lines: how far that came, or what came of it all where these were the last."""
        looked = self._rows.verify_audit(reached.n, reached.hash, SLICE, reached.marks)
        reached = reached.broken_at(looked.broken, looked.sound)._replace(
            n=looked.last.n, hash=looked.last.hash, betrayed=reached.betrayed or looked.betrayed
        )
        return reached if looked.more else self._concluded(reached)

    def _concluded(self, reached: _Reached) -> Checked:
        """Keep what a run has found, and how far it came. A mark that is betrayed stays, and is found again."""
        last, marked = Mark(reached.n, reached.hash), max((mark.n for mark in reached.marks), default=0)
        if last.n < reached.written:  # the last ones are missing
            reached = reached.broken_at((last.n + 1,), last)
        elif last.n < marked:  # and nothing else tells of them
            reached = reached.broken_at((marked,), last)
        sound, betrayed = reached.sound or last, reached.betrayed or last.n < marked
        found = Checked(self._clock(), sound.n, sound.hash.hex(), *reached.breaks, reached.signed)
        detail = {"sound": sound.n, "breaks": found.breaks, "newest": found.newest}
        told = Line(found.at_ms, "node", "audit.broken", str(found.broken), detail) if found.broken else None
        self._rows.note_audit_checked(found, told, None if betrayed else last)
        if self._beside is not None and not betrayed:
            self._beside.write(reached.life, last)
        return found
