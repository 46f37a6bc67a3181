"""The evidence package: what a node holds of one case, in one file that a stranger can verify without any node.

Section 15 of PROTOCOL.md is the normative text. Nodes only write it; `village_node/verify_evidence.py` reads it, and
stands alone.
"""

from typing import Any, Final, NamedTuple

from sync_protocol import limits
from sync_protocol.checkpoint import Line
from sync_protocol.encoding import encode
from sync_protocol.errors import TooLarge
from sync_protocol.receipt import Receipt, to_values
from sync_protocol.roster import Change, change_values
from sync_protocol.suites import SigningKey

NAME: Final = "sanji-evidence"
FORM: Final = 1


class Shown(NamedTuple):
    """An event that is shown: D(header), salt and body where they are here, and how the writer counts it."""

    header: bytes
    salt: bytes | None
    body: bytes | None
    verdict: str


class Run(NamedTuple):
    """Consecutive positions of one branch of a stream from `first` on, of which `base` is the chain hash before.

    A row is an event shown, or the item hash of one that is not. `seal` is the author's at `seq`.
    """

    incarnation: bytes
    scope: str
    first: int
    base: bytes
    rows: tuple[Shown | bytes, ...]
    seq: int
    seal: bytes


class Vouched(NamedTuple):
    """A checkpoint: the run of its event, and its lines of positions in other runs."""

    run: Run
    lines: tuple[Line, ...]


class Package(NamedTuple):
    """Everything in the file. `time`: ms since 1970 by the writer's clock; `number`, `state`: as it folds the case."""

    network_id: bytes
    scope: str
    case_id: bytes
    time: int
    number: str
    state: str
    changes: tuple[Change, ...]
    runs: tuple[Run, ...]
    receipts: tuple[Receipt, ...]
    checkpoint: Vouched | None
    forks: tuple[bytes, ...]


def sign(package: Package, incarnation: bytes, key: SigningKey) -> bytes:
    """The file, signed by the node that wrote it. Raises TooLarge beyond the limit."""
    vouched = package.checkpoint
    payload = encode(
        [
            *package[:6],
            [change_values(change) for change in package.changes],
            [_run_values(run) for run in package.runs],
            [to_values(receipt) for receipt in package.receipts],
            vouched and [_run_values(vouched.run), [[*line[:5], list(line.path)] for line in vouched.lines]],
            list(package.forks),
        ]
    )
    signature = key.sign("evidence", package.network_id, payload)
    raw = encode([NAME, FORM, payload, incarnation, signature])
    if len(raw) > limits.EVIDENCE:
        raise TooLarge(f"evidence package: {len(raw)} bytes, at most {limits.EVIDENCE}")
    return raw


def _run_values(run: Run) -> list[Any]:
    rows = [row if isinstance(row, bytes) else list(row) for row in run.rows]
    return [*run[:4], rows, run.seq, run.seal]
