"""Somebody who acts for an applicant does so by an authority in force: given, not revoked, not over, and for this. Who
collects a result as the applicant is the applicant."""

import unicodedata
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from sync_protocol.case import Case, kinds
from sync_protocol.case.proxies import may_collect
from village_node.casebook.errors import BadBody

_TO, _HOW, _AT = 0, 1, 2
_UNTIL: Final = 5
_ANSWERS: Final = 0
_ORGANISATION: Final = "credit_code"
_ONESELF: Final = ("本人", "申请人", "申请人本人")
_DOTS: Final = str.maketrans("", "", "·•‧∙⋅・˙.'’-‐")  # as names of other peoples are written, each in its way


def check(case: Case, kind: int, body: Mapping[int, Any], today: date) -> None:
    """Ask of a result that is given to a proxy whether it may be and to whom, of an authority that it is not over
    already, and of a correction that it changes no proxy whom an authority names. Raises BadBody."""
    if kind == kinds.SUPPLY and case.authorities and any(name.startswith("proxy_") for name in body.get(_ANSWERS, ())):
        raise BadBody(
            "answers",
            "受托人已由委托登记确定，不能按补正更改；请用“登记委托”重新登记",
            "an authority says who acts for the applicant: enter another one, a correction changes nothing of it",
        )
    if kind == kinds.PROXY_AUTHORITY and body.get(_UNTIL, today.isoformat()) < today.isoformat():
        raise BadBody("until", "委托期限已过，请核对委托书", "the authority is over already: look at the paper")
    if kind == kinds.DELIVERED and body[_HOW] == "proxy":
        wrong = why_not_collected(case, date.fromisoformat(body[_AT]) if _AT in body else today)
        if wrong is not None:
            raise BadBody("how", *wrong)
        named = _plain(str(case.proxy.get("name", "")))
        if named and _plain(body[_TO]) != named:
            raise BadBody(
                "to",
                "代领的领取人与登记的受托人姓名不同；请核对证件，换了人的先登记新的委托",
                "the authority names somebody else: compare the document, and enter another authority first",
            )
    if kind == kinds.DELIVERED and body[_HOW] == "in_person":
        _check_oneself(case, body[_TO])


def _check_oneself(case: Case, to: str) -> None:
    """Ask of who collects in person that it is the applicant, or who represents an organisation. Where the application
    is not held here, or nobody is named in it who could come for an organisation, anybody may be. Raises BadBody."""
    named = [_plain(str(case.applicant.get(name, ""))) for name in ("name", "representative")]
    organisation = case.applicant.get("id_kind") == _ORGANISATION
    if not all(named) if organisation else not named[0]:
        return
    if _plain(to) in (*filter(None, named if organisation else named[:1]), *_ONESELF):
        return
    if organisation:
        raise BadBody(
            "to",
            "“本人领取”的领取人应为法定代表人（负责人），与本案登记的姓名不同；经办人来领的，请先用“登记委托”登记，再选“代领”",
            "not who represents the organisation by the application: for somebody else enter their authority first "
            "(their name, and what they are to the applicant), then choose delivery by proxy",
        )
    raise BadBody(
        "to",
        "“本人领取”的领取人应为申请人本人，与本案登记的姓名不同；他人来领的，"
        "请先用“登记委托”登记受托人和与申请人关系，再选“代领”",
        "not the applicant's name: for somebody else enter their authority first (their name, and what they are to the "
        "applicant), then choose delivery by proxy",
    )


def _plain(name: str) -> str:
    """A name for comparing: however wide its signs, its blanks and its dots were typed."""
    told = "".join(unicodedata.normalize("NFKC", name).split()).casefold().translate(_DOTS)
    return told.removesuffix(unicodedata.normalize("NFKC", "（本人）"))


def why_not_collected(case: Case, day: date) -> tuple[str, str] | None:
    """Say why no proxy collects a result on a day; None if one may."""
    proxy = case.proxy
    if may_collect(proxy, day):
        return None
    if not proxy and case.authorities:
        return (
            "委托已撤销，不能代领；请送达本人，或重新登记委托",
            "the authority is revoked: give it to the applicant, or enter another authority",
        )
    if not proxy:
        return (
            "本案没有受托人，代领须先登记委托",
            "nobody acts for the applicant: enter the authority before a proxy collects",
        )
    if proxy.get("scope") == "submit":
        return "委托权限不含代为签收，不能代领", "the authority is not for collecting"
    until = proxy["until"]
    return (
        f"委托期限至 {until}，已过期，不能代领；请登记新的委托",
        f"the authority ended on {until}: enter another one before a proxy collects",
    )
