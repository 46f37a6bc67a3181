"""What acceptance promises: as what kind of case, and how many working days."""

from typing import Final

from sync_protocol.case.catalogue import Item

AT_ONCE: Final = "即办件"
PROMISED: Final = "承诺件"


def kind_at(item: Item, level: str) -> str:
    """What kind of case an item makes where it is accepted: done at once is only what is decided there."""
    return PROMISED if item.kind == AT_ONCE and level != item.deciding_level else item.kind


def promise_at(item: Item, level: str) -> int:
    """The working days that acceptance at this level promises where it names no others."""
    elsewhere = kind_at(item, level) != item.kind
    return item.fallback_days if elsewhere and item.fallback_days is not None else item.promised_days


def promised(item: Item, level: str, named: int) -> int:
    """The days that acceptance names, as far as they can be promised: no more than the statute allows, and at once only
    what is decided where it is accepted."""
    if named == 0 and kind_at(item, level) != item.kind:
        return promise_at(item, level)
    return min(named, item.statutory_days) if item.statutory_days else named
