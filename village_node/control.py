"""How a command line reaches a node: through the running one, or by opening the data directory itself under its lock.

A database has one writer. While a node serves, it answers commands on a loopback port of its own, to holders of the key
that only the owner of the data directory can read; when none serves, the command takes the directory's lock and opens
the node.
"""

import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import Any

from sync_protocol.errors import ProtocolError
from village_node import identity
from village_node.accounts import StaffTrouble
from village_node.app import Node
from village_node.store import StoreError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

LOCK_FILE = "node.lock"
CONTROL_FILE = "control.json"

Command = Callable[[dict[str, Any]], dict[str, Any]]
Commands = dict[str, Command]


class CommandRefused(Exception):
    """A command could not be carried out; the text says why and what to do."""


# What a command may be refused with; anything else is a fault of the program.
REFUSALS = (CommandRefused, ProtocolError, StaffTrouble, StoreError, ValueError, KeyError)


class AlreadyRunning(Exception):
    """Another process holds the data directory."""


def commands(node: Node) -> Commands:
    """What the command line may ask of a node of any level: verb -> function of its arguments, both JSON objects."""

    def status(_arguments: dict[str, Any]) -> dict[str, Any]:
        return node.status()

    def sync(_arguments: dict[str, Any]) -> dict[str, Any]:
        if node.uplink is None:
            raise CommandRefused("this node is the root: there is nobody above it to sync with")
        return node.sync_now()

    def invite(arguments: dict[str, Any]) -> dict[str, Any]:
        staff_no, name, roles = arguments["staff_no"], arguments["name"], list(arguments["roles"])
        return {"staff_no": staff_no, "code": node.accounts.create_invitation(staff_no, name, roles)}

    def proof(arguments: dict[str, Any]) -> dict[str, Any]:
        found = node.proof(arguments["case_no"])
        if found is None:
            raise CommandRefused(f"no case {arguments['case_no']} here, or no receipt of the root place for it yet")
        return found

    return {"status": status, "sync": sync, "invite": invite, "proof": proof}


@contextmanager
def exclusive(data: Path) -> Iterator[None]:
    """Hold the data directory for one process. Raises AlreadyRunning when another holds it."""
    with (data / LOCK_FILE).open("w") as lock:
        try:
            if sys.platform == "win32":
                msvcrt.locking(lock.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise AlreadyRunning(f"another process uses {data}") from None
        yield


class Desk:
    """Answers commands for a serving node, one at a time, until closed."""

    def __init__(self, data: Path, verbs: Commands) -> None:
        """Listen on a free loopback port and leave its number and a fresh key in the data directory."""
        self._verbs = verbs
        self._data = data
        key = identity.random_bytes(32)
        self._listener = Listener(("127.0.0.1", 0), authkey=key)
        path = data / CONTROL_FILE
        path.touch(mode=0o600)
        path.write_text(json.dumps({"port": self._listener.address[1], "key": key.hex()}), encoding="ascii")
        self._thread = threading.Thread(target=self._answer, name="control", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Take the sign down and stop answering."""
        (self._data / CONTROL_FILE).unlink(missing_ok=True)
        self._listener.close()

    def _answer(self) -> None:
        while True:
            try:
                connection = self._listener.accept()
            except (AuthenticationError, EOFError, ConnectionError):
                continue  # somebody else on this machine knocked without the key
            except OSError:
                return  # closed
            with connection:
                try:
                    self._serve(connection)
                except (EOFError, ConnectionError):
                    continue  # the asker went away

    def _serve(self, connection: Connection) -> None:
        asked = json.loads(connection.recv_bytes(1 << 20))
        try:
            reply: dict[str, Any] = {"done": self._verbs[asked["verb"]](asked["arguments"])}
        except REFUSALS as problem:
            reply = {"refused": str(problem)}
        connection.send_bytes(json.dumps(reply, ensure_ascii=False).encode())


def ask(data: Path, open_commands: Callable[[], Commands], verb: str, **arguments: Any) -> dict[str, Any]:
    """Carry out one command on the node of a data directory, running or not; its answer as a JSON object.

    Raises CommandRefused with a text for the person at the keyboard.
    """
    try:
        with exclusive(data):
            return open_commands()[verb](arguments)
    except AlreadyRunning:
        return _ask_running(data, verb, arguments)
    except REFUSALS as problem:
        raise CommandRefused(str(problem)) from None


def _ask_running(data: Path, verb: str, arguments: dict[str, Any]) -> dict[str, Any]:
    try:
        sign = json.loads((data / CONTROL_FILE).read_text(encoding="ascii"))
        with Client(("127.0.0.1", sign["port"]), authkey=bytes.fromhex(sign["key"])) as connection:
            connection.send_bytes(json.dumps({"verb": verb, "arguments": arguments}).encode())
            reply = json.loads(connection.recv_bytes(64 << 20))
    except (OSError, EOFError, ValueError, AuthenticationError) as problem:
        raise CommandRefused(f"the node in {data} is in use but does not answer: {problem}") from None
    if "refused" in reply:
        raise CommandRefused(reply["refused"])
    done: dict[str, Any] = reply["done"]
    return done
