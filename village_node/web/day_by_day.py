"""The page that explains the clock of a case day by day."""

from dataclasses import dataclass
from typing import Final

from werkzeug.wrappers import Response

from sync_protocol.case.attribution import MOST_DAYS, LedgerLine
from sync_protocol.case.exclusions import BUCKETS, CLOCKS, EXCLUSIONS, STEPS
from sync_protocol.case.workdays import DAY_WORDS
from sync_protocol.places import about
from village_node.web import cases, clocks, times
from village_node.web.policy import Route
from village_node.web.site import Visit


@dataclass(frozen=True)
class DayLine:
    """One day of the explanation: what it is, why it counts or not, whose it was."""

    day: str
    weekday: str
    working: bool
    what: str
    whose: str
    why: str
    counted: str
    provisional: bool


def explain_page(visit: Visit, place: str, case_id: str) -> Response:
    """The clock of a case day by day: which days counted for which clock, why others did not, whose each day was."""
    case = cases.fetch(visit, place, case_id)
    found = visit.site.casebook.clock_of((about(case.home), case.case_id))
    lines = found.lines if found is not None else []
    shares = found.clocks.shares if found is not None else {}
    return visit.render(
        "clock.html",
        case=case,
        panel=clocks.panel(visit, case),
        days=[_day_line(visit, line) for line in reversed(lines)],
        shares=[(visit.t(*BUCKETS[bucket]), days) for bucket, days in shares.items()],
        elapsed=found.clocks.elapsed if found is not None else 0,
        cut=len(lines) >= MOST_DAYS,
    )


def _day_line(visit: Visit, line: LedgerLine) -> DayLine:
    seen = line.day
    what = visit.t(*DAY_WORDS[seen.kind])
    if seen.name:
        what += visit.t("：", ": ") + seen.name
    if seen.document_no:
        what += visit.t(f"（{seen.document_no}）", f" ({seen.document_no})")
    whose = visit.t(*BUCKETS[line.bucket])
    if line.place and line.bucket in (*STEPS, "transit_up", "transit_down", "network"):
        whose += visit.t("：", ": ") + visit.place_name(line.place)
    return DayLine(
        times.date_words(seen.day, visit.lang),
        visit.t("一二三四五六日"[seen.day.weekday()], f"{seen.day:%a}"),
        seen.working,
        what,
        whose,
        _why(visit, line),
        visit.t("、", ", ").join(visit.t(*CLOCKS[clock]) for clock in line.counted),
        seen.provisional,
    )


def _why(visit: Visit, line: LedgerLine) -> str:
    """Why clocks that ran did not count a working day: which exclusion, by which rule."""
    if not line.exclusion or not line.stopped:
        return ""
    rule = EXCLUSIONS[line.exclusion]
    parts = []
    for clock in line.stopped:
        stop = rule.stops.get(clock)
        basis = visit.t(f"（{stop.zh}）", f" ({stop.en})") if stop is not None else ""
        parts.append(visit.t(*CLOCKS[clock]) + basis)
    return visit.t(rule.zh, rule.en) + visit.t("，不计入", ", not counted for ") + visit.t("、", ", ").join(parts)


ROUTES: Final = (Route("/cases/<place>/<case_id>/clock", "clock", explain_page, cases.READS),)
