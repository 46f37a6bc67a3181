"""Rows of drafts, on both databases."""

from typing import Any

import pytest

from village_node.store import NotSaved, Overtaken, Store
from village_node.store import rows as written
from village_node.store.drafts import DraftRow, DraftRows


@pytest.fixture
def rows(store: Store) -> DraftRows:
    return DraftRows(store)


def test_a_draft_is_its_owner_s_alone(rows: DraftRows) -> None:
    draft = DraftRow("d" * 32, "0001", "001", 1, '{"applicant_name": "张"}', 1, 2)
    assert rows.save_draft(draft)
    assert rows.save_draft(draft._replace(fields="{}", updated_ms=3))
    assert not rows.save_draft(draft._replace(staff_no="0002"))
    assert rows.draft(draft.draft_id, "0001") == draft._replace(fields="{}", updated_ms=3)
    assert rows.draft(draft.draft_id, "0002") is None
    assert [one.draft_id for one in rows.drafts("0001")] == [draft.draft_id]
    stands = draft._replace(fields="{}", updated_ms=3)
    assert not rows.delete_draft(stands._replace(staff_no="0002"))
    assert not rows.delete_draft(draft) and not rows.delete_draft(stands._replace(updated_ms=2)), "it was gone on with"
    assert rows.delete_draft(stands)
    assert rows.drafts("0001") == []


def test_who_is_thrown_out_of_a_ring_of_workers_writes_again_and_is_told_where_it_never_ends(
    rows: DraftRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    rings = [1]
    put = written.put

    def thrown_out(*said: Any, **named: Any) -> None:
        put(*said, **named)
        if rings:
            rings.pop()
            raise Overtaken("a ring")

    monkeypatch.setattr(written, "put", thrown_out)
    draft = DraftRow("d" * 32, "0001", "001", 1, "{}", 1, 2)
    assert rows.save_draft(draft)
    assert rows.draft(draft.draft_id, "0001") == draft
    rings.extend([1] * 9)
    with pytest.raises(NotSaved):
        rows.save_draft(draft._replace(fields='{"a": "b"}'))
    assert rows.draft(draft.draft_id, "0001") == draft
