"""How a node is made in its data directory: by `init`, by the pages of `setup`, or of a file. One way for all.

Everything that was written before the last file is taken up by the next try: a set-up cut short leaves no half a node.
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from village_node import app, config, files, identity, keyring, store
from village_node.accounts import Accounts
from village_node.accounts.people import SET_UP
from village_node.config import BadSettings, Config
from village_node.identity import Identity
from village_node.setup.plan import Account
from village_node.store import peers
from village_node.store.accounts import AccountRows

ROOT_KEY_FILE = "county-root.key"  # of who founds a network, until it is taken away
CREDENTIALS = "/etc/credstore.encrypted"
Found = Callable[[Config, Identity, Sequence[tuple[str, str]], str], object]


@dataclass(frozen=True)
class Kind:
    """What making a node has to know of its level. `found`: how the root founds a network, with the townships (code,
    name) it begins with, and the staff number of who opens the hearing of complaints, empty where nobody does; every
    other level enrols with a parent."""

    program: str
    level: str
    default_port: int
    found: Found | None = field(default=None, kw_only=True)

    @property
    def root(self) -> bool:
        """Whether nobody is above."""
        return self.found is not None


class Inhabited(BadSettings):
    """The database that was named has another node's life in it; nothing was changed. `zh` says so as well."""

    zh = "数据库里已有另一个节点，没有改动：请把 database_url 改为一个空的数据库"

    def __init__(self) -> None:
        super().__init__("the database holds another node, and nothing was changed: name an empty one as database_url")


class Progress(Enum):
    """How far a data directory is."""

    NOTHING = "nothing"
    WAITS = "waits"  # made, and not let in by the place above yet, or nobody has compared whose network it is
    IN = "in"


def progress_of(data: Path, *, root: bool) -> Progress:
    """How far a data directory is; no key is needed to see that. Raises NoIdentity for a damaged identity."""
    enrolled = identity.is_enrolled(data)
    if not (data / config.SETTINGS_FILE).exists() or (root and not enrolled):
        return Progress.NOTHING
    return Progress.IN if enrolled and identity.is_compared(data) else Progress.WAITS


def make(
    kind: Kind, chosen: Config, townships: Sequence[tuple[str, str]] = (), account: Account | None = None
) -> Identity:
    """Make a node, or what is missing of one: its folder, keys, first account, settings; at the root its network, else
    the request to the place above. Raises NoIdentity, NoPassphrase, BadSettings, StaffTrouble, StoreError, OSError."""
    data = chosen.data
    files.make_folder(data)
    data.chmod(0o700)
    if account is not None:
        _refuse_inhabited(chosen)
    if chosen.passphrase:
        keyring.protect(data, chosen.passphrase, identity.random_bytes)
    seen = (data / app.REQUEST_FILE).exists() or (data / config.SETTINGS_FILE).exists()
    made = identity.create(data, chosen.place, chosen.level, chosen.name, app.keyring_of(chosen), seen=seen)
    if account is not None:
        _keep_account(chosen, account, made)
    if kind.found is None:
        files.write(data / app.REQUEST_FILE, app.enrol_request(made))
    config.write(chosen)  # with this the node is there; the root's is with its network
    if kind.found is not None:
        kind.found(chosen, made, townships, account.staff_no if account is not None and account.hears else "")
    return made


def _refuse_inhabited(chosen: Config) -> None:
    """Look whether the database is empty, or has what an earlier try of this very node left in it, before anything is
    written. Raises Inhabited, NoIdentity, StoreError."""
    begun = identity.incarnation_in(chosen.data)
    with closing(store.open_store(chosen.database)) as opened:
        rows = AccountRows(opened)
        with opened.reading() as connection:
            life = peers.bytes_of(connection, peers.INCARNATION)
            founded = bool(peers.roster_changes(connection))
        people = {each.staff_no for each in rows.all_staff()}
        if life is None:
            other = founded or bool(people)
        else:
            other = life != begun or not people <= rows.invited_by(SET_UP)
    if other:
        raise Inhabited


def _keep_account(chosen: Config, account: Account, made: Identity) -> None:
    """Make the first account; before it the database is marked as this node's, so that a later try knows it again."""
    with closing(store.open_store(chosen.database)) as opened:
        with opened.writing() as connection:
            peers.remember_bytes(connection, peers.INCARNATION, made.incarnation)
        accounts = Accounts(AccountRows(opened), chosen.level, app.wall_clock, identity.random_bytes)
        accounts.set_up(account.staff_no, account.name, account.roles, account.password)


def service_unit(program: Path, chosen: Config) -> str:
    """The text of a systemd unit that starts the node with the machine, after a power cut too. `program`: where the
    node's program lies."""
    wrapped = keyring.is_protected(chosen.data)
    bound = f"LoadCredentialEncrypted={config.CREDENTIAL}:{CREDENTIALS}/{config.CREDENTIAL}\n" if wrapped else ""
    program_path, folder = (str(path).replace("%", "%%") for path in (program, chosen.data.resolve()))
    return (
        f"[Unit]\nDescription=Sanji {chosen.place}\nWants=network-online.target\nAfter=network-online.target\n\n"
        f'[Service]\nExecStart="{program_path}" serve --data "{folder}"\nUser={chosen.data.stat().st_uid}\n'
        f"Restart=always\nRestartSec=10\n{bound}\n[Install]\nWantedBy=multi-user.target\n"
    )
