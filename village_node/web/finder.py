"""The finder of items: by number, part of the name, or the first letters of its pinyin; by class and department."""

import importlib.util
import itertools
import json
import unicodedata
from collections.abc import Iterable
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Final

from sync_protocol.case.catalogue import Catalogue, Item

MOST_READINGS: Final = 64


class Finder:
    """Finds items by what people type: a number, part of the name, or the first letters of its pinyin (`dbhj`)."""

    def __init__(self, catalogue: Catalogue, day: date | None = None) -> None:
        """Over the version of each item that is in force on a day; without one, over the newest."""
        self.catalogue, self.day = catalogue, day
        self.items: tuple[Item, ...] = catalogue.offered(day)

    @cached_property
    def _initials(self) -> dict[str, frozenset[str]]:
        """Item number -> all spellings of its name in first letters."""
        letters = first_letters("".join(item.name for item in self.items))
        return {item.item_no: spellings(item.name, letters) for item in self.items}

    @property
    def departments(self) -> list[str]:
        """The departments that have items, sorted."""
        return sorted({item.department for item in self.items})

    @property
    def classes(self) -> list[str]:
        """The classes of items (即办件, 承诺件 ...), sorted."""
        return sorted({item.kind for item in self.items})

    def find(self, text: str, department: str = "", kind: str = "") -> list[Item]:
        """Items in force that fit, by number; an empty text fits all."""
        wanted = unicodedata.normalize("NFKC", text).strip().casefold()
        return [
            item
            for item in self.items
            if (not department or item.department == department)
            and (not kind or item.kind == kind)
            and (not wanted or self._fits(item, wanted))
        ]

    def _fits(self, item: Item, wanted: str) -> bool:
        if item.item_no.startswith(wanted) or wanted in item.name.casefold() or wanted in item.name_en.casefold():
            return True
        return wanted.isascii() and wanted.isalnum() and any(wanted in each for each in self._initials[item.item_no])

    def newest(self, item_no: str) -> Item | None:
        """The version of an item that is in force; None if there is none."""
        for item in self.items:
            if item.item_no == item_no:
                return item
        return None


def first_letters(text: str) -> dict[str, frozenset[str]]:
    """The first letters of all readings of each Chinese character in a text, from pypinyin's table of characters.

    The table is read by itself: importing the package would keep 60 MB of phrases in memory for a few dozen names.
    """
    found = importlib.util.find_spec("pypinyin")
    if found is None or not found.submodule_search_locations:
        return {}
    table = json.loads((Path(next(iter(found.submodule_search_locations))) / "pinyin_dict.json").read_bytes())
    letters: dict[str, frozenset[str]] = {}
    for sign in set(text):
        readings = table.get(str(ord(sign)), "").split(",")
        plain = {unicodedata.normalize("NFD", reading)[:1] for reading in readings if reading}
        if plain:
            letters[sign] = frozenset(plain)
    return letters


def spellings(name: str, letters: dict[str, frozenset[str]]) -> frozenset[str]:
    """All ways to write a name in first letters (at most 64); Latin letters and digits stand for themselves."""
    choices: Iterable[list[str]] = (
        sorted(letters.get(sign, {sign.casefold()} if sign.isascii() and sign.isalnum() else ())) for sign in name
    )
    combined = itertools.product(*(choice for choice in choices if choice))
    return frozenset("".join(each) for each in itertools.islice(combined, MOST_READINGS))
