"""Who this node is: its place, its incarnation and its signing key, kept in two files of the data directory.

`identity.json` is not secret; `node.key` is (mode 0600) and is never written to the database. A node between `init` and
the answer to its enrolment request has a key and an incarnation, but no network yet.
"""

import json
import secrets
from dataclasses import dataclass, replace
from pathlib import Path

from sync_protocol.suites import SigningKey
from village_node import files

IDENTITY_FILE = "identity.json"
KEY_FILE = "node.key"
SUITE = 1


class NoIdentity(Exception):
    """The data directory holds no usable identity; the text says which file and what to do."""


@dataclass(frozen=True)
class Identity:
    """One incarnation of one place. `network_id` (32 bytes) and `parent` (16 bytes) are None before enrolment is done,
    and `parent` at the root."""

    place: str
    level: str
    name: str
    incarnation: bytes
    key: SigningKey
    network_id: bytes | None = None
    parent: bytes | None = None


def create(data: Path, place: str, level: str, name: str) -> Identity:
    """Draw a new incarnation and key for a place and write both files into a directory that holds no identity yet.

    What an earlier call for this place left before the node was enrolled, complete or cut short, is taken up. Raises
    NoIdentity where there is another one: a database's life is never continued under another key by accident.
    """
    if (data / IDENTITY_FILE).exists():
        begun = load(data)
        if begun.network_id is not None or (begun.place, begun.level) != (place, level):
            raise NoIdentity(
                f"{data} holds an identity already: choose another directory, "
                f"or move {IDENTITY_FILE} and {KEY_FILE} away"
            )
        identity = replace(begun, name=name)
    else:
        identity = Identity(place, level, name, secrets.token_bytes(16), kept_or_new(data / KEY_FILE))
    save(data, identity)
    return identity


def save(data: Path, identity: Identity) -> None:
    """Write `identity.json` so that a power cut leaves the old one or the new one, never half of it."""
    record = {
        "place": identity.place,
        "level": identity.level,
        "name": identity.name,
        "suite": SUITE,
        "incarnation": identity.incarnation.hex(),
        "network_id": identity.network_id.hex() if identity.network_id else None,
        "parent": identity.parent.hex() if identity.parent else None,
    }
    files.write(data / IDENTITY_FILE, json.dumps(record, ensure_ascii=False, indent=1).encode())


def enrolled(data: Path, identity: Identity, network_id: bytes, parent: bytes | None) -> Identity:
    """The identity as a member of a network, saved."""
    member = replace(identity, network_id=network_id, parent=parent)
    save(data, member)
    return member


def load(data: Path) -> Identity:
    """The identity in a data directory. Raises NoIdentity when a file is missing or damaged."""
    try:
        record = json.loads((data / IDENTITY_FILE).read_text(encoding="utf-8"))
        seed = bytes.fromhex((data / KEY_FILE).read_text(encoding="ascii"))
        return Identity(
            place=record["place"],
            level=record["level"],
            name=record["name"],
            incarnation=bytes.fromhex(record["incarnation"]),
            key=SigningKey.from_seed(record["suite"], seed),
            network_id=bytes.fromhex(record["network_id"]) if record["network_id"] else None,
            parent=bytes.fromhex(record["parent"]) if record["parent"] else None,
        )
    except FileNotFoundError as problem:
        raise NoIdentity(f"{problem.filename} is missing: run `init` first, or restore it") from None
    except (ValueError, KeyError, TypeError) as problem:
        raise NoIdentity(
            f"the identity in {data} is damaged ({problem}): restore {IDENTITY_FILE} and {KEY_FILE}"
        ) from None


def random_bytes(count: int) -> bytes:
    """`count` bytes of the system's randomness: what the wiring hands to parts that need some."""
    return secrets.token_bytes(count)


def write_secret(path: Path, seed: bytes) -> None:
    """Write a key's seed to a file that only its owner may read, and sync it and its directory."""
    files.write(path, seed.hex().encode("ascii"))


def read_secret(path: Path, suite: int = SUITE) -> SigningKey:
    """The key whose seed lies in this file. Raises NoIdentity when it is missing or damaged."""
    try:
        return SigningKey.from_seed(suite, bytes.fromhex(path.read_text(encoding="ascii")))
    except (OSError, ValueError) as problem:
        raise NoIdentity(f"the key {path.name} cannot be read: {problem}") from None


def kept_or_new(path: Path) -> SigningKey:
    """The key in this file; drawn and written first where there is none. Raises NoIdentity for a damaged one."""
    if not path.exists():
        write_secret(path, secrets.token_bytes(32))
    return read_secret(path)
