"""Nodes with pages and doors whose residents' questions go upward: over the made-up wire, or over lines of loopback."""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from sync_protocol.case import Case
from sync_protocol.exchange import (
    INQUIRIES,
    Finding,
    Inquiry,
    Parties,
    begin,
    inquiry_bytes,
    open_finding,
    open_reply_to,
    read_refusal,
    seal_request,
)
from sync_protocol.suites import SigningKey, sha256
from tests import builders
from tests.badlink import BadLink
from tests.builders import Member
from tests.network import Live, Network, network
from tests.served import Server, call
from tests.village_node.web.counter import Counter, Visitor, open_counter
from township_node import web as township_pages
from township_node.downlink import Downlink
from village_node.uplink import Ancestor, Uplink
from village_node.web import SITE, Above, answer_below

HERE = "127.0.0.1"
WRONG = "0" * 13
COUNTYS_OWN = "016"  # an item that is applied for there


def counter_of(
    member: Member, folder: Path, chance: Callable[[int], bytes], steady: Callable[[], float]
) -> tuple[Counter, Downlink]:
    """The pages of a node, and behind the same address the door for those below, which tells what the pages tell."""
    doors = []

    def door(app: Flask) -> None:
        answers = partial(answer_below, app.extensions[SITE])
        downlink = Downlink(
            member.casebook, member.identity, member.clock, chance, wait_s=0.0, steady=steady, answers=answers
        )
        if member.identity.level != "village":
            township_pages.register(app)
        app.register_blueprint(downlink.blueprint())
        doors.append(downlink)

    return open_counter(member, folder, more=door), doors[0]


def asks(counter: Counter, ask: Callable[[Inquiry], Finding], steady: Callable[[], float]) -> None:
    """Have a node's look-ups go on to whoever this asks."""
    counter.app.extensions[SITE].above = Above(ask, steady)


def on_the_wire(net: Network, folder: Path, *codes: str) -> tuple[dict[str, Counter], dict[str, Downlink]]:
    """The pages of these nodes of a network, and doors that answer questions, on its wire."""
    counters, doors = {}, {}
    for code in codes:
        live = net[code]
        counter, doors[code] = counter_of(live.member, folder, net.built.chance.randbytes, net.monotonic)
        counters[code], net.wire.apps[code] = counter, counter.app
        if live.uplink is not None:
            asks(counter, live.up.ask, net.monotonic)
    return counters, doors


@dataclass
class Lines:
    """Nodes that are served over loopback, and the line of each to the one above."""

    built: builders.Network
    counters: Mapping[str, Counter]
    uplinks: Mapping[str, Uplink]
    links: Mapping[str, BadLink]
    urls: Mapping[str, str]

    def settle(self) -> None:
        """Each exchanges with the one above it, from below and back."""
        deepest_first = sorted(self.uplinks, key=lambda code: -self.built.roster.places.rank(code))
        for code in (*deepest_first, *reversed(deepest_first)):
            told = self.uplinks[code].sync_now()
            assert told["ok"], told


@contextmanager
def over_lines(folder: Path, *codes: str, **changes: Any) -> Iterator[Lines]:
    """Serve these places, each calling the one above over a line that may be made a bad one; ended at the end.
    ``changes``: of the settings of those calls."""
    built = builders.network(folder, *codes)
    chance = built.chance.randbytes
    counters = {code: counter_of(member, folder, chance, time.monotonic)[0] for code, member in built.members.items()}
    servers = {code: Server(counter.app, 6) for code, counter in counters.items()}
    links, uplinks = {}, {}
    for code, member in built.members.items():
        above = built.roster.places.parent(code)
        if above is not None:
            links[code] = BadLink(servers[above].port)
            uplinks[code] = call(member, chance, Ancestor(links[code].url), **changes)
            asks(counters[code], uplinks[code].ask, time.monotonic)
    try:
        yield Lines(built, counters, uplinks, links, {code: server.url for code, server in servers.items()})
    finally:
        for uplink in uplinks.values():
            uplink.stop()
        for line in links.values():
            line.close()
        for server in servers.values():
            server.close()
        built.close()


def filed_at(member: Member, **changes: str) -> Case:
    """A case that a resident has the receipt of."""
    ref = member.file(**changes)
    case = member.casebook.case(ref.scope, ref.case_id)
    assert case is not None and case.case_no and case.query_code
    return case


def look_up(visitor: Visitor, number: str, code: str, source: str = HERE) -> TestResponse:
    """Type number and code into the query page."""
    typed = {"number": number, "code": code, "token": visitor.token()}
    return visitor.client.post("/query", data=typed, environ_overrides={"REMOTE_ADDR": source})


def facts(page: str) -> list[str]:
    """What an answer says of the case, line by line: without what this node says of itself, and what is done where."""
    card = page.partition('<div class="card-page answer"')[2].partition('<div class="button-row no-print">')[0]
    card = re.sub(
        r"<div><dt>问事、交材料</dt>.*?</div>|<li>(?:评价：|撤回：作出决定前).*?</li>", "", card, flags=re.DOTALL
    )
    card += page.partition('<p class="soft">')[2].partition("</p>")[0].partition("（")[0]
    card = re.sub(
        r'<div class="box plain">(?:(?!</div>).)*?没有保存在本机(?:(?!</div>).)*</div>', "", card, flags=re.DOTALL
    )
    card = re.sub(r"<svg.*?</svg>", "", card, flags=re.DOTALL)
    said = [line.strip() for line in re.sub(r"<[^>]+>", "\n", card.partition(">")[2]).splitlines()]
    return [line for line in said if line]


@dataclass
class Asked:
    """A network with pages and doors that answer, and a case filed elsewhere in the county."""

    net: Network
    counters: dict[str, Counter]
    doors: dict[str, Downlink]
    case: Case

    def look_up(self, place: str, number: str, code: str, source: str = HERE) -> TestResponse:
        """A resident's look-up at the page of a place."""
        return look_up(self.counters[place].visitor(), number, code, source)

    def questions(self) -> list[str]:
        """Which places were asked since the wire was last looked at."""
        found = [one.url.split("/")[2] for one in self.net.wire.passed if one.url.endswith("/ask")]
        self.net.wire.passed.clear()
        return found

    def deliver(self, place: str, raw: bytes, **headers: str) -> TestResponse:
        """Bytes at the door for questions."""
        return self.counters[place].app.test_client().post("/sync/v1/ask", data=raw, **headers)

    def asks(self, sender: str, place: str, code: str = WRONG, **changes: Any) -> "ByHand":
        """A question that a test makes in a node's place."""
        live, above = self.net[sender], self.net[place]
        who = Parties(self.net.built.roster.network_id, live.incarnation, above.incarnation, None)
        values = {"key": live.member.identity.key, "who": who, "public": above.member.casebook.road_key(), **changes}
        return ByHand(place=place, inquiry=Inquiry(None, code, "zh", 5_000), **values)


class ByHand:
    """A question in the form that it travels in, and its answer opened."""

    def __init__(
        self, place: str, inquiry: Inquiry, key: SigningKey, who: Parties, public: bytes, use: str = INQUIRIES,
        inside: bytes = b"",
    ) -> None:  # fmt: skip
        self.who, self.inside = who, inside or inquiry_bytes(key, who, inquiry)
        self._context = begin(public, who.network_id, place, use)
        self.raw = seal_request(self._context, self.inside, begins=public)

    def heard(self, answer: TestResponse, above: Live) -> Finding:
        """What the answer says."""
        identity = above.member.identity
        opened = open_reply_to(self._context, self.raw, answer.data)
        return open_finding(opened, identity.key.suite, identity.key.public, self.who, sha256(self.inside))


def code_of(answer: TestResponse) -> tuple[int, int | None]:
    """Status and code of a refusal."""
    refusal = read_refusal(answer.data)
    return answer.status_code, refusal[0] if refusal else None


def met(folder: Path) -> Asked:
    """Four places that have met, and a case that the county took in, which nobody below it holds."""
    codes = (builders.COUNTY, builders.TOWNSHIP, builders.VILLAGE, builders.SECOND_VILLAGE)
    net = network(folder, *codes)
    counters, doors = on_the_wire(net, folder, *codes)
    net.settle()
    case = filed_at(net[builders.COUNTY].member, item_no=COUNTYS_OWN)
    net.wire.passed.clear()
    return Asked(net, counters, doors, case)
