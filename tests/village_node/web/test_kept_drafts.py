"""Drafts that the page keeps when a field is left: never after a filing, never a second one, no sign of life."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest
from werkzeug.test import TestResponse

from tests.builders import Network
from tests.village_node.web.api.program import program_at
from tests.village_node.web.counter import APPLICATION, PASSWORD, Counter, Visitor, hidden_of, open_counter
from village_node.accounts.sessions import IDLE_MS
from village_node.store import NotSaved
from village_node.store.drafts import DraftRow
from village_node.store.sqlite import SqliteDatabase
from village_node.web import filing, times
from village_node.web.filing import became
from village_node.web.filing_steps import BY_STEPS, COOKIE
from village_node.web.site import Visit


@pytest.fixture
def form(agent: Visitor) -> dict[str, str]:
    """The whole form as a browser holds it, filled in."""
    return {**APPLICATION, **hidden_of(agent.open("/file/001").text, "/file/001")}


def keep(agent: Visitor, form: dict[str, str], **changes: str) -> TestResponse:
    """What page.js sends when a field is left: the form without the button."""
    sent = {name: value for name, value in {**form, **changes}.items() if name != "do"}
    return agent.client.post("/file/001/keep", data=sent)


def drafts(village: Counter) -> list[str]:
    return [row.fields for row in village.accounts.drafts.drafts("0001")]


def test_a_field_that_is_left_is_in_the_draft_and_the_page_says_when(
    agent: Visitor, form: dict[str, str], village: Counter, network: Network
) -> None:
    answer = keep(agent, form, applicant_phone="1")
    at = times.local(network.clock.now_ms).strftime("%H:%M")
    assert (answer.status_code, answer.text) == (200, f"草稿已存 {at}\n")
    assert answer.content_type.startswith("text/plain")
    keep(agent, form, applicant_phone="12")
    assert len(drafts(village)) == 1, "each is the same draft"
    assert 'value="12"' in agent.open(f"/file/001?draft={form['draft_id']}").text
    assert agent.client.post("/file/001", data=form).status_code == 303, "and it is filed as any other"


def test_one_that_comes_late_never_follows_a_filing(agent: Visitor, form: dict[str, str], village: Counter) -> None:
    keep(agent, form)
    assert agent.client.post("/file/001", data=form).status_code == 303
    before = drafts(village)
    answer = keep(agent, form, applicant_name="李")
    assert answer.status_code == 409 and "已经提交" in answer.text
    assert drafts(village) == before
    assert "没有草稿" in agent.open("/work?view=drafts").text
    assert village.member.casebook.view_counts()["all"] == 1


def test_one_that_comes_late_writes_nothing_over_what_was_sent_since(
    agent: Visitor, form: dict[str, str], village: Counter
) -> None:
    wrong = agent.client.post("/file/001", data={**form, "applicant_id_no": "1", "applicant_name": "新的"})
    assert wrong.status_code == 422
    assert keep(agent, form, applicant_name="旧的").status_code == 409
    assert "新的" in drafts(village)[0] and "旧的" not in drafts(village)[0]
    newest = {**form, **hidden_of(wrong.text, "/file/001")}
    assert keep(agent, newest, applicant_name="更新").status_code == 200
    assert "更新" in drafts(village)[0]


def test_a_draft_that_was_thrown_away_does_not_come_back(
    agent: Visitor, form: dict[str, str], village: Counter, network: Network
) -> None:
    saved = agent.client.post("/file/001", data={**form, "do": "draft"}).text
    agent.send(f"/drafts/{form['draft_id']}/delete", {})
    assert keep(agent, {**form, **hidden_of(saved, "/file/001")}).status_code == 409
    assert not village.member.casebook.forget_drafts() and "thrown" in drafts(village)[0], "it can be brought back"
    network.clock.now_ms += filing.BRING_BACK_MS + 1
    assert village.member.casebook.forget_drafts() == 1 and drafts(village) == []


def test_a_step_keeps_its_own_fields_over_those_of_the_others(
    agent: Visitor, form: dict[str, str], village: Counter
) -> None:
    agent.client.set_cookie(COOKIE, BY_STEPS)
    hidden = hidden_of(agent.open("/file/001").text, "/file/001")
    applicant = {name: value for name, value in APPLICATION.items() if name.startswith("applicant_")}
    onward = agent.send("/file/001", {**hidden, **applicant, "do": "next"}).headers["Location"]
    proxy = hidden_of(agent.open(onward).text, "/file/001")
    assert keep(agent, {**proxy, "has_proxy": "yes", "proxy_name": "李强"}).status_code == 200
    assert keep(agent, {**hidden, "applicant_name": "早先的"}).status_code == 409, "the page before this one"
    assert "李强" in drafts(village)[0] and "张秀兰" in drafts(village)[0] and "早先的" not in drafts(village)[0]


def test_without_an_id_of_the_page_nothing_is_kept(agent: Visitor, form: dict[str, str], village: Counter) -> None:
    for odd in ("", "x", "é" * 32):
        assert keep(agent, form, draft_id=odd).status_code == 404
    assert drafts(village) == []


def test_keeping_a_draft_is_no_sign_of_life(
    agent: Visitor, form: dict[str, str], village: Counter, network: Network
) -> None:
    for _ in range(3):
        network.clock.now_ms += IDLE_MS // 2 - 1_000
        answer = keep(agent, form)
    assert not answer.content_type.startswith("text/plain"), "the session has ended: nobody is told that it was kept"
    assert agent.open("/work").status_code == 303


def test_nobody_keeps_into_the_draft_of_somebody_else(agent: Visitor, form: dict[str, str], village: Counter) -> None:
    keep(agent, form)
    other = village.sign_in("0002", "agent", name="李")
    typed = {**form, "applicant_name": "别人", "token": other.token()}
    assert keep(other, typed).status_code == 404
    assert "别人" not in drafts(village)[0]


def another_worker(village: Counter, agent: Visitor, folder: Path) -> Visitor:
    """The same person in the same browser, answered by another worker on the same database."""
    second = open_counter(village.member, folder).visitor()
    session = agent.client.get_cookie(f"sanji-{village.member.place}")
    assert session is not None
    second.client.set_cookie(session.key, session.value)
    return second


def test_one_that_another_worker_has_read_before_a_filing_is_not_written_after_it(
    agent: Visitor, form: dict[str, str], village: Counter, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(agent, form)
    second = another_worker(village, agent, folder)
    rows = second.counter.accounts.drafts
    write = rows.save_draft

    def late(*said: Any) -> bool:
        assert agent.client.post("/file/001", data=form).status_code == 303
        return write(*said)

    with monkeypatch.context() as patched:
        patched.setattr(rows, "save_draft", late)
        answer = keep(second, form, applicant_name="李")
    assert answer.status_code == 409 and "已经提交" in answer.text
    assert "没有草稿" in agent.open("/work?view=drafts").text
    assert second.client.post("/file/001", data=form).status_code == 303
    assert village.member.casebook.view_counts()["all"] == 1


@contextmanager
def newer_page_first(
    second: Visitor, agent: Visitor, form: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Before the second worker writes a draft, a newer page of it is sent to the first."""
    rows = second.counter.accounts.drafts
    write = rows.save_draft

    def late(*said: Any) -> bool:
        agent.client.post("/file/001", data={**form, "applicant_name": "新的", "do": "draft"})
        return write(*said)

    with monkeypatch.context() as patched:
        patched.setattr(rows, "save_draft", late)
        yield


def test_one_that_another_worker_has_read_before_a_newer_page_was_sent_is_not_written_after_it(
    agent: Visitor, form: dict[str, str], village: Counter, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = another_worker(village, agent, folder)
    with newer_page_first(second, agent, form, monkeypatch):
        answer = keep(second, form, applicant_name="旧的")
    assert answer.status_code == 409 and "保存草稿" in answer.text
    assert "新的" in drafts(village)[0] and "旧的" not in drafts(village)[0]


@pytest.mark.parametrize("pressed", ["file", "preview", "draft"])
def test_two_workers_that_are_asked_at_once_file_a_draft_once(
    agent: Visitor,
    form: dict[str, str],
    village: Counter,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    pressed: str,
) -> None:
    """The second has seen that nothing was filed yet when the first files it; what it has in hand is filed by then."""
    second = another_worker(village, agent, folder)
    before = became
    first: list[TestResponse] = []

    def slow(visit: Visit, draft_id: str) -> list[str]:
        found = before(visit, draft_id)
        if not first and visit.site.accounts is second.counter.accounts:
            first.append(agent.client.post("/file/001", data=form))
        return found

    monkeypatch.setattr(filing, "became", slow)
    answer = second.client.post("/file/001", data={**form, "applicant_phone": "13800001111", "do": pressed})
    assert first[0].status_code == answer.status_code == 303
    assert first[0].headers["Location"] == answer.headers["Location"]
    assert village.member.casebook.view_counts()["all"] == 1
    assert "没有草稿" in agent.open("/work?view=drafts").text


def test_a_page_that_said_not_saved_is_kept_again_once_there_is_room(
    agent: Visitor, form: dict[str, str], village: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: SqliteDatabase) -> NoReturn:
        raise NotSaved("未保存:磁盘已满", "not saved")

    keep(agent, form)
    with monkeypatch.context() as patched:
        patched.setattr(SqliteDatabase, "writing", full)
        unsaved = agent.client.post("/file/001", data=form)
    assert unsaved.status_code == 503
    newest = {**form, **hidden_of(unsaved.text, "/file/001")}
    assert keep(agent, newest, applicant_name="更新").status_code == 200
    assert "更新" in drafts(village)[0]


def test_a_page_of_an_item_that_has_changed_meanwhile_is_kept_as_it_was_carried_over(
    agent: Visitor, form: dict[str, str], village: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(agent, form)
    item = village.member.casebook.catalogue.newest("001")
    assert item is not None
    older = replace(item, version=item.version - 1, papers=item.papers[1:])
    with monkeypatch.context() as patched:
        patched.setattr(filing, "_typed_under", lambda visit, newest: older)
        changed = agent.client.post("/file/001", data=form)
    assert changed.status_code == 409
    newest = {**form, **hidden_of(changed.text, "/file/001")}
    assert keep(agent, newest, applicant_name="更新").status_code == 200
    assert "更新" in drafts(village)[0]


def test_by_steps_as_on_one_page_a_thrown_draft_that_is_gone_on_with_is_back(
    agent: Visitor, form: dict[str, str], village: Counter
) -> None:
    agent.client.set_cookie(COOKIE, BY_STEPS)
    first = {**hidden_of(agent.open("/file/001").text, "/file/001"), **APPLICATION}
    shown = agent.client.post("/file/001", data={**first, "do": "next"})
    assert shown.status_code == 303 and agent.open(shown.headers["Location"]).status_code == 200
    agent.send(f"/drafts/{first['draft_id']}/delete", {})
    assert agent.open(shown.headers["Location"]).status_code == 404
    went_on = agent.client.post("/file/001", data={**first, "do": "next"})
    assert went_on.status_code == 303 and agent.open(went_on.headers["Location"]).status_code == 200
    assert "thrown" not in drafts(village)[0]


def delete_form(agent: Visitor, form: dict[str, str]) -> tuple[str, dict[str, str]]:
    """What the button beside a draft sends, as the list stands now."""
    path = f"/drafts/{form['draft_id']}/delete"
    return path, hidden_of(agent.open("/work?view=drafts").text, path)


def test_a_draft_that_another_page_has_gone_on_with_is_not_thrown_away_by_an_older_list(
    agent: Visitor, form: dict[str, str], village: Counter, network: Network
) -> None:
    keep(agent, form)
    path, older = delete_form(agent, form)
    network.clock.now_ms += 1_000
    keep(agent, form, applicant_name="李强")
    told = agent.send(path, older)
    assert told.status_code == 303 and "没有删除：这份草稿" in agent.open(told.headers["Location"]).text
    assert "李强" in drafts(village)[0] and "thrown" not in drafts(village)[0]
    path, newer = delete_form(agent, form)
    gone = agent.open(agent.send(path, newer).headers["Location"]).text
    assert "撤销删除" in gone and "没有删除" not in gone and "没有草稿" in gone
    again = agent.open(agent.send(path, newer).headers["Location"]).text
    assert "撤销删除" in again, "pressed twice"


@pytest.mark.parametrize("back", ["", "yes"])
def test_what_another_worker_goes_on_with_this_moment_is_neither_thrown_away_nor_put_back(
    agent: Visitor, form: dict[str, str], village: Counter, folder: Path, monkeypatch: pytest.MonkeyPatch, back: str
) -> None:
    agent.client.post("/file/001", data={**form, "do": "draft"})
    second = another_worker(village, agent, folder)
    path = f"/drafts/{form['draft_id']}/delete"
    if back:
        agent.send(path, {})
    with newer_page_first(second, agent, form, monkeypatch):
        answer = second.send(path, {"back": back})
    assert answer.status_code == 303 and "新的" in drafts(village)[0] and "thrown" not in drafts(village)[0]
    assert ("没有删除" in agent.open(answer.headers["Location"]).text) == (not back)


def test_a_thrown_draft_that_is_gone_on_with_is_not_swept_away_by_a_list(
    agent: Visitor, form: dict[str, str], village: Counter, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent.client.post("/file/001", data={**form, "do": "draft"})
    agent.send(f"/drafts/{form['draft_id']}/delete", {})
    network.clock.now_ms += filing.BRING_BACK_MS + 1
    assert agent.send("/sign-in", {"staff_no": "0001", "password": PASSWORD}).status_code == 303
    rows = village.accounts.drafts
    sweep = rows.delete_draft

    def late(row: DraftRow) -> bool:
        went_on = agent.client.post("/file/001", data={**form, "token": agent.token(), "do": "draft"})
        assert went_on.status_code == 200
        return sweep(row)

    with monkeypatch.context() as patched:
        patched.setattr(rows, "delete_draft", late)
        agent.open("/work?view=drafts")
    assert len(drafts(village)) == 1 and "thrown" not in drafts(village)[0]


def test_a_program_throws_away_what_it_has_read(
    agent: Visitor,
    form: dict[str, str],
    village: Counter,
    network: Network,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keep(agent, form)
    second = another_worker(village, agent, folder)
    program, address = program_at(village, "0001", "agent"), f"/drafts/{form['draft_id']}"
    read = program.get(address).get_json()
    network.clock.now_ms += 1_000
    keep(agent, form, applicant_name="李强")
    refused = program.post(f"{address}/delete", {"updated_ms": read["updated_ms"]})
    assert (refused.status_code, refused.get_json()["code"]) == (409, "stale") and "李强" in drafts(village)[0]
    rows = village.accounts.drafts
    sweep = rows.delete_draft

    def late(row: DraftRow) -> bool:
        keep(second, form, applicant_name="王小梅")
        return sweep(row)

    with monkeypatch.context() as patched:
        patched.setattr(rows, "delete_draft", late)
        assert program.post(f"{address}/delete", {}).status_code == 409 and "王小梅" in drafts(village)[0]
    stands = program.get(address).get_json()["updated_ms"]
    assert program.post(f"{address}/delete", {"updated_ms": stands}).status_code == 200 and drafts(village) == []
