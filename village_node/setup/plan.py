"""What is asked before a node is made, step by step, and what can be wrong with it: one set of checks for the pages and
for the file of an unattended set-up. A fault is told by the field's name in both languages, and says what to do."""

import os
import re
import socket
from collections.abc import Callable, Collection, Iterable, Mapping
from ipaddress import IPv6Address
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from sync_protocol.case.powers import ROLES
from sync_protocol.places import valid_code
from village_node import config, identity
from village_node import keyring as keyrings
from village_node.accounts import StaffTrouble, password_trouble
from village_node.accounts.people import MANAGES, new_name, new_number
from village_node.accounts.steps import ADVISED

Told = Mapping[str, Any]
Faults = dict[str, tuple[str, str]]

STEPS: Final = ("place", "above", "keys", "reach", "account")
ROADS: Final = ("line", "files")
PROTECTIONS: Final = ("none", "passphrase", "systemd")
# What is asked that is no setting of node.toml.
BESIDE: Final = ("road", "protect", "passphrase", "staff_no", "staff_name", "roles", "password", "hear_complaints")
SECRETS: Final = ("passphrase", "password")
NAME_LONGEST: Final = 60
# How the 12 digits of a division code end at each level: 6 name the county, 3 more the township, 3 more the village.
_DIGITS: Final = {
    "county": (r"\d{6}0{6}", "县级代码 12 位，后 6 位是 0", "a county's code has 12 digits, the last six are 0"),
    "township": (
        r"\d{6}(?!000)\d{3}000",
        "乡镇代码 12 位，后 3 位是 0、前面不是",
        "a township's code has 12 digits, the last three are 0, those before are not",
    ),
    "village": (
        r"\d{6}(?!000)\d{3}(?!000)\d{3}",
        "村（社区）代码 12 位，后 3 位不是 0",
        "a village's code has 12 digits, and the last three are not 0",
    ),
}


class Account(NamedTuple):
    """Whoever sets the node up; an administrator, with these roles besides. ``hears``: and opens the hearing of
    complaints, at the root."""

    staff_no: str
    name: str
    roles: tuple[str, ...]
    password: str
    hears: bool = False


class BadPlan(Exception):
    """What was asked cannot be done as it was answered; `faults` by field."""

    def __init__(self, faults: Faults, where: str) -> None:
        """`where`: the file that was read."""
        super().__init__("\n".join(f"{where}: {name}: {en} / {zh}" for name, (zh, en) in faults.items()))
        self.faults = faults


def roles_at(level: str) -> list[str]:
    """The roles of a level that the first account may have besides that of the administrator."""
    return [role for role, there in ROLES if there == level and role != MANAGES]


def signing_in(level: str) -> list[str]:
    """The roles of a level that may be told to sign in with a second factor."""
    return [*roles_at(level), MANAGES]


def advised(level: str) -> list[str]:
    """Those of them that are, where nobody says otherwise: who reviews, decides and administers."""
    return list(ADVISED.get(level, ()))


def misplaced(code: str, level: str) -> tuple[str, str] | None:
    """Why a code cannot be one of this level, in both languages; None where it can. Codes that are no numbers, and
    levels that are none of a node's, have no rule."""
    pattern, zh, en = _DIGITS.get(level, ("", "", ""))
    numeric = re.fullmatch(r"\d+", code, re.ASCII)
    return (zh, en) if pattern and numeric and not re.fullmatch(pattern, code, re.ASCII) else None


def place_faults(level: str, told: Told) -> Faults:
    """What is wrong with the code and the name of the place."""
    found: Faults = {}
    code, name = told.get("place", ""), told.get("name", "")
    if not code:
        found["place"] = ("请选择或填写本单位代码", "choose this place, or write its code")
    elif not _is_text(code) or not valid_code(code):
        found["place"] = ("不是单位代码，请填写 12 位区划代码", "no place code: write the 12-digit division code")
    elif wrong := misplaced(code, level):
        found["place"] = (f"与级别不符：{wrong[0]}，请核对", f"not of this level: {wrong[1]}; check it")
    if not _is_text(name) or not name.strip():
        found["name"] = ("请填写单位名称，如“上关村委会”", "write the place's name, as people know it")
    elif len(name) > NAME_LONGEST:
        found["name"] = (f"最多 {NAME_LONGEST} 个字", f"{NAME_LONGEST} characters at most")
    return found


def above_faults(told: Told, *, root: bool) -> Faults:
    """What is wrong with where the place above is. `root`: nobody is above."""
    found: Faults = {}
    road, url, wait_url = (told.get(name, "") for name in ("road", "parent_url", "parent_wait_url"))
    if root:
        for name in ("road", "parent_url", "parent_wait_url"):
            if told.get(name):
                found[name] = ("县级没有上级，请去掉这一项", "nobody is above the county: leave it out")
        return found
    if road not in ROADS:
        found["road"] = ("请选择怎样与上级联系", 'choose how the place above is reached: "line" or "files"')
    elif road == "files" and (url or wait_url):
        found["parent_url"] = ("选了用 U 盘办理，请不要填地址", "by files: leave the address out")
    elif road == "line" and not url:
        found["parent_url"] = (
            "请填写上级地址，如 http://192.168.1.8:8701；没有网络的请选“没有网络，用 U 盘办理”",
            "write the address of the place above, as http://192.168.1.8:8701; without a line choose 'By files'",
        )
    elif road == "line" and not _is_address(url):
        found["parent_url"] = (
            "这不是上级地址：应以 http:// 或 https:// 开头，后面是上级机器的名称或 IP 和端口，如 "
            "http://192.168.1.8:8701",
            "no address of a place above: it begins with http:// or https://, then the name or IP of its machine and "
            "the port, as http://192.168.1.8:8701",
        )
    if road == "line" and wait_url and not _is_address(wait_url):
        found["parent_wait_url"] = ("应以 http:// 或 https:// 开头", "must begin with http:// or https://")
    return found


def keys_faults(data: Path, told: Told) -> Faults:
    """What is wrong with how the keys are to lie in the folder `data`."""
    protect, passphrase = told.get("protect", ""), told.get("passphrase", "")
    if protect not in PROTECTIONS:
        return {"protect": ("请选择一种", f"choose one of {', '.join(PROTECTIONS)}")}
    begun = keyrings.is_protected(data)
    if protect == "none" and begun:
        return {
            "protect": (
                "上次设置做到一半，密钥已用口令加密：请选口令，填上次的口令；忘了的请换一个空的数据目录",
                "a set-up that was cut short has wrapped the keys: give its passphrase, or take another, empty folder",
            )
        }
    if protect == "none":
        unused = ("选了不加密，请不要填口令", "the keys are not wrapped: leave the passphrase out")
        return {"passphrase": unused} if passphrase else {}
    if not _is_text(passphrase) or len(passphrase) < keyrings.SHORTEST:
        return {
            "passphrase": (
                f"口令至少 {keyrings.SHORTEST} 个字符，可以用一句好记的话",
                f"a passphrase has at least {keyrings.SHORTEST} characters; a sentence is easiest to keep",
            )
        }
    if begun:
        try:
            keyrings.opened(data, passphrase, identity.random_bytes)
        except keyrings.NoPassphrase as problem:
            return {"passphrase": ("与上次设置时的口令不一样，或文件已损坏", str(problem))}
    return {}


def reach_faults(data: Path, told: Told, own_port: int = 0) -> Faults:
    """What is wrong with where the node listens and how others reach it. `own_port`: at which the pages that ask are
    served just now; they have gone when the node begins."""
    found: Faults = {}
    host, public_url = told.get("host", ""), told.get("public_url") or ""
    if not _is_text(host) or not re.fullmatch(r"[0-9A-Za-z.:-]{1,255}", host):
        found["host"] = ("请填写本机地址，如 127.0.0.1", "write an address of this machine, as 127.0.0.1")
    elif ":" in host and not _is_ipv6(host):
        found["host"] = ("这里只写地址，端口填在端口一栏", "the address alone: its port has a field of its own")
    if not _is_port(told.get("port")) or told["port"] == 0:
        found["port"] = ("端口应为 1 到 65535 的数字", "a port is a number from 1 to 65535")
    wait_port = told.get("wait_port", 0)
    if not _is_port(wait_port) or (wait_port and wait_port == told.get("port")):
        found["wait_port"] = (
            "应为 0 到 65535 的数字，与上面的端口不同；0 表示不用",
            "a number from 0 to 65535, another one than the port above; 0: none",
        )
    tls = bool(told.get("behind_tls"))
    if public_url and not _is_address(public_url):
        found["public_url"] = ("应以 http:// 或 https:// 开头", "must begin with http:// or https://")
    elif tls and not public_url.startswith("https://"):
        found["public_url"] = ("请填写大家使用的 https:// 地址", "write the https:// address that people use")
    elif not public_url and "host" not in found and config.is_reachable(host) is None:
        found["public_url"] = (
            "本机地址代表所有网卡，请填写大家使用的地址，二维码要用",
            "this host stands for all addresses: write the one people use; QR codes lead there",
        )
    if "host" not in found:
        clear = bool(told.get("pages_without_tls"))
        try:
            config.refuse_open_pages(
                config.Config(data, "0", "0", "village", host=host, behind_tls=tls, pages_without_tls=clear)
            )
        except config.BadSettings as problem:
            found["host"] = (
                "其他机器能访问这个地址，姓名和证件号会在网上明文传输：请选“经 TLS”或“明文”，或改为 127.0.0.1",
                str(problem),
            )
    return found or _listening_faults(host, told["port"], wait_port, own_port)


def _listening_faults(host: str, port: int, wait_port: int, own_port: int) -> Faults:
    """Whether the node can listen there, which is tried: at the address on any port, then on its own."""
    try:
        listen_once(host, 0)
    except (OSError, UnicodeError) as problem:  # no name in the forms of the net raises the second
        words = ("本机没有这个地址，请核对；只在本机用的填 127.0.0.1", f"no address of this machine: {problem}")
        return {"host": words}
    for name, number in (("port", port), ("wait_port", wait_port)):
        try:
            if number not in (0, own_port):
                listen_once(host, number)
        except OSError as problem:
            zh = "端口用不了：已被别的程序占用，或要管理员身份；请换一个 1024 以上的"
            return {name: (zh, f"cannot be listened at: {problem}; take another one, above 1024")}
    return {}


def listen_once(host: str, port: int) -> None:
    """Take all addresses that a node would listen at, and leave them at once. Raises OSError, UnicodeError."""
    for family, kind, protocol, _, address in socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    ):
        with socket.socket(family, kind, protocol) as tried:
            if os.name == "posix":  # elsewhere it would share a port that is taken
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(address)


def account_faults(level: str, told: Told, fixed: Collection[str] = ()) -> Faults:
    """What is wrong with the first account. `fixed`: what the environment settles, maybe for nodes of all levels."""
    found: Faults = {}
    staff_no, password = told.get("staff_no", ""), told.get("password", "")
    named: tuple[tuple[str, Callable[[str], str]], ...] = (("staff_no", new_number), ("staff_name", new_name))
    for name, kept in named:
        try:
            kept(told.get(name, "") if _is_text(told.get(name, "")) else "")
        except StaffTrouble as trouble:
            found[name] = (trouble.zh, trouble.en)
    roles = told.get("roles", ())
    known = roles_at(level)
    if not isinstance(roles, list | tuple) or not all(role in (*known, MANAGES) for role in roles):
        found["roles"] = (f"本级的岗位：{'、'.join(known)}", f"the roles of this level: {', '.join(known)}")
    demanding, may_demand = told.get("second_factor", ()), signing_in(level)
    may_be = [role for role, _ in ROLES] if "second_factor" in fixed else may_demand
    if not isinstance(demanding, list | tuple) or not all(role in may_be for role in demanding):
        found["second_factor"] = (f"本级的岗位：{'、'.join(may_demand)}", f"the roles here: {', '.join(may_demand)}")
    trouble_with = password_trouble(password, staff_no) if _is_text(password) and _is_text(staff_no) else None
    if not password:
        found["password"] = ("请设置密码", "set a password")
    elif trouble_with is not None:
        found["password"] = trouble_with
    return found


def hearing_faults(told: Told, *, root: bool) -> Faults:
    """What is wrong with whether complaints are heard from the first day. Below the root no key of a place is published
    before the place is in its network: there the page of complaints asks."""
    if not root and "hear_complaints" in told:
        en = "the county alone is asked: elsewhere the head opens the hearing on the page of complaints, once it is in"
        return {"hear_complaints": ("只有县级在这里开通；其他单位入网后由负责人在“投诉”页开通，请去掉这一项", en)}
    if root and not isinstance(told.get("hear_complaints"), bool):
        return {"hear_complaints": ("应为 true（开通）或 false（先不开通）", "must be true or false")}
    return {}


def faults_of(
    step: str, level: str, data: Path, told: Told, *, root: bool, own_port: int = 0, fixed: Collection[str] = ()
) -> Faults:
    """What is wrong with the answers of one step. `own_port`: see `reach_faults`; `fixed`: see `account_faults`."""
    found = {
        "place": lambda: place_faults(level, told),
        "above": lambda: above_faults(told, root=root),
        "keys": lambda: keys_faults(data, told),
        "reach": lambda: reach_faults(data, told, own_port),
        "account": lambda: account_faults(level, told, fixed) | hearing_faults(told, root=root),
    }
    return found[step]()


def config_of(data: Path, level: str, told: Told) -> config.Config:
    """The settings that answers without faults stand for. Raises BadSettings for a setting that no step asks for."""
    settings = {name: value for name, value in told.items() if name not in BESIDE}
    passphrase = told.get("passphrase", "")
    return config.checked(data, {"level": level, **settings, "passphrase": passphrase})


def account_of(told: Told) -> Account:
    """The first account that answers without faults stand for."""
    roles: Iterable[str] = told.get("roles", ())
    hears = bool(told.get("hear_complaints"))
    return Account(told["staff_no"], told["staff_name"], tuple(roles), told["password"], hears)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_ipv6(host: str) -> bool:
    try:
        return bool(IPv6Address(host))
    except ValueError:
        return False


def _is_port(value: object) -> bool:
    return type(value) is int and 0 <= value <= 65535


def _is_address(value: object) -> bool:
    """Whether this is the address of a server, with or without a port."""
    if not isinstance(value, str) or not value.startswith(("http://", "https://")):
        return False
    try:
        parts = urlsplit(value)
        return bool(parts.hostname) and parts.port != 0 and not parts.query and not parts.fragment
    except ValueError:  # a port that is none, a bracket too many
        return False
