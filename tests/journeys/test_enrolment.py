"""Founding a county and enrolling nodes by the command line, with every mistake a person can make on the way."""

import json
import queue
import re
import shutil
import socket
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
import requests

from center_node import cli as county_cli
from township_node import cli as township_cli
from township_node import newcomers
from township_node.app import create_node as create_township
from village_node import cli as village_cli
from village_node import control, identity, joining
from village_node.accounts import SignInRefused
from village_node.app import create_node
from village_node.config import load

REGIONS = "code,name,level,parent\n621021000000,庆城县,county,\n621021101000,驿马镇,township,621021000000\n"


class Network(NamedTuple):
    """The data directories of a county, its township and a village, the last two not yet enrolled."""

    county: Path
    township: Path
    village: Path


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """The folder of a county that was founded, and of two nodes that asked to be let in: made once, copied for each."""
    folder = tmp_path_factory.mktemp("begun")
    regions = folder / "regions.csv"
    regions.write_text(REGIONS, encoding="utf-8")
    assert init(county_cli, folder / "county", "621021000000", "庆城县", "--regions", str(regions)) == 0
    asked = ("--parent-url", "http://127.0.0.1:1")
    assert init(township_cli, folder / "township", "621021101000", "驿马镇", *asked) == 0
    assert init(village_cli, folder / "village", "621021101201", "上关村委会", *asked) == 0
    return folder


@pytest.fixture
def network(begun, tmp_path, capsys):
    shutil.copytree(begun, tmp_path, dirs_exist_ok=True)
    capsys.readouterr()
    return Network(tmp_path / "county", tmp_path / "township", tmp_path / "village")


def init(cli, data, place, name, *more):
    return cli.main(["init", "--data", str(data), "--place", place, "--name", name, "--port", "0", *more])


def enrol(parent_cli, parent, child_cli, child, *more):
    request, answer = child / "enrol-request.cbor", child / "answer.cbor"
    code = parent_cli.main(["enrol", "--data", str(parent), str(request), str(answer), *more])
    return code or child_cli.main(["init", "--data", str(child), "--answer", str(answer)])


def status(cli, data, capsys):
    capsys.readouterr()
    assert cli.main(["status", "--data", str(data), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.slow
def test_three_levels_enrol_and_know_one_network(network, capsys):
    assert enrol(county_cli, network.county, township_cli, network.township) == 0
    assert enrol(township_cli, network.township, village_cli, network.village) == 0
    told = [
        status(cli, data, capsys) for cli, data in zip((county_cli, township_cli, village_cli), network, strict=True)
    ]
    assert len({each["network_id"] for each in told}) == 1
    assert [each["level"] for each in told] == ["county", "township", "village"]
    for name in ("waiting", "void", "contested", "refused", "parked"):
        assert all(each[name] == 0 for each in told)


def test_keys_are_for_their_owner_alone(network):
    for name in ("county-root.key", "publisher.key", "node.key"):
        assert (network.county / name).stat().st_mode & 0o077 == 0
    assert network.county.stat().st_mode & 0o077 == 0


def test_a_node_that_is_not_enrolled_says_what_is_left_to_do(network, capsys):
    assert village_cli.main(["sync", "--data", str(network.village)]) == 1
    assert "take enrol-request.cbor to the node above" in capsys.readouterr().err


def test_a_second_init_takes_up_the_first_identity_until_the_node_is_enrolled(network, capsys):
    again = ("621021101201", "上关村委会", "--parent-url", "http://127.0.0.1:2")
    before = [(network.village / name).read_bytes() for name in ("node.key", "enrol-request.cbor")]
    (network.village / "enrol-request.cbor").unlink()  # as if the power had gone before it was written
    assert init(village_cli, network.village, *again) == 0
    assert [(network.village / name).read_bytes() for name in ("node.key", "enrol-request.cbor")] == before
    assert load(network.village).parent_url == "http://127.0.0.1:2"
    enrol(county_cli, network.county, township_cli, network.township)
    enrol(township_cli, network.township, village_cli, network.village)
    assert init(village_cli, network.village, *again) == 1
    assert "holds an identity already" in capsys.readouterr().err
    assert (network.village / "node.key").read_bytes() == before[0]


def test_a_founding_that_was_cut_short_is_finished_by_the_same_command(tmp_path, capsys, monkeypatch):
    data = tmp_path / "county"

    def cut(*_arguments):
        raise OSError("the power went")

    with monkeypatch.context() as patch:
        patch.setattr(identity, "enrolled", cut)  # the last thing it does
        assert init(county_cli, data, "621021000000", "庆城县") == 1
    kept = [(data / name).read_bytes() for name in ("node.key", "county-root.key", "publisher.key")]
    assert init(county_cli, data, "621021000000", "庆城县") == 0
    assert [(data / name).read_bytes() for name in ("node.key", "county-root.key", "publisher.key")] == kept
    capsys.readouterr()
    assert status(county_cli, data, capsys)["level"] == "county"
    other = ("--database-url", f"sqlite:///{data / 'node.db'}")
    assert init(county_cli, tmp_path / "other", "621021000000", "庆城县", *other) == 1
    assert "another network" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--name", "上关村委会"], "--place is missing"),
        (["--place", "621021101201"], "--name is missing"),
        (["--place", "621021 101201", "--name", "上关村委会"], "no place code"),
        (["--place", "621021101201", "--name", "上关村委会"], "--parent-url is missing"),
        (["--place", "621021101201", "--name", "上关", "--parent-url", "ftp://x"], "http:// or https://"),
        (["--place", "621021101201", "--name", "上关", "--parent-url", "http://x", "--port", "99999"], "0 and 65535"),
    ],
)
def test_an_init_that_cannot_work_names_the_option_and_leaves_nothing(tmp_path, capsys, arguments, says):
    data = tmp_path / "node"
    assert village_cli.main(["init", "--data", str(data), *arguments]) == 1
    assert says in capsys.readouterr().err
    assert not data.exists()


def test_a_township_enrols_its_own_villages_only(network, tmp_path, capsys):
    enrol(county_cli, network.county, township_cli, network.township)
    foreign = tmp_path / "foreign"
    init(village_cli, foreign, "621021102201", "别镇的村", "--parent-url", "http://127.0.0.1:1")
    assert enrol(township_cli, network.township, village_cli, foreign) == 1
    assert "does not begin like 621021101000" in capsys.readouterr().err
    assert enrol(county_cli, network.county, village_cli, network.village) == 1
    assert "may not enrol" in capsys.readouterr().err


def test_a_merged_village_keeps_its_code_when_the_operator_agrees(network, tmp_path, capsys):
    enrol(county_cli, network.county, township_cli, network.township)
    merged = tmp_path / "merged"
    init(village_cli, merged, "621021102201", "并入的村", "--parent-url", "http://127.0.0.1:1")
    assert enrol(township_cli, network.township, village_cli, merged, "--digits-agreed") == 0
    assert status(village_cli, merged, capsys)["place"] == "621021102201"


def test_an_answer_for_another_node_is_refused(network, tmp_path, capsys):
    enrol(county_cli, network.county, township_cli, network.township)
    answer = network.township / "answer.cbor"
    assert village_cli.main(["init", "--data", str(network.village), "--answer", str(answer)]) == 1
    assert "does not name this node" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\xa1\x00\x00"])
def test_a_damaged_request_is_refused_and_changes_nothing(network, tmp_path, capsys, content):
    request = tmp_path / "request.cbor"
    request.write_bytes(content)
    arguments = ["enrol", "--data", str(network.county), str(request), str(tmp_path / "answer.cbor")]
    assert county_cli.main(arguments) == 1
    assert capsys.readouterr().err.startswith("center-node: ")
    assert not (tmp_path / "answer.cbor").exists()


def test_enrolling_twice_gives_the_same_network_and_no_second_change(network, capsys):
    enrol(county_cli, network.county, township_cli, network.township)
    first = (network.township / "answer.cbor").read_bytes()
    request, answer = network.township / "enrol-request.cbor", network.township / "answer.cbor"
    assert county_cli.main(["enrol", "--data", str(network.county), str(request), str(answer)]) == 0
    assert answer.read_bytes() == first


def test_an_invitation_names_the_roles_there_are(network, capsys):
    enrol(county_cli, network.county, township_cli, network.township)
    capsys.readouterr()
    wrong = ["invite", "--data", str(network.township), "--staff-no", "2001", "--staff-name", "孙窗口"]
    assert township_cli.main([*wrong, "--role", "king"]) == 1
    assert "clerk, reviewer, head, cashier, archivist, admin" in capsys.readouterr().err
    assert township_cli.main([*wrong, "--role", "clerk"]) == 0
    assert "one-time sign-in code" in capsys.readouterr().out


@pytest.mark.slow
def test_a_code_that_nobody_could_use_in_time_is_made_again_and_one_that_was_used_is_not(network, capsys):
    enrol(county_cli, network.county, township_cli, network.township)
    words = ["invite", "--data", str(network.township), "--staff-no", "1", "--staff-name", "甲", "--role", "clerk"]
    assert township_cli.main(words) == township_cli.main(words) == 0
    first, second = re.findall(r"code (\S+)", capsys.readouterr().out)[-2:]
    node = create_node(load(network.township))
    with pytest.raises(SignInRefused):
        node.accounts.set_password("1", first, "窑洞门前两棵老槐树开花了", "here")
    node.accounts.set_password("1", second, "窑洞门前两棵老槐树开花了", "here")
    node.close()
    assert township_cli.main(words) == 1
    assert "exists already" in capsys.readouterr().err


@pytest.mark.sockets
def test_commands_reach_a_serving_node(network, capsys):
    enrol(county_cli, network.county, township_cli, network.township)
    node = create_node(load(network.township))
    desk = control.Desk(network.township, control.commands(node))
    try:
        with control.exclusive(network.township):
            told = status(township_cli, network.township, capsys)
            assert told["place"] == "621021101000"
            assert township_cli.main(["invite", "--data", str(network.township), "--staff-no", "1", "--staff-name",
                                      "甲", "--role", "clerk"]) == 0  # fmt: skip
    finally:
        desk.close()
        node.close()
    assert not (network.township / control.CONTROL_FILE).exists()


@pytest.mark.sockets
def test_a_stranger_without_the_key_gets_nothing_from_a_serving_node(network):
    enrol(county_cli, network.county, township_cli, network.township)
    node = create_node(load(network.township))
    desk = control.Desk(network.township, control.commands(node))
    try:
        sign = json.loads((network.township / control.CONTROL_FILE).read_text())
        assert (network.township / control.CONTROL_FILE).stat().st_mode & 0o077 == 0
        (network.township / control.CONTROL_FILE).write_text(json.dumps(sign | {"key": "00" * 32}))
        with control.exclusive(network.township), pytest.raises(control.CommandRefused, match="does not answer"):
            control.ask(network.township, dict, "status")
        (network.township / control.CONTROL_FILE).write_text(json.dumps(sign))
        with control.exclusive(network.township):  # the desk is still open for those who have it
            assert control.ask(network.township, dict, "status")["level"] == "township"
    finally:
        desk.close()
        node.close()


@pytest.mark.sockets
def test_a_node_serves_until_it_is_stopped(network):
    enrol(county_cli, network.county, township_cli, network.township)
    node = create_node(load(network.township))
    stop = threading.Event()
    stop.set()
    ready = []
    node.serve(stop, lambda: ready.append(True))
    node.close()
    assert ready == [True]


@pytest.mark.sockets
def test_a_new_node_shows_its_code_and_goes_on_by_itself_when_it_is_let_in(network, tmp_path, monkeypatch):
    """From two empty folders to a village that has exchanged, over real sockets."""
    enrol(county_cli, network.county, township_cli, network.township)
    monkeypatch.setattr(joining, "OFTEN_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        ports = one.getsockname()[1], two.getsockname()[1]
    township = create_township(replace(load(network.township), port=ports[0]))
    above = f"http://127.0.0.1:{ports[0]}"
    chosen = replace(load(network.village), port=ports[1], parent_url=above)
    stop, ended = threading.Event(), []
    shown: queue.Queue = queue.Queue()
    threads = [
        threading.Thread(target=township.serve, args=(stop, lambda: None)),
        threading.Thread(target=lambda: ended.append(joining.join_over_the_line(chosen, stop, shown.put))),
    ]
    for thread in threads:
        thread.start()
    try:
        asking = shown.get(timeout=20)
        page = requests.get(f"http://127.0.0.1:{ports[1]}/", timeout=20)
        assert asking.code in page.text and page.headers["Content-Security-Policy"].startswith("default-src 'none'")
        deadline = time.monotonic() + 20
        while not township.casebook.newcomers()[0] and time.monotonic() < deadline:
            stop.wait(0.05)
        newcomers.take(township.casebook, "0101", 1, asking.code)
        asking = shown.get(timeout=20)
        assert asking.stage is joining.Stage.IN
        here = f"http://127.0.0.1:{ports[1]}/compared"
        assert requests.post(here, timeout=20, allow_redirects=False).status_code == 403
        with pytest.raises(identity.NoIdentity, match="nobody has compared"):
            create_node(chosen)
        assert requests.post(here, data={"token": asking.token}, timeout=20, allow_redirects=False).ok
        threads[1].join(20)
        assert ended == [True]
        village = create_node(chosen)
        assert village.sync_now()["ok"]
        village.close()
    finally:
        stop.set()
        for thread in threads:
            thread.join(20)
        township.close()
