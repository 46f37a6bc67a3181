"""The buttons of the frame (large print, language, an exchange now) come back to the page that they stand on."""

import re
from html import unescape

from werkzeug.test import TestResponse

from tests.village_node.web.counter import APPLICATION, Counter, Visitor

FRAME = re.compile(r'<form class="inline" id="frame".*?</form>', re.DOTALL)
HIDDEN = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')


def pressed(visitor: Visitor, page: str, address: str, **named: str) -> TestResponse:
    """Press a button of the frame, as a browser without scripts does: its form, its own name, the address it names."""
    (frame,) = FRAME.findall(page)
    fields = [(name, unescape(value)) for name, value in HIDDEN.findall(frame)]
    form: dict[str, list[str]] = {}
    for name, value in [*fields, *named.items()]:
        form.setdefault(name, []).append(value)
    answer = visitor.client.post(address, data=form)
    assert answer.status_code in (303, 307)
    there = answer.headers["Location"]
    return visitor.client.post(there, data=form) if answer.status_code == 307 else visitor.open(there)


def addresses(page: str, path: str) -> list[str]:
    """Where the buttons of a page that a form brought lead: large print, language, an exchange now."""
    return [unescape(each) for each in re.findall(r'formaction="([^"]*)"', page) if each.startswith(path)]


def test_an_answer_to_a_query_stays_in_large_print_and_in_english(village: Counter) -> None:
    filed = village.member.file()
    visitor = village.visitor()
    page = visitor.send("/query", {"number": filed.case_no, "code": filed.query_code[:6]}).text
    big, english = addresses(page, "/display")
    answer = pressed(visitor, page, big)
    assert 'class="face-resident big"' in answer.text and filed.case_no in answer.text and "接下来" in answer.text
    answer = pressed(visitor, answer.text, english)
    assert "What next" in answer.text and filed.case_no in answer.text and "face-resident big" in answer.text


def test_a_query_that_missed_keeps_its_number(village: Counter) -> None:
    visitor = village.visitor()
    page = visitor.send("/query", {"number": "621021101001-261121-7K3M-12-X", "code": "123456"})
    assert page.status_code in (404, 422)
    answer = pressed(visitor, page.text, addresses(page.text, "/display")[1])
    assert answer.status_code == 422 and "123456" not in page.text + answer.text, "the code is typed again"
    assert 'value="621021101001-261121-7K3M-12-X"' in answer.text and "Look up my case" in answer.text


def test_what_was_refused_has_no_button_that_would_lose_or_send_it(agent: Visitor, village: Counter) -> None:
    case = agent.file()
    complaint = {"number": "1", "code": "2", "text": "拖了三个月没有人管"}
    for page in (
        village.visitor().send("/query/complaint", complaint),
        agent.send(f"{case}/act/handoff", {"to": "621021102000"}),
    ):
        assert page.status_code in (409, 422) and page.text.count(complaint["text"]) <= 1
        (frame,) = FRAME.findall(page.text)
        assert " hidden>" in frame.partition("\n")[0] and 'lang="en"' not in frame


def test_a_filing_form_comes_back_to_its_draft(agent: Visitor) -> None:
    page = agent.send("/file/001?form=whole", {**APPLICATION, "applicant_phone": "1"})
    assert page.status_code == 422
    for address, named in (("/display", {"big": "big"}), ("/sync-now", {}), ("/display", {"lang": "en"})):
        answer = pressed(agent, page.text, address, **named)
        assert answer.request.path == "/file/001" and answer.request.method == "GET", address
        assert "张秀兰" in answer.text and 'aria-invalid="true"' in answer.text, "with what is wrong"


def test_what_is_shown_once_has_no_button_that_would_lose_it(village: Counter) -> None:
    admin = village.sign_in("0009", "admin")
    page = admin.send("/staff/invite", {"staff_no": "0077", "name": "李四", "roles": "agent"})
    assert page.status_code == 200 and "0077" in page.text
    (frame,) = FRAME.findall(page.text)
    assert " hidden>" in frame.partition("\n")[0] and 'lang="en"' not in frame


def test_a_password_is_carried_to_no_other_page(village: Counter) -> None:
    visitor = village.visitor()
    page = visitor.send("/sign-in", {"staff_no": "0001", "password": "很长很长的一句话呀"})
    assert page.status_code == 401
    assert "很长很长的一句话呀" not in page.text
    assert pressed(visitor, page.text, "/display", lang="en").request.path == "/sign-in"


def test_what_another_site_made_up_is_not_carried_on_in_our_name(agent: Visitor) -> None:
    case = agent.file()
    page = agent.client.post(f"{case}/act/handoff", data={"note": "恶意", "token": "x"})
    assert page.status_code == 403
    assert "恶意" not in page.text
    assert 'name="back" value="/"' in page.text
