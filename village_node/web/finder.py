"""The finder of items: by number, name, pinyin or its first letters, or everyday words; by class and department."""

import csv
import importlib.util
import itertools
import json
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache, cached_property
from importlib import resources
from pathlib import Path
from typing import Final, NamedTuple

from sync_protocol.case.catalogue import Catalogue, Item

MOST_READINGS: Final = 64
SHORTEST: Final = 2  # one character or letter alone would fit nearly every word
_BY_NUMBER, _BY_NAME, _BY_WORD, _BY_DEPARTMENT, _BY_CLASS = range(5)


class Everyday(NamedTuple):
    """One row of ``everyday_words.csv``: what people say, the official words for it, and whose business it is.

    ``terms``: one of them is in the name of an item that is meant; the parts of one that are joined by + all are.
    """

    words: tuple[str, ...]
    terms: tuple[tuple[str, ...], ...]
    department: str


class Found(NamedTuple):
    """One item found. ``word``: the everyday word that led to it, and ``term`` what it is officially called here; both
    are empty where the item was found by what stands in the catalogue itself."""

    rank: int
    item: Item
    word: str = ""
    term: str = ""


class Finder:
    """Finds items by what people type: a number, part of the name, its pinyin (`dibao`) or first letters, or 低保."""

    def __init__(self, catalogue: Catalogue, day: date | None = None) -> None:
        """Over the version of each item that is in force on a day; without one, over the newest."""
        self.catalogue, self.day = catalogue, day
        self.items: tuple[Item, ...] = catalogue.offered(day)

    @cached_property
    def _readings(self) -> dict[str, frozenset[str]]:
        """All readings of each character in the names."""
        return readings("".join(item.name for item in self.items))

    @cached_property
    def _initials(self) -> dict[str, frozenset[str]]:
        """Item number -> all spellings of its name in first letters."""
        letters = first_letters(self._readings)
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
        """Items in force that fit, best first; an empty text fits all, by number."""
        return [found.item for found in self.look(text, department, kind)]

    def look(self, text: str, department: str = "", kind: str = "") -> list[Found]:
        """The same, with what led to each. Best first: number, name, everyday word, department, class."""
        wanted = unicodedata.normalize("NFKC", text).strip().casefold()
        meant = self._meant(wanted)
        found = [
            hit
            for item in self.items
            if (not department or item.department == department)
            and (not kind or item.kind == kind)
            and (hit := self._hit(item, wanted, meant))
        ]
        return sorted(found, key=lambda hit: hit.rank)

    def _hit(self, item: Item, wanted: str, meant: dict[str, Found]) -> Found | None:
        """How an item fits; None where it does not."""
        if not wanted or item.item_no == wanted:
            return Found(_BY_NUMBER, item)
        if self._named(item, wanted):
            return Found(_BY_NAME, item)
        if item.item_no in meant:
            return meant[item.item_no]
        if len(wanted) >= SHORTEST and wanted in item.department:
            return Found(_BY_DEPARTMENT, item)
        return Found(_BY_CLASS, item) if wanted == item.kind else None

    def _named(self, item: Item, wanted: str) -> bool:
        if item.item_no.startswith(wanted) or wanted in item.name.casefold() or wanted in item.name_en.casefold():
            return True
        if not (wanted.isascii() and wanted.isalnum()):
            return False
        return any(wanted in each for each in self._initials[item.item_no]) or is_read(
            item.name, wanted, self._readings
        )

    def _meant(self, wanted: str) -> dict[str, Found]:
        """What is meant by everyday words that fit: by item number. Where neither they nor the catalogue itself name an
        item, the items of the department whose business it is."""
        rows = fitting(wanted) if len(wanted) >= SHORTEST else []
        meant: dict[str, Found] = {}
        for word, row in rows:
            for item in self.items:
                term = _term_in(row, item.name)
                if term:
                    meant.setdefault(item.item_no, Found(_BY_WORD, item, word, term))
        if rows and not meant and not any(self._named(item, wanted) for item in self.items):
            word, row = rows[0]
            theirs = (item for item in self.items if item.department == row.department)
            meant = {item.item_no: Found(_BY_DEPARTMENT, item, word) for item in theirs}
        return meant

    def newest(self, item_no: str) -> Item | None:
        """The version of an item that is in force; None if there is none."""
        for item in self.items:
            if item.item_no == item_no:
                return item
        return None


def readings(text: str) -> dict[str, frozenset[str]]:
    """All readings of each Chinese character in a text without their tones, from pypinyin's table of characters.

    The table is read by itself: importing the package would keep 60 MB of phrases in memory for a few dozen names.
    """
    found = importlib.util.find_spec("pypinyin")
    if found is None or not found.submodule_search_locations:
        return {}
    table = json.loads((Path(next(iter(found.submodule_search_locations))) / "pinyin_dict.json").read_bytes())
    found_of = {sign: table.get(str(ord(sign)), "") for sign in set(text)}
    return {sign: frozenset(map(_plain, said.split(","))) for sign, said in found_of.items() if said}


def _plain(reading: str) -> str:
    return "".join(each for each in unicodedata.normalize("NFD", reading) if not unicodedata.combining(each))


def first_letters(known: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """The first letters of the readings of each character."""
    return {sign: frozenset(each[:1] for each in said) for sign, said in known.items()}


def is_read(name: str, wanted: str, known: Mapping[str, frozenset[str]]) -> bool:
    """Whether letters are the whole pinyin of two characters or more that follow one another in a name: `dibao`."""
    for start in range(len(name) - 1):
        ends = {0}
        for number, sign in enumerate(name[start:], start=1):
            ends = {end + len(each) for end in ends for each in known.get(sign, ()) if wanted.startswith(each, end)}
            if len(wanted) in ends and number > 1:
                return True
            if not ends:
                break
    return False


def spellings(name: str, letters: dict[str, frozenset[str]]) -> frozenset[str]:
    """All ways to write a name in first letters (at most 64); Latin letters and digits stand for themselves."""
    choices: Iterable[list[str]] = (
        sorted(letters.get(sign, {sign.casefold()} if sign.isascii() and sign.isalnum() else ())) for sign in name
    )
    combined = itertools.product(*(choice for choice in choices if choice))
    return frozenset("".join(each) for each in itertools.islice(combined, MOST_READINGS))


@cache
def everyday() -> tuple[Everyday, ...]:
    """The table of everyday words beside this file."""
    text = resources.files(__package__).joinpath("everyday_words.csv").read_text(encoding="utf-8")
    return tuple(
        Everyday(
            tuple(row["words"].casefold().split(";")),
            tuple(tuple(term.split("+")) for term in row["terms"].split(";")),
            row["department"],
        )
        for row in csv.DictReader(text.splitlines())
    )


@cache
def _everyday_readings() -> dict[str, frozenset[str]]:
    """All readings of each character in everyday words."""
    return readings("".join(word for row in everyday() for word in row.words))


@cache
def _everyday_initials() -> dict[str, frozenset[str]]:
    """Everyday word -> all its spellings in first letters."""
    words = [word for row in everyday() for word in row.words]
    letters = first_letters(_everyday_readings())
    return {word: spellings(word, letters) for word in words}


def fitting(wanted: str) -> list[tuple[str, Everyday]]:
    """The everyday words that fit what was typed, the best first, with their rows: the very word, one that is part of
    what was typed (我要办低保), one that what was typed is a part of; its pinyin, or the beginning of
    its first letters."""
    initials, known = _everyday_initials(), _everyday_readings()
    spelled_out = wanted.isascii() and wanted.isalpha()
    found = []
    for row in everyday():
        for word in row.words:
            within = word in wanted and len(word) >= SHORTEST
            read = spelled_out and is_read(word, wanted, known)
            if within or read or wanted in word or any(each.startswith(wanted) for each in initials[word]):
                spelled = wanted == word or wanted in initials[word]
                found.append((not spelled, not within, -len(word) if within else len(word), word, row))
    found.sort(key=lambda each: each[:3])
    exact = [each for each in found if not each[0]]
    return [(word, row) for *_, word, row in exact or found]


def _term_in(row: Everyday, name: str) -> str:
    """The official words of a row that are in the name of an item; empty if none are."""
    return next(("".join(term) for term in row.terms if all(part in name for part in term)), "")
