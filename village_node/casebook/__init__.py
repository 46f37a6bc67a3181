"""The casebook: the one way a case changes, for our own people and for what a peer brings; and what is read of it."""

from collections.abc import Callable
from contextlib import suppress
from typing import Final

from sync_protocol.case import Catalogue, kinds
from sync_protocol.case.workdays import Calendar
from sync_protocol.suites import sha256
from village_node.casebook import ledger
from village_node.casebook.accounts import Account, AccountOrders
from village_node.casebook.acts import Application, CaseRef
from village_node.casebook.approving import Approving
from village_node.casebook.assigning import Assigning
from village_node.casebook.audit_heads import AuditHead, AuditHeads
from village_node.casebook.batches import Batches
from village_node.casebook.bench import Bench, Choice, ForkView
from village_node.casebook.bookings import Bookings
from village_node.casebook.bringing import Brought
from village_node.casebook.bulletins import Bulletins, check_period
from village_node.casebook.calendaring import DROPPED, PROPOSED, PUBLISHED, Calendaring, CaseClock
from village_node.casebook.calling import Calling
from village_node.casebook.carrying import Carried, Owed, Said, lower_of
from village_node.casebook.cataloguing import Cataloguing, History
from village_node.casebook.charging import Charging, FeeDay
from village_node.casebook.claimed import is_here
from village_node.casebook.claiming import Claiming, can_have, shares_out
from village_node.casebook.complaining import Heard, Slip
from village_node.casebook.deciding import Deciding
from village_node.casebook.detecting import Detecting
from village_node.casebook.dispatch import Outgoing
from village_node.casebook.entitlement import Shown
from village_node.casebook.erasing_matters import ErasingMatters, Found, why_runs
from village_node.casebook.errors import (
    AlreadyDone,
    BadBody,
    CasebookError,
    Grown,
    IdTaken,
    MismatchingOffset,
    NotAllowed,
    NotFound,
    SameBatch,
    Stale,
)
from village_node.casebook.evidencing import Evidencing
from village_node.casebook.glance import Glance
from village_node.casebook.hauling import NOTHING_WAITS, Hauled, Hauling, PapersWaiting
from village_node.casebook.importing import Importing
from village_node.casebook.late_acts import LateActs
from village_node.casebook.ledger import Entry
from village_node.casebook.linking import Later, Linking, Links, may_file
from village_node.casebook.newcomers import Newcomers
from village_node.casebook.oddities import OddCase, Oddities, Oddity
from village_node.casebook.office import ANYTHING
from village_node.casebook.orders import OpenOrder, OrderPage, Orders
from village_node.casebook.overseeing import Standing
from village_node.casebook.papers import PaperView
from village_node.casebook.parting import Parting, Searching
from village_node.casebook.phoning import Phoning
from village_node.casebook.plan import Received
from village_node.casebook.postings import Postings
from village_node.casebook.previewing import Previewing
from village_node.casebook.purging import PurgeJob, PurgeRun
from village_node.casebook.queue import Queue
from village_node.casebook.rates import Rates
from village_node.casebook.reading import HopReceipt, TimelineEntry
from village_node.casebook.refolding import Refolding
from village_node.casebook.rekeying import Rekeyed, Rekeying
from village_node.casebook.resuming import Resuming
from village_node.casebook.revoking import Machine, Revoking
from village_node.casebook.ruling import RosterForkView, RosterRuling, RosterRulings
from village_node.casebook.series import Numbered, NumberSeries, by_year
from village_node.casebook.settlements import Settlements
from village_node.casebook.standstills import Standstill
from village_node.casebook.together import OpenAction, Together, WaitingMember
from village_node.casebook.unfiled import DRAFT_DAYS, Unfiled
from village_node.identity import Identity
from village_node.rebirth import Lives, Reason
from village_node.store import NotSaved, Overtaken, Store, cases, peers
from village_node.store.late_acts import LateAct, Narrowed
from village_node.store.requests import Request

__all__ = [
    "DRAFT_DAYS",
    "DROPPED",
    "NOTHING_WAITS",
    "PROPOSED",
    "PUBLISHED",
    "Account",
    "AlreadyDone",
    "Application",
    "AuditHead",
    "BadBody",
    "Brought",
    "Carried",
    "CaseClock",
    "CaseRef",
    "Casebook",
    "CasebookError",
    "Choice",
    "FeeDay",
    "ForkView",
    "Found",
    "Grown",
    "Hauled",
    "Heard",
    "History",
    "HopReceipt",
    "IdTaken",
    "LateAct",
    "Later",
    "Links",
    "Machine",
    "MismatchingOffset",
    "Narrowed",
    "NotAllowed",
    "NotFound",
    "Numbered",
    "OddCase",
    "Oddity",
    "OpenAction",
    "OpenOrder",
    "OrderPage",
    "Outgoing",
    "Owed",
    "PaperView",
    "PapersWaiting",
    "PurgeJob",
    "PurgeRun",
    "Reason",
    "Received",
    "Rekeyed",
    "Request",
    "RosterForkView",
    "RosterRuling",
    "Said",
    "SameBatch",
    "Searching",
    "Shown",
    "Slip",
    "Stale",
    "Standing",
    "Standstill",
    "TimelineEntry",
    "WaitingMember",
    "by_year",
    "can_have",
    "check_period",
    "is_here",
    "lower_of",
    "may_file",
    "shares_out",
    "why_runs",
]


_RULES: Final = "rules"


def rules_of(catalogue: Catalogue) -> bytes:
    """What tells one set of rules, by which cases fold, from another."""
    return sha256(repr((kinds.TABLE, catalogue.items())).encode())


class Casebook(
    ErasingMatters,
    Glance,
    Rates,
    Bulletins,
    Settlements,
    Deciding,
    Rekeying,
    Newcomers,
    Revoking,
    RosterRulings,
    Approving,
    Assigning,
    Batches,
    Previewing,
    Bench,
    Postings,
    Calendaring,
    Importing,
    Cataloguing,
    Charging,
    Detecting,
    Bookings,
    Queue,
    Together,
    Unfiled,
    Phoning,
    Resuming,
    Parting,
    Oddities,
    Orders,
    Hauling,
    Calling,
    Claiming,
    Refolding,
    Evidencing,
    Linking,
    NumberSeries,
    AccountOrders,
    LateActs,
    AuditHeads,
):
    """One node's casebook. Safe to use from many threads; several workers may share one PostgreSQL database."""

    def __init__(
        self,
        store: Store,
        identity: Identity,
        clock: Callable[[], int],
        randomness: Callable[[int], bytes],
        catalogue: Catalogue,
        lives: Lives | None = None,
        *,
        pages_only: bool = False,
        calendar: Calendar | None = None,
    ) -> None:
        """``lives``: the files of this node's lives; without them the casebook may be filled and read, but whatever it
        would say to others has no witness. ``pages_only``: one more worker beside the one that syncs. ``calendar``: the
        working days this program knows by itself."""
        if calendar is not None:
            self.own_calendar = calendar
        super().__init__(store, identity, clock, randomness, catalogue)
        if lives is not None:
            self.keep_lives(lives, pages_only=pages_only)
        intended = self.take_up_intended()
        if intended is not None:
            self.apply_roster([intended])
        # What waits for an update of the program or its catalogue is looked at again by the first start after it.
        rules = rules_of(catalogue)
        with store.reading() as connection:
            known = peers.bytes_of(connection, _RULES)
        if known != rules:
            self.fold_again()
            self.look_for_late_acts()
            self.keep_day_ends_again()
            with store.writing() as connection:
                peers.remember_bytes(connection, _RULES, rules)
        self.on_news(self._look_at_items)
        self.on_news(self.look_at_orders)
        with suppress(NotSaved):  # on a full disk at a later look
            self.obey_account_orders()
            self.say_who_is_shut()

    def _look_at_items(self, scopes: set[str]) -> None:
        """A version that has come may be what cases wait for."""
        if any(scope.startswith("below:") or scope == ANYTHING for scope in scopes):
            self.follow_catalogue()

    def fold_again(self) -> int:
        """Fold every case in which something waits, needs an update or is void; how many there were."""
        while True:
            try:
                with self.store.writing() as connection:
                    keys = sorted(cases.unsettled(connection))
                    self.store.exclusive(connection, keys, [])
                    entry = Entry(self.roster_in(connection), self.clock(), {}, refold=set(keys))
                    scopes = ledger.write(self, connection, entry).scopes
                    if scopes:
                        self.mark_news(connection, scopes)
            except Overtaken:
                continue
            if scopes:
                self.tell(scopes)
            return len(keys)
