"""Makes hostile inputs out of good ones, the same ones for the same seed."""

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

CORPUS: Final = Path(__file__).parent / "corpus"
MAX_BYTES: Final = 66_000
"""A little more than any door takes."""
INTERESTING: Final = (b"\x00", b"\xff", b"\x7f", b"\x80", b"\x00\x00", b"\xff\xff", b"\x7f\xff")


def corpus(name: str) -> list[bytes]:
    """The inputs in a file of the corpus: one a line in hexadecimal, after a comment or none."""
    lines = (CORPUS / f"{name}.txt").read_text().splitlines()
    return [bytes.fromhex(line) for line in lines if not line.startswith("#")]


class Mutator:
    """Changes inputs at random: bytes, lengths, order, and parts of one in another."""

    def __init__(self, inputs: Sequence[bytes], seed: int) -> None:
        self.dice = random.Random(seed)
        self._inputs = [*inputs, b""]
        self._changes: tuple[Callable[[bytearray], None], ...] = (
            self._set,
            self._set,
            self._overwrite,
            self._delete,
            self._repeat,
            self._insert,
            self._splice,
            self._truncate,
        )

    def next(self) -> bytes:
        data = bytearray(self.dice.choice(self._inputs))
        for _ in range(self.dice.choice((0, 1, 1, 1, 2, 3, 8))):
            self.dice.choice(self._changes)(data)
        return bytes(data[:MAX_BYTES])

    def _at(self, data: bytearray) -> int:
        return self.dice.randrange(len(data) + 1)

    def _set(self, data: bytearray) -> None:
        if data:
            data[self.dice.randrange(len(data))] = self.dice.randrange(256)

    def _overwrite(self, data: bytearray) -> None:
        at, new = self._at(data), self.dice.choice(INTERESTING)
        data[at : at + len(new)] = new

    def _delete(self, data: bytearray) -> None:
        at = self._at(data)
        del data[at : at + self.dice.randrange(1, 20)]

    def _repeat(self, data: bytearray) -> None:
        at = self._at(data)
        data[at:at] = data[at : at + self.dice.randrange(1, 80)] * self.dice.choice((1, 2, 30))

    def _insert(self, data: bytearray) -> None:
        at = self._at(data)
        data[at:at] = self.dice.randbytes(self.dice.randrange(1, 9))

    def _splice(self, data: bytearray) -> None:
        other = self.dice.choice(self._inputs)
        data[self._at(data) :] = other[self.dice.randrange(len(other) + 1) :]

    def _truncate(self, data: bytearray) -> None:
        del data[self._at(data) :]
