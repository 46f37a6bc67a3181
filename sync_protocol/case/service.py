"""Where documents are served on an applicant, and by which ways they have agreed to: the last word on it.

Only what is sent electronically waits for their consent; what was said of the post is their wish.
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any, Final

_SAID: Final = ("recipient", "address", "phone", "post", "electronic", "electronic_to")
# 民事诉讼法第九十五条: served when so many days have passed since the day it was made public.
PUBLIC_DAYS: Final = 30


def service_of(words: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """What stands of these confirmations and withdrawals, in their order: the last confirmation, without the consent to
    electronic service where that was withdrawn since; empty where nothing was confirmed."""
    standing: dict[str, str] = {}
    for said in words:
        if said.get("what") != "consent_withdrawn":
            standing = {name: said[name] for name in _SAID if name in said}
        elif standing:
            standing = {**standing, "electronic": "disagree"}
            standing.pop("electronic_to", None)
    return standing


def agrees(service: Mapping[str, str], way: str) -> bool:
    """Tell whether who is served has agreed to be served by post, or electronically."""
    return service.get({"post": "post", "electronic": "electronic"}[way]) == "agree"


def served_on(published: date) -> date:
    """The day on which what was made public counts as served."""
    return published + timedelta(days=PUBLIC_DAYS)
