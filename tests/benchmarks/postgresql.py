"""A PostgreSQL cluster of our own for one benchmark: made in a temporary folder, on loopback, stopped at the end."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class NoPostgresql(Exception):
    """This machine has no PostgreSQL to measure; the text says what is missing."""


def binaries() -> Path:
    """The folder of the newest installed server. Raises NoPostgresql."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not found:
        raise NoPostgresql("no /usr/lib/postgresql/*/bin/initdb: install the package postgresql")
    return found[-1].parent


@contextmanager
def cluster() -> Iterator[str]:
    """A running server with its safe defaults (fsync, synchronous commit); gives the URL of an empty database."""
    programs = binaries()
    folder = Path(tempfile.mkdtemp(prefix="sanji-postgresql-"))
    try:
        if os.geteuid() == 0:  # the server refuses to run as root
            shutil.chown(folder, "postgres", "postgres")
        port = _free_port()
        data = folder / "data"
        _run(programs / "initdb", "-D", data, "-U", "sanji", "-A", "trust", "-E", "UTF8", "--locale=C")
        options = f"-p {port} -h 127.0.0.1 -k {folder}"
        _run(programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start")
        try:
            _run(programs / "createdb", "-h", "127.0.0.1", "-p", port, "-U", "sanji", "sanji")
            yield f"postgresql://sanji@127.0.0.1:{port}/sanji"
        finally:
            _run(programs / "pg_ctl", "-D", data, "-m", "fast", "-w", "stop")
    finally:
        shutil.rmtree(folder)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _run(*words: object) -> None:
    """One command, as the system's user for PostgreSQL where we are root."""
    before = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*before, *map(str, words)], capture_output=True, text=True, check=False, cwd=tempfile.gettempdir()
    )
    if done.returncode != 0:
        raise NoPostgresql(f"{words[0]}: {done.stderr.strip() or done.stdout.strip()}")
