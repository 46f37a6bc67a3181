"""Every benchmark runs to its end on next to nothing and prints the figures it is named for."""

import json

import pytest

from tests.benchmarks import __main__ as command
from tests.benchmarks import admit, author, checkpoint, crowd, hops, live, memory, papers, postgresql, rates, wire

pytestmark = [pytest.mark.sockets, pytest.mark.slow]


@pytest.fixture
def figures(capfd: pytest.CaptureFixture[str]):
    """What has been printed so far, by name."""

    def read() -> dict[str, dict]:
        return {told["bench"]: told for told in map(json.loads, capfd.readouterr().out.splitlines())}

    return read


@pytest.fixture
def binaries() -> None:
    """The programs of PostgreSQL are there, which `.ci/run` requires."""
    try:
        postgresql.binaries()
    except postgresql.NoPostgresql as problem:
        pytest.skip(str(problem))


def test_admission_and_growth_take_in_every_event_of_the_mix(figures):
    admit.admit_sqlite(cases=20, groups=2)
    admit.growth(cases=20, sizes=(2, 5))
    told = figures()
    assert told["admit_sqlite"]["n"] == 120
    assert told["admit_sqlite"]["ratio"] > 0
    assert told["growth"]["events_per_s"].keys() == {"2", "5"}


@pytest.mark.postgres
@pytest.mark.usefixtures("binaries")
def test_admission_runs_on_postgresql(figures):
    admit.admit_postgres(cases=20, groups=2)
    assert figures()["admit_postgres"]["n"] == 120


def test_authoring_is_measured_one_by_one_and_in_bulk(figures):
    author.author(one_by_one=3, bulk=5)
    told = figures()["author"]
    assert told["value"] > 0
    assert told["bulk_per_s"] > 0


def test_two_hops_count_cases_requests_and_cpu_of_one_climb(figures):
    hops.two_hops_up(cases=20, mix_cases=4, villages=2)
    hops.requests_10k(cases=20, villages=2)
    hops.cpu_ms_per_case(cases=20, villages=2)
    told = figures()
    assert told["two_hops_up"]["events"] == 40
    assert told["two_hops_up"]["mix_events"] == 24
    assert told["requests_10k"]["to_township"] >= 2
    assert told["requests_10k"]["n"] == told["cpu_ms_per_case"]["n"] == 20


def test_a_live_change_comes_back_decided(figures):
    live.live_round_trip_ms(stored=4, rounds=2, villages=2)
    told = figures()["live_round_trip_ms"]
    assert told["children_waiting"] == 2
    assert told["value"] <= told["worst"]


def test_papers_are_carried_over_a_line_that_breaks(figures):
    papers.paper_goodput(size=20_000, rate=40_000, break_s=1.0)
    papers.paper_resets(resets=12)
    told = figures()
    assert told["paper_goodput"]["value"] > 0 and told["paper_goodput"]["n"] == 20_000
    assert (told["paper_resets"]["lost"], told["paper_resets"]["doubled"], told["paper_resets"]["n"]) == (0, 0, 12)


def test_bytes_are_counted_on_both_hops(figures):
    wire.wire_bytes(batches=(2,), stored=4, villages=2)
    wire.idle_bytes(villages=2)
    wire.sealing_bytes(rounds=3)
    told = figures()
    assert told["wire_bytes_2"]["up"] > 300
    assert told["wire_bytes_2"]["village_hop"] > 300
    assert told["sealing_bytes"]["first_request_s1q"] > told["sealing_bytes"]["first_request_s1"] > 80
    assert 25 < told["sealing_bytes"]["value"] <= 40
    assert told["idle_bytes"]["round_trips"] == 1
    assert told["idle_bytes"]["with_heads"] > told["idle_bytes"]["value"] > 200


def test_memory_is_that_of_the_serving_processes(figures):
    memory.memory_mb(cases=20)
    told = figures()["memory_mb"]
    assert told["value"] > 20
    assert told["county_mb"] > 20


def test_a_checkpoint_is_measured_with_its_tree_and_its_answers(figures):
    checkpoint.checkpoint(heads=50)
    told = figures()["checkpoint"]
    assert told["value"] > 0
    assert told["line_bytes"] > 200


def test_a_crowd_comes_back_and_holds_its_receipts(figures):
    crowd.crowd(cases=9, villages=3, townships=2, within_s=0.5)
    told = figures()["crowd"]
    assert told["events"] == 18
    assert 0 < told["value"] <= told["last_receipts_s"] + 1
    assert told["exchanges_at_townships"] >= 3
    assert told["exchanges_at_county"] >= 2
    assert told["light_wait_s"] > 0
    assert told["pages"] > 0


@pytest.mark.postgres
@pytest.mark.usefixtures("binaries")
def test_a_crowd_comes_back_to_postgresql(figures):
    crowd.crowd(cases=4, villages=2, townships=1, within_s=0.2, on_postgresql=True)
    assert figures()["crowd"]["county"] == "postgresql"


def test_the_rates_of_a_year_are_counted_beside_a_folding_of_its_cases(figures):
    rates.rates_sqlite(many=2_000, folded=20)
    told = figures()["rates_sqlite"]
    assert told["n"] == 2_000 and told["value"] > 0
    assert told["ratio"] > 0


@pytest.mark.postgres
@pytest.mark.usefixtures("binaries")
def test_the_rates_of_a_year_are_counted_on_postgresql(figures):
    rates.rates_postgres(many=2_000, folded=20)
    assert figures()["rates_postgres"]["ratio"] > 0


def test_an_unknown_name_is_refused_with_the_names_there_are(capsys):
    with pytest.raises(SystemExit):
        command.main(["no_such_bench"])
    assert "two_hops_up" in capsys.readouterr().err
