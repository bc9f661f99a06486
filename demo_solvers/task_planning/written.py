"""A program as a model writes it: no free keys and no quaternions, so that every server can hold it to the schema."""

from __future__ import annotations

import math

from pydantic import Field

from demo_solvers.task_planning.check import check_program
from pipeline.core.geometry import Frozen
from pipeline.core.layout import SceneLayout
from pipeline.core.poses import quat_from_yaw
from pipeline.core.program import Program, Relation, Stage, Target


class Setting(Frozen):
    """A parameter of a stage that differs from its skill's default."""

    name: str
    value: float | str


class WrittenTarget(Frozen):
    """A position for the body's frame, upright, in the frame of a body or (null) of the world."""

    frame: str | None = None
    x: float = Field(description="m")
    y: float = Field(description="m")
    z: float = Field(description="m")
    turn: float = Field(default=0.0, description="degrees about the vertical")

    def target(self) -> Target:
        """As programs have it."""
        quat = quat_from_yaw(math.radians(self.turn))
        return Target(pose=(self.x, self.y, self.z, *map(float, quat)), frame=self.frame)  # type: ignore[arg-type]


class WrittenStage(Frozen):
    """One stage; see the rules."""

    skill: str
    body: str
    relations: tuple[Relation, ...] = ()
    target: WrittenTarget | None = None
    keypoint: str | None = None
    axis: str | None = None
    parameters: tuple[Setting, ...] = ()
    pre: str | None = None
    post: str | None = None

    def stage(self) -> Stage:
        """As programs have it."""
        return Stage(
            skill=self.skill,
            body=self.body,
            relations=self.relations,
            target=None if self.target is None else self.target.target(),
            keypoint=self.keypoint,
            axis=self.axis,
            parameters={setting.name: setting.value for setting in self.parameters},
            pre=self.pre,
            post=self.post,
        )


class WrittenProgram(Frozen):
    """A whole program, with one sentence on why it should work."""

    thought: str = Field(default="", max_length=400, description="one sentence: why these stages in this order")
    stages: tuple[WrittenStage, ...] = Field(min_length=1, max_length=40)

    def program(self, author: str = "model") -> Program:
        """As solvers carry it out."""
        return Program(stages=tuple(stage.stage() for stage in self.stages), author=author)

    def faults(self, layout: SceneLayout) -> list[str]:
        """What keeps it from being begun in this scene, one sentence each."""
        twice = [
            f"Stage {number}: the parameter {name!r} is given twice; give it once."
            for number, stage in enumerate(self.stages)
            for name in sorted({s.name for s in stage.parameters if _count(stage, s.name) > 1})
        ]
        return [*twice, *map(str, check_program(self.program(), layout))]


def _count(stage: WrittenStage, name: str) -> int:
    return sum(setting.name == name for setting in stage.parameters)
