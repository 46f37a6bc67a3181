"""Windows: opened, changed and closed by a document, open on their days, known above and below; the head desk."""

import csv
import io
from typing import Any

import pytest

from tests.builders import COUNTY, TOWNSHIP, Network
from tests.village_node.web.api.program import program_at
from tests.village_node.web.counter import Counter, Visitor, everywhere
from tests.village_node.web.errands import PAPERS
from tests.village_node.web.test_filing import held
from tests.village_node.web.test_service_room import ROOM, TODAY, kept, refused

WINDOW = {
    "window": "1号", "sort": "fixed", "department": "", "items": "001 016", "first": "2026-01-05", "last": "",
    "season_first": "", "season_last": "", "document_no": "村字〔2026〕1号", "reason": "新设", "task:accept": "yes",
    **{f"where{number}": "" for number in range(1, 8)},
}  # fmt: skip
SEASON = {
    **WINDOW, "window": "烟花爆竹", "sort": "seasonal", "items": "021", "season_first": "12-15", "season_last": "02-20",
}  # fmt: skip
CART = {
    **WINDOW, "window": "流动车", "sort": "mobile", "items": "", "where3": "驿马集市", "task:consult": "yes",
}  # fmt: skip
DESK = {**WINDOW, "window": "总台", "sort": "head", "items": "", "task:consult": "yes", "task:settle": "yes"}
CLOSE = {"window": "1号", "first": TODAY, "document_no": "村字〔2026〕9号", "reason": "并入2号"}
OPEN = "/windows/register/open"
THURSDAY, MONDAY = "2026-11-19", "2026-12-21"


@pytest.fixture
def head(village: Counter) -> Visitor:
    return village.sign_in("0002", "head", name="李主任")


def lines(page: str, heading: str) -> str:
    """What stands under a heading, without tags."""
    return "".join(part.partition(">")[2] for part in page.partition(heading)[2].partition("<h2")[0].split("<"))


def test_a_window_is_opened_changed_and_closed_by_a_document(head: Visitor) -> None:
    kept(head, OPEN, **WINDOW)
    page = head.open("/windows/register").text
    assert "1号" in page and "今天开放" in page and "001 016" in page and "built-in" not in page
    refused(head, OPEN, "已有这个窗口", **WINDOW)
    change = {**WINDOW, "items": "001", "first": "2026-12-01", "reason": "下放016"}
    sent_back = head.send("/windows/register/change", change)
    assert sent_back.status_code == 422 and "016" in lines(sent_back.text, "调整后没有着落的").partition("已看清")[0]
    kept(head, "/windows/register/change", **change, seen="yes")
    own = head.open(head.open("/windows/register").text.partition('class="row-link" href="')[2].partition('"')[0]).text
    assert "下放016" in own and "村字〔2026〕1号" in own and "李主任" in own
    assert "016" in lines(head.open("/windows?day=2026-11-30").text, "事项到哪个窗口办")
    assert "016" not in lines(head.open("/windows?day=2026-12-01").text, "事项到哪个窗口办"), "not before its day"
    answer = head.send("/windows/register/close", CLOSE)
    assert answer.status_code == 422 and "没有别的窗口办的事项" in answer.text and "并入2号" in answer.text
    kept(head, "/windows/register/close", **CLOSE, seen="yes")
    assert "已撤销" in head.open("/windows/register").text
    refused(head, "/windows/register/change", "没有这个窗口", **{**WINDOW, "first": TODAY})
    kept(head, OPEN, **{**WINDOW, "first": THURSDAY})
    assert "未开设" in head.open("/windows/register?state=planned").text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("请填写窗口名称", {"window": "1 号窗"}),
        ("没有事项 999", {"items": "999"}),
        ("截止日期不能早于开始日期", {"last": "2025-01-01"}),
        ("季节窗口要填", {"sort": "seasonal"}),
        ("季节窗口要填", {"season_first": "12-15", "season_last": "02-20"}),
        ("流动窗口要填", {"sort": "mobile"}),
        ("请填写依据文号", {"document_no": ""}),
        ("请填写理由", {"reason": ""}),
        ("至少一项", {"task:accept": ""}),
        ("请填写日期", {"first": "明天"}),
    ],
)
def test_what_does_not_fit_is_named_and_what_was_typed_is_kept(head: Visitor, words: str, said: dict[str, str]) -> None:
    typed = {**WINDOW, **said}
    refused(head, OPEN, words, **typed)
    page = head.send(OPEN, {**typed, "reason": said.get("reason", "便民")}).text
    assert said.get("reason", "便民") in page and "没有登记" in page


def test_a_change_from_before_today_is_refused(head: Visitor) -> None:
    kept(head, OPEN, **WINDOW)
    refused(head, "/windows/register/change", "只能从今天起", **{**WINDOW, "first": "2026-11-17"})
    refused(head, "/windows/register/close", "只能从今天起", **{**CLOSE, "first": "2026-11-17"}, seen="yes")


def test_residents_see_which_window_takes_which_item_on_which_day(village: Counter, head: Visitor) -> None:
    for each in (WINDOW, SEASON, CART):
        kept(head, OPEN, **each)
    resident = village.visitor()
    today = resident.open("/windows").text
    opened, taken = lines(today, "开放的窗口"), lines(today, "事项到哪个窗口办")
    assert "流动车（驿马集市）" in opened and "1号" in opened and "烟花爆竹" not in opened
    thursday = resident.open(f"/windows?day={THURSDAY}").text
    assert "流动车" not in lines(thursday, "开放的窗口")
    season = resident.open(f"/windows?day={MONDAY}").text
    assert "烟花爆竹" in lines(season, "开放的窗口")
    only = lines(resident.open(f"/windows?day={THURSDAY}&text=021").text, "事项到哪个窗口办")
    assert "这一天不办；2026-11-25 起" in only and "流动车" in only, "the cart takes everything on Wednesdays"
    assert "001" in taken and resident.open("/windows?day=2026-13-01").text.count("请按 年-月-日 填写日期") == 1
    assert "休息日" in resident.open("/windows?day=2026-11-21").text
    told = village.app.test_client().get(f"/api/v1/windows?day={MONDAY}&item_no=021").get_json()
    assert [each["window"] for each in told["windows"]] == ["1号", "烟花爆竹"]
    [item] = told["items"]
    assert [each["window"] for each in item["windows"]] == ["烟花爆竹"] and item["next_day"] is None


def test_numbers_are_drawn_only_for_windows_that_are_open_that_day(agent: Visitor, head: Visitor) -> None:
    kept(head, "/duty/room", **{**ROOM, "windows": "1号 - 0001"})
    for each in (WINDOW, SEASON):
        kept(head, OPEN, **each)
    page = agent.open("/turns").text
    assert '<option value="1号" selected>' in page and '<option value="烟花爆竹"' not in page
    assert "烟花爆竹（下次 2026-12-15）" in page
    refused(agent, "/turns/draw", "烟花爆竹今天不开放，下次开放 2026-12-15", draw_item="", draw_window="烟花爆竹")
    refused(agent, "/turns/call", "今天不开放", window="烟花爆竹")
    refused(agent, "/turns/draw", "最近开放：2026-12-15", draw_item="021", draw_window="")
    refused(agent, "/turns/draw", "1号不办这件事；可以办的窗口：今天没有", draw_item="021", draw_window="1号")
    kept(agent, "/turns/draw", draw_item="001", draw_window="1号")
    kept(agent, "/turns/call", window="1号")


def test_the_head_desk_takes_everything_and_what_it_passes_on_is_remembered(
    village: Counter, agent: Visitor, head: Visitor
) -> None:
    for each in (WINDOW, DESK, {**WINDOW, "window": "收费", "items": "", "task:accept": "", "task:settle": "yes"}):
        kept(head, OPEN, **each)
    assert "先到总服务台（总台）" in agent.open("/turns").text
    kept(agent, "/turns/draw", draw_item="", draw_window="", draw_purpose="consult")
    kept(agent, "/turns/draw", draw_item="", draw_window="", draw_purpose="settle")
    kept(agent, "/turns/draw", draw_item="001", draw_window="", draw_purpose="accept")
    assert agent.send("/turns/call", {"window": "1号"}).status_code == 409, "all of them wait for the desk"
    for _ in range(3):
        kept(agent, "/turns/call", window="总台")
    kept(agent, "/turns/1/done", case_no="")
    refused(agent, "/turns/2/transfer", "1号不办这件事；可以办的窗口：总台、收费", to_window="1号", note="缴费")
    kept(agent, "/turns/2/transfer", to_window="收费", note="缴工本费")
    kept(agent, "/turns/3/transfer", to_window="1号", note="")
    kept(agent, "/turns/call", window="收费")
    page = agent.open("/turns").text
    assert "总台 → 收费" in page and "缴工本费" in page and "缴费领取" in page
    passed = head.open("/turns/passes").text
    assert "总台 → 收费" in passed and "总台 → 1号" in passed
    assert "总台 → 1号" not in head.open("/turns/passes?purpose=settle").text
    assert "总台 → 收费" not in head.open("/turns/passes?text=A003").text
    rows = list(csv.reader(io.StringIO(head.open("/turns/passes.csv").text.lstrip("\ufeff"))))
    assert [(row[2], row[3], row[5], row[6], row[8]) for row in rows[1:-1]] == [
        ("A003", "受理", "总台", "1号", ""),
        ("A002", "缴费领取", "总台", "收费", "缴工本费"),
    ]
    told = program_at(village, "0801", "agent").get("/turns").get_json()["tickets"]
    assert [(each["purpose"], [one["to_window"] for one in each["passes"]]) for each in told] == [
        ("consult", []),
        ("settle", ["收费"]),
        ("accept", ["1号"]),
    ]


def test_who_waits_and_what_is_claimed_is_named_before_a_window_is_closed(
    village: Counter, agent: Visitor, head: Visitor
) -> None:
    kept(head, "/duty/room", **{**ROOM, "windows": "1号 - 0001"})
    for each in (WINDOW, {**WINDOW, "window": "2号", "items": "001"}):
        kept(head, OPEN, **each)
    case = agent.file("001", **PAPERS)
    number = held(village, case).case_no
    village.sign_in("0003", "agent")
    assert agent.send(f"{case}/claim", {"reason": ""}).status_code == 303
    kept(agent, "/turns/draw", draw_item="016", draw_window="1号")
    kept(agent, "/turns/book", day=THURSDAY, slot="09:00", name="张秀兰", item_no="016", phone_tail="1234")
    page = head.send("/windows/register/close", CLOSE)
    assert page.status_code == 422
    told = lines(page.text, "撤销后没有着落的")
    assert "A001" in told and str(number) in told and "016" in told and "已预约这些事项的：1 人" in told
    assert "001 " not in told, "another window takes that one"
    program = program_at(village, "0802", "head")
    left = program.get("/windows/leaving?window=1号").get_json()
    assert left == {"waiting": ["A001"], "claimed": [number], "items": ["016"], "booked": 1}
    kept(head, "/windows/register/close", **CLOSE, seen="yes")
    kept(agent, "/turns/call", window="2号")


def test_what_a_change_drops_is_named_before_it_holds(village: Counter, agent: Visitor, head: Visitor) -> None:
    kept(head, "/duty/room", **ROOM)
    for each in (WINDOW, {**WINDOW, "window": "2号", "items": "001"}):
        kept(head, OPEN, **each)
    kept(agent, "/turns/draw", draw_item="016", draw_window="1号")
    kept(agent, "/turns/book", day=THURSDAY, slot="09:00", name="张秀兰", item_no="016", phone_tail="1234")
    change = "/windows/register/change"

    def named(**said: str) -> str:
        page = head.send(change, {**WINDOW, "first": TODAY, **said})
        assert page.status_code == 422
        return lines(page.text, "调整后没有着落的").partition("已看清")[0]

    dropped = named(items="001", reason="下放016")
    assert "016" in dropped and "001" not in dropped and "1 人" in dropped
    assert "A001" not in dropped, "it is still open today"
    assert "A001" in named(sort="seasonal", season_first="12-15", season_last="02-20")
    mobile = named(sort="mobile", where3="驿马集市")
    assert "1 人" in mobile and "016" not in mobile, "on Thursdays it would not be there; it still takes the item"
    ended = named(last=MONDAY)
    assert "016" in ended and "001" not in ended and "已预约" not in ended, "after its last day nobody is booked yet"
    kept(head, change, **{**WINDOW, "first": TODAY, "items": "001 016 021"})
    kept(head, change, **{**WINDOW, "first": TODAY, "last": MONDAY, "items": "001"}, seen="yes")
    kept(head, change, **{**WINDOW, "first": TODAY, "last": "2027-03-01", "items": "001"})


def test_the_county_and_the_villages_see_the_windows_of_a_township(
    network: Network, village: Counter, township: Counter, county: Counter
) -> None:
    station = township.sign_in("0102", "head", name="王站长")
    kept(station, OPEN, **SEASON)
    everywhere(network)
    for counter in (county, village):
        page = counter.visitor().open(f"/windows?day={MONDAY}").text
        assert "烟花爆竹" in lines(page, "开放的窗口"), counter.config.place
        assert "烟花爆竹" in lines(counter.visitor().open(f"/windows?day={TODAY}&text=021").text, "事项到哪个窗口办")
    boss = county.sign_in("1003", "head")
    page = boss.open(f"/windows/register?place={TOWNSHIP}").text
    address = page.partition('class="row-link" href="')[2].partition('"')[0]
    own = boss.open(address).text
    assert "村字〔2026〕1号" in own and "撤销窗口" not in own, "who is above reads it and changes nothing"
    refused(boss, "/windows/register/change", "没有这个窗口", **{**SEASON, "first": TODAY})
    kept(station, "/windows/register/close", **{**CLOSE, "window": "烟花爆竹"}, seen="yes")
    everywhere(network)
    assert "烟花爆竹" not in lines(village.visitor().open(f"/windows?day={MONDAY}").text, "开放的窗口")
    rows = list(csv.reader(io.StringIO(boss.open("/windows/register.csv").text.lstrip("\ufeff"))))
    assert rows[1][0] == TOWNSHIP and rows[1][4] == "已撤销" and rows[1][12] == "村字〔2026〕9号"
    assert county.config.place == COUNTY


def test_a_window_is_opened_and_closed_by_a_program_once(village: Counter) -> None:
    head, agent = program_at(village, "0802", "head"), program_at(village, "0803", "agent")
    body: dict[str, Any] = {
        "what": "open", "window": "流动车", "first": TODAY, "document_no": "村字〔2026〕1号", "reason": "便民",
        "sort": "mobile", "days": [{"weekday": 5, "where": "集市"}, {"weekday": 3, "where": "村部"}],
        "tasks": ["consult", "accept"],
    }  # fmt: skip
    assert agent.post("/windows", body).status_code == 403
    first, second = (head.post("/windows", body, "window-001") for _ in range(2))
    assert first.status_code == second.status_code == 200 and first.get_json() == {"number": "流动车"}
    assert head.post("/windows", {**body, "window": "流 动"}).get_json()["field"] == "window"
    [told] = head.get("/windows/register").get_json()["windows"]
    assert told["state"] == "open" and len(told["entries"]) == 1
    assert told["entries"][0]["days"] == [{"weekday": 3, "where": "村部"}, {"weekday": 5, "where": "集市"}]
    close = {name: body[name] for name in ("window", "document_no", "reason")} | {"what": "close", "first": TODAY}
    assert head.post("/windows", close).get_json()["field"] == "seen"
    assert head.post("/windows", {**close, "seen": True}).status_code == 200
    assert head.get("/windows/register").get_json()["windows"][0]["state"] == "ended"
    assert head.get("/windows/leaving?window=9号").status_code == 404


def test_a_window_out_of_its_season_is_not_told_as_idle(village: Counter, head: Visitor) -> None:
    kept(head, "/duty/room", **{**ROOM, "windows": "9号"})
    summer = {**SEASON, "window": "防汛", "season_first": "10-01", "season_last": "10-31"}
    for each in (WINDOW, SEASON, summer, CART, {**WINDOW, "window": "新窗口", "first": "2026-11-10"}):
        kept(head, OPEN, **each)

    def idle(months: int) -> set[str]:
        page = head.open(f"/idle?view=windows&months={months}").text.partition("<tbody>")[2]
        return {name for name in ("1号", "9号", "烟花爆竹", "防汛", "流动车", "新窗口") if name in page}

    assert idle(1) == {"1号", "9号", "防汛", "流动车"}, "the season of fireworks has not come, the new one is new"
    told = program_at(village, "0802", "head").get("/idle?months=6").get_json()["windows"]
    assert {each["code"] for each in told} == {"1号", "9号", "防汛", "流动车"}
    kept(head, "/windows/register/close", **CLOSE, seen="yes")
    assert idle(1) == {"9号", "防汛", "流动车"}, "what is closed is not asked"
