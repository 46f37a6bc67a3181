"""When nothing can be saved: every page that saves says so, keeps what was typed, and shows no fault of the program."""

import re
from collections.abc import Callable
from typing import NoReturn

import pytest

from tests.builders import Network
from tests.closing import net
from tests.faults.test_restored_roots import county as restorable
from tests.village_node.web.counter import (
    APPLICATION,
    PASSWORD,
    Counter,
    Visitor,
)
from tests.village_node.web.test_forks import forked
from tests.village_node.web.test_oddities import clerk, late, officer, window
from tests.village_node.web.test_recall import cleared
from tests.village_node.web.unsaved import NEED_A_STATE
from tests.village_node.web.unsaved.form import TYPED
from village_node.store import NotReadable, NotSaved
from village_node.store.sqlite import SqliteDatabase

__all__ = ["cleared", "clerk", "forked", "late", "net", "officer", "restorable", "window"]

Breaks = Callable[..., None]
PROGRAMS = ("downlink.", "api.")  # they send no forms; that what they ask for is not saved is tried elsewhere
# Of our own script, about a file that goes in pieces: nothing is typed there. A full disk is tried in test_resumable.
SCRIPTS = ("begin_upload", "begin_upload_by_phone")


@pytest.fixture
def breaks(monkeypatch: pytest.MonkeyPatch) -> Breaks:
    """Makes every write from now on fail with this error; with NotReadable every look into the database as well."""

    def break_it(error: type[BaseException], patch: pytest.MonkeyPatch = monkeypatch) -> None:
        def raised() -> BaseException:
            return error() if error is MemoryError else error("未保存:磁盘已满", "not saved: the disk is full")

        def failing(_database: SqliteDatabase) -> NoReturn:
            raise raised()

        patch.setattr(SqliteDatabase, "writing", failing)
        if error is NotReadable:
            patch.setattr(SqliteDatabase, "reading", failing)

    return break_it


def forms(counter: Counter, case: str) -> list[str]:
    """The address of every page that takes a form, with something sensible in it."""
    adapter = counter.app.url_map.bind("localhost")
    _, _, place, case_id = case.split("/")
    known = {
        "number": "1",
        "what": "reject",
        "place": place,
        "case_id": case_id,
        "move": "note",
        "item_no": "001",
        "staff_no": "0009",
        "draft_id": "a" * 32,
        "listed": "work",
        "form": "csv",
    }
    return sorted(
        adapter.build(rule.endpoint, {name: known[name] for name in rule.arguments}, method="POST")
        for rule in counter.app.url_map.iter_rules()
        if "POST" in (rule.methods or ())
        and not rule.endpoint.startswith(PROGRAMS)
        and rule.endpoint not in SCRIPTS
        and rule.endpoint.rpartition(".")[2] not in NEED_A_STATE
    )


@pytest.mark.slow
@pytest.mark.parametrize("form", NEED_A_STATE)
@pytest.mark.parametrize("error", [NotSaved, MemoryError, NotReadable])
def test_every_form_that_needs_a_state_comes_back_with_what_was_typed(
    request: pytest.FixtureRequest, breaks: Breaks, error: type[BaseException], form: str
) -> None:
    ready = NEED_A_STATE[form](request)
    token = ready.visitor.token()
    with pytest.MonkeyPatch.context() as patched:
        breaks(error, patched)
        answer = ready.visitor.send(ready.address, {**ready.fields, "token": token})
    assert answer.status_code == 503, (answer.status_code, answer.text[:1500])
    assert "未保存" in answer.text and TYPED in answer.text and "Traceback" not in answer.text
    assert 0 < int(answer.headers.get("Retry-After", "30")) <= 60
    done = ready.visitor.send(ready.address, ready.fields)
    assert done.status_code in (200, 303), "the same form is taken as soon as there is room"


def test_no_form_is_left_out(village: Counter, township: Counter) -> None:
    asked = {
        rule.endpoint.rpartition(".")[2]
        for counter in (village, township)
        for rule in counter.app.url_map.iter_rules()
        if "POST" in (rule.methods or ()) and not rule.endpoint.startswith(PROGRAMS)
    }
    assert NEED_A_STATE.keys() <= asked
    village_alone = {rule.endpoint for rule in village.app.url_map.iter_rules()}
    assert asked - village_alone <= NEED_A_STATE.keys(), "what only a township has is asked here"


# A cookie, an address, and an exchange that says its own troubles in the sync strip.
ASKS_NOBODY = ("/display", "/narrow", "/sync-now")


@pytest.mark.parametrize("error", [NotSaved, MemoryError, NotReadable])
def test_every_form_comes_back_with_what_was_typed(
    village: Counter, breaks: Breaks, error: type[BaseException]
) -> None:
    somebody = village.sign_in("0001", "agent", "head", "admin")
    village.accounts.create_invitation("0009", "李梅", ["agent"])
    case = somebody.file()
    token, case_no = somebody.token(), village.member.casebook.work_list("all").rows[0].case_no or ""
    addresses = [each for each in forms(village, case) if not each.startswith(ASKS_NOBODY)]
    assert len(addresses) >= 10, addresses
    breaks(error)
    typed = {
        **APPLICATION, "applicant_name": TYPED, "text": TYPED, "reason": TYPED, "name": TYPED, "staff_no": TYPED,
        "number": case_no, "roles": "agent", "disabled": "yes", "card": "1234", "again": PASSWORD, "password": PASSWORD,
        "old": PASSWORD, "code": "WXYZ77", "draft_id": "a" * 32, "until": "2026-12-01",
    }  # fmt: skip
    for address in addresses:
        answer = somebody.send(address, {**typed, "token": token})
        assert answer.status_code == 503, (address, answer.status_code, answer.text[:1500])
        assert (
            "未保存" in answer.text and (case_no if address in ("/query", "/query/card") else TYPED) in answer.text
        ), address
        assert "Traceback" not in answer.text and PASSWORD not in answer.text and "WXYZ77" not in answer.text
        assert 0 < int(answer.headers.get("Retry-After", "30")) <= 60


def test_what_was_kept_can_be_sent_again_as_it_is(village: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    boss = village.sign_in("0001", "admin")
    token = boss.token()
    form = {"staff_no": "0012", "name": "赵六", "roles": ["agent", "head"], "token": token}

    def failing(_database: SqliteDatabase) -> NoReturn:
        raise NotSaved("未保存:磁盘已满", "not saved")

    with monkeypatch.context() as full:
        full.setattr(SqliteDatabase, "writing", failing)
        page = boss.send("/staff/invite", form).text
    for field in ('name="staff_no" value="0012"', 'name="name" value="赵六"'):
        assert field in page
    assert page.count('name="roles"') == 2
    assert boss.send("/staff/invite", form).status_code == 200
    person = village.accounts.rows.staff("0012")
    assert person is not None and set(person.roles) == {"agent", "head"}


def test_passwords_are_asked_for_again_and_never_written_into_the_page(village: Counter, breaks: Breaks) -> None:
    visitor = village.visitor()
    token = visitor.token()
    breaks(NotSaved)
    page = visitor.send("/sign-in", {"staff_no": "0001", "password": PASSWORD, "token": token}).text
    assert 'name="password"' in page and 'type="password"' in page and PASSWORD not in page


def test_an_application_saved_just_before_the_disk_filled_is_not_filed_twice(
    village: Counter, agent: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The note on the draft fails after the commit: the person sees the receipt, and a second click the same one."""
    token = agent.token()
    form = {**APPLICATION, "draft_id": "b" * 32, "token": token}

    def full(*_: object) -> bool:
        raise NotSaved("未保存:磁盘已满", "not saved")

    with monkeypatch.context() as broken:
        broken.setattr(type(village.accounts.drafts), "save_draft", full)
        first = agent.send("/file/001", form)
        again = agent.send("/file/001", form)
    assert first.status_code == again.status_code == 303
    assert first.headers["Location"] == again.headers["Location"]
    assert village.member.casebook.view_counts()["all"] == 1


def test_people_can_still_read_while_nothing_can_be_saved(
    village: Counter, agent: Visitor, breaks: Breaks, network: Network
) -> None:
    case = agent.file()
    network.clock.now_ms += 60_000  # the session would be touched now
    breaks(NotSaved)
    for page in ("/work", case, f"{case}/receipt", "/health", "/items", "/query"):
        assert agent.open(page).status_code == 200, page
    network.clock.now_ms += 3_600_000  # the session is over, which cannot be written down either
    assert agent.open("/work").status_code == 303
    assert village.visitor().open("/").status_code == 200


def test_what_could_not_be_saved_is_shown_in_words_and_not_by_the_names_of_fields(
    village: Counter, breaks: Breaks
) -> None:
    boss = village.sign_in("0001", "admin")
    token = boss.token()
    breaks(NotSaved)
    form = {"staff_no": "0012", "name": "赵六", "roles": "agent", "reason": TYPED, "token": token}
    shown = boss.send("/staff/invite", form).text.partition("<dl")[2].partition("</dl>")[0]
    for label in ("<dt>工号</dt>", "<dt>姓名</dt>", "<dt>理由</dt>"):
        assert label in shown
    assert not re.findall(r"<dt>[^<]*[a-z]", shown)
