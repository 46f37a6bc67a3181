"""The one place where a village node's parts meet: each is handed what it needs, and only here is the clock read."""

import gc
import logging
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import metadata, resources
from itertools import chain
from pathlib import Path
from typing import Any

import flask
import waitress
from waitress.server import BaseWSGIServer

from sync_protocol import roster
from sync_protocol.case.catalogue import Catalogue
from sync_protocol.suites import sha256
from village_node import door, releases, store, web, working_days
from village_node import identity as identities
from village_node import keyring as keyrings
from village_node.accounts import Accounts, Demands
from village_node.accounts.marks import MARK_FILE, MarkFile
from village_node.casebook import Casebook, NotAllowed, PurgeJob
from village_node.config import Config
from village_node.courier import Courier
from village_node.identity import Identity
from village_node.keyring import PLAIN, Keyring
from village_node.rebirth import WORDS, Lives
from village_node.scheduler import Scheduler
from village_node.shelf import KEY_BYTES
from village_node.store import blobs
from village_node.store.accounts import AccountRows
from village_node.uplink import Settings, Uplink
from village_node.uploads import seccomp
from village_node.webhooks import Sender

if sys.platform == "win32":
    import winreg

REQUEST_BODY_MAX = 13 << 20  # above the largest form, so that our own page says what is too large; no more is read
# At one address at a time. An idle line costs no thread, and where there are too many, one makes way (door.py); two
# addresses stay below the 1,024 files that a process may open.
LINES_MAX = 400
HOUSEKEEPING_S = 3600.0
UPLINK_CHECK_S = 30.0
RESERVE_S = 5.0
CLOCK_S = 10.0
GARBAGE_S = 10.0
CHAIN_S = 1.0
CALENDAR_S = 60.0
PURGE_CHECK_S = 600.0
STRAYS_S = 3_600.0
FOLD_S = 1.0
ORDERS_S = 3600.0
WEBHOOKS_S = 2.0
STOP_S = 5.0
STACK_BYTES = 1 << 20  # of each thread: the usual 8 MB are more than a small machine's limit on a program has to spare
REQUEST_FILE = "enrol-request.cbor"
SYNC_PATHS = "/sync/"
MACHINE_ID_FILE = Path("/etc/machine-id")

_log = logging.getLogger(__name__)


class AnotherWorker(Exception):
    """Somebody else syncs this node's database already."""


def wall_clock() -> int:
    """Milliseconds since 1970 UTC by this machine's clock: a claim, never an order."""
    return time.time_ns() // 1_000_000


def steady_clock() -> int:
    """Milliseconds that only ever grow, whatever is done to the wall clock, and also while the machine sleeps."""
    # Linux's monotonic clock stands still in sleep: a lid closed overnight must not leave somebody signed in.
    ticking = getattr(time, "CLOCK_BOOTTIME", None)
    return (time.clock_gettime_ns(ticking) if ticking is not None else time.monotonic_ns()) // 1_000_000


def machine() -> bytes:
    """16 bytes that name this machine: of its machine id. The same everywhere where there is none, as in a container:
    its network address may be another one at each start, and would name another machine each time."""
    try:
        if sys.platform == "win32":
            with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"SOFTWARE\Microsoft\Cryptography") as key:
                name = str(winreg.QueryValueEx(key, "MachineGuid")[0])
        else:
            name = MACHINE_ID_FILE.read_text(encoding="ascii")
    except (OSError, ValueError):
        name = ""
    return sha256(f"sanji/machine {name.strip()}".encode())[:16]


def lives_of(data: Path, *, fresh: bool = False, keyring: Keyring = PLAIN, suite: str = "s1") -> Lives:
    """The files of a node's lives in its data directory. `fresh`: the node is being made just now. `suite`: of the keys
    that others seal to, drawn from now on."""
    return Lives(data, machine(), identities.random_bytes, fresh=fresh, keyring=keyring, suite=suite)


def keyring_of(config: Config) -> Keyring:
    """What opens the keys of a node. Raises NoPassphrase."""
    return keyrings.opened(config.data, config.passphrase, identities.random_bytes)


def forget_files(config: Config) -> int:
    """Want anew, under keys drawn anew, every file whose key does not open here; how many. Raises NoIdentity,
    NoPassphrase, StoreError, OSError."""
    shelf = lives_of(config.data, keyring=keyring_of(config)).shelf()
    opened = store.open_store(config.database)
    try:
        with opened.writing() as connection:
            shut = [row for row in blobs.wrapped(connection, KEY_BYTES) if not shelf.opens(row.name, row.key)]
            for row in shut:
                name = identities.random_bytes(len(row.name) // 2).hex()
                blobs.forget(connection, row, name, shelf.wrapped(name, identities.random_bytes(KEY_BYTES)))
    finally:
        opened.close()
    return len(shut)


def version() -> str:
    """The installed version of the program."""
    return metadata.version("sanji")


def starter_catalogue() -> Catalogue:
    """The items that come with the program, marked as sample data where they are."""
    return Catalogue.from_csv(
        resources.files("sync_protocol.case").joinpath("catalogue.csv").read_text(encoding="utf-8")
    )


@dataclass
class Listener:
    """A WSGI application with the address it is served on and how many requests it works on at once."""

    app: Callable[..., Any]
    host: str
    port: int
    threads: int


@dataclass
class Node:
    """A node with its parts wired. `serve` serves the `listeners`; `close` calls the `closers`, the last one first."""

    config: Config
    store: store.Store
    casebook: Casebook
    accounts: Accounts
    web: flask.Flask
    scheduler: Scheduler
    uplink: Uplink | None
    courier: Courier
    sender: Sender
    purge: PurgeJob | None = None
    listeners: list[Listener] = field(default_factory=list)
    closers: list[Callable[[], None]] = field(default_factory=list)

    @property
    def identity(self) -> Identity:
        """Who this node is in its present life."""
        return self.casebook.identity

    def status(self) -> dict[str, Any]:
        """What this node holds, owes and hears, as one JSON object: for `status --json` and the health page."""
        room = self.store.room()
        return {
            "place": self.identity.place,
            "name": self.config.name,
            "level": self.identity.level,
            "incarnation": self.identity.incarnation.hex(),
            "network_id": (self.identity.network_id or b"").hex(),
            "version": version(),
            "release": releases.told(kept) if (kept := releases.held(self.config.data)) else None,
            "database": self.store.settings(),
            "disk_free_bytes": shutil.disk_usage(self.config.data).free,
            "intake_closed": room.closed if room is not None else False,
            "sync": self.uplink.status() if self.uplink else None,
            "purge": self.purge.status() if self.purge else None,
            "papers_waiting": self.casebook.papers_waiting()._asdict(),
            "private_keys": keyrings.how_they_lie(self.config.data),
            "sealing": self.casebook.sealing(),
            "life": self.casebook.life(),
            "audit": self._audit_checked(),
            "webhooks": self._webhooks(),
            **self.casebook.counts(),
        }

    def _webhooks(self) -> list[dict[str, Any]]:
        """Those that live: how much news waits for each, and since when its receiver has taken none."""
        kept = self.accounts.webhooks.rows
        waiting = kept.waiting()
        names = ("name", "failures", "first_failure_ms", "delivered_ms", "last_error", "gone", "dropped")
        return [
            {**{name: getattr(row, name) for name in names}, "waiting": waiting.get(row.id, 0)} for row in kept.living()
        ]

    def _audit_checked(self) -> dict[str, Any] | None:
        checked = self.accounts.rows.audit_checked()
        return checked._asdict() if checked is not None else None

    def sync_now(self) -> dict[str, Any]:
        """One exchange with the parent, at once; what came of it. At the root there is nobody to ask: `ok` is true."""
        return self.uplink.sync_now() if self.uplink else {"ok": True}

    def sync_soon(self) -> None:
        """Have that begin, and come back at once."""
        if self.uplink:
            self.uplink.sync_soon()

    def proof(self, case_no: str) -> dict[str, Any] | None:
        """What a third party needs to check that the root holds this application; None while there is no receipt.

        Byte strings in base64; `item_hashes` are those of its stream, from 1 to the position of the receipt.
        """
        return self.casebook.proof(case_no)

    def serve(self, stop: threading.Event, on_ready: Callable[[], None], *, pages_only: bool = False) -> None:
        """Answer requests, sync and keep house until `stop` is set.

        `pages_only`: one more worker beside the first on the same PostgreSQL database; it answers people, and leaves
        syncing, waiting children and housekeeping to the first. Raises OSError when a port is taken, AnotherWorker when
        somebody else syncs this database already.
        """
        web.refuse_undeclared_routes(self.web)
        spare_the_collector()
        seccomp.keep_memory_apart()  # from the process that decodes what strangers send
        threading.stack_size(STACK_BYTES)
        with suppress(
            store.NotSaved
        ):  # on a full disk people can at least read; the line is missing, and so are others
            self.accounts.audit("node", "node.start", version(), dict(self.store.settings()))
        if pages_only:
            pages = self.listeners[0]
            with served(
                [replace(pages, app=_for_people_only(pages.app))],
                edge=self.config.edge_address if self.config.behind_tls else "",
            ):
                on_ready()
                stop.wait()
            return
        with self.store.leader("sync") as first:
            if not first:
                raise AnotherWorker("another worker syncs this database already: start this one with --pages-only")
            with served(self.listeners, edge=self.config.edge_address if self.config.behind_tls else ""):
                keeper = threading.Thread(target=self.scheduler.run, args=(stop,), name="scheduler", daemon=True)
                keeper.start()
                if self.uplink:
                    self.uplink.start()
                self.sender.start()
                on_ready()
                stop.wait()
                self.sender.stop()
                if self.uplink:
                    self.uplink.stop()
                keeper.join(STOP_S)

    def close(self) -> None:
        """Let go of the database and whatever else was opened."""
        for closer in reversed(self.closers):
            closer()
        self.store.close()


def spare_the_collector() -> None:
    """Keep what lives as long as the process out of the garbage collector's rounds, and make the rounds rarer.

    A frame of events makes some hundred thousand objects that all die by reference count; walking them, or the live
    heap, took 12 to 20 % of the time of admission. What only the collector can free it frees every GARBAGE_S.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 50)


def _collect_garbage() -> None:
    """Free the circles among what is young."""
    gc.collect(1)


def _for_people_only(pages: Callable[..., Any]) -> Callable[..., Any]:
    """The pages without the door for other nodes: what is remembered of a child between its exchanges lives in one
    process, and a child that two of them answered in turn would never come to rest."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        if f"{environ['PATH_INFO']}/".startswith(SYNC_PATHS):
            start_response("503 Service Unavailable", [("Content-Length", "0")])
            return []
        return pages(environ, start_response)

    return answer


@contextmanager
def served(listeners: Sequence[Listener], *, edge: str) -> Iterator[None]:
    """Answer on all of these addresses, each with a socket map of its own: closing one leaves the others alone.

    `edge`: the address of a TLS edge that everybody comes through, or empty. It is believed who it says they are: with
    one address for all, one person's wrong guesses would lock everybody out.
    """
    believed = {"trusted_proxy": edge, "trusted_proxy_count": 1, "trusted_proxy_headers": {"x-forwarded-for"}}
    maps: list[dict[int, Any]] = [{} for _ in listeners]
    servers = [
        waitress.create_server(
            listener.app,
            map=sockets,
            host=listener.host,
            port=listener.port,
            threads=listener.threads,
            ident=None,
            max_request_body_size=REQUEST_BODY_MAX,
            channel_timeout=60,
            connection_limit=LINES_MAX,
            asyncore_use_poll=True,  # select() fails beyond its own bound of file numbers
            clear_untrusted_proxy_headers=True,
            **(believed if edge else {}),
        )
        for listener, sockets in zip(listeners, maps, strict=True)
    ]
    # A name may stand for several addresses: then what was made is not a server, but holds one for each.
    doors = [[each for each in sockets.values() if isinstance(each, BaseWSGIServer)] for sockets in maps]
    for each in chain.from_iterable(doors):
        door.keep(each)
    threads = [threading.Thread(target=each.run, name="listener", daemon=True) for each in servers]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for at_one_name, sockets in zip(doors, maps, strict=True):
            door.hang_up(at_one_name[0], sockets)
        for thread in threads:
            thread.join(STOP_S)


def create_node(config: Config, *, pages_only: bool = False) -> Node:
    """Wire a village node. `pages_only`: one more worker beside the one that syncs.

    Raises NoIdentity before enrolment is complete, StoreError for an unusable database.
    """
    os.umask(0o077)
    keyring = keyring_of(config)
    identity = member(config.data, keyring)
    opened = store.open_store(config.database, config.reserve_mb << 20)
    casebook = Casebook(
        opened,
        identity,
        wall_clock,
        identities.random_bytes,
        starter_catalogue(),
        lives_of(config.data, keyring=keyring, suite=config.sealing_suite),
        pages_only=pages_only,
        calendar=working_days.built_in(),
    )
    accounts = _accounts(config, casebook, keyring)
    uplink = (
        Uplink(casebook, identity, Settings.from_config(config), wall_clock, time.monotonic, identities.random_bytes)
        if config.parent_url
        else None
    )
    scheduler = Scheduler(time.monotonic)
    _look_after(scheduler, accounts)
    _forget_in_time(scheduler, casebook)
    scheduler.every(GARBAGE_S, "garbage", _collect_garbage)
    scheduler.every(RESERVE_S, "reserve", opened.keep_reserve)
    _follow(scheduler, casebook)
    if uplink is not None:
        scheduler.every(UPLINK_CHECK_S, "uplink", uplink.keep_running)
    purge = _purging(config, casebook, accounts, scheduler)
    pages = flask.Flask("village_node", static_folder=None)
    casebook.on_begun(lambda reason: _log.warning("a new incarnation has begun: %s", WORDS[reason][1]))
    courier = Courier(casebook, wall_clock, identities.random_bytes)
    with suppress(store.NotSaved, NotAllowed):  # on a full disk it is drawn at the next start, or with the first bundle
        casebook.road_key()
    sender = _sending(config, casebook, accounts, scheduler)
    node = Node(config, opened, casebook, accounts, pages, scheduler, uplink, courier, sender, purge)
    site = web.register(
        pages,
        casebook=casebook,
        accounts=accounts,
        config=config,
        clock=wall_clock,
        sync_now=node.sync_now,
        sync_soon=node.sync_soon,
        node_status=node.status,
        courier=courier,
        exchanging=lambda: uplink is not None and bool(uplink.status()["exchanging"]),
        above=web.Above(uplink.ask, time.monotonic) if uplink is not None else None,
    )
    web.refuse_undeclared_routes(pages)
    node.closers.append(site.errands.close)
    node.listeners.append(Listener(pages, config.host, config.port, config.web_threads))
    return node


def _accounts(config: Config, casebook: Casebook, keyring: Keyring) -> Accounts:
    """The people of the node, and what their roles demand. What changes one of their accounts is said to the places
    above, which may order it."""

    def factor_key(in_use: bool) -> bytes:
        """The key that papers' files have as well: drawn here only where nothing at all lies under it."""
        return identities.file_key(config.data, keyring, in_use=in_use or casebook.file_key_in_use())

    return Accounts(
        AccountRows(casebook.store, casebook.shutting),
        casebook.identity.level,
        wall_clock,
        identities.random_bytes,
        steady=steady_clock,
        beside=MarkFile(config.data / MARK_FILE),
        signed=casebook.signed_audit_head,
        factor_key=factor_key,
        demands=Demands(frozenset(config.second_factor), frozenset(config.one_session)),
        webhook_hosts=config.webhook_hosts,
        rows_a_day=config.token_rows_a_day,
    )


def _sending(config: Config, casebook: Casebook, accounts: Accounts, scheduler: Scheduler) -> Sender:
    """What sends news of cases to other systems."""
    sender = Sender(accounts.webhooks, config.url, wall_clock, time.monotonic, identities.random_bytes)
    casebook.on_news(sender.on_news)
    scheduler.every(WEBHOOKS_S, "webhooks", sender.keep_running)
    return sender


def _look_after(scheduler: Scheduler, accounts: Accounts) -> None:
    """Have the accounts end what is over, and their records looked at."""
    scheduler.every(HOUSEKEEPING_S, "accounts", accounts.keep_house)
    scheduler.every(CLOCK_S, "clock", accounts.watch_clock)
    scheduler.every(CHAIN_S, "audit chain", accounts.chain.tick)


def _follow(scheduler: Scheduler, casebook: Casebook) -> None:
    """Have done what was published, ordered or left behind since it was last looked at."""
    scheduler.every(CALENDAR_S, "calendar", casebook.follow_calendar)
    scheduler.every(CALENDAR_S, "catalogue", casebook.follow_catalogue)
    scheduler.every(CALENDAR_S, "key for complaints", casebook.follow_sealing_suite)
    scheduler.every(ORDERS_S, "orders to erase", casebook.obey_orders)
    scheduler.every(CALENDAR_S, "orders about accounts", casebook.obey_account_orders)
    scheduler.every(ORDERS_S, "head of the audit trail", partial(_say_audit_head, casebook))
    scheduler.every(FOLD_S, "rows after an upgrade", casebook.fold_slice)
    scheduler.every(FOLD_S, "acts after an account was shut", casebook.find_late_acts)
    scheduler.every(CALENDAR_S, "claims of who is out", casebook.free_who_is_out)
    scheduler.every(STRAYS_S, "stray files", casebook.sweep_strays)


def _say_audit_head(casebook: Casebook) -> None:
    """Say it where it would count somewhere."""
    with suppress(NotAllowed):
        casebook.say_audit_head()


def _purging(config: Config, casebook: Casebook, accounts: Accounts, scheduler: Scheduler) -> PurgeJob | None:
    """What clears the bodies of closed cases after their term, where a node does."""
    if not config.purges:
        return None
    told = partial(accounts.audit, "node", "purge.run", "bodies")
    purge = PurgeJob(casebook, config.retention_days, time.monotonic, told)
    scheduler.every(PURGE_CHECK_S, "purge", purge.tick)
    return purge


def _forget_in_time(scheduler: Scheduler, casebook: Casebook) -> None:
    """Have what is kept for a term forgotten after it."""
    drafts = (casebook.forget_drafts, casebook.forget_phone_files, casebook.forget_uploads)
    for forget in (casebook.forget_requests, casebook.forget_appointments, *drafts):
        scheduler.every(HOUSEKEEPING_S, forget.__name__.removeprefix("forget_"), forget)


def member(data: Path, keyring: Keyring = PLAIN) -> Identity:
    """The identity of an enrolled node. Raises NoIdentity, saying what is left to do, when it is not enrolled yet."""
    identity = identities.load(data, keyring)
    if identity.network_id is None:
        raise identities.NoIdentity(
            f"the node in {data} is not enrolled yet: take {REQUEST_FILE} to the node above, then init --answer FILE, "
            "or go on with `setup`"
        )
    if not identities.is_compared(data):
        raise identities.NoIdentity(
            f"nobody has compared the network code of the node in {data} yet: start it with `serve`, and compare the "
            "code on its page with that of the node above by telephone"
        )
    return identity


def enrol_request(identity: Identity) -> bytes:
    """The request by which a new node asks its parent for a place in the roster."""
    return roster.enrol_request(identity.key, identity.place, identity.level, identity.name, identity.incarnation)


def join(data: Path, database: str, answer: bytes, keyring: Keyring = PLAIN) -> Identity:
    """Complete a node with its parent's answer: check it, keep the roster, and become a member.

    Raises a ProtocolError when the answer does not verify or is for another node.
    """
    waiting = identities.load(data, keyring)
    given = roster.read_answer(answer, roster.read_request(enrol_request(waiting)))
    joined = replace(waiting, network_id=given.network_id, parent=given.parent.incarnation)
    opened = store.open_store(database)
    try:
        lives = lives_of(data, fresh=waiting.network_id is None, keyring=keyring)
        Casebook(opened, joined, wall_clock, identities.random_bytes, starter_catalogue(), lives).apply_roster(
            given.changes
        )
    finally:
        opened.close()
    identities.save(data, joined)
    return joined
