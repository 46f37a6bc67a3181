"""A tape of numbers that all choices of a made-up history are read from."""


class Tape:
    """A list of numbers read one after the other; past its end every choice is the first."""

    def __init__(self, numbers: list[int]) -> None:
        self._numbers = numbers
        self._next = 0

    def choose(self, count: int) -> int:
        number = self._numbers[self._next] if self._next < len(self._numbers) else 0
        self._next += 1
        return number % count

    def one_in(self, count: int) -> bool:
        return self.choose(count) == count - 1

    @property
    def ended(self) -> bool:
        return self._next >= len(self._numbers)
