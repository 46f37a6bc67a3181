"""Authoring at a village: `author`, from form to committed, signed event, one by one and in bulk."""

import tempfile
from pathlib import Path
from typing import Final

from tests.benchmarks import casework, references
from tests.benchmarks.documents import documents
from tests.benchmarks.network import found, opened
from tests.benchmarks.report import Figure, measured, publish, say

ONE_BY_ONE: Final = 400
BULK: Final = 5_000
BAR_ONE_BY_ONE: Final = 300
BAR_BULK: Final = 5_000


def author(one_by_one: int = ONE_BY_ONE, bulk: int = BULK) -> None:
    """Cases a second filed one by one (created and received, a commit each), and imported in bulk."""
    say(f"author: {one_by_one} one by one, {bulk} in bulk ...")
    filed = list(documents(one_by_one + bulk))
    with tempfile.TemporaryDirectory(prefix="sanji-bench-") as folder:
        signed_per_s, _ = references.ed25519_per_s()
        sync_ms = references.disk_sync_ms(Path(folder))
        with opened(found(Path(folder), 1).villages[0]) as casebook:
            with measured() as spent:
                for document in filed[:one_by_one]:
                    casework.file_one(casebook, document)
            with measured() as imported:
                casework.file_all(casebook, filed[one_by_one:])
    bulk_per_s = bulk / imported.wall_s
    publish(
        Figure(
            "author",
            one_by_one / spent.wall_s,
            "cases/s",
            one_by_one,
            spent,
            least=BAR_ONE_BY_ONE,
            more=(
                ("bulk_per_s", bulk_per_s),
                ("bulk_n", bulk),
                ("bulk_bar", BAR_BULK),
                ("bulk_reached", bulk_per_s >= BAR_BULK),
                ("ed25519_signatures_per_s", signed_per_s),
                ("disk_sync_ms", sync_ms),
            ),
        )
    )
