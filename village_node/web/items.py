"""What people can apply for: the list of items, and the one-time notice of each."""

from typing import Final

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from sync_protocol.case import themes
from sync_protocol.case.catalogue import Item
from sync_protocol.case.routes import CasePath, Step, route, why_not_filed
from village_node.web import entry
from village_node.web.policy import Policy, Route
from village_node.web.site import Visit

PUBLIC: Final = Policy(None, "public")


def items(visit: Visit) -> Response:
    """The finder: for residents a guide, for staff who may file a way into the form."""
    text, department, kind = (entry.line(visit.request.args.get(name, ""))[:60] for name in ("q", "department", "kind"))
    finder = visit.site.finder
    found = finder.look(text, department, kind)
    return visit.render(
        "items.html",
        finder=finder,
        found=found,
        q=text,
        department=department,
        kind=kind,
        why_not=lambda item: not_filed_here(visit, item),
    )


def notice(visit: Visit, item_no: str) -> Response:
    """The one-time notice of an item: papers to bring, days, where it goes; made to be printed."""
    item = visit.site.finder.newest(item_no)
    if item is None:
        raise NotFound
    return visit.render(
        "notice.html",
        item=item,
        steps=steps_from_here(visit, item),
        why_not=not_filed_here(visit, item),
        asked_for=asked_for(visit, item),
    )


def asked_for(visit: Visit, item: Item) -> dict[str, str]:
    """For which items of a theme each paper and each question is asked, in words."""
    found = themes.asked_for(visit.site.catalogue.parts(item))
    return {
        name: visit.t("、", ", ").join(visit.t(part.name, part.name_en) for part in parts)
        for name, parts in found.items()
    }


def steps_from_here(visit: Visit, item: Item) -> tuple[Step, ...]:
    """The stops of a case of this item filed here; empty where it cannot be."""
    return route(item, visit.site.config.place, visit.site.places)


def not_filed_here(visit: Visit, item: Item) -> str | None:
    """Why an application for this item cannot be filed here, in the language chosen; None if it can."""
    place = visit.site.config.place
    why = why_not_filed(item, place, CasePath(place, visit.site.places))
    return visit.t(*why) if why else None


ROUTES: Final = (
    Route("/items", "items", items, PUBLIC),
    Route("/items/<item_no>", "notice", notice, PUBLIC),
)
