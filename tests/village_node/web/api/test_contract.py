"""The description holds: whatever it allows to be asked, and much that it does not, is answered as it says."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi import checks as openapi

from sync_protocol.case.powers import ROLES
from tests import builders
from tests.builders import COUNTY, VILLAGE
from tests.village_node.web.api.program import BASE, Program, path_of, program_at
from tests.village_node.web.counter import Counter, everywhere, open_counter
from village_node.accounts import Rule, tokens
from village_node.web import query, resumable
from village_node.web.api import OPERATIONS

EXAMPLES = 6  # of each operation at each of two nodes, half of them against its description: 40 s in all
NOON_MS = 1_795_000_000_000


@dataclass
class Node:
    """One node, its description, and a program for each role at its level."""

    counter: Counter
    described: Any
    programs: dict[str, Program]
    case: str


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Node]]:
    """A village and a county that hold one case, in a module of many questions."""
    folder = tmp_path_factory.mktemp("contract")
    network = builders.network(folder)
    network.clock.now_ms = NOON_MS
    agent = program_at(open_counter(network.members[VILLAGE], folder), "0800", "agent")
    case = path_of(agent.file())
    everywhere(network)
    made = {}
    for name, place in (("village", VILLAGE), ("county", COUNTY)):
        counter = open_counter(network.members[place], folder)
        roles = sorted(role for role, level in ROLES if level == name)
        programs = {role: program_at(counter, f"09{number:02}", role) for number, role in enumerate(roles)}
        described = schemathesis.openapi.from_wsgi(f"{BASE}/openapi.json", counter.app)
        made[name] = Node(counter, described, programs, case)
    yield made
    network.close()


@pytest.fixture(autouse=True)
def no_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is made to wait: what is asked here is the shape of the answers."""
    monkeypatch.setattr(tokens, "A_MINUTE_MAX", 1 << 30)
    monkeypatch.setattr(query, "SOURCE", Rule(free=1 << 30, longest_ms=0, forget_ms=1))


@pytest.mark.slow
@pytest.mark.parametrize("where", ["village", "county"])
@pytest.mark.parametrize("name", [each.name for each in OPERATIONS])
def test_every_answer_is_one_that_the_description_promises(nodes: dict[str, Node], where: str, name: str) -> None:
    node, ours = nodes[where], next(each for each in OPERATIONS if each.name == name)
    path = BASE + ours.rule.replace("<", "{").replace(">", "}")
    operation = node.described[path][ours.method]
    good = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    wrong = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE) if ours.takes or ours.asks else good
    allowed = sorted(role for role in node.programs if ours.policy.allows(frozenset({role})))
    program = node.programs[allowed[0]] if allowed else next(iter(node.programs.values()))

    @seed(20261118)
    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.one_of(st.tuples(st.just(True), good), st.tuples(st.just(False), wrong)), st.booleans())
    def ask(asked: tuple[bool, Any], known: bool) -> None:
        as_described, case = asked
        if as_described and known:
            _at_the_case_that_is_there(case, node.case)
        answer = case.call(headers={"Authorization": f"Bearer {program.token}"})
        case.validate_response(answer, checks=CHECKS)

    ask()


schemathesis.serializer.alias(resumable.MEDIA_TYPE, "application/octet-stream")
CHECKS = [
    schemathesis.checks.not_a_server_error,
    openapi.status_code_conformance,
    openapi.content_type_conformance,
    openapi.response_schema_conformance,
    openapi.response_headers_conformance,
    openapi.negative_data_rejection,
]


def _at_the_case_that_is_there(case: Any, known: str) -> None:
    """Half of the sound questions about cases are about one that exists."""
    _, _, place, case_id = known.split("/")
    for name, value in (("place", place), ("case_id", case_id)):
        if name in (case.path_parameters or {}):
            case.path_parameters[name] = value
