"""The body of a paper handed in as a file: its manifest, by which every chunk of the file is checked wherever it comes
to, and what it takes the place of. Field numbers are frozen.

The file itself is no part of an event. What a resident called it on their telephone is told to nobody.
"""

from collections.abc import Mapping
from typing import Any, Final

from sync_protocol import limits
from sync_protocol.case import kinds
from sync_protocol.case.fields import Field, Table

ADD: Final = "add"
WITHDRAW: Final = "withdraw"
MEDIA: Final = ("image/jpeg", "image/png", "application/pdf")
MAX_REPLACED: Final = 16

PAPER: Final = Table(kinds.PAPER, (
    Field(0, "what", "choice", True, 0, 0, "办理", "what is done", (ADD, WITHDRAW)),
    Field(1, "material", "text", False, 1, 100, "材料名称", "paper", required_if=(0, (ADD,))),
    Field(2, "hash", "bytes", False, 32, 32, "原件摘要（SHA-256）", "SHA-256 of the file", required_if=(0, (ADD,))),
    Field(3, "size", "int", False, 1, limits.BLOB, "原件字节数", "bytes of the file", required_if=(0, (ADD,))),
    Field(4, "media", "choice", False, 0, 0, "文件类型", "type of the file", MEDIA, required_if=(0, (ADD,))),
    Field(5, "chunks", "bytes", False, 32, 32 * (limits.BLOB // limits.BLOB_CHUNK), "各块摘要", "hashes of its chunks",
          required_if=(0, (ADD,))),
    Field(6, "preview", "bytes", False, 32, 32, "预览图摘要", "SHA-256 of the preview"),
    Field(7, "preview_size", "int", False, 1, limits.BLOB_PREVIEW, "预览图字节数", "bytes of the preview"),
    Field(8, "replaces", "positions", False, 1, MAX_REPLACED, "所替换或撤下的材料", "papers this takes the place of",
          required_if=(0, (WITHDRAW,))),
    Field(9, "reason", "text", False, 1, 200, "撤下的理由", "why it is withdrawn", required_if=(0, (WITHDRAW,))),
), manifest=True)  # fmt: skip


def manifest_disagrees(body: Mapping[Any, Any]) -> str | None:
    """The first field that does not go with the others: as many chunk hashes as the size has chunks, a preview with its
    size, and nothing of a file in what only withdraws."""
    if body[0] == WITHDRAW:
        wrong = [number for number in (1, 2, 3, 4, 5, 6, 7) if number in body]
        return PAPER.fields[wrong[0]].name if wrong else None
    if len(body[5]) != 32 * -(-body[3] // limits.BLOB_CHUNK):
        return "chunks"
    if (6 in body) != (7 in body):
        return "preview_size" if 6 in body else "preview"
    return None
