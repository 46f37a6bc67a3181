"""Who may work at this node: staff, passwords, sessions, throttles and the audit trail. Knows no pages and no SQL."""

from village_node.accounts.passwords import Hasher, password_trouble
from village_node.accounts.people import Accounts, Person, StaffTrouble
from village_node.accounts.sessions import SignedIn, SignInRefused
from village_node.accounts.steps import Demands
from village_node.accounts.throttle import Rule, Throttle

__all__ = [
    "Accounts",
    "Demands",
    "Hasher",
    "Person",
    "Rule",
    "SignInRefused",
    "SignedIn",
    "StaffTrouble",
    "Throttle",
    "password_trouble",
]
