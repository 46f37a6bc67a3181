"""Supervision: which cases have a card, letters to be answered by a day, what was asked and answered of a case."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from marshmallow import ValidationError
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from sync_protocol.case import Case, kinds, oversight, powers, watching, workflow
from sync_protocol.case.clock import Clocks
from sync_protocol.case.exclusions import CLOCKS, GRADE_NUMBERS, STEPS, Grade
from sync_protocol.case.oversight_bodies import CARD_PAPERS, CARDS, RULES, paper_words
from sync_protocol.case.records import SideNote
from sync_protocol.case.sampling import Drawn
from sync_protocol.case.workdays import FIRST_DAY, day_of
from sync_protocol.places import about
from village_node.casebook import AlreadyDone, BadBody, IdTaken, NotAllowed, Standing
from village_node.notices import supervising
from village_node.notices.printing import NotPrinted
from village_node.store.cases import CaseRow
from village_node.web import cases, clocks, counter_books, entry, filters, prints, schemas, sent_once, times, words
from village_node.web.clocks import Badge
from village_node.web.documents import offices, sealed_by
from village_node.web.filters import Choice, Filters
from village_node.web.policy import CASEWORK, Policy, Route
from village_node.web.site import Visit

READS: Final = Policy(CASEWORK, "node")
WRITES: Final = Policy(CASEWORK, "node")
ANSWER_DAYS: Final = 3  # working days that a letter gives, unless somebody types another day
KINDS: Final = {
    "letter": kinds.SUPERVISION_LETTER,
    "answer": kinds.SUPERVISION_ANSWER,
    "card": kinds.ALERT_ANSWER,
    "check": kinds.SPOT_CHECK,
}


@dataclass(frozen=True)
class CardLine:
    """One case with a card: by which clock, since when, who has it, and what was said to it."""

    row: CaseRow
    place: str
    case_id: str
    item: str
    badge: Badge
    rule: str
    step: tuple[str, str, str, str]
    holder: str
    since: str
    said: str
    letters: int


@dataclass(frozen=True)
class WatchedLine:
    """One case that is listed though no limit says so: why and since when, and who has it."""

    row: CaseRow
    place: str
    case_id: str
    item: str
    why: list[tuple[str, str]]
    step: tuple[str, str, str, str]
    holder: str


@dataclass(frozen=True)
class AskedLine:
    """One letter or finding: of which case, to whom, until when, how it stands."""

    each: Standing
    place: str
    case_id: str
    case_no: str
    position: str
    to: str
    by: str
    until: str
    badge: Badge
    state: Badge
    is_letter: bool
    title: str


def supervision(visit: Visit) -> Response:
    """The cases with a card, or the letters and findings; filtered by what stands in the address."""
    view, narrowed = asked(visit)
    book, grade = visit.site.casebook, narrowed.chosen.get("grade", "")
    waiting = book.waits_for_us()
    shown: dict[str, Any] = {"asked": [], "lines": [], "page": 1, "pages": 1, "total": 0}
    if view == "asked":
        found_asked = counter_books.listed(visit, "supervision", letters(visit, narrowed))
        shown |= {"asked": found_asked.rows, "page": found_asked.page, "pages": found_asked.pages}
    else:
        at = entry.page(visit.request.args.get("page", "1"))
        place = narrowed.chosen["place"]
        watching_now = view == "watched"
        found = book.watched(at, narrowed.text, place) if watching_now else book.cards(grade, at, narrowed.text, place)
        pages = max(-(-found.total // found.page_size), 1)
        lines = [(watched_line if watching_now else card_line)(visit, row) for row in found.rows]
        shown |= {"lines": lines, "page": found.page, "pages": pages, "total": found.total}
    return visit.render(
        "supervision.html",
        view=view,
        filters=narrowed,
        waiting=[asked_line(visit, each) for each in waiting],
        link=lambda number: visit.again("supervision", page=number),
        **shown,
    )


def asked(visit: Visit) -> tuple[str, Filters]:
    """Which list the address asks for, and what it is narrowed to: of which card, at which place."""
    view, t = visit.request.args.get("view", "cards"), visit.t
    if view not in ("cards", "watched", "asked"):
        raise NotFound
    here, places = visit.site.config.place, visit.site.places
    near = (here, *places.children(here)) if here in places else (here,)
    grades = [(each, t(*clocks.grade_badge(each)[2:])) for each in CARDS]
    held = Choice("place", t("持有单位", "Held by"), [(code, visit.place_name(code)) for code in near])
    choices = {"cards": [Choice("grade", t("预警", "Card"), grades), held], "watched": [held], "asked": []}[view]
    label = t("收件编号、事项编号", "Receipt or service number")
    if view == "asked":
        label = t("文号、收件编号或对象", "Document, receipt number, or to whom")
    return view, filters.asked(visit, "supervision", label, *choices, kept=("view",))


def letters(visit: Visit, narrowed: Filters) -> list[AskedLine]:
    """The letters and findings, narrowed."""
    lines = [asked_line(visit, each) for each in visit.site.casebook.asked_about()]
    return [
        each
        for each in lines
        if narrowed.fit((str(each.each.asked.note.body.get("document_no", "")), each.case_no, each.to))
    ]


def card_line(visit: Visit, row: CaseRow) -> CardLine:
    """Put one case with a card into words."""
    book, today, place = visit.site.casebook, day_of(visit.now_ms), row.scope.partition(":")[2]
    key, grade = (row.scope, row.case_id), row.grade_on(today)
    since = {"yellow": row.yellow_day, "red": row.red_day, "red_plus": row.red_plus_day}.get(grade)
    found, notes = book.clock_of(key), book.overseen(key)
    holder = row.holder or row.transit_to or ""
    said = oversight.acknowledged(notes, grade, holder)
    letters = [each for each in oversight.asked_of(notes) if each.note.kind == kinds.SUPERVISION_LETTER]
    return CardLine(
        row=row,
        place=place,
        case_id=row.case_id.hex(),
        item=_item_name(visit, row),
        badge=clocks.grade_badge(grade),
        rule=rule_words(visit, found.clocks, grade) if found is not None else "",
        step=words.state_words(row.state),
        holder=_holder_words(visit, row),
        since=times.date_words(FIRST_DAY + timedelta(since), visit.lang) if since is not None else "",
        said="" if said is None else said.body.get("text") or visit.t("已知悉", "acknowledged"),
        letters=len(letters),
    )


def watched_line(visit: Visit, row: CaseRow) -> WatchedLine:
    """Put one case that is listed into words."""
    found = visit.site.casebook.clock_of((row.scope, row.case_id))
    listed = found.watched if found is not None else []
    return WatchedLine(
        row=row,
        place=row.scope.partition(":")[2],
        case_id=row.case_id.hex(),
        item=_item_name(visit, row),
        why=[(visit.t(*watching.WORDS[each.why]), times.date_words(each.since, visit.lang)) for each in listed],
        step=words.state_words(row.state),
        holder=_holder_words(visit, row),
    )


def _item_name(visit: Visit, row: CaseRow) -> str:
    item = visit.site.catalogue.find(row.item_no or "", row.item_version or 0)
    return visit.t(item.name, item.name_en) if item else row.item_no or ""


def _holder_words(visit: Visit, row: CaseRow) -> str:
    holder = visit.place_name(row.holder or row.transit_to or "")
    return holder + ("" if row.holder else visit.t("（在途）", " (on its way)"))


def rule_words(visit: Visit, found: Clocks, grade: Grade) -> str:
    """By which clocks a case has its card, and how much of each is used."""
    return visit.t("；", "; ").join(
        visit.t(
            f"{CLOCKS[each.clock][0]}时限，已用 {each.used}／{each.limit} 个工作日",
            f"{CLOCKS[each.clock][1]}: {each.used} of {each.limit} working days used",
        )
        for each in clocks.raising(found, grade)
    )


def asked_line(visit: Visit, each: Standing) -> AskedLine:
    """Put one letter or finding into words."""
    note, row = each.asked.note, visit.site.casebook.case_row(*each.key)
    if each.asked.settled:
        state: Badge = ("good", "check", "已答复", "answered")
        if note.kind == kinds.SPOT_CHECK:
            state = ("good", "check", "复查合格", "in order on the second look")
    elif each.asked.answered:
        state = ("active", "clock", "已整改，待复查", "put right, to be looked at again")
    else:
        state = ("waiting", "clock", "待答复", "waits for an answer")
    return AskedLine(
        each=each,
        place=each.key[0].partition(":")[2],
        case_id=each.key[1].hex(),
        case_no=(row.case_no if row is not None else "") or "",
        position=schemas.position_text(note.position),
        to=visit.place_name(each.asked.to),
        by=visit.place_name(note.place),
        until=each.asked.until,
        badge=clocks.grade_badge(each.grade),
        state=state,
        is_letter=note.kind == kinds.SUPERVISION_LETTER,
        title=_letter_title(visit, note),
    )


def _letter_title(visit: Visit, note: SideNote) -> str:
    zh, en = paper_words(note.body)
    return visit.t(f"{zh}通知书", en[0].upper() + en[1:])


def of_case(visit: Visit, place: str, case_id: str) -> Response:
    """What supervision wrote about one case, what was answered, and what the person in front may add."""
    return show(visit, cases.fetch(visit, place, case_id))


def show(visit: Visit, case: Case, status: int = 200, problem: str = "", typed: str = "") -> Response:
    """That page; ``typed``: which of its forms was sent and came back."""
    book, staff, here = visit.site.casebook, visit.staff, visit.site.config.place
    key = about(case.home), case.case_id
    row, today = book.case_row(*key), day_of(visit.now_ms)
    grade = row.grade_on(today) if row is not None else ""
    standing = [each for each in book.asked_about() if each.key == key]
    places = visit.site.places.line_of(case.home) if case.home in visit.site.places else (case.home,)
    depth = visit.site.places.rank
    under = [each for each in places if each == here or depth(each) > depth(here)] if here in places else []
    found = book.clock_of(key)
    able = {
        name: powers.may(staff.roles, visit.site.level, kind) for name, kind in KINDS.items() if not case.needs_update
    }
    closed = workflow.STATES[case.state].closed if case.state else True
    holder = case.holder or case.transit_to or ""
    sample = _sample(visit, case)
    return visit.render(
        "supervision_case.html",
        status,
        case=case,
        problem=problem,
        typed=typed,
        form=visit.request.form if typed else {},
        done=visit.request.args.get("done", ""),
        badge_of=clocks.grade_badge(grade),
        carded=grade in CARDS,
        grade=grade,
        rule=rule_words(visit, found.clocks, grade) if found is not None and grade else "",
        rules=[(code, visit.t(*words.choice_words(code))) for code in RULES],
        papers=_papers(visit, grade),
        leading=_leading(found.clocks, grade) if found is not None else "otherwise",
        holder=visit.place_name(holder),
        lines=[asked_line(visit, each) for each in standing],
        cards=[(visit.place_name(note.place), note, clocks.grade_badge(note.body["grade"])) for note in _cards(case)],
        checks=[note for note in case.oversight if note.kind == kinds.SPOT_CHECK],
        questions=sample.said.questions if sample is not None else (),
        sample=schemas.position_text(sample.position) if sample is not None else "",
        targets=[(code, visit.place_name(code)) for code in sorted(under, key=lambda code: code != holder)],
        answer_by=book.calendar().nth(today, ANSWER_DAYS).isoformat(),
        may_write=able.get("letter") and not closed,
        may_check=able.get("check"),
        may_card=able.get("card") and grade in CARDS and here == holder and not closed,
        may_answer=able.get("answer"),
        here=here,
        item=visit.site.catalogue.find(case.item_no, case.item_version),
    )


def _papers(visit: Visit, grade: Grade) -> list[tuple[str, str]]:
    """As what a letter may be sent now: a letter, or the card that the case has; an early warning where it has none."""
    zh, en = CARD_PAPERS[grade if grade in CARDS else ""]
    return [
        ("", visit.t("督办通知书", "letter of supervision")),
        ("card", visit.t(f"{zh}通知书", f"{en}, on paper")),
    ]


def _leading(found: Clocks, grade: Grade) -> str:
    """The clock that a letter would be about."""
    having = sorted(clocks.raising(found, grade), key=lambda each: each.clock in STEPS) if grade else []
    return having[0].clock if having else "otherwise"


def _cards(case: Case) -> list[SideNote]:
    """What was said to the cards of a case, the worst card first."""
    said = [note for note in case.oversight if note.kind == kinds.ALERT_ANSWER and "grade" in note.body]
    return sorted(said, key=lambda note: -GRADE_NUMBERS[note.body["grade"]])


def _sample(visit: Visit, case: Case) -> Drawn | None:
    """The newest sample that holds the case, or the one named: its questions are asked, and the check belongs to it."""
    named = visit.request.args.get("sample", "") or visit.request.form.get("sample", "")
    for each in visit.site.casebook.samples():
        drawn = (case.home, case.case_id) in each.said.cases
        if drawn and named in ("", schemas.position_text(each.position)):
            return each
    return None


def write(visit: Visit, place: str, case_id: str, what: str) -> Response:
    """Write a letter, an answer, a word to a card, or a check. What cannot be written comes back as it was typed."""
    case = cases.fetch(visit, place, case_id)
    if what not in KINDS:
        raise NotFound
    try:
        said = _said(visit, case, what)
        visit.site.casebook.oversee(
            visit.staff.staff_no,
            visit.staff.roles,
            (about(case.home), case.case_id),
            KINDS[what],
            said,
            sent_once.asked(visit),
        )
    except AlreadyDone:
        pass
    except IdTaken:
        return show(visit, case, 409, sent_once.changed(visit), _form_of(visit, what))
    except BadBody as bad:
        return show(visit, case, 422, visit.t(bad.zh, bad.en), _form_of(visit, what))
    except NotAllowed as refused:
        return show(visit, case, 409, visit.t(refused.zh, refused.en), _form_of(visit, what))
    return visit.redirect("supervision_case", place=place, case_id=case_id, done=what)


def _form_of(visit: Visit, what: str) -> str:
    """Which form of the page was sent: a second look is a check with a form of its own."""
    return "recheck" if what == "check" and visit.line("what") == "recheck" else what


def _said(visit: Visit, case: Case, what: str) -> dict[str, Any]:
    """The fields of one form by name, without empty ones. Raises BadBody."""
    row = visit.site.casebook.case_row(about(case.home), case.case_id)
    grade = row.grade_on(day_of(visit.now_ms)) if row is not None else ""
    card: dict[str, Any] = {"grade": grade} if grade in CARDS else {}
    said: dict[str, Any]
    if what == "letter":
        said = {name: visit.line(name) for name in ("to", "rule", "answer_by", "paper")} | card
        said["text"] = visit.paragraph("text")
    elif what == "answer":
        said = {"of": _named(visit, "of"), "text": visit.paragraph("text"), "done_by": visit.line("done_by")}
    elif what == "card":
        if not card:
            raise NotAllowed("本案现在没有黄牌或红牌", "the case has no card now")
        said = card | {"text": visit.paragraph("text")}
    else:
        said = {name: visit.line(name) for name in ("what", "outcome", "to", "due")}
        said |= {name: _named(visit, name) for name in ("of", "sample") if visit.line(name)}
        said["text"] = visit.paragraph("text")
        sample = _sample(visit, case)
        asked = sample.said.questions if sample is not None else ()
        said["answers"] = {each: visit.line(f"q{n}") for n, each in enumerate(asked) if visit.line(f"q{n}")}
        if said["outcome"] != "found":
            said = {name: value for name, value in said.items() if name not in ("to", "due")}
    return {name: value for name, value in said.items() if value not in ("", None, {}, [])}


def _named(visit: Visit, name: str) -> list[Any]:
    """The event that a field names. Raises BadBody."""
    try:
        return schemas.parse_position(visit.line(name))
    except ValidationError:
        raise BadBody(name, "没有这条记录", "there is no such record") from None


def letter(visit: Visit, place: str, case_id: str, position: str) -> Response:
    """A letter as the document that is sent. It names no applicant."""
    case = cases.fetch(visit, place, case_id)
    found = [each for each in oversight.asked_of(case.oversight) if each.note.kind == kinds.SUPERVISION_LETTER]
    asked = next((each for each in found if schemas.position_text(each.note.position) == position), None)
    if asked is None or "rule" not in asked.note.body:
        raise NotFound
    book, named, note = visit.site.casebook, offices(visit), asked.note
    item = visit.site.catalogue.find(case.item_no, case.item_version)
    then = book.when_written((about(case.home), case.case_id), note.position)
    if then is None:
        raise NotFound
    grade = note.body.get("grade", "")
    rule = words.choice_words(note.body["rule"])[0]
    if grade:
        rule += f"（{words.choice_words(grade)[0]}）"
    if (reading := then[1].of(note.body["rule"])) is not None:
        rule += f"，已用 {reading.used}／{reading.limit} 个工作日"
    told = supervising.Told(
        named.hall(asked.to),
        named.hall(note.place),
        item.name if item is not None else case.item_no,
        rule,
        words.state_words(then[0].state)[2],
        [(times.date_words(day_of(each.at_ms), "zh"), each.body.get("text", "")) for each in asked.answers],
        sealed_by(visit, note.place, note.body, note.at_ms),
    )
    try:
        given = supervising.given_for(case, note, told, visit.now_ms)
        paper = visit.site.printer.print(supervising.template_of(note.body), given)
    except NotPrinted as trouble:
        return show(visit, case, 503, visit.t(trouble.zh, trouble.en))
    number = note.body["document_no"]
    visit.site.accounts.audit(visit.staff.staff_no, "document.print", number, {"document": "supervision"})
    return prints.pdf(paper, f"{supervising.title_of(note.body)}-{number}")


ROUTES: Final = (
    Route("/supervision", "supervision", supervision, READS),
    Route("/supervision/<place>/<case_id>", "supervision_case", of_case, READS),
    Route("/supervision/<place>/<case_id>/<what>", "supervise", write, WRITES, ("POST",)),
    Route("/supervision/<place>/<case_id>/letters/<position>", "supervision_letter", letter, READS),
)
