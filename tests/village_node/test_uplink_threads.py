"""The uplink's threads outlive what goes wrong around them, and never run hot."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.network import COUNTY, TOWNSHIP, VILLAGE, Live, Network, network
from village_node.store import NotReadable
from village_node.uplink import Ancestor, Settings, Uplink

LONG_S = 10.0


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Network]:
    """A county, a township and a village that have met; nothing is owed."""
    made = network(tmp_path, COUNTY, TOWNSHIP, VILLAGE)
    made.settle()
    yield made
    made.close()


def running(net: Network, live: Live, settings: Settings) -> Uplink:
    """An uplink of this node on the real clock, with its threads."""
    member = live.member
    uplink = Uplink(
        member.casebook,
        member.identity,
        settings,
        net.built.clock,
        time.monotonic,
        net.built.chance.randbytes,
        net.session,
    )
    uplink.start()
    return uplink


def until_introduced(uplink: Uplink) -> None:
    """Wait for the first exchange."""
    deadline = time.monotonic() + LONG_S
    while not uplink.status()["introduced"] or uplink.status()["exchanging"]:
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)


def test_a_database_that_cannot_be_read_for_a_moment_does_not_end_the_uplink(
    net: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    village = net[VILLAGE]
    uplink = running(net, village, replace(Settings((Ancestor(f"http://{TOWNSHIP}"),)), sync_every_s=3600.0))
    until_introduced(uplink)
    met = threading.Event()

    def unreadable(_place: str) -> None:
        met.set()
        raise NotReadable("暂时无法读取", "cannot be read at the moment")

    with monkeypatch.context() as patch:
        patch.setattr(village.member.casebook, "shared_points", unreadable)
        village.member.file()
        assert met.wait(LONG_S)
        deadline = time.monotonic() + LONG_S
        while not uplink.status()["failures"]:
            assert time.monotonic() < deadline, "the trouble is to be said"
            threading.Event().wait(0.01)
    assert "暂时无法读取" in str(uplink.status()["last_error"])
    assert all(thread.is_alive() for thread in uplink._threads.values())
    uplink.stop()


def test_a_waiting_call_that_is_not_held_is_not_made_again_at_once(net: Network) -> None:
    """The bench here sends everybody home at once, as it does to two lives that end each other's calls in turn."""
    asked = threading.Event()
    uplink = running(
        net, net[VILLAGE], Settings((Ancestor(f"http://{TOWNSHIP}", f"http://wait-{TOWNSHIP}"),), sync_every_s=3600.0)
    )
    until_introduced(uplink)
    asked.wait(0.8)  # less than the shortest pause
    uplink.stop()
    calls = [one for one in net.wire.passed if "/sync/v1/wait" in one.url]
    assert len(calls) == 1


def test_an_ancestor_that_always_says_come_is_asked_less_and_less(
    net: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one does that takes for told what has not arrived here."""
    pauses: list[float] = []
    enough = threading.Event()

    def pause(uplink: Uplink, seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 10:
            uplink._stopping = True
            enough.set()

    monkeypatch.setattr(Uplink, "_pause", pause)
    monkeypatch.setattr(Uplink, "_wait_once", lambda *_: True)
    monkeypatch.setattr(Uplink, "_random_unit", lambda _: 1.0)
    above = Ancestor(f"http://{TOWNSHIP}", f"http://wait-{TOWNSHIP}")
    uplink = running(net, net[VILLAGE], Settings((above,), sync_every_s=3600.0))
    assert enough.wait(LONG_S)
    uplink.stop()
    assert pauses == [4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 600.0, 600.0]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_an_unforeseen_error_ended_begins_again_at_the_next_tick(
    net: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    village = net[VILLAGE]
    uplink = running(net, village, replace(Settings((Ancestor(f"http://{TOWNSHIP}"),)), sync_every_s=3600.0))
    until_introduced(uplink)

    def broken(_place: str) -> None:
        raise ZeroDivisionError("a fault of the program")

    with monkeypatch.context() as patch:
        patch.setattr(village.member.casebook, "shared_points", broken)
        village.member.file()
        deadline = time.monotonic() + LONG_S
        while any(thread.name == "uplink" and thread.is_alive() for thread in threading.enumerate()):
            assert time.monotonic() < deadline
            threading.Event().wait(0.01)
    uplink.keep_running()
    deadline = time.monotonic() + LONG_S
    while net[TOWNSHIP].member.casebook.counts()["streams"] == []:
        assert time.monotonic() < deadline, "what was filed is to arrive"
        threading.Event().wait(0.01)
    uplink.stop()
    assert not any(thread.name == "uplink" and thread.is_alive() for thread in threading.enumerate())
