"""The items people can apply for: one typed row an item version, read from a CSV text the caller hands in."""

import csv
import io
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, NamedTuple, TypeVar

from sync_protocol.case import fees, forms, themes
from sync_protocol.case.fees import FeeRule
from sync_protocol.case.forms import Paper, Question, Rule
from sync_protocol.case.themes import Contradiction, Party

LEVELS: Final = ("village", "township", "county")
DECIDE_LEVELS: Final = (*LEVELS, "higher")
CASE_KINDS: Final = ("即办件", "承诺件", "联办件", "上报件")
VILLAGE_MODES: Final = ("村级受理", "直办", "代办", "协办", "告知")
APPLICANTS: Final = ("person", "organisation")
DAYS_ARE: Final = ("sample", "public page", "field report")

COLUMNS: Final = (
    "item_no", "version", "name", "name_en", "department", "kind", "village_mode", "accept_levels", "review_level",
    "decide_level", "deliver_levels", "delegable", "statutory_days", "promised_days", "days_are", "fallback_days",
    "budget_village_days", "budget_township_days", "budget_county_days", "materials", "special_procedures",
    "publicity_days", "publicity_excluded", "fee", "in_force", "note", "form", "rules",
    "commitment", "members", "parties", "fee_rule",
)  # fmt: skip
Unit = Literal["calendar", "working"]
PUBLICITY_UNITS: Final[tuple[Unit, ...]] = ("calendar", "working")
# Article 45 of the licensing law: an item with one of these is not delegable unless the county says by which document.
ARTICLE_45: Final = ("听证", "招标", "拍卖", "检验", "检测", "检疫", "鉴定", "评审")
# What the guide of an item says in words of its own, by key.
GUIDE: Final[dict[str, tuple[str, str]]] = {
    "conditions": ("办理条件", "Who may apply"),
    "procedure": ("办理流程", "Procedure"),
    "basis": ("办理依据", "Legal basis"),
    "result": ("办理结果", "What you get"),
    "hours": ("办理地点和时间", "Where and when"),
    "phone": ("咨询电话", "Phone for questions"),
    "complaints": ("投诉电话", "Phone for complaints"),
    "tips": ("温馨提示", "Good to know"),
}
# An item with this among its procedures is refused or revoked only after the right to be heard was told (art. 46, 47).
HEARING_OFFERED: Final = "听证告知"
_Read = TypeVar("_Read")


class CatalogueError(ValueError):
    """A row of the catalogue cannot be used; the message names line, column and what is expected."""


class UnknownItem(KeyError):
    """No such item version in this catalogue."""


class Rate(NamedTuple):
    """One line of the fee's public standard: for what, how many fen, for each what."""

    what: str
    fen: int
    unit: str


@dataclass(frozen=True, slots=True)
class Item:
    """One version of one item. Days are working days; an empty level means that the step does not exist.

    ``commitment``: an applicant may declare that the conditions told are met, and is examined afterwards. ``members``:
    the items of a theme, and ``member_versions`` those whose questions and papers it has merged. ``parties``: the
    departments that take part in a joint case.
    ``applicants``: who may apply; all where it names none.
    """

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
    papers: tuple[Paper, ...]
    special_procedures: tuple[str, ...]
    publicity_days: int
    publicity_excluded: bool
    fee: str
    in_force: bool
    note: str
    form: tuple[Question, ...] = ()
    rules: tuple[Rule, ...] = ()
    publicity_unit: Unit = "calendar"
    delegable_basis: str = ""
    commitment: bool = False
    rates: tuple[Rate, ...] = ()
    guide: tuple[tuple[str, str], ...] = ()
    members: tuple[str, ...] = ()
    begins: date | None = None
    ends: date | None = None
    applicants: tuple[str, ...] = ()
    member_versions: tuple[int, ...] = ()
    parties: tuple[Party, ...] = ()
    fee_rule: FeeRule | None = None

    @property
    def hearing_offered(self) -> bool:
        """Whether the applicant is told of the right to be heard before an adverse decision."""
        return HEARING_OFFERED in self.special_procedures

    @property
    def materials(self) -> tuple[str, ...]:
        """The names of the papers to bring."""
        return tuple(paper.name for paper in self.papers)

    def lacking(self, names: Collection[str]) -> list[str]:
        """The papers of the list that everybody has to bring and that are not among these; what the office fetches by
        itself, or only some have to bring, is never lacking."""
        return [each.name for each in self.papers if not each.shared and not each.condition and each.name not in names]

    @property
    def key(self) -> tuple[str, int]:
        """Number and version: what a case names."""
        return self.item_no, self.version

    @property
    def theme(self) -> bool:
        """True for a 一件事: one form and one case for several items."""
        return bool(self.members)

    @property
    def tolerable(self) -> tuple[str, ...]:
        """The names of the papers that may come later, if the applicant commits to it."""
        return tuple(paper.name for paper in self.papers if paper.tolerable)

    @property
    def decided_in_person(self) -> bool:
        """True where the law keeps the decision from a representative unless the county names a document: publicity,
        or a procedure of article 45."""
        return self.publicity_days > 0 or any(word in name for name in self.special_procedures for word in ARTICLE_45)

    @property
    def short_promise(self) -> bool:
        """True where the promise is at most half of what the statute allows, or nothing is to be halved."""
        return not self.statutory_days or 2 * self.promised_days <= self.statutory_days

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
    def fee_words(self) -> list[tuple[str, str]]:
        """How the fee is worked out, in sentences."""
        return fees.told(self.fee_rule, self.form) if self.fee_rule is not None else []

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

    def lines(self, column: str, read: Callable[[str], _Read]) -> tuple[_Read, ...]:
        try:
            return tuple(read(part) for part in self.names(column))
        except ValueError as wrong:
            raise self.fail(column, f"not understood: {wrong}") from None

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
            papers=self.lines("materials", forms.read_paper),
            special_procedures=self.names("special_procedures"),
            publicity_days=self.days("publicity_days"),
            publicity_excluded=self.yes_no("publicity_excluded", empty=False),
            fee=self.filled("fee"),
            in_force=self.yes_no("in_force"),
            note=self.text("note"),
            form=self.lines("form", forms.read_question),
            rules=self.lines("rules", forms.read_rule),
            commitment=self.yes_no("commitment", empty=False),
            members=self.names("members"),
            parties=self.lines("parties", themes.read_party),
            fee_rule=self.fee_rule(),
        )

    def fee_rule(self) -> FeeRule | None:
        try:
            return fees.read(self.names("fee_rule"))
        except ValueError as wrong:
            raise self.fail("fee_rule", f"not understood: {wrong}") from None


class Catalogue:
    """All item versions a node knows, by (number, version)."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._items: dict[tuple[str, int], Item] = {}
        for item in items:
            key = (item.item_no, item.version)
            if key in self._items:
                raise CatalogueError(f"item {item.item_no} version {item.version} stands twice in the catalogue")
            self._items[key] = item
        self._newest = {key[0]: self._items[key] for key in sorted(self._items)}

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
        made = cls(items)
        for item in made.items():
            if item.fee_rule is not None and not fees.is_sound(item.fee_rule, item.form):
                raise CatalogueError(f"catalogue, item {item.item_no}, column fee_rule: counts what nobody is asked")
        try:
            return cls(themes.complete(item, made) for item in items)
        except Contradiction as wrong:
            raise CatalogueError(f"catalogue, column {wrong}") from None

    def parts(self, item: Item) -> tuple[Item, ...]:
        """The item versions that a theme has merged, as far as they are known here."""
        found = (self.find(*each) for each in zip(item.members, item.member_versions, strict=False))
        return tuple(each for each in found if each is not None)

    def item(self, item_no: str, version: int = 1) -> Item:
        """Give one item version; UnknownItem if this catalogue does not hold it."""
        try:
            return self._items[item_no, version]
        except KeyError:
            raise UnknownItem(f"no item {item_no} version {version} in the catalogue") from None

    def find(self, item_no: str, version: int) -> Item | None:
        """Give one item version, or None: a case may be older or newer than the catalogue."""
        return self._items.get((item_no, version))

    def newest(self, item_no: str) -> Item | None:
        """The newest version of an item, whether it is in force yet or no more; None if there is no such item."""
        return self._newest.get(item_no)

    def items(self) -> tuple[Item, ...]:
        """All item versions, by number and version."""
        return tuple(self._items[key] for key in sorted(self._items))

    def versions(self, item_no: str) -> tuple[Item, ...]:
        """All versions of one item, the oldest first."""
        return tuple(item for item in self.items() if item.item_no == item_no)

    def offered(self, day: date | None) -> tuple[Item, ...]:
        """The version of each item that is in force on a day: of those that have begun the newest, unless that one has
        ended. Without a day, where the clock here is wrong, the newest of all: no date closes anything then."""
        newest: dict[str, Item] = {}
        for item in self.items():
            if day is None or item.begins is None or item.begins <= day:
                newest[item.item_no] = item
        return tuple(
            item for item in newest.values() if item.in_force and (day is None or item.ends is None or day <= item.ends)
        )

    def search(self, text: str) -> tuple[Item, ...]:
        """Items in force whose number begins with the text or whose name (Chinese or English) contains it."""
        wanted = text.strip().casefold()
        return tuple(
            item
            for item in self.items()
            if item.in_force
            and (item.item_no.startswith(wanted) or wanted in item.name.casefold() or wanted in item.name_en.casefold())
        )
