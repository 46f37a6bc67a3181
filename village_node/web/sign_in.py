"""Signing in and out, and choosing a password: the first with a one-time code, a later one with the old.

After the password there may be steps (accounts/steps.py); one page shows whichever is next. What brought somebody here,
the page they wanted or a form whose session had ended, goes along in hidden fields and is done after the last.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, NamedTuple

from flask import make_response, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from village_node.accounts import SignedIn, SignInRefused, StaffTrouble
from village_node.accounts.factors import NotConfirmed
from village_node.accounts.sessions import Step
from village_node.accounts.steps import Half
from village_node.store.errors import Outdated
from village_node.web import factor_words
from village_node.web.policy import SIGNED_IN, Policy, Route
from village_node.web.site import Visit, local_path

ANYBODY: Final = Policy(None, "own")
OWN: Final = Policy(SIGNED_IN, "own")
# What no page carries on to another: it is typed again.
SECRETS: Final = {
    "card": ("身份证号后四位", "Last four of the card"),
    "old": ("原密码", "Old password"),
    "code": ("登录码、验证码或查询码", "Code"),
    "password": ("密码", "Password"),
    "again": ("再输一次密码", "The password again"),
}
Kept = list[tuple[str, str]]
GoOn = Callable[[Visit], Any]


def sign_in(visit: Visit) -> Response:
    """The sign-in page, and what it sends."""
    back = local_path(visit.request.values.get("back", "/"))
    kept, half = [("back", back)], _half(visit)
    if visit.request.method == "GET":
        if visit.person:
            return visit.redirect("work")
        if half is not None and "anew" not in visit.request.args:
            return _step_page(visit, half, kept, 200)
        return visit.render("sign_in.html", back=back, replaced=visit.site.accounts.replaced(visit.cookie))
    staff_no = visit.line("staff_no")
    of_a_step = "staff_no" not in visit.request.form
    if of_a_step and visit.person:
        return _to(visit, back)
    if of_a_step and half is not None:
        return _take_step(visit, half, kept, lambda again: _to(again, back))
    if of_a_step and not {"again_step", "again_staff_no"}.isdisjoint(visit.request.form):
        return _over(visit, kept)  # no guess at a password
    try:
        signed_in = visit.site.accounts.sign_in(staff_no, _password(visit, "password"), visit.source, visit.cookie)
    except SignInRefused as refused:
        return _refuse(visit, "sign_in.html", refused, back=back, staff_no=staff_no)
    return _welcome(visit, signed_in, back)


def first_sign_in(visit: Visit) -> Response:
    """The page on which a one-time code sets the first password, and what it sends."""
    if visit.request.method == "GET":
        return visit.render("first_sign_in.html")
    kept = {"staff_no": visit.line("staff_no"), "code": visit.line("code")}
    password = _password(visit, "password")
    if password != _password(visit, "again"):
        words = visit.t("两次输入的密码不一样，请重新输入。", "The two passwords differ; please type them again.")
        return visit.render("first_sign_in.html", 422, problem=words, wrong="again", **kept)
    try:
        signed_in = visit.site.accounts.set_password(
            kept["staff_no"], kept["code"], password, visit.source, visit.cookie
        )
    except StaffTrouble as trouble:
        return visit.render(
            "first_sign_in.html", 422, problem=visit.t(trouble.zh, trouble.en), wrong="password", **kept
        )
    except SignInRefused as refused:
        return _refuse(visit, "first_sign_in.html", refused, **kept)
    return _welcome(visit, signed_in, "/")


def account(visit: Visit) -> Response:
    """One's own account: who I am here, and a new password."""
    has_factor = visit.site.accounts.factors.has(visit.staff.staff_no)
    if visit.request.method == "GET":
        return visit.render("account.html", has_factor=has_factor)
    new, said = _password(visit, "password"), {"has_factor": has_factor}
    if new != _password(visit, "again"):
        words = visit.t("两次输入的新密码不一样，请重新输入。", "The two new passwords differ; please type them again.")
        return visit.render("account.html", 422, problem=words, wrong="again", **said)
    try:
        signed_in = visit.site.accounts.change_password(
            visit.staff.staff_no, _password(visit, "old"), new, visit.source, visit.line("code")
        )
    except StaffTrouble as trouble:
        return visit.render("account.html", 422, problem=visit.t(trouble.zh, trouble.en), wrong="password", **said)
    except SignInRefused as refused:
        return _refuse(visit, "account.html", refused, **said)
    return _welcome(visit, signed_in, "/account?changed=1")


def sign_in_and_go_on(visit: Visit, go_on: GoOn) -> Response:
    """A form came after its session had ended: keep what was typed, ask for the password, then do what it asked."""
    form, half = visit.request.form, _half(visit)
    staff_no = visit.line("again_staff_no")
    kept = [(name, value) for name, value in form.items(multi=True) if not _is_secret(name)]
    if not staff_no and half is not None:
        return _take_step(visit, half, kept, go_on)
    replaced = visit.site.accounts.replaced(visit.cookie)
    if not staff_no:
        return visit.render("expired.html", 401, kept=kept, replaced=replaced, action=_path(visit))
    try:
        signed_in = visit.site.accounts.sign_in(
            staff_no, _password(visit, "again_password"), visit.source, visit.cookie
        )
    except SignInRefused as refused:
        said = {"kept": kept, "staff_no": staff_no, "replaced": replaced, "action": _path(visit)}
        return _refuse(visit, "expired.html", refused, **said)
    return _entered(visit, signed_in, kept, go_on)


def _half(visit: Visit) -> Half | None:
    """What is left to do for the browser in front, where its password was right and its session is not open yet."""
    return None if visit.person else visit.site.accounts.steps.half(visit.cookie)


def _take_step(visit: Visit, half: Half, kept: Kept, go_on: GoOn) -> Response:
    """Do the step that a form was sent for; the same page again where it cannot be, or was not sent yet."""
    form, steps = visit.request.form, visit.site.accounts.steps
    if form.get("again_step") != half.step:
        return _step_page(visit, half, kept)
    typed = visit.line("again_code")
    try:
        if half.step is Step.CODE:
            signed_in = steps.give_code(half, typed, visit.source)
        elif half.step is Step.ELSEWHERE:
            signed_in = steps.replace(half, visit.source)
        else:
            by_code = form.get("again_without") != "yes"
            codes, signed_in = steps.confirm(half, typed if by_code else None, visit.source)
            again = _as(visit, signed_in)
            return _with_cookie(again, again.render("recovery_codes.html", codes=codes, kept=kept, action=_path(visit)))
    except NotConfirmed as off:
        return _step_page(visit, half, kept, 422, problem=factor_words.not_confirmed(visit, off), failed=True)
    except SignInRefused as refused:
        words = factor_words.not_set_up(visit) if half.step is Step.SET_UP else why_refused(visit, refused)
        return _waits(_step_page(visit, half, kept, _status(refused), problem=words), refused)
    except Outdated:
        return _over(visit, kept)
    return _entered(visit, signed_in, kept, go_on)


def _over(visit: Visit, kept: Kept) -> Response:
    """The session of a step is over: the password again, with what goes along."""
    if visit.request.endpoint != "sign_in":
        return visit.render("expired.html", 401, kept=kept, action=_path(visit))
    words = visit.t("登录已过期，请重新登录。", "The sign-in took too long: please sign in again.")
    return visit.render("sign_in.html", 401, problem=words, back=dict(kept).get("back", "/"))


def _entered(visit: Visit, signed_in: SignedIn, kept: Kept, go_on: GoOn) -> Response:
    """Under the new session: the next step, or what brought somebody here."""
    again = _as(visit, signed_in)
    half = _half(again)
    answer = _step_page(again, half, kept) if half is not None else make_response(go_on(again))
    return _with_cookie(again, answer)


def _as(visit: Visit, signed_in: SignedIn) -> Visit:
    return replace(visit, cookie=signed_in.cookie, person=visit.site.accounts.person(signed_in.cookie))


def _with_cookie(visit: Visit, response: Response) -> Response:
    visit.keep_session(response, visit.cookie)
    return response


def _step_page(visit: Visit, half: Half, kept: Kept, status: int = 401, **values: Any) -> Response:
    """The page of a step, with what goes along."""
    said: dict[str, Any] = {"half": half, "kept": kept, "action": _path(visit), "name": visit.site.config.name}
    if half.step is Step.ELSEWHERE:
        said["elsewhere"] = visit.site.accounts.steps.elsewhere(half)
    if half.step is Step.SET_UP:
        try:
            said |= factor_words.shown(visit, visit.site.accounts.steps.set_up(half, visit.site.config.name))
        except Outdated:
            return _over(visit, kept)
        except SignInRefused:
            said |= {"problem": factor_words.not_set_up(visit)}
    return visit.render("sign_in_step.html", status, **{**said, **values})


def _path(visit: Visit) -> str:
    """Where a form goes that asks for somebody first: to what brought them here, with all that its address says."""
    return visit.request.full_path if visit.request.query_string else visit.request.path


def ask_password(visit: Visit) -> Response:
    """The page that asks for the password before what its own address then gives."""
    return visit.render("vouch.html", **_vouching(visit))


def vouching(visit: Visit, for_good: tuple[str, str] | None = None) -> Response | None:
    """The page that asks for the password once more before an act, with what was typed; None where it came along and
    is right. Who has a second factor shows that as well. A wrong one counts as one to sign in does. ``for_good``: what
    of the act cannot be undone, in words."""
    said = {**_vouching(visit), "for_good": for_good}
    password, number = _password(visit, "again_password"), visit.staff.staff_no
    if not password:
        return visit.render("vouch.html", 401, **said)
    try:
        visit.site.accounts.vouch(number, password, visit.source, visit.line("again_code"))
    except SignInRefused as refused:
        return _refuse(visit, "vouch.html", refused, **said)
    return None


def _vouching(visit: Visit) -> dict[str, Any]:
    """What the page shows that asks for the password: what was typed, and of a list that goes as a file its page."""
    kept = [(name, value) for name, value in visit.request.form.items(multi=True) if not _is_secret(name)]
    has_factor = visit.site.accounts.factors.has(visit.staff.staff_no)
    return {"kept": kept, "has_factor": has_factor, "listed": listed(visit), "action": _path(visit)}


def listed(visit: Visit) -> str:
    """Of a list that goes as a file, the page that it was asked for from; empty of what is none."""
    form = (visit.request.view_args or {}).get("form", "")
    page, is_file, narrowed = visit.request.full_path.removesuffix("?").partition(f".{form}")
    if "request" in visit.request.args:  # what another head agreed to
        return url_for("exports")
    return page + narrowed if form and is_file else ""


class StillTyped(NamedTuple):
    """What a form said that could not be saved: to be sent again as it is, or, of secrets, to be typed again."""

    fields: list[tuple[str, str]]
    secrets: list[tuple[str, str, str]]


def still_typed(form: MultiDict[str, str]) -> StillTyped:
    """What was typed into a form, for a page that offers to send it once more."""
    kept = [(name, value) for name, value in form.items(multi=True) if not _is_secret(name)]
    return StillTyped(kept, [(name, *words) for name, words in SECRETS.items() if name in form])


def _is_secret(name: str) -> bool:
    """Passwords, one-time codes and our own fields are not carried from one page to the next."""
    return name == "token" or name in SECRETS or name.startswith("again_")


def sign_out(visit: Visit) -> Response:
    """End the session at the server and have the browser forget what it kept."""
    visit.site.accounts.sign_out(visit.cookie, visit.staff.staff_no)
    response = visit.redirect("start")
    response.delete_cookie(visit.site.session_cookie, path="/", secure=visit.site.config.behind_tls, httponly=True)
    # Cookies belong to a host, not to a port: without TLS several nodes may share one machine and its cookies.
    kinds = '"cache", "cookies", "storage"' if visit.site.config.behind_tls else '"cache", "storage"'
    response.headers["Clear-Site-Data"] = kinds
    return response


def _password(visit: Visit, name: str) -> str:
    """A password exactly as typed: nothing is trimmed."""
    return visit.request.form.get(name, "")[:1000]


def _to(visit: Visit, back: str) -> Response:
    response = visit.redirect("start")
    response.headers["Location"] = local_path(back)
    return response


def _welcome(visit: Visit, signed_in: SignedIn, back: str) -> Response:
    """Send somebody whose password was right where they wanted to go, or to what is left to do, under their new
    session."""
    response = _to(visit, back) if signed_in.step is None else visit.redirect("sign_in", back=local_path(back))
    visit.keep_session(response, signed_in.cookie)
    return response


def _refuse(visit: Visit, template: str, refused: SignInRefused, **kept: object) -> Response:
    """The same page again with one answer for everything that may be wrong, or with the wait."""
    words = why_refused(visit, refused)
    if not refused.wait_ms and not refused.why and template == "first_sign_in.html":
        words = visit.t(
            "工号或一次性登录码不对，或登录码已用过、已过期。",
            "The number or the one-time code is wrong, used or out of date.",
        )
    return _waits(visit.render(template, _status(refused), problem=words, **kept), refused)


def _status(refused: SignInRefused) -> int:
    return 429 if refused.wait_ms else 401


def _waits(response: Response, refused: SignInRefused) -> Response:
    """The same, saying when to come back."""
    if refused.wait_ms:
        response.headers["Retry-After"] = str(-(-refused.wait_ms // 1000))
    return response


def why_refused(visit: Visit, refused: SignInRefused) -> str:
    """What is said of a number and password that do not fit: never which of them; of a code; or how long to wait."""
    if refused.wait_ms:
        seconds = -(-refused.wait_ms // 1000)
        return visit.t(
            f"尝试次数过多，请 {seconds} 秒后再试。", f"Too many attempts; please try again in {seconds} seconds."
        )
    if refused.why:
        return factor_words.refused(visit, refused.why)
    return visit.t("工号或密码不对。", "The number or the password is wrong.")


ROUTES: Final = (
    Route("/sign-in", "sign_in", sign_in, ANYBODY, ("GET", "POST")),
    Route("/first-sign-in", "first_sign_in", first_sign_in, ANYBODY, ("GET", "POST")),
    Route("/account", "account", account, OWN, ("GET", "POST")),
    Route("/sign-out", "sign_out", sign_out, OWN, ("POST",)),
)
