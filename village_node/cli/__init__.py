"""The command line of a node: `init`, `serve`, `sync`, `status`, `invite`; each level adds its own to these."""

import argparse
import json
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

from village_node import app, config, control, identity, joining, keyring, releases
from village_node.cli import keys, setting_up
from village_node.cli.complaints import COMPLAINTS
from village_node.cli.keys import add_passphrase, unlocked
from village_node.courier import Tell, untold
from village_node.setup import Kind, serving


class CreatesNode(Protocol):
    """What wires a node of one level."""

    def __call__(self, config: config.Config, *, pages_only: bool = False) -> app.Node:
        """The node; `pages_only`: one more worker beside the one that syncs."""


@dataclass(frozen=True)
class Level(Kind):
    """What differs between the levels: names, how a node is made and wired, what may be asked of it."""

    create_node: CreatesNode
    commands: Callable[[app.Node], control.Commands]


VILLAGE = Level("village-node", "village", 8700, app.create_node, control.commands)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a village node's command; the exit code is 0 when it was done."""
    return run(parser(VILLAGE), argv)


def run(commands: argparse.ArgumentParser, argv: Sequence[str] | None) -> int:
    """Parse and carry out one command, and say on standard error what a person has to mend."""
    arguments = commands.parse_args(argv)
    try:
        return int(arguments.act(arguments) or 0)
    except COMPLAINTS as problem:
        print(f"{commands.prog}: {problem}", file=sys.stderr)
        return 1


def parser(level: Level) -> argparse.ArgumentParser:
    """The commands that every level has."""
    top = argparse.ArgumentParser(prog=level.program, description=f"Sanji (三级): the {level.level} node")
    top.add_subparsers(dest="verb", required=True, metavar="COMMAND")

    init = add_verb(top, "init", "make this node's keys and the request to enrol it; then complete it with the answer")
    init.add_argument("--place", help="place code, usually the 12-digit division code")
    init.add_argument("--name", help="the place's name, as people know it")
    init.add_argument("--level", default=level.level, choices=config.LEVELS)
    init.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: this machine only; others need TLS)"
    )
    init.add_argument("--port", type=int, default=level.default_port)
    init.add_argument("--wait-port", type=int, default=0, help="port on which children wait for news (0: none)")
    init.add_argument("--public-url", default="", help="what QR codes lead to")
    init.add_argument("--database-url", default="", help="SQLAlchemy URL; default: SQLite in the data directory")
    init.add_argument("--reserve-mb", type=int, default=200, help="disk kept for what is in progress when it is full")
    add_suite(init)
    init.add_argument(
        "--protect",
        choices=("passphrase", "none"),
        default="none",
        help="passphrase: who carries the disk off cannot use the keys, and every start asks for it, after a power cut "
        "too, unless systemd hands it over; none: the node starts by itself, and whoever has the disk has the keys",
    )
    add_passphrase(init)
    init.set_defaults(act=lambda arguments: setting_up.init(level, arguments))
    if not level.root:
        init.add_argument("--parent-url", default="", help="the parent's address, http:// or https://")
        init.add_argument("--parent-wait-url", default="", help="where the parent answers waiting calls")
        init.add_argument(
            "--ancestor-url", action="append", default=[], help="the next one up, asked when the parent is silent"
        )
        init.add_argument(
            "--answer", type=Path, help="the parent's answer to the enrolment request: completes the node"
        )
    else:
        init.add_argument("--regions", type=Path, help="CSV with the columns code, name, level, parent: its townships")
    _add_setup(top, level)

    serve = add_verb(top, "serve", "run the node until interrupted")
    serve.add_argument("--pages-only", action="store_true", help="one more worker for pages, on PostgreSQL")
    serve.add_argument("--listen", type=int, metavar="PORT", help="another port than the settings name")
    serve.set_defaults(act=lambda arguments: _serve(level, arguments))
    add_passphrase(serve)
    _add_keys(top, level)
    sync = add_verb(top, "sync", "exchange with the parent now")
    sync.set_defaults(act=lambda arguments: _ask(level, arguments, "sync"))
    status = add_verb(top, "status", "what this node holds, owes and hears")
    status.add_argument("--json", action="store_true", help="one JSON object")
    status.set_defaults(act=lambda arguments: _status(level, arguments))
    courier = add_verb(top, "courier", "carry by hand: write what a place has not signed for, read what was brought")
    courier.add_argument("errand", choices=("export", "import", "verify"))
    courier.add_argument("folder", type=Path, help="where the stick is mounted, or a folder on it")
    courier.add_argument("--to", default="", metavar="PLACE", help="export: for which place (default: the one above)")
    courier.set_defaults(act=lambda arguments: _carry(level, arguments))
    evidence = add_verb(top, "evidence", "write all that is held of a case, for who believes nobody's word")
    evidence.add_argument("case", metavar="CASE", help="the case's number, as it is printed on the receipt")
    evidence.add_argument("--to", type=Path, default=Path(), metavar="FOLDER", help="where to (default: here)")
    evidence.set_defaults(act=lambda arguments: _evidence(level, arguments))
    _add_update(top, level)
    _add_staff(top, level)
    return top


def _add_staff(top: argparse.ArgumentParser, level: Level) -> None:
    """What is done for the people of a node, and what shows what they have done."""
    audit = add_verb(top, "audit", "compute the chain of the audit trail again, and name the first line that is broken")
    audit.add_argument("step", choices=("verify",))
    audit.add_argument("--head", default="", metavar="N:HASH", help="what the place above holds of it: see its page")
    audit.set_defaults(act=lambda arguments: _audit(level, arguments))
    invite = add_verb(top, "invite", "make a one-time sign-in code for a member of staff")
    invite.add_argument("--staff-no", required=True, help="work number")
    invite.add_argument("--staff-name", required=True)
    invite.add_argument("--role", action="append", required=True, help="may be given several times")
    invite.set_defaults(act=lambda arguments: _invite(level, arguments))
    unlock = add_verb(top, "unlock", "end the wait of a member of staff after wrong passwords")
    unlock.add_argument("--staff-no", required=True, help="work number")
    unlock.set_defaults(act=lambda arguments: _unlock(level, arguments))
    factor = add_verb(top, "factor", "who has a second factor; take it from somebody who has lost telephone and codes")
    factor.add_argument("step", choices=("list", "reset"))
    factor.add_argument("--staff-no", default="", help="reset: whose; a line in the audit trail says so")
    factor.set_defaults(act=lambda arguments: _factor(level, arguments))


def add_suite(init: argparse.ArgumentParser) -> None:
    """Let a place choose the suite of its sealing keys."""
    init.add_argument(
        "--suite",
        dest="sealing_suite",
        default="s1",
        choices=config.SUITES,
        help="of the keys that others seal to; s1q also holds against quantum computers, for 1.1 KB more a start",
    )


def add_verb(top: argparse.ArgumentParser, name: str, text: str) -> argparse.ArgumentParser:
    """Add a command that works on a data directory to a program's commands."""
    verb: argparse.ArgumentParser = verbs_of(top).add_parser(name, help=text, description=text)
    verb.add_argument("--data", type=Path, required=True, help="the node's data directory")
    return verb


def _add_update(top: argparse.ArgumentParser, level: Level) -> None:
    update = add_verb(top, "update", "look at a release of this program, signed by the root, and install it")
    update.add_argument("folder", type=Path, help="where its packages are, and release.cbor")
    update.add_argument("--check", action="store_true", help="look only")
    update.set_defaults(act=lambda arguments: _update(level, arguments))


def _add_keys(top: argparse.ArgumentParser, level: Level) -> None:
    rekey = add_verb(top, "rekey", "change this node's signing key; the level above countersigns the new one")
    rekey.add_argument(
        "--sealing",
        action="store_true",
        help="instead, draw another key for others to seal to, of the suite in use; the older ones go on opening",
    )
    rekey.set_defaults(act=lambda arguments: _ask(level, arguments, "sealing_key" if arguments.sealing else "rekey"))
    lie = add_verb(top, "keys", "how this node's private keys lie on the disk; wrap them, or change the passphrase")
    lie.add_argument("step", choices=("show", "protect", "change", "unprotect", "forget-files"))
    add_passphrase(lie)
    lie.set_defaults(act=keys.act)


def verbs_of(top: argparse.ArgumentParser) -> "argparse._SubParsersAction[argparse.ArgumentParser]":
    """The commands of a program."""
    return next(action for action in top._actions if isinstance(action, argparse._SubParsersAction))


def _add_setup(top: argparse.ArgumentParser, level: Level) -> None:
    text = "set a new node up by pages in a browser, or by a file with nobody there"
    setup = add_verb(top, "setup", text)
    setup.add_argument("--file", type=Path, help="the answers (TOML): no pages, no questions")
    setup.add_argument("--json", action="store_true", help="with --file: what came of it, as one JSON object")
    setup.add_argument("--regions", type=Path, help="CSV with the columns code, name, level, parent: to choose from")
    setup.add_argument("--port", type=int, default=level.default_port, help="port of the pages while it is set up")
    setup.add_argument(
        "--lan",
        nargs="?",
        const=serving.FOUND_OUT,
        default="",
        metavar="ADDRESS",
        help="show the pages in the local network too, in the clear (default: on this machine only)",
    )
    add_passphrase(setup)
    setup.set_defaults(act=lambda arguments: _setup(level, arguments))


def _setup(level: Level, arguments: argparse.Namespace) -> int:
    if arguments.file:
        return setting_up.of_file(level, arguments)
    stop = _stop_signal()
    return setting_up.by_pages(level, arguments, stop, lambda chosen: _run_node(level, chosen, stop))


def _serve(level: Level, arguments: argparse.Namespace) -> None:
    chosen = config.load(arguments.data)
    if arguments.listen is not None:
        chosen = replace(chosen, port=arguments.listen)
    if arguments.pages_only and not chosen.database_url:
        raise config.BadSettings("--pages-only: several workers need PostgreSQL; SQLite has one writer")
    config.refuse_open_pages(chosen)
    chosen = unlocked(chosen, arguments)
    stop = _stop_signal()
    with nullcontext() if arguments.pages_only else control.exclusive(chosen.data):
        if not arguments.pages_only:
            keyring.sweep(chosen.data)
            if _asks_to_join(chosen) and not joining.join_over_the_line(chosen, stop, _say_code):
                return
        _run_node(level, chosen, stop, pages_only=arguments.pages_only)


def _stop_signal() -> threading.Event:
    """Set when somebody asks this process to end."""
    stop = threading.Event()

    def stopped(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, stopped)
    signal.signal(signal.SIGINT, stopped)
    return stop


def _run_node(level: Level, chosen: config.Config, stop: threading.Event, *, pages_only: bool = False) -> None:
    """Serve the node until it is stopped."""
    node = level.create_node(chosen, pages_only=pages_only)
    desk = None if pages_only else control.Desk(chosen.data, level.commands(node))

    def ready() -> None:
        print(f"{chosen.name} {chosen.url}", flush=True)

    try:
        node.serve(stop, ready, pages_only=pages_only)
    finally:
        if desk is not None:
            desk.close()
        node.close()


def _asks_to_join(chosen: config.Config) -> bool:
    """Whether the node is not in yet and knows whom to ask, or nobody has compared whose roster it was given."""
    if not identity.is_compared(chosen.data):
        return True
    return bool(chosen.parent_url) and identity.load(chosen.data, app.keyring_of(chosen)).network_id is None


def _say_code(asking: joining.Joining) -> None:
    """Say on the terminal what the page shows."""
    if asking.network:
        print(f"已入网，网络码 / it is in; network code: {asking.network}", flush=True)
    else:
        print(f"{asking.config.url} 确认码 / confirmation code: {asking.code}", flush=True)


def ask(level: Level, data: Path, verb: str, *, tell: Tell = untold, **arguments: Any) -> dict[str, Any]:
    """Carry out one command on the node in `data`, whether it is serving or not. `tell`: who hears how far it is."""
    opened: list[app.Node] = []

    def open_commands() -> control.Commands:
        opened.append(level.create_node(unlocked(config.load(data))))
        return level.commands(opened[0])

    try:
        return control.ask(data, open_commands, verb, tell=tell, **arguments)
    finally:
        for node in opened:
            node.close()


def _ask(level: Level, arguments: argparse.Namespace, verb: str) -> int:
    done = ask(level, arguments.data, verb)
    print(json.dumps(done, ensure_ascii=False))
    return 0 if done.get("ok", True) else 1


def _status(level: Level, arguments: argparse.Namespace) -> None:
    status = ask(level, arguments.data, "status")
    if arguments.json:
        print(json.dumps(status, ensure_ascii=False))
        return
    for name, value in status.items():
        print(f"{name}: {json.dumps(value, ensure_ascii=False)}")


def _carry(level: Level, arguments: argparse.Namespace) -> int:
    """0: what was written stands, or all that was brought for us is sound; 1: something of it was not."""
    folder, seen = str(arguments.folder.resolve()), sys.stderr.isatty()
    tell = _say_how_far if seen else untold
    try:
        done = ask(level, arguments.data, "courier", tell=tell, errand=arguments.errand, folder=folder, to=arguments.to)
    finally:
        if seen:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
    print(json.dumps(done, ensure_ascii=False))
    for each in done.get("bundles", ()):
        print(f"{each['name']}: {each['zh']} / {each['en']}", file=sys.stderr)
    for words in done.get("advice", ()):
        print(words, file=sys.stderr)
    return 0 if all(each["ok"] or each["ours"] for each in done.get("bundles", ())) else 1


def _say_how_far(done: int, of: int) -> None:
    """In one line of the terminal, which the next takes the place of."""
    words = f"已写 {done} 部分 / {done} parts written"  # nobody knows of how many
    if of:
        words = f"已完成 {done} 部分，共 {of} 部分 / {done} of {of} parts done"
    print(f"\r\033[K{words}", end="", file=sys.stderr, flush=True)


def _evidence(level: Level, arguments: argparse.Namespace) -> None:
    done = ask(level, arguments.data, "evidence", case_no=arguments.case, folder=str(arguments.to.resolve()))
    package, verifier = done["files"]
    print(package)
    print(f"verify it anywhere: python -I {verifier} {package} --network {done['network_id']}", file=sys.stderr)


_HEAD_AGREES = "与上级保存的一致 / agrees with what the place above holds"
_HEAD_DIFFERS = (
    "与上级保存的不一致：本机的审计记录在那以后被整体改过，或换成了旧的数据库，请立即报告上级"
    " / differs from what the place above holds: the trail was changed as a whole since, or an older database was put"
    " in its place. Tell the level above at once"
)


def _audit(level: Level, arguments: argparse.Namespace) -> int:
    """0: every line of the audit trail stands as it was written; 1: one does not, and it is named."""
    found = ask(level, arguments.data, "audit", head=arguments.head)
    if found["agrees"] is not None:
        print(_HEAD_AGREES if found["agrees"] else _HEAD_DIFFERS)
    if found["broken"]:
        print(
            f"审计记录第 {found['broken']} 行被改动或缺失，前 {found['lines']} 行完整；"
            f"共 {found['breaks']} 处，最后一处在第 {found['newest']} 行"
            f" / line {found['broken']} of the audit trail was changed or is missing; {found['lines']} before are "
            f"whole; {found['breaks']} breaks, the last at line {found['newest']}"
        )
        return 1
    if found["signed"]:
        signed = found["signed"]
        print(f"与本机上报过的第 {signed} 行一致 / agrees with what was reported upward, to line {signed}")
    print(
        f"审计记录完整，共 {found['lines']} 行 / the audit trail is whole, {found['lines']} lines; "
        f"末行摘要 / hash of the last: {found['hash']}"
    )
    return 1 if found["agrees"] is False else 0


def _update(level: Level, arguments: argparse.Namespace) -> None:
    folder = str(arguments.folder.resolve())
    done = ask(level, arguments.data, "release", folder=folder, check=arguments.check)
    print(json.dumps(done, ensure_ascii=False))
    if done["taken"]:
        releases.install(arguments.data, done["version"])
        print("已安装，请重新启动节点 / installed: start the node again", file=sys.stderr)


def _invite(level: Level, arguments: argparse.Namespace) -> None:
    done = ask(
        level, arguments.data, "invite", staff_no=arguments.staff_no, name=arguments.staff_name, roles=arguments.role
    )
    print(f"{arguments.staff_name} ({arguments.staff_no}): one-time sign-in code {done['code']}")


def _unlock(level: Level, arguments: argparse.Namespace) -> None:
    done = ask(level, arguments.data, "unlock", staff_no=arguments.staff_no)
    print(f"已解除等待，可以再试 / may try again now: {done['staff_no']}")


def _factor(level: Level, arguments: argparse.Namespace) -> None:
    done = ask(level, arguments.data, "factor", step=arguments.step, staff_no=arguments.staff_no)
    if arguments.step == "reset":
        print(f"已重置二次验证，登录已退出 / second factor reset, signed out: {arguments.staff_no}")
    else:
        print("\n".join(done["holders"]))


def shown(number: str, asks: Callable[[str], str]) -> tuple[str, str, str]:
    """Somebody's number with what shows who they are, asked for at the keyboard: password, and code if there is one."""
    password = asks(f"{number} 的密码 / password: ")
    return number, password, asks(f"{number} 的验证码，没有启用的直接回车 / code, empty without one: ")
