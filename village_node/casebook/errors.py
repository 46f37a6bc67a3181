"""Why the casebook says no to one of our own people, in words for their screen."""


class CasebookError(Exception):
    """An act that was not done; nothing was changed. ``zh`` and ``en`` say why and what to do."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en


class NotAllowed(CasebookError):
    """This person, at this place, may not do this with the case as it stands."""


class Grown(NotAllowed):
    """The case has records that who decides was not shown."""


class SameBatch(NotAllowed):
    """A list was filed before, word for word; ``batch_id``: as which one."""

    def __init__(self, zh: str, en: str, batch_id: bytes) -> None:
        super().__init__(zh, en)
        self.batch_id = batch_id


class Stale(CasebookError):
    """The case has moved on since the page was drawn: look at it again before acting."""


class NotFound(CasebookError):
    """No such case is held here."""


class BadBody(CasebookError):
    """What was typed does not fit; ``field`` names the first field that is wrong."""

    def __init__(self, field: str, zh: str, en: str) -> None:
        super().__init__(zh, en)
        self.field = field


class MismatchingOffset(CasebookError):
    """A piece of an upload does not follow what is here; ``offset``: where the next one begins."""

    def __init__(self, offset: int) -> None:
        super().__init__(
            f"这一段接不上，请从第 {offset} 字节接着传", f"this piece does not follow: go on from byte {offset}"
        )
        self.offset = offset


class IdTaken(CasebookError):
    """A program has asked for something else under this id before; ``request_id`` names it."""

    def __init__(self, request_id: str) -> None:
        super().__init__(
            f"请求编号 {request_id} 已用于另一项内容：重发须与原来完全相同，新的请求请换新编号",
            f"the id {request_id} was used for another request: send the same again, or choose a new id",
        )
        self.request_id = request_id


class AlreadyDone(CasebookError):
    """A program has asked for the very same before, and it was done then: nothing was done now. ``scope`` and
    ``case_id``: the case that it came to."""

    def __init__(self, scope: str, case_id: bytes) -> None:
        super().__init__("这项请求先前已经办理", "this request was done before")
        self.scope = scope
        self.case_id = case_id
