"""What a process of tests finds out once: each is the value of a pure function, or something read that nobody changes.

Nothing of a node, a database or a disk is among it: each test opens, reads and checks its own as if it were the first.
"""

from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from types import CodeType, MethodType
from typing import Any, Final

import typst
from alembic.script import ScriptDirectory
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import Engine
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule

from sync_protocol import suites
from sync_protocol.case import kinds
from sync_protocol.case.catalogue import Catalogue
from sync_protocol.roster import Change, Roster, enrolment, standing
from village_node import app, casebook, working_days

KNOWN_MOST: Final = 50_000
KNOWN_KEYS: Final = 1_000
STATEMENTS_MOST: Final = 5_000
_OF_A_ROUTE: Final = ("_parts", "_trace", "_converters", "arguments", "_build", "_build_unknown")


class Compiled(BytecodeCache):
    """Templates are compiled once for all apps of a test run: it took longer than what most tests of pages look at."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        assert bucket.code is not None
        self._kept[bucket.key, bucket.checksum] = bucket.code


class Statements(LRUCache[Any, Any]):
    """What a statement is in the SQL of a dialect, found out once for all databases of that dialect: an engine keeps
    it for itself, and for most tests every engine is new."""

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get(self._of_all(key), default)

    def __setitem__(self, key: Any, compiled: Any) -> None:
        super().__setitem__(self._of_all(key), compiled)

    @staticmethod
    def _of_all(key: Any) -> Any:
        dialect, *statement = key
        return type(dialect), dialect.paramstyle, getattr(dialect, "server_version_info", None), *statement


class KnownKey:
    """A public key that verifies the same signature over the same bytes once."""

    def __init__(self, public: bytes) -> None:
        self._key = Ed25519PublicKey.from_public_bytes(public)
        self._good: set[tuple[bytes, bytes]] = set()

    def verify(self, signature: bytes, message: bytes) -> None:
        """As the key itself does: raises InvalidSignature."""
        if (signature, message) not in self._good:
            self._key.verify(signature, message)
            self.know(signature, message)

    def know(self, signature: bytes, message: bytes) -> None:
        """This signature is good."""
        if len(self._good) >= KNOWN_MOST:
            self._good.clear()
        self._good.add((signature, message))


def found_once() -> None:
    """From now on, for as long as this process lives."""
    Flask.jinja_options["bytecode_cache"] = Compiled()
    Rule.compile = routes_read_once(Rule.compile)  # type: ignore[assignment, method-assign]
    ScriptDirectory.from_config = scripts_read_once()  # type: ignore[method-assign]
    for user in (standing, enrolment):
        user.check_public = cache(suites.check_public)  # type: ignore[attr-defined]
    casebook.rules_of = rules_told_once(casebook.rules_of)  # type: ignore[assignment]
    app.starter_catalogue = cache(app.starter_catalogue)
    working_days.built_in = cache(working_days.built_in)
    suites._loaded = lru_cache(maxsize=KNOWN_KEYS)(KnownKey)  # type: ignore[arg-type]
    Roster.apply = applied_once()  # type: ignore[assignment, method-assign]
    statements = Statements(STATEMENTS_MOST)
    # Each engine sets one of its own, and gets this one.
    Engine._compiled_cache = property(lambda _engine: statements, lambda _engine, _own: None)  # type: ignore[assignment]
    typst.Compiler = fonts_read_once(typst.Compiler)  # type: ignore[misc]


def routes_read_once(read: Callable[[Rule], None]) -> Callable[[Rule], None]:
    """The address of a route is read, and what writes it compiled, once for all apps: it hangs on nothing else, and
    four hundred of them took longer than all else about an app."""
    kept: dict[Any, dict[str, Any]] = {}

    def once(rule: Rule) -> None:
        where = (rule.rule, rule.host, rule.subdomain, rule.merge_slashes, repr(rule.defaults))
        key = (*where, tuple(rule.map.converters.items()), Rule._compile_builder)
        if key not in kept:
            read(rule)
            kept[key] = {name: getattr(rule, name) for name in _OF_A_ROUTE}
        for name, found in kept[key].items():
            # A function is bound to its rule; which it was made for does not matter to another of the same address.
            setattr(rule, name, found.__func__.__get__(rule, None) if isinstance(found, MethodType) else found)

    return once


def applied_once() -> Callable[[Roster, Change], Roster]:
    """What a roster is with one more change. A roster never changes: each is kept, and so known again by what it is."""
    apply = Roster.apply
    kept: dict[tuple[Any, Change], tuple[Roster, Roster]] = {}

    def applied(roster: Roster, change: Change) -> Roster:
        # All those that have no change yet are the same for one network.
        key = (id(roster) if roster._parts else roster._network_id, change)
        if key not in kept:
            if len(kept) >= KNOWN_MOST:
                kept.clear()
            kept[key] = (roster, apply(roster, change))
        return kept[key][1]

    return applied


def scripts_read_once() -> Any:
    """The program's migrations, read once."""
    read = ScriptDirectory.from_config
    found: list[ScriptDirectory] = []

    def from_config(settings: Any) -> ScriptDirectory:
        if not found:
            found.append(read(settings))
        return found[0]

    return from_config


def fonts_read_once(made: Callable[..., Any]) -> Any:
    """The 20 MB of fonts that documents are set in, read once: a node sets each document in a process of its own."""

    @cache
    def fonts(*folders: Path) -> typst.Fonts:
        return typst.Fonts(include_system_fonts=False, font_paths=list(folders))

    def compiler(*of: Any, font_paths: list[Path], ignore_system_fonts: bool, **named: Any) -> Any:
        assert ignore_system_fonts, "what the machine has changes the bytes"
        return made(*of, font_paths=fonts(*font_paths), **named)

    return compiler


def rules_told_once(made: Callable[[Catalogue], bytes]) -> Callable[[Catalogue], bytes]:
    """As `made`, once for each catalogue and table of kinds that it is made of; both are kept, so that they are known
    again."""
    kept: dict[tuple[int, int], tuple[Catalogue, object, bytes]] = {}

    def once(catalogue: Catalogue) -> bytes:
        key = id(catalogue), id(kinds.TABLE)
        if key not in kept:
            kept[key] = (catalogue, kinds.TABLE, made(catalogue))
        return kept[key][2]

    return once
