"""The list of cases as a file through the interface for programs, by the rules of the pages."""

from typing import Any, Final

import marshmallow
from werkzeug.wrappers import Response

from village_node.store.locks import CaseKey
from village_node.web import export, exports, work
from village_node.web.api.casework import ListQuery, ReasonTaken
from village_node.web.api.operations import Operation, Taken, done_once, reason_in, request_of
from village_node.web.site import Visit

TAG: Final = "cases"


class ExportQuery(Taken):
    """Which cases, in which form; and the number of the request that was granted, where there had to be one."""

    form = marshmallow.fields.String(
        load_default="csv",
        validate=marshmallow.validate.OneOf(("csv", "xlsx"), error="请从所列选项中选择"),
    )
    request = marshmallow.fields.Integer(
        load_default=None,
        error_messages={"invalid": "应为整数"},
        metadata={"description": "`number` of a request that another head has granted."},
    )


for _name in ("view", *work.FILTERS):
    ExportQuery._declared_fields[_name] = ListQuery._declared_fields[_name]


class AskedNumber(marshmallow.Schema):
    """The number of the request."""

    number = marshmallow.fields.Integer(required=True)


def export_cases(visit: Visit, asked: dict[str, Any]) -> Response:
    """The cases of a view as a file, masked as on the page; its last row says who took it away, and begins with `# `.

    One account takes away 200 people a day. Beyond that the answer is 403 `second_person`.
    """
    return export.given(visit, work.table(visit, asked["view"]), asked["form"])


def ask_export_of_cases(visit: Visit, chosen: dict[str, str], said: dict[str, str], asked: dict[str, Any]) -> Any:
    """Ask for a list that names more people than one may take away alone; another head answers on the page."""
    reason, wanted = reason_in(said), request_of(visit, chosen, said, asked)

    def ask() -> CaseKey:
        keep = visit.site.casebook.kept_with(wanted)
        return str(exports.asked(visit, work.table(visit, asked["view"]), asked["form"], reason, keep)), b""

    (number, _), headers = done_once(visit, wanted, ask)
    return {"number": int(number)}, 200, headers


OPERATIONS: Final = (
    Operation(
        "/exports/cases", "export_cases", export_cases, exports.ASKS, TAG, asks=ExportQuery,
        gives={"type": "string", "format": "binary"}, media="text/csv",
    ),
    Operation(
        "/exports/cases", "ask_export_of_cases", ask_export_of_cases, exports.ASKS, TAG, "POST", ReasonTaken,
        asks=ExportQuery, gives=AskedNumber, once=True,
    ),
)  # fmt: skip
