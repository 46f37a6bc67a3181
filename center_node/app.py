"""Where the county's parts meet: a township without a parent. Founding a network happens here too."""

import csv
from collections.abc import Iterable
from pathlib import Path

from sync_protocol import roster
from sync_protocol.suites import SigningKey
from township_node import app as township
from village_node import app as village
from village_node import identity as identities
from village_node import store
from village_node.casebook import Casebook
from village_node.config import BadSettings, Config
from village_node.identity import Identity

ROOT_KEY_FILE = "county-root.key"
PUBLISHER_KEY_FILE = "publisher.key"


def create_node(config: Config) -> village.Node:
    """Wire the county's node."""
    return township.create_node(config)


def publisher_key(data: Path) -> SigningKey:
    """The key that signs the county's part of the roster. Raises NoIdentity when it is missing."""
    return identities.read_secret(data / PUBLISHER_KEY_FILE)


def found(config: Config, county: Identity, townships: Iterable[tuple[str, str]]) -> Identity:
    """Found a network: a root key, a publishing key signed by it, the county's node, and its townships (code, name).

    Both keys are written to the data directory; the root key's file should be taken away and kept off line.
    """
    root_seed, publisher_seed = identities.new_seed(), identities.new_seed()
    identities.write_secret(config.data / ROOT_KEY_FILE, root_seed)
    identities.write_secret(config.data / PUBLISHER_KEY_FILE, publisher_seed)
    root, publisher = (SigningKey.from_seed(identities.SUITE, seed) for seed in (root_seed, publisher_seed))
    now_ms = village.wall_clock()
    first = roster.found(root, publisher, county.place, county.name, now_ms)
    founded = roster.Roster().apply(first)
    own = roster.read_request(village.enrol_request(county))
    ops = [
        *roster.admit_request(founded, own, county.place),
        *(roster.place_op(code, "township", county.place, name) for code, name in townships),
    ]
    second = roster.publish(founded, county.place, ops, [publisher], now_ms)
    member = identities.enrolled(config.data, county, founded.network_id, None)
    opened = store.open_store(config.database)
    try:
        book = Casebook(opened, member, village.wall_clock, identities.random_bytes, village.starter_catalogue())
        book.apply_roster([first, second])
    finally:
        opened.close()
    return member


def townships_of(regions: Path, county: str) -> list[tuple[str, str]]:
    """The townships (code, name) of a county in a region list: CSV with the columns code, name, level, parent.

    Raises BadSettings naming the line that cannot be used.
    """
    with regions.open(encoding="utf-8-sig", newline="") as lines:
        rows = csv.DictReader(lines)
        missing = {"code", "name", "level", "parent"} - set(rows.fieldnames or ())
        if missing:
            raise BadSettings(f"{regions.name}: column {sorted(missing)[0]!r} is missing")
        found_rows = []
        for row in rows:
            if not row["code"] or not row["name"]:
                raise BadSettings(f"{regions.name} line {rows.line_num}: code and name must not be empty")
            if row["level"] == "township" and row["parent"] == county:
                found_rows.append((row["code"], row["name"]))
    return found_rows
