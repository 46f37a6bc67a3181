"""The proof that the line was down when a case was accepted: this node's own record of contacts, and nobody's word."""

from collections.abc import Mapping
from typing import Any, Final

from sync_protocol.case import Case, kinds
from sync_protocol.case.bodies import MAX_MS
from village_node.casebook.errors import BadBody
from village_node.casebook.office import Office
from village_node.store import Connection, peers

_FIELD: Final = 4
# Silence shorter than this is no outage: lines are called every few minutes.
LEAST_MS: Final = 2 * 3_600_000


def refuse_typed(kind: int, content: Mapping[int, Any]) -> None:
    """Raises BadBody for evidence that came with the act: nobody types it."""
    if kind == kinds.DOCKET and _FIELD in content:
        raise BadBody(
            "unheard_since_ms",
            "与上级的联系时间由本机按联系记录填写，请不要填写",
            "the node fills in its last contact from its own record: leave it out",
        )


def with_evidence(office: Office, connection: Connection, case: Case, content: dict[int, Any]) -> dict[int, Any]:
    """The body of an acceptance; where the item allows more days while the network is down, and it is, with the time of
    the last contact with the level above."""
    item = office.catalogue.find(case.item_no, case.item_version)
    if item is None or item.fallback_days is None or content.get(0, item.promised_days) >= item.fallback_days:
        return content
    contacts = [row.last_contact_ms for row in peers.peers(connection) if row.direction == "up"]
    last = max((each for each in contacts if each is not None), default=None)
    if last is None or not 0 <= last <= MAX_MS or office.clock() - last < LEAST_MS:
        return content
    return {**content, _FIELD: last}
