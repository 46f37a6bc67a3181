"""The documents keep their word: commands exist, translations match, links lead somewhere, codes and versions agree."""

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest

from sync_protocol import errors
from tests.architecture.source_tree import ROOT
from tests.browser.pictures_shown import LARGEST, PICTURES

READMES = ("README.md", "README.zh-CN.md")
DOCUMENTS = (
    *READMES,
    "CHANGELOG.md",
    "docker/OPERATIONS.md",
    "sync_protocol/PROTOCOL.md",
    "sync_protocol/THREATS.md",
    "sync_protocol/MECHANISMS.md",
)


def make_targets(makefile: str) -> set[str]:
    """The targets that a person may name."""
    return {name for line in re.findall(r"^\.PHONY:(.*)$", makefile, re.MULTILINE) for name in line.split()}


def missing_targets(document: str, makefile: str) -> set[str]:
    """Commands `make x` in code of a document for which there is no target."""
    named = re.findall(r"(?:^|`)make ([a-z][\w-]*)", document, re.MULTILINE)
    assert named, "the document names no command"
    return set(named) - make_targets(makefile)


def missing_programs(document: str, project: str) -> set[str]:
    """Programs `x-node` named in a document that the project does not install."""
    return (
        set(re.findall(r"\b[a-z]+-node\b", document))
        - set(tomllib.loads(project)["project"]["scripts"])
        - {"sanji-node"}
    )


def outline(document: str) -> list[str]:
    """What two translations share: levels of headings, code, links, rows of tables, points of lists, in order."""
    parts = r"^(#+) |^(```)|^(\|)|^(- )|`([^`\n]+)`|\]\(([^)]+)\)"
    return ["".join(match.groups("")) for match in re.finditer(parts, document, re.MULTILINE)]


def dead_links(document: str, folder: Path) -> set[str]:
    """Relative links and pictures of a document in `folder` that lead to no file."""
    links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", document)
    return {link for link in links if not (folder / link).exists()}


def code_table(protocol: str) -> set[tuple[int, str, str, bool]]:
    """(code, name, fault, may succeed later) of each row of the table of errors."""
    rows = re.findall(r"^\| (\d+) \| (\w+) \| (\w+) \| (yes|no) \|", protocol, re.MULTILINE)
    return {(int(code), name, fault, retry == "yes") for code, name, fault, retry in rows}


def codes_of(kinds: Iterable[type[errors.ProtocolError]]) -> set[tuple[int, str, str, bool]]:
    return {(kind.code, kind.name, kind.fault, kind.retry) for kind in kinds}


def has_entry(changelog: str, version: str) -> bool:
    """Whether the newest entry of the changelog is for this version, with something in it."""
    found = re.search(r"^## (\S+)[^\n]*\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    return bool(found and found[1] == version and re.search(r"^- \w", found[2], re.MULTILINE))


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


@pytest.mark.parametrize("document", READMES)
def test_every_command_in_the_readme_is_a_target_and_every_program_is_installed(document: str) -> None:
    assert missing_targets(read(document), read("Makefile")) == set()
    assert missing_programs(read(document), read("pyproject.toml")) == set()


def test_every_target_for_people_is_in_the_readme() -> None:
    assert make_targets(read("Makefile")) - set(re.findall(r"make ([a-z]+)", read("README.md"))) == set()


def test_both_readmes_say_the_same_things_in_the_same_order() -> None:
    ours, theirs = (read(document).replace("README.zh-CN.md", "README.md") for document in READMES)
    assert outline(ours) == outline(theirs)


@pytest.mark.parametrize("document", READMES)
def test_the_readme_shows_every_picture_that_is_drawn_and_no_other(document: str) -> None:
    shown = re.findall(r"!\[[^\]]+\]\(tests/browser/pictures/([\w-]+)\.png\)", read(document))
    assert shown == list(PICTURES)
    kept = {path.name: path.stat().st_size for path in (ROOT / "tests/browser/pictures").iterdir()}
    assert sorted(kept) == sorted(f"{name}.png" for name in PICTURES)
    assert max(kept.values()) <= LARGEST


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_leads_to_a_file(document: str) -> None:
    assert dead_links(read(document), (ROOT / document).parent) == set()


def test_every_error_of_the_protocol_stands_in_its_text_with_the_same_meaning() -> None:
    kinds = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.ProtocolError)
    ]
    assert codes_of(kind for kind in kinds if kind is not errors.ProtocolError) == code_table(
        read("sync_protocol/PROTOCOL.md")
    )


def test_the_newest_entry_of_the_changelog_is_the_current_version() -> None:
    assert has_entry(read("CHANGELOG.md"), tomllib.loads(read("pyproject.toml"))["project"]["version"])


def test_a_document_that_breaks_its_word_is_caught(tmp_path: Path) -> None:
    makefile = ".PHONY: demo test\ndemo:\n"
    assert missing_targets("Say `make demo`, or `make coffee`.\n```\nmake tea\n```", makefile) == {"coffee", "tea"}
    assert missing_programs("`village-node` and `mayor-node`", '[project.scripts]\nvillage-node = "a:b"\n') == {
        "mayor-node"
    }
    assert outline("# A\n\n`a`\n") == outline("# 甲\n\n`a`，\n")
    assert outline("# A\n\n## B\n") != outline("# A\n")
    assert outline("- one\n- two\n") != outline("- one\n")
    assert outline("```sh\nmake demo\n```\n`a`") != outline("```sh\nmake demo\n```\n`b`")
    (tmp_path / "here.md").touch()
    assert dead_links("[a](here.md#b) [c](https://example.org) [d](gone.md)", tmp_path) == {"gone.md"}
    assert code_table("| 3 | bad_seal | sender | no | x |\n") == codes_of([errors.BadSeal]) != codes_of([errors.Gap])
    assert has_entry("# Changelog\n\n## 0.2.0 - now\n\n- One.\n\n## 0.1.0\n", "0.2.0")
    assert not has_entry("# Changelog\n\n## 0.2.0\n\n## 0.1.0\n\n- One.\n", "0.2.0")
    assert not has_entry("# Changelog\n\n## 0.1.0\n\n- One.\n", "0.2.0")
