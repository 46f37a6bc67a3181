"""Whatever values come in whatever place, nothing but an error of the protocol comes out."""

from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sync_protocol import receipt as receipts
from sync_protocol import roster as rosters
from sync_protocol.encoding import decode, encode
from sync_protocol.errors import ProtocolError
from sync_protocol.event import check_header, decode_header
from sync_protocol.roster import Change, Payload, Roster, read_change, read_payload, sign_change
from sync_protocol.wire import Tables, read_segment, rebuild
from tests.sync_protocol import sample
from tests.sync_protocol.sample import COUNTY, NETWORK, ROSTER, TIME, VILLAGE, Writer
from tests.sync_protocol.test_encoding import VALUES
from tests.sync_protocol.test_event import GOOD, plain

WRITER = Writer("village", f"about:{VILLAGE}").write_cases(1)
SMALL: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, False, 0, 1, -1, 2**63 - 1, "", "5", b"", bytes(16), bytes(32), [], {}, {0: 0}]
)
ANY = SMALL | VALUES
OPS = st.one_of(
    st.lists(ANY, max_size=6),
    st.tuples(st.sampled_from([1, 2, 3, 4]), st.lists(ANY, min_size=1, max_size=6)).map(lambda op: [op[0], *op[1]]),
    st.tuples(ANY, st.lists(st.tuples(ANY, ANY).map(list), max_size=3)).map(lambda op: [1, *op]),
    st.tuples(ANY, ANY, ANY, ANY, ANY).map(lambda op: [3, *op]),
    st.tuples(ANY, ANY, ANY, ANY, ANY).map(lambda op: [4, *op]),
)


def put(values: list[Any], index: int, value: Any) -> list[Any]:
    return [*values[: index % len(values)], value, *values[index % len(values) + 1 :]]


@given(st.integers(0, 16), ANY, st.booleans())
def test_a_column_of_a_segment(index: int, value: Any, as_column: bool):
    tables = Tables()
    values = decode(encode(WRITER.packed(1, 4, tables)))
    with suppress(ProtocolError):
        segment = read_segment(put(values, index, {0: value} if as_column else value), tables)
        rebuild(segment, WRITER.stream, WRITER.stream)


@given(st.integers(0, 16), st.lists(ANY, min_size=4, max_size=4))
def test_the_values_of_a_column(index: int, column: list[Any]):
    tables = Tables()
    values = decode(encode(WRITER.packed(1, 4, tables)))
    with suppress(ProtocolError):
        rebuild(read_segment(put(values, index, column), tables), WRITER.stream, WRITER.stream)


@given(ANY, ANY, ANY)
def test_the_tables_of_a_message(incarnations: Any, scopes: Any, streams: Any):
    with suppress(ProtocolError):
        Tables.read(incarnations, scopes, streams)


@given(st.integers(0, 11), ANY)
def test_a_field_of_a_header(index: int, value: Any):
    values = put(plain(GOOD), index, value)
    with suppress(ProtocolError):
        check_header(values)
    with suppress(ProtocolError):
        decode_header(encode(values))


@given(st.integers(0, 8), ANY)
def test_a_field_of_a_receipt(index: int, value: Any):
    made = receipts.sign_all(sample.key("county"), NETWORK, bytes(16), 0, [(bytes(32), 1, bytes(32))])[0]
    with suppress(ProtocolError):
        receipts.check(receipts.from_values(put(receipts.to_values(made), index, value)), 1, bytes(32), NETWORK)


@given(st.lists(OPS, min_size=1, max_size=3), st.sampled_from([COUNTY, sample.TOWNSHIP]))
def test_ops_that_those_entitled_have_signed(ops: list[list[Any]], part: str):
    signers = ("publisher 2", "root 3", "root 4") if part == COUNTY else ("township",)
    epoch, n, digest = ROSTER.heads()[part]
    payload = Payload(part, epoch, n + 1, digest, TIME, ops)
    with suppress(ProtocolError):
        ROSTER.apply(sign_change(NETWORK, payload, [sample.key(name) for name in signers]))


@given(st.lists(OPS, min_size=1, max_size=3))
def test_the_first_change_of_a_network(ops: list[list[Any]]):
    payload = Payload(COUNTY, 1, 1, bytes(32), TIME, ops)
    with suppress(ProtocolError):
        Roster().apply(sign_change(NETWORK, payload, [sample.key("root 1")]))


@given(st.integers(0, 5), ANY)
def test_a_field_of_a_roster_payload(index: int, value: Any):
    values = put(list(read_payload(sample.CHANGES[0])), index, value)
    with suppress(ProtocolError):
        Roster().apply(Change(encode(values), ()))


@given(ANY, st.lists(st.lists(ANY, max_size=2), max_size=2) | ANY)
def test_a_change_as_it_travels(payload: Any, signatures: Any):
    with suppress(ProtocolError):
        ROSTER.apply(read_change([payload, signatures]))


@given(st.integers(0, 7), ANY)
def test_a_field_of_a_request_or_an_answer(index: int, value: Any):
    values = decode(sample.request("stranger", "621021103", "township", "白马铺镇"))
    with suppress(ProtocolError):
        rosters.read_request(encode(put(values, index, value)))
    request = rosters.read_request(encode(values))
    answer = decode(rosters.answer(ROSTER, VILLAGE, sample.incarnation("township")))
    with suppress(ProtocolError):
        rosters.read_answer(encode(put(answer, index, value)), request)
