"""A further worker of a county answers people and leaves other nodes to the first."""

import socket
import threading
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from center_node import cli
from center_node.app import create_node
from village_node.config import load

LONG_S = 20.0


def free_port() -> int:
    """A port on loopback that nobody holds now."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@pytest.mark.sockets
def test_a_further_worker_answers_people_and_no_node(tmp_path: Path) -> None:
    data = tmp_path / "county"
    assert cli.main(["init", "--data", str(data), "--place", "621021000000", "--name", "庆城县"]) == 0
    answers = {}
    for pages_only in (False, True):
        node = create_node(replace(load(data), port=free_port(), wait_port=0))
        stop, ready = threading.Event(), threading.Event()
        serving = threading.Thread(
            target=node.serve, args=(stop, ready.set), kwargs={"pages_only": pages_only}, daemon=True
        )
        serving.start()
        assert ready.wait(LONG_S)
        url = f"http://127.0.0.1:{node.config.port}"
        exchange = requests.post(
            f"{url}/sync/v1/exchange", headers={"Content-Type": "application/cbor"}, timeout=LONG_S
        )
        page = requests.get(f"{url}/healthz", timeout=LONG_S)
        answers[pages_only] = (exchange.status_code, page.status_code)
        stop.set()
        serving.join(LONG_S)
        node.close()
    assert answers == {False: (400, 200), True: (503, 200)}
