"""Addresses that open something by themselves stand in no log: whoever reads one could go on with them."""

import logging
import re
from typing import Final

_OPENS: Final = re.compile(r"(/(?:phone|q)/)[^/\s?#\"'\]<>]+")
_HIDDEN: Final = r"\1…"


def hidden(words: str) -> str:
    """Words without what opens something."""
    return _OPENS.sub(_HIDDEN, words)


class Unlogged(logging.Filter):
    """Writes the same line without what opens something."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Every line is written."""
        words = record.getMessage()
        if _OPENS.search(words):
            record.msg, record.args = hidden(words), ()
        return True


UNLOGGED: Final = Unlogged()
SERVER: Final = "waitress"


def keep_unlogged(app: str) -> None:
    """Have the log of an app, and that of the server in front of it, go without them."""
    for name in (app, SERVER):
        logging.getLogger(name).addFilter(UNLOGGED)
