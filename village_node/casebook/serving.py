"""How a document was served is held against what the applicant has confirmed: an address, and by which ways."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from sync_protocol.case import Case, bodies, kinds
from sync_protocol.case.service import PUBLIC_DAYS, agrees, served_on
from sync_protocol.case.workdays import day_of
from village_node.casebook.errors import BadBody

_ELECTRONIC, _ELECTRONIC_TO = 5, 6
_HOW, _AT, _WITNESSES, _REFUSAL, _WHERE, _PROOF, _PUBLISHED = 1, 2, 3, 4, 5, 6, 7
# Way of delivery -> the fields beyond to whom, how and when that are filled in for it alone.
_OWN: Final[dict[str, tuple[int, ...]]] = {
    "post": (_WHERE, _PROOF),
    "electronic": (_WHERE, _PROOF),
    "left_with_witness": (_WITNESSES, _REFUSAL, _WHERE),
    "public_notice": (_WHERE, _PUBLISHED, _REFUSAL),
}
_ASKED: Final = {
    ("post", _WHERE): ("请填写邮寄的地址", "give the address it was posted to"),
    ("post", _PROOF): ("请填写邮件号（挂号信、特快专递）", "give the number of the mail"),
    ("electronic", _PROOF): ("请填写发送记录号（短信、邮件的发送记录）", "give the number of the record of sending"),
    ("left_with_witness", _WHERE): ("请写明留置的地点（受送达人住所）", "say where it was left"),
    ("left_with_witness", _WITNESSES): (
        "留置送达须有两名见证人，请填写姓名",
        "name the two witnesses it was left before",
    ),
    ("left_with_witness", _REFUSAL): ("请写明受送达人为什么没有签收", "say why it was not signed for"),
    ("public_notice", _WHERE): ("请写明公告的载体（公告栏、网站、报纸）", "say where it was made public"),
    ("public_notice", _PUBLISHED): ("请填写公告日期", "give the day it was made public"),
    ("public_notice", _REFUSAL): (
        "公告送达限于受送达人下落不明或其他方式无法送达，请写明经过",
        "only for who cannot be found or served otherwise: say what was tried",
    ),
}
# Only what is sent electronically takes consent (民事诉讼法第九十条); by post anybody may be served.
_NOT_AGREED: Final = (
    "申请人没有同意电子送达，或已撤回同意；请先登记送达地址确认书，或改用其他方式",
    "there is no standing consent to electronic service: enter the confirmation, or serve it another way",
)


def completed(case: Case, kind: int, body: Mapping[int, Any]) -> dict[int, Any]:
    """The body with what nobody types: the address that a delivery goes to, confirmed or, by post, of the application,
    and the day on which what was made public counts as served."""
    if kind != kinds.DELIVERED:
        return dict(body)
    how, service = body[_HOW], case.service
    known = {"post": "address", "left_with_witness": "address", "electronic": "electronic_to"}.get(how, "")
    filled = {_WHERE: service[known]} if known in service else {}
    if how == "post" and not service and "address" in case.applicant:
        filled[_WHERE] = case.applicant["address"]
    if how == "public_notice" and _PUBLISHED in body:
        filled[_AT] = served_on(date.fromisoformat(body[_PUBLISHED])).isoformat()
    return {**filled, **body}


def check(case: Case, kind: int, body: Mapping[int, Any], today: date) -> None:
    """Ask of a confirmation that it fits together, and of a delivery that its way is one that is open. Raises
    BadBody."""
    if kind == kinds.SERVICE_ADDRESS:
        _check_confirmed(case, body)
    if kind == kinds.DELIVERED:
        _check_delivered(case, completed(case, kind, body), today)


def _check_confirmed(case: Case, body: Mapping[int, Any]) -> None:
    if body[0] == "consent_withdrawn":
        if not agrees(case.service, "electronic"):
            raise BadBody(
                "what", "本案没有有效的电子送达同意，不用撤回", "there is no consent to electronic service to withdraw"
            )
        typed = next((row.name for row in bodies.TABLES[kinds.SERVICE_ADDRESS].fields[1:7] if row.number in body), "")
        if typed:
            raise BadBody(
                typed,
                "撤回电子送达同意时不填；要改地址的，请选“确认送达地址”",
                "not for a withdrawal: to change the address, confirm another one",
            )
    elif body[_ELECTRONIC] == "disagree" and _ELECTRONIC_TO in body:
        raise BadBody(
            "electronic_to", "没有同意电子送达的不填电子送达地址", "only for who consents to electronic service"
        )


def _check_delivered(case: Case, body: Mapping[int, Any], today: date) -> None:
    how, rows = body[_HOW], bodies.TABLES[kinds.DELIVERED].fields
    if how == "electronic" and not agrees(case.service, how):
        raise BadBody("how", *_NOT_AGREED)
    own = _OWN.get(how, (_WHERE,))
    for number in (_WITNESSES, _REFUSAL, _PROOF, _PUBLISHED):
        if number in body and number not in own:
            raise BadBody(
                rows[number].name, "不是这种送达方式填写的内容，请核对送达方式", "not for this way of delivery"
            )
    for number in own:
        if number not in body and (how, number) in _ASKED:
            raise BadBody(rows[number].name, *_ASKED[how, number])
    confirmed = case.service.get({"post": "address", "electronic": "electronic_to"}.get(how, ""), body.get(_WHERE))
    if body.get(_WHERE) != confirmed:
        raise BadBody("where", "须送到申请人确认的地址，不填即可", "it goes to the confirmed address: leave this empty")
    if how == "public_notice":
        _check_public(case, body, today)
    elif _AT in body and (made := _made(case)) and date.fromisoformat(body[_AT]) < made:
        raise BadBody(
            "at",
            f"送达日期不能早于所送达的决定（{made}），请改正；当天送达的不填即可",
            f"what is served was made on {made}: it was not served before; leave this empty if it is served today",
        )


def _made(case: Case) -> date | None:
    """The day of what is served: of the decision, or of the end of the case; None where neither is there."""
    return max((day_of(each.at_ms) for each in (case.decision, case.lapse) if each is not None), default=None)


def _check_public(case: Case, body: Mapping[int, Any], today: date) -> None:
    published, made = date.fromisoformat(body[_PUBLISHED]), _made(case)
    if made and published < made:
        raise BadBody(
            "published",
            f"公告日期不能早于所送达的决定（{made}）",
            f"what is served was made on {made}: it cannot have been made public before",
        )
    served = served_on(published)
    if served > today:
        raise BadBody(
            "published",
            f"公告满 {PUBLIC_DAYS} 日即 {served} 视为送达，届时再登记",
            f"it counts as served on {served}, {PUBLIC_DAYS} days after it was made public: record it then",
        )
    if body[_AT] != served.isoformat():
        raise BadBody(
            "at",
            f"公告送达的日期是 {served}，不填即可",
            f"what was made public is served on {served}: leave this empty",
        )
