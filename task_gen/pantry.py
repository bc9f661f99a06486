"""Pantry: what a catalogue affords one robot, sorted by use; and the sizes that decide what fits what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np

from pipeline.core.asset import Affordance, AssetSpec
from pipeline.core.doors import Catalog
from pipeline.core.geometry import BodyGeometry, Box
from pipeline.core.robot import RobotSpec

FINGER_SLACK = 0.004  # m of opening beyond the object: the hand nudges it less
CAVITY_SLACK = 0.020  # m between an object and the walls it is lowered between, both sides together
RIM = 0.005  # m that a contained object's centre must be below the rim (as ``inside`` demands)
LIFT = 0.012  # m that curved floors carry an object above their deepest point
OVERHANG = 1.2  # of the support's size: a little over the edge still stands
# An open drawer shows about two thirds of its inside; what is longer cannot be lowered past the cabinet by a hand.
DRAWER_ITEM = 0.11  # m
CROWDED = 0.35  # of the workspace's 0.25 m2: beyond it rejection sampling finds no layout
WORKSPACE = 0.35 * 0.70  # m2
PACKED = 0.45  # of an area: what chance finds room for in a few dozen tries
BETWEEN = 0.01  # m that objects keep from each other
PUSH_FACE = 0.04  # m of height that two fingertips need to push against


class Pantry:
    """The catalogue's assets by what the robot can do with them, each group sorted by name."""

    def __init__(self, catalog: Catalog, robot: RobotSpec) -> None:
        self.catalog, self.robot = catalog, robot

    @cached_property
    def everything(self) -> tuple[AssetSpec, ...]:
        """All assets."""
        return tuple(self.catalog.asset(name) for name in self.catalog.assets)

    def having(self, affordance: Affordance) -> tuple[AssetSpec, ...]:
        """All assets with an affordance."""
        return tuple(a for a in self.everything if a.can(affordance))

    @cached_property
    def graspable(self) -> tuple[AssetSpec, ...]:
        """Free objects that the gripper can take."""
        return tuple(a for a in self.having("graspable") if not a.fixed and fits_gripper(a, self.robot))

    @cached_property
    def pushable(self) -> tuple[AssetSpec, ...]:
        """Free objects that can be pushed but not taken."""
        return tuple(a for a in self.having("pushable") if fits_pushing(a) and a not in self.graspable)

    @cached_property
    def openable(self) -> tuple[tuple[AssetSpec, str], ...]:
        """Drawers with a handle that the hand gets to; no skill opens what swings yet."""
        drawers = self._links("prismatic", "pull")
        return tuple((a, link) for a, link in drawers if a.can("openable") and a.links[link].grasps)

    @cached_property
    def doors(self) -> tuple[tuple[AssetSpec, str], ...]:
        """Articulated assets with a door, lid or flap that swings."""
        return self._links("revolute", "pull")

    @cached_property
    def turnable(self) -> tuple[tuple[AssetSpec, str], ...]:
        """Articulated assets with a tap, dial or lever, which stays where it is turned to.

        Buttons are none of them: a spring brings them back, so that no state of the world says they were pressed.
        """
        return self._links("revolute", "turn")

    @cached_property
    def closets(self) -> tuple[tuple[AssetSpec, str, str], ...]:
        """Assets that close over what is in them: with the link that holds it and the link that closes."""
        drawers = [(a, link, link) for a, link in self.openable if a.links[link].cavity is not None]
        return (*drawers, *((a, "", link) for a, link in self.doors if a.links[""].cavity is not None))

    def _links(self, kind: str, axis: str) -> tuple[tuple[AssetSpec, str], ...]:
        every = ((a, j) for a in self.everything for j in a.joints)
        return tuple((a, j.link) for a, j in every if j.kind == kind and axis in a.links[j.link].axes)


def covered(assets: Iterable[AssetSpec]) -> float:
    """Table area [m2] that assets stand on, by their bounds."""
    return sum(float(np.prod(2 * np.array(a.links[""].bounds.half[:2]))) for a in assets)


def crowded(*assets: AssetSpec) -> bool:
    """Whether assets leave each other too little room on the table."""
    return covered(assets) > CROWDED * WORKSPACE


def fits_gripper(asset: AssetSpec, robot: RobotSpec) -> bool:
    """Whether some grasp is narrower than the open gripper."""
    return any(g.width <= robot.gripper.max_width - FINGER_SLACK for g in asset.links[""].grasps)


def fits_pushing(asset: AssetSpec) -> bool:
    """Whether a free object offers the fingers a face that is high enough."""
    return not asset.fixed and asset.can("pushable") and 2 * asset.links[""].bounds.half[2] >= PUSH_FACE


def fits_inside(asset: AssetSpec, container: BodyGeometry) -> bool:
    """Whether the upright object fits between the walls and ends with its centre below the rim."""
    if container.cavity is None:
        return False
    bounds = asset.links[""].bounds
    if "pull" in container.axes and 2 * max(bounds.half[:2]) > DRAWER_ITEM:
        return False
    room = np.sort(container.cavity.half[:2]) - CAVITY_SLACK / 2
    deep = 2 * container.cavity.half[2]
    return bool((np.sort(bounds.half[:2]) <= room).all() and bounds.half[2] + LIFT + RIM <= deep)


def fit_together(assets: Sequence[AssetSpec], area: Box) -> bool:
    """Whether upright objects find room side by side on an area, laid out by chance and not by a clever packer."""
    sizes = [2 * np.array(a.links[""].bounds.half[:2]) + BETWEEN for a in assets]
    room = 2 * np.array(area.half[:2])
    return len(assets) == 1 or float(sum(map(np.prod, sizes))) <= PACKED * float(np.prod(room))


def fits_region(asset: AssetSpec, area: AssetSpec) -> bool:
    """Whether the object is no larger than the region, so that what counts as in it also looks it."""
    size, room = (np.sort(a.links[""].bounds.half[:2]) for a in (asset, area))
    return bool((size <= room).all())


def fits_under(asset: AssetSpec, container: BodyGeometry) -> bool:
    """Whether the upright object is no taller than the cavity is deep, so that a drawer could close over it."""
    return container.cavity is not None and asset.links[""].bounds.half[2] <= container.cavity.half[2]


def fits_on(asset: AssetSpec, carrier: BodyGeometry) -> bool:
    """Whether the upright object's footprint finds room on the support area, give or take a small overhang."""
    if carrier.support is None:
        return False
    size, area = np.sort(asset.links[""].bounds.half[:2]), np.sort(carrier.support.half[:2])
    return bool((size <= OVERHANG * area).all())
