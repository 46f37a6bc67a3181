"""The county's daily word: over what it holds, handed on to whom it concerns, verified, compared with what is here."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sync_protocol import checkpoint
from sync_protocol.case import kinds
from sync_protocol.event import load_header
from sync_protocol.exchange import Content, Lines, LinesAsked
from sync_protocol.places import about, below
from tests.closing import checkpoint_day, settle_lines
from tests.network import COUNTY, OTHER_TOWNSHIP, OTHER_VILLAGE, SECOND_VILLAGE, TOWNSHIP, VILLAGE, Network, network
from tests.village_node.casebook.test_branches import give_all, life_of
from village_node.casebook import NotAllowed, Reason
from village_node.store import checkpoints, streams

PLACES = (COUNTY, TOWNSHIP, VILLAGE, SECOND_VILLAGE, OTHER_TOWNSHIP, OTHER_VILLAGE)


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Network]:
    """Six nodes; each village has filed two cases, those above it have written to one, and everybody has met."""
    made = network(tmp_path, *PLACES)
    for code in (VILLAGE, SECOND_VILLAGE, OTHER_VILLAGE):
        made[code].member.file()
        ref = made[code].member.file()
        made.settle()
        for above in (made.parent(code), made[COUNTY]):
            above.member.act(ref, kinds.NOTE, {"text": "已阅"})
    made.settle()
    yield made
    made.close()


def lines_at(net: Network, code: str) -> list[checkpoints.LineRow]:
    with net[code].member.store.reading() as connection:
        return checkpoints.in_scopes(connection, [f"{kind}:{place}" for kind in ("about", "below") for place in PLACES])


def test_a_checkpoint_is_over_every_contiguous_position_the_county_holds_and_is_an_event_of_its_own(
    net: Network,
) -> None:
    county = net[COUNTY].member
    with county.store.reading() as connection:
        rows = {row.key: row for row in streams.in_scopes(connection)}
    made = county.casebook.write_checkpoint()
    tree = checkpoint.Tree((row.stream_id, row.body_seq, row.body_hash) for row in rows.values())
    assert (made.count, made.root, made.time) == (len(rows), tree.root, net.built.clock.now_ms)
    with county.store.reading() as connection:
        own = streams.by_keys(connection, [(county.identity.incarnation, below(COUNTY))])
        (row,) = own.values()
        event = streams.event_at(connection, row.id, row.head_seq)
    assert event is not None and event.case_id is None and event.kind == kinds.CHECKPOINT
    assert checkpoint.read(county.identity.incarnation, load_header(event.header)) == made
    again = county.casebook.write_checkpoint()
    assert again.seq == made.seq + 1 and again.count == made.count + 1, "the first one's stream counts in the second"


def test_a_missing_body_holds_the_line_back(net: Network) -> None:
    village, county = net[VILLAGE].member, net[COUNTY].member
    key = (village.identity.incarnation, about(VILLAGE))
    with county.store.writing() as connection:
        row = streams.by_keys(connection, [key])[key]
        streams.move(
            connection, [(row, row._replace(body_seq=2, body_hash=streams.hashes(connection, row.id, 2, 2)[2]))]
        )
    county.casebook.write_checkpoint()
    line = next(line for line in lines_at(net, COUNTY) if (line.incarnation, line.scope) == key)
    assert row.head_seq == 4 and line.seq == 2


@pytest.mark.parametrize("code", [TOWNSHIP, VILLAGE])
def test_only_the_root_writes_checkpoints(net: Network, code: str) -> None:
    with pytest.raises(NotAllowed):
        net[code].member.casebook.write_checkpoint()


def test_a_county_without_events_has_nothing_to_say(tmp_path: Path) -> None:
    made = network(tmp_path, COUNTY)
    with pytest.raises(NotAllowed):
        made[COUNTY].member.casebook.write_checkpoint()
    made.close()


def test_every_node_gets_the_lines_of_what_it_follows_only(net: Network) -> None:
    checkpoint_day(net)
    everything = {(line.incarnation, line.scope): line for line in lines_at(net, COUNTY)}
    places = net.built.roster.places
    for code in PLACES[1:]:
        followed = {key for key in everything if _follows(places, code, key[1])}
        here = {(line.incarnation, line.scope): line for line in lines_at(net, code)}
        assert here.keys() == followed and followed
        assert all(here[key][3:5] == everything[key][3:5] for key in here)
        standing = net[code].member.casebook.county_standing()
        assert standing.complete and not standing.not_arrived and not standing.alarms


def _follows(places, code: str, scope: str) -> bool:
    kind, _, of = scope.partition(":")
    return places.covers(code, of) or (kind == "below" and places.covers(of, code))


def test_lines_come_in_as_many_answers_as_they_need_and_the_last_says_so(net: Network) -> None:
    checkpoint_day(net)
    county = net[COUNTY].member.casebook
    newest = county.newest_checkpoint()
    assert newest is not None
    asked, answers = LinesAsked(*newest.key, 0), []
    while asked.first < newest.count:
        answer, size = county.lines_for(asked, TOWNSHIP, budget=1)
        assert answer is not None and answer.first == asked.first and size > 0
        answers.append(answer)
        asked = asked._replace(first=answer.upto)
    whole, _ = county.lines_for(LinesAsked(*newest.key, 0), TOWNSHIP, budget=1 << 20)
    assert whole is not None and len(answers) == len(whole.lines) > 3
    assert [line for answer in answers for line in answer.lines] == list(whole.lines)
    assert county.lines_for(asked, TOWNSHIP, 1)[0] is None and county.lines_for(None, TOWNSHIP, 1)[0] is None


def test_nothing_is_asked_once_all_is_here_nor_sent_unasked(net: Network) -> None:
    checkpoint_day(net)
    net.wire.passed.clear()
    net[VILLAGE].sync()
    for asked, answered in (net.spoken(passed, VILLAGE) for passed in net.wire.passed):
        assert asked.lines_asked is None and answered.lines is None


def test_a_checkpoint_and_its_lines_reach_a_village_without_waiting_for_the_next_period(net: Network) -> None:
    net.built.clock.now_ms += 1
    net[COUNTY].member.casebook.write_checkpoint()
    net[TOWNSHIP].sync()
    net[VILLAGE].sync()
    assert net[VILLAGE].member.casebook.county_standing().complete


def test_a_township_hands_on_only_as_far_as_it_has_come_itself(net: Network) -> None:
    net.built.clock.now_ms += 1
    made = net[COUNTY].member.casebook.write_checkpoint()
    net[TOWNSHIP].exchange()
    net[VILLAGE].sync()
    village = net[VILLAGE].member.casebook
    assert village.lines_wanted() == LinesAsked(*made.key, 0) and not village.county_standing().complete
    net[TOWNSHIP].sync()
    net[VILLAGE].sync()
    assert village.lines_wanted() is None and village.county_standing().complete


def test_lines_that_were_lost_are_asked_for_again(net: Network) -> None:
    checkpoint_day(net)
    village = net[VILLAGE].member
    with village.store.writing() as connection:
        connection.exec_driver_sql("DELETE FROM checkpoint_lines")
        connection.exec_driver_sql("DELETE FROM meta WHERE name = 'checkpoint_lines'")
    assert village.casebook.lines_wanted() is not None
    net[VILLAGE].sync()
    assert village.casebook.lines_wanted() is None and lines_at(net, VILLAGE)


def answer_for(net: Network, code: str) -> Lines:
    """What the county would answer a node that has no line yet."""
    newest = net[COUNTY].member.casebook.newest_checkpoint()
    assert newest is not None
    answer, _ = net[COUNTY].member.casebook.lines_for(LinesAsked(*newest.key, 0), code, 1 << 20)
    assert answer is not None
    return answer


def give(net: Network, code: str, lines: Lines) -> None:
    """Hand an answer to a node as its parent's."""
    net[code].member.casebook.receive(net.parent(code).incarnation, Content(lines=lines), peer_update={})


@pytest.fixture
def announced(net: Network) -> Network:
    """Everybody holds a checkpoint event, and nobody but the county any line."""
    made = net[COUNTY].member.casebook.write_checkpoint()
    for live in net.nodes.values():
        if live.uplink is not None:
            live.exchange()
    for code in (VILLAGE, SECOND_VILLAGE):
        net[code].exchange()
    with net[VILLAGE].member.store.writing() as connection:
        connection.exec_driver_sql("DELETE FROM checkpoint_lines")
        connection.exec_driver_sql("DELETE FROM meta WHERE name = 'checkpoint_lines'")
    assert net[VILLAGE].member.casebook.lines_wanted() == LinesAsked(*made.key, 0)
    return net


def _another_hash(lines: Lines) -> Lines:
    return lines._replace(lines=(*lines.lines[:-1], lines.lines[-1]._replace(hash=bytes(32))))


def _another_position(lines: Lines) -> Lines:
    return lines._replace(lines=(lines.lines[0]._replace(seq=lines.lines[0].seq + 1), *lines.lines[1:]))


def _another_leaf(lines: Lines) -> Lines:
    return lines._replace(lines=(lines.lines[0]._replace(leaf=lines.lines[0].leaf ^ 1), *lines.lines[1:]))


def _unknown_author(lines: Lines) -> Lines:
    return lines._replace(lines=(lines.lines[0]._replace(incarnation=bytes(16)), *lines.lines[1:]))


@pytest.mark.parametrize("lie", [_another_hash, _another_position, _another_leaf, _unknown_author])
def test_a_line_that_does_not_hold_is_refused_and_counted(announced: Network, lie: Callable[[Lines], Lines]) -> None:
    casebook = announced[VILLAGE].member.casebook
    give(announced, VILLAGE, lie(answer_for(announced, VILLAGE)))
    assert not lines_at(announced, VILLAGE) and casebook.lines_wanted() is not None
    assert casebook.counts()["refused"] == 1
    give(announced, VILLAGE, answer_for(announced, VILLAGE))
    assert casebook.county_standing().complete


def test_a_line_of_a_scope_that_is_not_followed_is_refused(announced: Network) -> None:
    give(announced, VILLAGE, answer_for(announced, TOWNSHIP))
    assert not lines_at(announced, VILLAGE) and announced[VILLAGE].member.casebook.counts()["refused"] == 1


def test_an_answer_that_leaves_a_hole_or_is_about_another_checkpoint_changes_nothing(announced: Network) -> None:
    answer = answer_for(announced, VILLAGE)
    late = answer._replace(first=answer.lines[0].leaf + 1, lines=answer.lines[1:])
    for other in (late, answer._replace(seq=answer.seq + 1), answer._replace(upto=answer.upto + 1)):
        give(announced, VILLAGE, other)
        assert not lines_at(announced, VILLAGE)
    assert announced[VILLAGE].member.casebook.counts()["refused"] == 0


def test_what_the_county_holds_and_has_not_arrived_is_counted(net: Network) -> None:
    """The county's word has come and its events have not: a relay kept them, or this disk lost them."""
    ref = net[VILLAGE].member.file()
    net.settle()
    net[COUNTY].member.act(ref, kinds.NOTE, {"text": "请尽快补充"})
    net[COUNTY].member.act(ref, kinds.NOTE, {"text": "已电话联系"})
    checkpoint_day(net)
    assert net[VILLAGE].member.casebook.county_standing().not_arrived == 0
    key = (net[COUNTY].incarnation, about(VILLAGE))
    member = net[VILLAGE].member
    with member.store.writing() as connection:
        row = streams.by_keys(connection, [key])[key]
        for table in ("events", "seals", "receipts", "receipt_times"):
            connection.exec_driver_sql(f"DELETE FROM {table} WHERE stream = {row.id}")
        connection.exec_driver_sql(f"DELETE FROM streams WHERE id = {row.id}")
    village = net.start(VILLAGE)
    assert village.member.casebook.counts()["checkpoint"]["not_arrived"] == 3
    net.settle()
    assert village.member.casebook.counts()["checkpoint"]["not_arrived"] == 0


def test_another_hash_at_a_position_held_here_is_an_alarm(announced: Network) -> None:
    """The county signed a checkpoint over another history than the one here: it lies, or was restored."""
    net = announced
    give(net, VILLAGE, answer_for(net, VILLAGE))
    casebook = net[VILLAGE].member.casebook
    assert casebook.county_standing().alarms == 0
    key = (net[VILLAGE].incarnation, about(VILLAGE))
    with net[VILLAGE].member.store.writing() as connection:
        row = streams.by_keys(connection, [key])[key]
        line = checkpoints.of_streams(connection, [row.stream_id])[row.stream_id]
        checkpoints.keep_lines(connection, [line._replace(hash=bytes(32))])
    casebook = net.start(VILLAGE).member.casebook
    assert casebook.county_standing().contradicted == (key,)
    assert casebook.counts()["checkpoint"]["contradicted"] == [about(VILLAGE)]


def test_a_checkpoint_that_goes_back_below_an_older_one_is_an_alarm_until_it_is_made_good(net: Network) -> None:
    """The county is set back to yesterday: its next word is lower than its last."""
    checkpoint_day(net)
    net[VILLAGE].member.file()
    net.settle()
    checkpoint_day(net)
    key = (net[VILLAGE].incarnation, about(VILLAGE))
    # The same county says less than it said: a line of its newest checkpoint stands below what it vouched for before.
    with net[VILLAGE].member.store.writing() as connection:
        row = streams.by_keys(connection, [key])[key]
        line = checkpoints.of_streams(connection, [row.stream_id])[row.stream_id]
        low = streams.hashes(connection, row.id, 2, 2)[2]
        checkpoints.keep_lines(connection, [line._replace(seq=2, hash=low)])
        assert line.highest == line.seq > 2
    village = net.start(VILLAGE)
    assert village.member.casebook.county_standing().went_back == (key,)
    checkpoint_day(net)
    assert village.member.casebook.county_standing().alarms == 0


def test_a_stream_that_the_newest_checkpoint_leaves_out_is_an_alarm(net: Network) -> None:
    checkpoint_day(net)
    checkpoint_day(net)
    member, key = net[VILLAGE].member, (net[TOWNSHIP].incarnation, about(VILLAGE))
    with member.store.writing() as connection:
        stream = streams.by_keys(connection, [key])[key].stream_id
        line = checkpoints.of_streams(connection, [stream])[stream]
        checkpoints.keep_lines(connection, [line._replace(checkpoint=line.checkpoint - 1)])
    assert net.start(VILLAGE).member.casebook.county_standing().went_back == (key,)


def test_a_checkpoint_of_a_later_version_is_stored_and_the_older_one_counts(
    net: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = net[COUNTY].member.casebook.write_checkpoint()
    settle_lines(net)
    with monkeypatch.context() as later:
        later.setitem(kinds.BY_NUMBER, kinds.CHECKPOINT, kinds.BY_NUMBER[kinds.CHECKPOINT]._replace(version=2))
        later.setattr(checkpoint, "VERSION", 2)
        assert net[COUNTY].member.casebook.write_checkpoint().seq == first.seq + 1
    settle_lines(net)
    village = net[VILLAGE].member.casebook
    assert village.newest_checkpoint() == first and village.county_standing().complete


def test_a_forked_stream_has_one_line_that_stays_with_its_first_branch_and_rings_nowhere(
    net: Network, tmp_path: Path
) -> None:
    village, county = net[VILLAGE].member, net[COUNTY].member
    key = (village.identity.incarnation, about(VILLAGE))
    with life_of(net.built, tmp_path, "twin") as twin:
        twin.file()
        for above in (county, net[TOWNSHIP].member):
            give_all(above, twin)
        checkpoint_day(net)
        twin.file()
        give_all(county, twin)
    with county.store.reading() as connection:
        rows = [row for row in streams.in_scopes(connection, [key[1]]) if row.key == key]
    (first,) = (row for row in rows if row.since == 0)
    assert len(rows) == 2
    for _ in range(2):
        checkpoint_day(net)
        line = next(line for line in lines_at(net, COUNTY) if (line.incarnation, line.scope) == key)
        assert (line.seq, line.hash) == (first.body_seq, first.body_hash)
        for code in (TOWNSHIP, VILLAGE):
            standing = net[code].member.casebook.county_standing()
            assert (standing.contradicted, standing.went_back) == ((), ()), code


def test_a_county_in_doubt_about_its_last_life_vouches_for_nothing_that_may_be_written_again(net: Network) -> None:
    """It says no more than others are known to hold: what is written again elsewhere would look like a step back."""
    county = net[COUNTY].member
    ref = net[VILLAGE].member.file()
    net.settle()
    county.act(ref, kinds.NOTE, {"text": "尚未发出"})
    county.casebook.begin_again(Reason.OTHER_MACHINE)
    county.act(ref, kinds.NOTE, {"text": "新机所写"})
    checkpoint_day(net)
    assert net[VILLAGE].member.casebook.county_standing().alarms == 0
    checkpoint_day(net)
    for code in (VILLAGE, TOWNSHIP):
        standing = net[code].member.casebook.county_standing()
        assert (standing.alarms, standing.not_arrived) == (0, 0), standing
