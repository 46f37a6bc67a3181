"""How the interface says no: always problem+json, always a code of the table, both languages, nothing half done."""

import inspect
import re
from importlib import resources
from typing import NoReturn

import pytest

from tests.village_node.web.api.program import FILED, Program, path_of
from tests.village_node.web.counter import Counter
from village_node.accounts import tokens
from village_node.accounts.throttle import DAY_MS
from village_node.casebook import once
from village_node.store import NotReadable, NotSaved
from village_node.store.sqlite import SqliteDatabase
from village_node.web import schemas
from village_node.web.api.problems import PROBLEMS

# Integrators write these into their programs: one that is renamed breaks them.
CODES = {
    "bad_request": 400, "malformed_json": 400, "no_token": 401, "role_not_allowed": 403, "second_person": 403,
    "not_found": 404,
    "method_not_allowed": 405, "stale": 409, "not_allowed_now": 409, "id_taken": 409, "too_large": 413,
    "clock_not_confirmed": 409, "upload_offset": 409,
    "not_json": 415, "invalid": 422, "too_many": 429, "rows_used_up": 429, "broken": 500,
    "not_saved": 503, "not_readable": 503, "not_printed": 503,
}  # fmt: skip


def test_the_codes_never_change() -> None:
    assert {code: row.status for code, row in PROBLEMS.items()} == CODES


def test_the_words_for_integrators_name_every_code_and_every_bound() -> None:
    told = resources.files("village_node.web.api").joinpath("API.md").read_text(encoding="utf-8")
    lines = [line for line in told.splitlines() if line.startswith("| `")]
    listed = {code: int(line.split("|")[2]) for line in lines for code in re.findall(r"`(\w+)`", line.split("|")[1])}
    assert listed == CODES
    assert f"{tokens.A_MINUTE_MAX:,} requests" in " ".join(told.split()) and f"1 to {tokens.DAYS_MAX} days" in told
    assert f"kept for {once.KEPT_MS // DAY_MS} days" in told


@pytest.mark.parametrize(
    ("body", "kind", "code"),
    [
        (b"{", "application/json", "malformed_json"),
        (b"[" * 200_000, "application/json", "malformed_json"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "application/json", "malformed_json"),
        (b"\xff\xfe", "application/json", "malformed_json"),
        (b"[]", "application/json", "invalid"),
        (b"null", "application/json", "invalid"),
        (b"item_no=001", "application/x-www-form-urlencoded", "not_json"),
        (b"{}", "text/plain", "not_json"),
        (b'{"window_note": "' + b"x" * (1 << 20) + b'"}', "application/json", "too_large"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(agent_program: Program, body: bytes, kind: str, code: str) -> None:
    headers = {"Authorization": f"Bearer {agent_program.token}", "Idempotency-Key": "import-1", "Content-Type": kind}
    answer = agent_program.client.post("/api/v1/applications", data=body, headers=headers)
    told = answer.get_json()
    assert (answer.status_code, told["code"]) == (CODES[code], code), answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert told["type"] == f"urn:sanji:problem:{code}" and told["zh"] and told["en"]
    assert code != "too_large" or "1 MB" in told["zh"]


def test_what_is_not_there_and_what_is_not_taken(agent_program: Program) -> None:
    assert agent_program.get("/no/such/address").get_json()["code"] == "not_found"
    answer = agent_program.client.delete("/api/v1/cases")
    assert (answer.status_code, answer.get_json()["code"]) == (405, "method_not_allowed")
    assert "GET" in answer.headers["Allow"]
    for case_id in ("zz", "00", "0" * 31, "%00", "0" * 32):
        assert agent_program.get(f"/cases/621021101201/{case_id}").get_json()["code"] == "not_found"


def test_an_act_on_a_case_that_has_moved_on_says_so(agent_program: Program) -> None:
    case = path_of(agent_program.file())
    seen = agent_program.get(case).get_json()["seen"]
    agent_program.done(case, "handoff", to="621021101000", purpose="accept")
    again = {"seen": seen, "to": "621021101000", "purpose": "accept"}
    assert agent_program.post(f"{case}/acts/handoff", again).get_json()["code"] == "stale"
    assert agent_program.act(case, "docket", promised_days=20).get_json()["code"] == "not_allowed_now"


@pytest.mark.parametrize("error", [NotSaved, MemoryError, NotReadable])
def test_what_is_not_saved_is_never_said_to_be(
    agent_program: Program, village: Counter, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    case = path_of(agent_program.file())
    seen = agent_program.get(case).get_json()["seen"]
    asks = [
        ("/applications", FILED),
        (f"{case}/acts/note", {"text": "备注"}),
        (f"{case}/acts/handoff", {"seen": seen, "to": "621021101000", "purpose": "accept"}),
        (f"{case}/unmask", {"reason": "核对电话号码"}),
        ("/query", {"number": "621021101201-261118-B4F8-1-7", "code": "000000"}),
    ]

    def failing(_database: SqliteDatabase) -> NoReturn:
        raise error() if error is MemoryError else error("磁盘已满", "the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(SqliteDatabase, "writing", failing)
        if error is NotReadable:
            broken.setattr(SqliteDatabase, "reading", failing)
        for path, body in asks:
            answer = agent_program.post(path, body)
            told = answer.get_json()
            assert (answer.status_code, told["code"]) == (503, "not_saved"), (path, answer.text)
            assert told["zh"].startswith("未保存") and told["en"].startswith("not saved")
            assert 0 < int(answer.headers["Retry-After"]) <= 60
    assert village.member.casebook.view_counts()["all"] == 1
    assert len(agent_program.get(f"{case}/timeline").get_json()["events"]) == 2


def test_reading_from_a_database_that_cannot_be_read_says_that(
    agent_program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(_database: SqliteDatabase) -> NoReturn:
        raise NotReadable("读不出", "unreadable")

    monkeypatch.setattr(SqliteDatabase, "reading", failing)
    answer = agent_program.get("/cases")
    assert (answer.status_code, answer.get_json()["code"]) == (503, "not_readable")
    assert "未保存" not in answer.get_json()["zh"]


def test_something_broken_is_told_as_a_problem(
    agent_program: Program, village: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> NoReturn:
        raise RuntimeError("a bug")

    village.app.testing = False
    monkeypatch.setattr(type(village.member.casebook), "cases_after", broken)
    answer = agent_program.get("/cases")
    assert (answer.status_code, answer.get_json()["code"]) == (500, "broken")
    assert "a bug" not in answer.text and "Traceback" not in answer.text


def test_every_sentence_of_the_schemas_has_an_english_one() -> None:
    source = inspect.getsource(schemas)
    said = source.partition("_ENGLISH: Final")[0]
    messages = {each for each in re.findall(r'"([^"\n]*[\u4e00-\u9fff][^"\n]*)"', said) if "{" not in each}
    messages = {each for each in messages if each not in ("字", "项")}
    assert len(messages) >= 15
    for message in (*messages, "最多 9 字", "应为 1 至 60 字", "应为 1 至 9 项", "应为 1 至 99 的整数"):
        assert schemas.english(message) != "Please check this field.", message
