"""Green channel, urgent, a short job first: who may say so, and that the list of what waits goes by it."""

import re

import pytest

from tests.village_node.web.counter import Counter, Visitor
from tests.village_node.web.errands import PAPERS, done, refused
from tests.village_node.web.test_filing import held


@pytest.fixture
def window(county: Counter) -> Visitor:
    return county.sign_in("1001", "window", name="赵敏")


def listed(visitor: Visitor) -> list[str]:
    """The cases of the list of what waits, in its order."""
    return re.findall(r'class="row-link number" href="([^"]+)"', visitor.open("/work").text)


def three(window: Visitor) -> list[str]:
    """Three cases that wait, as the list has them."""
    for _ in range(3):
        case = window.file("016", **PAPERS)
        done(window, case, "docket")
    return listed(window)


def test_the_green_channel_names_its_supervisor_and_goes_first_until_it_is_usual_again(window: Visitor) -> None:
    cases = three(window)
    refused(window, cases[2], "lane", "请填写此项", lane="green", reason="重点项目")
    done(window, cases[2], "lane", lane="green", reason="重点项目", supervisor="孙副县长")
    assert listed(window) == [cases[2], *cases[:2]]
    page = window.open(cases[2]).text
    assert "督办领导：孙副县长" in page and "绿色通道" in window.open("/work").text
    done(window, cases[2], "lane", lane="ordinary", reason="已协调完毕")
    assert listed(window) == cases and "孙副县长" in window.open(cases[2]).text, "what happened stays on record"


def test_an_urgent_case_is_approved_by_somebody_who_may_and_goes_before_the_green_channel(
    county: Counter, window: Visitor
) -> None:
    cases = three(window)
    done(window, cases[1], "lane", lane="green", reason="重点项目", supervisor="孙副县长")
    refused(window, cases[2], "lane", "特急须由业务科或本单位负责人批准", lane="urgent", reason="抢险")
    business = county.sign_in("1003", "business", name="孙科长")
    done(business, cases[2], "lane", lane="urgent", reason="抢险", on_holidays="yes")
    assert listed(window) == [cases[2], cases[1], cases[0]]
    lane = held(county, cases[2]).lane
    assert lane is not None and (lane.lane, lane.said["approver"]) == ("urgent", "1003")
    assert "节假日照常办理；法定期限仍按工作日计算" in window.open(cases[2]).text


def test_a_short_job_goes_before_the_one_whose_applicant_consents_and_before_no_other(
    county: Counter, window: Visitor
) -> None:
    cases = three(window)
    long = window.file("036", **PAPERS)
    done(window, long, "docket")
    assert listed(window)[-1] == long or held(county, long).promised_days is not None
    number = held(county, cases[1]).case_no
    said = {"lane": "ahead", "reason": "只需盖章，五分钟"}
    refused(window, long, "lane", "请填写此项", **said, ahead_of=number)
    consent = {"consent": "张秀兰，11月18日上午在窗口口头同意"}
    refused(window, long, "lane", "本机没有编号为", **said, **consent, ahead_of="621021000000-261118-7K3M-12-L")
    refused(window, long, "lane", "不能排在本件自己之前", **said, **consent, ahead_of=held(county, long).case_no)
    order = [each for each in listed(window) if each != long]
    done(window, long, "lane", **said, **consent, ahead_of=number)
    after = listed(window)
    assert [each for each in after if each != long] == order
    assert after.index(long) < after.index(cases[1])
    assert "先来申请人的同意：张秀兰" in window.open(long).text and "错序" in window.open("/work").text
