"""A letter of supervision as the document that is sent: who is asked what about which case, and by when to answer."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from sync_protocol.case import Case
from sync_protocol.case.oversight_bodies import paper_words
from sync_protocol.case.records import SideNote
from village_node.notices import office_papers
from village_node.notices.office_papers import Sent
from village_node.notices.source import SealUsed, iso_day

TEMPLATES: Final = {"letter": "supervision_v1", "card": "card_v1"}
EFFECT: Final = "本件是机关内部的督办文书，不含申请人信息，不改变案件的办理期限；所印为样章，不是印章。"
UNSEALED: Final = "本件是机关内部的督办文书，不含申请人信息，不改变案件的办理期限；记录中没有用印，加盖实体印章后发出。"


class Told(NamedTuple):
    """What the node says of a letter in words: whom it goes to and whose it is, the item, the clock, how it stands;
    ``sealed``: the seal that its event names."""

    to: str
    authority: str
    item: str
    rule: str
    state: str
    answers: Sequence[tuple[str, str]]
    sealed: SealUsed | None = None


def title_of(said: Mapping[str, Any]) -> str:
    """What the paper of a letter is called."""
    return f"{paper_words(said)[0]}通知书"


def template_of(said: Mapping[str, Any]) -> str:
    """Its template."""
    return TEMPLATES["card" if said.get("paper") == "card" else "letter"]


def given_for(case: Case, note: SideNote, told: Told, as_of_ms: int) -> dict[str, Any]:
    """What the template is handed."""
    said = note.body
    sent = Sent(
        title_of(said), said["document_no"], told.authority, told.to, note.actor, note.at_ms, note.position,
        told.sealed, (EFFECT, UNSEALED),
    )  # fmt: skip
    facts = {
        "case_no": case.case_no,
        "item": told.item,
        "rule": told.rule,
        "card": paper_words(said)[0],
        "state": told.state,
        "text": said["text"],
        "answer_by": iso_day(said["answer_by"]),
        "answers": [list(each) for each in told.answers],
    }
    return {**office_papers.given_for(sent, facts, as_of_ms), "form": f"样式 {sent.title} 第 1 版"}
