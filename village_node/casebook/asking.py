"""Papers are asked for once (一次性告知): one notice lists everything, and a second says why the first did not."""

from collections.abc import Mapping
from typing import Any, Final

from sync_protocol.case import Case, kinds
from village_node.casebook.errors import BadBody

# Kind -> the field of its body that says why it was not told before.
WHY: Final = {kinds.RETURN_FOR_CORRECTION: 1, kinds.SUSPEND: 8}
SUPPLEMENT: Final = "supplement"


def told_before(case: Case) -> int:
    """How often the applicant was told by now what to bring or to mend."""
    return case.returns + sum(each.what == SUPPLEMENT for each in case.procedures.values())


def check(case: Case, kind: int, body: Mapping[int, Any]) -> None:
    """Ask a second notice for its reason. Raises BadBody."""
    if kind not in WHY or (kind == kinds.SUSPEND and body[0] != SUPPLEMENT):
        return
    times = told_before(case)
    if times and not body.get(WHY[kind]):
        raise BadBody(
            "reason",
            f"本案已要求补正 {times} 次。应当一次性告知，再次要求补正须写明当时没有告知的理由，并列入督查",
            f"papers were asked for {times} times already: everything is told at once, so say why this was not told "
            "then; supervision sees it",
        )
