"""A program at one node: it comes with a token, speaks JSON, and knows nothing of pages, cookies or forms."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.village_node.web.counter import APPLICATION, SEEN, Counter

BASE = "/api/v1"
FILED = {
    "item_no": "001",
    **{name: text for name, text in APPLICATION.items() if name.startswith("applicant_")},
    "answers": {"request": APPLICATION["request"]},
    "materials": [{"name": "身份证", "copies": 1, "original": True}],
}
_numbers = count(1)


def fresh_id() -> str:
    """An id that no request had before."""
    return f"request-{next(_numbers):06}"


@dataclass
class Program:
    """One program with its token."""

    counter: Counter
    token: str
    client: FlaskClient
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **headers: str) -> TestResponse:
        """Read."""
        return self.client.get(BASE + path, headers={**self._token(), **headers})

    def post(self, path: str, body: object, request_id: str | None = None, **headers: str) -> TestResponse:
        """Ask for something to be done, once for this id."""
        known = {**self._token(), "Idempotency-Key": request_id or fresh_id(), **headers}
        return self.client.post(BASE + path, json=body, headers=known)

    def file(self, request_id: str | None = None, **changes: Any) -> dict[str, Any]:
        """File an application; what became of it."""
        answer = self.post("/applications", {**FILED, **changes}, request_id)
        assert answer.status_code == 200, answer.text
        return answer.get_json()

    def act(self, case: str, kind: str, **body: Any) -> TestResponse:
        """Do one act on a case as it stands now."""
        told = self.get(case if kind == "decide" else f"{case}/moves").get_json()
        known = {name: told[name] for name in ("seen", "shown") if name == "seen" or kind == "decide"}
        why = {("docket", None): "note", ("decide", "approve"): "reasons"}.get((kind, body.get("outcome")))
        return self.post(f"{case}/acts/{kind}", {**known, **({why: SEEN} if why else {}), **body})

    def done(self, case: str, kind: str, **body: Any) -> None:
        """Do one act, which is done."""
        answer = self.act(case, kind, **body)
        assert answer.status_code == 200, answer.text

    def _token(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


def path_of(filed: Mapping[str, Any]) -> str:
    """The address of a case."""
    return f"/cases/{filed['place']}/{filed['case_id']}"


def program_at(counter: Counter, staff_no: str, *roles: str, role: str = "") -> Program:
    """A program at a node, with an account of its own."""
    if counter.accounts.rows.staff(staff_no) is None:
        counter.accounts.create_invitation(staff_no, "接口程序", roles)
    made = counter.accounts.make_token("测试", staff_no, role or roles[0], 30, by="0009", by_admin=True)
    return Program(counter, made, counter.app.test_client())
