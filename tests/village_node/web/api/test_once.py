"""One request is one act: whoever has heard nothing sends the same again, whatever happened in between."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Barrier, Thread
from typing import NoReturn

import pytest

from tests.village_node.web.api.program import FILED, Program, path_of, program_at
from tests.village_node.web.counter import Counter
from village_node.casebook import Casebook, Stale, ledger
from village_node.casebook.once import KEPT_MS, LONGEST_STEP_MS
from village_node.store import NotSaved


def counted(counter: Counter) -> int:
    return counter.member.casebook.view_counts()["all"]


def test_the_same_request_again_is_answered_with_the_first_result(agent_program: Program, village: Counter) -> None:
    first = agent_program.post("/applications", FILED, "import-2026-0001")
    again = agent_program.post("/applications", FILED, "import-2026-0001")
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.get_json() == again.get_json()
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert counted(village) == 1


def test_the_order_of_the_fields_makes_no_other_request(agent_program: Program, village: Counter) -> None:
    turned = dict(reversed(FILED.items()))
    assert agent_program.file("import-1") == agent_program.file("import-1", **turned)
    assert counted(village) == 1


def test_another_body_under_the_same_id_is_refused_and_the_id_is_named(
    agent_program: Program, village: Counter
) -> None:
    agent_program.file("import-1")
    answer = agent_program.post("/applications", {**FILED, "window_note": "另一件"}, "import-1")
    assert answer.status_code == 409
    told = answer.get_json()
    assert (told["code"], told["request_id"]) == ("id_taken", "import-1")
    assert "import-1" in told["zh"] and "import-1" in told["en"]
    assert counted(village) == 1


def test_the_same_id_for_another_act_or_another_case_is_refused(agent_program: Program) -> None:
    one, other = (path_of(agent_program.file()) for _ in range(2))
    assert agent_program.post(f"{one}/acts/note", {"text": "第一次"}, "same-id-1").status_code == 200
    assert agent_program.post(f"{other}/acts/note", {"text": "第一次"}, "same-id-1").status_code == 409
    assert agent_program.post("/applications", FILED, "same-id-1").status_code == 409


def test_an_id_belongs_to_the_account_that_chose_it(agent_program: Program, village: Counter) -> None:
    agent_program.file("import-1")
    program_at(village, "0802", "agent").file("import-1")
    assert counted(village) == 2
    # A new token of the same account is the same account.
    program_at(village, "0801", "agent").file("import-1")
    assert counted(village) == 2


def test_an_act_is_done_once_and_the_answer_does_not_turn_stale(agent_program: Program) -> None:
    case = path_of(agent_program.file())
    seen = agent_program.get(f"{case}/moves").get_json()["seen"]
    body = {"seen": seen, "to": "621021101000", "purpose": "accept"}
    first = agent_program.post(f"{case}/acts/handoff", body, "handoff-1")
    again = agent_program.post(f"{case}/acts/handoff", body, "handoff-1")
    assert (first.status_code, again.status_code) == (200, 200), again.text
    assert agent_program.post(f"{case}/acts/handoff", body, "handoff-2").get_json()["code"] == "stale"
    events = agent_program.get(f"{case}/timeline").get_json()["events"]
    assert [each["kind"] for each in events] == ["create", "receive", "handoff"]


@contextmanager
def cut(patch: pytest.MonkeyPatch, *, after: bool) -> Iterator[None]:
    """The power goes while the act is written, after its events are."""
    real = ledger.write

    def failing(*arguments: object, **named: object) -> NoReturn:
        if after:
            real(*arguments, **named)  # type: ignore[arg-type]
        raise NotSaved("未保存：磁盘已满", "not saved: the disk is full")

    with patch.context() as broken:
        broken.setattr(ledger, "write", failing)
        yield


@pytest.mark.parametrize("after", [False, True])
def test_an_id_is_kept_with_its_act_or_not_at_all(
    agent_program: Program, village: Counter, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    with cut(monkeypatch, after=after):
        refused = agent_program.post("/applications", FILED, "import-1")
    assert (refused.status_code, refused.get_json()["code"]) == (503, "not_saved")
    assert int(refused.headers["Retry-After"]) > 0
    assert refused.get_json()["zh"].startswith("未保存")
    assert counted(village) == 0
    # Mended or not, the id is free: nothing was done under it.
    agent_program.file("import-1", window_note="改过的")
    assert counted(village) == 1


def test_what_was_refused_has_not_used_its_id(agent_program: Program, village: Counter) -> None:
    assert agent_program.post("/applications", {**FILED, "applicant_phone": "1"}, "import-1").status_code == 422
    agent_program.file("import-1")
    assert counted(village) == 1


def test_the_same_request_from_many_sides_at_once_is_one_act(agent_program: Program, village: Counter) -> None:
    start, answers = Barrier(6), []

    def send() -> None:
        mine = Program(village, agent_program.token, village.app.test_client())
        start.wait()
        answers.append(mine.post("/applications", FILED, "import-1"))

    threads = [Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.get_json()["case_id"] for answer in answers}) == 1
    assert counted(village) == 1


def test_the_casebook_looks_again_where_the_first_look_came_too_early(
    agent_program: Program, village: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two workers look at once and both find nothing: the transaction of the second finds what the first has done."""
    first = agent_program.file("import-1")
    monkeypatch.setattr(type(village.member.casebook), "refuse_repeated", lambda *_: None)
    assert agent_program.file("import-1") == first
    assert agent_program.post("/applications", {**FILED, "window_note": "x"}, "import-1").status_code == 409
    assert counted(village) == 1


def test_a_request_that_was_overtaken_by_itself_is_answered_as_done(
    agent_program: Program, village: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two at once: what the second meets is the case as the first has left it, where the act is not to be had again."""
    case = path_of(agent_program.file())
    book = type(village.member.casebook)
    record, done = book.record, []

    def overtaken(self: Casebook, *arguments: object, **named: object) -> object:
        done.append(record(self, *arguments, **named))  # type: ignore[arg-type]
        raise Stale("办件已有变化", "the case has moved on")

    monkeypatch.setattr(book, "record", overtaken)
    answer = agent_program.post(f"{case}/acts/note", {"text": "第一次"}, "at-once-1")
    assert answer.status_code == 200 and answer.headers["Idempotency-Replayed"] == "true" and len(done) == 1


def test_requests_are_forgotten_after_their_term_and_not_before(agent_program: Program, village: Counter) -> None:
    agent_program.file("import-1")
    clock, book = village.member.clock, village.member.casebook
    assert book.forget_requests() == 0
    for _ in range(KEPT_MS // LONGEST_STEP_MS):
        clock.now_ms += LONGEST_STEP_MS
        assert book.forget_requests() == 0
    clock.now_ms += 1
    assert book.forget_requests() == 1


@pytest.mark.parametrize("days", [-20_000, 90, 3650])
def test_a_clock_that_is_wrong_for_a_day_forgets_no_request(
    agent_program: Program, village: Counter, days: int
) -> None:
    clock, book = village.member.clock, village.member.casebook
    agent_program.file("import-1")
    assert book.forget_requests() == 0
    right = clock.now_ms
    clock.now_ms += days * 86_400_000
    program_at(village, "0801", "agent").file("import-2")
    for _ in range(4):
        clock.now_ms += LONGEST_STEP_MS
        assert book.forget_requests() == 0
    clock.now_ms = right + 86_400_000
    assert book.forget_requests() == 0
    program = program_at(village, "0801", "agent")
    assert program.file("import-1") and program.file("import-2") and counted(village) == 2


@pytest.mark.parametrize("bad", ["short", "x" * 65, "mit leer", "半角以外的编号", ""])
def test_an_id_that_cannot_be_one_is_refused_by_name(agent_program: Program, bad: str) -> None:
    answer = agent_program.client.post(
        "/api/v1/applications",
        json=FILED,
        headers={"Authorization": f"Bearer {agent_program.token}", "Idempotency-Key": bad.encode().decode("latin-1")},
    )
    assert (answer.status_code, answer.get_json()["field"]) == (422, "Idempotency-Key")


def test_without_an_id_nothing_is_done(agent_program: Program, village: Counter) -> None:
    headers = {"Authorization": f"Bearer {agent_program.token}"}
    answer = agent_program.client.post("/api/v1/applications", json=FILED, headers=headers)
    assert (answer.status_code, answer.get_json()["field"]) == (422, "Idempotency-Key")
    assert counted(village) == 0
