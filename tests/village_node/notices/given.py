"""Data for the press as a page would hand it over, with texts of our choice in every place for text."""

import io
from typing import Any

from pypdf import PdfReader

from village_node.notices import seal

LONG = "庆城县驿马镇特别长的名字农民专业合作社联合社有限责任公司" * 2
REMEDY = {
    "reconsider_at": "庆城县人民政府",
    "reconsider_days": 60,
    "court": "庆城县人民法院",
    "court_months": 6,
}
DRAWING = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path d="M0 0h1v1z"/></svg>'


def given(text: str = "张秀兰", paper: str = "a4", **changes: Any) -> dict[str, Any]:
    """Everything that any template asks for; each text that people type is this one."""
    sheets = [{"name": text, "copies": 1, "form": "原件"}]
    facts = {
        "item": text,
        "case_no": "621021101201-261118-7CT1-1-U",
        "query_code": "70GMGE-AM0HZCY",
        "filed": "2026年11月18日",
        "docketed": "2026年11月19日",
        "home": text,
        "identity": text,
        "full_identity": text,
        "proxy": text,
        "papers": sheets,
        "village": "村（社区）",
        "acceptor": text,
        "decider": text,
        "collect": text,
        "checklist": [{**sheets[0], "given": True}, {"name": text, "copies": 0, "form": "", "given": False}],
        "lacking": [text],
        "marks": [{"name": text, "what": text}],
        "reason": text,
        "until": "请尽快",
        "corrected": [text],
        "text": text,
        "kind": "承诺件",
        "statutory": "30 个工作日",
        "promised": "20 个工作日",
        "promised_by": "",
        "fee": text,
        "note": text,
        "phone": text,
        "proxy_name": text,
        "relation": text,
        "proxy_phone": text,
        "authorisation": text,
        "blank": "　",
        "verified": "□",
        "remark": text,
        "reasons": text,
        "conditions": text,
        "decided": "2026年11月20日",
        "decision_title": "准予决定书",
        "decision_no": text,
        "collector": text,
        "bring": text,
        "served": [{"title": "准予决定书", "number": text}],
        "how": "proxy",
        "collected": "2026年11月21日",
        "served_at": text,
        "from": text,
        "onward": text,
        "purpose": "审批",
        "moment": "2026年11月18日 19:06",
        "with_documents": text,
        "opinion": "同意",
        "asked": "2026年11月18日",
        "asked_by": text,
    }
    whole = {
        "paper": paper,
        "draft": False,
        "title": "文书",
        "number": "民政行审04〔2026〕621021-7M7N-12号",
        "authority": "庆城县民政局",
        "signer": "庆城县民政局",
        "to": text,
        "issued": "2026年11月18日",
        "day": [2026, 11, 18],
        "clerk": text,
        "seal": seal.drawn("庆城县民政局", "decision"),
        "codes": [{"drawing": DRAWING, "words": "扫码核验真伪"}],
        "remedy": REMEDY,
        "effect": "样章。",
        "event": "0123456789abcdef（第 1 条）",
        "as_of": "2026年11月18日 19:06",
        "form": "样式 第 1 版",
        "facts": facts,
    }
    return {
        **whole,
        **{name: value for name, value in changes.items() if name in whole},
        "facts": {
            **facts,
            **{name: value for name, value in changes.items() if name in facts},
        },
    }


def read(document: bytes) -> PdfReader:
    """The document opened."""
    return PdfReader(io.BytesIO(document), strict=True)


def words(document: bytes) -> str:
    """What a reader finds in a document, without blanks: where a line ends says nothing."""
    return "".join("".join(page.extract_text() for page in read(document).pages).split())
