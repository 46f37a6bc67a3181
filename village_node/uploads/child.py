"""The process that decodes one file: from standard input to one line of JSON and the preview on standard output.

Its limits are set before anything is read. Whatever happens here ends with the process. It has no network: on Linux a
filter denies it sockets; where there is no such filter it opens nothing at all any more, which costs the fonts of this
machine. Windows has neither, and so it runs there as any program of the node.
"""

import io
import json
import sys
from typing import Any, Final

from sync_protocol import limits
from village_node.uploads import seccomp

if sys.platform != "win32":
    import resource

MEMORY: Final = 512 << 20
CPU_S: Final = 10
FILES: Final = 64
PIXELS: Final = 40_000_000
PAGES: Final = 50
OBJECTS: Final = 50_000  # of a PDF
# Edge in pixels and quality, tried in turn until the picture is small enough.
_SIZES: Final = ((1_000, 60), (800, 55), (640, 50), (480, 45), (320, 40), (160, 30))
_ACTIVE_KEYS: Final = frozenset({
    "/JS", "/JavaScript", "/EmbeddedFile", "/EmbeddedFiles", "/EF", "/RichMedia", "/XFA", "/Launch",
})  # fmt: skip
_ACTIVE_ACTS: Final = frozenset({"/JavaScript", "/Launch", "/ImportData", "/SubmitForm", "/GoToE", "/Rendition"})


class Refused(Exception):
    """The file is not taken; the text is a key of the words that say why."""


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


def look(raw: bytes) -> tuple[str, bytes]:
    """The type of a file and its preview. Raises Refused, and whatever a decoder raises."""
    if raw.startswith(b"\xff\xd8\xff"):
        return "image/jpeg", picture(raw, "JPEG")
    if raw.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png", picture(raw, "PNG")
    if raw.startswith(b"%PDF-"):
        return "application/pdf", document(raw)
    raise Refused("type")


def picture(raw: bytes, form: str) -> bytes:
    """The preview of a photo, after all of it was decoded."""
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = None  # our own bound, below, is asked before anything is decoded
    with Image.open(io.BytesIO(raw), formats=(form,)) as opened:
        if opened.width * opened.height > PIXELS:
            raise Refused("pixels")
        # What a phone adds behind a photo (a second, smaller one) makes it a file of several frames, and no moving one.
        if form == "PNG" and getattr(opened, "n_frames", 1) > 1:
            raise Refused("frames")
        opened.load()
        opened.thumbnail((_SIZES[0][0], _SIZES[0][0]))
        return small(ImageOps.exif_transpose(opened))


def small(image: Any) -> bytes:
    """A picture as JPEG of at most the size of a preview, without anything that is not seen."""
    from PIL import Image

    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        over = image.convert("RGBA")
        image = Image.new("RGB", over.size, "white")
        image.paste(over, mask=over.getchannel("A"))
    plain = Image.new("RGB", image.size)
    plain.paste(image.convert("RGB"))
    for edge, quality in _SIZES:
        plain.thumbnail((edge, edge))
        drawn = io.BytesIO()
        plain.save(drawn, "JPEG", quality=quality, optimize=True)
        if drawn.tell() <= limits.BLOB_PREVIEW:
            return drawn.getvalue()
    raise Refused("broken")


def document(raw: bytes) -> bytes:
    """The preview of a PDF, after every object of it was read."""
    import pypdf
    import pypdfium2

    reader = pypdf.PdfReader(io.BytesIO(raw))
    if reader.is_encrypted:
        raise Refused("encrypted")
    if not 1 <= len(reader.pages) <= PAGES:
        raise Refused("pages")
    refuse_active(reader)
    opened = pypdfium2.PdfDocument(raw)
    if len(opened) > PAGES:
        raise Refused("pages")
    page = opened[0]
    longest = max(page.get_size())
    if not 1 <= longest <= 20_000:
        raise Refused("broken")
    return small(page.render(scale=_SIZES[0][0] / longest).to_pil())


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
    preview = b""
    try:
        media, preview = look(raw)
        said = {"media": media}
    except Refused as refused:
        said = {"why": str(refused)}
    # A decoder raises what it likes; whatever it is, this file is not taken.
    except BaseException:
        sys.stdout.buffer.write(b'{"why": "broken"}\n')
        sys.stdout.buffer.flush()
        raise
    sys.stdout.buffer.write(json.dumps(said).encode() + b"\n" + preview)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
