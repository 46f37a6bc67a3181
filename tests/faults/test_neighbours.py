"""What one village does never harms another: not its numbers, not its refusals, not what is said of it."""

import pytest

from sync_protocol.case import numbers
from sync_protocol.errors import BadSeal, ScopeNotAllowed
from sync_protocol.exchange import REFUSED, Answer, Content
from sync_protocol.places import about, below
from tests.faults.speech import heard, segment_of, speak, written
from tests.network import COUNTY, SECOND_VILLAGE, TOWNSHIP, VILLAGE, Network
from village_node.store import parking


def test_a_number_leads_to_the_case_of_the_place_it_names(wide_net: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another village's program writes our receipt number on a case of its own, and claims to have been first."""
    net = wide_net
    ours = net[VILLAGE].member.file()
    net.built.clock.now_ms -= 3_600_000
    with monkeypatch.context() as patch:
        patch.setattr(numbers, "make_case_number", lambda *_parts: ours.case_no)
        theirs = net[SECOND_VILLAGE].member.file()
    net.built.clock.now_ms += 3_600_000
    net.settle()
    assert theirs.case_no == ours.case_no
    found = net[TOWNSHIP].member.casebook.find_by_number(ours.case_no)
    assert found is not None
    assert (found.scope, found.case_id) == (ours.scope, ours.case_id)


def test_a_village_that_is_refused_all_day_pushes_nobody_elses_refusals_out(wide_net: Network) -> None:
    net = wide_net
    township, village, noisy = (net[code] for code in (TOWNSHIP, VILLAGE, SECOND_VILLAGE))
    speak(net, village, township, _malformed(village.incarnation, VILLAGE, range(7, 8)))
    for first in (1, 401, 801):
        noisy.exchange()
        speak(net, noisy, township, _malformed(noisy.incarnation, SECOND_VILLAGE, range(first, first + 400)))
    with township.member.store.reading() as connection:
        kept = parking.refused(connection, 10_000)
    assert [row.seq for row in kept if row.sender == village.incarnation] == [7]
    of_the_noisy = [row.seq for row in kept if row.sender == noisy.incarnation]
    assert len(of_the_noisy) == parking.SAMPLES
    assert 1_200 in of_the_noisy, "the newest are kept"


def _malformed(incarnation: bytes, place: str, positions: range) -> Content:
    content = Content()
    content.packed_segments = [[content.tables.stream(incarnation, about(place)), seq, 0] for seq in positions]
    return content


def test_nobody_has_a_say_about_streams_that_he_does_not_follow(wide_net: Network) -> None:
    net = wide_net
    net[VILLAGE].member.file()
    net.settle()
    said = Answer(net[VILLAGE].incarnation, about(VILLAGE), 1, REFUSED, BadSeal.code)
    for speaker, counted in ((SECOND_VILLAGE, 0), (VILLAGE, 1)):
        speak(net, net[speaker], net[TOWNSHIP], Content(answers=[said]))
        assert net[TOWNSHIP].member.casebook.counts()["refused_there"] == counted, speaker


def test_a_place_whose_code_begins_like_another_s_neither_reads_nor_writes_there(net: Network) -> None:
    """Codes are compared whole: 621021101201 and 6210211012011 are neighbours, and neither lies below the other."""
    alike = VILLAGE + "1"
    net.built.enrol_place(alike, "village", TOWNSHIP, "上关一村")
    for code in (COUNTY, TOWNSHIP, VILLAGE):
        net.start(code)
    net.wire_up(net.built.open(alike))
    refs = [net[code].member.file() for code in (VILLAGE, alike)]
    net.settle()
    for at, code in enumerate((VILLAGE, alike)):
        other = refs[1 - at]
        assert net[code].member.state(refs[at]) == "received"
        assert net[code].member.casebook.find_by_number(other.case_no) is None, code
        assert all(point.scope != other.scope for point in net[code].member.casebook.shared_points(code))
    assert all(net[TOWNSHIP].member.state(ref) == "received" for ref in refs)
    for code, foreign in ((VILLAGE, alike), (alike, VILLAGE)):
        for scope in (about(foreign), below(foreign)):
            content = Content()
            identifier, events = written(net, net[code], scope, 1)
            content.packed_segments = [segment_of(net, net[code], scope, identifier, events, content.tables)]
            (answer,) = heard(net, net[code], net[TOWNSHIP], *speak(net, net[code], net[TOWNSHIP], content)).answers
            assert (answer.scope, answer.disposition, answer.code) == (scope, REFUSED, ScopeNotAllowed.code)
            net[code].exchange()
