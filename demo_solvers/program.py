"""The intermediate representation that solvers share: a program of skill calls over named objects, as data."""

from __future__ import annotations

from pydantic import Field

from pipeline.core.geometry import Frozen


class Relation(Frozen):
    """Where a placed object is to end up: a predicate and its second argument, e.g. ``on`` ``plate``."""

    predicate: str
    anchor: str


class SkillCall(Frozen):
    """One stage: a skill, the body it acts on, where to, and the formula that must hold afterwards."""

    skill: str
    body: str
    relations: tuple[Relation, ...] = ()
    post: str | None = Field(default=None, description="formula that tells whether the stage did its work")

    def __str__(self) -> str:
        where = "".join(f" {r.predicate} {r.anchor}" for r in self.relations)
        return f"{self.skill} {self.body}{where}"


class Program(Frozen):
    """Skill calls in order."""

    calls: tuple[SkillCall, ...]
