"""The command line of the county's node: a township's commands, its own `init` that founds a network, and `demo`."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from center_node import app, demo
from township_node.cli import parser, with_enrolment
from village_node import cli, control
from village_node.app import Node


def commands(node: Node) -> control.Commands:
    """A township's commands; the county signs with its publishing key."""
    return with_enrolment(node, lambda node: [app.publisher_key(node.config.data)])


COUNTY = cli.Level("center-node", "county", app.create_node, commands, 8702, init=lambda arguments: _init(arguments))


def main(argv: Sequence[str] | None = None) -> int:
    """Run a county node's command; the exit code is 0 when it was done."""
    top = parser(COUNTY)
    verbs = cli.verbs_of(top)
    verbs.choices["init"].add_argument(
        "--regions", type=Path, help="CSV with the columns code, name, level, parent: its townships"
    )
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
