"""How many bytes a frame may have: it grows while the road carries, shrinks when it breaks (section 7.3)."""

from typing import Final

from sync_protocol import limits
from sync_protocol.wire import content_size

_SMALLEST: Final = 256  # below the smallest segment, so that halving always ends at one segment a frame
_RATIO_MOST: Final = 12.0
_PIECES_S: Final = 6.0  # of the road at its speed: what a break may cost a slow one
_TELLING: Final = 4_096  # bytes of a body whose packing says something about the next one


class FrameBudget:
    """The sender's budget for the packed body, and what packing has made of content so far."""

    def __init__(self, packed: int = limits.FRAME_FIRST) -> None:
        """`packed`: bytes, as kept in the peer's row from the time before."""
        self.packed = min(max(packed, _SMALLEST), limits.FRAME_LARGEST)
        self._ratio = 1.0
        self._speed: float | None = None

    @property
    def unpacked(self) -> int:
        """Bytes of content that should pack into the budget, judged by the last frame."""
        return min(int(self.packed * self._ratio), limits.UNPACKED // 2)

    def room(self, left: int, some: bool) -> int:
        """Bytes for pieces of blobs where `left` bytes of content are left of the frame; `some`: it has segments. What
        pieces are made of packs no smaller; and a message that is lost shall not cost more than a chunk of them."""
        room = min(self.packed * left // max(self.unpacked, 1), limits.BLOB_CHUNK)
        if self._speed is not None:
            room = min(room, int(self._speed * _PIECES_S))
        return room if some else max(room, limits.BLOB_ROOM)

    def carried(self, size: int, seconds: float) -> None:
        """A request and its reply, of so many bytes together, took so long: what the road carries now."""
        if size >= limits.BLOB_ROOM and seconds > 0:
            self._speed = size / seconds

    def succeeded(self) -> None:
        """An exchange was answered."""
        self.packed = min(self.packed * 2, limits.FRAME_LARGEST)

    def failed(self) -> None:
        """An exchange was not answered."""
        self.packed = max(self.packed // 2, _SMALLEST)

    def learn(self, body: bytes) -> None:
        """What packing made of a body that was just sent. Small ones say nothing about large ones."""
        if len(body) >= _TELLING:
            self._ratio = min(max(content_size(body) / len(body), 1.0), _RATIO_MOST)
