"""What the page of a resident's own case offers to be rated: which stage, and the pass that his look-up has earned.

Nobody signs in here, and the code is typed once: the page carries a pass instead, which only this node can have made
and which ends by itself. It tells nothing of the code, whose first six characters suffice to be given one.
"""

import hmac
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, Literal

from sync_protocol.case import Case, kinds
from sync_protocol.case.complaints import ONESELF
from sync_protocol.case.legal_bodies import BAD_GRADES, GRADES
from village_node.casebook.rated import Ratable, ratable
from village_node.store import NotSaved
from village_node.web import times, words
from village_node.web.site import Visit

PASS_MS: Final = 30 * times.MINUTE_MS
# On what page a resident reads of his case: one with the forms for what he may do himself; the answer to the end of his
# card, which has none; one of another place, or of the staff.
Page = Literal["own", "card", "elsewhere"]
# Each grade: its colour; its word and its drawing bear its own name.
TONES: Final = {"very_good": "good", "good": "good", "fair": "active", "poor": "waiting", "very_poor": "bad"}
_TITLES: Final = {
    (kinds.RATING, 1): ("受理这一步，您满意吗？", "How was it when we took your case on?"),
    (kinds.RATING, 2): ("这件事办得怎么样，您满意吗？", "How satisfied are you with how it was dealt with?"),
    (kinds.FOLLOW_UP, 1): ("受理环节已整改，您现在满意吗？", "We have put right how it was taken on. Satisfied now?"),
    (kinds.FOLLOW_UP, 2): ("办结环节已整改，您现在满意吗？", "We have put right how it was dealt with. Satisfied now?"),
}


@dataclass(frozen=True)
class Offer:
    """What is to be rated, as a form shows it; ``mark`` tells one from another, ``earned``: the pass, empty where the
    code has to be typed; ``grades``: name, words and colour."""

    title: str
    mark: str
    number: str
    earned: str
    grades: list[tuple[str, str, str]]


def offer(visit: Visit, case: Case) -> Offer | None:
    """What whoever looks at this case may rate now; None where nothing is to be rated, or somebody is signed in here:
    a rating is never given on the screen of the people who are rated."""
    asked = ratable(case)
    if asked is None or visit.person is not None:
        return None
    title = visit.t(*_TITLES[asked.kind, asked.stage])
    earned = ""
    with suppress(NotSaved):  # on a full disk the code is typed once more
        earned = pass_of(visit, case.case_no, case.query_code, visit.now_ms)
    return Offer(title, mark(asked), case.case_no, earned, grades(visit))


def unknown(visit: Visit, number: str, marked: str) -> Offer:
    """The form of somebody who has to type number and code anew: it does not say what is to be rated, nor whether."""
    return Offer(visit.t("请评价", "Please rate us"), marked, number, "", grades(visit))


def grades(visit: Visit) -> list[tuple[str, str, str]]:
    """The five grades, the best first: name, words and colour."""
    return [(grade, visit.t(*words.choice_words(grade)), TONES[grade]) for grade in GRADES]


def mark(asked: Ratable) -> str:
    """What tells one thing to be rated from another, so that a form that has waited does not rate the next one."""
    return f"{asked.kind}-{asked.stage}-{asked.answer.seq if asked.answer is not None else 0}"


def body_of(asked: Ratable, typed: dict[str, str], channel: str) -> dict[int, Any]:
    """The body of the rating, by field number."""
    said: dict[int, Any] = {3: channel} | ({2: typed["text"]} if typed["text"] else {})
    if asked.answer is not None:
        return said | {0: list(asked.answer), 1: typed["grade"]}
    return said | {0: typed["grade"], 1: asked.stage}


def troubles(visit: Visit, typed: dict[str, str]) -> dict[str, str]:
    """What is missing in the form, by field."""
    if typed["grade"] not in GRADES:
        return {"grade": visit.t("请选一项：满意还是不满意。", "Choose one of the five.")}
    if typed["grade"] in BAD_GRADES and not typed["text"]:
        words_en = "Say in a sentence what was wrong, so that it can be put right."
        return {"text": visit.t("请写一句哪里不满意，我们好去改。", words_en)}
    return {}


def channel_of(visit: Visit) -> str:
    """By which road a rating came: a screen in the hall or that of the node itself, or from elsewhere."""
    return "screen" if visit.is_at_hand else "online"


def pass_of(visit: Visit, case_no: str, query_code: str, made_ms: int) -> str:
    """The pass of whoever has shown number and code of a case at this moment. Raises NotSaved."""
    said = f"{ONESELF} {case_no} {query_code} {made_ms}"
    made = hmac.new(visit.site.accounts.secret("rating"), said.encode(), sha256).hexdigest()
    return f"{made_ms}.{made[:32]}"


def is_pass(visit: Visit, earned: str, case_no: str, query_code: str) -> bool:
    """Whether this is a pass of this case that has not ended. Raises NotSaved."""
    given, _, _ = earned.partition(".")
    now_ms = visit.now_ms
    made_ms = int(given) if given.isascii() and given.isdigit() and len(given) < len(str(now_ms)) + 2 else 0
    fits = hmac.compare_digest(earned.encode(), pass_of(visit, case_no, query_code, made_ms).encode())
    return fits and abs(now_ms - made_ms) <= PASS_MS
