"""Drafts that the page keeps when a field is left: never after a filing, never a second one, no sign of life."""

import pytest
from werkzeug.test import TestResponse

from tests.builders import Network
from tests.village_node.web.counter import APPLICATION, Counter, Visitor, hidden_of
from village_node.accounts.sessions import IDLE_MS
from village_node.web import times
from village_node.web.filing_steps import BY_STEPS, COOKIE


@pytest.fixture
def form(agent: Visitor) -> dict[str, str]:
    """The whole form as a browser holds it, filled in."""
    return {**APPLICATION, **hidden_of(agent.open("/file/001").text, "/file/001")}


def keep(agent: Visitor, form: dict[str, str], **changes: str) -> TestResponse:
    """What page.js sends when a field is left: the form without the button."""
    sent = {name: value for name, value in {**form, **changes}.items() if name != "do"}
    return agent.client.post("/file/001/keep", data=sent)


def drafts(village: Counter) -> list[str]:
    return [row.fields for row in village.accounts.rows.drafts("0001")]


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
    agent: Visitor, form: dict[str, str], village: Counter
) -> None:
    saved = agent.client.post("/file/001", data={**form, "do": "draft"}).text
    agent.send(f"/drafts/{form['draft_id']}/delete", {})
    assert keep(agent, {**form, **hidden_of(saved, "/file/001")}).status_code == 409
    assert drafts(village) == []


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
