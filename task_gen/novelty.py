"""Novelty: near-duplicates by structure and by words, and how varied a set of tasks is."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from assets.retrieval import Method, available_method
from pipeline.core.goal import Atom, Goal, literals
from pipeline.core.task import TaskSpec
from pipeline.holds import parse
from task_gen.embedding import vectors

SIMILAR = 0.8  # share of common word pairs from which two instructions count as the same
# Cosine of sentence embeddings from which they do as well, where a sentence model is installed. It is deaf to order and
# sides (mug on plate and plate on mug 0.99, top and bottom drawer 0.98), so the goals must agree too.
SAME_MEANING = 0.97
SMOOTHING = 0.1  # added to the count of n-grams that occur nowhere else, as in the usual epsilon smoothing
_WORD = re.compile(r"[a-z0-9]+")


def signature(task: TaskSpec) -> str:
    """The task's structure with objects named by their assets; equal for tasks that differ in names and order only."""
    assets = {o.name: o.asset for o in task.objects}
    initial = sorted(_canonical(parse(text), assets) for text in task.initial)
    return f"{_canonical(parse(task.goal), assets)} <- {' '.join(initial)}"


def same_structure(task: TaskSpec, others: Iterable[TaskSpec]) -> TaskSpec | None:
    """The first of ``others`` with the same goal and start up to renaming."""
    wanted = signature(task)
    return next((o for o in others if signature(o) == wanted), None)


def same_words(
    task: TaskSpec, others: Iterable[TaskSpec], *, threshold: float = SIMILAR, method: Method | None = None
) -> TaskSpec | None:
    """The first of ``others`` whose instruction says nearly the same.

    That is one which shares at least ``threshold`` of its word pairs (Dice coefficient) or, by the ``embedding``
    method, has a cosine of at least SAME_MEANING while one goal's relations are among the other's. ``method`` None
    takes the best one installed.
    """
    pairs, chosen = _pairs(task.instruction), method or available_method()

    def nearly(other: TaskSpec) -> bool:
        if _dice(pairs, _pairs(other.instruction)) >= threshold:
            return True
        return chosen == "embedding" and _agree(task, other) and _cosine(task, other) >= SAME_MEANING

    return next((o for o in others if nearly(o)), None)


def near_duplicates(tasks: Sequence[TaskSpec], *, method: Method | None = None) -> dict[str, str]:
    """Tasks that say nearly what an earlier one of the set says, each with the name of the first such."""
    found = ((t.name, same_words(t, tasks[:i], method=method)) for i, t in enumerate(tasks))
    return {name: twin.name for name, twin in found if twin is not None}


def self_bleu(texts: Sequence[str], *, order: int = 4) -> float:
    """Mean BLEU of each text against all others, in [0, 1]; lower is more varied (Zhu et al. 2018, "Texygen").

    Lower-cased words, all other texts as references, n-grams up to ``order`` with equal weights, clipped counts,
    epsilon smoothing of 0.1, the closest reference's length for the brevity penalty; exact duplicates count once. It
    rises with the number of texts: compare sets of equal size.
    """
    words = [tuple(_WORD.findall(t.lower())) for t in dict.fromkeys(texts)]
    words = [w for w in words if w]
    if len(words) < 2:
        return 0.0
    return sum(_bleu(w, [o for j, o in enumerate(words) if j != i], order) for i, w in enumerate(words)) / len(words)


def _bleu(words: tuple[str, ...], references: Sequence[tuple[str, ...]], order: int) -> float:
    logs = 0.0
    for n in range(1, order + 1):
        own = Counter(_grams(words, n))
        total = sum(own.values())
        if not total:
            return 0.0
        most: Counter[tuple[str, ...]] = Counter()
        for reference in references:
            most |= Counter(g for g in _grams(reference, n) if g in own)
        clipped = sum(min(count, most[gram]) for gram, count in own.items())
        logs += math.log((clipped or SMOOTHING) / total) / order
    closest = min((abs(len(r) - len(words)), len(r)) for r in references)[1]
    return math.exp(logs + min(0.0, 1.0 - closest / len(words)))


def _grams(words: Sequence[str], n: int) -> list[tuple[str, ...]]:
    return [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]


def _pairs(text: str) -> Counter[tuple[str, str]]:
    words = ["<", *_WORD.findall(text.lower()), ">"]
    return Counter(pairwise(words))


def _cosine(a: TaskSpec, b: TaskSpec) -> float:
    one, other = vectors([a.instruction, b.instruction], method="embedding")
    return float(one @ other)


def _agree(a: TaskSpec, b: TaskSpec) -> bool:
    """Whether everything that one goal relates, the other does too, objects named by their assets."""
    one, other = _relations(a), _relations(b)
    return one <= other or other <= one


def _relations(task: TaskSpec) -> frozenset[tuple[str, bool]]:
    assets = {o.name: o.asset for o in task.objects}
    return frozenset((_canonical(atom, assets), positive) for atom, positive in literals(parse(task.goal)))


def _dice(a: Counter[tuple[str, str]], b: Counter[tuple[str, str]]) -> float:
    return 2 * (a & b).total() / max(1, a.total() + b.total())


def _canonical(goal: Goal, assets: dict[str, str]) -> str:
    if isinstance(goal, Atom):
        return f"({' '.join([goal.predicate, *(_asset_of(a, assets) for a in goal.args)])})"
    parts = [_canonical(p, assets) for p in goal.parts]
    return f"({goal.op} {' '.join(parts if goal.op == 'not' else sorted(parts))})"


def _asset_of(body: str, assets: dict[str, str]) -> str:
    name, slash, link = body.partition("/")
    return assets.get(name, name) + slash + link
