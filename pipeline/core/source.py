"""Source: where an imported task comes from, and what its source itself calls success, kept as data."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pipeline.core.geometry import Frozen


class OnBody(Frozen):
    """``a`` touches ``b``, is not below it, and their feet are less than ``offset`` m apart, seen from above."""

    kind: Literal["on_body"] = "on_body"
    a: str
    b: str
    offset: float = Field(gt=0, description="m")
    positive: bool = True


class OnArea(Frozen):
    """``a``'s foot is over ``b``'s support area, between ``low`` and ``high`` m above it, and the two touch."""

    kind: Literal["on_area"] = "on_area"
    a: str
    b: str
    low: float = Field(description="m")
    high: float = Field(description="m")
    positive: bool = True


class InBox(Frozen):
    """``a``'s middle is strictly inside the box of ``b``'s cavity, grown downwards by ``slack`` m."""

    kind: Literal["in_box"] = "in_box"
    a: str
    b: str
    slack: float = Field(ge=0, description="m")
    positive: bool = True


class JointPast(Frozen):
    """The joint that moves ``link`` is more, or less, than a share of its travel away from its closed end.

    The share is the source's own: its threshold ``at`` over its joint's ``travel``, from the closed end [m or rad].
    """

    kind: Literal["joint_past"] = "joint_past"
    link: str
    side: Literal["more", "less"]
    at: float
    travel: float = Field(gt=0)
    positive: bool = True


class Unjudged(Frozen):
    """A condition of the source that a world of ours cannot answer, and why."""

    kind: Literal["unjudged"] = "unjudged"
    text: str
    why: str


Rule = Annotated[OnBody | OnArea | InBox | JointPast | Unjudged, Field(discriminator="kind")]


class SourceThing(Frozen):
    """An object or fixture of the source."""

    name: str
    category: str


class Source(Frozen):
    """What the file said, and its success rules: all ``rules`` at one step, without waiting or letting go.

    ``goal`` and ``initial`` are the file's own formulas. ``rules`` name bodies of the task, not of the file.
    """

    format: Literal["bddl"] = "bddl"
    dialect: Literal["libero", "behavior"]
    name: str = Field(description="the file's name without its ending")
    sha256: str = Field(description="of the file's text")
    language: str = ""
    things: tuple[SourceThing, ...] = ()
    initial: tuple[str, ...] = ()
    goal: str
    rules: tuple[Rule, ...] = ()
    release: bool = Field(default=False, description="whether the source demands that the gripper has let go")
    hold: float = Field(default=0.0, ge=0, description="s that the source demands the goal to hold")
