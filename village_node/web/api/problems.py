"""How the interface for programs says no: problem+json with a code that never changes, in both languages."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from flask import json, make_response, request
from marshmallow import ValidationError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from village_node.accounts.exports import ExportRefused
from village_node.accounts.readings import UsedUp
from village_node.casebook import (
    AlreadyDone,
    BadBody,
    CasebookError,
    Grown,
    IdTaken,
    MismatchingOffset,
    NotAllowed,
    NotFound,
    SameBatch,
    Stale,
)
from village_node.casebook.skews import ClockOff
from village_node.notices.printing import NotPrinted
from village_node.store import NotReadable, NotSaved, StoreError
from village_node.web import previews, schemas
from village_node.web.query import NotTold

MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER_S: Final = 30
ROWS: Final = "applications"  # the field whose members are forms of their own


class Row(NamedTuple):
    """One problem: its HTTP status, and what it is where nothing more is known, in both languages."""

    status: int
    zh: str
    en: str


# Codes are part of the interface: rows may be added, never renamed.
PROBLEMS: Final[dict[str, Row]] = {
    "bad_request": Row(400, "请求有误", "The request cannot be read."),
    "malformed_json": Row(400, "请求正文不是有效的 JSON", "The body is not valid JSON."),
    "no_token": Row(401, "请在 Authorization 头中提供有效的令牌", "Give a valid token in the Authorization header."),
    "role_not_allowed": Row(403, "这一岗位不能使用这个接口", "The role of this token may not use this."),
    "second_person": Row(403, "须由另一位负责人批准", "Another head has to agree."),
    "not_found": Row(404, "没有找到，或者您无权查看", "There is nothing here, or it is not yours to see."),
    "method_not_allowed": Row(405, "这个地址不接受这种方法", "This address does not take this method."),
    "stale": Row(409, "案件已有新的进展，请重新读取后再办理", "The case has moved on: read it again."),
    "not_allowed_now": Row(409, "案件目前的状态不允许这样办理", "The case as it stands does not allow this."),
    "clock_not_confirmed": Row(
        409, "本机时钟不准，请核对时间后确认", "The clock is off: look at the time, and confirm."
    ),
    "upload_offset": Row(409, "这一段接不上", "This piece does not follow what is here."),
    "id_taken": Row(409, "请求编号已用于另一项内容", "The id was used for another request."),
    "too_large": Row(413, "内容过长，请缩短", "More was sent than is taken; shorten it."),
    "not_json": Row(415, "请求正文须为 application/json", "The body must be application/json."),
    "invalid": Row(422, "有字段缺少或不符合要求", "A field is missing or not as required."),
    "too_many": Row(429, "请求过多，请稍后再试", "Too many requests; try again later."),
    "rows_used_up": Row(429, "这个令牌今天能读取的件数已用完", "The token has read what it may in a day."),
    "broken": Row(500, "未保存：系统出错，请联系管理员", "Not saved: something broke; tell the administrator."),
    "not_saved": Row(503, "未保存，请稍后重试", "Not saved; try again in a moment."),
    "not_readable": Row(503, "暂时无法读取，请稍后重试", "It cannot be read just now; try again in a moment."),
    "not_printed": Row(503, "文书暂时无法生成", "The document cannot be made just now."),
}
_OF_STATUS: Final = {
    400: "bad_request", 401: "no_token", 403: "role_not_allowed", 404: "not_found", 405: "method_not_allowed",
    413: "too_large", 415: "not_json", 422: "invalid", 429: "too_many", 503: "not_readable",
}  # fmt: skip


class Problem(Exception):
    """A request that is not answered as asked. ``fields``: field -> what is wrong with it, in both languages."""

    def __init__(
        self,
        code: str,
        zh: str = "",
        en: str = "",
        fields: Mapping[str, tuple[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        row = PROBLEMS[code]
        super().__init__(en or row.en)
        self.code = code
        self.zh = zh or row.zh
        self.en = en or row.en
        self.fields = dict(fields or {})
        self.headers = dict(headers or {})
        self.more = more


def invalid(fields: Mapping[str, tuple[str, str]], zh: str = "", en: str = "") -> Problem:
    """The problem of fields that do not fit. The first one speaks for all where nothing else does."""
    first = next(iter(fields.items()), None)
    if first is not None and not zh:
        name, words = first
        zh, en = f"{name}：{words[0]}", f"{name}: {words[1]}"
    return Problem("invalid", zh, en, fields)


def of_messages(messages: Any) -> Problem:
    """The problem of what a schema says. In a list of applications each wrong field is named with its row."""
    error = ValidationError(_by_row(messages))
    found = schemas.messages_of(error)
    return invalid({name: (words, schemas.english(words)) for name, words in found.items()})


def _by_row(messages: Any) -> Any:
    rows = messages.get(ROWS) if isinstance(messages, dict) else None
    if not isinstance(rows, dict) or not all(isinstance(each, dict) for each in rows.values()):
        return messages
    beside = {name: said for name, said in messages.items() if name != ROWS}
    return beside | {f"{ROWS}.{row}.{name}": said for row, told in rows.items() for name, said in told.items()}


def waiting(wait_ms: int, zh: str = "", en: str = "") -> Problem:
    """The problem of who asks too often."""
    return Problem("too_many", zh, en, headers={"Retry-After": str(max(1, -(-wait_ms // 1000)))})


def used_up(refused: UsedUp, wait_ms: int) -> Problem:
    """The problem of a token that asks for more cases than are left to it today."""
    zh = f"一个令牌一天最多读取 {refused.most} 件，今天还剩 {refused.left} 件：请把 limit 改小，或明天再读"
    en = f"A token reads {refused.most} cases a day, {refused.left} are left: ask with a smaller limit, or tomorrow"
    retry = {"Retry-After": str(max(1, -(-wait_ms // 1000)))}
    return Problem("rows_used_up", zh, en, headers=retry, left=refused.left)


def of_casebook(error: CasebookError) -> Problem:
    """The problem of an act that the casebook refused."""
    if isinstance(error, BadBody):
        return invalid({error.field: (error.zh, error.en)}, error.zh, error.en)
    if isinstance(error, IdTaken):
        return Problem("id_taken", error.zh, error.en, request_id=error.request_id)
    if isinstance(error, MismatchingOffset):
        return Problem("upload_offset", error.zh, error.en, headers={"Upload-Offset": str(error.offset)})
    assert not isinstance(error, AlreadyDone), "what was done before is an answer"
    codes: dict[type[CasebookError], str] = {Stale: "stale", Grown: "stale", NotFound: "not_found"}
    codes |= {NotAllowed: "not_allowed_now", SameBatch: "not_allowed_now", ClockOff: "clock_not_confirmed"}
    return Problem(codes[type(error)], error.zh, error.en)


def of_query(refused: NotTold) -> Problem:
    """The problem of a resident's look-up without an answer."""
    if refused.status == 429:
        return waiting(refused.wait_ms, refused.zh, refused.en)
    return Problem(_OF_STATUS[refused.status], refused.zh, refused.en)


def of_store(fault: StoreError, *, changes: bool) -> Problem:
    """The problem of a database that refused. ``changes``: something was to be saved, and is not."""
    retry = {"Retry-After": str(RETRY_AFTER_S)}
    if not changes and isinstance(fault, NotReadable):
        return Problem("not_readable", fault.zh, fault.en, headers=retry)
    zh = fault.zh if fault.zh.startswith("未保存") else f"未保存：{fault.zh}"
    en = fault.en if fault.en.startswith("not saved") else f"not saved: {fault.en}"
    return Problem("not_saved", zh, en, headers=retry)


def of_export(refused: ExportRefused) -> Problem:
    """The problem of a list that may not be taken away so, and the way to it."""
    return Problem(
        "second_person",
        f"{refused.zh}。请用 POST /exports/cases 写明理由提出申请，另一位负责人在“导出审批”页批准后，"
        "再带 request=编号 取一次",
        f"{refused.en}. Ask for it with POST /exports/cases and a reason; once another head has agreed on the page of "
        "exports, ask again with request=<number>",
    )


def of_http(error: HTTPException) -> Problem:
    """The problem of what werkzeug or Flask refused."""
    status = error.code or 500
    kept = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After")}
    code = _OF_STATUS.get(status, "broken" if status >= 500 else "bad_request")
    if code == "too_large" and request.max_content_length:
        most = previews.most_words(request.max_content_length)
        return Problem(code, f"内容超过 {most}，请缩短", f"More than {most} was sent; shorten it.", headers=kept)
    return Problem(code, headers=kept)


def problem_of(error: Exception, *, changes: bool) -> Problem:
    """The problem that any fault of a request is. ``changes``: the request was to change something."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, CasebookError):
        return of_casebook(error)
    if isinstance(error, ValidationError):
        return of_messages(error.messages_dict)
    if isinstance(error, NotTold):
        return of_query(error)
    if isinstance(error, ExportRefused):
        return of_export(error)
    if isinstance(error, NotPrinted):
        return Problem("not_printed", error.zh, error.en, headers={"Retry-After": str(RETRY_AFTER_S)})
    if isinstance(error, MemoryError):
        words = ("本机内存不足，请稍后重试", "this machine is short of memory: try again in a moment")
        return of_store(NotSaved(*words), changes=changes)
    if isinstance(error, StoreError):
        return of_store(error, changes=changes)
    assert isinstance(error, HTTPException)
    return of_http(error)


def answer_of(problem: Problem) -> Response:
    """The answer that tells a problem."""
    row = PROBLEMS[problem.code]
    fields = [{"field": name, "zh": zh, "en": en} for name, (zh, en) in problem.fields.items()]
    told: dict[str, Any] = {
        "type": f"urn:sanji:problem:{problem.code}",
        "title": row.en,
        "status": row.status,
        "code": problem.code,
        "zh": problem.zh,
        "en": problem.en,
        "fields": fields,
        **({"field": fields[0]["field"]} if fields else {}),
        **problem.more,
    }
    response = make_response(json.dumps(told, ensure_ascii=False), row.status)
    response.headers["Content-Type"] = MEDIA_TYPE
    for name, value in problem.headers.items():
        response.headers[name] = value
    if row.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="sanji"'
    return response
