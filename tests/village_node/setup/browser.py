"""Somebody at the pages of a set-up, without a browser; the answers that make a village."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from werkzeug.test import TestResponse

from village_node import cli, identity
from village_node.setup import Kind, Wizard, regions
from village_node.setup.pages import Pages

PASSWORD = "窑洞门前两棵老槐树开花了"
PASSPHRASE = "一条大河波浪宽，风吹稻花香"
PLACE, NAME = "621021101201", "上关村委会"
# Step -> what is typed into its form.
ANSWERS: dict[str, dict[str, Any]] = {
    "place": {"place": PLACE, "name": NAME},
    "above": {"road": "files"},
    "keys": {"protect": "none"},
    "reach": {"way": "alone", "host": "127.0.0.1", "port": "8700", "public_url": ""},
    "account": {
        "staff_no": "0001",
        "staff_name": "王芳",
        "roles": ["agent"],
        "password": PASSWORD,
        "password_again": PASSWORD,
    },
}


class Setting:
    """A set-up that is being served: its clock, and the codes that stood in the window of the program."""

    def __init__(self, data: Path, kind: Kind = cli.VILLAGE, listed: list[regions.Region] | None = None) -> None:
        self.now_s = 1000.0
        self.codes: list[str] = []
        self.wizard = Wizard(kind, data, listed or [], identity.random_bytes, lambda: self.now_s, self.codes.append)
        self.pages = Pages(self.wizard, frozenset({"localhost", "127.0.0.1"}), lan=False)

    def browser(self) -> "Browser":
        """A browser with no cookie yet."""
        return Browser(self)

    def entered(self) -> "Browser":
        """One that was let in."""
        browser = self.browser()
        assert browser.enter(self.codes[-1]).status_code == 303
        return browser


class Browser:
    """One browser; it sends the token of the page it saw last."""

    def __init__(self, setting: Setting) -> None:
        self.client = setting.pages.app.test_client()
        self.seen = ""

    def open(self, path: str) -> TestResponse:
        """Look at a page."""
        answer = self.client.get(path)
        if answer.mimetype == "text/html":
            self._see(answer)
        return answer

    def _see(self, answer: TestResponse) -> None:
        self.seen = answer.text if 'name="token"' in answer.text else self.seen

    @property
    def token(self) -> str:
        """The token in the forms of the page seen last."""
        found = re.search(r'name="token" value="([0-9a-f]+)"', self.seen)
        return found[1] if found else ""

    def send(self, path: str, fields: dict[str, Any], **more: Any) -> TestResponse:
        """Send a form; where there is a page with it, it was looked at first."""
        self.open(path)
        return self.again(path, fields, **more)

    def again(self, path: str, fields: dict[str, Any], **more: Any) -> TestResponse:
        """Send a form of the page seen last."""
        answer = self.client.post(path, data={"token": self.token, **fields}, **more)
        self._see(answer)
        return answer

    def enter(self, code: str) -> TestResponse:
        """Type the one-time code."""
        return self.send("/setup", {"code": code})

    def answer(self, **changed: dict[str, Any]) -> None:
        """Answer all steps; `changed`: other answers to one of them."""
        for step, fields in ({**ANSWERS, **changed}).items():
            if fields:
                answer = self.send(f"/setup/{step}", fields)
                assert answer.status_code == 303, (step, answer.text)


@contextmanager
def setting_up(data: Path, kind: Kind = cli.VILLAGE, listed: list[regions.Region] | None = None) -> Iterator[Setting]:
    """A set-up, whose thread that asks ends with the block."""
    setting = Setting(data, kind, listed)
    try:
        yield setting
    finally:
        setting.wizard.over.set()
