"""Filing an application: what is typed is never lost, never twice a case, and always in one spelling."""

import re

import pytest

from sync_protocol.case import numbers
from tests.builders import COUNTY, TOWNSHIP, VILLAGE, Network
from tests.village_node.web.counter import APPLICATION, CARD, PASSWORD, Counter, Visitor, hidden_of, problems
from village_node.accounts.sessions import IDLE_MS
from village_node.web import times

NAMED = "\"'&amp;{{seven}}&lt;b&gt;"  # as evil as a name may be
EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}"


def held(counter: Counter, case: str):
    """The case of a path as the casebook has it."""
    place, case_id = case.split("/")[2:]
    found = counter.member.casebook.case(f"about:{place}", bytes.fromhex(case_id))
    assert found is not None
    return found


def test_what_was_typed_is_signed_in_one_spelling(agent: Visitor, village: Counter) -> None:
    case = agent.file(
        applicant_name=" 张秀兰\u3000",
        applicant_id_no="\uff11\uff11\uff10105 19491231 002x",
        applicant_phone="+86 138-0000-1234",
        request=" 一\r\n二 ",
    )
    found = held(village, case)
    assert found.applicant == {
        "name": "张秀兰",
        "id_kind": "resident_id",
        "id_no": CARD,
        "phone": "13800001234",
        "address": APPLICATION["applicant_address"],
    }
    assert found.answers == {"request": "一\n二"}
    assert [(paper.name, paper.copies, paper.original) for paper in found.materials] == [
        ("身份证", 1, False),
        ("申请表", 2, False),
    ]
    assert found.channel == "counter"


def test_the_receipt_shows_number_code_and_a_qr_code_of_the_query(agent: Visitor, village: Counter) -> None:
    case = agent.file()
    page = agent.open(f"{case}/receipt").text
    found = held(village, case)
    assert numbers.parse_case_number(found.case_no).place == VILLAGE
    assert found.case_no in page
    assert f"{found.query_code[:6]}-{found.query_code[6:]}" in page
    assert "<svg" in page and "张*" in page
    assert "张秀兰" not in page and CARD not in page
    assert agent.open(f"/q/{found.query_code}").status_code == 200


def test_the_query_code_stands_on_the_receipt_alone(agent: Visitor, village: Counter) -> None:
    case = agent.file()
    code = held(village, case).query_code
    for path in (case, "/work", "/work?view=all", "/health"):
        page = agent.open(path).text
        assert code not in page and code[:6] not in page


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"applicant_name": ""}, "applicant_name", "请填写此项"),
        ({"applicant_name": "x" * 61}, "applicant_name", "1 至 60 字"),
        ({"applicant_name": "李*"}, "applicant_name", "姓名中有"),
        ({"applicant_name": "李\uff0a"}, "applicant_name", "姓名中有"),
        ({"applicant_name": "李四<b>"}, "applicant_name", "姓名中有“&lt;”"),
        ({"has_proxy": "yes", "proxy_name": "王*"}, "proxy_name", "姓名中有"),
        ({"applicant_id_no": "110105194912310021"}, "applicant_id_no", "校验位不符"),
        ({"applicant_id_no": ""}, "applicant_id_no", "请填写此项"),
        ({"applicant_phone": "12345"}, "applicant_phone", "11 位手机号"),
        ({"applicant_id_kind": "library_card"}, "applicant_id_kind", "请从所列选项中选择"),
        ({"request": " \n "}, "request", "请填写此项"),
        ({"m0_copies": "0"}, "m0", "份数应为 1 到 99"),
        ({"m0_copies": "many"}, "m0", "份数应为 1 到 99"),
        ({"m0_copies": "\u0663"}, "m0", "份数应为 1 到 99"),
        ({"channel": "owl"}, "channel", "请从所列选项中选择"),
        ({"has_proxy": "yes"}, "proxy_name", "委托他人代为申请时请填写此项"),
    ],
)
def test_a_wrong_field_is_named_and_everything_typed_is_kept(
    agent: Visitor, village: Counter, changes: dict[str, str], field: str, says: str
) -> None:
    answer = agent.send("/file/001", {**APPLICATION, **changes})
    assert answer.status_code == 422
    assert f'id="e-{field}"' in answer.text or f'href="#f-{field}"' in answer.text
    assert any(says in problem for problem in problems(answer.text)), problems(answer.text)
    assert "家庭三口人" in answer.text or field == "request"
    assert len(village.accounts.drafts.drafts("0001")) == 1, "what could not be filed is a draft"
    assert village.member.casebook.view_counts()["all"] == 0


def test_in_english_a_wrong_field_is_explained_in_english(agent: Visitor) -> None:
    agent.send("/display", {"lang": "en"})
    answer = agent.send("/file/001", {**APPLICATION, "applicant_name": "", "applicant_id_no": "1"})
    assert "Please give this; 1 to 60 characters." in answer.text
    assert "An identity number has 18 digits" in answer.text


def test_another_document_is_not_judged_as_an_identity_card(agent: Visitor, village: Counter) -> None:
    case = agent.file(applicant_id_kind="passport", applicant_id_no="e 1234 5678")
    assert held(village, case).applicant["id_no"] == "E12345678"


def test_a_proxys_fields_count_only_when_somebody_acts_for_the_applicant(agent: Visitor, village: Counter) -> None:
    proxy = {"proxy_name": "李强", "proxy_relation": "儿子", "proxy_authorisation": "签名并按手印的委托书"}
    assert held(village, agent.file(**proxy)).proxy == {}
    assert held(village, agent.file(**proxy, has_proxy="yes", authority_marked="hand_print")).proxy == {
        "scope": "both",
        "marked": "hand_print",
        "name": "李强",
        "relation": "儿子",
        "authorisation": "签名并按手印的委托书",
    }


def test_a_draft_comes_back_field_by_field_and_goes_when_it_is_filed(agent: Visitor) -> None:
    draft = "ab" * 16
    typed = {**APPLICATION, "draft_id": draft, "do": "draft", "applicant_id_no": "1234", "m0_copies": "3"}
    assert "草稿已保存" in agent.send("/file/001", typed).text
    page = agent.open(f"/file/001?draft={draft}").text
    assert 'value="1234"' in page and 'value="3"' in page and "家庭三口人" in page
    assert "张*" in agent.open("/work?view=drafts").text
    assert (
        agent.send("/file/001", {**typed, "applicant_id_no": CARD, "m0_copies": "3", "do": "file"}).status_code == 303
    )
    assert "没有草稿" in agent.open("/work?view=drafts").text


def test_a_draft_that_comes_late_does_not_write_over_what_was_filed(agent: Visitor, village: Counter) -> None:
    form = {**APPLICATION, **hidden_of(agent.open("/file/001").text, "/file/001")}
    filed = agent.send("/file/001", form).headers["Location"]
    for late in ({**form, "do": "draft"}, {**form, "applicant_id_no": "1234"}):
        assert agent.send("/file/001", late).headers["Location"] == filed
    assert agent.send("/file/001", form).headers["Location"] == filed
    assert village.member.casebook.view_counts()["all"] == 1


def test_a_draft_can_be_thrown_away(agent: Visitor) -> None:
    draft = "cd" * 16
    agent.send("/file/001", {"draft_id": draft, "do": "draft"})
    assert agent.send(f"/drafts/{draft}/delete", {}).status_code == 303
    assert agent.open(f"/file/001?draft={draft}").status_code == 404


def test_a_draft_that_was_thrown_away_can_be_brought_back_for_ten_minutes(
    agent: Visitor, village: Counter, network: Network
) -> None:
    draft, path = "cd" * 16, f"/drafts/{'cd' * 16}/delete"
    agent.send("/file/001", {**APPLICATION, "draft_id": draft, "do": "draft"})
    network.clock.now_ms += 60_000
    after = agent.open(agent.send(path, {}).headers["Location"]).text
    assert "撤销删除" in after and "没有草稿" in after and "张*" not in after
    assert agent.send(path, {}).status_code == 303, "pressed twice it is thrown away once"
    (other,) = (village.sign_in("0002", "agent", name="刘洋"),)
    assert other.send(path, {"back": "yes"}).status_code == 404
    assert agent.send(path, {"back": "yes"}).headers["Location"].endswith("/work?view=drafts")
    assert "张*" in agent.open("/work?view=drafts").text and agent.open(f"/file/001?draft={draft}").status_code == 200
    (row,) = village.accounts.drafts.drafts("0001")
    assert "thrown" not in row.fields and row.updated_ms == network.clock.now_ms - 60_000, "as it was"
    gone = agent.send(path, {}).headers["Location"]
    network.clock.now_ms += 10 * 60_000 + 1
    assert agent.send("/sign-in", {"staff_no": "0001", "password": PASSWORD}).status_code == 303
    assert "撤销删除" not in agent.open(gone).text
    assert village.accounts.drafts.drafts("0001") == [], "and nothing of it is kept"


def test_the_same_form_sent_twice_files_one_case(agent: Visitor, village: Counter, network: Network) -> None:
    form = {**APPLICATION, **hidden_of(agent.open("/file/001").text, "/file/001")}
    first, second = agent.client.post("/file/001", data=form), agent.client.post("/file/001", data=form)
    assert first.headers["Location"] == second.headers["Location"]
    assert village.member.casebook.view_counts()["all"] == 1
    assert agent.open(f"/file/001?draft={form['draft_id']}").headers["Location"] == first.headers["Location"]
    network.clock.now_ms += 2 * times.MINUTE_MS
    agent.open("/work")
    network.clock.now_ms += times.DAY_MS
    agent.send("/sign-in", {"staff_no": "0001", "password": PASSWORD})
    agent.open("/work?view=drafts")
    assert village.accounts.drafts.drafts("0001") == [], "the mark of a filed draft is swept away after a day"


def test_a_form_sent_after_the_session_ended_is_kept_and_goes_on_after_signing_in(
    agent: Visitor, village: Counter, network: Network
) -> None:
    form = {**APPLICATION, **hidden_of(agent.open("/file/001").text, "/file/001"), "request": f"家里的事 {EVIL}"}
    network.clock.now_ms += IDLE_MS
    answer = agent.client.post("/file/001", data=form)
    assert answer.status_code == 401
    assert "刚才填写的内容还在" in answer.text
    assert "<script>alert" not in answer.text
    carried = hidden_of(answer.text, "/file/001")
    assert carried["applicant_name"] == "张秀兰" and carried["request"] == form["request"]
    wrong = agent.client.post("/file/001", data={**carried, "again_staff_no": "0001", "again_password": "no"})
    assert wrong.status_code == 401 and "工号或密码不对" in wrong.text
    assert village.member.casebook.view_counts()["all"] == 0
    carried = hidden_of(wrong.text, "/file/001")
    done = agent.client.post("/file/001", data={**carried, "again_staff_no": "0001", "again_password": PASSWORD})
    assert done.status_code == 303
    assert agent.open(done.headers["Location"]).status_code == 200, "and the session is open"
    assert village.member.casebook.view_counts()["all"] == 1


def test_a_password_is_never_carried_from_page_to_page(agent: Visitor, network: Network) -> None:
    token = agent.token()
    network.clock.now_ms += IDLE_MS
    secrets = {"old": "secret-1", "password": "secret-2", "again": "secret-3", "again_password": "secret-4"}
    answer = agent.client.post("/account", data={**secrets, "token": token})
    assert answer.status_code == 401
    assert "secret-" not in answer.text


def test_the_ended_session_of_one_person_cannot_file_as_somebody_without_the_right(
    agent: Visitor, village: Counter, network: Network
) -> None:
    village.sign_in("0009", "admin", name="管理员")
    form = {**APPLICATION, **hidden_of(agent.open("/file/001").text, "/file/001")}
    network.clock.now_ms += IDLE_MS
    answer = agent.client.post("/file/001", data={**form, "again_staff_no": "0009", "again_password": PASSWORD})
    assert answer.status_code == 404
    assert village.member.casebook.view_counts()["all"] == 0


@pytest.mark.parametrize("item_no", ["028", "017"])
def test_what_cannot_be_filed_here_is_refused_with_the_reason(agent: Visitor, village: Counter, item_no: str) -> None:
    form = {**APPLICATION, **{f"m{i}": "yes" for i in range(9)}, **{f"m{i}_copies": "1" for i in range(9)}}
    answer = agent.send(f"/file/{item_no}", form)
    assert answer.status_code == 422
    assert "窗口" in answer.text
    assert village.member.casebook.view_counts()["all"] == 0


def test_what_is_typed_is_shown_as_text_everywhere(agent: Visitor, village: Counter) -> None:
    case = agent.file(
        applicant_name=f"张{NAMED}"[:60],
        applicant_address=EVIL,
        request=EVIL,
        window_note=EVIL,
        has_proxy="yes",
        authority_marked="signature",
        proxy_name=NAMED[:60],
        proxy_relation=EVIL[:40],
        proxy_authorisation=EVIL,
    )
    agent.act(case, "note", text=EVIL)
    pages = [agent.open(path).text for path in (case, f"{case}/receipt", "/work?view=all", f"/work?text={EVIL}")]
    pages.append(agent.send(f"{case}/unmask", {"reason": EVIL}).text)
    pages.append(agent.open(f"/q/{held(village, case).query_code}").text)
    pages.append(agent.send("/file/001", {**APPLICATION, "request": EVIL, "applicant_name": ""}).text)
    pages.append(agent.send("/query", {"number": EVIL, "code": EVIL}).text)
    for page in pages:
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "onerror=alert(2)>" not in page.replace("onerror=alert(2)&gt;", "")
        assert "49" not in page.split("</head>")[1].split("<main")[0]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in pages[0]


def test_a_walk_in_can_be_filed_at_the_township_and_at_the_county(township: Counter, county: Counter) -> None:
    for counter, place, role in ((township, TOWNSHIP, "clerk"), (county, COUNTY, "window")):
        visitor = counter.sign_in("0101", role)
        case = visitor.file("016")
        assert held(counter, case).home == place


def test_when_the_disk_is_full_nothing_is_saved_and_the_page_says_so(
    agent: Visitor, village: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    from village_node.store import NotSaved

    def full(*_: object, **__: object) -> None:
        raise NotSaved("磁盘已满,未保存", "the disk is full: nothing was saved")

    monkeypatch.setattr(village.member.casebook, "file", full)
    answer = agent.send("/file/001", APPLICATION)
    assert answer.status_code == 503
    assert "磁盘已满" in answer.text
    assert "家庭三口人" in answer.text, "what was typed is still on the page"


UNDOCUMENTED = {
    "applicant_id_kind": "no_id",
    "applicant_id_no": "",
    "no_id_reason": "火灾烧毁，正在补办",
    "no_id_voucher": "王建国，组长，13900001111",
}


def test_who_has_no_document_says_why_and_who_vouches_in_place_of_a_number(agent: Visitor, village: Counter) -> None:
    cases = [held(village, agent.file(**UNDOCUMENTED, draft_id=draft)) for draft in ("ab" * 16, "cd" * 16)]
    assert cases[0].applicant["id_kind"] == "other", "what is signed is what every version reads"
    assert cases[0].applicant["id_no"] == "无证件-ABABABAB"
    assert cases[1].applicant["id_no"] != cases[0].applicant["id_no"], "two people are not taken for one"
    assert cases[0].window_note == "无证件：火灾烧毁，正在补办；证明人：王建国，组长，13900001111"
    noted = held(village, agent.file(**UNDOCUMENTED, draft_id="ef" * 16, window_note="来过两次"))
    assert noted.window_note.endswith("13900001111\n来过两次")


def test_that_there_is_no_document_is_shown_and_no_number(agent: Visitor) -> None:
    case = agent.file(**UNDOCUMENTED, draft_id="ab" * 16)
    page = agent.open(case).text
    assert "无证件-ABABABAB" in page and "正在补办；证明人：***" in page
    assert "王建国" not in page, "who vouches is a person as well"
    assert "王建国" in agent.send(f"{case}/unmask", {"reason": "核对证明人"}).text


@pytest.mark.parametrize("field", ["no_id_reason", "no_id_voucher"])
def test_without_a_document_reason_and_voucher_are_asked_for(agent: Visitor, field: str) -> None:
    for wrong in ("", "长" * 101):
        answer = agent.send("/file/001", {**APPLICATION, **UNDOCUMENTED, "draft_id": "ab" * 16, field: wrong})
        assert answer.status_code == 422 and f'id="e-{field}"' in answer.text
        assert 'value="no_id" selected' in answer.text, "and what was chosen is kept"
    draft = agent.open(f"/file/001?draft={'ab' * 16}").text
    assert 'value="no_id" selected' in draft and "无证件-" not in draft


def test_a_note_that_is_too_long_only_with_what_stands_before_it_is_told_how_long_it_may_be(
    agent: Visitor, village: Counter
) -> None:
    long = {**UNDOCUMENTED, "no_id_reason": "火" * 100, "no_id_voucher": "王" * 100}
    answer = agent.send("/file/001", {**APPLICATION, **long, "draft_id": "ab" * 16, "window_note": "备" * 400})
    told = re.search(r"备注请缩短到 (\d+) 字以内", answer.text)
    assert answer.status_code == 422 and told, problems(answer.text)
    filed = held(village, agent.file(**long, draft_id="ab" * 16, window_note="备" * int(told[1])))
    assert len(filed.window_note) == 500


def test_with_a_document_nothing_of_it_stays(agent: Visitor, village: Counter) -> None:
    draft = "ab" * 16
    agent.send("/file/001", {**APPLICATION, **UNDOCUMENTED, "draft_id": draft, "do": "draft"})
    typed = {"applicant_id_kind": "other", "applicant_id_no": "无证件-ABABABAB"}
    answer = agent.send("/file/001", {**APPLICATION, **typed, "draft_id": draft})
    assert answer.status_code == 422, "the words are no number that anybody could type"
    case = held(village, agent.file(**{**UNDOCUMENTED, "applicant_id_kind": "resident_id", "applicant_id_no": CARD}))
    assert case.applicant["id_no"] == CARD and case.window_note == ""


def test_the_box_of_errors_calls_a_field_as_the_form_does(agent: Visitor) -> None:
    typed = {**APPLICATION, "applicant_name": "", "has_proxy": "yes"}
    box = agent.send("/file/001", typed).text.split('id="wrong"')[1].split("</ul>")[0]
    assert ">姓名或单位名称</a>" in box and ">受托人姓名</a>" in box


def test_whoever_holds_a_residence_permit_finds_it_among_the_documents(agent: Visitor) -> None:
    page = agent.open("/file/001").text
    assert "含港澳台居住证、永久居留证" in page
    assert "<summary" in page.split('name="legal_representative"')[0].rpartition("<details")[2], "of no person"


def test_the_timeline_lists_the_papers_that_were_received(agent: Visitor, village: Counter) -> None:
    timeline = agent.open(agent.file("040")).text.split('id="timeline"')[1].split("</ol>")[0]
    assert "收到的材料" in timeline and "身份证 1 份（复印件）" in timeline


def test_what_is_done_on_the_spot_is_promised_as_that(county: Counter) -> None:
    window = county.sign_in("0201", "window")
    case = window.file("037")
    window.act(case, "docket")
    page = window.open(case).text
    assert page.count("<dd>当场办结</dd>") == 2 and "<dd>0" not in page, "where it stands, and in the timeline"


def test_what_somebody_who_acts_for_another_has_to_fill_in_is_marked(agent: Visitor) -> None:
    page = agent.open("/file/001").text
    marked = re.findall(r'<label for="f-(\w+)">[^<]*<span class="must">有受托人必填</span>', page)
    assert marked == ["proxy_name", "proxy_relation", "proxy_authorisation", "authority_marked"]
    refused = agent.send("/file/001", {**APPLICATION, "has_proxy": "yes"})
    assert all(f'id="e-{name}"' in refused.text for name in marked), "no other is asked for, and none of these is not"
