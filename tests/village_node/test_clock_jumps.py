"""The wall clock jumps under a running node: nobody is signed out or locked out for it, and nothing lasts for ever."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders import Clock
from village_node.accounts import Accounts, Hasher, SignInRefused
from village_node.accounts.elapsed import Elapsed
from village_node.accounts.sessions import ABSOLUTE_MS, IDLE_MS, INVITATION_MS
from village_node.store import open_store
from village_node.store.accounts import AccountRows

PASSWORD = "窑洞门前两棵老槐树开花了"
DAY_MS = 86_400_000
JUMPS = [-10 * 365 * DAY_MS, -3_600_000, 3 * DAY_MS, 10 * 365 * DAY_MS]


class Machine:
    """A node's accounts on a machine with a wall clock and a steady one."""

    def __init__(self, folder: Path) -> None:
        self.wall, self.steady = Clock(), Clock(5_000)
        self.store = open_store(f"sqlite:///{folder / 'node.db'}")
        self.accounts = self.worker()

    def worker(self) -> Accounts:
        """A process on this database (another one, or the same after a restart)."""
        chance = random.Random(1).randbytes
        hasher = Hasher(chance, memory_kib=64, passes=1, lanes=1)
        return Accounts(AccountRows(self.store), "village", self.wall, chance, hasher, steady=self.steady)

    def passes(self, ms: int) -> None:
        """Time passes, on both clocks."""
        self.wall.now_ms += ms
        self.steady.now_ms += ms

    def hired(self) -> str:
        """Somebody with a password; the cookie of the first session."""
        code = self.accounts.create_invitation("0001", "王芳", ["agent"])
        return self.accounts.set_password("0001", code, PASSWORD, "here").cookie


@pytest.fixture
def machine(folder: Path) -> Iterator[Machine]:
    made = Machine(folder)
    yield made
    made.store.close()


@pytest.mark.parametrize("jump_ms", JUMPS)
def test_a_jump_signs_nobody_out_and_keeps_nobody_signed_in(machine: Machine, jump_ms: int) -> None:
    cookie = machine.hired()
    assert machine.accounts.person(cookie) is not None
    machine.wall.now_ms += jump_ms
    machine.accounts.keep_house()
    assert machine.accounts.person(cookie) is not None, "still in front of the screen"
    machine.passes(IDLE_MS - 1)
    assert machine.accounts.person(cookie) is not None
    machine.passes(IDLE_MS)
    assert machine.accounts.person(cookie) is None, "nobody was there for ten minutes"


def test_a_session_ends_after_a_working_day_however_often_the_clock_is_set_back(machine: Machine) -> None:
    cookie = machine.hired()
    for _ in range(ABSOLUTE_MS // (IDLE_MS // 2) - 1):
        machine.passes(IDLE_MS // 2)
        assert machine.accounts.person(cookie) is not None
        machine.wall.now_ms -= IDLE_MS // 2 + 10_000
    machine.passes(IDLE_MS // 2)
    assert machine.accounts.person(cookie) is None


def test_another_worker_s_session_lives_by_what_that_worker_saw(machine: Machine) -> None:
    cookie, other = machine.hired(), machine.worker()
    for _ in range(6):
        machine.passes(IDLE_MS - 60_000)
        assert machine.accounts.person(cookie) is not None
        machine.passes(30_000)
        assert other.person(cookie, touch=False) is not None, "it was touched at the first worker half a minute ago"
    machine.passes(IDLE_MS)
    assert other.person(cookie) is None


@pytest.mark.parametrize("jump_ms", JUMPS)
def test_a_jump_between_two_workers_looks_signs_nobody_out(machine: Machine, jump_ms: int) -> None:
    cookie, other = machine.hired(), machine.worker()
    assert other.person(cookie, touch=False) is not None
    machine.passes(60_000)
    assert machine.accounts.person(cookie) is not None, "touched at the first worker"
    machine.wall.now_ms += jump_ms
    machine.passes(1_000)
    assert other.person(cookie, touch=False) is not None


def test_a_code_from_a_time_to_come_ends_two_weeks_after_it_was_first_seen(machine: Machine) -> None:
    code = machine.accounts.create_invitation("0001", "王芳", ["agent"])
    machine.wall.now_ms -= 365 * DAY_MS
    machine.accounts = machine.worker()
    for pause_ms in (0, INVITATION_MS + 1):
        machine.passes(pause_ms)
        with pytest.raises(SignInRefused):
            machine.accounts.set_password("0001", code if pause_ms else "AAAA-AAAA-AAAA-AAAA", PASSWORD, "here")


def test_yesterday_s_session_does_not_come_back_with_a_clock_that_died_overnight(machine: Machine) -> None:
    cookie = machine.hired()
    machine.wall.now_ms, machine.steady.now_ms = 0, 0
    machine.accounts = machine.worker()
    assert machine.accounts.person(cookie) is None
    again = machine.accounts.sign_in("0001", PASSWORD, "here").cookie
    assert machine.accounts.person(again) is not None


def test_sessions_from_a_time_to_come_are_swept_away(machine: Machine) -> None:
    machine.hired()
    machine.wall.now_ms, machine.steady.now_ms = 0, 0
    machine.worker().keep_house()
    with machine.store.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM sessions").scalar() == 0


@pytest.mark.parametrize("jump_ms", JUMPS)
def test_a_code_lasts_its_two_weeks_wherever_the_clock_jumps(machine: Machine, jump_ms: int) -> None:
    codes = {
        number: machine.accounts.create_invitation(number, "王芳", ["agent"]) for number in ("0001", "0002", "0003")
    }
    machine.wall.now_ms += jump_ms
    machine.accounts.set_password("0001", codes["0001"], PASSWORD, "here")
    machine.passes(INVITATION_MS - 60_000)
    machine.accounts.set_password("0002", codes["0002"], PASSWORD, "there")
    machine.passes(120_000)
    with pytest.raises(SignInRefused):
        machine.accounts.set_password("0003", codes["0003"], PASSWORD, "elsewhere")


@pytest.mark.parametrize("jump_ms", JUMPS)
def test_a_jump_never_makes_a_wait_longer_than_the_rule(machine: Machine, jump_ms: int) -> None:
    machine.hired()
    for _ in range(4):
        with pytest.raises(SignInRefused):
            machine.accounts.sign_in("0001", "falsch geraten", "here")
    machine.wall.now_ms += jump_ms
    with pytest.raises(SignInRefused) as refused:
        while True:
            machine.accounts.sign_in("0001", "falsch geraten", "here")
            machine.passes(1)
    machine.passes(max(refused.value.wait_ms, 60_000))
    machine.accounts.sign_in("0001", PASSWORD, "here")


def test_a_jump_leaves_a_line_in_the_audit_trail_and_a_clock_that_runs_leaves_none(machine: Machine) -> None:
    machine.passes(DAY_MS)
    machine.accounts.watch_clock()
    machine.wall.now_ms -= DAY_MS
    for _ in range(2):
        machine.accounts.watch_clock()
    lines = [line for line in machine.accounts.rows.audit_lines(10) if line.action == "clock.jump"]
    assert [line.detail for line in lines] == ['{"by_ms":-86400000}']


def test_ages_are_forgotten_so_that_they_need_no_room_for_ever() -> None:
    wall, steady = Clock(), Clock(0)
    ages = Elapsed(wall, steady)
    ages.since("old", wall())
    steady.now_ms += 1_000
    ages.since("new", wall())
    ages.forget_older(1_000)
    assert ages.younger(1_000) == {"new"}
