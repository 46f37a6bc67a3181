"""Without scripts the buttons for print and language that stand in a form draw it once more with what was typed.
Nothing is done, and the pages to come look so as well."""

import re
from html import unescape

import pytest

from sync_protocol.case.numbers import check_character
from tests.village_node.web.counter import APPLICATION, Counter, Visitor, hidden_of
from tests.village_node.web.test_filing import held

NUMBER = "621021101001-261121-7K3M-12-"
TYPED = {"number": NUMBER + check_character(NUMBER), "code": "123456", "reason": "家里有事，先不办了", "card": "123X"}
BUTTON = re.compile(r'<button class="btn btn-plain"[^>]* formaction="([^"]*[?&;]display=[^"]*)"')


def buttons(page: str) -> dict[str, str]:
    """Where the buttons of the forms of a page lead, by what they choose; of several forms, those of the last."""
    found = [unescape(each) for each in BUTTON.findall(page)]
    return {each.rpartition("display=")[2]: each for each in found}


@pytest.mark.parametrize("path", ["/query/complaint", "/query/withdrawal", "/query/proxy"])
def test_a_resident_s_form_keeps_what_is_typed_in_large_print_and_in_english(village: Counter, path: str) -> None:
    visitor = village.visitor()
    page = visitor.open(path).text
    typed = TYPED | {"text": "让我跑了三趟", "who": "王芳"}
    events = village.member.casebook.sync_state()["not_left"]["events"]
    big = visitor.send(buttons(page)["big"], typed)
    assert big.status_code == 200 and 'class="face-resident big"' in big.text, "it is drawn so at once"
    english = visitor.send(buttons(big.text)["en"], typed)
    assert 'lang="en" class="face-resident big"' in english.text
    for answer in (big, english):
        assert f'value="{TYPED["number"]}"' in answer.text
        assert (typed["text"] if path == "/query/complaint" else TYPED["reason"]) in answer.text
        assert TYPED["card"] not in answer.text, "the end of a card is typed again"
        assert "aria-invalid" not in answer.text and 'class="error"' not in answer.text
    assert 'lang="en" class="face-resident big"' in visitor.open("/query").text, "and the pages to come as well"
    assert village.member.casebook.sync_state()["not_left"]["events"] == events, "nothing was done"


def test_a_form_of_the_frame_s_own_is_no_trap_without_scripts(village: Counter) -> None:
    page = village.visitor().open("/query/complaint").text
    frame = re.search(r'<form class="inline" id="frame"[^>]*>', page)
    assert frame is not None and frame.group().endswith(" hidden>")
    assert '<noscript><a class="tool" href="#display">' in page and page.count('id="display"') == 1


def test_an_act_keeps_what_is_typed_and_does_nothing(agent: Visitor, village: Counter) -> None:
    case = agent.file()
    page = agent.open(case).text
    state = held(village, case).state
    act = next(each for each in re.findall(r'action="([^"]*/act/withdrawal_request)"', page))
    answer = agent.send(f"{act}?display=big", {**hidden_of(page, act), "reason": "申请人改了主意"})
    assert answer.status_code == 200 and 'class="face-village big"' in answer.text
    assert "申请人改了主意" in answer.text and held(village, case).state == state
    assert not held(village, case).open_withdrawals


def test_an_application_is_kept_as_a_draft(agent: Visitor, village: Counter) -> None:
    page = agent.open("/file/001?form=whole").text
    answer = agent.send(buttons(page)["en"], {**hidden_of(page, "/file/001"), **APPLICATION, "do": "draft"})
    assert answer.status_code == 200 and 'lang="en"' in answer.text and APPLICATION["applicant_name"] in answer.text
    assert len(village.accounts.drafts.drafts("0001")) == 1
    assert village.member.casebook.view_counts()["all"] == 0


def test_a_complaint_at_the_counter_keeps_what_is_typed(agent: Visitor, village: Counter) -> None:
    page = agent.open("/complaints/new").text
    answer = agent.send(buttons(page)["big"], {"text": "态度不好", "who": "李强"})
    assert answer.status_code == 200 and "态度不好" in answer.text and 'value="李强"' in answer.text


def test_a_choice_in_the_address_changes_nothing_by_itself(village: Counter) -> None:
    visitor = village.visitor()
    assert 'class="face-resident"' in visitor.open("/query/withdrawal?display=big").text
    answer = visitor.client.post("/query/withdrawal?display=big", data={"token": "x"})
    assert answer.status_code == 403 and "Set-Cookie" not in answer.headers
