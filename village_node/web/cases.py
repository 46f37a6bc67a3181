"""One case on one page: where it is, its timeline with hop receipts and verdicts, its papers, what may happen next."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from sync_protocol.case import (
    Case,
    Offer,
    Position,
    Step,
    bodies,
    kinds,
    legal_bodies,
    legal_moves,
    powers,
    route,
    why_not,
    workflow,
)
from sync_protocol.case.promises import promise_at
from sync_protocol.places import about
from village_node.casebook import Shown, TimelineEntry
from village_node.store.locks import CaseKey
from village_node.store.proposals import Proposal
from village_node.web import (
    appeals,
    charging,
    claimed,
    clocks,
    commitments,
    documents,
    entitled,
    joint,
    linked,
    minutes,
    policy,
    posting,
    previews,
    proceedings,
    recall,
    schemas,
    six_kinds,
    skews,
    standstills,
    timeline,
    told_once,
    unproven,
    unsent,
    voices,
    words,
)
from village_node.web.attempts import Attempt, Late, late
from village_node.web.policy import CASEWORK, Policy, Route
from village_node.web.site import Visit

READS: Final = Policy(CASEWORK, "node", "masked")
UNMASKS: Final = Policy(policy.UNMASKS, "node", "reasoned")
REASON_SHORTEST: Final = 4
NO_REASON: Final = ("请写明查看原因，至少 4 个字。", "Please give the reason, at least 4 characters.")


# What a case waits for, the most pressing first; other moves stand below these.
AWAITED: Final = (
    kinds.ANSWER, kinds.REVIEW_DECISION, kinds.RESUME, kinds.COUNTERSIGN_CLOSE, kinds.TAKE, kinds.ACCEPT, kinds.RECEIVE,
    kinds.DOCKET, kinds.DECIDE, kinds.FEE_SETTLED, kinds.FEE_NOTICE, kinds.ISSUE, kinds.HANDOFF, kinds.REVIEW,
    kinds.DELIVERED, kinds.ARCHIVE, kinds.COUNTERSIGNATURE, kinds.COMMITMENT_KEPT, kinds.RECTIFICATION, kinds.FOLLOW_UP,
    kinds.PREREVIEW_REPLY, kinds.CALL_BACK,
)  # fmt: skip


def fetch(visit: Visit, place: str, case_id: str) -> Case:
    """The case of this address, as this node's events make it. Raises NotFound for bad and unknown ones alike."""
    case = visit.site.casebook.case(*_addressed(place, case_id))
    if case is None:
        raise NotFound
    return case


def fetch_shown(visit: Visit, place: str, case_id: str) -> tuple[Case, Shown]:
    """The case of this address, and what somebody is shown who is shown it. Raises NotFound."""
    case, shown_now = visit.site.casebook.case_shown(_addressed(place, case_id))
    if case is None:
        raise NotFound
    return case, shown_now


def _addressed(place: str, case_id: str) -> CaseKey:
    try:
        raw = bytes.fromhex(case_id)
    except ValueError:
        raise NotFound from None
    if len(raw) != 16:
        raise NotFound
    return about(place), raw


def case_page(visit: Visit, place: str, case_id: str) -> Response:
    """The page of one case, personal data masked."""
    return show(visit, fetch(visit, place, case_id))


def unmask(visit: Visit, place: str, case_id: str) -> Response:
    """The page with personal data in full, once, after a reason that goes into the audit trail first."""
    case = fetch(visit, place, case_id)
    reason, problem = reason_given(visit)
    if problem:
        return show(visit, case, Attempt(problem=problem, status=422))
    note_unmasked(visit, case, reason)
    return show(visit, case, open_data=True)


def note_unmasked(visit: Visit, case: Case, reason: str) -> None:
    """Note in the audit trail, before it is done, that somebody sees the personal data of a case and why."""
    subject = case.case_no or case.case_id.hex()
    visit.site.accounts.audit(visit.staff.staff_no, "case.unmask", subject, {"reason": reason})


def reason_given(visit: Visit) -> tuple[str, str]:
    """Why somebody wants to see what is not masked, as the audit trail keeps it; and what to say where that is none."""
    reason = visit.line("reason")
    return (reason[:200], "") if len(reason) >= REASON_SHORTEST else ("", visit.t(*NO_REASON))


def show(visit: Visit, case: Case, attempt: Attempt | None = None, *, open_data: bool = False) -> Response:
    """Draw the page of a case; `attempt`: what was just tried and failed."""
    attempt = attempt or Attempt()
    site, here, roles = visit.site, visit.site.config.place, visit.staff.roles
    purge = site.casebook.purge_of(about(case.home), case.case_id)
    gone = (erased := site.casebook.erased_bodies(about(case.home), case.case_id)) or purge
    # Before the timeline is read: what comes between is shown there, and no decision from this page is bound to it.
    stand = entitled.standing(visit, case, [] if gone else offers_of(visit, case))
    entries = site.casebook.timeline(about(case.home), case.case_id)
    offers = stand.offers
    odd = site.casebook.oddities_of((about(case.home), case.case_id)) if odd_at_all(case) else None
    item = site.catalogue.find(case.item_no, case.item_version)
    own_forms = _filled_in(visit, case)
    wanted = wanted_first(case, own_forms)
    return visit.render(
        "case.html",
        attempt.status,
        case=case,
        item=item,
        here=here,
        entries=[timeline.line(visit, case, entry, open_data=open_data) for entry in entries],
        outcomes=timeline.outcomes(visit, odd),
        documents={} if gone else documents.offered(visit, case, entries),
        since_ms=held_since(case, entries),
        stops=stops(visit, case),
        offers=sorted(offers, key=lambda offer: wanted.index(offer.kind) if offer.kind in wanted else len(wanted)),
        wanted=wanted,
        missing=[] if gone else missing_moves(visit, case, {offer.kind for offer in offers}),
        hindered=stand.hindered,
        asked=entitled.asked(visit, case),
        authority=entitled.decision_checked(visit, case),
        kin=stand.kin,
        shown_digest=stand.shown.digest,
        through=entitled.through_text(stand.shown),
        purge=purge,
        erased=erased,
        clock=clocks.panel(visit, case),
        ended=case.state in (*workflow.ENDED, "withdrawn"),
        may_recall=recall.RECALLS.allows(roles),
        attempt=attempt,
        late=_late(visit, case, attempt, entries, offers),
        done=done_words(visit),
        open_data=open_data,
        shown=lambda name, text: timeline.shown(name, text, open_data),
        papers=[timeline.paper_line(visit, paper) for paper in case.materials],
        options_of=lambda row: [(code, visit.t(*words.choice_words(code))) for code in row.choices],
        markable=markable(visit, case),
        boxes=proceedings.boxes(visit, case, open_data=open_data),
        **elsewhere(visit, case, entries, gone=bool(gone)),
        choices_of=lambda kind, name: proceedings.choices(visit, case, kind, name),
        rights=voices.rights(visit, case),
        proposed=own_forms,
        when_required=lambda row: proceedings.when_required(visit, row),
        clock_question=lambda kind: skews.question(visit, kind),
        may_unmask=UNMASKS.allows(roles),
        seen=schemas.position_text(case.last) if case.last else "",
        position_text=schemas.position_text,
        words=words,
        field_kinds=FIELD_KINDS,
        usual_promise="" if item is None else promise_at(item, site.level),
        kinds=kinds,
    )


# What a correction may say of the applicant and the proxy, and its most characters: it takes that field's place.
_OF_PEOPLE: Final = {
    row.name: row.high
    for row in bodies.CREATE.fields
    if row.type == "text" and row.name.startswith(("applicant_", "proxy_", "legal_"))
}


def answers_beside(case: Case) -> dict[str, str]:
    """The answers of the application, without what was corrected of people: that stands where it was corrected."""
    return {
        name: text
        for name, text in case.answers.items()
        if name not in _OF_PEOPLE or not bodies.plain(text, 1, _OF_PEOPLE[name])
    }


def _late(
    visit: Visit, case: Case, attempt: Attempt, entries: Sequence[TimelineEntry], offers: Sequence[Offer]
) -> Late:
    form = assigning(visit, case) if attempt.kind == kinds.FORCE_ASSIGN else None
    return late(visit, case, attempt, entries, offers, assigns=form is not None and form.proposal is None)


def _filled_in(visit: Visit, case: Case) -> dict[int, dict[str, Any]]:
    """What a form holds before anybody types: by kind."""
    return {
        **commitments.proposed(visit, case),
        **joint.proposed(visit, case),
        **told_once.proposed(visit, case),
    }


def wanted_first(case: Case, own_forms: Mapping[int, object]) -> tuple[int, ...]:
    """What the case waits for, the most pressing first: the holder's moves, or the papers of somebody who was asked for
    them; before all of it the word that the person in front owes it, which their own form is filled in for."""
    wanted = (*AWAITED, kinds.SUPPLY) if case.listed_state == "correcting" else AWAITED
    return (kinds.COUNTERSIGNATURE, *wanted) if kinds.COUNTERSIGNATURE in own_forms else wanted


def elsewhere(visit: Visit, case: Case, entries: Sequence[TimelineEntry], *, gone: bool) -> dict[str, object]:
    """What the page says beside: what of the case is not on record, its kind now, cases it is linked with, whether
    it has left, whether there are minutes, who has taken it up, and the papers, to be compared with the form."""
    item = visit.site.catalogue.find(case.item_no, case.item_version)
    return {
        "two_persons": legal_bodies.SPECIAL,
        "answers_beside": answers_beside(case),
        "unproven": {
            **{kind: unproven.of(visit, case, kind) for kind in unproven.SAID_IN},
            kinds.RETURN_FOR_CORRECTION: unproven.to_ask_for(visit, case),
        },
        "assigning": assigning(visit, case),
        "standstills": standstills.badges(visit, standstills.of_case(visit, case)),
        "six_kind": six_kinds.of_case(visit, case, item, entries),
        "linked": linked.of(visit, case),
        "unsent": unsent.is_unsent(visit, case, entries),
        "posting": posting.of(visit, case, [entry.position for entry in entries]),
        "may_look": UNMASKS.allows(visit.staff.roles),
        "may_complain": powers.may(visit.staff.roles, visit.site.level, kinds.COMPLAINT),
        "meets": minutes.may_be_shown(visit, case),
        "claim": claimed.panel(visit, case),
        "sheets": [] if gone else previews.beside(visit, case),
    }


def offers_of(visit: Visit, case: Case) -> list[Offer]:
    """What the person in front may do with the case now; what stands on pages of its own is left out."""
    site = visit.site
    legal = legal_moves(case, site.config.place, visit.staff.roles, site.catalogue, site.places)
    key = (about(case.home), case.case_id)
    return [
        _as_asked(visit, case, offer)
        for offer in legal
        if offer.kind not in workflow.APART
        and (offer.kind != kinds.RATING_APPEAL or appeals.can_act(visit, case))
        and site.casebook.why_too_late(key, offer.kind) is None
    ]


def _as_asked(visit: Visit, case: Case, offer: Offer) -> Offer:
    """An act with its fields as its form asks them."""
    asked = told_once.offered(case, charging.offered(visit, case, proceedings.offered(visit, case, offer)))
    return voices.offered(appeals.offered(visit, case, asked))


@dataclass
class Assigning:
    """What the page shows of assigning this case: where to, and the proposal that waits."""

    targets: list[str]
    proposal: Proposal | None
    proposer: str


def assigning(visit: Visit, case: Case) -> Assigning | None:
    """Whether the person in front may propose to assign the case; None for who never may, like all of a place that has
    nobody below it, and where nobody can now."""
    site = visit.site
    if not powers.may_propose(visit.staff.roles, site.level) or not has_places_below(visit):
        return None
    proposal = site.casebook.proposal_of((about(case.home), case.case_id))
    if _why_not_assigned(visit, case) is None:
        targets = [place for place in site.places.line_of(case.home) if place != case.holder]
    elif proposal is None:
        return None  # why, stands with the other moves that are not possible now
    else:
        targets = []
    proposer = (site.accounts.name_of(proposal.proposer) or proposal.proposer) if proposal else ""
    return Assigning(targets, proposal, proposer)


def _why_not_assigned(visit: Visit, case: Case) -> tuple[str, str] | None:
    """Why a case cannot be assigned from here now, whoever proposes it; None where it can."""
    if not has_places_below(visit):
        return _NOBODY_BELOW
    site, able = visit.site, powers.roles_at(visit.site.level)
    return why_not(case, kinds.FORCE_ASSIGN, site.config.place, able, site.catalogue, site.places)


def has_places_below(visit: Visit) -> bool:
    """Whether a case can be at a place below this one."""
    site, here = visit.site, visit.site.config.place
    return here in site.places and bool(site.places.children(here))


def odd_at_all(case: Case) -> bool:
    """Whether something of the case does not count, or counts by adoption alone."""
    return bool(case.adopted) or any(count for code, count in case.counts.items() if code != "effective")


def done_words(visit: Visit) -> str:
    """The move that was just made, as the address says; empty when there was none."""
    if visit.request.args.get("done", "") == "asked" and visit.request.method == "GET":
        return visit.t("已提出，等批准人批准后生效", "proposed; it takes effect when it is approved")
    kind = kinds.BY_NAME.get(visit.request.args.get("done", ""))
    return visit.t(*words.kind_words(kind.number)) if kind is not None and visit.request.method == "GET" else ""


def held_since(case: Case, entries: Sequence[TimelineEntry]) -> int | None:
    """When the present holder took the case, or when it set out: the time its author claims."""
    moved = (kinds.CREATE, kinds.RECEIVE, kinds.HANDOFF, kinds.ACCEPT, kinds.FORCE_ASSIGN)
    times = {entry.position: entry.claimed_ms for entry in entries if entry.kind in moved}
    return next((times[position] for position in reversed(case.path) if position in times), None)


def stops(visit: Visit, case: Case) -> list[tuple[str, str, bool]]:
    """The way of the case: (place, what is done there, whether the case is at this stop now)."""
    item = visit.site.catalogue.find(case.item_no, case.item_version)
    steps = route(item, case.home, visit.site.places) if item else ()
    done = {"file"} | ({"accept"} if case.docketed else set()) | ({"review"} if case.reviewed else set())
    done |= {"accept", "review", "decide"} if case.decision else set()
    at = None if case.state in workflow.CLOSED else _stop_at(steps, case.transit_to or case.holder, done)
    return [(visit.place_name(step.place), visit.t(*words.PURPOSES[step.purpose]), step is at) for step in steps]


def _stop_at(steps: Sequence[Step], here: str | None, done: Collection[str]) -> Step | None:
    """The stop at which a case is: the next one to be done, where that is here; else the last done here, from which it
    goes on, or the first one here where those before it were passed over. None where it has no stop."""
    due = next((step for step in steps if step.purpose not in done), None)
    if due is not None and due.place == here:
        return due
    there = [step for step in steps if step.place == here]
    return next((step for step in reversed(there) if step.purpose in done), there[0] if there else None)


_NOBODY_BELOW: Final = (
    "只有现持有单位的上级可以改派；本单位没有下级单位",
    "only a place above the one that holds the case may; there is nobody below this one",
)


def missing_moves(visit: Visit, case: Case, offered: set[int]) -> list[tuple[str, str]]:
    """The moves this person's role knows that are not possible now, each with the reason."""
    return [(visit.t(*workflow.LABELS[kind]), visit.t(*why)) for kind, why in missing(visit, case, offered)]


def missing(visit: Visit, case: Case, offered: set[int]) -> list[tuple[int, tuple[str, str]]]:
    """The same as (kind, words in both languages)."""
    site, here, roles = visit.site, visit.site.config.place, visit.staff.roles
    found = []
    for kind in workflow.LABELS:
        # That a case is assigned has a place of its own on the page, where it can be.
        if kind == kinds.FORCE_ASSIGN and powers.may_propose(roles, site.level):
            why = _why_not_assigned(visit, case)
            found += [(kind, why)] if why is not None else []
            continue
        if kind in (*offered, kinds.CREATE, kinds.FORCE_ASSIGN) or not powers.may(roles, site.level, kind):
            continue
        if kind in workflow.APART and not odd_at_all(case):
            continue
        why = why_not(case, kind, here, roles, site.catalogue, site.places)
        why = why or site.casebook.why_too_late((about(case.home), case.case_id), kind)
        if why is not None:
            found.append((kind, why))
    return found


def markable(visit: Visit, case: Case) -> list[tuple[str, str]]:
    """What a return for correction can mark: fields of the application and papers, as (name, words)."""
    fields = ["applicant_name", "applicant_id_no", "applicant_phone", "applicant_address"]
    if case.applicant.get("representative"):
        fields.append("legal_representative")
    if case.proxy and not case.authorities:  # what an authority says is entered anew, not corrected
        fields += ["proxy_name", "proxy_authorisation"]
    item = visit.site.catalogue.find(case.item_no, case.item_version)
    papers = dict.fromkeys([*(item.materials if item else ()), *(paper.name for paper in case.materials)])
    names = [*fields, *case.answers, *(words.MATERIAL + paper for paper in papers)]
    return [(name, visit.t(*words.field_words(name))) for name in dict.fromkeys(names)]


# How a field of a body is asked for; what is not named here is a line of text.
FIELD_KINDS: Final[dict[str, str]] = {
    "int": "number", "choice": "choice", "bool": "yes_no", "date": "date", "answers": "answers", "marks": "marks",
    "materials": "materials", "positions": "positions", "position": "position", "names": "names",
}  # fmt: skip


def position_of(text: str) -> Position | None:
    """A position written on a page; None when it is none."""
    if schemas.POSITION_TEXT.fullmatch(text) is None:
        return None
    incarnation, seq, mark = schemas.parse_position(text)
    return Position(incarnation, seq, mark)


ROUTES: Final = (
    Route("/cases/<place>/<case_id>", "case", case_page, READS),
    Route("/cases/<place>/<case_id>/unmask", "unmask", unmask, UNMASKS, ("POST",)),
)
