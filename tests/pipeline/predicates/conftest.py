"""A hand-built table top: a mug, blocks, a plate, a book, a bowl, a region, a cabinet with a drawer, the gripper."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from pipeline.core.geometry import BodyGeometry, Box, Joint
from pipeline.core.layout import FLOOR, LEFT_FINGER, RIGHT_FINGER, ROBOT, SceneLayout
from pipeline.core.poses import IDENTITY_POSE, pose, quat_from_axis_angle
from pipeline.core.world import WorldState, no_forces

Place = Sequence[float]


def box(half: tuple[float, float, float], z: float) -> Box:
    return Box(pose=(0, 0, z, 1, 0, 0, 0), half=half)


def solid(x: float, y: float, z: float, **more: Box) -> BodyGeometry:
    """A body of half sizes x, y, z whose origin is the middle of its bottom."""
    return BodyGeometry(bounds=box((x, y, z), z), **more)


SHAPES = {
    "table": BodyGeometry(bounds=box((0.4, 0.6, 0.02), -0.02), support=box((0.4, 0.6, 0.0005), -0.0005)),
    "mug": solid(0.04, 0.04, 0.05),
    "block": solid(0.02, 0.02, 0.02, support=box((0.02, 0.02, 0.0005), 0.0395)),
    "other": solid(0.02, 0.02, 0.02, support=box((0.02, 0.02, 0.0005), 0.0395)),
    "plate": solid(0.10, 0.10, 0.01, support=box((0.07, 0.07, 0.0005), 0.0095)),
    "book": solid(0.10, 0.05, 0.01),
    "bowl": solid(0.07, 0.07, 0.03, cavity=box((0.05, 0.05, 0.025), 0.035)),
    "zone": solid(0.06, 0.06, 0.0005, support=box((0.06, 0.06, 0.0005), 0.0005)),
    "cabinet": solid(0.2, 0.17, 0.2, support=box((0.2, 0.17, 0.0005), 0.3995)),
    "cabinet/drawer": BodyGeometry(
        bounds=Box(pose=(0, 0, 0.3, 1, 0, 0, 0), half=(0.19, 0.15, 0.06)),
        cavity=Box(pose=(0, 0, 0.3, 1, 0, 0, 0), half=(0.17, 0.13, 0.05)),
    ),
}
SLIDE = Joint(name="slide", link="drawer", kind="prismatic", axis=(-1, 0, 0), lower=0.0, upper=0.2)
AWAY = {name: (3.0 * i, 30.0, 0.0) for i, name in enumerate(SHAPES) if name != "table"}


@pytest.fixture
def layout() -> SceneLayout:
    return SceneLayout(
        (ROBOT, LEFT_FINGER, RIGHT_FINGER, FLOOR, *SHAPES),
        ("cabinet/slide",),
        SHAPES,
        {"cabinet/slide": SLIDE},
        frozenset({FLOOR, "table", "zone", "cabinet", "cabinet/drawer"}),
    )


@pytest.fixture
def scene(layout: SceneLayout) -> Callable[..., WorldState]:
    """One world: where things are (x, y, z or a pose), who touches whom, who moves, how far the drawer is out."""

    def build(
        touching: Sequence[tuple[str, str]] = (),
        *,
        moving: dict[str, Sequence[float]] | None = None,
        drawer: float = 0.0,
        **places: Place,
    ) -> WorldState:
        n = len(layout.bodies)
        poses, velocity = np.tile(IDENTITY_POSE, (1, n, 1)), np.zeros((1, n, 6))
        contact = np.zeros((1, n, n), bool)
        for name, place in {**AWAY, **places}.items():
            poses[0, layout.body(name.replace("__", "/"))] = pose(place) if len(place) == 3 else place
        for a, b in touching:
            contact[0, layout.body(a), layout.body(b)] = contact[0, layout.body(b), layout.body(a)] = True
        for name, twist in (moving or {}).items():
            velocity[0, layout.body(name)] = twist
        joint = np.array([[drawer]], np.float32)
        zeros = np.zeros((1, 8), np.float32)
        tcp = np.tile(np.float32(IDENTITY_POSE), (1, 1))
        f32 = np.float32
        force = no_forces(1, layout)
        return WorldState(
            layout, poses.astype(f32), velocity.astype(f32), joint, joint * 0, zeros, zeros, tcp, contact, force
        )

    return build


@pytest.fixture
def tipped() -> Callable[..., np.ndarray]:
    """The pose of a body turned by ``degrees`` about the world's x axis, around its origin at x, y, z."""

    def build(x: float, y: float, z: float, degrees: float) -> np.ndarray:
        return pose((x, y, z), quat_from_axis_angle((1.0, 0.0, 0.0), np.deg2rad(degrees)))

    return build
