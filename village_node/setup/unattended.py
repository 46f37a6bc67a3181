"""A node set up of one file, with nobody there: the same fields, checks and steps as the pages have.

The file is TOML: every setting of `node.toml`, and what the pages ask besides. Secrets do not stand in it: it names the
file or the environment variable that has them. Given again on a node that is made, it changes nothing.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NamedTuple

from sync_protocol.roster import confirmation_code
from village_node import app, config, control, files, identity, keyring
from village_node.setup import plan, regions
from village_node.setup.making import ROOT_KEY_FILE, Kind, Progress, make, progress_of
from village_node.setup.plan import SECRETS, BadPlan, Faults

# What says where something is, and is no setting.
BESIDE: Final = (*(f"{name}_{where}" for name in SECRETS for where in ("file", "env")), "regions", "answer")
FIELDS: Final = (
    *(name for name in config.NAMES if name != "level"),
    *(name for name in plan.BESIDE if name not in SECRETS),
    *BESIDE,
)


class Done(NamedTuple):
    """What came of it. `state`: `in` or `waits`; `code`: to be read to the place above, and the file to carry there;
    `keys`: how the private ones lie, as `keyring.how_they_lie` says; `root_key`: the file of the network's root key
    while it lies here, to be taken away."""

    state: str
    changed: bool
    place: str
    name: str
    level: str
    url: str
    code: str
    request: str
    keys: str
    root_key: str


def set_up(kind: Kind, data: Path, path: Path) -> Done:
    """Make the node that a file describes, or go on with it. Raises BadPlan, BadSettings, NoIdentity, NoPassphrase,
    StaffTrouble, StoreError, ProtocolError for an answer that does not hold, AlreadyRunning, OSError."""
    told = _told(kind, path)
    before = progress_of(data, root=kind.root)
    if before is Progress.NOTHING:
        return _made(kind, data, told, path)
    chosen = config.load(data)
    if told.get("place") != chosen.place:
        other = (
            f"{data} 里已经是 {chosen.place} 的节点，没有改动",
            f"{data} holds the node of {chosen.place} already, and nothing was changed: name another data directory",
        )
        raise BadPlan({"place": other}, path.name)
    answer = _answer(chosen, told)
    if answer is None:
        return _done(kind, chosen, changed=False)
    with control.exclusive(data):
        _join(chosen, told, answer, path)
    return _done(kind, chosen, changed=True)


def _made(kind: Kind, data: Path, told: dict[str, Any], path: Path) -> Done:
    """Make the node, and complete it where the answer of the place above is there already."""
    for secret in SECRETS:
        told |= _secret(secret, told, path)
    listed = _listed(told, path)
    told.setdefault("name", next((each.name for each in listed if each.code == told.get("place")), ""))
    chosen = _checked(kind, data, told, path)
    files.make_folder(data)
    with control.exclusive(data):
        townships = regions.children(listed, chosen.place, "township") if kind.root else []
        make(kind, chosen, townships, plan.account_of(told))
        answer = _answer(chosen, told)
        if answer is not None:
            _join(chosen, told, answer, path)
    return _done(kind, chosen, changed=True)


def _told(kind: Kind, path: Path) -> dict[str, Any]:
    """What a file says, with what the environment overrides, and what has its usual value; no secrets yet."""
    try:
        written = config.read(path, FIELDS)
    except FileNotFoundError:
        raise config.BadSettings(f"{path} is missing: name the file with the answers as --file") from None
    for name in BESIDE:
        if not isinstance(written.get(name, ""), str):
            raise BadPlan({name: ("应为文字", "must be a text")}, path.name)
    usual: dict[str, Any] = {"host": "127.0.0.1", "port": kind.default_port, "protect": "none"}
    usual |= {"second_factor": plan.advised(kind.level)}
    usual |= {"hear_complaints": True} if kind.root else {"road": "line"}
    return usual | written | config.environment()


def _secret(name: str, told: dict[str, Any], path: Path) -> dict[str, str]:
    """A secret, from where the file says that it is; nothing where it says nothing. Raises BadPlan."""
    from_file, from_env = told.get(f"{name}_file", ""), told.get(f"{name}_env", "")
    if from_file and from_env:
        both = (f"{name}_file 和 {name}_env 只写一个", f"write one of {name}_file and {name}_env")
        raise BadPlan({f"{name}_env": both}, path.name)
    if name == "passphrase" and told["protect"] == "systemd" and not (from_file or from_env):
        return {name: _credential(path)}
    try:
        if from_file:
            return {name: Path(from_file).read_text(encoding="utf-8").rstrip("\r\n")}
        return {name: config.variable(from_env)} if from_env else {}
    except (OSError, UnicodeDecodeError, config.BadSettings) as problem:
        field = f"{name}_file" if from_file else f"{name}_env"
        raise BadPlan({field: ("读不到", f"cannot be read: {problem}")}, path.name) from None


def _credential(path: Path) -> str:
    """The passphrase that systemd hands over. Raises BadPlan where it hands over none."""
    found = config.credential()
    if not found:
        zh = f"没有得到 systemd 凭据 {config.CREDENTIAL}"
        en = (
            f"systemd has handed over no credential {config.CREDENTIAL}: run this in a unit that loads it, or name "
            "passphrase_file"
        )
        raise BadPlan({"protect": (zh, en)}, path.name)
    return found


def _listed(told: dict[str, Any], path: Path) -> list[regions.Region]:
    """The list of regions that the file names; empty where it names none. Raises BadPlan."""
    try:
        return regions.read(Path(told["regions"])) if told.get("regions") else []
    except (OSError, config.BadSettings) as problem:
        raise BadPlan({"regions": ("区划表不能用", str(problem))}, path.name) from None


def _checked(kind: Kind, data: Path, told: dict[str, Any], path: Path) -> config.Config:
    """The settings of answers without faults. Raises BadPlan naming every field that has one, BadSettings."""
    found: Faults = {}
    for step in plan.STEPS:
        found |= plan.faults_of(step, kind.level, data, told, root=kind.root, fixed=config.environment())
    for secret in SECRETS:  # as the file calls it
        if secret in found:
            where = "env" if f"{secret}_env" in told else "file"
            found[f"{secret}_{where}"] = found.pop(secret)
    if found:
        raise BadPlan(found, path.name)
    return plan.config_of(data, kind.level, {name: value for name, value in told.items() if name not in BESIDE})


def _answer(chosen: config.Config, told: dict[str, Any]) -> bytes | None:
    """The answer of the place above, where it has come and is needed still."""
    path = Path(told["answer"]) if told.get("answer") else None
    if path is None or not path.exists() or identity.is_enrolled(chosen.data):
        return None
    return path.read_bytes()


def _join(chosen: config.Config, told: dict[str, Any], answer: bytes, path: Path) -> None:
    """Complete the node with that answer. Who gives this command has looked whose it is, as with `init --answer`."""
    if not chosen.passphrase and keyring.is_protected(chosen.data):
        chosen = replace(chosen, passphrase=_secret("passphrase", told, path).get("passphrase", ""))
    app.join(chosen.data, chosen.database, answer, app.keyring_of(chosen))


def _done(kind: Kind, chosen: config.Config, *, changed: bool) -> Done:
    state = progress_of(chosen.data, root=kind.root).value
    request = chosen.data / app.REQUEST_FILE
    waits = state == Progress.WAITS.value and request.exists()
    code = confirmation_code(request.read_bytes()) if waits else ""
    root_key = chosen.data / ROOT_KEY_FILE
    return Done(
        state, changed, chosen.place, chosen.name, chosen.level, chosen.url, code, str(request) if waits else "",
        keyring.how_they_lie(chosen.data), str(root_key) if root_key.exists() else "",
    )  # fmt: skip
