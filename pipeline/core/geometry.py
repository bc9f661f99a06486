"""Body-frame geometry that predicates and planners reason with: boxes, cavities, support areas, keypoints."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Vec3 = tuple[float, float, float]
Pose7 = Annotated[tuple[float, float, float, float, float, float, float], Field(description="x y z [m], w x y z")]


class Frozen(BaseModel):
    """Base of everything that crosses a file, a process or a model."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Box(Frozen):
    """An oriented box: ``pose`` of its centre in the body frame, ``half`` sizes in metres."""

    pose: Pose7 = (0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0)
    half: Vec3


class Grasp(Frozen):
    """A parallel-jaw grasp: tool pose in the body frame (+z approaches, +y closes), opening width, score in [0, 1]."""

    pose: Pose7
    width: float = Field(gt=0, description="finger-to-finger distance at contact [m]")
    score: float = Field(ge=0, le=1)
    shake: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="how well it held when it was lifted and shaken in physics; None = not tested",
    )


class BodyGeometry(Frozen):
    """What is known of one rigid body, in its own frame (z up in the resting pose for free objects)."""

    bounds: Box = Field(description="tight axis-aligned box in the body frame, identity rotation")
    collision: tuple[Box, ...] = Field(
        default=(), description="boxes that cover the convex pieces; for motion planning"
    )
    support: Box | None = Field(
        default=None, description="flat top area that can carry objects: thin box at surface height"
    )
    cavity: Box | None = Field(default=None, description="interior open towards local +z; contents count as inside it")
    keypoints: dict[str, Vec3] = Field(default_factory=dict, description="named points, e.g. handle [m]")
    axes: dict[str, Vec3] = Field(default_factory=dict, description="named unit directions, e.g. pull")
    grasps: tuple[Grasp, ...] = ()


class Joint(Frozen):
    """A joint of an articulated asset that moves the link ``link``."""

    name: str
    link: str
    kind: Literal["prismatic", "revolute"]
    axis: Vec3 = Field(description="unit axis in the asset's base frame at zero position")
    anchor: Vec3 = Field(default=(0.0, 0.0, 0.0), description="a point of the axis in the base frame [m]")
    lower: float = Field(description="m or rad")
    upper: float = Field(description="m or rad")
    opens: Literal["upper", "lower"] = "upper"
    damping: float = Field(default=0.0, ge=0, description="N s/m or N m s/rad")
    friction: float = Field(default=0.0, ge=0, description="dry friction [N or N m]")
    stiffness: float = Field(default=0.0, ge=0, description="of a spring that brings it back to 0 [N/m or N m/rad]")


class StablePose(Frozen):
    """An orientation in which a free body rests on a plane, from its convex hull and centre of mass."""

    quat: tuple[float, float, float, float] = Field(description="R_world_body as (w, x, y, z)")
    height: float = Field(description="of the body's origin above the plane [m]")
    probability: float = Field(ge=0, le=1, description="of ending so after a drop in random orientation")
