"""A look-up reads and opens the complaint that is asked for, and none of the others."""

from collections import Counter
from typing import Any

import pytest

from sync_protocol import suites
from sync_protocol.case import complaints as rules
from tests.builders import TOWNSHIP, VILLAGE, Network, settle
from village_node.casebook import NotFound, complaining

ANSWERS = {"outcome": "upheld", "text": "已批评教育"}


def test_a_look_up_opens_one_and_finds_what_has_come_since(net: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    township, village = net.members[TOWNSHIP], net.members[VILLAGE]
    township.casebook.open_complaints("0101", {"head"})
    settle(village, township)
    said = {"text": "等了一上午没人理", "place": VILLAGE, "who": "王芳"}
    slips = [village.casebook.complain("0001", {"agent"}, said) for _ in range(4)]
    settle(village, township)
    done: Counter[str] = Counter()

    def counting(name: str, real: Any) -> Any:
        def counted(*given: Any) -> Any:
            done[name] += 1
            return real(*given)

        return counted

    monkeypatch.setattr(rules, "read", counting("read", rules.read))
    monkeypatch.setattr(rules, "content_of", counting("opened", rules.content_of))
    monkeypatch.setattr(complaining, "unlock", counting("unlocked", suites.unlock))
    book, first = township.casebook, slips[0]
    assert book.complaint_of(first.number, first.code) is not None
    done.clear()
    for slip in slips:
        found = book.complaint_of(slip.number, slip.code)
        assert found is not None and found.said is not None and found.said["who"] == "王芳"
    assert book.complaint_of(first.number, slips[1].code) is None
    assert done == {"read": 5, "opened": 4, "unlocked": 5}
    done.clear()
    assert book.complaint_at({"head"}, first.number).said is not None
    assert done == {"read": 1, "opened": 1}
    with pytest.raises(NotFound):
        book.complaint_at({"clerk"}, first.number)
    book.answer_complaint("0101", {"head"}, first.number, ANSWERS)
    settle(village, township)
    answered = village.casebook.complaint_of(first.number, first.code)
    assert answered is not None and answered.answered is not None and answered.answered["text"] == "已批评教育"
