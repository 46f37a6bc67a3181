"""An act asked for under an id is done once, on either database, by whichever worker, and its id goes with it."""

import threading
from pathlib import Path

import pytest

from sync_protocol.case import kinds
from tests.builders import APPLICATION, COUNTY, Member, Network
from tests.postgresql import Cluster
from tests.village_node.casebook import contender
from village_node.casebook import AlreadyDone, CaseRef, IdTaken, NotAllowed, Request

ITEM = {**APPLICATION, "item_no": "016"}
FIRST = Request("0801", "import-0001", b"1" * 32)


def file(member: Member, request: Request) -> CaseRef:
    return member.casebook.file("0801", member.roles, ITEM, "counter", request)


def test_filing_again_tells_the_case_that_was_filed(net: Network) -> None:
    county = net.members[COUNTY]
    ref = file(county, FIRST)
    with pytest.raises(AlreadyDone) as done:
        file(county, FIRST)
    assert (done.value.scope, done.value.case_id) == (ref.scope, ref.case_id)
    with pytest.raises(AlreadyDone):
        county.casebook.refuse_repeated(FIRST)
    with pytest.raises(IdTaken):
        file(county, FIRST._replace(digest=b"2" * 32))
    assert county.casebook.view_counts()["all"] == 1


def test_an_act_that_is_refused_leaves_its_id_free(net: Network) -> None:
    county = net.members[COUNTY]
    ref = file(county, FIRST)
    note = Request("0801", "note-00001", b"3" * 32)
    key, roles = (ref.scope, ref.case_id), frozenset({"supervisor"})
    with pytest.raises(NotAllowed):
        county.casebook.record("0801", roles, *key, kinds.NOTE, {"text": "x"}, None, note)
    county.casebook.record("0801", county.roles, *key, kinds.NOTE, {"text": "x"}, None, note)
    with pytest.raises(AlreadyDone):
        county.casebook.record("0801", county.roles, *key, kinds.NOTE, {"text": "x"}, None, note)
    case = county.casebook.case(*key)
    assert case is not None and len(case.notes) == 1


@pytest.mark.postgres
def test_two_workers_who_are_asked_at_once_file_once(cluster: Cluster, folder: Path) -> None:
    url = cluster.database()
    workers = [contender.county(folder, url, number) for number in (1, 2)]
    try:
        for round_ in range(20):
            asked = Request("0801", f"import-{round_:04}", b"1" * 32)
            together, outcomes = threading.Barrier(4), list[str]()

            def ask(worker: Member, asked=asked, together=together, outcomes=outcomes) -> None:
                together.wait()
                try:
                    file(worker, asked)
                    outcomes.append("filed")
                except AlreadyDone as done:
                    assert done.case_id
                    outcomes.append("known")

            threads = [threading.Thread(target=ask, args=(worker,)) for worker in workers * 2]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert sorted(outcomes) == ["filed", "known", "known", "known"]
        assert workers[0].casebook.view_counts()["all"] == 20
    finally:
        for worker in workers:
            worker.store.close()
