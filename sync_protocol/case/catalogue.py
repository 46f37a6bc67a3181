"""The items people can apply for: one typed row an item version, read from a CSV text the caller hands in."""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

LEVELS: Final = ("village", "township", "county")
DECIDE_LEVELS: Final = (*LEVELS, "higher")
CASE_KINDS: Final = ("即办件", "承诺件", "联办件", "上报件")
VILLAGE_MODES: Final = ("村级受理", "直办", "代办", "协办", "告知")
DAYS_ARE: Final = ("sample", "public page", "field report")

COLUMNS: Final = (
    "item_no", "version", "name", "name_en", "department", "kind", "village_mode", "accept_levels", "review_level",
    "decide_level", "deliver_levels", "delegable", "statutory_days", "promised_days", "days_are", "fallback_days",
    "budget_village_days", "budget_township_days", "budget_county_days", "materials", "special_procedures",
    "publicity_days", "publicity_excluded", "fee", "in_force", "note",
)  # fmt: skip


class CatalogueError(ValueError):
    """A row of the catalogue cannot be used; the message names line, column and what is expected."""


class UnknownItem(KeyError):
    """No such item version in this catalogue."""


@dataclass(frozen=True, slots=True)
class Item:
    """One version of one item. Days are working days; an empty level means that the step does not exist."""

    item_no: str
    version: int
    name: str
    name_en: str
    department: str
    kind: str
    village_mode: str
    accept_levels: tuple[str, ...]
    review_level: str
    decide_level: str
    deliver_levels: tuple[str, ...]
    delegable: bool
    statutory_days: int
    promised_days: int
    days_are: str
    fallback_days: int | None
    budget_village_days: int | None
    budget_township_days: int | None
    budget_county_days: int | None
    materials: tuple[str, ...]
    special_procedures: tuple[str, ...]
    publicity_days: int
    publicity_excluded: bool
    fee: str
    in_force: bool
    note: str

    @property
    def deciding_level(self) -> str:
        """The level whose act ends the case here: of what a higher authority decides, the county that reports it up."""
        return "county" if self.decide_level == "higher" else self.decide_level

    @property
    def joint(self) -> bool:
        """True where several departments decide together."""
        return self.kind == "联办件"

    @property
    def has_fee(self) -> bool:
        """True where a fee is due once the application is approved."""
        return self.fee != "0"

    @property
    def sample(self) -> bool:
        """True where the days are made up for demonstration; pages must say so."""
        return self.days_are == "sample"


class _Row:
    """One line of the CSV with typed readers that name line and column when they refuse."""

    def __init__(self, line: int, cells: Mapping[str, str | None]) -> None:
        self.line = line
        self.cells = cells

    def fail(self, column: str, expected: str) -> CatalogueError:
        return CatalogueError(f"catalogue line {self.line}, column {column}: {self.text(column)!r}; {expected}")

    def text(self, column: str) -> str:
        return (self.cells.get(column) or "").strip()

    def filled(self, column: str) -> str:
        value = self.text(column)
        if not value:
            raise self.fail(column, "must not be empty")
        return value

    def one_of(self, column: str, choices: Iterable[str]) -> str:
        value = self.text(column)
        allowed = tuple(choices)
        if value not in allowed:
            raise self.fail(column, f"must be one of {', '.join(choice or 'empty' for choice in allowed)}")
        return value

    def levels(self, column: str) -> tuple[str, ...]:
        values = tuple(part.strip() for part in self.filled(column).split(";"))
        if len(set(values)) != len(values) or not set(values) <= set(LEVELS):
            raise self.fail(column, f"must be one or more of {', '.join(LEVELS)}, separated by ;")
        return values

    def names(self, column: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in self.text(column).split(";") if part.strip())

    def days(self, column: str) -> int:
        value = self.text(column)
        if not (value.isascii() and value.isdigit() and len(value) <= 3):
            raise self.fail(column, "must be a whole number of days from 0 to 999")
        return int(value)

    def optional_days(self, column: str) -> int | None:
        return self.days(column) if self.text(column) else None

    def yes_no(self, column: str, empty: bool | None = None) -> bool:
        if empty is not None and not self.text(column):
            return empty
        return self.one_of(column, ("yes", "no")) == "yes"

    def item(self) -> Item:
        version = self.text("version")
        if not (version.isascii() and version.isdigit() and 1 <= int(version) <= 65_535):
            raise self.fail("version", "must be a whole number from 1 to 65535")
        return Item(
            item_no=self.filled("item_no"),
            version=int(version),
            name=self.filled("name"),
            name_en=self.filled("name_en"),
            department=self.filled("department"),
            kind=self.one_of("kind", CASE_KINDS),
            village_mode=self.one_of("village_mode", VILLAGE_MODES),
            accept_levels=self.levels("accept_levels"),
            review_level=self.one_of("review_level", ("", *LEVELS)),
            decide_level=self.one_of("decide_level", DECIDE_LEVELS),
            deliver_levels=self.levels("deliver_levels"),
            delegable=self.yes_no("delegable"),
            statutory_days=self.days("statutory_days"),
            promised_days=self.days("promised_days"),
            days_are=self.one_of("days_are", DAYS_ARE),
            fallback_days=self.optional_days("fallback_days"),
            budget_village_days=self.optional_days("budget_village_days"),
            budget_township_days=self.optional_days("budget_township_days"),
            budget_county_days=self.optional_days("budget_county_days"),
            materials=self.names("materials"),
            special_procedures=self.names("special_procedures"),
            publicity_days=self.days("publicity_days"),
            publicity_excluded=self.yes_no("publicity_excluded", empty=False),
            fee=self.filled("fee"),
            in_force=self.yes_no("in_force"),
            note=self.text("note"),
        )


class Catalogue:
    """All item versions a node knows, by (number, version)."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._items: dict[tuple[str, int], Item] = {}
        for item in items:
            key = (item.item_no, item.version)
            if key in self._items:
                raise CatalogueError(f"item {item.item_no} version {item.version} stands twice in the catalogue")
            self._items[key] = item

    @classmethod
    def from_csv(cls, text: str) -> "Catalogue":
        """Read a catalogue from CSV text: lines that begin with # are remarks, the first other line names the columns.

        Raises CatalogueError naming line and column of the first value that cannot be used.
        """
        lines = text.lstrip("\ufeff").splitlines(keepends=True)
        remarks = 0
        while remarks < len(lines) and lines[remarks].startswith("#"):
            remarks += 1
        reader = csv.DictReader(io.StringIO("".join(lines[remarks:]), newline=""), strict=True)
        missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
        if missing:
            raise CatalogueError(f"catalogue line {remarks + 1}: column {missing[0]} is missing")
        items = []
        try:
            for cells in reader:
                line = remarks + reader.line_num
                if None in cells or None in cells.values():
                    raise CatalogueError(f"catalogue line {line}: has not as many cells as the header has columns")
                items.append(_Row(line, cells).item())
        except csv.Error as error:
            raise CatalogueError(f"catalogue line {remarks + reader.line_num}: not CSV: {error}") from error
        return cls(items)

    def item(self, item_no: str, version: int = 1) -> Item:
        """Give one item version; UnknownItem if this catalogue does not hold it."""
        try:
            return self._items[item_no, version]
        except KeyError:
            raise UnknownItem(f"no item {item_no} version {version} in the catalogue") from None

    def find(self, item_no: str, version: int) -> Item | None:
        """Give one item version, or None: a case may be older or newer than the catalogue."""
        return self._items.get((item_no, version))

    def items(self) -> tuple[Item, ...]:
        """All item versions, by number and version."""
        return tuple(self._items[key] for key in sorted(self._items))

    def search(self, text: str) -> tuple[Item, ...]:
        """Items in force whose number begins with the text or whose name (Chinese or English) contains it."""
        wanted = text.strip().casefold()
        return tuple(
            item
            for item in self.items()
            if item.in_force
            and (item.item_no.startswith(wanted) or wanted in item.name.casefold() or wanted in item.name_en.casefold())
        )
