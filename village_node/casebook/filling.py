"""Bodies that come by themselves, for events held without them."""

from sync_protocol.errors import BadCommitment
from sync_protocol.event import Event, fits, load_header
from village_node.casebook import purged
from village_node.casebook.growth import Growth
from village_node.casebook.ledger import Entry, Filled
from village_node.casebook.plan import Plan
from village_node.store import Connection, streams


def fill(connection: Connection, plan: Plan, entry: Entry) -> None:
    """Put bodies that came where they were missing; one that does not fit its commitment is refused."""
    for (key, seq, salt), body in plan.bodies.items():
        growth = plan.growths.get(key)
        lines = plan.forked[key].lines if key in plan.forked else [growth] if growth else []
        fitted = [_fill_line(connection, entry, line, seq, salt, body) for line in lines]
        if False in fitted and True not in fitted:
            plan.refuse(*key, seq, BadCommitment.code, "a body does not fit its commitment", None)


def _fill_line(connection: Connection, entry: Entry, growth: Growth, seq: int, salt: bytes, body: bytes) -> bool | None:
    """Whether a body fits what is held of its event; None where none is missing there."""
    if not max(growth.row.since, 1) <= seq <= growth.head.seq:
        return None
    if seq > growth.row.head_seq:
        index = seq - growth.row.head_seq - 1
        new = growth.events[index]
        if new.body is not None or new.header.inline is not None:
            return None
        if fits(new, salt, body):
            growth.events[index] = new._replace(salt=salt, body=body)
            return True
        return False
    event = streams.event_at(connection, growth.row.id, seq)
    if event is None or not purged.is_wanted(connection, growth.row.scope, event):
        return None
    if not fits(Event(load_header(event.header), event.header, event.hash, None, None), salt, body):
        return False
    entry.filled.append(Filled(event, salt, body))
    if event.case_id is not None and growth.row.scope.startswith("about:"):
        entry.refold.add((growth.row.scope, event.case_id))
    return True
