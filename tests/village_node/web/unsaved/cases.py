"""Pages whose forms need a state of the node before they are there: each is brought about, and given what is typed."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from io import BytesIO
from typing import Any, Final

import pytest
from PIL import Image

from sync_protocol.case.numbers import check_character
from sync_protocol.case.workdays import day_of
from sync_protocol.exchange import ANOTHER_NONCE
from tests.builders import TOWNSHIP, VILLAGE, Member
from tests.faults.test_restored_roots import restored_county
from tests.sync_protocol.case.year_2026 import CALENDAR
from tests.village_node.authenticator import code_at, secret_in
from tests.village_node.web.counter import (
    CARD,
    PASSWORD,
    Counter,
    Visitor,
    everywhere,
    hidden_of,
    open_counter,
)
from tests.village_node.web.errands import chosen, delivered_at_once, links, newcomer
from tests.village_node.web.test_forks import address as address_of_fork
from tests.village_node.web.test_forks import seen_in
from tests.village_node.web.test_lives import ring
from tests.village_node.web.test_oddities import ticks
from tests.village_node.web.test_recall import page_of
from tests.village_node.web.test_service_room import ROOM
from tests.village_node.web.test_working_calendar import form as calendar_form
from village_node.accounts.exports import Wanted
from village_node.accounts.passes import token_of
from village_node.courier import Courier
from village_node.store import parking
from village_node.uploads import Upload
from village_node.web.item_form import typed_of
from village_node.web.site import SITE

TYPED: Final = "这些字不能丢失"


@dataclass
class Ready:
    """A form whose state has been brought about: who sends it, where to, and what is in it."""

    visitor: Visitor
    address: str
    fields: dict[str, Any]


def _assigned(request: pytest.FixtureRequest, answered: bool) -> Ready:
    """A case above whose holder somebody proposes to act, or has proposed."""
    agent, network = request.getfixturevalue("agent"), request.getfixturevalue("network")
    township = request.getfixturevalue("township")
    clerk, head = township.sign_in("0101", "clerk"), township.sign_in("0103", "head")
    case = agent.file()
    everywhere(network)
    fields = {**hidden_of(clerk.open(case).text, f"{case}/assign"), "to": TOWNSHIP, "reason": TYPED}
    if not answered:
        return Ready(clerk, f"{case}/assign", fields)
    assert clerk.send(f"{case}/assign", fields).status_code == 303
    number = re.findall(r"/assignments/(\d+)/reject", head.open("/assignments").text)[0]
    return Ready(head, f"/assignments/{number}/reject", {"answer": TYPED})


def _volume(request: pytest.FixtureRequest) -> Ready:
    """A case that was delivered, and whoever files its volume and does nothing else."""
    village = request.getfixturevalue("village")
    head, archivist = village.sign_in("0021", "agent", "head"), village.sign_in("0022", "archivist")
    case = delivered_at_once(head)
    desk = case.replace("/cases/", "/desk/")
    page = archivist.open(desk).text
    fields = {**hidden_of(page, f"{desk}/act/archive"), "delivery": chosen(page, "archive", "delivery")[0]}
    return Ready(archivist, f"{desk}/act/archive", {**fields, "volume": TYPED})


def _export(request: pytest.FixtureRequest, asked: bool) -> Ready:
    """A list that is to be asked for, or that somebody else has asked for."""
    village = request.getfixturevalue("village")
    head = village.sign_in("0002", "head")
    if not asked:
        return Ready(head, "/exports/ask/work_export.csv?view=all", {"reason": TYPED})
    number = village.accounts.exports.ask("0005", Wanted("work", "csv", "view=all", "view=all", 201, {}), "年度核对")
    return Ready(head, f"/exports/{number}/reject", {"text": TYPED})


def _oddity(request: pytest.FixtureRequest) -> Ready:
    officer, late = request.getfixturevalue("officer"), request.getfixturevalue("late")
    page = officer.open("/oddities").text
    fields = {**hidden_of(page, f"{late}/oddities/dismiss"), "named": ticks(page)[0], "reason": TYPED}
    return Ready(officer, f"{late}/oddities/dismiss", fields)


def _factor(request: pytest.FixtureRequest) -> Ready:
    """Somebody who has copied the secret of a second factor."""
    head: Visitor = request.getfixturevalue("village").sign_in("0002", "head")
    secret = secret_in(head.send("/second-factor/begin", {}).text)
    code = code_at(secret, head.counter.member.clock.now_ms)
    return Ready(head, "/second-factor/confirm", {"code": code, "text": TYPED})


def _print(request: pytest.FixtureRequest) -> Ready:
    agent = request.getfixturevalue("agent")
    address = links(agent, agent.file())[0]
    return Ready(agent, address, {"reason": TYPED})


def _recall(request: pytest.FixtureRequest) -> Ready:
    net, ref = request.getfixturevalue("net"), request.getfixturevalue("cleared")
    agent = open_counter(net[VILLAGE].member, request.getfixturevalue("folder")).sign_in("0001", "agent")
    return Ready(agent, f"{page_of(ref)}/recall", {"text": TYPED})


def _ringing(request: pytest.FixtureRequest, place: str, address: str) -> Ready:
    """An identity that lives twice, at its own place or at the place above."""
    ring(request.getfixturevalue("network"), ANOTHER_NONCE)
    return Ready(request.getfixturevalue(place).sign_in("0002", "head"), address, {"text": TYPED})


def _key(request: pytest.FixtureRequest) -> Ready:
    """A village that is in the roster and about which nothing rings."""
    return Ready(request.getfixturevalue("village").sign_in("0002", "head"), "/lives/rekey", {"text": TYPED})


def _newcomer(request: pytest.FixtureRequest) -> Ready:
    """A township that a new machine has asked."""
    township = request.getfixturevalue("township")
    newcomer(request.getfixturevalue("network"), TOWNSHIP, VILLAGE)
    return Ready(township.sign_in("0103", "head"), "/newcomers/1/reject", {"spoken": TYPED})


def _waited_for(request: pytest.FixtureRequest) -> Ready:
    """A restored county that has not heard its townships yet."""
    folder = request.getfixturevalue("tmp_path")
    root = restored_county(request.getfixturevalue("restorable"), folder)
    head = open_counter(root.member, folder).sign_in("0009", "head")
    return Ready(head, f"/lives/answer-for/{TOWNSHIP}", {"text": TYPED})


def _too_many_lives(request: pytest.FixtureRequest) -> Ready:
    township = request.getfixturevalue("township")
    township.member.casebook.note_refused_life(VILLAGE, refused=True)
    return Ready(township.sign_in("0103", "head"), f"/children/{VILLAGE}/allow-lives", {"text": TYPED})


def _account_below(request: pytest.FixtureRequest) -> Ready:
    """An account at the village, which the township orders to be shut."""
    township = request.getfixturevalue("township")
    fields = {"what": "disable", "account": "0007", "reason": TYPED}
    return Ready(township.sign_in("0103", "head"), f"/children/{VILLAGE}/accounts", fields)


def _dead_township(request: pytest.FixtureRequest, address: str) -> Ready:
    """A township that is not heard; for the second form the county stands in for it."""
    county = request.getfixturevalue("county")
    if address == "end-stand-in":
        county.member.casebook.stand_in_for("0009", TOWNSHIP)
    return Ready(county.sign_in("0203", "head"), f"/children/{TOWNSHIP}/{address}", {"text": TYPED})


def _lost_machine(request: pytest.FixtureRequest, asked: bool) -> Ready:
    """The village's machine was stolen; for the second form somebody has asked for it to be shut out."""
    township = request.getfixturevalue("township")
    machine = request.getfixturevalue("network").members[VILLAGE].identity.incarnation.hex()
    head = township.sign_in("0103", "head")
    if not asked:
        return Ready(head, "/revocations", {"machine": machine, "reason": TYPED})
    number = township.member.casebook.ask_revocation("0109", machine, "电脑被盗")
    return Ready(head, f"/revocations/{number}/reject", {"reason": TYPED})


def _meeting(request: pytest.FixtureRequest, recorded: bool) -> Ready:
    """A case in the green channel, with minutes or without."""
    agent = request.getfixturevalue("agent")
    case = agent.file()
    assert agent.act(case, "lane", lane="green", reason="重点项目", supervisor="王副县长").status_code == 303
    address = f"{case}/meetings"
    told = {"day": "2026-11-18", "present": "张三", "decisions": TYPED}
    told |= {"what0": "踏勘", "who0": "李四", "due0": "2026-11-20"}
    fields = {**hidden_of(agent.open(address).text, address), **told}
    if not recorded:
        return Ready(agent, address, fields)
    assert agent.send(address, fields).status_code == 303
    done = f"{address}/done"
    return Ready(agent, done, {**hidden_of(agent.open(address).text, done), "result": TYPED})


def _fork(request: pytest.FixtureRequest) -> Ready:
    request.getfixturevalue("forked")
    township = request.getfixturevalue("township")
    head, path = township.sign_in("0103", "head"), address_of_fork(township.member)
    return Ready(head, path, {"seen": seen_in(head.open(path).text)[0], "take_all": "yes", "reason": TYPED})


def _sample(request: pytest.FixtureRequest) -> Ready:
    township = request.getfixturevalue("township")
    with township.member.store.writing() as connection:
        row = parking.RefusedRow(bytes(16), bytes(16), f"about:{VILLAGE}", 7, 3, "", 1, 5, b"its bytes")
        parking.refuse(connection, row)
        (line,) = parking.listed_refused(connection, 1)
    return Ready(township.sign_in("0109", "admin"), f"/health/left/{line.id}", {"reason": TYPED})


def _token(request: pytest.FixtureRequest, made: bool) -> Ready:
    """A token to be made for somebody, or one that is there."""
    village: Counter = request.getfixturevalue("village")
    boss = village.sign_in("0009", "admin")
    village.accounts.create_invitation("0801", "接口程序", ["agent"])
    if not made:
        return Ready(boss, "/tokens/make", {"name": TYPED, "whose": "0801:agent", "days": "30"})
    village.accounts.make_token("x", "0801", "agent", 30, by="0009", by_admin=True)
    return Ready(boss, "/tokens/1/revoke", {"reason": TYPED})


def _webhook(request: pytest.FixtureRequest, made: str = "") -> Ready:
    """A webhook to be registered, or one that is there."""
    village: Counter = request.getfixturevalue("village")
    boss = village.sign_in("0009", "admin")
    village.accounts.webhooks.hosts = ("oa.example.gov.cn",)
    url = "https://oa.example.gov.cn/sanji"
    if not made:
        return Ready(boss, "/webhooks/make", {"name": TYPED, "url": url, "states": "issued"})
    village.accounts.webhooks.register("x", url, ["issued"], "", "", by="0009")
    return Ready(boss, f"/webhooks/1/{made}", {"reason": TYPED})


def _calendar(request: pytest.FixtureRequest, answered: bool) -> Ready:
    """A year that the county publishes, or a change of days gone by that waits for a second person."""
    county: Counter = request.getfixturevalue("county")
    county.member.casebook.own_calendar = CALENDAR
    county.member.casebook.publish_known_years()
    head = county.sign_in("1002", "head")
    if not answered:
        return Ready(head, "/calendar/publish", calendar_form(reason=TYPED))
    off = calendar_form()["off"] + "\n11-17 停工"
    assert head.send("/calendar/publish", calendar_form(off=off)).status_code == 303
    other = county.sign_in("1003", "head")
    shown = hidden_of(other.open("/calendar").text, "/calendar/confirm")["shown"]
    return Ready(other, "/calendar/confirm", {"text": TYPED, "shown": shown})


def _erasure(request: pytest.FixtureRequest, ordered: bool) -> Ready:
    """Somebody who wants to be forgotten, who once asked something at the county's counter."""
    county: Counter = request.getfixturevalue("county")
    said = {"question": "低保怎么申请", "outcome": "answered", "told": "带户口簿", "by": TYPED}
    county.member.casebook.consult("1001", {"window"}, said)
    head = county.sign_in("1002", "head")
    if not ordered:
        return Ready(head, "/erasures/find", {"text": TYPED})
    county.sign_in("1003", "leader")
    (found,) = county.member.casebook.found_of({"head"}, TYPED)
    fields = {"text": TYPED, "key": found.key, "basis": TYPED, "approver": "1003", "again_approver": PASSWORD}
    return Ready(head, "/erasures", fields)


def _procedure(request: pytest.FixtureRequest) -> Ready:
    """A special procedure that waits for its approval."""
    county: Counter = request.getfixturevalue("county")
    window, head = county.sign_in("1001", "window"), county.sign_in("1003", "head")
    case = window.file("016")
    assert window.act(case, "docket").status_code == 303
    said = {"what": "testing", "basis": "条例", "planned_days": "5"}
    assert window.act(case, "suspend", **said).status_code == 303
    return Ready(head, f"{case}/procedure/reject", {"answer": TYPED})


def _register(request: pytest.FixtureRequest, address: str, fields: dict[str, str]) -> Ready:
    """An entry in a register of the county."""
    county: Counter = request.getfixturevalue("county")
    return Ready(county.sign_in("1003", "head"), address, fields)


_DELEGATION: Final = {
    "department": "文旅", "first": "2026-01-01", "last": "2027-01-01", "document_no": TYPED, "item:036": "full",
}  # fmt: skip
_OWN_SEAL: Final = {
    "seal_no": "1", "use": "decision", "owner": "县", "custodians": "1003", "first": "2026-01-01", "document_no": TYPED,
}  # fmt: skip
_RELATIVE: Final = {"staff_no": "1003", "kin_name": "张三", "kin_id_no": "E12345678", "relation": TYPED}


def _item(request: pytest.FixtureRequest) -> Ready:
    """A new version of an item, as the county's form says it."""
    county: Counter = request.getfixturevalue("county")
    book = county.member.casebook
    typed = {name: text for name, text in typed_of(book.catalogue.item("001")).items() if text}
    told = {"version": "2", "begins": day_of(county.member.clock()).isoformat(), "reason": TYPED, "do": "publish"}
    return Ready(county.sign_in("1004", "business"), "/catalogue/001", {**typed, **told})


_DUTY: Final = {"day": "2026-11-21", "post": "A", "staff_no": "0002"}


def _room(request: pytest.FixtureRequest, where: str, fields: dict[str, str]) -> Ready:
    """One of the service room's own books, with slots to book, an appointment and a number of today that was called."""
    village: Counter = request.getfixturevalue("village")
    somebody = village.sign_in("0002", "agent", "head")
    booked = {"day": "2026-11-18", "slot": "09:00", "name": TYPED, "item_no": "001", "phone_tail": "1234"}
    if where != "/turns/book":
        for path, said in (
            ("/duty/room", ROOM),
            ("/turns/book", booked),
            ("/turns/draw", {"draw_item": "", "draw_window": ""}),
            ("/turns/call", {"window": "1号"}),
            ("/turns/draw", {"draw_item": "", "draw_window": ""}),
        ):
            assert somebody.send(path, said).status_code == 303
        return Ready(somebody, where, fields)
    assert somebody.send("/duty/room", ROOM).status_code == 303
    return Ready(somebody, where, booked)


def _supervised(request: pytest.FixtureRequest, what: str) -> Ready:
    """A case of the county's own that supervision checks, or days it draws a sample from."""
    county: Counter = request.getfixturevalue("county")
    case, supervisor = county.sign_in("1001", "window").file("016"), county.sign_in("1009", "supervisor")
    if what == "draw":
        days = {"first": "2026-11-01", "last": "2026-11-18", "count": "1"}
        return Ready(supervisor, "/samples", {"what": "running", **days, "questions": TYPED})
    said = {"what": "check", "outcome": "sound", "text": TYPED}
    return Ready(supervisor, f"{case.replace('/cases/', '/supervision/')}/check", said)


def _published(request: pytest.FixtureRequest, what: str) -> Ready:
    """A month that is over, or rules of scoring."""
    supervisor = request.getfixturevalue("county").sign_in("1009", "supervisor")
    if what == "bulletin":
        return Ready(supervisor, "/bulletins", {"period": "2026-10", "text": TYPED})
    points = dict.fromkeys(("overdue", "bad_rating", "late_answer", "yellow", "flags", "bottom"), "2")
    return Ready(supervisor, "/score-rules", {"document_no": TYPED, "since": "2026-12-01", "base": "100", **points})


# These need a case, a proposal or an alarm in a state of its own, and each is brought into it.
def _complaint(request: pytest.FixtureRequest, what: str) -> Ready:
    """A complaint about the village, to be taken there or answered at the township."""
    township, agent = request.getfixturevalue("township"), request.getfixturevalue("agent")
    if not what:
        return Ready(agent, "/complaints/new", {"place": VILLAGE, "who": "王芳", "text": TYPED})
    head = township.sign_in("0103", "head")
    head.send("/complaints/open", {})
    everywhere(request.getfixturevalue("network"))
    said = {"place": VILLAGE, "who": "二号窗口", "text": "态度恶劣", "by": "张秀兰"}
    slip = agent.counter.member.casebook.complain("0001", {"agent"}, said)
    everywhere(request.getfixturevalue("network"))
    fields = {"outcome": "upheld", "text": TYPED, "reason": TYPED}
    return Ready(head, f"/complaints/of/{slip.number}/{what}", fields)


def _slip(request: pytest.FixtureRequest, what: str) -> Ready:
    """A slip or a consultation, to be taken, or looked at in full."""
    agent = request.getfixturevalue("agent")
    book = agent.counter.member.casebook
    if what == "slip":
        far = {"case_no": "990101101201-261121-7K3M-3-9", "what": "note", "by": "张秀兰", "text": TYPED}
        far["case_no"] = f"{far['case_no'][:-1]}{check_character(far['case_no'][:-2])}"
        return Ready(agent, "/slips/new", far)
    if what == "consultation":
        return Ready(agent, "/consultations", {"question": TYPED, "outcome": "open"})
    if what == "call":
        number = book.consult("0009", {"agent"}, {"question": "问", "outcome": "open", "contact": "13800001234"})
        book.follow_consultation("0009", {"agent"}, number, {"outcome": "answered", "told": "答"})
        return Ready(agent, f"/calls/{number}", {"reached": "yes", "text": TYPED})
    if what == "consultations":
        number = book.consult("0001", {"agent"}, {"question": "问", "outcome": "open", "by": "张秀兰"})
    else:
        stem = "990101101201-261121-7K3M-3"
        far = {"case_no": f"{stem}-{check_character(stem)}", "what": "note", "by": "张秀兰", "text": "x"}
        number = book.bring("0001", {"agent"}, far)
    return Ready(agent, f"/{what}/of/{number}/unmask", {"reason": TYPED})


def _own(request: pytest.FixtureRequest, what: str) -> Ready:
    """What a resident sends by himself: a rating or a complaint about his case, or a booking."""
    agent = request.getfixturevalue("agent")
    stranger = agent.counter.visitor()
    if what in ("book", "change"):
        head = agent.counter.sign_in("0002", "head")
        assert head.send("/duty/room", ROOM).status_code == 303
        fields = {"day": "2026-11-19", "slot": "09:00", "name": TYPED, "item_no": "001", "phone_tail": "1234"}
        if what == "change":
            labels = agent.counter.member.casebook.book("0002", {"agent"}, *fields.values())
            return Ready(stranger, "/book/change", {**labels._asdict(), "do": "off", "slot": TYPED})
        return Ready(stranger, "/book", fields)
    case = agent.file("040")
    row = agent.counter.member.casebook.case_row(f"about:{VILLAGE}", bytes.fromhex(case.rpartition("/")[2]))
    if what == "rating":
        assert agent.act(case, "docket").status_code == 303
        page = stranger.send("/query", {"number": row.case_no, "code": row.query_code}).text
        fields = {**hidden_of(page, "/query/rating"), "grade": "poor", "text": TYPED}
        return Ready(stranger, "/query/rating", fields)
    fields = {
        "number": row.case_no,
        "code": row.query_code,
        "place": VILLAGE,
        "who": "王芳",
        "text": TYPED,
        "do": "send",
    }
    return Ready(stranger, "/query/complaint", fields)


def _batch(request: pytest.FixtureRequest) -> Ready:
    """A list of one person, looked at and ready to be filed."""
    rows = f"姓名或单位名称,证件号码,本人（或单位自己）来办,申请事由\n{TYPED},{CARD},是,家庭困难\n"
    fields = {"rows": rows, "channel": "counter", "item_version": "1", "do": "file"}
    return Ready(request.getfixturevalue("agent"), "/batches/file/001", fields)


class _OpenedAgain(BytesIO):
    """A file that is chosen in a form once more."""

    def close(self) -> None:
        self.seek(0)


def _stick(request: pytest.FixtureRequest, *, taken: bool) -> Ready:
    """A bundle of the township, and the village's form that takes it in; or the form that saves one."""
    village: Counter = request.getfixturevalue("village")
    agent = village.sign_in("0001", "agent")
    if not taken:
        return Ready(agent, "/courier/save", {"place": TOWNSHIP, "text": TYPED})
    township: Member = request.getfixturevalue("network").members[TOWNSHIP]
    _, raw = Courier(township.casebook, township.clock, township.casebook.randomness).fold("0101", VILLAGE)
    return Ready(agent, "/courier/take", {"bundle": (_OpenedAgain(raw), "a.sanji"), "do": "take", "text": TYPED})


def _paper(request: pytest.FixtureRequest, what: str) -> Ready:
    """The papers of a case: adding one, or one that is there."""
    agent, village = request.getfixturevalue("agent"), request.getfixturevalue("village")
    case = agent.file()
    address = f"{case}/papers"
    photo = BytesIO()
    Image.new("RGB", (40, 30)).save(photo, "JPEG")
    if what == "add":
        fields = {"other": TYPED, "files": (_OpenedAgain(photo.getvalue()), "a.jpg")}
        return Ready(agent, address, fields)
    _, _, place, case_id = case.split("/")
    book, key = village.member.casebook, (f"about:{place}", bytes.fromhex(case_id))
    book.add_paper("0001", village.member.roles, key, "身份证", Upload(photo.getvalue(), "image/jpeg", None))
    (paper,) = re.findall(r'name="paper" value="([0-9a-f.]+)"', agent.open(address).text)
    if what == "withdraw":
        return Ready(agent, f"{address}/withdraw", {"paper": paper, "reason": TYPED})
    return Ready(agent, f"{address}/{paper}/{what}", {"reason": TYPED})


def _phone(request: pytest.FixtureRequest, what: str) -> Ready:
    """A code for a telephone that is opened or closed, or a photo that comes by it and is decided on."""
    agent, village = request.getfixturevalue("agent"), request.getfixturevalue("village")
    site = village.app.extensions[SITE]
    site.config = replace(site.config, host="0.0.0.0", public_url="http://192.168.1.10:8700")
    case = agent.file()
    address = f"{case}/papers/phone"
    if what == "give":
        return Ready(agent, address, {"text": TYPED})
    agent.send(address, {})
    _, _, place, case_id = case.split("/")
    key = (f"about:{place}", bytes.fromhex(case_id))
    cookie = agent.client.get_cookie(site.session_cookie).value
    given = village.accounts.passes.of(cookie, key)
    if what == "send":
        photo = BytesIO()
        Image.new("RGB", (40, 30)).save(photo, "JPEG")
        fields = {"text": TYPED, "files": (_OpenedAgain(photo.getvalue()), "a.jpg")}
        return Ready(village.visitor(), f"/phone/{token_of(cookie, given.id)}", fields)
    if what == "end":
        return Ready(agent, f"{address}/end", {"text": TYPED})
    village.member.casebook.keep_phone_file(given.id, key, "身份证", Upload(b"photo", "image/jpeg", None))
    (waits,) = village.member.casebook.phone_files(key)
    return Ready(agent, f"{address}/{waits.name}/{what}", {"other": TYPED})


NEED_A_STATE: dict[str, Callable[[pytest.FixtureRequest], Ready]] = {
    "answer_assignment": partial(_assigned, answered=True),
    "propose_assignment": partial(_assigned, answered=False),
    "answer_oddity": _oddity,
    "desk_act": _volume,
    "ask_export": partial(_export, asked=False),
    "answer_export": partial(_export, asked=True),
    "publish_calendar": partial(_calendar, answered=False),
    "publish_item": _item,
    "answer_calendar": partial(_calendar, answered=True),
    "recall": _recall,
    "answer_procedure": _procedure,
    "find_matters": partial(_erasure, ordered=False),
    "order_erasure": partial(_erasure, ordered=True),
    "enter_authority": partial(_register, address="/authority/delegate", fields=_DELEGATION),
    "enter_seal": partial(_register, address="/seals", fields=_OWN_SEAL),
    "enter_kin": partial(_register, address="/kin", fields=_RELATIVE),
    "go_on": partial(_ringing, place="village", address="/lives/go-on"),
    "retire": partial(_ringing, place="village", address="/lives/retire"),
    "rekey": _key,
    "confirm_factor": _factor,
    "settle_alarm": partial(_ringing, place="township", address=f"/children/{VILLAGE}/settle"),
    "print_document": _print,
    "record_meeting": partial(_meeting, recorded=False),
    "finish_action": partial(_meeting, recorded=True),
    "answer_for": _waited_for,
    "allow_lives": _too_many_lives,
    "order_account": _account_below,
    "stand_in": partial(_dead_township, address="stand-in"),
    "end_stand_in": partial(_dead_township, address="end-stand-in"),
    "answer_newcomer": _newcomer,
    "ask_revocation": partial(_lost_machine, asked=False),
    "answer_revocation": partial(_lost_machine, asked=True),
    "rule_on_fork": _fork,
    "refused_sample": _sample,
    "make_token": partial(_token, made=False),
    "revoke_token": partial(_token, made=True),
    "make_webhook": _webhook,
    "end_webhook": partial(_webhook, made="end"),
    "resend_webhook": partial(_webhook, made="resend"),
    "set_duty": partial(_room, where="/duty", fields={**_DUTY, "note": TYPED}),
    "say_room": partial(_room, where="/duty/room", fields={**ROOM, "address": TYPED}),
    "book_slot": partial(_room, where="/turns/book", fields={}),
    "end_booking": partial(_room, where="/turns/bookings/1/missed", fields={"text": TYPED}),
    "call_off_booking": partial(_room, where="/turns/bookings/1/call-off", fields={"reason": TYPED}),
    "move_booking": partial(
        _room, where="/turns/bookings/1/move", fields={"day": "2026-11-19", "slot": "09:00", "reason": TYPED}
    ),
    "draw_number": partial(_room, where="/turns/draw", fields={"draw_item": "", "draw_window": TYPED}),
    "call_number": partial(_room, where="/turns/call", fields={"window": TYPED}),
    "end_turn": partial(_room, where="/turns/1/transfer", fields={"to_window": TYPED}),
    "add_papers": partial(_paper, what="add"),
    "withdraw_paper": partial(_paper, what="withdraw"),
    "paper_view": partial(_paper, what="view"),
    "paper_original": partial(_paper, what="original"),
    "give_phone_pass": partial(_phone, what="give"),
    "end_phone_pass": partial(_phone, what="end"),
    "send_by_phone": partial(_phone, what="send"),
    "take_phone_file": partial(_phone, what="take"),
    "discard_phone_file": partial(_phone, what="discard"),
    "save_bundle": partial(_stick, taken=False),
    "take_bundle": partial(_stick, taken=True),
    "supervise": partial(_supervised, what="check"),
    "draw_sample": partial(_supervised, what="draw"),
    "publish_bulletin": partial(_published, what="bulletin"),
    "set_score_rules": partial(_published, what="rules"),
    "take_complaint": partial(_complaint, what=""),
    "answer_complaint": partial(_complaint, what="answer"),
    "unmask_complaint": partial(_complaint, what="unmask"),
    "file_batch": _batch,
    "own_complaint": partial(_own, what="complaint"),
    "own_rating": partial(_own, what="rating"),
    "book_oneself": partial(_own, what="book"),
    "change_own_booking": partial(_own, what="change"),
    "take_slip": partial(_slip, what="slip"),
    "unmask_slip": partial(_slip, what="slips"),
    "take_consultation": partial(_slip, what="consultation"),
    "unmask_consultation": partial(_slip, what="consultations"),
    "record_call": partial(_slip, what="call"),
}
