"""The search for where streams part: every one of many gets its turn, whatever becomes of the others."""

from typing import cast

from sync_protocol import limits
from sync_protocol.evidence import Arm
from sync_protocol.exchange import NO_PATH, ArmShown, Marks
from village_node.casebook.parting import Branch, Parting, Searching

MOST = limits.FORK_ROWS_A_MESSAGE
MANY: list[Branch] = [(bytes([n]) * 16, "about:1", NO_PATH) for n in range(2 * MOST + 5)]


class Mute:
    """A casebook that can show no arm: nothing that is sought is ever found out."""

    def marks(self, branch: Branch, seqs: object) -> dict[int, bytes]:
        """It holds another event at the second position."""
        return {1: b"same 1 .", 2: b"ours 2 ."}

    def arm_shown(self, branch: Branch, split: int) -> ArmShown | None:
        """No seal covers it, but for one."""
        return ArmShown(*branch[:2], split, bytes(32), Arm((bytes(32),), bytes(64))) if branch == MANY[-1] else None


def searching() -> Searching:
    made = Searching(cast(Parting, Mute()))
    made.notice([(*branch, 40) for branch in MANY])
    return made


def test_all_are_asked_about_within_as_many_messages_as_they_fill() -> None:
    sought = searching()
    asked = [[probe[:3] for probe in sought.ask()[0]] for _ in range(6)]
    assert all(len(each) == MOST for each in asked)
    assert [branch for each in asked[:3] for branch in each][: len(MANY)] == MANY
    assert {branch for each in asked[3:] for branch in each} == set(MANY), "and again, as long as nothing is found"


def test_those_that_come_to_nothing_hold_up_no_other() -> None:
    sought = searching()
    told = [Marks(*branch, {1: b"same 1 .", 2: b"theirs 2"}) for branch in MANY]
    sought.hear(told, ())
    shown = [arm for _ in range(3) for arm in sought.ask()[1]]
    assert [arm[:2] for arm in shown] == [MANY[-1][:2]]
