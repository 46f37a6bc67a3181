"""T14 at the township and the county: what they write of a case, in reasons and letters, is never taken for a page."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import Hall, open_hall
from tests.browser.test_injected import BARE, PAYLOADS, Trap, body_of, typed
from tests.builders import COUNTY, TOWNSHIP, VILLAGE, delegate_all
from tests.village_node.web.counter import Visitor, everywhere, hidden_of
from tests.village_node.web.errands import PAPERS, done

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]

DAY_MS = 86_400_000
LETTERED = {"to": VILLAGE, "rule": "promised"}


@dataclass
class People:
    """Who writes at each level, and the cases that they write of: one of each for each payload, and one for letters."""

    agent: Visitor
    clerk: Visitor
    officer: Visitor
    supervisor: Visitor
    back: list[str]
    refused: list[str]
    decided: list[str]
    late: str


@pytest.fixture(scope="module")
def hall(chromium: Browser) -> Iterator[Hall]:
    with open_hall(chromium) as opened:
        yield opened


@pytest.fixture(scope="module")
def people(hall: Hall) -> People:
    counters, count = hall.counters, range(len(PAYLOADS))
    agent = counters[VILLAGE].sign_in("0001", "agent")
    clerk = counters[TOWNSHIP].sign_in("0101", "clerk")
    officer = counters[COUNTY].sign_in("1002", "officer", "window")
    delegate_all(hall.network.members[COUNTY], "1002")
    late = agent.file("014", **PAPERS)
    done(agent, late, "docket")
    handed = [agent.file("001", **PAPERS) for _ in (*count, *count)]
    decided = [officer.file("036", **PAPERS) for _ in count]
    for case in handed:
        done(agent, case, "handoff")
    everywhere(hall.network)
    for case in handed:
        done(clerk, case, "accept")
    for case in decided:
        done(officer, case, "docket")
    supervisor = counters[COUNTY].sign_in("1009", "supervisor")
    return People(agent, clerk, officer, supervisor, handed[: len(count)], handed[len(count) :], decided, late)


def acts(people: People, n: int, payload: str, answer_by: str) -> dict[str, tuple[Visitor, str, str, dict[str, str]]]:
    """Each act that is given reasons: who does it, where, to which case, and its form with the payload in it."""
    back, refused, decided = people.back[n], people.refused[n], people.decided[n]
    letter = people.late.replace("/cases/", "/supervision/")
    said = typed(payload, "what:applicant_phone", "reason", "document_no")
    return {
        "return": (people.clerk, back, f"{back}/act/return_for_correction", {**said, "due_days": "5"}),
        "refuse": (people.clerk, refused, f"{refused}/act/refuse", typed(payload, "reasons", "legal_basis")),
        "decide": (
            people.officer, decided, f"{decided}/act/decide",
            {"outcome": "refuse", **typed(payload, "reasons", "conditions")},
        ),
        "letter": (
            people.supervisor, letter, f"{letter}/letter", {**LETTERED, "answer_by": answer_by, "text": payload},
        ),
    }  # fmt: skip


def test_no_reason_and_no_letter_of_the_levels_above_runs_asks_or_becomes_part_of_a_page(
    hall: Hall, people: People
) -> None:
    page = people.supervisor.open(people.late.replace("/cases/", "/supervision/")).text
    (day,) = re.findall(r'name="answer_by" type="date" value="([0-9-]+)"', page)
    told: dict[str, list[str]] = {}
    kept: dict[str, int] = {}
    for n, payload in enumerate(PAYLOADS):
        for name, (who, case, address, fields) in acts(people, n, payload, day).items():
            hidden = hidden_of(who.open(case).text, address)
            answer = who.send(address, {**hidden, **fields})
            assert answer.status_code in (303, 409, 422), (name, payload, answer.status_code)
            kept[name] = kept.get(name, 0) + (answer.status_code == 303)
            told.setdefault(name, []).append(body_of(answer.text))
        hall.network.clock.now_ms += 1000
    assert min(kept.values()) > 40 and len(kept) == 4, kept
    everywhere(hall.network)

    context = hall.browser.new_context()
    bare = Trap(context.new_page(), BARE)
    for name, answers in told.items():
        assert bare.shown("".join(answers)) == [], name
    cases = {"return": people.back, "refuse": people.refused, "decide": people.decided}
    readers = (people.agent, people.clerk, people.officer)
    for name, listed in cases.items():
        for reader in readers if name != "decide" else (people.officer,):
            pages = [body_of(reader.open(case).text) for case in listed]
            assert sum("<script>ran()" in each or "&lt;" in each for each in pages) > 30, "they stand there"
            assert bare.shown("".join(pages)) == [], name
    for reader in (*readers, people.supervisor):
        for path in ("/work?view=all", "/supervision?view=asked", people.late.replace("/cases/", "/supervision/")):
            assert bare.shown(body_of(reader.open(path).text)) == [], path
    context.close()
