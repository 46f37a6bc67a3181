"""Defects put into a node on purpose: a rig that does not find them would find nothing, so they come first in each run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

from village_node import files
from village_node.casebook import desk
from village_node.store import sqlite


class Plant(NamedTuple):
    """`plant` puts the defect into this process; with it, `scenario` must show faults of one of these kinds."""

    plant: Callable[[], None]
    scenario: str
    shows: frozenset[str]


def _synchronous(value: str, number: str) -> None:
    sqlite.SETTINGS = tuple(
        f"PRAGMA synchronous = {value}" if "synchronous" in each else each for each in sqlite.SETTINGS
    )
    sqlite.REQUIRED["synchronous"] = number


def wal_normal() -> None:
    """The popular advice: WAL with synchronous=NORMAL."""
    _synchronous("NORMAL", "1")


def wal_off() -> None:
    """Nothing is ever synced."""
    _synchronous("OFF", "0")


def acknowledged_before_commit() -> None:
    """A case's number is shown before the transaction that writes it is committed (with the next act, or never)."""
    open_ones: list[Any] = []

    def act(self: desk.Desk, act: Callable[[Any], tuple[Any, set[str]]]) -> Any:
        for each in open_ones:
            each.__exit__(None, None, None)
        open_ones[:] = [self.store.writing()]
        done, _ = act(open_ones[0].__enter__())
        return done

    desk.Desk._act = act  # type: ignore[assignment]
    # What is told of a case is read where it was written: a reader would not see it yet.
    desk.Desk.case = lambda self, scope, case_id: desk.folded(  # type: ignore[attr-defined, method-assign]
        self, self.store._database._writer, self.roster, (scope, case_id)
    )[0]


def files_written_in_place() -> None:
    """Key, identity, settings and request are written where they lie, and nobody waits for the disk."""

    def write(path: Path, content: bytes, mode: int = 0o600) -> None:
        path.write_bytes(content)

    files.write = write


def names_not_synced() -> None:
    """Files are synced, their names are not."""

    def sync_folder(path: Path) -> None:
        pass

    files.sync_folder = sync_folder


PLANTS: Final[dict[str, Plant]] = {
    "wal_normal": Plant(wal_normal, "filing", frozenset({"lost"})),
    "wal_off": Plant(wal_off, "checkpoints", frozenset({"corrupt", "unopenable"})),
    "acknowledged_before_commit": Plant(acknowledged_before_commit, "filing", frozenset({"lost"})),
    "files_written_in_place": Plant(files_written_in_place, "init", frozenset({"lost", "unopenable"})),
    "names_not_synced": Plant(names_not_synced, "init", frozenset({"lost", "unopenable"})),
}
