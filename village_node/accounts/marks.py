"""The last look at the audit chain, kept beside the database: whoever computes the chain anew in the database has not
changed this file with it."""

import json
from pathlib import Path
from typing import Final

from village_node import files
from village_node.store import NotSaved
from village_node.store.audit import Mark

MARK_FILE: Final = "audit.mark"


class MarkFile:
    """How far the chain reached and what its last line bore, in one small file that names the life of the node."""

    def __init__(self, path: Path) -> None:
        """Nothing is read yet."""
        self._path = path

    def read(self, life: bytes) -> Mark | None:
        """What it says; None where there is none that can be read, or it is of another life: a new one begins where an
        older copy of the database was put back."""
        try:
            named, n, line_hash = json.loads(self._path.read_bytes())
            return Mark(int(n), bytes.fromhex(line_hash)) if bytes.fromhex(named) == life else None
        except (OSError, ValueError, TypeError):
            return None

    def write(self, life: bytes, mark: Mark) -> None:
        """Put this in its place. Raises NotSaved."""
        try:
            files.write(self._path, json.dumps([life.hex(), mark.n, mark.hash.hex()]).encode("ascii"))
        except OSError as problem:
            raise NotSaved(
                f"未保存：{MARK_FILE} 写不进去（{problem}），请检查磁盘",
                f"not saved: {MARK_FILE} cannot be written ({problem}); look at the disk",
            ) from problem
