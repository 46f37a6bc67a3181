"""Staff of one place get nothing of another's, at any address: a matrix drawn from the routes themselves.

One village has one of everything that has an address. Everybody at the next village and at the next township, and
programs of theirs, ask for each of these at every route that takes such an address. Whoever adds a route to it says
here what goes into its address, or this fails.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import marshmallow
import pytest
from marshmallow import validate
from werkzeug.routing import Rule

from sync_protocol.case.powers import ROLES, STANDS_IN, stood_in
from tests.builders import COUNTY, OTHER_TOWNSHIP, SECOND_VILLAGE, TOWNSHIP, VILLAGE, Network
from tests.village_node.web.api.program import BASE, Program, program_at
from tests.village_node.web.counter import PASSWORD, Counter, Visitor, exchange, hidden_of, open_counter, problems
from tests.village_node.web.errands import PAPERS, AtHand, delivered_at_once, links
from tests.village_node.web.test_batches import PEOPLE, filed, rows_of
from tests.village_node.web.test_complaints import complain
from tests.village_node.web.test_consultations import asked
from tests.village_node.web.test_couriers import opened as taken_in
from tests.village_node.web.test_couriers import saved
from tests.village_node.web.test_filing import held
from tests.village_node.web.test_papers import photo, positions, upload
from tests.village_node.web.test_phone import LAN, names, opened, sent
from tests.village_node.web.test_service_room import ROOM, TODAY, kept
from tests.village_node.web.test_slips import brought
from township_node import web as township_pages
from village_node.store.audit import AuditRow
from village_node.web.api import OPERATIONS
from village_node.web.policy import declared
from village_node.web.site import SITE
from village_node.web.unlogged import hidden

MINUTE_MS = 60_000
NOON_MS = 1_795_000_000_000
UPLOAD = "ab" * 32
# Routes whose address names what every place has, or what proves itself, with why.
OF_EVERYBODY = {
    "asset": "files of the program",
    **dict.fromkeys(
        ("notice", "guide", "item_flow", "blank_attorney", "file_form", "file_case", "keep_typed", "edit_item",
         "publish_item",
         "batch_form", "file_batch", "empty_sheet", "api.read_item", "api.publish_item"),
        "items are the county's, and everybody's",
    ),
    **dict.fromkeys(("check", "by_code", "phone", "send_by_phone", "begin_upload_by_phone", "read_upload_by_phone",
         "append_upload_by_phone"),
        "for residents, who prove it by a secret"),
    **dict.fromkeys(
        ("enter_authority", "answer_calendar", "complaint_paper", "say_window"), "the address names a form, no object"
    ),
    **dict.fromkeys(
        ("bulletin", "print_bulletin", "bulletin_export", "api.read_bulletin"),
        "what a place publishes is for every place below it, and holds nothing about anybody",
    ),
    "delegation_letter": "delegations are the county's register, which every place holds",
    "window": "which windows a place has is for everybody",
    "api.keep_draft": "a draft that is not there yet is begun",
    **dict.fromkeys(
        ("renew", "disable", "unlock", "staff_member", "change_staff", "absent", "reset_factor"),
        "accounts lie at their own node: a number that is not there is answered in words",
    ),
    **dict.fromkeys(
        ("answer_newcomer", "answer_revocation"),
        "counted at their own node: one that is not there is answered in words",
    ),
    "ask_export": "the address names a list, no object",
    "narrow": "the address names a list, no object",
    "answer_export": "counted at their own node: one that is not there is answered in words",
    "end_stand_in": "what was not begun is not ended, and nothing is said of anybody",
}  # fmt: skip
# What is asked for with GET and is at no node of this story.
NOT_HERE = {"fork"}


# What a form brings where it is looked at before what it is about.
FORMS = {"record_call": {"reached": "yes", "text": "已转告"}}
BODIES: dict[str, dict[str, Any]] = {
    "api.rule_on_fork": {"seen": [{"mark": "0" * 16, "upto": 1}]},
    "api.note_absence": {"until": TODAY},
}


@dataclass
class Story:
    """The nodes, and what one of them has: by the first part of an address, or by the name of what stands in it."""

    network: Network
    counters: dict[str, Counter] = field(default_factory=dict)
    own: dict[str, dict[str, str]] = field(default_factory=dict)
    common: dict[str, Any] = field(default_factory=dict)

    def address(self, rule: Rule) -> str:
        """The address of a route, with what the village has. AssertionError where nobody has said what goes in."""
        apart = [name for name in self.own if re.search(name, rule.rule)]
        known = {**self.common, **{name: text for each in apart for name, text in self.own[each].items()}}
        missing = rule.arguments - known.keys()
        assert not missing, f"{rule.rule}: say in this test what an object of another place has as {sorted(missing)}"
        path = rule.rule
        for name in rule.arguments:
            path = re.sub(rf"<(?:[^<>]*:)?{name}>", str(known[name]), path)
        return path

    def rules(self, counter: Counter) -> list[tuple[Rule, str]]:
        """Every route with an address that names something of a place, and each way to ask it; pages first."""
        found = [
            rule
            for rule in counter.app.url_map.iter_rules()
            if rule.arguments - {"form"} and rule.endpoint not in OF_EVERYBODY  # the form of a file is no object
        ]
        found.sort(key=lambda rule: (rule.rule.startswith(BASE), rule.rule))
        return [(rule, method) for rule in found for method in sorted((rule.methods or set()) & {"GET", "POST"})]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """A county, two townships, two villages of one of them; the first village has one of everything."""
    network = Network(tmp_path_factory.mktemp("nodes"))
    network.enrol(COUNTY, TOWNSHIP, VILLAGE, SECOND_VILLAGE, OTHER_TOWNSHIP)
    told = Story(network)
    for place in (COUNTY, TOWNSHIP, VILLAGE, SECOND_VILLAGE, OTHER_TOWNSHIP):
        folder: Path = tmp_path_factory.mktemp(f"pages{place}")
        more = {} if place in (VILLAGE, SECOND_VILLAGE) else {"more": township_pages.register}
        told.counters[place] = open_counter(network.open(place), folder, **LAN, **more)
        told.counters[place].app.extensions[SITE].printer = AtHand()
    network.clock.now_ms = NOON_MS
    live(told)
    yield told
    network.close()


def around(network: Network) -> None:
    """Exchange until everybody holds what they may."""
    up = ((VILLAGE, TOWNSHIP), (SECOND_VILLAGE, TOWNSHIP), (TOWNSHIP, COUNTY), (OTHER_TOWNSHIP, COUNTY))
    exchange(network, *up, *reversed(up))


def in_the_room(agent: Visitor, case: str) -> str:
    """A booking, a number, a file that is half sent and a draft; the draft's id."""
    begun = agent.send(f"{case}/papers/uploads/{UPLOAD}", {"material": "身份证", "size": "50000"})
    assert begun.status_code == 201
    kept(agent, "/duty/room", **ROOM)
    said = {"day": TODAY, "slot": "09:30", "name": "张秀兰", "item_no": "001", "phone_tail": "1234"}
    kept(agent, "/turns/book", **said)
    kept(agent, "/turns/draw", draw_item="", draw_window="")
    draft = "ab" * 16
    assert agent.send("/file/001", {"draft_id": draft, "do": "draft", "applicant_name": "张秀兰"}).status_code == 200
    return draft


def write_to(supervisor: Visitor, case: str) -> None:
    """A letter about a case to the village."""
    letter = {"to": VILLAGE, "rule": "promised", "answer_by": "2026-11-25", "text": "请速办"}
    written = supervisor.send(f"{case.replace('cases', 'supervision')}/letter", letter)
    assert written.status_code == 303, problems(written.text)


def live(told: Story) -> None:
    """The days before: one of everything comes to be."""
    village, township, county = (told.counters[place] for place in (VILLAGE, TOWNSHIP, COUNTY))
    agent, head = village.sign_in("0001", "agent", "head"), township.sign_in("0101", "head", "clerk", "admin")
    supervisor, window = county.sign_in("1009", "supervisor", "business"), county.sign_in("1001", "window")
    for visitor in (head, supervisor):
        assert visitor.send("/complaints/open", {}).status_code == 303
    case, far = agent.file("001", **PAPERS), window.file("016", **PAPERS)
    around(told.network)
    assert upload(agent, case, (photo(), "正面.jpg")).status_code == 303
    assert sent(village.visitor(), opened(agent, case), photo("blue")).status_code == 303
    draft = in_the_room(agent, case)
    taken_in(agent, *saved(head, VILLAGE))
    saved(agent, TOWNSHIP)
    proposal = {**hidden_of(head.open(case).text, f"{case}/assign"), "to": TOWNSHIP, "reason": "站点失联三天"}
    assert head.send(f"{case}/assign", proposal).status_code == 303
    write_to(supervisor, case)
    days = {"what": "running", "first": "2026-11-01", "last": TODAY, "count": "1", "questions": "材料齐不齐\n"}
    drawn = supervisor.send("/samples", days)
    assert drawn.status_code == 303, problems(drawn.text)
    consultation = asked(agent, outcome="open", by="张秀兰", contact="13800001234")
    slip = brought(agent, held(county, far).case_no, text="改为邮寄")
    complaint, _, _ = complain(agent, VILLAGE, by="张秀兰")
    batch = filed(agent, rows_of(PEOPLE[1], PEOPLE[2]))
    delivered = delivered_at_once(agent)
    around(told.network)
    asked_for = supervisor.open("/supervision?view=asked").text
    [letters] = set(re.findall(r'href="(/supervision/[^"]+/letters/[^"]+)"', asked_for))
    document = links(agent, case)[0].split("/documents/")[1].split("/")
    place, case_id = case.split("/")[2:4]
    told.common = {
        "place": place,
        "case_id": case_id,
        "move": "note",
        "staff_no": "0001",
        "incarnation": village.member.identity.incarnation.hex(),
        "scope": f"about:{place}",
        "split": 1,
    }
    told.own = {
        "/documents/": {"position": document[0], "code": document[1].partition("?")[0]},
        "/papers/<position>": {"position": positions(agent.open(f"{case}/papers").text)[0]},
        "/papers/phone/|/papers/uploads/": {"name": names(agent, case)[0], "upload": UPLOAD},
        "/letters/": {"position": letters.rpartition("/")[2]},
        "/samples/": {"position": drawn.headers["Location"].partition("?")[0].rpartition("/")[2]},
        "/slips/": {"number": slip, "slip_no": slip},
        "/consultations/": {"number": consultation, "consultation_no": consultation},
        "/calls/": {"number": consultation, "call_no": consultation},
        "/complaints/": {"number": complaint, "complaint_no": complaint},
        "/batches/": {"batch_id": batch.rpartition("/")[2]},
        "/drafts/": {"draft_id": draft},
        "/courier/": {"bundle_id": re.findall(r"/courier/slip/([0-9a-f]{32})", agent.open("/courier").text)[0]},
        "/desk/": {"case_id": delivered.split("/")[3]},
        "/turns/|/appointments/|/assignments/|/health/left/": {"number": "1"},
        "/tokens/|/webhooks/": {"number": "77"},  # each node counts its own, and some of theirs live
        "/oddities/<what>": {"what": "dismiss"},
        "/supervision/.*<what>": {"what": "card"},
        "/assignments/<number>/<what>|/procedure/<what>": {"what": "confirm"},
        "/turns/<number>/<what>": {"what": "done"},
        "/bookings/<number>/<what>": {"what": "came"},
    }


def newest(counter: Counter) -> AuditRow:
    return counter.accounts.rows.audit_lines(1)[0]


def staff_of(counter: Counter, base: int) -> list[tuple[str, str]]:
    """(staff number, role) for each role of a level."""
    roles = sorted(role for role, level in ROLES if level == counter.config.level)
    return [(f"{base + n}", role) for n, role in enumerate(roles)]


def in_for(counter: Counter, role: str) -> frozenset[str]:
    """The roles that somebody stands in for, since nobody there has them."""
    return stood_in(frozenset({role}), counter.accounts.rows.staffed(tuple(STANDS_IN), TODAY))


def body_of(schema: marshmallow.Schema) -> dict[str, Any]:
    """A body that a schema takes."""
    return {known.data_key or name: value_of(known) for name, known in schema.load_fields.items() if known.required}


RECORD = f"{'0' * 32}.1.{'0' * 16}"
TYPED = {
    "slot": "09:30", "shown": "0" * 64, "reason": "核对身份证", "to": COUNTY,
    **dict.fromkeys(("day", "due", "answer_by"), TODAY),
    **dict.fromkeys(("seen", "position", "of", "meeting", "named", "request", "delivery", "opened", "order",
                     "signatures", "rectification", "supplies"), RECORD),
}  # fmt: skip


def value_of(known: marshmallow.fields.Field) -> Any:
    checks = [*known.validators]
    for check in checks:
        if isinstance(check, validate.OneOf):
            return next(iter(check.choices))
    if isinstance(known, marshmallow.fields.Nested):
        return body_of(known.schema)
    if isinstance(known, marshmallow.fields.List):
        return [value_of(known.inner)]
    if isinstance(known, marshmallow.fields.Boolean):
        return True
    if isinstance(known, marshmallow.fields.Integer):
        return 1
    return TYPED.get(known.name or "", "核对")


@pytest.mark.slow
def test_every_address_that_names_something_is_real(story: Story) -> None:
    """Else the matrix below would hold for addresses of nothing."""
    askers: list[Visitor | Program] = []
    for place, base in ((VILLAGE, 300), (TOWNSHIP, 400), (COUNTY, 500)):
        counter = story.counters[place]
        askers += [counter.sign_in(number, role) for number, role in staff_of(counter, base)]
        askers += [program_at(counter, number, role) for number, role in staff_of(counter, base)]
    owner = story.counters[VILLAGE].visitor()
    assert owner.send("/sign-in", {"staff_no": "0001", "password": PASSWORD}).status_code == 303
    askers += [owner, program_at(story.counters[VILLAGE], "0001", "agent")]
    for rule, method in story.rules(story.counters[COUNTY]):
        path = story.address(rule)
        if method != "GET" or rule.endpoint in NOT_HERE:
            continue
        answers = [
            (asker.get(path.removeprefix(BASE)) if isinstance(asker, Program) else asker.open(path)).status_code
            for asker in askers
            if path.startswith(BASE) == isinstance(asker, Program)
        ]
        assert 200 in answers, (path, answers)


@pytest.mark.slow
def test_no_list_of_another_place_names_any_of_it(story: Story) -> None:
    known = {text for found in story.own.values() for text in found.values() if len(text) >= 12}
    known |= {story.common["case_id"], "张秀兰", "张*"}
    for place in (SECOND_VILLAGE, OTHER_TOWNSHIP):
        counter = story.counters[place]
        for number, role in staff_of(counter, 700):
            visitor = counter.sign_in(number, role)
            for rule in counter.app.url_map.iter_rules():
                if rule.arguments or rule.rule.startswith(BASE) or "GET" not in (rule.methods or ()):
                    continue
                for path, echoed in ((rule.rule, ""), (f"{rule.rule}?view=all&q=张秀兰", "张秀兰")):
                    page = visitor.open(path).text
                    assert not [text for text in known - {echoed} if text in page], (role, path)


def test_what_is_taken_out_of_the_matrix_exists(story: Story) -> None:
    known = {str(rule.endpoint) for rule in story.counters[COUNTY].app.url_map.iter_rules()}
    assert OF_EVERYBODY.keys() | NOT_HERE | FORMS.keys() | BODIES.keys() <= known


@pytest.mark.slow
@pytest.mark.parametrize("place", [SECOND_VILLAGE, OTHER_TOWNSHIP])
def test_staff_of_another_place_get_nothing_and_leave_a_line(story: Story, place: str) -> None:
    counter, clock = story.counters[place], story.network.clock
    policies = declared(counter.app)
    takes = {f"api.{each.name}": each.takes for each in OPERATIONS}
    for number, role in staff_of(counter, 600):
        visitor, program = counter.sign_in(number, role), program_at(counter, number, role)
        tried = set()
        for rule, method in story.rules(counter):
            clock.now_ms += MINUTE_MS  # a line a minute
            path, endpoint = story.address(rule), str(rule.endpoint)
            if path.startswith(BASE):
                schema = takes[endpoint]
                body = {**(body_of(schema()) if schema else {}), **BODIES.get(endpoint, {})}
                answer = (
                    program.get(path.removeprefix(BASE))
                    if method == "GET"
                    else program.post(path.removeprefix(BASE), body)
                )
            else:
                answer = visitor.open(path) if method == "GET" else visitor.send(path, FORMS.get(endpoint, {}))
            lets_in = policies[endpoint].allows(frozenset({role}) | in_for(counter, role))
            wanted = 404 if lets_in or not path.startswith(BASE) else 403
            assert answer.status_code == wanted, (role, method, path, answer.text[:500])
            assert not any(word in answer.text for word in ("张秀兰", "张*", "13800001234")), (role, method, path)
            line = newest(counter)
            known = (number, "object.refuse" if lets_in else "route.refuse", endpoint.removeprefix("api."))
            assert (line.actor, line.action, line.subject) == known, (method, path)
            assert json.loads(line.detail)["path"] == hidden(path)
            tried.add(endpoint)
        assert len(tried) > 90
