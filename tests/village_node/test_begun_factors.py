"""A second factor that is set up belongs to one session, and none that counts is replaced by a password alone."""

import pytest

from tests.village_node.authenticator import STEP_MS, code_at, secret_of
from tests.village_node.test_accounts import PASSWORD, Clock
from tests.village_node.test_factors import accounts, another, clock, equipped, hired, why, worker_on
from village_node.accounts import Accounts, Demands
from village_node.accounts.factors import NotConfirmed
from village_node.accounts.sessions import Step, id_of
from village_node.store import Store
from village_node.store.errors import Outdated
from village_node.store.factors import FactorRow, FactorRows

__all__ = ["accounts", "clock"]


def test_a_secret_is_confirmed_in_the_session_that_has_seen_it(accounts: Accounts, clock: Clock) -> None:
    thief, owner = id_of(hired(accounts)), id_of(accounts.sign_in("0103", PASSWORD, "there").cookie)
    own = accounts.factors.begin("0103", owner, "x")
    stolen = accounts.factors.begin("0103", thief, "x")
    assert own.letters != stolen.letters
    assert accounts.factors.begin("0103", thief, "x") == stolen, "a page shown twice shows the same"
    assert accounts.factors.begin("0103", owner, "x") == own, "whatever others have begun meanwhile"
    with pytest.raises(NotConfirmed):
        accounts.factors.confirm("0103", thief, code_at(secret_of(own.letters), clock.now_ms), "here")
    accounts.factors.confirm("0103", owner, code_at(secret_of(own.letters), clock.now_ms), "here")
    with pytest.raises(Outdated):  # what others have begun is over
        accounts.factors.confirm("0103", thief, code_at(secret_of(stolen.letters), clock.now_ms), "here")
    assert (
        why(lambda: accounts.factors.check("0103", code_at(secret_of(stolen.letters), clock.now_ms), "x"))[1] == "code"
    )


@pytest.mark.parametrize("ended", ["end", "reset"])
def test_what_was_begun_is_over_where_the_factor_is_taken_away(accounts: Accounts, clock: Clock, ended: str) -> None:
    equipped(accounts, clock)
    session = another(accounts, clock)
    begun = accounts.factors.begin("0103", session, "x")
    accounts.end_factor("0103", "here") if ended == "end" else accounts.reset_factor("0103", "0109")
    with pytest.raises(Outdated):
        accounts.factors.confirm("0103", session, code_at(secret_of(begun.letters), clock.now_ms), "here")


def test_two_confirmations_at_once_give_one_sheet_of_codes(accounts: Accounts, store: Store, clock: Clock) -> None:
    session = id_of(hired(accounts))
    secret = secret_of(accounts.factors.begin("0103", session, "x").letters)
    begun = accounts.factors.rows.begun("0103", session)
    assert begun is not None
    first = accounts.factors.confirm("0103", session, code_at(secret, clock.now_ms), "here")
    line = accounts.rows.audit_lines(1)[0]
    with pytest.raises(Outdated):
        told = accounts._line("0103", "factor.begin", "0103")
        FactorRows(store).confirm(FactorRow("0103", begun, clock.now_ms), session, [b"x" * 32], told)
    assert accounts.rows.audit_lines(1)[0] == line and accounts.factors.rows.codes_left("0103") == len(first) == 10


def test_a_password_alone_replaces_no_factor_that_was_set_up_meanwhile(store: Store, clock: Clock) -> None:
    accounts = worker_on(store, clock, demands=Demands(frozenset({"head"})))
    code = accounts.create_invitation("0103", "王芳", ["head"])
    owner = accounts.steps.half(accounts.set_password("0103", code, PASSWORD, "here").cookie)
    stolen = accounts.sign_in("0103", PASSWORD, "thief").cookie
    thief = accounts.steps.half(stolen)
    assert owner is not None and thief is not None
    secret = secret_of(accounts.steps.set_up(owner, "x").letters)
    accounts.steps.confirm(owner, code_at(secret, clock.now_ms), "here")
    assert accounts.steps.half(stolen) is None and accounts.rows.session(thief.session.id_hash) is None
    with pytest.raises(Outdated):
        accounts.steps.set_up(thief, "x")
    with pytest.raises(Outdated):
        accounts.factors.begin("0103", thief.session.id_hash, "x")
    late = another(accounts, clock, Step.SET_UP)  # begun by a worker that had looked before
    accounts.factors.begin("0103", late, "x")
    with pytest.raises(Outdated):
        accounts.factors.confirm("0103", late, None, "thief", first=True)
    clock.now_ms += STEP_MS
    accounts.factors.check("0103", code_at(secret, clock.now_ms), "here")


def test_a_session_that_was_to_set_one_up_is_over_where_there_is_one(store: Store, clock: Clock) -> None:
    accounts = worker_on(store, clock, demands=Demands(frozenset({"head"})))
    code = accounts.create_invitation("0103", "王芳", ["head"])
    begun = accounts.set_password("0103", code, PASSWORD, "here")
    line = accounts._line("0103", "factor.begin", "0103")
    mine = id_of(begun.cookie)
    FactorRows(store).begin("0103", mine, b"sealed")
    FactorRows(store).confirm(FactorRow("0103", b"sealed", clock.now_ms), mine, [], line)
    assert accounts.rows.session(mine) is not None and accounts.steps.half(begun.cookie) is None
