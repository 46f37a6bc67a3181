"""The fonts documents are set in: carried by a package, used only as the known bytes, never the system's."""

import hashlib
import importlib.util
from functools import cache
from pathlib import Path
from typing import Final

PACKAGE: Final = "pylopdf_fonts_zh_cn"
# File -> the SHA-256 of versions we trust: another font may lack the rare characters of somebody's name.
KNOWN: Final = {
    "NotoSerifSC-Regular.otf": frozenset({"e8f396decc1f0963a016a989c3d8852e863d1350996f573860a80767c83a1cd3"}),
    "NotoSansSC-Regular.otf": frozenset({"faa6c9df652116dde789d351359f3d7e5d2285a2b2a1f04a2d7244df706d5ea9"}),
}


class NoFonts(Exception):
    """The fonts are missing or not the known ones; the text says what to do."""


@cache
def folder() -> Path:
    """Where the fonts lie. Raises NoFonts."""
    found = importlib.util.find_spec(PACKAGE)
    for place in (found.submodule_search_locations or []) if found else []:
        path = Path(place)
        for name, trusted in KNOWN.items():
            try:
                content = (path / name).read_bytes()
            except OSError as problem:
                raise NoFonts(f"{name} of package {PACKAGE} cannot be read ({problem}): install it again") from None
            if hashlib.sha256(content).hexdigest() not in trusted:
                raise NoFonts(f"{name} of package {PACKAGE} is not a known version: install the one this release names")
        return path
    raise NoFonts(f"package {PACKAGE} is missing: install it again with the program")
