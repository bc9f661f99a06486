"""The procedural author: a staged reward derived from the goal and the program, without a model.

For each literal in turn: reach the place to touch, touch or take the body, and bring its gap to 0; later literals
count once the earlier ones are true. A hand that pushes has to change sides, so that there no touch is paid. Every
stage is a potential whose change is paid, so nothing is gained by going to and fro (Ng, Harada and Russell, 1999), and
every gap is divided by what it is at the start.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from demo_solvers.rewards.compiled import compiled
from demo_solvers.rewards.parser import parse
from demo_solvers.rewards.state import RewardState
from demo_solvers.rewards.tree import Reward
from demo_solvers.rewards.wants import Want, named, wants
from pipeline.core.layout import SceneLayout
from pipeline.core.program import Program
from pipeline.holds import parse as parse_goal

REACH, TAKE, BRING, DONE, TRUE = 1.0, 1.0, 6.0, 5.0, 2.0
"""Weights of reaching, of touching or taking, of bringing the gap to 0, of success, and of literals that are true."""
TIME, SMOOTH = 0.02, 0.005  # a step, and a unit of mean square change of the action
MOST = 7  # literals that are rewarded densely; those after them only when they are true
HAND = 0.10  # m from its place that the hand counts as far
FINE = 0.2  # of a gap's scale: the last fifth is worth half of the way
LEAST = {"m": 0.05, "rad": 0.35, "": 0.2}
"""The smallest scale of a gap: what begins nearly true gets this far off on the way, and has to come back."""
CLOSED = {"m": 0.002, "rad": 0.02, "": 0.04}
"""What is left of a gap, where no formula says so, when it counts as closed."""


@dataclass(frozen=True)
class Assignment:
    """What a reward is written for."""

    goal: str
    layout: SceneLayout
    program: Program | None = None
    starts: RewardState | None = None  # states at a reset, from which scales are read
    instruction: str = ""
    roles: Mapping[str, str] = field(default_factory=dict)  # of the bodies in the task, for models


def procedural(task: Assignment) -> Reward:
    """The staged reward; raises :class:`~pipeline.core.errors.GoalSyntaxError` for a goal that cannot be read."""
    goal = parse_goal(task.goal, tuple(task.layout.geometry))
    found = [_measured(want, task) for want in wants(goal, task.layout, task.program)]
    text = "\n".join(_lines(found, str(goal)))
    reward = parse(text).reward
    compiled(reward, task.layout)
    return reward


def remaining(task: Assignment) -> Reward:
    """What is left of a goal's gaps, as shares of what they are at the start: a measure of failures, not a reward."""
    goal = parse_goal(task.goal, tuple(task.layout.geometry))
    found = [_measured(want, task) for want in wants(goal, task.layout, task.program) if want.gap is not None]
    each = [f"clip(({want.gap}){_over(want, 1.0)}, 0, 2)" for want in found] or [f"1 - progress({goal})"]
    return parse("\n".join(f"left_{i}: {1 / len(each):.4g} * ({text})" for i, text in enumerate(each))).reward


def _lines(found: list[Want], goal: str) -> Iterator[str]:
    seen = set[tuple[str, tuple[str, ...]]]()
    for i, want in enumerate(found[:MOST]):
        before = [k for k, w in enumerate(found[:i]) if w.body != want.body or not w.formula or want.waits]
        gate = f"bonus({' and '.join(f'done_{k}' for k in before)}) * " if before else ""
        yield f"let done_{i} = {_achieved(want)}"
        if want.touch:
            yield f"let taken_{i} = {_taken(want)}"
        done, taken = f"bonus(done_{i})", f"taken_{i}"
        if want.sites and (want.body, want.sites) not in seen:
            seen.add((want.body, want.sites))
            near = f"1 - tanh({_nearest(want.sites)} / {100 * HAND:g} cm)"
            if want.touch:
                yield f"reach_{i}: {REACH:g} * change({gate}max({near}, {taken}, {done}))"
                yield f"touch_{i}: {TAKE:g} * change({gate}max({taken}, {done}))"
            else:
                yield f"reach_{i}: {REACH:g} * change({gate}max({near}, {done}))"
        if want.gap is not None:
            near, fine = (f"tanh(({want.gap}){_over(want, share)})" for share in (1.0, FINE))
            held = f"{taken} * " if want.held else ""
            yield f"bring_{i}: {BRING:g} * change({gate}max({held}(1 - 0.5 * {near} - 0.5 * {fine}), {done}))"
    if any(want.gap is None and not want.waits for want in found) or len(found) > MOST:
        yield f"true: {TRUE:g} * change(progress({goal}))"
    yield f"goal: {DONE:g} * bonus(done({goal}))"
    yield f"time: -{TIME:g}"
    yield f"smooth: -{SMOOTH:g} * action_change()"


def _nearest(sites: Sequence[str]) -> str:
    """How far the hand is from the nearest of some points, as text."""
    far = [f"distance(tool, {site})" for site in sites]
    return far[0] if len(far) == 1 else f"min({', '.join(far)})"


def _taken(want: Want) -> str:
    """1 where the hand touches the body, or has it where it is carried (half, as long as it only touches it)."""
    touched = f"bonus(contact(hand, {named(want.body)}))"
    return f"(0.5 * {touched} + 0.5 * bonus((holding {want.body})))" if want.held else touched


def _achieved(want: Want) -> str:
    """Whether the stage is over; what was only on the way stays so once the body is in the hand."""
    if want.formula:
        return want.formula
    return f"({want.gap}) < {CLOSED[want.unit]:g}{' ' if want.unit else ''}{want.unit} or (holding {want.body})"


def _over(want: Want, share: float) -> str:
    """`` / 3 cm``: a share of the scale, as text."""
    factor, unit = {"m": (100.0, " cm"), "rad": (math.degrees(1.0), " deg"), "": (1.0, "")}[want.unit]
    return f" / {factor * want.scale * share:.4g}{unit}"


def _measured(want: Want, task: Assignment) -> Want:
    """The want with the scale that its gap has at the start, where states of a start are given."""
    if want.gap is None or task.starts is None:
        return want
    per = f" / 1 {want.unit}" if want.unit else ""
    gap = compiled(f"gap: ({want.gap}){per}", task.layout)(task.starts).lines["gap"]
    return replace(want, scale=max(float(gap.mean()), LEAST[want.unit]))
