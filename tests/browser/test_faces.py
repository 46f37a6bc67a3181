"""How pages look and feel, measured: letters, targets, contrast, width, structure."""

import re
from collections.abc import Iterator
from itertools import chain

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser import county_books, watched_books
from tests.browser.conftest import DESK, PHONE, Hall, open_hall, press, vouched
from tests.browser.filled_books import fill_books
from tests.browser.forked_books import forked
from tests.browser.measures import CONTRASTS, OFFICES, TEXTS, VILLAGERS, Measured, measure
from tests.browser.test_stories import act, file
from tests.builders import COUNTY, TOWNSHIP, VILLAGE, delegate
from tests.sync_protocol.case.year_2026 import CALENDAR
from tests.village_node.web.counter import CARD, PASSWORD, Counter, check_token_in
from tests.village_node.web.errands import delivered_at_once, done
from tests.village_node.web.test_registers import SEAL, entered
from tests.village_node.web.test_working_calendar import form
from village_node.accounts.exports import Wanted
from village_node.web import filing_steps
from village_node.web.times import HOUR_MS
from village_node.web.webhooks import USUAL

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(400)]

# Pages of a village's service room that show what is in its books.
BOOKS = (
    "/courier", "/orders", "/calls", "/batches", "/batches/file/001", "/slips", "/slips/new", "/consultations",
    "/complaints", "/complaints/new", "/actions", "/fees", "/timeliness", "/document-numbers", "/board",
    "/design", "/figures", "/bulletins", "/score-rules", "/rates",
)  # fmt: skip


WINDOWS = (
    "/windows/register",
    f"/windows/register/{VILLAGE}/1号",
    f"/windows/register/{VILLAGE}/流动车",
    "/turns/passes",
)
BULLETIN = "2026-10"  # a month that is over


def registers_filled(hall: Hall) -> tuple[Page, str]:
    """A county whose registers are filled, a change of its calendar and a special procedure that wait for its head; the
    window of that head, and the case that waits."""
    county = hall.counters[COUNTY]
    hall.network.members[COUNTY].casebook.own_calendar = CALENDAR
    hall.network.members[COUNTY].casebook.publish_known_years()
    other = county.sign_in("0206", "head", name="钱局长")
    other.send("/calendar/publish", form(off=form()["off"] + "\n11-17 防汛停工 31号"))
    for staff_no, name in (("0202", "楚科长"), ("0203", "陈副局长")):
        county.sign_in(staff_no, "officer", "window", name=name)
    head = hall.staff(COUNTY, "0201", "head", "admin", name="冯局长")
    hall.network.members[COUNTY].casebook.publish_bulletin("0201", {"supervisor"}, "month", BULLETIN)
    delegate(hall.network.members[COUNTY], "文旅", "036", head="0201", a="0203", b="0202", last="2026-12-01")
    principal = county.visitor()
    principal.send("/sign-in", {"staff_no": "0201", "password": PASSWORD})
    entered(principal, "/seals", **SEAL)
    entered(principal, "/kin", staff_no="0203", kin_name="张秀兰", kin_id_no=CARD, relation="母亲")
    entered(principal, "/authority/absent", person="0202", first="2026-11-18")
    told(county)
    said = {
        "question": "低保怎么申请",
        "outcome": "answered",
        "told": "带户口簿",
        "by": "张秀兰",
        "contact": "13800001234",
    }
    hall.network.members[COUNTY].casebook.consult("0205", {"window"}, said)
    case = county.sign_in("0205", "window", "officer", name="周敏").file("036")
    examiner = county.visitor()
    examiner.send("/sign-in", {"staff_no": "0202", "password": PASSWORD})
    done(examiner, case, "docket")
    done(examiner, case, "suspend", what="site_survey", basis="行政许可法第三十四条", planned_days="3")
    return head, case


def told(county: Counter) -> None:
    """Two systems that hear of cases at this county, of which one hears nothing any more, and one that has ended."""
    hooks, now = county.accounts.webhooks, county.member.clock()
    hooks.hosts = ("oa.example.gov.cn", "http://10.20.1.8:8080")
    for name, place in (("县一体化平台", ""), ("乡镇大厅屏", TOWNSHIP), ("旧平台", "")):
        hooks.register(name, "https://oa.example.gov.cn/sanji/receive", USUAL, "036" if place else "", place, by="0201")
    hooks.rows.failed(
        2, "等待对方答复超时 / the receiver did not answer in time", now - HOUR_MS, now + 60_000, gone=False
    )
    hooks.end(3, by="0201")


def desks_filled(hall: Hall) -> tuple[Page, str]:
    """Somebody at the village who takes fees and files volumes, and the case that waits to be filed; and a list that
    somebody wants to take away."""
    village = hall.counters[VILLAGE]
    case = delivered_at_once(village.sign_in("0022", "agent", "head", name="周书记"))
    village.accounts.exports.ask("0022", Wanted("work", "csv", "view=all", "view=all", 201, {}), "年度核对")
    page = hall.staff(VILLAGE, "0023", "cashier", "archivist", name="钱会计")
    return page, case.replace("/cases/", "/desk/")


class Rooms:
    """Every kind of page, ready to be looked at."""

    def __init__(self, hall: Hall) -> None:
        self.hall = hall
        watched_books.file_long_ago(hall)
        self.agent = hall.staff(VILLAGE, "0001", "agent", "admin")
        self.case, _, self.code = file(self.agent)
        act(self.agent, self.case, "转送受理")
        hall.exchange()
        self.clerk = hall.staff(TOWNSHIP, "0101", "clerk", "reviewer", name="李强")
        act(self.clerk, self.case, "接收")
        act(self.clerk, self.case, "受理")
        self.agent.goto("/file/016")
        self.agent.get_by_role("button", name="保存草稿").click()
        self.resident = hall.page()
        self.head, self.special = registers_filled(hall)
        self.books = fill_books(hall, self.case)
        self.sample = county_books.fill_county(hall, *county_books.people(hall))
        hall.network.members[TOWNSHIP].casebook.order_account("0111", VILLAGE, "0077", "disable", "已调离")
        hall.exchange()
        self.room_head = hall.staff(VILLAGE, "0003", "agent", "head", name="马得福", form=filing_steps.BY_STEPS)
        self.desk, self.to_file = desks_filled(hall)
        watched_books.watch(hall)
        self.township_head = hall.staff(TOWNSHIP, "0111", "head", "clerk", name="高峰")

    @property
    def paper(self) -> str:
        """The address of a document of the village."""
        self.agent.goto(self.case)
        return self.agent.locator('a[href*="/documents/"]').first.get_attribute("href") or ""

    def staff_pages(self) -> Iterator[tuple[str, Page]]:
        """Pages for staff, one after the other; every move unfolded."""
        paths = ["/work?view=all", "/work?view=drafts", "/items", "/items/001", "/file/001", self.case]
        paths += [f"{self.case}/receipt", f"{self.case}/oddities", "/oddities?view=all"]
        paths += ["/turns", "/turns?day=2026-11-19", "/duty", "/services", "/supervision"]
        paths += [self.case.replace("/cases/", "/supervision/"), "/health", "/health/left", "/staff", "/staff/0003"]
        paths += ["/tokens", "/webhooks", "/audit", "/account", "/second-factor", "/no/such/page"]
        for path in paths:
            self.agent.goto(path)
            yield path, self.agent
        self.agent.goto("/file/001")
        self.agent.get_by_role("button", name="提交并打印回执").click()
        yield "/file/001 with errors", self.agent
        for path in (self.case, "/children", "/work?view=mine", "/health"):
            self.clerk.goto(path)
            self.clerk.evaluate("() => document.querySelectorAll('details').forEach(each => { each.open = true })")
            yield f"township {path}", self.clerk
        supervised = self.special.replace("/cases/", "/supervision/")
        paths = [
            "/authority?department=文旅",
            "/seals",
            "/kin",
            "/tokens",
            "/webhooks",
            "/health",
            "/calendar",
            "/work",
        ]
        paths += [self.special]
        for path in (*paths, supervised, "/supervision", "/supervision?view=asked", "/duty"):
            self.head.goto(path)
            self.head.evaluate("() => document.querySelectorAll('details').forEach(each => { each.open = true })")
            yield f"county {path}", self.head
        for path, button in (("/authority?department=文旅", "登记委托书"), ("/seals", "登记"), ("/kin", "登记")):
            self.head.goto(path)
            self.head.get_by_role("button", name=button, exact=True).last.click()
            if path != "/kin":
                vouched(self.head)
            yield f"county {path} with errors", self.head
        self.head.goto("/erasures")
        self.head.get_by_label("姓名、电话").fill("张秀兰")
        self.head.get_by_role("button", name="查找").click()
        yield "county /erasures, found", self.head
        self.head.get_by_role("button", name="下达删除令").click()
        yield "county /erasures with errors", self.head
        for path in ("/work", "/work?view=to_file", "/fees", self.to_file):
            self.desk.goto(path)
            self.desk.evaluate("() => document.querySelectorAll('details').forEach(each => { each.open = true })")
            yield f"desk {path}", self.desk
        self.room_head.goto("/exports")
        yield "village /exports", self.room_head
        self.clerk.goto(self.paper)
        yield "township, a document of the village", self.clerk

    def book_pages(self) -> Iterator[tuple[str, Page]]:
        """Books of a service room and registers of three levels, with something in them, every part unfolded."""
        village = [*BOOKS, self.books.batch, self.books.slip, self.books.consultation]
        village += [f"{self.books.case_with_paper}/papers", f"{self.case}/clock", "/day-end", *WINDOWS]
        township = ["/newcomers", "/countersigning", "/revocations", "/actions", f"{self.case}/meetings", "/complaints"]
        township += [self.books.complaint_heard, f"/children/{VILLAGE}/accounts", "/overview", "/late-acts"]
        county = [
            "/document-numbers",
            "/catalogue",
            "/catalogue/022",
            "/catalogue/import",
            "/orders",
            "/calls",
            "/fees",
            "/timeliness",
        ]
        county += ["/overview", "/board", "/oddities?view=all", "/assignments", "/samples", self.sample]
        county += ["/day-end", "/day-ends", f"/day-ends/of/{VILLAGE}", "/deciders"]
        county += [f"/idle?view={view}" for view in ("places", "departments", "items", "twice")]
        county += [f"/figures?period={BULLETIN}", "/bulletins", f"/bulletins/{COUNTY}/{BULLETIN}"]
        county += ["/score-rules", f"/figures/{VILLAGE}", f"/rates?period={BULLETIN}&rate=near"]
        for page, paths in ((self.room_head, village), (self.township_head, township), (self.head, county)):
            for path in paths:
                page.goto(path)
                page.evaluate("() => document.querySelectorAll('details').forEach(each => { each.open = true })")
                yield f"books {path}", page
        yield from self.steps_of_filing()

    def steps_of_filing(self) -> Iterator[tuple[str, Page]]:
        """Each step of an application, as it is filled in."""
        page = self.room_head
        page.goto("/file/001")
        for step in filing_steps.ORDER:
            yield f"/file/001 {step}", page
            if step == "applicant":
                page.get_by_label("姓名或单位名称").fill("张秀兰")
                page.get_by_label("证件号码").fill(CARD)
            if step == "content":
                page.get_by_label("申请事由").fill("收入低于当地标准。")
            if step != filing_steps.LAST:
                page.get_by_role("button", name="下一步").click()

    def answers_to_residents(self) -> Iterator[tuple[str, Page]]:
        """What a form of a resident answers with: a booking made and looked up, a complaint told."""
        page = self.resident
        page.goto("/book?day=2026-11-20")
        page.get_by_label("姓名").fill("李梅")
        page.get_by_label("电话后四位").fill("4321")
        page.get_by_role("button", name="预约", exact=True).click()
        yield "/book, booked", page
        looked_up = {
            "/book/change": ("查我的预约", self.books.booking),
            "/complaints/status": ("查询", self.books.complaint),
        }
        for path, (button, known) in looked_up.items():
            page.goto(path)
            for name, value in known.items():
                page.locator(f"main [name={name}]").fill(value)
            page.locator("main").get_by_role("button", name=button).click()
            yield f"{path}, told", page

    def resident_pages(self) -> Iterator[tuple[str, Page]]:
        """Pages for residents, one after the other."""
        for path in (
            "/",
            "/query",
            "/query/card",
            f"/q/{self.code.replace('-', '')}",
            "/q/0000000000000",
            "/items?q=zdsh",
            "/items/001",
            "/items/001/1/flow",
            "/items/register",
            "/hours",
            "/windows",
            f"/check/{check_token_in(self.paper)}",
            "/check/none",
            "/query/complaint",
            "/query/withdrawal",
            "/query/proxy",
            "/complaints/status",
            "/book",
            "/book/change",
            "/board",
            "/catalogue",
            "/items/list",
        ):
            self.resident.goto(path)
            yield path, self.resident

    def all_pages(self) -> Iterator[tuple[str, Page]]:
        """Every page: its path, and the window it is in."""
        yield from self.resident_pages()
        yield from self.answers_to_residents()
        for path in ("/sign-in", "/first-sign-in"):
            self.resident.goto(path)
            yield path, self.resident
        # One after the other: a window shows one page at a time, and that is the one which is measured.
        yield from chain(self.staff_pages(), self.book_pages())


def least_at(hall: Hall, page: Page) -> tuple[float, float, float]:
    """The sizes that a page must have at the place whose node shows it."""
    return VILLAGERS if page.url.startswith(hall.urls[VILLAGE]) else OFFICES


@pytest.fixture(scope="module")
def rooms(chromium: Browser) -> Iterator[Rooms]:
    with open_hall(chromium) as hall:
        yield Rooms(hall)


@pytest.fixture(scope="module")
def measured(rooms: Rooms, chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> list[Measured]:
    """Every page, measured at one visit in both languages."""
    asked = rooms.hall.asked
    found = [measure(path, page, least_at(rooms.hall, page), asked[page]) for path, page in rooms.all_pages()]
    with open_hall(chromium) as hall, forked(hall, tmp_path_factory.mktemp("forked")) as pages:
        found += [measure(path, page, least_at(hall, page), hall.asked[page]) for path, page in pages]
        assert hall.complaints == []
    assert len(found) > 100
    assert len({page.address for page in found}) > 90, "a window showed each page while that was measured"
    assert all(page.texts and page.targets for page in found), "the measures see something"
    return found


# Pages whose list is measured empty, since this is how they are: a village hears no complaints.
EMPTY = {"books /complaints"}


def test_every_list_is_measured_with_rows_in_it(measured: list[Measured]) -> None:
    assert {page.path for page in measured if page.empty} == EMPTY


def test_axe_finds_nothing_on_any_page(measured: list[Measured]) -> None:
    assert [(page.path, *each) for page in measured for each in page.violations] == []


def test_letters_have_18_points_at_a_village_and_18_pixels_above_it(measured: list[Measured]) -> None:
    assert {page.least for page in measured} == {VILLAGERS, OFFICES}
    assert [(page.path, *text) for page in measured for text in page.texts if text[0] < page.least[0]] == []


def test_targets_have_60_pixels_both_ways_at_a_village_and_44_above_it(measured: list[Measured]) -> None:
    small = [
        (page.path, drawn.where, *each)
        for page in measured
        for drawn in page.drawn
        for each in drawn.targets
        if each[0] < page.least[1]
    ]
    assert small == []
    assert [(page.path, *each) for page in measured for each in page.targets if each[0] < page.least[1]] == []


def test_large_print_has_30_points_at_a_village_and_24_pixels_above_it(measured: list[Measured]) -> None:
    small = [
        (page.path, drawn.where, *text)
        for page in measured
        for drawn in page.drawn
        for text in drawn.texts
        if drawn.large and text[0] < page.least[2]
    ]
    assert small == []


def test_every_page_is_measured_in_both_languages(measured: list[Measured]) -> None:
    both = {"zh-CN", "en"}
    assert [page.path for page in measured if {each.language for each in page.drawn} != both] == []


def test_english_words_are_whole_and_stand_out(measured: list[Measured]) -> None:
    assert [(page.path, each.where, *each.cut) for page in measured for each in page.drawn if each.cut] == []
    assert [(page.path, *each) for page in measured for each in page.contrasts if each[0] < 4.5] == []


def test_every_page_has_one_heading_a_title_and_labelled_fields(measured: list[Measured]) -> None:
    for page in measured:
        assert (page.headings, page.unnamed) == (1, []), page.path
        assert page.title, page.path


def test_lines_stand_well_apart(measured: list[Measured]) -> None:
    assert all(page.line_height >= 1.3 for page in measured)


def test_no_page_is_wider_than_its_window_at_the_desk_or_on_a_phone_nor_in_large_print(
    measured: list[Measured],
) -> None:
    wide = [
        (page.path, each.where, each.content)
        for page in measured
        for each in page.drawn
        if each.content > each.window[0]
    ]
    assert wide == []


# Pages of residents that tell something, or ask for a choice by links, before the first field: an answer, what was not
# found and why, whom nobody hears a complaint about, the day of a booking, a list.
TELL_FIRST = {"/q/", "/query/complaint", "/book", "/items/register", "/catalogue"}


def test_a_resident_types_without_scrolling(measured: list[Measured]) -> None:
    forms = [
        (page.path, drawn)
        for page in measured
        for drawn in page.drawn
        if page.face == "face-resident"
        and drawn.field is not None
        and re.sub("/q/.*", "/q/", page.path) not in TELL_FIRST
    ]
    assert len({path for path, _ in forms}) > 6
    assert [(path, each.where, each.field) for path, each in forms if (each.field or 0) > each.window[1]] == []


def test_a_resident_looks_up_a_case_without_scrolling_at_the_desk(measured: list[Measured]) -> None:
    at_desk = [each for page in measured if page.path == "/query" for each in page.drawn if each.window[0] > 1000]
    assert len(at_desk) == 4
    assert [(each.where, each.sends) for each in at_desk if (each.sends or 9999) > each.window[1]] == []


# How far down a page its heading may begin, as a share of the first screen; on a phone staff have many doors.
AT_DESK, ON_PHONE = 0.42, 0.55


def test_the_head_leaves_the_first_screen_to_the_matter(measured: list[Measured]) -> None:
    late = [
        (page.path, each.where, each.begins)
        for page in measured
        for each in page.drawn
        if page.face == "face-resident" or each.window[0] > 1000
        if each.begins > each.window[1] * (AT_DESK if each.window[0] > 1000 else ON_PHONE)
    ]
    assert late == []


def test_the_bar_at_the_top_is_one_row_at_the_desk_in_both_languages(rooms: Rooms) -> None:
    for language in ("English", "中文"):
        rooms.head.goto("/account")
        press(rooms.head, language)
        box = rooms.head.locator(".top").bounding_box()
        assert box is not None and box["height"] < 70, language
    rooms.agent.goto("/account")
    box = rooms.agent.locator(".top").bounding_box()
    assert box is not None and box["height"] < 90, "in the large letters of a village"


def test_the_newest_days_of_a_chart_are_in_sight_on_a_phone(rooms: Rooms) -> None:
    head = rooms.township_head
    head.set_viewport_size(PHONE)
    head.goto("/overview")
    box, drawn = head.locator(".chart").bounding_box(), head.locator(".flow-chart").bounding_box()
    head.set_viewport_size(DESK)
    assert box is not None and drawn is not None
    assert drawn["width"] > box["width"], "it is wider than the phone"
    assert abs(drawn["x"] + drawn["width"] - box["x"] - box["width"]) < 2, "its end stands at the right"


def test_a_label_leads_into_its_own_form(rooms: Rooms) -> None:
    for path in ("/authority?department=文旅", "/seals", "/calendar"):
        rooms.head.goto(path)
        ids = rooms.head.locator("[id]").evaluate_all("all => all.map(each => each.id)")
        assert len(ids) == len(set(ids)), path


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_the_switch_makes_letters_large_and_small_again(rooms: Rooms, viewport: ViewportSize) -> None:
    for page, (usual, _, large) in ((rooms.resident, VILLAGERS), (rooms.agent, VILLAGERS), (rooms.clerk, OFFICES)):
        page.set_viewport_size(viewport)
        page.goto("/items/001")
        page.get_by_role("button", name="大字版").click()
        expect(page.get_by_role("button", name="标准字")).to_be_visible()
        assert min(text[0] for text in page.evaluate(TEXTS)) == large
        page.get_by_role("button", name="标准字").click()
        expect(page.get_by_role("button", name="大字版")).to_be_visible()
        assert min(text[0] for text in page.evaluate(TEXTS)) == usual
        page.set_viewport_size(DESK)


def test_nothing_comes_from_outside_and_the_content_policy_is_never_broken(
    rooms: Rooms, measured: list[Measured]
) -> None:
    assert rooms.hall.complaints == []
    own = tuple(rooms.hall.urls.values())
    assert rooms.hall.requests
    assert [url for url in rooms.hall.requests if not url.startswith(own)] == []


def test_the_measures_notice_what_is_wrong(rooms: Rooms) -> None:
    page = rooms.resident
    page.goto("/query")
    page.evaluate(
        """() => {
          document.querySelector('main').insertAdjacentHTML('beforeend',
            '<p id="x">small print</p><button id="y">go</button><input id="z" name="z">' +
            '<div id="w">wide</div><p id="v">torn</p>');
          const set = (id, values) => Object.assign(document.getElementById(id).style, values);
          set('x', {fontSize: '12px', color: '#bbb'});
          set('y', {width: '20px', padding: 0});
          set('w', {width: '5000px'});
          set('v', {width: '2ch', overflowWrap: 'anywhere'});
        }"""
    )
    seen = measure("/query", page, asked=rooms.hall.asked[page])
    assert "color-contrast" in [each[0] for each in seen.violations]
    assert min(text[0] for text in seen.texts) == 12
    assert min(target[0] for target in seen.targets) <= 20
    assert all(content > width for content, width in seen.widths)
    assert len(seen.unnamed) == 1
    assert all("torn in" in "".join(each.cut) for each in seen.drawn)
    assert min(each[0] for each in page.evaluate(CONTRASTS)) < 4.5
    assert {each.language for each in seen.drawn} == {"zh-CN"}, "a page with other fields is not the same in English"
