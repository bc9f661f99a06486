"""Truths: the torch twins of all predicates, with the thresholds of these, and goals judged by them on any device."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from demo_solvers.rewards._geometry import (
    axis_of,
    fit,
    heading,
    heading_gap,
    joint_speed,
    opened,
    over,
    pinched,
    sticking_out,
    up,
)
from demo_solvers.rewards.frames import into, transform
from demo_solvers.rewards.now import Now
from pipeline.core.goal import Atom, Goal, atoms, literals
from pipeline.core.layout import SceneLayout
from pipeline.predicates._directions import OFFSET
from pipeline.predicates._fits import AXIS, SEAT, TIP
from pipeline.predicates._travel import SLOW

if TYPE_CHECKING:
    from torch import Tensor

THIN = 1e-9  # m; the least length that is divided by


def holds(now: Now, goal: Goal) -> Tensor:
    """Whether the goal is reached and can be left as it is, (batch,); the twin of ``pipeline.holds.holds``."""
    held = {atom.args[0] for atom, positive in literals(goal) if positive and atom.predicate == "holding"}
    ok = true_of(now, goal)
    for body in dict.fromkeys(body for atom in atoms(goal) for body in atom.args):
        ok = ok & at_rest(now, body) & (joint_speed(now, body) < SLOW)
        if body not in held:
            ok = ok & ~pinched(now, body)
    return ok


def true_of(now: Now, goal: Goal) -> Tensor:
    """Whether the formula is true, (batch,), whatever moves or is held; the twin of ``pipeline.holds.true_of``."""
    import torch

    if isinstance(goal, Atom):
        return now.keep(goal, lambda: TRUTHS[goal.predicate](now, *goal.args))
    parts = [true_of(now, part) for part in goal.parts]
    if goal.op == "not":
        return ~parts[0]
    together = torch.stack(parts)
    return together.all(dim=0) if goal.op == "and" else together.any(dim=0)


@cache
def limit(predicate: str, name: str) -> Any:
    """A threshold of a predicate, from the file that defines it."""
    return getattr(importlib.import_module(f"pipeline.predicates.{predicate}"), name)


def never(now: Now) -> Tensor:
    """False in all worlds, (batch,)."""
    return now.state.contact[:, 0, 0] & False


def above(now: Now, a: str, b: str) -> Tensor:
    """``(above a b)``."""
    half = now.scene.geometry(b).bounds.half
    near_enough = _apart(now, a, b) <= (half[0] + half[1]) / 2
    return (now.lowest(a) >= now.highest(b) - limit("above", "OVERLAP")) & near_enough


def aligned(now: Now, a: str, b: str) -> Tensor:
    """``(aligned a b)``."""
    return heading_gap(now, a, b) <= math.radians(limit("aligned", "TOLERANCE"))


def at_rest(now: Now, a: str) -> Tensor:
    """``(at_rest a)``."""
    velocity = now.velocity(a)
    slow = velocity[:, :3].norm(dim=-1) < limit("at_rest", "SPEED")
    return slow & (velocity[:, 3:].norm(dim=-1) < limit("at_rest", "SPIN"))


def crosswise(now: Now, a: str, b: str) -> Tensor:
    """``(crosswise a b)``."""
    import torch

    (first, long_a), (second, long_b) = heading(now, a), heading(now, b)
    period = torch.where(long_a & long_b, first.new_tensor(math.pi), first.new_tensor(math.pi / 2))
    apart = ((first - second + math.pi / 2 + period / 2).remainder(period) - period / 2).abs()
    return apart <= math.radians(limit("crosswise", "TOLERANCE"))


def facing(now: Now, a: str) -> Tensor:
    """``(facing a)``."""
    front = now.scene.geometry(a).axes.get(limit("facing", "FRONT"))
    return never(now) if front is None else -axis_of(now, a, front)[:, 0] >= limit("facing", "TURN")


def holding(now: Now, a: str) -> Tensor:
    """``(holding a)``: pinched, and no contacts lead from it to anything bolted down without the robot."""
    free, fixed = _carriers(now.scene.layout, a)
    contact, hands = now.state.contact, limit("holding", "HANDS")
    columns = [now.scene.layout.body(b) for b in free if b not in hands]
    reached = contact[:, now.scene.layout.body(a)]
    for _ in columns:
        # A fixed body ends the search: two things on one table do not carry each other.
        reached = reached | (contact[:, columns] & reached[:, columns, None]).any(dim=1)
    return pinched(now, a) & ~reached[:, [now.scene.layout.body(b) for b in fixed]].any(dim=1)


def in_a_row(now: Now, a: str, b: str, c: str) -> Tensor:
    """``(in_a_row a b c)``."""
    first, middle, last = (now.centre(body)[:, :2] for body in (a, b, c))
    length = (last - first).norm(dim=-1).clamp(min=THIN)
    along, offset = (last - first) / length[:, None], middle - first
    reached = (offset * along).sum(dim=-1)
    aside = (offset[:, 0] * along[:, 1] - offset[:, 1] * along[:, 0]).abs()
    uneven, off = (2 * reached - length).abs() / (length / 2), limit("in_a_row", "ASIDE")
    return (aside <= off) & (uneven <= limit("in_a_row", "UNEVEN")) & (length > 2 * off)


def inserted(now: Now, a: str, b: str) -> Tensor:
    """``(inserted a b)``."""
    if not has_way_in(now.scene.layout, a, TIP) or not has_way_in(now.scene.layout, b, SEAT):
        return never(now)
    short, aside, tilt = fit(now, a, b)
    deep = (short <= limit("inserted", "SHORT")) & (short >= -limit("inserted", "DEEP"))
    straight = (aside <= limit("inserted", "ASIDE")) & (tilt <= limit("inserted", "TILT"))
    return deep & straight & ~pinched(now, a)


def inside(now: Now, a: str, b: str) -> Tensor:
    """``(inside a b)``."""
    cavity = now.scene.geometry(b).cavity
    if cavity is None:
        return never(now)
    frame, half = now.box(b, cavity), now.constant(cavity.half)
    middle = into(frame, now.centre(a)[:, None])[:, 0]
    upper = half - now.constant((0.0, 0.0, limit("inside", "RIM_MARGIN")))
    contained = (middle >= -half).all(dim=-1) & (middle <= upper).all(dim=-1)
    most = _share_in(into(frame, now.corners(a))[..., :2], half[:2]) >= limit("inside", "SHARE")
    return contained & most & (up(frame) >= limit("inside", "LEVEL")) & ~pinched(now, a)


def is_closed(now: Now, link: str) -> Tensor:
    """``(is_closed link)``."""
    joint = now.scene.layout.joint_specs[now.scene.layout.joint_of_body(link)]
    travel = joint.upper - joint.lower
    least = limit("is_closed", "SLIDE" if joint.kind == "prismatic" else "TURN")
    return opened(now, link) <= min(
        max(limit("is_closed", "SHARE") * travel, least), limit("is_closed", "MOST") * travel
    )


def is_open(now: Now, link: str) -> Tensor:
    """``(is_open link)``."""
    return _share_open(now, link) >= limit("is_open", "SHARE")


def lying(now: Now, a: str) -> Tensor:
    """``(lying a)``."""
    return up(now.body(a)).abs() <= math.cos(math.radians(limit("lying", "TILT")))


def near(now: Now, a: str, b: str) -> Tensor:
    """``(near a b)``."""
    radii = sum(sum(now.scene.geometry(body).bounds.half[:2]) / 2 for body in (a, b))
    level = (now.lowest(a) - now.lowest(b)).abs() <= limit("near", "LEVEL")
    return (_apart(now, a, b) - radii <= limit("near", "GAP")) & level


def on(now: Now, a: str, b: str) -> Tensor:
    """``(on a b)``."""
    area = now.scene.geometry(b).support
    if area is None:
        return never(now)
    across, gap = over(now, a, b, area)
    close = now.touching(a, b) | (gap.abs() <= limit("on", "CLOSE"))
    return across & (gap.abs() <= limit("on", "CLEARANCE")) & close & ~pinched(now, a)


def overhanging(now: Now, a: str, b: str) -> Tensor:
    """``(overhanging a b)``."""
    area = now.scene.geometry(b).support
    if area is None:
        return never(now)
    across, gap = over(now, a, b, area)
    out = sticking_out(now, a, b, area)
    low = gap.abs() <= limit("overhanging", "CLEARANCE")
    return across & low & (out >= limit("overhanging", "OUT")) & ~pinched(now, a)


def pouring(now: Now, a: str, b: str) -> Tensor:
    """``(pouring a b)``."""
    vessel, target = now.scene.geometry(a).cavity, now.scene.geometry(b).cavity
    if vessel is None or target is None:
        return never(now)
    around, (x, y, z) = limit("pouring", "AROUND"), vessel.half
    edge = tuple((x * math.cos(angle), y * math.sin(angle), z) for angle in around.tolist())
    rim = transform(now.box(a, vessel), now.constant(edge))
    lowest = rim[..., 2].argmin(dim=1)[:, None, None].expand(-1, 1, 3)
    local = into(now.box(b, target), rim.gather(1, lowest))[:, 0]
    across = (local[:, :2].abs() <= now.constant(target.half[:2])).all(dim=-1)
    high = local[:, 2] >= target.half[2] - limit("pouring", "OVERLAP")
    tipped = up(now.body(a)) <= math.cos(math.radians(limit("pouring", "TIPPED")))
    return across & high & tipped & upright(now, b)


def pressed(now: Now, link: str) -> Tensor:
    """``(pressed link)``."""
    return _share_open(now, link) >= limit("pressed", "SHARE")


def raised(now: Now, a: str) -> Tensor:
    """``(raised a)``."""
    bottom, height = now.lowest(a), limit("raised", "HEIGHT")
    high = bottom >= height
    for body, shape in now.scene.layout.geometry.items():
        if body != a and shape.support is not None:
            across, _ = over(now, a, body, shape.support)
            high = high & (~across | (bottom - now.box(body, shape.support)[:, 2] >= height))
    return high


def touching(now: Now, a: str, b: str) -> Tensor:
    """``(touching a b)``."""
    return now.touching(a, b)


def turned_off(now: Now, link: str) -> Tensor:
    """``(turned_off link)``."""
    return _share_open(now, link) <= limit("turned_off", "SHARE")


def turned_on(now: Now, link: str) -> Tensor:
    """``(turned_on link)``."""
    return _share_open(now, link) >= limit("turned_on", "SHARE")


def upright(now: Now, a: str) -> Tensor:
    """``(upright a)``."""
    return up(now.body(a)) >= math.cos(math.radians(limit("upright", "TILT")))


def within(now: Now, a: str, region: str) -> Tensor:
    """``(within a region)``."""
    shape = now.scene.geometry(region)
    across, gap = over(now, a, region, shape.support or shape.bounds)
    low = gap.abs() <= limit("within", "CLEARANCE")
    return across & low & at_rest(now, a) & ~pinched(now, a)


def has_way_in(layout: SceneLayout, body: str, point: str) -> bool:
    """Whether a card has the fitting points of a plug (``tip``) or a socket (``seat``)."""
    return AXIS in layout.geometry[body].axes and point in layout.geometry[body].keypoints


def _towards(x: float, y: float) -> Callable[[Now, str, str], Tensor]:
    """At least 2 cm along a direction of the table from ``b``'s centre, and within 45 degrees of it."""

    def truth(now: Now, a: str, b: str) -> Tensor:
        offset = now.centre(a) - now.centre(b)
        along, across = offset[:, 0] * x + offset[:, 1] * y, offset[:, 1] * x - offset[:, 0] * y
        return (along >= OFFSET) & (across.abs() <= along)

    return truth


def _apart(now: Now, a: str, b: str) -> Tensor:
    """Horizontal distance (batch,) m of two centres."""
    return (now.centre(a) - now.centre(b))[:, :2].norm(dim=-1)


def _share_open(now: Now, link: str) -> Tensor:
    joint = now.scene.layout.joint_specs[now.scene.layout.joint_of_body(link)]
    return opened(now, link) / (joint.upper - joint.lower)


def _share_in(points: Tensor, half: Tensor) -> Tensor:
    """Share (batch,) of the rectangle around ``points`` (batch, 8, 2) that lies within ``half`` (2,)."""
    low, high = points.amin(dim=1), points.amax(dim=1)
    overlap = (high.minimum(half) - low.maximum(-half)).clamp(min=0.0)
    return (overlap / (high - low).clamp(min=THIN)).prod(dim=-1)


def _carriers(layout: SceneLayout, a: str) -> tuple[list[str], list[str]]:
    """Bodies that are free to move, and bolted down, ``a`` itself being free."""
    fixed = [b for b in layout.bodies if b in layout.fixed and b != a]
    return [b for b in layout.bodies if b not in fixed], fixed


TRUTHS: dict[str, Callable[..., Tensor]] = {
    "above": above,
    "aligned": aligned,
    "at_rest": at_rest,
    "behind": _towards(1.0, 0.0),
    "crosswise": crosswise,
    "facing": facing,
    "holding": holding,
    "in_a_row": in_a_row,
    "in_front_of": _towards(-1.0, 0.0),
    "inserted": inserted,
    "inside": inside,
    "is_closed": is_closed,
    "is_open": is_open,
    "left_of": _towards(0.0, 1.0),
    "lying": lying,
    "near": near,
    "on": on,
    "overhanging": overhanging,
    "pouring": pouring,
    "pressed": pressed,
    "raised": raised,
    "right_of": _towards(0.0, -1.0),
    "touching": touching,
    "turned_off": turned_off,
    "turned_on": turned_on,
    "upright": upright,
    "within": within,
}
"""By the predicates' names."""
