"""Files that residents hand in: what decodes is taken with a preview made anew, and nothing else, whatever it says."""

import errno
import io
import re
import subprocess
import sys
import zlib
from pathlib import Path
from struct import pack

import pypdf
import pypdf.errors
import pytest
from PIL import Image
from pypdf.generic import DictionaryObject, NameObject, TextStringObject

from sync_protocol import limits
from village_node import uploads
from village_node.uploads import WHY, NotAccepted, child, inspect, legible


def picture(form: str = "JPEG", size: tuple[int, int] = (640, 480), **options: object) -> bytes:
    drawn = io.BytesIO()
    Image.effect_noise(size, 60).convert("RGB").save(drawn, form, **options)
    return drawn.getvalue()


def document(pages: int = 1, change: object = None) -> bytes:
    writer = pypdf.PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(595, 842)
    if callable(change):
        change(writer)
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG of this many pixels in few bytes."""

    def chunk(kind: bytes, raw: bytes) -> bytes:
        return pack(">I", len(raw)) + kind + raw + pack(">I", zlib.crc32(kind + raw))

    head = pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = zlib.compress(bytes(min(width * height + height, 40 << 20)), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def runs(writer: pypdf.PdfWriter) -> None:
    act = {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject("app.alert('x')")}
    writer.root_object[NameObject("/OpenAction")] = DictionaryObject(act)


def launches(writer: pypdf.PdfWriter) -> None:
    act = {NameObject("/S"): NameObject("/Launch"), NameObject("/F"): TextStringObject("calc.exe")}
    writer.root_object[NameObject("/OpenAction")] = DictionaryObject(act)


@pytest.mark.parametrize(
    ("raw", "media"),
    [
        (picture(), "image/jpeg"),
        (picture("PNG"), "image/png"),
        (document(3), "application/pdf"),
    ],
)
def test_what_decodes_is_taken_with_a_small_preview(raw: bytes, media: str) -> None:
    taken = inspect(raw)
    assert (taken.raw, taken.media) == (raw, media)
    assert taken.preview is not None and len(taken.preview) <= limits.BLOB_PREVIEW
    with Image.open(io.BytesIO(taken.preview)) as drawn:
        assert drawn.format == "JPEG" and max(drawn.size) <= 1_000


def test_a_preview_has_nothing_of_where_and_when_a_photo_was_taken() -> None:
    told = Image.Exif()
    told[0x010E] = "secret place"
    told[0x0112] = 6
    raw = picture(size=(400, 200), exif=told, comment=b"secret comment")
    preview = inspect(raw).preview
    assert b"secret" in raw and preview is not None and b"secret" not in preview
    with Image.open(io.BytesIO(preview)) as drawn:
        assert not drawn.getexif() and drawn.size == (200, 400), "it is turned as the camera was held"


@pytest.mark.slow
def test_a_page_is_drawn_large_enough_to_be_read_and_small_enough_for_a_page() -> None:
    for raw in (picture(size=(4_000, 3_000)), picture("PNG", size=(2_000, 1_500))):
        drawn = legible(raw)
        assert len(drawn.picture) <= uploads.LEGIBLE and drawn.pages == 1
        with Image.open(io.BytesIO(drawn.picture)) as opened:
            assert opened.format == "JPEG" and max(opened.size) >= 800, "noise is what takes most bytes"
    scan = io.BytesIO()
    Image.new("RGB", (2_400, 3_200), "white").save(scan, "PNG")
    with Image.open(io.BytesIO(legible(scan.getvalue()).picture)) as opened:
        assert opened.size == (1_200, 1_600)
    for page in (0, 2, 51):
        with pytest.raises(NotAccepted) as refused:
            legible(picture(), page)
        assert refused.value.why == "page"


def test_each_page_of_a_pdf_is_drawn_for_itself() -> None:
    pages = [Image.new("RGB", (600, 800), colour) for colour in ("red", "lime", "blue")]
    written = io.BytesIO()
    pages[0].save(written, "PDF", save_all=True, append_images=pages[1:])
    for page, main in ((1, 0), (2, 1), (3, 2)):
        drawn = legible(written.getvalue(), page)
        assert drawn.pages == 3
        with Image.open(io.BytesIO(drawn.picture)) as opened:
            middle = opened.getpixel((opened.width // 2, opened.height // 2))
            assert max(opened.size) == 1_600 and isinstance(middle, tuple)
            assert max(range(3), key=lambda band: middle[band]) == main
    with pytest.raises(NotAccepted) as refused:
        legible(written.getvalue(), 4)
    assert refused.value.why == "page"


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "empty"),
        (bytes(limits.BLOB + 1), "size"),
        (b"<html><script>alert(1)</script></html>", "type"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "type"),
        (b"GIF89a" + bytes(40), "type"),
        (b"\xff\xd8\xff<html>called a photo</html>", "broken"),
        (picture()[:-2_000], "broken"),
        (bomb(50_000, 50_000), "pixels"),
        (bomb(6_000, 6_000)[:-40], "broken"),
        (document(51), "pages"),
        (document(1, runs), "active"),
        (document(1, launches), "active"),
        (document(1, lambda writer: writer.add_attachment("a.exe", b"MZ")), "active"),
        (document(1, lambda writer: writer.encrypt("x", algorithm="RC4-128")), "encrypted"),
        (b"%PDF-1.7\nnothing of the kind", "broken"),
    ],
)
def test_everything_else_is_refused_in_plain_words(raw: bytes, why: str) -> None:
    for look in (inspect, legible):
        with pytest.raises(NotAccepted) as refused:
            look(raw)
        assert (refused.value.why, refused.value.zh) == (why, WHY[why][0])


def test_a_pdf_that_names_no_beginning_is_not_searched_for_long(caplog: pytest.LogCaptureFixture) -> None:
    unnamed = document().replace(b"/Root", b"/Toor").replace(b"/Catalog", b"/Catalug")
    sized = re.sub(rb"/Size \d+", b"/Size 9999999", unnamed)
    assert sized != unnamed
    with pytest.raises(pypdf.errors.LimitReachedError):
        child.look(sized)
    assert 0 < len([each for each in caplog.messages if "not defined" in each]) <= child.ROOTS


def test_a_picture_that_moves_is_refused() -> None:
    drawn = io.BytesIO()
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "blue")]
    frames[0].save(drawn, "PNG", save_all=True, append_images=frames[1:])
    with pytest.raises(NotAccepted) as refused:
        inspect(drawn.getvalue())
    assert refused.value.why == "frames"


def test_a_photo_with_a_smaller_one_behind_it_is_a_photo() -> None:
    drawn = io.BytesIO()
    frames = [Image.new("RGB", (400, 300), "red"), Image.new("RGB", (40, 30), "blue")]
    frames[0].save(drawn, "MPO", save_all=True, append_images=frames[1:])
    with Image.open(io.BytesIO(drawn.getvalue())) as opened:
        assert opened.format == "MPO"
    taken = inspect(drawn.getvalue())
    assert taken.media == "image/jpeg" and taken.preview is not None
    with Image.open(io.BytesIO(taken.preview)) as preview:
        assert preview.size == (400, 300)


def test_who_takes_too_long_or_too_much_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "SECONDS", 0.2)
    monkeypatch.setattr(uploads, "_PROGRAM", ("/bin/sh", "-c", "exec sleep 30"))
    with pytest.raises(NotAccepted) as refused:
        inspect(picture())
    assert refused.value.why == "broken"
    greedy = "from village_node.uploads import child; child.confine(); bytearray(600 << 20); print('{}')"
    monkeypatch.setattr(uploads, "SECONDS", 20.0)
    monkeypatch.setattr(uploads, "_PROGRAM", (sys.executable, "-c", greedy))
    with pytest.raises(NotAccepted):
        inspect(picture())


REFUSED_A_FILTER = "from village_node.uploads import seccomp; seccomp.shut_in = lambda: False;"
REACHES_OUT = """
import os, socket, sys
from village_node.uploads import child
child.confine()
tried = (lambda: socket.socket(), lambda: socket.socketpair(), lambda: os.open("/etc/hostname", os.O_RDONLY))
for number, each in enumerate(tried):
    try:
        each()
        print(number)
    except OSError:
        pass
"""


@pytest.mark.skipif(sys.platform != "linux", reason="shut in by what Linux has")
@pytest.mark.parametrize(("before", "opened"), [("", ["2"]), (REFUSED_A_FILTER, [])])
def test_the_child_opens_no_socket_with_a_filter_and_nothing_at_all_without(before: str, opened: list[str]) -> None:
    said = subprocess.run([sys.executable, "-c", before + REACHES_OUT], capture_output=True, text=True, check=True)
    assert said.stdout.split() == opened, "files alone, for the fonts of this machine, and only under a filter"


@pytest.mark.skipif(sys.platform != "linux", reason="shut in by what Linux has")
def test_a_filtered_child_ends_as_no_other_program_and_by_no_older_road() -> None:
    asked = "import os\nfrom village_node.uploads import seccomp\nassert seccomp.shut_in()\n"
    became = "try: os.execv('/bin/echo', ['echo', 'became another'])\nexcept PermissionError: print('refused')"
    said = subprocess.run([sys.executable, "-c", asked + became], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["refused"]
    # The numbers of the second table of calls that a kernel for x86-64 may have: all of them are denied.
    second = "import ctypes\nctypes.CDLL(None, use_errno=True).syscall(0x40000000 | 39)\nprint(ctypes.get_errno())"
    said = subprocess.run([sys.executable, "-c", asked + second], capture_output=True, text=True, check=True)
    assert said.stdout.split() == [str(errno.EPERM)]


def test_without_a_filter_everything_is_decoded_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    program = (sys.executable, "-c", REFUSED_A_FILTER + "from village_node.uploads import child; child.main()")
    monkeypatch.setattr(uploads, "_PROGRAM", program)
    for raw in (picture(), picture("PNG"), document(3)):
        assert inspect(raw).preview


WRITES = """
import os, sys
from village_node.uploads import child
child.confine()
tried = (
    lambda: os.open("/dev/null", os.O_RDONLY),
    lambda: os.open("/dev/null", os.O_WRONLY),
    lambda: os.open("/dev/null", os.O_RDWR),
    lambda: os.open(sys.argv[1] + ".new", os.O_RDONLY | os.O_CREAT),
    lambda: os.open(sys.argv[1], os.O_RDONLY | os.O_TRUNC),
    lambda: os.truncate(sys.argv[1], 0),
    lambda: os.open(f"/proc/{os.getppid()}/mem", os.O_RDONLY),
)
for number, each in enumerate(tried):
    try:
        each()
        print(number)
    except OSError:
        pass
"""
NODE = """
import subprocess, sys
from village_node.uploads import seccomp
seccomp.keep_memory_apart()
subprocess.run([sys.executable, "-c", sys.argv[1], sys.argv[2]], check=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="shut in by what Linux has")
def test_the_child_writes_no_file_and_does_not_look_into_the_memory_of_the_node(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text("kept", "ascii")
    program = [sys.executable, "-c", NODE, WRITES, str(kept)]
    said = subprocess.run(program, capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["0"], "what it opens it reads"
    assert kept.read_text("ascii") == "kept" and list(tmp_path.iterdir()) == [kept]


@pytest.mark.parametrize("drawn", ["<svg></svg>", "GIF89a", "\xff\xd8\xff and no end"])
def test_a_picture_that_is_no_jpeg_is_not_kept_whatever_the_child_says(
    monkeypatch: pytest.MonkeyPatch, drawn: str
) -> None:
    head = b'{"media": "image/png", "pages": 1}\n'
    monkeypatch.setattr(uploads, "_answer", lambda *_: head + drawn.encode("latin-1"))
    with pytest.raises(NotAccepted):
        inspect(picture())
