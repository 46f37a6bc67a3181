"""Filing an application: the form of an item, what is typed brought to one spelling, drafts, the case it becomes."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from flask import url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from sync_protocol.case import bodies, legal_bodies
from sync_protocol.case.catalogue import Item
from sync_protocol.places import about
from village_node.casebook import DRAFT_DAYS, AlreadyDone, BadBody, NotAllowed, Request
from village_node.store import StoreError
from village_node.store.drafts import DraftRow
from village_node.store.errors import Outdated
from village_node.web import (
    application,
    asked,
    entry,
    filing_steps,
    items,
    known_before,
    linked,
    serving,
    times,
    undocumented,
)
from village_node.web.application import SPELLINGS
from village_node.web.policy import COUNTER, Policy, Route
from village_node.web.site import Visit
from village_node.web.words import choice_words

FILES: Final = Policy(COUNTER, "node", "typed")
OWN: Final = Policy(COUNTER, "own", "typed")

FILED: Final = "filed"
THROWN: Final = "thrown"  # of a draft thrown away a moment ago: when it was kept last
BRING_BACK_MS: Final = 10 * 60_000  # so long it can be brought back
TURN: Final = "turn"  # how often a draft was sent: a page that was drawn before the last time keeps nothing into it
_PAPER: Final = re.compile(r"m(\d+)(|_copies|_original)")
MOST_NOTED: Final = 1_000
_FILED_BEFORE: Final = ("这件已经提交，没有再存草稿", "filed already: no draft was kept")
_SAVED_SINCE: Final = (
    "没有存：这份草稿后来又存过；要存这一页，请按“保存草稿”",
    "not kept: the draft was saved since; press “Keep as a draft” to keep this page",
)


def typed_values(form: Mapping[str, str], item: Item) -> dict[str, str]:
    """What was typed, field by field, in one spelling; fields the form does not have are left where they are."""
    values = {name: spell(form.get(name, "")[:4000]) for name, spell in SPELLINGS.items()}
    values["channel"] = form.get("channel", "counter")
    values["has_proxy"] = "yes" if form.get("has_proxy") else ""
    values |= {name: entry.line(form.get(name, "")[:40]) for name in application.TERMS}
    values |= serving.typed(form)
    values |= undocumented.typed(form)
    values |= asked.typed(item, form)
    for index in range(len(item.materials)):
        key = f"m{index}"
        values[key] = "yes" if form.get(key) else ""
        values[f"{key}_copies"] = entry.number(form.get(f"{key}_copies", "1")[:4])
        values[f"{key}_original"] = "yes" if form.get(f"{key}_original") else ""
    return values


def create_values(values: Mapping[str, str], item: Item) -> dict[str, Any]:
    """The fields of the application by name, as their table has them; empty ones are left out."""
    proxied = bool(values.get("has_proxy"))
    body: dict[str, Any] = {"item_no": item.item_no, "item_version": item.version}
    for name in SPELLINGS:
        if values.get(name) and (proxied or not name.startswith("proxy_")):
            body[name] = values[name]
    body |= undocumented.signed(values)
    body["answers"] = asked.answers(item, values)
    body["materials"] = [
        {"name": name, "copies": int(copies), "original": bool(values.get(f"m{index}_original"))}
        for index, name in enumerate(item.materials)
        if values.get(f"m{index}") and (copies := values.get(f"m{index}_copies", "1")).isdecimal()
    ]
    return body


def values_of(body: Mapping[str, Any], channel: str, item: Item) -> dict[str, str]:
    """An application by field name as the form would have it typed: the other way round of ``create_values``."""
    values = {name: str(body[name]) for name in SPELLINGS if name in body} | {"channel": channel}
    values["has_proxy"] = "yes" if any(name.startswith("proxy_") for name in body) else ""
    values |= {asked.field_of(item, name): text for name, text in body.get("answers", {}).items()}
    for paper in body.get("materials", ()):
        if paper["name"] in item.materials:
            key = f"m{item.materials.index(paper['name'])}"
            values |= {key: "yes", f"{key}_copies": str(paper["copies"])}
            values |= {f"{key}_original": "yes" if paper["original"] else ""}
    return values


def troubles(visit: Visit, values: Mapping[str, str], item: Item) -> dict[str, str]:
    """What is wrong, by field, in words that say what to do; empty when the application can be filed."""
    body, proxied = create_values(values, item), bool(values["has_proxy"])
    wrong = application.faults(visit, body, values["channel"], item, proxied=proxied, terms=values)
    wrong |= undocumented.faults(values)
    found = {asked.field_of(item, name): visit.t(*said) for name, said in wrong.items()}
    for index in range(len(item.materials)):
        copies = values[f"m{index}_copies"]
        if values[f"m{index}"] and not (
            copies.isdecimal() and copies.isascii() and 0 < int(copies) <= bodies.COPIES_MAX
        ):
            found[f"m{index}"] = visit.t("份数应为 1 到 99", "The number of copies is 1 to 99")
    return found


def file_form(visit: Visit, item_no: str) -> Response:
    """The form of an item, empty or from a draft: whole, or the step asked for or left last."""
    response = _shown(visit, item_no)
    filing_steps.remember(visit, response)
    return response


def _shown(visit: Visit, item_no: str) -> Response:
    item = _item(visit, item_no)
    draft_id = visit.request.args.get("draft", "")
    row = visit.site.accounts.drafts.draft(draft_id, visit.staff.staff_no) if draft_id else None
    kept: dict[str, Any] = json.loads(row.fields) if row else {}
    if draft_id and (row is None or THROWN in kept):
        raise NotFound
    if FILED in kept:
        return _became(visit, *kept[FILED])
    step = _step_asked_for(visit, kept)
    then = visit.site.catalogue.find(item_no, row.item_version) if row else None
    if then is not None and then != item:
        kept = carried(kept, then, item)
        return _form(visit, item, kept, draft_id, step=step, problem=_changed(visit, item))
    if row is None:  # the page of the decision that is to be changed leads here
        kept = {name: SPELLINGS[name](visit.request.args.get(name, "")[:40]) for name in ("acts_on", "earlier")}
    found: Mapping[str, str] = {}
    if row and (step == filing_steps.LAST or visit.request.args.get("check")):
        found = troubles(visit, blank(item) | kept, item)
        found = found if step in ("", filing_steps.LAST) else filing_steps.at(step, found, item)
    return _form(visit, item, kept, row.draft_id if row else visit.site.randomness(16).hex(), found, step=step)


def _step_asked_for(visit: Visit, kept: Mapping[str, str]) -> str:
    """The step to show, the one left last where none is asked for; empty for the whole form."""
    wanted = visit.request.args.get("step", "")
    if wanted not in filing_steps.STEPS:
        if filing_steps.way(visit) == filing_steps.WHOLE:
            return ""
        wanted = kept.get("step", "")
    return wanted if kept and wanted in filing_steps.STEPS else filing_steps.FIRST


def blank(item: Item) -> dict[str, str]:
    """The form before anything was typed."""
    return typed_values({f"m{index}_copies": str(paper.copies) for index, paper in enumerate(item.papers)}, item)


def _typed(visit: Visit, item: Item, draft_id: str, step: str) -> dict[str, str]:
    """What is typed so far: the whole form in hand, or one step of it over the draft of the others. Pages drawn before
    may keep nothing into it any more."""
    values, kept = typed_values(visit.request.form, item), _kept(visit, item, draft_id)
    turn = {TURN: str(int(kept.get(TURN) or 0) + 1)}
    if not step:
        return values | turn
    return {**blank(item), **kept, **filing_steps.at(step, values, item), "step": step, **turn}


def _kept(visit: Visit, item: Item, draft_id: str) -> dict[str, str]:
    """What the draft in hand holds, as this version of the item asks it; empty where there is none yet."""
    row = visit.site.accounts.drafts.draft(draft_id, visit.staff.staff_no)
    kept: dict[str, str] = json.loads(row.fields) if row and row.item_no == item.item_no else {}
    kept.pop(THROWN, None)  # to go on with it brings it back
    then = visit.site.catalogue.find(item.item_no, row.item_version) if row else None
    return kept if then is None or then == item else carried(kept, then, item)


def keep_typed(visit: Visit, item_no: str) -> Response:
    """Keep the form in hand as it stands, which the page asks for when a field is left; say so in a few words.

    A page that is not the newest of its draft keeps nothing: what it says was sent since, or filed.
    """
    item, draft_id = _item(visit, item_no), visit.request.form.get("draft_id", "")
    step = visit.request.form.get("step", "")
    step = step if step in filing_steps.STEPS else ""
    if not _is_id(draft_id):
        raise NotFound  # under an id of our own it would become another draft each time
    with visit.site.filing:
        drawn = visit.request.form.get(TURN, "")
        values = _typed(visit, item, draft_id, step)
        values = {name: value for name, value in values.items() if name != TURN} | _turn(drawn)
        try:
            if became(visit, draft_id):
                return _in_words(visit.t(*_FILED_BEFORE), 409)
            if _typed_under(visit, item) != item:
                raise Outdated
            keep(visit, item, draft_id, values, lambda stands: stands.get(TURN, "") == drawn and THROWN not in stands)
        except AlreadyDone:
            return _in_words(visit.t(*_FILED_BEFORE), 409)
        except Outdated:
            return _in_words(visit.t(*_SAVED_SINCE), 409)
    at = times.local(visit.now_ms).strftime("%H:%M")
    return _in_words(visit.t(f"草稿已存 {at}", f"draft kept {at}"), 200)


def _turn(drawn: str) -> dict[str, str]:
    return {TURN: drawn} if drawn else {}


def _in_words(said: str, status: int) -> Response:
    return Response(said + "\n", status, content_type="text/plain; charset=utf-8")


def _is_id(draft_id: str) -> bool:
    return len(draft_id) == 32 and draft_id.isalnum() and draft_id.isascii()


def file_case(visit: Visit, item_no: str) -> Response:
    """Keep what was typed as a draft, or file it; what cannot be filed is kept as a draft as well."""
    item = _item(visit, item_no)
    draft_id = visit.request.form.get("draft_id", "")
    typed_under = _typed_under(visit, item)
    if not _is_id(draft_id):
        draft_id = visit.site.randomness(16).hex()
    step = visit.request.form.get("step", "")
    step = step if step in filing_steps.STEPS else ""
    stood = _kept(visit, item, draft_id).get(TURN, "")
    if typed_under != item:
        values = {**carried(_typed(visit, typed_under, draft_id, step), typed_under, item), TURN: stood}
        return _form(visit, item, values, draft_id, step=step, problem=_changed(visit, item), status=409)
    values = _typed(visit, item, draft_id, step)
    try:
        return _draft_or_file(visit, item, draft_id, values)
    except AlreadyDone as before:  # by another worker, just now or while this form was read
        return _became(visit, before.scope.partition(":")[2], before.case_id.hex())
    except StoreError as fault:
        said = ""
        try:  # the reserve may have room for what was typed, if not for one more application
            with visit.site.filing:
                if not became(visit, draft_id):
                    keep(visit, item, draft_id, values)
            said = visit.t("填写的内容已保存为草稿。", "What you typed is kept as a draft.")
        except (StoreError, AlreadyDone):
            values[TURN] = stood  # nothing was kept: the page must still be the newest, to be kept when there is room
        return _form(visit, item, values, draft_id, step=step, said=said, problem=visit.unsaved(fault), status=503)


def became(visit: Visit, draft_id: str) -> list[str]:
    """Place and id of the case that a draft of the person in front has become; empty where it is still a draft. Only
    with the lock of filing held does it stay so."""
    row = visit.site.accounts.drafts.draft(draft_id, visit.staff.staff_no)
    noted: list[str] = json.loads(row.fields).get(FILED, []) if row else []
    return list(visit.site.filed.get(draft_id, ())) or noted


def _draft_or_file(visit: Visit, item: Item, draft_id: str, values: dict[str, str]) -> Response:
    """Do what the button says; what was filed before is never written over by a draft. Raises StoreError when nothing
    could be kept, AlreadyDone where another worker has filed it."""
    step, pressed = values.get("step", ""), "draft" if visit.redrawn else visit.request.form.get("do", "")
    found = troubles(visit, values, item)
    last = filing_steps.LAST if step else ""  # where everything that is wrong is shown
    with visit.site.filing:
        filed = became(visit, draft_id)
        if filed:
            return _became(visit, *filed)
        elsewhere = _elsewhere(visit, item, draft_id, values, found)
        if elsewhere is not None:
            return elsewhere
        if pressed == "draft":
            keep(visit, item, draft_id, values)
            said = visit.t("草稿已保存在本机。", "The draft is kept on this node.")
            return _form(visit, item, values, draft_id, step=step, said=said)
        if found:
            keep(visit, item, draft_id, values)
            return _form(visit, item, values, draft_id, found, step=last, status=422)
        try:
            body = create_values(values, item)
            once = _once(visit, draft_id)
            case = application.file(visit, body, values["channel"], once, preview=pressed == "preview", terms=values)
        except BadBody as bad:
            keep(visit, item, draft_id, values)
            wrong = {asked.field_of(item, bad.field): visit.t(bad.zh, bad.en)}
            return _form(visit, item, values, draft_id, wrong, step=last, status=422)
        except NotAllowed as refused:
            keep(visit, item, draft_id, values)
            return _form(visit, item, values, draft_id, step=last, problem=visit.t(refused.zh, refused.en), status=422)
        place = case.scope.partition(":")[2]
        _note_filed(visit, item, draft_id, place, case.case_id.hex())
    return _became(visit, place, case.case_id.hex())


def _once(visit: Visit, draft_id: str) -> Request:
    """Under which id a draft is filed, whatever it says by then: two workers that are asked at once file it once."""
    return Request(visit.staff.staff_no, f"draft-{draft_id}", hashlib.sha256(draft_id.encode()).digest())


def _elsewhere(
    visit: Visit, item: Item, draft_id: str, values: dict[str, str], found: Mapping[str, str]
) -> Response | None:
    """Keep a step, and go to where the button leads: another step, the whole form, or the same step where something is
    wrong with it; None where the button leads nowhere."""
    step, pressed = values.get("step", ""), visit.request.form.get("do", "")
    if pressed in (filing_steps.BY_STEPS, filing_steps.WHOLE):
        keep(visit, item, draft_id, values)
        return visit.redirect("file_form", item_no=item.item_no, draft=draft_id, form=pressed)
    target = filing_steps.leads_to(step, pressed) if step else ""
    if not target:
        return None
    here = filing_steps.at(step, found, item)
    if here and pressed == filing_steps.NEXT:
        keep(visit, item, draft_id, values)
        return _form(visit, item, values, draft_id, here, step=step, status=422)
    keep(visit, item, draft_id, {**values, "step": target})
    return visit.redirect("file_form", item_no=item.item_no, draft=draft_id, step=target)


def _became(visit: Visit, place: str, case_id: str) -> Response:
    """Where to look next at what was filed: its receipt; where it was sent for pre-review it has none yet."""
    row = visit.site.casebook.case_row(about(place), bytes.fromhex(case_id))
    numbered = row is not None and row.case_no
    return visit.redirect("receipt" if numbered else "case", place=place, case_id=case_id)


def _note_filed(visit: Visit, item: Item, draft_id: str, place: str, case_id: str) -> None:
    """Note what a draft became. The application is saved: no trouble with this note may say otherwise."""
    try:
        keep(visit, item, draft_id, {FILED: [place, case_id]})
    except StoreError:
        noted = visit.site.filed
        noted[draft_id] = (place, case_id)
        if len(noted) > MOST_NOTED:
            del noted[next(iter(noted))]


def delete_draft(visit: Visit, draft_id: str) -> Response:
    """Throw a draft of one's own away, or bring it back: so long it stands as one that is soon too old to be kept. What
    another page has gone on with since the list was drawn, or this moment, stays as it is."""
    rows = visit.site.accounts.drafts
    row = rows.draft(draft_id, visit.staff.staff_no)
    values: dict[str, Any] = json.loads(row.fields) if row is not None else {FILED: []}
    if row is None or FILED in values:
        raise NotFound
    back, was_thrown = visit.request.form.get("back") == "yes", THROWN in values
    seen = visit.line("seen") or str(row.updated_ms)
    if back == was_thrown:
        kept_ms = values.pop(THROWN, row.updated_ms)
        if not back:
            values[THROWN] = kept_ms
            kept_ms = visit.now_ms - DRAFT_DAYS * times.DAY_MS + BRING_BACK_MS
        changed = row._replace(fields=json.dumps(values, ensure_ascii=False), updated_ms=kept_ms)
        try:
            if not back and seen != str(row.updated_ms):
                raise Outdated
            rows.save_draft(changed, lambda stands: stands == row.fields)
        except Outdated:
            return visit.redirect("work", view="drafts", **({} if back else {"gone_on": draft_id}))
    return visit.redirect("work", view="drafts", **({} if back else {"thrown": draft_id}))


def gone_on(visit: Visit) -> bool:
    """Whether the address says of a draft that stands that it was not thrown away: another page had gone on with it."""
    draft_id = visit.request.args.get("gone_on", "")
    return bool(draft_id) and any(row.draft_id == draft_id for row, _, _ in open_drafts(visit))


def thrown(visit: Visit) -> str:
    """The draft that was just thrown away, as the address says, where it can be brought back; else empty."""
    draft_id = visit.request.args.get("thrown", "")
    row = visit.site.accounts.drafts.draft(draft_id, visit.staff.staff_no) if draft_id else None
    return draft_id if row is not None and THROWN in json.loads(row.fields) and not _is_over(visit, row) else ""


def _is_over(visit: Visit, row: DraftRow) -> bool:
    return visit.now_ms - row.updated_ms > DRAFT_DAYS * times.DAY_MS


def open_drafts(visit: Visit) -> list[tuple[DraftRow, Item | None, dict[str, Any]]]:
    """One's own drafts, newest first, with what they are about; marks of filed ones go after a day, and what was
    thrown away once it cannot be brought back any more."""
    rows, kept = visit.site.accounts.drafts, []
    for row in rows.drafts(visit.staff.staff_no):
        values: dict[str, Any] = json.loads(row.fields)
        if THROWN in values:
            if _is_over(visit, row):
                rows.delete_draft(row)
        elif FILED not in values:
            kept.append((row, visit.site.finder.newest(row.item_no), values))
        elif visit.now_ms - row.updated_ms > times.DAY_MS:
            rows.delete_draft(row)
    return kept


def _item(visit: Visit, item_no: str) -> Item:
    item = visit.site.finder.newest(item_no)
    if item is None:
        raise NotFound
    return item


def _typed_under(visit: Visit, item: Item) -> Item:
    """The version whose form was filled in: the one in force, unless the page was drawn before that one came."""
    version = entry.number(visit.request.form.get("item_version", "")[:6])
    if version.isascii() and version.isdecimal():
        return visit.site.catalogue.find(item.item_no, int(version)) or item
    return item


def carried(values: Mapping[str, Any], old: Item, new: Item) -> dict[str, Any]:
    """What was typed into the form of one version, as far as another version asks it: papers go by their names."""
    place = {name: index for index, name in enumerate(new.materials)}
    moved = {name: value for name, value in values.items() if not _PAPER.fullmatch(name)}
    for name, value in values.items():
        found = _PAPER.fullmatch(name)
        index = int(found[1]) if found else -1
        if found and index < len(old.materials) and old.materials[index] in place:
            moved[f"m{place[old.materials[index]]}{found[2]}"] = value
    return moved


def _changed(visit: Visit, item: Item) -> str:
    return visit.t(
        f"该事项已有新的版本（第 {item.version} 版）。填写的内容已带过来，请核对材料和问题后再提交。",
        f"There is a new version of this item ({item.version}). What you typed was carried over: check it, then file.",
    )


# Whoever holds one of these chooses it under that name; all of them are numbered like the card of a citizen.
_ID_OPTIONS: Final = {
    "resident_id": (
        "居民身份证（含港澳台居住证、永久居留证）",
        "resident identity card (also the residence permit of Hong Kong, Macao, Taiwan; the permanent residence card)",
    )
}


def _identities(item: Item) -> tuple[str, ...]:
    """What an applicant may show here: a document, or that there is none, which only a person can say."""
    kinds_of = application.identities(item)
    return (*kinds_of, undocumented.CODE) if undocumented.OTHER in kinds_of else kinds_of


def keep(
    visit: Visit,
    item: Item,
    draft_id: str,
    values: Mapping[str, Any],
    follows: Callable[[Mapping[str, Any]], bool] = lambda stands: True,
) -> None:
    """Keep what was typed as a draft of the person in front; ``follows``: whether it may follow what stands there.

    Raises NotFound where the id is somebody else's, AlreadyDone where a case has become of it, Outdated where it does
    not follow: also when another worker wrote that just now.
    """
    now = visit.now_ms
    fields = json.dumps(values, ensure_ascii=False)
    row = DraftRow(draft_id, visit.staff.staff_no, item.item_no, item.version, fields, now, now)
    stands: dict[str, Any] = {}

    def may_follow(stored: str) -> bool:
        stands.update(json.loads(stored or "{}"))
        return FILED in values or (FILED not in stands and follows(stands))

    try:
        if not visit.site.accounts.drafts.save_draft(row, may_follow):
            raise NotFound
    except Outdated:
        if FILED in stands:
            place, case_id = stands[FILED]
            raise AlreadyDone(about(place), bytes.fromhex(case_id)) from None
        raise
    visit.address = url_for("file_form", item_no=item.item_no, draft=draft_id)


def _form(
    visit: Visit,
    item: Item,
    values: Mapping[str, Any],
    draft_id: str,
    found: Mapping[str, str] | None = None,
    *,
    step: str = "",
    said: str = "",
    problem: str = "",
    status: int = 200,
) -> Response:
    at = url_for("file_form", item_no=item.item_no, draft=draft_id, step=step or None)
    if visit.address:  # it is kept
        visit.address = at + "&check=yes" if found else at
    return visit.render(
        "filing.html",
        status,
        item=item,
        values=values,
        draft_id=draft_id,
        errors=found or {},
        said=said,
        problem=problem,
        stages=filing_steps.STEPS,
        step=step,
        turn=values.get(TURN, ""),
        at=at,
        done=filing_steps.ORDER[: filing_steps.ORDER.index(step)] if step else (),
        sheet=filing_steps.sheet(visit, item, values) if step == filing_steps.LAST else [],
        lacking=filing_steps.lacking(item, values) if step == filing_steps.LAST else [],
        step_of=lambda name: filing_steps.step_of(name, item),
        questions=asked.asked(item),
        labels=filing_steps.labels(item),
        id_kinds=[(code, visit.t(*_ID_OPTIONS.get(code, choice_words(code)))) for code in _identities(item)],
        without=undocumented.CODE if undocumented.CODE in _identities(item) else "",
        changes=linked.options(visit, item),
        scopes=[(code, visit.t(*choice_words(code))) for code in application.SCOPES],
        marks=[("", visit.t("请选择", "choose"))]
        + [(code, visit.t(*choice_words(code))) for code in legal_bodies.PROXY_MARKS],
        channels=[(code, visit.t(*choice_words(code))) for code in bodies.CHANNELS],
        steps=items.steps_from_here(visit, item),
        why_not=items.not_filed_here(visit, item),
        before=known_before.of(visit, values.get("applicant_id_no", "")),
        parts=[visit.t(part.name, part.name_en) for part in visit.site.catalogue.parts(item)],
        asked_for=items.asked_for(visit, item),
    )


ROUTES: Final = (
    Route("/file/<item_no>", "file_form", file_form, FILES),
    Route("/file/<item_no>", "file_case", file_case, FILES, ("POST",), redraws=True),
    # The page asks by itself: it is no sign of life, and a form that is left open keeps no session alive.
    Route("/file/<item_no>/keep", "keep_typed", keep_typed, FILES, ("POST",), refreshes=True),
    Route("/drafts/<draft_id>/delete", "delete_draft", delete_draft, OWN, ("POST",)),
)
