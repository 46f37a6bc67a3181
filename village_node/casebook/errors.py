"""Why the casebook says no to one of our own people, in words for their screen."""


class CasebookError(Exception):
    """An act that was not done; nothing was changed. ``zh`` and ``en`` say why and what to do."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en


class NotAllowed(CasebookError):
    """This person, at this place, may not do this with the case as it stands."""


class Stale(CasebookError):
    """The case has moved on since the page was drawn: look at it again before acting."""


class NotFound(CasebookError):
    """No such case is held here."""


class BadBody(CasebookError):
    """What was typed does not fit; ``field`` names the first field that is wrong."""

    def __init__(self, field: str, zh: str, en: str) -> None:
        super().__init__(zh, en)
        self.field = field
