"""What a case has on record of single acts: an opinion, a decision, a procedure, a fee; plain values."""

from typing import Any, NamedTuple

from sync_protocol.case.events import Position


class Material(NamedTuple):
    """One paper handed in; ``supplied``: the position of the supply it came with, None for the application's own."""

    name: str
    copies: int
    original: bool
    supplied: Position | None = None


class Link(NamedTuple):
    """What a linked case does with what an earlier one decided (``change``, ``renew``, ``revoke``), and the receipt
    number of that one."""

    act: str
    earlier: str


class Preview(NamedTuple):
    """The last answer of a pre-review; ``outcome`` is ``ready``, ``missing``, or empty where the body was deleted."""

    position: Position
    place: str
    actor: str
    at_ms: int
    outcome: str
    text: str
    document_no: str


class Opinion(NamedTuple):
    """The opinion of the first review; empty words where the body was deleted."""

    position: Position
    place: str
    actor: str
    at_ms: int
    opinion: str
    text: str


class Decision(NamedTuple):
    """The decision; ``outcome`` is ``approve``, ``refuse``, or empty where the body was deleted."""

    position: Position
    place: str
    actor: str
    at_ms: int
    outcome: str
    reasons: str
    document_no: str
    conditions: str


class Mark(NamedTuple):
    """One thing to be corrected: the field or paper, and what is wrong with it."""

    field: str
    what: str


class SideNote(NamedTuple):
    """A side event that stands beside the case: a note, a supply, a request, a delivery. ``body`` by field name."""

    position: Position
    kind: int
    place: str
    actor: str
    at_ms: int
    body: dict[str, Any]


class Refusal(NamedTuple):
    """That the application was not accepted; ``revoked`` once a review has overturned it. It stays on record."""

    position: Position
    place: str
    actor: str
    at_ms: int
    reasons: str
    legal_basis: str
    document_no: str
    revoked: bool = False


class Lapse(NamedTuple):
    """That the case was ended because papers or a fee did not come by ``limit_day``."""

    position: Position
    place: str
    actor: str
    at_ms: int
    limit_day: str
    reasons: str
    unheard: bool


class Procedure(NamedTuple):
    """One entry of the ledger beside the state: what was opened, and how and when it ended (None: still open).

    ``what``: one of the suspensions, ``countersigning`` or ``commitment``; empty where the body that said it was
    deleted.
    """

    opened: Position
    what: str
    place: str
    actor: str
    opened_ms: int
    body: dict[str, Any]
    ended: Position | None = None
    ended_ms: int | None = None
    result: dict[str, Any] = {}  # noqa: RUF012 - never changed


class Fee(NamedTuple):
    """What the applicant was told to pay, where, and how it was settled (empty: not yet)."""

    position: Position
    at_ms: int
    amount_fen: int | None
    basis: str
    due_days: int | None
    how: str = ""
    settled_ms: int | None = None
    number: str = ""
    place: str = ""
    actor: str = ""
    document_no: str = ""
    settled_place: str = ""
    settled_actor: str = ""
    paid_day: str = ""


class Certificate(NamedTuple):
    """The certificate that was made."""

    position: Position
    place: str
    at_ms: int
    number: str
    valid_from: str
    valid_to: str
    seal: str


class Lane(NamedTuple):
    """How the case stands among others that wait: one of the lanes; ``said``: the body by field name."""

    position: Position
    place: str
    actor: str
    at_ms: int
    lane: str
    said: dict[str, Any]


class ReviewAnswer(NamedTuple):
    """What a review came to: ``uphold`` or ``overturn``."""

    position: Position
    place: str
    actor: str
    at_ms: int
    outcome: str
    reasons: str
    document_no: str
