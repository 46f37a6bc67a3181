"""The sheet a document is set on: its head, number, seal, codes and foot, with its facts; ready for the press."""

import io
from typing import Any, Final

import segno

from sync_protocol.case import documents, numbers
from village_node.notices import facts, seal
from village_node.notices.source import Source, day, local, moment

# Document -> the version of its template. Another wording is another version, in a file of its own.
TEMPLATES: Final = {
    "01": 2, "02": 1, "03": 1, "04": 3, "05": 2, "06": 2, "07": 1, "08": 1, "10": 1, "11": 2, "12": 2, "15": 1, "16": 2,
    "17": 2, "instant": 2, "agency": 2, "precheck": 2, "handoff": 1, "review": 1, "withdrawal": 2, "lapse": 2,
    "recheck": 1, "tolerance": 1, "declaration": 1, "preview": 1, "rectify": 1, "joint": 1, "09": 1, "14": 1,
    "upward": 1, "transmittal": 1, "publicity": 1, "published": 1, "survey": 1, "13": 2, "address": 1,
    "request": 1, "rights": 1,
}  # fmt: skip
# The sizes of paper a document may be printed on; the first is the usual one.
PAPERS: Final = {"01": ("a4", "a5", "roll"), "agency": ("a4", "a5", "roll")}
A4_ALONE: Final = ("a4",)
# Documents that show the query code: only the applicant may have them, and they lead to the progress as well.
WITH_QUERY_CODE: Final = ("01", "agency", "instant")

DRAFT: Final = "草稿：本件所依据的记录在本机没有生效（{why}），只供核对，不得送达。"
EFFECTS: Final = {
    "legal": "本件内容以签名记录为准；所印为样章，不是印章，本件加盖实体印章并送达后生效。",
    "informative": "本单为服务凭证，不是行政决定，不影响申请人的权利和法定期限。",
    "internal": "本单供单位之间交接使用，不送达申请人。",
}
NOT_USED: Final = "本件内容以签名记录为准；记录中没有用印，本件加盖实体印章并送达后生效。"
UNSEALED: Final = "本件内容以签名记录为准，由有关人员签名后有效。"


class NoSuchSheet(Exception):
    """This version of the program has no template for the document, or not on that paper."""


def template_of(code: str) -> str:
    """The template of a document. Raises NoSuchSheet."""
    if code not in TEMPLATES:
        raise NoSuchSheet(code)
    return f"{code}_v{TEMPLATES[code]}"


def given_for(source: Source) -> dict[str, Any]:
    """Everything the template of a document is handed. Raises NoSuchSheet."""
    document, record, offices = source.document, source.record, source.offices
    template_of(document.code)
    if source.paper not in PAPERS.get(document.code, A4_ALONE):
        raise NoSuchSheet(f"{document.code} on {source.paper}")
    authority = offices.authority(record.place, source.item)
    formal = document.effect != "informative"
    remedies = offices.remedies() if document.adverse else None
    at = local(record.at_ms)
    return {
        "paper": source.paper,
        "draft": bool(record.why_not),
        "title": document.zh,
        "number": source.number,
        # What an applicant signs is the applicant's own paper.
        "authority": "" if document.issuer == "applicant" else authority if formal else offices.hall(record.place),
        "signer": authority if formal else offices.hall(record.place),
        "to": source.addressed,
        "issued": day(record.at_ms),
        "day": [at.year, at.month, at.day],
        "clerk": record.who,
        "contact": source.contact(),
        "seal": _drawn_seal(source),
        "codes": _codes(source),
        "remedy": remedies._asdict() if remedies else None,
        "effect": _effect(source),
        "event": f"{record.position.mark.hex()}（第 {record.position.seq} 条）",
        "as_of": moment(source.as_of_ms),
        "form": f"样式 {document.mark} 第 {TEMPLATES[document.code]} 版",
        "facts": facts.of(source),
    }


def blank_attorney(item_name: str, as_of_ms: int) -> dict[str, Any]:
    """A power of attorney to be filled in by hand, before there is a case: nobody files for another without one."""
    document, at = documents.TYPES["06"], local(as_of_ms)
    return {
        "paper": "a4",
        "draft": False,
        "title": document.zh,
        "number": "（空白表，手工填写）",
        "authority": "",
        "signer": "",
        "to": "　",
        "issued": "",
        "day": [at.year, at.month, at.day],
        "clerk": "",
        "seal": "",
        "codes": [],
        "remedy": None,
        "effect": EFFECTS[document.effect],
        "event": "未登记",
        "as_of": day(as_of_ms),
        "form": f"样式 06 第 {TEMPLATES['06']} 版",
        "facts": facts.blank_attorney(item_name),
    }


def _seal_of(source: Source) -> str:
    """Which seal a document bears; a draft bears none."""
    record = source.record
    level = source.places.level(record.place)
    return "" if record.why_not else documents.seal_on(source.document, record.ground, level, source.item)


def _drawn_seal(source: Source) -> str:
    """The picture of the seal that the event names; nothing where no seal was used."""
    kind, used = _seal_of(source), source.sealed
    return seal.drawn(used.owner, kind, used.mark) if kind and used is not None else ""


def _effect(source: Source) -> str:
    if source.record.why_not:
        return DRAFT.format(why=source.record.why_not)
    effect = source.document.effect
    if effect == "legal" and not _seal_of(source):
        return UNSEALED
    return NOT_USED if effect == "legal" and source.sealed is None else EFFECTS[effect]


def check_token(source: Source) -> str:
    """What the code on a document holds: enough for anybody to ask any node whether it counts."""
    incarnation, seq, mark = source.record.position
    return numbers.make_check_token(source.document.code, incarnation, seq, mark)


def _codes(source: Source) -> list[dict[str, str]]:
    found = [{"drawing": _drawn(f"{source.address}/check/{check_token(source)}"), "words": "扫码核验真伪"}]
    if source.document.code in WITH_QUERY_CODE and source.case.query_code:
        found.insert(0, {"drawing": _drawn(f"{source.address}/q/{source.case.query_code}"), "words": "扫码查询进度"})
    return found


def _drawn(address: str) -> str:
    drawn = io.BytesIO()
    segno.make(address, error="m", micro=False).save(drawn, kind="svg", xmldecl=False, omitsize=True, border=2)
    return drawn.getvalue().decode("utf-8")
