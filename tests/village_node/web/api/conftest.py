"""A program at each level."""

import pytest

from tests.village_node.web.api.program import Program, program_at
from tests.village_node.web.counter import Counter


@pytest.fixture
def agent_program(village: Counter) -> Program:
    """A program that acts as the village's agent."""
    return program_at(village, "0801", "agent")
