"""Where the county's parts meet: a township without a parent. Founding a network happens here too."""

import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

from center_node.checkpoints import DailyCheckpoint
from center_node.rulings import PUBLISHER_KEY_FILE, publishing_key
from sync_protocol import roster
from sync_protocol.suites import SigningKey
from township_node import app as township
from village_node import app as village
from village_node import identity as identities
from village_node import store
from village_node.casebook import Casebook
from village_node.casebook.equivocation import change_of
from village_node.config import BadSettings, Config
from village_node.identity import Identity, NoIdentity
from village_node.setup.making import ROOT_KEY_FILE
from village_node.store import peers

HEARERS = frozenset({"supervisor"})  # of complaints at the county, for whom its founder opens their hearing
CHECKPOINT_CHECK_S = 600.0
CALENDAR_CHECK_S = 30.0  # so long after the first start the county has published its calendar


def create_node(config: Config, *, pages_only: bool = False) -> village.Node:
    """Wire the county's node: a township's parts with the publisher's key, the daily checkpoint, and the calendar.
    `pages_only`: one more worker beside the one that syncs."""
    node = township.create_node(config, lambda node: [publisher_key(node)], pages_only=pages_only)
    if not pages_only:
        with suppress(NoIdentity, OSError):  # it starts without that key too: whoever publishes is told
            publisher_key(node)
    daily = DailyCheckpoint(node.casebook, village.wall_clock, time.monotonic)
    node.scheduler.every(CHECKPOINT_CHECK_S, "checkpoint", daily.tick)
    node.scheduler.every(CALENDAR_CHECK_S, "known years", node.casebook.publish_known_years)
    return node


def publisher_key(node: village.Node) -> SigningKey:
    """The key that signs the county's part of the roster. Raises NoIdentity when it is missing, OSError."""
    return publishing_key(node.casebook.roster, node.config.data, village.keyring_of(node.config))


def found(config: Config, county: Identity, townships: Iterable[tuple[str, str]], opens: str = "") -> Identity:
    """Found a network: a root key, a publishing key signed by it, the county's node, and its townships (code, name);
    where `opens` is the staff number of somebody, complaints are heard at the county from the first day.

    Both keys are written to the data directory; the root key's file should be taken away and kept off line. What a
    founding that was cut short has left is taken up. Raises BadSettings where the database has another network.
    """
    keyring = village.keyring_of(config)
    root = identities.kept_or_new(config.data / ROOT_KEY_FILE, keyring)
    publisher = identities.kept_or_new(config.data / PUBLISHER_KEY_FILE, keyring)
    opened = store.open_store(config.database)
    try:
        changes = _kept_changes(opened, county) or _first_changes(county, townships, root, publisher)
        network_id = roster.Roster().apply(changes[0]).network_id
        member = replace(county, network_id=network_id)
        book = Casebook(
            opened,
            member,
            village.wall_clock,
            identities.random_bytes,
            village.starter_catalogue(),
            village.lives_of(config.data, fresh=True, keyring=keyring),
        )
        book.apply_roster(changes)
        if opens:
            book.open_complaints(opens, HEARERS)
    finally:
        opened.close()
    # Last: until then the command can be given again.
    return identities.enrolled(config.data, county, network_id, None)


def _first_changes(
    county: Identity, townships: Iterable[tuple[str, str]], root: SigningKey, publisher: SigningKey
) -> list[roster.Change]:
    now_ms = village.wall_clock()
    first = roster.found(root, publisher, county.place, county.name, now_ms)
    founded = roster.Roster().apply(first)
    own = roster.read_request(village.enrol_request(county))
    ops = [
        *roster.admit_request(founded, own, county.place),
        *(roster.place_op(code, "township", county.place, name) for code, name in townships),
    ]
    return [first, roster.publish(founded, county.place, ops, [publisher], now_ms)]


def _kept_changes(opened: store.Store, county: Identity) -> list[roster.Change]:
    """What a founding that was cut short has left in the database. Raises BadSettings where another network lives."""
    with opened.reading() as connection:
        changes = [change_of(row) for row in peers.roster_changes(connection)]
    kept = roster.Roster()
    for change in changes:
        kept = kept.apply(change)
    if changes and kept.node(county.incarnation) is None:
        raise BadSettings("the database holds the roster of another network: name an empty one with --database-url")
    return changes
