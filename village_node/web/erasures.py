"""Erasing personal data beside the cases: what is held of somebody, and the order of two people that it goes.

Both show who they are at one keyboard, as at the command line, so nothing of the kind waits for anybody: an order that
was asked for and lies about is a list of who wants to be forgotten.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from werkzeug.exceptions import NotFound as NoSuchPage
from werkzeug.wrappers import Response

from sync_protocol.case import kinds, powers
from sync_protocol.case.erasures import APPROVER_MAX, BASIS_MAX
from village_node.accounts import Person, SignInRefused
from village_node.casebook import BadBody, CasebookError, Found, why_runs
from village_node.web import entry, masking, sign_in
from village_node.web.policy import Policy, Route
from village_node.web.site import Visit

ORDERS: Final = Policy(frozenset({"head", "leader"}), "node", "masked")
WHAT: Final[dict[str, tuple[str, str]]] = {
    "consultation": ("咨询", "Consultation"),
    "slip": ("异地代收", "Slip"),
    "complaint": ("投诉", "Complaint"),
    "kin": ("亲属登记", "Declared kin"),
    "call": ("回访记录（原件已删除或没有收到）", "Call about what is erased, or has not come"),
    "booking": ("本单位预约", "Appointment here"),
}
MOST_AT_ONCE: Final = 50
LISTED: Final = 50


class _Refused(Exception):
    """An order that is not given; by field what is wrong, with the status of the page that comes back."""

    def __init__(self, status: int, **errors: str) -> None:
        super().__init__(errors)
        self.status = status
        self.errors = errors


def page(visit: Visit) -> Response:
    """Where to look for somebody, and the orders that were given."""
    return _page(visit, done=entry.page(visit.request.args["done"]) if "done" in visit.request.args else 0)


def _page(
    visit: Visit,
    status: int = 200,
    *,
    found: Sequence[Found] | None = None,
    errors: Mapping[str, str] | None = None,
    problem: str = "",
    done: int = 0,
) -> Response:
    _refuse_elsewhere(visit)
    return visit.render(
        "erasures.html",
        status,
        found=found,
        what=WHAT,
        masked=_masked,
        why_runs=why_runs,
        given=visit.site.casebook.orders_given(LISTED),
        typed={name: visit.line(name) for name in ("text", "basis", "approver")},
        chosen=visit.request.form.getlist("key"),
        errors=errors or {},
        problem=problem,
        done=done,
        most={"basis": BASIS_MAX, "approver": APPROVER_MAX, "keys": MOST_AT_ONCE},
    )


def _refuse_elsewhere(visit: Visit) -> None:
    """Only where the workflow lets these roles order an erasure; any other place has no such page."""
    if not _may(visit, visit.staff):
        raise NoSuchPage


def _may(visit: Visit, person: Person) -> bool:
    return powers.may(person.roles, visit.site.level, kinds.ERASURE)


def _masked(each: Found) -> tuple[str, str]:
    """Whose it is, as a page may show it."""
    hidden = masking.identity_number if each.what == "kin" else masking.phone
    return masking.name(each.by), each.contact if each.what == "booking" else hidden(each.contact)


def find(visit: Visit) -> Response:
    """What is held of somebody."""
    _refuse_elsewhere(visit)
    try:
        found = _found(visit)
    except BadBody as bad:
        return _page(visit, 422, errors={"text": visit.t(bad.zh, bad.en)})
    return _page(visit, found=found)


def _found(visit: Visit) -> list[Found]:
    """Look, and note who did; whichever page shows it. Raises BadBody."""
    found = visit.site.casebook.found_of(visit.staff.roles, visit.line("text"))
    visit.site.accounts.audit(visit.staff.staff_no, "matter.find", "", {"found": len(found)})
    return found


def order(visit: Visit) -> Response:
    """Give the order for everything that is ticked; the first that may not go ends it, and what went before is said."""
    _refuse_elsewhere(visit)
    book, done = visit.site.casebook, 0
    try:
        keys, basis = _ordered(visit)
        approver = _approved(visit)
        names = [visit.staff.name, approver.name]
        for key in keys:
            book.erase_matter(visit.staff.staff_no, approver.staff_no, key, basis, names)
            done += 1
    except _Refused as refused:
        return _again(visit, refused.status, refused.errors)
    except BadBody as bad:
        return _again(visit, 422, {bad.field: visit.t(bad.zh, bad.en)})
    except CasebookError as reason:
        words = visit.t(reason.zh, reason.en)
        if done:
            words = visit.t(f"已删除 {done} 项；下一项没有删除：{words}", f"{done} erased; the next was not: {words}")
        return _again(visit, 409, {}, words)
    return visit.redirect("erasures", done=done)


def _again(visit: Visit, status: int, errors: Mapping[str, str], problem: str = "") -> Response:
    """The page as it was sent, with what is still held of whom was looked for; passwords are typed again."""
    try:
        found = _found(visit)
    except BadBody:
        found = []
    return _page(visit, status, found=found, errors=errors, problem=problem)


def _ordered(visit: Visit) -> tuple[list[str], str]:
    """What is ticked, and on what basis. Raises _Refused."""
    keys, basis = list(dict.fromkeys(visit.request.form.getlist("key"))), visit.line("basis")
    if not 1 <= len(keys) <= MOST_AT_ONCE:
        words = f"请勾选要删除的，一次最多 {MOST_AT_ONCE} 项", f"tick what is to go, {MOST_AT_ONCE} at most at once"
        raise _Refused(422, key=visit.t(*words))
    if not 1 <= len(basis) <= BASIS_MAX:
        words = f"请写明依据，最多 {BASIS_MAX} 字", f"say on what basis, in {BASIS_MAX} characters at most"
        raise _Refused(422, basis=visit.t(*words))
    return keys, basis


def _approved(visit: Visit) -> Person:
    """The second person, after both have shown who they are. Raises _Refused."""
    number = visit.line("approver")
    if not number or number == visit.staff.staff_no:
        words = "须由另一位负责人批准，请填其工号", "another person must approve it: give their number"
        raise _Refused(422, approver=visit.t(*words))
    _vouched(visit, "again_password", visit.staff.staff_no)
    approver = _vouched(visit, "again_approver", number)
    if not _may(visit, approver):
        words = "这一岗位不能批准删除，须由部门负责人或分管领导", "a department head or a leader must approve it"
        raise _Refused(422, approver=visit.t(*words))
    return approver


def _vouched(visit: Visit, name: str, staff_no: str) -> Person:
    """Whoever shows the password of the field with this name, and the code of the one beside it. Raises _Refused."""
    password = visit.request.form.get(name, "")[:1000]
    if not password:
        raise _Refused(422, **{name: visit.t("请输入密码", "type the password")})
    try:
        return visit.site.accounts.vouch(staff_no, password, visit.source, visit.line(f"{name}_code"))
    except SignInRefused as refused:
        raise _Refused(429 if refused.wait_ms else 401, **{name: sign_in.why_refused(visit, refused)}) from None


ROUTES: Final[tuple[Route, ...]] = (
    Route("/erasures", "erasures", page, ORDERS),
    Route("/erasures/find", "find_matters", find, ORDERS, ("POST",)),
    Route("/erasures", "order_erasure", order, ORDERS, ("POST",)),
)
