"""Who may come through the door for programs: a living token, in a role that the pages would let in as well."""

from functools import partial
from hashlib import sha256

import pytest

from sync_protocol.case.powers import ROLES
from tests.village_node.web.api.program import BASE, FILED, Program, path_of, program_at
from tests.village_node.web.counter import Counter
from tests.village_node.web.test_authorisation import CASEWORK, COUNTER, DESKS, EVERYBODY, EXPORTS, SIGNED_IN, STAFF
from village_node.accounts import StaffTrouble
from village_node.accounts.throttle import DAY_MS
from village_node.accounts.tokens import A_MINUTE_MAX
from village_node.store import NotSaved
from village_node.store.sqlite import SqliteDatabase
from village_node.web.api import OPERATIONS
from village_node.web.policy import declared

CHANGES = CASEWORK - {"supervisor"}
# Written out by hand, as the table of the pages is: operation -> who may.
MAY = {
    "list_cases": CASEWORK | DESKS,
    "list_place_accounts": {"head", "admin"},
    "order_account": {"head", "admin"},
    "list_late_acts": CASEWORK,
    "export_cases": EXPORTS,
    "ask_export_of_cases": EXPORTS,
    "read_case": CASEWORK,
    "read_receipt": CASEWORK,
    "read_timeline": CASEWORK,
    "read_clock": CASEWORK,
    "read_members": CASEWORK,
    "list_papers": CASEWORK,
    "add_paper": CASEWORK - {"supervisor"},
    "withdraw_paper": CASEWORK - {"supervisor"},
    "read_preview": CASEWORK - {"supervisor"},
    "open_paper": CASEWORK - {"supervisor"},
    "read_actions": CASEWORK,
    "list_countersigning": CASEWORK,
    "list_actions": CASEWORK,
    "read_fee_day": CASEWORK,
    "read_moves": CASEWORK | DESKS,
    "list_documents": CASEWORK,
    "list_oddities": CASEWORK,
    "read_oddities": CASEWORK,
    "list_assignments": CASEWORK,
    "list_orders": CASEWORK,
    "list_slips": CASEWORK,
    "read_slip": CASEWORK,
    "unmask_slip": COUNTER,
    "take_slip": COUNTER,
    "attach_slip": COUNTER,
    "decline_slip": COUNTER,
    "list_consultations": CASEWORK,
    "read_consultation": CASEWORK,
    "unmask_consultation": COUNTER,
    "list_calls": CASEWORK,
    "list_idle": {"head", "leader", "business", "supervisor"},
    "count_deciders": CASEWORK,
    "read_day": CASEWORK,
    "close_day": {"agent", "clerk", "reviewer", "window", "officer", "head"},
    "list_day_ends": CASEWORK,
    "read_day_ends": CASEWORK,
    "record_call": COUNTER,
    "take_consultation": COUNTER,
    "follow_consultation": COUNTER,
    "list_complaints": {"head", "supervisor"},
    "read_complaint": {"head", "supervisor"},
    "unmask_complaint": {"head", "supervisor"},
    "take_complaint": COUNTER | {"head", "supervisor"},
    "answer_complaint": {"head", "supervisor"},
    "pass_on_complaint": {"head", "supervisor"},
    "tell_complaint": EVERYBODY,
    "read_delegations": STAFF,
    "read_seals": STAFF,
    "unmask_case": CHANGES,
    "print_document": CHANGES,
    "file_application": COUNTER,
    "list_appointments": COUNTER,
    "book_appointment": COUNTER,
    "end_appointment": COUNTER,
    "call_off_appointment": COUNTER,
    "move_appointment": COUNTER,
    "list_tickets": COUNTER,
    "draw_ticket": COUNTER,
    "call_ticket": COUNTER,
    "end_ticket": COUNTER,
    "set_duty": {"head", "admin", "business"},
    "say_room": {"head", "admin", "business"},
    "list_drafts": COUNTER,
    "read_draft": COUNTER,
    "keep_draft": COUNTER,
    "throw_draft": COUNTER,
    "read_audit": {"admin"},
    "enter_authority": {"head", "business", "officer", "reviewer"},
    "enter_seal": {"head", "business"},
    "read_kin": {"head", "business"},
    "enter_kin": {"head", "business"},
    "open_complaints": {"head", "supervisor"},
    "write_letter": CASEWORK,
    "write_answer": CASEWORK,
    "write_card": CASEWORK,
    "write_check": CASEWORK,
    "draw_sample": {"supervisor", "business", "head"},
    "read_sample": CASEWORK,
    "read_timeliness": CASEWORK,
    "read_figures": CASEWORK,
    "read_rates": CASEWORK,
    "list_bulletins": CASEWORK,
    "read_bulletin": CASEWORK,
    "publish_bulletin": {"supervisor", "head"},
    "read_score_rules": CASEWORK,
    "set_score_rules": {"supervisor"},
    "read_numbers": CASEWORK,
    "list_forks": STAFF,
    "rule_on_fork": {"head", "officer"},
    "publish_item": {"business", "head", "officer"},
    "list_batches": COUNTER,
    "check_batch": COUNTER,
    "file_batch": COUNTER,
    "read_batch": COUNTER,
    "propose_assignment": CHANGES,
    "confirm_notice": {"agent", "clerk", "window", "head"},
    "claim_case": CHANGES,
    "release_case": CHANGES,
    "give_case": CHANGES,
    "confirm_assignment": CHANGES,
    "approve_procedure": CHANGES,
    "reject_procedure": CHANGES,
    "reject_assignment": CHANGES,
    "recall_case": CHANGES,
    "list_items": EVERYBODY,
    "read_item": EVERYBODY,
    "look_up": EVERYBODY,
    "look_up_by_card": EVERYBODY,
    "read_calendar": STAFF,
    "read_catalogue": {"business", "head", "officer"},
    "import_catalogue": {"business", "head", "officer"},
    "publish_calendar": {"business", "head", "officer"},
    "answer_calendar": {"business", "head", "officer"},
    "list_cards": CASEWORK,
    "list_watched": CASEWORK,
    "list_asked": CASEWORK,
    "list_samples": CASEWORK,
    "count_services": CASEWORK,
    "read_duty": STAFF,
    "count_tickets": CASEWORK,
    "read_overview": STAFF,
    "map_windows": EVERYBODY,
    "list_windows": STAFF,
    "read_leaving": STAFF,
    "say_window": {"head", "business"},
    "list_item_changes": EVERYBODY,
    "read_health": STAFF,
    "list_accounts": {"head", "admin"},
    "shut_account": {"admin"},
    "note_absence": {"admin"},
    "end_token": SIGNED_IN,
    "list_webhooks": {"admin"},
    "end_webhook": {"admin"},
    "resend_webhook": {"admin"},
    **dict.fromkeys(("begin_upload", "read_upload", "append_upload"), CASEWORK - {"supervisor"}),
    "list_phone_files": CASEWORK - {"supervisor"},
    "discard_phone_file": CASEWORK - {"supervisor"},
    "begin_exchange": STAFF,
    "whoami": SIGNED_IN,
}


AT_DESKS = {"act_fee_notice": {"cashier"}, "act_fee_settled": {"cashier"}, "act_archive": {"archivist"}}


def may(name: str) -> set[str]:
    return CHANGES | AT_DESKS.get(name, set()) if name.startswith("act_") else MAY[name]


def address(operation: str, case: str) -> str:
    """An address of an operation with something that exists in it."""
    rule = next(each.rule for each in OPERATIONS if each.name == operation)
    place, case_id = case.split("/")[2:4]
    known = {"place": place, "case_id": case_id, "item_no": "001", "number": "1", "code": "receipt"}
    known["complaint_no"] = "621021101001-261121-7K3M-12-L"
    known["batch_id"] = known["draft_id"] = known["incarnation"] = "0" * 32
    known["staff_no"], known["name"] = "0803", "0" * 32
    known |= {"scope": f"about:{place}", "split": "1"}
    known["slip_no"] = known["call_no"] = known["consultation_no"] = known["complaint_no"]
    known["upload"] = "0" * 64
    known["position"] = f"{'0' * 32}.1.{'0' * 16}"
    for name, value in known.items():
        rule = rule.replace(f"<{name}>", value)
    return rule


def test_every_operation_lets_in_exactly_whom_the_table_says(
    village: Counter, township: Counter, county: Counter
) -> None:
    for counter in (village, township, county):
        roles = {role for role, level in ROLES if level == counter.config.level}
        policies = {name.partition(".")[2]: each for name, each in declared(counter.app).items() if "api." in name}
        assert policies.keys() == {each.name for each in OPERATIONS}
        for name, policy in policies.items():
            assert {role for role in roles if policy.allows(frozenset({role}))} == may(name) & roles, name
            assert policy.allows(None) == ("stranger" in may(name)), name


@pytest.mark.parametrize("role", ["agent", "head", "admin", "cashier", "archivist", "stranger"])
def test_every_operation_is_refused_to_every_other_role(village: Counter, role: str) -> None:
    case = path_of(program_at(village, "0801", "agent").file())
    token = "" if role == "stranger" else program_at(village, "0802", role).token
    somebody = Program(village, token, village.app.test_client())
    for each in OPERATIONS:
        path = address(each.name, case)
        head = {"Authorization": f"Bearer {token}"} if token else {}
        by_hand = partial(somebody.client.open, BASE + path, method=each.method, headers=head)
        answer = somebody.post(path, {}) if each.method == "POST" else by_hand()
        if role in may(each.name):
            assert answer.status_code not in (401, 403), (each.name, answer.text)
        else:
            wanted = (401, "no_token") if role == "stranger" else (403, "role_not_allowed")
            assert (answer.status_code, answer.get_json()["code"]) == wanted, each.name


def test_who_asks_for_what_is_not_theirs_leaves_a_line(village: Counter) -> None:
    program_at(village, "0802", "admin").get("/cases")
    line = village.accounts.rows.audit_lines(1)[0]
    assert (line.actor, line.action, line.subject) == ("0802", "route.refuse", "list_cases")


def test_a_token_has_one_role_of_its_account_and_no_other(village: Counter) -> None:
    village.accounts.create_invitation("0803", "李梅", ["agent", "admin"])
    program = program_at(village, "0803", role="admin")
    assert program.get("/health").status_code == 200
    assert program.get("/cases").status_code == 403
    with pytest.raises(StaffTrouble):
        village.accounts.make_token("x", "0803", "head", 30, by="0009", by_admin=True)


def test_the_token_is_stored_as_a_hash_and_shown_once(village: Counter) -> None:
    boss = village.sign_in("0009", "admin")
    village.accounts.create_invitation("0801", "接口程序", ["agent"])
    answer = boss.send("/tokens/make", {"name": "县一体化平台", "whose": "0801:agent", "days": "30"})
    token = answer.text.partition('token-shown">')[2].partition("<")[0]
    assert token.startswith("sanji_") and len(token) == 49
    assert token not in boss.open("/tokens").text
    row = village.accounts.tokens.rows.tokens()[0]
    assert token.encode() not in b"".join(str(each).encode() for each in row)
    assert row.token_hash == sha256(b"sanji token\x00" + token.encode()).digest()
    assert Program(village, token, village.app.test_client()).get("/whoami").get_json()["token"] == "县一体化平台"
    told = village.accounts.rows.audit_lines(5)
    assert ("0009", "token.make", "0801") in [(line.actor, line.action, line.subject) for line in told]


def test_a_token_ends_when_it_is_revoked_its_account_disabled_or_its_days_over(village: Counter) -> None:
    boss, clock = village.sign_in("0009", "admin"), village.member.clock
    for number, end in enumerate(
        (
            lambda: boss.send(f"/tokens/{village.accounts.tokens.rows.tokens()[0].id}/revoke", {}),
            lambda: village.accounts.disable("0811", True),
            lambda: setattr(clock, "now_ms", clock.now_ms + 30 * DAY_MS),
        )
    ):
        program = program_at(village, f"081{number}", "agent")
        assert program.get("/cases").status_code == 200
        end()
        answer = program.get("/cases")
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="sanji"')
    assert "token.revoke" in [line.action for line in village.accounts.rows.audit_lines(10)]


def test_a_clock_set_back_makes_no_token_live_longer(village: Counter) -> None:
    program, clock = program_at(village, "0801", "agent"), village.member.clock
    assert program.get("/cases").status_code == 200
    clock.now_ms -= 10 * DAY_MS
    row = village.accounts.tokens.rows.tokens()[0]
    fresh = program_at(village, "0802", "agent")  # made by the clock that is set right again
    clock.now_ms -= 400 * DAY_MS
    assert row.life_ms == 30 * DAY_MS
    assert fresh.get("/cases").status_code == 401, "a token from a time to come is not to be trusted"


def test_who_is_no_administrator_makes_no_token_for_one(village: Counter) -> None:
    head = village.sign_in("0002", "head")
    village.accounts.create_invitation("0009", "李梅", ["admin"])
    assert "0009:admin" not in head.open("/tokens").text
    answer = head.send("/tokens/make", {"name": "x", "whose": "0009:admin", "days": "30"})
    assert answer.status_code == 422 and not village.accounts.tokens.rows.tokens()
    assert village.sign_in("0001", "agent").open("/tokens").status_code == 404


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"name": "", "whose": "0801:agent", "days": "30"}, "令牌名称"),
        ({"name": "x", "whose": "0801:agent", "days": "0"}, "有效期"),
        ({"name": "x", "whose": "0801:agent", "days": "367"}, "有效期"),
        ({"name": "x", "whose": "0801:head", "days": "30"}, "没有这个岗位"),
        ({"name": "x", "whose": "0888:agent", "days": "30"}, "没有在用的工号"),
        ({"name": "x", "whose": "", "days": "30"}, "请选择工号和岗位"),
    ],
)
def test_a_token_that_cannot_be_made_says_why(village: Counter, form: dict[str, str], says: str) -> None:
    boss = village.sign_in("0009", "admin")
    village.accounts.create_invitation("0801", "接口程序", ["agent"])
    answer = boss.send("/tokens/make", form)
    assert answer.status_code == 422 and says in answer.text
    assert not village.accounts.tokens.rows.tokens()


def test_a_session_opens_nothing_here_and_no_cookie_is_given(village: Counter) -> None:
    agent = village.sign_in("0001", "agent")
    for answer in (agent.client.get("/api/v1/cases"), agent.client.post("/api/v1/applications", json=FILED)):
        assert (answer.status_code, answer.get_json()["code"]) == (401, "no_token")
        assert "Set-Cookie" not in answer.headers
    answer = program_at(village, "0801", "agent").get("/cases")
    assert "Set-Cookie" not in answer.headers and answer.headers["Cache-Control"] == "no-store"


def test_guesses_wait_and_a_good_token_does_not(village: Counter) -> None:
    good = program_at(village, "0801", "agent")
    bad = Program(village, "sanji_" + "A" * 43, village.app.test_client())
    answers = [bad.get("/cases") for _ in range(25)]
    assert answers[0].status_code == 401
    assert answers[-1].status_code == 429 and int(answers[-1].headers["Retry-After"]) >= 1
    assert good.get("/cases").status_code == 200
    assert Program(village, "", village.app.test_client()).get("/cases").status_code == 401


def test_a_program_that_runs_away_has_to_wait_for_the_next_minute(village: Counter) -> None:
    program, row = program_at(village, "0801", "agent"), village.accounts.tokens.rows.tokens()[0]
    tokens = village.accounts.tokens
    assert not any(tokens.wait_ms(row.id) for _ in range(A_MINUTE_MAX))
    answer = program.get("/cases")
    assert (answer.status_code, answer.get_json()["code"]) == (429, "too_many")
    village.member.clock.now_ms += int(answer.headers["Retry-After"]) * 1000
    assert program.get("/cases").status_code == 200


def test_a_full_disk_does_not_keep_a_token_from_reading(village: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    program = program_at(village, "0801", "agent")

    def failing(_database: object) -> None:
        raise NotSaved("未保存：磁盘已满", "not saved: the disk is full")

    monkeypatch.setattr(SqliteDatabase, "writing", failing)
    assert program.get("/cases").status_code == 200
