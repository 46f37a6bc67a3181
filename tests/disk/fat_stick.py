"""A stick as shops sell them: an image with FAT32 or exFAT on it, plugged in and out through FUSE, or by mtools alone.

The kernel's own driver for FAT is often not built for servers; fusefat and exfat-fuse know the same file systems, with
what these lack: no owners, no modes, no links (FAT), names that differ in case alone (FAT), and no fsync of folders.
"""

import os
import select
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

TOOLS = {
    "fat32": ("mkfs.vfat", "fsck.vfat", "fusefat", "fusermount3", "mcopy"),
    "exfat": ("mkfs.exfat", "fsck.exfat", "mount.exfat-fuse", "losetup", "umount"),
}
SMALLEST_MB = 34  # FAT32 has at least 65,525 clusters of 512 bytes
DRIVER_S = 30.0  # so long a driver may write what it holds after an unmount


class NoStick(RuntimeError):
    """This machine cannot have one; the text says why."""


def run(*command: str | Path) -> str:
    """Run one of the tools; what it printed. Raises NoStick with what it complained of."""
    done = subprocess.run([str(each) for each in command], capture_output=True, text=True, check=False, timeout=60)
    if done.returncode:
        raise NoStick(f"{command[0]}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def _words(process: Path) -> bytes:
    """With what a process was started; nothing where it is gone."""
    with suppress(OSError):
        return (process / "cmdline").read_bytes()
    return b""


def _ended(pid: int) -> bool:
    """Whether a process has ended, for which is waited."""
    try:
        held = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([held], [], [], DRIVER_S)[0])
    finally:
        os.close(held)


class FatStick:
    """An image of so many megabytes, formatted anew, and the folder where it is plugged in."""

    def __init__(self, kind: str, folder: Path, megabytes: int = SMALLEST_MB) -> None:
        path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
        missing = [tool for tool in TOOLS[kind] if shutil.which(tool, path=path) is None]
        if missing:
            raise NoStick(f"not here: {', '.join(missing)}")
        if not os.access("/dev/fuse", os.R_OK | os.W_OK):
            raise NoStick("/dev/fuse is missing, or not for this user")
        self.kind, self.image, self.path = kind, folder / "stick.img", folder / "stick"
        self.size = megabytes << 20
        self._loop = ""
        with self.image.open("wb") as image:
            image.truncate(self.size)
        self.path.mkdir()
        run(*(("mkfs.vfat", "-F", "32", "-s", "1") if kind == "fat32" else ("mkfs.exfat",)), self.image)

    def plug_in(self, *, read_only: bool = False) -> Path:
        """Mount it; where. Raises NoStick."""
        if self.kind == "fat32":
            run("fusefat", "-o", "ro" if read_only else "rw+", self.image, self.path)
        else:
            self._loop = run("losetup", "-f", "--show", *(("-r",) if read_only else ()), self.image).strip()
            run("mount.exfat-fuse", *(("-o", "ro") if read_only else ()), self._loop, self.path)
        if not os.path.ismount(self.path):
            raise NoStick(f"{self.kind}: nothing was mounted")
        return self.path

    def eject(self) -> None:
        """Unmount it: what is read after this comes from the image and from no memory."""
        if os.path.ismount(self.path):
            run("umount", self.path)
        self._wait_for_the_driver()
        self._let_go()

    def _wait_for_the_driver(self) -> None:
        """What drove the file system writes what it still holds after the unmount has returned. Raises NoStick
        where it does not end."""
        name = os.fsencode(self._loop or self.image)
        for process in Path("/proc").glob("[0-9]*"):
            if name in _words(process) and not _ended(int(process.name)):
                raise NoStick(f"the driver of {self._loop or self.image} has not ended")

    def pull_out(self) -> None:
        """Take it out in the middle of whatever goes on: every name below the folder is gone at once."""
        run("umount", "-l", self.path)
        self._let_go()

    def replug(self, *, read_only: bool = False) -> Path:
        """Out and in again."""
        self.eject()
        return self.plug_in(read_only=read_only)

    def is_sound(self) -> bool:
        """What the system's own check of the file system says."""
        with suppress(NoStick):
            run("fsck.vfat" if self.kind == "fat32" else "fsck.exfat", "-n", self.image)
            return True
        return False

    def fill(self, leave: int = 0) -> None:
        """Leave room for so many bytes, in whole kilobytes."""
        for size in (64 << 10, 512):
            with suppress(OSError), (self.path / "holiday.avi").open("ab", buffering=0) as ballast:
                while ballast.write(bytes(size)):
                    pass
        if leave:
            size = (self.path / "holiday.avi").stat().st_size
            os.truncate(self.path / "holiday.avi", size - leave)

    def _let_go(self) -> None:
        if self._loop:
            run("losetup", "-d", self._loop)
            self._loop = ""
