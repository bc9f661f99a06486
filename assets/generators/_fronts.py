"""Fronts: carcasses, doors, dials and buttons of furniture and appliances that face the robot (-x)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from assets.generators._draws import SILVER, Paint
from assets.generators._handles import (
    FORWARD,
    bar_centre,
    bar_handle,
    handle_look,
    knob_grasps,
    round_bar_grasps,
)
from assets.generators._looks import brushed, cylinder, plain
from assets.generators._parts import Part
from assets.generators._shapes import between, boxes_visual
from assets.generators._wood import Color
from assets.package import Visual
from pipeline.core.geometry import Box, Joint, Vec3

Side = Literal["left", "right"]
OUT = (-1.0, 0.0, 0.0)  # towards the robot
GRAVITY, HOLDS = 9.81, 1.25  # m/s^2; friction of a hinge that carries its door, as a share of the door's weight
METAL = (0.62, 0.63, 0.65)
DARK = (0.13, 0.13, 0.14)
Y, Z = (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)


def carcass(low: Vec3, high: Vec3, wall: float) -> list[Box]:
    """Left, right, back, bottom and top panel [m] between two corners, open towards -x."""
    (x0, y0, z0), (x1, y1, z1) = low, high
    return [
        between((x0, y0, z0), (x1, y0 + wall, z1)),
        between((x0, y1 - wall, z0), (x1, y1, z1)),
        between((x1 - wall, y0 + wall, z0), (x1, y1 - wall, z1)),
        between((x0, y0 + wall, z0), (x1 - wall, y1 - wall, z0 + wall)),
        between((x0, y0 + wall, z1 - wall), (x1 - wall, y1 - wall, z1)),
    ]


def top_support(low: Vec3, high: Vec3) -> Box:
    """The upper side of a carcass as a support area, 8 mm inside its edges."""
    edge, z = 0.008, high[2]
    return between((low[0] + edge, low[1] + edge, z - 0.001), (high[0] - edge, high[1] - edge, z + 0.001))


def coated(boxes: Sequence[Box], paint: Paint, *, bevel: float = 0.003) -> Visual:
    """Painted sheet metal; silver is brushed steel."""
    if paint is SILVER:
        return boxes_visual(boxes, texture=brushed("steel", paint.color), bevel=bevel, tile=0.12, specular=0.5)
    return boxes_visual(boxes, color=(*paint.color, 1.0), bevel=bevel, specular=0.4)


def swinging_door(
    link: str,
    slab: Box,
    *,
    looks: Sequence[Visual],
    hinge: Side,
    opens: float,
    mass: float,
    handle_length: float,
    handle_color: Color = METAL,
    noun: str = "door",
) -> Part:
    """A door that turns about its left or right edge as the robot sees it (left is +y); upright handle, opposite."""
    (x, y, z), (hx, hy, hz) = slab.pose[:3], slab.half
    side = 1.0 if hinge == "left" else -1.0
    face = (x - hx, y - side * (hy - 0.03), z)
    joint = Joint(
        name=f"{link}_hinge",
        link=link,
        kind="revolute",
        axis=(0.0, 0.0, -side),
        anchor=(x + hx, y + side * hy, z - hz),
        lower=0.0,
        upper=opens,
        damping=0.4,
        friction=0.15,
    )
    handle = Handle(face, along=Z, length=handle_length, color=handle_color, tilts=(40.0, 20.0, 60.0))
    return _door(joint, slab, looks=looks, mass=mass, handle=handle, noun=noun)


def drop_door(
    link: str,
    slab: Box,
    *,
    looks: Sequence[Visual],
    opens: float,
    mass: float,
    handle_length: float,
    handle_color: Color = METAL,
    noun: str = "door",
) -> Part:
    """A door that turns down about its lower edge; a level handle near its upper one."""
    (x, y, z), (hx, _, hz) = slab.pose[:3], slab.half
    face = (x - hx, y, z + hz - 0.03)
    joint = Joint(
        name=f"{link}_hinge",
        link=link,
        kind="revolute",
        axis=(0.0, -1.0, 0.0),
        anchor=(x + hx, y, z - hz),
        lower=0.0,
        upper=opens,
        damping=0.8,
        # Holds the door at any angle against its own weight; the springs of real ones do the same.
        friction=round(HOLDS * mass * GRAVITY * hz, 2),
    )
    handle = Handle(face, along=Y, length=handle_length, color=handle_color, tilts=(0.0, 25.0, -25.0))
    return _door(joint, slab, looks=looks, mass=mass, handle=handle, noun=noun)


def dial(link: str, face: Vec3, radius: float, *, color: Color, turns: float, noun: str) -> Part:
    """A round knob of 22 mm depth on a front; turns clockwise for who looks at it."""
    depth = 0.022
    x, y, z = face
    body = cylinder((x - depth / 2, y, z), radius, depth, axis=OUT)
    mark = between((x - depth - 0.001, y - 0.0015, z + 0.3 * radius), (x - depth + 0.001, y + 0.0015, z + 0.9 * radius))
    joint = Joint(
        name=f"{link}_turn",
        link=link,
        kind="revolute",
        axis=FORWARD,
        anchor=face,
        lower=0.0,
        upper=turns,
        damping=0.02,
        friction=0.03,
    )
    middle = (x - depth + 0.006, y, z)
    light = color[0] > 0.5
    return Part(
        visuals=[plain(body, color=color), boxes_visual([mark], color=(*_mark_color(dark=light), 1.0), bevel=0.0003)],
        pieces=[body],
        mass=0.04,
        noun=noun,
        joint=joint,
        keypoints={"handle": middle},
        axes={"turn": FORWARD},
        grasps=knob_grasps(middle, width=2 * radius),
    )


def front_button(link: str, face: Vec3, half: tuple[float, float], *, color: Color, noun: str) -> Part:
    """A flat button on a front, ``half`` its size along y and z; a spring brings it back."""
    depth, travel = 0.008, 0.005
    x, y, z = face
    cap = between((x - depth, y - half[0], z - half[1]), (x, y + half[0], z + half[1]))
    joint = Joint(
        name=f"{link}_press",
        link=link,
        kind="prismatic",
        axis=FORWARD,
        anchor=face,
        lower=0.0,
        upper=travel,
        damping=2.0,
        friction=0.2,
        stiffness=800.0,
    )
    return Part(
        visuals=[boxes_visual([cap], color=(*color, 1.0), bevel=0.0015, specular=0.4)],
        pieces=[cap],
        mass=0.02,
        noun=noun,
        joint=joint,
        keypoints={"button": (x - depth, y, z)},
        axes={"press": FORWARD},
    )


@dataclass(frozen=True)
class Handle:
    """A round bar in front of the point ``face``, running ``along``; hands take it tilted by ``tilts`` [deg]."""

    face: Vec3
    along: Vec3
    length: float
    color: Color
    tilts: tuple[float, ...]


def _door(joint: Joint, slab: Box, *, looks: Sequence[Visual], mass: float, handle: Handle, noun: str) -> Part:
    bar = bar_handle(handle.face, along=handle.along, length=handle.length)
    middle = bar_centre(handle.face)
    return Part(
        visuals=[*looks, *handle_look(bar, handle.color)],
        pieces=[slab, *bar],
        mass=mass,
        noun=noun,
        joint=joint,
        keypoints={"handle": middle},
        axes={"pull": OUT, "hinge": joint.axis, "bar": handle.along},
        grasps=round_bar_grasps(middle, along=handle.along, forward=FORWARD, tilts=handle.tilts),
    )


def _mark_color(*, dark: bool) -> Color:
    return DARK if dark else (0.92, 0.92, 0.9)
