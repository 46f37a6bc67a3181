"""A resident at a village asks about a case that the county took in: three programs as they are installed."""

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from center_node import cli as county_cli
from center_node.app import create_node as create_county
from tests.asking import COUNTYS_OWN, facts, filed_at
from tests.builders import Clock, Member
from township_node import cli as township_cli
from township_node.app import create_node as create_township
from village_node import cli as village_cli
from village_node.app import Node, create_node
from village_node.config import load

REGIONS = "code,name,level,parent\n621021000000,庆城县,county,\n621021101000,驿马镇,township,621021000000\n"
LONG_S = 20.0


def free_port() -> int:
    """A port on loopback that nobody holds now."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@contextmanager
def serving(create: Callable[..., Node], data: Path, port: int) -> Iterator[Node]:
    """A node as it serves."""
    node = create(replace(load(data), port=port, wait_port=0))
    stop, ready = threading.Event(), threading.Event()
    thread = threading.Thread(target=node.serve, args=(stop, ready.set), daemon=True)
    thread.start()
    assert ready.wait(LONG_S)
    try:
        yield node
    finally:
        stop.set()
        thread.join(LONG_S)
        node.close()


def look_up(port: int, number: str, code: str) -> requests.Response:
    """Type number and code, as a browser does."""
    browser, url = requests.Session(), f"http://127.0.0.1:{port}/query"
    found = re.search(r'name="token" value="([0-9a-f]{32})"', browser.get(url, timeout=LONG_S).text)
    assert found is not None
    return browser.post(url, data={"number": number, "code": code, "token": found[1]}, timeout=LONG_S)


@pytest.mark.sockets
@pytest.mark.slow
def test_the_county_s_answer_is_read_at_the_village(tmp_path: Path) -> None:
    regions = tmp_path / "regions.csv"
    regions.write_text(REGIONS, encoding="utf-8")
    levels: list[tuple[Any, Callable[..., Node], Path, str, str]] = [
        (county_cli, create_county, tmp_path / "county", "621021000000", "庆城县"),
        (township_cli, create_township, tmp_path / "township", "621021101000", "驿马镇"),
        (village_cli, create_node, tmp_path / "village", "621021101201", "上关村"),
    ]
    ports = [free_port() for _ in levels]
    for at, (cli, _, data, place, name) in enumerate(levels):
        above = ["--parent-url", f"http://127.0.0.1:{ports[at - 1]}"] if at else ["--regions", str(regions)]
        asks = ["init", "--data", str(data), "--place", place, "--name", name, "--port", str(ports[at]), *above]
        assert cli.main(asks) == 0
        if at:
            request, answer, (parent_cli, _, parent, _, _) = data / "enrol-request.cbor", data / "a", levels[at - 1]
            assert parent_cli.main(["enrol", "--data", str(parent), str(request), str(answer)]) == 0
            assert cli.main(["init", "--data", str(data), "--answer", str(answer)]) == 0
    with ExitStack() as stack:
        county, township, village = (
            stack.enter_context(serving(create, data, port))
            for (_, create, data, _, _), port in zip(levels, ports, strict=True)
        )
        for node in (township, village):
            assert node.sync_now()["ok"]
        case = filed_at(Member(county.identity, county.store, county.casebook, Clock()), item_no=COUNTYS_OWN)
        told, own = (look_up(port, case.case_no, case.query_code) for port in (ports[2], ports[0]))
        assert (told.status_code, own.status_code) == (200, 200)
        assert "以下由 庆城县 刚刚告知" in told.text and facts(told.text)[:-1] == facts(own.text)[:-1]
        missed = look_up(ports[2], case.case_no, "0" * 13)
        assert missed.status_code == 404 and "已问过驿马镇、庆城县，也没有" in missed.text
