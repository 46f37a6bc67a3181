"""Lists of places and their departments in a period: which of them an address asks for, their page and their file."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from werkzeug.wrappers import Response

from village_node.casebook import BadBody
from village_node.web import counter_books, filters, timeliness
from village_node.web.export import Cell, Table
from village_node.web.filters import Choice, Filters
from village_node.web.site import Visit


class Room(Protocol):
    """A line of such a list: a department of a place, or all of it where the department is empty."""

    @property
    def place(self) -> str:
        """Its code."""

    @property
    def department(self) -> str:
        """Its name."""


_T = TypeVar("_T", bound=Room)


class Asked(NamedTuple, Generic[_T]):
    """The period that an address asks for, what is wrong with it, the filters, and what is listed."""

    first: date
    last: date
    problem: str
    filters: Filters
    found: list[_T]


def asked(
    visit: Visit,
    endpoint: str,
    states: Mapping[str, tuple[str, str]],
    period: tuple[date, date, str],
    find: Callable[[date, date], Iterable[_T]],
    states_of: Callable[[_T], Collection[str]],
) -> Asked[_T]:
    """What an address asks for. ``find``: the lines of a period, may raise BadBody; ``states_of``: which of the
    ``states``, by which the list is narrowed, a line has."""
    first, last, problem = period
    choices = [(code, visit.t(*words)) for code, words in states.items()]
    label, state = visit.t("单位、代码或部门", "Place, code or department"), visit.t("情况", "State")
    narrowed = filters.asked(visit, endpoint, label, Choice("state", state, choices), kept=("first", "last"))
    try:
        lines = find(first, last)
    except BadBody as bad:
        return Asked(first, last, problem or visit.t(bad.zh, bad.en), narrowed, [])
    wanted = narrowed.chosen["state"]
    found = [
        each
        for each in lines
        if narrowed.fit(
            (visit.place_name(each.place), each.place, each.department),
            state=wanted if wanted in states_of(each) else "",
        )
    ]
    return Asked(first, last, problem, narrowed, found)


def page(visit: Visit, template: str, endpoint: str, of: Asked[_T], **values: Any) -> Response:
    """The page of such a list."""
    return visit.render(
        template,
        422 if of.problem else 200,
        first=of.first,
        last=of.last,
        problem=of.problem,
        filters=of.filters,
        listed=counter_books.listed(visit, endpoint, of.found),
        share=timeliness.share,
        **values,
    )


def file(
    visit: Visit, name: str, head: Sequence[tuple[str, str]], of: Asked[_T], cells: Callable[[_T], Sequence[Cell]]
) -> Table:
    """The same list as a file; ``cells``: what a line has beside its days, its place and its department."""
    days = of.first.isoformat(), of.last.isoformat()
    rows = [(*days, each.place, visit.place_name(each.place), each.department, *cells(each)) for each in of.found]
    return Table(name, head, rows, {**of.filters.told(), "first": days[0], "last": days[1]})
