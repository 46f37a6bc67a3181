"""A letter of supervision as the document that is sent: who is asked what about which case, and by when to answer."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from sync_protocol.case import Case
from sync_protocol.case.oversight_bodies import paper_words
from sync_protocol.case.records import SideNote
from village_node.notices import seal
from village_node.notices.source import SealUsed, day, iso_day, local

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
    at, said = local(note.at_ms), note.body
    return {
        "paper": "a4",
        "draft": False,
        "title": title_of(said),
        "number": said["document_no"],
        "authority": told.authority,
        "signer": told.authority,
        "to": told.to,
        "issued": day(note.at_ms),
        "day": [at.year, at.month, at.day],
        "clerk": note.actor,
        "seal": seal.drawn(told.sealed.owner, "decision", told.sealed.mark) if told.sealed is not None else "",
        "codes": [],
        "remedy": None,
        "effect": EFFECT if told.sealed is not None else UNSEALED,
        "event": f"{note.position.mark.hex()}（第 {note.position.seq} 条）",
        "as_of": day(as_of_ms),
        "form": f"样式 {title_of(said)} 第 1 版",
        "facts": {
            "case_no": case.case_no,
            "item": told.item,
            "rule": told.rule,
            "card": paper_words(said)[0],
            "state": told.state,
            "text": said["text"],
            "answer_by": iso_day(said["answer_by"]),
            "answers": [list(each) for each in told.answers],
        },
    }
