"""Proposals to assign a case to another place: made by one person, answered by another at the same node."""

from typing import Final, NamedTuple

from sqlalchemy import Connection, func, insert, select, update

from village_node.store.locks import CaseKey
from village_node.store.tables.desks import PROPOSALS

STATES: Final = ("pending", "confirmed", "rejected")
PENDING, CONFIRMED, REJECTED = range(3)


class Proposal(NamedTuple):
    """One row of ``proposals``, in the order of its columns."""

    id: int
    scope: str
    case_id: bytes
    to_place: str
    reason: str
    last_incarnation: bytes
    last_seq: int
    last_mark: bytes
    proposer: str
    proposed_ms: int
    state: int
    answerer: str
    answered_ms: int | None
    answer: str

    @property
    def pending(self) -> bool:
        """Whether nobody has answered it yet."""
        return self.state == PENDING


def add(connection: Connection, proposal: Proposal) -> None:
    """Keep a new proposal; its number is given here."""
    values = proposal._asdict()
    del values["id"]
    connection.execute(insert(PROPOSALS).values(values))


def get(connection: Connection, number: int) -> Proposal | None:
    """One proposal."""
    row = connection.execute(select(PROPOSALS).where(PROPOSALS.c.id == number)).first()
    return Proposal._make(row) if row else None


def of_case(connection: Connection, key: CaseKey) -> Proposal | None:
    """The proposal about a case that nobody has answered yet."""
    mine = (PROPOSALS.c.scope == key[0], PROPOSALS.c.case_id == key[1], PROPOSALS.c.state == PENDING)
    row = connection.execute(select(PROPOSALS).where(*mine).limit(1)).first()
    return Proposal._make(row) if row else None


def newest(connection: Connection, most: int) -> list[Proposal]:
    """Those not answered yet, then the others, each the newest first."""
    order = ((PROPOSALS.c.state != PENDING), PROPOSALS.c.proposed_ms.desc(), PROPOSALS.c.id.desc())
    return [Proposal._make(row) for row in connection.execute(select(PROPOSALS).order_by(*order).limit(most))]


def pending(connection: Connection) -> int:
    """How many wait for an answer."""
    query = select(func.count()).select_from(PROPOSALS).where(PROPOSALS.c.state == PENDING)
    return connection.scalar(query) or 0


def answer(connection: Connection, number: int, state: int, by: str, at_ms: int, words: str = "") -> bool:
    """Answer one; False if somebody has answered it before."""
    waiting = update(PROPOSALS).where(PROPOSALS.c.id == number, PROPOSALS.c.state == PENDING)
    done = connection.execute(waiting.values(state=state, answerer=by, answered_ms=at_ms, answer=words))
    return bool(done.rowcount)
