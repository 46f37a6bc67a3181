"""Every act of a page has its twin in the interface for programs, or a written reason why there must be none."""

from dataclasses import replace
from typing import Any

import pytest

from sync_protocol.case.oversight import asked_of
from tests.builders import TOWNSHIP, VILLAGE, Network
from tests.village_node.web.api.program import FILED, Program, path_of, program_at
from tests.village_node.web.counter import Counter, Visitor, everywhere
from tests.village_node.web.test_forks import forked
from tests.village_node.web.test_service_room import TODAY
from village_node.web.api import OPERATIONS
from village_node.web.api.acting import ACTS
from village_node.web.item_form import typed_of
from village_node.web.policy import declared
from village_node.web.site import SITE

__all__ = ["forked"]

# What a page sends by POST, so that no address holds what is typed or a file leaves with the password alone, and a
# program reads.
READ = {"narrow": "list_cases", "take_work": "export_cases", "take_fee_day": "read_fee_day"}
# Page act -> the operations that do the same.
TWINS = {
    "act": ("act_note", "act_docket", "act_decide", "act_meeting", "act_rectification"),
    "ask_export": ("ask_export_of_cases",),
    "desk_act": ("act_fee_notice", "act_fee_settled", "act_archive"),
    "answer_procedure": ("approve_procedure", "reject_procedure"),
    "answer_assignment": ("confirm_assignment", "reject_assignment"),
    "propose_assignment": ("propose_assignment",),
    "confirm_notice": ("confirm_notice",),
    "claim_case": ("claim_case",),
    "release_case": ("release_case",),
    "give_case": ("give_case",),
    "file_batch": ("check_batch", "file_batch"),
    "unmask": ("unmask_case",),
    "open_complaints": ("open_complaints",),
    "take_complaint": ("take_complaint",),
    "tell_complaint": ("tell_complaint",),
    "unmask_complaint": ("unmask_complaint",),
    "answer_complaint": ("answer_complaint",),
    "pass_on_complaint": ("pass_on_complaint",),
    "record_call": ("record_call",),
    "close_day": ("close_day",),
    "take_consultation": ("take_consultation",),
    "follow_consultation": ("follow_consultation",),
    "unmask_consultation": ("unmask_consultation",),
    "file_case": ("file_application", "keep_draft"),
    "keep_typed": ("keep_draft",),
    "delete_draft": ("throw_draft",),
    "rule_on_fork": ("rule_on_fork",),
    "publish_item": ("publish_item",),
    "look_at_catalogue": ("import_catalogue",),
    "publish_catalogue": ("import_catalogue",),
    "record_meeting": ("act_meeting",),
    "finish_action": ("act_action_done",),
    "answer_oddity": ("act_adopt", "act_dismiss"),
    "print_document": ("print_document",),
    "query": ("look_up",),
    "by_card": ("look_up_by_card",),
    "recall": ("recall_case",),
    "enter_authority": ("enter_authority",),
    "enter_seal": ("enter_seal",),
    "enter_kin": ("enter_kin",),
    "draw_sample": ("draw_sample",),
    "order_account": ("order_account",),
    "publish_bulletin": ("publish_bulletin",),
    "set_score_rules": ("set_score_rules",),
    "disable": ("shut_account",),
    "absent": ("note_absence",),
    "revoke_token": ("end_token",),
    "sync_now": ("begin_exchange",),
    "own_complaint": ("take_complaint",),
    "own_withdrawal": ("act_withdrawal_request",),
    "own_revocation": ("act_proxy_authority",),
    "book_oneself": ("book_appointment",),
    "change_own_booking": ("call_off_appointment", "move_appointment"),
    "send_by_phone": ("add_paper",),
    "begin_upload_by_phone": ("begin_upload",),
    "take_phone_file": ("add_paper",),
    "discard_phone_file": ("discard_phone_file",),
    "end_webhook": ("end_webhook",),
    "resend_webhook": ("resend_webhook",),
    "set_duty": ("set_duty",),
    "say_room": ("say_room",),
    "say_window": ("say_window",),
    "take_slip": ("take_slip",),
    "attach_slip": ("attach_slip",),
    "decline_slip": ("decline_slip",),
    "unmask_slip": ("unmask_slip",),
    "supervise": ("write_letter", "write_answer", "write_card", "write_check"),
    "book_slot": ("book_appointment",),
    "end_booking": ("end_appointment",),
    "call_off_booking": ("call_off_appointment",),
    "move_booking": ("move_appointment",),
    "draw_number": ("draw_ticket",),
    "call_number": ("call_ticket",),
    "end_turn": ("end_ticket",),
    "publish_calendar": ("publish_calendar",),
    "answer_calendar": ("answer_calendar",),
    "add_papers": ("add_paper",),
    "begin_upload": ("begin_upload",),
    "withdraw_paper": ("withdraw_paper",),
    "paper_original": ("open_paper",),
}
# Page act -> why no program does it, in one phrase. It only grows shorter: what an integrator would use is built.
_BROWSER = "a browser and its session: programs have neither"
_FACTOR = "a telephone in somebody's hand: tokens need none"
_LETS_IN = "lets somebody in, or news out: what a stolen token did so would outlive its end"
_LIVES = "who has looked at the machines says which one speaks for a place"
_TWO = "two persons: one program with two tokens would be one"
_STICK = "a stick in somebody's hand; the command line has courier"
_PHONE = "a person at the screen with a telephone beside it"
_EYES = "drawn for eyes or paper: the program has what it shows"
_RESIDENT = "residents rate by themselves, and never through an office's program"
WITHOUT = {
    **dict.fromkeys(("choose_display", "sign_in", "first_sign_in", "sign_out", "account"), _BROWSER),
    **dict.fromkeys(("begin_factor", "confirm_factor", "renew_codes", "end_factor", "reset_factor"), _FACTOR),
    **dict.fromkeys(
        ("invite", "change_staff", "renew", "unlock", "make_token", "make_webhook", "answer_newcomer"), _LETS_IN
    ),
    **dict.fromkeys(
        ("settle_alarm", "allow_lives", "stand_in", "end_stand_in", "go_on", "retire", "rekey", "answer_for"), _LIVES
    ),
    **dict.fromkeys(("answer_export", "ask_revocation", "answer_revocation", "find_matters", "order_erasure"), _TWO),
    **dict.fromkeys(("save_bundle", "take_bundle"), _STICK),
    **dict.fromkeys(("give_phone_pass", "end_phone_pass"), _PHONE),
    **dict.fromkeys(("paper_view", "complaint_paper", "refused_sample"), _EYES),
    "own_rating": _RESIDENT,
}


def acts_of(counter: Counter) -> set[str]:
    """Every route of a node's app that takes a form, by its map of addresses; each has declared who may."""
    rules = [rule for rule in counter.app.url_map.iter_rules() if "POST" in (rule.methods or ())]
    acts = {str(rule.endpoint) for rule in rules if not rule.rule.startswith("/api/")}
    assert acts <= declared(counter.app).keys()
    return acts


def test_every_act_of_a_page_has_a_twin_or_a_reason(village: Counter, township: Counter, county: Counter) -> None:
    acts = acts_of(village) | acts_of(township) | acts_of(county)
    assert len(acts) > 100
    assert acts - TWINS.keys() - READ.keys() - WITHOUT.keys() == set(), (
        "these acts need a twin, or a reason why there is none"
    )
    assert (TWINS.keys() | READ.keys() | WITHOUT.keys()) - acts == set() and not TWINS.keys() & WITHOUT.keys()
    assert len(WITHOUT) <= 38, "the list of what programs cannot do only grows shorter"
    known = {each.name: each.method for each in OPERATIONS}
    assert {name for twins in TWINS.values() for name in twins} - known.keys() == set()
    assert all(known[name] == "POST" for twins in TWINS.values() for name in twins)
    assert {known.get(name) for name in READ.values()} == {"GET"}
    assert {f"act_{kind.name}" for kind in ACTS} <= known.keys()


def test_who_may_use_a_twin_may_use_the_page(village: Counter, township: Counter, county: Counter) -> None:
    for counter in (village, township, county):
        policies = declared(counter.app)
        for act, twins in TWINS.items():
            page = policies.get(act)
            if page is None or page.roles is None or act == "revoke_token":  # which a token does to itself alone
                continue
            for twin in twins:
                roles = policies[f"api.{twin}"].roles
                assert roles is not None and roles <= page.roles, (act, twin)


def test_every_operation_says_in_chinese_first_what_it_does(village: Counter) -> None:
    told = village.app.test_client().get("/api/v1/openapi.json").get_json()
    for path, methods in told["paths"].items():
        for method, each in methods.items():
            if method in ("get", "post"):
                assert "\u3400" <= each["summary"][0] <= "\u9fff", (path, method, each["summary"])
                assert each.get("description", "").strip(), (path, method, each)
    assert told["info"]["description"].startswith("本机")


def twice(program: Program, path: str, body: Any, request_id: str) -> dict[str, Any]:
    """Ask twice under one id: it is done once, and the second answer is the first."""
    first, second = (program.post(path, body, request_id) for _ in range(2))
    assert first.status_code == second.status_code == 200, (path, first.text, second.text)
    assert second.headers["Idempotency-Replayed"] == "true" and first.get_json() == second.get_json(), path
    told: dict[str, Any] = first.get_json()
    return told


def test_the_room_is_kept_booked_drawn_and_called_by_programs(village: Counter, agent: Visitor) -> None:
    head, desk = program_at(village, "0802", "head"), program_at(village, "0801", "agent")
    room = {"classes": ["agency"], "hours": ["8:30–12:00"] * 5 + ["", ""], "slots": ["09:00"], "a_slot": 1}
    room["windows"] = [{"name": "1号", "staff_no": "0801"}]
    twice(head, "/room", room, "room-00001")
    for wrong in ({"name": "1 号"}, {"name": "1号", "department": "民政 局"}, {"name": "1号", "staff_no": "08 01"}):
        refused = head.post("/room", {**room, "windows": [wrong]})
        assert (refused.status_code, refused.get_json()["field"]) == (422, "windows"), "a form could not show it"
    del room["windows"]
    assert head.post("/room", room).status_code == 200
    assert [each.name for each in village.member.casebook.room().windows] == ["1号"], "as before there was a register"
    assert head.post("/room", {**room, "windows": []}).status_code == 200
    assert village.member.casebook.room().windows == ()
    twice(head, "/duty", {"day": TODAY, "post": "A", "staff_no": "0801"}, "duty-00001")
    assert head.post("/duty", {"day": TODAY, "post": "B", "staff_no": "7777"}).get_json()["field"] == "staff_no"
    said = {"day": TODAY, "slot": "09:00", "name": "张秀兰", "item_no": "001", "phone_tail": "1234"}
    twice(desk, "/appointments", said, "book-00001")
    assert "已约满" in desk.post("/appointments", said).get_json()["zh"]
    [booked] = desk.get(f"/appointments?day={TODAY}").get_json()["appointments"]
    assert (booked["name"], booked["state"]) == ("张*", "booked")
    came = twice(desk, f"/appointments/{booked['number']}/end", {"what": "came"}, "came-00001")
    assert came == {"number": 1}
    assert twice(desk, "/turns", {}, "draw-00001") == {"number": 2}
    assert twice(desk, "/turns/call", {"window": "1号"}, "call-00001") == {"number": 1}
    case = desk.file()
    twice(desk, "/turns/1/end", {"what": "done", "case_no": case["case_no"]}, "done-00001")
    assert [each["state"] for each in desk.get("/turns").get_json()["tickets"]] == ["done", "waiting"]
    assert case["case_no"] in agent.open("/turns").text, "the page shows what the program did"


def test_a_draft_is_kept_read_by_its_owner_and_thrown_away(village: Counter) -> None:
    desk, other = program_at(village, "0801", "agent"), program_at(village, "0803", "agent")
    address = f"/drafts/{'ab' * 16}"
    kept = {"item_no": "001", "application": {"applicant_name": "张秀兰", "materials": FILED["materials"]}}
    assert desk.post(address, kept).get_json()["typed"]["applicant_name"] == "张秀兰"
    assert desk.post(address, kept).status_code == 200, "twice is once"
    assert [each["draft_id"] for each in desk.get("/drafts").get_json()["drafts"]] == ["ab" * 16]
    assert desk.get(address).get_json()["typed"]["m0"] == "yes"
    assert other.get(address).status_code == other.post(address, kept).status_code == 404
    assert desk.post(f"{address}/delete", {}).get_json() == {"draft_id": "ab" * 16}
    assert desk.get(address).status_code == 404
    strange = {"materials": [{"name": "户口簿复印件二", "copies": 1, "original": False}], "answers": {"年龄": "40"}}
    wrong = desk.post(address, {"item_no": "001", "application": strange})
    assert wrong.status_code == 422 and "户口簿复印件二" in wrong.text and "年龄" in wrong.text
    visitor, filed = village.sign_in("0804", "agent"), "cd" * 16
    visitor.file(draft_id=filed)
    same = program_at(village, "0804", "agent")
    assert same.post(f"/drafts/{filed}", kept).status_code == 404
    assert same.post(f"/drafts/{filed}/delete", {}).status_code == 404, "what was filed is no draft any more"
    boss = program_at(village, "0809", "admin")
    lines = boss.get("/audit?limit=3").get_json()["lines"]
    assert len(lines) == 3 and lines[0]["n"] == lines[1]["n"] + 1
    assert boss.get(f"/audit?before={lines[0]['n']}&limit=1").get_json()["lines"][0]["n"] == lines[1]["n"]


def test_registers_are_entered_by_programs(county: Counter) -> None:
    head, business = program_at(county, "1003", "head"), program_at(county, "1004", "business")
    county.accounts.create_invitation("1005", "刘代表", ["officer"])
    delegation = {
        "what": "delegate", "department": "应急", "b": "1005", "full": ["021"], "first": TODAY, "last": "2028-11-17",
        "document_no": "应急委〔2026〕1号",
    }  # fmt: skip
    twice(head, "/delegations", delegation, "delegate-1")
    [made] = head.get("/delegations").get_json()["delegations"]
    assert (made["b_name"], made["head"], made["full"]) == ("刘代表", "1003", ["021"])
    consent = {"what": "consent", "of": made["position"], "document_no": "中心〔2026〕2号"}
    twice(business, "/delegations", consent, "consent-01")
    absent = {"what": "absent", "person": "7777", "first": TODAY}
    assert head.post("/delegations", absent).get_json()["field"] == "person"
    seal = {
        "seal_no": "应急2", "use": "decision", "owner": "县应急局", "custodians": ["1005"], "first": TODAY,
        "document_no": "应急印〔2026〕1号",
    }  # fmt: skip
    twice(head, "/seals", seal, "seal-00001")
    assert [each["seal_no"] for each in head.get("/seals").get_json()["seals"]] == ["应急2"]
    relative = {"staff_no": "1005", "kin_name": "刘大爷", "kin_id_no": "E12345678", "relation": "父子"}
    twice(business, "/kin", relative, "kin-000001")
    [kin] = business.get("/kin").get_json()["kin"]
    assert kin["kin_name"] == "刘*" and kin["relation"] == "父子"
    assert business.post("/kin", {**relative, "kin_id_no": "622821198001011111"}).get_json()["field"] == "kin_id_no"
    twice(business, "/kin", {**relative, "withdrawn": True}, "kin-000002")
    assert business.get("/kin").get_json()["kin"] == []


def test_supervision_writes_and_samples_by_programs(county: Counter) -> None:
    window, supervisor = program_at(county, "1001", "window"), program_at(county, "1009", "supervisor")
    case = path_of(window.file(item_no="016"))
    letter = {"to": county.config.place, "rule": "promised", "answer_by": "2026-11-25", "text": "请速办"}
    twice(supervisor, f"{case}/supervision/letter", letter, "letter-001")
    [asked] = supervisor.get("/supervision/asked").get_json()["asked"]
    head = program_at(county, "1003", "head")
    said = {"of": asked["position"], "text": "今天办结"}
    twice(head, f"{case}/supervision/answer", said, "answer-001")
    assert supervisor.get("/supervision/asked").get_json()["asked"][0]["state"] == "settled"
    assert "没有黄牌" in head.post(f"{case}/supervision/card", {"text": "x"}).get_json()["zh"]
    days = {"what": "running", "first": "2026-11-01", "last": TODAY, "count": 1, "questions": ["材料齐不齐"]}
    twice(supervisor, "/supervision/samples", days, "sample-001")
    [drawn] = supervisor.get("/supervision/samples").get_json()["samples"]
    sample = supervisor.get(f"/supervision/samples/{drawn['position']}").get_json()
    assert [each["check"]["zh"] for each in sample["cases"]] == ["待检查"]
    check = {"what": "check", "outcome": "sound", "sample": drawn["position"], "answers": {"材料齐不齐": "齐"}}
    twice(supervisor, f"{case}/supervision/check", check, "check-0001")
    again = supervisor.get(f"/supervision/samples/{drawn['position']}").get_json()
    assert [each["check"]["zh"] for each in again["cases"]] == ["未发现问题"]
    place, case_id = case.split("/")[2:4]
    held = county.member.casebook.case(f"about:{place}", bytes.fromhex(case_id))
    assert held is not None and len(asked_of(held.oversight)) == 1, "nothing was written twice"


def test_a_version_of_an_item_is_looked_at_and_published_by_a_program(county: Counter) -> None:
    business, book = program_at(county, "1004", "business"), county.member.casebook
    typed = {name: text for name, text in typed_of(book.catalogue.item("001", 1)).items() if text}
    fields = {**typed, "begins": TODAY, "reason": "补充说明", "note": "另见公告"}
    body = {"version": 2, "fields": fields}
    assert business.post("/items/001/versions", body).get_json()["published"] is False
    assert book.catalogue.find("001", 2) is None, "it was only looked at"
    assert business.post("/items/001/versions", {**body, "fields": {**fields, "name": ""}}).status_code == 422
    ticked = business.post("/items/001/versions", {**body, "fields": {**fields, "commitment": "no"}})
    assert ticked.status_code == 422 and ticked.get_json()["field"] == "commitment", "no is not taken for yes"
    assert twice(business, "/items/001/versions", {**body, "publish": True}, "publish-01")["published"] is True
    made = book.catalogue.find("001", 2)
    assert made is not None and made.note == "另见公告"


@pytest.mark.usefixtures("forked")
def test_a_fork_is_ruled_on_by_a_program(network: Network, township: Counter) -> None:
    head = program_at(township, "0103", "head")
    [fork] = head.get("/forks").get_json()["forks"]
    assert fork["may_rule"] and not fork["ruled"] and fork["place"] == VILLAGE
    address = f"/forks/{fork['incarnation']}/{fork['scope']}/{fork['split']}/ruling"
    seen = [{"mark": each["mark"], "upto": each["upto"]} for each in fork["branches"]]
    ruling = {"take_all": True, "reason": "两台机器各办各的，都算数", "seen": seen}
    ruling["otherwise"] = fork["branches"][0]["mark"]
    assert head.post(address, {**ruling, "reason": ""}).status_code == 422
    strange = head.post(address, {**ruling, "choices": {"ab" * 16: ruling["otherwise"]}})
    assert strange.status_code == 422 and strange.get_json()["field"] == f"choices.{'ab' * 16}"
    twice(head, address, ruling, "ruling-001")
    [ruled] = head.get("/forks").get_json()["forks"]
    assert ruled["ruled"] and township.config.place == TOWNSHIP and network.members


def test_a_program_opens_the_register_of_complaints(county: Counter) -> None:
    supervisor = program_at(county, "1009", "supervisor")
    assert supervisor.post("/complaints/open", {}).get_json() == {"open": True}
    assert supervisor.post("/complaints/open", {}).get_json() == {"open": True}
    assert county.member.casebook.complaints_open()


def test_what_was_settled_early_and_late_is_read_by_a_program(county: Counter) -> None:
    supervisor = program_at(county, "1009", "supervisor")
    told = supervisor.get("/timeliness").get_json()
    assert told["first"] == "2026-11-01" and told["last"] == TODAY and told["lines"] == []


def test_an_account_below_is_ordered_shut_and_opened_by_a_program(
    network: Network, village: Counter, township: Counter, county: Counter
) -> None:
    head = program_at(township, "0103", "head")
    village.sign_in("0001", "agent")
    there = f"/places/{VILLAGE}/accounts"
    assert head.get(there).get_json() == {"place": VILLAGE, "accounts": [], "audit_head": None}
    for place in (TOWNSHIP, county.config.place, "000000"):
        assert head.get(f"/places/{place}/accounts").status_code == 404
        assert head.post(f"/places/{place}/accounts", order("disable")).status_code == 404
    for field, wrong in (("account", "00 01"), ("account", ""), ("reason", ""), ("what", "end")):
        refused = head.post(there, {**order("disable"), field: wrong})
        assert (refused.status_code, refused.get_json()["field"]) == (422, field)
    said = {"place": VILLAGE, "account": "0001", "what": "disable"}
    assert twice(head, there, order("disable", account=" 0001 "), "order-00001") == said
    assert "已经命令停用" in head.post(there, order("disable")).get_json()["zh"]
    village.member.casebook.say_audit_head()
    everywhere(network)
    told = head.get(there).get_json()
    [account] = told["accounts"]
    assert (account["state"], account["by_order"], account["liftable"]) == ("disabled", True, True)
    assert [(each["place"], each["by"], each["reason"]) for each in account["orders"]] == [(TOWNSHIP, "0103", "已调离")]
    assert told["audit_head"]["lines"] > 0 and len(told["audit_head"]["hash"]) == 64
    assert twice(head, there, order("lift"), "order-00002") == {**said, "what": "lift"}
    everywhere(network)
    everywhere(network)
    assert head.get(there).get_json()["accounts"][0]["state"] == "enabled"


def order(what: str, account: str = "0001") -> dict[str, str]:
    return {"what": what, "account": account, "reason": "已调离"}


def test_what_was_signed_after_an_account_was_shut_is_listed_for_programs(
    network: Network, village: Counter, township: Counter
) -> None:
    village.sign_in("0008", "admin")
    village.sign_in("0001", "agent")
    everywhere(network)
    village.accounts.disable("0001", True, by="0008")
    ref = village.member.file()
    everywhere(network)
    clerk = program_at(township, "0102", "clerk")
    told = clerk.get("/late-acts").get_json()
    assert (told["total"], told["page"], len(told["acts"])) == (2, 1, 2)
    one = told["acts"][0]
    assert (one["place"], one["account"], one["case_no"], one["case_place"]) == (VILLAGE, "0001", ref.case_no, VILLAGE)
    assert {each["kind"] for each in told["acts"]} == {"create", "receive"}
    assert clerk.get("/late-acts?account=0002").get_json()["acts"] == []
    assert clerk.get(f"/late-acts?place={VILLAGE}&account=01").get_json()["total"] == 2
    assert clerk.get("/late-acts?page=0").get_json()["field"] == "page"


def test_who_keeps_the_list_of_the_staff_shuts_accounts_and_notes_who_is_away(village: Counter, agent: Visitor) -> None:
    boss, head = program_at(village, "0809", "admin"), program_at(village, "0802", "head")
    village.sign_in("0009", "admin", name="李主任")
    [me] = [each for each in head.get("/staff").get_json()["accounts"] if each["staff_no"] == "0001"]
    assert (me["state"], me["ordered"], me["away_until"]) == ("active", False, None) and "agent" in me["roles"]
    assert boss.post("/staff/0001/absence", {"until": "2020-01-01"}).get_json()["field"] == "until"
    assert boss.post("/staff/0001/absence", {"until": TODAY}).get_json() == {"freed": 0}
    assert {each["away_until"] for each in head.get("/staff").get_json()["accounts"]} == {None, TODAY}
    assert boss.post("/staff/0001/absence", {"until": None}).status_code == 200
    assert {each["away_until"] for each in head.get("/staff").get_json()["accounts"]} == {None}
    assert boss.post("/staff/7777/absence", {"until": TODAY}).status_code == 404
    assert agent.open("/work").status_code == 200
    for _ in range(2):
        assert boss.post("/staff/0001/shut", {}).get_json()["state"] == "disabled", "twice is once"
    assert agent.open("/work").status_code != 200, "signed out at once"
    assert boss.post("/staff/7777/shut", {}).status_code == 404
    own = boss.post("/staff/0809/shut", {})
    assert own.status_code == 409 and "不能停用自己的账号" in own.get_json()["zh"]
    last = boss.post("/staff/0009/shut", {})
    assert (last.status_code, last.get_json()["code"]) == (409, "not_allowed_now") and "最后一个" in last.get_json()[
        "zh"
    ]


def test_a_program_that_is_taken_out_of_use_ends_its_token(village: Counter) -> None:
    program, other = program_at(village, "0801", "agent"), program_at(village, "0801", "agent")
    wrong = program.post("/whoami/end", {"token": "另一个"})
    assert (wrong.status_code, wrong.get_json()["field"]) == (422, "token")
    assert program.post("/whoami/end", {"token": "测试"}).get_json() == {"token": "测试"}
    assert program.get("/whoami").status_code == 401 and other.get("/whoami").status_code == 200
    line = village.accounts.rows.audit_lines(1)[0]
    assert (line.actor, line.action, line.subject) == ("0801", "token.revoke", "1")


def test_a_program_begins_an_exchange(village: Counter, county: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []
    for counter in (village, county):
        site = counter.app.extensions[SITE]
        monkeypatch.setitem(counter.app.extensions, SITE, replace(site, sync_soon=lambda: begun.append("soon")))
    assert program_at(village, "0801", "agent").post("/sync", {}).get_json() == {"begun": True}
    assert program_at(county, "1003", "head").post("/sync", {}).get_json() == {"begun": False}
    said = village.member.casebook.signed_audit_head()
    assert begun == ["soon"] and said is not None
    assert program_at(village, "0802", "agent").post("/sync", {}).get_json() == {"begun": True}
    assert begun == ["soon"] * 2 and village.member.casebook.signed_audit_head() == said, "said once a day"


def test_a_receiver_that_was_mended_has_what_waits_sent_and_one_that_is_given_up_ends_its_webhook(
    village: Counter,
) -> None:
    hooks = village.accounts.webhooks
    hooks.hosts = ("oa.example.gov.cn",)
    address = "https://oa.example.gov.cn/sanji?key=not-to-be-told"
    hooks.register("县一体化平台", address, ["received"], "001", "", by="0009")
    hooks.rows.failed(
        1, "对方答复 500 / answered 500", village.member.clock(), village.member.clock() + 60_000, gone=True
    )
    boss = program_at(village, "0809", "admin")
    [told] = boss.get("/webhooks").get_json()["webhooks"]
    assert (told["number"], told["name"], told["url"]) == (1, "县一体化平台", "https://oa.example.gov.cn/sanji")
    assert (told["state"], told["states"], told["item_no"], told["place"]) == ("gone", ["received"], "001", None)
    assert (told["waiting"], told["failures"], told["last_error"]) == (0, 1, "对方答复 500 / answered 500")
    assert "not-to-be-told" not in boss.get("/webhooks").text
    assert boss.post("/webhooks/1/resend", {}).get_json()["state"] == "fails", "tried again at once"
    row = hooks.rows.get(1)
    assert row is not None and not row.gone and row.next_attempt_ms is None
    for _ in range(2):
        assert boss.post("/webhooks/1/end", {}).get_json()["state"] == "ended", "twice is once"
    over = boss.post("/webhooks/1/resend", {})
    assert (over.status_code, over.get_json()["code"]) == (409, "not_allowed_now") and "已停用" in over.get_json()["zh"]
    assert boss.post("/webhooks/2/end", {}).status_code == boss.post("/webhooks/2/resend", {}).status_code == 404
    lines = village.accounts.rows.audit_lines(9)
    assert [(each.actor, each.action) for each in lines if "webhook" in each.action] == [
        ("0809", "webhook.end"), ("0809", "webhook.resend"), ("0009", "webhook.make"),
    ]  # fmt: skip
