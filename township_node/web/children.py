"""The children of this node: when each was last heard, how its cases stand, and what of its records makes trouble."""

from collections import Counter
from dataclasses import dataclass
from functools import reduce
from typing import Final

from flask import Blueprint, Flask
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from sync_protocol.case.exclusions import Grade
from sync_protocol.exchange import NO_ALARM, RESTORED
from sync_protocol.places import about
from township_node.web.newcomers import LETS_IN
from township_node.web.revocations import DECIDES as REVOKES
from village_node import casebook
from village_node.casebook.brought import places_of, quota_of, tally_of, turned_away
from village_node.casebook.glance import NOTHING_KNOWN, NotWhole
from village_node.store.peers import PeerRow
from village_node.web import Policy, Route, Visit, add_pages, clocks, counter_books, export, filters, machine, times
from village_node.web.export import Table
from village_node.web.filters import Choice, Filters
from village_node.web.policy import ADMIN, EXPORTS, STAFF

QUIET_AFTER_MS: Final = 24 * 3_600_000
DECIDES: Final = Policy(ADMIN | {"head"}, "node")
GRADED: Final[tuple[Grade, ...]] = ("red_plus", "red", "yellow")  # what somebody has to ask about
HEAD: Final = (
    ("单位代码", "Code"), ("单位", "Node"), ("最近联系", "Last heard"), ("办件", "Cases"), ("在该处待办", "Wait there"),
    *(clocks.grade_badge(each)[2:] for each in GRADED),
    ("记录", "Events"), ("异常", "Trouble"), ("记录分叉", "Forked"), ("时钟差（秒）", "Clock (s)"),
    ("内容未到", "Missing contents"), ("材料未到", "Missing papers"), ("最久的从何时起", "The oldest since"),
    ("一天没有新记录的下属单位", "Places under it without a new record for a day"),
    ("未传来的", "Unsent"), ("暂存", "Parked"),
)  # fmt: skip
STATES: Final = {
    "quiet": ("一天没有联系", "not heard for a day"),
    "heard": ("一天内联系过", "heard within a day"),
    "lacking": ("有没传完的", "something has not come whole"),
    "trouble": ("有异常", "with trouble"),
}
TURNED_AWAY: Final = (
    "已达当日上限，超出的没有收，有没有、有多少都未知",
    "had brought as much as it may in a day: whether there is more, and how much, is unknown",
)
COUNTED: Final = ("waiting", "needs_update", "void", "contested", "refused", "parked")


@dataclass
class Child:
    """One child, as far as this node knows. `rings`: an identity of it lives twice; `restored`: one did, and has begun
    another life; `refused`: it has begun so many that the newest waits for a person's word; `lost`: its machine is said
    to be gone, and this place stands in for it. `lacks`: what it and the places below it have written that is known of
    here and has not come whole; `silent`: of how many places below it that have a machine and go on nothing written
    within a day is here. `over`: that it has brought as much as it may today, in words; `turned_away`: that it had when
    it was last heard, so that what it brought beyond is not here. `joined`: a machine of it is in the
    network. `waiting`: the unfinished cases that it and the
    places below it hold, as far as is known here; `graded`: how many of them have each grade of GRADED."""

    place: str
    last_contact_ms: int | None
    skew_ms: int | None
    rings: bool
    restored: bool
    refused: bool
    lost: bool
    cases: int
    events: int
    lacks: NotWhole
    silent: int
    trouble: int
    forks: int
    quiet: bool
    over: tuple[str, str] | None
    turned_away: bool
    joined: bool
    waiting: int
    graded: list[int]


def children(visit: Visit) -> Response:
    """The table of children."""
    site, here, told = visit.site, visit.site.config.place, heard_of(visit)
    asked = _filters(visit)
    fitting = [child for child in told if _fits(visit, asked, child)]
    return visit.render(
        "children.html",
        turned_away=TURNED_AWAY,
        told=told,
        listed=counter_books.listed(visit, "children", fitting),
        filters=asked,
        grades=[clocks.grade_badge(grade) for grade in GRADED],
        heard=[child for child in told if child.last_contact_ms],
        clock_there=machine.clock_there,
        decides=DECIDES.roles,
        revokes=REVOKES.roles,
        lets_in=LETS_IN.roles,
        newcomers=len(site.casebook.newcomers()[0]),
        may_stand_in=here == site.casebook.roster.county,
        audit_head=site.casebook.audit_head_of,
        level=lambda place: site.places.level(place),
    )


def table(visit: Visit) -> Table:
    """The same as a file for a spreadsheet."""
    asked = _filters(visit)
    rows = [_cells(visit, child) for child in heard_of(visit) if _fits(visit, asked, child)]
    return Table("children", HEAD, rows, asked.told())


def _cells(visit: Visit, child: Child) -> tuple[str | int | float, ...]:
    at, t, lacks = child.last_contact_ms, visit.t, child.lacks
    heard = _stamp(at)
    never = ("从未联系，不知道", "never heard: unknown") if child.joined else ("没有入网", "no machine in the network")
    unsent = t(f"{heard} 以后的不知道", f"unknown since {heard}") if at else t(*never)
    if child.turned_away:
        unsent = t(*TURNED_AWAY) + t("；", "; ") + unsent
    return (
        child.place,
        visit.place_name(child.place),
        heard,
        *(child.cases, child.waiting, *child.graded, child.events, child.trouble, child.forks),
        child.skew_ms / 1000 if child.skew_ms is not None else "",
        *(lacks.records, lacks.papers, _stamp(lacks.since_ms), child.silent, unsent, lacks.parked),
    )


def _stamp(at_ms: int | None) -> str:
    return times.local(at_ms).strftime("%Y-%m-%d %H:%M") if at_ms else ""


def _filters(visit: Visit) -> Filters:
    t = visit.t
    return filters.asked(
        visit,
        "children",
        t("单位名称或代码", "Name or code"),
        Choice("state", t("状态", "State"), [(code, t(*words)) for code, words in STATES.items()]),
    )


def _fits(visit: Visit, asked: Filters, child: Child) -> bool:
    trouble = bool(child.trouble or child.forks or child.rings or child.refused or child.over or child.lost)
    lacking = child.lacks.since_ms is not None or child.turned_away
    states = {"trouble": trouble, "quiet": child.quiet, "heard": not child.quiet, "lacking": lacking}
    state = asked.chosen["state"]
    return asked.fit((child.place, visit.place_name(child.place)), state=state if states.get(state) else "")


def heard_of(visit: Visit) -> list[Child]:
    """The children, those not heard for longest first."""
    site, here = visit.site, visit.site.config.place
    places, roster = site.places, site.casebook.roster
    peers: dict[str, list[PeerRow]] = {}
    for row in site.casebook.peers():
        if row.direction == "down":
            peers.setdefault(row.place, []).append(row)
    streams, homes = site.casebook.counts()["streams"], site.casebook.case_counts()
    held = site.casebook.held_by_grade()
    lacking, written = site.casebook.not_whole(), site.casebook.last_written()
    refused, lost = site.casebook.lives_refused(), site.casebook.lost_places()
    told = []
    for place in places.children(here) if here in places else ():
        codes = places.below_or_self(place)
        under = {about(code) for code in codes}
        speaking = [code for code in codes if places.successor(code) is None and roster.nodes_of(code)]
        waiting = Counter[str]()
        for code in codes:
            waiting.update(held.get(code, {}))
        rows = [row for row in streams if row["scope"] in under]
        lives = peers.get(place, [])
        peer = max(lives, key=lambda row: row.last_contact_ms or 0, default=None)
        contact = peer.last_contact_ms if peer else None
        told.append(
            Child(
                place=place,
                last_contact_ms=contact,
                skew_ms=peer.skew_ms if peer else None,
                rings=any(life.alarm not in (NO_ALARM, RESTORED) for life in lives),
                restored=any(life.alarm == RESTORED for life in lives),
                refused=place in refused,
                lost=place in lost,
                cases=sum(homes.get(scope, 0) for scope in under),
                events=sum(row["contiguous"] - max(row["since"] - 1, 0) for row in rows),
                lacks=reduce(NotWhole.joined, (lacking[code] for code in codes if code in lacking), NOTHING_KNOWN),
                silent=sum(visit.now_ms - written.get(code, 0) > QUIET_AFTER_MS for code in speaking if code != place),
                trouble=sum(row[name] for row in rows for name in COUNTED),
                forks=sum(row["forks"] for row in rows),
                quiet=contact is None or visit.now_ms - contact > QUIET_AFTER_MS,
                over=_over(visit, lives),
                turned_away=peer is not None and turned_away(site.config, roster, peer),
                joined=bool(roster.nodes_of(place)),
                waiting=waiting.total(),
                graded=[waiting[grade] for grade in GRADED],
            )
        )
    return sorted(told, key=lambda child: (child.last_contact_ms or 0, child.place))


def _over(visit: Visit, lives: list[PeerRow]) -> tuple[str, str] | None:
    """What a child may bring no more of today, and what to do; None where it may bring more of everything."""
    quota = quota_of(visit.site.config)
    for row in lives:
        came = tally_of(row, visit.now_ms)
        events, papers = quota.over(came, places_of(visit.site.casebook.roster, row.place))
        if events or papers:
            count, size = came.events, (came.event_bytes + came.paper_bytes) >> 20
            return (
                f"今天传来的已达上限（{count} 条、{size} MB），其余明天再收，没有丢失；请打电话问清是不是积压，"
                "不是的请停用该机，确需多收的请管理员调高 quota_ 各项设置",
                f"has brought as much as it may in a day ({count} events, {size} MB); the rest is taken tomorrow, and"
                " nothing is lost: call and ask whether it is a backlog; if not, shut the machine out; if so and it"
                " cannot wait, have the settings quota_... raised",
            )
    return None


def settle_alarm(visit: Visit, place: str) -> Response:
    """The alarm of a place below is settled: its people have said which machine stays in use."""
    try:
        visit.site.casebook.settle_alarm(visit.staff.staff_no, place)
    except casebook.NotFound:
        raise NotFound from None
    return visit.redirect("children")


def allow_lives(visit: Visit, place: str) -> Response:
    """People know why a place below begins so many lives: further ones are countersigned again."""
    if place not in visit.site.casebook.lives_refused():
        raise NotFound
    visit.site.casebook.allow_lives(visit.staff.staff_no, place)
    return visit.redirect("children")


def stand_in(visit: Visit, place: str) -> Response:
    """The machine of a township is gone: new incarnations of the places under it are countersigned here."""
    try:
        visit.site.casebook.stand_in_for(visit.staff.staff_no, place)
    except casebook.NotAllowed:
        raise NotFound from None
    return visit.redirect("children")


def end_stand_in(visit: Visit, place: str) -> Response:
    """It goes on after all."""
    visit.site.casebook.end_stand_in(visit.staff.staff_no, place)
    return visit.redirect("children")


ROUTES: Final = (
    Route("/children", "children", children, Policy(STAFF, "node")),
    export.route("/children", "children_export", table, Policy(EXPORTS | ADMIN, "node")),
    Route("/children/<place>/settle", "settle_alarm", settle_alarm, DECIDES, ("POST",), vouched=True),
    Route("/children/<place>/allow-lives", "allow_lives", allow_lives, DECIDES, ("POST",), vouched=True),
    Route("/children/<place>/stand-in", "stand_in", stand_in, DECIDES, ("POST",), vouched=True),
    Route("/children/<place>/end-stand-in", "end_stand_in", end_stand_in, DECIDES, ("POST",), vouched=True),
)


def register(app: Flask) -> None:
    """Hang the page into an app that has the pages of every node."""
    templates = Blueprint("children_pages", __name__, template_folder="templates")
    add_pages(app, ROUTES, [(ROUTES[0], "下级单位", "Nodes")], templates)
