"""What the torch twins of the predicates share: areas, headings, fittings and travel, by the same formulas."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from demo_solvers.rewards.frames import into, matrix, rotate, transform
from demo_solvers.rewards.now import Now
from pipeline.core.geometry import Box
from pipeline.core.layout import LEFT_FINGER, RIGHT_FINGER
from pipeline.predicates._fits import AXIS, SEAT, TIP
from pipeline.predicates._headings import ELONGATED
from pipeline.predicates._support import LEVEL
from pipeline.predicates._travel import EDGE
from pipeline.predicates.overhanging import SIDES

if TYPE_CHECKING:
    from torch import Tensor

STEEP = 1e-6  # vertical share of a normal below which a surface has no height under a point


def pinched(now: Now, a: str) -> Tensor:
    """Both fingers touch ``a``, (batch,)."""
    return now.touching(a, LEFT_FINGER) & now.touching(a, RIGHT_FINGER)


def up(frame: Tensor) -> Tensor:
    """Vertical component (batch,) of a frame's z axis."""
    return 1.0 - 2.0 * (frame[:, 4].square() + frame[:, 5].square())


def axis_of(now: Now, body: str, axis: tuple[float, float, float]) -> Tensor:
    """A direction of the body's frame in the world, (batch, 3)."""
    return now.keep(("axis", body, axis), lambda: rotate(now.body(body)[:, 3:], now.constant(axis)))


def plumb(now: Now, point: Tensor, surface: Tensor) -> Tensor:
    """Where the vertical through ``point`` (batch, 3) meets the xy plane of ``surface`` (batch, 7): (batch, 3)."""
    import torch

    normal = rotate(surface[:, 3:], now.constant((0.0, 0.0, 1.0)))
    slope = torch.where(normal[:, 2].abs() > STEEP, normal[:, 2], normal.new_tensor(STEEP))
    drop = (normal[:, :2] * (surface[:, :2] - point[:, :2])).sum(dim=-1) / slope
    return torch.cat([point[:, :2], (surface[:, 2] + drop)[:, None]], dim=-1)


def over(now: Now, a: str, b: str, area: Box) -> tuple[Tensor, Tensor]:
    """Whether (batch,) ``a``'s centre is over a level area of ``b``, and (batch,) m ``a``'s bottom above it."""
    surface, point = now.box(b, area), now.centre(a)
    foot = now.keep(("foot", a, b, area), lambda: plumb(now, point, surface))
    local = into(surface, foot[:, None])[:, 0]
    inside = (local[:, :2].abs() <= now.constant(area.half[:2])).all(dim=-1)
    return inside & (up(surface) >= LEVEL) & (point[:, 2] > foot[:, 2]), now.lowest(a) - foot[:, 2]


def sticking_out(now: Now, a: str, b: str, area: Box) -> Tensor:
    """How far (batch,) m the middle of a side of ``a`` is beyond the nearest edge of an area of ``b``."""
    bounds = now.scene.geometry(a).bounds
    middles = tuple((x * bounds.half[0], y * bounds.half[1], 0.0) for x, y in SIDES.tolist())
    local = into(now.box(b, area), transform(now.box(a, bounds), now.constant(middles)))[..., :2]
    return (local.abs() - now.constant(area.half[:2])).amax(dim=(1, 2))


def heading(now: Now, body: str) -> tuple[Tensor, Tensor]:
    """Heading (batch,) rad of the longer horizontal side, and whether (batch,) it is clearly longer."""
    import torch

    axes = now.keep(("matrix", body), lambda: matrix(now.body(body)[:, 3:]))
    half = now.constant(now.scene.geometry(body).bounds.half).expand(len(axes), 3)
    vertical = axes[:, 2].abs().argmax(dim=-1, keepdim=True)
    flat = half.scatter(1, vertical, -1.0)
    order = flat.argsort(dim=-1, stable=True)
    longer, shorter = order[:, 2:], order[:, 1:2]
    along = axes[:, :2].gather(2, longer[:, None].expand(-1, 2, 1))[..., 0]
    long = flat.gather(1, longer) >= ELONGATED * flat.gather(1, shorter)
    return torch.atan2(along[:, 1], along[:, 0]), long[:, 0]


def heading_gap(now: Now, a: str, b: str) -> Tensor:
    """Angle (batch,) rad between the headings of two bodies, ends not told apart."""
    import torch

    def gap() -> Tensor:
        (first, long_a), (second, long_b) = heading(now, a), heading(now, b)
        period = torch.where(long_a & long_b, first.new_tensor(math.pi), first.new_tensor(math.pi / 2))
        return ((first - second + period / 2).remainder(period) - period / 2).abs()

    return now.keep(("heading", a, b), gap)


def fit(now: Now, a: str, b: str) -> tuple[Tensor, Tensor, Tensor]:
    """How far ``a``'s tip is short of ``b``'s seat, and aside, (batch,) m, and the tilt (batch,) rad."""
    import torch

    plug, socket = now.scene.geometry(a), now.scene.geometry(b)

    def found() -> Tensor:
        mine, theirs = now.body(a), now.body(b)
        way = axis_of(now, b, socket.axes[AXIS])
        tip = mine[:, :3] + rotate(mine[:, 3:], now.constant(plug.keypoints[TIP]))
        seat = theirs[:, :3] + rotate(theirs[:, 3:], now.constant(socket.keypoints[SEAT]))
        short = ((seat - tip) * way).sum(dim=-1)
        aside = (seat - tip - short[:, None] * way).norm(dim=-1)
        tilt = (axis_of(now, a, plug.axes[AXIS]) * way).sum(dim=-1).clamp(-1.0, 1.0).acos()
        return torch.stack([short, aside, tilt])

    short, aside, tilt = now.keep(("fit", a, b), found)
    return short, aside, tilt


def opened(now: Now, link: str) -> Tensor:
    """How far a link's joint is from its closed end, (batch,) m or rad."""
    name = now.scene.layout.joint_of_body(link)
    spec, position = now.scene.layout.joint_specs[name], now.state.joint[:, now.scene.layout.joint(name)]
    return position - spec.lower if spec.opens == "upper" else spec.upper - position


def joint_speed(now: Now, body: str) -> Tensor:
    """Speed (batch,) m/s of the joint that moves ``body``, of a hinge near its axis; 0 for all other bodies."""
    layout, (base, _, link) = now.scene.layout, body.partition("/")
    for name, spec in layout.joint_specs.items():
        if link and spec.link == link and name.partition("/")[0] == base:
            speed = now.state.joint_velocity[:, layout.joint(name)].abs()
            return speed if spec.kind == "prismatic" else speed * EDGE
    return now.state.pose.new_zeros(len(now.state))
