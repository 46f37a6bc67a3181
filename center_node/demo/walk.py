"""One case through three levels and back, done on the pages as the people of each place would do it."""

import re
import secrets
import time
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from center_node.demo.network import DemoNode
from center_node.demo.visitor import NotThere, Page, Visitor
from village_node import control

ITEM_NO = "001"
ARRIVAL_DEADLINE_S = 60.0
POLL_S = 0.05

# A made-up person: no sequence number 000 is given to anybody.
APPLICATION = {
    "applicant_name": "李秀兰",
    "applicant_id_no": "621021194901010000",
    "applicant_phone": "13800000000",
    "applicant_address": "上关村三组",
    "request": "家庭主要成员患病，收入低于当地标准，申请最低生活保障。",
}
# The walk takes a minute: its public notice and its visit are on paper.
REASONS = "符合条件。入户调查表和 7 日公示无异议的记录在纸质案卷。"


class WalkFailed(Exception):
    """A step of the walk did not do what it should; the text names it and what the page said."""


@dataclass
class Filed:
    """The case as its receipt shows it."""

    path: str  # of its page, the same at every node
    case_no: str
    query_code: str


@dataclass
class Worker:
    """A member of staff at one node's counter, signed in."""

    node: DemoNode
    visitor: Visitor
    password: str = field(repr=False)  # for acts that ask for it once more

    def act(self, case: Filed, move: str, values: Mapping[str, str] | None = None) -> None:
        """Make one move on the case, once the node offers it. Raises WalkFailed."""
        form = self._offered(case, move).form(f"/act/{move}")
        page = self.visitor.submit(form, values or {})
        if page.status != 200:
            raise WalkFailed(f"{self.node.name}: {move}: status {page.status}: {page.text[:500]}")

    def _offered(self, case: Filed, move: str) -> Page:
        def look() -> Page | None:
            page = self.visitor.open(f"{self.node.url}{case.path}")
            return page if any(form.action.endswith(f"/act/{move}") for form in page.forms) else None

        found = until(look)
        if found is None:
            raise WalkFailed(f"{self.node.name} never offered {move}: {self.visitor.page.text[:500]}")
        return found


def until(look: Callable[[], Page | None]) -> Page | None:
    """Look again and again until there is something to see; None when it does not come in time."""
    deadline = time.monotonic() + ARRIVAL_DEADLINE_S
    while time.monotonic() < deadline:
        found = look()
        if found is not None:
            return found
        time.sleep(POLL_S)
    return None


def hire(node: DemoNode, staff_no: str, name: str, role: str) -> Worker:
    """Invite somebody and let them sign in for the first time, with a password that the walk alone knows."""
    code = invite(node, staff_no, name, role)
    visitor, password = Visitor(node.url), secrets.token_urlsafe(24)
    form = visitor.open("/first-sign-in").form("/first-sign-in")
    typed = {"staff_no": staff_no, "code": code, "password": password, "again": password}
    page = visitor.submit(form, typed)
    if page.status != 200 or page.url.endswith("/first-sign-in"):
        raise WalkFailed(f"{node.name}: {name} cannot sign in: {page.text[:500]}")
    return Worker(node, visitor, password)


def invite(node: DemoNode, staff_no: str, name: str, role: str) -> str:
    """A one-time sign-in code for a new account at a serving node."""
    code: str = control.ask(node.data, dict, "invite", staff_no=staff_no, name=name, roles=[role])["code"]
    return code


def file(agent: Worker, **changes: str) -> Filed:
    """File the application (but for the changes) at the village's counter and read its receipt. Raises WalkFailed."""
    page = agent.visitor.open(f"{agent.node.url}/file/{ITEM_NO}?form=whole")
    form = page.form(f"/file/{ITEM_NO}")
    papers = {name: "yes" for name in form.names if name[:1] == "m" and name[1:].isdigit()}
    page = agent.visitor.submit(form, {**APPLICATION, **changes, **papers}, press=("do", "file"))
    if page.status != 200 or not page.url.endswith("/receipt"):
        raise WalkFailed(f"{agent.node.name}: the application was not filed: {page.text[:800]}")
    path = urllib.parse.urlsplit(page.url).path.removesuffix("/receipt")
    return Filed(path, *_receipt_words(page))


def _receipt_words(page: Page) -> tuple[str, str]:
    """The receipt number and the query code as printed."""
    number = re.search(r"\b[0-9]{12}-[0-9]{6}-\w{4}-[0-9]+-\w\b", page.text)
    code = re.search(r"查询码 ([0-9A-Z]{6})[ -]([0-9A-Z]{7})\b", page.text)
    if number is None or code is None:
        raise NotThere(f"{page.url}: no receipt number and query code: {page.text[:800]}")
    return number[0], code[1] + code[2]


def walk(
    agent: Worker, clerk: Worker, reviewer: Worker, window: Worker, head: Worker, say: Callable[[str], None]
) -> Filed:
    """File at the village, accept and review at the township, decide at the county, hand over at the village.

    The item is made public before it is decided: so no representative decides it, but the head of the department."""
    case = file(agent)
    say(f"{agent.node.name} 收件 {case.case_no}")
    agent.act(case, "handoff")
    clerk.act(case, "accept")
    clerk.act(case, "docket")
    say(f"{clerk.node.name} 接收、受理")
    reviewer.act(case, "review", {"opinion": "agree", "text": "入户核查属实，同意上报。"})
    reviewer.act(case, "handoff")
    say(f"{reviewer.node.name} 初审同意，转送审批")
    window.act(case, "accept")
    head.act(case, "decide", {"outcome": "approve", "reasons": REASONS})
    say(f"{head.node.name} 准予")
    head.act(case, "handoff")
    agent.act(case, "accept")
    agent.act(case, "delivered", {"to": "李秀兰", "how": "in_person"})
    say(f"{agent.node.name} 送达")
    return case


def ask_as_resident(node: DemoNode, case: Filed) -> Page:
    """Look the case up with number and code, as the resident does. Raises WalkFailed when the node does not know it."""
    visitor = Visitor(node.url)
    form = visitor.open("/query").form("/query")
    page = visitor.submit(form, {"number": case.case_no, "code": case.query_code})
    if page.status != 200 or case.case_no not in page.text:
        raise WalkFailed(f"{node.name}: the query by number and code found nothing: {page.text[:500]}")
    return page
