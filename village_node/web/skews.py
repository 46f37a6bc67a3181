"""What a page asks where this machine's clock is off and the date would favour the office, and what it tells of it."""

from typing import Final

from village_node.casebook import TimelineEntry, skews
from village_node.web.site import Visit

FIELD: Final = "clock_confirmed"


def question(visit: Visit, kind: int) -> str:
    """What whoever does an act of this kind confirms; empty where there is nothing to confirm."""
    if kind not in skews.CONCERNED:
        return ""
    skew = visit.site.casebook.skew()
    if skew is None or not skews.favours(kind, skew.ms):
        return ""
    zh, en = skews.asks(skew, visit.now_ms)
    return visit.t(
        f"{zh}已核对现在的时间（上次联系后校准过的也算），按本机时间登记。",
        f"{en[0].upper()}{en[1:]}. I have looked at the time (the clock may have been set right since), and record it "
        "by this clock.",
    )


def confirmed(visit: Visit) -> bool:
    """Whether the form in hand confirms it."""
    return visit.request.form.get(FIELD) == "yes"


def facts(visit: Visit, entry: TimelineEntry) -> list[tuple[str, str]]:
    """What its author has confirmed of the clock, as a line of the timeline."""
    if entry.skew_ms is None:
        return []
    minutes = abs(entry.skew_ms) // 60_000
    zh = "慢" if entry.skew_ms > 0 else "快"
    en = "behind" if entry.skew_ms > 0 else "ahead of"
    text = visit.t(
        f"办理人已核对时间；按上次联系，当时本机时钟比上级{zh} {minutes} 分钟",
        f"who did it has looked at the time; as of the last contact the clock was {minutes} minutes {en} the one above",
    )
    return [(visit.t("时钟", "Clock"), text)]
