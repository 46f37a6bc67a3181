"""What this machine's clock and disk need from people, in plain words. Neither ever stops a page by itself."""

from typing import Final

from village_node.store import Room
from village_node.web import times

# Clocks of two machines differ, and a slow line adds to it; more than this is a clock that somebody should set.
SKEW_SHOWN_MS: Final = 10 * times.MINUTE_MS
_MB: Final = 1 << 20

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


def _off(ahead_ms: int) -> Words:
    span = times.span(abs(ahead_ms), "zh"), times.span(abs(ahead_ms), "en")
    return (f"快 {span[0]}", f"{span[1]} ahead of") if ahead_ms > 0 else (f"慢 {span[0]}", f"{span[1]} behind")
