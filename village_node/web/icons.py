"""Small line drawings that stand beside a word, so that no status is told by colour alone."""

from typing import Final

from markupsafe import Markup

# Paths on a 16 by 16 field, stroked with the colour of the text around them.
_PATHS: Final = {
    "check": "M3 8.5l3.2 3.2L13 4.8",
    "cross": "M4 4l8 8M12 4l-8 8",
    "clock": "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8M8 4.6V8l2.4 1.7",
    "up": "M8 13V3.4M4 7l4-4 4 4",
    "down": "M8 3v9.6M4 9l4 4 4-4",
    "right": "M3 8h9.6M9 4l4 4-4 4",
    "left": "M13 8H3.4M7 4L3 8l4 4",
    "sync": "M13.2 6.5A5.6 5.6 0 0 0 3.4 4.9M2.8 2v3.2H6M2.8 9.5a5.6 5.6 0 0 0 9.8 1.6M13.2 14v-3.2H10",
    "warning": "M8 2.2L14.4 13.4H1.6zM8 6.4v3.2M8 11.4v.4",
    "offline": "M2 6.2a9 9 0 0 1 4-2.1M14 6.2a9 9 0 0 0-4-2.1M4.6 9a5 5 0 0 1 1.9-1.2M11.4 9a5 5 0 0 0-1.9-1.2"
    "M8 12.4v.2M2.4 1.8l11.2 12.4",
    "edit": "M3 13l.6-2.6L10.8 3.2l2 2-7.2 7.2zM9.4 4.6l2 2",
    "paper": "M4 1.8h5.2L12 4.6v9.6H4zM9 1.8v3h3M6 8h4M6 10.6h4",
    "person": "M8 8a2.9 2.9 0 1 0 0-5.8A2.9 2.9 0 0 0 8 8M2.8 14c.5-2.6 2.6-4 5.2-4s4.7 1.4 5.2 4",
    "search": "M7 11.6A4.6 4.6 0 1 0 7 2.4a4.6 4.6 0 0 0 0 9.2M10.4 10.4L14 14",
    "print": "M4.4 5.4V2h7.2v3.4M4.4 11.4H2V5.4h12v6h-2.4M4.4 9.2h7.2V14H4.4z",
    "home": "M2 7.6L8 2.4l6 5.2M3.6 6.6V14h8.8V6.6",
    "question": "M5.4 6a2.6 2.6 0 1 1 3.6 2.4c-.7.3-1 .8-1 1.6M8 12.2v.2",
    "plus": "M8 3v10M3 8h10",
    "dot": "M8 5.4a2.6 2.6 0 1 0 0 5.2 2.6 2.6 0 0 0 0-5.2",
    "lock": "M3.6 7.4h8.8V14H3.6zM5.4 7.4V5.2a2.6 2.6 0 0 1 5.2 0v2.2",
    "box": "M2 5l6-3 6 3v6l-6 3-6-3zM2 5l6 3 6-3M8 8v6",
    "flag": "M4 14.4V2M4 2.6h8.4l-2 2.8 2 2.8H4",
    "out": "M9.4 2H3v12h6.4M6.6 8H14M11 5l3 3-3 3",
    # Five faces, from a broad smile to a deep frown.
    "very_good": "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8M5.6 6v.6M10.4 6v.6M4.4 8.8h7.2a3.6 3.6 0 0 1-7.2 0",
    "good": "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8M5.6 6v.6M10.4 6v.6M4.8 9.4a3.6 3.6 0 0 0 6.4 0",
    "fair": "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8M5.6 6v.6M10.4 6v.6M5.2 10.2h5.6",
    "poor": "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8M5.6 6v.6M10.4 6v.6M5 11.2a3.6 3.6 0 0 1 6 0",
    "very_poor": "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8M4.8 5.2l1.6 1.2M11.2 5.2L9.6 6.4"
    "M4.6 12a3.7 3.7 0 0 1 6.8 0",
    "letters": "M1.8 12.6L5.4 4l3.6 8.6M3 9.8h4.8M10 12.6l2.2-5.4 2.2 5.4M10.8 10.8h2.8",
}


def icon(name: str) -> Markup:
    """The drawing of this name, hidden from screen readers: the word beside it says the same. Or KeyError."""
    return Markup(
        '<svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">'
        '<path d="{}"/></svg>'
    ).format(_PATHS[name])
