"""Who gets what: every role at every route, and no object by its number alone."""

import json
from collections.abc import Callable

import pytest

from sync_protocol.case import kinds, powers
from sync_protocol.case.powers import ROLES
from tests.builders import Network
from tests.village_node.web.counter import PASSWORD, Counter, Visitor, everywhere, open_counter
from tests.village_node.web.test_headers import addresses
from township_node import web as township_pages
from village_node.store import Store
from village_node.web.policy import ADMIN, declared
from village_node.web.policy import CASEWORK as CASEWORKERS
from village_node.web.policy import COUNTER as COUNTERS

# Written out by hand, so that a slip in a policy shows: route -> who may, among all roles of all levels and strangers.
EVERYBODY = {
    "agent", "head", "clerk", "reviewer", "window", "officer", "leader", "business", "supervisor", "admin", "cashier",
    "archivist", "stranger",
}  # fmt: skip
SIGNED_IN = EVERYBODY - {"stranger"}
DESKS = {"cashier", "archivist"}
STAFF = SIGNED_IN - DESKS
CASEWORK = STAFF - {"admin"}
COUNTER = {"agent", "clerk", "window"}
EXPORTS = {"head", "leader", "business", "supervisor"}
MAY = {
    "start": EVERYBODY,
    "choose_display": EVERYBODY,
    "asset": EVERYBODY,
    "kiosk": EVERYBODY,
    "wall": EVERYBODY,
    "leave": EVERYBODY,
    "sign_in": EVERYBODY,
    "first_sign_in": EVERYBODY,
    "items": EVERYBODY,
    "guide": EVERYBODY,
    "catalogue": EVERYBODY,
    "disclosure": EVERYBODY,
    "notice": EVERYBODY,
    "item_register": EVERYBODY,
    "item_flow": EVERYBODY,
    "query": EVERYBODY,
    "own_complaint": EVERYBODY,
    "own_rating": EVERYBODY,
    "complaint_of_ones_own": EVERYBODY,
    "own_booking": EVERYBODY,
    "book_oneself": EVERYBODY,
    "own_change": EVERYBODY,
    "change_own_booking": EVERYBODY,
    "by_code": EVERYBODY,
    "by_card": EVERYBODY,
    "own_withdrawal": EVERYBODY,
    "own_revocation": EVERYBODY,
    "narrow": EVERYBODY,
    "check": EVERYBODY,
    "healthz": EVERYBODY,
    "readyz": EVERYBODY,
    "sync_bar": EVERYBODY,
    "account": SIGNED_IN,
    "second_factor": SIGNED_IN,
    "begin_factor": SIGNED_IN,
    "confirm_factor": SIGNED_IN,
    "renew_codes": SIGNED_IN,
    "end_factor": SIGNED_IN,
    "design": SIGNED_IN,
    "sign_out": SIGNED_IN,
    "work": SIGNED_IN,
    "health": STAFF,
    "sync_now": STAFF,
    "go_on": {"head", "admin"},
    "retire": {"head", "admin"},
    "rekey": {"head", "admin"},
    "answer_for": {"head", "admin"},
    "settle_alarm": {"head", "admin"},
    "allow_lives": {"head", "admin"},
    "stand_in": {"head", "admin"},
    "end_stand_in": {"head", "admin"},
    "revocations": {"head", "admin", "business"},
    "newcomers": {"head", "admin", "clerk", "business"},
    "answer_newcomer": {"head", "admin", "clerk", "business"},
    "ask_revocation": {"head", "admin", "business"},
    "answer_revocation": {"head", "admin", "business"},
    "bundle_under_way": STAFF,
    "carrying": STAFF,
    "save_bundle": STAFF,
    "take_bundle": STAFF,
    "courier_slip": STAFF,
    "forks": STAFF,
    "roster_forks": STAFF,
    "fork": STAFF,
    "rule_on_fork": {"head", "officer"},
    "overview": STAFF,
    "children": STAFF,
    "place_accounts": {"head", "admin"},
    "order_account": {"head", "admin"},
    "blank_attorney": COUNTER,
    "edit_item": {"business", "head", "officer"},
    "publish_item": {"business", "head", "officer"},
    "file_form": COUNTER,
    "file_case": COUNTER,
    "keep_typed": COUNTER,
    "delete_draft": COUNTER,
    "batches": COUNTER,
    "choose_batch": COUNTER,
    "batch_form": COUNTER,
    "file_batch": COUNTER,
    "empty_sheet": COUNTER,
    "batch": COUNTER,
    "case": CASEWORK,
    "receipt": CASEWORK,
    "document": CASEWORK - {"supervisor"},
    "print_document": CASEWORK - {"supervisor"},
    "clock": CASEWORK,
    "timeliness": CASEWORK,
    "number_series": CASEWORK,
    "countersigning": CASEWORK,
    "actions": CASEWORK,
    "meetings": CASEWORK,
    "papers": CASEWORK,
    "add_papers": CASEWORK - {"supervisor"},
    **dict.fromkeys(("begin_upload", "read_upload", "append_upload"), CASEWORK - {"supervisor"}),
    "withdraw_paper": CASEWORK - {"supervisor"},
    "paper_preview": CASEWORK - {"supervisor"},
    "paper_view": CASEWORK - {"supervisor"},
    "paper_original": CASEWORK - {"supervisor"},
    "phone_papers": CASEWORK - {"supervisor"},
    "give_phone_pass": CASEWORK - {"supervisor"},
    "end_phone_pass": CASEWORK - {"supervisor"},
    "phone_news": CASEWORK - {"supervisor"},
    "phone_preview": CASEWORK - {"supervisor"},
    "take_phone_file": CASEWORK - {"supervisor"},
    "discard_phone_file": CASEWORK - {"supervisor"},
    "phone": EVERYBODY,
    "send_by_phone": EVERYBODY,
    **dict.fromkeys(("begin_upload_by_phone", "read_upload_by_phone", "append_upload_by_phone"), EVERYBODY),
    "record_meeting": CASEWORK - {"supervisor"},
    "finish_action": CASEWORK - {"supervisor"},
    "fee_day": CASEWORK | {"cashier"},
    "desk_case": DESKS | CASEWORK,
    "desk_act": DESKS | CASEWORK - {"supervisor"},
    "calendar": STAFF,
    "catalogue_whole": {"business", "head", "officer"},
    "catalogue_import": {"business", "head", "officer"},
    "look_at_catalogue": {"business", "head", "officer"},
    "publish_catalogue": {"business", "head", "officer"},
    "publish_calendar": {"business", "head", "officer"},
    "answer_calendar": {"business", "head", "officer"},
    "answer_procedure": CASEWORK - {"supervisor"},
    "authority": STAFF,
    "enter_authority": {"head", "business", "officer", "reviewer"},
    "delegation_letter": CASEWORK,
    "seals": STAFF,
    "enter_seal": {"head", "business"},
    "kin": {"head", "business"},
    "enter_kin": {"head", "business"},
    "erasures": {"head", "leader"},
    "find_matters": {"head", "leader"},
    "order_erasure": {"head", "leader"},
    "act": CASEWORK - {"supervisor"},
    "recall": CASEWORK - {"supervisor"},
    "unmask": CASEWORK - {"supervisor"},
    "oddities": CASEWORK,
    "late_acts": CASEWORK,
    "late_acts_export": EXPORTS,
    "orders": CASEWORK,
    "board": EVERYBODY,
    "slips": CASEWORK,
    "slip_form": COUNTER,
    "take_slip": COUNTER,
    "slip": CASEWORK,
    "attach_slip": COUNTER,
    "decline_slip": COUNTER,
    "unmask_slip": COUNTER,
    "consultations": CASEWORK,
    "calls": CASEWORK,
    "idle": EXPORTS,
    "idle_export": EXPORTS,
    "deciders": CASEWORK,
    "deciders_export": EXPORTS,
    "day_end": CASEWORK,
    "close_day": {"agent", "clerk", "reviewer", "window", "officer", "head"},
    "day_ends": CASEWORK,
    "day_ends_export": EXPORTS,
    "day_ends_at": CASEWORK,
    "record_call": COUNTER,
    "take_consultation": COUNTER,
    "consultation": CASEWORK,
    "follow_consultation": COUNTER,
    "unmask_consultation": COUNTER,
    "complaints": CASEWORK,
    "open_complaints": {"head", "supervisor"},
    "complaint_form": COUNTER | {"head", "supervisor"},
    "take_complaint": COUNTER | {"head", "supervisor"},
    "complaint": {"head", "supervisor"},
    "unmask_complaint": {"head", "supervisor"},
    "answer_complaint": {"head", "supervisor"},
    "pass_on_complaint": {"head", "supervisor"},
    "complaint_status": EVERYBODY,
    "tell_complaint": EVERYBODY,
    "complaint_paper": EVERYBODY,
    "oddities_of_case": CASEWORK,
    "answer_oddity": CASEWORK - {"supervisor"},
    "assignments": CASEWORK,
    "propose_assignment": CASEWORK - {"supervisor"},
    "confirm_notice": {"agent", "clerk", "window", "head"},
    "claim_case": CASEWORK - {"supervisor"},
    "release_case": CASEWORK - {"supervisor"},
    "give_case": CASEWORK - {"supervisor"},
    "answer_assignment": CASEWORK - {"supervisor"},
    "supervision": CASEWORK,
    "supervision_case": CASEWORK,
    "supervise": CASEWORK,
    "supervision_letter": CASEWORK,
    "samples": CASEWORK,
    "sample": CASEWORK,
    "draw_sample": {"supervisor", "business", "head"},
    "figures": CASEWORK,
    "rates": CASEWORK,
    "score": CASEWORK,
    "bulletins": CASEWORK,
    "publish_bulletin": {"supervisor", "head"},
    "bulletin": CASEWORK,
    "print_bulletin": CASEWORK,
    "score_rules": CASEWORK,
    "set_score_rules": {"supervisor"},
    "hours": EVERYBODY,
    "windows_map": EVERYBODY,
    "window_register": STAFF,
    "window_register_export": EXPORTS,
    "window": STAFF,
    "say_window": {"head", "business"},
    "passes": CASEWORK,
    "passes_export": EXPORTS,
    "duty": STAFF,
    "set_duty": {"head", "admin", "business"},
    "say_room": {"head", "admin", "business"},
    "service_counts": CASEWORK,
    "service_counts_export": CASEWORK,
    "work_export": EXPORTS,
    "take_work": EXPORTS,
    "exports": EXPORTS,
    "ask_export": EXPORTS,
    "answer_export": EXPORTS,
    "fee_day_export": EXPORTS | {"cashier"},
    "take_fee_day": EXPORTS | {"cashier"},
    "timeliness_export": EXPORTS,
    "figures_export": EXPORTS,
    "rates_export": EXPORTS,
    "bulletin_export": EXPORTS,
    "number_series_export": EXPORTS,
    "supervision_export": EXPORTS,
    "overview_export": EXPORTS | {"admin"},
    "orders_export": EXPORTS,
    "consultations_export": EXPORTS,
    "slips_export": EXPORTS,
    "complaints_export": EXPORTS,
    "countersigning_export": EXPORTS,
    "actions_export": EXPORTS,
    "assignments_export": EXPORTS,
    "samples_export": EXPORTS,
    "oddities_export": EXPORTS,
    "seals_export": EXPORTS,
    "catalogue_export": EXPORTS,
    "item_register_export": EXPORTS,
    "children_export": EXPORTS | {"admin"},
    "audit_export": {"admin"},
    "turns": COUNTER,
    "book_slot": COUNTER,
    "end_booking": COUNTER,
    "booking": COUNTER,
    "call_off_booking": COUNTER,
    "move_booking": COUNTER,
    "draw_number": COUNTER,
    "call_number": COUNTER,
    "end_turn": COUNTER,
    "quarantine": STAFF,
    "refused_sample": {"head", "supervisor"},
    "staff": {"head", "admin"},
    "unlock": {"head", "admin"},
    "reset_factor": {"head", "admin"},
    "invite": {"admin"},
    "staff_member": {"admin"},
    "change_staff": {"admin"},
    "renew": {"admin"},
    "disable": {"admin"},
    "absent": {"admin"},
    "audit": {"admin"},
    "tokens": {"head", "admin"},
    "make_token": {"head", "admin"},
    "revoke_token": {"head", "admin"},
    "webhooks": {"admin"},
    "make_webhook": {"admin"},
    "end_webhook": {"admin"},
    "resend_webhook": {"admin"},
    "api_docs": EVERYBODY,
    "api_openapi": EVERYBODY,
}
# What programs ask for has a table of its own, in the tests of their interface.
PROGRAMS = "api."


def test_the_groups_of_roles_are_those_of_the_workflow() -> None:
    roles = {role for role, _ in ROLES}
    assert roles - {"admin"} - DESKS == CASEWORKERS
    assert {"admin"} == ADMIN
    assert set(powers.STANDS_IN) == DESKS and all(by == COUNTERS for by in powers.STANDS_IN.values())
    assert {role for (role, _), may in powers.MAY.items() if kinds.CREATE in may} == COUNTERS


def test_every_route_lets_in_exactly_whom_the_table_says(village: Counter, township: Counter, county: Counter) -> None:
    for counter in (village, township, county):
        roles = {role for role, level in ROLES if level == counter.config.level}
        for endpoint, policy in declared(counter.app).items():
            if endpoint.startswith(PROGRAMS):
                continue
            let_in = {role for role in roles if policy.allows(frozenset({role}))}
            assert let_in == MAY[endpoint] & roles, endpoint
            assert policy.allows(None) == ("stranger" in MAY[endpoint]), endpoint


def test_what_is_shown_after_a_reason_is_never_a_link_away(county: Counter) -> None:
    """A reason is typed into a form: no address, however it came into somebody's browser, opens personal data."""
    reasoned = {endpoint for endpoint, policy in declared(county.app).items() if policy.fields == "reasoned"}
    assert len(reasoned) >= 2
    for rule in county.app.url_map.iter_rules():
        if rule.endpoint in reasoned:
            assert (rule.methods or set()) - {"OPTIONS"} == {"POST"}, rule.endpoint


@pytest.mark.slow
@pytest.mark.parametrize("role", sorted({role for role, level in ROLES if level == "county"}))
def test_asking_for_a_page_of_another_role_is_answered_like_an_unknown_address(
    network: Network, county: Counter, village: Counter, role: str
) -> None:
    case = village.sign_in("0001", "agent").file()
    everywhere(network)
    visitor = county.sign_in("1001", role)
    unknown = visitor.open("/no/such/page")
    with county.app.test_request_context():
        for method, path in addresses(county, case):
            if method not in ("GET", "POST"):
                continue
            endpoint, _ = county.app.url_map.bind("localhost").match(path, method=method)
            # Where nobody has a role of a desk, the counter stands in for it.
            if str(endpoint).startswith(PROGRAMS) or {role, *(DESKS if role in COUNTER else ())} & MAY[str(endpoint)]:
                continue
            answer = visitor.open(path) if method == "GET" else visitor.send(path, {})
            assert (answer.status_code, plain(answer.text)) == (404, plain(unknown.text)), (method, path)


def plain(page: str) -> str:
    """A page without what differs from address to address by design: the token and the way back."""
    return "\n".join(line for line in page.splitlines() if 'name="token"' not in line and 'name="back"' not in line)


def test_a_stranger_is_asked_to_sign_in_whether_or_not_the_case_exists(agent: Visitor, village: Counter) -> None:
    case = agent.file()
    absent = case.rsplit("/", 1)[0] + "/" + "0" * 32
    for path in (case, absent):
        answer = village.visitor().open(path)
        assert (answer.status_code, answer.headers["Location"]) == (303, f"/sign-in?back={path}")


@pytest.mark.parametrize("broken", ["zz", "00", "0" * 31, "0" * 33, "%00", "../../etc/passwd"])
def test_an_address_that_names_no_case_is_not_found(agent: Visitor, broken: str) -> None:
    assert agent.open(f"/cases/621021101201/{broken}").status_code == 404


def test_staff_of_one_village_find_nothing_of_another(network: Network, folder, agent: Visitor) -> None:
    from tests.builders import SECOND_VILLAGE

    case = agent.file()
    everywhere(network)
    network.enrol(SECOND_VILLAGE)
    other = open_counter(network.open(SECOND_VILLAGE), folder).sign_in("0002", "agent")
    township = open_counter(network.members["621021101000"], folder, more=township_pages.register).sign_in(
        "0101", "clerk"
    )
    assert township.open(case).status_code == 200
    asks: list[Callable[[], int]] = [
        lambda: other.open(case).status_code,
        lambda: other.open(f"{case}/receipt").status_code,
        lambda: other.send(f"{case}/unmask", {"reason": "just curious"}).status_code,
        lambda: other.send(f"{case}/act/note", {"text": "hello"}).status_code,
    ]
    assert [ask() for ask in asks] == [404, 404, 404, 404]
    assert "张" not in other.open("/work?view=all").text


def test_one_persons_draft_is_nobody_elses(agent: Visitor, village: Counter) -> None:
    draft = "ab" * 16
    assert agent.send("/file/001", {"draft_id": draft, "do": "draft", "applicant_name": "张秀兰"}).status_code == 200
    assert agent.open(f"/file/001?draft={draft}").status_code == 200
    other = village.sign_in("0002", "agent")
    assert other.open(f"/file/001?draft={draft}").status_code == 404
    assert other.send(f"/drafts/{draft}/delete", {}).status_code == 404
    assert other.send("/file/001", {"draft_id": draft, "do": "draft", "applicant_name": "李"}).status_code == 404
    assert "张" in agent.open("/work?view=drafts").text


def test_a_refused_route_leaves_an_audit_line(agent: Visitor, village: Counter) -> None:
    agent.open("/audit")
    line = village.accounts.rows.audit_lines(1)[0]
    assert (line.actor, line.action, line.subject) == ("0001", "route.refuse", "audit")


def test_an_administrator_sees_no_case(village: Counter, agent: Visitor) -> None:
    case = agent.file()
    admin = village.sign_in("0009", "admin")
    assert admin.open("/work").headers["Location"] == "/health"
    assert admin.open(case).status_code == 404
    assert admin.open("/health").status_code == 200


def test_a_supervisor_reads_and_changes_nothing(network: Network, county: Counter, agent: Visitor) -> None:
    case = agent.file()
    everywhere(network)
    supervisor = county.sign_in("1009", "supervisor")
    page = supervisor.open(case)
    assert page.status_code == 200
    assert f"{case}/act/" not in page.text
    assert supervisor.send(f"{case}/act/note", {"text": "hello"}).status_code == 404


def test_what_is_not_here_leaves_a_line_a_minute_that_counts_the_others(network: Network, village: Counter) -> None:
    agent, other = village.sign_in("0001", "agent"), village.sign_in("0002", "agent")
    lines = len(village.accounts.rows.audit_lines(100))

    def told() -> list[tuple[str, str, str, int]]:
        found = village.accounts.rows.audit_lines(100)[: -lines or None]
        return [(one.actor, one.action, one.subject, json.loads(one.detail).get("more", 0)) for one in reversed(found)]

    for number in range(40):
        assert agent.open(f"/cases/621021101202/{number:032x}").status_code == 404
    assert other.open(f"/slips/of/{'0' * 32}").status_code == 404
    first = [("0001", "object.refuse", "case", 0), ("0002", "object.refuse", "slip", 0)]
    assert told() == first, "nobody hides behind another's"
    network.clock.now_ms += 61_000
    assert agent.open(f"/cases/621021101202/{'f' * 32}/clock").status_code == 404
    assert agent.open(f"/cases/621021101202/{'f' * 32}/clock").status_code == 404
    assert told() == [*first, ("0001", "object.refuse", "clock", 39)]
    village.accounts.keep_house()
    assert len(told()) == 3, "the minute is not over"
    network.clock.now_ms += 61_000
    for _ in range(2):
        village.accounts.keep_house()
    assert told() == [*first, ("0001", "object.refuse", "clock", 39), ("0001", "object.refuse", "", 1)]
    network.clock.now_ms -= 86_400_000
    agent.send("/sign-in", {"staff_no": "0001", "password": PASSWORD})
    assert agent.open(f"/cases/621021101202/{'f' * 32}").status_code == 404
    assert told()[-1] == ("0001", "object.refuse", "case", 0), "a clock set back silences nobody"


def test_on_a_full_disk_what_is_not_here_is_still_not_found(
    agent: Visitor, village: Counter, full_disk: Callable[[Store], None]
) -> None:
    case = agent.file()
    full_disk(village.member.store)
    assert agent.open(case).status_code == 200
    assert agent.open(f"{case[:-4]}0000").status_code == 404
