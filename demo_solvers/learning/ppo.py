"""Proximal policy optimisation of a stage's policy over many worlds, with rsl-rl's algorithm."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from demo_solvers.learning.course import Course, Taken
from demo_solvers.learning.dice import dice
from demo_solvers.learning.policy import LocalPolicy
from demo_solvers.learning.training import (
    Budget,
    PPOSettings,
    Record,
    load_checkpoint,
    point_of,
    save_checkpoint,
    training_digest,
)
from pipeline.core.errors import TaskloomError

FILE = "ppo.pt"


def train(
    course: Course,
    folder: Path,
    *,
    reward: str = "sparse",
    settings: PPOSettings | None = None,
    budget: Budget | None = None,
    device: str = "cpu",
    listener: Callable[[Record], None] = lambda record: None,
) -> tuple[LocalPolicy, Record]:
    """Train until the budget is used up, or go on from the checkpoint in ``folder``; a finished training is not redone.

    ``reward`` is the text of the course's reward, which names the training. The same arguments give the same weights on
    a CPU, however often it was stopped: at every checkpoint all worlds begin anew, and dice are thrown from there.
    """
    settings, budget = settings or PPOSettings(), budget or Budget()
    digest = training_digest(course.stage, settings, budget, course.levels, reward, course.seed)
    path = folder / f"{course.stage.name}-{FILE}"
    stored = load_checkpoint(path, digest)
    record = Record(digest=digest, stage=course.stage) if stored is None else stored[0]
    with dice(course.seed, "ppo", -1):
        algorithm = _algorithm(course, settings, device)
    if stored is not None:
        algorithm.load(stored[1], None, strict=True)
    while not record.finished:
        with dice(course.seed, "ppo", record.updates):
            course.level = record.next_level(len(course.levels) - 1)
            course.begin(record.updates)
            for _ in range(budget.keep):
                record = _update(course, algorithm, settings, record, device)
                record = record.model_copy(update={"finished": record.is_over(budget, last=len(course.levels) - 1)})
                listener(record)
                if record.finished:
                    break
        save_checkpoint(path, record, algorithm.save())
    return LocalPolicy.of(algorithm.get_policy().mlp), record


def _update(course: Course, algorithm: Any, settings: PPOSettings, record: Record, device: str) -> Record:
    """Act for ``settings.horizon`` steps in all worlds, then learn from it."""
    import torch

    taken = list[Taken]()
    algorithm.train_mode()
    with torch.inference_mode():
        seen = _tensors(course.seen(), course.privileged(), device)
        for _ in range(settings.horizon):
            step = course.step(algorithm.act(seen).cpu().numpy())
            seen = _tensors(course.seen(), course.privileged(), device)
            algorithm.process_env_step(
                seen,
                torch.as_tensor(step.reward, device=device),
                torch.as_tensor(step.ended, device=device),
                {"time_outs": torch.as_tensor(step.late, device=device)},
            )
            taken.append(step)
        algorithm.compute_returns(seen)
    algorithm.update()
    spread = float(algorithm.get_policy().output_std.detach().mean())
    point = point_of(taken, steps=record.steps + settings.horizon * course.batch, spread=spread, level=course.level)
    return record.model_copy(update={"updates": record.updates + 1, "curve": (*record.curve, point)})


def _algorithm(course: Course, settings: PPOSettings, device: str) -> Any:
    try:
        from rsl_rl.algorithms import PPO
    except ImportError as error:
        raise TaskloomError(f"rsl-rl is not installed ({error}). Install it: pip install 'taskloom[rl]'.") from error
    network = {"class_name": "MLPModel", "hidden_dims": list(settings.hidden), "activation": "elu"}
    spread = {"class_name": "GaussianDistribution", "init_std": settings.spread, "std_type": "log"}
    configuration = {
        "num_steps_per_env": settings.horizon,
        "obs_groups": {"actor": ["seen"], "critic": ["seen", "privileged"]},
        "actor": {**network, "distribution_cfg": spread},
        "critic": dict(network),
        "multi_gpu": None,
        "algorithm": {
            "class_name": "PPO",
            "num_learning_epochs": settings.epochs,
            "num_mini_batches": settings.minibatches,
            "learning_rate": settings.rate,
            "desired_kl": settings.divergence,
            "gamma": settings.discount,
            "lam": settings.trace,
            "entropy_coef": settings.entropy,
        },
    }
    world: Any = SimpleNamespace(num_envs=course.batch, num_actions=course.stage.actions)
    with redirect_stdout(io.StringIO()):  # it prints its networks
        return PPO.construct_algorithm(
            _tensors(course.seen(), course.privileged(), device), world, configuration, device
        )


def _tensors(seen: Any, privileged: Any, device: str) -> Any:
    import torch
    from tensordict import TensorDict

    parts = {"seen": torch.as_tensor(seen, device=device), "privileged": torch.as_tensor(privileged, device=device)}
    return TensorDict(parts, batch_size=[len(seen)])  # pyright: ignore[reportArgumentType]
