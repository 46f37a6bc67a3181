"""A sound evidence package to begin from: a county of one node, and one case of two events."""

from sync_protocol import roster
from sync_protocol.encoding import decode
from sync_protocol.evidence_file import Package, Run, Shown, sign
from sync_protocol.receipt import sign_all
from sync_protocol.roster import Roster, admit_request
from sync_protocol.seal import seal
from sync_protocol.stream import OPENS, Draft, Head, append, stream_id
from sync_protocol.suites import SigningKey

_COUNTY = "621021000000"


def payload(key: SigningKey) -> bytes:
    """The payload of a package by the node 00..00, whose key, like the root's and the publisher's, is this one."""
    me, scope = bytes(16), f"about:{_COUNTY}"
    first = roster.found(key, key, _COUNTY, "庆城县", 0)
    request = roster.read_request(roster.enrol_request(key, _COUNTY, "county", "庆城县", me))
    known = Roster().apply(first)
    second = roster.publish(known, _COUNTY, admit_request(known, request, _COUNTY, None), [key], 0)
    known = known.apply(second)
    stream = stream_id(known.network_id, me, scope, 1)
    head, rows, case_id = Head(0, stream), [], b""
    for number in range(2):
        draft = Draft(1 + number, 1, case_id or OPENS, number + 1, 0, "0001", b"\xa0", False)
        event = append(stream, head, draft, None)
        head, case_id = Head(event.header.seq, event.hash), event.header.case_id or b""
        rows.append(Shown(event.header_bytes, None, None, "effective"))
    run = Run(me, scope, 1, stream, tuple(rows), head.seq, seal(key, known.network_id, stream, head))
    signed = sign_all(key, known.network_id, me, 0, [(stream, head.seq, head.hash)])
    package = Package(known.network_id, scope, case_id, 0, "1", "", (first, second), (run,), tuple(signed), None, ())
    found: bytes = decode(sign(package, me, key), limit=1 << 20)[2]
    return found
