"""The body of a message: its content, as it is or packed by zstd; with the preset dictionary, noise travels beside it.

Salts and signatures are noise: nothing makes them smaller, and among text they spoil the statistics by which text gets
small (7 % of a frame). So with the dictionary they stand after the packed content, one after another, and the content
has their lengths in their place.
"""

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

# 6 % smaller than level 3 for 2 microseconds a case; beyond 6 it costs more than it saves. The frame need not tell its
# dictionary: the codec does.
_OPTIONS: Final[dict[int, int]] = {
    zstd.CompressionParameter.compression_level: 6,
    zstd.CompressionParameter.dict_id_flag: 0,
}
# field -> the values in each of its rows that are noise: salts and signature of a segment, the signature of a receipt.
_NOISE: Final = {10: (13, 16), 11: (7,)}
_WINDOW_LOG_MAX: Final = 23  # what a frame may ask of our memory: 8 MiB


@lru_cache(maxsize=1)
def _dictionary() -> zstd.ZstdDict:
    return zstd.ZstdDict(resources.files("sync_protocol").joinpath("dictionary_1.bin").read_bytes())


def pack_body(content: dict[int, Any], codec: int) -> bytes:
    """Codec byte and content, our own and sound. What zstd would not make smaller goes as it is. Raises TooLarge."""
    quiet, noise = without_noise(content) if codec == ZSTD_DICTIONARY_1 else (content, b"")
    raw = encode_own(quiet)
    if len(raw) + len(noise) > limits.UNPACKED:
        raise TooLarge(f"content of {len(raw) + len(noise)} bytes, at most {limits.UNPACKED}")
    if codec != PLAIN:
        dictionary = _dictionary().as_digested_dict if codec == ZSTD_DICTIONARY_1 else None
        packed = zstd.compress(raw, options=_OPTIONS, zstd_dict=dictionary)
        if len(packed) < len(raw):
            return bytes((codec,)) + packed + noise
    return bytes((PLAIN,)) + (encode_own(content) if noise else raw)


def content_size(body: bytes) -> int:
    """How many bytes were packed into a body of our own making, noise left out: the frame says so at its beginning."""
    return len(body) - 1 if body[0] == PLAIN else zstd.get_frame_info(body[1:]).decompressed_size or 0


def unpack_body(body: bytes) -> dict[Any, Any]:
    """The content, strictly decoded. Raises Malformed, TooLarge."""
    raw, noise = unpack_content(body)
    content = decode(raw)
    if type(content) is not dict:
        raise Malformed("content: must be a map")
    if body[0] == ZSTD_DICTIONARY_1:
        _put_noise(content, noise)
    return content


def unpack_content(body: bytes) -> tuple[bytes, bytes]:
    """The content's bytes, never more than the limit, whatever a frame promises; and the noise that stands beside it.

    Raises Malformed, TooLarge.
    """
    if len(body) > limits.MESSAGE:
        raise TooLarge(f"body of {len(body)} bytes, at most {limits.MESSAGE}")
    codec = body[0] if body else -1
    if codec == PLAIN:
        return body[1:], b""
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
    if not unpacker.eof or (unpacker.unused_data and codec == ZSTD):
        raise Malformed("zstd: must be one whole frame and nothing after it")
    return raw, unpacker.unused_data


def without_noise(content: dict[int, Any]) -> tuple[dict[int, Any], bytes]:
    """The content with lengths where noise was, and the noise in the order of the rows."""
    quiet, noise = dict(content), []
    for field, places in _NOISE.items():
        if field in content:
            rows = quiet[field] = [list(row) for row in content[field]]
            for row in rows:
                for place in places:
                    noise.append(row[place])
                    row[place] = len(row[place])
    return quiet, b"".join(noise)


def _put_noise(content: dict[Any, Any], noise: bytes) -> None:
    """Put noise back where its length stands. A row of another shape is left to who reads it and says what is wrong."""
    at = 0
    for field, places in _NOISE.items():
        rows = content.get(field)
        for row in rows if type(rows) is list else ():
            for place in places:
                if type(row) is list and len(row) > place and type(row[place]) is int:
                    end = at + row[place]
                    if not at <= end <= len(noise):
                        raise Malformed(f"field {field}: more bytes beside the content than came")
                    row[place] = noise[at:end]
                    at = end
    if at != len(noise):
        raise Malformed(f"{len(noise) - at} bytes left over beside the content")
