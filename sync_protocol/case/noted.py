"""What applicants, proxies and other departments have said beside a case, as the fold counts it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from sync_protocol.case import kinds
from sync_protocol.case.proxies import authorised
from sync_protocol.case.records import SideNote
from sync_protocol.case.service import service_of

if TYPE_CHECKING:
    from sync_protocol.case.case import Case

VOICES: Final = frozenset({
    kinds.REVIEW_REQUEST, kinds.COUNTERSIGNATURE, kinds.SERVICE_ACT, kinds.CONTACT_CHANGE, kinds.RATING,
    kinds.COLLECTION_NOTICE, kinds.RECTIFICATION, kinds.FOLLOW_UP, kinds.MEETING, kinds.ACTION_DONE,
    kinds.PAPER, kinds.CALL_BACK, kinds.RATING_APPEAL, kinds.PROXY_AUTHORITY, kinds.SERVICE_ADDRESS,
    kinds.HEARING_RIGHT,
})  # fmt: skip


def set_voices(case: "Case", counted: Mapping[int, list[SideNote]]) -> None:
    """Set what the applicant and other departments have said. Of two ratings of one stage the first counts."""
    case.open_reviews = tuple([note for note in counted[kinds.REVIEW_REQUEST] if note.position not in case.answered])
    case.countersignatures = tuple(counted[kinds.COUNTERSIGNATURE])
    case.services = tuple(counted[kinds.SERVICE_ACT])
    case.contact_changes = tuple(counted[kinds.CONTACT_CHANGE])
    case.collection_notices = tuple(counted[kinds.COLLECTION_NOTICE])
    case.meetings, case.actions_done = tuple(counted[kinds.MEETING]), tuple(counted[kinds.ACTION_DONE])
    case.papers, case.calls = tuple(counted[kinds.PAPER]), tuple(counted[kinds.CALL_BACK])
    case.authorities = tuple(counted[kinds.PROXY_AUTHORITY])
    case.hearing_rights = tuple(counted[kinds.HEARING_RIGHT])
    case.proxy = authorised(case.proxy, case.authorities)
    case.confirmations = tuple(counted[kinds.SERVICE_ADDRESS])
    case.service = service_of(note.body for note in case.confirmations)
    later = []
    for note in counted[kinds.RATING]:
        stage = note.body.get("stage", 2 if note.kind == kinds.CALL_BACK else 0)
        if stage in case.ratings:
            later.append(note)
        else:
            case.ratings[stage] = note
    case.later_ratings = tuple(later)
