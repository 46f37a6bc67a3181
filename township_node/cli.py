"""The command line of a township node: a village's commands, and `enrol` for the nodes under it."""

import argparse
import base64
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sync_protocol.suites import SigningKey
from township_node import app, enrolment
from village_node import cli, control, files
from village_node.app import Node, wall_clock

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

    return control.commands(node) | {"enrol": enrol}


TOWNSHIP = cli.Level("township-node", "township", app.create_node, commands, 8701)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a township node's command; the exit code is 0 when it was done."""
    return cli.run(parser(TOWNSHIP), argv)


def parser(level: cli.Level) -> argparse.ArgumentParser:
    """A village's commands, and `enrol`."""
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
    return top


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
