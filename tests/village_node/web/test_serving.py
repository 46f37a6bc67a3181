"""Where documents are served: confirmed at filing, printed to be signed, and asked of every delivery."""

import pytest

from tests.builders import Network
from tests.village_node.notices.given import words
from tests.village_node.web.api.program import FILED, path_of, program_at
from tests.village_node.web.counter import APPLICATION, PASSWORD, Counter, Visitor
from tests.village_node.web.errands import AtHand, done, links, printed, refused
from tests.village_node.web.test_filing import held
from village_node.web.site import SITE

SERVED = {
    "service_address": "庆城县驿马镇上关村 12 号", "service_phone": "13900001111", "service_post": "agree",
    "service_electronic": "agree", "service_electronic_to": "13900002222",
}  # fmt: skip
BY_WIRE = {"to": "张秀兰", "how": "electronic", "proof": "短信 881"}
POSTED = {"to": "张秀兰", "how": "post", "proof": "EMS1234567"}


@pytest.fixture
def decider(village: Counter) -> Visitor:
    village.app.extensions[SITE].printer = AtHand()
    return village.sign_in("0002", "head", name="李建国")


def decided(agent: Visitor, decider: Visitor, **typed: str) -> str:
    case = agent.file("040", **typed)
    done(agent, case, "docket")
    done(decider, case, "decide", outcome="approve")
    return case


def papers(visitor: Visitor, case: str, code: str) -> list[str]:
    return [words(printed(visitor, each)) for each in links(visitor, case) if each.endswith(f"/{code}")]


def test_electronic_service_takes_consent_that_stands_and_goes_to_the_confirmed_address(
    village: Counter, agent: Visitor, decider: Visitor
) -> None:
    case = decided(agent, decider, **SERVED)
    assert held(village, case).service["recipient"] == "张秀兰"
    page = agent.open(case).text
    assert "送达地址确认" in page and "139****2222" in page and "13900002222" not in page
    [form] = papers(agent, case, "address")
    assert "13900002222" in form and "上关村12号" in form and "确认人（张秀兰）签名" in form
    refused(agent, case, "delivered", "发送记录号", **{**BY_WIRE, "proof": ""})
    refused(agent, case, "delivered", "确认的地址", **BY_WIRE, where="13999999999")
    done(agent, case, "service_address", what="consent_withdrawn", by="张秀兰", reason="换了手机")
    assert "电子送达同意已撤回" in agent.open(case).text
    assert "撤回对电子送达的同意" in papers(agent, case, "address")[1]
    refused(agent, case, "service_address", "不用撤回", what="consent_withdrawn", by="张秀兰")
    refused(agent, case, "delivered", "没有同意电子送达，或已撤回", **BY_WIRE)
    refused(agent, case, "delivered", "须送到申请人确认的地址", **POSTED, where="别处")
    refused(agent, case, "delivered", "邮件号", **{**POSTED, "proof": ""})
    refused(agent, case, "delivered", "不是这种送达方式", **POSTED, published="2026-10-01")
    done(agent, case, "delivered", **POSTED)
    [served] = [each for each in papers(agent, case, "17") if "EMS1234567" in each]
    assert "上关村12号" in served and "邮寄送达：同意；电子送达：不同意" in served


def test_who_confirmed_no_address_is_served_by_post_at_the_one_of_the_application(
    village: Counter, agent: Visitor, decider: Visitor
) -> None:
    case = decided(agent, decider, applicant_address="驿马镇上关村 9 号")
    assert not papers(agent, case, "address") and "没有确认；不电子送达" in papers(agent, case, "17")[0]
    refused(agent, case, "delivered", "邮件号", **{**POSTED, "proof": ""})
    refused(agent, case, "delivered", "没有同意电子送达", **BY_WIRE)
    done(agent, case, "delivered", **POSTED)
    elsewhere = decided(agent, decider, applicant_address="驿马镇上关村 9 号")
    done(agent, elsewhere, "delivered", **POSTED, where="庆城县北街 1 号")
    went = [each.body["where"] for posted in (case, elsewhere) for each in held(village, posted).deliveries]
    assert went == ["驿马镇上关村 9 号", "庆城县北街 1 号"]


def test_who_does_not_agree_to_the_post_is_posted_to_at_the_confirmed_address_alone(
    village: Counter, agent: Visitor, decider: Visitor
) -> None:
    case = decided(agent, decider)
    left = {"to": "张秀兰", "how": "left_with_witness", "witnesses": "马得福\n李梅", "refusal": "拒签"}
    refused(agent, case, "delivered", "留置的地点", **left)
    confirmed = {
        "what": "confirmed", "recipient": "张秀兰", "address": "上关村 12 号", "phone": "13900001111",
        "post": "disagree", "electronic": "agree", "by": "张秀兰",
    }  # fmt: skip
    refused(agent, case, "service_address", "请填写此项", **confirmed)
    refused(agent, case, "service_address", "没有同意电子送达的不填",
            **{**confirmed, "electronic": "disagree"}, electronic_to="13900002222")  # fmt: skip
    done(agent, case, "service_address", **confirmed, electronic_to="13900002222")
    refused(agent, case, "delivered", "须送到申请人确认的地址", **POSTED, where="别处")
    done(agent, case, "delivered", **BY_WIRE)
    [served] = [each for each in papers(agent, case, "17") if "短信881" in each]
    assert "送达地点13900002222" in served.replace("\n", "")
    by_post = decided(agent, decider)
    done(agent, by_post, "service_address", **{**confirmed, "electronic": "disagree"})
    done(agent, by_post, "delivered", **POSTED)
    assert held(village, by_post).deliveries[0].body["where"] == "上关村 12 号"


def test_what_is_made_public_after_the_decision_is_served_on_the_thirtieth_day_after(
    network: Network, village: Counter, agent: Visitor, decider: Visitor
) -> None:
    case = decided(agent, decider)
    public = {"to": "张秀兰", "how": "public_notice", "where": "村务公开栏", "refusal": "邮件退回，家中无人"}
    refused(agent, case, "delivered", "请填写公告日期", **public)
    refused(agent, case, "delivered", "不能早于所送达的决定（2026-11-18）", **public, published="2026-10-19")
    network.clock.now_ms += 29 * 86_400_000
    agent.send("/sign-in", {"staff_no": "0001", "password": PASSWORD})
    refused(agent, case, "delivered", "公告满 30 日即 2026-12-18", **public, published="2026-11-18")
    network.clock.now_ms += 86_400_000
    agent.send("/sign-in", {"staff_no": "0001", "password": PASSWORD})
    refused(agent, case, "delivered", "公告送达的日期是 2026-12-18", **public, published="2026-11-18", at="2026-12-17")
    refused(agent, case, "delivered", "写明经过", **{**public, "refusal": ""}, published="2026-11-18")
    done(agent, case, "delivered", **public, published="2026-11-18")
    [delivery] = held(village, case).deliveries
    assert delivery.body["at"] == "2026-12-18"
    [served] = [each for each in papers(agent, case, "17") if "公告日期" in each]
    assert "村务公开栏" in served and "2026年11月18日" in served


def test_what_is_wrong_with_an_address_is_said_at_filing_and_a_program_says_the_same(
    village: Counter, agent: Visitor
) -> None:
    for wrong, said in (
        ({"service_address": ""}, "请填写送达地址"),
        ({"service_electronic_to": ""}, "同意电子送达的请填写"),
        ({"service_electronic": ""}, "明确同意电子送达"),
        ({"service_phone": "12"}, "电话"),
    ):
        answer = agent.send("/file/040", {**APPLICATION, **SERVED, **wrong})
        assert answer.status_code == 422 and said in answer.text
    program = program_at(village, "0801", "agent")
    refused_ = program.post("/applications", {**FILED, "item_no": "040", **SERVED, "service_electronic_to": ""})
    assert refused_.get_json()["field"] == "service_electronic_to"
    made = path_of(program.file(item_no="040", **SERVED))
    assert program.get(made).get_json()["service"]["electronic_to"] == "139****2222"
    program.done(made, "service_address", what="consent_withdrawn", by="张秀兰")
    assert program.get(made).get_json()["service"]["electronic"] == "disagree"
