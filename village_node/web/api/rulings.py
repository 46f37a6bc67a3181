"""Forks and their rulings, and the publishing of items, for programs: what is written once for everybody below."""

from typing import Any, Final

import marshmallow
from marshmallow import Schema

from sync_protocol.case.forks import REASON_MAX
from village_node.casebook import Choice, ForkView
from village_node.store.locks import CaseKey
from village_node.web import entry, forks, item_form, item_versions, masking, schemas
from village_node.web.api import shapes
from village_node.web.api.operations import Operation, Taken, done_once, request_of
from village_node.web.api.problems import invalid
from village_node.web.site import Visit

TAG: Final = "rulings"
_MARK: Final = r"^[0-9a-f]{16}$"


def _mark(**options: Any) -> Any:
    judge = marshmallow.validate.Regexp(_MARK, error="应为分支的标记")
    return marshmallow.fields.String(validate=judge, **options)


class SeenTaken(Taken):
    """Up to which position a branch was looked at."""

    mark = _mark(required=True, error_messages={**schemas.REQUIRED})
    upto = schemas.Whole(1, 2**53 - 1, required=True)


class RulingTaken(Taken):
    """Which branches count: all of what only one of them touches or none, and one branch for each case both touch.
    ``seen``: the branches as the fork was read; what has come since is not ruled on."""

    take_all = schemas.YesNo(required=True)
    choices = marshmallow.fields.Dict(keys=schemas.Text(32, 32), values=_mark(), load_default=dict)
    otherwise = _mark(load_default="")
    reason = schemas.Text(1, REASON_MAX, required=True)
    seen = marshmallow.fields.List(
        marshmallow.fields.Nested(SeenTaken),
        required=True,
        validate=marshmallow.validate.Length(1, 64, error="应为 1 到 64 项"),
        error_messages={**schemas.REQUIRED, "invalid": "应为列表"},
    )


class BranchGiven(Schema):
    """One branch behind the split."""

    mark = shapes.text()
    upto, events, cases = shapes.number(), shapes.number(), shapes.number()


class ForkedCase(Schema):
    """A case behind the split, and how many of its events each branch has."""

    case_id, case_no, applicant = shapes.text(), shapes.maybe(), shapes.text()
    touched = marshmallow.fields.Dict(
        keys=marshmallow.fields.String(), values=marshmallow.fields.Integer(), required=True
    )


class ForkGiven(Schema):
    """A forked stream; ``ruled``: a ruling is in force, ``unruled``: events behind the split that none looked at."""

    incarnation, scope, place = shapes.text(), shapes.text(), shapes.text()
    split, unruled = shapes.number(), shapes.number()
    found_ms = shapes.moment()
    ours, may_rule, shattered, ruled = (shapes.flag() for _ in range(4))
    branches, cases = shapes.many(BranchGiven), shapes.many(ForkedCase)


class ForkListing(Schema):
    """Every fork proven here."""

    forks = shapes.many(ForkGiven)


class Ruled(Schema):
    """Of which fork."""

    incarnation, scope = shapes.text(), shapes.text()
    split = shapes.number()


def _told(view: ForkView) -> dict[str, Any]:
    return {
        **{name: getattr(view, name) for name in _OF_A_FORK},
        "incarnation": view.incarnation.hex(),
        "ruled": view.ruling is not None,
        "branches": [
            {"mark": each.mark.hex(), "upto": each.upto, "events": each.events, "cases": len(each.cases)}
            for each in view.branches
        ],
        "cases": [
            {
                "case_id": each.case_id.hex(),
                "case_no": each.case_no or None,
                "applicant": masking.name(each.applicant),
                "touched": {mark.hex(): count for mark, count in each.touched.items()},
            }
            for each in view.cases
        ],
    }


_OF_A_FORK: Final = ("scope", "place", "split", "unruled", "found_ms", "ours", "may_rule", "shattered")


def list_forks(visit: Visit) -> dict[str, Any]:
    """Every fork that is proven here, the newest first."""
    return {"forks": [_told(view) for view in visit.site.casebook.forks()]}


def rule_on_fork(
    visit: Visit, chosen: dict[str, str], asked: dict[str, Any], incarnation: str, scope: str, split: str
) -> Any:
    """Rule on a fork: what counts of it, for everybody."""
    wanted, staff = request_of(visit, chosen, incarnation, scope, split, asked), visit.staff
    number = int(split) if split.isascii() and split.isdecimal() and len(split) < 17 else 0

    def rule() -> CaseKey:
        view = forks.fetch(visit, incarnation, scope, number)
        known = {case.case_id.hex(): case.case_id for case in view.both}
        unknown = [case for case in asked["choices"] if case not in known]
        if unknown:
            words = ("这一案件不是两边都有的，不能单独选", "no case that both branches touch: nothing is to be chosen")
            raise invalid({f"choices.{case}": words for case in unknown})
        made = Choice(
            asked["take_all"],
            {known[case]: bytes.fromhex(mark) for case, mark in asked["choices"].items()},
            bytes.fromhex(asked["otherwise"]) if asked["otherwise"] else None,
            entry.line(asked["reason"]),
            {bytes.fromhex(each["mark"]): each["upto"] for each in asked["seen"]},
        )
        visit.site.casebook.rule(staff.staff_no, staff.roles, view, made, wanted)
        return view.scope, view.incarnation

    _, headers = done_once(visit, wanted, rule)
    return {"incarnation": incarnation, "scope": scope, "split": number}, 200, headers


class EditionTaken(Taken):
    """A version of an item, field by field as the form of the county has them: texts, ticks (`yes` or empty), and
    lists with one entry a line. What is left out is empty."""

    version = schemas.Whole(1, 65_535, required=True)
    fields_ = marshmallow.fields.Dict(
        keys=marshmallow.fields.String(
            validate=marshmallow.validate.OneOf(
                (*item_form.LINES, *item_form.TICKS, *item_form.PARAGRAPHS), error="没有这一项"
            )
        ),
        values=schemas.Text(0, 20_000),
        required=True,
        data_key="fields",
        error_messages={**schemas.REQUIRED, "invalid": "格式不对"},
    )
    publish = schemas.YesNo(
        load_default=False, metadata={"description": "False: it is only looked at, and nothing is published."}
    )


class EditionGiven(Schema):
    """The version, whether it is published now; and what is to be considered, where it was only looked at."""

    item_no = shapes.text()
    version = shapes.number()
    published = shapes.flag()
    considered = shapes.many(shapes.Said)


def publish_item(visit: Visit, chosen: dict[str, str], asked: dict[str, Any], item_no: str) -> Any:
    """Look at a new version of an item, or publish it for good."""
    wanted, staff, book = request_of(visit, chosen, item_no, asked), visit.staff, visit.site.casebook
    typed = dict.fromkeys((*item_form.LINES, *item_form.PARAGRAPHS), "")
    typed |= {name: entry.line(asked["fields_"].get(name, "")) for name in item_form.LINES}
    typed |= {name: entry.paragraph(asked["fields_"].get(name, "")) for name in item_form.PARAGRAPHS}
    ticks = {name: asked["fields_"].get(name, "") for name in item_form.TICKS}
    wrong = [name for name, said in ticks.items() if said not in ("", "yes")]
    if wrong:
        raise invalid(dict.fromkeys(wrong, ("勾选项请填 yes，不勾的留空", "a tick is yes, or empty")))
    typed |= {name: said for name, said in ticks.items() if said}
    considered: list[tuple[str, str]] = []

    def publish() -> CaseKey:
        made = item_form.edition_of(typed, entry.number(item_no)[:32], asked["version"])
        if asked["publish"]:
            book.publish_item(staff.staff_no, staff.roles, made, wanted)
        else:
            considered.extend(book.check_item(made))
        return item_no, b""

    _, headers = done_once(visit, wanted, publish)
    told = [{"zh": zh, "en": en} for zh, en in considered]
    known = {"item_no": item_no, "version": asked["version"], "published": asked["publish"]}
    return {**known, "considered": told}, 200, headers


_FORK: Final = "/forks/<incarnation>/<scope>/<split>/ruling"
OPERATIONS: Final = (
    Operation("/forks", "list_forks", list_forks, forks.SEES, TAG, gives=ForkListing),
    Operation(_FORK, "rule_on_fork", rule_on_fork, forks.RULES, TAG, "POST", RulingTaken, gives=Ruled, once=True),
    Operation(
        "/items/<item_no>/versions", "publish_item", publish_item, item_versions.PUBLISHES, TAG, "POST", EditionTaken,
        gives=EditionGiven, once=True,
    ),
)  # fmt: skip
