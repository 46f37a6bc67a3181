"""Proven forks of the roster, and the changes of it that this node does not follow."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from sqlalchemy import Connection

from village_node.store import peers, rows
from village_node.store.tables.roster import ROSTER_ASIDE, ROSTER_FORKS

# The counter of all that makes a roster another one than that of before with more changes behind it.
ANEW: Final = "roster_anew"


class RosterForkRow(NamedTuple):
    """One row of ``roster_forks``, in the order of its columns."""

    part: str
    split: int
    found_ms: int
    proof: bytes


class AsideRow(NamedTuple):
    """One row of ``roster_aside``, in the order of its columns; ``signatures`` encoded. ``overruled``: it was followed
    here until a ruling; else it is of another chain than ours."""

    part: str
    n: int
    hash: bytes
    payload: bytes
    signatures: bytes
    arrived_ms: int
    overruled: bool


_FORK: Final = ", ".join(column.name for column in ROSTER_FORKS.columns)
_FORKS: Final = f"SELECT {_FORK} FROM roster_forks ORDER BY part, split"  # noqa: S608
_ASIDE: Final = ", ".join(column.name for column in ROSTER_ASIDE.columns)
_ALL_ASIDE: Final = f"SELECT {_ASIDE} FROM roster_aside ORDER BY part, n, hash"  # noqa: S608


def proven(connection: Connection) -> list[RosterForkRow]:
    """Every proof, those that were ruled on too; as a rule there is none."""
    return [RosterForkRow._make(row) for row in rows.ask(connection, _FORKS)]


def aside(connection: Connection) -> list[AsideRow]:
    """Every change that is kept and not followed."""
    found = [AsideRow._make(row) for row in rows.ask(connection, _ALL_ASIDE)]
    return [row._replace(overruled=bool(row.overruled)) for row in found]


def add_proofs(connection: Connection, new: Iterable[RosterForkRow]) -> None:
    """Keep proofs."""
    rows.put(connection, ROSTER_FORKS, list(new), keep=True)


def put_aside(connection: Connection, new: Iterable[AsideRow]) -> None:
    """Keep changes that are not followed; one that was overruled stays so."""
    rows.put(connection, ROSTER_ASIDE, list(new))


def take_off(connection: Connection, hashes: Iterable[bytes]) -> None:
    """Changes that are followed no more leave the chain; who calls this has put them aside."""
    for each in hashes:
        rows.do(connection, "DELETE FROM roster_changes WHERE hash = ?", (each,))


def follow(connection: Connection, hashes: Iterable[bytes]) -> None:
    """Changes that were aside are followed by now."""
    for each in hashes:
        rows.do(connection, "DELETE FROM roster_aside WHERE hash = ?", (each,))


def made_anew(connection: Connection) -> int:
    """How often the roster has become another one."""
    return peers.number(connection, ANEW) or 0
