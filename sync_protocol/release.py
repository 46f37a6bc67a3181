"""Releases: which program the root lets the nodes run, and by what files exactly.

Section 16 of PROTOCOL.md is the normative text. A release is a file of its own that travels beside the packages it
names, by whatever road; the root's keys sign it, so that no publishing key and no server can bring a node another one.
"""

from collections.abc import Set
from typing import Any, Final, NamedTuple

from sync_protocol import limits
from sync_protocol.encoding import decode, encode
from sync_protocol.errors import Malformed, NeedsUpdate, NotEntitled, TooLarge
from sync_protocol.event import check_bytes, check_ext, check_int
from sync_protocol.roster import Key, Roster, key_id
from sync_protocol.suites import SIGNATURE_BYTES, SigningKey, verify

NAME: Final = "sanji-release"
FORM: Final = 1
LABEL: Final = "release"
_KEY_ID: Final = 8
_SAFE: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+-")


class OldRelease(Exception):
    """The release is older than the one that is held, or contradicts it."""


class Package(NamedTuple):
    """One file of a release: its name, without folders, its size in bytes and its SHA-256."""

    name: str
    size: int
    digest: bytes


class Release(NamedTuple):
    """What a release says. `number` grows by at least 1 with each; `version`: as people know the program; `time`: ms
    since 1970 by the clock of who drafted it, for people alone."""

    network_id: bytes
    number: int
    version: str
    time: int
    packages: tuple[Package, ...]


class Signed(NamedTuple):
    """A release as it travels. Each signature comes with the id of its key."""

    payload: bytes
    signatures: tuple[tuple[bytes, bytes], ...] = ()


def write(release: Release) -> Signed:
    """The release that says this, signed by nobody yet. Raises Malformed, TooLarge."""
    rows = sorted(release.packages)
    payload = encode([*release[:4], [list(row) for row in rows], {}])
    made = Signed(payload)
    read(made)
    return made


def to_bytes(signed: Signed) -> bytes:
    """The file."""
    return encode([NAME, FORM, signed.payload, [list(row) for row in signed.signatures]])


def from_bytes(raw: bytes) -> Signed:
    """The release of a file, shape checked, nothing judged. Raises Malformed, TooLarge."""
    value = decode(raw, limit=limits.RELEASE)
    if type(value) is not list or len(value) != 4 or value[:2] != [NAME, FORM]:
        raise Malformed("this file is no release of this form")
    _, _, payload, rows = value
    if type(payload) is not bytes or type(rows) is not list:
        raise Malformed("release: must be [name, form, payload, [[key id, signature], ...]]")
    if len(rows) > limits.ROSTER_SIGNATURES:
        raise TooLarge(f"release: {len(rows)} signatures, at most {limits.ROSTER_SIGNATURES}")
    for row in rows:
        if type(row) is not list or len(row) != 2:
            raise Malformed("release signature: must be [key id, signature]")
        check_bytes("release key id", row[0], _KEY_ID)
        check_bytes("release signature", row[1], SIGNATURE_BYTES)
    signed = Signed(payload, tuple((name, signature) for name, signature in rows))
    read(signed)
    return signed


def read(signed: Signed) -> Release:
    """What it says, nothing judged. Raises Malformed, TooLarge, NeedsUpdate."""
    value = decode(signed.payload, limit=limits.RELEASE)
    if type(value) is not list or len(value) != 6 or type(value[4]) is not list:
        raise Malformed("release payload: must be [network id, number, version, time, [package, ...], ext]")
    network_id, number, version, time, rows, ext = value
    check_bytes("release network id", network_id, limits.HASH)
    check_int("release number", number, 1, limits.INT_MAX)
    if type(version) is not str or not 1 <= len(version) <= limits.RELEASE_TEXT or not _SAFE.issuperset(version):
        raise Malformed(f"release version: 1 to {limits.RELEASE_TEXT} letters, digits and . _ + -")
    check_int("release time", time, limits.INT_MIN, limits.INT_MAX)
    check_ext(ext)
    if any(key < 0 for key in ext):
        raise NeedsUpdate(
            "release: says something that must be understood and is not; take the release before it first"
        )
    if not rows:
        raise Malformed("release: names no package")
    if len(rows) > limits.RELEASE_PACKAGES:
        raise TooLarge(f"release: {len(rows)} packages, at most {limits.RELEASE_PACKAGES}")
    packages = tuple(_package(row) for row in rows)
    names = [package.name for package in packages]
    if names != sorted(set(names)):
        raise Malformed("release packages: ascending by name, each once")
    return Release(network_id, number, version, time, packages)


def _package(row: Any) -> Package:
    if type(row) is not list or len(row) != 3:
        raise Malformed("release package: must be [name, size, hash]")
    name, size, digest = row
    if type(name) is not str or not 1 <= len(name) <= limits.RELEASE_TEXT or not _SAFE.issuperset(name):
        raise Malformed(f"release package: a name is 1 to {limits.RELEASE_TEXT} letters, digits and . _ + -")
    if name.startswith("."):
        raise Malformed("release package: a name does not begin with a dot")
    check_int("release package size", size, 1, limits.RELEASE_PACKAGE)
    check_bytes("release package hash", digest, limits.HASH)
    return Package(name, size, digest)


def sign(signed: Signed, key: SigningKey) -> Signed:
    """The same with one more signature; nothing changes where this key has signed."""
    name = key_id(key.public)
    if name in {known for known, _ in signed.signatures}:
        return signed
    signature = key.sign(LABEL, read(signed).network_id, signed.payload)
    return signed._replace(signatures=(*signed.signatures, (name, signature)))


def check(signed: Signed, roster: Roster, held: Signed | None) -> Release:
    """What it says, once it may be used here: it is this network's, enough keys of the root have signed it, and it is
    no older than the one that is held.

    Raises BadSignature, NotEntitled, OldRelease; and what `read` raises.
    """
    release = read(signed)
    if release.network_id != roster.network_id:
        raise NotEntitled("release: of another network")
    threshold, _ = roster.root
    good = _signers(signed, roster.root_keys, release.network_id)
    if len(good) < threshold:
        raise NotEntitled(f"release: signed by {len(good)} keys of the root, must be {threshold}")
    if held is not None and signed.payload != held.payload:
        last = read(held)
        if release.number < last.number:
            raise OldRelease(f"release {release.number} is older than {last.number}, which is held")
        if release.number == last.number:
            raise OldRelease(f"another release bears the number {release.number} of the one that is held")
    return release


def _signers(signed: Signed, keys: Set[Key], network_id: bytes) -> set[Key]:
    """The keys among these that have signed. One key counts once. Raises BadSignature for a signature of theirs that
    does not hold; of a key that is none of them nothing is asked: an earlier root may have signed as well."""
    named = {key_id(public): (suite, public) for suite, public in keys}
    good = set()
    for name, signature in signed.signatures:
        if name in named:
            suite, public = named[name]
            verify(suite, public, LABEL, network_id, signed.payload, signature)
            good.add((suite, public))
    return good
