"""Embedding: instructions as vectors, by a sentence model where one is installed, else by their words."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from assets.retrieval import EMBEDDER, EMPTY_WORDS, Method, available_method, encode

DIMENSIONS = 2048  # of the hashed words: at twenty features a text two of them rarely meet
Vectors = NDArray[np.float64]
NAMES: dict[Method, str] = {
    "embedding": f"sentence embedding ({EMBEDDER})",
    "words": f"hashed words and word pairs ({DIMENSIONS} dimensions)",
}
_WORD = re.compile(r"[a-z0-9]+")


def vectors(texts: Sequence[str], *, method: Method | None = None) -> Vectors:
    """(texts, dimensions) of length 1; those of a text do not depend on the others. None takes the best installed."""
    chosen = method or available_method()
    return np.stack([_vector(text, chosen) for text in texts])


def mean_pairwise_distance(texts: Sequence[str], *, method: Method | None = None) -> float:
    """Mean of 1 - cosine over all pairs, 0 where all say the same; 0 for fewer than two texts."""
    n = len(texts)
    if n < 2:
        return 0.0
    total = vectors(texts, method=method).sum(axis=0)
    return float(1.0 - (total @ total - n) / (n * (n - 1)))


@lru_cache(maxsize=20_000)
def _vector(text: str, method: Method) -> Vectors:
    return encode([text])[0] if method == "embedding" else _hashed(text)


def _hashed(text: str) -> Vectors:
    """Counts of words and word pairs, damped by their logarithm, each at a hashed place with a hashed sign.

    Source: Weinberger et al. (2009), "Feature hashing for large scale multitask learning".
    """
    words = [w for w in _WORD.findall(text.lower()) if w not in EMPTY_WORDS] or [text]
    out = np.zeros(DIMENSIONS)
    for feature, count in Counter([*words, *map(" ".join, pairwise(words))]).items():
        digest = hashlib.blake2b(feature.encode(), digest_size=8).digest()
        place = int.from_bytes(digest, "little")
        out[(place >> 1) % DIMENSIONS] += (1.0 if place & 1 else -1.0) * (1.0 + np.log(count))
    length = np.linalg.norm(out)
    return out / length if length else out
