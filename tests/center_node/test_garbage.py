"""What only the garbage collector can free is freed by the node's tick, however few new objects there are."""

import gc
import weakref
from pathlib import Path

from center_node import app, cli
from tests.builders import COUNTY
from village_node import config


class Circle:
    """Something that holds itself."""

    def __init__(self) -> None:
        self.held = self


def test_the_tick_frees_what_holds_itself(tmp_path: Path) -> None:
    data = tmp_path / "county"
    assert cli.main(["init", "--data", str(data), "--place", COUNTY, "--name", "庆城县"]) == 0
    node = app.create_node(config.load(data))
    node.scheduler._monotonic = lambda: float("inf")
    gc.disable()
    try:
        freed = weakref.ref(Circle())
        assert freed() is not None
        node.scheduler.tick()
        assert freed() is None
    finally:
        gc.enable()
        node.close()
