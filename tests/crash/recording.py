"""One scenario on a recorded disk: mount it, let a node of its own process act on it, unmount it, keep the log."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from tests.crash.acting import act
from tests.crash.operations import Operation, load
from tests.postgresql import memory

MOUNTED_S: Final = 20.0
ENDED_S: Final = 60.0
ACTED_S: Final = 240.0
FORK: Final = get_context("fork")  # of this process, which has read the whole program already


class RigBroken(Exception):
    """The rig itself did not work: nothing is known about the node."""


def trouble() -> str:
    """Why no file system of ours can be mounted here; empty where it can."""
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        return "/dev/fuse is missing, or not for this user"
    words = "import sys, ctypes.util; sys.exit(0 if ctypes.util.find_library('fuse3') else 1)"
    if subprocess.run([sys.executable, "-c", words], check=False).returncode:
        return "libfuse3 is missing (Debian: fuse3)"
    try:
        with mounted() as (folder, _):
            (folder / "tried").write_bytes(b"x")
    except RigBroken as problem:
        return str(problem)
    return ""


@contextmanager
def mounted() -> Iterator[tuple[Path, list[Operation]]]:
    """An empty recorded folder, and its log, which is filled once the block has ended."""
    log: list[Operation] = []
    with tempfile.TemporaryDirectory(prefix="sanji-crash-") as place:
        folder, file = Path(place) / "disk", Path(place) / "log"
        folder.mkdir()
        line = [sys.executable, "-m", "tests.crash.recorder", str(folder), str(file)]
        with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as recorder:
            try:
                _wait_until_mounted(recorder, folder)
                yield folder, log
            finally:
                recorder.terminate()
                try:
                    said, _ = recorder.communicate(timeout=ENDED_S)
                except subprocess.TimeoutExpired:
                    recorder.kill()
                    raise RigBroken("the recorder does not end: somebody still uses its disk") from None
        if not file.exists():
            raise RigBroken(f"the recorder left no log: {said.strip()[-2000:]}")
        log.extend(load(file))


def record(scenario: str, seed: int, plant: str = "") -> list[Operation]:
    """What the disk was asked to do while a node went through this scenario. Raises RigBroken with what it said.

    `plant`: a defect to be put into the node, see `tests.crash.controls`.
    """
    with mounted() as (folder, log), tempfile.TemporaryDirectory(prefix="sanji-crash-", dir=memory()) as place:
        beside, said = Path(place) / "beside", Path(place) / "said"
        beside.mkdir()
        actor = FORK.Process(target=act, args=(scenario, folder, beside, seed, plant, said))
        actor.start()
        actor.join(ACTED_S)
        if actor.is_alive():
            actor.kill()
            actor.join()
            raise RigBroken(f"{scenario}: not done after {ACTED_S:g} s")
        if actor.exitcode:
            raise RigBroken(f"{scenario}: {said.read_text(encoding='utf-8')[-4000:]}")
    return log


def _wait_until_mounted(recorder: "subprocess.Popen[str]", folder: Path) -> None:
    for _ in range(int(MOUNTED_S * 20)):
        if os.path.ismount(folder):
            return
        try:
            recorder.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
        raise RigBroken(f"nothing can be mounted here: {(recorder.communicate()[0] or '').strip()[-1000:]}")
    raise RigBroken("nothing was mounted in time")
