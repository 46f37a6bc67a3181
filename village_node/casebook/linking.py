"""Change, renewal and revocation (变更、延续、撤销): a case that acts upon what an earlier one decided, and how the two
stand to each other.

The fold asks nothing of it: the earlier case may be held elsewhere. Who files asks what can be known there; who
approves holds the earlier case and asks the rest.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final, NamedTuple

from sync_protocol.case import Case, Item, bodies, kinds, kinship, numbers
from sync_protocol.places import PlaceTree
from sync_protocol.roster import Roster
from village_node.casebook.conditions import day_in_county
from village_node.casebook.errors import BadBody
from village_node.casebook.office import Office
from village_node.casebook.reading import folded
from village_node.store import Connection, cases, purges
from village_node.store.cases import CaseRow
from village_node.store.locks import CaseKey

_ACT, _EARLIER, _ITEM, _ID_NO = 15, 16, 0, 4
_OUTCOME, _REASONS = 0, 1
_GOES_ON: Final = ("change", "renew")
Words = tuple[str, str]


class Wanted(NamedTuple):
    """What a case asks of an earlier decision: the act, for which item, filed when; ``by``: which case that is, None
    while it is being filed."""

    act: str
    item: tuple[str, int]
    at_ms: int
    by: CaseKey | None = None


class Later(NamedTuple):
    """A case that acts upon an earlier one: its row, what it does, whether it has been decided, and for it."""

    row: CaseRow
    act: str
    decided: bool
    done: bool
    at_ms: int


class Links(NamedTuple):
    """What a case is linked with: the earlier case it acts upon, where that is held here, and those that act upon it;
    ``why_not``: why it could not be approved as things stand here; ``revoked``: the first by which the decision is
    revoked, or what it changed or renewed, or what changed or renewed it."""

    earlier: CaseRow | None = None
    later: tuple[Later, ...] = ()
    why_not: Words | None = None
    revoked: Later | None = None


class Linking(Office):
    """The part of the casebook that tells which cases act upon which."""

    def links(self, key: CaseKey, case: Case) -> Links:
        """What a case is linked with, of what is held here."""
        if not case.case_no:
            return Links()
        with self.store.reading() as connection:
            roster = self.roster_in(connection)
            later = tuple(_later(self, connection, roster, key, case.case_no))
            if case.acts_on is None and not later:
                return Links()
            row = cases.get(connection, key)
            revoked = _revoked(self, connection, roster, row) if row is not None else None
            if case.acts_on is None:
                return Links(None, later, None, revoked)
            why = None
            if case.decision is None:
                why = why_not_approved(self, connection, roster, key, case)
            return Links(cases.by_number(connection, case.acts_on.earlier), later, why, revoked)


def may_file(level: str, item: Item) -> tuple[str, ...]:
    """What a place of this level may open a case for: who only hands papers on asks for no revocation."""
    able = level in item.accept_levels or level == item.deciding_level
    return bodies.CHANGES if able else tuple(act for act in bodies.CHANGES if act != "revoke")


def check_filed(office: Office, roster: Roster, create: Mapping[int, Any], item: Item) -> None:
    """Ask of an application that acts upon an earlier decision what can be known of that one here. Raises BadBody."""
    if _ACT not in create:
        return
    act, number = create[_ACT], create[_EARLIER]
    try:
        numbers.parse_case_number(number)
    except numbers.NumberError as wrong:
        raise BadBody("earlier", wrong.zh, wrong.en) from None
    level = office.identity.level
    if act not in may_file(level, item):
        raise BadBody(
            "acts_on",
            "撤销由有权受理或决定该事项的一级立案，请报告上级",
            "a level that accepts or decides the item opens a case to revoke: report it there",
        )
    with office.store.reading() as connection:
        row = cases.by_number(connection, number)
        if row is None and act != "revoke" and level != item.deciding_level:
            return  # it was filed elsewhere: whoever decides holds it
        wanted = Wanted(act, item.key, office.clock())
        if row is not None and act != "revoke" and level != item.deciding_level and _is_cleared(connection, row):
            why = _why_not_beside(office, connection, roster, row, wanted)  # whoever decides holds the rest
            if why is not None:
                raise BadBody("earlier", *why)
            return
        why = _why_not_on(office, connection, roster, row, wanted)
        if why is not None:
            raise BadBody("earlier", *why)
        earlier = folded(office, connection, roster, _key(row))[0] if row is not None else None
    named = earlier.applicant.get("id_no", "") if earlier is not None else ""
    if kinship.plain_number(named) != kinship.plain_number(create[_ID_NO]):
        raise BadBody(
            "applicant_id_no",
            "与原件申请人的证件号码不一致：只有原申请人才能变更、延续，撤销也须写明原申请人",
            "not the number of who was given the earlier decision: the same person changes and renews, and is named in "
            "a revocation",
        )


def why_not_decided(
    office: Office, connection: Connection, roster: Roster, key: CaseKey, case: Case, kind: int, body: Mapping[int, Any]
) -> Words | None:
    """Say why an approval may not act upon the earlier decision; None if it may, or acts upon none. Raises BadBody for
    a revocation without its reasons."""
    if kind != kinds.DECIDE or case.acts_on is None or body.get(_OUTCOME) != "approve":
        return None
    if case.acts_on.act == "revoke" and not body.get(_REASONS):
        raise BadBody("reasons", "撤销决定须写明理由", "a revocation says why")
    return why_not_approved(office, connection, roster, key, case)


def why_not_approved(office: Office, connection: Connection, roster: Roster, key: CaseKey, case: Case) -> Words | None:
    """Say why this linked case cannot be approved here as things stand; None if it can."""
    if case.acts_on is None:
        return None
    row = cases.by_number(connection, case.acts_on.earlier)
    filed_ms = case.filed_ms or case.created_ms or office.clock()
    wanted = Wanted(case.acts_on.act, (case.item_no, case.item_version), filed_ms, key)
    return _why_not_on(office, connection, roster, row, wanted)


def _is_cleared(connection: Connection, row: CaseRow) -> bool:
    """Whether contents of a case were cleared here after their term, which a place above holds."""
    return bool(purges.purged_bodies(connection, _key(row)))


def _why_not_on(
    office: Office, connection: Connection, roster: Roster, row: CaseRow | None, wanted: Wanted
) -> Words | None:
    """Say why nothing of this sort may be done with an earlier case."""
    earlier = folded(office, connection, roster, _key(row))[0] if row is not None else None
    if row is None or earlier is None or row.case_no is None:
        return (
            "本机没有这个收件编号的原件，不能核对原决定，请核对编号或等同步",
            "no case of this number is held here, so its decision cannot be looked at: check the number, or wait for "
            "the exchange",
        )
    catalogue = office.items_in(connection).catalogue
    before = catalogue.find(earlier.item_no, earlier.item_version)
    parts = before.members if before is not None and wanted.act in _GOES_ON else ()
    if wanted.item[0] not in (earlier.item_no, *parts):
        return (
            "原件办理的是另一个事项，请按原件的事项申请",
            "the earlier case is about another item: apply for that one",
        )
    wrong = _why_not_beside(office, connection, roster, row, wanted)
    wrong = wrong or _why_not_standing(earlier, wanted.act, day_in_county(wanted.at_ms))
    if wrong is not None or wanted.by is None:
        return wrong
    return _why_not_ours(earlier, office, roster.places, catalogue.find(*wanted.item))


def _why_not_beside(
    office: Office, connection: Connection, roster: Roster, row: CaseRow, wanted: Wanted
) -> Words | None:
    """Say why nothing may be done with an earlier case for what others have done with it already."""
    revoked = _revoked(office, connection, roster, row)
    if revoked is not None and _key(revoked.row) != wanted.by:
        return (
            f"原决定已由 {revoked.row.case_no} 撤销",
            f"the earlier decision was revoked by {revoked.row.case_no}",
        )
    later = _later(office, connection, roster, _key(row), row.case_no or "")
    newest = _newest(office, connection, roster, row, wanted)
    if newest is not None:
        return (
            f"原决定已经变更或延续，现行决定的收件编号是 {newest.case_no}，请按该编号办理",
            f"the earlier decision was changed or renewed since: the one that stands has the receipt number "
            f"{newest.case_no}, name that one",
        )
    open_ = next((each for each in later if not each.decided), None)
    if wanted.by is None and open_ is not None:
        return (
            f"已有正在办理的变更、延续或撤销：{open_.row.case_no}，办结后再申请",
            f"another case acts upon it already: {open_.row.case_no}; wait until that is decided",
        )
    return None


def _why_not_standing(earlier: Case, act: str, filed: date) -> Words | None:
    made = earlier.decision
    if made is None or made.outcome != "approve" or earlier.lapse is not None:
        return (
            "原件没有有效的准予决定（尚未决定、不予、已终止，或正文已清除），不能变更、延续或撤销",
            "the earlier case has no approval that stands (not decided, refused, ended, or its contents are cleared): "
            "there is nothing to change, renew or revoke",
        )
    if earlier.acts_on is not None and earlier.acts_on.act == "revoke":
        return "原件本身是撤销决定，不能再变更、延续或撤销", "the earlier case is a revocation itself"
    until = earlier.certificate.valid_to if earlier.certificate is not None else ""
    if act == "renew" and until and until < filed.isoformat():
        return (
            f"原证照有效期至 {until}，已届满，不能延续，请重新申请",
            f"the certificate was valid until {until}: it cannot be renewed any more, apply anew",
        )
    return None


def _why_not_ours(earlier: Case, office: Office, places: PlaceTree, item: Item | None) -> Words | None:
    """Who made a decision changes, renews and revokes it, or a place above that (行政许可法第六十九条); or, where the
    power has gone to another level since, the place of that level on the way of the earlier case."""
    made, here = earlier.decision, office.identity.place
    if made is None or made.place not in places or places.covers(here, made.place):
        return None
    if item is not None and item.deciding_level == office.identity.level and places.covers(here, earlier.home):
        return None
    return (
        "原决定不是本单位或下级作出的，由作出决定的单位或其上级办理",
        "neither this place nor one below it made the earlier decision: who made it, or a place above, decides",
    )


def _newest(office: Office, connection: Connection, roster: Roster, row: CaseRow, wanted: Wanted) -> CaseRow | None:
    """The last of the changes and renewals that stand in the place of a decision for what is wanted, as it was when
    that was filed; None where it is the decision itself."""
    newest, seen = None, {_key(row)}
    while True:
        upon = newest or row
        later = _later(office, connection, roster, _key(upon), upon.case_no or "")
        on = next(
            (
                each.row
                for each in later
                if each.done
                and each.act in _GOES_ON
                and each.at_ms <= wanted.at_ms
                and each.row.item_no in (upon.item_no, wanted.item[0])
                and _key(each.row) not in seen | {wanted.by}
            ),
            None,
        )
        if on is None:
            return newest
        newest = on
        seen.add(_key(on))


def _revoked(office: Office, connection: Connection, roster: Roster, row: CaseRow) -> Later | None:
    """The first by which a decision is revoked, or one that it changed or renewed, or one that did so with it. Of a
    theme a change of one item is a decision of its own, which goes with the theme; the theme does not go with it."""
    above, seen = [row], {_key(row)}
    while (before := _before(office, connection, roster, above[-1])) is not None and _key(before) not in seen:
        above.append(before)
        seen.add(_key(before))
    found = []
    for upon in above:  # grows by what acts upon these
        for each in _later(office, connection, roster, _key(upon), upon.case_no or ""):
            if each.done and each.act == "revoke":
                found.append(each)
            elif each.done and _key(each.row) not in seen and each.row.item_no in (row.item_no, upon.item_no):
                above.append(each.row)
                seen.add(_key(each.row))
    return min(found, key=lambda each: (each.at_ms, each.row.case_id), default=None)


def _before(office: Office, connection: Connection, roster: Roster, row: CaseRow) -> CaseRow | None:
    """What this case has changed or renewed, where it has and that is held here."""
    if row.acts_on not in _GOES_ON or row.earlier_no is None:
        return None
    if not _is_approved(row, folded(office, connection, roster, _key(row))[0]):
        return None
    return cases.by_number(connection, row.earlier_no)


def _is_approved(row: CaseRow, case: Case | None) -> bool:
    """Whether a case was approved and has not lapsed: its row keeps what was decided when the words are cleared."""
    made = case.decision if case is not None else None
    if case is None or made is None or case.lapse is not None or row.state == "lapsed":
        return False
    return (made.outcome or row.outcome) == "approve"


def _later(office: Office, connection: Connection, roster: Roster, key: CaseKey, case_no: str) -> list[Later]:
    """The cases that act upon this one, the first one filed first."""
    rows = cases.acting_on(connection, case_no)
    meant = cases.by_number(connection, case_no) if rows else None
    if meant is None or _key(meant) != key:
        return []
    found = []
    for row in rows:
        case = folded(office, connection, roster, _key(row))[0]
        made = case.decision if case is not None else None
        decided = made is not None or row.state in cases.FINISHED
        done = _is_approved(row, case)
        found.append(Later(row, row.acts_on or "", decided, done, made.at_ms if made is not None else 0))
    return found


def _key(row: CaseRow) -> CaseKey:
    return row.scope, row.case_id
