"""The page a node has that other nodes report to: its children at a glance."""

from township_node.web.children import register

__all__ = ["register"]
