"""What an act of a case relies on in other streams: an event that names it is not understood before it is here."""

from collections.abc import Mapping
from typing import Any, Final

from sync_protocol import limits
from sync_protocol.case import kinds
from sync_protocol.event import Dep

_ONE: Final = frozenset({
    kinds.ANSWER, kinds.REVIEW_DECISION, kinds.ARCHIVE, kinds.RECTIFICATION, kinds.FOLLOW_UP, kinds.SUPERVISION_ANSWER,
    kinds.ACTION_DONE, kinds.RATING_APPEAL,
})  # fmt: skip


def relied_on(kind: int, content: Mapping[int, Any], scope: str, me: bytes) -> tuple[Dep, ...]:
    """The positions of other streams that an act builds on: what is taken or adopted, the request answered."""
    named: list[Any] = []
    if kind in (kinds.TAKE, kinds.ADOPT):
        named = content[0]
    elif kind in _ONE:
        named = [content[0]]
    elif kind == kinds.SPOT_CHECK:
        named = [content[2]] if 2 in content else []
    elif kind in (kinds.RESUME, kinds.COMMITMENT_KEPT):
        named = content.get(2, [])
    elif kind == kinds.COUNTERSIGN_CLOSE:
        named = content[1]
    newest: dict[bytes, int] = {}
    for incarnation, seq, _ in named:
        if incarnation != me:
            newest[incarnation] = max(newest.get(incarnation, 0), seq)
    return tuple(Dep(incarnation, scope, seq) for incarnation, seq in sorted(newest.items()))[: limits.DEPS]
