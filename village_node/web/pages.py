"""The pages of a node, put together: routes and policies, the guard in front of them, the answers when one fails."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Final

from flask import Blueprint, Flask, jsonify, make_response, request, url_for
from werkzeug.exceptions import BadRequest, HTTPException, NotFound
from werkzeug.wrappers import Response

from village_node.accounts import Accounts, refusals
from village_node.casebook import Casebook
from village_node.config import Config
from village_node.partials import PIECE_MOST
from village_node.store import NotSaved, StoreError
from village_node.web import (
    acts,
    assignments,
    batches,
    board,
    book_tables,
    bookings,
    bulletins,
    calls,
    cases,
    catalogue_import,
    charging,
    claims,
    complaints,
    confirming,
    consultations,
    couriers,
    day_by_day,
    day_ends,
    deciders,
    desks,
    display,
    erasures,
    exports,
    figures,
    filing,
    forks,
    health,
    idle,
    item_flow,
    item_register,
    item_versions,
    items,
    joint,
    late_acts,
    leaves,
    lives,
    meetings,
    number_series,
    oddities,
    orders,
    own_counter,
    papers,
    passes,
    phone,
    phone_desk,
    previews,
    prints,
    quarantine,
    query,
    query_by_card,
    rates,
    recall,
    receipts,
    registers,
    residents,
    resumable,
    roster_forks,
    samples,
    searches,
    second_factor,
    service_room,
    sign_in,
    slips,
    staff,
    supervision,
    timeliness,
    tokens,
    turns,
    watch_tables,
    webhooks,
    windows,
    work,
    working_calendar,
)
from village_node.web import api as programs
from village_node.web.assets import Assets
from village_node.web.headers import CONTENT_POLICY, FILE_POLICY, PICTURES_POLICY, harden
from village_node.web.policy import Route, declare, declared, refuse_undeclared_routes
from village_node.web.site import SITE, Above, Carrier, Site, Visit, is_for, local_path
from village_node.web.unlogged import hidden, keep_unlogged

MAX_BODY: Final = 1024 * 1024
MAX_FORM_PARTS: Final = 600
# Blueprints that answer machines.
DOORS: Final = frozenset({"downlink"})

ROUTES: Final[tuple[Route, ...]] = (
    *display.ROUTES,
    *sign_in.ROUTES,
    *work.ROUTES,
    *items.ROUTES,
    *catalogue_import.ROUTES,
    *item_versions.ROUTES,
    *item_register.ROUTES,
    *item_flow.ROUTES,
    *filing.ROUTES,
    *batches.ROUTES,
    *cases.ROUTES,
    *receipts.ROUTES,
    *day_by_day.ROUTES,
    *timeliness.ROUTES,
    *figures.ROUTES,
    *rates.ROUTES,
    *bulletins.ROUTES,
    *number_series.ROUTES,
    *joint.ROUTES,
    *meetings.ROUTES,
    *papers.ROUTES,
    *phone_desk.ROUTES,
    *phone.ROUTES,
    *charging.ROUTES,
    *working_calendar.ROUTES,
    *registers.ROUTES,
    *erasures.ROUTES,
    *recall.ROUTES,
    *prints.ROUTES,
    *acts.ROUTES,
    *desks.ROUTES,
    *exports.ROUTES,
    *oddities.ROUTES,
    *late_acts.ROUTES,
    *orders.ROUTES,
    *complaints.ROUTES,
    *slips.ROUTES,
    *consultations.ROUTES,
    *calls.ROUTES,
    *day_ends.ROUTES,
    *deciders.ROUTES,
    *assignments.ROUTES,
    *claims.ROUTES,
    *confirming.ROUTES,
    *supervision.ROUTES,
    *watch_tables.ROUTES,
    *book_tables.ROUTES,
    *samples.ROUTES,
    *service_room.ROUTES,
    *turns.ROUTES,
    *passes.ROUTES,
    *windows.ROUTES,
    *query.ROUTES,
    *query_by_card.ROUTES,
    *residents.ROUTES,
    *own_counter.ROUTES,
    *bookings.ROUTES,
    *board.ROUTES,
    *health.ROUTES,
    *idle.ROUTES,
    *couriers.ROUTES,
    *quarantine.ROUTES,
    *lives.ROUTES,
    *forks.ROUTES,
    *roster_forks.ROUTES,
    *searches.ROUTES,
    *staff.ROUTES,
    *second_factor.ROUTES,
    *tokens.ROUTES,
    *webhooks.ROUTES,
)

# What stands in the head of every page for those whose policy lets them in.
NAVIGATION: Final = (
    (work.ROUTES[0], "办件", "Cases"),
    (items.ROUTES[0], "事项", "Services"),
    (working_calendar.ROUTES[0], "日历", "Calendar"),
    (registers.ROUTES[0], "授权", "Authority"),
    (health.PAGE, "运行状况", "Health"),
    (staff.ROUTES[0], "人员", "Staff"),
    (tokens.ROUTES[0], "接口", "API"),
)

# What went wrong, in words, by HTTP status: title and what to do, in both languages.
TROUBLES: Final[dict[int, tuple[str, str, str, str]]] = {
    400: ("请求有误", "Bad request", "请返回重新填写。", "Please go back and fill in again."),
    403: (
        "没有执行",
        "Not done",
        "这个操作不是从本系统的页面提交的，或页面已过期。请返回、刷新页面后再提交；浏览器须允许 Cookie。",
        "This did not come from one of our pages, or the page was too old. Go back, reload and send it again; "
        "the browser must accept cookies.",
    ),
    404: (
        "没有这个页面",
        "Nothing here",
        "地址有误，或者您无权查看。",
        "The address is wrong, or it is not yours to see.",
    ),
    405: ("请求有误", "Bad request", "请从页面上的按钮操作。", "Please use the buttons on our pages."),
    413: (
        "内容过长",
        "Too much",
        "提交的内容超过 {most}，请缩短后再提交。",
        "More than {most} was sent; please shorten it.",
    ),
    429: ("请稍候", "Please wait", "尝试次数过多，请稍后再试。", "Too many attempts; please try again later."),
    500: (
        "系统出错",
        "Something broke",
        "没有保存。请返回再试一次；仍不行请联系管理员。",
        "Nothing was saved. Go back and try once more; if it fails again, tell the administrator.",
    ),
    503: ("暂时无法服务", "Not now", "没有保存。请稍后再试。", "Nothing was saved. Please try again later."),
}
NOT_SAVED: Final = ("未保存", "Not saved")
NO_MEMORY: Final = (
    "未保存：本机内存不足。已有数据不受影响，请稍后重试",
    "not saved: this machine is short of memory. Nothing stored is lost; try again in a moment",
)
RETRY_AFTER_S: Final = 30


def register(
    app: Flask,
    *,
    casebook: Casebook,
    accounts: Accounts,
    config: Config,
    clock: Callable[[], int],
    sync_now: Callable[[], dict[str, Any]],
    sync_soon: Callable[[], None],
    node_status: Callable[[], dict[str, Any]],
    courier: Carrier,
    exchanging: Callable[[], bool] = lambda: False,
    above: Above | None = None,
) -> Site:
    """Hang the pages every level has into the app. A higher level adds its own with `add_pages`.

    Call `refuse_undeclared_routes(app)` once everything else is in the app as well. `sync_soon`: begins an exchange and
    does not wait for it. `exchanging`: whether one with the level above is under way just now. `above`: whom a
    resident's look-up goes on to.
    """
    site = Site(
        casebook, accounts, config, clock, sync_now, sync_soon, node_status, exchanging, courier, Assets(), above
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.extensions[SITE] = site
    app.json.ensure_ascii = False  # type: ignore[attr-defined] # of Flask's own provider: Chinese can be read as it is
    described = programs.register(app)
    add_pages(app, (*ROUTES, *described), NAVIGATION, Blueprint("web", __name__, template_folder="templates"))
    app.register_error_handler(HTTPException, lambda error: _trouble(site, error))
    app.register_error_handler(StoreError, lambda fault: _not_saved(site, fault))
    app.register_error_handler(MemoryError, lambda _: _not_saved(site, NotSaved(*NO_MEMORY)))
    app.before_request(lambda: _guard(app, site))
    keep_unlogged(app.name)
    app.after_request(lambda response: response if _is_door() else _hardened(response, tls=config.behind_tls))
    return site


def _hardened(response: Response, *, tls: bool) -> Response:
    policy = PICTURES_POLICY if request.endpoint == "api_docs" else CONTENT_POLICY
    drawn = request.endpoint in papers.SHOWS_PICTURES and request.method == "POST"
    if drawn and response.status_code == 200:
        policy = PICTURES_POLICY
    if request.endpoint in papers.GIVES_FILES and response.headers.get("Content-Disposition", "").startswith("attach"):
        policy = FILE_POLICY
    if request.endpoint in board.EVERY_S:
        response.headers["Refresh"] = str(board.EVERY_S[request.endpoint])
    return harden(response, tls=tls, policy=policy)


def add_pages(
    app: Flask, routes: Iterable[Route], navigation: Iterable[tuple[Route, str, str]], templates: Blueprint
) -> None:
    """Hang more pages into an app that has been registered: routes, doors in the head of each page, their templates."""
    site: Site = app.extensions[SITE]
    app.register_blueprint(templates)
    for route, zh, en in navigation:
        site.navigation.append(route)
        site.labels[route.name] = (zh, en)
    for each in routes:
        add(app, site, each)


def add(app: Flask, site: Site, route: Route) -> None:
    """Hang one page into the app under its policy: who may not use it gets the answer of an unknown address."""

    def answer(**arguments: Any) -> Any:
        # A page that asks by itself says when the person in front of it did something since it last asked.
        visit = site.visit(request, touch=not route.refreshes or request.args.get("here") == "1")
        changes = request.method not in ("GET", "HEAD", "OPTIONS")
        if changes:
            visit.check_form()
        if visit.person is None and route.policy.roles is not None and not route.refreshes:
            if not changes:
                return visit.redirect("sign_in", back=local_path(request.full_path.rstrip("?")))
            return sign_in.sign_in_and_go_on(visit, lambda again: permitted(again, arguments))
        if visit.person is None and route.policy.roles is not None:
            return visit.render("ended_strip.html")  # by which a page that asks by itself sees that it is to go away
        return permitted(visit, arguments)

    def permitted(visit: Visit, arguments: dict[str, Any]) -> Any:
        if not route.policy.allows(visit.person.roles if visit.person else None):
            _note_refusal(visit, refusals.ROUTE, route)
            raise NotFound
        redrawn = route.redraws and display.take(visit)
        if route.vouched and not redrawn and not (route.takes_leave and leaves.given(visit, request.path)):
            asked = sign_in.vouching(visit, route.for_good)
            if asked is not None:
                return asked
        try:
            given = route.view(visit, **arguments)
        except NotFound:
            _note_refusal(visit, refusals.OBJECT, route)
            raise
        except searches.Over:
            anew = url_for("start") if "<" in route.rule else visit.again(route.name, text=None)
            return visit.render("search_over.html", 410, anew=anew)
        if isinstance(given, Response) and given.status_code == HTTPStatus.NOT_FOUND:
            _note_refusal(visit, refusals.OBJECT, route)
        if redrawn:
            display.keep(visit, given)
        return given

    app.add_url_rule(route.rule, route.name, answer, methods=list(route.methods))
    declare(app, route.name, route.policy)


def _note_refusal(visit: Visit, action: str, route: Route) -> None:
    """Somebody signed in who asks for what is not theirs, or not here, leaves a line; strangers would fill the disk."""
    if visit.person is not None:
        with suppress(NotSaved):  # on a full disk they are refused all the same, and who reads goes on reading
            visit.site.accounts.refusals.note(visit.person.staff_no, action, route.name, hidden(request.path))


def _guard(app: Flask, site: Site) -> Response | None:
    """Before any page: the host must be one of ours, the route must have a policy, the form must have an end."""
    if _is_door():
        return None
    if not is_for(site.hosts, request.host):
        if programs.is_for_programs():
            raise BadRequest
        return _bare(HTTPStatus.BAD_REQUEST, TROUBLES[400])
    policy = declared(app).get(request.endpoint or "")
    request.max_content_length = request.max_form_memory_size = MAX_BODY
    request.max_form_parts = MAX_FORM_PARTS
    if request.endpoint in papers.TAKES_FILES:
        request.max_content_length = papers.FORM_MOST
    if request.endpoint in phone.TAKES_FILES:
        phone.found(site.stranger(request), (request.view_args or {})["token"])  # before anything of it is read
        request.max_content_length = papers.FORM_MOST
    if request.endpoint in resumable.TAKES_PIECES:
        request.max_content_length = PIECE_MOST
    if request.endpoint in batches.TAKES_SHEETS:
        request.max_content_length = batches.FORM_MOST
    if request.endpoint in catalogue_import.TAKES_FILES:
        request.max_content_length = catalogue_import.FORM_MOST
    if request.endpoint in couriers.TAKES_FILES and site.visit(request, touch=False).person is not None:
        request.max_content_length = couriers.FILE_MOST
    if request.endpoint is not None and policy is None:
        raise NotFound
    return None


def _is_door() -> bool:
    """Tell whether the request is another node's, which proves itself by its signature and counts every byte."""
    return request.blueprint in DOORS


def _not_saved(site: Site, fault: StoreError) -> Response:
    """The page for a database that refused: nothing was saved, and why. A form that was sent is still on it."""
    if programs.is_for_programs():
        return programs.trouble(fault)
    if request.accept_mimetypes.best == "application/json":  # our own script, which says it beside the file
        told: Response = jsonify(kept=0, problems=[_visitor(site).unsaved(fault)])
        told.status_code = 503
        told.headers["Retry-After"] = str(RETRY_AFTER_S)
        return told
    sent = request.method == "POST"
    words = (*(NOT_SAVED if sent else TROUBLES[503][:2]), fault.zh, fault.en)
    response = _drawn(site, 503, words, sign_in.still_typed(request.form) if sent else None)
    response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response


def _visitor(site: Site) -> Visit:
    """Who asks, as far as the database can say it now."""
    with suppress(StoreError, MemoryError):
        return site.visit(request, touch=False)
    return site.stranger(request)


def _drawn(
    site: Site, status: int, words: tuple[str, str, str, str], typed: sign_in.StillTyped | None = None
) -> Response:
    """A page with what went wrong; without the person and the sync strip where not even they can be read; the words
    alone where there is no memory for a page."""
    for visit, bare in ((site.visit, False), (site.stranger, True)):
        try:
            return visit(request, touch=False).render("trouble.html", status, words=words, typed=typed, bare=bare)
        except (StoreError, MemoryError):
            continue
    return _bare(status, words)


def _bare(status: int, words: tuple[str, str, str, str]) -> Response:
    response = make_response("\n".join(words) + "\n", status)
    response.headers["Content-Type"] = "text/plain; charset=utf-8"
    return response


def words_of(status: int) -> tuple[str, str, str, str]:
    """What went wrong with a request and what to do; of one that is too large, how large it may be."""
    words = TROUBLES.get(status) or TROUBLES[500 if status >= HTTPStatus.INTERNAL_SERVER_ERROR else 400]
    most = previews.most_words(request.max_content_length or MAX_BODY)
    return *words[:2], words[2].format(most=most), words[3].format(most=most)


def _trouble(site: Site, error: HTTPException) -> Response:
    """The page for a request that failed. Absent and forbidden look the same."""
    status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    if programs.is_for_programs():
        return programs.trouble(error)
    if error.response is not None or status < HTTPStatus.BAD_REQUEST:
        return error.get_response()  # a redirect to the right spelling of an address
    words = words_of(status)
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE and request.endpoint in batches.TAKES_SHEETS:
        words = batches.TOO_LARGE
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE and request.endpoint in catalogue_import.TAKES_FILES:
        words = catalogue_import.TOO_LARGE
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE and request.endpoint in papers.TAKES_FILES | phone.TAKES_FILES:
        words = papers.TOO_LARGE
    response = _drawn(site, status, words)
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


__all__ = ["ROUTES", "add_pages", "refuse_undeclared_routes", "register"]
