"""The commands that make a node: `init` with its options; `setup`, by pages or of a file."""

import argparse
import json
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from sync_protocol.places import valid_code
from sync_protocol.roster import confirmation_code
from village_node import app, config, control, files, identity, keyring
from village_node.cli.complaints import COMPLAINTS
from village_node.cli.keys import passphrases, say_how_keys_lie, unlocked
from village_node.setup import BadPlan, Kind, Progress, Wizard, make, progress_of, regions, serving, unattended

UNCHANGED = "已经建好，没有改动 / made already, nothing was changed"
# The options of `init` that are settings of the same name.
_TYPED = (
    "place",
    "name",
    "level",
    "host",
    "port",
    "wait_port",
    "public_url",
    "database_url",
    "reserve_mb",
    "sealing_suite",
    "parent_url",
    "parent_wait_url",
)


def _settings(arguments: argparse.Namespace) -> config.Config:
    """The settings that `init` was given. Raises BadSettings naming the option that is missing or wrong."""
    for option in ("place", "name"):
        if not getattr(arguments, option):
            raise config.BadSettings(f"--{option} is missing: a new node needs --place and --name")
    if not valid_code(arguments.place):
        raise config.BadSettings(f"--place {arguments.place!r} is no place code: write the 12-digit division code")
    values = {name: getattr(arguments, name) for name in _TYPED if hasattr(arguments, name)}
    chosen = config.checked(arguments.data, values | {"ancestor_urls": list(getattr(arguments, "ancestor_url", ()))})
    if arguments.protect == "none" and not keyring.is_protected(arguments.data):
        return chosen
    return replace(chosen, passphrase=passphrases(arguments, "passphrase", new=True)[0])


def init(level: Kind, arguments: argparse.Namespace) -> None:
    """Make a node of options, or complete it with the answer of the place above."""
    if getattr(arguments, "answer", None):
        chosen = config.load(arguments.data)
        with control.exclusive(chosen.data):
            keys = app.keyring_of(unlocked(chosen, arguments))
            app.join(chosen.data, chosen.database, arguments.answer.read_bytes(), keys)
        print(f"{arguments.data}: enrolled. Next: `{level.program} invite` the first member of staff, then `serve`")
        return
    chosen = _settings(arguments)
    if level.root:
        listed = regions.read(arguments.regions) if arguments.regions else []
        townships = regions.children(listed, chosen.place, "township")
        make(level, chosen, townships)
        print(
            f"{chosen.data}: {chosen.name} is founded with {len(townships)} townships. "
            f"Take county-root.key away and keep it off line; enrol townships with `{level.program} enrol`."
        )
    else:
        if not chosen.parent_url:
            raise config.BadSettings("--parent-url is missing: write the address of the node above")
        make(level, chosen)
        request = arguments.data / app.REQUEST_FILE
        code = confirmation_code(request.read_bytes())
        print(
            f"{request}: take this file to the node above (`enrol`), then complete with `{level.program} init --answer`"
        )
        print(f"with a line: `{level.program} serve`, and read this code out to the node above by telephone: {code}")
    say_how_keys_lie(chosen)


def by_pages(
    level: Kind, arguments: argparse.Namespace, stop: threading.Event, run_node: Callable[[config.Config], None]
) -> int:
    """Serve the pages of a set-up, then the node that they have made. 0: the node is there; 1: nobody has finished."""
    data, before = arguments.data, progress_of(arguments.data, root=level.root)
    if before is Progress.IN:
        print(f"{data}: {UNCHANGED}\n{level.program} serve --data {data}")
        return 0
    hosts = serving.hosts_of(serving.address_in_network(arguments.lan) if arguments.lan else "")
    listed = regions.read(arguments.regions) if arguments.regions else []
    files.make_folder(data)
    with control.exclusive(data):
        wizard = Wizard(
            level, data, listed, identity.random_bytes, lambda: app.steady_clock() / 1000, _say_code, arguments.port
        )
        if before is Progress.WAITS:
            wizard.go_on(unlocked(config.load(data), arguments))
        chosen = serving.serve(wizard, hosts, arguments.port, stop, lambda: _say_where(hosts, arguments.port))
        if chosen is None:
            print("设置没有做完，再运行一次 setup 接着做 / not finished: give `setup` again", file=sys.stderr)
            return 1
        config.refuse_open_pages(chosen)
        run_node(chosen)
    return 0


def _say_code(code: str) -> None:
    """Say the one-time code where only whoever started the program sees it. After each use there is another one."""
    print(f"一次性设置码（用过即换新） / one-time code (each is good once): {code}", flush=True)


def _say_where(hosts: Sequence[str], port: int) -> None:
    for url in serving.urls_of(hosts, port):
        print(url, flush=True)
    if list(hosts) != [serving.LOOPBACK]:
        words = "警告：页面开放给了局域网，没有加密 / warning: these pages are open to the local network, unencrypted"
        print(words, file=sys.stderr, flush=True)


def of_file(level: Kind, arguments: argparse.Namespace) -> int:
    """Make the node that a file describes. 0: it is there, by now or before; 1: something is to be mended first."""
    try:
        done = unattended.set_up(level, arguments.data, arguments.file)
    except COMPLAINTS as problem:
        if not arguments.json:
            raise
        faults = problem.faults if isinstance(problem, BadPlan) else {}
        refused = {"state": "refused", "changed": False, "faults": faults, "problem": str(problem)}
        print(json.dumps(refused, ensure_ascii=False))
        return 1
    if arguments.json:
        print(json.dumps(done._asdict(), ensure_ascii=False))
        return 0
    print(f"{arguments.data}: {'建好了 / made' if done.changed else UNCHANGED}")
    if done.code:
        print(f"入网要上级同意，确认码 / to be let in by the place above; confirmation code: {done.code}")
        print(f"没有网络的，把这个文件带到上级 / without a line take this file there: {done.request}")
    if done.root_key:
        print(
            f"{done.root_key} 是全网的根：请拷到两个 U 盘，分两处锁好，再从本机删掉 / what the whole network hangs on: "
            f"take it away and keep it off line; enrol townships with `{level.program} enrol`."
        )
    if done.changed:
        say_how_keys_lie(config.load(arguments.data))
    print(f"{level.program} serve --data {arguments.data}")
    return 0
