"""What a program reads of cases: the same as the pages show, masked as they are, and lists that can be read through."""

from itertools import pairwise

import pytest

from tests.builders import Network
from tests.sync_protocol.case.year_2026 import CALENDAR
from tests.village_node.web.api.program import FILED, Program, path_of, program_at
from tests.village_node.web.counter import CARD, Counter, everywhere
from tests.village_node.web.test_oddities import clerk, late, officer, window
from tests.village_node.web.test_working_calendar import form as calendar_form

__all__ = ["clerk", "late", "officer", "window"]


def test_personal_data_is_masked_until_a_reason_is_given(agent_program: Program, village: Counter) -> None:
    case = path_of(agent_program.file())
    masked = agent_program.get(case).get_json()
    assert masked["unmasked"] is False
    assert masked["applicant"]["name"] == "张*" and CARD not in str(masked) and "13800001234" not in str(masked)
    for path in ("/timeline", "/moves", "/documents", "/clock"):
        told = agent_program.get(case + path).text
        assert CARD not in told and "张秀兰" not in told and "13800001234" not in told
    assert agent_program.post(f"{case}/unmask", {"reason": "好奇"}).status_code == 422
    full = agent_program.post(f"{case}/unmask", {"reason": "申请人来电核对号码"}).get_json()
    assert full["applicant"]["id_no"] == CARD and full["unmasked"] is True
    line = village.accounts.rows.audit_lines(1)[0]
    assert (line.actor, line.action) == ("0801", "case.unmask") and "申请人来电核对号码" in line.detail


def test_what_is_typed_is_brought_to_the_spelling_of_the_forms(agent_program: Program) -> None:
    filed = agent_program.file(applicant_phone=" +86 138 0000 1234", applicant_id_no="11010519491231002x")
    full = agent_program.post(f"{path_of(filed)}/unmask", {"reason": "核对号码"}).get_json()
    assert (full["applicant"]["phone"], full["applicant"]["id_no"]) == ("13800001234", CARD)


def test_a_list_is_read_through_without_a_gap_while_more_is_filed(agent_program: Program, network: Network) -> None:
    filed = []
    for number in range(7):
        network.clock.now_ms += number % 2  # some are filed in the same millisecond
        filed.append(agent_program.file()["case_id"])
    met, after = [], ""
    for _ in range(10):
        told = agent_program.get(f"/cases?limit=2&after={after}").get_json()
        met += [each["case_id"] for each in told["cases"]]
        agent_program.file()  # stands before all that is still to come
        after = told["next"]
        if after is None or len(met) >= 30:
            break
    assert len(met) == len(set(met))
    assert set(filed) <= set(met)
    times = [each["filed_ms"] for each in agent_program.get("/cases").get_json()["cases"]]
    assert all(first >= then for first, then in pairwise(times))


def test_a_list_is_filtered_as_on_the_page(agent_program: Program) -> None:
    case = agent_program.file()
    agent_program.done(path_of(case), "handoff", to="621021101000", purpose="accept")
    agent_program.file(applicant_name="李建国")

    def found(query: str) -> list[str]:
        return [each["applicant_name"] for each in agent_program.get(f"/cases?{query}").get_json()["cases"]]

    assert found("view=transit") == ["张*"]
    assert found("view=mine") == ["李*"]
    assert found(f"text={case['case_no']}") == ["张*"]
    assert found("text=李建国") == ["李*"]
    assert found("state=in_transit") == ["张*"]
    assert found("item_no=002") == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("view=none", "view"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=x", "limit"),
        ("state=gone", "state"),
        ("colour=red", "colour"),
        ("after=x", "after"),
        ("after=MQ==", "after"),
        ("after=" + "9" * 40, "after"),
    ],
)
def test_a_query_that_cannot_be_answered_names_its_field(agent_program: Program, query: str, field: str) -> None:
    answer = agent_program.get(f"/cases?{query}")
    assert (answer.status_code, answer.get_json()["field"]) == (422, field)


def test_the_timeline_tells_the_hops_that_have_signed(agent_program: Program, network: Network) -> None:
    case = path_of(agent_program.file())
    assert all(not each["receipts"] for each in agent_program.get(f"{case}/timeline").get_json()["events"])
    everywhere(network)
    events = agent_program.get(f"{case}/timeline").get_json()["events"]
    assert [hop["place"] for hop in events[0]["receipts"]] == ["621021101000", "621021000000"]
    assert {each["verdict"]["code"] for each in events} == {"effective"}


def test_moves_say_what_may_be_done_and_why_the_rest_may_not(agent_program: Program) -> None:
    case = path_of(agent_program.file())
    told = agent_program.get(f"{case}/moves").get_json()
    assert {each["kind"] for each in told["legal"]} >= {"handoff", "note", "supply"}
    missing = {each["kind"]: each["why"] for each in told["missing"]}
    assert missing and all(why["zh"] and why["en"] for why in missing.values())
    assert "accept" in missing
    for kind in missing.keys() - {"receive", "force_assign"}:  # written with a filing, and by two persons
        answer = agent_program.post(f"{case}/acts/{kind}", {"seen": told["seen"]})
        assert answer.status_code in (409, 422), (kind, answer.text)


def test_a_document_comes_as_pdf_and_leaves_its_line(agent_program: Program, village: Counter) -> None:
    case = path_of(agent_program.file())
    first = agent_program.get(f"{case}/documents").get_json()["documents"][0]
    path = f"{case}/documents/{first['position']}/{first['code']}"
    assert agent_program.get(path).status_code == 405
    answer = agent_program.post(path, {})
    assert answer.headers["Content-Type"] == "application/pdf" and answer.data.startswith(b"%PDF")
    assert village.accounts.rows.audit_lines(1)[0].action == "document.print"
    assert agent_program.post(path, {"paper": "a9"}).status_code == 422
    assert agent_program.post(f"{case}/documents/{first['position']}/none", {}).status_code == 404


def test_a_resident_looks_up_a_case_as_on_the_page(agent_program: Program, village: Counter) -> None:
    filed = agent_program.file()
    anybody = Program(village, "", village.app.test_client())
    told = anybody.post("/query", {"number": filed["case_no"], "code": filed["query_code"][:6]}).get_json()
    assert (told["applicant_name"], told["state"]["code"]) == ("张*", "received")
    missed = anybody.post("/query", {"number": filed["case_no"], "code": "ZZZZZZ"})
    assert (missed.status_code, missed.get_json()["code"]) in ((404, "not_found"), (422, "invalid"))
    tries = [anybody.post("/query", {"number": filed["case_no"], "code": "000000"}).status_code for _ in range(30)]
    assert tries[-1] == 429


def test_what_does_not_count_is_told_and_answered(late: str, county: Counter) -> None:
    """A record that came too late is set aside by the holder, named as the answer names it."""
    holder = program_at(county, "0822", "officer")
    listed = holder.get("/oddities").get_json()["cases"]
    assert [path_of(each) for each in listed] == [late]
    odd = holder.get(f"{late}/oddities").get_json()
    assert odd["records"] and all(each["open"] and each["verdict"]["why_zh"] for each in odd["records"])
    named = [each["position"] for each in odd["records"]]
    assert holder.post(f"{late}/acts/dismiss", {"named": named}).get_json()["field"] == "reason"
    answer = holder.post(f"{late}/acts/dismiss", {"named": named, "reason": "与县级记录重复", "seen": odd["seen"]})
    assert answer.status_code == 200, answer.text
    assert not any(each["open"] for each in holder.get(f"{late}/oddities").get_json()["records"])


def test_staff_of_one_village_read_nothing_of_another(agent_program: Program, network: Network, folder) -> None:
    from tests.builders import SECOND_VILLAGE
    from tests.village_node.web.counter import open_counter

    case = path_of(agent_program.file())
    everywhere(network)
    network.enrol(SECOND_VILLAGE)
    other = program_at(open_counter(network.open(SECOND_VILLAGE), folder), "0801", "agent")
    for path in (case, f"{case}/timeline", f"{case}/clock", f"{case}/moves", f"{case}/receipt", f"{case}/documents"):
        assert other.get(path).status_code == 404, path
    assert other.post(f"{case}/acts/note", {"text": "看看"}).status_code == 404
    assert other.get("/cases").get_json()["cases"] == []


def test_items_and_calendar_are_told_as_on_the_pages(agent_program: Program) -> None:
    items = agent_program.get("/items?text=001").get_json()["items"]
    assert [each["item_no"] for each in items] == ["001"] and items[0]["sample"] is True
    assert agent_program.get("/items/001").get_json() == items[0]
    assert agent_program.get("/items/none").status_code == 404
    years = agent_program.get("/calendar").get_json()["years"]
    assert [each["year"] for each in years] == [2025, 2026, 2027]


def test_a_calendar_is_published_once_and_the_past_is_moved_by_two(county: Counter) -> None:
    county.member.casebook.own_calendar = CALENDAR
    county.member.casebook.publish_known_years()
    head, other = program_at(county, "0831", "head"), program_at(county, "0832", "head")
    form = calendar_form(reason="停工一天")
    year = {"year": int(form["number"]), "document_no": form["document_no"], "reason": form["reason"]}
    lists = {name: [line.strip() for line in form[name].splitlines() if line.strip()] for name in ("off", "on")}
    first = head.post("/calendar", {**year, **lists}, "calendar-1")
    assert (first.status_code, first.get_json()) == (200, {"outcome": "published"}), first.text
    events = county.member.casebook.counts()["streams"]
    again = head.post("/calendar", {**year, **lists}, "calendar-1")
    assert again.get_json() == {"outcome": "published"} and again.headers["Idempotency-Replayed"] == "true"
    assert county.member.casebook.counts()["streams"] == events
    past = {**year, **lists, "off": [*lists["off"], "11-17 停工"]}
    assert head.post("/calendar", past, "calendar-2").get_json() == {"outcome": "proposed"}
    assert head.post("/calendar", past, "calendar-2").get_json() == {"outcome": "proposed"}
    assert head.post("/calendar/answer", {"confirmed": True}).get_json()["code"] == "not_allowed_now"
    assert other.post("/calendar/answer", {"confirmed": True}).get_json()["code"] == "stale", "nothing was shown"
    waiting = other.get("/calendar").get_json()["waiting"]
    assert [each["proposer"] for each in waiting] == ["0831"] and "11-17 停工" in waiting[0]["off"]
    said = {"confirmed": True, "shown": waiting[0]["shown"]}
    assert other.post("/calendar/answer", said).get_json() == {"outcome": "published"}
    assert other.post("/calendar/answer", {"confirmed": False}).get_json()["code"] == "not_found"
    wrong = head.post("/calendar", {**year, **lists, "on": ["13-40"]})
    assert (wrong.status_code, wrong.get_json()["field"]) == (422, "on")


def test_a_case_of_another_spelling_of_its_body_is_filed_as_the_form_would(agent_program: Program) -> None:
    """What the forms refuse is refused here, by the same rules and with the field named."""
    for changes, field in (
        ({"applicant_id_no": "110105194912310021"}, "applicant_id_no"),
        ({"applicant_phone": "12"}, "applicant_phone"),
        ({"answers": {}}, "request"),
        ({"proxy_name": "李梅"}, "proxy_relation"),
        ({"item_no": "nope"}, "item_no"),
        ({"channel": "pigeon"}, "channel"),
        ({"applicant_name": ""}, "applicant_name"),
        ({"materials": [{"name": "身份证", "copies": "1", "original": True}]}, "materials"),
        ({"colour": "red"}, "colour"),
    ):
        answer = agent_program.post("/applications", {**FILED, **changes})
        told = answer.get_json()
        assert answer.status_code == 422, (changes, answer.text)
        assert field in [each["field"] for each in told["fields"]], (changes, told)
        assert all(each["zh"] and each["en"] for each in told["fields"])


def test_an_item_s_own_questions_are_told_and_its_rule_is_asked(village: Counter) -> None:
    agent = program_at(village, "0801", "agent")
    item = agent.get("/items/022").get_json()
    asked = {question["name"]: question["zh"] for question in item["form"]}
    assert item["rules"][1]["least"] == ["withdrawn", "amount"]
    given = {"amount": "12000.01", "year_repaid": "12000", "withdrawn": "0", "repaid": "30000"}
    answers = {asked[name]: text for name, text in given.items()}
    refused = agent.post("/applications", {**FILED, "item_no": "022", "answers": answers})
    assert refused.status_code == 422 and "提取金额不能大于当年还款额" in refused.text
    answers[asked["amount"]] = "12000"
    assert agent.post("/applications", {**FILED, "item_no": "022", "answers": answers}).status_code == 200


def test_what_a_program_corrects_of_people_is_asked_what_filing_asks(village: Counter) -> None:
    program = program_at(village, "0801", "agent")
    case = path_of(program.file())
    for name, text, told in (
        ("applicant_phone", "1389341", "联系电话：电话应为 11 位手机号"),
        ("applicant_name", "张*兰", "申请人：姓名中有"),
        ("applicant_id_no", "622825196505060043", "证件号码：身份证号"),
    ):
        answer = program.act(case, "supply", answers={name: text}).get_json()
        assert answer["field"] == "answers" and told in answer["zh"], answer
    assert program.act(case, "contact_change", applicant_phone="1389341").get_json()["field"] == "applicant_phone"
    program.done(case, "supply", answers={"applicant_phone": "139 0000 5678"})
