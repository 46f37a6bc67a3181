"""The second factor at the pages: setting it up, signing in with it, losing it; and everything typed is kept."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from center_node import cli
from center_node.app import create_node
from tests.builders import COUNTY, TOWNSHIP, Network
from tests.village_node.authenticator import STEP_MS, code_at, recovery_codes_in, secret_in, secret_of
from tests.village_node.web.api.program import program_at
from tests.village_node.web.counter import APPLICATION, PASSWORD, Counter, Visitor, open_counter, problems
from township_node import web as township_pages
from township_node.vouching import vouched
from village_node import config
from village_node.accounts.sessions import id_of
from village_node.casebook import NotAllowed
from village_node.cli import shown

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
KEYS = {"staff_no": "0103", "password": PASSWORD}


@pytest.fixture
def strict(network: Network, folder: Path) -> Counter:
    """A township whose heads and windows must have a second factor."""
    demands = ("head", "clerk")
    return open_counter(network.members[TOWNSHIP], folder, more=township_pages.register, second_factor=demands)


def now(counter: Counter) -> int:
    return counter.member.clock.now_ms


def equipped(visitor: Visitor) -> tuple[bytes, list[str]]:
    """Set it up at the pages, as somebody signed in does."""
    secret = secret_in(visitor.send("/second-factor/begin", {}).text)
    done = visitor.send("/second-factor/confirm", {"code": code_at(secret, now(visitor.counter))})
    assert done.status_code == 200, problems(done.text)
    visitor.counter.member.clock.now_ms += STEP_MS
    return secret, recovery_codes_in(done.text)


def step(visitor: Visitor, path: str = "/sign-in", **values: str) -> tuple[int, str]:
    """Send the form of the step that the page shows."""
    page = visitor.open(path).text
    values = {"token": visitor.token("/sign-in"), **values}
    assert f'name="again_step" value="{values["again_step"]}"' in page
    answer = visitor.client.post("/sign-in", data=values)
    return answer.status_code, answer.headers.get("Location", "") or answer.text


def test_it_is_set_up_at_ones_own_account_and_then_asked_for(township: Counter) -> None:
    head = township.sign_in("0103", "head")
    assert "二次验证：未启用" in head.open("/account").text
    assert 'action="/second-factor/begin"' in head.open("/second-factor").text
    unasked = head.client.post("/second-factor/begin", data={"token": head.token()})
    assert unasked.status_code == 401 and "请再输入一次密码" in unasked.text
    begun = head.send("/second-factor/begin", {})
    secret = secret_in(begun.text)
    assert begun.status_code == 200 and "<svg" in begun.text and "2026" in begun.text, "and the clock of the node"
    wrong = head.send("/second-factor/confirm", {"code": code_at(secret, now(township) + HOUR_MS)})
    assert wrong.status_code == 422 and secret_in(wrong.text) == secret
    assert "慢约 1 小时" in problems(wrong.text)[0] and "先用恢复码启用" in wrong.text
    assert "未启用" in head.open("/account").text, "it counts once a code was right"
    done = head.send("/second-factor/confirm", {"code": code_at(secret, now(township))})
    codes = recovery_codes_in(done.text)
    assert len(set(codes)) == 10
    page = head.open("/second-factor").text
    assert "已启用" in page and "还剩 10 个" in page and not any(each in page for each in codes), "shown once"
    township.member.clock.now_ms += STEP_MS

    desk = township.visitor()
    asked = desk.send("/sign-in", {**KEYS, "back": "/staff"})
    assert asked.headers["Location"] == "/sign-in?back=/staff"
    assert desk.open("/work").status_code == 303, "nothing is open yet"
    page = desk.open("/sign-in?back=/staff").text
    assert "请输入验证码" in page and 'name="back" value="/staff"' in page and "王芳" not in page
    status, page = step(desk, "/sign-in?back=/staff", again_step="code", again_code="000000", back="/staff")
    assert status == 401 and 'name="back" value="/staff"' in page and "000000" not in page
    assert "2026-11-18 19:07" in page, "the message names the node's clock"
    assert "恢复码" in page and "factor 命令" in page, "and what to do without a right one"
    right = code_at(secret, now(township))
    assert step(desk, "/sign-in?back=/staff", again_step="code", again_code=right, back="/staff") == (303, "/staff")
    assert desk.open("/staff").status_code == 200

    other = township.visitor()
    other.send("/sign-in", KEYS)
    status, page = step(other, again_step="code", again_code=right)
    assert status == 401 and "已经用过" in page
    assert step(other, again_step="code", again_code=codes[0]) == (303, "/")
    assert "还剩 9 个" in other.open("/second-factor").text
    assert "二次验证" in other.open("/staff").text


def test_who_takes_too_long_over_a_step_is_told_so_and_nothing_is_counted(township: Counter) -> None:
    equipped(township.sign_in("0103", "head"))
    desk = township.visitor()
    desk.send("/sign-in", {**KEYS, "back": "/staff"})
    form = {"again_step": "code", "again_code": "000000", "back": "/staff", "token": desk.token("/sign-in")}
    township.member.clock.now_ms += 11 * MINUTE_MS
    before = township.accounts.rows.audit_lines(1)[0].n
    for _ in range(5):
        late = desk.client.post("/sign-in", data=form)
        assert late.status_code == 401 and "登录已过期" in problems(late.text)[0]
        assert 'name="back" value="/staff"' in late.text and 'name="password"' in late.text
    assert township.accounts.waits() == {} and township.accounts.rows.audit_lines(1)[0].n == before
    assert desk.send("/sign-in", KEYS).headers["Location"] == "/sign-in?back=/"


def test_the_step_is_left_and_somebody_else_signs_in(township: Counter) -> None:
    equipped(township.sign_in("0103", "head"))
    township.sign_in("0102", "reviewer")
    desk = township.visitor()
    desk.send("/sign-in", KEYS)
    assert "请输入验证码" in desk.open("/sign-in").text
    assert 'name="password"' in desk.open("/sign-in?anew=1").text
    assert desk.send("/sign-in", {**KEYS, "staff_no": "0102"}).headers["Location"] == "/"
    assert "0102" in desk.open("/account").text


def test_a_form_whose_session_ended_is_sent_on_after_the_code(village: Counter) -> None:
    agent, boss = village.sign_in("0001", "agent"), village.sign_in("0002", "head")
    secret, _ = equipped(agent)
    village.member.clock.now_ms += 11 * MINUTE_MS
    form = {**APPLICATION, "token": agent.token(), "draft_id": "ab" * 16}
    page = agent.client.post("/file/001", data=form).text
    assert "登录已过期" in page
    form |= {"token": agent.token(), "again_staff_no": "0001", "again_password": PASSWORD}
    answer = agent.client.post("/file/001", data=form)
    assert answer.status_code == 401 and "请输入验证码" in answer.text
    for name in ("applicant_name", "request", "m1_copies"):
        assert f'name="{name}" value="{APPLICATION[name]}"' in answer.text
    assert PASSWORD not in answer.text and village.member.casebook.view_counts()["all"] == 0
    again = {**APPLICATION, "draft_id": "ab" * 16, "again_step": "code", "token": agent.token("/sign-in")}
    wrong = agent.client.post("/file/001", data={**again, "again_code": "000000"})
    assert wrong.status_code == 401 and 'name="applicant_name" value="张秀兰"' in wrong.text
    filed = agent.client.post("/file/001", data={**again, "again_code": code_at(secret, now(village))})
    assert filed.status_code == 303 and filed.headers["Location"].endswith("/receipt")
    assert village.member.casebook.view_counts()["all"] == 1 and boss.counter is village


def test_guesses_at_the_page_wait_and_the_head_ends_that(village: Counter) -> None:
    agent, boss = village.sign_in("0001", "agent"), village.sign_in("0002", "head")
    secret, _ = equipped(agent)
    desk = village.visitor()
    desk.send("/sign-in", {**KEYS, "staff_no": "0001"})
    seen = [step(desk, again_step="code", again_code="000000")[0] for _ in range(7)]
    assert seen == [401] * 6 + [429]
    right = {"again_step": "code", "again_code": code_at(secret, now(village))}
    answer = desk.client.post("/sign-in", data={**right, "token": desk.token("/sign-in")})
    assert answer.status_code == 429 and answer.headers["Retry-After"] == "1"
    assert "多次输错" in boss.open("/staff").text
    assert boss.send("/staff/0001/unlock", {}).status_code == 303
    assert step(desk, **right) == (303, "/")


def test_the_password_once_more_asks_for_a_code_as_well(township: Counter) -> None:
    head = township.sign_in("0103", "head")
    secret, codes = equipped(head)
    again = head.send("/second-factor/confirm", {"code": codes[0]})
    assert again.status_code == 409 and "请生成新的" in problems(again.text)[0], "a second click has lost the page"
    form = {"name": "县平台", "whose": "0103:head", "days": "30"}
    page = head.client.post("/tokens/make", data={**form, "token": head.token()}).text
    assert 'name="again_code"' in page and 'value="县平台"' in page
    missing = head.send("/tokens/make", form)
    assert missing.status_code == 401 and "请同时填写验证码" in missing.text and 'value="县平台"' in missing.text
    code = code_at(secret, now(township))
    assert head.send("/tokens/make", {**form, "again_code": code}).status_code == 200
    assert "已经用过" in head.send("/tokens/make", {**form, "again_code": code}).text
    assert len(township.accounts.tokens.rows.tokens()) == 1
    fresh = {"old": PASSWORD, "password": PASSWORD + "了", "again": PASSWORD + "了"}
    assert 'name="code"' in head.open("/account").text
    assert head.send("/account", fresh).status_code == 401
    assert head.send("/account", {**fresh, "code": codes[0]}).headers["Location"] == "/account?changed=1"


def test_the_command_line_asks_for_a_code_as_well(township: Counter) -> None:
    secret, _ = equipped(township.sign_in("0103", "head"))
    node: Any = SimpleNamespace(accounts=township.accounts)
    code = code_at(secret, now(township))
    with pytest.raises(NotAllowed, match="0103: the code is missing"):
        vouched(node, "0103", PASSWORD)
    assert vouched(node, "0103", PASSWORD, code).staff_no == "0103"
    with pytest.raises(NotAllowed, match="0103: the code was used"):
        vouched(node, "0103", PASSWORD, code)
    typed = iter((PASSWORD, "123456"))
    assert shown("0103", lambda prompt: next(typed)) == ("0103", PASSWORD, "123456")


def test_other_recovery_codes_and_doing_without(township: Counter) -> None:
    head = township.sign_in("0103", "head")
    assert head.send("/second-factor/codes", {}).status_code == 409
    assert head.send("/second-factor/confirm", {"code": "123456"}).status_code == 409
    _, codes = equipped(head)
    page = head.send("/second-factor/codes", {"again_code": codes[0]})
    fresh = recovery_codes_in(page.text)
    assert len(fresh) == 10 and not set(fresh) & set(codes)
    assert head.send("/second-factor/end", {"again_code": codes[1]}).status_code == 401, "the old sheet is void"
    for each in fresh[:8]:
        township.accounts.factors.check("0103", each, "here")
    assert "快用完" in head.open("/second-factor").text
    assert head.send("/second-factor/end", {"again_code": fresh[8]}).status_code == 303
    assert "未启用" in head.open("/account").text
    assert head.send("/second-factor/end", {}).status_code == 422
    assert township.visitor().send("/sign-in", KEYS).headers["Location"] == "/"
    told = [line.action for line in township.accounts.rows.audit_lines(30) if line.action.startswith("factor.")]
    assert told.count("factor.end") == told.count("factor.codes") == told.count("factor.begin") == 1


def test_a_role_that_demands_one_sets_it_up_before_anything_else(strict: Counter) -> None:
    code = strict.accounts.create_invitation("0103", "王芳", ["head"])
    head, program = strict.visitor(), None
    first = {"staff_no": "0103", "code": code, "password": PASSWORD, "again": PASSWORD}
    assert head.send("/first-sign-in", first).headers["Location"] == "/sign-in?back=/"
    for path in ("/work", "/staff", "/account", "/second-factor"):
        assert head.open(path).headers["Location"].startswith("/sign-in"), path
    page = head.open("/sign-in?back=/work").text
    secret = secret_in(page)
    assert secret_in(head.open("/sign-in?back=/work").text) == secret, "a page shown twice shows the same"
    status, page = step(head, again_step="set_up", again_code="1", back="/work")
    assert status == 422 and secret_in(page) == secret and "先用恢复码启用" in page
    right = {"again_step": "set_up", "again_code": code_at(secret, now(strict)), "back": "/work"}
    status, page = step(head, **right)
    assert status == 200 and len(recovery_codes_in(page)) == 10 and 'name="back" value="/work"' in page
    assert head.send("/sign-in", {"back": "/work"}).headers["Location"] == "/work"
    assert "待设二次验证" not in head.open("/staff").text
    page = head.open("/second-factor").text
    assert "您的岗位必须使用" in page and "/second-factor/end" not in page
    strict.member.clock.now_ms += STEP_MS
    code = code_at(secret, now(strict))
    assert "不能停用" in head.send("/second-factor/end", {"again_code": code}).text
    strict.accounts.create_invitation("0104", "李梅", ["head"])
    assert "待设二次验证" in head.open("/staff").text
    program = program_at(strict, "0801", "head")
    assert program.get("/cases").status_code == 200, "programs have tokens"


def test_where_the_key_is_gone_only_what_helps_is_named(strict: Counter) -> None:
    def gone(_in_use: bool) -> bytes:
        raise FileNotFoundError("files.key")

    code = strict.accounts.create_invitation("0103", "王芳", ["head"])
    head = strict.visitor()
    strict.accounts.factors._key = gone
    keys = {"staff_no": "0103", "code": code, "password": PASSWORD, "again": PASSWORD}
    assert head.send("/first-sign-in", keys).status_code == 303
    page = head.open("/sign-in").text
    assert "恢复该文件" in problems(page)[0] and "恢复码" not in page and "重置" not in page


def test_the_health_page_says_of_whom_none_is_demanded(network: Network, township: Counter, folder: Path) -> None:
    page = township.sign_in("0103", "head").open("/health").text
    assert "没有要求" in page and "初审、站长、系统管理员" in page
    assert "second_factor = [&#34;admin&#34;, &#34;head&#34;, &#34;reviewer&#34;]" in page
    township.accounts.demands = type(township.accounts.demands)(frozenset({"admin", "head", "reviewer"}))
    assert "没有要求" not in township.sign_in("0104", "clerk").open("/health").text


def test_with_a_dead_clock_it_begins_with_recovery_codes(strict: Counter) -> None:
    strict.member.clock.now_ms = 5 * MINUTE_MS  # in 1970
    code = strict.accounts.create_invitation("0103", "王芳", ["head"])
    head = strict.visitor()
    first = {"staff_no": "0103", "code": code, "password": PASSWORD, "again": PASSWORD}
    assert head.send("/first-sign-in", first).status_code == 303
    secret = secret_in(head.open("/sign-in").text)
    status, page = step(head, again_step="set_up", again_code=code_at(secret, 1_795_000_000_000))
    assert status == 422 and "1970-01-01" in page
    status, page = step(head, again_step="set_up", again_without="yes")
    codes = recovery_codes_in(page)
    assert status == 200 and head.open("/work").status_code == 200
    head.send("/sign-out", {})
    head.send("/sign-in", KEYS)
    assert step(head, again_step="code", again_code=codes[0]) == (303, "/")


def test_a_form_goes_on_after_it_was_set_up(strict: Counter) -> None:
    strict.accounts.demands = strict.accounts.steps.demands = type(strict.accounts.demands)()
    clerk = strict.sign_in("0101", "clerk")
    strict.accounts.steps.demands = type(strict.accounts.demands)(frozenset({"clerk"}))
    strict.member.clock.now_ms += 11 * MINUTE_MS
    form = {**APPLICATION, "draft_id": "cd" * 16}
    keys = {"again_staff_no": "0101", "again_password": PASSWORD, "token": clerk.token()}
    page = clerk.client.post("/file/001", data={**form, **keys}).text
    secret = secret_in(page)
    assert 'name="applicant_name" value="张秀兰"' in page and 'action="/file/001"' in page
    right = {"again_step": "set_up", "again_code": code_at(secret, now(strict)), "token": clerk.token("/sign-in")}
    page = clerk.client.post("/file/001", data={**form, **right}).text
    assert len(recovery_codes_in(page)) == 10 and 'name="applicant_name" value="张秀兰"' in page
    filed = clerk.client.post("/file/001", data={**form, "token": clerk.token()})
    assert filed.status_code == 303 and strict.member.casebook.view_counts()["all"] == 1


def test_a_head_resets_what_was_lost_but_not_an_administrators_or_his_own(township: Counter) -> None:
    head, admin = township.sign_in("0103", "head"), township.sign_in("0109", "admin")
    clerk = township.sign_in("0101", "clerk")
    for each in (clerk, admin):
        equipped(each)
    secret, codes = equipped(head)
    page = head.open("/staff").text
    assert "/staff/0101/reset-factor" in page
    assert "/staff/0103/reset-factor" not in page and "/staff/0109/reset-factor" not in page
    for number, says in (("0103", "不能重置自己的"), ("0109", "另一位系统管理员"), ("7777", "没有工号")):
        answer = head.send(f"/staff/{number}/reset-factor", {"again_code": codes.pop()})
        assert answer.status_code == 422 and says in problems(answer.text)[0]
    assert head.send("/staff/0101/reset-factor", {}).status_code == 401, "with password and code"
    done = head.send("/staff/0101/reset-factor", {"again_code": codes.pop()})
    assert done.status_code == 200 and "已重置" in done.text
    assert clerk.open("/work").status_code == 303, "signed out"
    assert clerk.send("/sign-in", {**KEYS, "staff_no": "0101"}).headers["Location"] == "/"
    [line] = [line for line in township.accounts.rows.audit_lines(60) if line.action == "factor.reset"]
    assert (line.actor, line.subject) == ("0103", "0101") and secret
    assert clerk.send("/staff/0103/reset-factor", {}).status_code == 404


@pytest.mark.slow
def test_it_is_reset_at_the_console_without_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = str(tmp_path / "county")
    assert cli.main(["init", "--data", data, "--place", COUNTY, "--name", "庆城县"]) == 0
    assert cli.main(["invite", "--data", data, "--staff-no", "1", "--staff-name", "孙宁", "--role", "head"]) == 0
    code = capsys.readouterr().out.split()[-1]
    node = create_node(config.load(Path(data)))
    session = id_of(node.accounts.set_password("1", code, PASSWORD, "here").cookie)
    node.accounts.factors.begin("1", session, "庆城县")
    node.accounts.factors.confirm("1", session, None, "here")
    node.close()
    assert (Path(data) / "files.key").exists()
    node = create_node(config.load(Path(data)))
    assert len(secret_of(node.accounts.factors.begin("1", session, "庆城县").letters)) == 20
    node.close()
    assert cli.main(["factor", "list", "--data", data]) == 0
    assert capsys.readouterr().out == "1\n"
    assert cli.main(["factor", "reset", "--data", data, "--staff-no", "1"]) == 0
    assert cli.main(["factor", "reset", "--data", data, "--staff-no", "1"]) == 1
    assert "has no second factor" in capsys.readouterr().err
    node = create_node(config.load(Path(data)))
    assert not node.accounts.factors.has("1")
    assert [line.action for line in node.accounts.rows.audit_lines(1)] == ["factor.reset"]
    node.close()
