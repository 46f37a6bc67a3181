"""Why a node begins a new life, and what is kept of its lives outside the database: the identity and the witness file.

A sequence is never continued by another life of the database: where it may have been put back, copied or exchanged, the
node takes a new incarnation with a key of its own, and goes on at once.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Final

from sync_protocol.suites import OpeningKey
from village_node import identity as identities
from village_node.identity import Identity
from village_node.keyring import PLAIN, Keyring
from village_node.shelf import Shelf
from village_node.witness import WITNESS_FILE, DamagedWitness, Witness

DATABASE_BYTES: Final = 16


class Reason(StrEnum):
    """Why a new life began: kept in `identity.json`, shown on the health page and in the audit trail."""

    NO_WITNESS = "no_witness"
    DAMAGED_WITNESS = "damaged_witness"
    OTHER_MACHINE = "other_machine"
    OTHER_DATABASE = "other_database"
    AHEAD = "witness_ahead"
    BEYOND_US = "beyond_us"
    OLDER = "older_challenge"
    OWN_SIGNATURE = "own_signature"
    OPERATOR = "operator"
    REKEY = "rekey"


WORDS: Final[dict[Reason, tuple[str, str]]] = {
    Reason.NO_WITNESS: ("见证文件不见了", "the witness file is missing"),
    Reason.DAMAGED_WITNESS: ("见证文件已损坏", "the witness file is damaged"),
    Reason.OTHER_MACHINE: ("数据是从另一台机器搬来的", "the data came from another machine"),
    Reason.OTHER_DATABASE: ("数据库不是原来的那一个", "the database is not the one it was"),
    Reason.AHEAD: (
        "数据库是从旧备份恢复的：见证文件记着它没有的记录",
        "the database was restored from an older copy: the witness file knows of records that it lacks",
    ),
    Reason.BEYOND_US: (
        "上级存有本机没有的本机记录：本机是从旧备份恢复或复制的",
        "the level above holds records of this node that it lacks: it was restored from an older copy, or copied",
    ),
    Reason.OLDER: (
        "上级记得本机更晚的联系：本机是从旧备份恢复或复制的",
        "the level above remembers later contact with this node: it was restored from an older copy, or copied",
    ),
    Reason.OWN_SIGNATURE: (
        "收到本机自己签过、本机却没有的记录：本机是从旧备份恢复的",
        "something came that this node has signed and does not hold: it was restored from an older copy",
    ),
    Reason.OPERATOR: ("值班人员选择由本机继续", "the operator chose that this machine goes on"),
    Reason.REKEY: ("更换了签名密钥", "its signing key was changed"),
}


class Lives:
    """The files that tell one life of a node from the next."""

    def __init__(
        self,
        data: Path,
        machine: bytes,
        randomness: Callable[[int], bytes],
        *,
        fresh: bool = False,
        keyring: Keyring = PLAIN,
        suite: str = "s1",
    ) -> None:
        """`machine`: what names this machine, and no other. `fresh`: the node has only now been made, so that a
        witness file is made with it; for every other one a missing file means that something was lost. `suite`: of the
        keys that others seal to, drawn from now on."""
        self._data = data
        self._machine = machine
        self._randomness = randomness
        self._fresh = fresh
        self._keyring = keyring
        self.suite = suite
        self.witness = Witness(data / WITNESS_FILE)

    def look_back(self, database: bytes) -> Reason | None:
        """Read the witness file: why it is not the one of this machine and this database, None where it is.

        Raises OSError for a file that is there and cannot be read.
        """
        try:
            there = self.witness.read()
        except DamagedWitness:
            return Reason.DAMAGED_WITNESS
        if not there:
            if not self._fresh:
                return Reason.NO_WITNESS
            self.witness.begin(self._machine, database)
        if self.witness.machine != self._machine:
            return Reason.OTHER_MACHINE
        return Reason.OTHER_DATABASE if self.witness.database != database else None

    def new_database(self) -> bytes:
        """A name for a database that has none yet: it stands in it and in the witness file."""
        return self._randomness(DATABASE_BYTES)

    def newest(self) -> Identity:
        """The identity as the file has it, and the witness file read anew: another worker may have written to both. A
        witness that cannot be believed says nothing. Raises OSError, NoIdentity."""
        with suppress(DamagedWitness):
            self.witness.read()
        return identities.load(self._data, self._keyring)

    def present(self, incarnation: bytes) -> Identity:
        """The same as it was in the life that the database names. Raises OSError, NoIdentity."""
        return self.newest().as_of(incarnation)

    def shelf(self, *, in_use: bool = False) -> Shelf:
        """Where the bytes of files lie; `in_use`: the database holds keys of files that are wrapped. Raises OSError,
        NoIdentity."""
        return Shelf(self._data, identities.file_key(self._data, self._keyring, in_use=in_use))

    def opening_keys(self) -> list[OpeningKey]:
        """The keys with which this place opens what is sealed to it. Raises NoIdentity where none can be read."""
        return identities.opening_keys(self._data, self._keyring)

    def unread_keys(self) -> list[str]:
        """The names of the files of such keys that cannot be read."""
        return identities.unread_keys(self._data, self._keyring)

    def keep_opening_key(self, seed: bytes) -> OpeningKey:
        """A new one. Raises OSError."""
        return identities.keep_opening_key(self._data, seed, self._keyring, self.suite)

    def give_up(self, publics: Iterable[bytes]) -> None:
        """Have nothing more sealed to these. Raises OSError."""
        identities.give_up(self._data, publics)

    def is_given_up(self, public: bytes) -> bool:
        """Whether another key was drawn in place of this one."""
        return identities.is_given_up(self._data, public)

    def begin(self, identity: Identity, reason: Reason, now_ms: int, database: bytes) -> Identity:
        """A new life: its key, its identity, its witness file. Raises OSError; then the life before goes on."""
        begun = identities.succeed(self._data, identity, reason.value, now_ms, self._randomness, self._keyring)
        self.witness.begin(self._machine, database)
        return begun
