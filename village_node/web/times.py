"""Times as people read them here: Beijing time, and ages in words. All times are ms since 1970."""

from datetime import UTC, date, datetime, timedelta, timezone

BEIJING = timezone(timedelta(hours=8))
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
_UNITS = (
    (365 * DAY_MS, "年", "year", "years"),
    (DAY_MS, "天", "day", "days"),
    (HOUR_MS, "小时", "hour", "hours"),
    (MINUTE_MS, "分钟", "minute", "minutes"),
)
_LATEST_MS = 253_402_214_400_000  # the last day a datetime can hold; claims may say anything


def local(ms: int) -> datetime:
    """A time in Beijing; what no calendar can hold becomes its nearest day."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=max(0, min(ms, _LATEST_MS)))).astimezone(BEIJING)


def midnight_ms(at: date) -> int:
    """When a day begins in Beijing, in ms since 1970."""
    return int(datetime(at.year, at.month, at.day, tzinfo=BEIJING).timestamp()) * 1000


def moment(ms: int, lang: str) -> str:
    """Day and time, e.g. `2026年11月22日 09:12` or `22 Nov 2026, 09:12`."""
    at = local(ms)
    if lang == "en":
        return f"{at.day} {at:%b %Y, %H:%M}"
    return f"{at.year}年{at.month}月{at.day}日 {at:%H:%M}"


def day(ms: int, lang: str) -> str:
    """The day alone, e.g. `2026年11月22日` or `22 Nov 2026`."""
    at = local(ms)
    return f"{at.day} {at:%b %Y}" if lang == "en" else f"{at.year}年{at.month}月{at.day}日"


def date_words(at: date, lang: str) -> str:
    """A day of the calendar in the same words."""
    return f"{at.day} {at:%b %Y}" if lang == "en" else f"{at.year}年{at.month}月{at.day}日"


def short(ms: int, now_ms: int, lang: str) -> str:
    """The time alone on the same day, else the day with the time: what a list or the sync bar has room for."""
    at, now = local(ms), local(now_ms)
    if at.date() == now.date():
        return f"{at:%H:%M}"
    if lang == "en":
        return f"{at.day} {at:%b}, {at:%H:%M}" if at.year == now.year else f"{at.day} {at:%b %Y}"
    return f"{at.month}月{at.day}日 {at:%H:%M}" if at.year == now.year else f"{at.year}年{at.month}月{at.day}日"


def age(since_ms: int, now_ms: int, lang: str) -> str:
    """How long ago, rounded down and in one unit: `3 分钟`, `2 天`. A time to come counts as just now."""
    return _counted(max(0, now_ms - since_ms), _UNITS[1:], lang, at_most=1)


def span(length_ms: int, lang: str) -> str:
    """A length of time in its two largest units: `3 天 4 小时`, `10 年 2 天`."""
    return _counted(length_ms, _UNITS, lang, at_most=2)


def _counted(length_ms: int, units: tuple[tuple[int, str, str, str], ...], lang: str, *, at_most: int) -> str:
    said = []
    for unit_ms, zh, one, many in units:
        count, length_ms = divmod(length_ms, unit_ms)
        if count:
            said.append(f"{count} {one if count == 1 else many}" if lang == "en" else f"{count} {zh}")
    return " ".join(said[:at_most]) or ("less than a minute" if lang == "en" else "不到 1 分钟")
