"""The body of a message: its content, as it is or packed by zstd, with or without the preset dictionary."""

import sys
from functools import lru_cache
from importlib import resources
from typing import Any, Final

from sync_protocol import limits
from sync_protocol.encoding import decode, encode_own
from sync_protocol.errors import Malformed, TooLarge

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PLAIN: Final = 0
ZSTD: Final = 1
ZSTD_DICTIONARY_1: Final = 2
DICTIONARIES: Final = (1,)

_LEVEL: Final = 6  # 6 % smaller than 3 for 2 microseconds a case; beyond 6 it costs more than it saves
_WINDOW_LOG_MAX: Final = 23  # what a frame may ask of our memory: 8 MiB


@lru_cache(maxsize=1)
def _dictionary() -> zstd.ZstdDict:
    return zstd.ZstdDict(resources.files("sync_protocol").joinpath("dictionary_1.bin").read_bytes())


def pack_body(content: dict[int, Any], codec: int) -> bytes:
    """Codec byte and content, our own and sound. What zstd would not make smaller goes as it is. Raises TooLarge."""
    raw = encode_own(content)
    if len(raw) > limits.UNPACKED:
        raise TooLarge(f"content of {len(raw)} bytes, at most {limits.UNPACKED}")
    if codec in (ZSTD, ZSTD_DICTIONARY_1):
        dictionary = _dictionary().as_digested_dict if codec == ZSTD_DICTIONARY_1 else None
        packed = zstd.compress(raw, level=_LEVEL, zstd_dict=dictionary)
        if len(packed) < len(raw):
            return bytes((codec,)) + packed
    return bytes((PLAIN,)) + raw


def unpack_content(body: bytes) -> bytes:
    """The content's bytes, never more than the limit, whatever a frame promises. Raises Malformed, TooLarge."""
    if len(body) > limits.MESSAGE:
        raise TooLarge(f"body of {len(body)} bytes, at most {limits.MESSAGE}")
    codec = body[0] if body else -1
    if codec == PLAIN:
        return body[1:]
    if codec not in (ZSTD, ZSTD_DICTIONARY_1):
        raise Malformed(f"codec {codec}: must be 0, 1 or 2")
    unpacker = zstd.ZstdDecompressor(
        zstd_dict=_dictionary() if codec == ZSTD_DICTIONARY_1 else None,
        options={zstd.DecompressionParameter.window_log_max: _WINDOW_LOG_MAX},
    )
    try:
        raw = unpacker.decompress(body[1:], max_length=limits.UNPACKED + 1)
    except zstd.ZstdError as error:
        raise Malformed(f"zstd: {error}") from None
    if len(raw) > limits.UNPACKED:
        raise TooLarge(f"content beyond {limits.UNPACKED} bytes")
    if not unpacker.eof or unpacker.unused_data:
        raise Malformed("zstd: must be one whole frame and nothing after it")
    return raw


def unpack_body(body: bytes) -> dict[Any, Any]:
    """The content, strictly decoded. Raises Malformed, TooLarge."""
    content = decode(unpack_content(body))
    if type(content) is not dict:
        raise Malformed("content: must be a map")
    return content
