"""mild: what one laboratory sees from day to day; the solver should hardly notice."""

from __future__ import annotations

from scene_gen.distributions import Ball, Count, Factor, Uniform
from scene_gen.randomisation._spec import Randomisation

mild = Randomisation(
    name="mild",
    scale=Factor(most=1.04),
    mass=Factor(most=1.2),
    friction=Factor(most=1.1),
    joint_friction=Factor(most=1.2),
    stiffness=Factor(most=1.05),
    damping=Factor(most=1.05),
    camera_shift=Ball(radius=0.02),
    camera_turn=Ball(radius=0.03),
    field_of_view=Factor(most=1.03),
    brightness=Factor(most=1.2),
    ambient=Factor(most=1.15),
    light_turn=Ball(radius=0.2),
    light_tint=0.05,
    tint=0.08,
    textures=0.3,
    table_height=Uniform(low=0.72, high=0.78),
    clutter=Count(low=0, high=1),
    wording=0.5,
)
