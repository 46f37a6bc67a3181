"""How far this node's cases have come, in plain words, from signed receipts alone."""

from dataclasses import dataclass, replace
from typing import Literal

from village_node.casebook import NOTHING_WAITS, Casebook, PapersWaiting
from village_node.store import Room
from village_node.web import machine, times

OFFLINE_AFTER_MS = 10 * times.MINUTE_MS

Tone = Literal["good", "active", "waiting", "bad"]


@dataclass(frozen=True)
class SyncState:
    """How the way up stands. Counts are of cases; `last_contact_ms` None: never; `is_root`: nobody is above.

    `other_records`: where no case waits to leave, how many records do that belong to none (of accounts, registers, the
    head of the audit trail). `not_arrived`: events that the county's checkpoint names beyond what is here;
    `county_alarms`: streams of which it tells what cannot be. `left_to_fold`: cases whose rows an upgrade left
    incomplete. `carried`: of what has not left, how many cases are on a stick. `papers`: originals that nobody above
    has signed for.
    """

    is_root: bool
    running: bool
    last_contact_ms: int | None
    not_left: int
    not_at_county: int
    last_error: str
    skew_ms: int | None = None  # how far the clock above is ahead of ours
    above: machine.Words = ("上级", "the level above")
    room: Room | None = None
    not_arrived: int = 0
    county_alarms: int = 0
    retired: bool = False
    rings: bool = False
    rings_below: int = 0
    provisional: bool = False
    succeeded: bool = False
    roster_forks: int = 0
    struck: bool = False
    revoked: bool = False
    left_to_fold: int = 0
    carried: int = 0
    papers: PapersWaiting = NOTHING_WAITS
    other_records: int = 0

    @classmethod
    def read(cls, casebook: Casebook, *, running: bool) -> "SyncState":
        """Read it from the casebook, which counts what signed receipts do not cover."""
        state, county, standing = casebook.sync_state(), casebook.county_standing(), casebook.standing()
        return cls(
            casebook.identity.parent is None,
            running,
            state["last_contact_ms"],
            state["not_left"]["cases"],
            state["not_at_county"]["cases"],
            state["last_error"] or "" if state["failures"] else "",
            state["skew_ms"],
            _above(casebook, state["peer"].place) if state["peer"] is not None else cls.above,
            casebook.store.room(),
            county.not_arrived,
            county.alarms,
            standing.retired,
            standing.rings,
            len(standing.alarms_below),
            standing.provisional,
            standing.succeeded,
            len(casebook.roster.forks),
            casebook.is_struck,
            casebook.revoked is not None,
            casebook.left_to_fold(),
            casebook.carried().cases,
            casebook.papers_waiting(),
            0 if state["not_left"]["cases"] else state["not_left"]["events"],
        )


def _above(casebook: Casebook, place: str) -> machine.Words:
    places = casebook.roster.places
    return (places.name(place),) * 2 if place in places else SyncState.above


@dataclass(frozen=True)
class SyncBar:
    """One line for every page: a tone, a drawing, words in both languages, what went wrong last, if anything, and what
    the machine itself needs. ``running``: what came of the exchange under way is soon to be seen."""

    tone: Tone
    icon: str
    zh: str
    en: str
    trouble: str
    can_sync: bool
    needs: tuple[machine.Words, ...] = ()
    running: bool = False

    @property
    def trouble_words(self) -> machine.Words:
        """What went wrong last, in each language where it is known in both."""
        zh, _, en = self.trouble.partition(" / ")
        return zh, en or zh


def sync_bar(state: SyncState, now_ms: int) -> SyncBar:
    """The line for every page: who this machine is before how far its cases have come; what the machine needs."""
    skew = machine.clock_here(state.skew_ms, state.above)
    needs = (machine.disk(state.room), skew, machine.upgraded(state.left_to_fold), machine.papers(state.papers, now_ms))
    bar = _who_we_are(state) or _with_the_county_s_word(_with_what_is_carried(_way_up(state, now_ms), state), state)
    return replace(bar, needs=tuple(words for words in needs if words is not None), running=state.running)


def _with_the_county_s_word(bar: SyncBar, state: SyncState) -> SyncBar:
    """Behind the state of the way up: what the county's checkpoint says against it."""
    if state.county_alarms:
        zh = bar.zh + f"；县里的检查点与本机记录不符（{state.county_alarms} 路），请报告县里"
        en = f"{bar.en}; the county's checkpoint contradicts what is here ({state.county_alarms}): report it"
        return replace(bar, tone="bad", icon="warning", zh=zh, en=en)
    if state.not_arrived:
        zh = bar.zh + f"；县里写了 {state.not_arrived} 条尚未到达本机的记录"
        en = f"{bar.en}; the county wrote {state.not_arrived} events that have not reached us"
        return replace(bar, tone="waiting" if bar.tone in ("good", "active") else bar.tone, zh=zh, en=en)
    return bar


def _with_what_is_carried(bar: SyncBar, state: SyncState) -> SyncBar:
    """Behind it: what a courier has taken away. It is on a stick and nowhere else, until somebody signs for it."""
    if not state.carried:
        return bar
    zh = bar.zh + f"；其中 {state.carried} 件已拷出，尚未收到回执"
    return replace(bar, zh=zh, en=f"{bar.en}; {state.carried} of them on a stick, no receipt yet")


def _way_up(state: SyncState, now_ms: int) -> SyncBar:
    """Put the state of the way up into words: what has not left this node comes before when it was last heard."""
    if state.is_root:
        en = "This node is the highest; cases are gathered here"
        return SyncBar("good", "home", "本机为最上级，数据在此汇总", en, "", False)
    last = state.last_contact_ms
    if last is None:
        zh, en = "尚未与上级联系过" + _left(state)[0], "Not yet in contact with the level above" + _left(state)[1]
        return SyncBar("waiting", "offline", *_trying(state, zh, en), state.last_error, True)
    if machine.went_back(last, now_ms):
        zh = "本机时钟不准，不知道多久没有联系上级" + _left(state)[0]
        en = "The clock of this machine is wrong: nobody can tell how long the level above has not been heard"
        en += _left(state)[1]
        return SyncBar("waiting", "warning", *_trying(state, zh, en), state.last_error, True)
    at = (times.short(last, now_ms, "zh"), times.short(last, now_ms, "en"))
    if now_ms - last >= OFFLINE_AFTER_MS:
        ages = (times.age(last, now_ms, "zh"), times.age(last, now_ms, "en"))
        zh = f"已离线 {ages[0]}（上次联系 {at[0]}）" + _left(state)[0]
        en = f"Offline for {ages[1]} (last contact {at[1]})" + _left(state)[1]
        return SyncBar("bad", "offline", *_trying(state, zh, en), state.last_error, True)
    if state.running:
        tone: Tone = "waiting" if state.last_error else "active"  # it has been tried in vain since the last contact
        zh, en = "正在同步" + _left(state)[0], "Synchronising" + _left(state)[1]
        return SyncBar(tone, "sync", zh, en, state.last_error, True)
    if state.not_left:
        zh = f"有 {state.not_left} 件未上报（上次联系 {at[0]}）"
        en = f"{state.not_left} not yet sent up (last contact {at[1]})"
        return SyncBar("waiting", "up", zh, en, state.last_error, True)
    if state.other_records:
        zh = f"办件都已上报，有 {state.other_records} 条其他记录未上报（上次联系 {at[0]}）"
        en = f"All cases are sent up; {state.other_records} other records are not (last contact {at[1]})"
        return SyncBar("waiting", "up", zh, en, state.last_error, True)
    if state.not_at_county:
        zh, en = (
            f"已同步 {at[0]}，{state.not_at_county} 件县级尚未签收",
            (f"Synchronised {at[1]}, {state.not_at_county} not yet received by the county"),
        )
        return SyncBar("active", "clock", zh, en, state.last_error, True)
    tone = "waiting" if state.last_error else "good"
    return SyncBar(tone, "check", f"已同步 {at[0]}", f"Synchronised {at[1]}", state.last_error, True)


def _trying(state: SyncState, zh: str, en: str) -> tuple[str, str]:
    """Behind the state of a line that is down: that it is tried just now."""
    return (zh + "，正在尝试联系", en + ", trying to reach it") if state.running else (zh, en)


def _who_we_are(state: SyncState) -> SyncBar | None:
    """What must be said first: this machine is retired, lives twice, stands above one that does, or is newly begun."""
    left_zh, left_en = _left(state)
    if state.retired:
        en = "This machine is retired: it neither files nor synchronises" + left_en
        return SyncBar("bad", "warning", "本机已停用，不再收件和同步" + left_zh, en, "", False)
    if state.revoked:
        zh = "本机已被上级吊销，不能再收件、办件和同步，吊销前上报的都有效。机器是找回来的，请把未上报的拷到 U 盘"
        zh += "交给上级，并请上级登记新机器" + left_zh
        en = "This machine was revoked by the level above: it files, acts and synchronises no more; what had been sent"
        en += " up stands. If it was found again, take the rest there on a stick, and have a new machine enrolled"
        return SyncBar("bad", "warning", zh, en + left_en, state.last_error, True)
    if state.struck:
        zh = "县里裁定名册分叉时，没有保留本机的登记：本机记录都在，暂不上报，请上级用原登记请求重新登记" + left_zh
        en = "By the county's ruling on the roster this machine is not enrolled: nothing here is lost, and nothing is"
        en += " sent up until the level above grants its enrolment request anew" + left_en
        return SyncBar("bad", "warning", zh, en, state.last_error, True)
    if state.succeeded:
        zh = "本单位另一台机器已启用更新的编号，请到“运行状况”选择由哪台继续" + left_zh
        en = "Another machine of this place has begun a newer incarnation: choose under Health which goes on" + left_en
        return SyncBar("bad", "warning", zh, en, state.last_error, True)
    if state.rings:
        zh = "另有一台机器在用本机的身份，本机记录暂不上报，请到“运行状况”处理" + left_zh
        en = "Another machine uses this one's identity; nothing is sent up until that is settled under Health" + left_en
        return SyncBar("bad", "warning", zh, en, state.last_error, True)
    if state.provisional:
        zh = "本机已启用新编号，等待上级确认" + left_zh
        en = "This node goes on under a new incarnation, not yet countersigned above" + left_en
        return SyncBar("waiting", "clock", zh, en, state.last_error, not state.is_root)
    if state.roster_forks:
        zh = "名册有分叉，待县里裁定，收件办事照常；请到“运行状况”查看" + left_zh
        en = "The roster is forked and waits for the county's ruling; work goes on: see Health" + left_en
        return SyncBar("bad", "warning", zh, en, state.last_error, not state.is_root)
    if state.rings_below:
        zh = f"有 {state.rings_below} 个下级单位的机器可能被复制，请到“下级单位”查看" + left_zh
        en = f"The machines of {state.rings_below} places below may have been copied: see Nodes below" + left_en
        return SyncBar("bad", "warning", zh, en, state.last_error, not state.is_root)
    return None


def _left(state: SyncState) -> tuple[str, str]:
    """What has not left this node, as the end of a sentence in both languages; empty when nothing waits."""
    if not state.not_left and state.other_records:
        return f"，有 {state.other_records} 条其他记录未上报", f", {state.other_records} other records not yet sent up"
    if not state.not_left:
        return "", ""
    return f"，有 {state.not_left} 件未上报", f", {state.not_left} not yet sent up"
