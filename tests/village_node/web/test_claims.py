"""Who of several officers has a case: taking it up, putting it back, giving it on; and when a claim ends by itself."""

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from sync_protocol.case import kinds
from tests.builders import COUNTY, TOWNSHIP, VILLAGE, Network, delegate
from tests.village_node.web.api.program import program_at
from tests.village_node.web.conftest import NOON_MS
from tests.village_node.web.counter import Counter, Visitor, everywhere, open_counter
from tests.village_node.web.test_registers import entered
from tests.village_node.web.test_sign_in import plain
from tests.village_node.web.test_work_list import counts, row_of
from township_node import web as township_pages
from village_node.casebook import BadBody, ledger
from village_node.store import audit


def arrived(network: Network, agent: Visitor) -> str:
    """A case that has come to the township."""
    case = agent.file()
    agent.act(case, "handoff")
    everywhere(network)
    return case


def trail(counter: Counter) -> list[tuple[str, str]]:
    """What the audit trail says of claims and absences, the oldest first: who and what."""
    lines = reversed(counter.accounts.rows.audit_lines(60))
    return [(line.actor, line.action) for line in lines if line.action.startswith(("case.claim", "staff.a", "staff.b"))]


def test_a_case_is_taken_up_shown_with_its_name_and_put_back(
    network: Network, agent: Visitor, township: Counter
) -> None:
    case = arrived(network, agent)
    clerk, other = township.sign_in("0101", "clerk", name="李强"), township.sign_in("0102", "clerk", name="周敏")
    assert "还没有人认领" in plain(clerk.open(case).text)
    assert (counts(clerk.open("/work").text)["unclaimed"], counts(clerk.open("/work").text)["claimed"]) == (1, 0)
    assert clerk.send(f"{case}/claim", {}).status_code == 303
    assert "由您认领" in plain(clerk.open(case).text)
    told = counts(clerk.open("/work").text)
    assert (told["claimed"], told["unclaimed"], told["mine"]) == (1, 0, 1)
    assert case in clerk.open("/work?view=claimed").text and case not in other.open("/work?view=claimed").text
    assert case not in other.open("/work?view=unclaimed").text
    assert "李强 认领" in row_of(other.open("/work?view=mine").text, case)
    assert clerk.send(f"{case}/claim", {}).status_code == 409, "twice is no other claim"
    assert clerk.send(f"{case}/release", {}).status_code == 303
    assert clerk.send(f"{case}/release", {}).status_code == 409
    assert counts(other.open("/work").text)["unclaimed"] == 1
    assert trail(township) == [("0101", "case.claim"), ("0101", "case.claim.release")]


def test_a_claim_is_no_lock_and_is_taken_over_with_a_reason(
    network: Network, agent: Visitor, township: Counter
) -> None:
    case = arrived(network, agent)
    clerk, other = township.sign_in("0101", "clerk", name="李强"), township.sign_in("0102", "clerk", name="周敏")
    clerk.send(f"{case}/claim", {})
    page = plain(other.open(case).text)
    assert "由 李强（工号 0101）认领" in page and "认领不上锁" in page
    assert other.act(case, "accept").status_code == 303, "who stands at the counter goes on"
    assert "由 李强（工号 0101）认领" in plain(other.open(case).text), "and it stays with who has it"
    short = other.send(f"{case}/claim", {"reason": "急"})
    assert short.status_code == 422 and 'value="急"' in short.text and "至少 4 个字" in short.text
    assert other.send(f"{case}/release", {}).status_code == 409, "no colleague puts it back"
    assert other.send(f"{case}/give", {"to": "0102"}).status_code == 409
    assert other.send(f"{case}/claim", {"reason": "李强下乡，今天回不来"}).status_code == 303
    assert "由您认领" in plain(other.open(case).text)
    assert trail(township) == [("0101", "case.claim"), ("0102", "case.claim.beside"), ("0102", "case.claim")]


def test_who_acts_beside_a_claim_is_noted_behind_what_is_written_even_where_that_ends_the_claim(
    network: Network, agent: Visitor, township: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trail is one line behind another: who has it keeps everybody else from writing, so it is taken last."""
    case = arrived(network, agent)
    clerk, other = township.sign_in("0101", "clerk", name="李强"), township.sign_in("0102", "clerk", name="周敏")
    clerk.send(f"{case}/claim", {})
    order: list[str] = []
    append, write = audit.append, ledger.write

    def written(*what: Any) -> Any:
        order.append("written")
        return write(*what)

    def noted(connection: Any, line: Any) -> None:
        order.append(line.action)
        append(connection, line)

    monkeypatch.setattr(ledger, "write", written)
    monkeypatch.setattr(audit, "append", noted)
    assert other.act(case, "accept").status_code == 303
    assert order == ["written", "case.claim.beside"]


def test_a_case_is_given_to_a_colleague_who_can_have_it_and_a_head_shares_out(
    network: Network, agent: Visitor, township: Counter
) -> None:
    case = arrived(network, agent)
    clerk, other = township.sign_in("0101", "clerk", name="李强"), township.sign_in("0102", "clerk", name="周敏")
    head, admin = township.sign_in("0103", "head", name="郑站长"), township.sign_in("0109", "admin")
    township.sign_in("0104", "clerk", name="钱多")
    admin.send("/staff/0104/disable", {"disabled": "yes"})
    clerk.send(f"{case}/claim", {})
    page = clerk.open(case).text
    offered = re.findall(r'<option value="(01\d\d)"', page.partition("/give")[2].partition("</form>")[0])
    assert offered == ["0102", "0103"], "who handles cases and has an account"
    for nobody in ("0104", "0109", "7777", ""):
        refused = clerk.send(f"{case}/give", {"to": nobody})
        assert refused.status_code == 422 and "请选择在用的工号" in refused.text, nobody
    assert clerk.send(f"{case}/give", {"to": "0102"}).status_code == 303
    assert "由您认领" in plain(other.open(case).text)
    assert head.send(f"{case}/give", {"to": "0101"}).status_code == 303
    assert "由工号 0103 转给" in plain(clerk.open(case).text)
    assert head.send(f"{case}/release", {}).status_code == 303
    assert "还没有人认领" in plain(clerk.open(case).text)
    given = [("0101", "case.claim"), ("0101", "case.claim.give"), ("0103", "case.claim.give")]
    assert trail(township) == [*given, ("0103", "case.claim.release")]


def test_a_claim_ends_when_the_case_leaves_or_the_account_is_disabled(
    network: Network, agent: Visitor, township: Counter
) -> None:
    case, second = arrived(network, agent), arrived(network, agent)
    clerk, admin = township.sign_in("0101", "clerk", "reviewer", name="李强"), township.sign_in("0109", "admin")
    township.sign_in("0102", "clerk")
    clerk.send(f"{case}/claim", {})
    clerk.send(f"{second}/claim", {})
    for move, values in (("accept", {}), ("docket", {}), ("review", {"opinion": "agree", "text": "属实"})):
        assert clerk.act(case, move, **values).status_code == 303, move
    assert counts(clerk.open("/work").text)["claimed"] == 2
    assert clerk.act(case, "handoff").status_code == 303
    assert counts(clerk.open("/work").text)["claimed"] == 1
    assert "认领" not in plain(clerk.open(case).text), "what is elsewhere is nobody's here"
    assert clerk.send(f"{case}/claim", {}).status_code == 409
    admin.send("/staff/0101/disable", {"disabled": "yes"})
    assert not township.member.casebook.claims_on([key_of(second)])
    assert trail(township)[2:] == [("node", "case.claim.free"), ("0109", "case.claim.free")]


def test_who_is_marked_absent_has_no_case_and_is_given_none_until_back(
    network: Network, agent: Visitor, township: Counter
) -> None:
    case, second = arrived(network, agent), arrived(network, agent)
    clerk, other = township.sign_in("0101", "clerk", name="李强"), township.sign_in("0102", "clerk", name="周敏")
    admin = township.sign_in("0109", "admin")
    for each in (case, second):
        clerk.send(f"{each}/claim", {})
    for wrong, words in (("", "请填写缺勤到哪一天"), ("明天", "请填写缺勤到哪一天"), ("2026-11-17", "已经过去")):
        answer = admin.send("/staff/0101/absent", {"until": wrong})
        assert answer.status_code == 422 and words in plain(answer.text) and f'value="{wrong}"' in answer.text
    assert admin.send("/staff/7777/absent", {"until": "2026-11-20"}).status_code == 404
    page = plain(admin.send("/staff/0101/absent", {"until": "2026-11-20"}).text)
    assert "2 件认领已退回未认领" in page and "缺勤至 2026-11-20" in page
    page = other.open("/work?view=unclaimed").text
    assert case in page and "李强（至 2026-11-20）" in plain(page) and counts(page)["unclaimed"] == 2
    other.send(f"{case}/claim", {})
    refused = other.send(f"{case}/give", {"to": "0101"})
    assert refused.status_code == 422 and "缺勤至 2026-11-20" in plain(refused.text)
    assert clerk.send(f"{second}/claim", {}).status_code == 422, "who is away takes nothing up"
    admin.send("/staff/0101/absent", {"back": "yes"})
    assert "缺勤" not in plain(other.open("/work").text)
    assert other.send(f"{case}/give", {"to": "0101"}).status_code == 303
    admin.send("/staff/0102/absent", {"until": "2026-11-18"})
    assert "周敏（至 2026-11-18）" in plain(clerk.open("/work").text)
    network.clock.now_ms += 86_400_000
    later = township.sign_in("0105", "clerk").open("/work")
    assert later.status_code == 200 and "缺勤" not in plain(later.text), "it ends with its day"
    freed = [each for each in trail(township) if each[1] in ("staff.absent", "case.claim.free")]
    assert freed == [("0109", "staff.absent"), *[("0109", "case.claim.free")] * 2, ("0109", "staff.absent")]


def test_a_representative_who_is_entered_as_out_has_no_case_any_more(network: Network, county: Counter) -> None:
    head, officer = county.sign_in("0201", "head", name="冯局长"), county.sign_in("0202", "officer", name="楚科长")
    case = county.sign_in("0205", "window", "officer", name="周敏").file("036")
    delegate(network.members[COUNTY], "文旅", "036", head="0201", a="0202", last="2026-12-01")
    officer.send(f"{case}/claim", {})
    entered(head, "/authority/absent", person="0202", first="2026-11-19")
    assert county.member.casebook.claims_on([key_of(case)]), "not before the day"
    entered(head, "/authority/absent", person="0202", first="2026-11-18")
    assert not county.member.casebook.claims_on([key_of(case)])
    assert trail(county) == [("0202", "case.claim"), ("0201", "case.claim.free")]


def test_a_representative_who_is_out_from_a_day_to_come_has_no_case_from_that_day_on(
    network: Network, county: Counter
) -> None:
    head, officer = county.sign_in("0201", "head", name="冯局长"), county.sign_in("0202", "officer", name="楚科长")
    case = county.sign_in("0205", "window", "officer", name="周敏").file("036")
    book = county.member.casebook
    delegate(network.members[COUNTY], "文旅", "036", head="0201", a="0202", last="2026-12-01")
    officer.send(f"{case}/claim", {})
    entered(head, "/authority/absent", person="0202", first="2026-11-19", last="2026-11-20")
    assert book.free_who_is_out() == 0 and book.claims_on([key_of(case)]), "not before the day"
    network.clock.now_ms += 86_400_000
    head = county.sign_in("0203", "head")
    assert book.free_who_is_out() == 1 and book.free_who_is_out() == 0
    assert not book.claims_on([key_of(case)])
    assert trail(county) == [("0202", "case.claim"), ("node", "case.claim.free")]
    assert 'value="0202"' not in head.open(case).text.partition("/give")[2].partition("</form>")[0]
    refused = head.send(f"{case}/give", {"to": "0202"})
    assert refused.status_code == 422 and "登记中为外出" in plain(refused.text)
    with pytest.raises(BadBody, match="is out by the register"):
        book.claim("0202", key_of(case))
    network.clock.now_ms += 2 * 86_400_000
    book.claim("0202", key_of(case))


def test_what_somebody_had_is_let_go_before_the_first_line_of_the_audit_trail_and_the_news_come_last(
    network: Network, county: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines wait for the lines of all workers: who locks anything after one waits in a ring sooner or later."""
    officer = county.sign_in("0202", "officer", name="楚科长")
    case = county.sign_in("0205", "window", "officer", name="周敏").file("036")
    delegate(network.members[COUNTY], "文旅", "036", head="0201", a="0202", last="2026-12-01")
    book, steps = county.member.casebook, list[str]()

    def noted(module: Any, name: str, step: str) -> None:
        act = getattr(module, name)

        def done(*said: Any, **named: Any) -> Any:
            steps.append(step)
            return act(*said, **named)

        monkeypatch.setattr(module, name, done)

    def deleted(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        steps.extend(["let go"] if statement.startswith("DELETE FROM claims") else [])

    noted(audit, "append", "line")
    noted(type(book), "mark_news", "news")
    event.listen(Engine, "before_cursor_execute", deleted)
    absent = {"what": "absent", "person": "0202", "first": "2026-11-18"}
    acts: list[Callable[[], Any]] = [
        lambda: book.note_absence("0201", "0202", date(2026, 11, 18)),
        lambda: book.enter("0201", {"head"}, kinds.AUTHORITY, absent),
        lambda: county.accounts.disable("0202", disabled=True),
    ]
    try:
        for act, news in zip(acts, ([], ["news"], ["news"]), strict=True):
            assert officer.send(f"{case}/claim", {}).status_code == 303
            steps.clear()
            act()
            assert steps == ["let go", "line", "line", *news]
            book.end_absence("0201", "0202")
            for entry in [entry for entry, back in book.register().absences if back is None]:
                book.enter("0201", {"head"}, kinds.AUTHORITY, {"what": "back", "of": list(entry.position)})
    finally:
        event.remove(Engine, "before_cursor_execute", deleted)


def test_a_supervisor_sees_who_has_it_and_takes_nothing_up(network: Network, county: Counter, agent: Visitor) -> None:
    case = agent.file()
    everywhere(network)
    supervisor = county.sign_in("1009", "supervisor")
    assert f"{case}/claim" not in supervisor.open(case).text
    assert supervisor.send(f"{case}/claim", {}).status_code == 404


def test_programs_take_up_put_back_and_give(network: Network, agent: Visitor, township: Counter) -> None:
    case = arrived(network, agent)
    desk = program_at(township, "0101", "clerk")
    township.sign_in("0102", "clerk", name="周敏")
    for name, body in (("claim", {}), ("give", {"to": "0102"})):
        for again in ("", "true"):
            answer = desk.post(f"{case}/{name}", body, f"{name}-000001")
            assert (answer.status_code, answer.headers.get("Idempotency-Replayed", "")) == (200, again), answer.text
    (listed,) = desk.get("/cases?view=mine").get_json()["cases"]
    assert listed["claimed_by"] == "0102"
    assert desk.get("/cases?view=claimed").get_json()["cases"] == []
    refused = desk.post(f"{case}/claim", {})
    assert refused.status_code == 422 and refused.get_json()["field"] == "reason"
    assert desk.post(f"{case}/release", {}).status_code == 409
    assert desk.post(f"{case}/claim", {"reason": "代窗口周敏办理"}).status_code == 200
    assert desk.post(f"{case}/release", {}).status_code == 200
    assert desk.post(f"{case[:-32]}{'0' * 32}/claim", {}).status_code == 404


def test_who_works_alone_is_not_asked_who_has_a_case(agent: Visitor, village: Counter) -> None:
    case = agent.file()
    assert "认领" not in plain(agent.open(case).text) + plain(agent.open("/work").text)
    village.sign_in("0002", "head")
    assert "还没有人认领" in plain(agent.open(case).text) and counts(agent.open("/work").text)["unclaimed"] == 1


def test_claims_work_on_either_database(new_url: Callable[[], str], folder: Path) -> None:
    made = Network(folder)
    made.clock.now_ms = NOON_MS
    made.enrol(COUNTY, TOWNSHIP, VILLAGE)
    counter = open_counter(made.open(VILLAGE, new_url()), folder, more=township_pages.register)
    agent, head = counter.sign_in("0001", "agent", name="王芳"), counter.sign_in("0002", "head")
    counter.sign_in("0003", "agent")
    case, second = agent.file(), agent.file()
    assert agent.send(f"{case}/claim", {}).status_code == head.send(f"{second}/give", {"to": "0001"}).status_code == 303
    assert counts(agent.open("/work").text)["claimed"] == 2
    assert row_of(agent.open("/work?view=claimed").text, case) and case not in agent.open("/work?view=unclaimed").text
    assert agent.act(case, "handoff").status_code == 303
    assert counts(agent.open("/work").text)["claimed"] == 1
    counter.accounts.disable("0001", disabled=True)
    told = counts(head.open("/work").text)
    assert (told["unclaimed"], told["mine"]) == (1, 1)
    made.close()


def key_of(case: str) -> tuple[str, bytes]:
    """The key of a case by its path."""
    _, _, place, case_id = case.split("/")
    return f"about:{place}", bytes.fromhex(case_id)


def test_the_two_registers_of_who_is_away_know_each_other(network: Network, county: Counter) -> None:
    admin, head = county.sign_in("0209", "admin"), county.sign_in("0201", "head", name="冯局长")
    county.sign_in("0202", "officer", name="楚科长")
    county.sign_in("0205", "officer", name="周敏")
    delegate(network.members[COUNTY], "文旅", "036", head="0201", a="0202", last="2026-12-01")
    form = admin.open("/staff").text.partition("/staff/0202/absent")[2].partition("</form>")[0]
    assert "授权不因此改变" in form and 'href="/authority#absences"' in form
    said = plain(admin.send("/staff/0202/absent", {"until": "2026-11-20"}).text)
    assert "楚科长 是首席代表：这里的登记不改变授权" in said
    assert "是首席代表" not in plain(admin.send("/staff/0205/absent", {"until": "2026-11-20"}).text)
    page = admin.open("/authority").text.partition('id="absences"')[2].partition("</section>")[0]
    assert "楚科长（0202），至 2026-11-20" in page and "授权仍按在岗核对" in page and 'href="/staff"' in page
    entered(head, "/authority/absent", person="0202", first="2026-11-18", last="2026-11-20")
    page = head.open("/authority").text.partition('id="absences"')[2].partition("</section>")[0]
    assert "楚科长（0202），至" not in page and "周敏（0205），至 2026-11-20" in page, "that one is out in both"
    admin.send("/staff/0205/absent", {"back": "yes"})
    assert "授权仍按在岗核对" not in admin.open("/authority").text
