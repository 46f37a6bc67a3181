"""Uplinks that run by themselves, on real sockets: news travels at once both ways, and silence costs nothing."""

import threading
import time
from pathlib import Path

import pytest

from sync_protocol.case import kinds
from tests.builders import COUNTY, SECOND_VILLAGE, TOWNSHIP, VILLAGE, Member
from tests.served import ServedNetwork, served_network, until

pytestmark = pytest.mark.sockets


def acquainted(net: ServedNetwork) -> None:
    """Wait until every uplink has met its parent and its waiting call stands."""
    for code, uplink in net.uplinks.items():
        while not uplink.status()["introduced"]:
            until(lambda uplink=uplink: uplink.status()["introduced"], net[code])  # type: ignore[misc]


def notes_at(member: Member, scope: str, case_id: bytes) -> int:
    """How many entries a case's timeline has here."""
    return len(member.casebook.timeline(scope, case_id))


def test_news_travels_up_and_down_at_once_without_anybody_calling(tmp_path: Path) -> None:
    with served_network(tmp_path, (COUNTY, TOWNSHIP, VILLAGE, SECOND_VILLAGE), sync_every_s=3600.0) as net:
        acquainted(net)
        village, county = net[VILLAGE], net[COUNTY]
        took = []
        for n in range(5):
            ref = village.file()
            until(lambda ref=ref: county.state(ref) == "received", county)  # type: ignore[misc]
            began = time.monotonic()
            county.act(ref, kinds.NOTE, {"text": f"第{n}次"})
            until(lambda ref=ref: notes_at(village, ref.scope, ref.case_id) == 3, village)  # type: ignore[misc]
            took.append(time.monotonic() - began)
        assert sorted(took)[2] < 2.0, took
        # The receipts come by themselves too: in the end the county knows that the village holds all of it.
        until(lambda: _equal(net), county, 20.0)


def _equal(net: ServedNetwork) -> bool:
    return all(
        sorted(map(str, net[child].casebook.shared_points(child)))
        == sorted(map(str, net[parent].casebook.shared_points(child)))
        for child, parent in ((VILLAGE, TOWNSHIP), (SECOND_VILLAGE, TOWNSHIP), (TOWNSHIP, COUNTY))
    )


def test_an_idle_network_is_silent(tmp_path: Path) -> None:
    """No exchange follows another when nothing happens; waiting calls stand."""
    with served_network(tmp_path, (COUNTY, TOWNSHIP, VILLAGE), sync_every_s=3600.0) as net:
        acquainted(net)
        net[VILLAGE].file()
        until(lambda: _equal_pairs(net), net[COUNTY], 20.0)
        before = [uplink._lines[0].begun for uplink in net.uplinks.values()]
        threading.Event().wait(1.5)  # nothing shall happen, so there is nothing to wait for
        after = [uplink._lines[0].begun for uplink in net.uplinks.values()]
        assert sum(after) - sum(before) <= 2, "the last receipts at most"


def _equal_pairs(net: ServedNetwork) -> bool:
    return all(
        len(net[code].casebook.shared_points(code)) == 1 and not net.uplinks[code].status()["failures"]
        for code in (VILLAGE, TOWNSHIP)
    )


def test_a_button_pressed_is_an_exchange_and_says_what_came_of_it(tmp_path: Path) -> None:
    with served_network(tmp_path, (COUNTY, TOWNSHIP, VILLAGE), sync_every_s=3600.0) as net:
        acquainted(net)
        answer = net.uplinks[VILLAGE].sync_now()
        assert answer["ok"] and answer["error"] is None
        net.served[TOWNSHIP].close()
        answer = net.uplinks[VILLAGE].sync_now()
        assert not answer["ok"] and "连不上" in answer["error"]
        assert net.uplinks[VILLAGE].status()["failures"] >= 1


def test_stopping_does_not_wait_for_a_standing_call(tmp_path: Path) -> None:
    with served_network(tmp_path, (COUNTY, TOWNSHIP, VILLAGE), wait_s=60.0) as net:
        acquainted(net)
        began = time.monotonic()
        for uplink in net.uplinks.values():
            uplink.stop()
        assert time.monotonic() - began < 4.0
