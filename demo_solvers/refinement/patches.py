"""Patches: typed changes of a program that refiners propose, applied only if the program stays sound."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationError

from demo_solvers.skill import SKILLS, Choice, Number
from demo_solvers.task_planning.check import check_program
from pipeline.core.errors import InvalidInputError
from pipeline.core.geometry import Frozen
from pipeline.core.layout import SceneLayout
from pipeline.core.program import Program, Stage

Place = Annotated[int, Field(ge=0, description="number of a stage, counted from 0")]
PACE = ("speed", "effort")
"""Parameters that say how fast a stage is done."""


class SetParameter(Frozen):
    """Give a parameter of a stage another value, within the range that its skill declares."""

    kind: Literal["set_parameter"] = "set_parameter"
    stage: Place
    name: str
    value: float | str


class SetKeypoint(Frozen):
    """Work at another named point of the body; null for none."""

    kind: Literal["set_keypoint"] = "set_keypoint"
    stage: Place
    keypoint: str | None


class SetAxis(Frozen):
    """Approach or work along another named axis of the body; null for none."""

    kind: Literal["set_axis"] = "set_axis"
    stage: Place
    axis: str | None


class InsertStage(Frozen):
    """Add a stage before stage ``stage`` (or after the last, where ``stage`` is their number)."""

    kind: Literal["insert_stage"] = "insert_stage"
    stage: Place
    new: Stage


class RemoveStage(Frozen):
    """Leave a stage out."""

    kind: Literal["remove_stage"] = "remove_stage"
    stage: Place


class MoveStage(Frozen):
    """Do ``count`` stages from ``stage`` on at another time: their first one becomes number ``to``."""

    kind: Literal["move_stage"] = "move_stage"
    stage: Place
    to: Place
    count: int = Field(default=1, ge=1, le=10)


class ReplaceStages(Frozen):
    """Put other stages in the place of ``count`` stages from ``stage`` on."""

    kind: Literal["replace_stages"] = "replace_stages"
    stage: Place
    count: int = Field(default=1, ge=0, le=40)
    new: tuple[Stage, ...] = Field(min_length=1, max_length=40)


class Regrasp(Frozen):
    """Take the next of the grasps that would do: leave ``by`` more of the best ones out."""

    kind: Literal["regrasp"] = "regrasp"
    stage: Place
    by: int = Field(default=1, ge=1, le=10)


class Reopen(Frozen):
    """Open ``body`` before the stage."""

    kind: Literal["reopen"] = "reopen"
    stage: Place
    body: str


class SlowDown(Frozen):
    """Multiply every speed and effort of a stage by ``factor``; above 1 it is a speed-up."""

    kind: Literal["slow_down"] = "slow_down"
    stage: Place
    factor: float = Field(gt=0.1, lt=3)


Patch = Annotated[
    SetParameter
    | SetKeypoint
    | SetAxis
    | InsertStage
    | RemoveStage
    | MoveStage
    | ReplaceStages
    | Regrasp
    | Reopen
    | SlowDown,
    Field(discriminator="kind"),
]


class Proposal(Frozen):
    """Patches that belong together, why, and who thought of them."""

    patches: tuple[Patch, ...] = Field(min_length=1, max_length=6)
    reason: str = Field(default="", max_length=400)
    author: str = "procedural"


def patched(program: Program, proposal: Proposal, layout: SceneLayout) -> Program:
    """The program with all patches of a proposal applied in order; raises :class:`InvalidInputError`."""
    for patch in proposal.patches:
        program = apply(program, patch)
    check(program, layout)
    base = program.author.split("+")[0]
    return program.model_copy(update={"author": f"{base}+{proposal.author}"})


def apply(program: Program, patch: Patch) -> Program:
    """The program with one patch; raises :class:`InvalidInputError` where it does not fit."""
    stages = list(program.stages)
    limit = len(stages) + isinstance(patch, InsertStage | Reopen | ReplaceStages)
    if patch.stage >= limit:
        raise InvalidInputError(f"{patch.kind}: stage {patch.stage}; the program has stages 0 to {len(stages) - 1}.")
    at = patch.stage
    if isinstance(patch, InsertStage):
        stages.insert(at, patch.new)
    elif isinstance(patch, Reopen):
        stages.insert(at, Stage(skill="open", body=patch.body, post=f"(is_open {patch.body})"))
    elif isinstance(patch, RemoveStage):
        del stages[at]
    elif isinstance(patch, ReplaceStages):
        stages[at : at + patch.count] = patch.new
    elif isinstance(patch, MoveStage):
        block = stages[at : at + patch.count]
        del stages[at : at + patch.count]
        stages[patch.to : patch.to] = block
    else:
        stages[at] = _changed(stages[at], patch)
    try:
        return Program(stages=tuple(stages), author=program.author)
    except ValidationError as error:
        raise InvalidInputError(f"{patch.kind}: {error.errors()[0]['msg']}.") from None


def check(program: Program, layout: SceneLayout) -> None:
    """Raise :class:`InvalidInputError` unless every stage can be carried out as it is written, whatever comes of it.

    What the hand holds is left to the trial: a program under repair may be wrong there, and is diagnosed.
    """
    found = [fault for fault in check_program(program, layout) if fault.kind != "hand"]
    if found:
        raise InvalidInputError(" ".join(map(str, found)))


def in_words(patch: Patch, program: Program) -> str:
    """What a patch does to ``program``, for people."""
    name = str(program.stages[patch.stage]) if patch.stage < len(program.stages) else "the end"
    at = f"stage {patch.stage} ({name})"
    match patch:
        case SetParameter():
            value = patch.value if isinstance(patch.value, str) else f"{patch.value:g}"
            return f"{at}: {patch.name} = {value}"
        case SetKeypoint():
            return f"{at}: at {patch.keypoint or 'no point in particular'}"
        case SetAxis():
            return f"{at}: along {patch.axis or 'no axis in particular'}"
        case InsertStage():
            return f"before {at}: {patch.new}"
        case RemoveStage():
            return f"without {at}"
        case MoveStage():
            return f"{at}: {patch.count} moved to place {patch.to}"
        case ReplaceStages():
            return f"from {at} on, instead of {patch.count}: {'; '.join(map(str, patch.new))}"
        case Regrasp():
            return f"{at}: leave out {patch.by} more of the best grasps"
        case Reopen():
            return f"before {at}: open {patch.body}"
        case SlowDown():
            return f"{at}: {patch.factor:g} times as fast"


def all_in_words(proposal: Proposal, program: Program) -> tuple[str, ...]:
    """A proposal's patches in words, each against the program that the ones before it left."""
    words: list[str] = []
    for patch in proposal.patches:
        words.append(in_words(patch, program))
        program = apply(program, patch)
    return tuple(words)


def _changed(stage: Stage, patch: SetParameter | SetKeypoint | SetAxis | Regrasp | SlowDown) -> Stage:
    declared = SKILLS.get(stage.skill).signature.parameters
    match patch:
        case SetKeypoint():
            return stage.model_copy(update={"keypoint": patch.keypoint})
        case SetAxis():
            return stage.model_copy(update={"axis": patch.axis})
        case SetParameter():
            return _with(stage, {patch.name: patch.value})
        case Regrasp():
            skip = declared.get("skip")
            if not isinstance(skip, Number):
                raise InvalidInputError(f"regrasp: {stage.skill} chooses no grasps that could be left out.")
            return _with(stage, {"skip": min(skip.high, _value(stage, "skip", skip) + patch.by)})
        case SlowDown():
            paces = {n: p for n, p in declared.items() if n in PACE and isinstance(p, Number)}
            if not paces:
                raise InvalidInputError(
                    f"slow_down: {stage.skill} has no speed; its parameters: {', '.join(declared)}."
                )
            return _with(stage, {n: _clipped(p, _value(stage, n, p) * patch.factor) for n, p in paces.items()})


def _with(stage: Stage, values: dict[str, float | str]) -> Stage:
    """With new parameters; one at its default is not written, so that equal programs have equal digests."""
    declared = SKILLS.get(stage.skill).signature.parameters
    merged = {**stage.parameters, **values}
    kept = {n: v for n, v in merged.items() if n not in declared or v != declared[n].default}
    return stage.model_copy(update={"parameters": kept})


def _value(stage: Stage, name: str, parameter: Number | Choice) -> float:
    return float(stage.parameters.get(name, parameter.default))


def _clipped(parameter: Number, value: float) -> float:
    return round(min(max(value, parameter.low), parameter.high), 4)
