"""The second factor: codes that are good once and for a minute and a half, whatever clocks, workers and files do."""

import random
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from sync_protocol.suites import NotOpened
from tests.village_node.authenticator import STEP_MS, code_at, secret_of
from tests.village_node.test_accounts import PASSWORD, Clock
from village_node.accounts import Accounts, Demands, Hasher, SignInRefused, StaffTrouble
from village_node.accounts.factors import CODES, REMEMBERED, NotConfirmed
from village_node.accounts.sessions import Step, id_of
from village_node.store import Store
from village_node.store.accounts import AccountRows, SessionRow
from village_node.store.errors import Outdated

HOUR_MS = 3_600_000
KEY = b"k" * 32


@pytest.fixture
def clock() -> Clock:
    return Clock()


def worker_on(
    store: Store, clock: Clock, key: Callable[[], bytes] = lambda: KEY, seed: int = 1, **more: Any
) -> Accounts:
    """One process of a node on this database."""
    chance = random.Random(seed).randbytes
    hasher = Hasher(chance, memory_kib=64, passes=1, lanes=1)
    return Accounts(AccountRows(store), "township", clock, chance, hasher, factor_key=lambda _in_use: key(), **more)


@pytest.fixture
def accounts(store: Store, clock: Clock) -> Accounts:
    return worker_on(store, clock)


def hired(accounts: Accounts, staff_no: str = "0103", *roles: str) -> str:
    """Somebody with a password; the cookie of the session."""
    code = accounts.create_invitation(staff_no, "王芳", roles or ("head",))
    return accounts.set_password(staff_no, code, PASSWORD, "here").cookie


def equipped(accounts: Accounts, clock: Clock, staff_no: str = "0103", *roles: str) -> tuple[bytes, list[str]]:
    """Somebody with a second factor: its secret and the recovery codes."""
    session = id_of(hired(accounts, staff_no, *roles))
    secret = secret_of(accounts.factors.begin(staff_no, session, "驿马镇").letters)
    codes = accounts.factors.confirm(staff_no, session, code_at(secret, clock.now_ms), "here")
    clock.now_ms += STEP_MS  # the next code is another one
    return secret, codes


def another(accounts: Accounts, clock: Clock, step: Step | None = None) -> bytes:
    """One more session of the same account, however it came to be."""
    accounts.rows.add_session(SessionRow(b"s" * 32, "0103", clock.now_ms, clock.now_ms, "there", step))
    return b"s" * 32


def why(act: Callable[[], object]) -> tuple[int, str]:
    """The wait in ms and the reason with which an attempt is refused."""
    with pytest.raises(SignInRefused) as caught:
        act()
    return caught.value.wait_ms, caught.value.why


def actions(accounts: Accounts, count: int = 10) -> list[str]:
    return [line.action for line in accounts.rows.audit_lines(count)]


@pytest.mark.parametrize(
    ("at_s", "code"),
    [(59, "94287082"), (1111111109, "07081804"), (1111111111, "14050471"), (1234567890, "89005924"),
     (2000000000, "69279037"), (20000000000, "65353130")],
)  # fmt: skip
def test_codes_are_those_of_rfc_6238(accounts: Accounts, clock: Clock, at_s: int, code: str) -> None:
    secret = b"12345678901234567890"
    assert code_at(secret, at_s * 1000, digits=8) == code, "our own reading, by the vectors of its appendix B"
    clock.now_ms = at_s * 1000
    assert accounts.factors._taken(secret, code[2:], b"") == (at_s // 30).to_bytes(8)


def test_after_the_password_nothing_is_open_until_a_code_is_given(accounts: Accounts, clock: Clock) -> None:
    secret, _ = equipped(accounts, clock)
    begun = accounts.sign_in("0103", PASSWORD, "here")
    assert begun.step is Step.CODE and accounts.person(begun.cookie) is None
    half = accounts.steps.half(begun.cookie)
    assert half is not None
    opened = accounts.steps.give_code(
        half, f" {code_at(secret, clock.now_ms)[:3]} {code_at(secret, clock.now_ms)[3:]}", "here"
    )
    person = accounts.person(opened.cookie)
    assert opened.step is None and person is not None and person.staff_no == "0103"
    assert opened.cookie != begun.cookie and accounts.steps.half(begun.cookie) is None, "a fresh id"
    assert actions(accounts, 2) == ["session.open", "session.ask"]


@pytest.mark.parametrize(("off", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_code_is_good_one_step_early_or_late(accounts: Accounts, clock: Clock, off: int, taken: bool) -> None:
    secret, _ = equipped(accounts, clock)
    clock.now_ms += 10 * STEP_MS
    code = code_at(secret, clock.now_ms + off * STEP_MS)
    if taken:
        accounts.factors.check("0103", code, "here")
    else:
        assert why(lambda: accounts.factors.check("0103", code, "here")) == (0, "code")


def test_a_code_is_good_once_also_after_a_restart(accounts: Accounts, store: Store, clock: Clock) -> None:
    secret, _ = equipped(accounts, clock)
    code = code_at(secret, clock.now_ms)
    accounts.factors.check("0103", code, "here")
    assert why(lambda: accounts.factors.check("0103", code, "here")) == (0, "used")
    restarted = worker_on(store, clock, seed=2)
    assert why(lambda: restarted.factors.check("0103", code, "here")) == (0, "used")
    clock.now_ms += STEP_MS
    assert why(lambda: restarted.factors.check("0103", code, "here")) == (0, "used"), "nor while it is the one before"
    restarted.factors.check("0103", code_at(secret, clock.now_ms), "here")


def test_the_code_that_confirmed_is_used_up_by_that(accounts: Accounts, clock: Clock) -> None:
    secret, _ = equipped(accounts, clock)
    code = code_at(secret, clock.now_ms - STEP_MS)
    assert why(lambda: accounts.factors.check("0103", code, "here")) == (0, "used")


@pytest.mark.parametrize("kind", ["code", "recovery code"])
def test_of_many_workers_at_once_one_takes_a_code(accounts: Accounts, store: Store, clock: Clock, kind: str) -> None:
    secret, codes = equipped(accounts, clock)
    shown = code_at(secret, clock.now_ms) if kind == "code" else codes[3]
    took: list[int] = []
    started = threading.Barrier(CODES.free)

    def give(number: int) -> None:
        worker = worker_on(store, clock, seed=number)
        started.wait()
        try:
            worker.factors.check("0103", shown, "here")
            took.append(number)
        except SignInRefused:
            pass

    threads = [threading.Thread(target=give, args=(number,)) for number in range(CODES.free)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(took) == 1


def test_a_clock_that_was_ahead_and_is_set_right_keeps_nobody_out(accounts: Accounts, clock: Clock) -> None:
    secret, _ = equipped(accounts, clock)
    clock.now_ms += 48 * HOUR_MS
    ahead = code_at(secret, clock.now_ms)
    accounts.factors.check("0103", ahead, "here")
    clock.now_ms -= 48 * HOUR_MS
    accounts.factors.check("0103", code_at(secret, clock.now_ms), "here")
    clock.now_ms += 48 * HOUR_MS
    assert why(lambda: accounts.factors.check("0103", ahead, "here")) == (0, "used"), "and it is remembered meanwhile"


def test_what_is_remembered_of_used_codes_has_a_bound(accounts: Accounts, clock: Clock) -> None:
    secret, _ = equipped(accounts, clock)
    for _ in range(REMEMBERED + 5):
        clock.now_ms += STEP_MS
        accounts.factors.check("0103", code_at(secret, clock.now_ms), "here")
    row = accounts.factors.rows.factor("0103")
    assert row is not None and len(row.used) == 8 * REMEMBERED


@pytest.mark.parametrize("now_ms", [0, -5_000, 20_000])
def test_a_clock_at_the_beginning_of_time_still_compares_codes(accounts: Accounts, clock: Clock, now_ms: int) -> None:
    clock.now_ms = now_ms
    secret, codes = equipped(accounts, clock)
    accounts.factors.check("0103", codes[0], "here")
    accounts.factors.check("0103", code_at(secret, max(clock.now_ms, 0) + STEP_MS), "here")


def test_with_a_clock_an_hour_off_a_recovery_code_does(accounts: Accounts, clock: Clock) -> None:
    secret, codes = equipped(accounts, clock)
    clock.now_ms -= HOUR_MS
    telephone = code_at(secret, clock.now_ms + HOUR_MS)
    assert why(lambda: accounts.factors.check("0103", telephone, "here")) == (0, "code")
    accounts.factors.check("0103", codes[0].lower().replace("-", " ").replace("0", "o"), "here")
    assert accounts.factors.rows.codes_left("0103") == 9
    assert why(lambda: accounts.factors.check("0103", codes[0], "here")) == (0, "code"), "once"
    assert actions(accounts, 1) == ["factor.recovery"]


def test_recovery_codes_are_those_of_one_account(accounts: Accounts, clock: Clock) -> None:
    _, codes = equipped(accounts, clock)
    equipped(accounts, clock, "0104")
    assert why(lambda: accounts.factors.check("0104", codes[0], "here")) == (0, "code")
    accounts.factors.check("0103", codes[0], "here")


def test_while_it_is_set_up_one_is_told_how_far_a_clock_is_off_and_never_afterwards(
    accounts: Accounts, clock: Clock
) -> None:
    session = id_of(hired(accounts))
    secret = secret_of(accounts.factors.begin("0103", session, "x").letters)
    for off, said in ((HOUR_MS, HOUR_MS), (-HOUR_MS, -HOUR_MS), (400 * 24 * HOUR_MS, None)):
        with pytest.raises(NotConfirmed) as caught:
            accounts.factors.confirm("0103", session, code_at(secret, clock.now_ms + off), "here")
        assert caught.value.off_ms == said
    assert not accounts.factors.has("0103"), "it counts only once it was confirmed"
    assert accounts.sign_in("0103", PASSWORD, "here").step is None


def test_a_new_telephone_takes_the_place_of_the_old_one_when_it_is_confirmed(accounts: Accounts, clock: Clock) -> None:
    old, codes = equipped(accounts, clock)
    session = another(accounts, clock)
    new = secret_of(accounts.factors.begin("0103", session, "x").letters)
    accounts.factors.check("0103", code_at(old, clock.now_ms), "here")
    fresh = accounts.factors.confirm("0103", session, code_at(new, clock.now_ms), "here")
    clock.now_ms += STEP_MS
    assert why(lambda: accounts.factors.check("0103", code_at(old, clock.now_ms), "here")) == (0, "code")
    assert why(lambda: accounts.factors.check("0103", codes[0], "here")) == (0, "code")
    accounts.factors.check("0103", code_at(new, clock.now_ms), "here")
    accounts.factors.check("0103", fresh[0], "here")


def test_guesses_wait_and_the_right_password_does_not_forget_them(accounts: Accounts, clock: Clock) -> None:
    secret, codes = equipped(accounts, clock)
    wrong = f"{(int(code_at(secret, clock.now_ms)) + 1) % 10**6:06}"
    seen = []
    for _ in range(12):
        begun = accounts.sign_in("0103", PASSWORD, "attacker")
        half = accounts.steps.half(begun.cookie)
        assert half is not None
        seen.append(why(partial(accounts.steps.give_code, half, wrong, "attacker"))[0])
    assert seen[: CODES.free + 1] == [0] * (CODES.free + 1) and all(seen[CODES.free + 1 :]), seen
    assert why(lambda: accounts.factors.check("0103", codes[0], "attacker"))[0] > 0, "of recovery codes as well"
    assert set(accounts.waits()) == {"0103"}
    accounts.unlock("0103")
    assert accounts.waits() == {}
    accounts.factors.check("0103", codes[0], "attacker")
    lines = accounts.rows.audit_lines(60)
    assert [line.action for line in lines].count("factor.refuse") == CODES.free + 1
    assert wrong not in repr(lines) and codes[0] not in repr(lines)


def test_guesses_from_elsewhere_keep_the_owner_out_for_half_a_minute_at_most(accounts: Accounts, clock: Clock) -> None:
    secret, _ = equipped(accounts, clock)
    for number in range(200):
        clock.now_ms += why(lambda: accounts.factors.check("0103", "AAAA-AAAA", f"attacker {number % 20}"))[0]  # noqa: B023
    clock.now_ms += 30_000
    accounts.factors.check("0103", code_at(secret, clock.now_ms), "here")
    clock.now_ms += STEP_MS
    waits = [why(lambda: accounts.factors.check("0103", "AAAA-AAAA", "attacker 3"))[0] for _ in range(2)]
    assert any(waits), "and the right code gives whoever guesses no fresh tries"
    accounts.reset_factor("0103", "0109")
    assert accounts.waits() == {}


def test_a_day_of_guesses_hardly_ever_meets_a_code(accounts: Accounts, clock: Clock) -> None:
    equipped(accounts, clock)
    begun, made = clock.now_ms, 0
    while clock.now_ms - begun < 24 * HOUR_MS:
        clock.now_ms += why(lambda: accounts.factors.check("0103", "AAAA-AAAA-AAAA-AAAA", "attacker"))[0] or 1_000
        made += 1
    assert made < 250, "three in a million each"


def test_the_database_holds_neither_secret_nor_codes(accounts: Accounts, store: Store, clock: Clock) -> None:
    secret, codes = equipped(accounts, clock)
    accounts.factors.begin("0103", another(accounts, clock), "x")
    with store.reading() as connection:
        held = repr(
            [
                connection.exec_driver_sql(f"SELECT * FROM {name}").all()
                for name in ("factors", "sessions", "recovery_codes", "audit", "staff", "meta")
            ]
        )
    assert repr(secret)[2:-1] not in held and KEY.decode() not in held
    assert not any(code in held or code.replace("-", "") in held for code in codes)


def _lost() -> bytes:
    raise FileNotFoundError("files.key")


def _shut() -> bytes:
    raise NotOpened("wrapped")


@pytest.mark.parametrize("key", [lambda: b"another key".ljust(32), _lost, _shut])
def test_without_its_key_nothing_opens_but_recovery_codes_do(
    accounts: Accounts, store: Store, clock: Clock, key: Callable[[], bytes]
) -> None:
    secret, codes = equipped(accounts, clock)
    moved = worker_on(store, clock, key, seed=5)
    for _ in range(CODES.free + 3):
        code = code_at(secret, clock.now_ms)
        assert why(partial(moved.factors.check, "0103", code, "here")) == (0, "unreadable"), "and no wait"
    moved.factors.check("0103", codes[0], "here")


def test_no_key_is_drawn_to_open_what_lies_under_another_one(accounts: Accounts, store: Store, clock: Clock) -> None:
    asked: list[bool] = []

    def key(in_use: bool) -> bytes:
        asked.append(in_use)
        return KEY

    accounts.factors._key = key
    secret, _ = equipped(accounts, clock)
    assert asked == [False, True, True], "drawn at most where one is set up"
    accounts.factors.check("0103", code_at(secret, clock.now_ms), "here")
    assert asked[3:] == [True]


def test_a_secret_cannot_be_put_in_the_place_of_another_one(accounts: Accounts, store: Store, clock: Clock) -> None:
    secret, _ = equipped(accounts, clock)
    equipped(accounts, clock, "0104")
    with store.writing() as connection:
        connection.exec_driver_sql(
            "UPDATE factors SET secret = (SELECT secret FROM factors WHERE staff_no = '0103') WHERE staff_no = '0104'"
        )
    assert why(lambda: accounts.factors.check("0104", code_at(secret, clock.now_ms), "x")) == (0, "unreadable")


def test_whoever_has_one_uses_it_wherever_the_password_is_asked_for(accounts: Accounts, clock: Clock) -> None:
    secret, codes = equipped(accounts, clock)
    assert why(lambda: accounts.vouch("0103", PASSWORD, "here")) == (0, "missing")
    assert why(lambda: accounts.vouch("0103", "wrong", "here", code_at(secret, clock.now_ms))) == (0, "")
    assert accounts.vouch("0103", PASSWORD, "here", code_at(secret, clock.now_ms)).staff_no == "0103"
    assert why(lambda: accounts.vouch("0103", PASSWORD, "here", code_at(secret, clock.now_ms))) == (0, "used")
    fresh = PASSWORD + "又结果"
    assert why(lambda: accounts.change_password("0103", PASSWORD, fresh, "here")) == (0, "missing")
    assert accounts.person(accounts.change_password("0103", PASSWORD, fresh, "here", codes[0]).cookie) is not None
    renewed = accounts.renew_invitation("0103")
    assert accounts.set_password("0103", renewed, PASSWORD, "here").step is Step.CODE, "a new password is not enough"


def test_a_role_that_demands_one_comes_no_further_without(store: Store, clock: Clock) -> None:
    accounts = worker_on(store, clock, demands=Demands(frozenset({"head"})))
    code = accounts.create_invitation("0103", "王芳", ["head"])
    begun = accounts.set_password("0103", code, PASSWORD, "here")
    assert begun.step is Step.SET_UP and accounts.person(begun.cookie) is None
    assert accounts.sign_in("0103", PASSWORD, "here").step is Step.SET_UP, "nor the next time"
    half = accounts.steps.half(accounts.sign_in("0103", PASSWORD, "here").cookie)
    assert half is not None
    with pytest.raises(Outdated):
        accounts.steps.give_code(half, "123456", "here")
    with pytest.raises(Outdated):
        accounts.steps.replace(half, "here")
    secret = secret_of(accounts.steps.set_up(half, "x").letters)
    codes, opened = accounts.steps.confirm(half, code_at(secret, clock.now_ms), "here")
    assert len(set(codes)) == 10 and accounts.person(opened.cookie) is not None
    with pytest.raises(StaffTrouble, match="demands"):
        accounts.end_factor("0103", "here")
    assert hired(accounts, "0102", "clerk") and accounts.sign_in("0102", PASSWORD, "here").step is None


def test_a_role_that_demands_one_vouches_for_nothing_without(accounts: Accounts, store: Store, clock: Clock) -> None:
    cookie = hired(accounts)  # before it was demanded
    strict = worker_on(store, clock, seed=7, demands=Demands(frozenset({"head"})))
    assert strict.person(cookie) is not None
    assert why(lambda: strict.vouch("0103", PASSWORD, "here")) == (0, "none")
    assert why(lambda: strict.vouch("0103", "wrong", "here")) == (0, ""), "and it tells nobody else"
    half = strict.steps.half(strict.sign_in("0103", PASSWORD, "here").cookie)
    assert half is not None
    secret = secret_of(strict.steps.set_up(half, "x").letters)
    strict.steps.confirm(half, code_at(secret, clock.now_ms), "here")
    clock.now_ms += STEP_MS
    assert strict.vouch("0103", PASSWORD, "here", code_at(secret, clock.now_ms)).staff_no == "0103"


def test_where_the_clock_is_no_help_recovery_codes_begin_it(store: Store, clock: Clock) -> None:
    accounts = worker_on(store, clock, demands=Demands(frozenset({"head"})))
    code = accounts.create_invitation("0103", "王芳", ["head"])
    half = accounts.steps.half(accounts.set_password("0103", code, PASSWORD, "here").cookie)
    assert half is not None
    secret = secret_of(accounts.steps.set_up(half, "x").letters)
    codes, opened = accounts.steps.confirm(half, None, "here")
    assert accounts.person(opened.cookie) is not None and accounts.factors.has("0103")
    assert accounts.sign_in("0103", PASSWORD, "here").step is Step.CODE
    accounts.factors.check("0103", codes[0], "here")
    clock.now_ms += HOUR_MS  # the clock was set right
    accounts.factors.check("0103", code_at(secret, clock.now_ms), "here")
    begun = [line.detail for line in accounts.rows.audit_lines(20) if line.action == "factor.begin"]
    assert '"by_code":false' in begun[0].replace(" ", "")


def test_a_lost_telephone_is_reset_by_somebody_else(accounts: Accounts, clock: Clock) -> None:
    secret, _ = equipped(accounts, clock)
    equipped(accounts, clock, "0109", "admin")
    half = accounts.steps.half(accounts.sign_in("0103", PASSWORD, "here").cookie)
    assert half is not None
    opened = accounts.steps.give_code(half, code_at(secret, clock.now_ms), "here")
    with pytest.raises(StaffTrouble, match="his own"):
        accounts.reset_factor("0103", "0103", by_admin=True)
    with pytest.raises(StaffTrouble, match="administrator"):
        accounts.reset_factor("0109", "0103", by_admin=False)
    with pytest.raises(StaffTrouble, match="no staff number"):
        accounts.reset_factor("7777", "0109")
    accounts.reset_factor("0103", "0109")
    assert accounts.person(opened.cookie) is None, "signed out"
    assert accounts.sign_in("0103", PASSWORD, "here").step is None
    [line] = [line for line in accounts.rows.audit_lines(20) if line.action == "factor.reset"]
    assert (line.actor, line.subject) == ("0109", "0103")
    with pytest.raises(StaffTrouble, match="has no second factor"):
        accounts.reset_factor("0103", "0109")
    accounts.reset_factor("0109")
    assert accounts.rows.audit_lines(1)[0].actor == "command line"


def test_a_program_needs_none(accounts: Accounts, clock: Clock) -> None:
    equipped(accounts, clock)
    token = accounts.make_token("平台", "0103", "head", 30, by="0103", by_admin=False)
    assert accounts.program(token) is not None


def test_who_stands_in_for_a_role_that_demands_a_factor_has_one_or_does_not_stand_in(
    store: Store, clock: Clock
) -> None:
    accounts = worker_on(store, clock, demands=Demands(second_factor=frozenset({"cashier"})))
    person = accounts.person(hired(accounts, "0101", "clerk"))
    assert person is not None and person.stands_in == {"archivist"} and person.roles == {"clerk", "archivist"}
    secret, _ = equipped(accounts, clock, "0102", "clerk")
    assert accounts.vouch("0102", PASSWORD, "here", code_at(secret, clock.now_ms)).stands_in == {"cashier", "archivist"}


def test_a_program_stands_in_for_nobody(accounts: Accounts) -> None:
    hired(accounts, "0101", "clerk")
    found = accounts.program(accounts.make_token("接口", "0101", "clerk", 30, by="0009", by_admin=True))
    assert found is not None and found[0].roles == {"clerk"} and not found[0].stands_in and found[0].via == "0009"
