"""Drawers, doors, lids, taps and buttons travel under a light pull, stay where they are left, keep what is in them."""

from __future__ import annotations

from pathlib import Path

import mujoco
import numpy as np
import pytest

from assets.catalog import LibraryCatalog
from assets.families import draft, families, generate
from pipeline.core.asset import AssetSpec
from pipeline.core.errors import UnknownNameError
from pipeline.core.geometry import Box, Joint
from pipeline.core.scene import Physics

CATALOG = LibraryCatalog()
FAMILIES = families()
FORCE, TORQUE = 20.0, 2.0  # N, N m
TRAVEL, STILL = 0.95, 0.01  # share of the range; m or rad
STEP, RADIUS = 0.005, 0.01  # s, m


def _scene(spec: AssetSpec, catalog: LibraryCatalog) -> mujoco.MjSpec:
    scene = mujoco.MjSpec.from_file(str(catalog.folder(spec) / spec.model))
    scene.option.timestep, scene.option.noslip_iterations = STEP, Physics().noslip_iterations
    scene.worldbody.add_geom(type=mujoco.mjtGeom.mjGEOM_PLANE, size=[2, 2, 0.1])
    return scene


def _run(model: mujoco.MjModel, data: mujoco.MjData, seconds: float) -> None:
    for _ in range(round(seconds / STEP)):
        mujoco.mj_step(model, data)


def _load(joint: Joint) -> float:
    return FORCE if joint.kind == "prismatic" else TORQUE


def _check_joints(spec: AssetSpec, catalog: LibraryCatalog) -> None:
    """A pulled joint gets to its far end and moves no other; untouched ones stay at the closed end."""
    model = _scene(spec, catalog).compile()
    for joint in spec.joints:
        data = mujoco.MjData(model)
        data.qfrc_applied[model.joint(joint.name).dofadr[0]] = _load(joint)
        _run(model, data, 3.0)
        assert data.joint(joint.name).qpos[0] >= TRAVEL * joint.upper, (spec.name, joint.name)
        others = [abs(data.joint(j.name).qpos[0]) for j in spec.joints if j is not joint]
        assert max(others, default=0.0) < STILL, (spec.name, joint.name)
    data = mujoco.MjData(model)
    _run(model, data, 2.0)
    assert np.abs(data.qpos).max() < STILL, spec.name


def test_there_are_at_least_ten_families() -> None:
    assert len(FAMILIES) >= 10
    assert {"cabinet", "fridge", "laptop", "lever", "push_button"} <= set(FAMILIES)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_specimen_says_how_its_links_are_held_and_moved(family: str) -> None:
    spec = CATALOG.asset(family)
    assert spec.joints
    assert spec.description
    assert {j.link for j in spec.joints} == set(spec.link_nouns)
    for joint in spec.joints:
        link = spec.links[joint.link]
        assert joint.damping > 0
        assert joint.friction > 0
        assert {"handle", "button"} & set(link.keypoints)
        moved = {"pull": "openable", "press": "pressable", "turn": "turnable"}
        ways = set(moved) & set(link.axes)
        assert ways
        assert all(moved[way] in spec.affordances for way in ways)


@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_pulled_comes_towards_the_robot_or_up(family: str) -> None:
    spec = CATALOG.asset(family)
    for joint in spec.joints:
        assert spec.links[joint.link].axes.get("pull") in (None, (-1.0, 0.0, 0.0), (0.0, 0.0, 1.0))


@pytest.mark.parametrize("family", FAMILIES)
def test_equal_seeds_give_equal_bytes_and_others_give_other_sizes(family: str, tmp_path: Path) -> None:
    first, again = generate(family, 3, tmp_path / "a"), generate(family, 3, tmp_path / "b")
    other = generate(family, 4, tmp_path / "a")
    assert first == again
    assert first.name == f"{family}_00003"
    assert other.links[""].bounds.half != first.links[""].bounds.half


def test_unknown_families_and_negative_seeds_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'fridge'"):
        draft("frigde", 0)
    with pytest.raises(ValueError, match="negative"):
        draft("fridge", -1)


@pytest.mark.physics
@pytest.mark.parametrize("family", FAMILIES)
def test_each_joint_travels_when_pulled_and_stays_when_left(family: str, tmp_path: Path) -> None:
    _check_joints(CATALOG.asset(family), CATALOG)
    _check_joints(generate(family, 0, tmp_path), LibraryCatalog(tmp_path))


@pytest.mark.physics
def test_a_button_springs_back() -> None:
    spec = CATALOG.asset("push_button")
    model = _scene(spec, CATALOG).compile()
    data = mujoco.MjData(model)
    data.qfrc_applied[0] = FORCE
    _run(model, data, 1.0)
    assert data.qpos[0] > TRAVEL * spec.joints[0].upper
    data.qfrc_applied[0] = 0.0
    _run(model, data, 1.0)
    assert abs(data.qpos[0]) < 0.15 * spec.joints[0].upper


CAVITIES = [(f, link) for f in FAMILIES for link, g in CATALOG.asset(f).links.items() if g.cavity is not None]


@pytest.mark.physics
@pytest.mark.parametrize(("family", "link"), CAVITIES)
def test_a_ball_in_an_open_cavity_stays_inside(family: str, link: str) -> None:
    spec = CATALOG.asset(family)
    cavity = spec.links[link].cavity
    assert cavity is not None
    local = _ball_after_two_seconds(spec, link, cavity)
    assert np.all(np.abs(local - cavity.pose[:3]) <= np.array(cavity.half) - RADIUS + 0.003)


def _ball_after_two_seconds(spec: AssetSpec, link: str, cavity: Box) -> np.ndarray:
    """Where (3,) in the link's frame a ball of 2 cm ends that was released 2 cm above the floor, everything open."""
    scene = _scene(spec, CATALOG)
    ball = scene.worldbody.add_body(name="ball")
    ball.add_freejoint()
    ball.add_geom(type=mujoco.mjtGeom.mjGEOM_SPHERE, size=[RADIUS, 0, 0], mass=0.01, friction=[1, 0.01, 0.001])
    model = scene.compile()
    data = mujoco.MjData(model)
    for joint in spec.joints:
        data.joint(joint.name).qpos[0] = joint.upper
    mujoco.mj_forward(model, data)
    body = data.body(link or "base")
    start = np.add(cavity.pose[:3], (0.0, 0.0, 0.02 + RADIUS - cavity.half[2]))
    data.qpos[-7:-4] = body.xpos + body.xmat.reshape(3, 3) @ start
    _run(model, data, 2.0)
    return body.xmat.reshape(3, 3).T @ (data.body("ball").xpos - body.xpos)


@pytest.mark.physics
@pytest.mark.long
@pytest.mark.parametrize("family", FAMILIES)
def test_twenty_variants_of_a_family_all_work(family: str, tmp_path: Path) -> None:
    for seed in range(20):
        _check_joints(generate(family, seed, tmp_path), LibraryCatalog(tmp_path))


@pytest.mark.physics
def test_doors_lids_and_buttons_travel_in_genesis_too() -> None:
    from pipeline.sim.genesis import genesis

    genesis(CATALOG)  # starts the engine
    import genesis as gs

    scene = gs.Scene(
        sim_options=gs.options.SimOptions(dt=0.01, substeps=1),
        rigid_options=gs.options.RigidOptions(noslip_iterations=5, batch_links_info=True, enable_self_collision=False),
        show_viewer=False,
    )
    specs = [CATALOG.asset(n) for n in ("microwave", "lidded_box", "push_button")]
    models = [str(CATALOG.folder(s) / s.model) for s in specs]
    bodies = [
        scene.add_entity(gs.morphs.MJCF(file=m, pos=(1.5 * k, 0.0, 0.0), align=False, batch_fixed_verts=True))
        for k, m in enumerate(models)
    ]
    scene.build(n_envs=2)  # pulled in the first world, left alone in the second
    dofs = [[b.get_joint(j.name).dofs_idx_local[0] for j in s.joints] for s, b in zip(specs, bodies, strict=True)]
    for spec, body, columns in zip(specs, bodies, dofs, strict=True):
        loads = [_load(j) for j in spec.joints]
        body.control_dofs_force(np.array([loads, [0.0] * len(loads)], np.float32), columns)
    for _ in range(300):
        scene.step()
    for spec, body, columns in zip(specs, bodies, dofs, strict=True):
        pulled, left = body.get_dofs_position(columns).cpu().numpy()
        assert np.all(pulled >= TRAVEL * np.array([j.upper for j in spec.joints])), spec.name
        assert np.abs(left).max() < STILL, spec.name
    scene.destroy()
