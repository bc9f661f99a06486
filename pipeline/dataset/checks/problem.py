"""Problem: one finding about a dataset, and where it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

MOST_NAMED = 8
Heard = Callable[[int, int], None]
"""Told of how much was done since the last call, and of how much there is in all."""


@dataclass(frozen=True)
class Problem:
    """``array`` is its path in the dataset, ``episode`` its index where it concerns one.

    What is wrong with a file names the file, the array that it belongs to, and all ``episodes`` that are hit.
    """

    array: str
    episode: int | None
    message: str
    file: str = ""
    episodes: tuple[int, ...] = ()

    def __str__(self) -> str:
        where = self.file or self.array or "dataset"
        if self.file and self.array and self.array != self.file:
            where += f" ({self.array})"
        if self.episode is not None:
            where += f", episode {self.episode}"
        if self.episodes:
            where += f", episode{'s' * (len(self.episodes) > 1)} {spans(self.episodes)}"
        return f"{where}: {self.message}"


def spans(numbers: Sequence[int]) -> str:
    """Ascending numbers in words: ``3, 7 to 12``."""
    runs: list[list[int]] = []
    for n in numbers:
        if runs and n == runs[-1][1] + 1:
            runs[-1][1] = n
        else:
            runs.append([n, n])
    words = [str(a) if a == b else f"{a} to {b}" for a, b in runs]
    more = len(words) - MOST_NAMED
    return ", ".join(words[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
