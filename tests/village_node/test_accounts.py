"""Accounts: one-time codes, passwords, sessions and throttles, over a real database."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from argon2.exceptions import HashingError, VerificationError
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import empty_database
from village_node.accounts import Accounts, Hasher, Rule, SignInRefused, StaffTrouble, Throttle, password_trouble
from village_node.accounts.passwords import BLOCKED, code_hash, one_time_code
from village_node.accounts.sessions import ABSOLUTE_MS, IDLE_MS, form_token, is_form_token
from village_node.accounts.throttle import ACCOUNT, DAY_MS, PERSON_HERE, SOURCE
from village_node.store import open_store
from village_node.store.accounts import AccountRows

PASSWORD = "窑洞门前两棵老槐树开花了"
START_MS = 1_795_000_000_000


class Clock:
    """A clock that stands still unless moved."""

    now_ms = START_MS

    def __call__(self) -> int:
        return self.now_ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def accounts(folder: Path, clock: Clock) -> Iterator[Accounts]:
    (folder / "node.db").write_bytes(empty_database())
    store = open_store(f"sqlite:///{folder / 'node.db'}")
    chance = random.Random(1).randbytes
    yield Accounts(AccountRows(store), "village", clock, chance, Hasher(chance, memory_kib=64, passes=1, lanes=1))
    store.close()


def hired(accounts: Accounts, staff_no: str = "0001", *roles: str) -> str:
    """Somebody with a password; the cookie of their first session."""
    code = accounts.create_invitation(staff_no, "王芳", roles or ("agent",))
    return accounts.set_password(staff_no, code, PASSWORD, "127.0.0.1").cookie


def refused(act: Callable[[], object]) -> int:
    """The wait in ms with which an attempt is refused."""
    with pytest.raises(SignInRefused) as caught:
        act()
    return caught.value.wait_ms


def guess(accounts: Accounts, staff_no: str, password: str, source: str = "here") -> int:
    """A sign-in that does not succeed; its wait in ms."""
    return refused(lambda: accounts.sign_in(staff_no, password, source))


def test_there_is_no_account_and_no_password_at_first(accounts: Accounts) -> None:
    assert accounts.rows.all_staff() == []
    for number in ("admin", "root", ""):
        assert guess(accounts, number, "admin") == 0


def test_a_code_sets_a_password_once(accounts: Accounts) -> None:
    code = accounts.create_invitation("0001", "王芳", ["agent"])
    typed = code.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    accounts.set_password("0001", typed, PASSWORD, "here")
    assert refused(lambda: accounts.set_password("0001", code, PASSWORD + "!", "here")) == 0
    assert accounts.sign_in("0001", PASSWORD, "here").staff.staff_no == "0001"


def test_a_right_password_is_not_called_wrong_for_want_of_memory(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    hired(accounts)

    def starved(*_: object, **__: object) -> None:
        raise VerificationError("Memory allocation error")

    def starved_too(*_: object, **__: object) -> None:
        raise HashingError("Memory allocation error")

    monkeypatch.setattr(PasswordHasher, "verify", starved)
    monkeypatch.setattr(PasswordHasher, "hash", starved_too)
    with pytest.raises(MemoryError):
        accounts.sign_in("0001", PASSWORD, "here")
    code = accounts.renew_invitation("0001")
    with pytest.raises(MemoryError):
        accounts.set_password("0001", code, PASSWORD, "here")


def test_a_code_ends_after_two_weeks(accounts: Accounts, clock: Clock) -> None:
    code = accounts.create_invitation("0001", "王芳", ["agent"])
    clock.now_ms += 15 * 24 * 3_600_000
    assert refused(lambda: accounts.set_password("0001", code, PASSWORD, "here")) == 0
    again = accounts.renew_invitation("0001")
    accounts.set_password("0001", again, PASSWORD, "here")


def test_a_new_code_ends_the_old_password_and_its_sessions(accounts: Accounts) -> None:
    cookie = hired(accounts)
    accounts.renew_invitation("0001")
    assert accounts.person(cookie) is None
    assert refused(lambda: accounts.sign_in("0001", PASSWORD, "here")) == 0


def test_of_a_code_only_its_hash_is_kept(accounts: Accounts) -> None:
    code = accounts.create_invitation("0001", "王芳", ["agent"])
    staff = accounts.rows.staff("0001")
    assert staff is not None
    assert staff.invitation_hash == code_hash(code)
    assert code.encode() not in repr(staff).encode()


def test_codes_have_eighty_bits_and_no_letters_that_look_alike() -> None:
    codes = {one_time_code(random.Random(n).randbytes) for n in range(200)}
    assert len(codes) == 200
    assert all(len(code.replace("-", "")) == 16 for code in codes)
    assert not set("".join(codes)) & set("ILOU")


@pytest.mark.parametrize("staff_no", ["", " ", "a b", "x" * 33, "a\x00b", "a\nb"])
def test_a_staff_number_that_cannot_be_one_is_refused_in_words(accounts: Accounts, staff_no: str) -> None:
    with pytest.raises(StaffTrouble, match="staff number"):
        accounts.create_invitation(staff_no, "王芳", ["agent"])


@pytest.mark.parametrize("staff_no", ["resident", "node", "Node ", "operator", "unknown", "0001@10.0.0.7", "王@村"])
def test_a_number_that_stands_for_somebody_else_is_given_to_nobody(accounts: Accounts, staff_no: str) -> None:
    with pytest.raises(StaffTrouble, match=r"[Cc]hoose another"):
        accounts.create_invitation(staff_no, "王芳", ["agent"])
    assert accounts.rows.all_staff() == []


def test_a_typed_number_with_a_source_in_it_mixes_with_no_account(accounts: Accounts) -> None:
    hired(accounts, "0001")
    for _ in range(4):
        guess(accounts, "0001@10.0.0.7", "wrong", "10.0.0.9")
    assert accounts.waits() == {}, "they were not guesses at 0001"
    for _ in range(4):
        guess(accounts, "0001", "wrong", "10.0.0.8")
    accounts.unlock("0001")
    assert guess(accounts, "0001@10.0.0.7", "wrong", "10.0.0.9") > 0, "nor does the end of its wait end theirs"


def test_the_end_of_a_wait_gives_back_nothing_that_others_have_counted_since(accounts: Accounts, clock: Clock) -> None:
    hired(accounts, "0001")
    for _ in range(3):
        guess(accounts, "0001", "wrong")
    clock.now_ms += SOURCE.forget_ms + 1
    for number in range(5):
        guess(accounts, f"x{number}", "wrong")
    accounts.unlock("0001")
    counted = accounts.throttle.rows.throttle("source:here")
    assert counted is not None and counted.failures == 5
    assert accounts.throttle.rows.throttles("person:0001@") == []


def test_an_account_needs_a_name_roles_of_its_level_and_a_free_number(accounts: Accounts) -> None:
    with pytest.raises(StaffTrouble, match="1 to 60"):
        accounts.create_invitation("0001", " ", ["agent"])
    with pytest.raises(StaffTrouble, match="officer"):
        accounts.create_invitation("0001", "王芳", ["officer"])
    with pytest.raises(StaffTrouble, match="at least one role"):
        accounts.create_invitation("0001", "王芳", [])
    accounts.create_invitation("0001", "王芳", ["agent"])
    with pytest.raises(StaffTrouble, match="exists already"):
        accounts.create_invitation("0001", "李强", ["agent"])


@pytest.mark.parametrize(
    "password",
    ["short", "x" * 129, "aaaaaaaaaaaa", "abababababab", "123456789012", "qwertyuiop12", "abcdefghijklm",
     "987654321098", "PASSWORD1234", "0001000100010001", sorted(BLOCKED)[0]],
)  # fmt: skip
def test_a_password_that_everybody_tries_is_refused_in_words(password: str) -> None:
    trouble = password_trouble(password, "0001")
    assert trouble is not None
    assert all(trouble)


@pytest.mark.parametrize("password", [PASSWORD, "correct horse battery", "xK9#mPq2vL7w", "村口第三家的红辣椒真好看啊"])
def test_a_sound_password_is_taken_without_rules_of_mixture(password: str) -> None:
    assert password_trouble(password, "0001") is None


@given(st.text(min_size=12, max_size=40))
def test_judging_a_password_never_fails(password: str) -> None:
    trouble = password_trouble(password, "0001")
    assert trouble is None or len(trouble) == 2


def test_blocked_passwords_are_such_as_the_length_lets_through() -> None:
    assert all(len(each) >= 12 and each == each.casefold() for each in BLOCKED)


def test_a_wrong_number_a_wrong_password_a_disabled_and_an_unused_account_get_one_answer(accounts: Accounts) -> None:
    hired(accounts, "0001")
    hired(accounts, "0002")
    accounts.disable("0002", True)
    accounts.create_invitation("0003", "李强", ["agent"])
    tries = [("0001", "wrong password"), ("9999", PASSWORD), ("0002", PASSWORD), ("0003", PASSWORD)]
    assert [guess(accounts, *each) for each in tries] == [0, 0, 0, 0]


def test_each_of_these_costs_one_comparison(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    hired(accounts, "0001")
    accounts.create_invitation("0003", "李强", ["agent"])
    compared: list[str | None] = []
    real = Hasher.matches

    def matches(self: Hasher, encoded: str | None, typed: str) -> bool:
        compared.append(encoded)
        return real(self, encoded, typed)

    monkeypatch.setattr(Hasher, "matches", matches)
    for number in ("0001", "9999", "0003"):
        guess(accounts, number, "wrong")
    assert len(compared) == 3


def test_no_password_is_a_hash_nobody_has(accounts: Accounts) -> None:
    hasher = Hasher(random.Random(1).randbytes, memory_kib=64, passes=1, lanes=1)
    assert not hasher.matches(None, "nobody has this password")
    assert not hasher.matches("not a hash", "x")


def test_the_usual_hash_is_argon2id_with_64_mib() -> None:
    encoded = Hasher(random.Random(1).randbytes).hash(PASSWORD)
    assert encoded.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_a_cheap_hash_is_made_again_at_the_next_sign_in(accounts: Accounts, clock: Clock) -> None:
    hired(accounts)
    chance = random.Random(2).randbytes
    dearer = Accounts(accounts.rows, "village", clock, chance, Hasher(chance, memory_kib=128, passes=1, lanes=1))
    dearer.sign_in("0001", PASSWORD, "here")
    staff = accounts.rows.staff("0001")
    assert staff is not None and staff.password_hash is not None
    assert "m=128" in staff.password_hash
    dearer.sign_in("0001", PASSWORD, "here")


def test_a_session_ends_when_nobody_is_there_and_after_a_working_day(accounts: Accounts, clock: Clock) -> None:
    cookie = hired(accounts)
    clock.now_ms += IDLE_MS - 1
    assert accounts.person(cookie) is not None
    clock.now_ms += IDLE_MS
    assert accounts.person(cookie) is None
    clock.now_ms -= IDLE_MS
    assert accounts.person(cookie) is None, "a session that has ended stays ended"
    busy = accounts.sign_in("0001", PASSWORD, "here").cookie
    for _ in range(ABSOLUTE_MS // (IDLE_MS // 2) - 1):
        clock.now_ms += IDLE_MS // 2
        assert accounts.person(busy) is not None
    clock.now_ms += IDLE_MS // 2
    assert accounts.person(busy) is None


def test_what_a_page_asks_by_itself_keeps_no_session_alive(accounts: Accounts, clock: Clock) -> None:
    cookie = hired(accounts)
    for _ in range(9):
        clock.now_ms += IDLE_MS // 10
        assert accounts.person(cookie, touch=False) is not None
    clock.now_ms += IDLE_MS // 10
    assert accounts.person(cookie, touch=False) is None


def test_a_clock_set_back_for_good_ends_sessions_and_locks_nobody_out(accounts: Accounts, clock: Clock) -> None:
    cookie = hired(accounts)
    for _ in range(30):
        refused(lambda: accounts.sign_in("0001", "wrong password", "elsewhere"))
    clock.now_ms -= 3 * 365 * 24 * 3_600_000
    assert accounts.person(cookie) is None
    waits = 0
    while True:
        try:
            accounts.sign_in("0001", PASSWORD, "elsewhere")
            break
        except SignInRefused as again:
            clock.now_ms += again.wait_ms
            waits += again.wait_ms
    assert waits <= PERSON_HERE.longest_ms


def test_signing_out_ends_the_session_at_the_server(accounts: Accounts) -> None:
    cookie = hired(accounts)
    accounts.sign_out(cookie, "0001")
    assert accounts.person(cookie) is None


def test_disabling_an_account_ends_its_sessions_at_once(accounts: Accounts) -> None:
    cookie = hired(accounts)
    accounts.disable("0001", True)
    assert accounts.person(cookie) is None
    accounts.disable("0001", False)
    assert accounts.person(cookie) is None
    accounts.sign_in("0001", PASSWORD, "here")


def test_an_administrator_who_never_signed_in_is_nobody_to_leave_the_node_to(accounts: Accounts, clock: Clock) -> None:
    hired(accounts, "0009", "admin")
    accounts.create_invitation("0008", "李梅", ["admin"])
    clock.now_ms += 15 * 24 * 3_600_000  # the code is over
    for act in (lambda: accounts.disable("0009", True), lambda: accounts.change("0009", "王芳", ["agent"], "0008")):
        with pytest.raises(StaffTrouble, match="last administrator"):
            act()
    accounts.disable("0008", True)
    hired(accounts, "0007", "admin")
    accounts.disable("0009", True)


def test_a_session_of_a_disabled_account_is_dead_however_it_was_disabled(accounts: Accounts) -> None:
    cookie = hired(accounts)
    accounts.rows.change_staff("0001", disabled=True)
    assert accounts.person(cookie) is None


def test_a_wait_from_the_future_begins_now(accounts: Accounts, clock: Clock) -> None:
    rule = Rule(free=0, longest_ms=8_000, forget_ms=10**8)
    assert accounts.throttle.attempt("query", rule) == 0
    clock.now_ms -= 365 * 24 * 3_600_000
    assert accounts.throttle.attempt("query", rule) == 1_000
    clock.now_ms += 1_000
    assert accounts.throttle.attempt("query", rule) == 0


def test_changing_the_password_signs_out_everywhere_else(accounts: Accounts) -> None:
    first = hired(accounts)
    second = accounts.sign_in("0001", PASSWORD, "here").cookie
    fresh = accounts.change_password("0001", PASSWORD, PASSWORD + "又结果", "here").cookie
    assert [accounts.person(cookie) is None for cookie in (first, second, fresh)] == [True, True, False]
    assert refused(lambda: accounts.change_password("0001", PASSWORD, PASSWORD + "再结果", "here")) == 0


def test_a_copy_of_the_database_opens_no_session(accounts: Accounts) -> None:
    cookie = hired(accounts)
    with accounts.rows._store.reading() as connection:
        kept = connection.exec_driver_sql("SELECT hex(id_hash), * FROM sessions").all()
    assert kept
    assert cookie not in repr(kept)
    assert accounts.person(kept[0][0].lower()) is None


def test_each_session_has_an_id_of_its_own_with_256_bits(accounts: Accounts) -> None:
    hired(accounts)
    cookies = {accounts.sign_in("0001", PASSWORD, "here").cookie for _ in range(5)}
    assert len(cookies) == 5
    assert all(len(cookie) == 43 for cookie in cookies)


def test_roles_that_this_level_does_not_have_count_for_nothing(accounts: Accounts) -> None:
    cookie = hired(accounts)
    accounts.rows.change_staff("0001", roles=("agent", "officer"))
    person = accounts.person(cookie)
    assert person is not None
    assert person.roles - person.stands_in == {"agent"}


def test_form_tokens_belong_to_one_cookie() -> None:
    assert is_form_token("abc", form_token("abc"))
    assert not is_form_token("abd", form_token("abc"))
    assert not is_form_token("", form_token(""))
    assert not is_form_token("abc", "é")


def test_a_thousand_guesses_at_one_account_take_days(accounts: Accounts, clock: Clock) -> None:
    hired(accounts)
    begun, made = clock.now_ms, 0
    while made < 40:
        wait = refused(lambda: accounts.sign_in("0001", "wrong password", "attacker"))
        clock.now_ms += wait
        made += not wait
    spent = clock.now_ms - begun
    assert spent > 6 * 3_600_000, "forty guesses already take hours"


def test_guesses_from_elsewhere_keep_nobody_out_for_longer_than_half_a_minute(accounts: Accounts, clock: Clock) -> None:
    hired(accounts)
    for number in range(60):
        try:
            accounts.sign_in("0001", "wrong password", f"attacker {number}")
        except SignInRefused as wait:
            clock.now_ms += wait.wait_ms
    try:
        accounts.sign_in("0001", PASSWORD, "the office")
    except SignInRefused as wait:
        assert 0 < wait.wait_ms <= ACCOUNT.longest_ms
        clock.now_ms += wait.wait_ms
        accounts.sign_in("0001", PASSWORD, "the office")


def test_one_guess_at_each_of_many_accounts_is_throttled_by_its_source(accounts: Accounts) -> None:
    waits = [guess(accounts, f"{n:04}", "wrong password", "attacker") for n in range(60)]
    assert waits[: SOURCE.free + 1] == [0] * (SOURCE.free + 1)
    assert all(waits[SOURCE.free + 1 :])


def test_a_throttle_outlives_a_restart(accounts: Accounts, clock: Clock) -> None:
    hired(accounts)
    while not refused(lambda: accounts.sign_in("0001", "wrong password", "attacker")):
        pass
    chance = random.Random(3).randbytes
    restarted = Accounts(accounts.rows, "village", clock, chance, Hasher(chance, memory_kib=64, passes=1, lanes=1))
    assert refused(lambda: restarted.sign_in("0001", PASSWORD, "attacker")) > 0


def test_a_right_sign_in_forgets_what_was_mistyped(accounts: Accounts) -> None:
    hired(accounts)
    for _ in range(10):
        for _ in range(PERSON_HERE.free):
            assert refused(lambda: accounts.sign_in("0001", "wrong password", "the office")) == 0
        accounts.sign_in("0001", PASSWORD, "the office")
        break
    row = accounts.throttle.rows.throttle("person:0001@the office")
    assert row is None


@given(
    st.builds(
        Rule, st.integers(0, 50), st.integers(0, 10**7), st.integers(1, 10**8), st.sampled_from([1, 1000, 86_400_000])
    ),
    st.integers(0, 10**6),
)
def test_a_wait_grows_and_has_an_end(rule: Rule, failures: int) -> None:
    wait, longer = rule.wait_ms(failures), rule.wait_ms(failures + 1)
    assert 0 <= wait <= longer <= rule.longest_ms
    assert (wait == 0) or failures > rule.free


def test_ten_attempts_at_once_are_counted_as_ten(accounts: Accounts, clock: Clock) -> None:
    import threading

    throttle, allowed = Throttle(accounts.throttle.rows, clock), []
    rule = Rule(free=3, longest_ms=60_000, forget_ms=10**6)
    threads = [threading.Thread(target=lambda: allowed.append(throttle.attempt("k", rule) == 0)) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(allowed) == rule.free + 1


def test_of_several_throttles_all_count_or_none(accounts: Accounts, clock: Clock) -> None:
    one, other = Rule(free=0, longest_ms=8_000, forget_ms=10**8, first_ms=8_000), Rule(5, 1_000, 10**8)
    rules = {"one": one, "other": other}
    assert accounts.throttle.attempt_all(rules) == {"one": 0, "other": 0}
    assert accounts.throttle.attempt_all(rules) == {"one": 8_000, "other": 0}
    assert [row.failures for row in accounts.throttle.rows.throttles("o")] == [1, 1]
    clock.now_ms -= 365 * 24 * 3_600_000
    assert accounts.throttle.attempt_all(rules)["one"] == 8_000
    clock.now_ms += 8_000
    assert accounts.throttle.attempt_all(rules)["one"] == 0, "a wait from the future begins now"


def test_no_rule_remembers_longer_than_its_rows_are_kept(accounts: Accounts, clock: Clock) -> None:
    rule = Rule(free=0, longest_ms=DAY_MS, forget_ms=3 * DAY_MS, first_ms=DAY_MS)
    for attempt in (accounts.throttle.attempt, lambda key, rule: accounts.throttle.attempt_all({key: rule})):
        with pytest.raises(ValueError, match="longer than its rows are kept"):
            attempt("query", rule)
    accounts.throttle.attempt("long:query", rule)
    clock.now_ms += 179 * DAY_MS
    accounts.keep_house()
    assert accounts.throttle.counted("") == ["long:query"]
    clock.now_ms += 2 * DAY_MS
    accounts.keep_house()
    assert accounts.throttle.counted("") == []


def test_old_throttles_and_sessions_are_swept_away(accounts: Accounts, clock: Clock) -> None:
    hired(accounts)
    refused(lambda: accounts.sign_in("0001", "wrong password", "here"))
    clock.now_ms += 3 * 24 * 3_600_000
    accounts.keep_house()
    with accounts.rows._store.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM sessions").scalar() == 0
        assert connection.exec_driver_sql("SELECT count(*) FROM throttle").scalar() == 0


def test_sign_ins_and_refusals_leave_lines_that_hold_nothing_typed(accounts: Accounts) -> None:
    hired(accounts)
    refused(lambda: accounts.sign_in("my secret password", PASSWORD, "here"))
    refused(lambda: accounts.sign_in("0001", "wrong password", "here"))
    lines = accounts.rows.audit_lines(10)
    assert [(line.action, line.subject) for line in lines] == [
        ("session.refuse", "0001"),
        ("session.refuse", "unknown"),
        ("password.set", "0001"),
        ("staff.invite", "0001"),
    ]
    assert "secret" not in repr(lines) and PASSWORD not in repr(lines)


def test_what_cannot_be_audited_does_not_happen(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    from village_node.store import NotSaved, audit

    def broken(*_: object) -> None:
        raise NotSaved("磁盘已满", "the disk is full")

    hired(accounts)
    monkeypatch.setattr(audit, "append", broken)
    with pytest.raises(NotSaved):
        accounts.sign_in("0001", PASSWORD, "here")
