"""Behind a TLS edge people are told apart by the address it names; elsewhere nobody can name an address of his own."""

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
GUESSES = 25


@pytest.mark.sockets
@pytest.mark.parametrize(
    ("behind_tls", "edge_address", "other_person_gets"),
    [(True, "127.0.0.1", 404), (True, "192.0.2.1", 429), (False, "127.0.0.1", 429)],
)
def test_one_persons_wrong_guesses_lock_out_nobody_else(
    tmp_path: Path, behind_tls: bool, edge_address: str, other_person_gets: int
) -> None:
    data = tmp_path / "county"
    assert cli.main(["init", "--data", str(data), "--place", "621021000000", "--name", "庆城县"]) == 0
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    chosen = replace(load(data), port=port, wait_port=0, behind_tls=behind_tls, edge_address=edge_address)
    node = create_node(chosen)
    stop, ready = threading.Event(), threading.Event()
    serving = threading.Thread(target=node.serve, args=(stop, ready.set), daemon=True)
    serving.start()
    assert ready.wait(LONG_S)

    def guess(address: str) -> int:
        url = f"http://127.0.0.1:{port}/q/0000000000000"
        return requests.get(url, headers={"X-Forwarded-For": address}, timeout=LONG_S).status_code

    assert [guess("203.0.113.7") for _ in range(GUESSES)][-1] == 429
    assert guess("203.0.113.8") == other_person_gets
    stop.set()
    serving.join(LONG_S)
    node.close()
