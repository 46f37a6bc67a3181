"""How a command line reaches a node: through the running one, or by opening the data directory itself under its lock.

A database has one writer. While a node serves, it answers commands on a loopback port of its own, to holders of the key
that only the owner of the data directory can read; when none serves, the command takes the directory's lock and opens
the node.
"""

import json
import os
import re
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener, answer_challenge, deliver_challenge
from pathlib import Path
from typing import Any

from sync_protocol.errors import ProtocolError
from sync_protocol.release import OldRelease, Release
from sync_protocol.suites import sealing_suite, sha256
from village_node import files, identity, releases, verify_evidence
from village_node.accounts import StaffTrouble
from village_node.app import Node
from village_node.casebook import CasebookError, NotAllowed
from village_node.courier import Tell, Trouble, untold
from village_node.releases import NoRelease
from village_node.store import StoreError
from village_node.web.catalogue_file import FILE_MOST

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

LOCK_FILE = "node.lock"
CONTROL_FILE = "control.json"
HEARING_S = 5  # how long somebody who has connected may take to show the key and say what he wants
_HEAD = re.compile(r"([1-9][0-9]{0,15}):([0-9a-fA-F]{16,64})", re.ASCII)
OPERATOR = "operator"  # as the audit log names whoever is at the command line
NOBODY_ABOVE = (
    "there is nobody to sync with: this node is the root, or node.toml names no parent_url (`courier` carries by stick)"
)
# Bytes of what is asked: the longest is a file of items, in base64.
ASKED_MOST = FILE_MOST * 4 // 3 + (1 << 20)
HEARD_AT_ONCE = 16  # connections; more than anybody at a keyboard makes

Command = Callable[[dict[str, Any]], dict[str, Any]]
Commands = dict[str, Command]


class CommandRefused(Exception):
    """A command could not be carried out; the text says why and what to do."""


# What a command may be refused with; anything else is a fault of the program.
REFUSALS = (
    CasebookError,
    CommandRefused,
    ProtocolError,
    StaffTrouble,
    StoreError,
    Trouble,
    ValueError,
    KeyError,
    NoRelease,
    OldRelease,
)


class AlreadyRunning(Exception):
    """Another process holds the data directory."""


def commands(node: Node) -> Commands:
    """What the command line may ask of a node of any level: verb -> function of its arguments, both JSON objects; to
    the arguments ``tell`` is added, for what takes long to say how far it is."""

    def status(_arguments: dict[str, Any]) -> dict[str, Any]:
        return node.status()

    def invite(arguments: dict[str, Any]) -> dict[str, Any]:
        staff_no, name, roles = arguments["staff_no"], arguments["name"], list(arguments["roles"])
        known = node.accounts.rows.staff(staff_no)
        if known is not None and known.password_hash is None and not known.disabled:
            # Nobody has signed in with it yet, and the code may have ended by a clock that was wrong.
            return {"staff_no": staff_no, "code": node.accounts.renew_invitation(staff_no)}
        return {"staff_no": staff_no, "code": node.accounts.create_invitation(staff_no, name, roles)}

    def unlock(arguments: dict[str, Any]) -> dict[str, Any]:
        node.accounts.unlock(arguments["staff_no"])
        return {"staff_no": arguments["staff_no"]}

    def proof(arguments: dict[str, Any]) -> dict[str, Any]:
        found = node.proof(arguments["case_no"])
        if found is None:
            raise CommandRefused(f"no case {arguments['case_no']} here, or no receipt of the root place for it yet")
        return found

    def carry(arguments: dict[str, Any]) -> dict[str, Any]:
        folder, tell = Path(arguments["folder"]), arguments["tell"]
        if arguments["errand"] == "export":
            return node.courier.write(OPERATOR, folder, arguments["to"], tell=tell).told()
        takes = arguments["errand"] == "import"
        outcomes = node.courier.read(OPERATOR, folder, tell=tell) if takes else node.courier.verify(folder, tell=tell)
        return {"bundles": [outcome.told() for outcome in outcomes]}

    def evidence(arguments: dict[str, Any]) -> dict[str, Any]:
        case_no, folder = arguments["case_no"], Path(arguments["folder"])
        raw = node.casebook.evidence(case_no)
        if raw is None:
            raise CommandRefused(f"no case {case_no} here: write its number as it is printed on the receipt")
        written = [folder / f"{case_no}.sanji-evidence", folder / Path(verify_evidence.__file__).name]
        node.accounts.audit(OPERATOR, "evidence.export", case_no, {"bytes": len(raw), "sha256": sha256(raw).hex()})
        files.make_folder(folder)
        files.write(written[0], raw)
        files.write(written[1], Path(verify_evidence.__file__).read_bytes())
        return {"files": [str(path) for path in written], "network_id": node.casebook.network_id.hex()}

    def take_release(arguments: dict[str, Any]) -> dict[str, Any]:
        """Look at a release, and take it unless it is only to be looked at."""
        folder, data, roster = Path(arguments["folder"]), node.config.data, node.casebook.roster
        if arguments["check"]:
            return {"taken": False, **_told(releases.verified(folder, roster, data))}
        said = _told(releases.take(folder, roster, data))
        node.accounts.audit(OPERATOR, "release.take", said["version"], {"number": said["number"]})
        return {"taken": True, **said}

    return {
        "status": status,
        "sync": lambda _arguments: _sync(node),
        "invite": invite,
        "proof": proof,
        "courier": carry,
        "evidence": evidence,
        "release": take_release,
        "unlock": unlock,
        "factor": lambda arguments: _factor(node, arguments),
        "audit": lambda arguments: _audit(node, arguments.get("head") or ""),
        "rekey": lambda _arguments: _rekey(node),
        "sealing_key": lambda _arguments: _new_sealing_key(node),
    }


def _sync(node: Node) -> dict[str, Any]:
    """One exchange now, which takes along how far the audit trail reaches."""
    if node.uplink is None:
        raise CommandRefused(NOBODY_ABOVE)
    with suppress(NotAllowed):  # of a machine that is revoked nobody takes it
        node.casebook.say_audit_head(at_once=True)
    return node.sync_now()


def _audit(node: Node, head: str) -> dict[str, Any]:
    """Compute the whole audit chain again. ``head``: what a place above holds of it, or empty; `agrees` says whether
    the chain is whole and bears that."""
    given = _HEAD.fullmatch(head.strip()) if head else None
    if head and given is None:
        raise CommandRefused(f"--head {head}: write the number of the line, a colon, and its hash (16 digits at least)")
    found = node.accounts.chain.run()
    told = {**found._asdict(), "agrees": None}
    if given is not None:
        borne = node.accounts.rows.audit_hash(int(given[1])) or b""
        sound = not found.broken or int(given[1]) < found.broken
        told["agrees"] = sound and borne.hex().startswith(given[2].lower())
    return told


def _factor(node: Node, arguments: dict[str, Any]) -> dict[str, Any]:
    """Who has a second factor; or take that of somebody away."""
    if arguments["step"] == "reset":
        node.accounts.reset_factor(arguments["staff_no"])
    return {"holders": sorted(node.accounts.factors.rows.holders())}


def _told(said: Release) -> dict[str, Any]:
    return {"number": said.number, "version": said.version, "packages": len(said.packages)}


def _rekey(node: Node) -> dict[str, Any]:
    done = node.casebook.rekey(OPERATOR, lambda: bool(node.sync_now()["ok"]))
    sent = node.sync_now() if node.uplink is not None else {"ok": True}
    return {
        "ended": done.ended.hex(),
        "begun": done.begun.hex(),
        "settled": done.whole,
        "countersigned": bool(sent["ok"]) and not node.casebook.provisional,
    }


def _new_sealing_key(node: Node) -> dict[str, Any]:
    public = node.casebook.new_sealing_key(OPERATOR)
    told = node.sync_now() if node.uplink is not None else {"ok": True}
    return {"suite": sealing_suite(public), "file": identity.opening_file(public), "told": bool(told["ok"])}


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
    """Carries out commands for a serving node, one at a time, until closed.

    Every program on this machine can connect, so each connection has a thread and a deadline of its own until it has
    shown the key: who says nothing, or nonsense, keeps nobody else waiting.
    """

    def __init__(self, data: Path, verbs: Commands) -> None:
        """Listen on a free loopback port and leave its number and a fresh key in the data directory."""
        self._verbs = verbs
        self._data = data
        self._key = identity.random_bytes(32)
        self._listener = Listener(("127.0.0.1", 0))
        self._closed = threading.Event()
        self._places = threading.Semaphore(HEARD_AT_ONCE)
        self._one_command = threading.Lock()
        sign = json.dumps({"port": self._listener.address[1], "key": self._key.hex()})
        try:
            files.write(data / CONTROL_FILE, sign.encode("ascii"))
        except OSError:
            self._listener.close()
            raise
        self._thread = threading.Thread(target=self._answer, name="control", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Take the sign down and stop answering."""
        self._closed.set()
        (self._data / CONTROL_FILE).unlink(missing_ok=True)
        self._listener.close()

    def _answer(self) -> None:
        while not self._closed.is_set():
            try:
                connection = self._listener.accept()
            except OSError:  # closed, or too many files are open for the moment
                self._closed.wait(0.1)
                continue
            if not self._places.acquire(blocking=False):
                connection.close()
                continue
            try:
                threading.Thread(target=self._hear, args=(connection,), name="control-command", daemon=True).start()
            except (RuntimeError, MemoryError):  # no memory for a thread just now: whoever asks may ask again
                connection.close()
                self._places.release()

    def _hear(self, connection: Connection) -> None:
        try:
            with connection:
                _expect_promptly(connection)
                try:
                    deliver_challenge(connection, self._key)
                    answer_challenge(connection, self._key)
                    asked = json.loads(connection.recv_bytes(ASKED_MOST))
                except (AuthenticationError, AssertionError, EOFError, OSError, ValueError):
                    return  # somebody without the key, or who went away

                def tell(done: int, of: int) -> None:
                    if asked.get("hears"):  # a command of an older program takes the first message for the answer
                        with suppress(OSError):
                            connection.send_bytes(json.dumps({"so_far": [done, of]}).encode())

                with self._one_command:
                    reply = self._done(asked, tell)
                with suppress(OSError):  # the asker went away
                    connection.send_bytes(json.dumps(reply, ensure_ascii=False).encode())
        finally:
            self._places.release()

    def _done(self, asked: dict[str, Any], tell: Tell) -> dict[str, Any]:
        try:
            return {"done": self._verbs[asked["verb"]]({**asked["arguments"], "tell": tell})}
        except REFUSALS as problem:
            return {"refused": str(problem)}


def _expect_promptly(connection: Connection) -> None:
    """End a connection whose other side does not say what it should within HEARING_S."""
    if sys.platform == "win32":
        return  # an inherited handle takes no such setting there; the number of connections is bounded all the same
    with socket.socket(fileno=os.dup(connection.fileno())) as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", HEARING_S, 0))


def ask(
    data: Path, open_commands: Callable[[], Commands], verb: str, *, tell: Tell = untold, **arguments: Any
) -> dict[str, Any]:
    """Carry out one command on the node of a data directory, running or not; its answer as a JSON object. ``tell``:
    who hears how far it is, where it takes long.

    Raises CommandRefused with a text for the person at the keyboard.
    """
    try:
        with exclusive(data):
            return open_commands()[verb]({**arguments, "tell": tell})
    except AlreadyRunning:
        return _ask_running(data, verb, arguments, tell)
    except REFUSALS as problem:
        raise CommandRefused(str(problem)) from None


def _ask_running(data: Path, verb: str, arguments: dict[str, Any], tell: Tell) -> dict[str, Any]:
    asked = json.dumps({"verb": verb, "arguments": arguments, "hears": tell is not untold}, ensure_ascii=False).encode()
    if len(asked) > ASKED_MOST:
        raise CommandRefused(f"{verb}: what is asked is too long, {len(asked)} bytes of at most {ASKED_MOST}")
    try:
        sign = json.loads((data / CONTROL_FILE).read_text(encoding="ascii"))
        with Client(("127.0.0.1", sign["port"]), authkey=bytes.fromhex(sign["key"])) as connection:
            connection.send_bytes(asked)
            while "so_far" in (reply := json.loads(connection.recv_bytes(64 << 20))):
                tell(*reply["so_far"])
    except (OSError, EOFError, ValueError, AuthenticationError) as problem:
        raise CommandRefused(f"the node in {data} is in use but does not answer: {problem}") from None
    if "refused" in reply:
        raise CommandRefused(reply["refused"])
    done: dict[str, Any] = reply["done"]
    return done
