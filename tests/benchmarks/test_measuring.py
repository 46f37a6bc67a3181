"""What the figures stand on: the documents are always the same, bytes are counted right, references can be taken."""

import json
import socket
import threading
import time
from pathlib import Path
from statistics import mean

import pytest

from sync_protocol.case import bodies, kinds
from tests.benchmarks import references, report, senders
from tests.benchmarks.counting import CountingProxy, Traffic
from tests.benchmarks.documents import MEAN_JSON_BYTES, as_json, documents
from tests.benchmarks.processes import Worker


def test_documents_are_the_same_in_every_run():
    assert [each.body for each in documents(50)] == [each.body for each in documents(50)]
    assert [each.body for each in documents(50)] != [each.body for each in documents(50, seed=1)]


def test_documents_have_the_stated_mean_size_and_32_random_bytes_each():
    made = list(documents(10_000))
    assert mean(each.json_bytes for each in made) == pytest.approx(MEAN_JSON_BYTES, abs=1)
    assert all(each.json_bytes == len(as_json(each.body)) for each in made)
    assert len({each.body["answers"]["凭证"] for each in made}) == len(made)
    assert {len(bytes.fromhex(each.body["answers"]["凭证"])) for each in made} == {32}


def test_every_document_is_an_application_the_tables_accept():
    for each in documents(1_000):
        assert bodies.check(kinds.CREATE, bodies.numbered(kinds.CREATE, each.body)) is None


@pytest.fixture
def web_server():
    """A server that answers every request with as many bytes as the request's body had, plus one; says what it read."""
    listener = socket.create_server(("127.0.0.1", 0))

    def answer(connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream:
            while line := stream.readline():
                length = 0
                while line.strip():
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.split(b":")[1])
                    line = stream.readline()
                stream.read(length)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (length + 1) + bytes(length + 1))

    def serve() -> None:
        for _ in range(2):
            connection, _ = listener.accept()
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    with listener:
        yield listener.getsockname()[1]


@pytest.mark.sockets
def test_the_proxy_counts_every_byte_of_heads_and_bodies_both_ways(web_server):
    answer_head = len(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n")
    request = b"POST /sync HTTP/1.1\r\ncontent-length: 10\r\n\r\n" + b"\r\n\r\nPOST /x"[:10]
    with CountingProxy(web_server) as proxy:
        for _ in range(2):
            with socket.create_connection(("127.0.0.1", proxy.port)) as child:
                child.sendall(request[:30])  # a head may come in pieces
                child.sendall(request[30:] + request)
                wanted = 2 * (answer_head + 11)
                while wanted:
                    wanted -= len(child.recv(wanted))
        assert proxy.traffic() == Traffic(up=4 * len(request), down=4 * (answer_head + 11), bodies=4 * 21, requests=4)


def test_references_can_be_taken_and_leave_nothing_behind(tmp_path: Path):
    rows = [(1, seq, seq.to_bytes(32, "big"), bytes(100)) for seq in range(10)]
    assert references.sqlite_rows_per_s(rows, tmp_path) > 100
    assert references.disk_sync_ms(tmp_path) > 0
    signed, verified = references.ed25519_per_s()
    assert signed > verified > 100
    assert list(tmp_path.iterdir()) == []


def test_a_slow_disk_makes_each_commit_longer_and_no_read(tmp_path: Path):
    extra_s = 0.2
    with Worker(senders.sending, tmp_path, 1, "http://127.0.0.1:9", extra_sync_ms=extra_s * 1000) as villages:
        assert villages.do(_seconds_to_file) >= extra_s
        assert villages.do(_seconds_to_read) < extra_s


def _seconds_to_file(villages: list[senders.Sender]) -> float:
    began = time.perf_counter()
    senders.file_bulk(villages, 1)
    return time.perf_counter() - began


def _seconds_to_read(villages: list[senders.Sender]) -> float:
    began = time.perf_counter()
    assert senders.events_held(villages) == 2
    return time.perf_counter() - began


def test_a_figure_is_one_line_of_json_that_says_whether_the_bar_was_reached():
    spent = report.Spent(wall_s=2.0, cpu_s=1.0)
    told = json.loads(report.Figure("admit", 9000.4, "events/s", 18_000, spent, reference=100_000, least=8_000).line())
    assert told["ratio"] == 0.09
    assert told["sync"] == "FULL"
    assert told["reached"]
    told = json.loads(report.Figure("wire", 160.25, "B", 1, spent, most=150, more=(("requests", 2),)).line())
    assert not told["reached"]
    assert (told["value"], told["requests"]) == (160.2, 2)
