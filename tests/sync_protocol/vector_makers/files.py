"""Which file of vectors is made by what, and how it is written."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.sync_protocol.vector_makers.bundles import bundles
from tests.sync_protocol.vector_makers.checkpoints import checkpoints
from tests.sync_protocol.vector_makers.encodings import encodings
from tests.sync_protocol.vector_makers.forks import forks
from tests.sync_protocol.vector_makers.inquiries import inquiries
from tests.sync_protocol.vector_makers.receipts import receipts
from tests.sync_protocol.vector_makers.releases import releases
from tests.sync_protocol.vector_makers.revocations import revocations
from tests.sync_protocol.vector_makers.roster import roster
from tests.sync_protocol.vector_makers.roster_forks import roster_forks
from tests.sync_protocol.vector_makers.sealed import sealed
from tests.sync_protocol.vector_makers.segments import segments
from tests.sync_protocol.vector_makers.shapes import Vector
from tests.sync_protocol.vector_makers.streams import streams
from tests.sync_protocol.vector_makers.successions import successions
from tests.sync_protocol.vector_makers.versions import versions

FOLDER: Final = Path(__file__).parents[1] / "vectors"
MAKERS: Final[dict[str, Callable[[], Vector]]] = {
    "encodings.json": encodings,
    "roster.json": roster,
    "streams.json": streams,
    "segments.json": segments,
    "receipts.json": receipts,
    "checkpoints.json": checkpoints,
    "forks.json": forks,
    "roster_forks.json": roster_forks,
    "revocations.json": revocations,
    "releases.json": releases,
    "successions.json": successions,
    "versions.json": versions,
    "bundles.json": bundles,
    "sealed.json": sealed,
    "inquiries.json": inquiries,
}


def text(vectors: Vector) -> str:
    """A file's text, one field a line."""
    return json.dumps(vectors, ensure_ascii=False, indent=1) + "\n"
