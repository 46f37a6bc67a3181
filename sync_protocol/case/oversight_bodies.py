"""The bodies of what supervision writes beside a case, and of what is answered. Field numbers are frozen."""

from collections.abc import Mapping
from typing import Any, Final

from sync_protocol.case import kinds
from sync_protocol.case.exclusions import CLOCKS
from sync_protocol.case.fields import Field, Table

# What a letter is about: a clock of the case, or something else that its text says.
RULES: Final = (*CLOCKS, "otherwise")
CARDS: Final = ("yellow", "red", "red_plus")
# As what it is sent: a letter, which one that says nothing is, or the card itself.
PAPERS: Final = ("letter", "card")
CHECKS: Final = ("check", "recheck")
OUTCOMES: Final = ("sound", "found")

LETTER: Final = Table(kinds.SUPERVISION_LETTER, (
    Field(0, "to", "place", True, 0, 0, "督办对象", "sent to"),
    Field(1, "rule", "choice", True, 0, 0, "督办事由", "what it is about", RULES),
    Field(2, "grade", "choice", False, 0, 0, "当时的预警等级", "grade at the time", CARDS),
    Field(3, "answer_by", "date", True, 0, 0, "答复期限", "to be answered by"),
    Field(4, "text", "text", True, 1, 1_000, "督办要求", "what is asked"),
    Field(5, "document_no", "text", True, 1, 80, "文号", "document number"),
    Field(6, "paper", "choice", False, 0, 0, "文书种类", "kind of paper", PAPERS),
    Field(7, "seal", "text", False, 1, 40, "用印", "seal used"),
))  # fmt: skip
ANSWER: Final = Table(kinds.SUPERVISION_ANSWER, (
    Field(0, "of", "position", True, 0, 0, "所答复的督办或检查", "letter or finding answered"),
    Field(1, "text", "text", True, 1, 1_000, "办理或整改情况", "what was done"),
    Field(2, "done_by", "date", False, 0, 0, "预计完成日期", "will be done by"),
))  # fmt: skip
ALERT_ANSWER: Final = Table(kinds.ALERT_ANSWER, (
    Field(0, "grade", "choice", True, 0, 0, "预警等级", "grade", CARDS),
    Field(1, "text", "text", False, 1, 1_000, "原因和措施", "cause, and what is done about it"),
))  # fmt: skip
SPOT_CHECK: Final = Table(kinds.SPOT_CHECK, (
    Field(0, "what", "choice", True, 0, 0, "检查", "check", CHECKS),
    Field(1, "outcome", "choice", True, 0, 0, "检查结果", "outcome", OUTCOMES),
    Field(2, "of", "position", False, 0, 0, "所复查的检查", "check looked at again", required_if=(0, ("recheck",))),
    Field(3, "sample", "position", False, 0, 0, "所属抽样", "sample it belongs to"),
    Field(4, "answers", "answers", False, 1, 16, "检查表", "check form"),
    Field(5, "text", "text", False, 1, 1_000, "发现的问题", "what was found", required_if=(1, ("found",))),
    Field(6, "to", "place", False, 0, 0, "整改单位", "to be put right by", required_if=(1, ("found",))),
    Field(7, "due", "date", False, 0, 0, "整改期限", "to be put right until", required_if=(1, ("found",))),
))  # fmt: skip
# Grade at the time -> what the paper of a card is called, and what stands for it in its number.
CARD_PAPERS: Final[dict[str, tuple[str, str]]] = {
    "": ("预警", "early warning"),
    "yellow": ("黄牌", "yellow card"),
    "red": ("红牌", "red card"),
    "red_plus": ("红牌", "red card"),
}
LETTER_WORDS: Final = ("督办", "supervision letter")


def paper_words(body: Mapping[str, Any]) -> tuple[str, str]:
    """What a letter is, by its fields: 督办, or the card that it tells of."""
    return CARD_PAPERS[body.get("grade", "")] if body.get("paper") == "card" else LETTER_WORDS


TABLES: Final = (LETTER, ANSWER, ALERT_ANSWER, SPOT_CHECK)
