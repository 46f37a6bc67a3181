"""A packed body comes out as it went in, whatever the codec; a frame that promises too much gets no memory for it."""

import hashlib
import re
import sys
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_protocol import limits
from sync_protocol.encoding import decode, encode
from sync_protocol.errors import Malformed, TooLarge
from sync_protocol.wire import PLAIN, ZSTD, ZSTD_DICTIONARY_2, pack_body, unpack_body, unpack_content
from tests.sync_protocol import train_dictionary
from tests.sync_protocol.protocol_text import section
from tests.sync_protocol.test_encoding import SCALARS

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

CODECS = (PLAIN, ZSTD, ZSTD_DICTIONARY_2)
NOISY = (1, 3, 7, 10, 11, 17)
CONTENTS = st.dictionaries(
    st.integers(-24, 23).filter(lambda key: key not in NOISY), SCALARS | st.lists(SCALARS, max_size=20), max_size=6
)


@given(CONTENTS, st.sampled_from(CODECS))
def test_a_content_comes_out_as_it_went_in(content: dict[int, Any], codec: int):
    body = pack_body(content, codec)
    assert encode(unpack_body(body)) == unpack_content(body)[0] == encode(content)
    assert len(body) <= len(encode(content)) + 1


def segment_row(random: Random, salts: int) -> list[Any]:
    """A row of field 10 as far as packing looks at it."""
    text = "申请办理 " * 20
    return [0, 1, 2, *[[text]] * 10, random.randbytes(16 * salts), [text.encode()], [], random.randbytes(64)]


def receipt_row(random: Random) -> list[Any]:
    return [0, 7, 1, 1_795_612_855_460, 1, 0, [], random.randbytes(64)]


@given(st.lists(st.integers(0, 64), max_size=5), st.integers(0, 4), st.sampled_from(CODECS))
def test_salts_and_signatures_come_back_where_they_were(salts: list[int], receipts: int, codec: int):
    random = Random(7)
    content = {
        1: random.randbytes(4),
        3: random.randbytes(8),
        7: [random.randbytes(4), random.randbytes(16)],
        10: [segment_row(random, count) for count in salts],
        11: [receipt_row(random) for _ in range(receipts)],
        17: random.randbytes(7),
    }
    body = pack_body(content, codec)
    assert unpack_body(body) == content


def test_noise_stands_beside_the_packed_content():
    random = Random(8)
    names = [random.randbytes(4), random.randbytes(16)]
    content: dict[int, Any] = {
        1: b"nonc",
        3: b"digest!!",
        7: names,
        10: [segment_row(random, 64)],
        11: [receipt_row(random)],
    }
    content[17] = b"the next"
    body = pack_body(content, ZSTD_DICTIONARY_2)
    (segment,), (line,) = content[10], content[11]
    assert body.endswith(b"noncdigest!!" + b"".join(names) + segment[13] + segment[16] + line[7] + b"the next")
    unpacked = decode(unpack_content(body)[0])
    assert (unpacked[1], unpacked[3], unpacked[7], unpacked[17]) == (4, 8, [4, 16], 8)
    assert (unpacked[10][0][13], unpacked[10][0][16], unpacked[11][0][7]) == (64 * 16, 64, 64)


def noisy(content: dict[int, Any], noise: bytes) -> bytes:
    """A body of codec 2 put together by hand."""
    options: dict[int, int] = {zstd.CompressionParameter.compression_level: 1}
    dictionary = zstd.ZstdDict(train_dictionary.FILE.read_bytes())
    return b"\x02" + zstd.compress(encode(content), options=options, zstd_dict=dictionary)[4:] + noise


@pytest.mark.parametrize("stated", [63, 65, -1, 2**62])
def test_noise_of_another_length_than_stated_is_malformed(stated: int):
    with pytest.raises(Malformed, match="beside the content"):
        unpack_body(noisy({11: [[0, 7, 1, 0, 1, 0, [], stated]]}, bytes(64)))


@pytest.mark.parametrize("rows", [0, None, "x", [0], [[]], [[0] * 7], [[0, 7, 1, 0, 1, 0, [], True]], {0: 64}])
def test_a_row_of_another_shape_is_left_to_who_reads_it(rows: Any):
    assert unpack_body(noisy({11: rows}, b"")) == {11: rows}
    with pytest.raises(Malformed, match="left over"):
        unpack_body(noisy({11: rows}, b"x"))


def test_what_zstd_would_not_make_smaller_goes_as_it_is():
    content = {23: hashlib.sha256(b"x").digest()}
    assert pack_body(content, ZSTD)[0] == pack_body(content, ZSTD_DICTIONARY_2)[0] == PLAIN


def test_the_dictionary_saves_a_third_of_small_exchanges():
    contents = [decode(raw) for _, raw in zip(range(200), train_dictionary.contents(), strict=False)]
    plain, packed, with_dictionary = (sum(len(pack_body(content, codec)) for content in contents) for codec in CODECS)
    assert with_dictionary < 0.67 * packed < packed < plain


def test_the_dictionary_is_the_one_the_text_names():
    raw = train_dictionary.FILE.read_bytes()
    told = re.search(r"dictionary_2\.bin`, SHA-256 `([0-9a-f]{64})`", section(7))
    assert told is not None
    assert hashlib.sha256(raw).hexdigest() == told[1]
    assert len(raw) <= train_dictionary.SIZE


@pytest.mark.slow
@pytest.mark.skipif(
    zstd.zstd_version != train_dictionary.TRAINED_BY, reason="another release of zstd chooses other pieces"
)
def test_the_dictionary_comes_out_of_its_generator():
    assert train_dictionary.train() == train_dictionary.FILE.read_bytes()


@pytest.mark.parametrize("codec", [ZSTD, ZSTD_DICTIONARY_2])
def test_a_bomb_is_stopped_at_the_limit(codec: int):
    bomb = zstd.compress(bytes(50 * limits.UNPACKED))[4:]
    assert len(bomb) < 50_000
    with pytest.raises(TooLarge, match="content beyond"):
        unpack_content(bytes((codec,)) + bomb)


def test_a_content_at_the_limit_passes_and_one_byte_more_does_not():
    assert len(unpack_content(b"\x01" + zstd.compress(bytes(limits.UNPACKED))[4:])[0]) == limits.UNPACKED
    with pytest.raises(TooLarge):
        unpack_content(b"\x01" + zstd.compress(bytes(limits.UNPACKED + 1))[4:])
    largest = {0: bytes(limits.UNPACKED - 7)}  # map, key and the head of the bytes take seven
    assert len(unpack_content(pack_body(largest, ZSTD))[0]) == limits.UNPACKED
    assert len(unpack_content(bytes(limits.MESSAGE))[0]) == limits.MESSAGE - 1
    with pytest.raises(TooLarge):
        unpack_content(bytes(limits.MESSAGE + 1))
    with pytest.raises(TooLarge):
        pack_body({0: bytes(limits.UNPACKED)}, ZSTD)


def test_a_frame_that_wants_a_large_window_is_refused():
    options: dict[int, int] = {zstd.CompressionParameter.window_log: 27, zstd.CompressionParameter.content_size_flag: 0}
    packer = zstd.ZstdCompressor(options=options)
    frame = packer.compress(bytes(100)) + packer.flush()
    with pytest.raises(Malformed, match="zstd"):
        unpack_content(b"\x01" + frame[4:])


PACKED = pack_body({0: "x" * 200}, ZSTD)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x03",
        b"\xff" + PACKED[1:],
        b"\x01",
        b"\x02",
        b"\x01rubbish",
        PACKED[:-1],
        PACKED + b"\x00",
        PACKED + PACKED[1:],
    ],
)
def test_what_is_no_packed_body_is_malformed(body: bytes):
    with pytest.raises(Malformed):
        unpack_content(body)


@pytest.mark.parametrize("value", [[], 0, None, "x"])
def test_a_content_is_a_map(value: Any):
    with pytest.raises(Malformed, match="must be a map"):
        unpack_body(b"\x00" + encode(value))


def test_a_content_is_decoded_strictly():
    with pytest.raises(Malformed):
        unpack_body(b"\x00\xa1\x18\x00\x00")
