"""The part of the casebook behind supervision: cards, letters to be answered by a day, spot checks on a sample."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

from sync_protocol import encoding
from sync_protocol.case import (
    Case,
    Position,
    bodies,
    clock,
    kinds,
    legal_dates,
    numbers,
    oversight,
    powers,
    sampling,
    why_not,
    workflow,
)
from sync_protocol.case.clock import Clocks
from sync_protocol.case.exclusions import GRADE_NUMBERS, Grade
from sync_protocol.case.oversight import Asked
from sync_protocol.case.oversight_bodies import paper_words
from sync_protocol.case.records import SideNote
from sync_protocol.case.sampling import Drawn, Sample
from sync_protocol.case.workdays import day_of
from sync_protocol.errors import ProtocolError
from sync_protocol.event import Dep, load_header, mark
from sync_protocol.places import about
from village_node.casebook import entitlement, ledger, once
from village_node.casebook.acts import Act, CaseRef
from village_node.casebook.calendars import calendar_in
from village_node.casebook.conditions import CHINA
from village_node.casebook.desk import checked
from village_node.casebook.errors import BadBody, NotAllowed, NotFound
from village_node.casebook.moving import staying
from village_node.casebook.numbering import NO_DEPARTMENT
from village_node.casebook.reading import folded
from village_node.casebook.registering import Registering
from village_node.store import Connection, peers, streams
from village_node.store import oversight as beside
from village_node.store.case_lists import Page
from village_node.store.locks import CaseKey
from village_node.store.requests import Request
from village_node.store.streams import CaseEventRow

PAGE_SIZE: Final = 50
MOST_DRAWN: Final = sampling.MOST_CASES
_LAST_YEAR: Final = 2199
_SAMPLE_FIELDS: Final[dict[str, tuple[str, str]]] = {
    "what": ("请选择抽查已办结的还是在办的", "choose settled or running cases"),
    "first": ("请填写起始日期", "give the first day"),
    "last": ("截止日期不能早于起始日期", "the last day is not before the first"),
    "out_of": ("这段时间没有可抽的件", "there is no case to draw from in that time"),
    "cases": (f"抽取件数须为 1 至 {MOST_DRAWN}", f"draw from 1 to {MOST_DRAWN} cases"),
    "questions": (
        f"检查表须有 1 至 {sampling.MOST_QUESTIONS} 问，每问不超过 {sampling.QUESTION_MAX} 字，不能重复",
        f"1 to {sampling.MOST_QUESTIONS} different questions of at most {sampling.QUESTION_MAX} characters",
    ),
}


class Standing(NamedTuple):
    """What was asked about one case, and how it stands by a clock of its own today."""

    key: CaseKey
    asked: Asked
    grade: Grade


class Overseeing(Registering):
    """What supervision sees and writes, and what whoever is asked answers."""

    def cards(self, grade: str = "", page: int = 1, text: str = "", place: str = "") -> Page:
        """One page of unfinished cases that are yellow or worse today, held here or under here; at the root all.
        ``text``: what a receipt number begins with, or an item's number; ``place``: held there, or under it where that
        is not here. KeyError for a grade without a card."""
        if grade and grade not in beside.CARDS:
            raise KeyError(grade)
        with self.store.reading() as connection:
            wanted = self._looked_after(connection, place)
            return beside.with_a_card(connection, day_of(self.clock()), wanted, grade, page, PAGE_SIZE, text)

    def watched(self, page: int = 1, text: str = "", place: str = "") -> Page:
        """One page of unfinished cases in which papers were asked for more than once, or much of the time is not
        counted, held here or under here; at the root all. ``text``, ``place``: as of cards."""
        with self.store.reading() as connection:
            wanted = self._looked_after(connection, place)
            return beside.watched(connection, day_of(self.clock()), wanted, page, PAGE_SIZE, text)

    def _looked_after(self, connection: Connection, place: str) -> Collection[str] | None:
        """The places whose cases are this place's to look after: it, those under it, what it inherits; at the root all,
        None. ``place``: of these, that one and those under it; of this place itself, that alone."""
        places, here = self.roster_in(connection).places, self.identity.place
        if place:
            return (here,) if place == here or place not in places else places.kept_at(place)
        under = places.kept_at(here) if here in places else (here,)
        return None if self.identity.parent is None else under

    def asked_about(self) -> list[Standing]:
        """Every letter and every finding of a spot check that is held here, the newest first."""
        by_case = self.remembered("overseen", self._overseen)
        calendar = self.remembered("calendar", lambda connection: calendar_in(self, connection))
        today = day_of(self.clock())
        found = [
            Standing(key, each, oversight.grade_of(each, calendar, today))
            for key, notes in by_case.items()
            for each in oversight.asked_of(notes)
        ]
        return sorted(found, key=lambda one: (-one.asked.note.at_ms, one.key))

    def waits_for_us(self) -> list[Standing]:
        """What this place was asked and has not answered, the most pressing first."""
        here = self.identity.place
        mine = [one for one in self.asked_about() if one.asked.to == here and one.asked.waits]
        return sorted(mine, key=lambda one: (-GRADE_NUMBERS[one.grade], one.asked.until))

    def overseen(self, key: CaseKey) -> list[SideNote]:
        """What stands beside one case."""
        with self.store.reading() as connection:
            case = folded(self, connection, self.roster_in(connection), key)[0]
        return list(case.oversight) if case is not None else []

    def when_written(self, key: CaseKey, position: Position) -> tuple[Case, Clocks] | None:
        """A case, and its clocks, as they stood when something was written beside it; None where that is not held.
        What has come since, and what was written later, is left out."""
        with self.store.reading() as connection:
            roster = self.roster_in(connection)
            held = ledger.held_events(self, connection, roster, {key})[key]
            written = next((each.event for each in held if each.event.position == position), None)
            if written is None:
                return None
            before = [each for each in held if each.stranger or each.event.hlc <= written.hlc]
            case = ledger.fold_held(self, roster, key, before)
            events = [each.event for each in before if not each.stranger]
            facts = legal_dates.facts_of(case, events, roster.places, self.catalogue)
            return case, clock.read(facts, calendar_in(self, connection), day_of(written.claimed_ms))

    def oversee(
        self,
        actor: str,
        roles: Iterable[str],
        key: CaseKey,
        kind: int,
        said: Mapping[str, Any],
        request: Request | None = None,
    ) -> CaseRef:
        """Write a letter, an answer, or a spot check beside a case; ``said`` by field name. The number of a letter is
        drawn here. ``request``: under which id it is asked for. Raises AlreadyDone, IdTaken, BadBody naming the field,
        NotAllowed, NotFound, NotSaved."""
        if kind not in workflow.OVERSIGHT:
            raise KeyError(kind)
        if "document_no" in said:
            raise BadBody("document_no", "文号由本机编排，请不要填写", "the node draws the number: leave it out")
        if "seal" in said:
            raise BadBody("seal", "用印由本机登记，请不要填写", "the node notes the seal: leave it out")
        allowed = frozenset(roles)

        def act(connection: Connection) -> tuple[CaseRef, set[str]]:
            roster = self.roster_in(connection)
            case, _ = folded(self, connection, roster, key)
            if case is None:
                raise NotFound("本机没有这一案件", "no such case is held here")
            catalogue = self.items_in(connection).catalogue
            wrong = why_not(case, kind, self.identity.place, allowed, catalogue, roster.places)
            if wrong is not None:
                raise NotAllowed(*wrong)
            self._check_said(case, kind, said, roster.places.line_of(case.home))
            if kind == kinds.SPOT_CHECK:
                self._check_sample(connection, case, said)
            full, seal = dict(said), ""
            if kind == kinds.SUPERVISION_LETTER:
                self._locked_stream(connection, key[0], [key])  # before the number, as every act does
                full["document_no"] = self._letter_number(connection, paper_words(full)[0])
                full["seal"] = seal = entitlement.letter_seal(self, connection, case, actor)
            content = checked(kind, bodies.numbered(kind, {**full, "seal": seal or None}))
            done = self._do(connection, Act(actor, allowed, key, kind, content))
            self._note_seal(connection, actor, done, kind, seal, str(full.get("document_no", "")))
            self.note(connection, actor, f"supervision.{kinds.name_of(kind)}", case.case_no)
            once.became(connection, request, key)
            return done, {key[0]}

        return self._act(act, request)

    def samples(self, place: str = "") -> list[Drawn]:
        """Every sample that a place has drawn, the newest first."""
        with self.store.reading() as connection:
            return sampling.newest_first(self._samples(connection, place or self.identity.place))

    def may_oversee(self, roles: Iterable[str], kind: int) -> bool:
        """Whether somebody with these roles writes letters, checks cases or draws samples here."""
        return powers.may(frozenset(roles), self.identity.level, kind)

    def draw(
        self,
        actor: str,
        roles: Iterable[str],
        what: str,
        first: str,
        last: str,
        count: int,
        questions: Iterable[str],
        request: Request | None = None,
    ) -> Drawn:
        """Draw so many cases of a period at random, for good: nobody draws from the same days again. Fewer are drawn
        where there are fewer. ``request``: under which id it is asked for. Raises AlreadyDone, IdTaken, BadBody naming
        the field, NotAllowed, NotSaved."""
        if not self.may_oversee(roles, kinds.SAMPLE):
            raise NotAllowed(
                "只有督查、业务科或站长可以抽样", "supervision, the business section or a station head draws"
            )
        from_ms, to_ms = span_ms(first, last)
        if last > day_of(self.clock()).isoformat():
            raise BadBody("last", "截止日期不能晚于今天", "the last day is not after today")
        if not 1 <= count <= MOST_DRAWN:
            raise BadBody("count", *_SAMPLE_FIELDS["cases"])

        def act(connection: Connection) -> tuple[None, set[str]]:
            self._locked_stream(connection, about(self.identity.place))  # nobody draws from the same days meanwhile
            if what not in sampling.OF:
                raise BadBody("what", *_SAMPLE_FIELDS["what"])
            there = beside.of_period(connection, what, from_ms, to_ms)
            chosen = self._chosen(len(there), min(count, len(there)))
            drawn = tuple((there[index][0].partition(":")[2], there[index][1]) for index in chosen)
            said = Sample(what, first, last, len(there), drawn, tuple(questions))
            for each in self._samples(connection, self.identity.place):
                if each.overlaps(said):
                    raise NotAllowed(
                        f"{each.said.first} 至 {each.said.last} 已抽过样，不能重抽；请选其他日期",
                        f"{each.said.first} to {each.said.last} was drawn from already: choose other days",
                    )
            try:
                raw = sampling.to_bytes(said)
            except ValueError as wrong:
                raise BadBody(str(wrong), *_SAMPLE_FIELDS[str(wrong)]) from None
            scope = self._write_entry(connection, actor, kinds.SAMPLE, raw)
            once.became(connection, request, (scope, b""))
            self.note(connection, actor, "supervision.sample", f"{first}..{last}", what=what, drawn=len(drawn))
            self.mark_news(connection, {scope})
            return None, {scope}

        self._act(act, request)
        return self.samples()[0]

    def _chosen(self, out_of: int, count: int) -> list[int]:
        """So many different numbers below ``out_of``, each set of them as likely as any other."""
        left = list(range(out_of))
        chosen = []
        for _ in range(count):
            room = 2**64 - 2**64 % len(left)
            number = room
            while number >= room:
                number = int.from_bytes(self.randomness(8), "big")
            chosen.append(left.pop(number % len(left)))
        return sorted(chosen)

    def _check_said(self, case: Case, kind: int, said: Mapping[str, Any], path: tuple[str, ...]) -> None:
        """Ask of places, days and what is answered what the workflow does not. Raises BadBody, NotAllowed."""
        here, today = self.identity.place, day_of(self.clock()).isoformat()
        under = path[: path.index(here) + 1]
        if said.get("to") and said["to"] not in under:
            raise BadBody(
                "to", "只能督办本案所经的本级或下级单位", "send it to this place or one below on the case's way"
            )
        for name in ("answer_by", "due"):
            if said.get(name) and str(said[name]) < today:
                raise BadBody(name, "期限不能早于今天", "the day to answer by is not before today")
        if kind == kinds.SUPERVISION_ANSWER:
            waiting = [each.note.position for each in oversight.unanswered(case.oversight, here)]
            if Position(*said["of"]) not in waiting:
                raise BadBody("of", "没有这件待答复的督办或检查", "nothing like that waits for an answer of this place")
        if kind == kinds.SPOT_CHECK and said.get("what") == "recheck":
            of = Position(*said["of"]) if said.get("of") else None
            findings = {each.note.position: each for each in oversight.asked_of(case.oversight)}
            found = findings.get(of) if of is not None else None
            if found is None or found.note.kind != kinds.SPOT_CHECK:
                raise BadBody("of", "没有这次检查", "there is no such check")
            if here not in path[path.index(found.note.place) if found.note.place in path else len(path) :]:
                raise NotAllowed("由检查单位或其上级复查", "the place that checked looks again, or one above it")
            if not found.answered:
                raise NotAllowed("整改单位尚未答复，不能复查", "who is to put it right has not answered yet")

    def _check_sample(self, connection: Connection, case: Case, said: Mapping[str, Any]) -> None:
        """A check form is that of a sample which holds the case; and one that a new life may still have to write again
        has no position yet to be named. Raises BadBody, NotAllowed."""
        if not said.get("sample"):
            if said.get("answers"):
                raise BadBody(
                    "sample", "填了检查表的，须注明属于哪次抽样", "a filled check form belongs to a sample: name it"
                )
            return
        drawn = Position(*said["sample"])
        held = next((each for each in self._samples(connection, self.identity.place) if each.position == drawn), None)
        if held is None or (case.home, case.case_id) not in held.said.cases:
            raise BadBody(
                "sample", "本案不在这次抽样之中，请重新打开本页", "that sample does not hold this case: open it anew"
            )
        if not set(said.get("answers", {})) <= set(held.said.questions):
            raise BadBody(
                "answers", "检查表与这次抽样的不符，请重新打开本页", "not the questions of that sample: open it anew"
            )
        dep = Dep(drawn.incarnation, about(self.identity.place), drawn.seq)
        if staying(self, connection, (dep,)) != (dep,):
            raise NotAllowed(
                "本机曾换新或恢复，抽样登记尚待与下级各单位核对；请等同步完成后再登记检查",
                "this machine was replaced or restored, its samples are not settled with all below yet: wait for the "
                "exchange",
            )

    def _letter_number(self, connection: Connection, mark: str) -> str:
        me, year = self.identity, day_of(self.clock()).year
        counter = peers.count_up(connection, f"document {me.incarnation.hex()} {NO_DEPARTMENT} {year} {mark}")
        return numbers.make_document_number(NO_DEPARTMENT, mark, year, me.place, me.incarnation, counter)

    def _samples(self, connection: Connection, place: str) -> list[Drawn]:
        roster, found = self.roster_in(connection), []
        for row in streams.beside_cases(connection, about(place), kinds.SAMPLE):
            author = self.entitled(connection, roster, row.incarnation, row.scope, row.event.seq)
            try:
                header = load_header(row.event.header)
            except ProtocolError:
                continue
            sound = kinds.understood(header.kind, header.kind_version) and not any(key < 0 for key in header.ext or ())
            said = sampling.from_bytes(row.event.body) if sound and row.event.body is not None else None
            if author is None or author.place != place or header.case_id is not None or said is None:
                continue  # of a later version, or it does not fit its form: stored, and says nothing here
            position = Position(row.incarnation, header.seq, mark(row.event.hash))
            found.append(Drawn(position, place, header.actor, header.claimed, said))
        return found

    def _overseen(self, connection: Connection) -> dict[CaseKey, list[SideNote]]:
        """What stands beside every case that anything stands beside, without folding one."""
        notes = notes_of(self, connection, beside.overseen(connection))
        return {key: [note for _, note in sorted(listed)] for key, listed in notes.items()}


def notes_of(
    office: Registering, connection: Connection, found: Iterable[CaseEventRow]
) -> dict[CaseKey, list[tuple[tuple[int, int, Position], SideNote]]]:
    """Side events that count as notes by case, each with what puts it in order. One whose body is gone says nothing."""
    roster = office.roster_in(connection)
    by_case: dict[CaseKey, list[tuple[tuple[int, int, Position], SideNote]]] = {}
    for row in found:
        author = office.entitled(connection, roster, row.incarnation, row.scope, row.event.seq)
        body = row.event.body
        if author is None or body is None or row.event.case_id is None:
            continue
        header = load_header(row.event.header)
        position = Position(row.incarnation, header.seq, mark(row.event.hash))
        said = bodies.named(header.kind, encoding.decode(body))
        note = SideNote(position, header.kind, author.place, header.actor, header.claimed, said)
        by_case.setdefault((row.scope, row.event.case_id), []).append(((header.hlc, author.order, position), note))
    return by_case


def span_ms(first: str, last: str) -> tuple[int, int]:
    """The beginning of the first day and the end of the last in ms. Raises BadBody."""
    days = []
    for name, typed in (("first", first), ("last", last)):
        if not bodies.is_date(typed):
            raise BadBody(name, *_SAMPLE_FIELDS[name])
        days.append(date.fromisoformat(typed))
    if days[1] < days[0]:
        raise BadBody("last", *_SAMPLE_FIELDS["last"])
    if not 1970 <= days[0].year <= days[1].year <= _LAST_YEAR:
        raise BadBody("first", "年份须在 1970 至 2199 之间", "the year must be from 1970 to 2199")
    starts = [datetime(day.year, day.month, day.day, tzinfo=CHINA) for day in (days[0], days[1] + timedelta(1))]
    return int(starts[0].timestamp() * 1000), int(starts[1].timestamp() * 1000)
