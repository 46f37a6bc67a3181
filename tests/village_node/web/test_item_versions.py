"""The county's form of an item, the guide of each version, what was changed, and the list for the wall."""

from datetime import date, timedelta

import pytest

from sync_protocol.case.workdays import day_of
from tests.builders import COUNTY, VILLAGE, Network
from tests.village_node.web.counter import Counter, Visitor, everywhere, problems
from village_node.web.item_form import edition_of, typed_of


@pytest.fixture
def business(county: Counter) -> Visitor:
    return county.sign_in("1004", "business", name="孙丽")


def form(network: Network, item_no: str = "001", /, **changes: str) -> dict[str, str]:
    """The form as the page shows it, with what has to be typed."""
    book = network.members[COUNTY].casebook
    item = book.catalogue.newest(item_no)
    assert item is not None
    told = {
        "version": str(book.next_version(item_no)),
        "begins": day_of(network.clock()).isoformat(),
        "reason": "县政府令",
    }
    typed = {name: text for name, text in typed_of(item).items() if text}
    return {name: text for name, text in {**typed, **told, "do": "preview", **changes}.items() if text}


def test_a_version_goes_from_the_county_s_form_to_the_village_s_guide_and_filing(
    network: Network, business: Visitor, agent: Visitor
) -> None:
    page = business.open("/catalogue/001").text
    assert "001 的第 2 版" in page and "低保" not in page and "最低生活保障" in page
    changed = form(
        network,
        promised_days="15",
        budget_township_days="6",
        budget_county_days="8",
        papers="身份证 | 原件\n低收入认定书 | 可容缺 | 条件：已认定的",
        guide_conditions="本县户籍，收入低于标准",
        rates="工本费 | 5.5 | 份",
    )
    preview = business.send("/catalogue/001", changed)
    assert preview.status_code == 200, problems(preview.text)
    for told in ("公布后群众看到的", "可容缺后补", "（已认定的）", "本县户籍，收入低于标准", "5.50 元/份"):
        assert told in preview.text
    assert "一半" not in preview.text
    assert network.members[COUNTY].casebook.catalogue.newest("001").version == 1  # type: ignore[union-attr]
    done = business.send("/catalogue/001", {**changed, "do": "publish"})
    assert done.status_code == 303 and "县政府令" in business.open(done.headers["Location"]).text
    everywhere(network)
    assert "受理后 15 个工作日" in agent.open("/items/001").text
    guide = agent.open("/items/001/2").text
    assert "第 2 版" in guide and "现行" in guide and "由庆城县公布" in guide and "改为新版本" not in guide
    old = agent.open("/items/001/1").text
    assert "旧版本，已收的件照此办完" in old and "示例" in old and "受理后 25 个工作日" in old
    assert agent.open("/items/001/9").status_code == 404
    assert 'name="item_version" value="2"' in agent.open("/file/001").text
    assert "县政府令" in agent.open("/catalogue").text


def test_a_long_promise_is_a_warning_that_stops_nobody(network: Network, business: Visitor) -> None:
    preview = business.send("/catalogue/001", form(network))
    assert preview.status_code == 200 and "承诺 25 天，超过法定 30 天的一半" in preview.text
    assert business.send("/catalogue/001", form(network, do="publish")).status_code == 303


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"name": ""}, "事项名称：请填写事项名称"),
        ({"promised_days": "31"}, "承诺 31 天，多于法定 30 天"),
        ({"promised_days": "x"}, "承诺工作日（当场办结写 0）：请填写 0 至 999 的整数"),
        ({"budget_county_days": "15"}, "各环节共 26 天"),
        ({"papers": "身份证 | 三份"}, "看不懂这一行：“身份证 | 三份”（三份）"),
        ({"form": "amount | 金额"}, "看不懂这一行"),
        ({"rules": "amount <= more | 不行"}, "规则只能用表单中的金额和整数"),
        ({"rates": "工本费 | 五元 | 份"}, "看不懂这一行"),
        ({"accept_township": ""}, "请选择受理、决定和送达的层级"),
        ({"begins": ""}, "请填写生效日期"),
        ({"begins": "明天"}, "请按 年-月-日 填写"),
        ({"begins": "2020-01-01"}, "生效日期不能早于今天"),
        ({"ends": "2020-01-01"}, "失效日期不能早于生效日期"),
        ({"delegable": "yes"}, "确需授权的请填依据文号"),
        ({"reason": ""}, "请填写理由"),
        ({"version": "7"}, "现在应是第 2 版"),
    ],
)
def test_what_cannot_be_published_names_the_field_and_keeps_what_was_typed(
    network: Network, business: Visitor, changes: dict[str, str], told: str
) -> None:
    answer = business.send("/catalogue/001", form(network, **changes))
    assert answer.status_code == 422
    assert any(told in each for each in problems(answer.text)), problems(answer.text)
    assert "户口簿" in answer.text or "papers" in changes
    assert business.send("/catalogue/001", form(network, **{**changes, "do": "publish"})).status_code == 422


def test_a_new_item_and_one_that_is_withdrawn(network: Network, business: Visitor, agent: Visitor) -> None:
    made = form(network, "008", item_no="101", name="古树移植审批", do="publish", version="1")
    assert business.send("/catalogue/new", {**made, "item_no": "001"}).status_code == 422
    assert business.send("/catalogue/new", made).status_code == 303, problems(
        business.send("/catalogue/new", made).text
    )
    soon = (day_of(network.clock()) + timedelta(7)).isoformat()
    business.send("/catalogue/009", form(network, "009", closed="yes", begins=soon, do="publish"))
    everywhere(network)
    assert "古树移植审批" in agent.open("/items").text
    assert "城乡居民养老保险参保登记" in agent.open("/items").text and "尚未生效" in agent.open("/catalogue").text
    network.clock.now_ms += 8 * 86_400_000
    assert "城乡居民养老保险参保登记" not in agent.open("/items").text
    assert agent.open("/items/009").status_code == 404
    assert "已取消" in agent.open("/catalogue").text


def test_nobody_else_has_the_form(network: Network, agent: Visitor, county: Counter) -> None:
    assert agent.open("/catalogue/001").status_code == 404
    window = county.sign_in("1009", "window")
    assert window.open("/catalogue/001").status_code == 404
    head = agent.counter.sign_in("0008", "head")
    assert head.send("/catalogue/001", form(network, do="publish")).status_code == 409
    assert network.members[VILLAGE].casebook.catalogue.newest("001").version == 1  # type: ignore[union-attr]


def test_others_publish_only_while_nobody_of_the_section_is_there(network: Network, county: Counter) -> None:
    officer, book = county.sign_in("1002", "officer", name="赵敏"), network.members[COUNTY].casebook
    changed = form(network, do="publish")
    assert "业务科公布" not in officer.open("/catalogue/001").text
    assert officer.send("/catalogue/001", changed).status_code == 303, "the county has no such section"
    county.sign_in("1004", "business", name="孙丽")
    assert "您现在只能看" in officer.open("/catalogue/001").text
    refused = officer.send("/catalogue/001", form(network, do="publish"))
    assert refused.status_code == 409 and "事项由县级业务科公布" in problems(refused.text)[0]
    assert book.catalogue.newest("001").version == 2  # type: ignore[union-attr]
    year = {"number": "2027", "document_no": "1号", "reason": "防汛", "off": "02-03 停工 1号", "on": ""}
    assert "工作日历由县级业务科公布" in problems(officer.send("/calendar/publish", year).text)[0]
    county.accounts.disable("1004", True)
    assert officer.send("/catalogue/001", form(network, do="publish")).status_code == 303


def test_who_decides_is_changed_behind_the_password_alone(network: Network, business: Visitor) -> None:
    delegable = "" if form(network).get("delegable") else "yes"
    changed = form(network, do="publish", delegable=delegable, delegable_basis="庆政发1号")
    asked = business.client.post("/catalogue/001", data={"token": business.token(), **changed})
    assert asked.status_code == 401 and "请再输入一次密码" in asked.text
    assert network.members[COUNTY].casebook.catalogue.newest("001").version == 1  # type: ignore[union-attr]
    same = business.client.post("/catalogue/001", data={"token": business.token(), **form(network, do="publish")})
    assert same.status_code == 303, "what changes no power asks for none"
    changed = form(network, do="publish", delegable=delegable, delegable_basis="庆政发1号")
    assert business.send("/catalogue/001", changed).status_code == 303


def test_every_item_can_be_published_as_its_form_shows_it(network: Network) -> None:
    book = network.members[COUNTY].casebook
    empty = dict.fromkeys((f"guide_{key}" for key in ("conditions", "procedure", "basis", "result", "hours")), "")
    empty |= dict.fromkeys(("guide_phone", "guide_complaints", "guide_tips"), "")
    for item in book.catalogue.items():
        typed = {**empty, **typed_of(item), "begins": "2027-01-01", "ends": "", "reason": "照旧"}
        made = book.merged(edition_of(typed, item.item_no, item.version)).item
        shown = {name: getattr(made, name) for name in item.__slots__}
        assert shown == {
            **{name: getattr(item, name) for name in item.__slots__},
            "begins": date(2027, 1, 1),
            "days_are": item.days_are if item.sample else "public page",
        }


def test_a_township_shows_the_list_for_its_wall(township: Counter, agent: Visitor) -> None:
    page = township.visitor().open("/items/list").text
    assert "事项公开目录" in page and "最低生活保障审核确认" in page and "不收费" in page
    # A village only gives information on this one.
    assert "企业设立登记" in page and "企业设立登记" not in agent.open("/items/list").text
