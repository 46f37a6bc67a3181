"""The part of the casebook about public notices: who confirms that one hung here, and what it came to."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

from sync_protocol.case import Case, Item, kinds, postings, powers
from sync_protocol.case.bodies import FINDINGS
from sync_protocol.case.facts import Exclusion, Limits
from sync_protocol.case.gaps import planned_end
from sync_protocol.case.papers import current
from sync_protocol.case.records import Procedure
from sync_protocol.case.workdays import Calendar, day_of
from village_node.casebook.acts import CaseRef
from village_node.casebook.calendaring import Calendaring
from village_node.casebook.claiming import Claiming
from village_node.casebook.conditions import Words
from village_node.casebook.errors import BadBody, NotAllowed
from village_node.casebook.reading import Public
from village_node.store.locks import CaseKey
from village_node.store.requests import Request

PUBLICITY: Final = "publicity"
POSTED: Final = "公示照片"
_SAID: Final = {
    "posted": "公示核实：已张贴",
    "no_objection": "公示核实：期满无异议",
    "objection": "公示核实：有异议",
}
_STANDS_IN: Final = "（本单位没有负责人，由窗口代为核实）"


def opened(case: Case) -> Procedure | None:
    """The public notice that is open in a case; None where there is none."""
    found = (each for each in case.procedures.values() if each.what == PUBLICITY and each.ended is None)
    return next(found, None)


def last_day(notice: Procedure, item: Item, calendar: Calendar) -> date | None:
    """The last day on which a notice hangs, counted as its item says; None where no length was told."""
    days = notice.body.get("planned_days") or item.publicity_days or None
    exclusion = Exclusion(PUBLICITY, day_of(notice.opened_ms), planned=days)
    return planned_end(exclusion, Limits(publicity_unit=item.publicity_unit), calendar)


def is_plain(finding: str, text: str) -> bool:
    """Whether a confirmation says nothing beyond its finding."""
    return text == _SAID[finding]


class Postings(Calendaring, Claiming):
    """What hangs on the wall of this place, and who answers for it."""

    def confirms_notices(self, roles: Iterable[str]) -> bool:
        """Whether somebody with these roles confirms here what becomes of public notices: the head, or, where nobody is
        one who can do it now, whoever is at the counter."""
        return powers.may_confirm_notice(frozenset(roles), self.identity.level, headed=self._headed())

    def why_not_confirmed(self, public: Public, finding: str) -> Words | None:
        """Say why this cannot be confirmed of the notice that is open in a case; None if it can."""
        case, notice = public.case, opened(public.case)
        if notice is None:
            return "本案没有正在进行的公示", "no public notice of this case is open"
        since = set(public.positions[public.positions.index(notice.opened) :])
        if not any(paper.material == POSTED and paper.position in since for paper in current(case)):
            return "窗口还没有登记张贴，没有照片可核实", "the counter has recorded no photo of it on the wall yet"
        said = [note.body["finding"] for note in postings.findings(case, notice)]
        if finding in said[-1:] or (finding == "posted" and said):
            return "这一项已经核实过了", "that was confirmed already"
        item = self.catalogue.find(case.item_no, case.item_version)
        ends = last_day(notice, item, self.calendar()) if item is not None else None
        if finding == "no_objection" and ends is not None and day_of(self.clock()) <= ends:
            return (
                f"公示期到 {ends} 止，次日起才能核实无异议",
                f"it hangs to {ends}: the result is known after that day",
            )
        return None

    def confirm_notice(
        self, actor: str, roles: Iterable[str], key: CaseKey, said: Mapping[str, str], request: Request | None = None
    ) -> CaseRef:
        """Confirm what became of the public notice of a case of this place: ``finding``, one of FINDINGS, and ``text``,
        which an objection needs. It is a note of the case, read as words by who knows no more.

        Raises BadBody naming the field, AlreadyDone, IdTaken, NotAllowed, NotFound, NotSaved.
        """
        finding, text = said.get("finding", ""), said.get("text", "")
        if finding not in FINDINGS:
            raise BadBody("finding", "请选择核实的结果", "choose what became of the notice")
        if finding == "objection" and not text:
            raise BadBody("text", "有异议的，请写明谁提出、什么内容", "say who objects, and to what")
        if not self.confirms_notices(roles):
            raise NotAllowed("公示由本单位负责人核实", "the head of this place confirms what became of a notice")
        public = next((each for each in self.made_public() if each.case.case_id == key[1]), None)
        notice = opened(public.case) if public is not None else None
        why = ("本案没有在本单位进行的公示", "no public notice of this case is open at this place")
        if public is not None:
            why = self.why_not_confirmed(public, finding) or ("", "")
        if notice is None or why[0]:
            raise NotAllowed(*why)
        stands_in = powers.confirmer(self.identity.level) not in {"", *roles}
        words = _SAID[finding] + (_STANDS_IN if stands_in else "") + (f"。{text}" if text else "")
        body = {"text": words, "finding": finding, "notice": list(notice.opened)}
        return self.record(actor, roles, *key, kinds.NOTE, body, request=request)

    def _headed(self) -> bool:
        """Whether somebody has the role of who confirms notices at this level, and can do it now."""
        role = powers.confirmer(self.identity.level)
        able = (each for each in self.colleagues() if not (each.disabled or each.away or each.out))
        return any(role in each.roles for each in able)
