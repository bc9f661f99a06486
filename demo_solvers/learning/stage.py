"""LearnedStage: what of a task is to be learned, and what the policy may move and see for it."""

from __future__ import annotations

from functools import cached_property
from typing import Literal

from pydantic import Field

from pipeline.core.geometry import Frozen
from pipeline.core.goal import Goal
from pipeline.core.world import Bools, WorldState
from pipeline.holds import holds, parse

Freedom = Literal["x", "y", "z", "roll", "pitch", "yaw"]
Fingers = Literal["closed", "open", "kept", "gripping", "releasing"]


class LearnedStage(Frozen):
    """A stage whose motion is learned: it begins at a contact that is prepared, and ends when ``goal`` holds."""

    name: str
    goal: str = Field(description="formula that says when the stage has done its work")
    body: str = Field(description="what is worked on")
    others: tuple[str, ...] = Field(default=(), description="bodies that it is to end near, on, in or along")
    joints: tuple[str, ...] = Field(default=(), description="joints that it moves")
    freedoms: tuple[Freedom, ...] = Field(default=("x", "y", "z"), min_length=1, description="motions of the tool")
    fingers: Fingers = Field(
        default="closed",
        description="kept: as at the start; gripping: tighter than that; releasing: so, until only letting go lacks",
    )
    speed: float = Field(default=0.3, gt=0, le=1.0, description="m/s, fastest translation along an axis")
    turning: float = Field(default=1.0, gt=0, le=3.0, description="rad/s, fastest turn about an axis")
    leash: float = Field(
        default=0.03, gt=0, le=0.1, description="m, how far the commanded tool may be ahead of the tool"
    )
    repeat: int = Field(default=2, ge=1, le=10, description="control steps that an action lasts")
    decisions: int = Field(default=60, ge=1, le=1000, description="actions until the stage has failed")

    @cached_property
    def formula(self) -> Goal:
        """The goal, parsed."""
        return parse(self.goal)

    @property
    def actions(self) -> int:
        """Width of an action."""
        return len(self.freedoms)

    def reached(self, state: WorldState) -> Bools:
        """Whether the stage has done its work, (batch,)."""
        return holds(self.formula, state)
