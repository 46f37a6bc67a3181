"""The pages of a set-up, an application of its own that ends before the node's begins. All but the first are for the
one browser that was let in; every form carries its token."""

import sys
from collections.abc import Callable
from http import HTTPStatus
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

import flask
from werkzeug.exceptions import BadRequest, Forbidden, HTTPException, NotFound
from werkzeug.wrappers import Response

from sync_protocol import limits
from sync_protocol.case.powers import ROLES
from sync_protocol.errors import ProtocolError
from village_node import app, identity, keyring
from village_node.accounts import StaffTrouble
from village_node.accounts.people import MANAGES
from village_node.accounts.sessions import form_token
from village_node.config import BadSettings
from village_node.joining import Stage
from village_node.setup import making, plan, regions
from village_node.setup.plan import Faults
from village_node.setup.wizard import Wizard
from village_node.setup.words import LABELS, TITLES
from village_node.store import StoreError
from village_node.web import entry
from village_node.web.assets import Assets
from village_node.web.headers import harden
from village_node.web.icons import icon
from village_node.web.pages import words_of
from village_node.web.policy import Policy, Route, declare, refuse_undeclared_routes
from village_node.web.qr import qr
from village_node.web.site import check_form, is_for

COOKIE: Final = "sanji-setup"
LOOKS_AGAIN_S: Final = 5
FORM_MOST: Final = 16_384
ANSWER_MOST: Final = limits.SEALED_MESSAGE + FORM_MOST
SETTER: Final = frozenset({"setter"})
ANYBODY: Final = Policy(None, "public")
OURS: Final = Policy(SETTER, "own", "typed")
WAYS: Final = {
    "alone": {"behind_tls": False, "pages_without_tls": False},
    "tls": {"behind_tls": True, "pages_without_tls": False},
    "clear": {"behind_tls": False, "pages_without_tls": True},
}
NOT_ONE: Final = ("请从所列选项中选择", "choose from the list")
DIFFER: Final = ("两次输入的不一样，请重新输入", "the two differ; type them again")


# Why a node was not made: in Chinese where what was raised does not say it itself, and the step that is to be mended.
_UNMADE: Final[dict[type[Exception], tuple[str, str]]] = {
    StaffTrouble: ("", "account"),
    StoreError: ("", ""),
    making.Inhabited: ("", ""),
    BadSettings: ("有一项设置不能用，请按下面的说明修改", "reach"),
    identity.NoIdentity: (
        "数据目录里已有身份文件，属于另一个单位或已损坏：请核对单位代码，或换一个空的数据目录再运行 setup",
        "place",
    ),
    keyring.NoPassphrase: ("口令打不开数据目录里的密钥，请重新填写上次设置时的口令", "keys"),
    ProtocolError: ("单位代码、名称或区划表里有不能登记的内容，请核对", "place"),
    OSError: ("文件没有写到磁盘上，请检查数据目录、磁盘空间和权限后再按一次", ""),
}


class Pages:
    """The application. `hosts`: the names it answers to; `lan`: it is served beyond this machine."""

    def __init__(self, wizard: Wizard, hosts: frozenset[str], *, lan: bool) -> None:
        """Hang all pages into it."""
        self.wizard = wizard
        self.hosts = hosts
        self.lan = lan
        self.assets = Assets()
        self.app = flask.Flask("village_node.web", static_folder=None)
        self.app.jinja_env.trim_blocks = self.app.jinja_env.lstrip_blocks = True
        self.app.before_request(self._guard)
        self.app.after_request(lambda response: harden(response, tls=False))
        self.app.register_error_handler(HTTPException, self._trouble)
        for route in (
            Route("/", "start", self.start, ANYBODY),
            Route("/assets/<version>/<name>", "asset", self.asset, ANYBODY),
            Route("/setup", "setup", self.door, ANYBODY, ("GET", "POST")),
            Route("/setup/<step>", "setup_step", self.step, OURS, ("GET", "POST")),
            Route("/setup/look", "setup_look", self.look, OURS, ("GET", "POST")),
            Route("/setup/joining", "setup_joining", self.joining, OURS),
            Route("/setup/request", "setup_request", self.request_file, OURS),
            Route("/setup/files", "setup_files", self.files, OURS, ("GET", "POST")),
            Route("/setup/address", "setup_address", self.address, OURS, ("GET", "POST")),
            Route("/setup/compared", "setup_compared", self.compared, OURS, ("POST",)),
        ):
            self._add(route)
        refuse_undeclared_routes(self.app)

    def _add(self, route: Route) -> None:
        def answer(**arguments: str) -> Any:
            cookie = _cookie()
            if flask.request.method not in ("GET", "HEAD", "OPTIONS"):
                check_form(flask.request, cookie)
            if not route.policy.allows(SETTER if self.wizard.is_in(cookie) else None):
                if flask.request.method == "GET":
                    return flask.redirect("/setup", 303)
                raise Forbidden
            return route.view(**arguments)

        self.app.add_url_rule(route.rule, route.name, answer, methods=list(route.methods))
        declare(self.app, route.name, route.policy)

    def _guard(self) -> None:
        if not is_for(self.hosts, flask.request.host):
            raise BadRequest
        takes_file = flask.request.endpoint == "setup_files" and self.wizard.is_in(_cookie())
        flask.request.max_content_length = ANSWER_MOST if takes_file else FORM_MOST
        flask.request.max_form_memory_size = FORM_MOST

    def _trouble(self, error: HTTPException) -> Response:
        status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
        if status < HTTPStatus.BAD_REQUEST:
            return error.get_response()
        return self._page("setup_trouble.html", status, words=words_of(status))

    def _page(self, template: str, status: int = 200, faults: Faults | None = None, /, **values: Any) -> Response:
        """A page; a browser without cookie gets one, so that its forms can carry a token."""
        cookie = _cookie()
        fresh = "" if cookie else self.wizard.cookie()
        shown = flask.render_template(
            template,
            wizard=self.wizard,
            assets=self.assets,
            icon=icon,
            titles=TITLES,
            labels=LABELS,
            faults=faults or {},
            token=form_token(cookie or fresh),
            lan=self.lan,
            **values,
        )
        response = flask.make_response(shown, status)
        if fresh:
            _keep(response, fresh)
        return response

    def start(self) -> Response:
        """Lead whoever types the bare address to the set-up."""
        return flask.redirect("/setup", 303)

    def asset(self, version: str, name: str) -> Response:
        """A style or drawing of ours."""
        found = self.assets.get(version, name)
        if found is None:
            raise NotFound
        response = flask.Response(found.content, content_type=found.media_type)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response

    def door(self) -> Response:
        """The page that asks for the code; whoever is in is led on."""
        if flask.request.method == "GET":
            return self._on() if self.wizard.is_in(_cookie()) else self._page("setup_door.html")
        who = flask.request.remote_addr or "unknown"
        cookie, wait_s = self.wizard.enter(_typed("code")[:64], who, at_hand=_is_loopback(who))
        if wait_s:
            seconds = int(wait_s) + 1
            words = (f"尝试次数过多，请 {seconds} 秒后再试", f"too many attempts: try again in {seconds} seconds")
            response = self._page("setup_door.html", 429, {"code": words})
            response.headers["Retry-After"] = str(seconds)
            return response
        if not cookie:
            wrong = ("设置码不对，请看启动程序的窗口里最新的一个", "wrong: it stands in the window of the program")
            return self._page("setup_door.html", 401, {"code": wrong})
        response = self._on()
        _keep(response, cookie)
        return response

    def _on(self) -> Response:
        """Lead on to where the set-up stands; where nobody is above, a node that is made is complete."""
        if self.wizard.joining is not None:
            return flask.redirect("/setup/joining", 303)
        if self.wizard.made is not None:
            return self._done()
        return flask.redirect(f"/setup/{self.wizard.next_step() or 'look'}", 303)

    def step(self, step: str) -> Response:
        """One step: its form, and what it sends. Raises NotFound."""
        if step not in self.wizard.steps:
            raise NotFound
        if self.wizard.made is not None:
            return self._on()
        if flask.request.method == "GET":
            return self._step(step)
        told, faults = _READ[step](self.wizard)
        found = self.wizard.answer(step, told) | faults
        if found:
            self.wizard.answered.discard(step)
            return self._step(step, 422, found)
        return self._on()

    def _step(self, step: str, status: int = 200, faults: Faults | None = None) -> Response:
        told = self.wizard.told
        values: dict[str, Any] = {}
        if step == "place":
            listed = told["place"] if flask.request.method == "GET" else _typed("listed")
            values = {"groups": regions.grouped(self.wizard.listed, self.wizard.kind.level), "listed": listed}
        elif step == "reach":
            flags = {name: bool(told.get(name)) for name in WAYS["alone"]}
            way = next((way for way, set_to in WAYS.items() if set_to == flags), "")
            values = {"way": way, "ways": _ways(self.wizard)}
        elif step == "account":
            level = self.wizard.kind.level
            values = {"roles": [(role, ROLES[role, level]) for role in plan.roles_at(level)]}
            values["signing_in"] = [(role, ROLES[role, level]) for role in plan.signing_in(level)]
            values["advised"] = plan.advised(level)
        return self._page("setup_step.html", status, faults, step=step, told=told, **values)

    def look(self) -> Response:
        """All answers once more, and the button that makes the node."""
        if self.wizard.made is not None or self.wizard.next_step() is not None:
            return self._on()
        if flask.request.method == "GET":
            return self._look()
        faults = self.wizard.look_again()
        if faults:
            return self._step("reach", 422, faults)
        try:
            self.wizard.make()
        except tuple(_UNMADE) as problem:
            return self._look(422, problem)
        return self._on()

    def _look(self, status: int = 200, problem: Exception | None = None) -> Response:
        wizard, level = self.wizard, self.wizard.kind.level
        roles = [ROLES[role, level] for role in (*wizard.told["roles"], MANAGES)]
        return self._page(
            "setup_look.html",
            status,
            told=wizard.told,
            roles=roles,
            demanding=[ROLES[role, level] for role in wizard.told["second_factor"] if (role, level) in ROLES],
            townships=wizard.townships(),
            problem=problem,
            why=_why(problem),
        )

    def joining(self) -> Response:
        """How far the place above is with letting the node in; the codes that people read to each other."""
        asking = self.wizard.joining
        if asking is None:
            return self._on()
        words = f"三级入网 {asking.identity.place} {asking.code}"
        drawing = qr(words, f"确认码 {asking.code}")
        response = self._page("setup_joining.html", joining=asking, stages=Stage, drawing=drawing)
        if asking.config.parent_url and asking.stage is not Stage.IN:
            response.headers["Refresh"] = str(LOOKS_AGAIN_S)
        return response

    def request_file(self) -> Response:
        """The request, to be carried to the place above."""
        asking = self.wizard.joining
        if asking is None:
            return self._on()
        response = flask.Response(asking.request, content_type="application/octet-stream")
        response.headers["Content-Disposition"] = f'attachment; filename="{app.REQUEST_FILE}"'
        return response

    def files(self) -> Response:
        """The road by file: the request to take away, the answer that came back."""
        asking = self.wizard.joining
        if asking is None or self.wizard.compares:
            return self._on()
        if flask.request.method == "GET":
            return self._page("setup_files.html", joining=asking)
        sent = flask.request.files.get("answer")
        raw = sent.read() if sent is not None else b""
        try:
            if not raw:
                raise BadSettings("choose the file that the place above has given: enrol-answer.cbor, usually")
            asking.take(raw)
        except (ProtocolError, BadSettings) as problem:
            zh = "请选择上级给的答复文件" if not raw else "这个文件不是给本机的答复，请向上级要回原文件"
            return self._page("setup_files.html", 422, {"answer": (zh, str(problem))}, joining=asking)
        except (StoreError, OSError) as problem:
            words = ("答复没有存下来，请检查磁盘后再试", f"the answer could not be kept: {problem}")
            return self._page("setup_files.html", 503, {"answer": words}, joining=asking)
        return self._on()

    def address(self) -> Response:
        """Another address of the place above, where the first was wrong or has changed."""
        asking = self.wizard.joining
        if asking is None or self.wizard.compares:
            return self._on()
        told: dict[str, Any] = {
            "road": "line" if asking.config.parent_url else "files",
            "parent_url": asking.config.parent_url,
            "parent_wait_url": asking.config.parent_wait_url,
        }
        if flask.request.method == "GET":
            return self._page("setup_address.html", told=told)
        told = _above(self.wizard)[0] | {name: text for name, text in self.wizard.fixed.items() if name in told}
        faults = plan.above_faults(told, root=False)
        if faults:
            return self._page("setup_address.html", 422, faults, told=told)
        try:
            asking.ask_at(told["parent_url"], told["parent_wait_url"])
        except OSError as problem:
            words = ("没有存下来，请检查磁盘后再试", f"it could not be kept: {problem}")
            return self._page("setup_address.html", 503, {"parent_url": words}, told=told)
        return self._on()

    def compared(self) -> Response:
        """People say that the codes agree: the set-up is over, and the node begins."""
        if not self.wizard.compares:
            return self._on()
        identity.compared(self.wizard.data)
        return self._done()

    def _done(self) -> Response:
        chosen = self.wizard.chosen
        assert chosen is not None, "a set-up is over when the node is made"
        program = Path(sys.executable).with_name(self.wizard.kind.program)
        url = chosen.url.replace("://0.0.0.0", "://127.0.0.1").replace("://[::]", "://127.0.0.1")
        response = self._page(
            "setup_done.html",
            chosen=chosen,
            url=f"{url}/sign-in",
            program=program,
            unit=making.service_unit(program, chosen),
            wrapped=keyring.is_protected(chosen.data),
            staff_no=self.wizard.told["staff_no"],
            sets_up=not {*self.wizard.told["roles"], MANAGES}.isdisjoint(chosen.second_factor),
            credentials=making.CREDENTIALS,
        )
        response.call_on_close(self.wizard.over.set)  # once it has been handed over
        return response


def _why(problem: Exception | None) -> tuple[str, str]:
    """Why a node was not made, in Chinese, and at which step that is mended; empty where there is none."""
    words, step = next((why for kind, why in _UNMADE.items() if isinstance(problem, kind)), ("", ""))
    return getattr(problem, "zh", words), step


def _cookie() -> str:
    return flask.request.cookies.get(COOKIE, "")[:128]


def _keep(response: Response, cookie: str) -> None:
    response.set_cookie(COOKIE, cookie, httponly=True, samesite="Strict", path="/")


def _typed(name: str) -> str:
    """One field of the form, as one line."""
    return entry.line(flask.request.form.get(name, "")[:1000])


def _exactly(name: str) -> str:
    """A secret exactly as typed."""
    return flask.request.form.get(name, "")[:1000]


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def _number(name: str) -> int | str:
    """A number that was typed, or what else was; nothing typed is 0."""
    typed = _typed(name)
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 7 else typed or 0


Read = Callable[[Wizard], tuple[dict[str, Any], Faults]]


def _place(wizard: Wizard) -> tuple[dict[str, Any], Faults]:
    """The place: chosen from the list, or typed. What is typed goes first."""
    listed, code, name = _typed("listed"), entry.number(_typed("place")), _typed("name")
    known = {each.code: each.name for each in wizard.listed if each.level == wizard.kind.level}
    if "place" in wizard.fixed:
        return {"name": name or known.get(wizard.fixed["place"], "")}, {}
    if listed and listed not in known:
        return {"place": code, "name": name}, {"place": NOT_ONE}
    if listed and code and code != listed:
        twice = (
            "选了一个，又填了另一个代码，请只留一个",
            "one is chosen and another code is written: leave one of them",
        )
        return {"place": code, "name": name}, {"place": twice}
    chosen, before = code or listed, wizard.told["place"]
    if chosen != before and name == wizard.told["name"] and (known.get(before) == name or "place" in wizard.answered):
        name = known.get(chosen, "" if known.get(before) == name else name)  # left over from the place before
    return {"place": chosen, "name": name or known.get(chosen, "")}, {}


def _above(_wizard: Wizard) -> tuple[dict[str, Any], Faults]:
    road = _typed("road")
    urls = {name: _typed(name) if road != "files" else "" for name in ("parent_url", "parent_wait_url")}
    return {"road": road, **urls}, {}


def _keys(_wizard: Wizard) -> tuple[dict[str, Any], Faults]:
    protect = _typed("protect")
    passphrase = _exactly("passphrase") if protect != "none" else ""
    differ = protect != "none" and passphrase != _exactly("passphrase_again")
    return {"protect": protect, "passphrase": passphrase}, {"passphrase_again": DIFFER} if differ else {}


def _ways(wizard: Wizard) -> list[str]:
    """Who may use it, as the environment leaves it open."""
    fixed = {name: wizard.fixed[name] for name in WAYS["alone"] if name in wizard.fixed}
    return [way for way, set_to in WAYS.items() if fixed.items() <= set_to.items()]


def _reach(wizard: Wizard) -> tuple[dict[str, Any], Faults]:
    way, ways = _typed("way"), _ways(wizard)
    told = {"host": _typed("host"), "port": _number("port"), "public_url": _typed("public_url")}
    told |= {"wait_port": _number("wait_port")} | WAYS.get(way, {})
    return told, {} if way in ways or not ways else {"way": NOT_ONE}


def _account(wizard: Wizard) -> tuple[dict[str, Any], Faults]:
    password = _exactly("password")
    told: dict[str, Any] = {name: _typed(name) for name in ("staff_no", "staff_name")}
    told |= {name: flask.request.form.getlist(name)[:20] for name in ("roles", "second_factor")}
    told["password"] = password
    if wizard.kind.root:
        told["hear_complaints"] = _typed("hear_complaints") == "yes"
    return told, {} if password == _exactly("password_again") else {"password_again": DIFFER}


_READ: Final[dict[str, Read]] = {
    "place": _place, "above": _above, "keys": _keys, "reach": _reach, "account": _account,
}  # fmt: skip
