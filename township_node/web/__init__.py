"""The pages a node has that other nodes report to: its children at a glance, the machines that ask to be let in, and
those it may shut out, and the accounts of places below."""

from flask import Flask

from township_node.web import accounts, children, newcomers, revocations


def register(app: Flask) -> None:
    """Hang the pages into an app that has those of every node."""
    children.register(app)
    newcomers.register(app)
    revocations.register(app)
    accounts.register(app)


__all__ = ["register"]
