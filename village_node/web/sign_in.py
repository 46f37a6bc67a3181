"""Signing in and out, and choosing a password: the first with a one-time code, a later one with the old."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, NamedTuple

from flask import make_response
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from village_node.accounts import SignedIn, SignInRefused, StaffTrouble
from village_node.web.policy import STAFF, Policy, Route
from village_node.web.site import Visit, local_path

ANYBODY: Final = Policy(None, "own")
OWN: Final = Policy(STAFF, "own")
# What no page carries on to another: it is typed again.
SECRETS: Final = {
    "old": ("原密码", "Old password"),
    "code": ("登录码或查询码", "Code"),
    "password": ("密码", "Password"),
    "again": ("再输一次密码", "The password again"),
}


def sign_in(visit: Visit) -> Response:
    """The sign-in page, and what it sends."""
    back = local_path(visit.request.values.get("back", "/"))
    if visit.request.method == "GET":
        return visit.redirect("work") if visit.person else visit.render("sign_in.html", back=back)
    try:
        signed_in = visit.site.accounts.sign_in(visit.line("staff_no"), _password(visit, "password"), visit.source)
    except SignInRefused as refused:
        return _refuse(visit, "sign_in.html", refused, back=back, staff_no=visit.line("staff_no"))
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
        signed_in = visit.site.accounts.set_password(kept["staff_no"], kept["code"], password, visit.source)
    except StaffTrouble as trouble:
        return visit.render(
            "first_sign_in.html", 422, problem=visit.t(trouble.zh, trouble.en), wrong="password", **kept
        )
    except SignInRefused as refused:
        return _refuse(visit, "first_sign_in.html", refused, **kept)
    return _welcome(visit, signed_in, "/")


def account(visit: Visit) -> Response:
    """One's own account: who I am here, and a new password."""
    if visit.request.method == "GET":
        return visit.render("account.html")
    new = _password(visit, "password")
    if new != _password(visit, "again"):
        words = visit.t("两次输入的新密码不一样，请重新输入。", "The two new passwords differ; please type them again.")
        return visit.render("account.html", 422, problem=words, wrong="again")
    try:
        signed_in = visit.site.accounts.change_password(
            visit.staff.staff_no, _password(visit, "old"), new, visit.source
        )
    except StaffTrouble as trouble:
        return visit.render("account.html", 422, problem=visit.t(trouble.zh, trouble.en), wrong="password")
    except SignInRefused as refused:
        return _refuse(visit, "account.html", refused)
    return _welcome(visit, signed_in, "/account?changed=1")


def sign_in_and_go_on(visit: Visit, go_on: Callable[[Visit], Any]) -> Response:
    """A form came after its session had ended: keep what was typed, ask for the password, then do what it asked."""
    form = visit.request.form
    staff_no = visit.line("again_staff_no")
    kept = [(name, value) for name, value in form.items(multi=True) if not _is_secret(name)]
    if not staff_no:
        return visit.render("expired.html", 401, kept=kept)
    try:
        signed_in = visit.site.accounts.sign_in(staff_no, _password(visit, "again_password"), visit.source)
    except SignInRefused as refused:
        return _refuse(visit, "expired.html", refused, kept=kept, staff_no=staff_no)
    again = replace(visit, cookie=signed_in.cookie, person=visit.site.accounts.person(signed_in.cookie))
    response: Response = make_response(go_on(again))
    again.keep_session(response, signed_in.cookie)
    return response


def vouching(visit: Visit) -> Response | None:
    """The page that asks for the password once more before an act, with what was typed; None where it came along and
    is right. A wrong one counts as one to sign in does."""
    kept = [(name, value) for name, value in visit.request.form.items(multi=True) if not _is_secret(name)]
    password = _password(visit, "again_password")
    if not password:
        return visit.render("vouch.html", 401, kept=kept)
    try:
        visit.site.accounts.vouch(visit.staff.staff_no, password, visit.source)
    except SignInRefused as refused:
        return _refuse(visit, "vouch.html", refused, kept=kept)
    return None


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


def _welcome(visit: Visit, signed_in: SignedIn, back: str) -> Response:
    """Send somebody just signed in where they wanted to go, under their new session."""
    response = visit.redirect("start")
    response.headers["Location"] = local_path(back)
    visit.keep_session(response, signed_in.cookie)
    return response


def _refuse(visit: Visit, template: str, refused: SignInRefused, **kept: object) -> Response:
    """The same page again with one answer for everything that may be wrong, or with the wait."""
    if refused.wait_ms:
        seconds = -(-refused.wait_ms // 1000)
        words = visit.t(
            f"尝试次数过多，请 {seconds} 秒后再试。", f"Too many attempts; please try again in {seconds} seconds."
        )
        response = visit.render(template, 429, problem=words, **kept)
        response.headers["Retry-After"] = str(seconds)
        return response
    wrong_code = template == "first_sign_in.html"
    words = (
        visit.t(
            "工号或一次性登录码不对，或登录码已用过、已过期。",
            "The number or the one-time code is wrong, used or out of date.",
        )
        if wrong_code
        else visit.t("工号或密码不对。", "The number or the password is wrong.")
    )
    return visit.render(template, 401, problem=words, **kept)


ROUTES: Final = (
    Route("/sign-in", "sign_in", sign_in, ANYBODY, ("GET", "POST")),
    Route("/first-sign-in", "first_sign_in", first_sign_in, ANYBODY, ("GET", "POST")),
    Route("/account", "account", account, OWN, ("GET", "POST")),
    Route("/sign-out", "sign_out", sign_out, OWN, ("POST",)),
)
