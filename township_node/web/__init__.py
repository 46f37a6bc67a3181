"""The pages a node has that other nodes report to: all below on one screen, its children one by one, the machines that
ask to be let in, those it may shut out, and the accounts of places below."""

from flask import Flask

from township_node.web import accounts, children, newcomers, overview, revocations


def register(app: Flask) -> None:
    """Hang the pages into an app that has those of every node."""
    overview.register(app)
    children.register(app)
    newcomers.register(app)
    revocations.register(app)
    accounts.register(app)


__all__ = ["register"]
