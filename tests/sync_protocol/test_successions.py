"""Successions of places: the vectors, read by the roster and by the verifier that stands alone."""

import json
from typing import Any

import pytest

from sync_protocol.encoding import decode
from sync_protocol.errors import ProtocolError
from sync_protocol.places import about, below, followed_scopes, follows, may_write
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
        assert list(roster.places.line_of(place)) == case["line"][place]
        for who in case["above"]:
            writes = who in case["writers"][place]
            assert writes == may_write(roster.places, who, about(place)) == follows(roster.places, who, about(place))
            assert writes == (about(place) in followed_scopes(roster.places, who))
            hears = who in case["hearers"][place]
            assert hears == follows(roster.places, who, below(place))
            assert hears == (below(place) in followed_scopes(roster.places, who))
            assert may_write(roster.places, who, below(place)) == (who == place)


@pytest.mark.parametrize("case", BOOK["cases"], ids=lambda case: case["name"])
def test_the_verifier_of_evidence_finds_the_same(case: dict[str, Any]) -> None:
    roster = verify_evidence.Roster()
    for raw in (*BOOK["roster"], *case["stands"]):
        roster.grow(decode(bytes.fromhex(raw)))
    if case["error"]:
        with pytest.raises(Rejected):
            roster.grow(decode(bytes.fromhex(case["changes"][-1])))
    for place, above in case["above"].items():
        assert roster.places[place][1] == (above[0] if above else None)
        assert [who for who in sorted(case["above"]) if roster.follows(who, about(place))] == case["writers"][place]
        assert [who for who in sorted(case["above"]) if roster.follows(who, below(place))] == case["hearers"][place]


@pytest.mark.parametrize("case", BOOK["cases"], ids=lambda case: case["name"])
def test_whoever_a_case_passes_hears_whoever_else_it_passes(case: dict[str, Any]) -> None:
    for line in case["line"].values():
        here = [place for place in line if place in case["above"]]
        assert all(who in case["hearers"][place] for place in here for who in here)
