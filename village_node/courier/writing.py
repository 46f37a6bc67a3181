"""What a bundle is made of while it is written: its head, the files of its parts, and what is told of it afterwards.

Parts of events come first, then those of papers' files: whoever reads them in this order knows each file by then.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from sync_protocol import bundle, limits
from sync_protocol.bundle import BLOBS, EVENTS, KEY_BYTES, Head, Part
from sync_protocol.errors import WeakKey
from sync_protocol.roster import Change
from sync_protocol.suites import sha256
from village_node.casebook import Casebook, Owed
from village_node.courier import stick
from village_node.courier.outcome import Trouble
from village_node.courier.slices import Sent, slices_for

_LENGTH: Final = 4
_FILES_A_PART: Final = 16 << 20  # bytes; a reader holds a part in memory, and may be a small machine
_PARTS_LEFT: Final = 8  # of a head that is nearly full
LOOK_AT_IT_AGAIN: Final = (
    "请安全弹出 U 盘，重新插上，再用 courier verify 核对一遍：刚写完就核对，读到的可能是电脑内存里的，不是 U 盘上的",
    "eject the stick, plug it in again, then run courier verify: what is read right after writing may be the machine's"
    " memory and not the stick",
)
KEY_ALONE: Final = (
    "没有对方的密钥，只拷出了本机的密钥：对方导入并拷回之后，才能拷出办件",
    "no key of the other place is known: only ours was written; once a bundle is back, cases can be written",
)
MORE: Final = (
    "这一份没有装完：先带去导入，把回执带回来导入后，再拷一次，拷出其余的",
    "not everything fitted: have this one taken in first, bring the receipts back, then write again for the rest",
)


class Written(NamedTuple):
    """A bundle that was written. ``key_alone``: no key of the recipient is known, so nothing could be sealed to it: it
    has our key and the roster only. ``more``: it was full before everything was in it. ``unfinished``: folders on the
    stick whose writing was cut off earlier."""

    bundle_id: bytes
    place: str
    time_ms: int
    events: int
    parts: int
    size: int
    key_alone: bool
    more: bool
    name: str
    unfinished: tuple[str, ...] = ()
    files: int = 0

    def told(self) -> dict[str, Any]:
        """The same as a JSON object, for the command line."""
        return {
            "bundle": self.bundle_id.hex(),
            "to": self.place,
            "events": self.events,
            "files": self.files,
            "parts": self.parts,
            "bytes": self.size,
            "key_alone": self.key_alone,
            "more": self.more,
            "name": self.name,
            "unfinished": list(self.unfinished),
            "advice": [" / ".join(words) for words in self.advice()],
        }

    def advice(self) -> list[tuple[str, str]]:
        """What to do now, sentence by sentence."""
        said = [LOOK_AT_IT_AGAIN]
        if self.key_alone:
            said.insert(0, KEY_ALONE)
        if self.more:
            said.insert(0, MORE)
        if self.unfinished:
            said.append(stick.words_of_unfinished(self.unfinished))
        return said


@dataclass
class Packing:
    """A bundle that is being written: its head without the parts, what is in those so far, and what is sealed to.
    ``earlier``: changes of the roster for which the head has no room. ``papers``: for each part of files, of which of
    them something is in it."""

    casebook: Casebook
    head: Head
    owed: Owed
    key: bytes | None
    earlier: list[Change]
    randomness: Callable[[int], bytes]
    papers: list[set[tuple[str, bytes]]] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    size: int = 0
    more: bool = False

    @property
    def blobs(self) -> set[tuple[str, bytes]]:
        """The files of which something is in it."""
        return set().union(*self.papers)

    def leave_last(self) -> None:
        """The last part, one of files, is not in it after all: there was no room, and they wait for the next bundle."""
        self.size -= self.parts.pop().size
        self.papers.pop()
        self.more = True

    def files(self, most: int, room: Callable[[int], int]) -> Iterator[bytes]:
        """The files of the parts; what is in them is noted here. Nothing where nothing can be sealed.

        ``most``: bytes of slices; ``room``: how many more there is room for behind so many, as far as files of papers
        are to fill it; asked before each part of those.
        """
        if self.key is None:
            return
        place = self.head.recipients[0]
        slices: list[bytes] = []
        events = size = 0
        for each in slices_for(self.casebook, self.owed, place, self.earlier):
            if slices and bundle.part_size([*slices, each.body]) > limits.EVENT_PART:
                yield self._part(EVENTS, self.key, slices, events)
                slices, events = [], 0
            size += _LENGTH + len(each.body)
            if self.sent and size > most:
                self.more = True
                break
            slices.append(each.body)
            events += each.events
            self.sent += each.sent
        if slices:
            yield self._part(EVENTS, self.key, slices, events)
        if not self.more:
            yield from self._of_papers(self.key, place, room)

    def _of_papers(self, key: bytes, place: str, room: Callable[[int], int]) -> Iterator[bytes]:
        chunks: list[bytes] = []
        named: set[tuple[str, bytes]] = set()
        size, left = 0, room(self.size)
        for chunk in self.casebook.chunks_for(place, withholds=bool(self.owed.withheld)):
            record = bundle.blob_record(chunk)
            if size + _LENGTH + len(record) > _FILES_A_PART:
                self.papers.append(named)
                yield self._part(BLOBS, key, chunks, 0)
                chunks, named, size, left = [], set(), 0, room(self.size)
            full = len(self.parts) >= limits.BUNDLE_PARTS - _PARTS_LEFT
            if full or bundle.part_size([*chunks, record]) > left:
                self.more = True
                break
            chunks.append(record)
            size += _LENGTH + len(record)
            named.add(chunk[:2])
        if chunks:
            self.papers.append(named)
            yield self._part(BLOBS, key, chunks, 0)

    def _part(self, kind: int, key: bytes, records: list[bytes], events: int) -> bytes:
        head, number, part_key = self.head, len(self.parts) + 1, self.randomness(KEY_BYTES)
        raw = bundle.part_bytes(part_key, head.bundle_id, number, records, kind)
        try:
            to = [(place, key) for place in head.recipients]
            wrapped = bundle.wrap_key(part_key, head.network_id, head.bundle_id, number, to)
        except WeakKey:
            raise Trouble("对方的密钥不能用，请让对方重新拷出一次", "the key there cannot be used") from None
        self.parts.append(Part(kind, len(raw), sha256(raw), events, wrapped))
        self.size += len(raw)
        return raw
