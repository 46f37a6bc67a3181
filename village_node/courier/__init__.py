"""The road by hand: bundles written to a stick for the place above or below, and read from one as from a stranger."""

from village_node.courier.courier import Courier, Written
from village_node.courier.outcome import Outcome, PartState, Trouble

__all__ = ["Courier", "Outcome", "PartState", "Trouble", "Written"]
