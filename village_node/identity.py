"""Who this node is: its place, its incarnation and its signing key, kept in files of the data directory.

`identity.json` is not secret; `node.key` is (mode 0600, and wrapped where the node's people chose that: keyring.py) and
is never written to the database. A node between `init` and
the answer to its enrolment request has a key and an incarnation, but no network yet. A later life of the node has a key
file of its own, and `identity.json` names it and the lives before: one file is replaced, and the new life has begun.
"""

import json
import logging
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from sync_protocol.suites import OpeningKey, SigningKey, sealing_suite
from village_node import files
from village_node.keyring import PLAIN, Keyring, NoPassphrase

_log = logging.getLogger(__name__)

IDENTITY_FILE = "identity.json"
KEY_FILE = "node.key"
OPENING = "opening-"
FILES_KEY = "files.key"
FILES_TURN = "files.turn"
NOT_COMPARED = "network-not-compared"
_NO_FILES_KEY = (
    f"缺少 {FILES_KEY}：没有它，本机的材料原件和二次验证都打不开。请从备份恢复这个文件；备份里也没有的，"
    "运行 keys forget-files，打不开的材料会向其他单位重新索取，只存在本机的就没有了，二次验证须逐个重置"
    f" / {FILES_KEY} is missing, and without it no file of a paper that lies here opens, and no second factor: restore"
    " it from the backup. Where there is none, give `keys forget-files`: what does not open is asked for again from"
    " elsewhere, what lay here alone is lost, and second factors are reset one by one"
)
SUITE = 1


class NoIdentity(Exception):
    """The data directory holds no usable identity; the text says which file and what to do."""


@dataclass(frozen=True)
class Former:
    """An earlier life of this node: its key still proves the place, and seals what it once sent."""

    incarnation: bytes
    key: SigningKey
    key_file: str
    ended_ms: int
    reason: str


@dataclass(frozen=True)
class Identity:
    """One incarnation of one place. `network_id` (32 bytes) and `parent` (16 bytes) are None before enrolment is done,
    and `parent` at the root. `former`: the lives before this one, the first one first."""

    place: str
    level: str
    name: str
    incarnation: bytes
    key: SigningKey
    network_id: bytes | None = None
    parent: bytes | None = None
    key_file: str = KEY_FILE
    former: tuple[Former, ...] = ()

    @property
    def lives(self) -> dict[bytes, SigningKey]:
        """Incarnation -> key of every life of this node, the present one last."""
        return {**{each.incarnation: each.key for each in self.former}, self.incarnation: self.key}

    def in_life(self, incarnation: bytes) -> "Identity":
        """This place as the life with that incarnation, to sign with its key."""
        return replace(self, incarnation=incarnation, key=self.lives[incarnation])

    def as_of(self, incarnation: bytes) -> "Identity":
        """This node as it was in that life, knowing of none after it. Raises NoIdentity where there is no such life."""
        if incarnation == self.incarnation:
            return self
        for number, each in enumerate(self.former):
            if each.incarnation == incarnation:
                return replace(
                    self,
                    incarnation=incarnation,
                    key=each.key,
                    key_file=each.key_file,
                    former=self.former[:number],
                )
        raise NoIdentity(f"{IDENTITY_FILE} knows no life {incarnation.hex()}: the database has another node's")


def is_enrolled(data: Path) -> bool:
    """Whether the identity in a data directory is a network's member: no key is needed to see that. Raises NoIdentity
    for a damaged one; where there is none, there is no member."""
    try:
        return bool(json.loads((data / IDENTITY_FILE).read_text(encoding="utf-8"))["network_id"])
    except FileNotFoundError:
        return False
    except (ValueError, KeyError, TypeError) as problem:
        raise NoIdentity(f"the identity in {data} is damaged ({problem}): restore {IDENTITY_FILE}") from None


def incarnation_in(data: Path) -> bytes | None:
    """The incarnation of the identity in a data directory, which no key is needed to see; None where there is none.
    Raises NoIdentity for a damaged one."""
    try:
        return bytes.fromhex(json.loads((data / IDENTITY_FILE).read_text(encoding="utf-8"))["incarnation"])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as problem:
        raise NoIdentity(f"the identity in {data} is damaged ({problem}): restore {IDENTITY_FILE}") from None


def create(data: Path, place: str, level: str, name: str, keyring: Keyring = PLAIN, *, seen: bool = True) -> Identity:
    """Draw a new incarnation and key for a place and write both files into a directory that holds no identity yet.

    What an earlier call for this place left before the node was enrolled, complete or cut short, is taken up; one that
    nobody has `seen` yet for another place too. Raises NoIdentity where there is another one: a database's life is
    never continued under another key by accident.
    """
    if (data / IDENTITY_FILE).exists():
        begun = load(data, keyring)
        if begun.network_id is not None or (seen and (begun.place, begun.level) != (place, level)):
            raise NoIdentity(
                f"{data} holds an identity already: choose another directory, "
                f"or move {IDENTITY_FILE} and {KEY_FILE} away"
            )
        identity = replace(begun, place=place, level=level, name=name)
    else:
        identity = Identity(place, level, name, secrets.token_bytes(16), kept_or_new(data / KEY_FILE, keyring))
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
        "key_file": identity.key_file,
        "former": [
            {
                "incarnation": each.incarnation.hex(),
                "key_file": each.key_file,
                "ended_ms": each.ended_ms,
                "reason": each.reason,
            }
            for each in identity.former
        ],
    }
    files.write(data / IDENTITY_FILE, json.dumps(record, ensure_ascii=False, indent=1).encode())


def enrolled(data: Path, identity: Identity, network_id: bytes, parent: bytes | None) -> Identity:
    """The identity as a member of a network, saved."""
    member = replace(identity, network_id=network_id, parent=parent)
    save(data, member)
    return member


def succeed(
    data: Path,
    identity: Identity,
    reason: str,
    now_ms: int,
    randomness: Callable[[int], bytes] = secrets.token_bytes,
    keyring: Keyring = PLAIN,
) -> Identity:
    """Begin a new life of this node: a new incarnation with a key of its own. The keys before it stay where they are.

    Once this returns the new life is what a start finds; a power cut before leaves the old one.
    """
    incarnation, seed = randomness(16), randomness(32)
    key_file = f"node-{incarnation.hex()[:16]}.key"
    keyring.write(data / key_file, seed)
    ended = Former(identity.incarnation, identity.key, identity.key_file, now_ms, reason)
    begun = replace(
        identity,
        incarnation=incarnation,
        key=SigningKey.from_seed(SUITE, seed),
        key_file=key_file,
        former=(*identity.former, ended),
    )
    save(data, begun)
    return begun


def expect_comparison(data: Path) -> None:
    """Note that people must compare the network code before this node works. Before the roster is kept: no cut between
    the two leaves a node that trusts what nobody has looked at."""
    files.write(data / NOT_COMPARED, b"")


def is_compared(data: Path) -> bool:
    """Whether nothing is left to compare."""
    return not (data / NOT_COMPARED).exists()


def compared(data: Path) -> None:
    """A person says that the network code is that of the place above."""
    (data / NOT_COMPARED).unlink(missing_ok=True)
    files.sync_folder(data)


def load(data: Path, keyring: Keyring = PLAIN) -> Identity:
    """The identity in a data directory. Raises NoIdentity when a file is missing or damaged, or a key not opened."""
    try:
        record = json.loads((data / IDENTITY_FILE).read_text(encoding="utf-8"))
        key_file = record.get("key_file", KEY_FILE)
        return Identity(
            place=record["place"],
            level=record["level"],
            name=record["name"],
            incarnation=bytes.fromhex(record["incarnation"]),
            key=_key_in(data / key_file, record["suite"], keyring),
            network_id=bytes.fromhex(record["network_id"]) if record["network_id"] else None,
            parent=bytes.fromhex(record["parent"]) if record["parent"] else None,
            key_file=key_file,
            former=tuple(
                Former(
                    bytes.fromhex(each["incarnation"]),
                    _key_in(data / each["key_file"], record["suite"], keyring),
                    each["key_file"],
                    each["ended_ms"],
                    each["reason"],
                )
                for each in record.get("former", ())
            ),
        )
    except FileNotFoundError as problem:
        raise NoIdentity(f"{problem.filename} is missing: run `init` first, or restore it") from None
    except NoPassphrase as problem:
        raise NoIdentity(str(problem)) from None
    except (ValueError, KeyError, TypeError) as problem:
        raise NoIdentity(
            f"the identity in {data} is damaged ({problem}): restore {IDENTITY_FILE} and {KEY_FILE}"
        ) from None


def _key_in(path: Path, suite: int, keyring: Keyring) -> SigningKey:
    return SigningKey.from_seed(suite, keyring.read(path))


def random_bytes(count: int) -> bytes:
    """`count` bytes of the system's randomness: what the wiring hands to parts that need some."""
    return secrets.token_bytes(count)


def write_secret(path: Path, seed: bytes) -> None:
    """Write a key's seed in the clear to a file that only its owner may read, and sync it and its directory."""
    PLAIN.write(path, seed)


def read_secret(path: Path, suite: int = SUITE, keyring: Keyring = PLAIN) -> SigningKey:
    """The key whose seed lies in this file. Raises NoIdentity when it is missing, damaged or not opened."""
    try:
        return _key_in(path, suite, keyring)
    except (OSError, ValueError, NoPassphrase) as problem:
        raise NoIdentity(f"the key {path.name} cannot be read: {problem}") from None


def opening_keys(data: Path, keyring: Keyring = PLAIN) -> list[OpeningKey]:
    """The keys with which this place opens what is sealed to it, of all its lives. A file that cannot be read is passed
    over and said in the log: the others go on opening. Raises NoIdentity where there are files and none is left."""
    found, bad = _read_opening_keys(data, keyring)
    said = [f"the key {name} cannot be read: restore it ({problem})" for name, problem in bad.items()]
    for words in said:
        _warn(words)
    if said and not found:
        raise NoIdentity(said[-1])
    return found


def unread_keys(data: Path, keyring: Keyring = PLAIN) -> list[str]:
    """The names of the files among them that cannot be read: damaged, or wrapped under what is not here."""
    return sorted(_read_opening_keys(data, keyring)[1])


def _read_opening_keys(data: Path, keyring: Keyring) -> tuple[list[OpeningKey], dict[str, Exception]]:
    """The keys in all files, and by the name of its file why one cannot be read."""
    found: list[OpeningKey] = []
    bad: dict[str, Exception] = {}
    for path in sorted(data.glob(f"{OPENING}*.key")):
        try:
            found.append(OpeningKey(keyring.read(path), _suite_in(path)))
        except (OSError, ValueError, NoPassphrase) as problem:
            bad[path.name] = problem
    return found, bad


@lru_cache(maxsize=64)
def _warn(text: str) -> None:
    """Say it once: the keys are looked at whenever something does not open."""
    _log.warning("%s", text)


def keep_opening_key(data: Path, seed: bytes, keyring: Keyring = PLAIN, suite: str = "s1") -> OpeningKey:
    """A new key of this place, written beside the others and synced before anybody is told of it."""
    key = OpeningKey(seed, suite)
    keyring.write(data / opening_file(key.public), seed)
    return key


def give_up(data: Path, publics: Iterable[bytes]) -> None:
    """Note beside the files of these keys that nothing more is to be sealed to them: an older copy of the database does
    not know it. They go on opening. Raises OSError."""
    for public in publics:
        files.write(_given_up_file(data, public), b"")


def is_given_up(data: Path, public: bytes) -> bool:
    """Whether another key was drawn in place of this one."""
    return _given_up_file(data, public).exists()


def _given_up_file(data: Path, public: bytes) -> Path:
    return data / f"{opening_file(public)}.given-up"


def opening_file(public: bytes) -> str:
    """The name of the file in which the private half of a key of this place lies."""
    suite = sealing_suite(public)
    named = f"{suite}-" if suite != "s1" else ""
    return f"{OPENING}{named}{public.hex()[:16]}.key"


def _suite_in(path: Path) -> str:
    """The suite that the name of a key file tells; that of the first ones goes without."""
    first = path.stem.removeprefix(OPENING).partition("-")
    return first[0] if first[1] else "s1"


def file_key(data: Path, keyring: Keyring = PLAIN, *, in_use: bool = False) -> bytes:
    """The key under which the keys of papers' files are wrapped; drawn and written first where there is none. `in_use`:
    the database holds keys that it has wrapped, and another one would open none of them. Raises OSError, NoIdentity for
    a damaged one, and for one in use that is not here."""
    path = data / FILES_KEY
    with files.turn(data / FILES_TURN):  # several workers start together
        try:
            if not path.exists():
                if in_use:
                    raise NoIdentity(_NO_FILES_KEY)
                keyring.write(path, secrets.token_bytes(32))
            return keyring.read(path)
        except (ValueError, NoPassphrase) as problem:
            raise NoIdentity(f"the key {path.name} cannot be read: restore it ({problem})") from None


def kept_or_new(path: Path, keyring: Keyring = PLAIN) -> SigningKey:
    """The key in this file; drawn and written first where there is none. Raises NoIdentity for a damaged one."""
    if not path.exists():
        keyring.write(path, secrets.token_bytes(32))
    return read_secret(path, keyring=keyring)
