"""Paraphrases by grammar: an instruction in other verbs, prepositions and tones, for policies that listen."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Protocol

from pipeline.core.task import TaskSpec

LEAST = 5  # paraphrases a task
TONES = (
    "Please {plain}.",
    "Could you {plain}?",
    "{plain_capital}, please.",
    "I would like you to {plain}.",
    "Your task is to {plain}.",
    "Now {plain}.",
    "Can you {plain} for me?",
    "The robot should {plain}.",
)
# Each row holds words that may stand for each other in every instruction that our templates make.
SYNONYMS: tuple[tuple[str, ...], ...] = (
    ("put", "place", "set"),
    ("pick up", "grab", "take"),
    ("push", "slide", "shove"),
    ("drop it into", "put it into", "lower it into"),
    ("set it on", "put it on", "rest it on"),
    ("next to", "beside"),
    ("just to the", "directly to the"),
    ("so that it stays there", "so that it does not fall"),
    ("fully open", "completely open"),
    ("shut", "close"),
    ("build a tower with", "make a tower with"),
)


class Paraphraser(Protocol):
    """Writes paraphrases. Which calls of a model failed stands in ``failed_calls``; grammar stands in for them."""

    failed_calls: list[str]

    def reworded(self, tasks: Sequence[TaskSpec]) -> tuple[TaskSpec, ...]:
        """The tasks with at least five paraphrases each and the name of who wrote them."""
        ...


@dataclass
class GrammarParaphraser:
    """Paraphrases by :func:`paraphrase`; a task that came with enough of them keeps its own."""

    failed_calls: list[str] = field(default_factory=list[str])  # never any: nobody is called

    def reworded(self, tasks: Sequence[TaskSpec]) -> tuple[TaskSpec, ...]:
        """The tasks with at least five paraphrases each."""
        return tuple(t if len(set(t.paraphrases)) >= LEAST else _by_grammar(t) for t in tasks)


def _by_grammar(task: TaskSpec) -> TaskSpec:
    return task.model_copy(update={"paraphrases": paraphrase(task.instruction), "paraphraser": "procedural"})


def paraphrase(instruction: str, *, count: int = LEAST) -> tuple[str, ...]:
    """At least five, at most ``count`` if that is more, other ways to say an imperative sentence; always the same ones.

    Half change words, half the tone, none is the instruction itself. What the objects are called never changes.
    """
    plain = _imperative(instruction)
    reworded = list(dict.fromkeys(w for w in _reworded(plain) if w != plain))
    start = int(hashlib.sha256(instruction.encode()).hexdigest(), 16)
    tones = [TONES[(start + i) % len(TONES)] for i in range(len(TONES))]
    said = [_sentence(w) for w in _rotated(reworded, start)[: count // 2]]
    bodies = [plain, *reworded]
    toned = [
        tone.format(plain=bodies[i % len(bodies)], plain_capital=_capital(bodies[i % len(bodies)]))
        for i, tone in enumerate(tones)
    ]
    every = dict.fromkeys(chain(said, toned))
    every.pop(instruction, None)
    return tuple(every)[: max(LEAST, count)]


def _imperative(instruction: str) -> str:
    text = instruction.strip().rstrip(".!")
    return text[:1].lower() + text[1:]


def _reworded(text: str) -> Iterator[str]:
    """The text with one group of words replaced by each of its synonyms."""
    for row in SYNONYMS:
        for word in row:
            if re.search(rf"\b{re.escape(word)}\b", text):
                yield from (re.sub(rf"\b{re.escape(word)}\b", other, text, count=1) for other in row if other != word)
                break


def _rotated(items: list[str], start: int) -> list[str]:
    turn = start % len(items) if items else 0
    return items[turn:] + items[:turn]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _sentence(text: str) -> str:
    return _capital(text) + "."
