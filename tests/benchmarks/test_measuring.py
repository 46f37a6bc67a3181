"""What the figures stand on: the documents are always the same, bytes are counted right, references can be taken."""

import json
import socket
import threading
import time
from pathlib import Path
from statistics import mean
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from sync_protocol.case import bodies, kinds
from tests.benchmarks import casework, crowd, references, report, senders
from tests.benchmarks.counting import CountingProxy, Traffic
from tests.benchmarks.documents import MEAN_JSON_BYTES, as_json, documents
from tests.benchmarks.frames import frames, take
from tests.benchmarks.network import COUNTY, found, opened
from tests.benchmarks.processes import Worker
from village_node.store.cases import VERDICT_NUMBERS


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


def test_villages_are_shared_out_among_the_townships(tmp_path: Path):
    network = found(tmp_path, 5, 2)
    first, second = (seat.identity for seat in network.townships)
    assert [seat.identity.parent for seat in network.villages] == [first.incarnation] * 3 + [second.incarnation] * 2
    places = [seat.identity.place for seat in network.villages]
    assert [place[:9] for place in places] == [first.place[:9]] * 3 + [second.place[:9]] * 2
    assert len({first.place, second.place, *places}) == 7
    with opened(network.villages[-1]) as village, opened(network.county) as county:
        assert village.roster.places.path_up(places[-1]) == (places[-1], second.place, COUNTY)
        assert all(county.roster.nodes_of(place) for place in places)


def here(opened: object) -> Any:
    """What acts as a worker does, in this process."""
    return SimpleNamespace(do=lambda act, *arguments: act(opened, *arguments))


def test_a_crowd_is_not_sound_while_the_county_lacks_something_or_holds_what_does_not_count(tmp_path: Path):
    network = found(tmp_path, 2)
    with opened(network.county) as county, opened(network.villages[0]) as one, opened(network.villages[1]) as other:
        station = SimpleNamespace(node=SimpleNamespace(casebook=county, store=county.store))
        seats = zip(network.villages, (one, other), strict=True)
        villages = [SimpleNamespace(seat=seat, casebook=casebook) for seat, casebook in seats]
        whole = crowd.Crowd(network, here(station), [], here(villages), "")
        casework.file_all(one, list(documents(1)))
        with pytest.raises(AssertionError, match="folded"):
            whole.refuse_unsound(1)
        for body in frames(one, network.villages[0].identity.place):
            take(county, network.township, body)
        whole.refuse_unsound(1)
        casework.file_all(other, list(documents(1)))
        with pytest.raises(AssertionError, match="other streams"):
            whole.refuse_unsound(1)
        with county.store.writing() as connection:
            connection.exec_driver_sql(f"UPDATE events SET verdict = {VERDICT_NUMBERS['void']}")
        county.tell({"*"})
        with pytest.raises(AssertionError, match="does not count"):
            whole.refuse_unsound(1)


def test_light_villages_have_one_case_and_the_others_the_rest(tmp_path: Path):
    with senders.sending(tmp_path, 3, "http://127.0.0.1:9") as villages:
        assert crowd.file_week(villages, 6) == 12
        assert [casework.cases_held(each.casebook) for each in villages] == [1, 3, 2]


@pytest.mark.sockets
def test_a_page_that_fails_is_not_passed_over():
    with crowd.Visitors("http://127.0.0.1:9") as visitors:
        pass
    with pytest.raises(requests.ConnectionError):
        visitors.took_ms()
