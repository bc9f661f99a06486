"""Every model compiles in MuJoCo, weighs what its card says, and behaves like the thing it shows."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from assets.catalog import LibraryCatalog
from pipeline.core.geometry import Box

CATALOG = LibraryCatalog()
FREE = [n for n in CATALOG.assets if not CATALOG.asset(n).fixed]
CONTAINERS = [n for n in FREE if CATALOG.asset(n).can("container")]


def _spec(name: str) -> mujoco.MjSpec:
    asset = CATALOG.asset(name)
    return mujoco.MjSpec.from_file(str(CATALOG.folder(asset) / asset.model))


def _on_the_ground(name: str) -> mujoco.MjSpec:
    spec = _spec(name)
    spec.option.timestep = 0.005
    spec.worldbody.add_geom(type=mujoco.mjtGeom.mjGEOM_PLANE, size=[2, 2, 0.1])
    return spec


@pytest.mark.physics
@pytest.mark.parametrize("name", CATALOG.assets)
def test_the_model_has_the_bodies_joints_and_mass_of_the_card(name: str) -> None:
    asset, model = CATALOG.asset(name), _spec(name).compile()
    bodies = {model.body(b).name for b in range(1, model.nbody)}
    assert bodies == {link or "base" for link in asset.links}
    assert {j.name for j in asset.joints} == {model.joint(j).name for j in range(model.njnt)} - {"free"}
    assert (model.nq == len(asset.joints)) if asset.fixed else (model.nq == 7)
    if not asset.fixed:
        assert model.body("base").mass == pytest.approx([asset.mass], rel=1e-6)
        assert np.all(model.body("base").inertia > 0)


@pytest.mark.physics
@pytest.mark.parametrize("name", CATALOG.assets)
def test_only_convex_pieces_collide_and_they_are_light(name: str) -> None:
    model = _spec(name).compile()
    for g in range(model.ngeom):
        assert model.geom_group[g] in (2, 3)
        assert bool(model.geom_contype[g]) == (model.geom_group[g] == 3)
        if model.geom_group[g] == 3 and model.geom_type[g] == mujoco.mjtGeom.mjGEOM_MESH:
            assert model.mesh_vertnum[model.geom_dataid[g]] <= 64


@pytest.mark.physics
@pytest.mark.parametrize("name", FREE)
def test_a_free_object_stays_as_it_is_put(name: str) -> None:
    model = _on_the_ground(name).compile()
    data = mujoco.MjData(model)
    data.qpos[2] += 0.001
    for _ in range(200):
        mujoco.mj_step(model, data)
    moved, upright = data.body("base").xpos, data.body("base").xmat.reshape(3, 3)[2, 2]
    assert np.linalg.norm(moved[:2]) < 0.005
    assert abs(moved[2]) < 0.004
    assert np.degrees(np.arccos(min(1.0, upright))) < 3.0


@pytest.mark.physics
@pytest.mark.parametrize("name", CONTAINERS)
def test_a_ball_dropped_into_a_container_ends_inside_its_cavity(name: str) -> None:
    cavity = CATALOG.asset(name).links[""].cavity
    assert cavity is not None
    spec, radius = _on_the_ground(name), 0.01
    ball = spec.worldbody.add_body(name="ball", pos=_above(cavity, radius))
    ball.add_freejoint()
    ball.add_geom(type=mujoco.mjtGeom.mjGEOM_SPHERE, size=[radius, 0, 0], mass=0.01, friction=[1, 0.01, 0.001])
    model = spec.compile()
    data = mujoco.MjData(model)
    for _ in range(300):
        mujoco.mj_step(model, data)
    offset = np.abs(data.body("ball").xpos - cavity.pose[:3])
    assert np.all(offset[:2] <= np.array(cavity.half[:2]) + 0.002)
    floor = cavity.pose[2] - cavity.half[2]
    assert data.body("ball").xpos[2] - radius == pytest.approx(floor, abs=0.012)


def _above(cavity: Box, radius: float) -> list[float]:
    return [cavity.pose[0], cavity.pose[1], cavity.pose[2] + cavity.half[2] + radius]


@pytest.mark.physics
@pytest.mark.parametrize("drawer", ["top_drawer", "bottom_drawer"])
def test_a_drawer_pulled_at_its_handle_opens_to_its_limit_alone(drawer: str) -> None:
    asset, model = CATALOG.asset("cabinet"), _spec("cabinet").compile()
    data = mujoco.MjData(model)
    pull = np.array(asset.links[drawer].axes["pull"])
    for _ in range(1000):
        data.body(drawer).xfrc_applied[:3] = 10 * pull
        mujoco.mj_step(model, data)
        assert data.ncon == 0
    assert data.joint(f"{drawer}_slide").qpos[0] == pytest.approx(0.2, abs=0.01)
    other = "bottom_drawer" if drawer == "top_drawer" else "top_drawer"
    assert abs(data.joint(f"{other}_slide").qpos[0]) < 1e-3
    assert model.body(drawer).mass == pytest.approx([0.9])


@pytest.mark.physics
def test_a_ball_in_a_drawers_cavity_rides_along() -> None:
    asset, spec = CATALOG.asset("cabinet"), _spec("cabinet")
    cavity = asset.links["top_drawer"].cavity
    assert cavity is not None
    assert np.all(np.array(cavity.half) >= (0.11, 0.09, 0.045))
    origin = np.array(spec.body("top_drawer").pos)
    start = origin + cavity.pose[:3]
    ball = spec.worldbody.add_body(name="ball", pos=list(start))
    ball.add_freejoint()
    ball.add_geom(type=mujoco.mjtGeom.mjGEOM_BOX, size=[0.01] * 3, mass=0.05)
    model = spec.compile()
    data = mujoco.MjData(model)
    for step in range(2000):
        data.body("top_drawer").xfrc_applied[0] = -3.0 if step > 300 else 0.0
        mujoco.mj_step(model, data)
    drawer = data.body("top_drawer").xpos
    assert drawer[0] - origin[0] == pytest.approx(-0.2, abs=0.01)
    assert np.all(np.abs(data.body("ball").xpos - drawer - cavity.pose[:3])[:2] < cavity.half[:2])
    assert data.body("ball").xpos[2] > drawer[2] + 0.015
