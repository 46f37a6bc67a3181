"""What SANJI_REQUIRE names cannot be skipped; only a marked test opens a socket, and only on loopback."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source_tree import ROOT

SKIPPED = """
import pytest

@pytest.mark.postgres
def test_needs_a_server():
    pytest.skip("no PostgreSQL here")

def test_needs_nothing():
    pytest.skip("not today")
"""

SOCKETS = """
import socket

import pytest

def test_unmarked():
    socket.create_connection(("127.0.0.1", 9), timeout=1)

@pytest.mark.sockets
def test_elsewhere():
    socket.create_connection(("192.0.2.1", 9), timeout=1)

@pytest.mark.sockets
def test_loopback():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=1).close()
"""


def run_tests(folder: Path, text: str, require: str = "") -> tuple[int, str]:
    """Run a file of tests under the project's own settings and conftest; the exit code and what was printed."""
    (folder / "conftest.py").write_text("from tests.conftest import *\n", encoding="utf-8")
    (folder / "test_planted.py").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(folder)]
    run = subprocess.run(
        [*command, "-p", "no:cacheprovider", str(folder)],
        cwd=ROOT,
        env={**os.environ, "SANJI_REQUIRE": require},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return run.returncode, run.stdout


@pytest.mark.slow
def test_a_skip_for_want_of_a_server_is_a_skip_with_its_reason(tmp_path: Path) -> None:
    code, printed = run_tests(tmp_path, SKIPPED)
    assert code == 0, printed
    assert "no PostgreSQL here" in printed
    assert "2 skipped" in printed


@pytest.mark.slow
@pytest.mark.parametrize(
    ("require", "closing"), [("postgres,browser", "1 failed, 1 skipped"), ("browser", "2 skipped")]
)
def test_a_required_group_cannot_be_skipped(require: str, closing: str, tmp_path: Path) -> None:
    code, printed = run_tests(tmp_path, SKIPPED, require)
    assert closing in printed, printed
    assert code == (1 if "failed" in closing else 0)


@pytest.mark.slow
def test_a_whole_file_cannot_be_skipped_where_something_is_required(tmp_path: Path) -> None:
    skipped_file = "import pytest\npytest.importorskip('no_such_package')\n"
    assert "1 skipped" in run_tests(tmp_path, skipped_file)[1]
    code, printed = run_tests(tmp_path, skipped_file, "browser")
    assert (code, "1 error" in printed) == (2, True), printed


@pytest.mark.slow
def test_sockets_are_opened_by_marked_tests_on_loopback_only(tmp_path: Path) -> None:
    _, printed = run_tests(tmp_path, SOCKETS)
    assert re.findall(r"^FAILED \S+::(\w+)", printed, re.MULTILINE) == ["test_unmarked", "test_elsewhere"], printed
    assert "2 failed, 1 passed" in printed
