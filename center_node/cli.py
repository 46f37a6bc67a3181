"""The command line of the county's node: a township's commands, its own `init` that founds a network, and `demo`."""

import argparse
import json
from collections.abc import Sequence
from getpass import getpass
from pathlib import Path
from typing import Any

from center_node import app, demo, erasures, rulings
from township_node.cli import parser, with_enrolment
from village_node import cli, control
from village_node.app import Node
from village_node.casebook import CasebookError, NotAllowed


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
            return rulings.rule(node.casebook, node.config.data, arguments)
        except CasebookError as reason:
            raise control.CommandRefused(f"{reason.zh} ({reason.en})") from None

    def erase(arguments: dict[str, Any]) -> dict[str, Any]:
        try:
            return erasures.order(node, arguments)
        except CasebookError as reason:
            raise control.CommandRefused(f"{reason.zh} ({reason.en})") from None

    return with_enrolment(node, lambda node: [app.publisher_key(node.config.data)]) | {
        "checkpoint": checkpoint,
        "roster-forks": lambda _arguments: {"forks": rulings.forks(node.casebook)},
        "rule-roster": rule_roster,
        "erase": erase,
        "calendar": lambda _arguments: {
            "published": node.casebook.publish_known_years(),
            "version": node.casebook.calendar().version,
        },
    }


COUNTY = cli.Level("center-node", "county", app.create_node, commands, 8702, init=lambda arguments: _init(arguments))


def main(argv: Sequence[str] | None = None) -> int:
    """Run a county node's command; the exit code is 0 when it was done."""
    top = parser(COUNTY)
    verbs = cli.verbs_of(top)
    verbs.choices["init"].add_argument(
        "--regions", type=Path, help="CSV with the columns code, name, level, parent: its townships"
    )
    checkpoint = cli.add_verb(top, "checkpoint", "say now, under one root, what this node holds (done daily by itself)")
    calendar = cli.add_verb(top, "calendar", "publish the working days this program knows (done by itself in time)")
    calendar.set_defaults(act=lambda arguments: print(json.dumps(cli.ask(COUNTY, arguments.data, "calendar"))))
    checkpoint.set_defaults(act=lambda arguments: print(json.dumps(cli.ask(COUNTY, arguments.data, "checkpoint"))))
    _add_rulings(top)
    _add_erasures(top)
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
    rule.add_argument("--root-key", required=True, action="append", type=Path, metavar="FILE", help="may be repeated")
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
    erase = cli.add_verb(top, "erase", "order what a closed case says to be erased at every node; it cannot be undone")
    erase.add_argument("case", metavar="CASE", help="the case's number, as it is printed on the receipt")
    erase.add_argument("--basis", required=True, help="on what basis: law and article, or number of the decision")
    erase.add_argument("--by", required=True, metavar="STAFF_NO", help="who asks for it: a head or a leader")
    erase.add_argument("--approver", required=True, metavar="STAFF_NO", help="the other one, who approves it")
    erase.set_defaults(act=_erase)


def _erase(arguments: argparse.Namespace) -> None:
    people = {
        name: (number, getpass(f"{number} 的密码 / password: "))
        for name, number in (("by", arguments.by), ("approver", arguments.approver))
    }
    print(_json(cli.ask(COUNTY, arguments.data, "erase", case_no=arguments.case, basis=arguments.basis, **people)))


def _rule_roster(arguments: argparse.Namespace) -> None:
    done = cli.ask(
        COUNTY,
        arguments.data,
        "rule-roster",
        part=arguments.part,
        stands=arguments.stands,
        root_keys=[str(file.resolve()) for file in arguments.root_key],
        keep=arguments.keep,
        new_publisher=arguments.new_publisher,
        roster_agreed=arguments.roster_agreed,
        actor=arguments.actor,
    )
    print(_json(done))


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)


def _init(arguments: argparse.Namespace) -> None:
    chosen = cli.settings(arguments)
    townships = app.townships_of(arguments.regions, chosen.place) if arguments.regions else []
    app.found(chosen, cli.prepare(chosen), townships)
    print(
        f"{chosen.data}: {chosen.name} is founded with {len(townships)} townships. "
        f"Take {app.ROOT_KEY_FILE} away and keep it off line; enrol townships with `center-node enrol`."
    )


if __name__ == "__main__":
    raise SystemExit(main())
