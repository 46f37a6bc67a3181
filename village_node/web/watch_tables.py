"""The lists of supervision as files for a spreadsheet."""

from collections.abc import Iterable, Sequence
from typing import Final

from village_node.web import export, supervision
from village_node.web.export import Table
from village_node.web.filters import Filters
from village_node.web.policy import EXPORTS, Policy
from village_node.web.site import Visit

_CASE: Final = (("案件", "Case"), ("事项", "Service"))
_HELD: Final = (("环节", "Step"), ("持有单位", "Held by"))
HEADS: Final = {
    "cards": (
        *_CASE, ("预警", "Card"), ("自", "Since"), ("规则", "Rule"), *_HELD, ("回应", "Answer"),
        ("督办次数", "Letters"),
    ),
    "watched": (*_CASE, ("为什么列入", "Why it is listed"), *_HELD),
    "asked": (
        ("文号", "Number"), ("发出单位", "From"), ("案件", "Case"), ("对象", "To"), ("答复期限", "Answer by"),
        ("预警", "Card"), ("状态", "State"),
    ),
}  # fmt: skip


def table(visit: Visit) -> Table:
    """The list that the address asks for, filtered alike."""
    view, narrowed = supervision.asked(visit)
    rows = {"cards": _cards, "watched": _watched, "asked": _asked}[view](visit, narrowed)
    return Table(f"supervision-{view}", HEADS[view], rows, narrowed.told())


def _cards(visit: Visit, narrowed: Filters) -> Iterable[Sequence[str | int]]:
    t, book, chosen = visit.t, visit.site.casebook, narrowed.chosen
    for row in export.paged(lambda number: book.cards(chosen["grade"], number, narrowed.text, chosen["place"])):
        line = supervision.card_line(visit, row)
        step, card = t(*line.step[2:]), t(*line.badge[2:])
        yield (row.case_no or "", line.item, card, line.since, line.rule, step, line.holder, line.said, line.letters)


def _watched(visit: Visit, narrowed: Filters) -> Iterable[Sequence[str]]:
    t, book = visit.t, visit.site.casebook
    for row in export.paged(lambda number: book.watched(number, narrowed.text, narrowed.chosen["place"])):
        line = supervision.watched_line(visit, row)
        why = t("；", "; ").join(f"{each} {t('自 ', 'since ')}{since}" for each, since in line.why)
        yield (row.case_no or "", line.item, why, t(*line.step[2:]), line.holder)


def _asked(visit: Visit, narrowed: Filters) -> Iterable[Sequence[str]]:
    t = visit.t
    for line in supervision.letters(visit, narrowed):
        note = line.each.asked.note
        number = note.body["document_no"] if line.is_letter else t("抽查发现问题", "Finding of a spot check")
        card = t(*line.badge[2:]) if line.each.grade else ""
        yield (number, line.by, line.case_no, line.to, line.until, card, t(*line.state[2:]))


ROUTES: Final = (export.route("/supervision", "supervision_export", table, Policy(EXPORTS, "node")),)
