"""The control desk of a serving node: whoever has the key is served, whatever others on this machine do to the port."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from village_node import control
from village_node.web import catalogue_file

pytestmark = pytest.mark.sockets


def _broken(_arguments: dict[str, Any]) -> dict[str, Any]:
    raise AssertionError("a fault of the program")


def _long(asked: dict[str, Any]) -> dict[str, Any]:
    for done in range(3):
        asked["tell"](done, 3)
    return {"said": "done"}


def _empty() -> control.Commands:
    raise AssertionError("the desk holds the directory")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Path]:
    """A data directory held by a process with a desk."""
    with control.exclusive(tmp_path):
        desk = control.Desk(
            tmp_path, {"status": lambda asked: {"said": asked["word"]}, "broken": _broken, "long": _long}
        )
        yield tmp_path
        desk.close()


def knock(folder: Path) -> socket.socket:
    """A connection of somebody who has not read the key."""
    port = json.loads((folder / control.CONTROL_FILE).read_text())["port"]
    return socket.create_connection(("127.0.0.1", port))


def asked(folder: Path, word: str) -> dict[str, Any]:
    """What the desk answers, within a time in which it must."""
    said: list[dict[str, Any]] = []

    def ask() -> None:
        said.append(control.ask(folder, _empty, "status", word=word))

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(3.0)
    assert said, "the desk does not answer"
    return said[0]


@pytest.mark.parametrize("noise", [b"GET / HTTP/1.0\r\n\r\n", b"\0\0\0\x01x", b"\0\0\0\x14" + b"x" * 20, b""])
def test_nonsense_on_the_port_ends_nothing(served: Path, noise: bytes) -> None:
    with knock(served) as line, suppress(OSError):  # the desk may have hung up before all of it was said
        line.sendall(noise)
        line.shutdown(socket.SHUT_WR)
        while line.recv(1024):
            pass
    assert asked(served, "好") == {"said": "好"}


def test_who_connects_and_says_nothing_keeps_nobody_waiting(served: Path) -> None:
    with knock(served), knock(served):
        assert asked(served, "a") == {"said": "a"}


def test_what_is_asked_may_be_as_long_as_a_file_of_items_and_no_longer(served: Path) -> None:
    word = "庆" * (catalogue_file.FILE_MOST // 3)
    assert control.ask(served, _empty, "status", word=word) == {"said": word}
    with pytest.raises(control.CommandRefused, match="too long"):
        control.ask(served, _empty, "status", word="x" * control.ASKED_MOST)


def test_who_wants_to_hear_how_far_it_is_hears_it_and_nobody_else(served: Path, tmp_path: Path) -> None:
    heard: list[tuple[int, int]] = []
    done = control.ask(served, _empty, "long", tell=lambda done, of: heard.append((done, of)))
    assert done == {"said": "done"} and heard == [(0, 3), (1, 3), (2, 3)]
    assert control.ask(served, _empty, "long") == {"said": "done"}, "the first message is the answer"
    heard.clear()
    (tmp_path / "other").mkdir()
    control.ask(tmp_path / "other", lambda: {"long": _long}, "long", tell=lambda done, of: heard.append((done, of)))
    assert heard == [(0, 3), (1, 3), (2, 3)], "nor does it matter whether a node is running"


def test_silent_connections_are_ended_and_make_room(served: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "HEARING_S", 1)
    silent = [knock(served) for _ in range(control.HEARD_AT_ONCE)]
    for line in silent:
        line.settimeout(10.0)
        while line.recv(1024):  # the challenge, then the end
            pass
        line.close()
    assert asked(served, "a") == {"said": "a"}


def test_a_fault_in_one_command_leaves_the_desk_open(served: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda _arguments: None)
    with pytest.raises(control.CommandRefused):
        control.ask(served, _empty, "broken")
    assert asked(served, "a") == {"said": "a"}


def test_a_wrong_key_is_refused_in_words(served: Path) -> None:
    sign = json.loads((served / control.CONTROL_FILE).read_text())
    (served / control.CONTROL_FILE).write_text(json.dumps(sign | {"key": "00" * 32}))
    with pytest.raises(control.CommandRefused):
        control.ask(served, _empty, "status", word="x")


def test_a_moment_without_memory_for_a_thread_does_not_close_the_desk(
    served: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as starved:
        starved.setattr(threading.Thread, "start", none_left)
        for _ in range(control.HEARD_AT_ONCE + 2):
            with pytest.raises(control.CommandRefused):
                control.ask(served, _empty, "status", word="x")
    assert control.ask(served, _empty, "status", word="again") == {"said": "again"}


def test_the_sign_is_put_up_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks a node that is just starting reads the sign before or the new one, and a power cut leaves one."""
    sign = tmp_path / control.CONTROL_FILE
    sign.write_text('{"port": 1, "key": "00"}')

    def gone(_descriptor: int) -> None:
        raise OSError("the power went")

    with monkeypatch.context() as patched:
        patched.setattr("village_node.files.os.fsync", gone)
        with pytest.raises(OSError, match="the power went"):
            control.Desk(tmp_path, {})
    assert sign.read_text() == '{"port": 1, "key": "00"}'
    desk = control.Desk(tmp_path, {})
    assert set(json.loads(sign.read_text())) == {"port", "key"} and sign.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [control.CONTROL_FILE]
    desk.close()
