"""Two hands that prove forks of one stream at the same moment, on PostgreSQL: together they keep no more than one."""

import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from sync_protocol import limits
from tests.builders import COUNTY, TOWNSHIP, VILLAGE, Network
from tests.postgresql import Cluster
from tests.village_node.casebook.messages import events_of, frame
from tests.village_node.casebook.test_branches import HOME, give_all, life_of
from village_node.store import forks, streams

pytestmark = pytest.mark.postgres


def test_arms_that_come_at_the_same_moment_are_counted_together(
    cluster: Cluster, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "FORK_ARMS", 2)
    net = Network(folder)
    net.enrol(COUNTY, TOWNSHIP, VILLAGE)
    county = net.open(COUNTY, cluster.database())
    with ExitStack() as stack:
        lives = [stack.enter_context(life_of(net, folder, f"life {number}")) for number in range(4)]
        for life in lives:
            life.file()
        for life in lives[:2]:
            give_all(county, life)
        key = (lives[0].identity.incarnation, HOME)
        messages = [frame(life, key, events_of(life, key)) for life in lives[2:]]
        both_have_planned = threading.Barrier(2)
        take, planned = county.store.exclusive, threading.local()

        def exclusive(*words: object) -> None:
            if not getattr(planned, "once", False):
                planned.once = True
                both_have_planned.wait(20)
            take(*words)  # type: ignore[arg-type]

        monkeypatch.setattr(county.store, "exclusive", exclusive)
        codes: list[list[int]] = []

        def receive(number: int) -> None:
            received = county.casebook.receive(key[0], messages[number], peer_update={})
            codes.append([answer.code for answer in received.answers])

        hands = [threading.Thread(target=receive, args=(number,)) for number in range(2)]
        for each in hands:
            each.start()
        for each in hands:
            each.join(60)
    with county.store.reading() as connection:
        arms = {(row.split, arm) for row in forks.read(connection) for arm in (row.lower, row.upper)}
        held = [*streams.by_keys(connection, [key]).values(), *streams.sides(connection, [key])]
    assert len(arms) == limits.FORK_ARMS + 1
    assert sorted(map(len, codes)) == [0, 1], "one of them came first, and the other is told"
    assert [row.head_seq for row in held if row.head_seq >= row.since] == [2, 2, 2]
    county.store.close()
