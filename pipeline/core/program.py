"""Program: how a task is to be done, as data that planners, models and the memory write and solvers carry out."""

from __future__ import annotations

import hashlib
from typing import Literal

from pydantic import Field

from pipeline.core.geometry import Frozen, Pose7

Kind = Literal["free", "grasp", "contact", "release"]
"""What a stage does to the world: nothing, takes hold, works on something by touch, or lets go."""


class Relation(Frozen):
    """Where something is to end up: a predicate and its second argument, e.g. ``on`` ``plate``."""

    predicate: str
    anchor: str


class Target(Frozen):
    """A pose to reach, given in the frame of a body of the scene, or of the world where ``frame`` is None."""

    pose: Pose7
    frame: str | None = None


class Stage(Frozen):
    """One stage of a program: a skill, the body it acts on, where to, and formulas around it.

    ``parameters`` holds what differs from the skill's own defaults; which there are, and in which range, the skill
    declares. ``keypoint`` and ``axis`` name a point and a direction of the body's card.
    """

    skill: str
    body: str
    relations: tuple[Relation, ...] = ()
    target: Target | None = None
    keypoint: str | None = Field(default=None, description="named point of the body to work at, e.g. handle")
    axis: str | None = Field(default=None, description="named direction of the body to work along, e.g. pull")
    arm: str = Field(default="", description="name of the arm that does it; '' is the robot's first")
    parameters: dict[str, float | str] = Field(default_factory=dict)
    pre: str | None = Field(default=None, description="formula that must be true before the stage")
    post: str | None = Field(default=None, description="formula that tells whether the stage did its work")

    def __str__(self) -> str:
        where = "".join(f" {r.predicate} {r.anchor}" for r in self.relations)
        return f"{self.skill} {self.body}{where}"


class Program(Frozen):
    """Stages in order, and who wrote them."""

    stages: tuple[Stage, ...] = Field(min_length=1, max_length=40)
    author: str = Field(default="search", description="search, memory, a model's name; what refined it follows a '+'")

    @property
    def digest(self) -> str:
        """Short content address of the stages, whoever wrote them."""
        text = self.model_dump_json(include={"stages"})
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def __str__(self) -> str:
        return "; ".join(map(str, self.stages))
