"""What is fuzzed of papers' files: looking at what a resident hands in, and what stands in the parts of a bundle."""

import io
from contextlib import suppress
from functools import cache

import pypdf
from PIL import Image

from sync_protocol import bundle, limits
from sync_protocol.bundle import BLOBS, EVENTS, BlobChunk, Head, Part
from sync_protocol.errors import ProtocolError
from sync_protocol.suites import NotOpened, OpeningKey, encrypt, sha256
from sync_protocol.wire import unpack_body
from village_node.uploads import child

# The child has half a gigabyte and ten seconds for a photo of forty million pixels. Here it is its reading that is
# tried, not how much it takes to decode what it lets through.
_PIXELS = 1_000_000
_PLACE, _ID, _KEY = "621021101000", bytes(16), bytes(32)


class NotDrawnAnew(BaseException):
    """What came through is not what may: no decoder raises it, and nothing that refuses a file hides it."""


def sniff(raw: bytes) -> None:
    """A file as the child looks at it: what is taken has one of three types and a preview drawn anew."""
    most, child.PIXELS = child.PIXELS, _PIXELS  # type: ignore[misc]
    try:
        media, preview, pages = child.look(raw)
    finally:
        child.PIXELS = most  # type: ignore[misc]
    if media not in ("image/jpeg", "image/png", "application/pdf"):
        raise NotDrawnAnew(f"taken as {media}")
    if not 1 <= pages <= child.PAGES:
        raise NotDrawnAnew(f"a file of {pages} pages")
    if not preview.startswith(b"\xff\xd8\xff") or len(preview) > limits.BLOB_PREVIEW or b"Exif" in preview[:64]:
        raise NotDrawnAnew("a preview that was not drawn anew")


@cache
def some_files() -> list[bytes]:
    """Small files of each type that are taken, and some that are not."""
    found = []
    for form, options in (("JPEG", {}), ("JPEG", {"progressive": True}), ("PNG", {}), ("GIF", {})):
        drawn = io.BytesIO()
        Image.effect_noise((24, 16), 60).convert("RGB").save(drawn, form, **options)
        found.append(drawn.getvalue())
    drawn = io.BytesIO()
    Image.effect_noise((24, 16), 60).convert("P").save(drawn, "PNG", transparency=3)
    found.append(drawn.getvalue())
    writer, written = pypdf.PdfWriter(), io.BytesIO()
    writer.add_blank_page(200, 300)
    writer.write(written)
    return [*found, written.getvalue(), b"<html><script>1</script>", b"PK\3\4"]


def part(raw: bytes) -> None:
    """What a part of a bundle holds, signed and sealed by whoever is in the roster: slices, and chunks of files."""
    sealed = encrypt(_KEY, bytes(11) + b"\1", _ID + (1).to_bytes(8), raw)
    for kind in (EVENTS, BLOBS):
        head = Head(bytes(32), _ID, bytes(16), 1, 0, 3, (_PLACE,), None, (_named(kind, sealed),))
        with suppress(ProtocolError, NotOpened):
            if kind == EVENTS:
                for each in bundle.open_part(head, 1, sealed, _PLACE, [_own_key()]):
                    unpack_body(each)
            else:
                list(bundle.open_blobs(head, 1, sealed, _PLACE, [_own_key()]))


def _named(kind: int, sealed: bytes) -> Part:
    return Part(kind, len(sealed), sha256(sealed), 0, _wrapped())


@cache
def _own_key() -> OpeningKey:
    return OpeningKey(bytes(32))


@cache
def _wrapped() -> tuple[bytes, ...]:
    return bundle.wrap_key(_KEY, bytes(32), _ID, 1, [(_PLACE, _own_key().public)])


def some_parts() -> list[bytes]:
    """What stands in sound parts."""
    records = [bundle.blob_record(BlobChunk(f"about:{_PLACE}", bytes(32), n, b"a chunk of it")) for n in range(2)]
    slices = [b"\0\xa0", b"\0\xa1\x00\x84\x03\x03\x80\x61a"]
    return [b"".join(len(each).to_bytes(4) + each for each in some) for some in (records, slices, records[:1])]
