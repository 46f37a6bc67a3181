"""A slip: what somebody hands in at another village is attached to the case by the place above both, or declined."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from sync_protocol.case.numbers import check_character
from tests.builders import COUNTY, OTHER_TOWNSHIP, OTHER_VILLAGE, SECOND_VILLAGE, TOWNSHIP, VILLAGE, Network
from tests.village_node.web.counter import Counter, Visitor, exchange, hidden_of, open_counter, problems
from tests.village_node.web.errands import at_the_township, done
from tests.village_node.web.test_filing import held
from township_node import web as township_pages

NOON_MS = 1_795_000_000_000
VILLAGES = {TOWNSHIP: (VILLAGE, SECOND_VILLAGE), OTHER_TOWNSHIP: (OTHER_VILLAGE,)}


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """Two townships with their villages."""
    made = Network(tmp_path_factory.mktemp("slips"))
    made.enrol(COUNTY, TOWNSHIP, VILLAGE, SECOND_VILLAGE, OTHER_TOWNSHIP, OTHER_VILLAGE)
    for place in (COUNTY, TOWNSHIP, VILLAGE, SECOND_VILLAGE, OTHER_TOWNSHIP, OTHER_VILLAGE):
        made.open(place)
    made.clock.now_ms = NOON_MS
    yield made
    made.close()


@pytest.fixture(scope="module")
def counters(network: Network, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Counter]:
    folder = tmp_path_factory.mktemp("pages")
    found = {}
    for place, member in network.members.items():
        own: Path = folder / place
        own.mkdir()
        more = {} if place in (VILLAGE, SECOND_VILLAGE, OTHER_VILLAGE) else {"more": township_pages.register}
        found[place] = open_counter(member, own, **more)
    return found


@pytest.fixture(scope="module")
def people(counters: dict[str, Counter]) -> dict[str, Visitor]:
    return {
        VILLAGE: counters[VILLAGE].sign_in("0001", "agent"),
        SECOND_VILLAGE: counters[SECOND_VILLAGE].sign_in("0002", "agent", name="李梅"),
        OTHER_VILLAGE: counters[OTHER_VILLAGE].sign_in("0003", "agent", name="赵六"),
        TOWNSHIP: counters[TOWNSHIP].sign_in("0101", "clerk", name="高峰"),
        COUNTY: counters[COUNTY].sign_in("1001", "window", name="孙宁"),
    }


def all_around(network: Network) -> None:
    """Exchange until every node holds what it may."""
    up = [(village, township) for township, villages in VILLAGES.items() for village in villages]
    up += [(township, COUNTY) for township in VILLAGES]
    exchange(network, *up, *reversed(up))


def brought(visitor: Visitor, case_no: str, **said: str) -> str:
    """Take a slip in at a counter; its number."""
    answer = visitor.send("/slips/new", {"case_no": case_no, "what": "note", "by": "张秀兰", **said})
    assert answer.status_code == 303, problems(answer.text)
    return answer.headers["Location"].rpartition("/")[2]


def answer(visitor: Visitor, number: str, what: str, **said: str) -> TestResponse:
    """Attach or decline."""
    address = f"/slips/of/{number}/{what}"
    hidden = hidden_of(visitor.open(f"/slips/of/{number}").text, address)
    return visitor.send(address, {**hidden, **said})


def test_papers_handed_in_at_a_neighbouring_village_reach_the_case(
    network: Network, people: dict[str, Visitor], counters: dict[str, Counter]
) -> None:
    agent, neighbour, clerk = people[VILLAGE], people[SECOND_VILLAGE], people[TOWNSHIP]
    case = at_the_township(network, agent, clerk, "001")
    done(clerk, case, "return_for_correction", **{"mark:material:户口簿": "yes"})
    all_around(network)
    known = held(counters[VILLAGE], case)
    code = known.query_code
    papers = {"what": "supply", "papers": "户口簿\n收入证明", "originals": "yes", "contact": "13800001234"}
    number = brought(neighbour, known.case_no.lower(), code=code, **papers)
    slip = neighbour.open(f"/slips/of/{number}").text
    assert "还没有转到办理单位" in slip and "驿马镇" in slip and "户口簿 1 份（原件）" in slip
    assert "张*" in slip and "13800001234" not in slip and code not in slip
    shown = neighbour.send(f"/slips/of/{number}/unmask", {"reason": "电话核实"}).text
    assert "张秀兰 · 13800001234" in shown
    assert neighbour.send(f"/slips/of/{number}/unmask", {"reason": ""}).status_code == 422

    all_around(network)
    assert number not in agent.open("/slips").text, "the other village is told nothing"
    assert '异地代收 <span class="count">1</span>' in clerk.open("/work").text
    assert number in clerk.open("/slips").text.split("本单位和下级代收")[0]
    page = clerk.open(f"/slips/of/{number}").text
    assert "查询码与案件相符" in page and case in page
    address = f"/slips/of/{number}/attach"
    form = hidden_of(page, address)
    window = people[COUNTY]
    assert f"/slips/of/{number}/attach" not in window.open(f"/slips/of/{number}").text, (
        "the township meets, and nobody else"
    )
    assert window.send(f"/slips/of/{number}/decline", {"text": "不是本人"}).status_code == 404
    assert clerk.send(address, form).status_code == 303
    assert clerk.send(address, form).status_code == 303, "a second click does nothing more"
    late = {**form, "text": "不是本人"}
    assert "已经处理" in clerk.send(f"/slips/of/{number}/decline", late).text, "nothing is said of it that is not so"
    assert "这份代收单已经处理" in clerk.send(address, {}).text
    all_around(network)
    assert "已附入案件" in neighbour.open(f"/slips/of/{number}").text
    now = held(counters[VILLAGE], case)
    assert now.open_supplies[-1].body["materials"] == [["户口簿", 1, True], ["收入证明", 1, True]]
    assert f"下关村代收（{number}）" in agent.open(case).text
    done(clerk, case, "take", supplies=re.findall(r'name="supplies" value="([^"]+)"', clerk.open(case).text))


def test_the_county_attaches_between_townships_and_declines_with_words(
    network: Network, people: dict[str, Visitor], counters: dict[str, Counter]
) -> None:
    agent, far, clerk, window = people[VILLAGE], people[OTHER_VILLAGE], people[TOWNSHIP], people[COUNTY]
    case = at_the_township(network, agent, clerk, "001")
    all_around(network)
    known = held(counters[VILLAGE], case)
    asks = brought(far, known.case_no, what="withdrawal_request", text="不想办了", code=known.query_code)
    wrong_code = ("0" if known.query_code[0] != "0" else "1") + known.query_code[1:]
    guess = brought(far, known.case_no, what="withdrawal_request", text="冒名", code=wrong_code)
    stem = "990101101201-261126-7K3M-1"
    nowhere = brought(far, f"{stem}-{check_character(stem)}", text="号码抄错了")
    unknown = brought(far, known.case_no, text="我家电话换了")
    all_around(network)
    assert asks not in clerk.open("/slips").text, "the township follows one of the two villages alone"
    assert "查询码不符" in window.open("/slips").text
    assert "不能附入" in window.open(f"/slips/of/{guess}").text
    assert "查询码与案件不符" in window.send(f"/slips/of/{guess}/attach", {}).text
    assert "没有出示查询码" in window.open(f"/slips/of/{unknown}").text
    assert "“未附入的原因”缺少" in answer(window, guess, "decline", text="").text
    assert answer(window, guess, "decline", text="查询码不是这一件的，请带回执再来").status_code == 303
    assert answer(window, asks, "attach").status_code == 303 and answer(window, unknown, "attach").status_code == 303
    assert "本机没有这个编号的件" in window.send(f"/slips/of/{nowhere}/attach", {}).text
    all_around(network)
    assert "请带回执再来" in far.open(f"/slips/of/{guess}").text
    page = clerk.open(case).text
    assert "不想办了" in page and "我家电话换了" in page and "冒名" not in page
    assert len(held(counters[TOWNSHIP], case).open_withdrawals) == 1
    assert window.send(f"/slips/of/{asks}/decline", {"text": "x"}).status_code == 409
    assert clerk.send(f"/slips/of/{asks}/decline", {"text": "x"}).status_code == 404


def test_a_rating_given_elsewhere_counts_once(
    network: Network, people: dict[str, Visitor], counters: dict[str, Counter]
) -> None:
    agent, neighbour, clerk = people[VILLAGE], people[SECOND_VILLAGE], people[TOWNSHIP]
    other = counters[TOWNSHIP].sign_in("0109", "clerk", name="马丽")
    case = at_the_township(network, agent, clerk, "001")
    done(clerk, case, "docket")
    all_around(network)
    case_no = held(counters[VILLAGE], case).case_no
    bad = neighbour.send(
        "/slips/new", {"case_no": case_no, "what": "rating", "by": "张秀兰", "grade": "poor", "stage": "1"}
    )
    assert bad.status_code == 422 and "说明" in "".join(problems(bad.text)), "a bad grade says why"
    number = brought(neighbour, case_no, what="rating", grade="good", stage="1")
    all_around(network)
    assert answer(other, number, "attach").status_code == 303
    all_around(network)
    rating = held(counters[VILLAGE], case).ratings[1]
    assert rating.body["grade"] == "good" and number in rating.body["text"] and rating.place == TOWNSHIP


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"case_no": "1-2"}, "case_no", "五段"),
        ({"case_no": "own"}, "case_no", "不用代收"),
        ({"what": "nothing"}, "what", "代收的内容"),
        ({"by": ""}, "by", "交来的人"),
        ({"text": ""}, "text", "说明"),
        ({"what": "supply"}, "papers", "代收的材料"),
        ({"what": "rating"}, "grade", "评价"),
        ({"papers": "户口簿"}, "papers", "代收的材料"),
        ({"grade": "good"}, "grade", "评价"),
        ({"code": "123"}, "code", "查询码"),
        ({"code": "7K3M12"}, "code", "13 位"),
    ],
)
def test_what_does_not_fit_is_named_and_nothing_is_lost(
    people: dict[str, Visitor], counters: dict[str, Counter], change: dict[str, str], field: str, said: str
) -> None:
    agent, neighbour = people[VILLAGE], people[SECOND_VILLAGE]
    own = held(counters[SECOND_VILLAGE], neighbour.file()).case_no if change.get("case_no") == "own" else ""
    far = held(counters[VILLAGE], agent.file()).case_no
    typed = {"case_no": far, "what": "note", "by": "张秀兰", "text": "我的话不能丢", **change}
    if own:
        typed["case_no"] = own
    page = neighbour.send("/slips/new", typed)
    assert page.status_code == 422, page.headers
    assert f'id="e-{field}"' in page.text and any(said in each for each in problems(page.text)), problems(page.text)
    assert not typed["text"] or typed["text"] in page.text


def test_a_case_filed_at_the_township_takes_papers_at_the_applicants_own_village(
    network: Network, people: dict[str, Visitor], counters: dict[str, Counter]
) -> None:
    agent, clerk = people[VILLAGE], people[TOWNSHIP]
    case = clerk.file("001")
    case_no = held(counters[TOWNSHIP], case).case_no
    number = brought(agent, case_no, text="我家电话换了")
    all_around(network)
    assert answer(clerk, number, "attach").status_code == 303
    assert "我家电话换了" in clerk.open(case).text
    all_around(network)
    assert "已附入案件" in agent.open(f"/slips/of/{number}").text


def test_a_form_sent_again_with_something_else_in_it_is_not_lost_in_silence(
    people: dict[str, Visitor], counters: dict[str, Counter]
) -> None:
    agent, neighbour = people[VILLAGE], people[SECOND_VILLAGE]
    case_no = held(counters[VILLAGE], agent.file()).case_no
    form = hidden_of(neighbour.open("/slips/new").text, "/slips/new")
    said = {**form, "case_no": case_no, "what": "note", "by": "张秀兰", "text": "第一次"}
    assert neighbour.send("/slips/new", said).status_code == 303
    again = neighbour.send("/slips/new", {**said, "text": "改过的"})
    assert again.status_code == 409 and "改过的" in again.text and "内容有改动" in again.text
