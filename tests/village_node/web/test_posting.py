"""Public notices at the village: printed, posted with a photo, taken down, and seen by whoever examines the case."""

import re
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from sync_protocol.case import bodies, fold, kinds, postings
from sync_protocol.case.fields import Table
from sync_protocol.places import about
from tests.builders import TOWNSHIP, Network
from tests.village_node.web.api.program import program_at
from tests.village_node.web.counter import Counter, Visitor, everywhere, problems
from tests.village_node.web.errands import at_the_township, chosen, done
from tests.village_node.web.test_clocks import DAY_MS
from tests.village_node.web.test_papers import photo, upload

BOX = "要张贴的公示"
LISTED = "要张贴、核实的公示"


@pytest.fixture
def clerk(township: Counter) -> Visitor:
    return township.sign_in("0101", "clerk", "reviewer", name="李强")


@pytest.fixture
def head(village: Counter) -> Visitor:
    return village.sign_in("0007", "head", name="赵主任")


@pytest.fixture
def case(network: Network, agent: Visitor, clerk: Visitor) -> str:
    """A case of a village that only takes applications in, made public by the township that examines it."""
    found = at_the_township(network, agent, clerk, "001")
    done(clerk, found, "docket")
    assert LISTED not in agent.open("/work").text and BOX not in agent.open(found).text
    done(clerk, found, "suspend", what="publicity", basis="最低生活保障审核确认办法", planned_days="7")
    assert "还没有登记张贴" in clerk.open(found).text
    everywhere(network)
    return found


def test_the_village_posts_and_takes_down_and_the_township_sees_it_before_it_goes_on(
    network: Network, agent: Visitor, clerk: Visitor, head: Visitor, case: str
) -> None:
    work = agent.open("/work").text
    assert LISTED in work and case in work.partition(LISTED)[2]
    page = agent.open(case).text
    assert BOX in page and "公示期 7 日，至 " in page and 'value="公示照片"' in page
    answer = upload(agent, case, (photo(), "墙.jpg"), material="公示照片")
    assert answer.status_code == 303, problems(answer.text)
    everywhere(network)
    assert "公示已张贴，还没有撤下" in clerk.open(case).text
    assert 'value="公示撤下照片"' in agent.open(case).text and "请打印、张贴" not in agent.open("/work").text
    assert upload(agent, case, (photo("blue"), "空.jpg"), material="公示撤下照片").status_code == 303
    assert LISTED not in agent.open("/work").text
    everywhere(network)
    seen = clerk.open(case).text
    assert "公示已张贴，已撤下" in seen and len(re.findall(r"(?:张贴|撤下)：上关村", seen)) == 2
    done(clerk, case, "resume", opened=chosen(seen, "resume", "opened")[0], result="无异议")
    everywhere(network)
    for page in (clerk.open(case).text, agent.open(case).text):
        assert "公示已张贴" not in page and BOX not in page


def test_the_notice_that_hangs_in_the_village_is_printed_there_without_a_reason(agent: Visitor, case: str) -> None:
    sheet = re.findall(r'<a href="(/cases/[^"]*/publicity)"', agent.open(case).text)[0]
    page = agent.open(sheet).text
    assert "公示" in page and 'name="reason"' not in page


def test_photos_of_the_wall_are_offered_while_a_notice_is_open_and_on_no_other_day(
    network: Network, agent: Visitor, clerk: Visitor, case: str
) -> None:
    assert ">公示照片</option>" in agent.open(f"{case}/papers").text
    done(clerk, case, "resume", opened=chosen(clerk.open(case).text, "resume", "opened")[0], result="无异议")
    everywhere(network)
    assert ">公示照片</option>" not in agent.open(f"{case}/papers").text


def test_a_photo_of_an_earlier_notice_is_none_of_a_later_one(
    network: Network, agent: Visitor, clerk: Visitor, case: str
) -> None:
    assert upload(agent, case, (photo(), "墙.jpg"), material="公示照片").status_code == 303
    everywhere(network)
    done(
        clerk, case, "resume", opened=chosen(clerk.open(case).text, "resume", "opened")[0], result="内容有误，重新公示"
    )
    done(clerk, case, "suspend", what="publicity", basis="最低生活保障审核确认办法", planned_days="7")
    assert "还没有登记张贴" in clerk.open(case).text
    everywhere(network)
    assert LISTED in agent.open("/work").text and 'value="公示照片"' in agent.open(case).text


def test_only_who_files_at_the_village_is_asked_to_post(village: Counter, clerk: Visitor, case: str) -> None:
    head = village.sign_in("0007", "head", name="赵")
    assert LISTED not in head.open("/work").text and "/notice" not in head.open(case).text, "nothing hangs there yet"
    assert 'name="material" value="公示照片"' not in clerk.open(case).text


def confirm(visitor: Visitor, case: str, finding: str, remark: str = "") -> Any:
    return visitor.send(f"{case}/notice", {"finding": finding, "remark": remark})


def test_the_head_confirms_that_it_hung_and_what_it_came_to_and_everybody_reads_who_and_when(
    network: Network, agent: Visitor, clerk: Visitor, head: Visitor, case: str
) -> None:
    early = confirm(head, case, "posted")
    assert early.status_code == 409 and "窗口还没有登记张贴" in early.text
    assert upload(agent, case, (photo(), "墙.jpg"), material="公示照片").status_code == 303
    assert "已张贴，请核实" in head.open("/work").text and "/notice" not in agent.open(case).text
    assert confirm(agent, case, "posted").status_code == 409, "there is a head"
    assert confirm(head, case, "posted").status_code == 303
    assert "核实：已张贴 · 赵主任 · 上关村" in " ".join(re.sub(r"<[^>]*>", " ", head.open(case).text).split()).replace(
        "核实： ", "核实："
    )
    assert LISTED not in head.open("/work").text, "nothing is due before its time is over"
    again, soon = confirm(head, case, "posted"), confirm(head, case, "no_objection")
    assert again.status_code == 409 and "已经核实过" in again.text
    assert soon.status_code == 409 and "次日起才能核实无异议" in soon.text
    network.clock.now_ms += 8 * DAY_MS
    head = head.counter.sign_in("0008", "head", name="钱主任")
    assert "期满，请核实结果" in head.open("/work").text
    bare = confirm(head, case, "objection")
    assert bare.status_code == 422 and "请写明谁提出、什么内容" in bare.text
    assert confirm(head, case, "no_objection", "在村务公开栏张贴七天").status_code == 303
    everywhere(network)
    seen = clerk.counter.sign_in("0102", "clerk", "reviewer").open(case).text
    assert "期满无异议 · 0008 · 上关村" in seen and "公示核实：期满无异议。在村务公开栏张贴七天" in seen
    examiner = clerk.counter.sign_in("0103", "clerk", "reviewer")
    done(examiner, case, "resume", opened=chosen(seen, "resume", "opened")[0], result="无异议")
    assert "公示核实：期满无异议 · 0008 · 上关村" in examiner.open(case).text, "it stands with the ended procedure"
    assert confirm(head.counter.sign_in("0009", "head"), case, "objection", "张三：收入不实").status_code == 303
    everywhere(network)
    late = head.counter.sign_in("0010", "head")
    assert confirm(late, case, "no_objection").status_code == 409 and "不能再核实" in confirm(late, case, "posted").text


def test_where_nobody_is_head_the_counter_confirms_and_says_so(network: Network, agent: Visitor, case: str) -> None:
    assert upload(agent, case, (photo(), "墙.jpg"), material="公示照片").status_code == 303
    assert f'action="{case}/notice"' in agent.open(case).text
    assert confirm(agent, case, "posted").status_code == 303
    assert "公示核实：已张贴（本单位没有负责人，由窗口代为核实）" in agent.open(case).text
    agent.counter.sign_in("0007", "head")
    refused = confirm(agent, case, "objection", "张三")
    assert refused.status_code == 409 and "由本单位负责人核实" in refused.text
    assert ">张三</textarea>" not in refused.text, "who may not confirm is shown no form"


def test_after_an_objection_nothing_is_due_and_no_objection_takes_words_that_say_how_it_was_settled(
    network: Network, agent: Visitor, clerk: Visitor, head: Visitor, case: str
) -> None:
    assert upload(agent, case, (photo(), "墙.jpg"), material="公示照片").status_code == 303
    assert confirm(head, case, "posted").status_code == 303
    assert confirm(head, case, "objection", "张三：收入不实").status_code == 303
    network.clock.now_ms += 8 * DAY_MS
    program = program_at(head.counter, "0006", "head")
    head = head.counter.sign_in("0008", "head", name="钱主任")
    assert LISTED not in head.open("/work").text, "it came to something: nothing is due"
    page = head.open(case).text
    (choice,) = re.findall(r'<input[^>]*value="no_objection"[^>]*>', page)
    assert "checked" not in choice and "异议已处理的" in page and "有异议，尚未说明怎样处理" in page
    bare = confirm(head, case, "no_objection")
    assert bare.status_code == 422 and "请写明异议怎样处理" in bare.text
    answer = program.post(f"{case}/notice", {"finding": "no_objection"})
    assert (answer.status_code, answer.get_json()["field"]) == (422, "text")
    assert "有异议，尚未说明怎样处理" in head.open(case).text
    assert confirm(head, case, "no_objection", "已核对收入，张三书面撤回").status_code == 303
    assert "有过异议，已说明怎样处理" in head.open(case).text
    assert confirm(head, case, "objection", "张三：收入不实").status_code == 303, "raised again after it was settled"
    assert "有异议，尚未说明怎样处理" in head.open(case).text
    everywhere(network)
    examiner = clerk.counter.sign_in("0102", "clerk", "reviewer")
    seen = examiner.open(case).text
    assert "有异议，尚未说明怎样处理" in seen
    done(examiner, case, "resume", opened=chosen(seen, "resume", "opened")[0], result="异议不成立")
    assert "有异议，尚未说明怎样处理" in examiner.open(case).text, "it stands with the ended procedure"


def test_each_objection_is_recorded_and_the_same_words_only_once(agent: Visitor, head: Visitor, case: str) -> None:
    assert upload(agent, case, (photo(), "墙.jpg"), material="公示照片").status_code == 303
    assert confirm(head, case, "objection", "张三：收入不实").status_code == 303
    again = confirm(head, case, "objection", "张三：收入不实")
    assert again.status_code == 409 and "同样的异议已经登记过" in again.text
    assert ">张三：收入不实</textarea>" in again.text, "what was typed is kept"
    assert confirm(head, case, "objection", "李四：另有房产").status_code == 303
    assert confirm(head, case, "objection", "张三：收入不实").status_code == 409
    page = head.open(case).text
    assert "公示核实：有异议。张三：收入不实" in page and "公示核实：有异议。李四：另有房产" in page


def test_once_the_examiner_has_ended_it_nothing_is_confirmed_and_the_page_says_where_it_goes(
    network: Network, agent: Visitor, clerk: Visitor, head: Visitor, case: str
) -> None:
    assert upload(agent, case, (photo(), "墙.jpg"), material="公示照片").status_code == 303
    everywhere(network)
    done(clerk, case, "resume", opened=chosen(clerk.open(case).text, "resume", "opened")[0], result="无异议")
    everywhere(network)
    late = confirm(head, case, "objection", "李四：另有房产")
    assert late.status_code == 409 and "公示已于 2026-11-18 结束，不能再核实" in late.text and "登记备注" in late.text
    (note,) = re.findall(r'<form[^>]*act/note".*?</form>', late.text, re.DOTALL)
    assert ">李四：另有房产</textarea>" in note, "what was typed goes on as a note"


def test_a_head_who_is_away_confirms_nothing_and_the_counter_says_whom_it_stands_in_for(
    network: Network, agent: Visitor, head: Visitor, case: str
) -> None:
    assert upload(agent, case, (photo(), "墙.jpg"), material="公示照片").status_code == 303
    book = head.counter.member.casebook
    book.note_absence("0001", "0007", date(2026, 11, 30))
    assert LISTED not in head.open("/work").text
    page = head.open(case).text
    assert "/notice" not in page and "登记为缺勤或外出，销假（返岗）以后才能核实公示" in page
    refused = confirm(head, case, "posted")
    assert refused.status_code == 409 and "销假（返岗）以后才能核实公示" in refused.text
    assert confirm(agent, case, "posted").status_code == 303
    assert "公示核实：已张贴（负责人不在，由窗口代为核实）" in agent.open(case).text
    book.end_absence("0001", "0007")
    assert confirm(agent, case, "objection", "张三").status_code == 409, "the head is back"
    assert confirm(head, case, "objection", "张三").status_code == 303


def test_a_program_of_the_head_confirms_and_is_told_what_is_wrong(village: Counter, agent: Visitor, case: str) -> None:
    assert upload(agent, case, (photo(), "墙.jpg"), material="公示照片").status_code == 303
    program = program_at(village, "0007", "head")
    answer = program.post(f"{case}/notice", {"finding": "objection"})
    assert answer.status_code == 422 and "text" in str(answer.get_json())
    assert program.post(f"{case}/notice", {"finding": "posted"}).status_code == 200
    assert "已张贴 · " in agent.open(case).text.partition("核实：")[2]


def test_a_program_that_knows_no_findings_counts_the_note_and_reads_its_words(
    network: Network, agent: Visitor, head: Visitor, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert upload(agent, case, (photo(), "墙.jpg"), material="公示照片").status_code == 303
    assert confirm(head, case, "posted").status_code == 303
    place, case_id = case.split("/")[2:4]
    book = network.members[place].casebook
    now = book.case(about(place), bytes.fromhex(case_id))
    assert now is not None and now.notes[-1].body["finding"] == "posted"
    notice = next(each for each in now.procedures.values() if each.what == "publicity")
    assert postings.findings(now, notice)
    said_elsewhere = replace(now, notes=tuple(note._replace(place=TOWNSHIP) for note in now.notes))
    assert not postings.findings(said_elsewhere, notice), "another place does not say what hangs here"
    old = Table(kinds.NOTE, bodies.NOTE.fields[:1])
    monkeypatch.setitem(bodies.TABLES, kinds.NOTE, old)
    monkeypatch.setitem(bodies.CHECKERS, kinds.NOTE, bodies.compile_checker(old))
    then = book.case(about(place), bytes.fromhex(case_id))
    assert then is not None and then.notes[-1].body == {"text": "公示核实：已张贴"}
    assert replace(then, notes=()) == replace(now, notes=()), "nothing but the words differs"


def test_an_open_notice_is_folded_once_for_many_views_of_the_list(
    agent: Visitor, head: Visitor, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert upload(agent, case, (photo(), "墙.jpg"), material="公示照片").status_code == 303
    folded: list[bytes] = []

    def counted(home: str, case_id: bytes, *rest: Any) -> Any:
        folded.append(case_id)
        return fold(home, case_id, *rest)

    monkeypatch.setattr("village_node.casebook.ledger.fold", counted)
    for _ in range(3):
        page = agent.open("/work").text
        assert LISTED in page and "已张贴，期满后撤下" in page.partition(LISTED)[2]
    assert len(folded) <= 1
    assert upload(agent, case, (photo("blue"), "空.jpg"), material="公示撤下照片").status_code == 303
    assert LISTED not in agent.open("/work").text, "a change is seen at once"
