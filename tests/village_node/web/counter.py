"""A node's pages for tests: the real app over a real casebook, people signed in, forms sent as a browser does."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sync_protocol.case import numbers
from tests import builders
from tests.builders import Member, Network
from village_node import web
from village_node.accounts import Accounts, Demands, Hasher
from village_node.config import Config
from village_node.courier import Courier
from village_node.store.accounts import AccountRows
from village_node.uplink import Uplink
from village_node.web.filing_steps import COOKIE, WHOLE

PASSWORD = "窑洞门前两棵老槐树开花了"
CARD = "11010519491231002X"
APPLICATION = {
    "applicant_name": "张秀兰",
    "applicant_id_kind": "resident_id",
    "applicant_id_no": CARD,
    "applicant_phone": "13800001234",
    "applicant_address": "驿马镇上关村三组12号",
    "request": "家庭三口人,主要劳动力因病丧失劳动能力,收入低于当地标准。",
    "channel": "counter",
    "m0": "yes",
    "m0_copies": "1",
    "m1": "yes",
    "m1_copies": "2",
    "do": "file",
}

# Why a case goes on though something of it is not on record.
SEEN = "原件已核验"
# What item 022 asks: within the year's repayment, and within principal and interest.
# What items with questions of their own ask, where a test says nothing else.
OWN_ANSWERS = {
    "043": {
        "q_premises": "庆城县北大街1号",
        "q_area": "120",
        "q_trade": "餐馆",
        "q_where": "门头",
        "q_advert_area": "6",
    },
    "034": {"q_purpose": "施工围挡", "q_area": "12", "q_days": "5"},
    "035": {"q_premises": "庆城县北大街1号", "q_where": "门头", "q_advert_area": "6"},
}
HOUSING = {"q_amount": "12000", "q_year_repaid": "12000", "q_withdrawn": "0", "q_repaid": "30000.50"}


def cheap_hasher(member: Member) -> Hasher:
    """Argon2id at its lowest cost, so that a hundred sign-ins take no minute."""
    return Hasher(member.casebook.randomness, memory_kib=64, passes=1, lanes=1)


@dataclass
class Counter:
    """The pages of one node."""

    member: Member
    app: Flask
    accounts: Accounts
    config: Config
    exchanges: list[str] = field(default_factory=list)
    line: Uplink | None = None  # the one to the level above, where a test has a real one

    def exchange(self) -> dict[str, Any]:
        """The level above is asked, and does not answer."""
        self.exchanges.append("now")
        return {"ok": False}

    def begin_exchange(self) -> None:
        """The button: over a real line where there is one."""
        self.exchanges.append("soon")
        if self.line is not None:
            self.line.sync_soon()

    def exchanging(self) -> bool:
        """Whether that is under way."""
        return self.line is not None and bool(self.line.status()["exchanging"])

    def visitor(self) -> "Visitor":
        """A browser without a session."""
        return Visitor(self, self.app.test_client())

    def sign_in(self, staff_no: str, *roles: str, name: str = "王芳") -> "Visitor":
        """Somebody with these roles, signed in with a password of their own."""
        visitor = self.visitor()
        code = self.accounts.create_invitation(staff_no, name, roles)
        typed = {"staff_no": staff_no, "code": code, "password": PASSWORD, "again": PASSWORD}
        answer = visitor.send("/first-sign-in", typed)
        assert answer.status_code == 303, answer.text
        visitor.client.set_cookie(COOKIE, WHOLE)  # the whole form on one page, but for those who look at its steps
        return visitor


@dataclass
class Visitor:
    """One browser at one node."""

    counter: Counter
    client: FlaskClient

    def open(self, path: str, **headers: str) -> TestResponse:
        """GET a page."""
        return self.client.get(path, headers=headers)

    def token(self, path: str = "/query") -> str:
        """The form token that a page carries."""
        return token_of(self.open(path).text)

    def send(self, path: str, values: Mapping[str, Any], **headers: str) -> TestResponse:
        """POST a form with the token of a page just opened, unless the values bring one, and the password where an act
        asks for it once more."""
        values = {"again_password": PASSWORD, **values}
        token = {} if "token" in values else {"token": self.token()}
        return self.client.post(path, data={**values, **token}, headers=headers)

    def take(self, path: str) -> TestResponse:
        """Take a list of people away as a file, with the password."""
        answer = self.send(path, {})
        return self.open(file_of(answer.text)) if answer.status_code == 200 else answer

    def file(self, item_no: str = "001", **changes: Any) -> str:
        """File an application; the path of its case page."""
        answer = self.send(f"/file/{item_no}", {**APPLICATION, **OWN_ANSWERS.get(item_no, {}), **changes})
        assert answer.status_code == 303, problems(answer.text)
        return answer.headers["Location"].removesuffix("/receipt")

    def act(self, case: str, move: str, **values: Any) -> TestResponse:
        """Make a move with the form that the case page shows now; where it asks why something is not on record, the
        answer is that the originals were seen."""
        page = self.open(case).text
        form, why = form_of(page, f"{case}/act/{move}"), {"docket": "note", "decide": "reasons"}.get(move)
        asked = "data-unproven" in form and values.get("outcome") != "refuse"
        seen = {why: SEEN} if why and asked else {}
        return self.send(f"{case}/act/{move}", {**hidden_of(page, f"{case}/act/{move}"), **seen, **values})


def token_of(page: str) -> str:
    """The form token in a page."""
    found = re.search(r'name="token" value="([0-9a-f]{32})"', page)
    assert found, page[:2000]
    return found[1]


def file_of(page: str) -> str:
    """The address of the file that a page has come by itself, after the password."""
    found = re.search(r'http-equiv="refresh" content="0;url=([^"]+)"', page)
    assert found, page[:2000]
    return unescape(found[1])


def form_of(page: str, action: str) -> str:
    """The form that is sent to this address. AssertionError if the page shows none."""
    form = re.search(rf'<form[^>]*action="{re.escape(action)}"[^>]*>(.*?)</form>', page, re.DOTALL)
    assert form, f"no form for {action}"
    return form[1]


def hidden_of(page: str, action: str) -> dict[str, str]:
    """The hidden fields of the form that is sent to this address. AssertionError if the page shows none."""
    found = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form_of(page, action))
    return {name: unescape(value) for name, value in found}


def problems(page: str) -> list[str]:
    """What a page says is wrong."""
    return [
        re.sub(r"<[^>]+>|\s+", " ", each)
        for each in re.findall(r'class="(?:error|box bad)".*?</(?:p|div)>', page, re.DOTALL)
    ]


def check_token_in(address: str) -> str:
    """The check token of a document, from its address: what the code on it holds."""
    incarnation, seq, mark = address.split("/documents/")[1].split("/")[0].split(".")
    code = address.rpartition("/")[2].partition("?")[0]
    return numbers.make_check_token(code, bytes.fromhex(incarnation), int(seq), bytes.fromhex(mark))


def open_counter(
    member: Member, folder: Path, *, more: Callable[[Flask], None] = lambda app: None, **settings: Any
) -> Counter:
    """Hang a node's pages into an app of its own. `more`: what its level adds."""
    config = Config(folder, member.place, member.identity.name, member.identity.level, **settings)
    accounts = Accounts(
        AccountRows(member.store, member.casebook.shutting),
        member.identity.level,
        member.clock,
        member.casebook.randomness,
        cheap_hasher(member),
        signed=member.casebook.signed_audit_head,
        factor_key=lambda _in_use: b"k" * 32,
        demands=Demands(frozenset(config.second_factor), frozenset(config.one_session)),
        webhook_hosts=config.webhook_hosts,
        rows_a_day=config.token_rows_a_day,
    )
    app = Flask(f"node_{member.place}", static_folder=None)
    counter = Counter(member, app, accounts, config)

    def status() -> dict[str, Any]:
        peer = member.casebook.sync_state()
        return {
            "sync": None if member.identity.parent is None else {name: peer[name] for name in peer if name != "peer"},
            "version": "0.1.0",
            "incarnation": member.identity.incarnation.hex(),
            "database": member.store.settings(),
            "disk_free_bytes": 50 << 30,
            "sealing": member.casebook.sealing(),
            **member.casebook.counts(),
        }

    web.register(
        app,
        casebook=member.casebook,
        accounts=accounts,
        config=config,
        clock=member.clock,
        sync_now=counter.exchange,
        sync_soon=counter.begin_exchange,
        exchanging=counter.exchanging,
        node_status=status,
        courier=Courier(member.casebook, member.clock, member.casebook.randomness),
    )
    more(app)
    web.refuse_undeclared_routes(app)
    app.testing = True
    return counter


def exchange(network: Network, *pairs: tuple[str, str]) -> None:
    """Let children and their parents exchange until neither owes the other anything, and note the contact."""
    now = network.clock.now_ms
    for child_place, parent_place in pairs or (
        (builders.VILLAGE, builders.TOWNSHIP),
        (builders.TOWNSHIP, builders.COUNTY),
    ):
        child, parent = network.members[child_place], network.members[parent_place]
        builders.settle(child, parent)
        child.casebook.update_peer(
            parent.identity.incarnation, place=parent_place, direction="up", last_contact_ms=now, failures=0
        )
        parent.casebook.update_peer(
            child.identity.incarnation, place=child_place, direction="down", last_contact_ms=now, failures=0
        )


def everywhere(network: Network) -> None:
    """Exchange up and down until all three levels hold the same."""
    up = ((builders.VILLAGE, builders.TOWNSHIP), (builders.TOWNSHIP, builders.COUNTY))
    exchange(network, *up, *reversed(up))
