"""The client half of the exchange: calls the parent, and its parent when it stays silent. The only user of requests."""

from village_node.uplink.calling import Result, Uplink
from village_node.uplink.road import Timeouts, cut, new_session
from village_node.uplink.settings import Ancestor, Settings

__all__ = ["Ancestor", "Result", "Settings", "Timeouts", "Uplink", "cut", "new_session"]
