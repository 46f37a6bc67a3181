"""What this machine can do without us, taken in the same run: raw SQLite inserts, raw signatures, a synced write."""

import os
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ROWS_A_COMMIT: Final = 1_000
RUNS: Final = 5
# Slower than this, the machine is not one that the figures to reach were set for.
VALID_ROWS_PER_S: Final = 60_000
# Shorter runs measure the start, not the rate.
LEAST_ROWS: Final = 10_000

Row = tuple[int, int, bytes, bytes]  # stream, seq, hash, the event's bytes


def sqlite_rows_per_s(rows: Sequence[Row], folder: Path) -> float:
    """Rows a second of the best of five runs: executemany, WAL, FULL, 1,000 rows a commit, two unique indexes.

    Few rows are taken several times over, with other stream numbers and hashes, so that the run is long enough.
    """
    times = -(-LEAST_ROWS // len(rows))
    many = [
        (stream + turn * 1_000_000, seq, turn.to_bytes(2, "big") + chain_hash[2:], payload)
        for turn in range(times)
        for stream, seq, chain_hash, payload in rows
    ]
    return max(_insert(many, folder / f"reference-{run}.db") for run in range(RUNS))


def _insert(rows: Sequence[Row], path: Path) -> float:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE raw (stream INTEGER, seq INTEGER, hash BLOB, event BLOB)")
        connection.execute("CREATE UNIQUE INDEX raw_position ON raw (stream, seq)")
        connection.execute("CREATE UNIQUE INDEX raw_hash ON raw (hash)")
        began = time.perf_counter()
        for first in range(0, len(rows), ROWS_A_COMMIT):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO raw VALUES (?, ?, ?, ?)", rows[first : first + ROWS_A_COMMIT])
            connection.execute("COMMIT")
        took = time.perf_counter() - began
    for leftover in path.parent.glob(path.name + "*"):
        leftover.unlink()
    return len(rows) / took


def ed25519_per_s() -> tuple[float, float]:
    """Signatures made and verified a second, 400 bytes each, one core, best of three."""
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    public, message = key.public_key(), bytes(400)
    signature = key.sign(message)
    return _best_rate(lambda: key.sign(message)), _best_rate(lambda: public.verify(signature, message))


def _best_rate(act: object, count: int = 500) -> float:
    assert callable(act)
    best = 0.0
    for _ in range(3):
        began = time.perf_counter()
        for _ in range(count):
            act()
        best = max(best, count / (time.perf_counter() - began))
    return best


def disk_sync_ms(folder: Path) -> float:
    """Median milliseconds of one 4 KiB write synced to the disk that the databases lie on."""
    path = folder / "sync-reference"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
    try:
        times = []
        for _ in range(50):
            began = time.perf_counter()
            os.pwrite(descriptor, bytes(4096), 0)
            os.fdatasync(descriptor)
            times.append(time.perf_counter() - began)
    finally:
        os.close(descriptor)
        path.unlink()
    return median(times) * 1000
