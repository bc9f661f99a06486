"""Randomisation: what may differ between scenes besides poses, as distributions; the presets are files beside this."""

from __future__ import annotations

from pydantic import Field

from pipeline.core.geometry import Frozen
from scene_gen.distributions import NONE, ONE, STILL, Ball, Count, Factor, Uniform


class Randomisation(Frozen):
    """One distribution a property. Poses vary in any case.

    All but the wording is drawn once for a batch, since the worlds of a batch share their build; the wording is drawn
    for every scene.
    """

    name: str
    scale: Factor = Field(default=ONE, description="of free things; fixed ones keep their size")
    mass: Factor = Field(default=ONE, description="of free things, beyond what their scale gives")
    friction: Factor = Field(
        default=ONE, description="of things and of what they stand on; Genesis takes the larger of a pair's two"
    )
    joint_friction: Factor = Field(default=ONE, description="dry friction and damping of drawers and doors")
    stiffness: Factor = Field(default=ONE, description="of the controller: kp of every robot joint")
    damping: Factor = Field(default=ONE, description="of the controller: kv of every robot joint")
    camera_shift: Ball = Field(default=STILL, description="m; a quarter of it for cameras on the robot")
    camera_turn: Ball = Field(default=STILL, description="rad; a quarter of it for cameras on the robot")
    field_of_view: Factor = Field(default=ONE, description="of the vertical field of view")
    brightness: Factor = Field(default=ONE, description="of each light by itself")
    ambient: Factor = Field(default=ONE, description="of the light from everywhere")
    light_turn: Ball = Field(default=STILL, description="rad; of each light's direction")
    light_tint: float = Field(default=0.0, ge=0, lt=1, description="most that a light's red, green, blue differ from 1")
    tint: float = Field(
        default=0.0, ge=0, lt=1, description="the same for things; those named by a colour keep its hue"
    )
    textures: float = Field(default=0.0, ge=0, le=1, description="share of textured furniture with a new material")
    table_height: Uniform = Field(default=Uniform(low=0.75, high=0.75), description="m above the floor")
    clutter: Count = Field(default=NONE, description="distractors")
    clutter_categories: tuple[str, ...] = Field(default=(), description="of the catalogue; none named = all")
    wording: float = Field(default=0.0, ge=0, le=1, description="share of scenes whose instruction is reworded")
