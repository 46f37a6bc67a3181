"""Lists (名单收件): a sheet of many applications is looked at row by row, filed in one go, and its receipts printed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from flask import make_response
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from sync_protocol.case import bodies, kinds
from sync_protocol.case.catalogue import Item
from village_node.casebook import AlreadyDone, BadBody, IdTaken, NotAllowed, SameBatch
from village_node.casebook.batches import MOST, SHOWN
from village_node.web import application, asked, entry, filters, items, schemas, sent_once, sheet, words
from village_node.web.particulars import Faults
from village_node.web.policy import COUNTER, Policy, Route
from village_node.web.receipts import grouped
from village_node.web.site import Visit

FILES: Final = Policy(COUNTER, "node", "typed")
READS: Final = Policy(COUNTER, "node", "masked_name")
LONGEST: Final = 300_000  # characters of a sheet: Chinese takes three bytes each, and a form has one MiB for its fields
FORM_MOST: Final = 2 * 1024 * 1024  # a sheet that is chosen beside the one that was pasted
TAKES_SHEETS: Final = frozenset({"file_batch"})
Terms = Mapping[str, str]
TOO_LARGE: Final = (
    "名单过大",
    "The list is too large",
    "一件也没有收。请把名单分成几份，再选文件核对。",
    "Nothing was filed. Make several lists of it, and choose the files one by one.",
)


@dataclass(frozen=True)
class Seen:
    """One row as the preview shows it: its line, the name, and what is wrong, by column; ``before``: the number of an
    open case that this person has already, where there is one."""

    line: int
    name: str
    wrong: list[tuple[str, str]]
    before: str | None = None


def faults(
    visit: Visit, item: Item, channel: str, applied: Sequence[tuple[Mapping[str, Any], bool | None, Terms]]
) -> list[Faults]:
    """What is wrong with each application of a list, by field. ``applied``: each with whether the applicant came
    himself, and the terms of the authority this very person gave where he did not."""
    first: dict[tuple[str, str], int] = {}
    found = []
    for number, (body, in_person, terms) in enumerate(applied, start=1):
        wrong = application.faults(visit, body, channel, item, proxied=in_person is False, terms=terms)
        if in_person is None:
            wrong[sheet.IN_PERSON] = ("请填“是”或“否”", "Give yes or no")
        elif in_person and (any(name.startswith("proxy_") for name in body) or any(terms.values())):
            wrong[sheet.IN_PERSON] = (
                "填了受托人的，这里填“否”；本人申请的不填受托人",
                "Where somebody acts for the applicant this is no; otherwise leave the proxy empty",
            )
        who = (str(body.get("applicant_id_kind", "")), str(body.get("applicant_id_no", "")))
        if who[1] and who in first:
            zh, en = f"与名单中第 {first[who]} 人的证件号码相同", f"the same number as person {first[who]} of the list"
            wrong.setdefault("applicant_id_no", (zh, en))
        first.setdefault(who, number)
        found.append(wrong)
    return found


def file(visit: Visit, channel: str, applied: Sequence[tuple[Mapping[str, Any], Terms]], request: Any) -> bytes:
    """File a list without faults, each with the terms of its proxy's authority; its id. Raises what the casebook's
    ``file_batch`` raises."""
    checked = [schemas.load(kinds.CREATE, body) for body, _ in applied]
    given = [application.authority_of(body, terms) for body, terms in applied]
    staff = visit.staff
    return visit.site.casebook.file_batch(staff.staff_no, staff.roles, checked, channel, request, given)


def register(visit: Visit) -> Response:
    """The lists filed here, and the items of which one can be filed."""
    book, page = visit.site.casebook, entry.page(visit.request.args.get("page", ""))
    label = visit.t("事项编号", "Service number")
    narrowed = filters.asked(visit, "batches", label)
    found = book.batches(page, narrowed.text)
    told = [(batch, _item_name(visit, batch.item_no), count) for batch, count in found]
    offered = [item for item in visit.site.finder.find("") if not items.not_filed_here(visit, item)]
    return visit.render(
        "batches.html",
        told=told,
        offered=offered,
        filters=narrowed,
        page=page,
        pages=max(1, -(-book.batch_count(narrowed.text) // SHOWN)),
        page_link=lambda number: visit.again("batches", page=number),
    )


def choose(visit: Visit) -> Response:
    """The form of the item that was chosen."""
    return visit.redirect("batch_form", item_no=visit.request.args.get("item_no", "")[:32] or "-")


def form(visit: Visit, item_no: str) -> Response:
    """The empty form."""
    return _form(visit, _item(visit, item_no), "", "counter")


def empty_sheet(visit: Visit, item_no: str) -> Response:
    """The sheet to be filled in."""
    item = _item(visit, item_no)
    response = make_response(sheet.empty(item))
    response.headers["Content-Type"] = "text/csv; charset=utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="list-{item.item_no}.csv"'
    return response


def take(visit: Visit, item_no: str) -> Response:
    """Look at a sheet, and file it where that was asked for and nothing is wrong with it."""
    item, channel, files = _item(visit, item_no), visit.line("channel"), visit.line("do") == "file"
    text = visit.request.form.get("rows", "")
    # The version that the page was drawn of is no part of the list: it is looked at below, and only of what is new.
    wanted = sent_once.asked(visit, besides="item_version")
    try:
        if files and wanted is not None:
            visit.site.casebook.refuse_repeated(wanted)
        text = _chosen(visit) or text
        if len(text) > LONGEST:
            raise sheet.BadSheet("名单过大，请分成几份", "the list is too large: make several of it")
        rows = sheet.read(text, item, MOST)
    except sheet.BadSheet as bad:
        return _form(visit, item, text[:LONGEST], channel, 422, visit.t(bad.zh, bad.en))
    except AlreadyDone as done:
        return visit.redirect("batch", batch_id=done.case_id.hex())
    except IdTaken:
        return _form(visit, item, text[:LONGEST], channel, 409, sent_once.changed(visit))
    found = faults(visit, item, channel, [(row.body, row.in_person, row.terms) for row in rows])
    before = {} if files else visit.site.casebook.open_before(item.item_no, [row.body for row in rows])
    seen = [
        _seen(visit, item, row, wrong, before.get(at)) for at, (row, wrong) in enumerate(zip(rows, found, strict=True))
    ]
    bad_rows = sum(bool(each.wrong) for each in seen)
    version = visit.line("item_version")
    if not files or bad_rows or version != str(item.version):
        changed = files and not bad_rows
        said = visit.t("该事项已有新的版本，请再核对一次。", "There is a new version of this item: look again.")
        return _form(visit, item, text, channel, 422 if bad_rows or changed else 200, said if changed else "", seen)
    try:
        batch_id = file(visit, channel, [(row.body, row.terms) for row in rows], wanted)
    except AlreadyDone as done:
        batch_id = done.case_id
    except IdTaken:
        return _form(visit, item, text, channel, 409, sent_once.changed(visit), seen)
    except SameBatch as same:
        words_now = visit.t(same.zh, same.en)
        return _form(visit, item, text, channel, 409, words_now, seen, same=same.batch_id.hex())
    except (BadBody, NotAllowed) as refused:
        return _form(visit, item, text, channel, 409, visit.t(refused.zh, refused.en), seen)
    return visit.redirect("batch", batch_id=batch_id.hex())


def _chosen(visit: Visit) -> str:
    """The text of the file that was chosen; empty where none was."""
    file = visit.request.files.get("sheet")
    return sheet.text_of(file.stream.read()) if file is not None and file.filename else ""


def _seen(visit: Visit, item: Item, row: sheet.Row, wrong: Faults, before: str | None) -> Seen:
    labels = {column.name: visit.t(column.zh, column.en) for column in sheet.columns(item)}
    told = {asked.field_of(item, name): said for name, said in {**wrong, **row.wrong}.items()}
    named = [(labels.get(name) or visit.t(*words.field_words(name)), visit.t(*said)) for name, said in told.items()]
    return Seen(row.line, row.body.get("applicant_name", ""), named, before)


def _form(
    visit: Visit,
    item: Item,
    text: str,
    channel: str,
    status: int = 200,
    problem: str = "",
    seen: Sequence[Seen] = (),
    same: str = "",
) -> Response:
    return visit.render(
        "batch_form.html",
        status,
        item=item,
        text=text,
        channel=channel,
        problem=problem,
        seen=seen,
        same=same,
        before=[each for each in seen if each.before is not None],
        wrong=sum(bool(each.wrong) for each in seen),
        most=MOST,
        columns=sheet.columns(item),
        why_not=items.not_filed_here(visit, item),
        channels=[(code, visit.t(*words.choice_words(code))) for code in bodies.CHANNELS],
    )


def one(visit: Visit, batch_id: str) -> Response:
    """The receipts of a list on one print, a strip for each applicant."""
    found = visit.site.casebook.batch(id_of(batch_id))
    if found is None:
        raise NotFound
    batch, rows = found
    address = visit.site.config.url
    return visit.render(
        "batch.html",
        batch=batch,
        item=_item_name(visit, batch.item_no),
        rows=[(row, grouped(row.query_code) if row.query_code else "") for row in rows],
        actor=visit.site.accounts.name_of(batch.actor) or batch.actor,
        address=f"{address}/query",
    )


def id_of(text: str) -> bytes:
    """The id of a list out of an address. Raises NotFound."""
    try:
        return bytes.fromhex(text) if len(text) == 32 else _absent()
    except ValueError:
        raise NotFound from None


def _absent() -> bytes:
    raise NotFound


def _item(visit: Visit, item_no: str) -> Item:
    item = visit.site.finder.newest(entry.line(item_no))
    if item is None:
        raise NotFound
    return item


def _item_name(visit: Visit, item_no: str) -> str:
    item = visit.site.catalogue.newest(item_no)
    return visit.t(item.name, item.name_en) if item is not None else item_no


ROUTES: Final = (
    Route("/batches", "batches", register, READS),
    Route("/batches/choose", "choose_batch", choose, READS),
    Route("/batches/file/<item_no>", "batch_form", form, FILES),
    Route("/batches/file/<item_no>", "file_batch", take, FILES, ("POST",)),
    Route("/batches/sheet/<item_no>", "empty_sheet", empty_sheet, FILES),
    Route("/batches/of/<batch_id>", "batch", one, READS),
)
