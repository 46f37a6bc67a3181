"""One open session for each window clerk: the second machine says so, and the first says why it ended."""

import json
import threading
from pathlib import Path

import pytest

from tests.builders import TOWNSHIP, Network
from tests.village_node.authenticator import code_at
from tests.village_node.test_accounts import Clock
from tests.village_node.test_factors import equipped, hired, worker_on
from tests.village_node.web.counter import APPLICATION, PASSWORD, Counter, Visitor, open_counter
from township_node import web as township_pages
from village_node.accounts import Demands
from village_node.accounts.sessions import Step
from village_node.store import Store
from village_node.store.errors import Outdated

MINUTE_MS = 60_000
KEYS = {"staff_no": "0101", "password": PASSWORD}
WINDOW = Demands(one_session=frozenset({"clerk"}))


def second(counter: Counter, address: str = "10.0.0.9") -> Visitor:
    """A browser at another machine."""
    visitor = counter.visitor()
    visitor.client.environ_base["REMOTE_ADDR"] = address
    return visitor


def ends_the_other(visitor: Visitor) -> str:
    """Press the button of the page that names the other session; where it leads."""
    answer = visitor.client.post("/sign-in", data={"token": visitor.token("/sign-in"), "again_step": "elsewhere"})
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def test_a_second_machine_says_that_a_session_is_open_and_ends_it(township: Counter) -> None:
    first, other = township.sign_in("0101", "clerk"), second(township)
    township.member.clock.now_ms += 5 * MINUTE_MS
    assert other.send("/sign-in", KEYS).headers["Location"] == "/sign-in?back=/"
    page = other.open("/sign-in").text
    assert "您已在另一处登录" in page and "127.0.0.1" in page and "19:06" in page
    assert other.open("/work").status_code == 303, "not open yet"
    assert first.open("/work").status_code == 200, "nor is anything ended yet"
    assert ends_the_other(other) == "/"
    assert other.open("/work").status_code == 200
    asked = first.open("/work")
    assert asked.headers["Location"].startswith("/sign-in")
    page = first.open("/sign-in").text
    assert "10.0.0.9" in page and "19:11" in page and "立即登录、更换密码" in page
    lines = township.accounts.rows.audit_lines(3)
    assert [line.action for line in lines] == ["session.open", "session.replace", "session.ask"]
    assert json.loads(lines[1].detail) == {"source": "10.0.0.9", "ended": "127.0.0.1"}


def test_what_was_typed_at_the_ended_one_is_kept_and_its_draft_is_at_the_other(township: Counter) -> None:
    first, other = township.sign_in("0101", "clerk"), second(township)
    draft = {**APPLICATION, "draft_id": "ab" * 16, "do": "draft"}
    first.send("/file/001", draft)
    other.send("/sign-in", KEYS)
    ends_the_other(other)
    assert township.accounts.drafts.draft("ab" * 16, "0101") is not None
    assert "ab" * 16 in other.open("/work?view=drafts").text
    page = first.client.post("/file/001", data={**APPLICATION, "draft_id": "ab" * 16, "token": first.token()})
    assert page.status_code == 401 and 'name="applicant_name" value="张秀兰"' in page.text
    assert "10.0.0.9" in page.text, "it says why"
    form = {**APPLICATION, "draft_id": "ab" * 16, "token": first.token()}
    again = {"again_staff_no": "0101", "again_password": PASSWORD}
    asked = first.client.post("/file/001", data={**form, **again})
    assert asked.status_code == 401 and "您已在另一处登录" in asked.text and "10.0.0.9" in asked.text
    assert 'name="applicant_name" value="张秀兰"' in asked.text
    form["token"] = first.token("/sign-in")
    filed = first.client.post("/file/001", data={**form, "again_step": "elsewhere"})
    assert filed.status_code == 303 and filed.headers["Location"].endswith("/receipt")
    assert other.open("/work").status_code == 303


def test_others_work_at_several_machines_and_a_window_again_after_it_has_ended(township: Counter) -> None:
    reviewer, clerk = township.sign_in("0102", "reviewer"), township.sign_in("0101", "clerk")
    assert second(township).send("/sign-in", {**KEYS, "staff_no": "0102"}).headers["Location"] == "/"
    assert reviewer.open("/work").status_code == 200
    assert clerk.send("/sign-in", KEYS).headers["Location"] == "/", "in the same browser nothing is elsewhere"
    clerk.send("/sign-out", {})
    other = second(township)
    assert other.send("/sign-in", KEYS).headers["Location"] == "/"
    township.member.clock.now_ms += 11 * MINUTE_MS
    assert second(township).send("/sign-in", KEYS).headers["Location"] == "/", "one that ran out is not open"


def test_a_telephone_that_sends_for_the_ended_session_is_ended_with_it(township: Counter) -> None:
    first = township.sign_in("0101", "clerk")
    cookie = first.client.get_cookie(f"sanji-{TOWNSHIP}")
    assert cookie is not None
    case = first.file().split("/")
    key = (f"about:{case[2]}", bytes.fromhex(case[3]))
    township.accounts.passes.give(cookie.value, "0101", key)
    given = township.accounts.passes.of(cookie.value, key)
    assert given is not None and township.accounts._sessions.lives(given.session)
    other = second(township)
    other.send("/sign-in", KEYS)
    assert township.accounts._sessions.lives(given.session)
    ends_the_other(other)
    assert not township.accounts._sessions.lives(given.session)


@pytest.mark.parametrize("roles", [(), ("reviewer",)])
def test_the_configuration_says_for_whom(network: Network, folder: Path, roles: tuple[str, ...]) -> None:
    pages = open_counter(network.members[TOWNSHIP], folder, more=township_pages.register, one_session=roles)
    pages.sign_in("0101", "clerk")
    pages.sign_in("0102", "reviewer")
    assert second(pages).send("/sign-in", KEYS).headers["Location"] == "/"
    expected = "/sign-in?back=/" if roles else "/"
    assert second(pages).send("/sign-in", {**KEYS, "staff_no": "0102"}).headers["Location"] == expected


def test_of_two_workers_at_once_one_opens_and_the_other_is_told(store: Store) -> None:
    clock = Clock()
    cookie = hired(worker_on(store, clock, demands=WINDOW), "0101", "clerk")
    worker_on(store, clock, demands=WINDOW).sign_out(cookie, "0101")
    begun: list[Step | None] = []
    started = threading.Barrier(4)

    def enter(number: int) -> None:
        worker = worker_on(store, clock, seed=number, demands=WINDOW)
        started.wait()
        begun.append(worker.sign_in("0101", PASSWORD, f"10.0.0.{number}").step)

    threads = [threading.Thread(target=enter, args=(number,)) for number in range(2, 6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(begun, key=str) == [None, *[Step.ELSEWHERE] * 3]


def test_two_machines_that_both_end_the_others_leave_one(store: Store) -> None:
    clock = Clock()
    accounts = worker_on(store, clock, demands=WINDOW)
    hired(accounts, "0101", "clerk")
    halves = [accounts.steps.half(accounts.sign_in("0101", PASSWORD, f"10.0.0.{n}").cookie) for n in range(2)]
    assert halves[0] is not None and halves[1] is not None
    cookies = [accounts.steps.replace(half, half.session.source).cookie for half in halves if half is not None]
    assert [accounts.person(cookie) is not None for cookie in cookies] == [False, True]
    ended = accounts.replaced(cookies[0])
    assert ended is not None and ended.replaced_from == "10.0.0.1"
    with pytest.raises(Outdated):
        accounts.steps.replace(halves[0], "10.0.0.0")
    assert accounts.person(cookies[1]) is not None, "a step that was done is not done again"


def test_why_it_ended_is_kept_for_a_shift_and_no_longer(store: Store) -> None:
    clock = Clock()
    accounts = worker_on(store, clock, demands=WINDOW)
    first = hired(accounts, "0101", "clerk")
    half = accounts.steps.half(accounts.sign_in("0101", PASSWORD, "there").cookie)
    assert half is not None
    accounts.steps.replace(half, "there")
    clock.now_ms += 3 * 60 * MINUTE_MS
    accounts.keep_house()
    assert accounts.replaced(first) is not None and accounts.person(first) is None
    clock.now_ms += 6 * 60 * MINUTE_MS
    accounts.keep_house()
    assert accounts.replaced(first) is None


def test_the_code_comes_before_the_other_session_is_named(store: Store) -> None:
    clock = Clock()
    accounts = worker_on(store, clock, demands=WINDOW)
    secret, _ = equipped(accounts, clock, "0101", "clerk")
    begun = accounts.sign_in("0101", PASSWORD, "there")
    assert begun.step is Step.CODE, "who knows the password alone is told nothing of it, and ends nothing"
    half = accounts.steps.half(begun.cookie)
    assert half is not None
    with pytest.raises(Outdated):
        accounts.steps.replace(half, "there")
    assert accounts.steps.give_code(half, code_at(secret, clock.now_ms), "there").step is Step.ELSEWHERE
