"""Papers over a line that breaks: what of a slow line they fill, and what ten thousand breaks lose, double or repeat.

Both go over TCP through a proxy that breaks connections; the slow one lets through 20 kbit/s each way. The line is the
bottleneck, so nothing here needs the machine for itself.
"""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from sync_protocol import limits
from sync_protocol.case.papers import papers_of
from tests import builders
from tests.badlink import BadLink, Faults
from tests.benchmarks.report import Figure, measured, publish, say
from tests.builders import COUNTY, TOWNSHIP, VILLAGE, Member
from tests.served import call, serve
from village_node.casebook import CaseRef
from village_node.uplink import Ancestor, Timeouts, Uplink
from village_node.uploads import Upload

SLOW: Final = 2_500.0  # bytes a second: 20 kbit/s
BREAKS_EVERY_S: Final = 30.0
RESETS: Final = 300  # a release takes 10,000
_GOODPUT_LEAST: Final = 0.6
_PATIENT: Final = Timeouts(10.0, 60.0, 300.0)
_HASTY: Final = Timeouts(2.0, 5.0, 10.0)
_PROGRESS: Final = 500


@dataclass
class _Hop:
    """A village and its township with a bad line between them."""

    built: builders.Network
    village: Member
    township: Member
    link: BadLink
    agents: Iterator[int] = field(default_factory=partial(count, 1))

    def calling(self, timeouts: Timeouts) -> Uplink:
        """The village's uplink over this line."""
        return call(self.village, self.built.chance.randbytes, Ancestor(self.link.url), timeouts=timeouts)

    def attach(self, raw: bytes) -> CaseRef:
        """A new case with this paper."""
        ref = self.village.file()
        agent = f"{next(self.agents):04}"  # each hands in no more than one person may in a day
        self.village.casebook.add_paper(agent, self.village.roles, ref[:2], "身份证", Upload(raw, "image/jpeg", None))
        return ref

    def percent(self, ref: CaseRef) -> int:
        """How much of the paper of a case has come to the township."""
        case = self.township.casebook.case(*ref[:2])
        views = self.township.casebook.papers(case) if case is not None else []
        return views[0].percent if views else 0


@contextmanager
def _hop() -> Iterator[_Hop]:
    with TemporaryDirectory() as folder:
        built = builders.network(Path(folder), COUNTY, TOWNSHIP, VILLAGE)
        served = serve(built.members[TOWNSHIP], built.chance.randbytes)
        link = BadLink(served.exchange.port)
        try:
            yield _Hop(built, built.members[VILLAGE], built.members[TOWNSHIP], link)
        finally:
            link.close()
            served.close()
            built.close()


def paper_goodput(size: int = 300_000, rate: float = SLOW, break_s: float = BREAKS_EVERY_S) -> None:
    """One paper over a slow line that breaks again and again, by an uplink with its usual waits: how much of what the
    line could have carried in that time was paper."""
    with _hop() as hop:
        uplink = hop.calling(_PATIENT)
        assert uplink.sync_now()["ok"]
        raw = random.Random(5).randbytes(size)
        ref, ended, breaks = hop.attach(raw), threading.Event(), [0]

        def break_again() -> None:
            while not ended.wait(break_s):
                breaks[0] += 1
                hop.link.hang_up()

        hop.link.faults = Faults(bytes_per_s=rate)
        before = hop.link.bytes_up
        breaking = threading.Thread(target=break_again, daemon=True)
        deadline = time.monotonic() + 10 * size / rate + 60
        with measured() as spent:
            breaking.start()
            uplink.start()
            while hop.percent(ref) < 100 and time.monotonic() < deadline:
                ended.wait(0.2)
        sent = hop.link.bytes_up - before
        ended.set()
        breaking.join()
        hop.link.faults = Faults()
        hop.link.hang_up()
        uplink.stop()
        if hop.percent(ref) < 100:
            raise RuntimeError(f"of a paper of {size} bytes only {hop.percent(ref)} % came")
        share = size / (rate * spent.wall_s)
        more = (("bytes_per_s", rate), ("breaks", breaks[0]), ("break_every_s", break_s), ("bytes_up", sent))
        publish(Figure("paper_goodput", share, "of the line", size, spent, least=_GOODPUT_LEAST, more=more))


def paper_resets(resets: int = RESETS, seed: int = 9) -> None:
    """Breaks at random bytes, of the request and of the reply, while papers and cases go up: what of them is lost or
    doubled in the end, and how many bytes a break costs."""
    chance, sizes = random.Random(seed), dict[CaseRef, int]()
    with _hop() as hop:
        uplink = hop.calling(_HASTY)
        assert uplink.sync_now()["ok"]
        before, drops, exchanges, largest, waiting = hop.link.bytes_up, 0, 0, 0, list[CaseRef]()
        with measured() as spent:
            while drops < resets:
                waiting = [ref for ref in waiting if hop.percent(ref) < 100] if exchanges % 8 == 0 else waiting
                if len(waiting) < 2:
                    size = chance.randrange(1_000, 250_000)
                    ref = hop.attach(_raw(len(sizes), size))
                    sizes[ref] = size
                    waiting.append(ref)
                hop.link.faults = _fault(chance)
                up = hop.link.bytes_up
                if not uplink.exchange_once().ok:
                    drops += 1
                    largest = max(largest, hop.link.bytes_up - up)
                    if drops % _PROGRESS == 0:
                        say(f"paper_resets: {drops} breaks, {len(sizes)} papers")
                hop.link.hang_up()
                exchanges += 1
            hop.link.faults = Faults()
            sent = hop.link.bytes_up - before
            come = sum(size * hop.percent(ref) // 100 for ref, size in sizes.items())
            uplink.sync_now()
            for _ in range(2_000):
                if all(hop.percent(ref) == 100 for ref in list(sizes)[-8:]):
                    break
                uplink.exchange_once()
        lost, doubled = _judged(hop, sizes)
        uplink.stop()
    cost = max(sent - come, 0) / drops  # what else a message has is counted against us
    more = (
        ("lost", lost), ("doubled", doubled), ("largest_bytes", largest), ("papers", len(sizes)),
        ("bytes", sum(sizes.values())), ("exchanges", exchanges),
    )  # fmt: skip
    publish(Figure("paper_resets", cost, "bytes a break", drops, spent, most=limits.BLOB_CHUNK, more=more))
    if lost or doubled:
        raise RuntimeError(f"{lost} lost, {doubled} doubled")


def _fault(chance: random.Random) -> Faults:
    """Half of the exchanges are cut: in the request, in the reply, or between the two."""
    kind = chance.random()
    if kind < 0.35:
        return Faults(cut_up_at=chance.randrange(1, chance.choice((600, 6_000, 68_000))))
    if kind < 0.45:
        return Faults(cut_down_at=chance.randrange(1, 400))
    return Faults(lose_replies=kind < 0.55)


def _raw(number: int, size: int) -> bytes:
    return random.Random(number).randbytes(size)


def _judged(hop: _Hop, sizes: dict[CaseRef, int]) -> tuple[int, int]:
    """How many papers are not at the township byte for byte; how many cases or papers are there that nobody made, or
    more than once."""
    book, lost, found = hop.township.casebook, 0, 0
    for number, (ref, size) in enumerate(sizes.items()):
        case = book.case(*ref[:2])
        there = papers_of(case) if case is not None else []
        found += len(there)
        whole = case is not None and len(there) == 1 and hop.percent(ref) == 100
        if not whole or case is None or book.original_of("0002", case, there[0], "核对") != _raw(number, size):
            lost += 1
    held = [sum(row["head"] for row in member.casebook.counts()["streams"]) for member in (hop.village, hop.township)]
    return lost, max(found - len(sizes), 0) + max(held[1] - held[0], 0)
