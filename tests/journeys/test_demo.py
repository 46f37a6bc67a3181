"""`make demo ONCE=1`: four real processes, one case through three levels and back, and a proof a stranger can check."""

import base64
import json
import os
import re
import signal
import subprocess
import sys
import urllib.request

import cbor2
import pytest
from cryptography.exceptions import InvalidSignature

from tests.journeys import proof

pytestmark = [pytest.mark.sockets, pytest.mark.slow, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def walked(tmp_path_factory):
    """What the demonstration printed last, and what the village's page said while it was held up."""
    data = tmp_path_factory.mktemp("demo")
    line = [sys.executable, "-m", "center_node.cli", "demo", "--once", "--hold", "4", "--data", str(data / "nodes")]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SANJI_")}
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True, env=environment) as process:
        printed, page = "", ""
        assert process.stdout is not None
        for printed in process.stdout:
            if printed.startswith("{"):
                opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
                page = opener.open(json.loads(printed)["query_url"], timeout=10).read().decode()
        assert process.wait(60) == 0
    return json.loads(printed), page


def test_the_case_is_decided_and_read_back(walked):
    printed, page = walked
    wanted = {"case_no", "query_code", "query_url", "item", "state", "seconds", "network_id", "county_key", "stream"}
    assert wanted | {"seq", "event", "item_hashes", "receipt"} <= set(printed)
    assert printed["case_no"] in page


def test_it_stays_up_for_people_and_stops_when_it_is_told(tmp_path):
    line = [sys.executable, "-m", "center_node.cli", "demo", "--data", str(tmp_path / "nodes")]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SANJI_")}
    opener, rooms = urllib.request.build_opener(urllib.request.ProxyHandler({})), []
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        told = ""
        for printed in process.stdout:
            told += printed
            if "Ctrl-C" in printed:
                for url in re.findall(r"^\S+ (http://\S+)$", told, re.MULTILINE):
                    rooms.append([opener.open(url + page, timeout=30).read().decode() for page in ("/hours", "/book")])
                process.send_signal(signal.SIGTERM)  # an interrupt is ignored by what a shell runs in the background
        assert process.wait(60) == 0, told
    assert len(rooms) == 4, told
    assert all("8:30–12:00" in hours and "/book?day=" in book for hours, book in rooms), "a resident may come"
    assert all(number in told for number in ("1001", "2001", "3001", "3002", "3003"))
    assert re.search(r"蒋督查（supervisor）工号 3005 一次性登录码 \S{8,}", told)


def test_a_stranger_can_check_that_the_county_received_it(walked):
    header = proof.check(walked[0])
    assert header["kind"] == 1 and len(header["case_id"]) == 16


@pytest.mark.parametrize("name", ["network_id", "county_key", "stream", "event", "receipt"])
def test_a_changed_byte_breaks_the_proof(walked, name):
    raw = bytearray(base64.b64decode(walked[0][name]))
    raw[len(raw) // 2] ^= 1
    with pytest.raises((AssertionError, InvalidSignature, ValueError, cbor2.CBORDecodeError)):
        proof.check(walked[0] | {name: base64.b64encode(bytes(raw)).decode()})
