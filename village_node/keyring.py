"""How private keys lie on the disk: as they are, or wrapped under one key that a passphrase opens.

`keys.json` holds that one key, wrapped under what scrypt makes of the passphrase; where it is missing the folder's keys
lie in the clear. Each key file is wrapped by itself, under its own name: one cannot be put in the place of another. A
file that is not wrapped yet is read all the same, so that protecting a folder can be cut short and taken up again.
"""

import json
from collections.abc import Callable, Iterator
from hashlib import scrypt
from pathlib import Path
from typing import Final

from sync_protocol.suites import NotOpened, decrypt, encrypt
from village_node import files

KEYS_FILE: Final = "keys.json"
SHORTEST: Final = 12  # characters of a passphrase
_FORM: Final = "sanji-keys-1"
_WRAPPED: Final = "sanji-key-1"
_ABOUT: Final = b"sanji/keys/1"
COST: Final = 2**16  # 64 MB and a few tenths of a second for each guess, on the slowest machine in a village
_SEED: Final = 32
_NONCE: Final = 12
_SALT: Final = 16


class NoPassphrase(Exception):
    """The keys of a folder cannot be opened, or not be wrapped; the text says why and what to do."""


class Keyring:
    """Reads and writes the key files of one folder. `key` None: they lie in the clear. `randomness`: for nonces."""

    def __init__(self, key: bytes | None = None, randomness: Callable[[int], bytes] | None = None) -> None:
        self._key = key
        self._randomness = randomness

    def read(self, path: Path) -> bytes:
        """The seed in a key file. Raises ValueError for a damaged one, OSError, NoPassphrase."""
        text = path.read_text(encoding="ascii")
        if not is_wrapped(text):
            return bytes.fromhex(text)
        if self._key is None:
            raise NoPassphrase(f"{path.name} is wrapped and {KEYS_FILE} is not here: restore it from the backup")
        _, nonce, wrapped = text.split()
        try:
            return decrypt(self._key, bytes.fromhex(nonce), _about(path), bytes.fromhex(wrapped))
        except NotOpened:
            raise ValueError(f"{path.name} is not wrapped under the key in {KEYS_FILE}, or was changed") from None

    def write(self, path: Path, seed: bytes) -> None:
        """Write a key's seed for the owner alone, and sync it and its folder. Raises OSError, also where the folder was
        protected and this process has not been told its passphrase: no key lies there in the clear then."""
        text = seed.hex()
        if self._key is None and is_protected(path.parent):
            raise PermissionError(f"{path.name}: the keys of this folder are wrapped now; start the node again")
        if self._key is not None and self._randomness is not None:
            nonce = self._randomness(_NONCE)
            text = f"{_WRAPPED} {nonce.hex()} {encrypt(self._key, nonce, _about(path), seed).hex()}"
        files.write(path, text.encode("ascii"))


PLAIN: Final = Keyring()


def is_protected(data: Path) -> bool:
    """Whether the keys of a folder are opened by a passphrase."""
    return (data / KEYS_FILE).exists()


def in_the_clear(data: Path) -> list[Path]:
    """The key files of a folder that are not wrapped."""
    return [path for path in _key_files(data) if not is_wrapped(path.read_text(encoding="ascii"))]


def is_wrapped(text: str) -> bool:
    """Whether what stands in a key file is wrapped."""
    return text.startswith(_WRAPPED)


def begin(data: Path, passphrase: str, randomness: Callable[[int], bytes]) -> Keyring:
    """Protect a folder from now on: what is written is wrapped. Raises NoPassphrase for a short one, and where keys of
    the folder are wrapped under one that is gone, OSError."""
    wrapped = [path.name for path in _key_files(data) if is_wrapped(path.read_text(encoding="ascii"))]
    if wrapped and not is_protected(data):
        raise NoPassphrase(
            f"{', '.join(wrapped)}: wrapped already, and {KEYS_FILE} that opens them is not here: restore it from the"
            " backup; under another one they would never open again"
        )
    key = randomness(_SEED)
    _keep(data, key, passphrase, randomness)
    return Keyring(key, randomness)


def opened(data: Path, passphrase: str, randomness: Callable[[int], bytes]) -> Keyring:
    """The keyring of a folder, whether it is protected or not. Raises NoPassphrase."""
    return Keyring(_key_of(data, passphrase), randomness) if is_protected(data) else PLAIN


def protect(data: Path, passphrase: str, randomness: Callable[[int], bytes]) -> int:
    """Wrap every key of a folder that is not wrapped yet; how many were. What was begun is taken up with the same
    passphrase. Raises NoPassphrase, OSError."""
    sweep(data)
    ring = opened(data, passphrase, randomness) if is_protected(data) else begin(data, passphrase, randomness)
    left = in_the_clear(data)
    for path in left:
        ring.write(path, PLAIN.read(path))
    return len(left)


def change(data: Path, passphrase: str, new: str, randomness: Callable[[int], bytes]) -> None:
    """Another passphrase for the same keys. Raises NoPassphrase, OSError."""
    if not is_protected(data):
        raise NoPassphrase("these keys lie in the clear: wrap them first (`keys protect`)")
    _keep(data, _key_of(data, passphrase), new, randomness)


def unprotect(data: Path, passphrase: str) -> int:
    """Write every key of a folder in the clear again; how many were wrapped. Raises NoPassphrase, OSError."""
    if not is_protected(data):
        return 0
    sweep(data)
    ring = Keyring(_key_of(data, passphrase))
    wrapped = [path for path in _key_files(data) if is_wrapped(path.read_text(encoding="ascii"))]
    for path in wrapped:
        files.write(path, ring.read(path).hex().encode("ascii"))
    (data / KEYS_FILE).unlink()
    files.sync_folder(data)
    return len(wrapped)


def sweep(data: Path) -> None:
    """Remove what a power cut has left of key files half written, while nobody else writes any: it may hold a seed.
    Raises OSError."""
    for path in data.glob("*.key.new"):
        path.unlink()


def how_they_lie(data: Path) -> str:
    """`passphrase` where every key of a folder is wrapped, `clear` where none has to be, `partly` where protecting the
    folder was cut short."""
    if not is_protected(data):
        return "clear"
    return "partly" if any(_shows_its_seed(path) for path in _key_files(data)) else "passphrase"


def _shows_its_seed(path: Path) -> bool:
    """Whether a file is a key in the clear; one that is damaged is none."""
    try:
        return bool(bytes.fromhex(path.read_text(encoding="ascii")))
    except (OSError, ValueError):
        return False


def _key_files(data: Path) -> Iterator[Path]:
    return iter(sorted(data.glob("*.key")))


def _about(path: Path) -> bytes:
    return _ABOUT + b" " + path.name.encode("ascii")


def _derived(passphrase: str, salt: bytes, cost: int) -> bytes:
    return scrypt(passphrase.encode("utf-8"), salt=salt, n=cost, r=8, p=1, maxmem=cost * 2_048, dklen=_SEED)


def _keep(data: Path, key: bytes, passphrase: str, randomness: Callable[[int], bytes]) -> None:
    if len(passphrase) < SHORTEST:
        raise NoPassphrase(f"the passphrase must have at least {SHORTEST} characters: a sentence is easiest to keep")
    salt, nonce = randomness(_SALT), randomness(_NONCE)
    wrapped = encrypt(_derived(passphrase, salt, COST), nonce, _ABOUT, key)
    record = {"form": _FORM, "scrypt": COST, "salt": salt.hex(), "nonce": nonce.hex(), "wrapped": wrapped.hex()}
    files.write(data / KEYS_FILE, json.dumps(record, indent=1).encode("ascii"))


def _key_of(data: Path, passphrase: str) -> bytes:
    try:
        record = json.loads((data / KEYS_FILE).read_text(encoding="ascii"))
        if record["form"] != _FORM or record["scrypt"] > COST * 16:
            raise ValueError("of another form")
        salt, nonce, wrapped = (bytes.fromhex(record[name]) for name in ("salt", "nonce", "wrapped"))
        return decrypt(_derived(passphrase, salt, record["scrypt"]), nonce, _ABOUT, wrapped)
    except NotOpened:
        raise NoPassphrase(
            "this passphrase does not open the keys: it is another one, or the file was changed"
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise NoPassphrase(f"{KEYS_FILE} cannot be used ({problem}): restore it from the backup") from None
