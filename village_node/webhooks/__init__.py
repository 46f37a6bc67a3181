"""News of cases on its way to other systems: the sender of webhooks, and the one call that it makes."""

from village_node.webhooks.sender import Sender

__all__ = ["Sender"]
