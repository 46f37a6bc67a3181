"""The command line of a township node: a village's commands; `enrol`, `revoke`, `merge`, `account` for those below."""

import argparse
import base64
import json
from collections.abc import Callable, Sequence
from getpass import getpass
from pathlib import Path
from typing import Any

from sync_protocol.roster import REVOKE, read_payload
from sync_protocol.suites import SigningKey
from township_node import app, enrolment, succession, vouching
from township_node.web import children
from township_node.web import revocations as revoking
from village_node import cli, control, files
from village_node.accounts import Person
from village_node.accounts.people import clean
from village_node.app import Node, wall_clock
from village_node.casebook import Casebook, CasebookError, NotAllowed
from village_node.web.policy import Policy

Keys = Callable[[Node], Sequence[SigningKey]]


def commands(node: Node) -> control.Commands:
    """A village's commands, and `enrol`: a township signs its own part of the roster with its own key."""
    return with_enrolment(node, lambda node: [node.casebook.speaker.key])


def with_enrolment(node: Node, keys: Keys) -> control.Commands:
    """The commands of a node that may take others under it, signing with `keys`."""

    def enrol(arguments: dict[str, Any]) -> dict[str, Any]:
        request = base64.b64decode(arguments["request"])
        answer = enrolment.enrol(
            node.casebook,
            request,
            keys(node),
            wall_clock(),
            digits_agreed=bool(arguments["digits_agreed"]),
            roster_agreed=bool(arguments["roster_agreed"]),
        )
        return {"answer": base64.b64encode(answer).decode("ascii")}

    def revoke(arguments: dict[str, Any]) -> dict[str, Any]:
        try:
            actor = (
                "" if arguments["step"] == "list" else _decider(node, revoking.DECIDES, *arguments["actor"]).staff_no
            )
            return revocations(node.casebook, arguments | {"actor": actor})
        except CasebookError as reason:
            raise control.CommandRefused(f"{reason.zh} ({reason.en})") from None

    def merge(arguments: dict[str, Any]) -> dict[str, Any]:
        try:
            first, second = (_decider(node, children.DECIDES, *shown) for shown in arguments["persons"])
            done = succession.merge(node.casebook, (first, second), arguments["place"], arguments["into"])
        except CasebookError as reason:
            raise control.CommandRefused(f"{reason.zh} ({reason.en})") from None
        return done._asdict()

    def account(arguments: dict[str, Any]) -> dict[str, Any]:
        try:
            if arguments["step"] != "list":
                actor = _decider(node, children.DECIDES, *arguments["actor"]).staff_no
                said = (arguments["account"], arguments["step"], clean(arguments["reason"]))
                node.casebook.order_account(actor, arguments["place"], *said)
            return accounts(node.casebook, arguments["place"])
        except CasebookError as reason:
            raise control.CommandRefused(f"{reason.zh} ({reason.en})") from None

    return control.commands(node) | {"enrol": enrol, "revoke": revoke, "merge": merge, "account": account}


def _decider(node: Node, policy: Policy, staff_no: str, password: str, code: str = "") -> Person:
    person = vouching.vouched(node, staff_no, password, code)
    if not policy.allows(person.roles):
        raise NotAllowed(
            f"{staff_no} 的岗位不能吊销机器、合并村、停用下级账号，须由部门负责人或系统管理员（吊销机器也可由业务科）",
            f"{staff_no} may revoke no machine, merge no villages and shut no account below: a department head or an "
            "administrator must, or for a machine the business section",
        )
    return person


def revocations(casebook: Casebook, arguments: dict[str, Any]) -> dict[str, Any]:
    """One step of a revocation, which takes two persons. Raises CasebookError, ProtocolError."""
    step, actor = arguments["step"], arguments["actor"]
    if step == "ask":
        machine, reason = arguments["machine"], arguments["reason"]
        again, alone = bool(arguments["again"]), bool(arguments["alone"])
        number = casebook.ask_revocation(actor, machine, reason, again=again, alone=alone)
        together = next(each for each in casebook.revocations_waiting() if number in {one.id for one in each})
        return {"number": number, "machines": [one.incarnation.hex() for one in together]}
    if step == "confirm":
        said = read_payload(casebook.confirm_revocation(actor, arguments["number"]))
        machines = [
            {"machine": op[1].hex(), "stands": [[scope, seq] for scope, seq, _ in op[2]], "upto": op[3]}
            for op in said.ops
            if op[0] == REVOKE
        ]
        return {"part": said.part, "n": said.n, "machines": machines}
    if step == "reject":
        casebook.reject_revocation(actor, arguments["number"], arguments["reason"])
        return {"number": arguments["number"]}
    return {
        "machines": [
            {
                "machine": each.node.incarnation.hex(),
                "place": each.node.place,
                "events": each.events,
                "revoked": each.node.revoked is not None,
                "behind": each.behind,
                "besides": each.besides,
                "asked": each.asked.id if each.asked else None,
            }
            for each in casebook.machines()
        ]
    }


def accounts(casebook: Casebook, place: str) -> dict[str, Any]:
    """What is known of the accounts of a place below, and what it has said last of its audit trail. Raises
    CasebookError."""
    casebook.refuse_not_below(place, casebook.roster.places)
    head = casebook.audit_head_of(place)
    return {
        "audit_head": f"{head.lines}:{head.hash.hex()}" if head is not None else None,
        "accounts": [
            {
                "account": each.account,
                "state": each.state or None,
                "since_ms": each.since_ms,
                "ordered_by": [f"{order.place} {order.actor}" for order in each.orders],
            }
            for each in casebook.accounts_of(place)
        ],
    }


TOWNSHIP = cli.Level("township-node", "township", 8701, app.create_node, commands)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a township node's command; the exit code is 0 when it was done."""
    return cli.run(parser(TOWNSHIP), argv)


def parser(level: cli.Level) -> argparse.ArgumentParser:
    """A village's commands, `enrol`, `revoke`, `merge` and `account`."""
    top = cli.parser(level)
    enrol = cli.add_verb(top, "enrol", "take a new node into the roster: read its request, write the answer for it")
    enrol.add_argument("request", type=Path, help="the new node's enrol-request.cbor")
    enrol.add_argument("answer", type=Path, help="file to write the answer to")
    enrol.add_argument(
        "--digits-agreed", action="store_true", help="the place code is right although it does not begin like ours"
    )
    enrol.add_argument(
        "--roster-agreed",
        action="store_true",
        help="this node was restored, and no node below holds a roster change that it has forgotten",
    )
    enrol.set_defaults(act=lambda arguments: _enrol(level, arguments))
    revoke = cli.add_verb(top, "revoke", "shut out a machine that was stolen or lost; it takes two persons")
    revoke.add_argument("step", choices=("list", "ask", "confirm", "reject"))
    revoke.add_argument(
        "--machine", default="", help="ask: its number as `revoke list` shows it, or the first 8 digits"
    )
    revoke.add_argument("--reason", default="", help="ask: why, for those who read it years from now")
    revoke.add_argument(
        "--again", action="store_true", help="ask: it is revoked already, and what came of it since is to stand as well"
    )
    revoke.add_argument(
        "--alone", action="store_true", help="ask: this number alone; another computer is in use at that place"
    )
    revoke.add_argument("--number", type=int, default=0, help="confirm, reject: of what another person has asked for")
    revoke.add_argument("--actor", default="", help="work number of who asks or answers; two persons, two numbers")
    revoke.set_defaults(act=lambda arguments: _revoke(level, arguments))
    merge = cli.add_verb(top, "merge", "merge a village below into another one, for good; nothing is renamed or lost")
    merge.add_argument("place", help="the place code of the village that is merged")
    merge.add_argument("--into", required=True, help="the place code of the one that goes on")
    merge.add_argument("--actor", required=True, nargs=2, metavar="NUMBER", help="work numbers of the two who decide")
    merge.set_defaults(act=lambda arguments: _merge(level, arguments))
    account = cli.add_verb(top, "account", "order that an account below be disabled, or lift that; list them")
    account.add_argument("step", choices=("list", "disable", "lift"))
    account.add_argument("--place", required=True, help="the place code of the node whose account it is")
    account.add_argument("--account", default="", help="disable, lift: the work number there")
    account.add_argument("--reason", default="", help="disable, lift: why, for those who read it there")
    account.add_argument("--actor", default="", help="disable, lift: work number of who orders it here")
    account.set_defaults(act=lambda arguments: _account(level, arguments))
    return top


def _revoke(level: cli.Level, arguments: argparse.Namespace) -> None:
    if arguments.step != "list" and not arguments.actor:
        raise control.CommandRefused("--actor is missing: write the work number of who asks, or of who answers")
    names = ("step", "machine", "reason", "again", "alone", "number")
    said = {name: getattr(arguments, name) for name in names} | {"actor": arguments.actor}
    if arguments.step != "list":
        said["actor"] = cli.shown(arguments.actor, getpass)
    print(json.dumps(cli.ask(level, arguments.data, "revoke", **said), ensure_ascii=False))


def _merge(level: cli.Level, arguments: argparse.Namespace) -> None:
    persons = [cli.shown(number, getpass) for number in arguments.actor]
    done = cli.ask(level, arguments.data, "merge", place=arguments.place, into=arguments.into, persons=persons)
    print(json.dumps(done, ensure_ascii=False))


def _account(level: cli.Level, arguments: argparse.Namespace) -> None:
    said = {name: getattr(arguments, name) for name in ("step", "place", "account", "reason")} | {"actor": ("", "")}
    if arguments.step != "list":
        if not arguments.actor:
            raise control.CommandRefused("--actor is missing: write the work number of who orders it")
        said["actor"] = cli.shown(arguments.actor, getpass)
    print(json.dumps(cli.ask(level, arguments.data, "account", **said), ensure_ascii=False))


def _enrol(level: cli.Level, arguments: argparse.Namespace) -> None:
    request = base64.b64encode(arguments.request.read_bytes()).decode("ascii")
    done = cli.ask(
        level,
        arguments.data,
        "enrol",
        request=request,
        digits_agreed=arguments.digits_agreed,
        roster_agreed=arguments.roster_agreed,
    )
    files.write(arguments.answer, base64.b64decode(done["answer"]), 0o644)
    print(f"{arguments.answer}: take this file back to the new node (`init --answer`)")


if __name__ == "__main__":
    raise SystemExit(main())
