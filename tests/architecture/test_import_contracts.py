"""The import contracts hold on a sound tree, and each one breaks when somebody imports against it."""

import os
import re
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest

from tests.architecture.source_tree import PACKAGES, ROOT

# What each contract must refuse: (name of its section, importing module, its one line, which breaks no other contract).
BREAKS = [
    ("levels", "village_node.config", "import center_node"),
    ("levels", "sync_protocol.event", "import village_node.config"),
    ("protocol", "sync_protocol.limits", "import sync_protocol.event"),
    ("protocol", "sync_protocol.seal", "import sync_protocol.stream"),
    ("protocol", "sync_protocol.odds_and_ends", "import sync_protocol.limits"),
    ("replication-knows-no-case", "sync_protocol.admission", "import sync_protocol.case.baton"),
    ("case-knows-no-signature", "sync_protocol.case.baton", "import sync_protocol.suites"),
    ("village", "village_node.store.cases", "import village_node.casebook"),
    ("village", "village_node.uplink", "import village_node.web"),
    ("village", "village_node.odds_and_ends", "import village_node.config"),
    ("township", "township_node.downlink", "import township_node.app"),
    ("center", "center_node.app", "import center_node.demo"),
    ("sql-has-one-owner", "village_node.casebook", "import sqlalchemy"),
    ("sql-has-one-owner", "township_node.downlink", "from sqlalchemy import select"),
    ("requests-has-one-owner", "township_node.downlink", "import requests"),
    ("flask-has-three-owners", "village_node.casebook", "import flask"),
    ("smorest-has-one-owner", "village_node.web.pages", "import flask_smorest"),
    ("schedule-has-one-owner", "village_node.app", "import schedule"),
    ("cryptography-has-one-owner", "village_node.identity", "import cryptography.hazmat"),
    ("argon2-has-one-owner", "village_node.casebook", "import argon2"),
    ("pyotp-has-one-owner", "village_node.casebook", "import pyotp"),
    ("typst-has-one-owner", "village_node.notices", "import typst"),
    ("holidays-has-one-owner", "village_node.app", "import holidays"),
    ("xlsxwriter-has-one-owner", "village_node.web.work", "import xlsxwriter"),
    ("environment-has-one-owner", "village_node.app", "import environs"),
    ("protocol-is-pure", "sync_protocol.event", "import time"),
    ("protocol-is-pure", "sync_protocol.case.baton", "import socket"),
    ("product-needs-no-tests", "village_node.app", "import pytest"),
]

# What each owner may do.
SOUND = {
    "center_node.cli": "import center_node.demo, township_node.cli",
    "center_node.demo": "import center_node.app",
    "center_node.app": "import township_node.app, flask",
    "township_node.app": "import village_node.app, township_node.downlink",
    "township_node.downlink.listener": "import flask, village_node.casebook",
    "township_node.scheduler": "import schedule",
    "village_node.app": "import village_node.web.filing, village_node.scheduler, village_node.uplink, flask",
    "village_node.scheduler": "import schedule",
    "village_node.uplink": "import requests, village_node.casebook",
    "village_node.webhooks.post": "import requests, village_node.uplink",
    "village_node.web.filing": "import flask, village_node.casebook",
    "village_node.accounts": "import argon2, pyotp",
    "village_node.casebook": "import village_node.store.cases, sync_protocol.case.baton, sync_protocol.admission",
    "village_node.store.cases": "import sqlalchemy, sqlite3, village_node.config",
    "village_node.store.migrations.env": "import alembic",
    "village_node.config": "import environs, os",
    "village_node.working_days": "import holidays, sync_protocol.case.workdays",
    "sync_protocol.exchange": "import sync_protocol.admission",
    "sync_protocol.admission": "import sync_protocol.wire",
    "sync_protocol.wire": "import sync_protocol.seal, cbor2",
    "sync_protocol.seal": "import sync_protocol.event, sync_protocol.suites",
    "sync_protocol.stream": "import sync_protocol.event",
    "sync_protocol.event": "import sync_protocol.encoding",
    "sync_protocol.suites": "import cryptography",
    "sync_protocol.encoding": "import sync_protocol.errors, cbor2",
    "sync_protocol.case.baton": "import sync_protocol.places",
    "sync_protocol.places": "import sync_protocol.limits",
    "sync_protocol.limits": "",
    "sync_protocol.errors": "",
}


def contracts() -> dict[str, str]:
    """Each contract of the project: section name -> the name that is printed."""
    parser = ConfigParser()
    parser.read(ROOT / ".importlinter")
    prefix = "importlinter:contract:"
    return {name.removeprefix(prefix): parser[name]["name"] for name in parser.sections() if name.startswith(prefix)}


def plant(folder: Path, modules: dict[str, str]) -> None:
    """Write packages that hold only these import lines."""
    for module in {*PACKAGES, *modules}:
        parts = module.split(".")
        for depth in range(1, len(parts)):
            package = folder.joinpath(*parts[:depth])
            package.mkdir(parents=True, exist_ok=True)
            (package / "__init__.py").touch()
        is_package = module in PACKAGES or any(other.startswith(f"{module}.") for other in modules)
        path = folder.joinpath(*parts, "__init__.py") if is_package else folder.joinpath(*parts).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(modules.get(module, "") + "\n", encoding="utf-8")


def broken_contracts(folder: Path) -> set[str]:
    """The section names of the contracts that the packages in `folder` break, judged by the project's own file."""
    command = [
        sys.executable,
        "-c",
        "import importlinter.cli; importlinter.cli.lint_imports_command()",
        "--no-cache",
        "--config",
        str(ROOT / ".importlinter"),
    ]
    run = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "COLUMNS": "1000"},
    )
    assert "Contracts: " in run.stdout, run.stdout + run.stderr
    verdicts = dict(re.findall(r"^(.+?) (KEPT|BROKEN)(?: \(\d+ ignored imports?\))?$", run.stdout, re.MULTILINE))
    names = contracts()
    assert set(verdicts) == set(names.values())
    return {section for section, name in names.items() if verdicts[name] == "BROKEN"}


def test_a_sound_tree_keeps_every_contract(tmp_path: Path) -> None:
    plant(tmp_path, SOUND)
    assert broken_contracts(tmp_path) == set()


@pytest.mark.slow
@pytest.mark.parametrize(("section", "module", "line"), BREAKS)
def test_an_import_against_a_contract_breaks_it(section: str, module: str, line: str, tmp_path: Path) -> None:
    plant(tmp_path, SOUND | {module: line})
    assert broken_contracts(tmp_path) == {section}


def test_every_contract_has_an_import_that_breaks_it() -> None:
    assert {section for section, _, _ in BREAKS} == set(contracts())
