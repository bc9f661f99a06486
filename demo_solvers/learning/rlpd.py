"""Off-policy learning for few worlds: a soft actor-critic with demonstrations in half of its batches."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from demo_solvers.learning._networks import Actor, Critics, blend
from demo_solvers.learning.course import Course, Taken
from demo_solvers.learning.dice import dice
from demo_solvers.learning.experience import Transitions
from demo_solvers.learning.policy import LocalPolicy
from demo_solvers.learning.training import (
    Budget,
    Record,
    RLPDSettings,
    load_checkpoint,
    point_of,
    save_checkpoint,
    training_digest,
)

FILE = "rlpd.pt"


def train(
    course: Course,
    folder: Path,
    *,
    prior: Transitions | None = None,
    reward: str = "sparse",
    settings: RLPDSettings | None = None,
    budget: Budget | None = None,
    device: str = "cpu",
    listener: Callable[[Record], None] = lambda record: None,
) -> tuple[LocalPolicy, Record]:
    """Train until the budget is used up, or go on from the checkpoint in ``folder``; a finished training is not redone.

    As :func:`demo_solvers.learning.ppo.train`, with ``prior``: transitions of demonstrations, which fill half of every
    batch. The checkpoint holds what was practised, too.
    """
    settings, budget = settings or RLPDSettings(), budget or Budget()
    named = reward if prior is None else f"{reward}, prior {prior.digest}"
    digest = training_digest(course.stage, settings, budget, course.levels, named, course.seed)
    path = folder / f"{course.stage.name}-{FILE}"
    stored = load_checkpoint(path, digest)
    record = Record(digest=digest, stage=course.stage) if stored is None else stored[0]
    with dice(course.seed, "rlpd", -1):
        learner = _Learner(course, settings, prior, device)
        if stored is not None:
            learner.load(stored[1])
        else:
            learner.clone()
    while not record.finished:
        with dice(course.seed, "rlpd", record.updates):
            course.level = record.next_level(len(course.levels) - 1)
            course.begin(record.updates)
            for _ in range(budget.keep):
                record = _round(course, learner, settings, record)
                record = record.model_copy(update={"finished": record.is_over(budget, last=len(course.levels) - 1)})
                listener(record)
                if record.finished:
                    break
        save_checkpoint(path, record, learner.saved())
    return learner.actor.policy(), record


def _round(course: Course, learner: _Learner, settings: RLPDSettings, record: Record) -> Record:
    """Act for ``settings.horizon`` steps in all worlds, learning after each."""
    taken = list[Taken]()
    for _ in range(settings.horizon):
        before = course.seen()
        action = learner.actor.sampled(before)
        step = course.step(action)
        learner.keep(Transitions(before, action, step.reward, step.seen, step.ended & ~step.late))
        for number in range(settings.updates):
            learner.learn(act=number == settings.updates - 1 and record.updates >= learner.warm)
        taken.append(step)
    point = point_of(
        taken, steps=record.steps + settings.horizon * course.batch, spread=learner.actor.spread, level=course.level
    )
    return record.model_copy(update={"updates": record.updates + 1, "curve": (*record.curve, point)})


class _Learner:
    """Networks, their optimisers, and all experience."""

    def __init__(self, course: Course, settings: RLPDSettings, prior: Transitions | None, device: str) -> None:
        import torch

        columns, actions = course.seen().shape[1], course.stage.actions
        self.settings, self.device = settings, device
        spread = 1.0 if prior is None else settings.spread
        self.actor = Actor(columns, actions, settings.hidden, device, spread=spread)
        self.critics = Critics(columns, actions, settings.hidden, settings.critics, device)
        self.targets = Critics(columns, actions, settings.hidden, settings.critics, device)
        self.targets.load_state_dict(self.critics.state_dict())
        self.heat = torch.tensor(float(np.log(settings.temperature)), device=device, requires_grad=True)
        self.calm = -float(actions)  # the entropy that the temperature is steered to
        self.optimisers = [
            torch.optim.Adam(parameters, lr=settings.rate)
            for parameters in (self.actor.parameters(), self.critics.parameters(), [self.heat])
        ]
        self.warm = 0 if prior is None else settings.warm
        self.prior = None if prior is None or not len(prior) else _on(prior, device)
        self._all: dict[str, Any] = {}  # tensors with room at their ends
        self._count = 0

    def clone(self) -> None:
        """Begin as a clone of the prior, a little spread."""
        for _ in range(self.settings.cloned if self.prior is not None else 0):
            assert self.prior is not None
            rows = _some(self.prior, self.settings.batch, among=len(self.prior["reward"]))
            _descend(self.optimisers[0], self.actor.apart(rows["seen"], rows["action"], self.settings.spread))

    def keep(self, transitions: Transitions) -> None:
        """Remember what was practised."""
        import torch

        new, end = _on(transitions, self.device), self._count + len(transitions)
        for name, values in new.items():
            held = self._all.get(name)
            if held is None or len(held) < end:
                room = torch.zeros((2 * end, *values.shape[1:]), dtype=values.dtype, device=self.device)
                if held is not None:
                    room[: self._count] = held[: self._count]
                self._all[name] = room
            self._all[name][self._count : end] = values
        self._count = end

    def learn(self, *, act: bool) -> None:
        """One gradient step of the critics, and of the policy and its temperature where ``act``."""
        import torch

        settings, half = self.settings, self.settings.batch // (1 if self.prior is None else 2)
        parts = [_some(self._all, half, among=self._count)] + (
            [] if self.prior is None else [_some(self.prior, half, among=len(self.prior["reward"]))]
        )
        rows = {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
        with torch.no_grad():
            action, _ = self.actor.sample(rows["after"])
            ahead = self.targets.least(rows["after"], action)
            wanted = rows["reward"] + settings.discount * (~rows["ended"]) * ahead
        values = self.critics(rows["seen"], rows["action"])
        _descend(self.optimisers[1], ((values - wanted) ** 2).mean(dim=1).sum())
        blend(self.targets, self.critics, settings.blend)
        if not act:
            return
        action, log = self.actor.sample(rows["seen"])
        heat = self.heat.exp().detach()
        loss = (heat * log - self.critics(rows["seen"], action).mean(dim=0)).mean()
        if self.prior is not None:
            near = parts[1]
            loss = loss + settings.cloning * ((self.actor.mean(near["seen"]) - near["action"]) ** 2).mean()
        _descend(self.optimisers[0], loss)
        _descend(self.optimisers[2], -(self.heat.exp() * (log.detach() + self.calm)).mean())

    def saved(self) -> dict[str, Any]:
        """Plain tensors, for a checkpoint."""
        return {
            "actor": self.actor.state_dict(),
            "critics": self.critics.state_dict(),
            "targets": self.targets.state_dict(),
            "heat": self.heat.detach(),
            "optimisers": [o.state_dict() for o in self.optimisers],
            "experience": {name: values[: self._count].clone() for name, values in self._all.items()},
        }

    def load(self, held: dict[str, Any]) -> None:
        """The inverse of :meth:`saved`."""
        import torch

        self.actor.load_state_dict(held["actor"])
        self.critics.load_state_dict(held["critics"])
        self.targets.load_state_dict(held["targets"])
        with torch.no_grad():
            self.heat.copy_(held["heat"])
        for optimiser, state in zip(self.optimisers, held["optimisers"], strict=True):
            optimiser.load_state_dict(state)
        self._all = {name: values.to(self.device) for name, values in held["experience"].items()}
        self._count = len(self._all["reward"])


def _on(transitions: Transitions, device: str) -> dict[str, Any]:
    import torch

    return {name: torch.as_tensor(values, device=device) for name, values in vars(transitions).items()}


def _some(held: dict[str, Any], count: int, *, among: int) -> dict[str, Any]:
    """``count`` rows drawn from the first ``among``."""
    import torch

    index = torch.randint(among, (count,), device=held["reward"].device)
    return {name: values[index] for name, values in held.items()}


def _descend(optimiser: Any, loss: Any) -> None:
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
