"""How the node is: the sync strip and its button, the page for staff, two answers for programs that watch it."""

import json
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from flask import make_response
from werkzeug.exceptions import ServiceUnavailable
from werkzeug.wrappers import Response

from sync_protocol.case.powers import ROLES
from sync_protocol.errors import TooManyLives
from sync_protocol.exchange import NO_ALARM, RESTORED
from sync_protocol.roster import network_code
from village_node.casebook import Casebook, NotAllowed
from village_node.store import NotSaved, StoreError
from village_node.store.peers import PeerRow
from village_node.web import complaints, lives, machine, query, query_by_card, webhooks
from village_node.web.display import come_back
from village_node.web.policy import ADMIN, CASEWORK, STAFF, Policy, Route
from village_node.web.site import Site, Visit

ANYBODY: Final = Policy(None, "public")
SEES: Final = Policy(STAFF, "node")

# What a stream may hold beside effective events; the names are those of the casebook's counts.
NUMBERS: Final = (
    ("waiting", "等待", "waiting"),
    ("needs_update", "待升级", "needs update"),
    ("void", "无效", "void"),
    ("contested", "有争议", "contested"),
    ("refused", "被拒", "refused"),
    ("parked", "暂存", "parked"),
    ("refused_there", "对方拒收", "refused there"),
    ("parked_there", "对方暂存", "parked there"),
)


def healthz(visit: Visit) -> Response:
    """The process answers."""
    return _plain("ok")


def readyz(visit: Visit) -> Response:
    """The process can read its database; 503 when not."""
    try:
        visit.site.casebook.sync_state()
    except StoreError:
        raise ServiceUnavailable from None
    return _plain("ready")


def _plain(text: str) -> Response:
    response = make_response(text + "\n")
    response.headers["Content-Type"] = "text/plain; charset=utf-8"
    return response


def sync_bar(visit: Visit) -> Response:
    """The sync strip by itself, for pages that renew it."""
    return visit.render("sync_bar.html")


def begin_exchange(visit: Visit) -> None:
    """Begin an exchange, which takes along how far the audit trail reaches where that is due: each act adds a line to
    it, and whoever presses often would say as often where it ends. The command says it each time."""
    with suppress(NotAllowed, NotSaved):  # cases go all the same
        visit.site.casebook.say_audit_head()
    visit.site.sync_soon()


def sync_now(visit: Visit) -> Response:
    """Have the node begin an exchange with the level above, and go back to the page at once: its strip says that the
    exchange is under way, and then what came of it."""
    begin_exchange(visit)
    return come_back(visit)


def children_heard(peers: Iterable[PeerRow]) -> list[PeerRow]:
    """One row for each place below, however many lives its machine had: the life heard last, with the worst alarm."""
    found: dict[str, PeerRow] = {}
    for row in sorted(peers, key=lambda row: row.last_contact_ms or 0):
        if row.direction == "down":
            alarms = {row.alarm, found[row.place].alarm if row.place in found else NO_ALARM}
            ringing = alarms - {NO_ALARM, RESTORED}
            found[row.place] = row._replace(alarm=max(ringing or alarms))
    return list(found.values())


def health(visit: Visit) -> Response:
    """The page for staff: what waits, is void, contested, refused or parked in each stream; neighbours; machine."""
    site = visit.site
    status = site.node_status()
    return visit.render(
        "health.html",
        health=status,
        numbers=NUMBERS,
        trouble_total=sum(status[name] for name, _, _ in NUMBERS),
        children=children_heard(site.casebook.peers()),
        complaints_shut=complaints.is_shut(visit),
        alarm=query.alarming(visit),
        by_card=query_by_card.alarming(visit),
        refused_sign_ins=site.accounts.guesses.alarming(),
        admin=ADMIN,
        room=visit.sync_state.room,
        disk=machine.disk(visit.sync_state.room),
        clock=machine.clock_here(visit.sync_state.skew_ms, visit.sync_state.above),
        clock_there=machine.clock_there,
        papers=machine.papers(visit.sync_state.papers, visit.now_ms),
        papers_size=machine.size_of_papers(visit.sync_state.papers),
        stale=machine.nothing_newer(status["checkpoint"]["time_ms"] if status["checkpoint"] else None, visit.now_ms),
        key_since=site.casebook.key_since(),
        audited=site.accounts.rows.audit_checked(),
        audit_written=site.accounts.rows.audit_stands()[0],
        network_code=network_code(site.casebook.network_id),
        old_key=machine.old_key(site.casebook.key_since(), visit.now_ms),
        casework=CASEWORK,
        decides=lives.DECIDES.roles,
        life=site.casebook.life(),
        again=visit.request.args.get("again") == "yes",
        forks_to_rule_on=_to_rule_on(site.casebook) if status["forks"] else 0,
        roster_forks=len(site.casebook.roster.forks),
        struck=len(site.casebook.roster.struck),
        too_many_lives=TooManyLives.code,
        unasked=_without_factor(site),
        webhooks=len(told := site.accounts.webhooks.rows.living()),
        untold=webhooks.in_trouble(told, visit.now_ms),
        root=site.casebook.roster.root if site.casebook.identity.parent is None else None,
    )


def _without_factor(site: Site) -> tuple[list[tuple[str, str]], str] | None:
    """Which roles should show a second factor and need none here, in words, and what is to be written so that they do;
    None where all do."""
    level, demands = site.casebook.identity.level, site.accounts.demands
    roles = demands.unasked(level)
    if not roles:
        return None
    all_of_them = json.dumps(sorted({*demands.second_factor, *roles}))
    return [ROLES[role, level] for role in roles], f"second_factor = {all_of_them}"


def _to_rule_on(casebook: Casebook) -> int:
    """How many forks wait for a ruling, or for one more because of what came since."""
    return sum(view.ruling is None or bool(view.unruled) for view in casebook.forks())


PAGE: Final = Route("/health", "health", health, SEES)
ROUTES: Final = (
    Route("/healthz", "healthz", healthz, ANYBODY, refreshes=True),
    Route("/readyz", "readyz", readyz, ANYBODY, refreshes=True),
    PAGE,
    Route("/sync-bar", "sync_bar", sync_bar, ANYBODY, refreshes=True),
    Route("/sync-now", "sync_now", sync_now, Policy(STAFF, "node"), ("POST",)),
)
