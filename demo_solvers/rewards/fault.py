"""RewardError: what is wrong with a reward, at which place of it, and what would be right."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from pipeline.core.errors import InvalidInputError

SHOWN = 40  # characters of a word that a message repeats


class RewardError(InvalidInputError):
    """A reward that cannot be read, or does not fit its scene.

    ``place`` is ``line 3, column 7`` of a text, or the path of a tree such as ``lines[2].value.parts[0]``.
    """

    def __init__(self, place: str, what: str, allowed: Iterable[str] = (), word: str = "") -> None:
        self.place, self.what, self.allowed, self.word = place, what, tuple(allowed), word
        close = difflib.get_close_matches(word[:SHOWN], self.allowed, n=1, cutoff=0.5) if word else []
        hint = f" Did you mean {close[0]!r}?" if close else ""
        listed = f" Allowed: {', '.join(self.allowed)}." if self.allowed else ""
        self.message = f"Reward, {place}: {what}.{hint}{listed}"
        super().__init__(self.message)

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[type[RewardError], tuple[str, str, tuple[str, ...], str]]:
        return type(self), (self.place, self.what, self.allowed, self.word)


def shown(word: str) -> str:
    """A word of the reward as a message repeats it: quoted, escaped and short."""
    return ascii(word if len(word) <= SHOWN else word[: SHOWN - 3] + "...")
