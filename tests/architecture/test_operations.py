"""The operator's texts and settings are true: every command, option and setting in them exists."""

import contextlib
import io
import re
from collections.abc import Callable
from dataclasses import fields

import pytest

import center_node.cli
import township_node.cli
import village_node.cli
from tests.architecture.source_tree import ROOT
from village_node.config import Config

PROGRAMS: dict[str, Callable[[list[str]], int]] = {
    "village-node": village_node.cli.main,
    "township-node": township_node.cli.main,
    "center-node": center_node.cli.main,
}
SERVICES = {
    "county": "center-node",
    "township": "township-node",
    "village-a": "village-node",
    "village-b": "village-node",
}
# Read by docker/entrypoint, before the node starts.
OF_THE_ENTRYPOINT = {"SANJI_DATABASE_PASSWORD_FILE"}


COMMAND = re.compile(
    r"^(?:(?P<program>\w+-node)|docker compose (?:run|exec) (?:-\S+ )*(?P<service>[a-z-]+)(?: sanji-node)?)"
    r" (?P<verb>[a-z][a-z-]*) (?P<rest>.*)$",
    re.MULTILINE,
)


def commands(document: str) -> list[tuple[str, str, list[str]]]:
    """(program, verb, options) of each command on a node in the document's blocks of code."""
    blocks = "\n".join(re.findall(r"^```sh\n(.*?)^```", document, re.MULTILINE | re.DOTALL))
    lines = re.sub(r" *\\\n *", " ", blocks)
    return [
        (match["program"] or SERVICES[match["service"]], match["verb"], re.findall(r"--[a-z-]+", match["rest"]))
        for match in COMMAND.finditer(lines)
        if match["program"] or match["service"] in SERVICES
    ]


def unknown_parts(document: str) -> list[str]:
    """Commands and options in a document that the programs do not have."""
    unknown = []
    for program, verb, options in commands(document):
        text = help_of(program, verb)
        unknown += [f"{program} {verb} {option}".strip() for option in options if option not in text]
        unknown += [f"{program} {verb}"] * (not text)
    return unknown


def help_of(program: str, verb: str) -> str:
    """What a program says about one of its commands; "" when it has no such command."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(io.StringIO()), pytest.raises(SystemExit):
        PROGRAMS[program]([verb, "--help"])
    return said.getvalue()


def settings_in(text: str) -> set[str]:
    return set(re.findall(r"\bSANJI_[A-Z_]+\b", text)) - OF_THE_ENTRYPOINT


def known_settings() -> set[str]:
    return {f"SANJI_{each.name.upper()}" for each in fields(Config) if each.name != "data"}


def test_every_command_for_operators_exists_with_its_options() -> None:
    document = (ROOT / "docker/OPERATIONS.md").read_text(encoding="utf-8")
    assert {program for program, _, _ in commands(document)} == set(PROGRAMS)
    assert {verb for _, verb, _ in commands(document)} >= {"init", "enrol", "invite"}
    assert unknown_parts(document) == []


@pytest.mark.parametrize(
    "name", ["county.env", "township.env", "village.env", "Dockerfile", "compose.yaml", "OPERATIONS.md"]
)
def test_every_setting_for_containers_is_a_setting(name: str) -> None:
    assert settings_in((ROOT / "docker" / name).read_text(encoding="utf-8")) - known_settings() == set()


def test_a_command_or_a_setting_that_does_not_exist_is_caught() -> None:
    document = (
        "```sh\nvillage-node init --data x --plaice y\ncenter-node reign --data x\n"
        "docker compose run --rm --no-deps township \\\n    enroll --data x\n```\n"
    )
    assert unknown_parts(document) == [
        "village-node init --plaice",
        "center-node reign --data",
        "center-node reign",
        "township-node enroll --data",
        "township-node enroll",
    ]
    assert settings_in("SANJI_PLAICE=1\nSANJI_PLACE=2") - known_settings() == {"SANJI_PLAICE"}
