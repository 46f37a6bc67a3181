"""Which line makes way when there are too many: the quietest of whoever has most, never one that is at work."""

import os
import socket
import threading
from types import SimpleNamespace
from typing import Any

import pytest
import waitress

from village_node.app import Listener, served
from village_node.door import Answer, end_quiet, hang_up, quietest


def line(address: str, quiet_since: float, *, requests: tuple[object, ...] = (), left: int = 0) -> Any:
    return SimpleNamespace(addr=(address, 1), last_activity=quiet_since, requests=requests, total_outbufs_len=left)


def test_of_the_address_with_most_lines_the_quietest_makes_way() -> None:
    child = line("10.0.0.2", 1.0)
    crowd = [line("10.0.0.9", at) for at in (7.0, 5.0, 9.0)]
    assert quietest([child, *crowd]) is crowd[1]


def test_a_line_at_work_stays_and_does_not_count_against_its_address() -> None:
    at_work = [line("10.0.0.9", 1.0, requests=(object(),)), line("10.0.0.9", 2.0, left=5)]
    idle = line("10.0.0.2", 3.0)
    assert quietest([*at_work, idle]) is idle
    assert quietest(at_work) is None


def test_a_line_that_takes_nothing_of_its_answer_is_cut_after_the_time_out() -> None:
    """It is never ready to be written to, so telling it to end would leave it there, and hundreds close the door."""
    ended: list[str] = []

    def held(name: str, quiet_since: float, **state: Any) -> Any:
        made = line(name, quiet_since, **state)
        made.will_close, made.handle_close = False, lambda: ended.append(name)
        return made

    lines = {
        "stuck": held("stuck", 0.0, left=5),
        "slow": held("slow", 41.0, left=5),
        "at work": held("at work", 0.0, requests=(object(),), left=5),
        "silent": held("silent", 0.0),
        "young": held("young", 99.0),
    }
    end_quiet(SimpleNamespace(active_channels=lines, adj=SimpleNamespace(channel_timeout=60)), 100.0)
    assert ended == ["stuck"]
    assert [name for name, each in lines.items() if each.will_close] == ["silent"]


@pytest.mark.enable_socket
def test_a_name_of_two_addresses_is_served_at_both_and_let_go_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `localhost` is where there is IPv6 too."""
    asked = socket.getaddrinfo

    def two(host: str, *arguments: Any, **named: Any) -> Any:
        both = ("127.0.0.1", "127.0.0.2") if host == "two.addresses" else (host,)
        return [each for one in both for each in asked(one, *arguments, **named)]

    def answer(_environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]

    monkeypatch.setattr(socket, "getaddrinfo", two)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with served([Listener(answer, "two.addresses", port, 1)], edge=""):
        for address in ("127.0.0.1", "127.0.0.2"):
            with socket.create_connection((address, port), timeout=5.0) as there:
                there.sendall(b"GET / HTTP/1.0\r\n\r\n")
                assert there.recv(4096).startswith(b"HTTP/1.0 200")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", port), timeout=5.0)


@pytest.mark.enable_socket
def test_who_wakes_the_loop_after_it_has_ended_writes_to_no_file_of_another() -> None:
    """A thread with an answer does, and so may the one that hangs up: the loop can be quicker than its own write."""
    sockets: dict[int, Any] = {}
    server = waitress.create_server(lambda *_: [], map=sockets, host="127.0.0.1", port=0, threads=1)
    loop = threading.Thread(target=server.run, daemon=True)
    loop.start()
    write = server.trigger._physical_pull

    def late() -> None:
        write()
        loop.join(5.0)
        with open(os.devnull, "rb"), open(os.devnull, "rb"):  # these get the numbers of files that were closed
            write()

    server.trigger._physical_pull = late
    hang_up(server, sockets)
    assert not loop.is_alive() and not sockets
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.effective_port), timeout=5.0)
    server.task_dispatcher.shutdown()
    server.trigger.close()


@pytest.mark.parametrize(("path", "dated"), [("/sync", False), ("/sync/v1/exchange", False), ("/sync-bar", True)])
def test_an_answer_to_a_node_has_no_date_and_one_to_a_person_has(path: str, dated: bool) -> None:
    """A node's clock is nothing to go by, and what travels on a metered line is counted."""
    task = Answer.__new__(Answer)
    task.request = SimpleNamespace(path=path, headers={})
    task.channel = SimpleNamespace(server=SimpleNamespace(adj=SimpleNamespace(ident=None)))
    task.response_headers, task.content_length, task.version = [("Content-Length", "3")], 3, "1.1"
    task.status, task.start_time, task.close_on_finish = "200 OK", 0.0, False
    head = task.build_response_header()
    assert head.startswith(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n") and head.endswith(b"\r\n\r\n")
    assert (b"\r\nDate: Thu, 01 Jan 1970" in head) is dated
