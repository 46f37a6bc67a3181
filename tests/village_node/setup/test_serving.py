"""On which addresses the pages of a set-up are, and which address is told."""

import pytest

from village_node.config import BadSettings
from village_node.setup import serving


def test_the_pages_are_on_this_machine_alone_unless_the_network_was_asked_for() -> None:
    assert serving.hosts_of("") == ["127.0.0.1"]
    assert serving.hosts_of("127.0.0.1") == ["127.0.0.1"]
    assert serving.hosts_of("192.168.1.10") == ["127.0.0.1", "192.168.1.10"]
    assert serving.hosts_of("0.0.0.0") == ["0.0.0.0"]


def test_the_address_that_is_told_can_be_opened() -> None:
    assert serving.urls_of(["127.0.0.1", "192.168.1.10"], 8700) == [
        "http://127.0.0.1:8700/setup",
        "http://192.168.1.10:8700/setup",
    ]
    assert serving.urls_of(["0.0.0.0"], 8700) == ["http://127.0.0.1:8700/setup"]
    assert serving.urls_of(["fd00::1"], 8700) == ["http://[fd00::1]:8700/setup"]


def test_an_address_that_is_none_is_named() -> None:
    assert serving.address_in_network("192.168.1.10") == "192.168.1.10"
    with pytest.raises(BadSettings, match="--lan"):
        serving.address_in_network("the office")
