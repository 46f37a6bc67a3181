"""Public notices at the village: printed, posted with a photo, taken down, and seen by whoever examines the case."""

import re
from typing import Any

import pytest

from sync_protocol.case import fold
from tests.builders import Network
from tests.village_node.web.counter import Counter, Visitor, everywhere, problems
from tests.village_node.web.errands import at_the_township, chosen, done
from tests.village_node.web.test_papers import photo, upload

BOX = "要张贴的公示"


@pytest.fixture
def clerk(township: Counter) -> Visitor:
    return township.sign_in("0101", "clerk", "reviewer", name="李强")


@pytest.fixture
def case(network: Network, agent: Visitor, clerk: Visitor) -> str:
    """A case of a village that only takes applications in, made public by the township that examines it."""
    found = at_the_township(network, agent, clerk, "001")
    done(clerk, found, "docket")
    assert BOX not in agent.open("/work").text and BOX not in agent.open(found).text
    done(clerk, found, "suspend", what="publicity", basis="最低生活保障审核确认办法", planned_days="7")
    assert "还没有登记张贴" in clerk.open(found).text
    everywhere(network)
    return found


def test_the_village_posts_and_takes_down_and_the_township_sees_it_before_it_goes_on(
    network: Network, agent: Visitor, clerk: Visitor, case: str
) -> None:
    work = agent.open("/work").text
    assert BOX in work and case in work.partition(BOX)[2]
    page = agent.open(case).text
    assert BOX in page and "公示期 7 日，至 " in page and 'value="公示照片"' in page
    answer = upload(agent, case, (photo(), "墙.jpg"), material="公示照片")
    assert answer.status_code == 303, problems(answer.text)
    everywhere(network)
    assert "公示已张贴，还没有撤下" in clerk.open(case).text
    assert 'value="公示撤下照片"' in agent.open(case).text and "请打印、张贴" not in agent.open("/work").text
    assert upload(agent, case, (photo("blue"), "空.jpg"), material="公示撤下照片").status_code == 303
    assert BOX not in agent.open("/work").text
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
    assert BOX in agent.open("/work").text and 'value="公示照片"' in agent.open(case).text


def test_only_who_files_at_the_village_is_asked_to_post(village: Counter, clerk: Visitor, case: str) -> None:
    head = village.sign_in("0007", "head", name="赵")
    assert BOX not in head.open("/work").text
    assert 'name="material" value="公示照片"' not in clerk.open(case).text


def test_an_open_notice_is_folded_once_for_many_views_of_the_list(
    agent: Visitor, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert upload(agent, case, (photo(), "墙.jpg"), material="公示照片").status_code == 303
    folded: list[bytes] = []

    def counted(home: str, case_id: bytes, *rest: Any) -> Any:
        folded.append(case_id)
        return fold(home, case_id, *rest)

    monkeypatch.setattr("village_node.casebook.ledger.fold", counted)
    for _ in range(3):
        page = agent.open("/work").text
        assert BOX in page and "已张贴，期满后撤下" in page.partition(BOX)[2]
    assert len(folded) <= 1
    assert upload(agent, case, (photo("blue"), "空.jpg"), material="公示撤下照片").status_code == 303
    assert BOX not in agent.open("/work").text, "a change is seen at once"
