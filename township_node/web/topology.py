"""The map of the places under this one: one branch a place, its own places as marks along it, drawn at the server.

A mark is told by its form before its colour, and by its words for who hears the page: how long ago something came.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from markupsafe import Markup

from village_node.web import Visit, times

Age = Literal["fresh", "quiet", "silent", "never", "absent"]

DAY_MS: Final = 86_400_000
SILENT_AFTER_MS: Final = 7 * DAY_MS
# In words: tone, drawing beside the words, Chinese, English. Of a place right below, how long ago it was heard.
HEARD: Final[dict[Age, tuple[str, str, str, str]]] = {
    "fresh": ("good", "check", "一天内联系过", "heard within a day"),
    "quiet": ("waiting", "clock", "一天以上没有联系", "not heard for a day"),
    "silent": ("bad", "warning", "七天以上没有联系", "not heard for a week"),
    "never": ("plain", "question", "从未联系", "never heard"),
    "absent": ("plain", "out", "没有入网", "no machine in the network"),
}
# Of one further down this place hears by its records alone: one that had nothing to write is as quiet as one that is
# cut off. In the order of the legend.
AGES: Final[dict[Age, tuple[str, str, str, str]]] = {
    "fresh": ("good", "check", "一天内有新记录", "new records within a day"),
    "quiet": ("waiting", "clock", "一天以上没有新记录", "no new record for a day"),
    "silent": ("waiting", "warning", "七天以上没有新记录", "no new record for a week"),
    "never": ("plain", "question", "还没有记录", "no record yet"),
    "absent": ("plain", "out", "没有入网", "no machine in the network"),
}
# Each form around its middle, in the units of the drawing.
_FORMS: Final[dict[Age, str]] = {
    "fresh": '<circle r="9"/>',
    "quiet": '<circle r="8"/><path d="M0-5v5l3 2"/>',
    "silent": '<path d="M0-10L10 8H-10zM0-3v5M0 5v.5"/>',
    "never": '<circle r="8" stroke-dasharray="3 3"/>',
    "absent": '<path d="M-6-6L6 6M6-6L-6 6"/>',
}
_STEP: Final = 34
_A_ROW: Final = 10


class Leaf(NamedTuple):
    """A place at the end of a branch; ``at_ms``: when the newest of its records here was written, None: none."""

    place: str
    name: str
    at_ms: int | None
    age: Age


def age_of(at_ms: int | None, now_ms: int, *, has_machine: bool) -> Age:
    """How fresh what is held of a place is."""
    if at_ms is None:
        return "never" if has_machine else "absent"
    if now_ms - at_ms > SILENT_AFTER_MS:
        return "silent"
    return "quiet" if now_ms - at_ms > DAY_MS else "fresh"


def counted(visit: Visit, leaves: Sequence[Leaf]) -> str:
    """How many places are how fresh, in one sentence."""
    numbers = Counter(leaf.age for leaf in leaves)
    said = [
        visit.t(f"{AGES[age][2]} {numbers[age]} 个", f"{AGES[age][3]}: {numbers[age]}") for age in AGES if numbers[age]
    ]
    return visit.t("，", ", ").join(said)


def branch(visit: Visit, leaves: Sequence[Leaf], words: str) -> Markup:
    """The drawing of one branch: a stem, and the marks along its twigs. ``words``: what it says, for who hears it."""
    rows = [leaves[start : start + _A_ROW] for start in range(0, len(leaves), _A_ROW)]
    width, height = _STEP * (min(len(leaves), _A_ROW) + 1), _STEP * len(rows)
    drawn = [Markup('<path class="twig" d="M8 0V{}"/>').format(height - _STEP // 2)]
    for number, row in enumerate(rows):
        middle = number * _STEP + _STEP // 2
        drawn.append(Markup('<path class="twig" d="M8 {}H{}"/>').format(middle, _STEP * len(row) + 8))
        for at, leaf in enumerate(row, start=1):
            drawn.append(
                Markup('<g class="mark age-{}" transform="translate({} {})"><title>{}</title>{}</g>').format(
                    leaf.age, _STEP * at + 8, middle, told(visit, leaf), Markup(_FORMS[leaf.age])
                )
            )
    return Markup(
        '<svg class="branch" viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="img" aria-label="{}">{}</svg>'
    ).format(words, Markup("").join(drawn), w=width, h=height)


def told(visit: Visit, leaf: Leaf) -> str:
    """One place and how long ago something of it came, in words."""
    if leaf.at_ms is None:
        return visit.t(f"{leaf.name}：{AGES[leaf.age][2]}", f"{leaf.name}: {AGES[leaf.age][3]}")
    ago = _ago(visit, leaf.at_ms)
    return visit.t(f"{leaf.name}：最新记录 {ago}前", f"{leaf.name}: newest record {ago} ago")


def _ago(visit: Visit, at_ms: int) -> str:
    return times.age(at_ms, visit.now_ms, visit.lang)


def mark(age: Age) -> Markup:
    """One mark by itself, for the legend."""
    return Markup(
        '<svg class="branch" viewBox="-12 -12 24 24" width="24" height="24" aria-hidden="true">'
        '<g class="mark age-{}">{}</g></svg>'
    ).format(age, Markup(_FORMS[age]))
