"""Faults: a seeded mutator that spoils a working program in one way, to measure whether refinement repairs it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal, get_args

import numpy as np

from demo_solvers.refinement.patches import (
    PACE,
    MoveStage,
    Patch,
    Proposal,
    RemoveStage,
    SetParameter,
    apply,
    check,
)
from demo_solvers.refinement.structure import blocks_of
from demo_solvers.skill import SKILLS, Choice, Number
from pipeline.core.errors import InvalidInputError
from pipeline.core.layout import SceneLayout
from pipeline.core.program import Program

FaultKind = Literal["wrong_region", "wrong_side", "missing_stage", "bad_height", "wrong_order", "too_fast"]
FAULTS: tuple[FaultKind, ...] = get_args(FaultKind)
WRONG_CHOICES: dict[str, tuple[str, ...]] = {"wrong_region": ("region", "approach"), "wrong_side": ("side",)}
WRONG_NUMBERS: dict[str, tuple[str, ...]] = {"wrong_region": ("depth",), "bad_height": ("height",)}
FAR = (0.6, 1.0)  # of the way from the default to the end of the range


def faults(program: Program, layout: SceneLayout, kind: FaultKind, rng: np.random.Generator) -> list[Proposal]:
    """Every fault of one kind that the program can be given, in random order; () where it has no room for any.

    Whether a fault does harm has to be seen by running: many wrong values are good enough.
    """
    found: dict[str, Proposal] = {}
    for patches in _MUTATORS[kind](program, kind, rng):
        fault = Proposal(patches=patches, reason=kind, author="fault")
        try:
            spoilt = spoil(program, fault, layout)
        except InvalidInputError:
            continue
        if spoilt.digest != program.digest:
            found.setdefault(spoilt.digest, fault)
    order = rng.permutation(len(found))
    return [list(found.values())[i] for i in order]


def spoil(program: Program, fault: Proposal, layout: SceneLayout) -> Program:
    """The program with a fault; raises :class:`InvalidInputError` where it could not be carried out at all."""
    for patch in fault.patches:
        program = apply(program, patch)
    check(program, layout)
    return program.model_copy(update={"author": "fault"})


def _values(program: Program, kind: FaultKind, rng: np.random.Generator) -> Iterator[tuple[Patch, ...]]:
    """Another word for a choice, or a number far from the default."""
    for at, stage in enumerate(program.stages):
        declared = SKILLS.get(stage.skill).signature.parameters
        for name in WRONG_CHOICES.get(kind, ()):
            parameter = declared.get(name)
            if isinstance(parameter, Choice):
                yield from ((SetParameter(stage=at, name=name, value=w),) for w in parameter.among[1:])
        for name in WRONG_NUMBERS.get(kind, ()):
            parameter = declared.get(name)
            if isinstance(parameter, Number):
                for end in (parameter.low, parameter.high):
                    value = round(parameter.default + rng.uniform(*FAR) * (end - parameter.default), 4)
                    yield (SetParameter(stage=at, name=name, value=value),)


def _haste(program: Program, kind: FaultKind, rng: np.random.Generator) -> Iterator[tuple[Patch, ...]]:
    """All speeds and efforts of a block near the top of their ranges."""
    del kind
    for first, count in blocks_of(program):
        patches: list[Patch] = []
        for at in range(first, first + count):
            for name, parameter in SKILLS.get(program.stages[at].skill).signature.parameters.items():
                if name in PACE and isinstance(parameter, Number):
                    value = round(parameter.high - 0.1 * rng.random() * (parameter.high - parameter.low), 4)
                    patches.append(SetParameter(stage=at, name=name, value=value))
        if patches:
            yield tuple(patches[:6])


def _missing(program: Program, kind: FaultKind, rng: np.random.Generator) -> Iterator[tuple[Patch, ...]]:
    del kind, rng
    if len(program.stages) > 1:
        yield from ((RemoveStage(stage=at),) for at in range(len(program.stages)))


def _misplaced(program: Program, kind: FaultKind, rng: np.random.Generator) -> Iterator[tuple[Patch, ...]]:
    """A stage before the one that it follows, or a block before the other blocks."""
    del kind, rng
    for at in range(1, len(program.stages)):
        yield (MoveStage(stage=at, to=at - 1),)
    for first, count in blocks_of(program)[1:]:
        yield (MoveStage(stage=first, to=0, count=count),)


_Mutator = Callable[[Program, FaultKind, np.random.Generator], Iterator[tuple[Patch, ...]]]
_MUTATORS: dict[FaultKind, _Mutator] = {
    "wrong_region": _values,
    "wrong_side": _values,
    "missing_stage": _missing,
    "bad_height": _values,
    "wrong_order": _misplaced,
    "too_fast": _haste,
}
