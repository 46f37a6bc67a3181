"""Forms that change something: only from our own pages, only by POST, and only in the fields they have."""

import pytest

from tests.village_node.web.counter import APPLICATION, Counter, Visitor, hidden_of
from tests.village_node.web.test_headers import addresses


def test_a_form_without_our_token_changes_nothing(agent: Visitor) -> None:
    answer = agent.client.post("/file/001", data=APPLICATION)
    assert answer.status_code == 403
    assert agent.client.post("/file/001", data={**APPLICATION, "token": "0" * 32}).status_code == 403
    assert "没有等您处理的件" in agent.open("/work").text


def test_a_token_of_another_session_is_worth_nothing(agent: Visitor, village: Counter) -> None:
    stranger = village.visitor()
    old = stranger.token()
    assert agent.client.post("/file/001", data={**APPLICATION, "token": old}).status_code == 403


def test_the_token_of_before_the_sign_in_ends_with_it(village: Counter) -> None:
    visitor = village.visitor()
    before = visitor.token()
    code = village.accounts.create_invitation("0001", "王芳", ["agent"])
    from tests.village_node.web.counter import PASSWORD

    answer = visitor.send("/first-sign-in", {"staff_no": "0001", "code": code, "password": PASSWORD, "again": PASSWORD})
    assert answer.status_code == 303
    assert visitor.client.post("/file/001", data={**APPLICATION, "token": before}).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost:9999"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none", "Origin": "null"},
    ],
)
def test_a_form_sent_from_elsewhere_changes_nothing_even_with_a_right_token(
    agent: Visitor, headers: dict[str, str]
) -> None:
    assert agent.send("/file/001", APPLICATION, **headers).status_code == 403
    assert "没有等您处理的件" in agent.open("/work").text


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://localhost"}, {"Origin": "null"}, {"Sec-Fetch-Site": "same-origin"}]
)
def test_a_form_of_our_own_page_is_taken(agent: Visitor, headers: dict[str, str]) -> None:
    assert agent.send("/file/001", APPLICATION, **headers).status_code == 303


def test_signing_somebody_in_from_another_site_is_refused(village: Counter) -> None:
    answer = village.visitor().send(
        "/sign-in", {"staff_no": "0001", "password": "x" * 12}, Origin="https://evil.example"
    )
    assert answer.status_code == 403


def test_text_that_looks_like_json_is_no_form(agent: Visitor) -> None:
    token = agent.token()
    answer = agent.client.post("/file/001", data=f'{{"token": "{token}"}}', content_type="text/plain")
    assert answer.status_code == 403


def test_no_get_changes_anything(agent: Visitor, village: Counter) -> None:
    case = agent.file()
    before = (village.member.casebook.counts()["streams"], village.accounts.rows.all_staff(), village.exchanges)
    for method, path in addresses(village, case):
        if method == "GET":
            agent.open(path)
    after = (village.member.casebook.counts()["streams"], village.accounts.rows.all_staff(), village.exchanges)
    assert after == before
    for path in ("/sign-out", "/sync-now", f"{case}/act/handoff", "/display"):
        assert agent.open(path).status_code == 405


def test_fields_a_form_does_not_have_are_not_looked_at(agent: Visitor, village: Counter) -> None:
    extra = {
        "status": "decided_approved",
        "state": "delivered",
        "village_id": "621021102201",
        "home": "621021102201",
        "role": "admin",
        "roles": "admin",
        "id": "1",
        "created_by": "9999",
        "seq": "1",
        "case_no": "X",
        "query_code": "0000000000000",
        "item_no": "040",
        "item_version": "9",
        "actor": "9999",
        "promised_days": "1",
    }
    case = agent.send("/file/001", {**APPLICATION, **extra}).headers["Location"].removesuffix("/receipt")
    place, case_id = case.split("/")[2:]
    held = village.member.casebook.case(f"about:{place}", bytes.fromhex(case_id))
    assert held is not None
    assert (held.state, held.home, held.holder, held.item_no, held.item_version) == (
        "received",
        "621021101201",
        "621021101201",
        "001",
        1,
    )
    assert held.case_no.startswith("621021101201-")
    assert held.query_code != "0000000000000"
    entries = village.member.casebook.timeline(f"about:{place}", bytes.fromhex(case_id))
    assert {entry.actor for entry in entries} == {"0001"}
    person = village.accounts.rows.staff("0001")
    assert person is not None
    assert person.roles == ("agent",)


def test_a_move_takes_its_receiver_from_the_route_and_not_from_the_form(agent: Visitor) -> None:
    case = agent.file()
    shown = hidden_of(agent.open(case).text, f"{case}/act/handoff")
    answer = agent.send(f"{case}/act/handoff", {**shown, "to": "621021102000"})
    assert answer.status_code == 409
    assert "移交须按事项流程" in answer.text


def test_a_form_that_is_too_long_is_refused_at_once(agent: Visitor) -> None:
    assert agent.send("/file/001", {"request": "x" * (1024 * 1024 + 1)}).status_code == 413
    assert agent.send("/file/001", {"token": "x", **{f"n{i}": "1" for i in range(700)}}).status_code in (403, 413)


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "x"]
)
def test_going_back_never_leads_to_another_site(village: Counter, elsewhere: str) -> None:
    visitor = village.visitor()
    answer = visitor.send("/display", {"lang": "en", "back": elsewhere})
    assert answer.headers["Location"] == "/"
    page = visitor.client.get("/sign-in", query_string={"back": elsewhere}).text
    assert hidden_of(page, "/sign-in")["back"] == "/"


def test_language_and_letter_size_stay_chosen(village: Counter) -> None:
    visitor = village.visitor()
    assert '<html lang="zh-CN" class="face-resident">' in visitor.open("/query").text
    visitor.send("/display", {"lang": "en", "back": "/query"})
    visitor.send("/display", {"big": "big", "back": "/query"})
    page = visitor.open("/query").text
    assert '<html lang="en" class="face-resident big">' in page
    assert "Look up my case" in page
    visitor.send("/display", {"lang": "xx", "big": ""})
    assert '<html lang="zh-CN" class="face-resident">' in visitor.open("/query").text
