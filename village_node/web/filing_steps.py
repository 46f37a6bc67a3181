"""The form of an application in steps: what stands at which, where a button leads, and the sheet to look it through."""

from collections.abc import Mapping
from typing import Any, Final

from werkzeug.wrappers import Response

from sync_protocol.case.catalogue import Item
from village_node.web import application, asked, serving, undocumented, words
from village_node.web.site import DISPLAY_DAYS, Visit

STEPS: Final[dict[str, tuple[str, str]]] = {
    "applicant": ("申请人", "Applicant"),
    "proxy": ("受托人和送达", "Proxy and service"),
    "content": ("申请内容", "The application"),
    "papers": ("收到的材料", "Papers"),
    "look": ("核对提交", "Check and file"),
}
ORDER: Final = tuple(STEPS)
FIRST, LAST = ORDER[0], ORDER[-1]
# Ways to see the form. Agents of villages file a few cases a day and see one thing at a time; at the windows of a
# township or county people type all day, and see everything at once. Whoever chose otherwise is remembered.
BY_STEPS, WHOLE = "steps", "whole"
COOKIE: Final = "sanji-filing"
NEXT, BACK = "next", "back"

_PROXY: Final = ("has_proxy", *application.TERMS, *serving.TYPED)
_PAPERS: Final = ("channel", "window_note")
_FIRST: Final = ("acts_on", "earlier", "legal_representative", *undocumented.FIELDS)
# Names of what is typed beside an application, as the sheet and the list of what is to be mended have them.
LABELS: Final[dict[str, tuple[str, str]]] = {
    "applicant_name": ("姓名或单位名称", "name"),
    "proxy_name": ("受托人姓名", "name of who acts for the applicant"),
    "proxy_relation": ("受托人与申请人关系", "relation to the applicant"),
    "proxy_phone": ("受托人电话", "phone of who acts for the applicant"),
    "has_proxy": ("委托他人代为申请", "somebody acts for the applicant"),
    "authority_marked": ("委托书上的签名", "how the authority is signed"),
    "authority_scope": ("委托权限", "what the proxy may do"),
    "authority_until": ("委托期限至", "authority until"),
    "service_address": ("送达地址", "address for service"),
    "service_recipient": ("收件人", "recipient"),
    "service_phone": ("送达电话", "phone for service"),
    "service_post": ("邮寄送达", "service by post"),
    "service_electronic": ("电子送达", "electronic service"),
    "service_electronic_to": ("电子送达地址", "electronic address"),
    "channel": ("收件方式", "how it came in"),
}
_CHOICES: Final = frozenset({
    "applicant_id_kind", "acts_on", "authority_marked", "authority_scope", "service_post", "service_electronic",
    "channel",
})  # fmt: skip


def way(visit: Visit) -> str:
    """How the person in front sees the form: as just asked for, as chosen before, or as fits this level."""
    wanted = (visit.request.args.get("form"), visit.request.cookies.get(COOKIE))
    chosen = next((each for each in wanted if each in (BY_STEPS, WHOLE)), None)
    return chosen or (BY_STEPS if visit.site.level == "village" else WHOLE)


def remember(visit: Visit, response: Response) -> None:
    """Have the browser remember the way that was just asked for."""
    if visit.request.args.get("form") in (BY_STEPS, WHOLE):
        response.set_cookie(
            COOKIE,
            way(visit),
            max_age=DISPLAY_DAYS * 86_400,
            httponly=True,
            samesite="Strict",
            secure=visit.site.config.behind_tls,
            path="/",
        )


def step_of(name: str, item: Item) -> str:
    """The step at which a field of the form stands."""
    if name in _FIRST or name.startswith("applicant_"):
        return "applicant"
    if name in _PROXY or name.startswith("proxy_"):
        return "proxy"
    if any(each.key == name for each in asked.asked(item)):
        return "content"
    paper = name.partition("_")[0]
    if name in _PAPERS or (paper[:1] == "m" and paper[1:].isdecimal()):
        return "papers"
    return LAST


def at(step: str, values: Mapping[str, Any], item: Item) -> dict[str, Any]:
    """Those of what was typed, or of what is wrong with it, that stand at one step."""
    return {name: value for name, value in values.items() if step_of(name, item) == step}


def leads_to(step: str, pressed: str) -> str:
    """The step to which a button leads; empty for one that leads to none."""
    place = ORDER.index(step) + {NEXT: 1, BACK: -1}.get(pressed, 0)
    return ORDER[place] if pressed in (NEXT, BACK) and 0 <= place < len(ORDER) else ""


def sheet(visit: Visit, item: Item, values: Mapping[str, str]) -> list[tuple[str, list[tuple[str, str]]]]:
    """What was typed, step by step, as pairs of name and words; what was left empty is not in it."""
    shown: dict[str, list[tuple[str, str]]] = {step: [] for step in ORDER[:-1]}
    names = labels(item)
    for name, value in values.items():
        step = step_of(name, item)
        if not value or step not in shown or (name.startswith("proxy_") and not values.get("has_proxy")):
            continue
        if name in application.TERMS and not values.get("has_proxy"):
            continue
        if name in _CHOICES:
            value = visit.t(*words.choice_words(value))
        elif name == "has_proxy":
            value = visit.t("是", "yes")
        if name not in names:
            continue  # copies and originals stand with their paper
        shown[step].append((visit.t(*names[name]), _paper(visit, name, values) if name[0] == "m" else value))
    return list(shown.items())


def lacking(item: Item, values: Mapping[str, str]) -> list[str]:
    """The papers of the list that are not ticked and that everybody has to bring."""
    return item.lacking([name for index, name in enumerate(item.materials) if values.get(f"m{index}")])


def labels(item: Item) -> dict[str, tuple[str, str]]:
    """The name of each field of the form, in Chinese and English; papers by their own."""
    fields = {name: words.field_words(name) for name in application.SPELLINGS}
    questions = {each.key: (each.zh, each.en) for each in asked.asked(item)}
    papers = {f"m{index}": (name, name) for index, name in enumerate(item.materials)}
    return {**fields, **LABELS, **undocumented.LABELS, **questions, **papers}


def _paper(visit: Visit, key: str, values: Mapping[str, str]) -> str:
    copies = values.get(f"{key}_copies", "1")
    said = visit.t(f"{copies} 份", f"copies: {copies}")
    return said + (visit.t("，原件", ", original") if values.get(f"{key}_original") else "")
