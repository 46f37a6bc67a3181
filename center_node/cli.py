"""The command line of the county's node: a township's commands, the root's ceremony, and `demo`."""

import argparse
import base64
import json
from collections.abc import Sequence
from getpass import getpass
from pathlib import Path
from typing import Any

from center_node import app, catalogues, ceremony, demo, erasures, rulings
from sync_protocol import release
from township_node.cli import parser, with_enrolment
from village_node import cli, config, control, files, identity, releases
from village_node.app import Node, keyring_of, wall_clock
from village_node.casebook import CasebookError, NotAllowed
from village_node.cli.keys import add_passphrase, passphrases
from village_node.identity import NoIdentity
from village_node.keyring import NoPassphrase


def commands(node: Node) -> control.Commands:
    """A township's commands, `checkpoint`, `calendar` and what ends a fork of the roster; the county signs with its
    publishing key, and rules with the root's."""

    def checkpoint(_arguments: dict[str, Any]) -> dict[str, Any]:
        try:
            made = node.casebook.write_checkpoint()
        except NotAllowed as reason:
            raise control.CommandRefused(f"{reason.zh} ({reason.en})") from None
        return {"seq": made.seq, "streams": made.count, "root": made.root.hex(), "time_ms": made.time}

    def rule_roster(arguments: dict[str, Any]) -> dict[str, Any]:
        try:
            return rulings.rule(node.casebook, node.config.data, arguments, keyring_of(node.config))
        except CasebookError as reason:
            raise control.CommandRefused(f"{reason.zh} ({reason.en})") from None
        except (NoIdentity, NoPassphrase) as reason:
            raise control.CommandRefused(str(reason)) from None

    def erase(arguments: dict[str, Any]) -> dict[str, Any]:
        try:
            return erasures.order(node, arguments)
        except CasebookError as reason:
            raise control.CommandRefused(f"{reason.zh} ({reason.en})") from None

    def personal(arguments: dict[str, Any]) -> dict[str, Any]:
        try:
            return erasures.held_of(node, arguments)
        except CasebookError as reason:
            raise control.CommandRefused(f"{reason.zh} ({reason.en})") from None

    return with_enrolment(node, lambda node: [app.publisher_key(node)]) | {
        "checkpoint": checkpoint,
        "roster-forks": lambda _arguments: {"forks": rulings.forks(node.casebook)},
        "rule-roster": rule_roster,
        "erase": erase,
        "personal": personal,
        "catalogue-export": lambda _arguments: catalogues.export(node),
        "catalogue-import": lambda arguments: _take_catalogue(node, arguments),
        "ceremony": lambda arguments: _ceremony_here(node, arguments),
        "release-draft": lambda arguments: _draft_here(node, arguments),
        "calendar": lambda _arguments: {
            "published": node.casebook.publish_known_years(),
            "version": node.casebook.calendar().version,
        },
    }


COUNTY = cli.Level("center-node", "county", 8702, app.create_node, commands, found=app.found)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a county node's command; the exit code is 0 when it was done."""
    top = parser(COUNTY)
    verbs = cli.verbs_of(top)
    checkpoint = cli.add_verb(top, "checkpoint", "say now, under one root, what this node holds (done daily by itself)")
    calendar = cli.add_verb(top, "calendar", "publish the working days this program knows (done by itself in time)")
    calendar.set_defaults(act=lambda arguments: print(json.dumps(cli.ask(COUNTY, arguments.data, "calendar"))))
    checkpoint.set_defaults(act=lambda arguments: print(json.dumps(cli.ask(COUNTY, arguments.data, "checkpoint"))))
    _add_rulings(top)
    _add_erasures(top)
    _add_catalogues(top)
    _add_ceremony(top)
    _add_releases(top)
    shown = verbs.add_parser(
        "demo", help="a county, a township and two villages here, and one case walked through them"
    )
    shown.add_argument(
        "--once", action="store_true", help="walk one case, print its proof as one JSON object, and stop"
    )
    shown.add_argument(
        "--hold", type=float, default=0.0, metavar="SECONDS", help="with --once: keep the village up so long"
    )
    shown.add_argument(
        "--data", type=Path, help="where to keep the nodes (default: a new directory, removed at the end)"
    )
    shown.set_defaults(act=lambda arguments: demo.run(arguments.data, once=arguments.once, hold_s=arguments.hold))
    return cli.run(top, argv)


def _add_rulings(top: argparse.ArgumentParser) -> None:
    listed = cli.add_verb(top, "roster-forks", "two changes of the roster under one number: what each says")
    listed.set_defaults(act=lambda arguments: print(_json(cli.ask(COUNTY, arguments.data, "roster-forks"))))
    rule = cli.add_verb(top, "rule-roster", "say with the root's keys which of two chains of the roster stands")
    rule.add_argument("--part", required=True, help="whose part of the roster: a place code")
    rule.add_argument("--stands", required=True, metavar="HASH", help="fingerprint of the last change that stands")
    rule.add_argument(
        "--root-key", required=True, action="append", type=Path, metavar="FILE", help="or the folder of a ceremony"
    )
    add_passphrase(rule)
    rule.add_argument(
        "--keep", action="append", default=[], metavar="NODE", help="a machine of the other chain that stays"
    )
    rule.add_argument(
        "--new-publisher", action="store_true", help="the publishing key may be in other hands: make another"
    )
    rule.add_argument(
        "--roster-agreed", action="store_true", help="this node was restored, and nobody below holds more"
    )
    rule.add_argument("--actor", default="operator", help="work number of who has decided")
    rule.set_defaults(act=_rule_roster)


def _add_erasures(top: argparse.ArgumentParser) -> None:
    erase = cli.add_verb(
        top, "erase", "order a closed case, or what stands beside the cases, to be erased at every node"
    )
    erase.add_argument(
        "number", metavar="NUMBER", help="as printed on the receipt or slip, or a key that `personal` says"
    )
    erase.add_argument("--basis", required=True, help="on what basis: law and article, or number of the decision")
    erase.add_argument("--by", required=True, metavar="STAFF_NO", help="who asks for it: a head or a leader")
    erase.add_argument("--approver", required=True, metavar="STAFF_NO", help="the other one, who approves it")
    erase.set_defaults(act=_erase)
    personal = cli.add_verb(top, "personal", "what is held of a person beside the cases, to be erased")
    personal.add_argument("--by", required=True, metavar="STAFF_NO", help="who looks: a head or a leader")
    personal.set_defaults(act=_personal)


def _add_catalogues(top: argparse.ArgumentParser) -> None:
    text = "write all items of this county into a file, or look at another county's file and publish it"
    steps = cli.add_verb(top, "catalogue", text)
    steps.add_argument("step", choices=("export", "import"))
    steps.add_argument("file", type=Path, help="the file")
    steps.add_argument("--publish", action="store_true", help="import: publish it; without it nothing is changed")
    steps.add_argument("--by", metavar="STAFF_NO", help="import --publish: who publishes, with a password")
    steps.add_argument("--begins", default="", metavar="DAY", help="import: in force from (default: today)")
    steps.add_argument("--reason", default="", help="import: why they are published")
    steps.add_argument(
        "--take",
        action="append",
        default=[],
        metavar="ITEM:VERSION",
        help="import: publish it though ours, of that version, is newer or has ended",
    )
    steps.set_defaults(act=_catalogue)


def _catalogue(arguments: argparse.Namespace) -> None:
    if arguments.step == "export":
        made = cli.ask(COUNTY, arguments.data, "catalogue-export")
        files.write(arguments.file, made["file"].encode(), 0o644)
        print(_json({"versions": made["versions"]}))
        return
    if arguments.publish and not arguments.by:
        raise config.BadSettings("--by is missing: `catalogue import --publish` needs it")
    if arguments.file.stat().st_size > catalogues.FILE_MOST:
        raise config.BadSettings(f"{arguments.file}: more than {catalogues.FILE_MOST >> 20} MB")
    said: dict[str, Any] = {name: getattr(arguments, name) for name in ("publish", "begins", "reason", "take")}
    by = cli.shown(arguments.by, getpass) if arguments.publish else ()
    raw = base64.b64encode(arguments.file.read_bytes()).decode()  # what it is read as, the node says
    print(_json(cli.ask(COUNTY, arguments.data, "catalogue-import", file=raw, by=by, **said)))


def _take_catalogue(node: Node, arguments: dict[str, Any]) -> dict[str, Any]:
    try:
        return catalogues.take(node, arguments)
    except CasebookError as reason:
        raise control.CommandRefused(f"{reason.zh} ({reason.en})") from None


def _erase(arguments: argparse.Namespace) -> None:
    by, approver = (cli.shown(number, getpass) for number in (arguments.by, arguments.approver))
    asked: dict[str, Any] = {"number": arguments.number, "basis": arguments.basis, "by": by, "approver": approver}
    print(_json(cli.ask(COUNTY, arguments.data, "erase", **asked)))


def _personal(arguments: argparse.Namespace) -> None:
    by = cli.shown(arguments.by, getpass)
    text = input("姓名、电话、证件或单据编号 / name, telephone, identity or receipt number: ")  # no shell keeps it
    print(_json(cli.ask(COUNTY, arguments.data, "personal", by=by, text=text)))


def _add_ceremony(top: argparse.ArgumentParser) -> None:
    text = "make keys of the root off line, and sign with enough of them: 2 of 3 is usual"
    steps = cli.verbs_of(top).add_parser("ceremony", help=text, description=text)
    steps.add_argument("step", choices=("key", "draft", "show", "sign", "publish"))
    steps.add_argument("--data", type=Path, help="draft, publish: the county node's data directory")
    steps.add_argument(
        "--folder", type=Path, help="key: a new folder on a medium of its own; sign: that folder, or a single key file"
    )
    steps.add_argument("--file", type=Path, action="append", default=[], help="what is to be signed, carried by hand")
    steps.add_argument("--root", type=Path, action="append", default=[], metavar="PUB", help="draft: a key's root.pub")
    steps.add_argument("--threshold", type=int, default=2, help="draft: how many of these must sign together")
    steps.add_argument("--new-publisher", action="store_true", help="draft: another publishing key")
    steps.add_argument("--actor", default="operator", help="publish: work number of who publishes")
    add_passphrase(steps)
    steps.set_defaults(act=_ceremony)


def _add_releases(top: argparse.ArgumentParser) -> None:
    text = "say which packages the nodes of this network may install, signed with enough keys of the root"
    steps = cli.verbs_of(top).add_parser("release", help=text, description=text)
    steps.add_argument("step", choices=("draft", "show", "sign"))
    steps.add_argument("packages", type=Path, help="the folder of the packages; release.cbor lies beside them")
    steps.add_argument("--data", type=Path, help="draft: the county node's data directory")
    steps.add_argument("--number", type=int, help="draft: higher than every release before (default: the next one)")
    steps.add_argument("--folder", type=Path, help="sign: the folder of a key of the root, or a single key file")
    add_passphrase(steps)
    steps.set_defaults(act=_release)


def _release(arguments: argparse.Namespace) -> None:
    step, path = arguments.step, arguments.packages / releases.FILE
    for needed, option in (("draft", "data"), ("sign", "folder")):
        if step == needed and not getattr(arguments, option):
            raise config.BadSettings(f"--{option} is missing: `release {step}` needs it")
    if step == "draft":
        said = {"packages": str(arguments.packages.resolve()), "number": arguments.number}
        raw = base64.b64decode(cli.ask(COUNTY, arguments.data, "release-draft", **said)["draft"])
        files.write(path, raw, 0o644)
    elif step == "sign":
        wrapped = rulings.is_wrapped(arguments.folder)
        word = passphrases(arguments, "passphrase of this key")[0] if wrapped else ""
        signed = release.sign(releases.read(path), rulings.root_key(arguments.folder, word))
        files.write(path, release.to_bytes(signed), 0o644)
    print(_json(releases.told(releases.read(path))))


def _draft_here(node: Node, arguments: dict[str, Any]) -> dict[str, Any]:
    """A release of these packages, numbered after the one that is held here."""
    last = releases.held(node.config.data)
    number = arguments["number"] or (release.read(last).number + 1 if last else 1)
    made = releases.draft(Path(arguments["packages"]), node.casebook.network_id, number, wall_clock())
    return {"draft": base64.b64encode(release.to_bytes(made)).decode("ascii")}


def _ceremony(arguments: argparse.Namespace) -> None:
    step, folder, carried = arguments.step, arguments.folder, arguments.file
    for needed, option in (("key sign", "folder"), ("draft publish", "data"), ("draft show sign publish", "file")):
        if step in needed.split() and not getattr(arguments, option):
            raise config.BadSettings(f"--{option} is missing: `ceremony {step}` needs it")
    if step == "key":
        word = passphrases(arguments, "passphrase of this key alone", new=True)[0]
        public = ceremony.new_root_key(folder, word, identity.random_bytes)
        print(f"{ceremony.PUBLIC_FILE}: {public.hex()}")
        print(
            "这是根密钥之一：请由专人保管这个文件夹和口令，离线存放；只把 root.pub 交给县里"
            " / one key of the root: its holder keeps folder and passphrase off line; the county gets root.pub alone"
        )
        return
    if step == "draft":
        publics = [ceremony.public_in(path).hex() for path in arguments.root]
        said = {"publics": publics, "threshold": arguments.threshold, "new_publisher": arguments.new_publisher}
        done = cli.ask(COUNTY, arguments.data, "ceremony", **said)
        files.write(carried[0], base64.b64decode(done["draft"]), 0o644)
    drafted = ceremony.gathered([ceremony.from_bytes(path.read_bytes()) for path in carried])
    print(_json(ceremony.told(drafted)))
    if step == "sign":
        word = passphrases(arguments, "passphrase of this key")[0] if rulings.is_wrapped(folder) else ""
        files.write(carried[0], ceremony.to_bytes(ceremony.signed(drafted, rulings.root_key(folder, word))), 0o644)
    elif step == "publish":
        raw = base64.b64encode(ceremony.to_bytes(drafted)).decode("ascii")
        print(_json(cli.ask(COUNTY, arguments.data, "ceremony", draft=raw, actor=arguments.actor)))


def _ceremony_here(node: Node, arguments: dict[str, Any]) -> dict[str, Any]:
    """The two steps of a ceremony at the county's node: a draft is made, or one that was signed is published."""
    data, keyring, roster = node.config.data, keyring_of(node.config), node.casebook.roster
    try:
        if "draft" in arguments:
            drafted = ceremony.from_bytes(base64.b64decode(arguments["draft"]))
            ceremony.publish(node.casebook, data, drafted, keyring, arguments["actor"])
            threshold, keys = node.casebook.roster.root
            return {"n": drafted.payload.n, "threshold": threshold, "keys": keys}
        publisher = rulings.next_publisher(roster, data, keyring) if arguments["new_publisher"] else None
        publics = [bytes.fromhex(public) for public in arguments["publics"]]
        drafted = ceremony.draft(roster, arguments["threshold"], publics, publisher, wall_clock())
        return {"draft": base64.b64encode(ceremony.to_bytes(drafted)).decode("ascii")}
    except CasebookError as reason:
        raise control.CommandRefused(f"{reason.zh} ({reason.en})") from None
    except (NoIdentity, config.BadSettings) as reason:
        raise control.CommandRefused(str(reason)) from None


def _rule_roster(arguments: argparse.Namespace) -> None:
    wrapped = [str(held) for held in arguments.root_key if rulings.is_wrapped(held)]
    words = iter(passphrases(arguments, *wrapped) if wrapped else [])
    done = cli.ask(
        COUNTY,
        arguments.data,
        "rule-roster",
        part=arguments.part,
        stands=arguments.stands,
        root_keys=[str(held.resolve()) for held in arguments.root_key],
        root_words=[next(words) if rulings.is_wrapped(held) else "" for held in arguments.root_key],
        keep=arguments.keep,
        new_publisher=arguments.new_publisher,
        roster_agreed=arguments.roster_agreed,
        actor=arguments.actor,
    )
    print(_json(done))


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    raise SystemExit(main())
