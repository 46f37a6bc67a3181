"""The lines to one address of a node: when there are too many, which one makes way for the next.

A line whose other end went away without a word looks like one that waits. Hundreds of them, all from one place (a
router that lost power, a program that never hangs up), would keep everybody out until they were silent for a minute.
So there is always room for one more: of the place that has most lines, the one that has been quiet longest goes. Lines
on which a request is being worked on, or an answer is on its way, stay; but not for ever: one whose other end has taken
no byte of its answer for the time-out is cut. It would never be ready to be written to, and so never end by itself.
"""

import re
from collections import Counter
from collections.abc import Iterable
from functools import partial
from typing import Any, Final

from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer
from waitress.task import WSGITask
from waitress.trigger import trigger

NODES: Final = "/sync/"  # paths at which nodes speak with one another
_DATE: Final = re.compile(rb"\r\nDate: [^\r]*")
SPARE: Final = 8  # files of the server itself, and lines that were told to end and have not yet


def keep(server: Any) -> None:
    """Have one address of a server keep its lines as said above."""
    server.channel_class = open_line
    server.maintenance = partial(end_quiet, server)


def hang_up(server: Any, sockets: dict[int, Any]) -> None:
    """End the loop of a server and close everything in its map but what wakes the loop up.

    Whoever wakes it (a thread with an answer, or we here) writes to a file that the loop may have closed meanwhile, and
    that number may be another file's by then. Those few files stay until the process ends.
    """

    def close() -> None:
        for number, each in list(sockets.items()):
            if isinstance(each, BaseWSGIServer):
                wasyncore.dispatcher.close(each)  # its own close() closes what wakes it
            elif isinstance(each, trigger):
                del sockets[number]
        wasyncore.close_all(sockets)

    server.trigger.pull_trigger(close)


def end_quiet(server: Any, now: float) -> None:
    """End the lines that have been quiet for the time-out; the server calls this now and then with its clock (s)."""
    for line in list(server.active_channels.values()):
        if line.requests or now - line.last_activity < server.adj.channel_timeout:
            continue
        if line.total_outbufs_len:
            line.handle_close()
        else:
            line.will_close = True


class Answer(WSGITask):  # type: ignore[misc] # waitress carries no types
    """An answer as waitress gives it, but one to a node has no date: its clock is none that others may go by, which is
    the one case in which HTTP wants none, and every byte counts on a metered line."""

    def build_response_header(self) -> bytes:
        """The head of the answer."""
        head: bytes = super().build_response_header()
        return _DATE.sub(b"", head, 1) if f"{self.request.path}/".startswith(NODES) else head


class Line(HTTPChannel):  # type: ignore[misc] # waitress carries no types
    """One connection, as waitress makes them, whose answers are ours."""

    task_class = Answer


def open_line(server: Any, line: Any, address: Any, settings: Any, map: Any = None) -> Any:
    """One accepted connection, as waitress makes them; it leaves no more of them than the limit less ``SPARE``."""
    held = [each for each in server.active_channels.values() if not each.will_close]
    if len(held) >= settings.connection_limit - SPARE:
        quiet = quietest(held)
        if quiet is not None:
            quiet.will_close = True
    return Line(server, line, address, settings, map=map)


def quietest(lines: Iterable[Any]) -> Any | None:
    """Of the address with most lines on which nothing is under way, the one that has been quiet longest."""
    idle = [line for line in lines if not line.requests and not line.total_outbufs_len]
    if not idle:
        return None
    counted = Counter(line.addr[0] for line in idle)
    most = max(counted.values())
    return min((line for line in idle if counted[line.addr[0]] == most), key=lambda line: line.last_activity)
