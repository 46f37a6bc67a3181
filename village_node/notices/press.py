"""The press: one document from its data, set by typst. `python -m village_node.notices.press` prints one and ends.

It reads a JSON object {template, given} and writes the PDF; what cannot be printed ends it with a line that says why.
"""

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import typst

from village_node.notices import fonts

TEMPLATES: Final = Path(__file__).parent / "templates"
# For archives: everything embedded, and no character that the fonts do not have.
STANDARD: Final = "a-2b"
# What stands for a character that no font here has: the sign printers have always put in its place.
GETA: Final = "〓"
_MOST_MISSING: Final = 32
_NO_GLYPH: Final = re.compile(r"the text [`\"']*(.+?)[`\"']* could not be displayed", re.DOTALL)
CANNOT: Final = 3


class CannotPrint(Exception):
    """A document that cannot be set; the text is the typesetter's own."""


def pressed(template: str, given: Mapping[str, Any]) -> bytes:
    """Set one document as PDF. The same data give the same bytes. Raises CannotPrint, NoFonts."""
    data: dict[str, Any] = {"missing": [], **given}
    for _ in range(_MOST_MISSING):
        try:
            return _set(template, data)
        except CannotPrint as problem:
            lacking = {each for found in _NO_GLYPH.findall(str(problem)) for each in found if each != GETA}
            marked = _without(data, lacking)
            if not lacking or marked == data:
                raise
            # Somebody whose name has the rarest of characters still gets the paper, and it says what to write in.
            data = {**marked, "missing": sorted({*data["missing"], *(f"U+{ord(each):04X}" for each in lacking)})}
    raise CannotPrint("too many characters that no font has")


def _set(template: str, data: Mapping[str, Any]) -> bytes:
    compiler = typst.Compiler(
        TEMPLATES / f"{template}.typ",
        root=TEMPLATES,
        font_paths=[fonts.folder()],
        ignore_system_fonts=True,
        sys_inputs={"given": json.dumps(data, ensure_ascii=False, sort_keys=True)},
    )
    try:
        printed = compiler.compile(format="pdf", pdf_standards=[STANDARD])
    except typst.TypstError as problem:
        raise CannotPrint(str(problem)) from None
    assert isinstance(printed, bytes), "without a file to write to the typesetter gives the bytes of one"
    return printed


def _without(value: Any, lacking: set[str]) -> Any:
    """The same data with these characters replaced, wherever they stand."""
    if isinstance(value, str):
        return "".join(GETA if each in lacking else each for each in value)
    if isinstance(value, Mapping):
        return {name: _without(each, lacking) for name, each in value.items()}
    return [_without(each, lacking) for each in value] if isinstance(value, list) else value


def main() -> int:
    """Print the one document that standard input asks for."""
    asked = json.loads(sys.stdin.buffer.read())
    try:
        document = pressed(asked["template"], asked["given"])
    except (CannotPrint, fonts.NoFonts) as problem:
        sys.stderr.write(str(problem))
        return CANNOT
    sys.stdout.buffer.write(document)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
