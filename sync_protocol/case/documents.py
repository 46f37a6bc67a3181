"""The official documents as a table: which event each rests on, whose it is to issue, and what it needs to be valid.

A document is drawn from an event and is no record of its own. What a document says of a case, and its wording, belong
to the node that prints it; here stands what two nodes must agree on: which there are, and which have a number.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal, NamedTuple

from sync_protocol.case import kinds
from sync_protocol.case.catalogue import Item
from sync_protocol.case.legal_bodies import BAD_GRADES, SPECIAL

# The field of a body that carries the number of the document resting on the event, in the NUMBERED_KINDS below.
NUMBER_FIELD: Final = "document_no"

Seal = Literal["", "acceptance", "decision"]
Issuer = Literal["counter", "acceptor", "reviewer", "decider", "holder", "applicant", "reconsiderer"]
# legal: it has effect for the applicant once sealed; informative: it tells or helps, and decides nothing; internal: it
# goes from one office to another.
Effect = Literal["legal", "informative", "internal"]


class Ground(NamedTuple):
    """One event as documents ask of it. ``body`` by field name; ``accepts``: its place may accept cases of the item;
    ``docketed``: the case was accepted before; ``receipted``: a receipt with legal effect was given before;
    ``purpose``: of the handoff it answers; ``instant``: decided on the spot, where it was filed; ``higher``: a higher
    authority decides the item; ``examines``: the level of its place reviews or decides it; ``first``: the rating that
    counts of its stage; ``ends``: the procedure that it ends; ``announced``: it names the day of a hearing; ``linked``:
    the application acts upon what an earlier case decided."""

    kind: int
    body: Mapping[str, Any]
    accepts: bool = False
    docketed: bool = False
    receipted: bool = False
    proxied: bool = False
    purpose: str = ""
    instant: bool = False
    higher: bool = False
    examines: bool = False
    first: bool = False
    ends: str = ""
    linked: bool = False

    @property
    def announced(self) -> bool:
        """Whether the day of a hearing is named, as it is since its notice tells it."""
        return "hearing_day" in self.body


_ASKED: Final = (*Ground._fields, "announced")


class Rest(NamedTuple):
    """What a document rests on: a kind of event, and what must hold of it: attributes of the ground, or body fields."""

    kind: int
    when: tuple[tuple[str, object], ...] = ()

    def fits(self, ground: Ground) -> bool:
        """Tell whether this event bears the document."""
        return self.kind == ground.kind and all(_of(ground, name) == wanted for name, wanted in self.when)


def _of(ground: Ground, name: str) -> object:
    return getattr(ground, name) if name in _ASKED else ground.body.get(name)


class DocumentType(NamedTuple):
    """One row. ``code`` is its name in programs, ``mark`` what stands for it in numbers.

    ``numbered``: it has a number of its own, which the event carries, and the event is not written without it; others
    are known by the receipt number and the event. ``delivered``: its delivery is signed for. ``adverse``: it must tell
    the remedies. ``stands_for``: documents that this one contains.
    """

    code: str
    mark: str
    zh: str
    en: str
    rests_on: tuple[Rest, ...]
    numbered: bool
    seal: Seal
    delivered: bool
    issuer: Issuer
    effect: Effect
    adverse: bool = False
    stands_for: tuple[str, ...] = ()


_POWER: Final = (("accepts", True), ("receipted", False))
_NO_POWER: Final = (("accepts", False),)
_APPROVED: Final = (("outcome", "approve"), ("instant", False))
# What a higher authority decided is its own document, which our act only quotes.
_GRANTED: Final = (*_APPROVED, ("higher", False), ("linked", False))
_CHANGED: Final = (*_APPROVED, ("higher", False), ("linked", True))
_DENIED: Final = (("outcome", "refuse"), ("higher", False))
_ON_THE_SPOT: Final = (("outcome", "approve"), ("instant", True))
_REFUSED: Final = (("outcome", "refuse"),)
_TO_DELIVER: Final = (("purpose", "deliver"),)
# After acceptance papers are asked for by who examines the case; another level only returns it among ourselves.
_ASKED_BEFORE: Final = Rest(kinds.RETURN_FOR_CORRECTION, (("docketed", False),))
_ASKED_AFTER: Final = Rest(kinds.RETURN_FOR_CORRECTION, (("docketed", True), ("examines", True)))
_SUPPLEMENT: Final = Rest(kinds.SUSPEND, (("what", "supplement"),))
_BAD: Final = tuple(
    Rest(kind, (("grade", grade), ("first", True))) for kind in (kinds.RATING, kinds.CALL_BACK) for grade in BAD_GRADES
)
# Whoever does not examine the case holds it up for nobody: it is given back to be mended while every clock runs on.
_GIVEN_BACK: Final = Rest(kinds.RETURN_FOR_CORRECTION, (("docketed", True), ("examines", False)))
_HEARING: Final = Rest(kinds.SUSPEND, (("what", "hearing"),))
_ANNOUNCED: Final = Rest(kinds.SUSPEND, (("what", "hearing"), ("announced", True)))
_UNANNOUNCED: Final = Rest(kinds.SUSPEND, (("what", "hearing"), ("announced", False)))
_PROCEDURES: Final = tuple(Rest(kinds.SUSPEND, (("what", what),)) for what in SPECIAL if what != "hearing")
_REPORTED: Final = Rest(kinds.SUSPEND, (("what", "reported_up"),))

_RIGHT_TOLD: Final = Rest(kinds.HEARING_RIGHT, (("what", "told"),))

# The codes 01 to 17 are the field's own and frozen.
TYPES: Final[dict[str, DocumentType]] = {
    row.code: row
    for row in (
        DocumentType("01", "01", "申请材料接收凭证", "receipt for application papers", (
            Rest(kinds.RECEIVE, _POWER), Rest(kinds.ACCEPT, (*_POWER, ("purpose", "accept"))),
        ), False, "acceptance", False, "acceptor", "legal"),
        DocumentType("02", "02", "补正材料通知书", "notice of papers to be corrected", (
            _ASKED_BEFORE,
        ), True, "acceptance", True, "acceptor", "legal"),
        DocumentType("03", "03", "补正材料接收凭证", "receipt for corrected papers", (
            Rest(kinds.SUPPLY),
        ), False, "acceptance", False, "counter", "legal"),
        DocumentType("04", "04", "受理通知书", "notice of acceptance", (
            Rest(kinds.DOCKET),
        ), True, "acceptance", True, "acceptor", "legal"),
        DocumentType("05", "05", "不予受理决定书", "decision not to accept", (
            Rest(kinds.REFUSE),
        ), True, "acceptance", True, "acceptor", "legal", adverse=True),
        DocumentType("06", "06", "授权委托书", "power of attorney", (
            Rest(kinds.CREATE, (("proxied", True),)), Rest(kinds.PROXY_AUTHORITY, (("what", "given"),)),
        ), False, "", False, "applicant", "informative"),
        DocumentType("07", "07", "审查阶段补正材料通知书", "notice of papers to be corrected in examination", (
            _ASKED_AFTER, _SUPPLEMENT,
        ), True, "acceptance", True, "holder", "legal"),
        DocumentType("08", "08", "特别程序告知书", "notice of a special procedure", (*_PROCEDURES, _UNANNOUNCED),
            True, "decision", True, "holder", "legal"),
        DocumentType("09", "09", "听证通知书", "notice of a hearing", (_ANNOUNCED,),
            True, "decision", True, "holder", "legal", stands_for=("08",)),
        DocumentType("10", "10", "延长办理期限通知书", "notice of extension", (
            Rest(kinds.EXTEND),
        ), True, "decision", True, "decider", "legal"),
        DocumentType("11", "11", "准予决定书", "decision to grant", (
            Rest(kinds.DECIDE, _GRANTED),
        ), True, "decision", True, "decider", "legal"),
        DocumentType("12", "12", "不予决定书", "decision to refuse", (
            Rest(kinds.DECIDE, _DENIED),
        ), True, "decision", True, "decider", "legal", adverse=True),
        DocumentType("13", "13", "变更（延续、撤销）决定书", "decision to change, renew or revoke", (
            Rest(kinds.DECIDE, _CHANGED),
        ), True, "decision", True, "decider", "legal", adverse=True),
        DocumentType("14", "14", "退回件通知书", "notice of return", (_GIVEN_BACK,),
            True, "acceptance", True, "holder", "legal"),
        DocumentType("15", "15", "缴费通知书", "notice of fees", (
            Rest(kinds.FEE_NOTICE),
        ), True, "decision", True, "holder", "legal"),
        DocumentType("16", "16", "办结领取通知书", "notice to collect the result", (
            Rest(kinds.DECIDE, _APPROVED), Rest(kinds.DECIDE, _REFUSED), Rest(kinds.ACCEPT, _TO_DELIVER),
        ), False, "", False, "counter", "informative"),
        DocumentType("17", "17", "文书送达回证", "proof of delivery", (
            _ASKED_BEFORE, _ASKED_AFTER, _GIVEN_BACK, Rest(kinds.DOCKET), Rest(kinds.DECIDE, _APPROVED),
            Rest(kinds.DECIDE, _REFUSED), Rest(kinds.ACCEPT, _TO_DELIVER), Rest(kinds.DELIVERED), Rest(kinds.REFUSE),
            Rest(kinds.LAPSE), _SUPPLEMENT, _HEARING, *_PROCEDURES, _REPORTED, Rest(kinds.EXTEND),
            Rest(kinds.FEE_NOTICE), Rest(kinds.REVIEW_DECISION), _RIGHT_TOLD,
        ), False, "", False, "counter", "legal"),
        DocumentType("instant", "即办", "即办件办结单", "notice of a case settled on the spot", (
            Rest(kinds.DECIDE, _ON_THE_SPOT),
        ), True, "decision", True, "decider", "legal", stands_for=("01", "04", "11", "16", "17")),
        DocumentType("agency", "代收", "代办接收单", "slip of papers taken as agent", (
            Rest(kinds.RECEIVE, _NO_POWER),
        ), False, "", False, "counter", "informative"),
        DocumentType("precheck", "预检", "材料预检单", "slip of papers looked through", (
            Rest(kinds.RECEIVE, _NO_POWER),
        ), False, "", False, "counter", "informative"),
        DocumentType("handoff", "移交", "三级移交单", "slip of a handoff", (
            Rest(kinds.HANDOFF),
        ), False, "", False, "holder", "internal"),
        DocumentType("review", "初审", "初审意见书", "opinion of the first review", (
            Rest(kinds.REVIEW),
        ), False, "", False, "reviewer", "internal"),
        DocumentType("withdrawal", "撤回", "撤回确认书", "confirmation of withdrawal", (
            Rest(kinds.ANSWER, (("granted", True),)),
        ), False, "acceptance", False, "holder", "legal"),
        DocumentType("lapse", "终止", "终止通知书", "notice that the case is ended", (
            Rest(kinds.LAPSE),
        ), True, "acceptance", True, "holder", "legal", adverse=True),
        DocumentType("tolerance", "容缺", "容缺受理承诺书", "commitment to bring papers later", (
            Rest(kinds.COMMITMENT, (("what", "tolerance"),)),
        ), False, "", False, "applicant", "legal"),
        DocumentType("declaration", "承诺", "告知承诺书", "declaration that the conditions told are met", (
            Rest(kinds.COMMITMENT, (("what", "declaration"),)),
        ), False, "", False, "applicant", "legal"),
        DocumentType("preview", "预审", "预审意见书", "reply to a pre-review", (
            Rest(kinds.PREREVIEW_REPLY),
        ), True, "", False, "acceptor", "informative"),
        DocumentType("joint", "会签", "联办件会签单", "sheet of countersignatures", (
            Rest(kinds.COUNTERSIGN_OPEN), Rest(kinds.COUNTERSIGN_CLOSE),
        ), False, "", False, "holder", "internal"),
        DocumentType("recheck", "复核", "复核决定书", "decision on a review", (
            Rest(kinds.REVIEW_DECISION),
        ), True, "decision", True, "reconsiderer", "legal", adverse=True),
        DocumentType("rectify", "整改", "整改单", "order to put right what was rated as bad", _BAD,
            False, "", False, "counter", "internal"),
        DocumentType("upward", "上报", "上报件通知书", "notice that a case is reported up", (
            _REPORTED,
        ), True, "decision", True, "holder", "legal"),
        DocumentType("transmittal", "转报", "转报函", "letter that reports a case up", (
            _REPORTED,
        ), False, "decision", False, "holder", "internal"),
        DocumentType("publicity", "公示", "公示", "public notice", (
            Rest(kinds.SUSPEND, (("what", "publicity"),)),
        ), True, "acceptance", False, "holder", "legal"),
        DocumentType("published", "公示结果", "公示结果", "result of a public notice", (
            Rest(kinds.RESUME, (("ends", "publicity"),)),
        ), False, "", False, "holder", "legal"),
        DocumentType("address", "送达", "送达地址确认书", "confirmation of the address for service", (
            Rest(kinds.SERVICE_ADDRESS),
        ), False, "", False, "applicant", "legal"),
        DocumentType("request", "复核申请", "复核申请书", "request for a review", (
            Rest(kinds.REVIEW_REQUEST),
        ), False, "", False, "applicant", "legal"),
        DocumentType("survey", "勘验", "现场勘验记录", "record of a survey", (
            Rest(kinds.RESUME, (("ends", "site_survey"),)),
        ), False, "", False, "holder", "legal"),
        DocumentType("rights", "听证告知", "听证权利告知书", "notice of the right to be heard", (
            _RIGHT_TOLD,
        ), True, "decision", True, "holder", "legal"),
    )
}  # fmt: skip

# The notice by which each kind of case is answered when it is accepted, or settled on the spot.
NOTICES: Final[dict[str, str]] = {"即办件": "instant", "承诺件": "04", "联办件": "04", "上报件": "04"}

# The six kinds as a case is one of them now, and the documents that each is answered by. Papers are wanting to one
# (补办件), or it goes back to the applicant (退回件), whatever it was accepted as.
WANTING: Final = "补办件"
GIVEN_BACK: Final = "退回件"
SIX_KINDS: Final[dict[str, tuple[str, ...]]] = {
    **{kind: (code,) for kind, code in NOTICES.items()},
    WANTING: ("02", "07", "14"),
    GIVEN_BACK: ("05", "lapse"),
}


def kind_now(accepted: str, state: str) -> str:
    """The kind of a case now: what it was accepted as, unless papers are wanting or it went back to the applicant.
    ``state``: as lists show it."""
    if state == "correcting":
        return WANTING
    return GIVEN_BACK if state in ("refused", "lapsed") else accepted


# The kinds in which a node draws the number. Elsewhere a field of that name is another authority's, which people type.
NUMBERED_KINDS: Final = frozenset(rest.kind for row in TYPES.values() if row.numbered for rest in row.rests_on)


def borne(ground: Ground) -> tuple[DocumentType, ...]:
    """List the documents that rest on an event, in the order of the table."""
    return tuple(row for row in TYPES.values() if any(rest.fits(ground) for rest in row.rests_on))


def numbered(ground: Ground) -> DocumentType | None:
    """Give the document without whose number this event is not written; None where it needs none."""
    return next((row for row in borne(ground) if row.numbered), None)


def seal_on(document: DocumentType, ground: Ground, level: str, item: Item) -> Seal:
    """Which seal a document bears: one of acceptance is kept only where the item may be accepted, and whoever decides
    uses that of decisions; elsewhere who signs answers for it. ``level``: of the place it is from."""
    if document.seal != "acceptance" or ground.accepts:
        return document.seal
    return "decision" if level == item.deciding_level else ""


class Happened(NamedTuple):
    """One event of a case in the order of its timeline; ``level`` of its author's place, ``body`` None if not here;
    ``ends``: of a ``resume``, what the procedure is that it ends."""

    kind: int
    place: str
    level: str
    body: Mapping[str, Any] | None
    effective: bool
    ends: str = ""


def grounds(events: Iterable[Happened], home: str, item: Item) -> list[Ground]:
    """What documents may ask of each event of a case, in its order. What is not effective leaves no trace in others."""
    found = []
    docketed = receipted = linked = False
    proxied, purpose = False, ""
    rated: set[object] = set()
    for event in events:
        body = event.body or {}
        accepts = event.level in item.accept_levels
        ground = Ground(
            event.kind,
            body,
            accepts,
            docketed,
            receipted,
            proxied or "proxy_name" in body,
            purpose if event.kind == kinds.ACCEPT else body.get("purpose", ""),
            _on_the_spot(event.kind, item, at_home=event.place == home, linked=linked),
            item.decide_level == "higher",
            event.level in (item.review_level, item.deciding_level),
            event.effective and _stage_rated(event.kind, body) not in (None, *rated),
            event.ends,
            linked,
        )
        found.append(ground)
        if not event.effective:
            continue
        proxied = ground.proxied
        linked = linked or "acts_on" in body
        if ground.first:
            rated.add(_stage_rated(event.kind, body))
        docketed = docketed or event.kind == kinds.DOCKET
        receipted = receipted or TYPES["01"] in borne(ground)
        purpose = body.get("purpose", "") if event.kind == kinds.HANDOFF else purpose
    return found


def _stage_rated(kind: int, body: Mapping[str, Any]) -> object:
    """The stage that an event rates; None where it rates none. Who is reached by a call grades the result."""
    if kind == kinds.CALL_BACK:
        return 2 if body.get("reached") and "grade" in body else None
    return body.get("stage") if kind == kinds.RATING else None


def ground_now(
    kind: int,
    content: Mapping[str, Any],
    level: str,
    item: Item | None,
    *,
    docketed: bool,
    at_home: bool,
    linked: bool = False,
) -> Ground:
    """The ground of an event that is about to be written, at the end of what counts of a case. ``item`` None: it is
    not in the catalogue here."""
    if item is None:
        return Ground(kind, content, docketed=docketed, examines=True, linked=linked)
    examines = level in (item.review_level, item.deciding_level)
    instant = _on_the_spot(kind, item, at_home=at_home, linked=linked)
    return Ground(
        kind,
        content,
        level in item.accept_levels,
        docketed,
        instant=instant,
        higher=item.decide_level == "higher",
        examines=examines,
        linked=linked,
    )


def _on_the_spot(kind: int, item: Item, *, at_home: bool, linked: bool) -> bool:
    """Tell whether a decision made here ends a case that was filed here and never left: one combined notice. What acts
    upon an earlier decision is answered by a document of its own."""
    return kind == kinds.DECIDE and item.kind == "即办件" and at_home and not linked
