"""faucet: a fixed sink whose faucet has one or two taps that turn a quarter or more."""

from __future__ import annotations

import numpy as np
import trimesh

from assets.draft import Draft
from assets.generators._draws import BLACK, SILVER, WHITE, Draws
from assets.generators._fronts import coated
from assets.generators._handles import DOWN, bar_grasps
from assets.generators._looks import cylinder, plain
from assets.generators._parts import Part, assemble
from assets.generators._shapes import between, boxes_visual
from assets.generators._wood import Color
from assets.package import Visual
from pipeline.core.geometry import Box, Joint, Vec3

RIM, DECK = 0.012, 0.085  # m; the deck behind the basin carries the faucet
CHROME, BRASS, GRAPHITE = (0.80, 0.81, 0.83), (0.70, 0.55, 0.30), (0.15, 0.15, 0.16)
HOT, COLD = (0.75, 0.13, 0.10), (0.12, 0.28, 0.66)
WING = 0.014  # m, thickness of a tap's wing: what fingers close on


def faucet(seed: int | None = None) -> Draft:
    """A sink of 34 x 36 x 11 cm with a hot and a cold tap, or a variant."""
    draws = Draws("faucet", seed)
    depth, width, height = draws.size(0.34, 0.31, 0.38), draws.size(0.36, 0.32, 0.44), draws.size(0.11, 0.09, 0.13)
    tall, reach = draws.size(0.16, 0.12, 0.20), draws.size(0.13, 0.10, 0.15)
    paint, metal = draws.pick(SILVER, (SILVER, WHITE, BLACK)), draws.pick(CHROME, (CHROME, BRASS, GRAPHITE))
    basin = _basin(depth, width, height)
    stem_x = depth / 2 - DECK / 2
    spout = _spout(stem_x, height, tall, reach)
    drain = cylinder((-DECK / 2, 0.0, RIM + 0.0005), 0.02, 0.001)
    base = Part(
        visuals=[
            coated(basin, paint, bevel=0.004),
            plain(*spout, color=metal, specular=0.9),
            plain(drain, color=(0.2, 0.2, 0.21)),
        ],
        pieces=[*basin, *spout],
        cavity=between((-depth / 2 + RIM, -width / 2 + RIM, RIM), (depth / 2 - DECK, width / 2 - RIM, height)),
    )
    turns, span = draws.size(1.571, 1.2, 3.1), draws.size(0.07, 0.06, 0.08)
    apart = draws.size(0.10, 0.085, 0.12)
    taps = {"hot_tap": (apart, HOT), "cold_tap": (-apart, COLD)}
    if draws.pick(2, (1, 2)) == 1:
        taps = {"tap": (-apart, COLD)}
    made = {
        name: _tap(name, (stem_x, y, height), span=span, turns=turns, metal=metal, dot=dot)
        for name, (y, dot) in taps.items()
    }
    return assemble(
        draws,
        {"": base, **made},
        category="sink",
        noun="sink" if seed is None else f"{paint.name} sink",
        affordances=("container", "turnable"),
        description=f"A {paint.name} sink with a faucet and {'a tap' if len(taps) == 1 else 'a hot and a cold tap'}.",
    )


def _basin(depth: float, width: float, height: float) -> list[Box]:
    """Floor, three rims and the deck at the back."""
    x, y = depth / 2, width / 2
    return [
        between((-x, -y, 0.0), (x, y, RIM)),
        between((-x, -y, RIM), (x - DECK, -y + RIM, height)),
        between((-x, y - RIM, RIM), (x - DECK, y, height)),
        between((-x, -y + RIM, RIM), (-x + RIM, y - RIM, height)),
        between((x - DECK, -y, RIM), (x, y, height)),
    ]


def _spout(x: float, deck: float, tall: float, reach: float) -> list[trimesh.Trimesh]:
    """Flange, stem, arm towards the robot and nozzle."""
    top = deck + tall
    return [
        cylinder((x, 0.0, deck + 0.004), 0.026, 0.008),
        cylinder((x, 0.0, deck + tall / 2), 0.014, tall),
        cylinder((x - reach / 2 + 0.006, 0.0, top), 0.012, reach + 0.012, axis=(1.0, 0.0, 0.0)),
        cylinder((x - reach, 0.0, top - 0.018), 0.013, 0.036),
    ]


def _tap(name: str, foot: Vec3, *, span: float, turns: float, metal: Color, dot: Color) -> Part:
    """A hub with a wing that points sideways when shut and turns towards the robot."""
    x, y, z = foot
    out = 1.0 if y > 0 else -1.0  # the wing of the left tap points left
    hub = cylinder((x, y, z + 0.0175), 0.016, 0.035)
    wing = between(*_ordered((x - WING / 2, y, z + 0.035), (x + WING / 2, y + out * span, z + 0.049)))
    cap = cylinder((x, y, z + 0.0495), 0.009, 0.003)
    axis = (0.0, 0.0, out)  # turns the wing from +-y to -x
    hold = (x, y + out * 0.7 * span, z + 0.042)
    joint = Joint(
        name=f"{name}_turn",
        link=name,
        kind="revolute",
        axis=axis,
        anchor=foot,
        lower=0.0,
        upper=turns,
        damping=0.05,
        friction=0.06,
    )
    looks: list[Visual] = [
        plain(hub, color=metal, specular=0.9),
        boxes_visual([wing], color=(*metal, 1.0), bevel=0.004, specular=0.9),
        plain(cap, color=dot),
    ]
    return Part(
        visuals=looks,
        pieces=[hub, wing],
        mass=0.12,
        noun=name.replace("_", " "),
        joint=joint,
        keypoints={"handle": hold},
        axes={"turn": axis},
        grasps=bar_grasps(hold, along=(0.0, 1.0, 0.0), approaches=[DOWN, *_leaning()], width=WING),
    )


def _leaning() -> list[Vec3]:
    return [(float(np.sin(a)), 0.0, float(-np.cos(a))) for a in np.radians((15.0, -15.0))]


def _ordered(first: Vec3, second: Vec3) -> tuple[Vec3, Vec3]:
    low, high = np.minimum(first, second).tolist(), np.maximum(first, second).tolist()
    return (low[0], low[1], low[2]), (high[0], high[1], high[2])
