"""T14: what people type is never taken for a page: 60 payloads in the free-text fields of a counter, in a real browser.
Those of the township and the county are in ``test_injected_above.py``.

Pages that say what was typed, refused or kept, are shown without the policy of their headers, so that nothing but
escaping holds; lists are opened where they stand. The rig first proves on a planted field what it would see. A page
that has scripts planted in it stands under the real headers, and they hold by themselves.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from markupsafe import escape
from playwright.sync_api import Browser, Dialog, Error, Page, Route

from tests.browser.conftest import Hall, open_hall
from tests.builders import TOWNSHIP, VILLAGE
from tests.village_node.web.counter import APPLICATION, PASSWORD
from tests.village_node.web.errands import PAPERS
from tests.village_node.web.test_service_room import ROOM, TODAY
from village_node.casebook import BadBody

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]

RUNS = "ran()"  # what a payload does where it is taken for a script
PAYLOADS = (
    *(f"<script>{RUNS}</script>", f"<ScRiPt x>{RUNS}</sCrIpT>", f"</script><script>{RUNS}</script>",
      f"<script src=//x.test/{1}></script>", f"<svg onload={RUNS}>", f"<svg><script>{RUNS}</script></svg>",
      f"<svg/onload={RUNS}//", f"<img src=x onerror={RUNS}>", "<img src=//x.test/2>", f"<body onload={RUNS}>"),
    *(f"<input autofocus onfocus={RUNS}>", f"<details open ontoggle={RUNS}>x",
      f"<video><source onerror={RUNS}></video>",
      f"<audio src onerror={RUNS}>", f"<iframe srcdoc='<script>parent.{RUNS}</script>'>",
      f"<iframe src=javascript:{RUNS}>",
      "<object data=//x.test/3>", "<embed src=//x.test/4>", f"<math><mi xlink:href=javascript:{RUNS}>x</mi></math>",
      f"<marquee onstart={RUNS}>x</marquee>"),
    *(f'"><script>{RUNS}</script>', f"'><script>{RUNS}</script>", f'" autofocus onfocus="{RUNS}',
      f"' autofocus onfocus='{RUNS}",
      f"` onerror=`{RUNS}", f'"><svg onload={RUNS}>', f"'><img src=x onerror={RUNS}>", f"--><script>{RUNS}</script>",
      f"]]><script>{RUNS}</script>", f"</textarea><script>{RUNS}</script>"),
    *(f"</title><script>{RUNS}</script>", f"</style><script>{RUNS}</script>",
      f"</option></select><img src=x onerror={RUNS}>",
      f"</noscript><svg onload={RUNS}>", "<base href=//x.test/>", "<meta http-equiv=refresh content=0;//x.test/5>",
      "<link rel=stylesheet href=//x.test/6>", "<style>@import '//x.test/7'</style>",
      "<form action=//x.test/><button autofocus>",
      f"<a href=javascript:{RUNS} id=planted>x</a>"),
    *("{{ 7*7 }}", "{% raw %}", "${7*7}", "#{7*7}", "<%= 7*7 %>", "{{ config }}", "{{ visit.site }}", "%{{7*7}}",
      "{# x #}",
      "{{ ''.__class__ }}"),
    *("=1+1", "+cmd|' /C calc'!A0", "@SUM(1)", "-2+3", "\u202ecod.exe", "\u2066x\u2069", "a\u0000b", "\ufeffx",
      "&lt;script&gt;",
      f"&#60;script&#62;{RUNS}&#60;/script&#62;"),
)  # fmt: skip
WATCH = "window.ran = () => { window.__ran = (window.__ran || 0) + 1 }"
BARE = "http://page.test/"
# The elements that a payload would make, which no page of ours has.
MARKS = "object, embed, marquee, math, iframe, base, [onload], [onerror], [onfocus], [ontoggle], [onstart], #planted"


LISTS = ("/work?view=all", "/staff", "/tokens", "/audit", "/slips", "/consultations", "/turns", "/duty", "/hours")
FIELD = (
    """<!doctype html><title>x</title><p>HERE</p><input value="HERE"><input value='HERE'><textarea>HERE</textarea>"""
)


@dataclass
class Trap:
    """A browser window that notes whatever a payload could bring about."""

    page: Page
    own: str
    found: list[str] = field(default_factory=list)
    html: str = ""

    def __post_init__(self) -> None:
        self.page.add_init_script(WATCH)
        self.page.on("dialog", self._asked_aloud)
        self.page.on("request", lambda asked: self._asked(asked.url))
        self.page.on("console", lambda said: self._said(said.text))

    def _asked_aloud(self, dialog: Dialog) -> None:
        self.found.append("dialog")
        dialog.dismiss()

    def _asked(self, url: str) -> None:
        if not url.startswith((self.own, "about:", "blob:")) or "x.test" in url:
            self.found.append(f"request {url}")

    def _said(self, text: str) -> None:
        if "Content Security Policy" in text:
            self.found.append(text)

    def _answer(self, asked: Route) -> None:
        if asked.request.url == BARE:
            asked.fulfill(body=self.html, content_type="text/html; charset=utf-8")
        else:
            asked.abort()

    def looked(self) -> list[str]:
        """What was found on the page as it stands, and since the last look."""
        try:
            ran = self.page.evaluate("window.__ran || 0")
            marks = self.page.evaluate(f"[...document.querySelectorAll(`{MARKS}`)].map(each => each.outerHTML)")
        except Error:  # the page was sent elsewhere meanwhile
            ran, marks = 0, ["another page"]
        found = [*self.found, *(["a script ran"] if ran else []), *marks]
        self.found.clear()
        return found

    def at(self, path: str) -> list[str]:
        """Open a page where it stands."""
        answer = self.page.goto(path, wait_until="load")
        assert answer is not None and answer.status in (200, 422), (path, answer and answer.status)
        return self.looked()

    def shown(self, html: str) -> list[str]:
        """Show a page without its headers: nothing but escaping holds."""
        if not self.html:
            self.page.route("**/*", self._answer)
        self.html = html
        self.page.goto(BARE, wait_until="load")
        return self.looked()


@pytest.fixture(scope="module")
def hall(chromium: Browser) -> Iterator[Hall]:
    with open_hall(chromium) as opened:
        yield opened


@pytest.fixture(scope="module")
def agent(hall: Hall) -> Page:
    return hall.staff(VILLAGE, "0001", "agent", "head", "admin")


@pytest.fixture
def bare(hall: Hall) -> Iterator[Trap]:
    """A window for pages without their headers; nothing leaves it."""
    context = hall.browser.new_context()
    yield Trap(context.new_page(), BARE)
    context.close()


# Scripts of every kind: in the page, from elsewhere, in an attribute, behind a link, in a frame.
ELSEWHERE = "http://x.test/elsewhere.js"
PLANTED = (
    "<!doctype html><title>planted</title><script>mark('inline')</script>"
    f"<script src='{ELSEWHERE}'></script><script type=module>mark('module')</script>"
    "<img src='/none' onerror=\"mark('attribute')\"><a id=link href=\"javascript:mark('link')\">x</a>"
    "<iframe srcdoc=\"<script>parent.mark('frame')</script>\"></iframe>"
    "<base href='http://x.test/'><form action='http://x.test/form'><button>send</button></form>"
)
MARKED = "window.marked = []; window.mark = (what) => window.marked.push(what)"


def planted(page: Page) -> set[str]:
    """Which of the planted scripts have run on the page that stands at this address."""
    answer = page.goto("/query", wait_until="load")
    assert answer is not None and page.title() == "planted"
    page.locator("#link").click()
    page.wait_for_timeout(300)
    return set(page.evaluate("window.marked"))


def test_scripts_that_stand_in_a_page_do_not_run_under_our_headers(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    app = hall.counters[VILLAGE].app
    monkeypatch.setitem(app.view_functions, "query", lambda: PLANTED)
    context = hall.browser.new_context(base_url=hall.urls[VILLAGE])
    context.add_init_script(MARKED)
    asked: list[str] = []

    def elsewhere(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(body="mark('elsewhere')", content_type="text/javascript")

    context.route("http://x.test/**", elsewhere)

    # Without the policy all of them run: so it is seen that the rig sees them.
    page = context.new_page()
    page.route("**/query", without_policy)
    assert planted(page) == {"inline", "elsewhere", "module", "attribute", "link", "frame"}
    assert ELSEWHERE in asked
    page.close()

    asked.clear()
    page, said = context.new_page(), list[str]()
    page.on("console", lambda message: said.append(message.text))
    assert planted(page) == set()
    page.evaluate("document.querySelector('form').requestSubmit()")
    page.wait_for_timeout(300)
    assert (asked, page.url) == ([], f"{hall.urls[VILLAGE]}/query"), (
        "nothing is asked for elsewhere, and no form leads there"
    )
    for stopped in ("inline script", ELSEWHERE, "form-action", "base-uri"):
        assert any(stopped in each and "Content Security Policy" in each for each in said), (stopped, said)
    context.close()


def without_policy(route: Route) -> None:
    """Let an answer through as it is, but for the header under test."""
    answer = route.fetch()
    headers = {name: text for name, text in answer.headers.items() if name != "content-security-policy"}
    route.fulfill(response=answer, headers=headers)


def typed(payload: str, *names: str) -> dict[str, str]:
    return dict.fromkeys(names, payload)


def body_of(page: str) -> str:
    """The title and the body of a page: what is typed stands there, and the files that its head asks for are not given
    here."""
    head, begins, body = page.partition("<body")
    return head.partition("<title>")[1] + head.partition("<title>")[2].partition("<link")[0] + begins + body


def test_the_rig_sees_one_field_without_escaping_among_sixty_that_have_it(bare: Trap) -> None:
    kept = "".join(FIELD.replace("HERE", str(escape(payload))) for payload in PAYLOADS)
    assert bare.shown(kept) == []
    seen = []
    for payload in PAYLOADS:  # a window each: some lead theirs elsewhere
        trap = Trap(bare.page.context.new_page(), BARE)
        seen.append(bool(trap.shown(kept + FIELD.replace("HERE", payload) + kept)))
        trap.page.close()
    assert sum(seen) >= 36, [payload for payload, found in zip(PAYLOADS, seen, strict=True) if not found]
    assert len(set(PAYLOADS)) == 60


def test_nothing_typed_runs_asks_or_becomes_part_of_a_page(hall: Hall, agent: Page, bare: Trap) -> None:
    counter = hall.counters[VILLAGE]
    visitor = counter.visitor()
    assert visitor.send("/sign-in", {"staff_no": "0001", "password": PASSWORD}).status_code == 303
    trap, kept, named, token = Trap(agent, hall.urls[VILLAGE]), 0, 0, visitor.token()
    counter.accounts.create_invitation("0002", "李梅", ["agent"])
    visitor.send("/duty/room", {**ROOM, "a_slot": "99"})
    told: dict[str, list[str]] = {path: [] for path in forms("")}
    opened = {"/staff", "/tokens", "/turns", "/duty"}  # lists, which are opened once they are full
    for payload in PAYLOADS:
        with suppress(BadBody):  # a name of more than a line, or a very long one
            counter.member.file(applicant_name=payload)  # as it may come from elsewhere
            named += 1
        for path, fields in forms(payload).items():
            answer = visitor.send(path, {**fields, "token": token})
            assert answer.status_code < 500, (path, payload)
            where = answer.headers.get("Location", "")
            kept += path == "/file/001" and answer.status_code == 303
            if where and where.partition("?")[0] not in opened:
                opened.add(where)
                answer = visitor.open(where)
            told[path].append(body_of(answer.text))
        hall.network.clock.now_ms += 1000
    assert min(kept, named) > 40, "most are taken, and stand on pages"
    for path, answers in told.items():
        assert any(answers) and bare.shown("".join(answers)) == [], path
    for path in LISTS:
        assert bare.shown(body_of(visitor.open(path).text)) == [], path
        assert trap.at(path) == [], path


def forms(payload: str) -> dict[str, dict[str, str]]:
    """Every form of a village's counter that takes words, with the payload in each field that does."""
    return {
        "/file/001": {
            **APPLICATION, **PAPERS, **typed(payload, "applicant_address", "request", "window_note"),
            "applicant_name": re.sub("[*<>]", "", payload),
        },
        "/file/001?name": {**APPLICATION, **PAPERS, "applicant_name": payload},
        "/file/001?all": {
            **APPLICATION,
            **typed(payload, "applicant_phone", "applicant_id_no", "proxy_name", "proxy_relation", "proxy_phone",
                    "proxy_authorisation", "legal_representative", "window_note", "earlier", "channel"),
        },
        "/consultations": {"outcome": "answered", **typed(payload, "question", "told", "by", "contact", "to")},
        "/slips/new": {"what": "note", "case_no": "621021101201-261118-7K3M-12-L",
                       **typed(payload, "by", "text", "contact")},
        "/complaints/new": {"place": TOWNSHIP, **typed(payload, "who", "text", "by", "contact")},
        "/turns/book": {"day": TODAY, "slot": "09:00", "item_no": "001", "phone_tail": "1234", "name": payload},
        "/duty/room": {**ROOM, **typed(payload, "address", "phone", "note")},
        "/staff/0002/change": {"name": payload, "roles": "agent"},
        "/staff/invite": typed(payload, "staff_no", "name"),
        "/tokens/make": {"name": payload, "whose": "0001:agent", "days": "30"},
        "/query": typed(payload, "number", "code"),
        "/query/card": typed(payload, "number", "card"),
        "/query/withdrawal": {"card": "1234", **typed(payload, "number", "code", "reason")},
        "/query/proxy": {"card": "1234", **typed(payload, "number", "code", "reason")},
        "/complaints/status": typed(payload, "number", "code"),
        "/book/change": typed(payload, "number", "code"),
        "/batches/file/001": {"rows": payload, "channel": "counter", "do": "check", "item_version": "1"},
    }  # fmt: skip
