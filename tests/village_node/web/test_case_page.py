"""The page of a case: one timeline with receipts and verdicts, exactly the legal moves, and how a move can fail."""

import re
from html import unescape

import pytest

from sync_protocol.case import kinds, legal_moves, workflow
from tests.builders import COUNTY, TOWNSHIP, VILLAGE, Network
from tests.village_node.web.counter import CARD, Counter, Visitor, everywhere, exchange, hidden_of, problems
from tests.village_node.web.test_filing import held
from village_node.casebook.entitlement import Backing
from village_node.web import corrections


@pytest.fixture
def clerk(township: Counter) -> Visitor:
    return township.sign_in("0101", "clerk", "reviewer", name="李强")


@pytest.fixture
def officer(county: Counter) -> Visitor:
    return county.sign_in("1001", "window", "officer", "head", name="赵敏")


def moves_of(page: str, case: str) -> list[str]:
    """The moves a page offers."""
    return re.findall(rf'action="{re.escape(case)}/act/(\w+)"', page)


def titles(page: str) -> list[str]:
    """What the timeline says happened."""
    return re.findall(r'class="event-head"><strong>(.*?)</strong>', page)


def test_a_case_goes_through_three_levels_and_back_on_the_pages(
    network: Network, agent: Visitor, clerk: Visitor, officer: Visitor, village: Counter
) -> None:
    case = agent.file()
    assert agent.act(case, "handoff").status_code == 303
    everywhere(network)
    for move, values in (
        ("accept", {}),
        ("docket", {"promised_days": "20"}),
        ("review", {"opinion": "agree", "text": "属实"}),
        ("handoff", {}),
    ):
        assert clerk.act(case, move, **values).status_code == 303, move
    everywhere(network)
    assert officer.act(case, "accept").status_code == 303
    assert officer.act(case, "decide", outcome="approve").status_code == 303
    assert officer.act(case, "handoff").status_code == 303
    everywhere(network)
    assert agent.act(case, "accept").status_code == 303
    assert agent.act(case, "delivered", to="张秀兰", how="in_person", at="2026-11-18").status_code == 303
    page = agent.open(case).text
    assert titles(page) == [
        "新建申请", "收件", "转送受理", "接收", "受理", "出具初审意见", "转送审批", "接收",
        "作出决定\uff1a准予", "转下送达", "接收", "登记送达",
    ]  # fmt: skip
    assert re.search(r"民政行审11〔2026〕621021-[0-9A-Z]{4}-1号", page)
    assert held(village, case).state == "delivered"
    assert "张秀兰" not in page and CARD not in page


def stop_of(page: str) -> str:
    """The stop of the way that a page lights."""
    return "".join(re.findall(r'<li class="here" aria-current="step">(.*?)</li>', page))


def test_the_stop_that_is_lit_is_where_the_case_is(
    network: Network, agent: Visitor, clerk: Visitor, officer: Visitor
) -> None:
    case = agent.file()
    assert stop_of(agent.open(case).text) == "上关村 · 申请、收件", "it waits here to be handed on"
    lit = []
    for who, move, values in (
        (agent, "handoff", {}),
        (clerk, "accept", {}),
        (clerk, "docket", {"promised_days": "20"}),
        (clerk, "review", {"opinion": "agree", "text": "属实"}),
        (clerk, "handoff", {}),
        (officer, "accept", {}),
        (officer, "decide", {"outcome": "approve"}),
        (officer, "handoff", {}),
        (agent, "accept", {}),
        (agent, "delivered", {"to": "张秀兰", "how": "in_person", "at": "2026-11-18"}),
    ):
        assert who.act(case, move, **values).status_code == 303, move
        lit.append(stop_of(who.open(case).text).partition(" · ")[2])
        everywhere(network)
    assert lit == ["受理", "受理", "初审", "初审", "决定", "决定", "决定", "送达", "送达", ""]


def test_buttons_are_exactly_the_legal_moves(
    network: Network, agent: Visitor, clerk: Visitor, village: Counter, township: Counter
) -> None:
    case = agent.file()

    def compare(visitor: Visitor, staff_no: str, *roles: str) -> None:
        counter = visitor.counter
        offers = legal_moves(
            held(counter, case),
            counter.config.place,
            frozenset(roles),
            counter.member.casebook.catalogue,
            counter.member.casebook.roster.places,
        )
        legal = {offer.kind for offer in offers}
        why = counter.member.casebook.hindrances(held(counter, case), legal, staff_no, roles)
        offered = [kinds.name_of(offer.kind) for offer in offers if offer.kind not in why]
        assert sorted(moves_of(visitor.open(case).text, case)) == sorted(offered)
        assert {kinds.name_of(kind) for kind in why} <= {"rating", "lapse"}, "who filed it rates nothing; a term runs"

    for move in ("handoff", "accept", "docket", "return_for_correction"):
        compare(agent, "0001", "agent")
        everywhere(network)
        compare(clerk, "0101", "clerk", "reviewer")
        if move == "handoff":
            agent.act(case, move)
        else:
            clerk.act(case, move, **{"what:applicant_phone": "空号"} if move == "return_for_correction" else {})
    compare(clerk, "0101", "clerk", "reviewer")


def test_a_missing_button_is_explained(agent: Visitor) -> None:
    case = agent.file()
    page = agent.open(case).text
    why = page.split("为什么没有别的按钮")[1].split("</dl>")[0]
    assert "受理" in why and "本级无权受理该事项" in why
    agent.act(case, "handoff")
    assert "案件正在转送途中" in agent.open(case).text


def test_the_timeline_shows_who_holds_each_record_since_when(network: Network, agent: Visitor) -> None:
    case = agent.file()
    assert agent.open(case).text.count("尚未离开本机") == 2
    network.clock.now_ms += 60_000
    exchange(network, (VILLAGE, TOWNSHIP))
    page = agent.open(case).text
    assert "尚未离开本机" not in page
    assert "驿马镇 机器已收到 19:07" in page and "庆城县 机器已收到" not in page
    network.clock.now_ms += 60_000
    everywhere(network)
    everywhere(network)
    page = agent.open(case).text
    assert "驿马镇 机器已收到 19:07" in page, "the first receipt is the one that counts"
    assert "庆城县 机器已收到 19:08" in page


def test_what_is_wrong_is_marked_supplied_and_taken(
    network: Network, agent: Visitor, clerk: Visitor, township: Counter
) -> None:
    case = agent.file()
    agent.act(case, "handoff")
    everywhere(network)
    clerk.act(case, "accept")
    marks = {
        "mark:material:户口簿": "yes",
        "what:applicant_phone": "空号\uff0c请核对",
        "reason": "材料不齐",
        "due_days": "5",
    }
    assert clerk.act(case, "return_for_correction", **marks).status_code == 303
    everywhere(network)
    page = agent.open(case).text
    assert "需要补正" in page and "空号" in page and "材料《户口簿》" in page
    home = agent.open("/work").text
    assert "1" in re.findall(r"退回补正 <span class=\"count\">(\d+)", home)
    box = home.split('<ul class="tabs')[0]
    assert "有 1 件要补材料" in box and f'href="{case}"' in box and "：最晚 2026年11月25日" in box
    assert "没有等您处理的件" not in home and "上面列出的还等着您" in home
    supplied = {
        "answer:applicant_phone": "139 0000 5678",
        "paper:material:户口簿": "yes",
        "copies:material:户口簿": "2",
        "text": "已补",
    }
    short = agent.act(case, "supply", **{**supplied, "answer:applicant_phone": "1389341"})
    assert short.status_code == 422 and 'value="1389341"' in short.text
    assert any("联系电话：电话应为 11 位手机号" in each for each in problems(short.text))
    assert agent.act(case, "supply", **supplied).status_code == 303
    home = agent.open("/work").text
    assert "要补材料" not in home and "没有等您处理的件" in home, "what was brought waits for who holds the case"
    everywhere(network)
    assert "有补正" in clerk.open("/work?view=supplies").text
    position = re.findall(r'name="supplies" value="([^"]+)"', clerk.open(case).text)
    assert len(position) == 1
    taking = clerk.open(case).text.partition("/act/take")[2].partition("</form>")[0]
    assert "补交《户口簿》2 份；更正联系电话；已补" in taking and "139****" not in taking
    assert clerk.act(case, "take", supplies=position).status_code == 303
    found = held(township, case)
    assert found.state == "received"
    assert found.answers["applicant_phone"] == "13900005678"
    assert [(paper.name, paper.copies) for paper in found.materials][-1] == ("户口簿", 2)
    assert "13900005678" not in clerk.open(case).text, "a corrected number is masked like the first"
    shown = clerk.open(case).text.partition('<h2 id="application">')[2].partition("</section>")[0]
    assert "139****5678" in shown and shown.count("<dt>联系电话</dt>") == 1, "once, as corrected"


def test_what_is_to_be_mended_is_counted_over_all_and_led_to_where_it_is(
    network: Network, agent: Visitor, clerk: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corrections, "MOST_LOOKED_AT", 1)
    cases = [agent.file(applicant_name=name) for name in ("张秀兰", "李强", "王小梅")]
    own = clerk.file(applicant_name="赵六")
    for case in cases:
        agent.act(case, "handoff")
    everywhere(network)
    for case in (*cases, own):
        network.clock.now_ms += 60_000
        if case != own:
            clerk.act(case, "accept")
        told = {"mark:material:户口簿": "yes", "reason": "材料不齐", "due_days": "5"}
        assert clerk.act(case, "return_for_correction", **told).status_code == 303
    everywhere(network)
    assert agent.act(cases[0], "supply", text="已补").status_code == 303
    box = agent.open("/work").text.split('<ul class="tabs')[0]
    assert "有 2 件要补材料" in box and cases[1] in box and cases[0] not in box, "one of the page has papers by now"
    box = clerk.open("/work").text.split('<ul class="tabs')[0]
    assert "有 1 件要补材料" in box and own in box, "those of the village are mended there"
    (address,) = re.findall(r'href="(/work\?view=back[^"]*)"', box)
    listed = clerk.open(unescape(address)).text
    assert own in listed and not any(case in listed for case in cases)


def test_a_withdrawal_is_asked_for_and_answered_by_the_holder(
    network: Network, agent: Visitor, clerk: Visitor, village: Counter
) -> None:
    case = agent.file()
    agent.act(case, "handoff")
    assert agent.act(case, "withdrawal_request", reason="不办了", by="张秀兰").status_code == 303
    everywhere(network)
    clerk.act(case, "accept")
    page = clerk.open(case).text
    assert "不办了" in page and "张秀兰" not in page
    request = re.findall(r'name="request" value="([^"]+)"', page)[0]
    refused = clerk.act(case, "answer", request=request, granted="no")
    assert refused.status_code == 422, "a refusal needs its reason"
    assert clerk.act(case, "answer", request=request, granted="yes").status_code == 303
    everywhere(network)
    assert held(village, case).state == "withdrawn"


def test_refusing_needs_reasons_and_what_was_typed_stays(
    network: Network, agent: Visitor, clerk: Visitor, officer: Visitor, county: Counter
) -> None:
    case = agent.file()
    agent.act(case, "handoff")
    everywhere(network)
    for move, values in (("accept", {}), ("docket", {}), ("review", {"opinion": "agree"}), ("handoff", {})):
        clerk.act(case, move, **values)
    everywhere(network)
    officer.act(case, "accept")
    answer = officer.act(case, "decide", outcome="refuse", conditions="三个月内可再次申请")
    assert answer.status_code == 422
    assert any("请填写此项" in each for each in problems(answer.text))
    assert "三个月内可再次申请" in answer.text
    assert '<details class="act main" open>' in answer.text
    assert held(county, case).decision is None
    assert officer.act(case, "decide", outcome="refuse", reasons="家庭收入超过标准").status_code == 303
    assert held(county, case).state == "decided_refused"


def test_when_the_case_has_moved_on_nothing_is_saved_and_nothing_typed_is_lost(
    network: Network, agent: Visitor, clerk: Visitor, township: Counter
) -> None:
    case = agent.file()
    agent.act(case, "handoff")
    everywhere(network)
    clerk.act(case, "accept")
    old = hidden_of(clerk.open(case).text, f"{case}/act/return_for_correction")
    colleague = township.sign_in("0102", "clerk", name="周涛")
    assert colleague.act(case, "docket").status_code == 303
    typed = {"what:applicant_phone": "请换一个能打通的号码", "reason": "三次未接通"}
    answer = clerk.send(f"{case}/act/return_for_correction", {**old, **typed})
    assert answer.status_code == 409
    assert "案件在您填写时已有新进展" in answer.text
    assert "请换一个能打通的号码" in answer.text and "三次未接通" in answer.text
    assert held(township, case).state == "accepted"
    fresh = hidden_of(answer.text, f"{case}/act/return_for_correction")
    assert fresh["seen"] != old["seen"]
    assert clerk.send(f"{case}/act/return_for_correction", {**fresh, **typed}).status_code == 303


def test_words_for_a_move_that_is_gone_are_shown_once_more(network: Network, agent: Visitor, village: Counter) -> None:
    case = agent.file()
    old = hidden_of(agent.open(case).text, f"{case}/act/handoff")
    assert agent.act(case, "handoff").status_code == 303
    answer = agent.send(f"{case}/act/handoff", {**old, "note": "请尽快办理"})
    assert answer.status_code == 409
    assert "请尽快办理" in answer.text
    assert moves_of(answer.text, case).count("handoff") == 0


@pytest.mark.parametrize(
    "move", ["create", "receive", "decide", "docket", "accept", "force_assign", "adopt", "nonsense"]
)
def test_a_move_that_is_not_offered_is_refused(agent: Visitor, village: Counter, move: str) -> None:
    case = agent.file()
    seen = hidden_of(agent.open(case).text, f"{case}/act/handoff")["seen"]
    answer = agent.send(f"{case}/act/{move}", {"seen": seen, "outcome": "approve", "channel": "counter"})
    assert answer.status_code in (404, 409)
    assert held(village, case).state == "received"


@pytest.mark.parametrize("seen", ["", "x", "00" * 16 + ".1." + "00" * 8, "9" * 400])
def test_a_stage_move_needs_the_page_it_was_drawn_from(agent: Visitor, village: Counter, seen: str) -> None:
    case = agent.file()
    shown = hidden_of(agent.open(case).text, f"{case}/act/handoff")
    assert agent.send(f"{case}/act/handoff", {**shown, "seen": seen}).status_code == 409
    assert held(village, case).state == "received"


def test_personal_data_opens_for_one_person_one_reason_one_page_and_one_line(agent: Visitor, village: Counter) -> None:
    case = agent.file()
    masked = agent.open(case).text
    for hidden in ("张秀兰", CARD, "13800001234", "上关村三组"):
        assert hidden not in masked
    assert "张*" in masked and "11*************02X" in masked and "138****1234" in masked and "驿马镇***" in masked
    refused = agent.send(f"{case}/unmask", {"reason": "看"})
    assert refused.status_code == 422 and CARD not in refused.text
    opened = agent.send(f"{case}/unmask", {"reason": "核对领取人身份"})
    assert "张秀兰" in opened.text and CARD in opened.text and "13800001234" in opened.text
    assert opened.headers["Cache-Control"] == "no-store"
    assert CARD not in agent.open(case).text, "once"
    line = village.accounts.rows.audit_lines(1)[0]
    assert (line.actor, line.action, line.subject) == ("0001", "case.unmask", held(village, case).case_no)
    assert "核对领取人身份" in line.detail


def test_without_an_audit_line_nothing_opens(agent: Visitor, village: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    from village_node.store import NotSaved

    def full(*_: object) -> None:
        raise NotSaved("磁盘已满", "the disk is full")

    case = agent.file()
    monkeypatch.setattr(village.accounts.rows, "append_audit", full)
    answer = agent.send(f"{case}/unmask", {"reason": "核对领取人身份"})
    assert answer.status_code == 503
    assert CARD not in answer.text


def test_no_personal_data_stands_in_an_address_or_a_title(agent: Visitor) -> None:
    case = agent.file()
    for path in (case, f"{case}/receipt", "/work?view=all"):
        page = agent.open(path).text
        title = re.findall(r"<title>(.*?)</title>", page)[0]
        links = re.findall(r'(?:href|action)="([^"]*)"', page)
        for hidden in ("张", CARD, "1380000"):
            assert hidden not in title
            assert not any(hidden in link for link in links)


def test_names_of_staff_stay_at_their_own_node(network: Network, agent: Visitor, clerk: Visitor) -> None:
    case = agent.file()
    agent.act(case, "handoff")
    everywhere(network)
    assert "上关村 · 王芳" in agent.open(case).text
    page = clerk.open(case).text
    assert "上关村 · 工号 0001" in page and "王芳" not in page


def test_an_event_that_does_not_count_says_so_and_why(
    network: Network, agent: Visitor, clerk: Visitor, village: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = agent.file()
    place, case_id = case.split("/")[2:]
    # The village writes a decision that its fold would refuse: as a patched node would, straight into its stream.
    book = village.member.casebook
    monkeypatch.setattr("village_node.casebook.desk.why_not", lambda *_: None)
    monkeypatch.setattr("village_node.casebook.entitlement.backing", lambda *_: Backing())
    monkeypatch.setattr(book, "_refuse_unless_effective", lambda *_: None)
    key = (f"about:{place}", bytes.fromhex(case_id))
    book.record("0001", {"agent"}, *key, kinds.DECIDE, {0: "approve"}, held(village, case).last)
    everywhere(network)
    for visitor in (agent, clerk):
        assert "本案有 1 条记录没有计入" in visitor.open(case).text
        page = visitor.open(case).text
        assert "无效" in page and "ineffective" in page
        assert "原因" in page
        assert "decided" not in page
    assert "有争议或无效记录" in clerk.open("/work?view=all").text
    health = clerk.open("/health").text
    assert 'data-label="无效"><strong>1</strong>' in health


def test_what_was_just_done_is_said(agent: Visitor) -> None:
    case = agent.file()
    answer = agent.act(case, "handoff")
    assert answer.headers["Location"] == f"{case}?done=handoff"
    assert "已保存\uff1a移交" in agent.open(answer.headers["Location"]).text
    assert "已保存" not in agent.open(f"{case}?done=<b>").text
    assert "已保存" not in agent.open(case).text


def test_the_place_on_its_way_is_shown_with_when_it_set_out(network: Network, agent: Visitor) -> None:
    case = agent.file()
    network.clock.now_ms += 5 * 60_000
    agent.act(case, "handoff")
    page = agent.open(case).text
    assert "正在转送" in page and "驿马镇" in page
    assert "自 2026年11月18日 19:11 起" in page


def test_every_label_has_words_in_both_languages(agent: Visitor) -> None:
    from village_node.web import words

    for kind in workflow.LABELS:
        assert kind in words.KIND_ICONS
    for code in workflow.STATES:
        assert code in words.STATE_ICONS
    from sync_protocol.case import bodies

    for table in bodies.TABLES.values():
        for row in table.fields:
            assert row.zh and row.en
            for choice in row.choices:
                assert choice in words.CHOICES, choice


def test_in_english_the_whole_page_is_english(agent: Visitor) -> None:
    case = agent.file()
    agent.send("/display", {"lang": "en"})
    for path in (
        "/work?view=all",
        case,
        f"{case}/receipt",
        "/health",
        "/oddities?view=all",
        "/health/left",
        "/assignments",
        "/items",
        "/file/001",
        "/account",
        "/query",
    ):
        page = agent.open(path).text
        visible = re.sub(r"<[^>]+>", " ", page.split("<main")[1])
        for data in (
            "上关村",
            "驿马镇",
            "庆城县",
            "王芳",
            "张",
            "民政",
            "承诺件",
            "即办件",
            "身份证",
            "申请表",
            "户口簿",
        ):
            visible = visible.replace(data, "")
        if path in (case, f"{case}/receipt", "/items", "/file/001"):
            continue  # items, papers and what was typed are Chinese
        assert not re.findall(r"[\u4e00-\u9fff]{2,}", visible), (path, re.findall(r"[\u4e00-\u9fff]{2,}", visible)[:5])


@pytest.mark.parametrize("place", [COUNTY, TOWNSHIP])
def test_a_case_of_another_home_is_not_found_under_it(agent: Visitor, place: str) -> None:
    case = agent.file()
    assert agent.open(f"/cases/{place}/{case.rsplit('/', 1)[1]}").status_code == 404
