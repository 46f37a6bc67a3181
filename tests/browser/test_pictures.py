"""The pictures of the READMEs: drawn by the pages themselves, from one short story, when SANJI_PICTURES says where to.

Without it the story is played all the same, so that a picture can always be drawn again, and nothing is kept.
"""

import io
import os
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, ViewportSize

from tests.browser.conftest import PHONE, Hall
from tests.browser.pictures_shown import LARGEST, PICTURES
from tests.browser.test_side_by_side import upright
from tests.builders import COUNTY, TOWNSHIP, VILLAGE
from tests.village_node.web.counter import CARD, PASSWORD, Visitor
from tests.village_node.web.errands import PAPERS, done
from tests.village_node.web.test_filing import held
from tests.village_node.web.test_papers import upload
from village_node.web.filing_steps import BY_STEPS

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

WALL = ViewportSize(width=1920, height=1080)
SCREEN = ViewportSize(width=1366, height=1210)
LATER_MS = 11 * 86_400_000  # so that something is late by then


class Album:
    """Takes the pictures, and keeps them where it was told to."""

    def __init__(self, folder: str | None) -> None:
        self.folder = Path(folder) if folder else None
        self.taken: list[str] = []

    def take(self, page: Page, name: str) -> None:
        """A picture of a window as it stands, in 256 colours: a page has few, and a README is read over slow lines."""
        drawn = Image.open(io.BytesIO(page.screenshot(animations="disabled")))
        raw = io.BytesIO()
        drawn.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(raw, "PNG", optimize=True)
        assert raw.tell() <= LARGEST, (name, raw.tell())
        self.taken.append(name)
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / f"{name}.png").write_bytes(raw.getvalue())


def at_a_counter(hall: Hall, place: str, staff_no: str) -> Visitor:
    """Somebody who has a window open already, signed in once more to do what no picture is of."""
    visitor = hall.counters[place].visitor()
    assert visitor.send("/sign-in", {"staff_no": staff_no, "password": PASSWORD}).status_code == 303
    return visitor


def a_day(hall: Hall, album: Album) -> None:
    """What the pictures are of: filed at the village, looked through at the township, decided at the county, told."""
    agent = hall.staff(VILLAGE, "0001", "agent", form=BY_STEPS)
    clerk = hall.staff(TOWNSHIP, "0101", "clerk", "reviewer", name="李强")
    officer = hall.staff(COUNTY, "1001", "window", "officer", "head", name="赵敏")
    village, township, county = (
        at_a_counter(hall, place, number) for place, number in ((VILLAGE, "0001"), (TOWNSHIP, "0101"), (COUNTY, "1001"))
    )
    agent.goto("/file/001")
    agent.get_by_label("姓名或单位名称").fill("张秀兰")
    agent.get_by_label("证件号码").fill(CARD)
    album.take(agent, "filing-step")
    walked_in = township.file("001", **PAPERS)
    done(township, walked_in, "docket")
    sheets = [(upright(colour)["buffer"], f"{colour[1:]}.jpg") for colour in ("#d8e4f0", "#e8e0c8")]
    assert upload(township, walked_in, *sheets).status_code == 303
    clerk.goto(walked_in)
    album.take(clerk, "side-by-side")
    case = village.file("001", **PAPERS)
    for item_no in ("016", "007", "012"):
        village.file(item_no)
    done(village, case, "handoff")
    hall.exchange()
    for move in ("accept", "docket"):
        done(township, case, move)
    done(township, case, "review", opinion="agree", text="入户核查属实")
    done(township, case, "handoff")
    hall.exchange()
    done(county, case, "accept")
    officer.goto(case)
    deciding = officer.locator("details.act").filter(has=officer.locator("summary", has_text="作出决定")).first
    deciding.locator("summary").click()
    deciding.get_by_label("准予", exact=True).check()
    album.take(officer, "county-decision")
    done(county, case, "decide", outcome="approve")
    done(county, case, "handoff")
    hall.exchange()
    agent.goto("/work?view=all")
    album.take(agent, "village-work")
    resident = hall.page(viewport=PHONE)
    resident.goto(f"/q/{held(hall.counters[VILLAGE], case).query_code}")
    album.take(resident, "resident-answer")
    wall = hall.page(viewport=WALL)
    wall.goto("/wall")
    album.take(wall, "wall")
    hall.network.clock.now_ms += LATER_MS
    hall.exchange()
    over_all = hall.staff(COUNTY, "1009", "supervisor", name="周明", viewport=SCREEN)
    over_all.goto("/overview")
    album.take(over_all, "overview")


def test_every_picture_of_the_readme_can_be_drawn_again(hall: Hall) -> None:
    album = Album(os.environ.get("SANJI_PICTURES"))
    a_day(hall, album)
    assert sorted(album.taken) == sorted(PICTURES)
    assert hall.complaints == []
