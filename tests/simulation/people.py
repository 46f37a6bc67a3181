"""The people at the counters: they file, review, decide, return, supply, hand over, withdraw and deliver.

They do what the pages would offer them, in working hours, a few acts at a time.
"""

import random
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from sync_protocol.case import Case, bodies, kinds, legal_bodies, legal_moves, workflow
from sync_protocol.case.authority import Offer
from tests.builders import APPLICATION, ROLES, answers_to
from tests.simulation.disk import SOUND, PowerCut
from tests.simulation.truth import CaseKey, Violation
from village_node.casebook import CasebookError, NotAllowed, procedures
from village_node.store import StoreError

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation
    from tests.simulation.station import Station

ITEMS: Final = ("001", "003", "004", "007", "008", "009", "014", "016", "020", "040", "041")
SESSIONS_A_DAY: Final = {"village": 1, "township": 1, "county": 2}
OPENS_S, CLOSES_S = 8.5 * 3600, 17.5 * 3600
FILES: Final = 0.3  # of the sessions at a village
ACTS: Final = 6
ACTOR: Final = "0001"
COLLEAGUE: Final = "0002"  # for what one person may not do alone
FINISHED: Final = workflow.CLOSED

# How readily people do what they may do; 0: never by themselves.
WEIGHTS: Final[dict[int, float]] = {
    kinds.HANDOFF: 8.0,
    kinds.ACCEPT: 10.0,
    kinds.DOCKET: 10.0,
    kinds.REVIEW: 10.0,
    kinds.RETURN_FOR_CORRECTION: 0.8,
    kinds.TAKE: 12.0,
    kinds.DECIDE: 10.0,
    kinds.ANSWER: 12.0,
    kinds.NOTE: 0.8,
    kinds.SUPPLY: 0.3,
    kinds.WITHDRAWAL_REQUEST: 0.2,
    kinds.DELIVERED: 4.0,
    kinds.PLEASE_RETURN: 0.2,
    kinds.ADOPT: 6.0,
    kinds.DISMISS: 6.0,
    kinds.REFUSE: 0.3,
    kinds.REVIEW_REQUEST: 2.0,
    kinds.REVIEW_DECISION: 10.0,
    kinds.SUSPEND: 0.8,
    kinds.RESUME: 8.0,
    kinds.EXTEND: 0.2,
    kinds.ISSUE: 4.0,
}
# When all is to be brought to an end: what leads there, the first that may be done.
ONWARD: Final = (
    kinds.ADOPT, kinds.DISMISS, kinds.ACCEPT, kinds.TAKE, kinds.ANSWER, kinds.RESUME, kinds.SUPPLY, kinds.DOCKET,
    kinds.REVIEW, kinds.DECIDE, kinds.DELIVERED, kinds.HANDOFF,
)  # fmt: skip


class People:
    """Everybody who works at the simulated county's counters."""

    def __init__(self, sim: "Simulation", chance: random.Random) -> None:
        self._sim = sim
        self.chance = chance
        self.acts = 0
        self.not_saved = 0

    def plan_day(self, day: int) -> None:
        """Plan who works when on one day."""
        for code in sorted(self._sim.stations):
            level = self._sim.stations[code].place.level
            for _ in range(SESSIONS_A_DAY[level]):
                at_s = day * 86_400 + self.chance.uniform(OPENS_S, CLOSES_S)
                self._sim.loop.after(at_s - self._sim.loop.now_s, partial(self._session, code))

    def _session(self, code: str) -> None:
        station = self._sim.stations[code]
        if not station.is_up():
            return
        self._sim.heads.session(station)
        if not station.is_up():
            return
        if station.place.level == "village" and self.chance.random() < FILES:
            self.file(station)
        open_cases = self.open_cases(station)
        for key in self.chance.sample(open_cases, min(ACTS, len(open_cases))):
            if not station.is_up():
                return
            self.act(station, key, self._choose)

    def open_cases(self, station: "Station") -> list[CaseKey]:
        """The cases that somebody here could have something to do with."""
        here = station.code
        return [
            key
            for key, (state, holder, to, *_) in self._sim.watch.seen[here].cases.items()
            if state
            and (state == "refused" or state not in FINISHED)
            and (here in (holder, to) or key[0] == f"about:{here}")
        ]

    def file(self, station: "Station") -> bool:
        """A resident comes; whether the application was saved."""
        item = self.chance.choice(ITEMS)
        body = {**APPLICATION, "item_no": item, "applicant_name": f"居民{self.chance.randrange(10_000)}"}
        body |= answers_to(station.casebook.catalogue, body, {})
        scope = f"about:{station.code}"

        def do() -> None:
            ref = station.casebook.file(ACTOR, ROLES["village"], body)
            self._sim.truth.opened((ref.scope, ref.case_id), station.code, ref.case_no)

        return self.try_to(station, scope, f"files {item}", do)

    def act(self, station: "Station", key: CaseKey, choose: Callable[[list[Offer], Case], Offer | None]) -> bool:
        """One person does one act on a case, if there is one to do; whether it was done and saved."""
        done = False

        def do() -> None:
            nonlocal done
            book = station.casebook
            case = book.case(*key)
            if case is None or book.erased_bodies(*key):  # nothing is offered on a page of what was erased
                return
            roles = ROLES[station.place.level]
            offers = legal_moves(case, station.code, roles, book.catalogue, book.roster.places)
            offers = [one for one in offers if WEIGHTS.get(one.kind) and book.why_too_late(key, one.kind) is None]
            offer = choose(offers, case)
            if offer is None:
                return
            body = self._body(offer, case)
            item = book.catalogue.find(case.item_no, case.item_version)
            decides = item is not None and item.deciding_level == station.place.level
            able = procedures.open_to(item) if decides else ()  # a special procedure is for the level that decides
            if offer.kind == kinds.SUSPEND and body["what"] in legal_bodies.SPECIAL and body["what"] not in able:
                body = {**body, "what": "publicity"}
            actor = COLLEAGUE if offer.kind == kinds.REVIEW_DECISION else ACTOR
            if offer.kind == kinds.SUSPEND and body["what"] in legal_bodies.SPECIAL:
                asked = {name: value for name, value in body.items() if name != "proposer"}
                book.ask_procedure(COLLEAGUE, roles, key, bodies.numbered(offer.kind, asked), case.last)
                book.approve_procedure(actor, roles, key, clock_confirmed=True)
            else:
                book.record(actor, roles, key[0], key[1], offer.kind, body, case.last, clock_confirmed=True)
            self._sim.say(station, f"does {kinds.name_of(offer.kind)} on {key[1].hex()[:8]}")
            done = True

        return self.try_to(station, key[0], "acts", do) and done

    def try_to(self, station: "Station", scope: str, what: str, act: Callable[[], None]) -> bool:
        """Let a person do something, and hold the node to what it said of it."""
        sim = self._sim
        before = sim.watch.own_head(station, scope)
        try:
            act()
        except PowerCut:
            station.cut()
            return False
        except StoreError as problem:
            if station.disk.state == SOUND:
                raise Violation("a sound disk saves", (station.code,), f"{what}: {problem.en}") from problem
            sim.looked(station, f"{what}: not saved")
            self.not_saved += 1
            if sim.watch.own_head(station, scope) != before:
                raise Violation("not saved is not saved", (station.code,), what) from problem
            return False
        except CasebookError as problem:
            # Of a machine whose own stream was proven forked nothing new counts until its operator lets it go on.
            rings = sim.watch.may_ring(station) and station.casebook.standing().rings
            if not (isinstance(problem, NotAllowed) and rings):
                detail = f"{what}: {problem.en}"
                raise Violation("what is offered can be done", (station.code,), detail) from problem
            sim.say(station, f"{what}: not while it rings")
            return False
        sim.looked(station, what)
        if station.is_up() and sim.watch.own_head(station, scope) != before:
            self.acts += 1
            sim.acknowledge(station, scope)
        return True

    def _choose(self, offers: list[Offer], case: Case) -> Offer | None:
        if not offers:
            return None
        weights = [WEIGHTS[one.kind] for one in offers]
        for place, offer in enumerate(offers):
            if offer.kind == kinds.SUPPLY and case.state == "correcting":
                weights[place] = 0.0 if case.open_supplies else 10.0
            if offer.kind == kinds.REVIEW and case.reviewed:
                weights[place] = 0.2
            if offer.kind == kinds.HANDOFF and offer.purpose == "deliver":
                weights[place] = 2.0
        return self.chance.choices(offers, weights)[0] if sum(weights) else None

    @staticmethod
    def onward(offers: list[Offer], case: Case) -> Offer | None:
        """What brings a case nearer to its end."""
        by_kind = {one.kind: one for one in reversed(offers)}
        if case.reviewed:
            by_kind.pop(kinds.REVIEW, None)
        if case.state != "correcting" or case.open_supplies:
            by_kind.pop(kinds.SUPPLY, None)
        return next((by_kind[kind] for kind in ONWARD if kind in by_kind), None)

    def _body(self, offer: Offer, case: Case) -> Mapping[str, Any]:
        """What is typed into the form."""
        chance = self.chance
        if offer.kind == kinds.HANDOFF:
            return {"to": offer.to, "purpose": offer.purpose}
        if offer.kind == kinds.REVIEW:
            return {"opinion": chance.choice(("agree", "disagree")), "text": "入户核查属实"}
        if offer.kind == kinds.RETURN_FOR_CORRECTION:
            return {"marks": [["身份证", "复印件不清"]], "reason": "请补正"}
        if offer.kind == kinds.TAKE:
            return {"supplies": [list(note.position) for note in case.open_supplies][:8]}
        if offer.kind == kinds.DECIDE:
            outcome = chance.choice(("approve", "approve", "refuse"))
            return {"outcome": outcome, "reasons": "经审查"}
        if offer.kind == kinds.ANSWER:
            granted = case.decision is None and chance.random() < 0.5
            return {"request": list(case.open_withdrawals[0].position), "granted": granted, "reason": "已审查"}
        if offer.kind == kinds.SUPPLY:
            return {"text": f"补交 {chance.randrange(1000)}", "materials": [["身份证", 1, True]]}
        if offer.kind == kinds.ADOPT:
            return {"named": [list(case.adoptable[0])]}
        if offer.kind == kinds.DISMISS:
            return {"named": [list(one) for one in case.open_oddities][:8], "reason": "重复办理"}
        if offer.kind == kinds.DELIVERED:
            return {"to": "本人", "how": "in_person"}
        if offer.kind in (kinds.NOTE, kinds.PLEASE_RETURN, kinds.WITHDRAWAL_REQUEST):
            return {"text" if offer.kind == kinds.NOTE else "reason": f"备注 {chance.randrange(1000)}"}
        return self._legal_body(offer, case)

    def _legal_body(self, offer: Offer, case: Case) -> Mapping[str, Any]:
        """The same for what befalls a case beside its straight way."""
        chance = self.chance
        if offer.kind == kinds.REFUSE:
            return {"reasons": "不属于本机关职权", "legal_basis": "行政许可法第三十二条"}
        if offer.kind == kinds.REVIEW_REQUEST:
            return {"reason": "材料齐全"}
        if offer.kind == kinds.REVIEW_DECISION:
            outcome = chance.choice(("overturn", "uphold"))
            return {"request": list(case.open_reviews[0].position), "outcome": outcome, "reasons": "经复核"}
        if offer.kind == kinds.SUSPEND:
            what = chance.choice(("supplement", "publicity", "testing"))
            more = {"marks": [["户口簿", "缺页"]], "planned_days": 7, "proposer": COLLEAGUE, "reason": "审查中发现"}
            return {"what": what, "basis": "有关规定", **more}
        if offer.kind == kinds.RESUME:
            supplies = [list(note.position) for note in case.open_supplies][:8]
            taken = {"supplies": supplies} if supplies else {}
            return {"opened": list(case.open[0].opened), "result": "已完成", **taken}
        if offer.kind == kinds.EXTEND:
            return {"days": chance.randint(1, 10), "reason": "情况复杂"}
        return {"certificate_no": f"证{chance.randrange(1000)}"} if offer.kind == kinds.ISSUE else {}
