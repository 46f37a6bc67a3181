"""Forms about accounts, and what programs and other systems are given."""

from functools import partial
from typing import Final

import pytest

from tests.village_node.authenticator import code_at, secret_in
from tests.village_node.web.counter import (
    Counter,
    Visitor,
)
from tests.village_node.web.unsaved.form import TYPED, Ready, State
from village_node.accounts.exports import Wanted


def _factor(request: pytest.FixtureRequest) -> Ready:
    """Somebody who has copied the secret of a second factor."""
    head: Visitor = request.getfixturevalue("village").sign_in("0002", "head")
    secret = secret_in(head.send("/second-factor/begin", {}).text)
    code = code_at(secret, head.counter.member.clock.now_ms)
    return Ready(head, "/second-factor/confirm", {"code": code, "text": TYPED})


def _export(request: pytest.FixtureRequest, asked: bool) -> Ready:
    """A list that is to be asked for, or that somebody else has asked for."""
    village = request.getfixturevalue("village")
    head = village.sign_in("0002", "head")
    if not asked:
        return Ready(head, "/exports/ask/work_export.csv?view=all", {"reason": TYPED})
    number = village.accounts.exports.ask("0005", Wanted("work", "csv", "view=all", "view=all", 201, {}), "年度核对")
    return Ready(head, f"/exports/{number}/reject", {"text": TYPED})


def _token(request: pytest.FixtureRequest, made: bool) -> Ready:
    """A token to be made for somebody, or one that is there."""
    village: Counter = request.getfixturevalue("village")
    boss = village.sign_in("0009", "admin")
    village.accounts.create_invitation("0801", "接口程序", ["agent"])
    if not made:
        return Ready(boss, "/tokens/make", {"name": TYPED, "whose": "0801:agent", "days": "30"})
    village.accounts.make_token("x", "0801", "agent", 30, by="0009", by_admin=True)
    return Ready(boss, "/tokens/1/revoke", {"reason": TYPED})


def _webhook(request: pytest.FixtureRequest, made: str = "") -> Ready:
    """A webhook to be registered, or one that is there."""
    village: Counter = request.getfixturevalue("village")
    boss = village.sign_in("0009", "admin")
    village.accounts.webhooks.hosts = ("oa.example.gov.cn",)
    url = "https://oa.example.gov.cn/sanji"
    if not made:
        return Ready(boss, "/webhooks/make", {"name": TYPED, "url": url, "states": "issued"})
    village.accounts.webhooks.register("x", url, ["issued"], "", "", by="0009")
    return Ready(boss, f"/webhooks/1/{made}", {"reason": TYPED})


STATES: Final[dict[str, State]] = {
    "ask_export": partial(_export, asked=False),
    "answer_export": partial(_export, asked=True),
    "confirm_factor": _factor,
    "make_token": partial(_token, made=False),
    "revoke_token": partial(_token, made=True),
    "make_webhook": _webhook,
    "end_webhook": partial(_webhook, made="end"),
    "resend_webhook": partial(_webhook, made="resend"),
}
