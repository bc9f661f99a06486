"""Lesson: how the hand was used in a part of an attempt that is held to have worked; for a memory, once confirmed."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pipeline.core.geometry import Frozen, Vec3


class ToolUse(Frozen):
    """A tool pose relative to a thing: where on it, from where, and which way the fingers close.

    The frame: middle of the upright box around the thing, x along its longer level side, z up.
    """

    part: Vec3 = Field(description="of the tool, in half sides of the box")
    approach: Vec3 = Field(description="unit vector")
    closing: Vec3 = Field(description="unit vector; its sign means nothing")
    square: bool = Field(description="no level side is the longer one: quarter turns are the same")


class Lesson(Frozen):
    """One action of an attempt, with the names that the task uses."""

    version: Literal[1] = 1
    verb: str
    thing: str
    relation: str | None = None
    to: str | None = None
    at: str = Field(description="which of the two the tool's pose is relative to")
    use: ToolUse
