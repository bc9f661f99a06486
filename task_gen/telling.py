"""Telling: of all the ways a family can say its task, take the one that repeats least of what was said before."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

from pipeline.core.task import TaskSpec

Gram = tuple[str, ...]
ORDER = 4  # words: what Self-BLEU-4 counts
NONE = 0.1  # counted for no repetition at all, as Self-BLEU does
_WORD = re.compile(r"[a-z0-9]+")


class Teller:
    """Remembers the word sequences of every instruction that it has chosen."""

    def __init__(self) -> None:
        self._said: list[set[Gram]] = [set() for _ in range(ORDER)]

    def told(self, task: TaskSpec) -> TaskSpec:
        """The task with its freshest wording as the instruction and the others as paraphrases."""
        ways = tuple(dict.fromkeys((task.instruction, *task.paraphrases)))
        chosen = min(ways, key=self.repeated)
        for n, said in enumerate(self._said, start=1):
            said.update(_grams(chosen, n))
        return task.model_copy(update={"instruction": chosen, "paraphrases": tuple(w for w in ways if w != chosen)})

    def repeated(self, text: str) -> float:
        """Shares of the text's sequences of one to four words that were said before, as their geometric mean."""
        shares = [_share(list(_grams(text, n)), said) for n, said in enumerate(self._said, start=1)]
        return math.prod(shares) ** (1 / ORDER)


def _share(grams: Sequence[Gram], said: set[Gram]) -> float:
    return (sum(g in said for g in grams) or NONE) / len(grams) if grams else 1.0


def _grams(text: str, n: int) -> Iterator[Gram]:
    words = _WORD.findall(text.lower())
    return (tuple(words[i : i + n]) for i in range(len(words) - n + 1))
