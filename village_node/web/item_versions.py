"""Item versions on pages: the guide of each, what was changed when, the list for the wall, and the county's form."""

from collections.abc import Sequence
from typing import Any, Final

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from sync_protocol.case import documents, themes
from sync_protocol.case.catalogue import GUIDE, LEVELS, Item
from village_node.casebook import BadBody, History, NotAllowed
from village_node.web import counter_books, entry, filters, item_form, items, sign_in, times
from village_node.web.filters import Filters
from village_node.web.item_form import CHOICES, LINES, PARAGRAPHS, TICKS, WORDS
from village_node.web.policy import Policy, Route
from village_node.web.site import Visit
from village_node.web.words import catalogue_words

PUBLIC: Final = Policy(None, "public")
PUBLISHES: Final = Policy(frozenset({"business", "head", "officer"}), "node")


def changes(visit: Visit) -> Response:
    """What was published when and why, the newest first; below it what the network began with."""
    history = visit.site.casebook.history()
    asked, found = narrowed(visit, history)
    return visit.render(
        "catalogue.html",
        filters=asked,
        published=counter_books.listed(visit, "catalogue", found),
        starter=[each.item for each in history if each.publication is None],
        standing=lambda item: standing(visit, item),
        may_publish=_may_publish(visit),
        done=visit.request.args.get("done", "")[:40],
    )


def narrowed(visit: Visit, history: Sequence[History]) -> tuple[Filters, list[History]]:
    """What the list of published versions is narrowed to, and what it holds then."""
    label = visit.t("事项编号、名称、部门或理由", "Number, name, department or reason")
    asked = filters.asked(visit, "catalogue", label)
    return asked, [
        each
        for each in history
        if (said := each.publication) is not None
        and asked.fit((each.item.item_no, each.item.name, each.item.department, said.said.reason))
    ]


def disclosure(visit: Visit) -> Response:
    """The public list of items with limits, levels and fees, as it hangs at this node."""
    return visit.render(
        "disclosure.html",
        found=[item for item in visit.site.finder.items if not items.not_filed_here(visit, item)],
        level=_level_words(visit),
        results=visit.site.casebook.results(),
    )


def guide(visit: Visit, item_no: str, version: int) -> Response:
    """The guide of one version of an item, made to be printed."""
    found = next((each for each in visit.site.casebook.history(item_no) if each.item.version == version), None)
    if found is None:
        raise NotFound
    return visit.render(
        "guide.html",
        **guide_values(visit, found.item),
        history=visit.site.casebook.history(item_no),
        publication=found.publication,
        standing=standing(visit, found.item),
        may_publish=_may_publish(visit),
    )


def guide_values(visit: Visit, item: Item) -> dict[str, Any]:
    """What the guide of a version is drawn from."""
    known = visit.site.catalogue
    return {
        "item": item,
        "steps": items.steps_from_here(visit, item),
        "parts": [(visit.t(*GUIDE[key]), text) for key, text in item.guide if key in GUIDE],
        "notice": notice_of(visit, item),
        "members": known.parts(item) or [known.newest(number) for number in item.members],
        "asked_for": items.asked_for(visit, item),
        "level": _level_words(visit),
        "day_words": lambda day: times.date_words(day, visit.lang),
    }


def notice_of(visit: Visit, item: Item) -> str:
    """The notice by which a case of this item is answered."""
    code = documents.NOTICES.get(item.kind, "")
    found = documents.TYPES.get(code)
    return visit.t(found.zh, found.en) if found is not None else ""


def standing(visit: Visit, item: Item) -> tuple[str, str]:
    """Tone and words of a version's standing today."""
    if visit.site.finder.newest(item.item_no) == item:
        return "good", visit.t("现行", "in force")
    day = visit.site.casebook.item_day()
    if day is not None and item.begins is not None and item.begins > day:
        return "waiting", visit.t("尚未生效", "not in force yet")
    if not item.in_force:
        return "soft", visit.t("已取消", "withdrawn")
    return "soft", visit.t("旧版本，已收的件照此办完", "old: cases filed under it go on by it")


def edit(visit: Visit, item_no: str) -> Response:
    """The form of the next version of an item; of a new one under a number that nobody has yet."""
    book = visit.site.casebook
    newest = book.catalogue.newest(item_no)
    typed = {}
    if newest is not None:
        typed = item_form.typed_of(themes.own_part(newest, book.catalogue.parts(newest)))
    if newest is None and item_no != "new":
        raise NotFound
    problem = ""
    if not _may_publish(visit):
        problem = visit.t(
            "事项由业务科公布，您现在只能看：有业务科人员在岗时别人不能公布。",
            "The business section publishes items: you can look, and publish only while nobody of it is there.",
        )
    return _form(visit, item_no, typed, {"version": str(book.next_version(item_no))}, problem=problem)


def publish(visit: Visit, item_no: str) -> Response:
    """Check what was typed and show it as people will see it, or publish it for good."""
    book = visit.site.casebook
    typed = {name: visit.line(name) for name in LINES} | {name: visit.paragraph(name) for name in PARAGRAPHS}
    typed |= {name: "yes" for name in TICKS if visit.request.form.get(name)}
    number = entry.number(visit.line("item_no"))[:32] if item_no == "new" else item_no
    version = entry.number(visit.line("version"))
    sent = {"version": version, "item_no": number}
    try:
        if item_no == "new" and book.catalogue.newest(number) is not None:
            raise BadBody("item_no", "这个编号已有事项", "there is an item under this number")
        made = item_form.edition_of(typed, number, int(version) if version.isdecimal() and version.isascii() else 0)
        if visit.request.form.get("do") == "publish":
            asked = sign_in.vouching(visit) if _gives_power(book.catalogue.newest(number), made.item) else None
            if asked is not None:
                return asked
            book.publish_item(visit.staff.staff_no, visit.staff.roles, made)
            return visit.redirect("catalogue", done=f"{number}-{version}")
        considered = book.check_item(made)
    except BadBody as bad:
        field = visit.t(*WORDS.get(bad.field, (bad.field, bad.field)))
        wrong = f"{field}{visit.t('：', ': ')}{visit.t(bad.zh, bad.en)}"
        return _form(visit, item_no, typed, sent, 422, wrong, {bad.field: visit.t(bad.zh, bad.en)})
    except NotAllowed as refused:
        return _form(visit, item_no, typed, sent, 409, visit.t(refused.zh, refused.en))
    return _form(
        visit, item_no, typed, sent, preview=book.merged(made).item, considered=[visit.t(*each) for each in considered]
    )


def _gives_power(before: Item | None, made: Item) -> bool:
    """Whether a version says otherwise than the one before who decides: whoever finds a screen unattended must not."""
    return before is None or (before.delegable, before.decide_level) != (made.delegable, made.decide_level)


def _form(
    visit: Visit,
    item_no: str,
    typed: dict[str, str],
    sent: dict[str, str],
    status: int = 200,
    problem: str = "",
    errors: dict[str, str] | None = None,
    preview: Item | None = None,
    considered: list[str] | None = None,
) -> Response:
    shown = guide_values(visit, preview) if preview is not None else {"item": None}
    options = {
        name: [(each, visit.t(*(WORDS[each] if each in WORDS else catalogue_words(each)))) for each in choices]
        for name, choices in CHOICES.items()
    }
    return visit.render(
        "item_form.html",
        status,
        item_no=item_no,
        typed=typed,
        sent=sent,
        problem=problem,
        errors=errors or {},
        options=options,
        words_of=WORDS,
        levels=LEVELS,
        guide_keys=[f"guide_{key}" for key in GUIDE],
        considered=considered or [],
        preview=preview,
        **shown,
    )


def _level_words(visit: Visit) -> dict[str, str]:
    return {level: visit.t(*WORDS[level]) for level in ("", *LEVELS, "higher")}


def _may_publish(visit: Visit) -> bool:
    return visit.person is not None and visit.site.casebook.may_publish_items(visit.person.roles)


ROUTES: Final = (
    Route("/catalogue", "catalogue", changes, PUBLIC),
    Route("/items/list", "disclosure", disclosure, PUBLIC),
    Route("/items/<item_no>/<int:version>", "guide", guide, PUBLIC),
    Route("/catalogue/<item_no>", "edit_item", edit, PUBLISHES),
    Route("/catalogue/<item_no>", "publish_item", publish, PUBLISHES, ("POST",)),
)
