"""The pages a node has that other nodes report to: its children at a glance, and the machines it may shut out."""

from flask import Flask

from township_node.web import children, revocations


def register(app: Flask) -> None:
    """Hang the pages into an app that has those of every node."""
    children.register(app)
    revocations.register(app)


__all__ = ["register"]
