"""Signing in and out in the browser's view: fresh sessions, equal answers, no way back after signing out (T22)."""

from collections import Counter as Counted

import pytest

from tests.builders import VILLAGE, Network
from tests.village_node.web.counter import PASSWORD, Counter, Visitor
from village_node.accounts import SignInRefused
from village_node.accounts.throttle import ACCOUNT, HOUR_MS
from village_node.store.audit import AuditRow
from village_node.web.site import DISPLAY_COOKIE

COOKIE = f"sanji-{VILLAGE}"


def cookie(visitor: Visitor) -> str:
    """The value of the session cookie a browser holds."""
    held = visitor.client.get_cookie(COOKIE)
    return held.value if held else ""


def plain(page: str) -> str:
    """A page without the token and what was typed."""
    return "\n".join(line for line in page.splitlines() if 'name="token"' not in line and "f-staff_no" not in line)


def test_a_session_id_from_before_the_sign_in_is_never_kept(village: Counter) -> None:
    visitor = village.visitor()
    visitor.open("/sign-in")
    planted = cookie(visitor)
    assert len(planted) == 43
    village.sign_in("0001", "agent")
    answer = visitor.send("/sign-in", {"staff_no": "0001", "password": PASSWORD})
    assert answer.status_code == 303
    assert cookie(visitor) != planted
    other = village.visitor()
    other.client.set_cookie(COOKIE, planted)
    assert other.open("/work").status_code == 303


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(agent: Visitor, village: Counter) -> None:
    answer = village.visitor().send("/sign-in", {"staff_no": "0001", "password": PASSWORD})
    parts = set(answer.headers["Set-Cookie"].split("; "))
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= parts
    assert not any(part.startswith(("Expires", "Max-Age", "Domain")) for part in parts)


def test_a_wrong_number_and_a_wrong_password_look_the_same(agent: Visitor, village: Counter) -> None:
    answers = [
        village.visitor().send("/sign-in", {"staff_no": number, "password": password})
        for number, password in (("0001", "wrong password"), ("9999", PASSWORD), ("", ""))
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({plain(answer.text) for answer in answers}) == 1
    assert "工号或密码不对" in answers[0].text


def test_too_many_guesses_have_to_wait_and_are_told_how_long(agent: Visitor, village: Counter) -> None:
    visitor = village.visitor()
    answers = [visitor.send("/sign-in", {"staff_no": "0001", "password": "wrong"}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 4 + [429] * 2
    assert answers[-1].headers["Retry-After"] == "1"
    assert "请 1 秒后再试" in answers[-1].text
    assert visitor.send("/sign-in", {"staff_no": "0001", "password": PASSWORD}).status_code == 429
    village.member.clock.now_ms += 1000
    assert visitor.send("/sign-in", {"staff_no": "0001", "password": PASSWORD}).status_code == 303


def test_after_signing_out_the_old_cookie_is_worth_nothing(agent: Visitor, village: Counter) -> None:
    kept = cookie(agent)
    answer = agent.send("/sign-out", {})
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert cookie(agent) == ""
    thief = village.visitor()
    thief.client.set_cookie(COOKIE, kept)
    assert thief.open("/work").headers["Location"].startswith("/sign-in")


def test_after_the_sign_in_one_comes_back_to_where_one_was(agent: Visitor, village: Counter) -> None:
    case = agent.file()
    visitor = village.visitor()
    asked = visitor.open(f"{case}?x=1")
    assert asked.headers["Location"] == f"/sign-in?back={case}?x%3D1"
    answer = visitor.send("/sign-in", {"staff_no": "0001", "password": PASSWORD, "back": case})
    assert answer.headers["Location"] == case


def test_the_first_password_is_checked_and_everything_but_passwords_is_kept(village: Counter) -> None:
    code = village.accounts.create_invitation("0001", "王芳", ["agent"])
    visitor = village.visitor()
    first = {"staff_no": "0001", "code": code}
    differing = visitor.send("/first-sign-in", {**first, "password": PASSWORD, "again": PASSWORD + "x"})
    short = visitor.send("/first-sign-in", {**first, "password": "short", "again": "short"})
    for answer, says in ((differing, "两次输入的密码不一样"), (short, "密码至少 12 个字符")):
        assert answer.status_code == 422
        assert says in answer.text
        assert code in answer.text and PASSWORD not in answer.text
    wrong = visitor.send("/first-sign-in", {**first, "code": "0" * 16, "password": PASSWORD, "again": PASSWORD})
    assert wrong.status_code == 401
    assert visitor.send("/first-sign-in", {**first, "password": PASSWORD, "again": PASSWORD}).status_code == 303


def test_a_password_may_begin_and_end_with_blanks(village: Counter) -> None:
    code = village.accounts.create_invitation("0001", "王芳", ["agent"])
    blank = f"  {PASSWORD} "
    visitor = village.visitor()
    visitor.send("/first-sign-in", {"staff_no": "0001", "code": code, "password": blank, "again": blank})
    assert village.visitor().send("/sign-in", {"staff_no": "0001", "password": PASSWORD}).status_code == 401
    assert village.visitor().send("/sign-in", {"staff_no": " 0001 ", "password": blank}).status_code == 303


def test_one_changes_ones_password_with_the_old_one(agent: Visitor, village: Counter) -> None:
    fresh = "山后的核桃树今年结得真多"
    wrong = agent.send("/account", {"old": "wrong", "password": fresh, "again": fresh})
    assert wrong.status_code == 401
    differing = agent.send("/account", {"old": PASSWORD, "password": fresh, "again": "x"})
    common = agent.send("/account", {"old": PASSWORD, "password": "123456789012", "again": "123456789012"})
    assert (differing.status_code, common.status_code) == (422, 422)
    done = agent.send("/account", {"old": PASSWORD, "password": fresh, "again": fresh})
    assert done.headers["Location"] == "/account?changed=1"
    assert "密码已更换" in agent.open("/account?changed=1").text
    assert village.visitor().send("/sign-in", {"staff_no": "0001", "password": PASSWORD}).status_code == 401


@pytest.mark.parametrize("broken", ["", "x", "\u00e9", "a" * 3000, "%00", "'; DROP TABLE sessions; --"])
def test_a_broken_cookie_is_nobody(village: Counter, broken: str) -> None:
    visitor = village.visitor()
    visitor.client.set_cookie(COOKIE, broken)
    visitor.client.set_cookie(DISPLAY_COOKIE, broken)
    assert visitor.open("/work").status_code == 303
    assert visitor.open("/query").status_code == 200
    assert visitor.send("/display", {"lang": "en"}).status_code == 303


def alarms(counter: Counter) -> list[AuditRow]:
    """The lines that say that very many sign-ins were refused."""
    return [line for line in counter.accounts.rows.audit_lines(3000) if line.action == "session.alarm"]


@pytest.mark.slow
def test_a_thousand_guesses_at_one_account_from_two_hundred_addresses_ring_the_alarm_and_lock_nobody_out(
    village: Counter, network: Network
) -> None:
    """T22: each address stays below its own wait, and each hour of it has one line."""
    agent, admin = village.sign_in("0001", "agent"), village.sign_in("0009", "admin")
    assert "可能有人在猜密码" not in admin.open("/health").text
    answers, stranger = Counted[int](), village.visitor()
    form = {"staff_no": "0001", "token": stranger.token()}
    for n in range(1_000):
        answer = stranger.client.post(
            "/sign-in",
            data={**form, "password": f"guess {n}"},
            environ_overrides={"REMOTE_ADDR": f"10.0.{n % 200}.1"},
        )
        answers[answer.status_code] += 1
        network.clock.now_ms += 200
    assert set(answers) == {401, 429} and sum(answers.values()) == 1_000
    assert len(alarms(village)) == 1
    assert "1000 次，可能有人在猜密码" in admin.open("/health").text
    assert agent.open("/work").status_code == 200, "who is signed in works on"
    other = village.visitor().send("/sign-in", {"staff_no": "0009", "password": PASSWORD})
    assert other.status_code == 303, "nobody else waits at all"
    network.clock.now_ms += ACCOUNT.longest_ms
    own = village.visitor().send("/sign-in", {"staff_no": "0001", "password": PASSWORD})
    assert own.status_code == 303, "nor does the owner wait longer than half a minute"


@pytest.mark.slow
def test_one_guess_at_each_of_a_thousand_accounts_rings_it_as_well_and_an_hour_on_it_is_over(
    village: Counter, network: Network
) -> None:
    for n in range(1_000):
        with pytest.raises(SignInRefused):
            village.accounts.sign_in(f"{n:04}", PASSWORD, f"10.0.{n % 200}.1")
    assert len(alarms(village)) == 1
    admin = village.sign_in("9009", "admin")
    assert "可能有人在猜密码" in admin.open("/health").text
    network.clock.now_ms += HOUR_MS
    village.accounts.guesses.note("10.0.0.1")
    admin = village.visitor()
    admin.send("/sign-in", {"staff_no": "9009", "password": PASSWORD})
    assert "可能有人在猜密码" not in admin.open("/health").text
    for _ in range(120):
        village.accounts.guesses.note("10.0.0.1")
    assert len(alarms(village)) == 2, "a line for each hour that has very many"
