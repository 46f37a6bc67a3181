"""How a case stands among others that wait: which one it may be put before."""

from sync_protocol.case import Case
from village_node.casebook.conditions import Words
from village_node.store import Connection, cases


def why_not_before(connection: Connection, case: Case, case_no: str) -> Words | None:
    """Say why a case cannot be put before the one with this receipt number; None if it can."""
    if case_no == case.case_no:
        return "不能排在本件自己之前", "a case cannot go before itself"
    earlier = cases.by_number(connection, case_no)
    if earlier is None:
        return f"本机没有编号为 {case_no} 的件，请核对收件编号", f"there is no case {case_no} here: compare the number"
    if earlier.state in cases.FINISHED:
        return "所写的件已经办结，不必错序", "that case is closed: there is nothing to go before"
    return None
