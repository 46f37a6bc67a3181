"""The recorded exchange of the vectors is what this program says today."""

from tests import second_reader
from tests.sync_protocol.exchange.recording import FILE, exchange_vectors
from tests.sync_protocol.vector_makers.files import text


def test_the_recorded_exchange_is_what_the_nodes_say() -> None:
    made, held = text(exchange_vectors()), FILE.read_text(encoding="utf-8")
    assert made == held, "run: python -m tests.sync_protocol.exchange.recording"


def test_the_recorded_exchange_verifies_in_an_independent_reader() -> None:
    assert second_reader.main([str(FILE)]) == 0
