"""A county, a township and a village pass events up and down that mean nothing to any of them."""

import time
from pathlib import Path

import pytest

from tests.network import COUNTY, TOWNSHIP, VILLAGE, network
from tests.township_node import three

DEADLINE_S = 20.0


def test_opaque_events_travel_up_and_down_on_the_wire_of_the_tests(tmp_path: Path) -> None:
    net = network(tmp_path)
    try:
        net.settle()
        for code in (VILLAGE, TOWNSHIP, COUNTY):
            three.write_opaque(net[code].member, 70)
        net.settle()
        held = [three.held_of(net[code].member) for code in (VILLAGE, TOWNSHIP, COUNTY)]
        assert held[0] == held[1] == held[2]
        assert [seq for _, seq, _ in held[0]] == [70, 70, 70]
    finally:
        net.close()


@pytest.mark.sockets
@pytest.mark.slow
def test_opaque_events_travel_up_and_down_between_three_processes(tmp_path: Path) -> None:
    nodes: list[three.Process] = []
    try:
        for code in (COUNTY, TOWNSHIP, VILLAGE):
            nodes.append(three.start(tmp_path, code, nodes[-1] if nodes else None))
        for node in nodes:
            node.ask("write", 70)
        deadline = time.monotonic() + DEADLINE_S
        held: list[list[tuple[str, int, str]]] = []
        while time.monotonic() < deadline:
            held = [node.ask("held") for node in nodes]
            if held[0] == held[1] == held[2] and len(held[0]) == 3:
                break
        assert held[0] == held[1] == held[2], held
        assert [seq for _, seq, _ in held[0]] == [70, 70, 70]
    finally:
        for node in nodes:
            node.stop()
