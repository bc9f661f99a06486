"""Reach: what lies so far from the robot, or so high, that no hand gets there."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pipeline.core.asset import AssetSpec
from pipeline.core.goal import Atom, Goal, literals
from pipeline.core.robot import RobotSpec
from pipeline.core.task import TaskSpec
from pipeline.core.world import WorldState
from pipeline.holds import parse
from pipeline.predicates._shapes import centre, footprint_radius
from task_gen.reasons import Reason

PLACES = ("on", "inside", "within")
# The card's radius is for a hand that points down; one that points ahead gets further: a Panda's flange reaches
# 0.855 m and its fingers 0.103 m more (its data sheet), which is 1.2 times the 0.80 m on its card.
STRETCHED = 1.2


def beyond(
    task: TaskSpec, robot: RobotSpec, world: WorldState, *, staged: bool
) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Free objects that the goal places, each with where (batch,) all of it is farther off than the stretched arm.

    Measured from the base over the table, to the object's near side. What starts, or in the ``staged`` goal ends,
    inside something that a joint moves is left out: it is handled with the drawer pulled out.
    """
    said = [task.goal] if staged else task.initial
    stored = {
        a.args[0] for text in said for a, _ in literals(parse(text)) if a.predicate == "inside" and "/" in a.args[1]
    }
    base = world.body("robot")[:, :2].astype(float)
    for name in _placed(parse(task.goal)):
        if name not in stored and name not in world.layout.fixed:
            apart = np.linalg.norm(centre(world, name)[:, :2] - base, axis=-1)
            yield name, apart - footprint_radius(world, name) > STRETCHED * robot.reach


def too_high(goal: Goal, assets: dict[str, AssetSpec], robot: RobotSpec) -> Iterator[Reason]:
    """A reason for everything that the goal puts higher on a fixture than the arm is long.

    Fixtures stand on the table that the robot is bolted to. The limit is generous, so nothing is refused that some
    arm of this reach could do.
    """
    for atom, positive in literals(goal):
        height = _height(atom, assets) if positive and atom.predicate in PLACES else None
        if height is not None and height > robot.reach:
            high = f"{atom.args[1]!r} is {height * 100:.0f} cm above the table"
            why = f"{atom}: {high}; {robot.noun} reaches {robot.reach * 100:.0f} cm. Take something lower."
            yield Reason(code="unreachable", message=why, at="goal", subject=str(atom))


def _placed(goal: Goal) -> list[str]:
    """What the goal places, in its order."""
    return list(dict.fromkeys(a.args[0] for a, positive in literals(goal) if positive and a.predicate in PLACES))


def _height(atom: Atom, assets: dict[str, AssetSpec]) -> float | None:
    """Height [m] above the table of the surface that a fixture's base offers."""
    asset = assets.get(atom.args[1])
    if asset is None or not asset.fixed or asset.can("region"):
        return None
    base, bounds = asset.links[""], asset.links[""].bounds
    area = base.support if atom.predicate == "on" else base.cavity
    return None if area is None else area.pose[2] - (bounds.pose[2] - bounds.half[2])
