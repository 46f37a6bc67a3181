"""A small filesystem of its own: mounted for a test, filled to the last page, emptied again."""

import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

FILLER = "filler"
PAGE = 4096


class CannotMount(Exception):
    """This machine does not let us mount; the text says what it answered."""


class SmallDisk:
    """A filesystem of so many megabytes on a folder."""

    def __init__(self, folder: Path, megabytes: int, what: tuple[str, ...] = ()) -> None:
        """Mount it, a tmpfs unless told otherwise. Raises CannotMount."""
        if os.name != "posix" or os.geteuid() != 0:
            raise CannotMount("only root may mount a small filesystem")
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder
        self._mount(*(what or ("-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700", "tmpfs")), str(folder))

    @classmethod
    def ext4(cls, folder: Path, image: Path, megabytes: int) -> "SmallDisk":
        """One with a filesystem as real machines have it, in a file. Raises CannotMount."""
        if shutil.which("mkfs.ext4") is None:
            raise CannotMount("mkfs.ext4 is not installed")
        with image.open("wb") as made:
            made.truncate(megabytes << 20)
        subprocess.run(["mkfs.ext4", "-q", "-m", "0", str(image)], check=True)
        return cls(folder, megabytes, ("-o", "loop", str(image)))

    def free(self) -> int:
        """Bytes that anybody could still write."""
        return shutil.disk_usage(self.path).free

    def fill(self, leave: int = 0) -> None:
        """Take all space but ``leave`` bytes (whole pages), also while somebody else is writing."""
        descriptor = os.open(self.path / FILLER, os.O_CREAT | os.O_RDWR)
        try:
            for _ in range(20):
                take = max(self.free() // PAGE - leave // PAGE, 0) * PAGE
                if not take:
                    return
                with suppress(OSError):  # somebody was faster: look again
                    os.posix_fallocate(descriptor, os.fstat(descriptor).st_size, take)
        finally:
            os.close(descriptor)

    def make_room(self) -> None:
        """Give all that back."""
        (self.path / FILLER).unlink(missing_ok=True)

    def empty(self) -> None:
        """Remove everything."""
        for each in self.path.iterdir():
            if each.name != "lost+found":
                each.unlink() if each.is_file() else shutil.rmtree(each)

    def read_only(self, yes: bool) -> None:
        """Remount it, as a system does that no longer trusts a disk, or trusts it again."""
        self._mount("-o", "remount,ro" if yes else "remount,rw", str(self.path))

    def close(self) -> None:
        """Unmount; whoever still has files open keeps them until it ends."""
        subprocess.run(["umount", "-l", str(self.path)], check=True)

    def _mount(self, *words: str) -> None:
        done = subprocess.run(["mount", *words], capture_output=True, text=True, check=False)
        if done.returncode:
            raise CannotMount(f"mount {' '.join(words)}: {done.stderr.strip()}")
