"""A bulletin as the sheet that is sent: the figures by place, the rankings with what was taken off, and no person."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from sync_protocol.case.bulletins import Bulletin, Published
from sync_protocol.case.standings import Ranked
from sync_protocol.case.tallies import Tally
from village_node.notices import office_papers
from village_node.notices.office_papers import Sent
from village_node.notices.source import SealUsed, day

TEMPLATE: Final = "bulletin_v2"
TITLE: Final = "政务服务情况通报"
EFFECT: Final = "本件依据系统记录自动统计，不含申请人信息；发布后不再更改，后到的件列入下期；所印为样章，不是印章。"
UNSEALED: Final = "本件依据系统记录自动统计，不含申请人信息；发布后不再更改，后到的件列入下期；加盖实体印章后发出。"
MOST_NAMED: Final = 40
MOST_RANKED: Final = 60  # lines of a ranking on paper: of a longer one the first and the last


class Told(NamedTuple):
    """What the node says in words: who publishes, the period, the lines by place, the rankings with why and for how
    many months among the last, who had no case, the services given, and the seal that the event names."""

    authority: str
    period: str
    places: Sequence[tuple[str, Tally]]
    rankings: Sequence[tuple[str, Sequence[tuple[str, Ranked, str, int]]]]
    idle: Sequence[str]
    services: Sequence[tuple[str, str, int]]
    sealed: SealUsed | None


def reasons(why: Iterable[tuple[str, int, int]]) -> str:
    """What was taken off, in a cell."""
    return "；".join(f"{rule} {times} 件，扣 {points} 分" for rule, times, points in why)


def given_for(published: Published, said: Bulletin, told: Told, as_of_ms: int) -> dict[str, Any]:
    """What the template is handed."""
    rules = said.rules
    version = f"{rules.document_no}，{rules.since} 起施行" if rules.document_no else "系统自带样例规则"
    sent = Sent(
        f"{told.period}{TITLE}", said.number, told.authority, "", published.actor, published.at_ms, published.position,
        told.sealed, (EFFECT, UNSEALED),
    )  # fmt: skip
    facts = {
        "period": told.period,
        "made": day(published.at_ms),
        "version": version,
        "whole": _whole(said),
        "places": [[name, *_cells(tally)] for name, tally in told.places],
        "rankings": [[title, _ranked(lines)] for title, lines in told.rankings],
        "idle": "、".join(told.idle[:MOST_NAMED]) + (f"等 {len(told.idle)} 个" if told.idle[MOST_NAMED:] else ""),
        "services": [[place, what, str(times)] for place, what, times in told.services],
        "late": [str(number) for number in said.late] if any(said.late) else [],
    }
    return {**office_papers.given_for(sent, facts, as_of_ms), "form": f"样式 {TITLE} 第 2 版"}


def _whole(said: Bulletin) -> dict[str, str]:
    tally = said.whole
    return {
        **{name: str(number) for name, number in tally._asdict().items()},
        "in_time": _share(tally.early + tally.on_time, tally.promised),
        "early_share": _share(tally.early, tally.promised),
        "satisfied_share": _share(tally.satisfied, tally.rated),
    }


def _cells(tally: Tally) -> list[str]:
    return [
        str(tally.received),
        str(tally.accepted),
        str(tally.settled),
        str(tally.in_hand),
        _share(tally.early + tally.on_time, tally.promised),
        _share(tally.satisfied, tally.rated),
        f"{tally.yellow}／{tally.red}",
    ]


def _ranked(lines: Sequence[tuple[str, Ranked, str, int]]) -> list[list[str]]:
    if len(lines) > MOST_RANKED:
        half = MOST_RANKED // 2
        lines = [*lines[:half], *lines[-half:]]
    return [
        [str(each.rank), name, str(each.score), why or "无扣分", _remark(each, streak)]
        for name, each, why, streak in lines
    ]


def _remark(each: Ranked, streak: int) -> str:
    if each.flag:
        return "红旗"
    if not each.bottom:
        return ""
    return f"末位，连续 {streak} 个月" if streak > 1 else "末位"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}%" if whole else "—"
