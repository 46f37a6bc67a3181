"""Papers over a line that breaks, at the desk and on a telephone: what was sent is not sent again."""

import hashlib
import io
import random
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from PIL import Image
from playwright.sync_api import Browser, FilePayload, Page, expect

from sync_protocol.case.papers import current
from tests.badlink import BadLink, Faults
from tests.browser.conftest import PHONE, Hall, open_hall
from tests.browser.test_phone import opened, well_made
from tests.browser.test_stories import file
from tests.builders import VILLAGE
from village_node.web.site import SITE

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.sockets, pytest.mark.timeout(300)]
SHORT = 200_000  # bytes after which every connection breaks: the whole file passes over none


@pytest.fixture(scope="module")
def hall(chromium: Browser) -> Iterator[Hall]:
    """Three nodes, of which the village's says that it stands on the office's network."""
    with open_hall(chromium) as opened:
        site = opened.counters[VILLAGE].app.extensions[SITE]
        site.config = replace(site.config, host="0.0.0.0", public_url="http://192.168.1.10:8700")
        yield opened


@pytest.fixture
def line(hall: Hall) -> Iterator[BadLink]:
    """A line between browsers and the village's pages."""
    link = BadLink(int(hall.urls[VILLAGE].rpartition(":")[2]))
    yield link
    link.close()


@pytest.fixture(scope="module")
def agent(hall: Hall) -> Page:
    return hall.staff(VILLAGE, "0001", "agent")


def large(seed: int) -> FilePayload:
    """A photo of some MB, in which nothing repeats."""
    drawn = io.BytesIO()
    noise = random.Random(seed).randbytes(1_600 * 1_000 * 3)
    Image.frombytes("RGB", (1_600, 1_000), noise).save(drawn, "JPEG", quality=90)
    return {"name": f"photo-{seed}.jpg", "mimeType": "image/jpeg", "buffer": drawn.getvalue()}


def sent(page: Page) -> float:
    """How many MB of the last file the page says that the node has."""
    said = re.search(r"已传 ([0-9.]+) / ([0-9.]+) MB", page.locator("#sending li").last.inner_text())
    return float(said[1]) if said else 0.0


def wait_for(page: Page, mb: float) -> None:
    """Until the page says that so much is there."""
    expect(page.locator("#sending li").last).to_contain_text(re.compile(r"已传 "), timeout=20_000)
    page.wait_for_function(
        "mb => parseFloat(document.querySelector('#sending li:last-child').innerText.split('已传 ')[1] ?? 0) >= mb",
        arg=mb,
    )


def test_the_counters_form_goes_on_over_a_line_that_never_carries_a_whole_file(
    hall: Hall, agent: Page, line: BadLink
) -> None:
    case, _, _ = file(agent)
    photo = large(1)
    size = len(photo["buffer"])
    assert size > 5 * SHORT
    agent.goto(f"{line.url}{case}/papers")
    agent.get_by_label("是哪一份材料").select_option("身份证")
    line.faults = Faults(bytes_per_s=1_000_000, cut_up_at=SHORT)
    before = line.bytes_up
    agent.locator("#f-files").set_input_files(photo)
    agent.get_by_role("button", name="上传", exact=True).click()
    wait_for(agent, 0.3)
    well_made(f"{case}/papers while a file goes", agent)
    expect(agent.locator("section.paper")).to_have_count(1, timeout=90_000)
    went = line.bytes_up - before
    assert size < went < 1.5 * size, f"{went} bytes for a file of {size}"
    (paper,) = current_papers(hall, case)
    assert paper == hashlib.sha256(photo["buffer"]).digest()
    hall.complaints.clear()


def current_papers(hall: Hall, case: str) -> list[bytes]:
    place, case_id = case.split("/")[2:4]
    found = hall.counters[VILLAGE].member.casebook.case(f"about:{place}", bytes.fromhex(case_id))
    assert found is not None
    return [each.hash for each in current(found)]


def test_a_page_that_was_loaded_anew_goes_on_with_the_same_file(hall: Hall, agent: Page, line: BadLink) -> None:
    case, _, _ = file(agent)
    photo = large(2)
    size = len(photo["buffer"])
    agent.on("dialog", lambda dialog: dialog.accept())  # whoever leaves is asked whether he means it
    agent.goto(f"{line.url}{case}/papers")
    line.faults = Faults(bytes_per_s=600_000)
    before = line.bytes_up
    for mb in (0.6, None):
        agent.get_by_label("是哪一份材料").select_option("身份证")
        agent.locator("#f-files").set_input_files(photo)
        agent.get_by_role("button", name="上传", exact=True).click()
        if mb is not None:
            wait_for(agent, mb)
            agent.reload()
    wait_for(agent, 0.6)
    expect(agent.locator("section.paper")).to_have_count(1, timeout=90_000)
    assert size < line.bytes_up - before < 1.4 * size
    # The same file again: it is there, and no byte of it is sent.
    line.faults = Faults()
    before = line.bytes_up
    agent.get_by_label("是哪一份材料").select_option("身份证")
    agent.locator("#f-files").set_input_files(photo)
    with agent.expect_navigation():
        agent.get_by_role("button", name="上传", exact=True).click()
    assert line.bytes_up - before < 50_000 and len(current_papers(hall, case)) == 1
    hall.complaints.clear()


def test_a_telephone_goes_on_when_the_wireless_network_is_back(hall: Hall, agent: Page, line: BadLink) -> None:
    case, _, _ = file(agent)
    address = opened(hall, agent, case)
    photo = large(3)
    size = len(photo["buffer"])
    telephone = hall.page(viewport=PHONE, has_touch=True, is_mobile=True)
    telephone.goto(f"{line.url}{address}")
    line.faults = Faults(bytes_per_s=600_000)
    before = line.bytes_up
    telephone.get_by_text("身份证", exact=True).click()
    telephone.locator("#album").set_input_files(photo)
    wait_for(telephone, 0.5)
    line.faults = Faults(cut_up_at=0)
    line.hang_up()
    expect(telephone.locator("#sending li")).to_contain_text("网络断了，已传")
    well_made(f"{address} while the line is broken", telephone)
    here = sent(telephone)
    assert 0.5 <= here < size / 1_048_576
    expect(telephone.get_by_role("button", name="重试")).to_be_visible(timeout=60_000)
    assert sent(telephone) == here, "what is said to be there is there"
    line.faults = Faults()
    telephone.get_by_role("button", name="重试").click()
    expect(telephone.locator("#sending .arrived")).to_have_count(1)
    assert size < line.bytes_up - before < 1.4 * size
    agent.get_by_role("link", name="显示新到的").click()
    expect(agent.locator("section.paper")).to_have_count(1)
    hall.complaints.clear()
