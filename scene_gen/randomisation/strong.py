"""strong: many laboratories; for policies that are to work in one that nobody has seen."""

from __future__ import annotations

from scene_gen.distributions import Ball, Count, Factor, Uniform
from scene_gen.randomisation._spec import Randomisation

strong = Randomisation(
    name="strong",
    scale=Factor(most=1.12),
    mass=Factor(most=2.0),
    friction=Factor(most=1.4),
    joint_friction=Factor(most=2.0),
    stiffness=Factor(most=1.15),
    damping=Factor(most=1.15),
    camera_shift=Ball(radius=0.08),
    camera_turn=Ball(radius=0.08),
    field_of_view=Factor(most=1.12),
    brightness=Factor(most=1.8),
    ambient=Factor(most=1.4),
    light_turn=Ball(radius=0.6),
    light_tint=0.15,
    tint=0.3,
    textures=0.8,
    table_height=Uniform(low=0.65, high=0.85),
    clutter=Count(low=1, high=4),
    wording=0.9,
)
