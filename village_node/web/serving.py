"""Where documents are served on an applicant: as it is typed at filing, and as a page and a program are told it."""

from collections.abc import Mapping
from typing import Any, Final

import marshmallow

from sync_protocol.case import Case
from village_node.web import entry, masking, schemas, times, words
from village_node.web.box import Box
from village_node.web.site import Visit

# Field of the filing form -> how it is brought to one spelling.
_SPELLINGS: Final = {
    "service_recipient": entry.line,
    "service_address": entry.line,
    "service_phone": entry.phone,
    "service_post": entry.line,
    "service_electronic": entry.line,
    "service_electronic_to": entry.line,
}
TYPED: Final = tuple(_SPELLINGS)
_LONGEST: Final = {"service_recipient": 60, "service_address": 200, "service_phone": 30, "service_electronic_to": 100}
_WAYS: Final = ("service_post", "service_electronic")
_MASKS: Final = {
    "recipient": masking.name,
    "address": masking.address,
    "phone": masking.phone,
    "electronic_to": masking.phone,
}


def typed(form: Mapping[str, str]) -> dict[str, str]:
    """What was typed of the address for service, in one spelling."""
    return {name: spell(form.get(name, "")[:400]) for name, spell in _SPELLINGS.items()}


def faults(body: Mapping[str, Any], told: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """What is wrong with the address for service, by field; nothing where none was given."""
    said = {name: told.get(name, "") for name in TYPED}
    if not any(value not in ("", "disagree") for value in said.values()):
        return {}
    found: dict[str, tuple[str, str]] = {}
    if not said["service_address"]:
        found["service_address"] = (
            "请填写送达地址；不确认送达地址的，下面各项都不填",
            "Give the address, or leave all of this empty",
        )
    if not said["service_phone"] and not body.get("applicant_phone"):
        found["service_phone"] = ("请填写送达电话", "Give a phone for service")
    elif said["service_phone"] and (wrong := entry.phone_trouble(said["service_phone"])):
        found["service_phone"] = wrong
    if said["service_electronic"] == "agree" and not said["service_electronic_to"]:
        found["service_electronic_to"] = ("同意电子送达的请填写手机号或电子邮箱", "Give the number or address")
    if said["service_electronic"] != "agree" and said["service_electronic_to"]:
        found["service_electronic_to"] = (
            "填写了电子送达地址，请勾选“明确同意电子送达”；不同意的不填",
            "Tick the consent, or leave this empty",
        )
    for name in _WAYS:
        if said[name] not in ("", "agree", "disagree"):
            found[name] = ("请从所列选项中选择", "Choose from the list")
    for name, most in _LONGEST.items():
        if len(said[name]) > most:
            found[name] = (f"最多 {most} 个字", f"{most} characters at most")
    return found


def confirmation_of(body: Mapping[str, Any], told: Mapping[str, str]) -> dict[str, str] | None:
    """The confirmation as it is recorded, signed by who applies or acts for them; None where none was given."""
    if not told.get("service_address"):
        return None
    consents = told.get("service_electronic") == "agree"
    said = {
        "what": "confirmed",
        "recipient": told.get("service_recipient") or body["applicant_name"],
        "address": told["service_address"],
        "phone": told.get("service_phone") or body.get("applicant_phone", ""),
        "post": "agree" if told.get("service_post") == "agree" else "disagree",
        "electronic": "agree" if consents else "disagree",
        "by": body.get("proxy_name") or body["applicant_name"],
    }
    return {**said, "electronic_to": told["service_electronic_to"]} if consents else said


def fields() -> dict[str, marshmallow.fields.Field[Any]]:
    """The fields of the address for service, as a program tells them beside an application."""
    told = {
        "service_recipient": "To whom documents go; empty: the applicant.",
        "service_address": "Where documents are served; empty: nothing was confirmed.",
        "service_phone": "A phone for service; empty: the applicant's.",
        "service_post": "`agree`: documents may be posted there.",
        "service_electronic": "`agree`: explicit consent to electronic service.",
        "service_electronic_to": "The number or address for that; required with the consent.",
    }
    return {
        name: schemas.Text(0, _LONGEST.get(name, 10), load_default="", metadata={"description": said})
        for name, said in told.items()
    }


def told(case: Case, *, open_data: bool) -> dict[str, str]:
    """What stands, by field; masked unless it was opened."""
    return {
        name: value if open_data or name not in _MASKS else _MASKS[name](value) for name, value in case.service.items()
    }


def boxes(visit: Visit, case: Case, *, open_data: bool) -> list[Box]:
    """What was confirmed last, and whether the consent to electronic service stands."""
    if not case.confirmations:
        return []
    said, last = told(case, open_data=open_data), case.confirmations[-1]
    lines = [f"{visit.place_name(last.place)} · {times.moment(last.at_ms, visit.lang)}"]
    lines.append(" · ".join(said[name] for name in ("recipient", "phone", "address") if name in said))
    for way, zh, en in (("post", "邮寄送达", "By post"), ("electronic", "电子送达", "Electronically")):
        agreed = visit.t(*words.choice_words(said.get(way, "disagree")))
        to = said.get("electronic_to", "") if way == "electronic" else ""
        lines.append(visit.t(f"{zh}：{agreed}", f"{en}: {agreed}") + (f" · {to}" if to else ""))
    if last.body.get("what") == "consent_withdrawn":
        lines.append(visit.t("电子送达同意已撤回。", "The consent to electronic service was withdrawn."))
    return [
        Box("plain", "box", visit.t("送达地址确认", "Where documents are served"), [each for each in lines if each])
    ]
