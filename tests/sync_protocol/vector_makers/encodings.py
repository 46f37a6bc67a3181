"""The vectors of the encoding: values with their only encoding, and bytes that are no encoding at all."""

from typing import Any

from sync_protocol.encoding import encode
from tests.sync_protocol.vector_makers.shapes import Vector


def nested(depth: int) -> Any:
    """A list in a list, that many deep."""
    value: Any = 0
    for _ in range(depth):
        value = [value]
    return value


ACCEPTED: tuple[tuple[str, Any], ...] = (
    *((f"integer {number}", number) for number in (
        0, 1, 23, 24, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**63 - 1, -1, -24, -25, -256, -257, -65537, -(2**63),
    )),
    ("empty bytes", b""),
    ("bytes of 23", bytes(23)),
    ("bytes of 24", bytes(range(24))),
    ("bytes of 256", bytes(range(256))),
    ("empty text", ""),
    ("Chinese text", "庆城县驿马镇"),
    ("text outside the basic plane", "𠮷野家"),
    ("text of 24 bytes", "一二三四五六七八"),
    ("text with NUL", "a\x00b"),
    ("false", False),
    ("true", True),
    ("null", None),
    ("empty array", []),
    ("array of everything", [0, -1, b"\x00", "x", False, True, None, [], {}]),
    ("array of 24", list(range(24))),
    ("empty map", {}),
    ("map with the smallest and largest keys", {23: 0, -24: 1}),
    ("map with keys in the order of their bytes", {0: 0, 9: 1, 23: 2, -1: 3, -24: 4, "": 5, "b": 6, "aa": 7, "ab": 8}),
    ("map in a map", {1: {2: {3: {}}}}),
    ("arrays 16 deep", nested(16)),
)  # fmt: skip

REFUSED: tuple[tuple[str, str], ...] = (
    ("nothing", ""),
    ("0 in two bytes", "1800"),
    ("23 in two bytes", "1817"),
    ("24 in three bytes", "190018"),
    ("255 in five bytes", "1a000000ff"),
    ("65535 in nine bytes", "1b000000000000ffff"),
    ("2^32 - 1 in nine bytes", "1b00000000ffffffff"),
    ("-1 in two bytes", "3800"),
    ("2^63", "1b8000000000000000"),
    ("2^64 - 1", "1bffffffffffffffff"),
    ("-2^63 - 1", "3b8000000000000000"),
    ("bignum of 1", "c24101"),
    ("negative bignum", "c349010000000000000000"),
    ("bytes with a long length", "580100"),
    ("text with a long length", "780161"),
    ("array with a long length", "980100"),
    ("map with a long length", "b8010000"),
    ("half float 0", "f90000"),
    ("half float 1", "f93c00"),
    ("half NaN", "f97e00"),
    ("float", "fa47c35000"),
    ("double", "fb3ff199999999999a"),
    ("undefined", "f7"),
    ("simple value 0", "e0"),
    ("simple value 16", "f0"),
    ("simple value 32", "f820"),
    ("false as a two-byte simple value", "f814"),
    ("break alone", "ff"),
    ("reserved head 28", "1c"),
    ("indefinite bytes", "5f4101ff"),
    ("indefinite text", "7f6161ff"),
    ("indefinite array", "9f00ff"),
    ("indefinite map", "bf0000ff"),
    ("time tag", "c11a00000000"),
    ("self-described tag", "d9d9f700"),
    ("shared value", "d81c80"),
    ("reference to a shared value", "82d81c80d81d00"),
    ("shared values that grow without end", "82d81c82d81c80d81d01d81d00"),
    ("string reference", "d901008261616161"),
    ("key twice", "a200000001"),
    ("text key twice", "a2616100616101"),
    ("keys out of order", "a201000000"),
    ("negative key before a positive one", "a220000100"),
    ("text key before an integer", "a26161000000"),
    ("longer text before a shorter one", "a262616100616200"),
    ("key 24", "a1181800"),
    ("key -25", "a1381800"),
    ("key 0 in two bytes", "a1180000"),
    ("key 0 in two bytes and no value", "a11800"),
    ("key -1 in two bytes and no value", "a13800"),
    ("bytes as key", "a1410000"),
    ("array as key", "a1800000"),
    ("true as key", "a1f500"),
    ("null as key", "a1f600"),
    ("float as key", "a1f93c0000"),
    ("overlong UTF-8", "62c0af"),
    ("surrogate in UTF-8", "63eda080"),
    ("beyond Unicode", "64f4908080"),
    ("continuation byte alone in UTF-8", "6180"),
    ("UTF-8 cut short", "61e5"),
    ("a second value", "0000"),
    ("array and a byte", "8000"),
    ("head cut short", "1901"),
    ("bytes cut short", "43010203"[:6]),
    ("array cut short", "8200"),
    ("map without its last value", "a100"),
    ("bytes of 2^64 - 1", "5bffffffffffffffff"),
    ("text of 2^32 - 1", "7affffffff"),
    ("array of 2^64 - 1", "9bffffffffffffffff"),
    ("map of 2^32 - 1", "baffffffff"),
    ("arrays 17 deep", "81" * 17 + "00"),
    ("arrays 1,000 deep", "81" * 1_000),
    ("maps 17 deep", "a100" * 17 + "00"),
)


def encodings() -> Vector:
    """What the decoder accepts and refuses."""
    return {
        "about": "Encodings of section 2, accepted and refused.",
        "accepted": [
            {"name": name, "hex": encode(value).hex(), "value": json_value(value)} for name, value in ACCEPTED
        ],
        "refused": [{"name": name, "hex": raw} for name, raw in REFUSED],
    }


def json_value(value: Any) -> Any:
    """A value of section 2 as JSON: bytes and maps wrapped."""
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, list):
        return [json_value(item) for item in value]
    if isinstance(value, dict):
        return {"map": [[json_value(key), json_value(item)] for key, item in value.items()]}
    return value
