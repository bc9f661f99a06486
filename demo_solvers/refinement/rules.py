"""Ideas about how a stage is done: which of its parameters to change, by what went wrong.

A rule names causes, whose parameter it is about, and moves in the order in which they are worth a try. What no rule is
about is searched through last, over whatever the skill declares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from demo_solvers.diagnosis import Failure
from demo_solvers.refinement.idea import Idea
from demo_solvers.refinement.loop import Case
from demo_solvers.refinement.patches import PACE, Patch, Regrasp, SetAxis, SetKeypoint, SetParameter, SlowDown
from demo_solvers.skill import SKILLS, Choice, Number, Parameter
from pipeline.core.episode import Cause
from pipeline.core.program import Program, Stage

Value = float | str
Move = Callable[[Parameter, Value], list[Value]]


@dataclass(frozen=True)
class Rule:
    """For ``causes``: change ``name`` of the stage at fault (``at`` is its kind) or of one that goes with it."""

    causes: frozenset[Cause]
    at: str
    name: str
    move: Move
    promise: float


def _others(parameter: Parameter, value: Value) -> list[Value]:
    return [w for w in parameter.among if w != value] if isinstance(parameter, Choice) else []


def _times(*factors: float) -> Move:
    def move(parameter: Parameter, value: Value) -> list[Value]:
        return [_within(parameter, float(value) * f) for f in factors] if isinstance(parameter, Number) else []

    return move


def _plus(*amounts: float) -> Move:
    def move(parameter: Parameter, value: Value) -> list[Value]:
        return [_within(parameter, float(value) + a) for a in amounts] if isinstance(parameter, Number) else []

    return move


def _within(parameter: Number, value: float) -> float:
    return round(min(max(value, parameter.low), parameter.high), 4)


GRIP: frozenset[Cause] = frozenset(("grasp_missed", "grasp_slipped", "stage_unmet", "needs_unmet"))
REACH: frozenset[Cause] = frozenset(("ik_failed", "path_in_collision", "collision"))
LANDING: frozenset[Cause] = frozenset(("place_missed", "stage_unmet", "goal_unmet", "insert_missed", "grasp_slipped"))
SHOVE: frozenset[Cause] = frozenset(("push_missed", "stage_unmet", "goal_unmet", "ik_failed", "path_in_collision"))
SWING: frozenset[Cause] = frozenset(("joint_short", "joint_overshot", "stage_unmet", "goal_unmet"))
FIT: frozenset[Cause] = frozenset(("place_missed", "insert_missed", "ik_failed", "path_in_collision"))

RULES: tuple[Rule, ...] = (
    Rule(GRIP | REACH | FIT, "grasp", "region", _others, 0.8),
    Rule(GRIP | REACH | FIT, "grasp", "approach", _others, 0.75),
    Rule(GRIP, "grasp", "depth", _plus(0.012, -0.012, 0.024, -0.024), 0.7),
    Rule(GRIP, "grasp", "squeeze", _times(1.5, 0.6, 2.5), 0.6),
    Rule(REACH, "grasp", "standoff", _times(0.6, 0.4, 1.5), 0.5),
    Rule(REACH, "grasp", "depth", _plus(-0.012, 0.012, -0.024, 0.024), 0.45),
    Rule(REACH | FIT, "grasp", "lift", _times(1.5, 2.0, 0.6), 0.4),
    Rule(LANDING | REACH, "release", "height", _times(0.4, 0.1, 2.5), 0.75),
    Rule(FIT, "release", "turn", _others, 0.45),
    Rule(REACH, "release", "standoff", _times(0.6, 1.5, 0.4), 0.5),
    Rule(SHOVE, "contact", "side", _others, 0.85),
    Rule(SHOVE, "contact", "overshoot", _plus(0.01, -0.01, 0.025, -0.025, 0.05, -0.05), 0.65),
    Rule(SHOVE, "contact", "height", _times(0.7, 1.3, 0.5), 0.6),
    Rule(SHOVE, "contact", "gap", _times(0.6, 1.5, 0.3), 0.4),
    Rule(SWING, "contact", "share", _plus(0.1, -0.1, 0.2, -0.2), 0.75),
)  # fmt: skip
TIMID, BRISK = (0.5, 0.25), (1.6, 2.5)  # factors of every speed of a stage
HASTE: frozenset[Cause] = frozenset((*GRIP, *LANDING, *SHOVE, *SWING, "collision", "hard_touch", "over_limits"))
FADING = 0.8  # of a move's promise that the next one of the same rule has
TO_DEFAULT, ANY_DEFAULT, ANY_VALUE = 0.95, 0.55, 0.15  # promise of a default that a rule is about, or none is


def parameter_ideas(case: Case, failure: Failure, *, defaults: bool = True) -> Iterator[Idea]:
    """Changes of parameters for one kind of failure; ``defaults`` lets a stage go back to its skill's own values."""
    number = failure.root.number
    if number is None:
        number = len(case.program.stages) - 1
    cause = failure.root.cause
    concerned = _concerned(case.program, number)
    for near, at in enumerate(concerned):
        stage = case.program.stages[at]
        trust = 1.0 if near == 0 else 0.85
        yield from _by_rule(stage, at, cause, trust, defaults=defaults)
        yield from _by_pace(stage, at, cause, trust)
        yield from _named(stage, at, trust)
        if "skip" in SKILLS.get(stage.skill).signature.parameters and cause in GRIP | REACH | FIT:
            for by, promise in ((1, 0.72), (3, 0.5), (6, 0.3)):
                yield Idea.of(promise * trust, Regrasp(stage=at, by=by), reason="the next of the grasps")
        yield from _searched(stage, at, trust, defaults=defaults)
    yield from _shifted(case.program, number, failure)
    if cause == "timeout":
        for factor in BRISK:
            faster = [SlowDown(stage=i, factor=factor) for i, s in enumerate(case.program.stages) if _paces(s)]
            if faster:
                yield Idea.of(0.85, *faster[:6], reason="the time was not enough")


def _concerned(program: Program, number: int) -> list[int]:
    """The stage at fault, the grasp that its body is held by, and the release that the grasp is for."""
    stage, found = program.stages[number], [number]
    kinds = [SKILLS.get(s.skill).signature.kind for s in program.stages]
    same = [i for i, s in enumerate(program.stages) if s.body == stage.body and i != number]
    found += [i for i in reversed(same) if i < number and kinds[i] == "grasp"][:1]
    found += [i for i in same if i > number and kinds[number] == "grasp"][:1]
    return found


def _by_rule(stage: Stage, at: int, cause: Cause, trust: float, *, defaults: bool) -> Iterator[Idea]:
    signature = SKILLS.get(stage.skill).signature
    for rule in RULES:
        parameter = signature.parameters.get(rule.name)
        if parameter is None or rule.at != signature.kind or cause not in rule.causes:
            continue
        value, promise = stage.parameters.get(rule.name, parameter.default), rule.promise
        if defaults and value != parameter.default:
            yield _set(TO_DEFAULT * trust, at, rule.name, parameter.default, "back to the skill's default")
        for new in dict.fromkeys(rule.move(parameter, value)):
            if new != value:
                yield _set(promise * trust, at, rule.name, new, f"for {cause}")
                promise *= FADING


def _by_pace(stage: Stage, at: int, cause: Cause, trust: float) -> Iterator[Idea]:
    if cause in HASTE and (paces := _paces(stage)):
        hurried = any(float(stage.parameters.get(n, p.default)) > p.default for n, p in paces.items())
        for factor in TIMID:
            promise = (0.9 if hurried else 0.6) * trust * (1.0 if factor == TIMID[0] else 0.8)
            yield Idea.of(promise, SlowDown(stage=at, factor=factor), reason="with less haste")


def _named(stage: Stage, at: int, trust: float) -> Iterator[Idea]:
    """A named point or direction that may be the wrong one."""
    if stage.keypoint is not None:
        yield Idea.of(0.6 * trust, SetKeypoint(stage=at, keypoint=None), reason="at no point in particular")
    if stage.axis is not None:
        yield Idea.of(0.6 * trust, SetAxis(stage=at, axis=None), reason="along no axis in particular")


def _searched(stage: Stage, at: int, trust: float, *, defaults: bool) -> Iterator[Idea]:
    """Every declared parameter: its default, the other words, and values over its range."""
    for name, parameter in SKILLS.get(stage.skill).signature.parameters.items():
        value = stage.parameters.get(name, parameter.default)
        if defaults and value != parameter.default:
            yield _set(ANY_DEFAULT * trust, at, name, parameter.default, "back to the skill's default")
        if isinstance(parameter, Choice):
            tries = _others(parameter, value)
        else:
            span = parameter.high - parameter.low
            tries = _plus(0.25 * span, -0.25 * span, 0.5 * span, -0.5 * span)(parameter, value)
        for number, new in enumerate(dict.fromkeys(tries)):
            if new != value and name != "skip":
                yield _set(ANY_VALUE * trust * FADING**number, at, name, new, "a search over what it declares")


def _shifted(program: Program, number: int, failure: Failure) -> Iterator[Idea]:
    """Aim as far to the other side as the body came to lie off its place."""
    stage, offset = program.stages[number], failure.evidence.offset
    declared = SKILLS.get(stage.skill).signature.parameters
    if offset is None or failure.root.cause not in LANDING | SHOVE:
        return
    patches: list[Patch] = []
    for name, off in zip(("shift_x", "shift_y"), offset[:2], strict=True):
        parameter = declared.get(name)
        if isinstance(parameter, Number):
            value = float(stage.parameters.get(name, parameter.default))
            patches.append(SetParameter(stage=number, name=name, value=_within(parameter, value - off)))
    if patches and np.hypot(*offset[:2]) > 0.005:
        yield Idea.of(0.65, *patches, reason="against the offset that was seen")


def _paces(stage: Stage) -> dict[str, Number]:
    declared = SKILLS.get(stage.skill).signature.parameters
    return {n: p for n, p in declared.items() if n in PACE and isinstance(p, Number)}


def _set(promise: float, at: int, name: str, value: Value, reason: str) -> Idea:
    return Idea.of(promise, SetParameter(stage=at, name=name, value=value), reason=reason)
