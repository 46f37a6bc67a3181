"""PROTOCOL.md as tests read it: its sections and the rows of their tables."""

from importlib import resources


def section(number: int) -> str:
    """The text of one numbered section."""
    text = resources.files("sync_protocol").joinpath("PROTOCOL.md").read_text("utf-8")
    return text.partition(f"\n## {number}. ")[2].partition("\n## ")[0]


def rows(number: int) -> list[list[str]]:
    """The cells of the tables of one section, without heads and rules."""
    lines = [line for line in section(number).splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [
        row for row, below in zip(cells, [*cells[1:], [""]], strict=True) if not _is_rule(row) and not _is_rule(below)
    ]


def _is_rule(row: list[str]) -> bool:
    return all(set(cell) <= {"-", ":"} and cell for cell in row)
