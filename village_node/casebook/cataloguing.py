"""The part of the casebook about items: which version is in force, and the county's hand that publishes a new one."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final, NamedTuple

from sync_protocol import encoding
from sync_protocol.case import documents, editions, kinds, powers, themes
from sync_protocol.case.catalogue import Catalogue, Item
from sync_protocol.case.editions import Edition
from sync_protocol.case.publications import Publication
from sync_protocol.case.themes import Contradiction, Known
from sync_protocol.case.workdays import day_of
from village_node.casebook import once
from village_node.casebook.errors import BadBody, NotAllowed
from village_node.casebook.incarnations import Incarnations
from village_node.casebook.publishing import Publishing
from village_node.notices import sheets
from village_node.store import Connection, audit, cases
from village_node.store.locks import CaseKey
from village_node.store.requests import Request

_FOLLOWED: Final = "catalogue_followed"  # by which publications the cases were folded
_DAY_MS: Final = 86_400_000
_FIELDS: Final[dict[str, tuple[str, str]]] = {
    "item_no": ("请填写事项编号，不超过 32 字", "give the item number, at most 32 characters"),
    "version": ("版本号已用完", "there are no version numbers left"),
    "name": ("请填写事项名称，不超过 100 字", "give the name, at most 100 characters"),
    "name_en": ("请填写英文名称，不超过 100 字", "give the English name, at most 100 characters"),
    "department": ("请填写部门，不超过 30 字", "give the department, at most 30 characters"),
    "levels": ("请选择受理、决定和送达的层级", "choose the levels that accept, decide and deliver"),
    "days": ("天数须是 0 至 999 的整数", "days are whole numbers from 0 to 999"),
    "publicity": ("公示天数须是 0 至 999 的整数", "days of publicity are a whole number from 0 to 999"),
    "special_procedures": ("特别程序最多 16 项，每项不超过 40 字", "at most 16 procedures of 40 characters each"),
    "papers": ("材料最多 64 种，名称不超过 100 字", "at most 64 papers, with names of at most 100 characters"),
    "form": ("表单问题有误：名称不能重复，最多 32 问", "questions have different names, 32 at most"),
    "rules": ("规则只能用表单中的金额和整数", "a rule names amounts and whole numbers of the form"),
    "fee": ("请填写收费；不收费写 0", "give the fee; 0 for none"),
    "delegable": ("依据文号不超过 80 字", "the document has at most 80 characters"),
    "guide": ("指南每一段不超过 1000 字", "a part of the guide has at most 1000 characters"),
    "members": (
        "一件事最多含 16 个事项，联办部门最多 12 个，均不能重复",
        "a theme has at most 16 items, and 12 departments take part, none of them twice",
    ),
    "fee_rule": (
        "收费规则只能按必填的整数计算，各档递增，最后一档写“以上”",
        "a fee is worked out from whole numbers that must be answered; its steps rise, and the last is 以上",
    ),
    "begins": ("请填写生效日期", "give the day it takes effect"),
    "ends": ("失效日期不能早于生效日期", "it cannot end before it begins"),
    "reason": ("请填写理由，不超过 200 字；说明不超过 400 字", "give the reason, at most 200 characters; a note 400"),
    "size": ("内容过长，请缩短", "too long: shorten it"),
}
_ORDER: Final = ("village", "township", "county", "higher")


class History(NamedTuple):
    """One version of an item, and its publication; none of what a network begins with."""

    item: Item
    publication: Publication[Edition] | None


class Growing:
    """The items as they would be, where several are published one after the other."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._new: dict[str, Item] = {}

    def newest(self, item_no: str) -> Item | None:
        """The newest version of an item, as `Catalogue.newest` gives it."""
        return self._new.get(item_no) or self._catalogue.newest(item_no)

    def add(self, item: Item) -> None:
        """Let a version be the newest of its item."""
        self._new[item.item_no] = item


class Cataloguing(Publishing, Incarnations):
    """Items, their versions, and who may publish one."""

    def item_day(self) -> date | None:
        """The day by which versions take turns; None where the clock here is wrong, and then no date closes anything.

        What the level above says of the time counts before our own clock; a clock that shows a day before the county's
        last publication is wrong.
        """

        def look(connection: Connection) -> tuple[int, int]:
            claims = [each.claimed_ms for each in self.items_in(connection).published.values()]
            return max(claims, default=0), self.sync_state()["skew_ms"] or 0

        published_ms, skew_ms = self.remembered("item_day", look)
        now_ms = self.clock() + (skew_ms if abs(skew_ms) > _DAY_MS else 0)
        return day_of(now_ms) if now_ms >= published_ms - _DAY_MS else None

    def history(self, item_no: str | None = None) -> list[History]:
        """Every version of an item, or of all, the newest publication first."""
        items = self.items
        found = [
            History(item, items.published.get(item.key))
            for item in items.catalogue.items()
            if item_no in (None, item.item_no)
        ]
        return sorted(found, key=_newest_first)

    def may_publish_items(self, roles: Iterable[str]) -> bool:
        """Whether somebody with these roles may publish an item here."""
        return self._is_publisher(roles, kinds.CATALOGUE)

    def may_take_items_out(self, roles: Iterable[str]) -> bool:
        """Whether somebody with these roles, or in another's stead, publishes items here, and has them as a file."""
        return powers.may(frozenset(roles), self.identity.level, kinds.CATALOGUE)

    def next_version(self, item_no: str, known: Known | None = None) -> int:
        """The version under which the next publication of an item goes out."""
        newest = (known or self.catalogue).newest(item_no)
        return newest.version + 1 if newest is not None else 1

    def check_item(self, said: Edition, known: Known | None = None) -> list[tuple[str, str]]:
        """See that a version can be published as it is; what is to be considered all the same, in words. ``known``: the
        items beside which it would be published, where others go out before it.

        Raises BadBody naming the first field that is wrong.
        """
        merged = self.merged(said, known)
        item = merged.item
        _body(merged)
        following = self.next_version(item.item_no, known)
        if item.version != following:
            raise BadBody(
                "version",
                f"该事项已有新的版本，现在应是第 {following} 版，请重新打开再改",
                f"published meanwhile: this would be version {following}; open it again",
            )
        today = self.item_day()
        assert item.begins is not None
        if today is not None and item.begins < today:
            raise BadBody("begins", "生效日期不能早于今天", "it cannot take effect before today")
        _check_notice(item)
        self._check_days(item)
        self._check_way(item)
        return _considered(item)

    def merged(self, said: Edition, known: Known | None = None) -> Edition:
        """A version as it is published: of a theme with the papers and questions of its items. Raises BadBody naming
        the field by which they contradict each other."""
        try:
            return Edition(themes.complete(said.item, known or self.catalogue), said.reason)
        except Contradiction as wrong:
            raise BadBody(wrong.field, wrong.zh, wrong.en) from None

    def publish_item(
        self, actor: str, roles: Iterable[str], said: Edition, request: Request | None = None
    ) -> list[tuple[str, str]]:
        """Publish a version of an item, for good; what was to be considered. ``request``: under which id it is asked
        for. Raises AlreadyDone, IdTaken, BadBody naming the field, NotAllowed, NotSaved."""
        self.check_publisher_of_items(roles)
        considered = self.check_item(said)

        def act(connection: Connection) -> tuple[None, set[str]]:
            scopes = self._publish_editions(connection, actor, [said])
            once.became(connection, request, (said.item.item_no, b""))
            self.mark_news(connection, scopes)
            return None, scopes

        self._act(act, request)
        return considered

    def check_publisher_of_items(self, roles: Iterable[str]) -> None:
        """See that somebody with these roles may publish items here, and now. Raises NotAllowed."""
        if not self.may_publish_items(roles):
            raise NotAllowed(
                "事项由县级业务科公布；没有业务科人员在岗时，由负责人或首席代表代行",
                "an item is published by the county's business section; a head or a chief representative does it only "
                "where nobody of the section is there",
            )
        untold = self.untold()
        if untold:
            raise NotAllowed(
                f"本机曾从备份恢复，须先与下列单位各同步一次，才能公布事项：{'、'.join(untold)}",
                f"this node was restored: it publishes only after an exchange with each of {', '.join(untold)}",
            )

    def _publish_editions(self, connection: Connection, actor: str, said: Sequence[Edition]) -> set[str]:
        """Write versions in their order, and a line of each into the audit trail; the scope they are in. Everybody else
        who writes waits for it: so what stands is looked at once, and all is written at once. Raises BadBody where
        another has gone out since they were looked at."""
        known, bodies = Growing(self.items_in(connection, anew=True).catalogue), list[bytes]()
        for each in said:
            if self.next_version(each.item.item_no, known) > each.item.version:
                raise BadBody("version", "该事项已有新的版本，请重新打开再改", "published meanwhile: open it again")
            made = self.merged(each, known)
            known.add(made.item)
            bodies.append(_body(made))
        scopes = self._publish(connection, actor, kinds.CATALOGUE, bodies)
        subjects = [(f"{each.item.item_no} v{each.item.version}", {"reason": each.reason}) for each in said]
        lines = [audit.Line(self.clock(), actor, "catalogue.publish", *each) for each in subjects]
        audit.append_many(connection, lines)
        return scopes

    def follow_catalogue(self) -> int:
        """Fold again what may wait for a version that has come, and what names one whose publication has changed; how
        many cases there were. Raises NotSaved."""

        def version(connection: Connection) -> bytes:
            found = self.items_in(connection).published
            rows = [[*key, found[key].position.mark] for key in sorted(found)]
            return encoding.encode(rows) if rows else b""

        def concerned(connection: Connection, before: bytes) -> set[CaseKey]:
            old = {(row[0], row[1]): row[2] for row in encoding.decode(before)} if before else {}
            found = self.items_in(connection).published
            changed = {key for key, was in old.items() if key in found and found[key].position.mark != was}
            return {*cases.unsettled(connection), *(cases.naming(connection, changed) if changed else ())}

        return self._follow(_FOLLOWED, version, concerned)

    def _check_days(self, item: Item) -> None:
        budgets = sum(
            each or 0 for each in (item.budget_village_days, item.budget_township_days, item.budget_county_days)
        )
        if item.statutory_days and item.promised_days > item.statutory_days:
            raise BadBody(
                "days",
                f"承诺 {item.promised_days} 天，多于法定 {item.statutory_days} 天",
                "more is promised than the statute allows",
            )
        if budgets > item.promised_days:
            raise BadBody(
                "days",
                f"村、乡、县各环节共 {budgets} 天，多于承诺的 {item.promised_days} 天，请调整环节天数",
                f"the steps add up to {budgets} days, more than the {item.promised_days} promised",
            )
        if item.delegable and item.decided_in_person and not item.delegable_basis:
            raise BadBody(
                "delegable",
                "有公示或第四十五条所列程序的事项一般不得授权首席代表决定；确需授权的请填依据文号",
                "with publicity or a procedure of article 45 it is not delegable unless a document says so: name it",
            )

    def _check_way(self, item: Item) -> None:
        """See that the levels lead somewhere, that a fee can be worked out, and that who takes part has the time."""
        if item.has_fee and item.fee_rule is None:
            raise BadBody("fee_rule", "收费的事项须写明计算规则", "an item with a fee says how it is worked out")
        late = [party for party in item.parties if item.promised_days and party.days > item.promised_days]
        if late:
            raise BadBody(
                "parties",
                f"{late[0].department}的 {late[0].days} 天多于承诺的 {item.promised_days} 天",
                f"{late[0].department} would have more days than the {item.promised_days} promised",
            )
        if item.parties and not item.joint:
            raise BadBody("kind", "有联办部门的事项须为联办件", "an item in which departments take part is a joint one")
        ranks = [_ORDER.index(level) for level in item.accept_levels]
        if _ORDER.index(item.decide_level) < min(ranks):
            raise BadBody("levels", "决定的层级低于受理的层级", "it would be decided below where it is accepted")
        if item.review_level and _ORDER.index(item.review_level) > _ORDER.index(item.decide_level):
            raise BadBody("levels", "初审的层级高于决定的层级", "it would be reviewed above where it is decided")


def _body(said: Edition) -> bytes:
    """The body of the event. Raises BadBody naming the field that does not fit."""
    try:
        return editions.to_bytes(said)
    except ValueError as wrong:
        field = str(wrong)
        raise BadBody(field, *_FIELDS.get(field, ("内容有误", "it does not fit its form"))) from None


def _check_notice(item: Item) -> None:
    """See that a case of this kind can be answered: its notice has a template here."""
    code = documents.NOTICES.get(item.kind, "")
    if code not in sheets.TEMPLATES:
        raise BadBody(
            "kind",
            f"“{item.kind}”没有对应的通知书样式，请先更新程序",
            f"there is no template for the notice of {item.kind}: update the program first",
        )


def _considered(item: Item) -> list[tuple[str, str]]:
    found = []
    if not item.short_promise:
        found.append((
            f"承诺 {item.promised_days} 天，超过法定 {item.statutory_days} 天的一半",
            f"promised {item.promised_days} days: more than half of the {item.statutory_days} of the statute",
        ))  # fmt: skip
    if not item.in_force:
        found.append(("自生效之日起不再收新的申请，已收的照旧办完", "no new applications from then; old ones go on"))
    return found


def _newest_first(each: History) -> tuple[int, str, int]:
    claimed_ms = each.publication.claimed_ms if each.publication is not None else 0
    return -claimed_ms, each.item.item_no, -each.item.version
