"""The money of a folded case as it is noted by day: the notice, the receipt, the waiver."""

from typing import NamedTuple

from sync_protocol.case import Case
from sync_protocol.case.records import Fee
from sync_protocol.case.workdays import day_of
from village_node.store import cases
from village_node.store.fees import SETTLED, FeeRow
from village_node.store.locks import CaseKey


def rows_of(key: CaseKey, case: Case) -> list[FeeRow]:
    """The money of a folded case as it is noted by day."""
    fee = case.fee
    if fee is None:
        return []
    told = _Told(key, case, fee)
    found = [told.row("notice", fee.place, fee.at_ms, fee.document_no, fee.actor)]
    if fee.settled_ms is not None and fee.how in SETTLED:
        found.append(told.row(fee.how, fee.settled_place, fee.settled_ms, fee.number, fee.settled_actor))
    return found


class _Told(NamedTuple):
    """What the rows of one case have alike."""

    key: CaseKey
    case: Case
    fee: Fee

    def row(self, what: str, place: str, at_ms: int, number: str, actor: str) -> FeeRow:
        """One row."""
        case, day = self.case, cases.day_number(day_of(at_ms))
        return FeeRow(
            *self.key,
            what,
            place,
            day,
            at_ms,
            case.case_no or None,
            case.item_no or None,
            case.item_version or None,
            self.fee.amount_fen,
            number or None,
            actor,
        )
