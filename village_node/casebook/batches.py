"""Lists (名单): many people's applications for one item, as a season brings them, filed in one go or not at all.

Each becomes an ordinary case with a number and a query code of its own; the list only keeps them together for print.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sync_protocol.case import kinds
from sync_protocol.encoding import encode
from sync_protocol.suites import sha256
from village_node.casebook import once
from village_node.casebook.desk import Application, CaseRef, Desk
from village_node.casebook.errors import BadBody, NotAllowed
from village_node.casebook.reading import Reading
from village_node.store import Connection, batches
from village_node.store.batches import Batch
from village_node.store.cases import CaseRow
from village_node.store.requests import Request

MOST: Final = 500  # applications in one list: a season of a county's town is some 400, and they are one transaction
SAME_MS: Final = 60 * 86_400_000  # so long the same list, word for word, is taken for the same season's
SHOWN: Final = 50
BATCH: Final = "batch"  # under which a request keeps the list it became


class Batches(Desk, Reading):
    """The part of the casebook that files lists."""

    def file_batch(
        self,
        actor: str,
        roles: Iterable[str],
        applied: Sequence[Mapping[int, Any]],
        channel: str,
        request: Request | None = None,
    ) -> bytes:
        """File a list of applications (by field number) for one item; the id of the list, drawn here.

        Raises AlreadyDone, IdTaken, NotAllowed (also for a list that was filed before), BadBody, NotSaved.
        """
        allowed = frozenset(roles)
        self._check_may(allowed, kinds.CREATE)
        self._check_may(allowed, kinds.RECEIVE)
        items = {(body[0], body.get(1)) for body in applied}
        if not 0 < len(applied) <= MOST or len(items) != 1:
            raise BadBody(
                "applications", f"一份名单为同一事项的 1 至 {MOST} 人", f"a list is 1 to {MOST} people for one item"
            )
        digest = sha256(encode([channel, [dict(body) for body in applied]]))
        batch_id = self.randomness(16)

        def note(connection: Connection, refs: list[CaseRef]) -> None:
            now_ms = self.clock()
            before = batches.same(connection, digest, now_ms - SAME_MS)
            if before is not None:
                raise NotAllowed(
                    "这份名单已经申报过，内容完全相同；请到“名单收件”查看已收的件",
                    "this very list was filed before: look at it among the lists",
                )
            item_no, version = next(iter(items))
            batch = Batch(batch_id, item_no, version or 1, digest, actor, now_ms)
            batches.add(connection, batch, [(ref.scope, ref.case_id) for ref in refs])
            self.note(connection, actor, "batch.file", batch_id.hex(), item=item_no, cases=len(refs))
            once.became(connection, request, (BATCH, batch_id))

        self.record_many([Application(actor, body, channel) for body in applied], request, note)
        return batch_id

    def batches(self) -> list[tuple[Batch, int]]:
        """The lists filed here, the newest first, and how many cases each became."""
        with self.store.reading() as connection:
            return batches.newest(connection, SHOWN)

    def batch(self, batch_id: bytes) -> tuple[Batch, list[CaseRow]] | None:
        """One list with its cases in the order of its rows."""
        with self.store.reading() as connection:
            found = batches.get(connection, batch_id)
            return (found, batches.cases_of(connection, batch_id)) if found is not None else None
