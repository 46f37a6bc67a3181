"""An application that was begun and never filed is kept for its term and not longer."""

from tests.builders import VILLAGE, Network
from village_node.casebook import DRAFT_DAYS
from village_node.store.drafts import DraftRow, DraftRows

DAY_MS = 86_400_000


def test_a_draft_that_nobody_keeps_anew_is_dropped_after_its_term(net: Network) -> None:
    book, clock = net.members[VILLAGE].casebook, net.clock
    drafts = DraftRows(net.members[VILLAGE].store)

    def keep(draft_id: str) -> None:
        drafts.save_draft(DraftRow(draft_id, "0001", "001", 1, '{"applicant_name": "张秀兰"}', 0, clock.now_ms))

    def pass_days(days: int) -> None:
        for _ in range(days * 4):  # a look at least every six hours: longer steps are not believed
            clock.now_ms += DAY_MS // 4
            book.forget_requests()

    book.forget_requests()
    keep("begun")
    keep("gone on with")
    clock.now_ms += 400 * DAY_MS
    assert book.forget_drafts() == 0, "a clock that is a year ahead"
    clock.now_ms -= 400 * DAY_MS
    book.forget_requests()
    pass_days(DRAFT_DAYS - 1)
    keep("gone on with")
    assert book.forget_drafts() == 0
    pass_days(2)
    assert book.forget_drafts() == 1
    assert [row.draft_id for row in drafts.drafts("0001")] == ["gone on with"]
