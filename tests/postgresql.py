"""A PostgreSQL cluster for the tests: made in a temporary folder, reached over a Unix socket only, gone at the end."""

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from random import Random

from sqlalchemy.engine import make_url

from village_node.store import open_store

SUPERUSER = "postgres"
TEMPLATE = "sanji_template"
GONE_S = 10.0


def binaries() -> Path | None:
    """The folder of the newest installed server's programs; None where there is none."""
    found = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").exists()]
    return max(found, key=lambda path: int(path.parent.name), default=None)


def memory() -> str | None:
    """A folder in memory where there is one: syncing to it costs nothing, and no test here cuts the power."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


class Cluster:
    """One running server. Databases are copies of one that was migrated once, which takes a tenth of the time."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        # Short, since the path of a socket is bounded, and not below pytest's folder, which the server may not enter.
        self.folder = Path(tempfile.mkdtemp(prefix="sanji-pg-", dir=memory()))
        self._owner = "postgres" if os.geteuid() == 0 else None  # the server refuses to run as root
        if self._owner:
            shutil.chown(self.folder, self._owner)
        self._data = self.folder / "data"
        self._made = 0
        self._run(
            "initdb", "-D", str(self._data), "-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"
        )
        self.resume()
        self._sql("postgres", f"CREATE DATABASE {TEMPLATE}")
        open_store(self.url(TEMPLATE)).close()

    def url(self, database: str, options: str = "") -> str:
        """The address of one database; ``options`` are settings as libpq takes them."""
        tail = f"&options={options}" if options else ""
        return f"postgresql://{SUPERUSER}@/{database}?host={self.folder}{tail}"

    def empty_database(self) -> str:
        """The name of a new database with nothing in it."""
        return self._new("template0")

    def database(self) -> str:
        """The address of a new database with all tables and no rows."""
        return self.url(self._new(TEMPLATE))

    def copy_of(self, url: str) -> str:
        """The address of a copy of a database that nobody has open: what a backup would put back."""
        return self.url(self._new(str(make_url(url).database)))

    def statement(self, words: str) -> None:
        """Run a statement as superuser."""
        self._sql("postgres", words)

    def setting(self, name: str, value: str) -> None:
        """Change a setting of the whole server, as its administrator could."""
        self._sql("postgres", f"ALTER SYSTEM SET {name} = {value}")
        self._sql("postgres", "SELECT pg_reload_conf()")
        self._run("pg_ctl", "-D", str(self._data), "-w", "-m", "fast", "-l", str(self.folder / "log"), "restart")

    def halt(self) -> None:
        """Stop the server as a crash would, keeping its data."""
        self._run("pg_ctl", "-D", str(self._data), "-m", "immediate", "-w", "stop")

    def processes(self) -> list[int]:
        """The server's processes, the one that started the others first."""
        first = int((self._data / "postmaster.pid").read_text(encoding="ascii").split()[0])
        return [first, *_children(first)]

    def kill(self) -> None:
        """Kill the server with all its processes (SIGKILL), keeping its data; and wait until they are gone."""
        killed = self.processes()
        for process in killed:
            _kill(process)
        deadline = time.monotonic() + GONE_S
        while any(Path(f"/proc/{process}").exists() for process in killed) and time.monotonic() < deadline:
            threading.Event().wait(0.01)

    def kill_one(self, chance: Random, but: int) -> bool:
        """Kill one process that serves a connection, `but` this one: the server then throws all others out as well, and
        recovers by itself. False where nobody else is served."""
        serving = [each for each in self.processes()[1:] if each != but and b"[local]" in _command_line(each)]
        if serving:
            _kill(chance.choice(serving))
        return bool(serving)

    def resume(self) -> None:
        """Start the server (again)."""
        options = f"-k {self.folder} -c listen_addresses='' -c max_connections=100"
        self._run("pg_ctl", "-D", str(self._data), "-w", "-l", str(self.folder / "log"), "-o", options, "start")

    def stop(self) -> None:
        """Stop the server at once and remove its folder: nothing here is to be kept. One that was killed is gone."""
        with suppress(RuntimeError):
            self.halt()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _new(self, template: str) -> str:
        self._made += 1
        name = f"test_{self._made}"
        self._sql("postgres", f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def _sql(self, database: str, words: str) -> None:
        self._run(
            "psql", "-h", str(self.folder), "-U", SUPERUSER, "-d", database, "-q", "-v", "ON_ERROR_STOP=1", "-c", words
        )

    def _run(self, program: str, *words: str) -> None:
        done = subprocess.run(
            [str(self._programs / program), *words],
            user=self._owner,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if program != "pg_ctl" else subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stdout}")


def _children(process: int) -> list[int]:
    """The processes that a process has started, as Linux tells it."""
    found = []
    for each in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(each.read_text(encoding="utf-8").rpartition(")")[2].split()[1]) == process:
                found.append(int(each.parent.name))
    return found


def _command_line(process: int) -> bytes:
    with suppress(OSError):
        return Path(f"/proc/{process}/cmdline").read_bytes()
    return b""


def _kill(process: int) -> None:
    with suppress(ProcessLookupError):  # it ended by itself
        os.kill(process, signal.SIGKILL)
