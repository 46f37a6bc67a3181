"""The papers of a complaint: the slip that its complainant takes home, the answer, and the letter that refers it."""

from collections.abc import Mapping
from typing import Any, Final

from village_node.notices.source import day, local, moment

TEMPLATE: Final = "complaint_v1"
# Code of the paper -> its title.
PAPERS: Final = {"slip": "投诉受理回执", "answer": "投诉答复书", "referral": "投诉转送函"}
_EFFECT: Final = {
    "slip": "本单为投诉的收件凭证。内容已封存，只有受理单位和持查询码的人能看。",
    "answer": "本件内容以签名记录为准；所印为样张，加盖受理单位印章后送达。",
    "referral": "本件由投诉人自行递交，或由收件单位密封转送；本系统内没有单位受理。",
}
OUTCOMES: Final = {"upheld": "属实", "partly": "部分属实", "not_upheld": "不属实", "elsewhere": "不属本单位受理范围"}


def given_for(
    paper: str,
    number: str,
    said: Mapping[str, Any],
    answered: Mapping[str, Any] | None,
    told: Mapping[str, str],
    at_ms: int,
    as_of_ms: int,
) -> dict[str, Any]:
    """What the template is handed. ``told``: ``place`` of the person complained of, ``handler``, ``taken_at`` and
    ``until`` in words; ``at_ms``: when what the paper rests on was written."""
    at = local(at_ms)
    signer = told["handler"] if paper == "answer" else told["taken_at"]
    return {
        "paper": "a4",
        "draft": False,
        "title": PAPERS[paper],
        "number": number + {"slip": "", "answer": "/答复", "referral": "/转送"}[paper],
        "authority": "" if paper == "slip" else signer,
        "signer": signer,
        "to": str(said.get("by", "投诉人")) if paper != "referral" else "有权处理的机关",
        "issued": day(at_ms),
        "day": [at.year, at.month, at.day],
        "clerk": "",
        "seal": "",
        "codes": [],
        "remedy": None,
        "effect": _EFFECT[paper],
        "event": number,
        "as_of": moment(as_of_ms),
        "form": f"样式 {PAPERS[paper]} 第 1 版",
        "facts": _FACTS[paper](said, answered or {}, told),
    }


def _about(said: Mapping[str, Any], told: Mapping[str, str]) -> list[tuple[str, str]]:
    return [
        ("被投诉人", str(said["who"])),
        ("所在单位", told["place"]),
        ("所涉办件", str(said.get("case_no", ""))),
        ("投诉内容", str(said["text"])),
    ]


def _slip(said: Mapping[str, Any], answered: Mapping[str, Any], told: Mapping[str, str]) -> dict[str, Any]:
    code = str(said["code"])
    lead = "你（单位）的投诉已收到。请保管好本单：凭投诉编号和 13 位查询码，可在收件单位或受理单位查询答复。"
    if not told["until"]:
        lead = (
            "你（单位）的投诉已登记，本系统内没有可以受理的单位："
            "请凭投诉编号和 13 位查询码打印《投诉转送函》，到系统外递交。"
        )
    return {
        "lead": lead,
        "rows": [
            ("查询码", f"{code[:6]}-{code[6:]}"),
            *_about(said, told),
            ("受理单位", told["handler"]),
            ("答复期限", told["until"]),
        ],
        "after": ["查询码只打印在本单上，本系统不另外保存；遗失后不能补打。"],
        "sign": ["收件人"],
    }


def _answer(said: Mapping[str, Any], answered: Mapping[str, Any], told: Mapping[str, str]) -> dict[str, Any]:
    return {
        "lead": "你（单位）的投诉已经核查，答复如下：",
        "rows": [
            *_about(said, told),
            ("核查结果", OUTCOMES[answered["outcome"]]),
            ("答复内容", str(answered["text"])),
            ("文号", str(answered.get("document_no", ""))),
        ],
        "after": ["对答复不满意的，可以再次提出；受理单位是县级的，请向有权机关提出。"],
        "sign": ["承办人", "负责人"],
    }


def _referral(said: Mapping[str, Any], answered: Mapping[str, Any], told: Mapping[str, str]) -> dict[str, Any]:
    return {
        "lead": "下列投诉在本系统内没有可以受理的单位（被投诉的是县级机构负责人，或者上级单位尚未开通受理），"
        "现予转送，请依职权处理并答复投诉人：",
        "rows": [*_about(said, told), ("投诉人", str(said.get("by", ""))), ("联系方式", str(said.get("contact", "")))],
        "after": ["本函内容由投诉人凭查询码打印，收件单位没有保存明文。"],
        "sign": ["投诉人", "接收单位经办人"],
    }


_FACTS: Final = {"slip": _slip, "answer": _answer, "referral": _referral}
