"""A letter of supervision as the document that is sent: who is asked what about which case, and by when to answer."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sync_protocol.case import Case
from sync_protocol.case.records import SideNote
from village_node.notices.source import day, iso_day, local

TEMPLATE: Final = "supervision_v1"
TITLE: Final = "督办通知书"
EFFECT: Final = "本件是机关内部的督办文书，不含申请人信息，不改变案件的办理期限。"


class Told(NamedTuple):
    """What the node says of a letter in words: whom it goes to and whose it is, the item, the clock, how it stands."""

    to: str
    authority: str
    item: str
    rule: str
    state: str
    answers: Sequence[tuple[str, str]]


def given_for(case: Case, note: SideNote, told: Told, as_of_ms: int) -> dict[str, Any]:
    """What the template is handed."""
    at, said = local(note.at_ms), note.body
    return {
        "paper": "a4",
        "draft": False,
        "title": TITLE,
        "number": said["document_no"],
        "authority": told.authority,
        "signer": told.authority,
        "to": told.to,
        "issued": day(note.at_ms),
        "day": [at.year, at.month, at.day],
        "clerk": note.actor,
        "seal": "",
        "codes": [],
        "remedy": None,
        "effect": EFFECT,
        "event": f"{note.position.mark.hex()}（第 {note.position.seq} 条）",
        "as_of": day(as_of_ms),
        "form": "样式 督办通知书 第 1 版",
        "facts": {
            "case_no": case.case_no,
            "item": told.item,
            "rule": told.rule,
            "state": told.state,
            "text": said["text"],
            "answer_by": iso_day(said["answer_by"]),
            "answers": [list(each) for each in told.answers],
        },
    }
