"""Files that ask for the password first: they come by a page of their own.

Were the file the answer to the password, the page on which that was typed would still stand there, with the password in
its field. So the answer is a page that has the file come from an address which holds for this session and a minute, or,
for a file that nobody has by following a link, by a button.
"""

from typing import Final

from werkzeug.wrappers import Response

from village_node.web import searches
from village_node.web.site import Visit

FIELD: Final = "leave"
_PURPOSE: Final = b"sanji leave"
HOLDS_MS: Final = 60_000


def begin(visit: Visit, address: str, back: str, reason: str | None = None) -> Response:
    """The page after the password. ``address``: of the file, one of ours; ``back``: of the page that it was asked for
    from; ``reason``: what was typed for a file that takes a button, and goes along."""
    method = "GET" if reason is None else "POST"
    leave = searches.locked(visit, f"{visit.now_ms} {method} {address}", _PURPOSE)
    if reason is None:
        address += f"{'&' if '?' in address else '?'}{FIELD}={leave}"
    return visit.render("file_ready.html", address=address, back=back, leave=leave, reason=reason)


def given(visit: Visit, address: str) -> bool:
    """Whether the password was typed for the file at this address, a minute ago at most."""
    method = "GET" if visit.request.method == "HEAD" else visit.request.method
    try:
        at_ms, meant = searches.unlocked(visit, visit.request.values.get(FIELD, ""), _PURPOSE).split(" ", 1)
    except (searches.Over, ValueError):
        return False
    return meant == f"{method} {address}" and 0 <= visit.now_ms - int(at_ms) <= HOLDS_MS
