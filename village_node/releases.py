"""The program's own renewal: packages are used only when a release signed by the root names them, byte for byte.

A release (PROTOCOL.md, section 16) lies beside its packages in a folder, on a stick or a disk. What it names is copied
into the node's own directory and compared on the way, so that nobody exchanges a file between looking and using; the
release is kept there too, and nothing older is taken again.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import util
from pathlib import Path
from typing import Final

from sync_protocol import limits, release
from sync_protocol.release import Package, Release, Signed
from sync_protocol.roster import Roster
from village_node import files

FILE: Final = "release.cbor"
FOLDER: Final = "release"
SUFFIX: Final = ".whl"
PROGRAM: Final = "sanji"
_PIECE: Final = 1 << 20


class NoRelease(Exception):
    """The folder holds no release that can be used; the text names the file and says what to do."""


def held(data: Path) -> Signed | None:
    """The release that was taken last, or none. Raises NoRelease where it cannot be read."""
    return read(data / FILE) if (data / FILE).exists() else None


def read(path: Path) -> Signed:
    """The release in a file. Raises NoRelease, Malformed, TooLarge, NeedsUpdate."""
    try:
        with path.open("rb") as file:
            raw = file.read(limits.RELEASE + 1)
    except OSError as problem:
        raise NoRelease(f"{path} cannot be read ({problem.strerror}): name the folder that a release came in") from None
    return release.from_bytes(raw)


def draft(folder: Path, network_id: bytes, number: int, now_ms: int) -> Signed:
    """A release of the packages in a folder, signed by nobody yet; its version is that of the program among them.

    Raises NoRelease, Malformed, TooLarge.
    """
    packages = tuple(Package(path.name, *_measured(path)) for path in sorted(folder.glob(f"*{SUFFIX}")))
    versions = {package.name.split("-")[1] for package in packages if package.name.startswith(f"{PROGRAM}-")}
    if len(versions) != 1:
        found = ", ".join(sorted(versions)) or "none"
        raise NoRelease(f"{folder}: must hold the packages of one version of {PROGRAM}; versions found: {found}")
    return release.write(Release(network_id, number, versions.pop(), now_ms, packages))


def verified(folder: Path, roster: Roster, data: Path) -> Release:
    """What the release in a folder says, once all of it holds: signatures, number, and every package.

    Raises NoRelease, OldRelease, a ProtocolError that says why not.
    """
    said = release.check(read(folder / FILE), roster, held(data))
    for package in said.packages:
        for _ in _pieces(folder / package.name, package):
            pass
    return said


def take(folder: Path, roster: Roster, data: Path) -> Release:
    """The same; its packages lie in the node's directory then, and nothing older is taken any more.

    Raises what `verified` raises, and OSError; then what was taken before stays.
    """
    signed = read(folder / FILE)
    said = release.check(signed, roster, held(data))
    fresh, mine = data / f"{FOLDER}.new", data / FOLDER
    shutil.rmtree(fresh, ignore_errors=True)
    files.make_folder(fresh)
    try:
        for package in said.packages:
            with (fresh / package.name).open("xb") as copy:
                for piece in _pieces(folder / package.name, package):
                    copy.write(piece)
                copy.flush()
                os.fsync(copy.fileno())
        files.sync_folder(fresh)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    files.write(data / FILE, release.to_bytes(signed))
    shutil.rmtree(mine, ignore_errors=True)
    fresh.rename(mine)
    files.sync_folder(data)
    return said


def install(data: Path, version: str, python: str = sys.executable) -> None:
    """Install the packages that were taken, and nothing else, for this Python. Raises NoRelease with what pip says."""
    extra = "[county]" if util.find_spec("psycopg") else ""  # what the county's database needs, where it is in use
    line = [sys.executable, "-m", "pip", "--python", python, "--isolated", "--disable-pip-version-check", "install"]
    line += ["--quiet", "--no-index", "--find-links", str(data / FOLDER), f"{PROGRAM}{extra}=={version}"]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoRelease(f"the release is taken, and pip did not install it: {done.stderr.strip()[-1000:]}")


def told(signed: Signed) -> dict[str, object]:
    """What a release says, for `status --json` and the eyes of who is to sign it."""
    said = release.read(signed)
    return {
        "number": said.number,
        "version": said.version,
        "packages": len(said.packages),
        "sha256": hashlib.sha256(signed.payload).hexdigest(),
        "signed_by": sorted(name.hex() for name, _ in signed.signatures),
    }


def _measured(path: Path) -> tuple[int, bytes]:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
            size += len(piece)
    return size, digest.digest()


def _pieces(path: Path, package: Package) -> Iterator[bytes]:
    """The bytes of a package; after the last of them it is the one that the release names. Raises NoRelease."""
    digest, left = hashlib.sha256(), package.size
    try:
        with path.open("rb") as file:
            while piece := file.read(min(_PIECE, left + 1)):
                left -= len(piece)
                if left < 0:
                    break
                digest.update(piece)
                yield piece
    except OSError as problem:
        raise NoRelease(f"{package.name} cannot be read ({problem.strerror}): copy the whole release again") from None
    if left or digest.digest() != package.digest:
        raise NoRelease(f"{package.name} is not the package that the release names: copy the whole release again")
