"""Pages whose forms need a state of the node before they are there: each is brought about, and given what is typed."""

from typing import Final

from tests.village_node.web.unsaved import accounts, cases, nodes, papers, publishing, room
from tests.village_node.web.unsaved.form import State

NEED_A_STATE: Final[dict[str, State]] = {
    **accounts.STATES,
    **cases.STATES,
    **nodes.STATES,
    **papers.STATES,
    **publishing.STATES,
    **room.STATES,
}
