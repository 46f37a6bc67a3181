"""Webhooks: to which other systems this node sends news of cases, and how that goes."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from sync_protocol.case.workflow import STATES
from village_node.accounts.webhooks import TOLD, WebhookTrouble
from village_node.store.webhooks import WebhookRow
from village_node.web import counter_books, filters, times
from village_node.web.filters import Choice
from village_node.web.policy import ADMIN, Policy, Route
from village_node.web.site import Visit

REGISTERS: Final = Policy(ADMIN, "node")
# What a system that follows cases from outside mostly wants; the others are beside it.
USUAL: Final = ("received", "correcting", "accepted", "refused", "decided_approved", "decided_refused", "issued",
                "delivered", "withdrawn")  # fmt: skip
# A receiver that has taken nothing for so long is shown on the health page, and not only here.
SILENT_MS: Final = times.HOUR_MS
LIVES, FAILS, GONE, ENDED = "lives", "fails", "gone", "ended"
KINDS: Final = {
    LIVES: ("正常", "in use"),
    FAILS: ("送不到", "not taken"),
    GONE: ("对方不再接收", "refused for good"),
    ENDED: ("已停用", "ended"),
}


@dataclass(frozen=True)
class Line:
    """One webhook as the page shows it, and how much news waits for it."""

    row: WebhookRow
    state: str
    waiting: int

    @property
    def url(self) -> str:
        """Where it goes, without what follows ``?``: a key may stand there."""
        return self.row.url.partition("?")[0]

    @property
    def why(self) -> tuple[str, str]:
        """What went wrong last, in both languages."""
        zh, _, en = (self.row.last_error or "").partition(" / ")
        return zh, en


def webhooks(visit: Visit) -> Response:
    """Every webhook of this node."""
    return _page(visit, resent=visit.request.args.get("done") == "resent")


def make(visit: Visit) -> Response:
    """Register one and show its secret, once."""
    kept = {name: visit.line(name) for name in ("name", "url", "item_no", "place")}
    states = visit.request.form.getlist("states")
    try:
        _check_narrowing(visit, kept["item_no"], kept["place"])
        secret = visit.site.accounts.webhooks.register(
            kept["name"], kept["url"], states, kept["item_no"], kept["place"], visit.staff.staff_no
        )
    except WebhookTrouble as trouble:
        words = visit.t(trouble.zh, trouble.en)
        said: dict[str, Any] = {"errors": {trouble.field: words}} if trouble.field else {"problem": words}
        return _page(visit, 422, kept={**kept, "states": states}, **said)
    return _page(visit, drawn=secret, drawn_name=kept["name"])


def _check_narrowing(visit: Visit, item_no: str, place: str) -> None:
    """Raises WebhookTrouble for an item or a place that nobody knows: nothing would ever be sent."""
    if item_no and visit.site.catalogue.newest(item_no) is None:
        raise WebhookTrouble(
            "没有这个事项编号，请到“事项”页查看，或留空。",
            "No item has this number: see Services, or leave it empty.",
            "item_no",
        )
    if place and place not in visit.site.places:
        raise WebhookTrouble("没有这个单位，请重新选择。", "There is no such place; choose another.", "place")


def end(visit: Visit, number: str) -> Response:
    """End a webhook now."""
    if not visit.site.accounts.webhooks.end(_number(number), visit.staff.staff_no):
        raise NotFound
    return visit.redirect("webhooks")


def resend(visit: Visit, number: str) -> Response:
    """Have what waits sent at once."""
    if not visit.site.accounts.webhooks.resend(_number(number), visit.staff.staff_no):
        raise NotFound
    return visit.redirect("webhooks", done="resent")


def lines(visit: Visit) -> list[Line]:
    """Every webhook, those in use first, with how it stands."""
    rows = visit.site.accounts.webhooks.rows
    waiting = rows.waiting()
    return [Line(row, _state(row), waiting.get(row.id, 0)) for row in rows.all()]


def in_trouble(rows: Iterable[WebhookRow], now_ms: int) -> list[WebhookRow]:
    """Those whose receiver has taken nothing for long or wants no more, or of whose news some was dropped untold."""
    return [
        row
        for row in rows
        if row.gone or row.untold or (row.first_failure_ms is not None and now_ms - row.first_failure_ms >= SILENT_MS)
    ]


def _number(number: str) -> int:
    if not number.isascii() or not number.isdecimal() or len(number) > 9:
        raise NotFound
    return int(number)


def _page(visit: Visit, status: int = 200, **values: Any) -> Response:
    site = visit.site
    kept = site.accounts.webhooks
    kinds = [(code, visit.t(*words)) for code, words in KINDS.items()]
    asked = filters.asked(
        visit, "webhooks", visit.t("名称或地址", "Name or address"), Choice("state", visit.t("状态", "State"), kinds)
    )
    found = [each for each in lines(visit) if asked.fit((each.row.name, each.url), state=each.state)]
    places = site.places
    below = places.below_or_self(site.config.place) if site.config.place in places else ()
    return visit.render(
        "webhooks.html",
        status,
        listed=counter_books.listed(visit, "webhooks", found),
        filters=asked,
        hosts=kept.hosts,
        news=[(code, visit.t(STATES[code].zh, STATES[code].en)) for code in TOLD],
        places=[(code, visit.place_name(code)) for code in below],
        **{"kept": {"states": USUAL}, "errors": {}, **values},
    )


def _state(row: WebhookRow) -> str:
    if row.ended_ms is not None:
        return ENDED
    return GONE if row.gone else FAILS if row.failures else LIVES


ROUTES: Final = (
    Route("/webhooks", "webhooks", webhooks, REGISTERS),
    Route("/webhooks/make", "make_webhook", make, REGISTERS, ("POST",), vouched=True),
    Route("/webhooks/<number>/end", "end_webhook", end, REGISTERS, ("POST",)),
    Route("/webhooks/<number>/resend", "resend_webhook", resend, REGISTERS, ("POST",)),
)
