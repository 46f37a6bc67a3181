"""What this machine's clock, disk and upgrade need from people, in plain words. None ever stops a page by itself."""

from typing import Final

from village_node.casebook import PapersWaiting
from village_node.store import Room
from village_node.web import times

# Clocks of two machines differ, and a slow line adds to it; more than this is a clock that somebody should set.
SKEW_SHOWN_MS: Final = 10 * times.MINUTE_MS
# A contact may lie so far ahead of a clock that was put right by seconds; further, and the clock has gone back.
TO_COME_MS: Final = times.MINUTE_MS
_MB: Final = 1 << 20
PAPERS_SHOWN_MS: Final = times.HOUR_MS  # a scan takes its time on a slow line
# The county vouches every day for what it holds, and everybody comes to hold that: so much longer, and nothing new of
# its rules, its calendar and its part of the roster has come either. Nothing is ever refused for that.
NOTHING_NEWER_MS: Final = 14 * times.DAY_MS
NOTHING_NEWER_AT_ALL_MS: Final = 60 * times.DAY_MS
# A key that signs every day is changed every two years, before anybody has a reason to; it goes on all the same.
OLD_KEY_MS: Final = 730 * times.DAY_MS
VERY_OLD_KEY_MS: Final = 1_095 * times.DAY_MS

Words = tuple[str, str]


def clock_here(skew_ms: int | None, above: Words) -> Words | None:
    """Words where this machine's clock differs from that of the place above (its name in both languages)."""
    if skew_ms is None or abs(skew_ms) <= SKEW_SHOWN_MS:
        return None
    zh, en = _off(-skew_ms)
    return (
        f"本机时钟比{above[0]}{zh}，请校准",
        f"The clock of this machine is {en} that of {above[1]}; please set it right",
    )


def went_back(contact_ms: int, now_ms: int) -> bool:
    """Whether this machine's clock stands before the last contact that it noted itself: nobody can tell how long ago
    that was, and the present time is not the true one."""
    return contact_ms - now_ms > TO_COME_MS


def nothing_newer(vouched_ms: int | None, now_ms: int) -> tuple[str, Words] | None:
    """A tone and words where nothing newer has come of the county for long; ``vouched_ms``: when it vouched last."""
    if vouched_ms is None or now_ms - vouched_ms < NOTHING_NEWER_MS:
        return None
    ages = times.age(vouched_ms, now_ms, "zh"), times.age(vouched_ms, now_ms, "en")
    words = (
        f"{ages[0]}没有收到县里的新规则和名册，可能不是最新的；收件办事照常，请打电话向县里核对",
        f"nothing newer of the county's rules and roster has come for {ages[1]}; work goes on, please ask it by phone",
    )
    return ("bad" if now_ms - vouched_ms >= NOTHING_NEWER_AT_ALL_MS else "waiting"), words


def old_key(since_ms: int | None, now_ms: int) -> tuple[str, Words] | None:
    """A tone and words where the signing key has been in use for long; ``since_ms``: when it entered the roster."""
    if since_ms is None or now_ms - since_ms < OLD_KEY_MS:
        return None
    ages = times.age(since_ms, now_ms, "zh"), times.age(since_ms, now_ms, "en")
    words = (
        f"已用{ages[0]}，该换了；收件办事和同步照常，不会停用",
        f"in use for {ages[1]}, please change it; work and exchange go on, nothing is shut off",
    )
    return ("bad" if now_ms - since_ms >= VERY_OLD_KEY_MS else "waiting"), words


def clock_there(skew_ms: int | None) -> Words | None:
    """Words where the clock of a node below differs from this machine's."""
    if skew_ms is None or abs(skew_ms) <= SKEW_SHOWN_MS:
        return None
    zh, en = _off(skew_ms)
    return f"时钟比本机{zh}，请核对校准", f"its clock is {en} ours; one of them must be set right"


def disk(room: Room | None) -> Words | None:
    """Words where the disk is running out of space, or new applications are not taken in any more."""
    if room is None or not room.reserve:
        return None
    left = f"{room.free / _MB:,.0f} MB"
    if room.closed:
        return (
            f"磁盘将满（还剩 {left}）：暂停收件，已收的件照常办理；腾出空间后自动恢复",
            f"The disk is nearly full ({left} left): no new applications are taken, those here go on; "
            "it opens again by itself once there is room",
        )
    if room.low:
        return f"磁盘只剩 {left}，请尽快腾出空间", f"Only {left} of disk left; please make room soon"
    return None


def papers(waiting: PapersWaiting, now_ms: int) -> Words | None:
    """Words where originals of papers have been waiting for a while to leave this machine."""
    if waiting.since_ms is None or now_ms - waiting.since_ms < PAPERS_SHOWN_MS:
        return None
    zh, en = size_of_papers(waiting)
    return (
        f"{zh}还没有传到上级，最早的一份已等 {times.age(waiting.since_ms, now_ms, 'zh')}；请保持联网，或用拷盘带去",
        f"{en} not yet at the level above, the oldest for {times.age(waiting.since_ms, now_ms, 'en')}:"
        " keep the line up, or carry them by stick",
    )


def size_of_papers(waiting: PapersWaiting) -> Words:
    """How many originals wait, and how large they are."""
    size = f"{waiting.size / _MB:,.1f} MB" if waiting.size >= _MB else f"{max(waiting.size / 1024, 0.1):.0f} KB"
    return f"有 {waiting.files} 份材料原件（共 {size}）", f"{waiting.files} originals of papers ({size})"


def upgraded(left: int) -> Words | None:
    """Words while the rows of cases are still being filled after an upgrade, or counted by another calendar."""
    if not left:
        return None
    return (
        f"程序刚升级或日历刚更改，正在补齐旧件的登记，还剩 {left} 件；补齐前清单和统计可能不全",
        f"After an update or another calendar {left} earlier cases are still being entered anew; until then lists and "
        "figures may lack some",
    )


def _off(ahead_ms: int) -> Words:
    span = times.span(abs(ahead_ms), "zh"), times.span(abs(ahead_ms), "en")
    return (f"快 {span[0]}", f"{span[1]} ahead of") if ahead_ms > 0 else (f"慢 {span[0]}", f"{span[1]} behind")
