"""What the form of an application asks beside the applicant: the item's own questions, or the one every item has."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from sync_protocol.case import forms
from sync_protocol.case.catalogue import Item
from village_node.web import entry, words

_OWN: Final = "q_"  # before the names of an item's own questions, which could be those of other fields
_PLAIN: Final = {"\uff0e": ".", "\u3002": ".", ",": "", "\uff0c": "", "元": ""}


class Asked(NamedTuple):
    """One question as a page draws it. ``key``: its name in the form; ``answer``: among the answers it is filed as."""

    key: str
    answer: str
    zh: str
    en: str
    kind: str
    required: bool
    hint_zh: str
    hint_en: str
    rows: int
    choices: tuple[str, ...] = ()

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """What a list of choices shows, nothing chosen first."""
        return [("", ""), *((each, each) for each in self.choices)]


def asked(item: Item) -> list[Asked]:
    """The questions of an item."""
    if not item.form:
        return [
            Asked(name, name, zh, en, "text", True, hint_zh, hint_en, rows)
            for name, zh, en, hint_zh, hint_en, rows in words.QUESTIONS
        ]
    return [
        Asked(
            _OWN + each.name, each.zh, each.zh, each.en, each.kind, each.required, each.hint, each.hint, 3, each.choices
        )
        for each in item.form
    ]


def typed(item: Item, form: Mapping[str, str]) -> dict[str, str]:
    """What was typed, by field, in one spelling."""
    found = {}
    for each in asked(item):
        text = form.get(each.key, "")[:4000]
        if each.kind in ("amount", "number"):
            text = entry.number(text)
            for sign, plain in _PLAIN.items():
                text = text.replace(sign, plain)
        found[each.key] = entry.paragraph(text)
    return found


def answers(item: Item, values: Mapping[str, str]) -> dict[str, str]:
    """The answers as they are filed; empty ones are left out."""
    return {each.answer: values[each.key] for each in asked(item) if values.get(each.key)}


def faults(item: Item, given: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """What is wrong with the answers of an application, by question, in words."""
    if item.form:
        return forms.troubles(item.form, item.rules, given)
    return {each.key: ("请填写此项", "Please fill this in") for each in asked(item) if not given.get(each.answer)}


def field_of(item: Item, name: str) -> str:
    """The field of the form that a question of the item is asked in."""
    return _OWN + name if any(each.name == name for each in item.form) else name
