"""What one process keeps from state to state, so that it looks at more of them: nothing that was read from a disk.

Everything kept is the value of a pure function (is this signature that key's over these bytes; what is a roster with
one more change; what is this statement in SQL; which migrations, which holidays does the program bring) or a thing that
holds no state of the node (the engine of a file, its connections closed). A disk is opened, read, checked and written
to as if it were the first one.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Any
from unittest import mock

from alembic.script import ScriptDirectory
from sqlalchemy import Engine
from werkzeug.routing import Rule

from sync_protocol import suites
from sync_protocol.roster import enrolment, standing
from sync_protocol.roster import roster as rosters
from tests.once import KnownKey, applied_once, rules_told_once, scripts_read_once
from village_node import app, casebook, working_days
from village_node.store import sqlite


class Kept:
    """What is kept while `warm` lasts."""

    def __init__(self) -> None:
        self._engines: dict[tuple[str, str], Engine] = {}
        self._readers: list[sqlite.Readers] = []

    def cool(self) -> None:
        """Let go of every connection: the next disk lies in the same place, and must not be read through an old one."""
        while self._readers:
            self._readers.pop().close()
        for engine in self._engines.values():
            engine.dispose()

    def engine_of(self, kind: str, made: Callable[[Any], Engine]) -> Callable[[Any], Engine]:
        """As `made`, but for the same file always the same engine: it has compiled the statements already."""

        def engine(url: Any) -> Engine:
            key = (kind, str(url))
            if key not in self._engines:
                self._engines[key] = made(url)
            return self._engines[key]

        return engine

    def readers_of(self, made: type[sqlite.Readers]) -> Callable[[Any], sqlite.Readers]:
        """As `made`, each with connections of its own; but for the same file they share the engine."""

        def readers(url: Any) -> sqlite.Readers:
            one = made(url)
            one._engine = self._engines.setdefault(("readers", str(url)), one._engine)
            self._readers.append(one)
            return one

        return readers


@contextmanager
def warm() -> Iterator[Kept]:
    """While this lasts, what is known of one state is not found out again for the next."""
    kept = Kept()
    with ExitStack() as stack:

        def replace(owner: Any, name: str, by: Any) -> None:
            stack.enter_context(mock.patch.object(owner, name, by))

        replace(suites, "_loaded", cache(KnownKey))
        for user in (standing, enrolment):
            replace(user, "check_public", cache(suites.check_public))
        replace(rosters.Roster, "apply", applied_once())
        replace(casebook, "rules_of", rules_told_once(casebook.rules_of))
        replace(app, "starter_catalogue", cache(app.starter_catalogue))
        replace(working_days, "built_in", cache(working_days.built_in))
        replace(ScriptDirectory, "from_config", scripts_read_once())
        replace(Rule, "_compile_builder", _no_builder)
        replace(sqlite, "_writer_engine", kept.engine_of("writer", sqlite._writer_engine))
        replace(sqlite, "Readers", kept.readers_of(sqlite.Readers))
        yield kept


def _no_builder(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
    """In place of code made for each page, which writes its address: no page is asked for here."""

    def refused(*_: Any, **__: Any) -> tuple[str, str]:
        raise AssertionError(f"{rule.rule}: no address is written in this rig")

    return refused
