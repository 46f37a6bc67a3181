"""Files that residents hand in: looked at by decoding, in a process of its own that may use little and reach nothing.

Nobody trusts a name or a type that came with the bytes. What the child process cannot decode within its limits is not
accepted; what it can comes back with a preview that was drawn anew, in which nothing is left but what is seen.
"""

import json
import subprocess
import sys
import threading
from contextlib import suppress
from typing import Final, NamedTuple

from sync_protocol import limits

SECONDS: Final = 20.0  # in all; the child itself has less of the processor
BUSY_S: Final = 5.0  # so long one waits for a turn: the threads that wait serve nobody else
_AT_ONCE: Final = threading.Semaphore(2)  # so that the memory of a small machine suffices
LEGIBLE: Final = 300 << 10  # bytes of a page that is drawn to be read
_HEAD_MOST: Final = 1_024
_PROGRAM: Final = (sys.executable, "-I", "-B", "-m", "village_node.uploads.child")

WHY: Final[dict[str, tuple[str, str]]] = {
    "busy": ("本机正在处理别的文件，请过一会儿再传", "this machine is busy with other files: send it again in a while"),
    "empty": ("文件是空的，请重新选择", "the file is empty: choose another"),
    "size": ("文件超过 10 MB，请压缩或分成几份再传", "the file is larger than 10 MB: make it smaller, or divide it"),
    "type": (
        "只接受照片（JPEG、PNG）和 PDF；这个文件的内容不是其中任何一种",
        "only photos (JPEG, PNG) and PDF are taken; what this file holds is none of them, whatever it is called",
    ),
    "pixels": ("图片超过 4000 万像素，请缩小后再传", "the picture has more than 40 million pixels: make it smaller"),
    "frames": ("不接受动图，请传照片", "a picture that moves is not taken: send a photo"),
    "pages": ("PDF 超过 50 页，请分成几份再传", "the PDF has more than 50 pages: divide it"),
    "page": ("这份材料没有这一页", "this paper has no such page"),
    "encrypted": ("PDF 设有密码，请去掉密码后再传", "the PDF has a password: remove it first"),
    "active": (
        "PDF 里带有脚本、附件或会启动程序的内容，请打印成新的 PDF 后再传",
        "the PDF holds scripts, attachments or what starts programs: print it into a new PDF",
    ),
    "broken": (
        "文件打不开：可能已损坏，或者过于复杂；请重新拍照或扫描",
        "the file cannot be opened: it may be damaged, or too complex; take the photo or the scan again",
    ),
}


class Upload(NamedTuple):
    """A file that was looked at and is sound: its bytes, its type, and a preview made anew (None where none was)."""

    raw: bytes
    media: str
    preview: bytes | None


class Legible(NamedTuple):
    """One page of a file, drawn anew as JPEG in a size in which it can be read, and how many pages the file has."""

    picture: bytes
    pages: int


class NotAccepted(Exception):
    """A file that is not taken. ``why``: a key of WHY."""

    def __init__(self, why: str) -> None:
        super().__init__(WHY[why][1])
        self.why = why
        self.zh, self.en = WHY[why]


def inspect(raw: bytes) -> Upload:
    """Look at the bytes of a file. Raises NotAccepted."""
    media, _, preview = _looked_at(raw, limits.BLOB_PREVIEW)
    return Upload(raw, media, preview or None)


def legible(raw: bytes, page: int = 1) -> Legible:
    """Draw a page of a file so that it can be read: at most LEGIBLE bytes. Raises NotAccepted."""
    _, pages, picture = _looked_at(raw, LEGIBLE, str(page))
    return Legible(picture, pages)


def _looked_at(raw: bytes, most: int, *wanted: str) -> tuple[str, int, bytes]:
    """The type of a file, how many pages it has, and a picture of so many bytes at most. Raises NotAccepted."""
    if not raw:
        raise NotAccepted("empty")
    if len(raw) > limits.BLOB:
        raise NotAccepted("size")
    if not _AT_ONCE.acquire(timeout=BUSY_S):
        raise NotAccepted("busy")
    try:
        head, _, picture = _answer(raw, most + _HEAD_MOST, wanted).partition(b"\n")
    finally:
        _AT_ONCE.release()
    try:
        said = json.loads(head)
        why, media, pages = said.get("why"), said.get("media"), said.get("pages")
    except (ValueError, AttributeError):
        raise NotAccepted("broken") from None
    if why is not None or media not in ("image/jpeg", "image/png", "application/pdf"):
        raise NotAccepted(why if why in WHY else "broken")
    is_jpeg = picture.startswith(b"\xff\xd8\xff") and picture.endswith(b"\xff\xd9")
    if len(picture) > most or (picture and not is_jpeg) or type(pages) is not int:
        raise NotAccepted("broken")
    return media, pages, picture


def _answer(raw: bytes, most: int, wanted: tuple[str, ...]) -> bytes:
    """What the child says, or nothing where it ended otherwise."""
    # It inherits no settings and no secrets; Windows cannot start a program without some of them.
    environment: dict[str, str] | None = None if sys.platform == "win32" else {}
    child = subprocess.Popen(
        (*_PROGRAM, *wanted), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    )
    ends = threading.Timer(SECONDS, child.kill)
    ends.start()
    assert child.stdin is not None and child.stdout is not None
    try:
        with suppress(OSError):  # it may end before it has read everything
            child.stdin.write(raw)
            child.stdin.close()
        answer = child.stdout.read(most + 1)
    finally:
        ends.cancel()
        child.kill()
        child.wait()
        child.stdout.close()
    return answer if len(answer) <= most else b""
