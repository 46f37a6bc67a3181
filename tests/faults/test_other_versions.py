"""Programs of other versions: told so at both ends by the number, whatever else they say, and nothing is lost."""

import json
from typing import Any

import pytest

from sync_protocol.errors import NoSuchVersion
from sync_protocol.exchange import VERSION, Content, Hello, read_refusal, refusal_bytes, request_bytes
from tests.faults.speech import deliver, parties, refused_code, said
from tests.network import COUNTY, TOWNSHIP, VILLAGE, Network
from tests.sync_protocol.vector_makers.files import FOLDER

BOOK: dict[str, Any] = json.loads((FOLDER / "versions.json").read_text("utf-8"))


def named(case: dict[str, Any]) -> str:
    return str(case["name"])


@pytest.mark.parametrize("case", BOOK["requests"], ids=named)
def test_a_child_of_another_version_is_told_so(net: Network, case: dict[str, Any]) -> None:
    status, body = deliver(net, TOWNSHIP, bytes.fromhex(case["hex"]))
    refusal = read_refusal(body)
    assert refusal is not None and (status, refusal[0]) == (400, NoSuchVersion.code)
    assert f"version {case['version']}" in refusal[1] and f"known here is {VERSION}" in refusal[1]


@pytest.mark.parametrize("lowest", [0, VERSION + 1])
def test_a_child_whose_hello_has_no_version_in_common_is_told_so(net: Network, lowest: int) -> None:
    village, township = net[VILLAGE], net[TOWNSHIP]
    who = parties(net, village, township, None)
    content = Content(hello=Hello(lowest, max(lowest, VERSION - 1)))
    raw = request_bytes(village.member.identity.key, who, said(content))
    assert refused_code(net, TOWNSHIP, raw) == (400, NoSuchVersion.code)


def test_a_parent_of_another_version_is_named_in_plain_words_and_loses_nothing(net: Network) -> None:
    """What it answers: a reply of its own version, or that it does not know ours. After its update all is sent."""
    village, township = net[VILLAGE], net[TOWNSHIP]
    ref = village.member.file()
    answers = [(200, bytes.fromhex(case["hex"])) for case in BOOK["replies"]]
    answers.append((400, refusal_bytes(NoSuchVersion.code, "message of version 2, known here is 1")))
    for status, body in answers:
        net.wire.status, net.wire.change_reply = status, lambda _, body=body: body  # type: ignore[misc]
        result = village.exchange()
        assert not result.ok and "程序版本不同" in result.text and "update the older" in result.text
        assert village.peer(township).last_error == result.text
    net.wire.calm()
    net.settle()
    assert net[COUNTY].member.casebook.case_row(ref.scope, ref.case_id) is not None
