"""What all tests of a process keep together is told apart where it differs."""

from sqlalchemy import Engine, create_engine, literal, select
from sqlalchemy.dialects import postgresql, sqlite

from tests.once import Statements


def test_databases_of_one_dialect_share_what_a_statement_is_and_another_dialect_has_its_own() -> None:
    kept = Statements(10)
    kept[sqlite.dialect(), "a statement"] = "its SQL"
    assert kept.get((sqlite.dialect(), "a statement")) == "its SQL"
    assert kept.get((sqlite.dialect(), "another")) is None
    assert kept.get((postgresql.dialect(paramstyle="qmark"), "a statement")) is None
    assert kept.get((sqlite.dialect(paramstyle="named"), "a statement")) is None


def test_each_database_answers_for_itself() -> None:
    engines: list[Engine] = [create_engine("sqlite://"), create_engine("sqlite://")]
    assert engines[0]._compiled_cache is engines[1]._compiled_cache
    for number, engine in enumerate(engines):
        with engine.connect() as connection:
            assert connection.scalar(select(literal(number))) == number
        engine.dispose()
