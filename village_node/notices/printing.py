"""Printing beside the pages: each document in a process of its own with a time limit, few of them at once."""

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Mapping
from typing import Any, Final

LIMIT_S: Final = 20.0
PATIENCE_S: Final = 5.0
AT_ONCE: Final = 2
_PRESS: Final = "village_node.notices.press"
_log = logging.getLogger(__name__)


class NotPrinted(Exception):
    """A document did not come out; ``zh`` and ``en`` say what to do. The case is as it was."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en


class Printer:
    """Prints documents. A document that hangs takes only its own process with it."""

    def __init__(self, limit_s: float = LIMIT_S, at_once: int = AT_ONCE, patience_s: float = PATIENCE_S) -> None:
        """``patience_s``: how long a page waits for its turn."""
        self._limit_s = limit_s
        self._patience_s = patience_s
        self._turns = threading.BoundedSemaphore(at_once)

    def print(self, template: str, given: Mapping[str, Any]) -> bytes:
        """One document as PDF. Raises NotPrinted."""
        if not self._turns.acquire(timeout=self._patience_s):
            raise NotPrinted("正在打印的文书较多，请稍候再点打印", "others are printing: try again in a moment")
        try:
            return self._printed(template, json.dumps({"template": template, "given": given}).encode())
        finally:
            self._turns.release()

    def _printed(self, template: str, asked: bytes) -> bytes:
        try:
            done = subprocess.run(
                [sys.executable, "-P", "-m", _PRESS],
                input=asked,
                capture_output=True,
                timeout=self._limit_s,
                check=False,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except subprocess.TimeoutExpired:
            raise NotPrinted(
                f"文书在 {self._limit_s:g} 秒内没有排好。案件不受影响，请再试一次；仍不行请联系管理员",
                f"the document was not ready within {self._limit_s:g} s. The case is untouched: try again, or tell the "
                "administrator",
            ) from None
        except OSError as problem:
            raise _failed(template, str(problem)) from None
        if done.returncode:
            raise _failed(template, done.stderr.decode("utf-8", "replace"))
        return done.stdout


def _failed(template: str, why: str) -> NotPrinted:
    """What people are told; the log has the typesetter's words, which may hold what was typed, so only their end."""
    _log.error("document %s was not printed: %s", template, why.strip()[-300:])
    return NotPrinted(
        "文书没有打印出来。案件不受影响；请把文书名称和时间告诉管理员，先用手工文书",
        "the document was not printed. The case is untouched: tell the administrator which and when, and write by hand "
        "for now",
    )
