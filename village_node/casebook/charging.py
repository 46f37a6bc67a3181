"""Fees by the item's rule: the sum that a notice says, and the daily sheet of what was asked, taken and waived here.

Nobody types a sum where the item version has a rule. A waiver, which is left to people, names its decision.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

from sync_protocol.case import Case, bodies, fees, kinds
from sync_protocol.case.catalogue import Item
from sync_protocol.case.fees import Sum
from village_node.casebook.errors import BadBody
from village_node.casebook.office import Office
from village_node.casebook.reading import Reading, folded
from village_node.casebook.takings import rows_of
from village_node.store import Connection, cases, purges
from village_node.store import fees as kept
from village_node.store.fees import SETTLED, FeeRow

AMOUNT, BASIS = (bodies.TABLES[kinds.FEE_NOTICE].number(name) for name in ("amount_fen", "basis"))


class FeeDay(NamedTuple):
    """The money of one day at this place: each line, and the sum of each sort in fen with how many there were."""

    day: date
    notices: list[FeeRow]
    paid: list[FeeRow]
    waived: list[FeeRow]

    def sums(self) -> dict[str, tuple[int, int]]:
        """What -> (how many, fen)."""
        sorts = {"notice": self.notices, "paid": self.paid, "waived": self.waived}
        return {what: (len(found), sum(row.fen or 0 for row in found)) for what, found in sorts.items()}


class Charging(Reading):
    """The part of the casebook about money."""

    def fee_owed(self, case: Case) -> Sum | None:
        """What the rule says that a case owes, with the way it came about; None where the item version has no rule.

        Raises BadBody where the application does not say what is counted.
        """
        return owed(case, self.catalogue.find(case.item_no, case.item_version))

    def fee_day(self, day: date) -> FeeDay:
        """The daily sheet of this place. What counts no more since it was noted is left out."""
        number = cases.day_number(day)
        with self.store.reading() as connection:
            found = kept.of_day(connection, self.identity.place, number)
            roster, stands = self.roster_in(connection), set[FeeRow]()
            for key in kept.cases_of(found):
                if purges.purged_bodies(connection, key):
                    # Of a case whose bodies were dropped the note stands for what they said.
                    stands |= {each for each in found if (each.scope, each.case_id) == key}
                    continue
                case, _ = folded(self, connection, roster, key)
                stands |= set(rows_of(key, case)) if case is not None else set()
        listed = [row for row in found if row in stands]
        return FeeDay(day, *([row for row in listed if row.what == what] for what in ("notice", *SETTLED)))


def owed(case: Case, item: Item | None) -> Sum | None:
    """What a case owes by the rule of its item version. Raises BadBody where the application does not say enough."""
    if item is None or item.fee_rule is None:
        return None
    found = fees.work_out(item.fee_rule, item.form, case.answers)
    if isinstance(found, Sum):
        return found
    raise BadBody("amount_fen", *found)


def with_rule(office: Office, connection: Connection, case: Case, content: Mapping[int, Any]) -> dict[int, Any]:
    """The body of a notice with what the rule says in it. Raises BadBody for another sum that somebody has typed."""
    item = office.items_in(connection).catalogue.find(case.item_no, case.item_version)
    found = owed(case, item)
    if found is None or item is None:
        return dict(content)
    if content.get(AMOUNT, found.fen) != found.fen:
        raise BadBody(
            "amount_fen",
            f"按收费标准应为 {fees.yuan(found.fen)} 元（{found.zh}），不能另填金额",
            f"by the rate it is {fees.yuan(found.fen)} yuan ({found.en}): no other sum can be entered",
        )
    return {**content, AMOUNT: found.fen, BASIS: basis_of(item, found)}


def basis_of(item: Item, found: Sum) -> str:
    """What a notice says of its sum: the public standard, and how the sum came about."""
    standard = "；".join(f"{rate.what} {fees.yuan(rate.fen)} 元/{rate.unit}" for rate in item.rates)
    lead = f"{item.fee}（{standard}）" if standard else item.fee
    return f"{lead}。计算：{found.zh}"[:500]
