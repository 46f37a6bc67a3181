"""People of a node in tests: accounts wired as a node wires them, with a password that is cheap to check."""

import json
from typing import Any

from tests.builders import Member
from village_node.accounts import Accounts, Hasher
from village_node.store.accounts import AccountRows

PASSWORD = "correct horse battery"


def staff_of(member: Member, *numbers: str, role: str = "agent") -> Accounts:
    """The accounts of a member, with these people in it who can sign in."""
    book = member.casebook
    accounts = Accounts(
        AccountRows(member.store, book.shutting),
        member.identity.level,
        member.clock,
        book.randomness,
        Hasher(book.randomness, memory_kib=64, passes=1, lanes=1),
        signed=book.signed_audit_head,
        factor_key=lambda _in_use: b"k" * 32,
    )
    for number in numbers:
        code = accounts.create_invitation(number, "某某", [role])
        accounts.set_password(number, code, PASSWORD, "test")
    return accounts


def told(accounts: Accounts, account: str) -> list[tuple[str, str, dict[str, Any]]]:
    """(who, what, details) of the audit lines about the shutting of one account, the first one first."""
    wanted = ("staff.disable", "staff.enable", "staff.ordered")
    lines = [each for each in accounts.rows.audit_lines(1_000)[::-1] if each.subject == account]
    return [(each.actor, each.action, json.loads(each.detail)) for each in lines if each.action in wanted]
