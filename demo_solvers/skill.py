"""What a skill declares of itself: its kind, parameters with ranges, what it needs and what it brings about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, cast

from demo_solvers.execution import Execution
from pipeline.core.errors import InvalidInputError, UnknownNameError
from pipeline.core.program import Kind, Stage
from pipeline.core.registry import Registry


@dataclass(frozen=True)
class Number:
    """A numeric parameter: its default and the range that is allowed, in ``unit``."""

    default: float
    low: float
    high: float
    unit: str
    doc: str


@dataclass(frozen=True)
class Choice:
    """A parameter that is one of some words; the first is the default."""

    among: tuple[str, ...]
    doc: str

    @property
    def default(self) -> str:
        """What holds where nothing is said."""
        return self.among[0]


Parameter = Number | Choice
HOLDING = "(holding {body})"


@dataclass(frozen=True)
class Signature:
    """The declaration of a skill.

    ``needs`` and ``brings`` are formulas over ``{body}`` and, where the stage names relations, ``{anchor}`` (the first
    relation's); ``brings`` is None where the stage's relations say it. ``relations`` lists the predicates that a stage
    of this skill may name, () meaning none.
    """

    kind: Kind
    summary: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    brings: str | None = None
    relations: tuple[str, ...] = ()

    @property
    def carries(self) -> bool:
        """Whether the body has to be in the hand before it."""
        return HOLDING in self.needs


class Skill(Protocol):
    """Drives every live row of an execution through one stage; rows that fail are told why."""

    signature: Signature

    def __call__(self, ex: Execution, stage: Stage, following: Stage | None) -> None:
        """Carry out ``stage``; ``following`` is what comes next, so that it can be prepared for."""
        ...


SKILLS: Registry[Skill] = Registry("demo_solvers.skills", "skill")


def declares(signature: Signature) -> Callable[[Callable[[Execution, Stage, Stage | None], None]], Skill]:
    """Decorator: turn a function into a :class:`Skill` with this signature."""

    def attach(body: Callable[[Execution, Stage, Stage | None], None]) -> Skill:
        skill = cast("Skill", body)
        skill.signature = signature
        return skill

    return attach


class Settings:
    """The parameters of one stage: what it says, else what its skill's signature says.

    Raises :class:`UnknownNameError` for a name that the skill does not declare and :class:`InvalidInputError` for a
    value out of its range.
    """

    def __init__(self, stage: Stage) -> None:
        declared = SKILLS.get(stage.skill).signature.parameters
        for name, value in stage.parameters.items():
            if name not in declared:
                raise UnknownNameError(f"parameter of {stage.skill}", name, tuple(declared))
            check_value(stage.skill, name, declared[name], value)
        self._values = {name: stage.parameters.get(name, parameter.default) for name, parameter in declared.items()}

    def number(self, name: str) -> float:
        """A numeric parameter's value."""
        return float(self._values[name])

    def word(self, name: str) -> str:
        """A choice's value."""
        return str(self._values[name])


def check_value(skill: str, name: str, parameter: Parameter, value: float | str) -> None:
    """Raise :class:`InvalidInputError` unless ``value`` is one that ``parameter`` of ``skill`` allows."""
    if isinstance(parameter, Choice):
        if value not in parameter.among:
            raise InvalidInputError(f"{skill}: {name} is {value!r}; allowed: {', '.join(parameter.among)}.")
    elif isinstance(value, str) or not parameter.low <= value <= parameter.high:
        unit = f" {parameter.unit}" if parameter.unit else ""
        raise InvalidInputError(
            f"{skill}: {name} is {value!r}; allowed: {parameter.low:g} to {parameter.high:g}{unit}."
        )
