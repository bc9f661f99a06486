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
from numpy.typing import NDArray

from demo_solvers.learning.course import FALLEN, harsh
from demo_solvers.learning.observing import seen
from demo_solvers.learning.stage import LearnedStage
from demo_solvers.learning.steering import Felt, Steer, Steering, whole
from pipeline.core.doors import Practice
from pipeline.core.errors import InvalidInputError
from pipeline.core.files import write_atomically
from pipeline.core.scene import SceneSpec
from pipeline.core.world import F32, Bools, WorldState


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


@dataclass(frozen=True, eq=False)
class Judged:
    """How a policy did from each of some starts, all (starts,)."""

    reached: Bools
    lost: Bools  # not reached, and what is worked on fell
    hard: Bools  # not reached before something was touched too hard
    actions: NDArray[np.int_]  # until it was reached; all decisions where it was not
    state: WorldState  # at the end
    spent: int  # actions of all worlds

    @property
    def failures(self) -> dict[str, int]:
        """Causes of failure with how often."""
        lost, hard = int(self.lost.sum()), int(self.hard.sum())
        late = int((~self.reached).sum()) - lost - hard
        causes = (("out of time", late), ("lost", lost), ("touched too hard", hard))
        return {cause: count for cause, count in causes if count}


def judged(
    practice: Practice,
    stage: LearnedStage,
    policy: LocalPolicy,
    starts: Sequence[SceneSpec],
    *,
    steer: Steer = Steering,
) -> Judged:
    """Let ``policy`` act once from each of ``starts`` within the stage's decisions."""
    parts = list[Judged]()
    for first in range(0, len(starts), practice.batch):
        given = list(starts[first : first + practice.batch])
        padded = given + [given[-1]] * (practice.batch - len(given))
        parts.append(_judged(practice, stage, policy, padded, len(given), steer))
    arrays = {
        name: np.concatenate([getattr(p, name) for p in parts]) for name in ("reached", "lost", "hard", "actions")
    }
    return Judged(**arrays, state=WorldState.stack([p.state for p in parts]), spent=sum(p.spent for p in parts))


def success(
    practice: Practice,
    stage: LearnedStage,
    policy: LocalPolicy,
    starts: Sequence[SceneSpec],
    *,
    steer: Steer = Steering,
) -> Bools:
    """Whether ``policy`` does the stage's work from each of ``starts``, (starts,), within its decisions."""
    return judged(practice, stage, policy, starts, steer=steer).reached


def _judged(
    practice: Practice, stage: LearnedStage, policy: LocalPolicy, scenes: Sequence[SceneSpec], count: int, steer: Steer
) -> Judged:
    """As :func:`judged`, of the first ``count`` of as many scenes as there are worlds."""
    state = practice.put(list(range(practice.batch)), scenes)
    height = state.body(stage.body)[:, 2].copy()
    steering = steer(stage, scenes)
    reached, taken = np.zeros(practice.batch, bool), np.full(practice.batch, stage.decisions)
    hard, spent = np.zeros(practice.batch, bool), 0
    for number in range(1, stage.decisions + 1):
        action = policy.act(whole(steering, seen(stage, state, steering.heading), state))
        trace = practice.run(steering.follow(action, state.tcp, Felt.of(stage, state)))
        state, hard = trace.at(-1), hard | (harsh(trace) & ~reached)
        new = stage.reached(state) & ~reached & ~hard
        taken[new], reached, spent = number, reached | new, number * practice.batch
        if (reached | hard).all():
            break
    lost = ~reached & (state.body(stage.body)[:, 2] < height - FALLEN)
    rows = slice(0, count)
    return Judged(reached[rows], lost[rows] & ~hard[rows], hard[rows], taken[rows], state.rows(rows), spent)
