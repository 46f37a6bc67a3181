"""The rates of a year at a county that has so many cases of that year: `rates_sqlite` and `rates_postgres`.

The rows are made up, each case with its own days; beside them is what it would take to fold the events of all of them,
from cases that were recorded, taken in and are folded one by one.
"""

import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any, Final

from sqlalchemy import create_engine, text

from sync_protocol.case.workdays import day_of
from tests.benchmarks.admit import mixed, network_of
from tests.benchmarks.frames import take
from tests.benchmarks.network import Network, opened
from tests.benchmarks.postgresql import NoPostgresql, cluster
from tests.benchmarks.report import Figure, measured, publish, say
from village_node.casebook import Casebook
from village_node.store import cases
from village_node.store.cases import CaseRow, day_number

CASES: Final = 100_000
FOLDED: Final = 300
MOST_MS: Final = 1_000
_TOGETHER: Final = 5_000


def rates_sqlite(many: int = CASES, folded: int = FOLDED) -> None:
    """Milliseconds for the rates of a year, on SQLite."""
    with tempfile.TemporaryDirectory(prefix="sanji-bench-") as folder:
        network = network_of(Path(folder))
        with opened(network.county) as county:
            _rates("rates_sqlite", county, network, many, folded)


def rates_postgres(many: int = CASES, folded: int = FOLDED) -> None:
    """The same on PostgreSQL, its tables swept and counted as they are by themselves after a while."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sanji-bench-")))
        try:
            url = stack.enter_context(cluster())
        except NoPostgresql as problem:
            say(f"rates_postgres left out: {problem}")
            return
        network = network_of(folder)
        county = stack.enter_context(opened(network.county, url))
        _rates("rates_postgres", county, network, many, folded, url)


def _rates(bench: str, county: Casebook, network: Network, many: int, folded: int, url: str = "") -> None:
    fold_ms = _fold_ms(county, network, folded)
    year = day_of(county.clock()).year - 1
    say(f"{bench}: writing the rows of {many} cases ...")
    rows = _rows(network, year, many)
    while some := [row for _, row in zip(range(_TOGETHER), rows, strict=False)]:
        with county.store.writing() as connection:
            cases.put(connection, some)
    if url:
        engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT")
        with engine.connect() as plain:
            plain.execute(text("VACUUM ANALYZE cases"))
        engine.dispose()
    took: dict[str, float] = {}
    with measured() as spent:
        for kind, period in {"month": f"{year}-11", "quarter": f"{year}-Q4", "year": f"{year}"}.items():
            began = time.perf_counter()
            report = county.rates(kind, period)
            took[kind] = (time.perf_counter() - began) * 1000
    if report.whole.received != many or report.whole.settled == 0:
        raise AssertionError(f"{report.whole.received} of {many} cases were counted")
    more = (("reference_of", "ms to fold all of them"), ("quarter_ms", took["quarter"]), ("month_ms", took["month"]))
    publish(Figure(bench, took["year"], "ms", many, spent, most=MOST_MS).beside(fold_ms * many, *more))


def _fold_ms(county: Casebook, network: Network, folded: int) -> float:
    """Milliseconds that it takes to read and fold one case of the mix."""
    for message in mixed(folded, 1).messages:
        take(county, network.township, message)
    with county.store.reading() as connection:
        keys = cases.unfinished(connection)
    began = time.perf_counter()
    for key in keys:
        county.case(*key)
    return (time.perf_counter() - began) * 1000 / len(keys)


def _rows(network: Network, year: int, many: int) -> Iterator[CaseRow]:
    """Cases received on the days of a year at all villages in turn, nine of ten settled some days later."""
    first, chance = day_number(date(year, 1, 1)), random.Random(year)
    bare = CaseRow(*([None] * 25))  # type: ignore[arg-type]
    for number in range(many):
        received = first + number * 365 // many
        settled = received + chance.randrange(12)
        done: dict[str, Any] = {
            "done_day": settled, "done_as": 1, "settled_day": settled, "settled_limit": 10, "settled_used": 4,
            "settled_kind": chance.randrange(4), "statute": int(chance.random() < 0.01), "rating": chance.randrange(6),
            "transfers": 2, "transfer_days": chance.randrange(4), "visits": chance.randrange(3),
        }  # fmt: skip
        yield bare._replace(
            scope=network.villages[number % len(network.villages)].scope, case_id=number.to_bytes(16, "big"),
            case_no=f"N-{number}", item_no=f"{number % 42:03}", item_version=1, state="archived",
            filed_ms=received * 86_400_000, received_day=received, accepted_day=received + 1, owed_day=received + 11,
            corrections=chance.randrange(2), returned=1 if number % 50 == 0 else None,
            previews=1 if number % 20 == 0 else None, previews_in_time=1 if number % 20 == 0 else None,
            **(done if number % 10 else {}),
        )  # fmt: skip
