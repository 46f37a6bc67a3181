"""A form whose state of the node has been brought about, and what is typed into it."""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final

import pytest

from tests.village_node.web.counter import (
    Visitor,
)

TYPED: Final = "这些字不能丢失"


@dataclass
class Ready:
    """A form whose state has been brought about: who sends it, where to, and what is in it."""

    visitor: Visitor
    address: str
    fields: dict[str, Any]


State = Callable[[pytest.FixtureRequest], Ready]


class OpenedAgain(BytesIO):
    """A file that is chosen in a form once more."""

    def close(self) -> None:
        self.seek(0)
