"""The days that an act names can be: what was done was not done after today, and no term ends before it begins."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from sync_protocol.case import bodies, kinds
from village_node.casebook.errors import BadBody

# Kind -> the field with the day on which something was done, was made or took place.
_DONE: Final = {
    kinds.DELIVERED: "at", kinds.FEE_SETTLED: "paid_day", kinds.RESUME: "document_day",
    kinds.COLLECTION_NOTICE: "day", kinds.MEETING: "day",
}  # fmt: skip


def check(kind: int, body: Mapping[int, Any], today: date) -> None:
    """Ask of the days of an act that they can be; ``today``: the latest day that it may be, of a clock that is known to
    be behind. Raises BadBody."""
    if kind not in (*_DONE, kinds.ISSUE):
        return
    said = bodies.named(kind, body)
    done = _DONE.get(kind, "")
    if said.get(done, "") > today.isoformat():
        row = next(row for row in bodies.TABLES[kind].fields if row.name == done)
        raise BadBody(
            done,
            f"“{row.zh}”不能晚于今天（{today}），请填写实际发生的日期；今天不是这一天的，先校准本机时钟",
            f"{row.en}: not after today ({today}); give the day on which it was done, or set the clock right first",
        )
    if kind == kinds.ISSUE and said.get("valid_to", "9999") < said.get("valid_from", ""):
        raise BadBody(
            "valid_to",
            f"“有效期至”不能早于“有效期自”（{said['valid_from']}），请核对证照后改正",
            f"the certificate would end before it begins ({said['valid_from']}): compare it and mend the days",
        )
    if kind == kinds.MEETING and any(due < said["day"] for _, _, due in said.get("actions", ())):
        raise BadBody(
            "actions",
            f"待办事项的完成期限不能早于会议日期（{said['day']}），请改正",
            f"what is to be done is due after the meeting of {said['day']}: mend the day",
        )
