"""A journey for each shape that an item of the catalogue can have, from the counter to its end: as its people would do
it, on the pages of three nodes, with working days between the steps. Each ends with its papers, read by whoever may
print them, and with its clock, explained day by day alike on every node that holds the case."""

import re
from dataclasses import dataclass, field

import pytest

from tests.builders import COUNTY, TOWNSHIP, VILLAGE, Network, delegate, delegate_all
from tests.sync_protocol.case.year_2026 import CALENDAR
from tests.village_node.web.counter import HOUSING, PASSWORD, Counter, Visitor, everywhere, exchange
from tests.village_node.web.errands import (
    AtHand,
    at_the_county,
    at_the_township,
    chosen,
    delivered,
    done,
    handed_up,
    opened_by_two,
    papers_of,
)
from tests.village_node.web.test_filing import held
from tests.village_node.web.test_item_versions import form
from tests.village_node.web.test_legal_life import why
from village_node.web.site import SITE

pytestmark = pytest.mark.slow

DAY_MS = 86_400_000


@dataclass
class Cast:
    """Who works at the three counters; days pass for all of them."""

    network: Network
    counters: dict[str, Counter]
    staff: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        sign = {place: counter.sign_in for place, counter in self.counters.items()}
        self.agent = sign[VILLAGE]("0001", "agent", name="王芳")
        self.village_head = sign[VILLAGE]("0002", "head", name="李建国")
        self.clerk = sign[TOWNSHIP]("0101", "clerk", "reviewer", name="周涛")
        self.station_head = sign[TOWNSHIP]("0102", "head", name="马站长")
        self.window = sign[COUNTY]("0201", "window", name="陈静")
        self.officer = sign[COUNTY]("0202", "officer", name="赵敏")
        self.head = sign[COUNTY]("0203", "head", name="钱局长")
        self.leader = sign[COUNTY]("0204", "leader", name="高县长")
        self.business = sign[COUNTY]("0205", "business", name="孙科长")
        delegate_all(self.counters[COUNTY].member, "0202", "0203")
        self.visitors = {
            "0001": self.agent, "0002": self.village_head, "0101": self.clerk, "0102": self.station_head,
            "0201": self.window, "0202": self.officer, "0203": self.head, "0204": self.leader, "0205": self.business,
        }  # fmt: skip

    def later(self, days: int) -> None:
        """So many days later everybody signs in again, and the lines have carried what there was."""
        self.network.clock.now_ms += days * DAY_MS
        for staff_no, visitor in self.visitors.items():
            answer = visitor.send("/sign-in", {"staff_no": staff_no, "password": PASSWORD})
            assert answer.status_code == 303
        everywhere(self.network)

    def readers(self, case: str) -> list[Visitor]:
        """One of each node that holds the case."""
        return [one for one in (self.agent, self.clerk, self.window) if one.open(case).status_code == 200]


@pytest.fixture
def cast(network: Network, village: Counter, township: Counter, county: Counter) -> Cast:
    counters = {VILLAGE: village, TOWNSHIP: township, COUNTY: county}
    for counter in counters.values():
        counter.app.extensions[SITE].printer = AtHand()
        counter.member.casebook.own_calendar = CALENDAR
        counter.member.casebook.calendar_kept = None
    return Cast(network, counters)


def explained(visitor: Visitor, case: str) -> str:
    """What the page says of the time of a case: its clocks, whose its working days were, and every day."""
    page = visitor.open(f"{case}/clock").text.split("<main")[1]
    shares = re.search(r"共 (\d+) 个工作日：([^<]*?)。", page)
    if shares:  # each working day belongs to exactly one
        assert int(shares[1]) == sum(int(each) for each in re.findall(r" (\d+)", shares[2])), shares[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def ended(cast: Cast, case: str, state: str, papers: set[str], *said: str) -> dict[str, str]:
    """A case came to its end: everybody who holds it shows the same state and explains its time with the same words,
    among them ``said``; these are its papers. Returns the words of each."""
    everywhere(cast.network)
    readers = cast.readers(case)
    assert {held(one.counter, case).state for one in readers} == {state}
    tales = [explained(one, case) for one in readers]
    assert all(tale.split("回到办件")[1] == tales[0].split("回到办件")[1] for tale in tales)
    for each in said:
        assert each in tales[0], tales[0]
    found: dict[str, str] = {}
    for reader in readers:
        found |= papers_of(reader, case)
    assert found.keys() == papers
    return found


def test_a_village_handles_it_itself(cast: Cast) -> None:
    case = cast.agent.file("040")
    done(cast.agent, case, "docket")
    cast.later(5)
    done(cast.village_head, case, "decide", outcome="approve")
    done(cast.agent, case, "delivered", to="张秀兰", how="in_person")
    ended(
        cast, case, "delivered", {"01", "04", "11", "16", "17"}, "承诺 正常 已用 3 个工作日，时限 30 个工作日", "村级 3"
    )


def test_a_village_accepts_and_the_township_settles_it(cast: Cast) -> None:
    case = cast.agent.file("041")
    done(cast.agent, case, "docket")
    handed_up(cast.network, cast.agent, cast.clerk, case)
    cast.later(2)
    done(cast.station_head, case, "decide", outcome="approve")
    delivered(cast.network, cast.clerk, case, cast.agent)
    ended(
        cast, case, "delivered", {"01", "handoff", "04", "11", "16", "17"}, "时限 5 个工作日；已结束，未超期", "乡镇 2"
    )


def test_a_village_accepts_the_township_reviews_the_county_decides(cast: Cast) -> None:
    case = cast.agent.file("010", m2="yes", m2_copies="1")
    done(cast.agent, case, "docket")
    done(cast.agent, case, "return_for_correction", **{"what:applicant_phone": "少一位"})
    cast.later(1)
    done(cast.agent, case, "supply", **{"answer:applicant_phone": "13800001111"})
    done(cast.agent, case, "take", supplies=chosen(cast.agent.open(case).text, "take", "supplies"))
    handed_up(cast.network, cast.agent, cast.clerk, case)
    cast.later(1)
    done(cast.clerk, case, "review", opinion="agree", text="属实")
    handed_up(cast.network, cast.clerk, cast.window, case)
    cast.later(3)
    done(cast.officer, case, "decide", outcome="approve")
    delivered(cast.network, cast.window, case, cast.agent)
    papers = ended(
        cast,
        case,
        "delivered",
        {"01", "handoff", "review", "04", "14", "03", "11", "16", "17"},
        "已用 3 个工作日，时限 15 个工作日",
    )
    assert "本次退回不停止计算办理期限" in papers["14"], "who does not examine it stops no clock"
    assert "上关村" in papers["01"] and "庆城县人力资源和社会保障局" in papers["11"], "each under its own name"


def test_the_township_decides_what_is_its_own(cast: Cast) -> None:
    case = at_the_township(cast.network, cast.agent, cast.clerk, "020")
    done(cast.clerk, case, "docket")
    done(cast.station_head, case, "decide", outcome="approve")
    delivered(cast.network, cast.clerk, case, cast.agent)
    ended(cast, case, "delivered", {"agency", "precheck", "handoff", "01", "04", "11", "16", "17"})


def test_the_county_decides_at_once(cast: Cast) -> None:
    case = cast.window.file("022", **{f"m{n}": "yes" for n in range(8)}, **HOUSING)
    done(cast.window, case, "docket")
    done(cast.officer, case, "decide", outcome="approve")
    done(cast.window, case, "delivered", to="张秀兰", how="in_person")
    ended(cast, case, "delivered", {"01", "04", "instant", "17"}, "承诺")


def test_a_higher_authority_decides(cast: Cast) -> None:
    case = at_the_county(cast.network, cast.agent, cast.clerk, cast.window, "030")
    cast.later(1)
    said = {"what": "reported_up", "basis": "城乡规划法", "higher_body": "庆阳市自然资源局", "reason": "拟同意"}
    done(cast.officer, case, "suspend", **said)
    cast.later(9)
    opened = chosen(cast.officer.open(case).text, "resume", "opened")[0]
    answer = {"outcome": "approve", "document_no": "庆市自然〔2026〕7号", "document_day": "2026-11-26"}
    done(cast.officer, case, "resume", opened=opened, **answer, document_hash="0a" * 32)
    done(cast.officer, case, "decide", outcome="approve")
    delivered(cast.network, cast.window, case, cast.agent)
    up = {"upward", "transmittal"}
    papers = ended(
        cast, case, "delivered", {"agency", "precheck", "handoff", "review", *up, "01", "04", "16", "17"}, "上级机关 "
    )
    assert "由庆阳市自然资源局决定" in papers["upward"] and "拟同意" in papers["transmittal"]


def test_a_joint_case_is_countersigned(cast: Cast) -> None:
    case = at_the_township(cast.network, cast.agent, cast.clerk, "007")
    done(cast.clerk, case, "docket")
    done(cast.clerk, case, "review", opinion="agree")
    done(cast.clerk, case, "countersign_open", members="自然资源所\n农业综合服务中心\n")
    delegate(cast.clerk.counter.member, "自然资源所", b="0101", head="0102")
    delegate(cast.clerk.counter.member, "农业综合服务中心", head="0102")
    cast.later(1)
    for visitor, member in ((cast.clerk, "自然资源所"), (cast.station_head, "农业综合服务中心")):
        opened = chosen(visitor.open(case).text, "countersignature", "opened")[0]
        done(visitor, case, "countersignature", opened=opened, member=member, opinion="agree")
    signed = chosen(cast.clerk.open(case).text, "countersign_close", "signatures")
    done(cast.clerk, case, "countersign_close", opened=opened, signatures=signed)
    done(cast.station_head, case, "decide", outcome="approve")
    delivered(cast.network, cast.clerk, case, cast.agent)
    ended(cast, case, "delivered", {"agency", "precheck", "handoff", "review", "joint", "01", "04", "11", "16", "17"})


def test_a_special_procedure_stops_both_clocks(cast: Cast) -> None:
    case = at_the_county(cast.network, cast.agent, cast.clerk, cast.window, "005")
    cast.later(1)
    said = {"what": "appraisal", "basis": "残疾人证管理办法", "planned_days": "10"}
    opened_by_two(cast.officer, cast.head, case, **said)
    cast.later(7)
    opened = chosen(cast.officer.open(case).text, "resume", "opened")[0]
    done(cast.officer, case, "resume", opened=opened, result="评定为二级")
    cast.later(1)
    done(cast.head, case, "decide", outcome="approve")
    delivered(cast.network, cast.window, case, cast.agent)
    papers = ended(
        cast,
        case,
        "delivered",
        {"agency", "precheck", "handoff", "review", "01", "04", "08", "11", "16", "17"},
        "法定",
        "不计",
    )
    assert "10个工作日" in papers["08"]


def test_what_is_posted_in_the_village_first(cast: Cast) -> None:
    case = cast.agent.file("004", m2="yes", m3="yes")
    done(cast.agent, case, "docket")
    handed_up(cast.network, cast.agent, cast.clerk, case)
    done(cast.clerk, case, "suspend", what="publicity", basis="高龄津贴办法", planned_days="7")
    cast.later(8)
    opened = chosen(cast.clerk.open(case).text, "resume", "opened")[0]
    done(cast.clerk, case, "resume", opened=opened, result="无异议")
    done(cast.clerk, case, "review", opinion="agree")
    handed_up(cast.network, cast.clerk, cast.window, case)
    done(cast.head, case, "decide", outcome="approve")
    delivered(cast.network, cast.window, case, cast.agent)
    posted = {"publicity", "published"}
    papers = ended(cast, case, "delivered", {"01", "04", "handoff", "review", *posted, "11", "16", "17"})
    assert "公示期7日" in papers["publicity"] and "无异议" in papers["published"]


def test_a_fee_is_paid_before_the_certificate_is_made(cast: Cast) -> None:
    case = at_the_county(cast.network, cast.agent, cast.clerk, cast.window, "034")
    done(cast.officer, case, "decide", outcome="approve")
    done(cast.window, case, "fee_notice", due_days="15")
    cast.later(5)
    done(cast.window, case, "fee_settled", how="paid", receipt_no="票0001")
    done(cast.officer, case, "issue", certificate_no="占道证1号", valid_from="2026-11-20", valid_to="2027-11-19")
    delivered(cast.network, cast.window, case, cast.agent)
    papers = ended(
        cast, case, "delivered", {"agency", "precheck", "handoff", "review", "01", "04", "11", "15", "16", "17"}
    )
    assert "60.00元" in papers["15"] and "60×1.00元＝60.00元" in papers["15"]


def test_a_paper_comes_later_and_the_certificate_waits_for_it(cast: Cast) -> None:
    case = at_the_township(cast.network, cast.agent, cast.clerk, "036")
    said = {"what": "tolerance", "paper:material:经营场所证明": "yes", "due": "2026-11-20", "signed_by": "张秀兰"}
    done(cast.clerk, case, "commitment", **said)
    done(cast.clerk, case, "docket")
    handed_up(cast.network, cast.clerk, cast.window, case)
    done(cast.officer, case, "decide", outcome="approve")
    assert "申请人的承诺尚未兑现" in why(cast.officer, case)
    cast.later(1)
    done(cast.agent, case, "supply", **{"paper:material:经营场所证明": "yes"})
    everywhere(cast.network)
    page = cast.window.open(case).text
    opened, supplies = (chosen(page, "commitment_kept", name) for name in ("opened", "supplies"))
    done(cast.window, case, "commitment_kept", opened=opened[0], supplies=supplies)
    done(cast.officer, case, "issue", certificate_no="出零字1号")
    delivered(cast.network, cast.window, case, cast.agent)
    papers = ended(
        cast,
        case,
        "delivered",
        {"agency", "precheck", "handoff", "tolerance", "01", "03", "04", "11", "16", "17"},
        "承诺",
    )
    assert "经营场所证明" in papers["tolerance"] and "2026年11月20日前补齐" in papers["tolerance"]


def test_it_is_refused_with_reasons_and_remedies(cast: Cast) -> None:
    case = at_the_county(cast.network, cast.agent, cast.clerk, cast.window, "008")
    done(cast.officer, case, "decide", outcome="refuse", reasons="在封山育林区内")
    delivered(cast.network, cast.window, case, cast.agent)
    papers = ended(cast, case, "delivered", {"agency", "precheck", "handoff", "review", "01", "04", "12", "16", "17"})
    assert "行政复议" in papers["12"] and "封山育林区" in papers["12"]


def test_it_is_withdrawn_on_the_way(cast: Cast) -> None:
    case = at_the_township(cast.network, cast.agent, cast.clerk, "001")
    done(cast.clerk, case, "docket")
    done(cast.agent, case, "withdrawal_request", reason="已有子女赡养")
    cast.later(1)
    request = chosen(cast.clerk.open(case).text, "answer", "request")[0]
    done(cast.clerk, case, "answer", request=request, granted="yes")
    ended(cast, case, "withdrawn", {"agency", "precheck", "handoff", "01", "04", "withdrawal", "17"})


def test_it_lapses_when_nothing_comes(cast: Cast) -> None:
    case = at_the_township(cast.network, cast.agent, cast.clerk, "001")
    done(cast.clerk, case, "return_for_correction", **{"what:material:户口簿": "缺页", "due_days": "5"})
    cast.later(12)
    exchange(cast.network, (VILLAGE, TOWNSHIP))
    done(cast.clerk, case, "lapse", limit_day="2026-11-25", reasons="逾期未补正")
    ended(cast, case, "lapsed", {"agency", "precheck", "handoff", "01", "02", "lapse", "17"})


def test_nobody_answers_and_it_counts_as_accepted(cast: Cast) -> None:
    case = at_the_township(cast.network, cast.agent, cast.clerk, "013")
    cast.later(9)
    assert "视为已受理" in explained(cast.agent, case)
    done(cast.clerk, case, "docket")
    done(cast.clerk, case, "review", opinion="agree")
    handed_up(cast.network, cast.clerk, cast.window, case)
    done(cast.officer, case, "decide", outcome="approve")
    delivered(cast.network, cast.window, case, cast.agent)
    ended(
        cast, case, "delivered", {"agency", "precheck", "handoff", "review", "01", "04", "11", "16", "17"}, "视为已受理"
    )


def test_a_case_ends_under_the_version_it_was_filed_under(cast: Cast) -> None:
    old = cast.agent.file("041")
    done(cast.agent, old, "docket")
    published = form(cast.network, "041", promised_days="3", budget_township_days="2", do="publish")
    assert cast.business.send("/catalogue/041", published).status_code == 303
    everywhere(cast.network)
    new = cast.agent.file("041", item_version="2")
    done(cast.agent, new, "docket")
    for case, days in ((old, 5), (new, 3)):
        handed_up(cast.network, cast.agent, cast.clerk, case)
        done(cast.station_head, case, "decide", outcome="approve")
        delivered(cast.network, cast.clerk, case, cast.agent)
        papers = ended(
            cast, case, "delivered", {"01", "handoff", "04", "11", "16", "17"}, f"时限 {days} 个工作日；已结束，未超期"
        )
        assert f"{days}个工作日" in papers["04"]
    assert [held(cast.agent.counter, case).item_version for case in (old, new)] == [1, 2]


def test_what_the_applicant_declares_is_looked_at_later_and_kept(cast: Cast) -> None:
    case = at_the_township(cast.network, cast.agent, cast.clerk, "036")
    said = {"what": "declaration", "text": "场所符合消防条件", "due": "2026-11-20", "signed_by": "张秀兰"}
    done(cast.clerk, case, "commitment", **said)
    done(cast.clerk, case, "docket")
    handed_up(cast.network, cast.clerk, cast.window, case)
    opened = chosen(cast.window.open(case).text, "commitment_kept", "opened")[0]
    done(cast.window, case, "commitment_kept", opened=opened, result="核查属实")
    done(cast.officer, case, "decide", outcome="approve")
    delivered(cast.network, cast.window, case, cast.agent)
    base = {"agency", "precheck", "handoff", "declaration", "01", "04", "11", "16", "17"}
    assert "场所符合消防条件" in ended(cast, case, "delivered", base)["declaration"]
