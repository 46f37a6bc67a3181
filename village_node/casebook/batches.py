"""Lists (名单): many people's applications for one item, as a season brings them, filed in one go or not at all.

Each becomes an ordinary case with a number and a query code of its own; the list only keeps them together for print.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sync_protocol.case import kinds
from sync_protocol.case.workdays import day_of
from sync_protocol.encoding import encode
from sync_protocol.places import about
from sync_protocol.suites import sha256
from village_node.casebook import cards, once
from village_node.casebook.acts import Application, CaseRef
from village_node.casebook.desk import Desk
from village_node.casebook.errors import BadBody, SameBatch
from village_node.casebook.reading import Reading
from village_node.store import Connection, batches
from village_node.store.batches import Batch
from village_node.store.cases import CaseRow
from village_node.store.requests import Request

MOST: Final = 500  # applications in one list: a season of a county's town is some 400, and they are one transaction
SAME_MS: Final = 60 * 86_400_000  # so long the same list, word for word, is taken for the same season's
SHOWN: Final = 50
LOOKED_THROUGH: Final = 200  # a village's months, a window's last days
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
        authorities: Sequence[Mapping[str, Any] | None] = (),
    ) -> bytes:
        """File a list of applications (by field number) for one item; the id of the list, drawn here.
        ``authorities``: by which somebody acts for each of them (by field name), None where nobody does.

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
        given = list(authorities) or [None] * len(applied)
        listed: list[Any] = [channel, [dict(body) for body in applied]]
        if any(given):  # a list without any is the same list as before they were asked for
            listed.append([sorted(map(list, (each or {}).items())) for each in given])
        digest = sha256(encode(listed))
        batch_id = self.randomness(16)

        def note(connection: Connection, refs: list[CaseRef]) -> None:
            now_ms = self.clock()
            before = batches.same(connection, digest, now_ms - SAME_MS)
            if before is not None:
                day = day_of(before.made_ms)
                raise SameBatch(
                    f"这份名单 {day.year}年{day.month}月{day.day}日 已经申报过，内容完全相同；已收的件在“名单收件”里",
                    f"this very list was filed before, on {day}: look at it among the lists",
                    before.batch_id,
                )
            item_no, version = next(iter(items))
            batch = Batch(batch_id, item_no, version or 1, digest, actor, now_ms)
            batches.add(connection, batch, [(ref.scope, ref.case_id) for ref in refs])
            self.note(connection, actor, "batch.file", batch_id.hex(), item=item_no, cases=len(refs))
            once.became(connection, request, (BATCH, batch_id))

        filed = zip(applied, given, strict=True)
        self.record_many([Application(actor, body, channel, each) for body, each in filed], request, note)
        return batch_id

    def open_before(self, item_no: str, applied: Sequence[Mapping[str, Any]]) -> dict[int, str]:
        """Of a list about to be filed (by field name): the rows, from 0, whose applicant has an open case of this item
        here that is no older than a season, each with that case's number. A list that was changed since it was filed
        is no longer the same list; this shows it."""
        names = {str(body.get("applicant_name", "")) for body in applied}
        scope = about(self.identity.place)
        with self.store.reading() as connection:
            rows = batches.open_of(connection, scope, item_no, self.clock() - SAME_MS, names)
        known: dict[tuple[str, str], str] = {}
        for row in rows:
            case = self.case(row.scope, row.case_id)
            if case is not None:
                known[case.applicant.get("name", ""), case.applicant.get("id_no", "")] = row.case_no or ""
        people = enumerate((str(body.get("applicant_name")), str(body.get("applicant_id_no"))) for body in applied)
        return {at: known[person] for at, person in people if person in known}

    def filed_with(self, number: str) -> list[CaseRow]:
        """Of the newest cases filed here those whose papers name this identity number (normalised), under whatever
        name: the newest first. Nothing keeps the numbers beside the papers, so no more are looked through."""
        newest = self.cases_after("all", {"place": self.identity.place}, None, LOOKED_THROUGH)
        with self.store.reading() as connection:
            named = cards.named_in_each(connection, [(row.scope, row.case_id) for row in newest])
        return [row for row in newest if number in named[row.scope, row.case_id]]

    def batches(self, page: int = 1, item_no: str = "") -> list[tuple[Batch, int]]:
        """A page of the lists filed here, the newest first, and how many cases each became. ``item_no``: for one item,
        or empty for all."""
        with self.store.reading() as connection:
            return batches.newest(connection, SHOWN, (page - 1) * SHOWN, item_no)

    def batch_count(self, item_no: str = "") -> int:
        """How many lists were filed here."""
        with self.store.reading() as connection:
            return batches.total(connection, item_no)

    def batch(self, batch_id: bytes) -> tuple[Batch, list[CaseRow]] | None:
        """One list with its cases in the order of its rows."""
        with self.store.reading() as connection:
            found = batches.get(connection, batch_id)
            return (found, batches.cases_of(connection, batch_id)) if found is not None else None
