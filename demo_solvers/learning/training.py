"""Training: what was practised, how it went, and the file from which it goes on."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field, ValidationError

from demo_solvers.learning.course import Taken
from demo_solvers.learning.observing import SIGHT
from demo_solvers.learning.stage import LearnedStage
from pipeline.core.errors import InvalidInputError, OutputError
from pipeline.core.geometry import Frozen
from pipeline.core.scene import SceneSpec

EPISODES = 4  # of the greatest length between two checkpoints
MASTERED, MASTERED_IN = 0.7, 100  # share of the newest episodes that masters a level of the curriculum, and of how many


class PPOSettings(Frozen):
    """Proximal policy optimisation (Schulman et al., 2017), with the settings that did best in our trials."""

    worlds: int = Field(default=64, ge=1)
    horizon: int = Field(default=24, ge=1, description="actions of each world between updates")
    epochs: int = Field(default=5, ge=1)
    minibatches: int = Field(default=4, ge=1)
    rate: float = Field(default=1e-3, gt=0, description="learning rate, adapted to keep the divergence")
    divergence: float = Field(default=0.015, gt=0, description="Kullback-Leibler divergence of an update")
    discount: float = Field(default=0.97, gt=0, lt=1)
    trace: float = Field(default=0.95, gt=0, le=1, description="lambda of the advantage estimate")
    entropy: float = Field(default=0.002, ge=0)
    hidden: tuple[int, ...] = (128, 128)
    spread: float = Field(default=0.6, gt=0, description="deviation of the first actions")


class RLPDSettings(Frozen):
    """Reinforcement learning with prior data (Ball et al., 2023): a soft actor-critic, half of each batch from before.

    Beside the paper's, the policy begins as a clone of the prior and stays near it by ``cloning``.
    """

    worlds: int = Field(default=32, ge=1)
    horizon: int = Field(default=24, ge=1, description="actions of each world between points of the curve")
    updates: int = Field(default=6, ge=1, description="gradient steps of the critics for each action of all worlds")
    batch: int = Field(default=256, ge=2, description="rows, half of them of the prior where there is one")
    critics: int = Field(default=2, ge=2, le=10)
    rate: float = Field(default=7e-4, gt=0)
    discount: float = Field(default=0.96, gt=0, lt=1)
    blend: float = Field(default=0.01, gt=0, le=1, description="share by which target critics follow")
    spread: float = Field(default=0.2, gt=0, description="deviation of a clone's first actions: they are near right")
    temperature: float = Field(default=0.001, gt=0, description="of the entropy, to begin with; rewards come seldom")
    cloning: float = Field(default=1.0, ge=0, description="weight of the squared error to the prior's actions")
    warm: int = Field(
        default=10, ge=0, description="points of the curve for which the clone acts and critics alone learn"
    )
    cloned: int = Field(default=1000, ge=0, description="gradient steps of cloning before the first action")
    hidden: tuple[int, ...] = (128, 128)


class Budget(Frozen):
    """When a training ends. It is counted in actions of all worlds, never in seconds."""

    steps: int = Field(default=200_000, ge=1)
    target: float = Field(default=0.95, gt=0, le=1, description="share of reached episodes at which it ends early")
    judged: int = Field(default=200, ge=1, description="newest episodes that the share is taken over")
    keep: int = Field(default=10, ge=1, description="updates between checkpoints, at which every world begins anew")

    @staticmethod
    def lasting(steps: int, *, decisions: int, horizon: int, target: float = 0.95) -> Budget:
        """A budget whose checkpoints are ``EPISODES`` of the longest episodes apart.

        Checkpoints break off what has not ended, which is what fails: too many of them flatter the share of successes.
        """
        return Budget(steps=steps, target=target, keep=max(10, -(-EPISODES * decisions // horizon)))


class Point(Frozen):
    """One update of the curve."""

    steps: int = Field(description="actions so far, of all worlds")
    episodes: int = Field(description="ended since the last point")
    reached: int = Field(description="of these")
    reward: float = Field(description="mean of an action")
    terms: dict[str, float] = Field(default_factory=dict, description="mean of each term of the reward")
    spread: float = Field(description="mean deviation of the actions")
    level: int = Field(default=0, ge=0, description="of the curriculum")


class Record(Frozen):
    """Everything but the weights."""

    digest: str = Field(description="of the stage, the settings, the starts, the reward and the seed")
    stage: LearnedStage
    updates: int = 0
    curve: tuple[Point, ...] = ()
    finished: bool = False

    @property
    def steps(self) -> int:
        """Actions so far, of all worlds."""
        return self.curve[-1].steps if self.curve else 0

    @property
    def level(self) -> int:
        """The level of the curriculum that was practised last."""
        return self.curve[-1].level if self.curve else 0

    def recent(self, episodes: int, *, updates: int = 1) -> tuple[int, float]:
        """How many of the newest episodes of this level ended, and the share of these that reached: of at least
        ``episodes`` and of the last ``updates``, if there were so many.

        With updates as far apart as all worlds begin anew, what ends soon counts no more than what lasts: right after
        a beginning, only what reaches at once has ended.
        """
        ended = reached = seen = 0
        for point in reversed(self.curve):
            if (ended >= episodes and seen >= updates) or point.level != self.level:
                break
            ended, reached, seen = ended + point.episodes, reached + point.reached, seen + 1
        return ended, reached / max(ended, 1)

    def next_level(self, last: int) -> int:
        """The level to practise next, of ``last`` at most: one up when this one is mastered."""
        ended, share = self.recent(MASTERED_IN)
        return min(self.level + (ended >= MASTERED_IN and share >= MASTERED), last)

    def is_over(self, budget: Budget, *, last: int = 0) -> bool:
        """Whether the budget is used up, or the target reached at level ``last``."""
        ended, share = self.recent(budget.judged, updates=budget.keep)
        done = self.level >= last and ended >= budget.judged and share >= budget.target
        return self.steps >= budget.steps or done


def point_of(taken: Sequence[Taken], *, steps: int, spread: float, level: int = 0) -> Point:
    """What came of some actions, as a point of the curve."""
    terms = {name: float(np.mean([t.terms[name] for t in taken])) for name in taken[0].terms}
    return Point(
        steps=steps,
        episodes=int(sum(t.ended.sum() for t in taken)),
        reached=int(sum(t.reached.sum() for t in taken)),
        reward=float(np.mean([t.reward for t in taken])),
        terms=terms,
        spread=spread,
        level=level,
    )


def training_digest(
    stage: LearnedStage, settings: Frozen, budget: Budget, levels: Sequence[Sequence[SceneSpec]], reward: str, seed: int
) -> str:
    """Content address of a training; ``levels`` are its starts and ``reward`` is the text of its reward."""
    told = [stage.model_dump(mode="json"), settings.model_dump(mode="json"), budget.model_dump(mode="json")]
    places = [
        [[s.build_key, s.robot_start, [(p.pose, p.joints) for p in s.placements]] for s in starts] for starts in levels
    ]
    text = json.dumps([type(settings).__name__, *told, places, reward, seed, SIGHT], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def save_checkpoint(path: Path, record: Record, tensors: dict[str, Any]) -> None:
    """Write a checkpoint whole or not at all."""
    import torch

    path.parent.mkdir(parents=True, exist_ok=True)
    content = io.BytesIO()
    torch.save({"record": record.model_dump_json(), **tensors}, content)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            file.write(content.getbuffer())
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise OutputError(f"Checkpoint {str(path)!r} cannot be written: {error.strerror}. Free some space.") from None


def load_checkpoint(path: Path, digest: str) -> tuple[Record, dict[str, Any]] | None:
    """The checkpoint of the training with ``digest``; None where there is none.

    Raises :class:`InvalidInputError` when it is of another training or not to be read. Nothing in it is run.
    """
    if not path.exists():
        return None
    record, held = _read_checkpoint(path)
    if record.digest != digest:
        raise InvalidInputError(
            f"Checkpoint {str(path)!r} is of another training ({record.digest}, not {digest}): its stage, settings, "
            "starts, reward or seed differ. Choose another folder, or remove it."
        )
    return record, held


def _read_checkpoint(path: Path) -> tuple[Record, dict[str, Any]]:
    """Any training's checkpoint; raises :class:`InvalidInputError` for what is none. Nothing in it is run."""
    import torch

    try:
        held = torch.load(path, weights_only=True, map_location="cpu")
        record = Record.model_validate_json(held.pop("record"))
    except (ValidationError, KeyError, RuntimeError, EOFError, ValueError, OSError, AttributeError) as error:
        raise InvalidInputError(
            f"Checkpoint {str(path)!r} cannot be read ({type(error).__name__}); remove it to train anew."
        ) from error
    except Exception as error:  # torch's refusal of what is not plain data
        raise InvalidInputError(f"Checkpoint {str(path)!r} is none of ours; remove it to train anew.") from error
    return record, held
