"""The process that decodes one file: from standard input to one line of JSON and a picture on standard output.

The picture is the preview; where a page number is given to it, that page in a size in which it can be read.

Its limits are set before anything is read. Whatever happens here ends with the process. It has no network: on Linux a
filter denies it sockets; where there is no such filter it opens nothing at all any more, which costs the fonts of this
machine. Windows has neither, and so it runs there as any program of the node.
"""

import io
import json
import sys
from typing import Any, Final, NamedTuple

from sync_protocol import limits
from village_node.uploads import LEGIBLE, seccomp

if sys.platform != "win32":
    import resource

MEMORY: Final = 512 << 20
CPU_S: Final = 10
FILES: Final = 64
PIXELS: Final = 40_000_000
PAGES: Final = 50
OBJECTS: Final = 50_000  # of a PDF
ROOTS: Final = 100  # objects of a PDF that are tried for one whose end does not name where it begins
_ACTIVE_KEYS: Final = frozenset({
    "/JS", "/JavaScript", "/EmbeddedFile", "/EmbeddedFiles", "/EF", "/RichMedia", "/XFA", "/Launch",
})  # fmt: skip
_ACTIVE_ACTS: Final = frozenset({"/JavaScript", "/Launch", "/ImportData", "/SubmitForm", "/GoToE", "/Rendition"})


class Refused(Exception):
    """The file is not taken; the text is a key of the words that say why."""


class Aim(NamedTuple):
    """What is drawn of a file: which page, in how many bytes at most, and edge in pixels and quality of JPEG, tried in
    turn until it is small enough."""

    page: int
    most: int
    sizes: tuple[tuple[int, int], ...]

    @property
    def edge(self) -> int:
        """The longest edge, in pixels."""
        return self.sizes[0][0]


class Seen(NamedTuple):
    """A file that was decoded: its type, the picture of it, and how many pages it has."""

    media: str
    picture: bytes
    pages: int


PREVIEW: Final = Aim(1, limits.BLOB_PREVIEW, ((1_000, 60), (800, 55), (640, 50), (480, 45), (320, 40), (160, 30)))
_LEGIBLE_SIZES: Final = ((1_600, 80), (1_600, 65), (1_600, 50), (1_400, 45), (1_200, 40), (1_000, 35), (800, 30))


def confine() -> None:
    """Give up everything that decoding does not need."""
    if sys.platform == "win32":
        return
    for which, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, CPU_S),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, FILES),
    ):
        resource.setrlimit(which, (most, most))
    if not seccomp.shut_in():
        open_nothing()


def open_nothing() -> None:
    """Give up opening files and sockets, once a file of each kind was decoded: what that needs is loaded then."""
    from PIL import Image

    for form in ("JPEG", "PNG", "PDF"):
        drawn = io.BytesIO()
        Image.new("RGB", (8, 8)).save(drawn, form)
        look(drawn.getvalue())
    if sys.platform != "win32":
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))


def look(raw: bytes, aim: Aim = PREVIEW) -> Seen:
    """Decode a file. Raises Refused, and whatever a decoder raises."""
    if raw.startswith(b"\xff\xd8\xff"):
        return Seen("image/jpeg", picture(raw, "JPEG", aim), 1)
    if raw.startswith(b"\x89PNG\r\n\x1a\n"):
        return Seen("image/png", picture(raw, "PNG", aim), 1)
    if raw.startswith(b"%PDF-"):
        return document(raw, aim)
    raise Refused("type")


def picture(raw: bytes, form: str, aim: Aim) -> bytes:
    """A photo drawn anew, after all of it was decoded."""
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = None  # our own bound, below, is asked before anything is decoded
    with Image.open(io.BytesIO(raw), formats=(form,)) as opened:
        if opened.width * opened.height > PIXELS:
            raise Refused("pixels")
        # What a phone adds behind a photo (a second, smaller one) makes it a file of several frames, and no moving one.
        if form == "PNG" and getattr(opened, "n_frames", 1) > 1:
            raise Refused("frames")
        if aim.page != 1:
            raise Refused("page")
        opened.load()
        opened.thumbnail((aim.edge, aim.edge))
        return small(ImageOps.exif_transpose(opened), aim)


def small(image: Any, aim: Aim) -> bytes:
    """A picture as JPEG of at most the size that is aimed at, without anything that is not seen."""
    from PIL import Image

    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        over = image.convert("RGBA")
        image = Image.new("RGB", over.size, "white")
        image.paste(over, mask=over.getchannel("A"))
    plain = Image.new("RGB", image.size)
    plain.paste(image.convert("RGB"))
    for edge, quality in aim.sizes:
        plain.thumbnail((edge, edge))
        drawn = io.BytesIO()
        plain.save(drawn, "JPEG", quality=quality, optimize=True)
        if drawn.tell() <= aim.most:
            return drawn.getvalue()
    raise Refused("broken")


def document(raw: bytes, aim: Aim) -> Seen:
    """A page of a PDF, after every object of it was read."""
    import pypdf
    import pypdfium2

    reader = pypdf.PdfReader(io.BytesIO(raw), root_object_recovery_limit=ROOTS, xref_stream_maximum_entries=OBJECTS)
    if reader.is_encrypted:
        raise Refused("encrypted")
    if not 1 <= len(reader.pages) <= PAGES:
        raise Refused("pages")
    refuse_active(reader)
    opened = pypdfium2.PdfDocument(raw)
    if len(opened) > PAGES:
        raise Refused("pages")
    if not 1 <= aim.page <= len(opened):
        raise Refused("page")
    page = opened[aim.page - 1]
    longest = max(page.get_size())
    if not 1 <= longest <= 20_000:
        raise Refused("broken")
    drawn = page.render(scale=aim.edge / longest).to_pil()
    return Seen("application/pdf", small(drawn, aim), len(opened))


def refuse_active(reader: Any) -> None:
    """Raises Refused where an object of a PDF does something, or holds another file."""
    from pypdf.generic import IndirectObject

    numbers = {(number, made) for made, places in reader.xref.items() for number in places}
    numbers |= {(number, 0) for number in reader.xref_objStm}
    if len(numbers) > OBJECTS:
        raise Refused("pages")
    waiting: list[Any] = [reader.trailer]
    for number, made in sorted(numbers):
        waiting.append(IndirectObject(number, made, reader).get_object())
        while waiting:
            each = waiting.pop()
            if isinstance(each, dict):
                if not _ACTIVE_KEYS.isdisjoint(each.keys()) or each.get("/S") in _ACTIVE_ACTS:
                    raise Refused("active")
                waiting += [value for value in each.values() if isinstance(value, dict | list)]
            elif isinstance(each, list):
                waiting += [value for value in each if isinstance(value, dict | list)]


def main() -> None:
    """Read, look, answer."""
    confine()
    raw = sys.stdin.buffer.read(limits.BLOB + 1)
    drawn = b""
    try:
        aim = Aim(int(sys.argv[1]), LEGIBLE, _LEGIBLE_SIZES) if sys.argv[1:] else PREVIEW
        media, drawn, pages = look(raw, aim)
        said = {"media": media, "pages": pages}
    except Refused as refused:
        said = {"why": str(refused)}
    # A decoder raises what it likes; whatever it is, this file is not taken.
    except BaseException:
        sys.stdout.buffer.write(b'{"why": "broken"}\n')
        sys.stdout.buffer.flush()
        raise
    sys.stdout.buffer.write(json.dumps(said).encode() + b"\n" + drawn)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
