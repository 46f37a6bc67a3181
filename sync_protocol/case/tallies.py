"""The numbers of one line of a bulletin: of a place, a department or an item."""

from typing import Final, NamedTuple


class Tally(NamedTuple):
    """The numbers of one line, in the order in which they travel.

    ``carried``: accepted and not settled when the period began; ``ended``: of the accepted, for want of papers or fee;
    ``turned_away``: ended before acceptance; ``early`` to ``left``: of the settled 承诺件 (``promised``), the days used
    and those left of the promise among them; ``near``: received at a village or township; ``yellow`` to
    ``late_answers``: of a place and of a department those that are its fault.
    """

    carried: int = 0
    received: int = 0
    accepted: int = 0
    settled: int = 0
    ended: int = 0
    withdrawn: int = 0
    in_hand: int = 0
    turned_away: int = 0
    at_once: int = 0
    promised: int = 0
    early: int = 0
    on_time: int = 0
    late: int = 0
    used: int = 0
    left: int = 0
    joint: int = 0
    upward: int = 0
    denied: int = 0
    rated: int = 0
    satisfied: int = 0
    corrected: int = 0
    corrected_again: int = 0
    near: int = 0
    yellow: int = 0
    red: int = 0
    bad: int = 0
    late_answers: int = 0

    def plus(self, other: "Tally") -> "Tally":
        """Both together."""
        return Tally(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))

    @property
    def balanced(self) -> bool:
        """Whether what was carried over and accepted is what was settled, ended, withdrawn and left."""
        return self.carried + self.accepted == self.settled + self.ended + self.withdrawn + self.in_hand

    @property
    def idle(self) -> bool:
        """Whether there was nothing to be judged by: no case and no fault."""
        return not any(self)

    def faults(self) -> tuple[int, ...]:
        """How often each rule applies, in the order of RULES."""
        return self.red, self.bad, self.late_answers, self.yellow


NOTHING: Final = Tally()
