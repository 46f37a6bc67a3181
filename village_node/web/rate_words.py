"""What each rate is called on pages and in files, from the file beside this one."""

import csv
from importlib import resources
from typing import Final, NamedTuple

from sync_protocol.case.rates import Unit

GROUPS: Final[dict[str, tuple[str, str]]] = {
    "time": ("办结和时限", "Settling and limits"),
    "intake": ("收件和受理", "Receiving and accepting"),
    "near": ("就近和少跑", "Near, and with few visits"),
    "volume": ("日均", "A day"),
    "voice": ("评价和整改", "Ratings and what they led to"),
}
UNITS: Final[dict[Unit, tuple[str, str]]] = {
    "percent": ("%", "%"),
    "days": (" 个工作日", " working days"),
    "times": (" 次", " times"),
    "cases": (" 件", " cases"),
}
NOT_KNOWN: Final = ("投诉率", "Complaints upheld")
WHY_NOT_KNOWN: Final = (
    "投诉的核查结果封存给受理投诉的单位和投诉人，本机统计不到；其他单位只知道是否已经答复，见“投诉”。",
    "What a complaint came to is sealed to the place that heard it and to who made it, so it cannot be counted here. "
    "Others only know whether it was answered: see Complaints.",
)


class RateWords(NamedTuple):
    """The words of one rate, as (Chinese, English): its name, what is divided, by what, and a note or nothing."""

    group: str
    name: tuple[str, str]
    part: tuple[str, str]
    whole: tuple[str, str]
    note: tuple[str, str]


def _read() -> dict[str, RateWords]:
    text = resources.files(__package__).joinpath("rate_words.csv").read_text(encoding="utf-8")
    lines = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return {
        row["code"]: RateWords(
            row["group"],
            (row["zh"], row["en"]),
            (row["part_zh"], row["part_en"]),
            (row["whole_zh"], row["whole_en"]),
            (row["note_zh"], row["note_en"]),
        )
        for row in lines
    }


WORDS: Final = _read()
