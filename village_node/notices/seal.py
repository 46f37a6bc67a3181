"""The picture of a seal: names on an arc around a star, and always the word that it is a sample."""

from math import cos, radians, sin
from typing import Final
from xml.sax.saxutils import escape

RED: Final = "#c8102e"
SAMPLE: Final = "样章"
KINDS: Final = {"acceptance": "受理专用章", "decision": "行政审批专用章"}
_SIZE: Final = 420
_MIDDLE: Final = _SIZE / 2
_RADIUS: Final = 196
_WIDEST_DEGREES: Final = 250.0
_LARGEST: Final = 54.0


def drawn(name: str, kind: str, mark: str = "") -> str:
    """The seal of an office as SVG. ``kind``: acceptance or decision; ``mark``: which of several it is."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_SIZE} {_SIZE}">',
        f'<circle cx="{_MIDDLE:g}" cy="{_MIDDLE:g}" r="{_RADIUS}" fill="none" stroke="{RED}" stroke-width="10"/>',
        f'<polygon points="{_star(_MIDDLE, _MIDDLE - 24, 50)}" fill="{RED}"/>',
        f'<g fill="{RED}" stroke="{RED}" stroke-width="0.8" text-anchor="middle" font-family="Noto Serif SC">',
        *_on_the_arc(name),
        _line(KINDS[kind] + (f"（{mark}）" if mark else ""), 318, 38),
        "</g>",
        # Over everything, in a frame of its own: nobody takes the picture for a seal.
        f'<rect x="{_MIDDLE - 62:g}" y="232" width="124" height="48" fill="none" stroke="{RED}" stroke-width="3"/>',
        f'<g fill="{RED}" text-anchor="middle" font-family="Noto Sans SC">{_line(SAMPLE, 270, 40)}</g>',
        "</svg>",
    ]
    return "".join(parts)


def _on_the_arc(name: str) -> list[str]:
    """Each character upright on its own radius; many of them stand closer and are smaller."""
    letters = list(name)
    apart = min(_WIDEST_DEGREES / max(len(letters) - 1, 1), 30.0)
    size = min(_LARGEST, 2 * 3.1416 * 150 * apart / 360 * 1.02)
    radius = _RADIUS - 14 - size * 0.86
    found = []
    for index, letter in enumerate(letters):
        turn = (index - (len(letters) - 1) / 2) * apart
        x, y = _MIDDLE + radius * sin(radians(turn)), _MIDDLE - radius * cos(radians(turn))
        found.append(
            f'<text font-size="{size:.1f}" transform="translate({x:.1f} {y:.1f}) rotate({turn:.1f})">'
            f"{escape(letter)}</text>"
        )
    return found


def _line(words: str, y: float, size: float) -> str:
    """Words on a straight line, no wider than there is room for them."""
    shown = min(size, 250 / max(len(words), 1))
    return f'<text font-size="{shown:.1f}" x="{_MIDDLE:g}" y="{y:g}">{escape(words)}</text>'


def _star(x: float, y: float, radius: float) -> str:
    inner = radius * 0.382
    points = []
    for index in range(10):
        reach = inner if index % 2 else radius
        points.append(f"{x + reach * sin(radians(36 * index)):.1f},{y - reach * cos(radians(36 * index)):.1f}")
    return " ".join(points)
