"""Appeals against a bad rating on the page of a case: which of the two acts is open here, and what became of it."""

from dataclasses import replace

from sync_protocol.case import Case, Offer, SideNote, kinds, powers
from sync_protocol.case.authority import voices_on
from sync_protocol.case.orders import Order
from sync_protocol.case.routes import CasePath
from village_node.web import times, words
from village_node.web.site import Visit


def open_to(visit: Visit, case: Case) -> tuple[list[SideNote], list[SideNote]]:
    """The ratings that may be appealed against here, and the appeals that the person in front may answer."""
    site = visit.site
    mine, asked = voices_on(case, site.config.place, CasePath(case.home, site.places)) or ([], [])
    return mine, asked if powers.may_judge(visit.staff.roles, site.level) else []


def can_act(visit: Visit, case: Case) -> bool:
    """Whether the person in front has anything to say here: an act without a choice is not offered."""
    return any(open_to(visit, case))


def offered(visit: Visit, case: Case, offer: Offer) -> Offer:
    """The act as it is offered: who may only appeal is not asked for a finding, and who may only find for no appeal."""
    if offer.kind != kinds.RATING_APPEAL:
        return offer
    mine, asked = open_to(visit, case)
    able = (*(("appeal",) if mine else ()), *(("stands", "struck") if asked else ()))
    return offer._replace(
        fields=tuple(replace(row, choices=able) if row.name == "what" else row for row in offer.fields)
    )


def lines(visit: Visit, order: Order) -> list[str]:
    """An appeal and what was found, in words."""
    said = [note for note in (order.appeal, order.finding) if note is not None]
    found = [
        f"{times.moment(note.at_ms, visit.lang)} · {visit.place_name(note.place)} · "
        + visit.t(*words.choice_words(note.body["what"]))
        + visit.t("：", ": ")
        + str(note.body["text"])
        for note in said
    ]
    if order.appealed is not None:
        found.append(visit.t("申诉待上级答复。", "The level above is to answer the appeal."))
    return found
