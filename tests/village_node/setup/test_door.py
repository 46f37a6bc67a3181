"""Who gets at the pages of a set-up: one browser with the code, by forms of ours, under the headers of all pages."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.village_node.setup.browser import Setting, setting_up
from tests.village_node.web.test_headers import HEADERS
from village_node.setup import wizard as wizards
from village_node.setup.pages import SETTER
from village_node.web.policy import declared

# Written out by hand, so that a slip in a policy shows: route -> (who may, methods).
MAY = {
    "start": ("anybody", {"GET"}),
    "asset": ("anybody", {"GET"}),
    "setup": ("anybody", {"GET", "POST"}),
    "setup_step": ("setter", {"GET", "POST"}),
    "setup_look": ("setter", {"GET", "POST"}),
    "setup_joining": ("setter", {"GET"}),
    "setup_request": ("setter", {"GET"}),
    "setup_files": ("setter", {"GET", "POST"}),
    "setup_address": ("setter", {"GET", "POST"}),
    "setup_compared": ("setter", {"POST"}),
}
STEPS = ("place", "above", "keys", "reach", "account")


@pytest.fixture
def setting(tmp_path: Path) -> Iterator[Setting]:
    with setting_up(tmp_path / "node") as opened:
        yield opened


def paths(setting: Setting) -> list[tuple[str, str, str]]:
    """Endpoint, method and address of every route."""
    style = setting.pages.assets.address("site.css")
    assert style is not None
    found = []
    for rule in setting.pages.app.url_map.iter_rules():
        filled = [rule.rule]
        if rule.endpoint == "setup_step":
            filled = [f"/setup/{step}" for step in STEPS]
        elif rule.endpoint == "asset":
            filled = [style]
        found += [(rule.endpoint, method, path) for method in sorted(rule.methods or ()) for path in filled]
    return found


def test_every_route_says_who_may_and_no_other_is_there(setting: Setting) -> None:
    policies = declared(setting.pages.app)
    assert {name: "anybody" if policy.roles is None else "setter" for name, policy in policies.items()} == {
        name: who for name, (who, _) in MAY.items()
    }
    assert all(policy.roles in (None, SETTER) for policy in policies.values())
    methods: dict[str, set[str]] = {}
    for endpoint, method, _ in paths(setting):
        methods.setdefault(endpoint, set()).add(method)
    assert {name: found - {"HEAD", "OPTIONS"} for name, found in methods.items()} == {
        name: allowed for name, (_, allowed) in MAY.items()
    }


@pytest.mark.parametrize("inside", [False, True])
def test_every_answer_carries_the_headers_of_all_pages(setting: Setting, inside: bool) -> None:
    browser = setting.entered() if inside else setting.browser()
    tried = [(method, path) for _, method, path in paths(setting)]
    assert len(tried) > 30
    for method, path in [*tried, ("GET", "/there/is/no/such/page"), ("DELETE", "/setup")]:
        answer = browser.client.open(path, method=method)
        for name, value in HEADERS.items():
            assert answer.headers.get(name) == value, (method, path, name)
        if not path.startswith("/assets/"):
            assert answer.headers["Cache-Control"] == "no-store", (method, path)
        assert answer.status_code < 500, (method, path)


def test_a_page_names_no_other_host_and_holds_no_inline_script_or_style(setting: Setting) -> None:
    browser = setting.entered()
    for path in ("/setup/place", "/setup/above", "/setup/keys", "/setup/reach", "/setup/account"):
        page = browser.open(path).text.replace("http://192.168.1.8:8701", "").replace("https://cun.example", "")
        assert "http://" not in page and "https://" not in page
        assert "style=" not in page and "<style" not in page and "<script" not in page


def test_without_the_code_there_is_nothing_but_the_door(setting: Setting) -> None:
    setting.entered()
    stranger = setting.browser()
    door = stranger.open("/setup")
    assert door.status_code == 200 and "一次性设置码" in door.text
    for endpoint, method, path in paths(setting):
        if MAY[endpoint][0] == "anybody" or method not in MAY[endpoint][1]:
            continue
        if method == "GET":
            answer = stranger.client.get(path)
            assert (answer.status_code, answer.headers["Location"]) == (303, "/setup"), path
        else:
            assert stranger.again(path, {}).status_code == 403, path
        stranger.open("/setup")
    assert not setting.wizard.data.exists()


def test_a_form_that_is_not_ours_changes_nothing(setting: Setting) -> None:
    browser = setting.entered()
    other = setting.browser()
    other.open("/setup")
    for endpoint, method, path in paths(setting):
        if method != "POST":
            continue
        browser.open("/setup/place")
        assert browser.client.post(path, data={"place": "621021101201"}).status_code == 403, (endpoint, path)
        assert browser.client.post(path, data={"token": other.token}).status_code == 403, path
        strange = [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.example"}]
        for headers in strange:
            assert browser.again(path, {"code": "x"}, headers=headers).status_code == 403, (path, headers)
            browser.open("/setup/place")
    assert setting.wizard.answered == set() and setting.wizard.told["place"] == ""


def test_a_strange_host_is_answered_nothing(setting: Setting) -> None:
    client = setting.browser().client
    for path in ("/setup", "/setup/place", "/"):
        assert client.get(path, headers={"Host": "evil.example"}).status_code == 400
        assert client.get(path, headers={"Host": "127.0.0.1:8700"}).status_code in (200, 303)


def test_a_code_is_good_once_and_the_next_one_takes_the_set_up_to_another_browser(setting: Setting) -> None:
    first, code = setting.browser(), setting.codes[-1]
    before = first.open("/setup").headers["Set-Cookie"]
    entered = first.enter(code.lower().replace("-", " "))
    assert entered.status_code == 303
    cookie = entered.headers["Set-Cookie"]
    assert cookie.split(";")[0] != before.split(";")[0], "whoever knew the first cookie is not in with it"
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    second = setting.browser()
    refused = second.enter(code)
    assert refused.status_code == 401 and "设置码不对" in refused.text and code not in refused.text
    assert first.open("/setup/place").status_code == 200
    assert len(setting.codes) == 2 and second.enter(setting.codes[-1]).status_code == 303
    assert first.open("/setup/place").status_code == 303 and second.open("/setup/place").status_code == 200


def test_guesses_wait_and_those_of_others_keep_nobody_out_who_sits_at_the_machine(setting: Setting) -> None:
    guesser = setting.browser()
    for _ in range(wizards.TRIES_EACH):
        assert guesser.enter("0000-0000-0000-0000").status_code == 401
    waits = guesser.enter(setting.codes[-1])
    assert waits.status_code == 429 and int(waits.headers["Retry-After"]) == 61 and "秒后再试" in waits.text
    for number in range(40):
        elsewhere = {"REMOTE_ADDR": f"192.168.1.{number}"}
        last = setting.browser().send("/setup", {"code": "0000"}, environ_overrides=elsewhere)
    assert last.status_code == 429
    setting.now_s += 61
    for number in range(40):
        setting.wizard.enter("0000", f"192.168.1.{number}", at_hand=False)
    assert setting.wizard.enter("0000", "192.168.1.200", at_hand=False)[1] > 0
    assert guesser.enter(setting.codes[-1]).status_code == 303


def test_what_is_too_long_is_refused_before_it_is_read(setting: Setting) -> None:
    browser = setting.entered()
    answer = browser.send("/setup/place", {"name": "长" * 20_000})
    assert answer.status_code == 413 and "内容过长" in answer.text and "超过 16 KB" in answer.text
    stranger = setting.browser()
    stranger.open("/setup")
    assert stranger.client.post("/setup/files", data={"token": stranger.token, "a": "x" * 20_000}).status_code == 413
