"""Rows of the tokens with which programs sign in; each act with its audit line."""

from typing import Final, NamedTuple

from sqlalchemy import insert, select, update

from village_node.store import audit
from village_node.store.accounts import StaffRow, staff_of
from village_node.store.audit import Line
from village_node.store.database import Store
from village_node.store.reserve import with_the_reserve
from village_node.store.tables.accounts import STAFF, TOKENS

MOST: Final = 500


class TokenRow(NamedTuple):
    """One token of a program; ``token_hash`` is SHA-256 of the token, which is never stored itself."""

    id: int
    token_hash: bytes
    name: str
    staff_no: str
    role: str
    made_by: str
    created_ms: int
    life_ms: int
    revoked_ms: int | None
    used_ms: int | None


class TokenRows:
    """Reads on a reader; writes each in one transaction. Raises NotSaved when the disk refuses."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @with_the_reserve
    def add_token(self, row: TokenRow, told: Line) -> bool:
        """Keep a new token; its number is given here. False if there is nobody whose it could be."""
        with self._store.writing() as connection:
            living = (STAFF.c.staff_no == row.staff_no, STAFF.c.disabled.is_(False))
            if connection.scalar(select(STAFF.c.staff_no).where(*living)) is None:
                return False
            values = row._asdict()
            del values["id"]
            connection.execute(insert(TOKENS).values(values))
            audit.tell(connection, told)
            return True

    def token(self, token_hash: bytes) -> tuple[TokenRow, StaffRow] | None:
        """A token and whose it is."""
        query = select(TOKENS, STAFF).join_from(TOKENS, STAFF).where(TOKENS.c.token_hash == token_hash)
        with self._store.reading() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        width = len(TokenRow._fields)
        return TokenRow._make(row[:width]), staff_of(tuple(row[width:]))

    def tokens(self) -> list[TokenRow]:
        """Every token, the newest first."""
        with self._store.reading() as connection:
            query = select(TOKENS).order_by(TOKENS.c.id.desc()).limit(MOST)
            return [TokenRow._make(row) for row in connection.execute(query)]

    @with_the_reserve
    def revoke_token(self, number: int, now_ms: int, told: Line) -> bool:
        """End a token now; False if there is none of this number that lives."""
        change = update(TOKENS).where(TOKENS.c.id == number, TOKENS.c.revoked_ms.is_(None)).values(revoked_ms=now_ms)
        with self._store.writing() as connection:
            if connection.execute(change).rowcount != 1:
                return False
            audit.tell(connection, told)
            return True

    @with_the_reserve
    def touch_token(self, number: int, used_ms: int) -> None:
        """The token is in use."""
        with self._store.writing() as connection:
            connection.execute(update(TOKENS).where(TOKENS.c.id == number).values(used_ms=used_ms))
