"""Styles and scripts: our own, and Bootstrap's from the package that carries it, served only as the known bytes.

``page.css`` is both styles in one; ``site.css`` is ours alone, for a page that is drawn without Bootstrap.
"""

import hashlib
import importlib.util
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Final

STATIC: Final = Path(__file__).parent / "static"
# Said here and not asked of the machine: on Windows any program can change what it believes a .js to be.
MEDIA_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
}


@dataclass(frozen=True)
class Carried:
    """A third-party file: the package that carries it, where it lies there, the SHA-256 of versions we trust."""

    name: str
    package: str
    path: str
    sha256: frozenset[str]


CARRIED: Final = (
    Carried(
        "bootstrap.css",
        "flask_bootstrap",
        "static/bootstrap5/css/bootstrap.min.css",
        frozenset({"d85327d99c7a3ee1f9b5d0500d1370acea3ad2db39c163c2f51f232baedbdede"}),
    ),
    Carried(
        "swagger-ui.js",
        "flask_swagger_ui",
        "dist/swagger-ui-bundle.js",
        frozenset({"3f6abf70480db7e07914df4c98a77385f22ea585eaf457a3e6415ba0eae2d167"}),
    ),
    Carried(
        "swagger-ui.css",
        "flask_swagger_ui",
        "dist/swagger-ui.css",
        frozenset({"c3cfe8248c4b0b89673600fb829924eafbac6de4bc4b2b06f5f5243483074d0a"}),
    ),
)


@dataclass(frozen=True)
class Asset:
    """One file ready to be served; its address changes with its bytes, so browsers may keep it for ever."""

    name: str
    content: bytes
    media_type: str
    version: str


class Assets:
    """All files a page may load. A carried file that is missing or unknown is left out: pages work without it."""

    def __init__(self, carried: tuple[Carried, ...] = CARRIED) -> None:
        self.missing: list[str] = []
        own = {path.name: path.read_bytes() for path in sorted(STATIC.iterdir())}
        self._files: dict[str, Asset] = {}
        for each in carried:
            content = _carried_bytes(each)
            if content is None or hashlib.sha256(content).hexdigest() not in each.sha256:
                self.missing.append(each.name)
                logging.getLogger(__name__).warning(
                    "%s of package %s is missing or not the known one: pages go without it", each.path, each.package
                )
            else:
                self._files[each.name] = Asset(each.name, content, _media_type(each.name), _hash(content))
        # One sheet, so that no page is ever drawn by Bootstrap alone, whose drawings in `data:` our headers forbid.
        base = self._files.get(CARRIED[0].name)
        own["page.css"] = (base.content + b"\n" if base else b"") + own["site.css"]
        # One version for all of ours, since a style names its drawings by their place beside it.
        version = _hash(b"".join(own.values()))
        for name, content in own.items():
            self._files[name] = Asset(name, content, _media_type(name), version)

    def address(self, name: str) -> str | None:
        """The address of a file on this node; None when it cannot be served."""
        asset = self._files.get(name)
        return f"/assets/{asset.version}/{asset.name}" if asset else None

    def get(self, version: str, name: str) -> Asset | None:
        """The file of exactly this version."""
        asset = self._files.get(name)
        return asset if asset is not None and asset.version == version else None


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _media_type(name: str) -> str:
    return MEDIA_TYPES[Path(name).suffix]


def _carried_bytes(carried: Carried) -> bytes | None:
    """Read a file out of an installed package without importing it."""
    found = importlib.util.find_spec(carried.package)
    for folder in (found.submodule_search_locations or []) if found else []:
        path = Path(folder) / carried.path
        if path.is_file():
            return path.read_bytes()
    return None
