"""What several people do together: whose signature a joint case waits for, and what meetings gave people to do."""

from datetime import date
from typing import Final, NamedTuple

from sync_protocol.case import Case, joint, meetings
from sync_protocol.case.catalogue import Item
from sync_protocol.case.delegations import Register
from sync_protocol.case.exclusions import GRADE_NUMBERS, Grade
from sync_protocol.case.joint import Member
from sync_protocol.case.meetings import Action
from sync_protocol.case.workdays import day_of
from village_node.casebook import registers
from village_node.casebook.calendars import calendar_in
from village_node.casebook.reading import Reading, folded
from village_node.store import cases
from village_node.store.cases import CaseRow

MOST: Final = 200
_NEVER: Final = date.max


class WaitingMember(NamedTuple):
    """A department whose signature a case waits for; ``mine``: whoever asks signs for it."""

    row: CaseRow
    item: Item | None
    member: Member
    mine: bool


class OpenAction(NamedTuple):
    """What a meeting gave somebody to do, still open, with its grade."""

    row: CaseRow
    action: Action
    grade: Grade


class Together(Reading):
    """The part of the casebook about joint cases and meetings."""

    def members_of(self, case: Case) -> list[Member]:
        """Every department that was asked to countersign a case, as of today."""
        with self.store.reading() as connection:
            item = self.items_in(connection).catalogue.find(case.item_no, case.item_version)
            return joint.members(case, item, calendar_in(self, connection), day_of(self.clock()))

    def graded_actions(self, case: Case) -> list[tuple[Action, Grade]]:
        """Every action of every meeting on a case, with its grade today."""
        if not case.meetings:
            return []
        with self.store.reading() as connection:
            calendar, today = calendar_in(self, connection), day_of(self.clock())
            return [(each, meetings.grade_of(each, calendar, today)) for each in meetings.actions(case)]

    def waiting_members(self, actor: str) -> list[WaitingMember]:
        """The departments that cases here wait for: those that this person signs for first, the worst grade first."""
        found: list[WaitingMember] = []
        with self.store.reading() as connection:
            calendar, today = calendar_in(self, connection), day_of(self.clock())
            catalogue, roster = self.items_in(connection).catalogue, self.roster_in(connection)
            mine = self._departments(registers.register_in(self, connection, self.identity.place), actor)
            for row in cases.waiting_for_signatures(connection, MOST):
                case, _ = folded(self, connection, roster, (row.scope, row.case_id))
                if case is None:
                    continue
                item = catalogue.find(case.item_no, case.item_version)
                for member in joint.members(case, item, calendar, today):
                    if member.waits:
                        found.append(WaitingMember(row, item, member, member.department in mine))
        return sorted(
            found,
            key=lambda each: (
                not each.mine, -GRADE_NUMBERS[each.member.grade], each.member.due or _NEVER, each.row.filed_ms or 0,
            ),
        )  # fmt: skip

    def waits_for_their_word(self, case: Case, actor: str) -> list[str]:
        """The departments that a case waits for and this person signs for here."""
        waiting = [member.department for member in self.members_of(case) if member.waits]
        if not waiting:
            return []
        with self.store.reading() as connection:
            mine = self._departments(registers.register_in(self, connection, self.identity.place), actor)
        return [name for name in waiting if name in mine]

    def _departments(self, register: Register, actor: str) -> set[str]:
        """The departments for which somebody signs here: as their head, or their representative."""
        at_ms = self.clock()
        held = [register.in_force(department, at_ms) for department in register.departments()]
        return {
            each.text("department")
            for each in held
            if each is not None and actor in (each.text("head"), each.text("a"), each.text("b"))
        }

    def open_actions(self) -> list[OpenAction]:
        """What meetings gave people to do and is still open: the worst grade first, then what is due first."""
        found: list[OpenAction] = []
        with self.store.reading() as connection:
            calendar, today = calendar_in(self, connection), day_of(self.clock())
            roster = self.roster_in(connection)
            for row in cases.with_open_actions(connection, MOST):
                case, _ = folded(self, connection, roster, (row.scope, row.case_id))
                for action in meetings.open_actions(case) if case is not None else ():
                    found.append(OpenAction(row, action, meetings.grade_of(action, calendar, today)))
        return sorted(found, key=lambda each: (-GRADE_NUMBERS[each.grade], each.action.due))

    def together_counts(self) -> tuple[int, int]:
        """How many cases wait for a signature, and how many have an action open."""
        return self.remembered("together", cases.together)
