"""The cashier and the archivist: what waits for them, what they see, and who does it where nobody has the role."""

import re

import pytest

from sync_protocol.case.workdays import day_of
from tests.builders import Network, delegate_all
from tests.village_node.web.api.program import program_at
from tests.village_node.web.counter import Counter, Visitor, everywhere, problems
from tests.village_node.web.errands import PAPERS, at_the_county, chosen, done, refused
from tests.village_node.web.test_filing import held

NAME, CARD = "张秀兰", "6210211985"  # of who applies; the beginning of the number of the card


@pytest.fixture
def clerk(township: Counter) -> Visitor:
    return township.sign_in("0101", "clerk", "reviewer")


@pytest.fixture
def officer(county: Counter) -> Visitor:
    delegate_all(county.member, "1001", "1002")
    return county.sign_in("1001", "officer", "window")


@pytest.fixture
def approved(network: Network, agent: Visitor, clerk: Visitor, officer: Visitor) -> str:
    """A case whose fee is to be taken at the county."""
    case = at_the_county(network, agent, clerk, officer, "034")
    done(officer, case, "decide", outcome="approve")
    return case


def desk_of(case: str) -> str:
    return case.replace("/cases/", "/desk/")


def listed(page: str) -> list[str]:
    return re.findall(r'class="row-link number" href="([^"]*)"', page)


def test_the_cashier_tells_of_the_fee_and_takes_it_and_sees_no_more_than_that_takes(
    county: Counter, approved: str, officer: Visitor
) -> None:
    cashier, desk = county.sign_in("1005", "cashier", name="钱会计"), desk_of(approved)
    home = cashier.open("/work").text
    assert listed(home) == [desk] and "60.00" in home and "待通知缴费" in home and "钱会计" in home
    assert "张*" in home and NAME not in home
    page = cashier.open(desk).text
    assert "应缴 60.00 元" in page and NAME not in page and CARD not in page and "办理过程" not in page
    assert set(re.findall(r'action="[^"]*/act/(\w+)"', page)) == {"fee_notice"}
    done(cashier, desk, "fee_notice", due_days="15")
    assert "待缴费" in cashier.open("/work").text
    refused(cashier, desk, "fee_settled", "请填写此项", how="waived")
    assert ">减免决定文号" in cashier.open(desk).text
    done(cashier, desk, "fee_settled", how="paid", receipt_no="票0001")
    assert listed(cashier.open("/work").text) == [] and "没有等着收费的件" in cashier.open("/work").text
    sheet = cashier.open("/fees").text
    assert set(listed(sheet)) == {desk} and "钱会计" in sheet and "票0001" in sheet
    assert "费用 60.00 元：已缴费" in cashier.open(desk).text, "what was taken can be looked up"
    assert held(county, approved).fee_settled
    done(officer, approved, "issue", certificate_no="占道证1号")


def test_a_desk_opens_no_other_case_and_no_other_act(
    network: Network, agent: Visitor, clerk: Visitor, officer: Visitor, county: Counter, approved: str
) -> None:
    free = agent.file("001", **PAPERS)
    everywhere(network)
    cashier, archivist = county.sign_in("1005", "cashier"), county.sign_in("1006", "archivist")
    for visitor, case in ((cashier, free), (archivist, free), (archivist, approved)):
        assert visitor.open(desk_of(case)).status_code == 404
        assert visitor.open(case).status_code == visitor.open(f"{case}/receipt").status_code == 404
        assert visitor.send(f"{desk_of(case)}/act/note", {"text": "看看"}).status_code == 404
        assert visitor.send(f"{case}/unmask", {"reason": "核对身份"}).status_code == 404
    seen = {"text": "看看", "seen": ""}
    assert cashier.send(f"{desk_of(approved)}/act/note", seen).status_code == 409, "the role has no such act"
    assert cashier.open("/work?view=all").status_code == cashier.open("/work?view=to_file").status_code == 404
    assert archivist.open("/fees").status_code == cashier.open("/work.csv?view=all").status_code == 404
    assert "/couriers" not in cashier.open("/work").text and cashier.open("/health").status_code == 404


def test_every_door_in_the_head_of_a_page_leads_to_a_page(county: Counter) -> None:
    for number, role in enumerate(("cashier", "archivist", "admin", "head", "window")):
        visitor = county.sign_in(f"100{number}", role)
        doors = re.search(r'<nav class="doors"[^>]*>(.*?)</nav>', visitor.open("/account").text, re.DOTALL)
        assert doors is not None
        for address in re.findall(r'href="([^"]*)"', doors[1]):
            answer = visitor.client.get(address, follow_redirects=True)
            assert answer.status_code == 200 and "</html>" in answer.text, (role, address)


def test_where_somebody_takes_fees_the_window_does_not_until_they_are_away(
    county: Counter, approved: str, officer: Visitor, network: Network
) -> None:
    admin = county.sign_in("1009", "admin")
    assert "通知缴费" in officer.open(approved).text and "收费员" not in officer.open("/work").text
    county.accounts.create_invitation("1005", "钱会计", ["cashier"])
    assert 'act/fee_notice"' in officer.open(approved).text, "who has not signed in yet takes no fee"
    cashier = county.sign_in("1007", "cashier")
    assert 'act/fee_notice"' not in officer.open(approved).text
    seen = re.findall(r'name="seen" value="([^"]+)"', officer.open(approved).text)[0]
    typed = {"due_days": "15", "seen": seen}
    sent = officer.send(f"{approved}/act/fee_notice", typed)
    assert sent.status_code == 409 and "您的岗位没有此项权限" in sent.text
    kept = sent.text.partition("您刚才填写的内容")[2]
    assert "<dd>15</dd>" in kept, "what was typed is there to be copied"
    until = day_of(network.clock.now_ms).isoformat()
    assert admin.send("/staff/1007/absent", {"until": until}).status_code == 200
    assert 'act/fee_notice"' in officer.open(approved).text, "the cashier is away"
    assert admin.send("/staff/1007/absent", {"back": "yes"}).status_code == 303
    assert 'act/fee_notice"' not in officer.open(approved).text
    assert admin.send("/staff/1007/disable", {"disabled": "yes"}).status_code == 303
    done(officer, approved, "fee_notice", due_days="15")
    assert cashier.open("/work").status_code == 303, "an account that is disabled is signed out"


def test_one_person_alone_in_a_village_takes_fees_and_files_volumes_and_sees_what_waits(
    agent: Visitor, village: Counter
) -> None:
    """Item 040 is decided at the village."""
    head = village.sign_in("0002", "head")
    case = agent.file("040", **PAPERS)
    done(agent, case, "docket")
    done(head, case, "decide", outcome="approve")
    assert "待归档" not in agent.open("/work").text, "a list with nothing in it is no tab for who stands in"
    done(agent, case, "delivered", to="张秀兰", how="in_person")
    page = agent.open("/work").text
    assert "待归档" in page and listed(agent.open("/work?view=to_file").text) == [case]
    assert "由您代办</dt><dd>档案员、收费员" in agent.open("/account").text and "档案员" not in page
    delivery = chosen(agent.open(case).text, "archive", "delivery")
    done(agent, case, "archive", delivery=delivery[0], volume="2026-1", box="3", permanent="yes")
    assert held(village, case).state == "archived" and "盒号" in agent.open(case).text


def test_an_archivist_reads_of_volumes_that_others_file(
    network: Network, agent: Visitor, village: Counter, county: Counter
) -> None:
    above = county.sign_in("1006", "archivist", name="文档")
    case = agent.file("040", **PAPERS)
    done(agent, case, "docket")
    done(village.sign_in("0002", "head"), case, "decide", outcome="approve")
    everywhere(network)
    assert "没有等着本单位归档的件。</p>" in above.open("/work").text
    done(agent, case, "delivered", to="张秀兰", how="in_person")
    everywhere(network)
    assert "由持有单位归档（现有 1 件已送达、还没有归档）" in above.open("/work").text


def test_the_archivist_files_the_volume_by_its_index(agent: Visitor, village: Counter) -> None:
    head, archivist = village.sign_in("0002", "head"), village.sign_in("0006", "archivist", name="文档")
    case = agent.file("040", **PAPERS)
    desk = desk_of(case)
    done(agent, case, "docket")
    done(head, case, "decide", outcome="approve")
    assert listed(archivist.open("/work").text) == [] and archivist.open(desk).status_code == 404
    done(agent, case, "delivered", to="张秀兰", how="in_person")
    assert 'act/archive"' not in agent.open(case).text, "somebody else files it"
    assert listed(archivist.open("/work").text) == [desk]
    page = archivist.open(desk).text
    index = re.search(r'aria-labelledby="volume">(.*?)</section>', page, re.DOTALL)
    assert index is not None and index[1].count("<tr>") == 6
    assert all(words in index[1] for words in ("受理", "作出决定", "身份证"))
    assert NAME not in page and CARD not in page and "张*" in page
    wrong = archivist.act(desk, "archive", box="3")
    assert wrong.status_code == 422 and 'value="3"' in wrong.text and problems(wrong.text)
    delivery = chosen(page, "archive", "delivery")
    done(archivist, desk, "archive", delivery=delivery[0], volume="2026-低保-1", box="3", keep_years="30")
    assert held(village, case).volume == "2026-低保-1"
    assert listed(archivist.open("/work").text) == [] and "2026-低保-1" in archivist.open(desk).text


def test_a_program_of_the_cashier_reads_what_waits_and_settles_it(county: Counter, approved: str) -> None:
    program = program_at(county, "1801", "cashier")
    for query in ("", "?view=to_file"):
        refused_ = program.get(f"/cases{query}")
        assert refused_.status_code == 422 and "fees" in refused_.get_json()["en"]
    (case,) = program.get("/cases?view=fees").get_json()["cases"]
    path = f"/cases/{case['place']}/{case['case_id']}"
    assert case["applicant_name"] == "张*" and program.get(path).status_code == 403
    moves = program.get(f"{path}/moves").get_json()
    assert [each["kind"] for each in moves["legal"]] == ["fee_notice"]
    told = program.post(f"{path}/acts/fee_notice", {"due_days": 15, "seen": moves["seen"]})
    assert told.status_code == 200, told.text
    seen = program.get(f"{path}/moves").get_json()["seen"]
    paid = program.post(f"{path}/acts/fee_settled", {"how": "paid", "receipt_no": "票1", "seen": seen})
    assert paid.status_code == 200 and program.get("/cases?view=fees").get_json()["cases"] == []
    archivist = program_at(county, "1802", "archivist")
    assert archivist.get(f"{path}/moves").status_code == 404
    assert archivist.post(f"{path}/acts/fee_settled", {"how": "paid", "seen": seen}).status_code == 403


def test_the_address_of_a_desk_leads_who_works_on_cases_to_the_case(
    county: Counter, approved: str, officer: Visitor
) -> None:
    desk = desk_of(approved)
    for number in ("1005", "1006"):  # standing in, and no longer
        answer = officer.open(desk)
        assert (answer.status_code, answer.headers["Location"]) == (303, approved)
        cashier = county.sign_in(number, "cashier")
    assert cashier.open(desk).status_code == 200
    sent = officer.send(f"{desk}/act/fee_notice", {"due_days": "15", "seen": ""})
    assert sent.status_code == 409 and "<dd>15</dd>" in sent.text.partition("您刚才填写的内容")[2]
