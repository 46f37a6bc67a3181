"""A forger's campaign: thousands of changed bytes, and not one of them enters a stream, a roster or a receipt."""

from collections.abc import Callable
from random import Random

import pytest

from sync_protocol import receipt as receipts
from sync_protocol import roster as rosters
from sync_protocol.admission import Parked, Refused, Stored, admit
from sync_protocol.encoding import decode, encode
from sync_protocol.errors import ProtocolError
from sync_protocol.receipt import sign_all
from sync_protocol.roster import change_values, read_change
from sync_protocol.suites import S1
from sync_protocol.wire import Tables, read_segment
from tests.sync_protocol import sample
from tests.sync_protocol.sample import COUNTY, NETWORK, ROSTER, TOWNSHIP, VILLAGE, Writer

Attempt = Callable[[bytes], object]
WRITER = Writer("village", f"about:{VILLAGE}").write_cases(3)


def sent_segment() -> tuple[bytes, Attempt]:
    """A segment with its message's tables, and what the township makes of it."""
    tables = Tables()
    value = WRITER.packed(1, 12, tables)

    def receive(raw: bytes) -> object:
        fields = decode(raw)
        if type(fields) is not list or len(fields) != 4:
            return None
        segment = read_segment(fields[3], Tables.read(*fields[:3]))
        answer = admit(segment, roster=ROSTER, my_place=TOWNSHIP, head=None, hash_at=lambda seq: None)
        if isinstance(answer, Parked | Refused):
            return None
        assert isinstance(answer, Stored)
        return answer.events

    return encode([*tables.values(), value]), receive


def signed_receipt() -> tuple[bytes, Attempt]:
    """One of five lines, and whether its signer's key made it."""
    lines = [(bytes([number]) * 32, number, bytes(32)) for number in range(1, 6)]
    made = sign_all(sample.key("county"), NETWORK, sample.incarnation("county"), 1_000, lines)[3]

    def verify(raw: bytes) -> object:
        read = receipts.from_bytes(raw)
        receipts.check(read, S1, sample.key("county").public, NETWORK)
        return read

    return receipts.to_bytes(made), verify


def signed_change() -> tuple[bytes, Attempt]:
    """A change that names a township and its node, and the roster with it."""
    ops = sample.enrolled("stranger", "621021103", "township", "白马铺镇", COUNTY)
    change = sample.changed(ROSTER, COUNTY, ops, "publisher 2")

    def apply(raw: bytes) -> object:
        return ROSTER.apply(read_change(decode(raw)))

    return encode(change_values(change)), apply


def enrolment() -> tuple[bytes, Attempt]:
    """A request to be let in."""
    return sample.request("stranger", "621021103", "township", "白马铺镇"), rosters.read_request


def mutations(raw: bytes, random: Random, count: int) -> list[bytes]:
    """Bytes changed, left out, doubled, swapped, cut and added, `count` times."""
    made: list[bytes] = []
    while len(made) < count:
        broken = bytearray(raw)
        at, other = random.randrange(len(raw)), random.randrange(len(raw))
        kind = random.randrange(6)
        if kind <= 1:
            broken[at] ^= random.randrange(1, 256)
        elif kind == 2:
            del broken[at : at + random.choice((1, 1, 8, 32))]
        elif kind == 3:
            broken[at:at] = broken[other : other + random.choice((1, 8, 32))]
        elif kind == 4:
            broken[at : at + 8], broken[other : other + 8] = broken[other : other + 8], broken[at : at + 8]
        else:
            broken = broken[:at] if random.random() < 0.5 else broken + random.randbytes(random.randrange(1, 9))
        if bytes(broken) != raw:
            made.append(bytes(broken))
    return made


@pytest.mark.parametrize(
    ("target", "count"),
    [(sent_segment, 3_000), (signed_receipt, 1_000), (signed_change, 700), (enrolment, 700)],
    ids=["segment", "receipt", "roster change", "enrolment request"],
)
def test_nothing_forged_is_taken(target: Callable[[], tuple[bytes, Attempt]], count: int):
    raw, attempt = target()
    honest = attempt(raw)
    assert honest is not None
    taken, refused = [], 0
    for forged in mutations(raw, Random(count), count):
        try:
            outcome = attempt(forged)
        except ProtocolError:
            refused += 1
            continue
        if outcome is None:
            refused += 1
        elif outcome != honest:
            taken.append(forged)
    assert taken == []
    assert refused > 0.98 * count  # the rest says the same thing in another way


def test_every_byte_of_a_segment_counts():
    raw, attempt = sent_segment()
    honest = attempt(raw)
    for at in range(len(raw)):
        forged = bytearray(raw)
        forged[at] ^= 1 << at % 8
        try:
            outcome = attempt(bytes(forged))
        except ProtocolError:
            continue
        assert outcome is None or outcome == honest, at  # "the case before last" may be the same case
