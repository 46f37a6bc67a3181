"""What the applicant of a case is asked to supply or to correct, and what the reviewer wrote to him about each."""

import re
from typing import Final

from sync_protocol.case import Case
from village_node.web import masking, words
from village_node.web.site import Visit

# What may be the number of a document, a telephone or an account, and is no day: a page that a code opens shows none.
_NUMBERS: Final = re.compile(r"(?<!\d)(?!\d{4}-\d\d?-\d\d?(?!\d))\d(?:[ -]?\d){5,}[Xx]?")


def marks(case: Case) -> list[tuple[str, str]]:
    """Field or paper and what is to be done about it: asked for before acceptance, in a pre-review, or in examination
    and not taken yet."""
    if case.state == "correcting" or (case.state == "draft" and case.marks):
        return [(mark.field, mark.what) for mark in case.marks]
    open_now = [case.procedures[entry.opened] for entry in case.open]
    return [(name, what) for each in open_now for name, what in each.body.get("marks", ())]


def names(visit: Visit, case: Case) -> str:
    """What is asked for, in words."""
    return visit.t("、", ", ").join(visit.t(*words.field_words(name)) for name, _ in marks(case))


def remarks(visit: Visit, case: Case) -> str:
    """What the reviewer wrote about each, as the notice to the applicant has it, but for numbers and for the names that
    the case knows; empty where nothing was written."""
    told = [
        visit.t(*words.field_words(name)) + visit.t("：", ": ") + _masked(case, what)
        for name, what in marks(case)
        if what
    ]
    return visit.t("审查意见：", "What the reviewer wrote: ") + visit.t("；", "; ").join(told) if told else ""


def _masked(case: Case, text: str) -> str:
    known = (case.applicant.get("name"), case.applicant.get("representative"), case.proxy.get("name"))
    for name in known:
        text = text.replace(name, masking.name(name)) if name else text
    return _NUMBERS.sub("***", text).rstrip("。. ")
