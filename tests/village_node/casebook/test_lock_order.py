"""Two workers that draw numbers of one count in one scope wait for each other in line, and never in a ring."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sync_protocol.case import kinds
from tests.builders import APPLICATION, COUNTY, Member
from tests.postgresql import Cluster
from tests.village_node.casebook import contender
from village_node.casebook.desk import COUNTER
from village_node.store import Store, peers

pytestmark = pytest.mark.postgres
SAID = {"text": "等了一上午没人理", "place": COUNTY, "who": "3号窗口"}


@pytest.fixture(scope="module")
def workers(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Member, Member]]:
    """Two workers of one county."""
    folder: Path = tmp_path_factory.mktemp("workers")
    url = cluster.database()
    both = contender.county(folder, url, 1), contender.county(folder, url, 2)
    both[0].file(item_no="036")  # the stream is there
    yield both
    for each in both:
        each.store.close()


def complain(worker: Member) -> Callable[[], Any]:
    return lambda: worker.casebook.complain("0102", worker.roles, SAID)


def receive(worker: Member) -> Callable[[], Any]:
    ref = worker.casebook.ask_preview("0102", worker.roles, {**APPLICATION, "item_no": "036"})
    worker.act(ref, kinds.PREREVIEW_REPLY, {"outcome": "ready"})
    case = worker.casebook.case(ref.scope, ref.case_id)
    assert case is not None
    return lambda: worker.casebook.receive_draft("0102", worker.roles, ref[:2], "counter", case.last)


@pytest.mark.parametrize("other", [complain, receive])
def test_who_draws_a_number_holds_the_stream_already(
    workers: tuple[Member, Member], other: Callable[[Member], Callable[[], Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One files, and has the stream; the other comes before the number is drawn, and waits for the stream alone."""
    files, comes = workers
    beside = other(comes)
    has_the_stream, waits = threading.Event(), threading.Event()
    drawn: list[str] = []
    count_up, exclusive = peers.count_up, Store.exclusive

    def counted(connection: Any, name: str, by: int = 1) -> int:
        if name == COUNTER:
            drawn.append(threading.current_thread().name)
            if drawn == ["files"]:
                has_the_stream.set()
                assert waits.wait(20)
        return count_up(connection, name, by)

    def held(store: Store, *what: Any) -> None:
        if threading.current_thread().name == "comes":
            waits.set()
        exclusive(store, *what)

    monkeypatch.setattr(peers, "count_up", counted)
    monkeypatch.setattr(Store, "exclusive", held)

    def come() -> None:
        assert has_the_stream.wait(20)
        beside()

    hands = [
        threading.Thread(target=lambda: files.file(item_no="036"), name="files"),
        threading.Thread(target=come, name="comes"),
    ]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join(60)
    assert drawn == ["files", "comes"], "one of them was thrown out of a ring, and drew again"
