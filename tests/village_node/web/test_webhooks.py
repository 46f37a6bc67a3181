"""The page on which an administrator says to which other systems news of cases is sent."""

import re
from html import unescape

import pytest

from tests.village_node.web.counter import PASSWORD, Counter, Visitor, problems
from village_node.web.webhooks import SILENT_MS

URL = "https://oa.example.gov.cn/sanji"
FORM = {"name": "县一体化平台", "url": URL, "states": ["received", "issued"], "item_no": "001", "place": ""}


@pytest.fixture
def admin(village: Counter) -> Visitor:
    village.accounts.webhooks.hosts = ("oa.example.gov.cn",)
    return village.sign_in("0009", "admin")


def test_a_webhook_is_registered_after_the_password_and_its_secret_is_shown_once(
    village: Counter, admin: Visitor
) -> None:
    rows = village.accounts.webhooks.rows
    asked = admin.client.post("/webhooks/make", data={"token": admin.token(), **FORM})
    assert asked.status_code == 401 and rows.all() == [] and asked.text.count('name="states"') == 2
    page = admin.send("/webhooks/make", {**FORM, "again_password": PASSWORD}).text
    (secret,) = re.findall(r"whsec_[A-Za-z0-9+/]{43}=", unescape(page))
    assert secret not in unescape(admin.open("/webhooks").text)
    (row,) = rows.all()
    assert (row.name, row.url, row.states, row.item_no, row.place) == (
        "县一体化平台",
        URL,
        "received issued",
        "001",
        None,
    )
    with_key = {**FORM, "name": "机器人", "url": f"{URL}?key=not-for-the-trail", "again_password": PASSWORD}
    assert "whsec_" in admin.send("/webhooks/make", with_key).text
    (mine,) = [each for each in rows.all() if each.name == "机器人"]
    assert mine.url.endswith("?key=not-for-the-trail")
    assert "not-for-the-trail" not in admin.open("/webhooks").text
    assert all("not-for-the-trail" not in line.detail for line in village.accounts.rows.audit_lines(9))
    admin.send(f"/webhooks/{mine.id}/end", {})
    assert "县一体化平台" in admin.open("/webhooks?text=oa.example").text
    assert "县一体化平台" not in admin.open("/webhooks?state=ended").text
    admin.send("/webhooks/1/end", {})
    assert "县一体化平台" in admin.open("/webhooks?state=ended").text
    assert admin.send("/webhooks/1/end", {}).status_code == admin.send("/webhooks/x/resend", {}).status_code == 404


def test_where_the_settings_name_no_host_there_is_no_form_but_what_to_set(village: Counter, admin: Visitor) -> None:
    assert 'action="/webhooks/make"' in admin.open("/webhooks").text
    village.accounts.webhooks.hosts = ()
    page = admin.open("/webhooks").text
    assert 'action="/webhooks/make"' not in page and "webhook_hosts = [" in page, "nothing can be registered"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"name": " "}, "名称应为"),
        ({"url": "https://elsewhere.example/x"}, 'webhook_hosts 里加上 "elsewhere.example"'),
        ({"url": "http://oa.example.gov.cn:8080/x"}, 'webhook_hosts 里加上 "http://oa.example.gov.cn:8080"'),
        ({"url": "oa.example.gov.cn"}, "https:// 开头"),
        ({"url": "https://oa.example.gov.cn/接收"}, "不含空格和汉字"),
        ({"states": []}, "请至少选一种"),
        ({"states": ["draft"]}, "请至少选一种"),
        ({"item_no": "999"}, "没有这个事项编号"),
        ({"place": "110000000000"}, "没有这个单位"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_is_kept(
    village: Counter, admin: Visitor, changed: dict[str, object], words: str
) -> None:
    answer = admin.send("/webhooks/make", {**FORM, **changed})
    assert answer.status_code == 422 and village.accounts.webhooks.rows.all() == []
    assert any(words in unescape(each) for each in problems(answer.text)), problems(answer.text)
    kept = {**FORM, **changed}
    assert f'value="{kept["item_no"]}"' in answer.text
    if kept["states"] == FORM["states"]:
        assert answer.text.count(" checked") == 2


def test_without_a_host_in_the_settings_the_page_says_what_to_write(village: Counter) -> None:
    admin = village.sign_in("0009", "admin")
    assert (
        "webhook_hosts = [&#34;" in admin.open("/webhooks").text or 'webhook_hosts = ["' in admin.open("/webhooks").text
    )
    assert admin.send("/webhooks/make", FORM).status_code == 422


def test_one_that_is_not_taken_is_shown_with_the_reason_and_after_a_while_on_the_health_page(
    village: Counter, admin: Visitor
) -> None:
    hooks, clock = village.accounts.webhooks, village.member.clock
    hooks.register("县一体化平台", URL, ["received"], "", "", by="0009")
    agent = village.sign_in("0001", "agent")
    agent.file()
    hooks.rows.failed(1, "连不上对方 / the receiver could not be reached", clock(), clock() + 1000, gone=False)
    page = admin.open("/webhooks").text
    assert "连不上对方" in page and "could not be reached" not in page and "立即重送" in page
    assert "1 个在用" in agent.open("/health").text and "送不到" not in agent.open("/health").text
    clock.now_ms += SILENT_MS  # after which nobody is signed in any more
    agent, admin = village.sign_in("0003", "agent"), village.sign_in("0010", "admin")
    health = agent.open("/health").text
    assert "送不到：县一体化平台" in health and "/webhooks" not in health, "nobody is led to what he may not see"
    assert admin.send("/webhooks/1/resend", {}).headers["Location"] == "/webhooks?done=resent"
    assert "几秒内再送" in admin.open("/webhooks?done=resent").text
    hooks.rows.failed(1, "x / x", clock(), clock(), gone=True)
    assert "对方不再接收" in admin.open("/health").text and "对方不再接收" in admin.open("/webhooks").text
    hooks.rows.trim(1, 0, clock())
    assert "丢弃 1 条" in admin.open("/health").text and "GET /cases" in admin.open("/webhooks").text


def test_only_an_administrator_is_led_there(village: Counter, admin: Visitor) -> None:
    head = village.sign_in("0002", "head")
    assert "/webhooks" in admin.open("/tokens").text and "/webhooks" not in head.open("/tokens").text
    assert head.open("/webhooks").status_code == 404
