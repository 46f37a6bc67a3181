"""Successions of places: the vectors, read by the roster and by the verifier that stands alone."""

import json
from typing import Any

import pytest

from sync_protocol.encoding import decode
from sync_protocol.errors import ProtocolError
from sync_protocol.roster import Roster, read_change
from tests.sync_protocol.vector_makers.files import FOLDER
from village_node import verify_evidence
from village_node.verify_evidence import Rejected

BOOK: dict[str, Any] = json.loads((FOLDER / "successions.json").read_text("utf-8"))


@pytest.mark.parametrize("case", BOOK["cases"], ids=lambda case: case["name"])
def test_which_place_lies_under_which(case: dict[str, Any]) -> None:
    roster, refused = Roster(bytes.fromhex(BOOK["network_id"])), None
    for raw in (*BOOK["roster"], *case["changes"]):
        try:
            roster = roster.apply(read_change(decode(bytes.fromhex(raw))))
        except ProtocolError as error:
            refused = error.name
    assert refused == case["error"]
    for place, above in case["above"].items():
        assert list(roster.places.path_up(place)[1:]) == above
        assert list(roster.places.reports_to(place)) == case["reports_to"][place]
        assert place in roster.places.children(above[0])


@pytest.mark.parametrize("case", BOOK["cases"], ids=lambda case: case["name"])
def test_the_verifier_of_evidence_finds_the_same(case: dict[str, Any]) -> None:
    roster = verify_evidence.Roster()
    for raw in (*BOOK["roster"], *case["changes"][: -1 if case["error"] else None]):
        roster.grow(decode(bytes.fromhex(raw)))
    if case["error"]:
        with pytest.raises(Rejected):
            roster.grow(decode(bytes.fromhex(case["changes"][-1])))
    for place, above in case["above"].items():
        assert roster.places[place][1] == above[0]
        assert all(roster.covers(upper, place) for upper in above)
