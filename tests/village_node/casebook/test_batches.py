"""A list is one transaction: every application becomes a case with its own number, or nothing at all is kept."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sync_protocol.case import bodies, kinds
from tests.builders import APPLICATION, VILLAGE, Network, network
from village_node.casebook import AlreadyDone, BadBody, IdTaken, NotAllowed, Request
from village_node.casebook.batches import MOST, SAME_MS
from village_node.store import NotSaved, Store

AGENT = frozenset({"agent"})


def applied(*names: str) -> list[dict[int, Any]]:
    """Applications of these people, by field number."""
    return [bodies.numbered(kinds.CREATE, {**APPLICATION, "item_version": 1, "applicant_name": name}) for name in names]


def test_a_list_keeps_its_order_is_done_once_and_not_again_in_the_same_season(net: Network) -> None:
    book = net.members[VILLAGE].casebook
    asked, wanted = applied("张秀兰", "李老汉", "赵四"), Request("0001", "list-0001", b"1" * 32)
    batch_id = book.file_batch("0001", AGENT, asked, "counter", wanted)
    with pytest.raises(AlreadyDone) as before:
        book.file_batch("0001", AGENT, asked, "counter", wanted)
    assert before.value.case_id == batch_id
    with pytest.raises(IdTaken):
        book.file_batch("0001", AGENT, applied("钱五"), "counter", wanted._replace(digest=b"2" * 32))
    found = book.batch(batch_id)
    assert found is not None and [row.applicant_name for row in found[1]] == ["张秀兰", "李老汉", "赵四"]
    with pytest.raises(NotAllowed, match="filed before"):
        book.file_batch("0001", AGENT, asked, "counter")
    assert [count for _, count in book.batches()] == [3] and book.view_counts()["all"] == 3
    net.clock.now_ms += SAME_MS + 1
    again = book.file_batch("0001", AGENT, asked, "counter")
    assert [batch.batch_id for batch, _ in book.batches()] == [again, batch_id], "the next season brings it anew"


def test_whose_case_is_open_is_found_by_name_and_number(net: Network) -> None:
    book = net.members[VILLAGE].casebook
    found = book.batch(book.file_batch("0001", AGENT, applied("张秀兰", "李老汉"), "counter"))
    assert found is not None
    same = {"applicant_name": "李老汉", "applicant_id_no": APPLICATION["applicant_id_no"]}
    asked = [{**same, "applicant_name": "钱五"}, same, {**same, "applicant_id_no": "E12345678"}]
    assert book.open_before("001", asked) == {1: found[1][1].case_no} and book.open_before("014", asked) == {}
    net.clock.now_ms += SAME_MS + 1
    assert book.open_before("001", asked) == {}


def test_one_that_does_not_fit_keeps_the_whole_list_out(net: Network) -> None:
    book = net.members[VILLAGE].casebook
    wrong = applied("张秀兰", "李老汉")
    del wrong[1][2]
    with pytest.raises(BadBody) as bad:
        book.file_batch("0001", AGENT, wrong, "counter")
    assert bad.value.field == "applicant_name" and book.view_counts()["all"] == 0 and book.batches() == []
    other = [*applied("张秀兰"), {**applied("李老汉")[0], 0: "014"}]
    for several in (other, [], applied("张秀兰") * (MOST + 1)):
        with pytest.raises(BadBody):
            book.file_batch("0001", AGENT, several, "counter")
    with pytest.raises(NotAllowed):
        book.file_batch("0002", frozenset({"head"}), applied("张秀兰"), "counter")
    assert book.batch(bytes(16)) is None


def test_a_full_disk_keeps_neither_the_cases_nor_the_list(folder: Path, full_disk: Callable[[Store], None]) -> None:
    net = network(folder)
    village = net.members[VILLAGE]
    many = applied(*(f"张{'一二三四五六七八九十'[number % 10]}{number}" for number in range(200)))
    for body in many:
        body[11] = {**body.get(11, {}), "申请理由": "很" * 1_000}
    full_disk(village.store)
    with pytest.raises(NotSaved):
        village.casebook.file_batch("0001", AGENT, many, "counter")
    assert village.casebook.view_counts()["all"] == 0 and village.casebook.batches() == []
    net.close()
