"""Set-ups here try no port: what listens on the machine that tests changes nothing."""

import pytest

from village_node.setup import plan


@pytest.fixture(autouse=True)
def no_port_is_tried(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every address can be listened at, where a test may open no socket."""
    if request.node.get_closest_marker("sockets") is None:
        monkeypatch.setattr(plan, "listen_once", lambda host, port: None)
