"""Random numbers of a training: torch's, thrown from a named stream and put back as they were."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.core.streams import stream_seed


@contextmanager
def dice(seed: int, name: str, count: int) -> Iterator[None]:
    """Torch's random numbers inside are those of ``seed``, ``name`` and ``count``; outside they are as they were."""
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(stream_seed(seed, name, count))
        yield


@contextmanager
def others_dice() -> Iterator[None]:
    """Others may throw torch's dice inside; outside they go on as if nobody had."""
    import torch

    with torch.random.fork_rng():
        yield
