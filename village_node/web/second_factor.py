"""One's own second factor: setting it up, other recovery codes, doing without; and resetting that of somebody else."""

from typing import Final

from werkzeug.wrappers import Response

from village_node.accounts import SignInRefused, StaffTrouble
from village_node.accounts.factors import NotConfirmed
from village_node.accounts.sessions import id_of
from village_node.store.errors import Outdated
from village_node.web import factor_words, staff
from village_node.web.policy import ADMIN, Route
from village_node.web.sign_in import OWN
from village_node.web.site import Visit


def second_factor(visit: Visit) -> Response:
    """Whether I have one, and what can be done about it."""
    return _page(visit)


def begin(visit: Visit) -> Response:
    """Show a new secret; what counted until now counts until a code of the new one is given."""
    return _set_up(visit)


def confirm(visit: Visit) -> Response:
    """Take the code that shows that the secret was copied; then show the recovery codes, once."""
    accounts, number = visit.site.accounts, visit.staff.staff_no
    by_code = visit.request.form.get("without") != "yes"
    try:
        typed = visit.line("code") if by_code else None
        codes = accounts.factors.confirm(number, id_of(visit.cookie), typed, visit.source)
    except NotConfirmed as off:
        return _set_up(visit, 422, problem=factor_words.not_confirmed(visit, off), failed=True)
    except SignInRefused:
        return _page(visit, 503, factor_words.not_set_up(visit))
    except Outdated:
        words = visit.t(
            "这次设置已经结束。下面显示已启用、而您没有看到恢复码的，请生成新的；未启用的，请重新开始。",
            "That is over. Where it is on and you have not seen the recovery codes, make new ones; else begin anew.",
        )
        return _page(visit, 409, words)
    return visit.render("recovery_codes.html", codes=codes, kept=[], action="")


def renew_codes(visit: Visit) -> Response:
    """Ten other recovery codes, shown once; those on the old sheet are worth nothing."""
    try:
        codes = visit.site.accounts.factors.renew_codes(visit.staff.staff_no, visit.source)
    except Outdated:
        return _page(visit, 409, visit.t("二次验证没有启用。", "There is no second factor."))
    return visit.render("recovery_codes.html", codes=codes, kept=[], action="")


def end(visit: Visit) -> Response:
    """Do without from now on, where no role demands it."""
    try:
        visit.site.accounts.end_factor(visit.staff.staff_no, visit.source)
    except StaffTrouble as trouble:
        return _page(visit, 422, visit.t(trouble.zh, trouble.en))
    return visit.redirect("second_factor")


def reset(visit: Visit, staff_no: str) -> Response:
    """Take away that of somebody whose telephone is lost. A head does so for who is no administrator."""
    try:
        visit.site.accounts.reset_factor(staff_no, visit.staff.staff_no, by_admin=visit.may(ADMIN))
    except StaffTrouble as trouble:
        return staff.page(visit, 422, problem=visit.t(trouble.zh, trouble.en))
    return staff.page(visit, reset_of=visit.site.accounts.name_of(staff_no))


def _set_up(visit: Visit, status: int = 200, **values: object) -> Response:
    number = visit.staff.staff_no
    try:
        made = visit.site.accounts.factors.begin(number, id_of(visit.cookie), visit.site.config.name)
    except SignInRefused:
        return _page(visit, 503, factor_words.not_set_up(visit))
    except Outdated:
        return visit.redirect("sign_in")
    return visit.render("set_up_factor.html", status, **factor_words.shown(visit, made), **values)


def _page(visit: Visit, status: int = 200, problem: str = "") -> Response:
    accounts, number = visit.site.accounts, visit.staff.staff_no
    row, person = accounts.factors.rows.factor(number), accounts.rows.staff(number)
    return visit.render(
        "second_factor.html",
        status,
        problem=problem,
        since_ms=row.since_ms if row is not None else None,
        left=accounts.factors.rows.codes_left(number),
        demanded=person is not None and accounts.demands.factor_of(person),
    )


ROUTES: Final = (
    Route("/second-factor", "second_factor", second_factor, OWN),
    Route("/second-factor/begin", "begin_factor", begin, OWN, ("POST",), vouched=True),
    Route("/second-factor/confirm", "confirm_factor", confirm, OWN, ("POST",)),
    Route("/second-factor/codes", "renew_codes", renew_codes, OWN, ("POST",), vouched=True),
    Route("/second-factor/end", "end_factor", end, OWN, ("POST",), vouched=True),
    Route("/staff/<staff_no>/reset-factor", "reset_factor", reset, staff.SEES, ("POST",), vouched=True),
)
