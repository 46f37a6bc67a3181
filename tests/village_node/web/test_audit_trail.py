"""The audit trail: an act and its line are kept together or not at all, whenever the power goes."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection

import center_node
import township_node
import village_node
from sync_protocol.exchange import ANOTHER_NONCE
from tests.builders import TOWNSHIP, VILLAGE, Network
from tests.closing import DAY_MS
from tests.network import Network as Clearing
from tests.village_node.web.counter import PASSWORD, Counter, Visitor, everywhere, hidden_of, open_counter
from tests.village_node.web.test_forks import address, forked, seen_in
from tests.village_node.web.test_lives import ring
from tests.village_node.web.test_oddities import clerk, head, late, officer, ticks, window
from tests.village_node.web.test_recall import cleared, net, page_of
from village_node.casebook import CaseRef
from village_node.store import NotSaved, Store, audit

__all__ = ["cleared", "clerk", "forked", "head", "late", "net", "officer", "window"]


def contents(store: Store) -> dict[str, list[str]]:
    """Everything the database holds, but for what merely says that somebody was there."""
    with store.reading() as connection:
        names = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars().all()
        rows = {name: connection.exec_driver_sql(f"SELECT * FROM {name}").mappings().all() for name in names}
    return {
        name: sorted(
            repr({column: value for column, value in row.items() if column != "last_sign_in_ms"})
            for row in listed
            if row.get("name") != "throttle"
        )
        for name, listed in rows.items()
        if name not in ("sessions", "throttle")
    }


@contextmanager
def the_power_goes_at_the_line(patch: pytest.MonkeyPatch) -> Iterator[None]:
    """No audit line is written any more: as where the power goes just before."""

    def gone(connection: Connection, line: audit.Line) -> None:
        raise NotSaved("断电", "the power went")

    with patch.context() as patched:
        patched.setattr(audit, "append", gone)
        yield


def told(counter: Counter) -> list[str]:
    """The actions in the audit trail, the newest first."""
    return [line.action for line in counter.accounts.rows.audit_lines(50)]


def kept_together(visitor: Visitor, action: str, act: Callable[[], object], patch: pytest.MonkeyPatch) -> None:
    """An act whose line cannot be written has not happened; afterwards it happens, with one line."""
    counter = visitor.counter
    before = contents(counter.member.store)
    with the_power_goes_at_the_line(patch):
        act()
    assert contents(counter.member.store) == before, f"{action} happened without its line"
    lines = told(counter).count(action)
    act()
    assert told(counter).count(action) == lines + 1
    assert contents(counter.member.store) != before


def test_an_assignment_is_proposed_confirmed_and_rejected_with_its_line(
    network: Network, agent: Visitor, clerk: Visitor, head: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = agent.file(), agent.file(applicant_name="李建国")
    everywhere(network)

    def propose(case: str) -> Callable[[], object]:
        fields = {**hidden_of(clerk.open(case).text, f"{case}/assign"), "to": TOWNSHIP, "reason": "站点失联三天"}
        return lambda: clerk.send(f"{case}/assign", fields)

    kept_together(clerk, "case.assign.propose", propose(first), monkeypatch)
    propose(second)()
    later, earlier = re.findall(r"/assignments/(\d+)/confirm", head.open("/assignments").text)
    kept_together(head, "case.assign.confirm", lambda: head.send(f"/assignments/{earlier}/confirm", {}), monkeypatch)
    kept_together(head, "case.assign.reject", lambda: head.send(f"/assignments/{later}/reject", {}), monkeypatch)


@pytest.mark.parametrize("what", ["adopt", "dismiss"])
def test_a_record_is_adopted_or_set_aside_with_its_line(
    late: str, officer: Visitor, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = officer.open("/oddities").text
    action = f"{late}/oddities/{what}"
    fields = {**hidden_of(page, f"{late}/oddities/dismiss"), "named": ticks(page)[0], "reason": "情况属实"}
    kept_together(officer, f"case.{what}", lambda: officer.send(action, fields), monkeypatch)
    line = officer.counter.accounts.rows.audit_lines(1)[0]
    assert line.actor == "1002" and len(json.loads(line.detail)["records"]) == 1


def test_a_fork_is_ruled_on_with_its_line(
    forked: tuple[list[CaseRef], list[CaseRef]], township: Counter, head: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = address(township.member)
    fields = {"seen": seen_in(head.open(path).text), "take_all": "yes", "reason": "两台机器各自收件"}
    kept_together(head, "fork.rule", lambda: head.send(path, fields), monkeypatch)


def test_the_choice_about_a_machine_is_made_with_its_line(
    network: Network, village: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = village.sign_in("0002", "head")
    ring(network, ANOTHER_NONCE)
    kept_together(head, "node.retire", lambda: head.send("/lives/retire", {}), monkeypatch)


def test_a_machine_goes_on_with_the_lines_of_who_chose_it_and_of_the_new_life(
    network: Network, village: Counter
) -> None:
    head = village.sign_in("0002", "head")
    ring(network, ANOTHER_NONCE)
    head.send("/lives/go-on", {})
    new, chosen = village.accounts.rows.audit_lines(2)
    assert (chosen.actor, chosen.action) == ("0002", "node.go_on")
    assert (new.actor, new.action) == ("node", "node.new_life")
    assert new.subject == network.members[VILLAGE].casebook.identity.incarnation.hex()


def test_an_alarm_of_a_place_below_is_settled_with_its_line(
    network: Network, head: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring(network, ANOTHER_NONCE)
    kept_together(head, "children.settle_alarm", lambda: head.send(f"/children/{VILLAGE}/settle", {}), monkeypatch)


@pytest.fixture
def clearing(net: Clearing, cleared: CaseRef, folder: Path) -> Counter:
    """The pages of a village that has cleared a case."""
    return open_counter(net[VILLAGE].member, folder)


def test_what_was_cleared_is_fetched_with_its_line(
    clearing: Counter, cleared: CaseRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = clearing.sign_in("0001", "agent")
    kept_together(agent, "case.recall", lambda: agent.send(f"{page_of(cleared)}/recall", {}), monkeypatch)


def test_nothing_is_cleared_without_its_line(
    net: Clearing, cleared: CaseRef, clearing: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = clearing.accounts.rows.audit_lines(50)
    assert [json.loads(line.detail)["cases"] for line in lines if line.action == "purge.drop"] == [1]
    township = net[TOWNSHIP].member
    before = contents(township.store)
    with the_power_goes_at_the_line(monkeypatch), pytest.raises(NotSaved):
        township.casebook.purge(30 * DAY_MS)
    assert contents(township.store) == before
    assert township.casebook.purge(30 * DAY_MS).cases == 1


def test_accounts_are_changed_with_their_line(village: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    admin = village.sign_in("0009", "admin")
    agent = village.sign_in("0001", "agent")
    new = {"staff_no": "0002", "name": "张三", "roles": "agent"}
    kept_together(admin, "staff.invite", lambda: admin.send("/staff/invite", new), monkeypatch)
    change = {"old": PASSWORD, "password": PASSWORD + "了", "again": PASSWORD + "了"}
    kept_together(agent, "password.change", lambda: agent.send("/account", change), monkeypatch)
    other = {"name": "王小芳", "roles": "head"}
    kept_together(admin, "staff.change", lambda: admin.send("/staff/0001/change", other), monkeypatch)
    kept_together(admin, "staff.unlock", lambda: admin.send("/staff/0001/unlock", {}), monkeypatch)
    kept_together(admin, "staff.renew", lambda: admin.send("/staff/0001/renew", {}), monkeypatch)
    kept_together(admin, "staff.disable", lambda: admin.send("/staff/0001/disable", {"disabled": "yes"}), monkeypatch)


def test_webhooks_are_registered_tried_again_and_ended_with_their_line(
    village: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = village.sign_in("0009", "admin")
    village.accounts.webhooks.hosts = ("oa.example.gov.cn",)
    new = {"name": "平台", "url": "https://oa.example.gov.cn/sanji", "states": "issued"}
    kept_together(admin, "webhook.make", lambda: admin.send("/webhooks/make", new), monkeypatch)
    kept_together(admin, "webhook.resend", lambda: admin.send("/webhooks/1/resend", {}), monkeypatch)
    kept_together(admin, "webhook.end", lambda: admin.send("/webhooks/1/end", {}), monkeypatch)


def test_a_session_is_opened_and_closed_with_its_line(village: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    agent = village.sign_in("0001", "agent")
    other = village.visitor()
    with the_power_goes_at_the_line(monkeypatch):
        assert agent.send("/sign-out", {}).status_code == 503
        assert agent.open("/work").status_code == 200, "the session is still there"
        typed = {"staff_no": "0001", "password": PASSWORD}
        assert other.send("/sign-in", typed).status_code == 503
        assert other.open("/work").status_code == 303, "no session was opened"


def test_a_one_time_code_is_not_used_up_without_its_line(village: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    code = village.accounts.create_invitation("0007", "张三", ["agent"])
    typed = {"staff_no": "0007", "code": code, "password": PASSWORD, "again": PASSWORD}
    with the_power_goes_at_the_line(monkeypatch):
        assert village.visitor().send("/first-sign-in", typed).status_code == 503
    assert village.visitor().send("/first-sign-in", typed).status_code == 303


def test_pages_write_a_line_by_itself_only_of_what_changes_nothing() -> None:
    written = [
        action
        for package in (village_node, township_node, center_node)
        for path in Path(package.__path__[0]).rglob("*.py")
        for action in re.findall(
            r'(?:accounts\.audit|counter_books\.note_unmasked)\(\s*[^,]+,\s*"([^"]+)"', path.read_text(encoding="utf-8")
        )
    ]
    alone = {"case.unmask", "complaint.unmask", "document.print", "refused.sample", "node.start"}
    alone |= {"slip.unmask", "consultation.unmask", "evidence.export", "release.take", "matter.find"}
    assert set(written) == alone
