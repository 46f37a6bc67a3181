"""Commands of nodes, each in a process of its own that does not have to read the programs anew."""

import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

_FORKS = get_context("forkserver")


class Done(NamedTuple):
    """How a command ended: its exit code, and what it said on either stream."""

    code: int
    said: str
    complained: str


def run(package: str, line: Sequence[str], environment: Mapping[str, str]) -> Done:
    """Carry out one command of a level's command line under this environment, as `python -m package.cli` would."""
    _FORKS.set_forkserver_preload(["center_node.cli"])  # it has all three levels
    with tempfile.TemporaryDirectory(prefix="sanji-") as made:
        said, complained = Path(made, "said"), Path(made, "complained")
        process = _FORKS.Process(target=_act, args=(package, list(line), dict(environment), said, complained))
        process.start()
        process.join()
        return Done(process.exitcode or 0, *(each.read_text("utf-8") for each in (said, complained)))


def _act(package: str, line: list[str], environment: dict[str, str], said: Path, complained: Path) -> None:
    """What the new process does: its streams are those of who asked, and its environment too."""
    os.environ.clear()
    os.environ.update(environment)
    for path, stream in ((said, sys.stdout), (complained, sys.stderr)):
        with path.open("w") as opened:
            os.dup2(opened.fileno(), stream.fileno())
    sys.exit(import_module(f"{package}.cli").main(line))
