"""Files and folders of a node beside its database, written so that a power cut leaves the old one or the new one."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


def write(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write a file beside its place, sync it, move it there, and sync the folder: never half of it, and never gone."""
    beside = path.with_name(path.name + ".new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with open(descriptor, "wb") as new:
        new.write(content)
        new.flush()
        os.fsync(new.fileno())
    os.replace(beside, path)
    sync_folder(path.parent)


def make_folder(path: Path) -> None:
    """Make a folder, and those above it that are missing, for the owner alone; their names are on the disk then."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    for folder in missing:
        sync_folder(folder.parent)


def sync_folder(path: Path) -> None:
    """Wait until the names in a folder are on the disk: syncing a file says nothing of its name."""
    if sys.platform == "win32":
        return  # a folder cannot be opened there; its entries are journalled by the file system
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def turn(path: Path) -> Iterator[None]:
    """Wait until no other process of this node is inside, by a lock on an empty file. It ends with the process."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if sys.platform == "win32":
            msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
