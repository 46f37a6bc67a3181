"""What every page is handed: the node's parts (Site), and one request with the person who made it (Visit)."""

import base64
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from flask import Request, current_app, make_response, redirect, render_template, url_for
from werkzeug.exceptions import Forbidden, HTTPException
from werkzeug.wrappers import Response

from sync_protocol.case.catalogue import Catalogue
from sync_protocol.case.powers import ROLES
from sync_protocol.exchange import Finding, Inquiry
from sync_protocol.places import PlaceTree
from village_node.accounts import Accounts, Person
from village_node.accounts.sessions import form_token, is_form_token
from village_node.casebook import Casebook
from village_node.config import Config
from village_node.notices.printing import Printer
from village_node.pace import Pace
from village_node.store import StoreError
from village_node.web import entry, masking, times, words
from village_node.web.assets import Assets
from village_node.web.errands import Errands, Tell
from village_node.web.finder import Finder
from village_node.web.icons import icon
from village_node.web.policy import COUNTER, Route, declared
from village_node.web.sync_bar import SyncBar, SyncState, sync_bar
from village_node.web.way_back import WayBack, way_back

SITE: Final = "sanji.site"  # under which an app keeps its site
LANGUAGES: Final = ("zh", "en")
DISPLAY_COOKIE: Final = "sanji-display"
DISPLAY_DAYS: Final = 365
KIOSK_COOKIE: Final = "sanji-kiosk"  # of a browser that stands in a hall, where one person comes after another
LONGEST_FIELD: Final = 20_000
TOKEN_HEADER: Final = "Form-Token"  # of a request of our own script whose body is no form
ASKED_EACH: Final = 6  # questions upward within a minute of one address, which may be a screen in a hall
ASKED_IN_ALL: Final = 20
ASKED_AT_HAND: Final = 6  # of these, for screens in the hall and this machine's own: whoever is there has come for it


class Carrier(Protocol):
    """Who writes and reads bundles. Each raises a CasebookError that says why a file is none, or cannot be written."""

    def fold(self, actor: str, place: str, *, tell: Tell) -> tuple[Any, bytes]:
        """A bundle for a place, as one file: what is in it, and its bytes. `tell` hears how far it is."""

    def unfold(self, actor: str, name: str, raw: bytes, *, tell: Tell) -> Any:
        """Take in the bundle in one file; what came of it."""

    def verify_file(self, name: str, raw: bytes, *, tell: Tell) -> Any:
        """Look at it, and take nothing in."""


class Above:
    """Whom questions about cases that are not here go to, and how many of them people here may have asked."""

    def __init__(self, ask: Callable[[Inquiry], Finding], monotonic: Callable[[], float]) -> None:
        """`ask`: takes no longer than the patience of the question. `monotonic` in seconds."""
        self.ask = ask
        self.pace = Pace(ASKED_EACH, ASKED_IN_ALL, monotonic, ASKED_AT_HAND)


def hosts_of(config: Config) -> frozenset[str]:
    """The host names a node answers to: a page of a strange name that resolves to this machine gets nothing."""
    own = {config.host, urlsplit(config.url).hostname or "", "localhost", "127.0.0.1", "::1"}
    return frozenset(config.allowed_hosts) | own - {"", "0.0.0.0", "::"}


def is_for(hosts: frozenset[str], asked: str) -> bool:
    """Whether the Host of a request, with or without a port, is one of those."""
    return asked.rpartition(":")[0].strip("[]") in hosts or asked.strip("[]") in hosts


@dataclass
class Site:
    """The parts a page may use, handed in by the wiring; `clock` in ms since 1970."""

    casebook: Casebook
    accounts: Accounts
    config: Config
    clock: Callable[[], int]
    sync_now: Callable[[], dict[str, Any]]
    sync_soon: Callable[[], None]
    node_status: Callable[[], dict[str, Any]]
    exchanging: Callable[[], bool]
    courier: Carrier
    assets: Assets
    above: Above | None = None  # whom questions go to; None: nobody is above, or there is no line
    printer: Printer = field(default_factory=Printer)
    navigation: list[Route] = field(default_factory=list)
    labels: dict[str, tuple[str, str]] = field(default_factory=dict)
    # One filing at a time: a second click must find what the first one filed.
    filing: threading.Lock = field(default_factory=threading.Lock)
    # Draft -> what it became, where the disk had no room to note that: a second click must find it all the same.
    filed: dict[str, tuple[str, str]] = field(default_factory=dict)
    errands: Errands = field(default_factory=Errands)
    finders: list[Finder] = field(default_factory=list)  # the one last made

    @property
    def level(self) -> str:
        """The level of this node's place: village, township, county or station."""
        return self.config.level

    @property
    def face(self) -> str:
        """How pages of staff look here: a village has the large letters and targets that residents have."""
        return "staff" if self.level in ("township", "county") else "village"

    @property
    def places(self) -> PlaceTree:
        """The tree of places as the newest roster has it."""
        return self.casebook.roster.places

    def randomness(self, count: int) -> bytes:
        """So many random bytes, from where the casebook has them."""
        return self.casebook.randomness(count)

    @property
    def catalogue(self) -> Catalogue:
        """The items this node knows."""
        return self.casebook.catalogue

    @property
    def finder(self) -> Finder:
        """The finder over those items, as they are today; made anew when the county has published, and on a new day."""
        catalogue, day = self.catalogue, self.casebook.item_day()
        kept = self.finders[-1] if self.finders else None
        if kept is None or kept.catalogue is not catalogue or kept.day != day:
            kept = Finder(catalogue, day)
            self.finders[:] = [kept]
        return kept

    @property
    def session_cookie(self) -> str:
        """The name of the session cookie: one a place, since nodes on one machine share their cookies."""
        name = f"sanji-{self.config.place}"
        return f"__Host-{name}" if self.config.behind_tls else name

    @cached_property
    def hosts(self) -> frozenset[str]:
        """The host names this node answers to."""
        return hosts_of(self.config)

    def visit(self, request: Request, *, touch: bool = True) -> "Visit":
        """One request and the person behind it."""
        cookie = request.cookies.get(self.session_cookie, "")[:128]
        lang, _, big = request.cookies.get(DISPLAY_COOKIE, "").partition(".")
        return Visit(
            self,
            request,
            cookie,
            self.accounts.person(cookie, touch=touch),
            lang if lang in LANGUAGES else "zh",
            big == "big",
            request.cookies.get(KIOSK_COOKIE) == "yes",
        )

    def stranger(self, request: Request, *, touch: bool = False) -> "Visit":
        """One request as of somebody unknown: what can be shown when the database cannot be asked who it is."""
        return Visit(self, request, request.cookies.get(self.session_cookie, "")[:128], None, "zh", False)


@dataclass
class Visit:
    """One request: who made it, in which language and letter size, and how it is answered."""

    site: Site
    request: Request
    cookie: str
    person: Person | None
    lang: str
    big: bool
    kiosk: bool = False
    address: str = ""  # where what a form brought can be asked for by address all the same
    redrawn: bool = False  # the form in hand is to be drawn once more, and nothing done
    carries: tuple[tuple[str, str], ...] = ()  # what stands for the fields of the form, where they are not to be shown

    @property
    def staff(self) -> Person:
        """The person signed in. Only for routes whose policy asks for one."""
        assert self.person is not None, "a route for staff was reached without a session"
        return self.person

    @property
    def now_ms(self) -> int:
        """The time of this node."""
        return self.site.clock()

    @property
    def source(self) -> str:
        """The address the request came from, for throttles and the audit trail."""
        return self.request.remote_addr or "unknown"

    @property
    def network(self) -> str:
        """Where the request came from, for what one house may do: of IPv6 the net, for each house has one."""
        try:
            address = ip_address(self.source)
        except ValueError:
            return self.source
        if isinstance(address, IPv4Address):
            return str(address)
        return str(address.ipv4_mapped or IPv6Address(int(address) >> 64 << 64))

    @property
    def is_at_hand(self) -> bool:
        """Whether the request came from this machine itself, or from a screen in the hall: a browser that has opened
        the page of one, at an address where one stands. A telephone in the same net can open that page as well."""
        try:
            address = ip_address(self.source)
        except ValueError:
            return False
        plain = address.ipv4_mapped or address if isinstance(address, IPv6Address) else address
        hall = (ip_network(each) for each in self.site.config.kiosk_addresses)
        return plain.is_loopback or (self.kiosk and any(plain in net for net in hall))

    def t(self, zh: str, en: str) -> str:
        """The wording in the language chosen; Chinese is the source, English stands beside it."""
        return en if self.lang == "en" else zh

    def unsaved(self, fault: StoreError) -> str:
        """What a form says that came to nothing because of the database: first of all that it is not saved."""
        lead, words = self.t("未保存", "not saved"), self.t(fault.zh, fault.en)
        return words if words.startswith(lead) else lead + self.t("：", ": ") + words

    def may(self, roles: frozenset[str]) -> bool:
        """Tell whether the person signed in has one of these roles."""
        return self.person is not None and not self.person.roles.isdisjoint(roles)

    def may_open(self, endpoint: str) -> bool:
        """Tell whether the person signed in may use one of our pages."""
        return self.person is not None and declared(current_app)[endpoint].allows(self.person.roles)

    def again(self, endpoint: str, **changed: Any) -> str:
        """The address of one of our pages with what stands in this one's, its filters above all; ``changed``: set or
        (None) left out. What would be taken for an order about the address itself stays behind."""
        kept = {name: text for name, text in self.request.args.items() if name != "endpoint" and name[:1] != "_"}
        return url_for(endpoint, **{**kept, **changed})

    def role_names(self) -> str:
        """The person's roles in words."""
        return self._named(self.staff.roles - self.staff.stands_in)

    def stood_in_names(self) -> str:
        """The roles that the person stands in for, in words; empty where there are none."""
        return self._named(self.staff.stands_in)

    def _named(self, roles: frozenset[str]) -> str:
        return self.t("、", ", ").join(self.t(*ROLES[role, self.site.level]) for role in sorted(roles))

    def line(self, name: str) -> str:
        """One field of the form, as one line of normalised text; absent ones are empty."""
        return entry.line(self.request.form.get(name, "")[:LONGEST_FIELD])

    def paragraph(self, name: str) -> str:
        """One field of the form, as normalised text of several lines."""
        return entry.paragraph(self.request.form.get(name, "")[:LONGEST_FIELD])

    def check_form(self) -> None:
        """Refuse a request that changes something and did not come from one of our own forms. Raises Forbidden."""
        check_form(self.request, self.cookie)

    def render(self, template: str, status: int = 200, **values: object) -> Response:
        """Answer with a page; a browser without cookie gets one, so that its forms can carry a token."""
        fresh = "" if self.cookie else self._draw_cookie()
        page = render_template(template, **self._words(), way_back=self._way_back(status), **values)
        response = make_response(page, status)
        if fresh:
            self.keep_session(response, fresh)
        return response

    def _way_back(self, status: int) -> WayBack | None:
        """How the buttons of the frame come back to the page that is being drawn."""
        try:
            self.check_form()
        except HTTPException:  # also of what was too long to be read
            return way_back(self.request, status, self.address, ours=False)
        return way_back(self.request, status, self.address, ours=True, carries=self.carries)

    def _draw_cookie(self) -> str:
        self.cookie = base64.urlsafe_b64encode(self.site.randomness(32)).rstrip(b"=").decode("ascii")
        return self.cookie

    def keep_session(self, response: Response, cookie: str) -> None:
        """Give the browser its session cookie; it lasts until the browser closes or the server ends the session."""
        tls = self.site.config.behind_tls
        response.set_cookie(self.site.session_cookie, cookie, httponly=True, samesite="Strict", secure=tls, path="/")

    def redirect(self, endpoint: str, **values: Any) -> Response:
        """Send the browser on to one of our pages with GET."""
        return redirect(url_for(endpoint, **values), code=303)

    @cached_property
    def once(self) -> str:
        """The id that the forms of this page bring, so that one sent twice is done once."""
        return self.site.randomness(16).hex()

    @cached_property
    def bar(self) -> SyncBar:
        """How far this node's events have come, in plain words."""
        return sync_bar(self.sync_state, self.now_ms)

    @cached_property
    def sync_state(self) -> SyncState:
        """How the way up stands, read once for this request."""
        return SyncState.read(self.site.casebook, running=self.site.exchanging())

    def place_name(self, code: str) -> str:
        """The name of a place; one the roster does not know yet keeps its code."""
        try:
            return self.site.places.name(code)
        except KeyError:
            return code

    def _words(self) -> Mapping[str, object]:
        """What every template can use."""
        now = self.now_ms
        return {
            "visit": self,
            "site": self.site,
            "t": self.t,
            "icon": icon,
            "mask": masking,
            "token": form_token(self.cookie),
            "moment": lambda ms: times.moment(ms, self.lang),
            "day": lambda ms: times.day(ms, self.lang),
            "short": lambda ms: times.short(ms, now, self.lang),
            "age": lambda ms: times.age(ms, now, self.lang),
            "place_name": self.place_name,
            "counter": COUNTER,
            "purposes": words.PURPOSES,
            "state_words": words.state_words,
            "choice_words": words.choice_words,
            "catalogue_words": words.catalogue_words,
            "field_words": words.field_words,
            "typed_words": words.typed_words,
            "typed_text": words.typed_text,
            "fact_words": words.fact_words,
        }


def check_form(request: Request, cookie: str) -> None:
    """Refuse a request that changes something and did not come from a form shown to the browser with this cookie.
    Raises Forbidden."""
    site_relation = request.headers.get("Sec-Fetch-Site")
    if site_relation is not None and site_relation != "same-origin":
        raise Forbidden
    # Our own referrer policy makes honest browsers say "null" here; then the token alone decides.
    origin = request.headers.get("Origin")
    if origin not in (None, "null") and origin != request.host_url.rstrip("/"):
        raise Forbidden
    if not is_form_token(cookie, request.headers.get(TOKEN_HEADER) or request.form.get("token", "")):
        raise Forbidden


def local_path(text: str) -> str:
    """A path on this node to go back to; anything that could lead elsewhere becomes the start page."""
    parts = urlsplit(text)
    if parts.scheme or parts.netloc or not text.startswith("/") or text.startswith("//") or "\\" in text:
        return "/"
    return text if text.isprintable() else "/"
