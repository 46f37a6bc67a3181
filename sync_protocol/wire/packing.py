"""The body of a message: its content, as it is or packed by zstd; with the preset dictionary, noise travels beside it.

Salts, signatures, digests and drawn numbers are noise: nothing makes them smaller, and among text they spoil the
statistics by which text gets small (7 % of a frame). So with the dictionary they stand after the packed content, one
after another, and the content has their lengths in their place.
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
ZSTD_DICTIONARY_2: Final = 2
DICTIONARIES: Final = (2,)

_MAGIC: Final = b"\x28\xb5\x2f\xfd"  # the first four bytes of every frame, which therefore stay at home
# 6 % smaller than level 3 for 2 microseconds a case; beyond 6 it costs more than it saves, but where a message is so
# small that the most that can be done costs 45 microseconds in all.
_LEVEL: Final = 6
_LEVEL_SMALL: Final = 19
_SMALL: Final = 4_096
# The values that are noise. Whole fields: nonce, digest, next challenge; each row of a field: incarnations; values in
# each row of a field: salts and signature of a segment, the signature of a receipt.
_NOISE_WHOLE: Final = frozenset({1, 3, 17})
_NOISE_ROWS: Final = 7
_NOISE_IN_ROWS: Final = {10: (13, 16), 11: (7,)}
_WINDOW_LOG_MAX: Final = 23  # what a frame may ask of our memory: 8 MiB


@lru_cache(maxsize=1)
def _dictionary() -> zstd.ZstdDict:
    return zstd.ZstdDict(resources.files("sync_protocol").joinpath("dictionary_2.bin").read_bytes())


def pack_body(content: dict[int, Any], codec: int) -> bytes:
    """Codec byte and content, our own and sound. What zstd would not make smaller goes as it is. Raises TooLarge."""
    quiet, noise = without_noise(content) if codec == ZSTD_DICTIONARY_2 else (content, b"")
    raw = encode_own(quiet)
    if len(raw) + len(noise) > limits.UNPACKED:
        raise TooLarge(f"content of {len(raw) + len(noise)} bytes, at most {limits.UNPACKED}")
    if codec != PLAIN:
        dictionary = _dictionary().as_digested_dict if codec == ZSTD_DICTIONARY_2 else None
        packed = zstd.compress(raw, options=_options(len(raw) <= _SMALL), zstd_dict=dictionary)[len(_MAGIC) :]
        if len(packed) < len(raw):
            return bytes((codec,)) + packed + noise
    return bytes((PLAIN,)) + (encode_own(content) if noise else raw)


@lru_cache(maxsize=2)
def _options(small: bool) -> dict[int, int]:
    """The frame need not tell its dictionary: the codec does."""
    return {
        zstd.CompressionParameter.compression_level: _LEVEL_SMALL if small else _LEVEL,
        zstd.CompressionParameter.dict_id_flag: 0,
        zstd.CompressionParameter.content_size_flag: int(not small),
    }


def content_size(body: bytes) -> int:
    """How many bytes were packed into a body of our own making, noise left out: the frame of a body that is not small
    says so at its beginning."""
    return len(body) - 1 if body[0] == PLAIN else zstd.get_frame_info(_MAGIC + body[1:]).decompressed_size or 0


def unpack_body(body: bytes) -> dict[Any, Any]:
    """The content, strictly decoded. Raises Malformed, TooLarge."""
    raw, noise = unpack_content(body)
    content = decode(raw)
    if type(content) is not dict:
        raise Malformed("content: must be a map")
    if body[0] == ZSTD_DICTIONARY_2:
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
    if codec not in (ZSTD, ZSTD_DICTIONARY_2):
        raise Malformed(f"codec {codec}: must be 0, 1 or 2")
    unpacker = zstd.ZstdDecompressor(
        zstd_dict=_dictionary() if codec == ZSTD_DICTIONARY_2 else None,
        options={zstd.DecompressionParameter.window_log_max: _WINDOW_LOG_MAX},
    )
    try:
        raw = unpacker.decompress(_MAGIC + body[1:], max_length=limits.UNPACKED + 1)
    except zstd.ZstdError as error:
        raise Malformed(f"zstd: {error}") from None
    if len(raw) > limits.UNPACKED:
        raise TooLarge(f"content beyond {limits.UNPACKED} bytes")
    if not unpacker.eof or (unpacker.unused_data and codec == ZSTD):
        raise Malformed("zstd: must be one whole frame and nothing after it")
    return raw, unpacker.unused_data


def without_noise(content: dict[int, Any]) -> tuple[dict[int, Any], bytes]:
    """The content with lengths where noise was, and the noise in the order of fields and rows."""
    quiet, noise = dict(content), []
    for field, value in content.items():
        if field in _NOISE_WHOLE:
            noise.append(value)
            quiet[field] = len(value)
        elif field == _NOISE_ROWS:
            noise += value
            quiet[field] = [len(each) for each in value]
        elif field in _NOISE_IN_ROWS:
            rows = quiet[field] = [list(row) for row in value]
            for row in rows:
                for place in _NOISE_IN_ROWS[field]:
                    noise.append(row[place])
                    row[place] = len(row[place])
    return quiet, b"".join(noise)


def _put_noise(content: dict[Any, Any], noise: bytes) -> None:
    """Put noise back where its length stands. What has another shape is left to who reads it and says what is wrong."""
    at = 0

    def put(values: Any, place: int, field: Any) -> None:
        nonlocal at
        if type(values[place]) is int:
            end = at + values[place]
            if not at <= end <= len(noise):
                raise Malformed(f"field {field}: more bytes beside the content than came")
            values[place] = noise[at:end]
            at = end

    for field, value in content.items():
        if field in _NOISE_WHOLE:
            put(content, field, field)
        elif field == _NOISE_ROWS and type(value) is list:
            for place in range(len(value)):
                put(value, place, field)
        elif field in _NOISE_IN_ROWS and type(value) is list:
            for row in value:
                for place in _NOISE_IN_ROWS[field]:
                    if type(row) is list and len(row) > place:
                        put(row, place, field)
    if at != len(noise):
        raise Malformed(f"{len(noise) - at} bytes left over beside the content")
