"""Containers contain, in both engines: a 2 cm ball released 2 cm above a cavity's floor is still inside after 2 s."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from assets.cards import write_card
from assets.catalog import LibraryCatalog
from assets.draft import OWN
from flows.stages import make_simulator
from pipeline.core.asset import AssetSpec
from pipeline.core.geometry import BodyGeometry, Box
from pipeline.core.poses import compose, inverse, pose, transform_points
from pipeline.core.scene import Placement, SceneSpec
from scene_gen.arrangement import joint_motion
from scene_gen.link_frames import link_frames

RADIUS, DROP = 0.01, 0.02  # m
SECONDS = 2.0
GRID, APART = 6, 1.4  # containers a row, m
ASIDE = (-4.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0)
BALL = (
    '<mujoco model="ball"><worldbody><body name="base"><freejoint name="free"/>'
    f'<inertial mass="0.01" pos="0 0 0" diaginertia="4e-7 4e-7 4e-7"/><geom type="sphere" size="{RADIUS}"/>'
    "</body></worldbody></mujoco>"
)


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> LibraryCatalog:
    root = tmp_path_factory.mktemp("ball")
    folder = root / "objects" / "ball"
    folder.mkdir(parents=True)
    (folder / "model.xml").write_text(BALL)
    bounds = Box(half=(RADIUS, RADIUS, RADIUS))
    write_card(
        folder,
        AssetSpec(
            name="ball",
            category="toy",
            noun="ball",
            files={},
            mass=0.01,
            links={"": BodyGeometry(bounds=bounds, collision=(bounds,))},
            licence=OWN,
        ),
    )
    return LibraryCatalog(extra=(root,))


def containers(catalog: LibraryCatalog) -> Iterator[tuple[AssetSpec, str, Box]]:
    """Every link of the library that has an inside."""
    for spec in map(catalog.asset, catalog.assets):
        yield from ((spec, link, g.cavity) for link, g in spec.links.items() if g.cavity and not spec.can("region"))


@pytest.mark.parametrize("backend", ["mujoco", pytest.param("genesis", marks=pytest.mark.physics)])
def test_a_ball_stays_in_every_cup_bowl_box_and_open_drawer(catalog: LibraryCatalog, backend: str) -> None:
    found = list(containers(catalog))
    specs = {spec.name: spec for spec, *_ in found}
    assert {"mug", "bowl", "tray", "lidded_box", "cabinet"} <= set(specs)
    scene = side_by_side(list(specs.values()), found, catalog)
    simulator = make_simulator(backend, catalog)
    simulator.load([scene])
    end = simulator.run(np.tile(np.array(scene.robot_start, np.float32), (round(SECONDS * 20), 1, 1))).at(-1)
    lost = []
    for number, (spec, link, cavity) in enumerate(found):
        carrier = f"{spec.name}/{link}" if link else spec.name
        frame = compose(end.body(carrier).astype(float), cavity.pose)
        offset = np.abs(transform_points(inverse(frame), end.body(f"ball_{number}")[:, None, :3].astype(float))[0, 0])
        if (offset > cavity.half).any():
            lost.append((carrier, np.round(offset - cavity.half, 3).tolist()))
    assert not lost


def side_by_side(specs: list[AssetSpec], found: list[tuple[AssetSpec, str, Box]], catalog: LibraryCatalog) -> SceneSpec:
    """Containers on the floor, all open, with a ball over the floor of each cavity; the robot is out of the way."""
    robot = catalog.robot("panda")
    places, placements = dict[str, np.ndarray](), list[Placement]()
    for k, spec in enumerate(specs):
        bounds = spec.links[""].bounds
        at = pose((APART * (k % GRID), APART * (k // GRID), bounds.half[2] - bounds.pose[2]))
        joints = {j.name: j.upper if j.opens == "upper" else j.lower for j in spec.joints}
        places[spec.name] = at
        placements.append(Placement(name=spec.name, asset=spec, pose=tuple(map(float, at)), joints=joints))  # type: ignore[arg-type]
    for number, (spec, link, cavity) in enumerate(found):
        frame = places[spec.name]
        for joint in spec.joints:
            if joint.link == link:
                opened = joint.upper if joint.opens == "upper" else joint.lower
                frame = compose(frame, compose(joint_motion(joint, opened), link_frames(spec, catalog)[link]))
        start = compose(compose(frame, cavity.pose), pose((0.0, 0.0, DROP + RADIUS - cavity.half[2])))
        ball = tuple(map(float, (*start[:3], 1, 0, 0, 0)))
        placements.append(Placement(name=f"ball_{number}", asset=catalog.asset("ball"), pose=ball))  # type: ignore[arg-type]
    start = (*robot.home, robot.gripper.max_width)
    return SceneSpec(
        task="containers",
        robot=robot,
        robot_pose=ASIDE,
        robot_start=start,
        placements=tuple(placements),
        floor_height=0.0,
    )
