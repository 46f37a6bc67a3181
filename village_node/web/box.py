"""One box beside the state of a case, and an amount of money as people read it."""

from dataclasses import dataclass

from village_node.web.site import Visit


@dataclass
class Box:
    """One box on the page: its tone and drawing, what it is, and its lines."""

    tone: str
    icon: str
    title: str
    lines: list[str]


def yuan(visit: Visit, fen: int) -> str:
    """An amount held in fen, as people read it."""
    text = f"{fen // 100:,}.{fen % 100:02}"
    return visit.t(f"{text} 元", f"{text} yuan")
