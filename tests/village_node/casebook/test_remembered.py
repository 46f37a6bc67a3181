"""What is computed once for a state of the database, and how much of it is kept."""

from pathlib import Path

from tests.builders import VILLAGE, network
from village_node.casebook import reading


def test_an_answer_is_computed_once_a_state_and_neither_old_ones_nor_ever_more_are_kept(tmp_path: Path) -> None:
    made = network(tmp_path)
    try:
        book, computed = made.members[VILLAGE].casebook, list[str]()

        def ask(name: str) -> str:
            def compute(_: object) -> str:
                computed.append(name)
                return name

            return book.remembered(name, compute)

        assert [ask("a"), ask("a"), ask("b"), ask("a")] == ["a", "a", "b", "a"]
        assert computed == ["a", "b"]
        made.members[VILLAGE].file()
        assert ask("a") == "a" and computed == ["a", "b", "a"], "the database has changed"
        assert "b" not in book._answers, "of an older state"
        for number in range(2 * reading.ANSWERS_MOST):
            ask(f"day {number}")
        assert len(book._answers) == reading.ANSWERS_MOST
        assert ask(f"day {2 * reading.ANSWERS_MOST - 1}") and len(computed) == 3 + 2 * reading.ANSWERS_MOST
    finally:
        made.close()
