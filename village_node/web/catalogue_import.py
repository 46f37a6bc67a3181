"""The items of the county as one file, and the file of another county: looked at item by item, then published."""

from contextlib import suppress
from datetime import date
from hashlib import sha256
from typing import Final, NamedTuple

from flask import make_response
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from sync_protocol.case.editions import REASON_MAX
from village_node import casebook
from village_node.casebook import AlreadyDone, BadBody, Casebook, IdTaken, NotAllowed
from village_node.casebook.importing import KeptFile
from village_node.web import catalogue_changes, catalogue_file, catalogue_plan, sent_once
from village_node.web.catalogue_file import BadFile, File
from village_node.web.catalogue_plan import Plan
from village_node.web.item_form import WORDS
from village_node.web.item_versions import PUBLISHES
from village_node.web.policy import Route
from village_node.web.site import Visit

TAKES_FILES: Final = frozenset({"look_at_catalogue", "api.import_catalogue"})
FORM_MOST: Final = catalogue_file.FILE_MOST + (256 << 10)
TOO_LARGE: Final = (
    "目录文件过大",
    "The file of items is too large",
    f"什么也没有导入。目录文件最大 {catalogue_file.FILE_MOST >> 20} MB。",
    f"Nothing was taken. A file of items has at most {catalogue_file.FILE_MOST >> 20} MB.",
)


class _Seen(NamedTuple):
    """The file that waits, and what it would change."""

    kept: KeptFile
    file: File
    plan: Plan

    @property
    def digest(self) -> str:
        """The SHA-256 of the file and of what stands here beside it: who publishes names what they saw."""
        return sha256(f"{self.kept.digest} {self.plan.seen}".encode()).hexdigest()


def whole(visit: Visit) -> Response:
    """All items as one file, which publishes nothing: also for those who would publish only in another's stead."""
    if not visit.site.casebook.may_take_items_out(visit.staff.roles):
        raise NotFound
    response = make_response(written(visit))
    response.headers["Content-Type"] = "application/json; charset=utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="catalogue-{visit.site.config.place}.json"'
    return response


def written(visit: Visit) -> bytes:
    """The file of the items here."""
    book, place = visit.site.casebook, visit.site.config.place
    lines = catalogue_file.lines_of(book.catalogue, catalogue_plan.today_of(book))
    return catalogue_file.write(lines, place, visit.place_name(place), visit.now_ms)


def page(visit: Visit) -> Response:
    """The file that waits, item by item; without one the form that takes it."""
    _may(visit)
    return _page(visit)


def look(visit: Visit) -> Response:
    """Take a file in, to be looked at."""
    _may(visit)
    file, staff = visit.request.files.get("file"), visit.staff
    raw = file.stream.read() if file is not None and file.filename else b""
    if not raw:
        return _page(visit, 422, visit.t("请选择目录文件。", "Choose the file of items."))
    try:
        catalogue_file.read(raw, catalogue_plan.today_of(visit.site.casebook))
        visit.site.casebook.keep_catalogue_file(staff.staff_no, staff.roles, raw)
    except BadFile as bad:
        return _page(visit, 422, bad_words(visit, bad))
    except NotAllowed as refused:
        return _page(visit, 409, visit.t(refused.zh, refused.en))
    return visit.redirect("catalogue_import")


def bad_words(visit: Visit, bad: BadFile) -> str:
    """What is wrong with a file, and where."""
    where = bad.where + visit.t("：", ": ") if bad.where else ""
    return visit.t("没有导入。", "Nothing was taken. ") + where + visit.t(bad.zh, bad.en)


def publish(visit: Visit) -> Response:
    """Publish what was chosen of the file that waits, all of it or nothing; or drop the file."""
    _may(visit)
    if visit.line("do") == "drop":
        return _drop(visit)
    book, staff = visit.site.casebook, visit.staff
    typed = {"begins": visit.line("begins")[:10], "reason": visit.line("reason")[: REASON_MAX + 1]}
    take = set(visit.request.form.getlist("take"))
    seen = _seen(book, typed, take)
    try:
        wanted = sent_once.asked(visit)
        if wanted is not None:
            book.refuse_repeated(wanted)
        if seen is None or visit.line("shown") != seen.digest:
            words = visit.t(
                "文件已更换或已处理，或者本县的事项刚有人公布了新的版本，请重新查看。什么也没有公布。",
                "The file is another one now or was dealt with, or items here were published meanwhile: look again. "
                "Nothing was published.",
            )
            return _page(visit, 409, words, typed, take)
        _begins(typed["begins"])
        if not typed["reason"]:
            raise BadBody("reason", "请填写公布的理由", "say why they are published")
        plan = seen.plan
        if plan.refused:
            return _page(
                visit,
                422,
                visit.t("有事项不能公布，什么也没有公布。", "Some are refused: nothing was published."),
                typed,
                take,
            )
        if not plan.editions:
            return _page(visit, 422, visit.t("没有要公布的事项。", "There is nothing to be published."), typed, take)
        count = book.publish_items(staff.staff_no, staff.roles, plan.editions, wanted, digest=seen.kept.digest)
    except AlreadyDone:
        return visit.redirect("catalogue")
    except IdTaken:
        return _page(visit, 409, sent_once.changed(visit), typed, take)
    except BadBody as bad:
        words = visit.t(*WORDS.get(bad.field, (bad.field,) * 2)) + visit.t("：", ": ") + visit.t(bad.zh, bad.en)
        return _page(visit, 422, words, typed, take, {bad.field: visit.t(bad.zh, bad.en)})
    except NotAllowed as refused:
        return _page(visit, 409, visit.t(refused.zh, refused.en), typed, take)
    return visit.redirect("catalogue", done=visit.t(f"{count} 个版本", f"{count} versions"))


def _drop(visit: Visit) -> Response:
    try:
        visit.site.casebook.drop_catalogue_file(visit.staff.staff_no, visit.staff.roles)
    except (casebook.NotFound, NotAllowed) as refused:
        return _page(visit, 409, visit.t(refused.zh, refused.en))
    return visit.redirect("catalogue_import")


def _begins(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadBody("begins", "请按 年-月-日 填写，例如 2027-01-01", "give a date as YYYY-MM-DD") from None


def _seen(book: Casebook, typed: dict[str, str], take: set[str]) -> _Seen | None:
    """What waits, as it stands with what was typed: from today where that is no day."""
    kept = book.catalogue_file()
    if kept is None:
        return None
    begins = today = catalogue_plan.today_of(book)
    with suppress(BadBody):
        begins = _begins(typed.get("begins", ""))
    file = catalogue_file.read(kept.raw, today)
    return _Seen(kept, file, catalogue_plan.plan(book, file, begins, typed.get("reason") or "-", take))


def _may(visit: Visit) -> None:
    if not visit.site.casebook.may_publish_items(visit.staff.roles):
        raise NotFound


def _page(
    visit: Visit, status: int = 200, problem: str = "", typed: dict[str, str] | None = None,
    take: set[str] | None = None, errors: dict[str, str] | None = None,
) -> Response:  # fmt: skip
    book = visit.site.casebook
    seen = _seen(book, typed or {}, take or set())
    if typed is None:
        said = f"自{seen.file.name}（{seen.file.county}）的目录导入" if seen is not None else ""
        typed = {"begins": catalogue_plan.today_of(book).isoformat(), "reason": said[:REASON_MAX]}
    return visit.render(
        "catalogue_import.html",
        status,
        seen=seen,
        by=(visit.site.accounts.name_of(seen.kept.actor) or seen.kept.actor) if seen is not None else "",
        standings=catalogue_plan.STANDINGS,
        item_words=catalogue_changes.field_words,
        typed=typed,
        take=take or set(),
        errors=errors or {},
        problem=problem,
        most=catalogue_file.FILE_MOST >> 20,
    )


ROUTES: Final = (
    Route("/catalogue/whole.json", "catalogue_whole", whole, PUBLISHES),
    Route("/catalogue/import", "catalogue_import", page, PUBLISHES),
    Route("/catalogue/import", "look_at_catalogue", look, PUBLISHES, ("POST",)),
    Route("/catalogue/import/publish", "publish_catalogue", publish, PUBLISHES, ("POST",), vouched=True),
)
