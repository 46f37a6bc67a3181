"""What kind of case acceptance makes, and what it promises."""

from sync_protocol.case.promises import kind_at
from tests.sync_protocol.case.histories import catalogue


def test_at_once_is_done_only_what_is_decided_where_it_is_accepted() -> None:
    assert [kind_at(catalogue().item("009"), level) for level in ("village", "county")] == ["承诺件", "即办件"]
