"""What a screen in a hall is started with: the policy of its browser, the launcher, and what both forbid."""

import json
import mmap
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

KIOSK = Path(__file__).parents[2] / "docker/kiosk"
POLICY = json.loads((KIOSK / "policy.json").read_text(encoding="utf-8"))
PROGRAM = Path("/usr/lib/chromium/chromium")  # where Debian has it; its own command starts it
PRIVATE = ["unshare", "--map-root-user", "--mount", "sh", "-c"]  # /etc/chromium as this one program sees it

# What somebody who looks for a way out does: a foreign page, and a file to take away.
TRIES = """<!doctype html><meta charset="utf-8"><title>try</title><iframe src="{elsewhere}/frame"></iframe>
<a id="file" href="/file" download>file</a><script>
document.getElementById("file").click();
setTimeout(() => fetch("/done"), 3000);
</script>"""


@contextmanager
def served(page: str = "") -> Iterator[tuple[str, list[str], threading.Event]]:
    """A page, and under /file a file; the address of it, the paths that were asked for, and whether /done was."""
    asked: list[str] = []
    done = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "application/octet-stream" if self.path == "/file" else "text/html")
            self.end_headers()
            self.wfile.write(b"bytes" if self.path == "/file" else page.encode())
            if self.path == "/done":
                done.set()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked, done
    finally:
        server.shutdown()
        server.server_close()


def browsed(folder: Path, policy: dict[str, object], address: str, done: threading.Event) -> list[str]:
    """Let Chromium under a policy be at an address until that has tried everything; the files that it kept."""
    for name in ("managed", "home/Downloads", "profile"):
        (folder / name).mkdir(parents=True)
    (folder / "managed/sanji.json").write_text(json.dumps(policy))
    script = (
        "mount -t tmpfs none /etc/chromium && mkdir -p /etc/chromium/policies && "
        f"ln -s {folder}/managed /etc/chromium/policies/managed && exec chromium --headless=new --no-sandbox "
        f"--disable-gpu --no-first-run --disable-background-networking --user-data-dir={folder}/profile {address}"
    )
    program = subprocess.Popen(
        [*PRIVATE, script],
        env={**os.environ, "HOME": f"{folder}/home"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert done.wait(60)
        return [each.name for each in folder.joinpath("home").rglob("*") if each.is_file() and "file" in each.name]
    finally:
        program.terminate()
        program.wait(30)


@pytest.mark.mounts  # where these are allowed, so is a folder that one program alone sees
@pytest.mark.sockets
@pytest.mark.slow
@pytest.mark.timeout(120)
def test_under_the_policy_no_other_page_opens_and_no_file_is_kept(tmp_path: Path) -> None:
    if not PROGRAM.exists() or subprocess.run([*PRIVATE, "mount -t tmpfs none /etc/chromium"], check=False).returncode:
        pytest.skip("no Chromium that reads policies, or no right to show it a folder of its own")
    policies: tuple[dict[str, Any], ...] = ({}, POLICY)
    for policy in policies:
        with served() as (elsewhere, foreign, _), served(TRIES.format(elsewhere=elsewhere)) as (own, _, done):
            allowed = {**policy, "URLAllowlist": [own]} if policy else {}
            kept = browsed(tmp_path / ("bound" if policy else "free"), allowed, f"{own}/kiosk", done)
            if policy:
                assert (foreign, kept) == ([], [])
            else:
                assert "/frame" in foreign and kept, "without the policy both are had: this test can fail"


def test_the_policy_shuts_what_the_hardening_list_names() -> None:
    assert POLICY["DeveloperToolsAvailability"] == 2
    assert POLICY["DownloadRestrictions"] == 3
    assert "pdf" in POLICY["PrinterTypeDenyList"]
    assert POLICY["ForceEphemeralProfiles"] and POLICY["IncognitoModeAvailability"] == 2
    assert not POLICY["AllowFileSelectionDialogs"]
    assert "*" in POLICY["URLBlocklist"] and "file://*" in POLICY["URLBlocklist"]
    assert POLICY["DefaultWebUsbGuardSetting"] == 2
    assert list(POLICY) == sorted(POLICY)


@pytest.mark.browser
def test_chromium_knows_every_name_in_the_policy() -> None:
    if not PROGRAM.exists():
        pytest.skip("no Chromium is installed where Debian has it")
    with PROGRAM.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as code:
        assert [name for name in (*POLICY, "NoSuchName") if code.find(f"{name}\0".encode()) < 0] == ["NoSuchName"]


def test_the_launcher_clears_the_printer_and_leaves_no_profile(tmp_path: Path) -> None:
    log = tmp_path / "log"
    for name in ("cancel", "chromium"):
        program = tmp_path / name
        program.write_text(f'#!/bin/sh\necho {name} "$@" >> {log}\n')
        program.chmod(0o755)
    environment = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "TMPDIR": str(tmp_path),
        "KIOSK_URL": "http://x/kiosk",
    }
    subprocess.run([shutil.which("sh") or "sh", str(KIOSK / "sanji-kiosk")], env=environment, check=True)
    before, browser, after = log.read_text().splitlines()
    assert before == after == "cancel -a -x"
    assert browser.startswith("chromium --kiosk --incognito --kiosk-printing") and browser.endswith(" http://x/kiosk")
    assert [each.name for each in tmp_path.iterdir() if each.is_dir()] == []
