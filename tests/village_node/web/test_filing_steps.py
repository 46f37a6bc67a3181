"""Filing in steps: one step at a time over the same draft, back and forth, errors at their fields, nothing lost."""

import re

import pytest

from sync_protocol.case.catalogue import Item
from tests.village_node.web.counter import APPLICATION, CARD, Counter, Visitor, hidden_of
from tests.village_node.web.test_filing import held
from tests.village_node.web.test_query import Work
from village_node.web import filing, filing_steps
from village_node.web.filing_steps import COOKIE, LAST, ORDER, STEPS, WHOLE

APPLICANT = {name: value for name, value in APPLICATION.items() if name.startswith("applicant_")}
PROXY = {
    "has_proxy": "yes",
    "proxy_name": "李强",
    "proxy_relation": "儿子",
    "proxy_authorisation": "签名并按手印的委托书",
    "authority_marked": "hand_print",
}
CONTENT = {"request": APPLICATION["request"]}
PAPERS = {"channel": "counter", "m0": "yes", "m0_copies": "1", "m1": "yes", "m1_copies": "2"}
TYPED = {"applicant": APPLICANT, "proxy": PROXY, "content": CONTENT, "papers": PAPERS}


@pytest.fixture
def stepper(agent: Visitor) -> Visitor:
    """An agent who never said which way the form is to be."""
    agent.client.delete_cookie(COOKIE)
    return agent


def press(visitor: Visitor, address: str, do: str, **typed: str) -> str:
    """Fill in the step at an address and press a button; where it leads."""
    page = visitor.open(address).text
    hidden = hidden_of(page, address.partition("?")[0])
    answer = visitor.send(address.partition("?")[0], {**hidden, **typed, "do": do})
    assert answer.status_code == 303, answer.text
    location: str = answer.headers["Location"]
    return location


def through(visitor: Visitor, upto: str = LAST) -> str:
    """Fill in the steps before one; its address."""
    address = "/file/001"
    for step in ORDER[: ORDER.index(upto)]:
        address = press(visitor, address, "next", **TYPED[step])
    return address


def test_step_by_step_is_the_same_application_as_the_whole_form(stepper: Visitor, village: Counter) -> None:
    address = through(stepper)
    page = stepper.open(address).text
    for said in ("张秀兰", CARD, "李强", "家庭三口人", "身份证", "2 份"):
        assert said in page, "everything is looked through before it is filed"
    case = held(village, press(stepper, address, "file").removesuffix("/receipt"))
    whole = stepper.file(**PROXY)
    other = held(village, whole)
    for name in ("applicant", "proxy", "answers", "materials", "channel"):
        assert getattr(case, name) == getattr(other, name), name


def test_each_field_of_the_form_stands_at_one_step(agent: Visitor, village: Counter) -> None:
    catalogue = village.member.casebook.catalogue
    for number in ("001", "022", "043", "016"):
        item: Item = catalogue.item(number)
        page = agent.open(f"/file/{number}").text
        names = set(re.findall(r'<(?:input|select|textarea)[^>]* name="([a-z0-9_]+)"', page.partition("<main")[2]))
        steps = {name: filing_steps.step_of(name, item) for name in filing.blank(item)}
        assert LAST not in steps.values()
        assert names - {"token", "draft_id", "item_version", "turn"} <= steps.keys()


def test_back_and_forth_loses_nothing(stepper: Visitor) -> None:
    address = through(stepper, "papers")
    back = press(stepper, address, "back", m0="yes", m0_copies="3")
    back = press(stepper, back, "back", request="改过的事由")
    back = press(stepper, back, "back", **PROXY)
    assert 'value="张秀兰"' in stepper.open(back).text
    on = press(stepper, back, "next", **APPLICANT)
    assert 'value="李强"' in stepper.open(on).text
    on = press(stepper, on, "next", **PROXY)
    assert "改过的事由" in stepper.open(on).text
    on = press(stepper, on, "next", request="改过的事由")
    assert re.search(r'name="m0_copies"[^>]*value="3"', stepper.open(on).text)


def test_a_step_names_its_own_errors_at_its_fields_and_no_others(stepper: Visitor) -> None:
    hidden = hidden_of(stepper.open("/file/001").text, "/file/001")
    answer = stepper.send("/file/001", {**hidden, **APPLICANT, "applicant_id_no": "110105194912310021", "do": "next"})
    assert answer.status_code == 422
    assert 'id="e-applicant_id_no"' in answer.text and "这一步有 1 处要改" in answer.text
    assert "申请事由" not in answer.text.partition("<main")[2], "what is wrong at other steps is said there"
    draft = hidden["draft_id"]
    assert 'value="110105194912310021"' in stepper.open(f"/file/001?draft={draft}&step=applicant").text


def test_the_last_step_says_what_is_wrong_where_and_leads_there(stepper: Visitor, village: Counter) -> None:
    address = press(stepper, "/file/001", "next", **APPLICANT)
    draft = re.findall(r"draft=(\w{32})", address)[0]
    look = stepper.open(f"/file/001?draft={draft}&step=look").text
    link = re.findall(r'href="([^"]*#f-request)"', look)[0].replace("&amp;", "&")
    assert "step=content" in link
    assert 'id="e-request"' in stepper.open(link.partition("#")[0]).text
    answer = stepper.send("/file/001", {**hidden_of(look, "/file/001"), "do": "file"})
    assert answer.status_code == 422 and "还没有提交" in answer.text
    assert village.member.casebook.view_counts()["all"] == 0


def test_a_draft_opens_at_the_step_left_last(stepper: Visitor) -> None:
    address = through(stepper, "content")
    draft = re.findall(r"draft=(\w{32})", address)[0]
    page = stepper.open(f"/file/001?draft={draft}").text
    assert 'aria-current="step">3 申请内容' in page.replace("\n", "")
    assert page.count('class="past"') == 2


def test_the_whole_form_is_a_choice_that_is_remembered(stepper: Visitor) -> None:
    assert 'name="step"' in stepper.open("/file/001").text
    address = press(stepper, "/file/001", "whole", **APPLICANT)
    page = stepper.open(address).text
    assert 'name="step"' not in page and 'value="张秀兰"' in page and 'name="request"' in page
    assert 'name="step"' not in stepper.open("/file/016").text, "and next time"
    address = press(stepper, address, "steps", **APPLICANT)
    assert 'name="step"' in stepper.open(address).text
    assert 'name="step"' in stepper.open("/file/016").text


def test_windows_above_begin_with_the_whole_form(township: Counter) -> None:
    clerk = township.sign_in("0101", "clerk")
    clerk.client.delete_cookie(COOKIE)
    assert 'name="step"' not in clerk.open("/file/001").text
    assert set(STEPS) == set(ORDER) and WHOLE != "steps"


def test_a_form_of_a_step_sent_twice_files_one_case(stepper: Visitor, village: Counter) -> None:
    address = through(stepper)
    form = {**hidden_of(stepper.open(address).text, "/file/001"), "do": "file"}
    first, second = (stepper.client.post("/file/001", data=form) for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"]
    late = {**form, **APPLICANT, "step": "applicant", "do": "next"}
    assert stepper.client.post("/file/001", data=late).headers["Location"] == first.headers["Location"]
    assert village.member.casebook.view_counts()["all"] == 1


def test_nobody_goes_on_with_the_draft_of_somebody_else(stepper: Visitor, village: Counter) -> None:
    address = through(stepper, "content")
    draft = re.findall(r"draft=(\w{32})", address)[0]
    other = village.sign_in("0002", "agent", name="李")
    assert other.open(address).status_code == 404
    typed = {"draft_id": draft, "step": "content", "request": "x", "do": "next"}
    answer = other.send("/file/001", typed)
    assert answer.status_code == 404 and "张秀兰" not in answer.text


def test_what_is_not_handed_in_is_named_before_filing_and_on_the_receipt(stepper: Visitor) -> None:
    address = through(stepper)
    page = stepper.open(address).text
    assert "还没有交：" in page and "户口簿、家庭收入和财产状况声明、核对授权书" in page
    form = {**hidden_of(page, "/file/001"), "do": "file"}
    receipt = stepper.open(stepper.client.post("/file/001", data=form).headers["Location"]).text
    assert "还没有交" in receipt and "户口簿" in receipt
    whole = stepper.file("001", **{f"m{n}": "yes" for n in range(5)})
    assert "还没有交" not in stepper.open(f"{whole}/receipt").text


def test_who_only_takes_the_application_in_is_not_taken_for_the_one_who_is_empowered(stepper: Visitor) -> None:
    page = stepper.open(through(stepper, "proxy")).text
    assert "申请人委托家属等他人代为申请" in page and "村代办员帮忙收件不算" in page
    assert "受托人姓名" in page and "代办人" not in page.split("<main")[1].split("</form>")[0]


def test_a_number_that_has_cases_here_is_pointed_out_under_whatever_name(stepper: Visitor) -> None:
    earlier = stepper.file("040", applicant_name="王大妈")
    page = stepper.open(through(stepper, "proxy")).text
    box = page.split("这个证件号在本机已有办件")[1].split("</ul>")[0]
    assert f'href="{earlier}"' in box and "王*" in box and "王大妈" not in box
    case = stepper.file("003")
    receipt = stepper.open(f"{case}/receipt").text.split("这个证件号在本机已有办件")[1].split("</ul>")[0]
    assert f'href="{earlier}"' in receipt and f'href="{case}"' not in receipt
    other = stepper.open(stepper.file("003", applicant_id_kind="passport", applicant_id_no="E12345678") + "/receipt")
    assert "这个证件号在本机已有办件" not in other.text


def test_the_cases_of_a_number_are_looked_for_in_a_few_queries_however_many_there_are(
    village: Counter, stepper: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    book, work = village.member.casebook, Work(monkeypatch)

    def queries() -> list[str]:
        work.done.clear()
        assert book.filed_with(CARD)
        return [each for each in work.done if each.startswith("SELECT")]

    for number in range(12):
        stepper.file("040", applicant_name=f"张{chr(0x4E00 + number)}")
        if number == 0:
            few = queries()
    assert len(book.filed_with(CARD)) == 12 and len(queries()) == len(few) <= 3, "with whom there is one case, and 12"
