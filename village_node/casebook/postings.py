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
from village_node.casebook.claiming import Claiming, is_in
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
# Words come after the first full stop, so none stands in what is before them.
_NO_HEAD: Final = "（本单位没有负责人，由窗口代为核实）"
_HEAD_AWAY: Final = "（负责人不在，由窗口代为核实）"


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

    def why_confirms_none(self, actor: str, roles: Iterable[str]) -> Words | None:
        """Say why somebody with these roles does not confirm here what becomes of public notices: the head does, or,
        where nobody is one who can do it now, whoever is at the counter, and nobody while they are away. None if they
        do."""
        role, colleagues = powers.confirmer(self.identity.level), self.colleagues()
        headed = any(role in each.roles for each in colleagues if is_in(each))
        if not powers.may_confirm_notice(frozenset(roles), self.identity.level, headed=headed):
            return "公示由本单位负责人核实", "the head of this place confirms what became of a notice"
        if any(each.staff_no == actor and not is_in(each) for each in colleagues):
            return (
                "您登记为缺勤或外出，销假（返岗）以后才能核实公示",
                "you are entered as away: end that before you confirm what became of a notice",
            )
        return None

    def why_not_confirmed(self, public: Public, finding: str, text: str = "") -> Words | None:
        """Say why this, in these words, cannot be confirmed of the notice that is open in a case; None if it can."""
        case, notice = public.case, opened(public.case)
        if notice is None:
            return "本案没有正在进行的公示", "no public notice of this case is open"
        since = set(public.positions[public.positions.index(notice.opened) :])
        if not any(paper.material == POSTED and paper.position in since for paper in current(case)):
            return "窗口还没有登记张贴，没有照片可核实", "the counter has recorded no photo of it on the wall yet"
        said = [note.body["finding"] for note in postings.findings(case, notice)]
        if said and (finding == "posted" or finding == said[-1] == "no_objection"):
            return "这一项已经核实过了", "that was confirmed already"
        objections = [note.body["text"].partition("。")[2] for note in postings.standing(case, notice)]
        if finding == "objection" and text and text in objections:
            return "同样的异议已经登记过了", "that objection is recorded already, in the same words"
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
        which an objection needs, and so does that there is none any more. It is a note of the case, read as words by
        who knows no more.

        Raises BadBody naming the field, AlreadyDone, IdTaken, NotAllowed, NotFound, NotSaved.
        """
        finding, text = said.get("finding", ""), said.get("text", "")
        if finding not in FINDINGS:
            raise BadBody("finding", "请选择核实的结果", "choose what became of the notice")
        if finding == "objection" and not text:
            raise BadBody("text", "有异议的，请写明谁提出、什么内容", "say who objects, and to what")
        why = self.why_confirms_none(actor, roles)
        if why is not None:
            raise NotAllowed(*why)
        public, notice = self._open_here(key)
        why = self.why_not_confirmed(public, finding, text)
        if why is not None:
            raise NotAllowed(*why)
        if finding == "no_objection" and not text and postings.standing(public.case, notice):
            raise BadBody("text", "有人提出过异议，请写明异议怎样处理", "somebody has objected: say how it was settled")
        words = _SAID[finding] + self._stands_in(roles) + (f"。{text}" if text else "")
        body = {"text": words, "finding": finding, "notice": list(notice.opened)}
        return self.record(actor, roles, *key, kinds.NOTE, body, request=request)

    def _open_here(self, key: CaseKey) -> tuple[Public, Procedure]:
        """The notice of a case that is open at this place. Raises NotAllowed: what turns up after it has ended is no
        matter of the notice any more, and is said to whoever has the case."""
        for public in self.made_public():
            notice = opened(public.case)
            if public.case.case_id == key[1] and notice is not None:
                return public, notice
        case = self.case(*key)
        ended = [
            each.ended_ms
            for each in (case.procedures.values() if case is not None and case.home == self.identity.place else ())
            if each.what == PUBLICITY and each.ended_ms is not None
        ]
        if not ended:
            raise NotAllowed("本案没有在本单位进行的公示", "no public notice of this case is open at this place")
        day = day_of(max(ended))
        raise NotAllowed(
            f"公示已于 {day} 结束，不能再核实；结束后有人提出异议的，请登记备注，由承办单位处理",
            f"the notice was ended on {day}, and nothing more is confirmed of it: an objection that comes now is"
            " recorded as a note, for the place that has the case",
        )

    def _stands_in(self, roles: Iterable[str]) -> str:
        """What a confirmation says of who wrote it, where that is not who confirms notices at this level."""
        role = powers.confirmer(self.identity.level)
        if role in {"", *roles}:
            return ""
        heads = [each for each in self.colleagues() if role in each.roles and not each.disabled]
        return _HEAD_AWAY if heads else _NO_HEAD
