"""Data for the press as a page would hand it over, with texts of our choice in every place for text."""

import io
from contextlib import closing
from typing import Any

from pypdf import PdfReader
from pypdfium2 import PdfDocument

from village_node.notices import seal

LONG = "庆城县驿马镇特别长的名字农民专业合作社联合社有限责任公司" * 2
REMEDY = {
    "reconsider_at": "庆城县人民政府",
    "reconsider_days": 60,
    "court": "庆城县人民法院",
    "court_months": 6,
}
DRAWING = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path d="M0 0h1v1z"/></svg>'


# Of the facts of all documents: those that people type, all to be one text of our choice, and those that they do not.
TYPED = (
    "item",
    "home",
    "identity",
    "full_identity",
    "proxy",
    "acceptor",
    "accepted_by",
    "decider",
    "collect",
    "reason",
    "text",
    "fee",
    "note",
    "phone",
    "proxy_name",
    "relation",
    "proxy_phone",
    "authorisation",
    "remark",
    "reasons",
    "conditions",
    "decision_no",
    "collector",
    "refusal",
    "bring",
    "served_at",
    "from",
    "onward",
    "with_documents",
    "asked_by",
    "basis",
    "signed_by",
    "what",
    "office",
    "higher",
    "hearing_at",
    "presider",
    "recipient",
    "address",
    "electronic_to",
    "service",
    "sent",
    "result",
    "earlier_no",
    "intended",
    "earlier_document",
    "earlier_certificate",
    "earlier_valid",
)
FIXED = {
    "left": "2026年11月21日",
    "witnesses": ["马得福", "李梅"],
    "case_no": "621021101201-261118-7CT1-1-U",
    "query_code": "70GMGE-AM0HZCY",
    "filed": "2026年11月18日",
    "docketed": "2026年11月19日",
    "village": "村（社区）",
    "until": "请尽快",
    "kind": "承诺件",
    "statutory": "30 个工作日",
    "promised": "20 个工作日",
    "promised_by": "",
    "deemed": "",
    "blank": "　",
    "verified": "□",
    "decided": "2026年11月20日",
    "decision_title": "准予决定书",
    "how": "proxy",
    "collected": "2026年11月21日",
    "purpose": "审批",
    "moment": "2026年11月18日 19:06",
    "opinion": "同意",
    "asked": "2026年11月18日",
    "days": 15,
    "excluded": True,
    "amount": "120.50 元",
    "limit_day": "2026年11月20日",
    "overturned": False,
    "refused_no": "",
    "stage": "办结环节",
    "grade": "不满意",
    "rated": "2026年11月18日 19:06",
    "outcome": "材料齐备",
    "ready": True,
    "ended": "2026年11月20日 10:00",
    "hearing_day": "2026年12月2日",
    "unit": "日",
    "by_post": "同意",
    "by_wire": "同意",
    "electronic": True,
    "withdrawn": False,
    "posted": True,
    "scope": "代为签收文书",
    "inspectors": ["楚科长", "陈副局长"],
    "act": "renew",
    "earlier_day": "2024年11月18日",
}
SHEET = {
    "draft": False,
    "title": "文书",
    "number": "民政行审04〔2026〕621021-7M7N-12号",
    "authority": "庆城县民政局",
    "signer": "庆城县民政局",
    "issued": "2026年11月18日",
    "day": [2026, 11, 18],
    "seal": seal.drawn("庆城县民政局", "decision"),
    "codes": [{"drawing": DRAWING, "words": "扫码核验真伪"}],
    "remedy": REMEDY,
    "effect": "样章。",
    "event": "0123456789abcdef（第 1 条）",
    "as_of": "2026年11月18日 19:06",
    "form": "样式 第 1 版",
}


def given(text: str = "张秀兰", paper: str = "a4", **changes: Any) -> dict[str, Any]:
    """Everything that any template asks for; each text that people type is this one. `changes`: of sheet and facts."""
    one = {"name": text, "copies": 1, "form": "原件"}
    facts: dict[str, Any] = {
        **dict.fromkeys(TYPED, text),
        **FIXED,
        "papers": [one],
        "checklist": [{**one, "given": True}, {**one, "given": False}],
        "lacking": [text],
        "promised_papers": [text],
        "without": text,
        "members": [
            {
                "department": text,
                "decides": "",
                "days": "5",
                "opinion": "同意",
                "said": text,
                "signed": "2026年11月19日",
            }
        ],
        "marks": [{"name": text, "what": text}],
        "corrected": [text],
        "served": [{"title": "准予决定书", "number": text}],
        "steps": [{"day": "2026年11月19日", "what": "整改答复", "text": text}],
    }
    sheet: dict[str, Any] = {**SHEET, "paper": paper, "to": text, "clerk": text, "contact": text}
    for name, value in changes.items():
        (sheet if name in sheet else facts)[name] = value
    return {**sheet, "facts": facts}


def read(document: bytes) -> PdfReader:
    """The document opened."""
    return PdfReader(io.BytesIO(document), strict=True)


def words(document: bytes) -> str:
    """What a reader finds in a document, without blanks: where a line ends says nothing."""
    with closing(PdfDocument(document)) as opened:
        return "".join("".join(page.get_textpage().get_text_range() for page in opened).split())
