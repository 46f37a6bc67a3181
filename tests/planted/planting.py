"""Faults kept as patches: each is read and applied in a copy of the tree, where the test it names must turn red."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
FAULTS = Path(__file__).with_name("faults")
LONGEST_S = 300
PYTEST = (sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider")
RED = 1  # what pytest and the rigs end with when a promise is broken; anything else says that they could not be asked

_CAUGHT_BY = re.compile(r"^Caught-by: (\S.*)$", re.MULTILINE)
_TOUCHED = re.compile(r"^\+\+\+ b/(\S+)$", re.MULTILINE)
_DIFF = re.compile(r"^(?:diff --git|--- a/)", re.MULTILINE)
_IMPORTED = (
    "import importlib.util, sys\n"
    "for name, path in zip(sys.argv[1::2], sys.argv[2::2]):\n"
    "    found = importlib.util.find_spec(name).origin\n"
    "    assert found == path, f'{name} comes from {found}, not from {path}'\n"
)


class NotPlanted(Exception):
    """A fault that cannot be tried; the text says why."""


@dataclass(frozen=True)
class Fault:
    """One patch: what is wrong in it, in one sentence, and what finds that."""

    path: Path
    sentence: str
    caught_by: str
    touched: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def tests(self) -> list[str]:
        """The node ids of what catches it; none where it is a rig, named by its command line: `python -m ...`."""
        words = shlex.split(self.caught_by)
        return [] if words[0] == "python" else words

    @property
    def command(self) -> list[str]:
        """What asks whether it is caught."""
        return [*PYTEST, *self.tests] if self.tests else [sys.executable, *shlex.split(self.caught_by)[1:]]


class Outcome(NamedTuple):
    """Whether a fault was caught, by what or why not, and how long it took."""

    fault: Fault
    caught: bool
    word: str
    seconds: float


def read_fault(path: Path) -> Fault:
    """The fault that a patch is. Raises NotPlanted where its sentence, its test or its diff is missing."""
    text = path.read_text(encoding="utf-8")
    diff, named = _DIFF.search(text), _CAUGHT_BY.search(text)
    if diff is None or named is None or named.start() > diff.start():
        raise NotPlanted(f"{path.name}: must be a sentence, a line `Caught-by: ...` and a diff")
    sentence = " ".join(text[: named.start()].split())
    if not sentence.endswith("."):
        raise NotPlanted(f"{path.name}: does not begin with a sentence that says what the fault is")
    return Fault(path, sentence, named[1].strip(), tuple(_TOUCHED.findall(text)))


def read_faults(folder: Path, names: Sequence[str] = ()) -> list[Fault]:
    """The faults of a folder, or those of them whose name is, or begins with, one of these. Raises NotPlanted."""
    faults = [read_fault(path) for path in sorted(folder.glob("*.patch"))]
    strange = [name for name in names if not any(fault.name.startswith(name) for fault in faults)]
    if strange:
        raise NotPlanted(f"no fault is called {', '.join(strange)}")
    return [fault for fault in faults if not names or fault.name.startswith(tuple(names))]


def copy_tree(root: Path, to: Path) -> None:
    """What git would commit of the tree, as it lies on the disk now."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root, check=True, capture_output=True, timeout=LONGEST_S,
    )  # fmt: skip
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (root / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, to / name)


def plant(fault: Fault, tree: Path, *, only_check: bool = False) -> None:
    """Apply the patch in a tree, or only see that it would. Raises NotPlanted where it does not apply."""
    command = ["git", "apply", *(["--check"] if only_check else []), str(fault.path.resolve())]
    # Without the ceiling a copy inside somebody's repository would be taken for a part of it, and left as it is.
    told = subprocess.run(
        command, cwd=tree, env=os.environ | {"GIT_CEILING_DIRECTORIES": str(tree.resolve().parent)},
        capture_output=True, text=True, timeout=LONGEST_S,
    )  # fmt: skip
    if told.returncode:
        raise NotPlanted(f"does not apply: {' '.join(told.stderr.split())}")


def ask(tree: Path, command: Sequence[str]) -> tuple[int, str]:
    """Run a command on the code of a tree, its child processes included: how it ended, and its last words."""
    try:
        told = subprocess.run(
            command, cwd=tree, env=_of(tree), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors="replace", timeout=LONGEST_S,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return -1, f"no answer within {LONGEST_S} s"
    lines = [line for line in told.stdout.splitlines() if line.strip()]
    failed = [line for line in lines if line.startswith(("FAILED", "ERROR"))]
    return told.returncode, " ".join((failed or lines or [""])[-1].split())


def check_imported(fault: Fault, tree: Path) -> None:
    """See that the patched files are those that a process there imports. Raises NotPlanted."""
    words = []
    for path in fault.touched:
        if path.endswith(".py"):
            words += [path.removesuffix(".py").removesuffix("/__init__").replace("/", "."), str(tree / path)]
    code, said = ask(tree, [sys.executable, "-c", _IMPORTED, *words])
    if code:
        raise NotPlanted(said)


def try_fault(fault: Fault, root: Path, tree: Path) -> Outcome:
    """Copy, patch, and ask the test that must catch it."""
    began = time.monotonic()
    try:
        copy_tree(root, tree)
        plant(fault, tree)
        check_imported(fault, tree)
    except NotPlanted as trouble:
        return Outcome(fault, False, str(trouble), time.monotonic() - began)
    code, said = ask(tree, fault.command)
    shutil.rmtree(tree)
    if code == RED:
        return Outcome(fault, True, fault.caught_by, time.monotonic() - began)
    why = f"{fault.caught_by} stays green" if code == 0 else f"{fault.caught_by} could not be asked ({code}: {said})"
    return Outcome(fault, False, why, time.monotonic() - began)


def red_without(faults: Sequence[Fault], root: Path, tree: Path) -> dict[str, str]:
    """Of what is to catch these faults, that which is not green on the sound tree: it catches nothing.

    All named tests run at once; only if they are not green each is asked by itself.
    """
    copy_tree(root, tree)
    tests = sorted({test for fault in faults for test in fault.tests})
    all_green = bool(tests) and ask(tree, [*PYTEST, *(["-n", "2"] if len(tests) > 2 else []), *tests])[0] == 0
    alone = {fault.caught_by: fault.command for fault in faults if not (fault.tests and all_green)}
    answers = {name: ask(tree, command) for name, command in alone.items()}
    return {name: said for name, (code, said) in answers.items() if code}


def _of(tree: Path) -> dict[str, str]:
    """Our environment with the tree before the place where the packages are installed from."""
    return os.environ | {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
