"""What a resident's own pages leave behind: nothing, with scripts or without; a hall's screen forgets the person."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.builders import VILLAGE, Network
from tests.village_node.web.counter import Counter, Visitor, everywhere, hidden_of, open_counter
from tests.village_node.web.errands import done
from tests.village_node.web.test_filing import held
from tests.village_node.web.test_residents import COMPLAIN, SAID, TOMORROW, shown
from tests.village_node.web.test_service_room import ROOM, kept


def stays(page: str) -> tuple[str, str] | None:
    """After how many seconds a page goes away by itself, with scripts and without; None where it stays."""
    away = re.search(r'<body data-leave="/leave" data-leave-s="(\d+)"', page)
    without = re.search(r'<noscript><meta http-equiv="refresh" content="(\d+);url=/leave"></noscript>', page)
    assert bool(away) == bool(without)
    return (away[1], without[1]) if away and without else None


def answer(stranger: Visitor, village: Counter, agent: Visitor) -> str:
    return stranger.send("/query", shown(village, agent.file())[1]).text


def mistyped(stranger: Visitor, village: Counter, agent: Visitor) -> str:
    return stranger.send("/query", {**shown(village, agent.file())[1], "code": "000000"}).text


def unsent(stranger: Visitor, village: Counter, agent: Visitor) -> str:
    case = agent.file("040")
    done(agent, case, "docket")
    known = {"number": held(village, case).case_no, "code": held(village, case).query_code}
    return stranger.send("/query/rating", hidden_of(stranger.send("/query", known).text, "/query/rating")).text


def complaint(stranger: Visitor, village: Counter, agent: Visitor) -> str:
    return stranger.open(COMPLAIN).text


def slip(stranger: Visitor, village: Counter, agent: Visitor) -> str:
    return stranger.send(COMPLAIN, {**shown(village, agent.file())[1], **SAID}).text


def told(stranger: Visitor, village: Counter, agent: Visitor) -> str:
    number, code = re.findall(r'big-number number">([^<]+)<', slip(stranger, village, agent))
    return stranger.send("/complaints/status", {"number": number, "code": code}).text


def sought(stranger: Visitor, village: Counter, agent: Visitor) -> str:
    return stranger.send("/complaints/status", {"number": "621021101201-261121-7K3M-9-L", "code": "0" * 13}).text


def booked(stranger: Visitor, village: Counter, agent: Visitor) -> str:
    kept(village.sign_in("0002", "head"), "/duty/room", **ROOM)
    said = {"day": TOMORROW, "slot": "09:30", "name": "张秀兰", "item_no": "001", "phone_tail": "1234"}
    return stranger.send("/book", said).text


def unbooked(stranger: Visitor, village: Counter, agent: Visitor) -> str:
    kept(village.sign_in("0002", "head"), "/duty/room", **ROOM)
    return stranger.send("/book", {"day": TOMORROW, "slot": "09:30", "name": "张秀兰", "item_no": "001"}).text


def booking(stranger: Visitor, village: Counter, agent: Visitor) -> str:
    number, code = re.findall(r'<strong class="number">([^<]+)</strong>', booked(stranger, village, agent))
    return stranger.send("/book/change", {"number": number, "code": code, "do": "look"}).text


def unfound(stranger: Visitor, village: Counter, agent: Visitor) -> str:
    return stranger.send("/book/change", {"number": "0934-1234", "code": "123456"}).text


SHOWN, TYPED, COPIED = ("120", "120"), ("120", "600"), ("600", "600")
HALL = ("120", "120")  # nobody's screen: without scripts two minutes from what was asked for last, whoever types


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (answer, SHOWN),
        (mistyped, TYPED),
        (unsent, TYPED),
        (complaint, TYPED),
        (slip, COPIED),
        (told, SHOWN),
        (sought, TYPED),
        (booked, COPIED),
        (unbooked, TYPED),
        (booking, SHOWN),
        (unfound, TYPED),
    ],
)
def test_every_page_of_somebodys_own_goes_away_by_itself(
    network: Network,
    village: Counter,
    township: Counter,
    agent: Visitor,
    page: Callable[[Visitor, Counter, Visitor], str],
    expected: tuple[str, str],
) -> None:
    township.sign_in("0103", "head").send("/complaints/open", {})
    everywhere(network)
    found = page(village.visitor(), village, agent)
    assert stays(found) == expected
    assert 'href="/leave"' in found or (expected == TYPED and "<form" in found), "who has printed it has a way out"


def test_what_is_nobodys_own_stays_but_for_a_screen_in_a_hall(village: Counter) -> None:
    hall, phone = village.visitor(), village.visitor()
    assert hall.open("/kiosk").headers["Location"] == "/query"
    for path in ("/", "/query", "/items", "/book", "/complaints/status"):
        assert stays(phone.open(path).text) is None, path
        assert stays(hall.open(path).text) == HALL, path
        assert "data-leave-printed" in hall.open(path).text and "data-leave-printed" not in phone.open(path).text
        assert 'href="/sign-in"' in phone.open(path).text and "/sign-in" not in hall.open(path).text


def test_leaving_clears_the_browser_and_makes_the_forms_of_before_worthless(village: Counter, agent: Visitor) -> None:
    stranger, known = shown(village, agent.file())
    before = stranger.token()
    stranger.send("/display", {"lang": "en", "big": "big"})
    left = stranger.open("/leave")
    assert left.status_code == 303 and left.headers["Location"] == "/query"
    assert left.headers["Clear-Site-Data"] == '"cache"'
    assert stranger.send("/query", {**known, "token": before}).status_code == 403, "the back button sends nothing again"
    page = stranger.open("/query").text
    assert 'lang="en"' in page and " big" in page, "whose own telephone it is chooses once"
    assert agent.open("/leave").status_code == 303
    assert agent.open("/work").status_code == 200, "whoever is signed in stays so"


def test_a_screen_in_a_hall_is_as_new_for_the_next_person(village: Counter, agent: Visitor) -> None:
    hall = village.visitor()
    hall.open("/kiosk")
    hall.send("/display", {"lang": "en", "big": "big"})
    assert 'lang="en"' in hall.open("/query").text
    assert hall.open("/leave").headers["Clear-Site-Data"] == '"cache", "storage"'
    page = hall.open("/query").text
    assert 'lang="zh-CN" class="face-resident"' in page
    assert stays(page) == HALL, "and stays a screen in a hall"


@pytest.mark.parametrize(
    ("halls", "screen", "channel"),
    [
        (("10.0.0.7",), True, "screen"),
        (("10.0.1.0/24", "10.0.0.0/29"), True, "screen"),
        (("10.0.1.0/24",), True, "online"),
        ((), True, "online"),
        (("10.0.0.7",), False, "online"),
    ],
)
def test_what_is_rated_on_a_screen_in_a_hall_says_so_and_a_telephone_is_none(
    network: Network,
    village: Counter,
    agent: Visitor,
    tmp_path: Path,
    halls: tuple[str, ...],
    screen: bool,
    channel: str,
) -> None:
    case = agent.file("040")
    done(agent, case, "docket")
    known = {"number": held(village, case).case_no, "code": held(village, case).query_code}
    hall = open_counter(network.members[VILLAGE], tmp_path, kiosk_addresses=halls).visitor()
    hall.client.environ_base["REMOTE_ADDR"] = "10.0.0.7"
    if screen:
        hall.open("/kiosk")
    form = hidden_of(hall.send("/query", known).text, "/query/rating")
    assert hall.send("/query/rating", {**form, "grade": "good"}).status_code == 200
    assert held(village, case).ratings[1].body["channel"] == channel
