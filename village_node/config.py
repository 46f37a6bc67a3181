"""A node's settings: `node.toml` in its data directory, each value overridable by an environment variable SANJI_<NAME>.

The file holds what differs between places; keys, the roster and cases are elsewhere. Nobody else reads the environment.
"""

import ipaddress
import re
import tomllib
from collections.abc import Collection
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from environs import Env, EnvError

from sync_protocol.case.powers import ROLES
from village_node import files

SETTINGS_FILE = "node.toml"
CREDENTIAL = "sanji-passphrase"
SUITES = ("s1", "s1q")
LEVELS = ("county", "township", "village", "station")


class BadSettings(Exception):
    """A setting is missing or wrong; the text names it and says what to write."""


@dataclass(frozen=True)
class Config:
    """The settings of one node. Times in seconds; sizes in bytes."""

    data: Path
    place: str
    name: str
    level: str
    host: str = "127.0.0.1"
    port: int = 8700
    public_url: str = ""  # what residents' QR codes lead to; empty: http://host:port
    parent_url: str = ""  # empty at the root
    parent_wait_url: str = ""  # the parent's waiting listener; empty: no waiting calls (metered lines)
    ancestor_urls: tuple[str, ...] = ()  # the next ones up, asked when the parent stays silent
    ancestor_after_s: float = 3600.0
    wait_port: int = 0  # our own waiting listener for children; 0: none
    wait_s: float = 25.0
    children_max: int = 64  # threads of the waiting listener = children_max + 4
    sync_every_s: float = 60.0
    connect_timeout_s: float = 10.0
    read_timeout_s: float = 60.0
    exchange_deadline_s: float = 300.0
    database_url: str = ""  # empty: SQLite in the data directory
    reserve_mb: int = 200  # of disk kept for what is in progress when it fills up; 0: none (SQLite only)
    web_threads: int = 8
    behind_tls: bool = False  # a TLS edge stands in front: cookies become Secure
    pages_without_tls: bool = False  # pages may be served in the clear at an address that others reach
    edge_address: str = "127.0.0.1"  # where that edge calls from: it alone is believed whom it calls for
    purge: str = ""  # "bodies" of closed cases, or "off"; empty: bodies at a village or station, off above
    sealing_suite: str = "s1"  # of the keys that others seal to for this place; "s1q": also against quantum computers
    retention_days: int = 30  # how long the bodies of a closed case stay after the county holds them
    county_backup_days: int = 7  # how old a backup the county would be restored from: retention is never shorter
    remedy_authority: str = ""  # who reconsiders decisions, as documents name it; empty: the county's government
    remedy_court: str = ""  # the court that hears appeals against them; empty: the county's
    quota_events: int = 50_000  # that one node below may bring in a day, for each place it speaks for; 0: any number
    quota_event_mb: int = 256  # the same of their bytes
    quota_paper_mb: int = 4096  # and of files of papers
    token_rows_a_day: int = 0  # cases that a token may read in lists in a day; 0: any number
    allowed_hosts: tuple[str, ...] = field(default=())
    kiosk_addresses: tuple[str, ...] = ()  # of screens in the hall on other machines, or their nets
    # Where webhooks may send to: "host" or "host:port" by https, "http://host" in the clear too; none: none sends.
    webhook_hosts: tuple[str, ...] = ()
    second_factor: tuple[str, ...] = ()  # roles that must have one; who has set one up uses it whatever stands here
    one_session: tuple[str, ...] = ("window", "clerk")  # roles that are signed in at one machine at a time
    passphrase: str = field(default="", repr=False)  # what opens the keys at this start; never in the file

    @property
    def database(self) -> str:
        """The SQLAlchemy URL of the database."""
        return self.database_url or f"sqlite:///{self.data / 'node.db'}"

    @property
    def purges(self) -> bool:
        """Whether bodies of closed cases are dropped here once the county's word covers them.

        A village's machine stands in a house and may be carried off: it holds days, not years. A township's clerks
        answer for their villages, and the county keeps all.
        """
        return self.purge == "bodies" or (not self.purge and self.level in ("village", "station"))

    @property
    def url(self) -> str:
        """The address people and QR codes use, without a trailing slash."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")


# What only the node itself may say: the data directory is where the file lies.
NAMES = tuple(each.name for each in fields(Config) if each.name not in ("data", "passphrase"))
_COUNTS = ("reserve_mb", "quota_events", "quota_event_mb", "quota_paper_mb", "token_rows_a_day")
_ROLE_LISTS = ("second_factor", "one_session")
_WEBHOOK_HOST = re.compile(r"(https?://)?(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?")
_LISTS = ("ancestor_urls", "allowed_hosts", "kiosk_addresses", "webhook_hosts", *_ROLE_LISTS)


def load(data: Path) -> Config:
    """Read the settings of the node whose data directory is `data`.

    Raises BadSettings, naming the setting, when the file is missing or a value cannot be used.
    """
    try:
        written = read(data / SETTINGS_FILE, NAMES)
    except FileNotFoundError:
        raise BadSettings(
            f"{data} holds no node: run `init` first, or `setup` (there is no {SETTINGS_FILE} in it)"
        ) from None
    return checked(data, written | environment())


def read(path: Path, known: Collection[str]) -> dict[str, Any]:
    """What a file of settings says, by name. Raises FileNotFoundError, BadSettings for a file that is no TOML or has a
    name that is not among the `known`."""
    try:
        written = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise BadSettings(f"{path.name} cannot be read: {problem}") from None
    unknown = sorted(set(written) - set(known))
    if unknown:
        raise BadSettings(f"{path.name}: unknown setting {unknown[0]!r}; known are {', '.join(known)}")
    return written


def environment() -> dict[str, Any]:
    """The settings that the environment overrides, converted to the type of each. Raises BadSettings."""
    env = Env(prefix="SANJI_")
    found: dict[str, Any] = {}
    for each in fields(Config):
        if each.name not in NAMES or env.str(each.name.upper(), None) is None:
            continue
        kind: Any = each.type
        read: Any = {int: env.int, float: env.float, bool: env.bool}.get(kind, env.str)
        try:
            name = each.name.upper()
            given: Any = env.list(name) if each.name in _LISTS else read(name)
            found[each.name] = [item.strip() for item in given] if each.name in _LISTS else given
        except EnvError as problem:
            raise BadSettings(f"environment variable SANJI_{each.name.upper()}: {problem}") from None
    return found


def variable(name: str) -> str:
    """A secret that stands in an environment variable of any name. Raises BadSettings where there is none."""
    found = Env().str(name, "")
    if not found:
        raise BadSettings(f"environment variable {name} is not set, or empty")
    return found


def credential() -> str:
    """The passphrase that systemd hands to a service as its credential `sanji-passphrase`; empty where there is none.

    Raises BadSettings for one that cannot be read.
    """
    folder = Env().str("CREDENTIALS_DIRECTORY", "")
    if not folder or not (Path(folder) / CREDENTIAL).exists():
        return ""
    try:
        return (Path(folder) / CREDENTIAL).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as problem:
        raise BadSettings(f"the credential {CREDENTIAL} cannot be read: {problem}") from None


def checked(data: Path, values: dict[str, Any]) -> Config:
    """A Config of these values. Raises BadSettings naming the first one that cannot be used."""
    for name in ("place", "name", "level"):
        if not isinstance(values.get(name), str) or not values[name]:
            raise BadSettings(f'setting {name!r} is missing: write {name} = "..." into {SETTINGS_FILE}')
    if values["level"] not in LEVELS:
        raise BadSettings(f"setting 'level' is {values['level']!r}: write one of {', '.join(LEVELS)}")
    for each in fields(Config):
        if each.name not in values or each.name == "data":
            continue
        value = values[each.name]
        if each.name in _LISTS:
            if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
                raise BadSettings(f"setting {each.name!r} must be a list of texts")
            values[each.name] = tuple(value)
        elif each.type is float and isinstance(value, int) and not isinstance(value, bool):
            values[each.name] = float(value)
        elif isinstance(each.type, type) and type(value) is not each.type:
            raise BadSettings(f"setting {each.name!r} must be of type {each.type.__name__}, not {type(value).__name__}")
        if (
            each.name in ("parent_url", "parent_wait_url", "public_url")
            and value
            and not value.startswith(("http://", "https://"))
        ):
            raise BadSettings(f"setting {each.name!r} must begin with http:// or https://, not {value!r}")
        if each.name in ("port", "wait_port") and not 0 <= value <= 65535:
            raise BadSettings(f"setting {each.name!r} must be a port between 0 and 65535, not {value}")
        if each.name in _COUNTS and value < 0:
            raise BadSettings(f"setting {each.name!r} must not be negative, but is {value}")
    chosen = Config(data=data, **values)
    if chosen.sealing_suite not in SUITES:
        raise BadSettings(f"setting 'sealing_suite' is {chosen.sealing_suite!r}: write one of {', '.join(SUITES)}")
    _check_purge(chosen)
    _check_roles(chosen)
    for address in chosen.kiosk_addresses:
        try:
            ipaddress.ip_network(address)
        except ValueError:
            raise BadSettings(
                f"setting 'kiosk_addresses' has {address!r}: write an address such as 192.168.1.20, or a net such as "
                "192.168.1.16/28"
            ) from None
    for host in chosen.webhook_hosts:
        if not _WEBHOOK_HOST.fullmatch(host):
            raise BadSettings(
                f"setting 'webhook_hosts' has {host!r}: write a host such as oa.example.gov.cn, with :port where it is "
                "not the usual one, and http:// before it where news may go there in the clear"
            )
    return chosen


def _check_roles(config: Config) -> None:
    """Raises BadSettings for a role that no level has: what it was to demand would be demanded of nobody."""
    known = sorted({role for role, _ in ROLES})
    for name in _ROLE_LISTS:
        for role in getattr(config, name):
            if role not in known:
                raise BadSettings(f"setting {name!r} names no role with {role!r}: write some of {', '.join(known)}")


def _check_purge(config: Config) -> None:
    """Raises BadSettings for a purge that could lose something."""
    if config.purge not in ("", "off", "bodies"):
        raise BadSettings(f'setting \'purge\' is {config.purge!r}: write "off" or "bodies"')
    if config.purges and config.level == "county":
        raise BadSettings("setting 'purge': the county keeps every body, since all others rely on it")
    if config.county_backup_days < 1:
        raise BadSettings(f"setting 'county_backup_days' must be 1 or more, not {config.county_backup_days}")
    if config.retention_days < config.county_backup_days:
        raise BadSettings(
            f"setting 'retention_days' is {config.retention_days}, below 'county_backup_days'"
            f" ({config.county_backup_days}): a county restored from its backup could not be given back what is gone"
        )


def refuse_open_pages(config: Config) -> None:
    """Raises BadSettings where pages would go over a network in the clear, and nobody has said that this is meant."""
    alone = bool(config.host) and is_reachable(config.host) is False
    if not (alone or config.behind_tls or config.pages_without_tls):
        raise BadSettings(
            f"setting 'host' is {config.host!r}, which other machines reach, and pages with names and ID numbers would "
            "go over the network in the clear: put a TLS edge in front and write behind_tls = true, or, in one network "
            f"that you trust, write pages_without_tls = true into {SETTINGS_FILE} (OPERATIONS.md, TLS)"
        )


def is_reachable(host: str) -> bool | None:
    """Whether others reach a machine under this name; None where it stands for all its addresses."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return bool(host) and host != "localhost" and not host.endswith(".localhost")
    return None if address.is_unspecified else not address.is_loopback


def write(config: Config) -> None:
    """Write `node.toml` for this configuration, leaving out what has its usual value. The directory must exist."""
    lines = ["# Settings of this node. Every one can be overridden by an environment variable SANJI_<NAME>."]
    for each in fields(Config):
        value = getattr(config, each.name)
        usual = value == each.default and each.name not in ("host", "port")
        if each.name not in NAMES or usual:
            continue
        lines.append(f"{each.name} = {_toml(value)}")
    files.write(config.data / SETTINGS_FILE, ("\n".join(lines) + "\n").encode())


def _toml(value: object) -> str:
    """One value in TOML's own writing."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return '"' + "".join(each if each.isprintable() else f"\\u{ord(each):04x}" for each in escaped) + '"'
    return str(value)
