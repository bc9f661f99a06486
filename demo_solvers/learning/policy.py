"""LocalPolicy: a learned stage's policy as it acts, free of the library that trained it."""

from __future__ import annotations

import io
import itertools
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from demo_solvers.learning.observing import seen
from demo_solvers.learning.stage import LearnedStage
from demo_solvers.learning.steering import Steering
from pipeline.core.doors import Practice
from pipeline.core.errors import InvalidInputError
from pipeline.core.files import write_atomically
from pipeline.core.scene import SceneSpec
from pipeline.core.world import F32, Bools


@dataclass(frozen=True, eq=False)
class LocalPolicy:
    """From what is seen (batch, columns) to actions (batch, actions) in [-1, 1]: a perceptron, with no dice."""

    weights: tuple[F32, ...]  # (outputs, inputs) of each layer
    biases: tuple[F32, ...]  # (outputs,)
    squashed: bool = False  # by tanh, rather than cut off

    @staticmethod
    def of(network: Any, *, outputs: int | None = None, squashed: bool = False) -> LocalPolicy:
        """The linear layers of a ``torch.nn.Sequential`` with exponential linear units between them.

        ``outputs`` keeps the first so many of the last layer.
        """
        linear = [layer for layer in network if hasattr(layer, "weight")]
        arrays = [(one.weight.detach().cpu().numpy().copy(), one.bias.detach().cpu().numpy().copy()) for one in linear]
        arrays[-1] = (arrays[-1][0][:outputs], arrays[-1][1][:outputs])
        return LocalPolicy(tuple(w for w, _ in arrays), tuple(b for _, b in arrays), squashed)

    @property
    def content(self) -> bytes:
        """As it is in a file: arrays without pickles."""
        content = io.BytesIO()
        arrays = {f"weight_{i}": w for i, w in enumerate(self.weights)} | {
            f"bias_{i}": b for i, b in enumerate(self.biases)
        }
        np.savez(content, squashed=np.array(self.squashed), **arrays)  # type: ignore[arg-type]
        return content.getvalue()

    def save(self, path: Path) -> None:
        """Write it whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, self.content)

    @staticmethod
    def load(path: Path) -> LocalPolicy:
        """The inverse of :meth:`save`; raises :class:`InvalidInputError` for what is no policy."""
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as held:
                layers = range((len(held.files) - 1) // 2)
                weights = tuple(held[f"weight_{i}"].astype(np.float32) for i in layers)
                biases = tuple(held[f"bias_{i}"].astype(np.float32) for i in layers)
                squashed = bool(held["squashed"])
        except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise InvalidInputError(f"Policy {str(path)!r} cannot be read; remove it to learn anew.") from error
        fit = [w.ndim == 2 and b.shape == (len(w),) for w, b in zip(weights, biases, strict=True)]
        chained = [later.shape[1:] == (len(w),) for w, later in itertools.pairwise(weights)]
        if not weights or not all(fit) or not all(chained):
            raise InvalidInputError(f"Policy {str(path)!r}: its layers do not fit each other; remove it.")
        return LocalPolicy(weights, biases, squashed)

    def act(self, inputs: F32) -> F32:
        """The action of every row."""
        values = inputs
        for number, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            values = values @ weight.T + bias
            if number < len(self.weights) - 1:
                values = np.where(values > 0, values, np.expm1(np.minimum(values, 0)))
        return (np.tanh(values) if self.squashed else np.clip(values, -1, 1)).astype(np.float32)


def success(practice: Practice, stage: LearnedStage, policy: LocalPolicy, starts: Sequence[SceneSpec]) -> Bools:
    """Whether ``policy`` does the stage's work from each of ``starts``, (starts,), within its decisions."""
    found = list[Bools]()
    for first in range(0, len(starts), practice.batch):
        given = list(starts[first : first + practice.batch])
        padded = given + [given[-1]] * (practice.batch - len(given))
        state = practice.put(list(range(practice.batch)), padded)
        steering, before = Steering(stage, padded), np.zeros((practice.batch, stage.actions), np.float32)
        reached = np.zeros(practice.batch, bool)
        for _ in range(stage.decisions):
            before = policy.act(seen(stage, state, before))
            state = practice.run(steering.follow(before, state.tcp)).at(-1)
            reached |= stage.reached(state)
            if reached.all():
                break
        found.append(reached[: len(given)])
    return np.concatenate(found)
