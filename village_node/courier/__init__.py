"""The road by hand: bundles written to a stick for the place above or below, and read from one as from a stranger."""

from village_node.courier.courier import Courier
from village_node.courier.outcome import Outcome, PartState, Tell, Trouble, untold
from village_node.courier.writing import Written

__all__ = ["Courier", "Outcome", "PartState", "Tell", "Trouble", "Written", "untold"]
