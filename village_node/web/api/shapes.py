"""What the interface for programs answers with: the shapes that are documented, and that every answer is written by."""

from typing import Any, Final

import marshmallow
from marshmallow import Schema

from sync_protocol.case import STATES, VERDICT_CODES, forms
from sync_protocol.case.exclusions import CLOCKS, GRADES
from sync_protocol.case.workdays import DAY_WORDS

Field = marshmallow.fields.Field[Any]
MOMENT: Final = "Milliseconds since 1970 UTC, as their author claims; null where it has not come."


def text(*choices: str, words: str = "") -> Field:
    """A text that is always there, one of these where there are any."""
    judge = [marshmallow.validate.OneOf(choices)] if choices else []
    return marshmallow.fields.String(required=True, validate=judge, metadata={"description": words} if words else {})


def maybe(words: str = "") -> Field:
    """A text that may be null."""
    known = {"description": words} if words else {}
    return marshmallow.fields.String(required=True, allow_none=True, metadata=known)


def number() -> Field:
    """A whole number that is always there."""
    return marshmallow.fields.Integer(required=True)


def maybe_number() -> Field:
    """A whole number that may be null."""
    return marshmallow.fields.Integer(required=True, allow_none=True)


def moment() -> Field:
    """A time in milliseconds since 1970 UTC; null where it has not come."""
    return marshmallow.fields.Integer(required=True, allow_none=True, metadata={"description": MOMENT})


def day() -> Field:
    """A day, or null."""
    return marshmallow.fields.Date(required=True, allow_none=True)


def flag() -> Field:
    """Yes or no."""
    return marshmallow.fields.Boolean(required=True)


def many(shape: type[Schema]) -> Field:
    """A list of such parts."""
    return marshmallow.fields.List(marshmallow.fields.Nested(shape), required=True)


def listed(name: str, shape: type[Schema]) -> Field:
    """A list of such parts under a name that marshmallow keeps for itself."""
    return marshmallow.fields.List(marshmallow.fields.Nested(shape), required=True, data_key=name)


def texts() -> Field:
    """A list of texts."""
    return marshmallow.fields.List(marshmallow.fields.String(), required=True)


def by_name() -> Field:
    """Texts by name."""
    return marshmallow.fields.Dict(keys=marshmallow.fields.String(), values=marshmallow.fields.String(), required=True)


def part(shape: type[Schema], *, null: bool = False) -> Field:
    """A part; ``null``: it may be missing."""
    return marshmallow.fields.Nested(shape, required=True, allow_none=null)


class Words(Schema):
    """A code in words."""

    code, zh, en = text(), text(), text()


class Said(Schema):
    """A sentence in both languages."""

    zh, en = text(), text()


class FieldProblem(Schema):
    """What is wrong with one field."""

    field, zh, en = text(), text(), text()


class ProblemShape(Schema):
    """A request that was not answered as asked, as application/problem+json. A code never changes its meaning."""

    type, title, code, zh, en = text(), text(), text(), text(), text()
    status = number()
    field = marshmallow.fields.String(metadata={"description": "The first field that is wrong."})
    request_id = marshmallow.fields.String(metadata={"description": "The id that was used for another request."})
    wrong = listed("fields", FieldProblem)


class Done(Schema):
    """What an act came to: the case. Its number is null where it has none yet."""

    place, case_id, case_no = text(), text(), maybe()


class Filed(Done):
    """What a filed application became; the code goes on the receipt, for the applicant alone."""

    query_code = text()


class State(Schema):
    """The state of a case."""

    code, zh, en = text("", *STATES), text(), text()


class Hop(Schema):
    """A place that has signed for an event, and since when by its clock it holds it."""

    place, time_ms = text(), number()


class Listed(Schema):
    """One case in a list, the name masked."""

    place, case_id, case_no, item_no, applicant_name, holder, transit_to = (
        text(), text(), maybe(), maybe(), maybe(), maybe(), maybe(),
    )  # fmt: skip
    state = part(State)
    case_kind = maybe("One of the six kinds, as it is now.")
    grade = text(*GRADES)
    due = day()
    provisional = flag()
    filed_ms, decided_ms, delivered_ms, updated_ms = moment(), moment(), moment(), moment()
    signed = many(Hop)
    claimed_by = maybe("The staff number of who has taken it up here.")


class Listing(Schema):
    """Some cases of a list, the newest first; ``next`` leads on, null at the end."""

    cases = many(Listed)
    next = maybe("Give this as `after` for what follows.")


class Paper(Schema):
    """One paper of a case; ``supplied``: it came later."""

    name, copies, original, supplied = text(), number(), flag(), flag()


class ToCorrect(Schema):
    """One thing to be corrected."""

    field, what = text(), text()


class Beside(Schema):
    """What is to be known beside the state, in the language asked for: procedures, refusal, fee, certificate."""

    title, lines = text(), texts()


class Stop(Schema):
    """One stop of the way of a case; ``here``: it is at this stop now."""

    place, what, here = text(), text(), flag()


class Decision(Schema):
    """The decision of a case."""

    outcome, reasons, document_no, conditions, place, at_ms = text(), text(), text(), text(), text(), moment()


class Review(Schema):
    """The opinion of the first review."""

    opinion, text_, place, at_ms = text(), marshmallow.fields.String(data_key="text"), text(), moment()


class Fact(Schema):
    """One field of an event in words."""

    label, text_ = text(), marshmallow.fields.String(data_key="text", required=True)


class Asked(Schema):
    """A special procedure that somebody has proposed; ``shown``: what its approval names."""

    facts = many(Fact)
    shown, proposer, proposed_ms = text(), text(), number()


class LinkedTo(Schema):
    """The earlier case that a case acts upon, and how: change, renew or revoke."""

    act, case_no = text(), text()


class ActedOnBy(Schema):
    """A case that acts upon this one: whether it was decided, and for it."""

    act, case_no = text(), text()
    decided, done = flag(), flag()


class CaseShape(Schema):
    """One case as its page shows it. Personal data is masked unless ``unmasked``. ``seen``: what an act names."""

    place, case_id, case_no, item_no, item_version = text(), text(), maybe(), text(), number()
    item = part(Said, null=True)
    state = part(State)
    holder, transit_to, transit_purpose = maybe(), maybe(), text()
    seen = maybe("Name this in the next act: it says which state of the case you have seen.")
    shown = text(words="Name this in a decision: it is bound to what was shown here.")
    channel, window_note, correction_reason, volume = text(), text(), text(), text()
    applicant, proxy, answers, service = by_name(), by_name(), by_name(), by_name()
    case_kind, answered_by = maybe("One of the six kinds, as it is now."), texts()
    acts_on, acted_on_by = part(LinkedTo, null=True), many(ActedOnBy)
    why_not_approved = part(Said, null=True)
    materials, marks, beside, stops = many(Paper), many(ToCorrect), many(Beside), many(Stop)
    review, decision, asked = part(Review, null=True), part(Decision, null=True), part(Asked, null=True)
    promised_days, extension_days = maybe_number(), maybe_number()
    created_ms, filed_ms, docketed_ms, decided_ms, delivered_ms, since_ms, purged_ms = (
        moment(), moment(), moment(), moment(), moment(), moment(), moment(),
    )  # fmt: skip
    extended, fee_settled, odd, unmasked = flag(), flag(), flag(), flag()


class Verdict(Schema):
    """Whether an event counts, and why not."""

    code, zh, en, why_zh, why_en = text(*VERDICT_CODES), text(), text(), text(), text()


class Document(Schema):
    """One document that an event bears; ask for it with POST at .../documents/{position}/{code}."""

    position, code, zh, en = text(), text(), text(), text()
    papers = texts()


class Line(Schema):
    """One event of a case. ``outcome``: what the holder has answered to one that does not count."""

    position, kind, title, place, actor, outcome = text(), text(), text(), text(), text(), text()
    claimed_ms, arrived_ms = number(), number()
    verdict = part(Verdict)
    facts, receipts, documents = many(Fact), many(Hop), many(Document)


class Timeline(Schema):
    """Everything held of a case, in the order it was written."""

    events = many(Line)


class Documents(Schema):
    """The documents that may be had of a case."""

    documents = many(Document)


class Reading(Schema):
    """One clock of a case."""

    clock, zh, en, state = text(*CLOCKS), text(), text(), text("running", "stopped", "ended")
    start, end, due, due_planned = day(), day(), day(), day()
    limit, used, excluded, remaining = number(), number(), number(), number()
    grade = text(*GRADES)
    provisional = flag()


class ClockDay(Schema):
    """One day of a case: what it is, whose it was, which clocks counted it and which were stopped."""

    day = marshmallow.fields.Date(required=True)
    kind = text(*DAY_WORDS)
    name, document_no, bucket, place, exclusion = text(), text(), text(), text(), text()
    working, provisional = flag(), flag()
    counted, stopped = texts(), texts()


class ClockShape(Schema):
    """The legal clock of a case as of a day, and day by day. Without a line nothing runs yet."""

    as_of, deemed = day(), day()
    calendar_version, grade = text(), text(*GRADES)
    elapsed = number()
    readings, days = many(Reading), many(ClockDay)
    flags = many(Words)
    shares = marshmallow.fields.Dict(
        keys=marshmallow.fields.String(), values=marshmallow.fields.Integer(), required=True
    )


class Choice(Schema):
    """One record or name that a field may be given."""

    value, text_ = text(), marshmallow.fields.String(data_key="text", required=True)


class FieldShape(Schema):
    """One field of an act, as the table of its kind has it."""

    name, type, zh, en = text(), text(), text(), text()
    required = flag()
    low, high = number(), number()
    choices = texts()
    offered = many(Choice)


class MoveShape(Schema):
    """One act that may be done now; ``to`` and ``purpose`` where it hands the case over."""

    kind, zh, en, to, purpose = text(), text(), text(), maybe(), text()
    asked = listed("fields", FieldShape)


class MissingMove(Schema):
    """One act that the role knows and that is not possible now, with the reason."""

    kind = text()
    label, why = part(Said), part(Said)


class Moves(Schema):
    """What may be done with a case now, and why other acts may not."""

    seen = maybe()
    legal, missing = many(MoveShape), many(MissingMove)
    markable = many(Choice)


class OddRecord(Schema):
    """One record that does not count; ``adoptable``: the holder could make it count."""

    position, kind, outcome = text(), text(), text()
    open, adoptable = flag(), flag()
    verdict = part(Verdict)


class OddShape(Schema):
    """One case and its records that do not count."""

    place, case_id, case_no, seen = text(), text(), maybe(), maybe()
    records = many(OddRecord)


class OddListing(Schema):
    """A page of cases in which something does not count."""

    cases = many(OddShape)
    page, total = number(), number()


class ReceiptShape(Schema):
    """What goes on the receipt: the code is for the applicant alone."""

    case_no, query_code, address = text(), text(), text()


class ProposalShape(Schema):
    """A proposal to assign a case over the head of its holder."""

    place, case_id, case_no = text(), text(), maybe()
    proposed_ms, answered_ms = number(), moment()
    number, to, reason, proposer, state, answerer, answer = (
        number(), text(), text(), text(), text("pending", "confirmed", "rejected"), text(), text(),
    )  # fmt: skip


class Proposals(Schema):
    """The proposals of this node: those that wait, then the newest that were answered."""

    assignments = many(ProposalShape)


class QuestionShape(Schema):
    """One question of an item's own form; its answer is sent under ``zh``."""

    name, zh, en, kind, hint = text(), text(), text(), text(*forms.KINDS), text()
    required = flag()
    choices = texts()


class RuleShape(Schema):
    """The sum of the answers to ``least`` may not be more than that to ``most``."""

    least, most = texts(), texts()
    zh, en = text(), text()


class DelegationShape(Schema):
    """One delegation: whose items its chief representatives A and B decide (`full`), and which they only accept,
    review and issue for (`limited`). ``in_force``: today; ``state`` says why not."""

    position, department, document_no, head, head_name, a, a_name, b, b_name, first, last = (
        text(), text(), text(), text(), text(), text(), text(), text(), text(), text(), text(),
    )  # fmt: skip
    full, limited = texts(), texts()
    in_force = flag()
    state = part(Said)


class AbsenceShape(Schema):
    """Somebody who is out; ``last``: empty where no day is named."""

    position, person, name, first, last, entered_by = text(), text(), text(), text(), text(), text()
    at_ms = number()


class Authority(Schema):
    """The register of delegations of this place, the newest first, and who is out."""

    delegations, absences = many(DelegationShape), many(AbsenceShape)


class SealShape(Schema):
    """One seal as it was entered last. ``in_use``: today."""

    seal_no, owner, department, mark, first, last, document_no, reason = (
        text(), text(), text(), text(), text(), text(), text(), text(),
    )  # fmt: skip
    use = text("acceptance", "decision")
    custodians = texts()
    in_use = flag()


class Seals(Schema):
    """The seals of this place."""

    seals = many(SealShape)


class ItemShape(Schema):
    """One item that people can apply for. ``why_not``: why it cannot be filed here, null where it can.

    ``form``: its own questions; where it has none, it asks for `request`.
    """

    item_no, version, name, name_en, department, kind, village_mode, review_level, decide_level, fee, note = (
        text(), number(), text(), text(), text(), text(), text(), text(), text(), text(), text(),
    )  # fmt: skip
    accept_levels, deliver_levels, materials, special_procedures = texts(), texts(), texts(), texts()
    statutory_days, promised_days, publicity_days = number(), number(), number()
    sample, joint = flag(), flag()
    form, rules = many(QuestionShape), many(RuleShape)
    why_not = part(Said, null=True)


class Items(Schema):
    """The catalogue: the newest version in force of each item."""

    items = many(ItemShape)


class YearShape(Schema):
    """One year of the calendar: days off and days worked as `MM-DD` lines, and its working days."""

    year, working = number(), number()
    announced = flag()
    document_no, published_by = text(), text()
    off, on = texts(), texts()


class ProposedYear(Schema):
    """A year that one account has proposed and another may confirm; ``shown`` is the digest to confirm it with."""

    year = number()
    announced = flag()
    document_no, reason, proposer, shown = text(), text(), text(), text()
    off, on = texts(), texts()


class CalendarShape(Schema):
    """The working days that this node counts by, and what waits to be confirmed: one year at most."""

    version = text()
    years = many(YearShape)
    waiting = many(ProposedYear)


class CalendarDone(Schema):
    """What became of a calendar: it is published, it waits for a second account, or it was dropped."""

    outcome = text("published", "proposed", "dropped")


class Answer(Schema):
    """What a resident is told: what it is, where, since when, what next, as of when. The name is masked."""

    told_by = maybe("the code of the place above that was asked and tells it; null where the case is held here")
    case_no, item, applicant_name, where, promised, promised_by, next_step = (
        maybe(), text(), text(), text(), text(), text(), text(),
    )  # fmt: skip
    state = part(State)
    outcome = text("", "approve", "refuse")
    filed_ms, decided_ms, delivered_ms, since_ms, revoked_ms = moment(), moment(), moment(), moment(), moment()
    as_of_ms = number()
    behind = flag()


class Health(Schema):
    """How the node is: what `status --json` says, and whether somebody may be guessing."""

    status = marshmallow.fields.Dict(required=True)
    refused_sign_ins, missed_look_ups = number(), number()
    missed_with_cards_today, missed_with_cards_this_month = number(), number()


class Whoami(Schema):
    """Who this token is."""

    staff_no, name, role, level, place, token = text(), text(), text(), text(), text(), text()
    ends_ms, rows_today = number(), number()
    rows_a_day = marshmallow.fields.Integer(
        required=True, allow_none=True, metadata={"description": "Null: any number of cases may be read in lists."}
    )
