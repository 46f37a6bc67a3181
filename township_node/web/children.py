"""The children of this node: when each was last heard, how its cases stand, and what of its records makes trouble."""

from dataclasses import dataclass
from typing import Final

from flask import Blueprint, Flask
from werkzeug.wrappers import Response

from sync_protocol.places import about
from village_node.web import Policy, Route, Visit, add_pages, machine
from village_node.web.policy import STAFF

QUIET_AFTER_MS: Final = 24 * 3_600_000
COUNTED: Final = ("waiting", "needs_update", "void", "contested", "refused", "parked")


@dataclass
class Child:
    """One child, as far as this node knows. `backlog`: its records held here whose bodies are still missing."""

    place: str
    last_contact_ms: int | None
    skew_ms: int | None
    alarm: int
    cases: int
    events: int
    backlog: int
    trouble: int
    quiet: bool


def children(visit: Visit) -> Response:
    """The table of children, those not heard for longest first."""
    site, here = visit.site, visit.site.config.place
    places = site.places
    peers = {peer.place: peer for peer in site.casebook.peers() if peer.direction == "down"}
    streams, homes = site.casebook.counts()["streams"], site.casebook.case_counts()
    told = []
    for place in places.children(here) if here in places else ():
        under = {about(code) for code in places.below_or_self(place)}
        rows = [row for row in streams if row["scope"] in under]
        peer = peers.get(place)
        contact = peer.last_contact_ms if peer else None
        told.append(
            Child(
                place=place,
                last_contact_ms=contact,
                skew_ms=peer.skew_ms if peer else None,
                alarm=peer.alarm if peer else 0,
                cases=sum(homes.get(scope, 0) for scope in under),
                events=sum(row["contiguous"] for row in rows),
                backlog=sum(row["head"] - row["contiguous"] for row in rows),
                trouble=sum(row[name] for row in rows for name in COUNTED),
                quiet=contact is None or visit.now_ms - contact > QUIET_AFTER_MS,
            )
        )
    told.sort(key=lambda child: (child.last_contact_ms or 0, child.place))
    return visit.render(
        "children.html",
        told=told,
        heard=[child for child in told if child.last_contact_ms],
        clock_there=machine.clock_there,
    )


ROUTES: Final = (Route("/children", "children", children, Policy(STAFF, "node")),)


def register(app: Flask) -> None:
    """Hang the page into an app that has the pages of every node."""
    templates = Blueprint("children_pages", __name__, template_folder="templates")
    add_pages(app, ROUTES, [(ROUTES[0], "下级单位", "Nodes below")], templates)
