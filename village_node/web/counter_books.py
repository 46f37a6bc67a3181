"""The books of the counter: what the pages and the interface about slips, consultations and complaints have in common.

A form that is tried and comes back with what was typed; who came, masked, shown in full once for a reason, and not at
all after its term; a list with what is open first, page by page.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeVar

from werkzeug.exceptions import NotFound as NoSuchPage

from village_node.casebook import AlreadyDone, BadBody, IdTaken, NotAllowed, NotFound
from village_node.web import entry, masking, sent_once, times
from village_node.web.site import Visit

PAGE: Final = 50
_T = TypeVar("_T")
_One = TypeVar("_One")


class Refused(NamedTuple):
    """A form that was not done: with which status its page comes back, what is wrong, by field and as a whole."""

    status: int
    errors: dict[str, str]
    problem: str


class Caller(NamedTuple):
    """Who came and how to reach them, as they may be shown; ``over``: the term is, and neither is shown any more."""

    by: str
    contact: str
    over: bool


class Listed(NamedTuple):
    """One page of a list."""

    rows: Sequence[Any]
    page: int
    pages: int
    link: Callable[[int], str]


def tried(visit: Visit, act: Callable[[], _T], before: Callable[[AlreadyDone], _T]) -> _T | Refused:
    """Do what a form asks for; ``before``: what it came to when it was sent the first time. What is not there at all
    is answered as an unknown address."""
    try:
        return act()
    except AlreadyDone as done:
        return before(done)
    except BadBody as bad:
        return Refused(422, {bad.field: visit.t(bad.zh, bad.en)}, "")
    except IdTaken:
        return Refused(409, {}, sent_once.changed(visit))
    except NotAllowed as refused:
        return Refused(409, {}, visit.t(refused.zh, refused.en))
    except NotFound:
        raise NoSuchPage from None


def one_of(found: Sequence[_One], number: str, number_of: Callable[[_One], str]) -> _One:
    """The one with this number. Raises NotFound, as an unknown address is answered."""
    one = next((each for each in found if number_of(each) == number), None)
    if one is None:
        raise NoSuchPage
    return one


def listed(visit: Visit, endpoint: str, rows: Sequence[Any], name: str = "page") -> Listed:
    """The page of a list that the address asks for, the last one where it asks for a later one. ``name``: under which
    it stands in the address, where a page has several lists."""
    pages = max(1, -(-len(rows) // PAGE))
    page = min(entry.page(visit.request.args.get(name, "")), pages)
    return Listed(
        rows[(page - 1) * PAGE : page * PAGE], page, pages, lambda number: visit.again(endpoint, **{name: number})
    )


def caller(visit: Visit, said: Mapping[str, Any], ended_ms: int | None, *, open_data: bool) -> Caller:
    """Who came. ``ended_ms``: when it came to its end; so many days after that, as bodies of closed cases are kept
    (``retention_days``), nobody is shown who it was."""
    by, contact = str(said.get("by", "")), str(said.get("contact", ""))
    if (by or contact) and is_over(visit, ended_ms):
        return Caller("", "", True)
    if not open_data:
        by, contact = masking.name(by), masking.phone(contact)
    return Caller(by, contact, False)


def is_over(visit: Visit, ended_ms: int | None) -> bool:
    """Whether the term of what ended then is over."""
    return ended_ms is not None and visit.now_ms - ended_ms > visit.site.config.retention_days * times.DAY_MS


def note_unmasked(visit: Visit, action: str, number: str, reason: str) -> None:
    """Note in the audit trail, before it is done, that somebody sees in full who came, and why."""
    visit.site.accounts.audit(visit.staff.staff_no, action, number, {"reason": reason})
