from __future__ import annotations

import shutil
import zipfile
from pathlib import Path
from typing import Any

import mujoco as mj
import numpy as np
import pytest

from assets.catalog import LibraryCatalog
from pipeline.core.physical_model import PhysicalModel
from pipeline.core.scene import SceneSpec
from pipeline.sim.mujoco import mujoco
from scene_gen.export import export_scene

pytestmark = pytest.mark.physics


@pytest.fixture(scope="module")
def exported(model: PhysicalModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export_scene(model, tmp_path_factory.mktemp("mjcf") / "scene", format="mjcf")


@pytest.fixture
def opened(exported: Path) -> tuple[Any, Any]:
    plain = mj.MjModel.from_xml_path(str(exported))
    data = mj.MjData(plain)
    mj.mj_resetDataKeyframe(plain, data, 0)
    mj.mj_forward(plain, data)
    return plain, data


@pytest.fixture
def backend(scene: SceneSpec, catalog: LibraryCatalog) -> Any:
    simulator = mujoco(catalog)
    simulator.load([scene])
    return simulator


def test_plain_mujoco_finds_the_cards_bodies_joints_limits_and_masses(opened, scene) -> None:
    plain, _ = opened
    for placement in scene.placements:
        asset = placement.asset
        links = [f"{placement.name}/{link or 'base'}" for link in asset.links]
        masses = [plain.body(link).mass[0] for link in links]
        if not asset.fixed:
            assert sum(masses) == pytest.approx(asset.mass, rel=1e-6)
        for joint in asset.joints:
            found = plain.joint(f"{placement.name}/{joint.name}")
            assert found.range == pytest.approx([joint.lower, joint.upper])
    for joint in scene.robot.arm:
        assert plain.joint(f"robot/{joint.name}").range == pytest.approx([joint.lower, joint.upper])
        servo = plain.actuator(f"servo/{joint.name}")
        assert servo.gainprm[0] == pytest.approx(joint.kp)
        assert servo.biasprm[2] == pytest.approx(-joint.kv)
        assert servo.forcerange == pytest.approx([-joint.max_force, joint.max_force])


def test_it_is_the_backends_model_number_for_number(opened, backend) -> None:
    plain, _ = opened
    ours = backend._compiled.model
    assert [plain.body(b).name for b in range(plain.nbody)] == [ours.body(b).name for b in range(ours.nbody)]
    same = ("body_mass", "body_inertia", "body_ipos", "jnt_range", "dof_armature", "dof_damping", "dof_frictionloss")
    for name in (*same, "geom_friction", "geom_solref", "body_gravcomp"):
        np.testing.assert_allclose(getattr(plain, name), getattr(ours, name), rtol=1e-6, atol=1e-9, err_msg=name)
    assert set(map(int, plain.exclude_signature)) == set(map(int, ours.exclude_signature))


def test_the_keyframe_is_the_scenes_reset(opened, scene) -> None:
    _, data = opened
    for placement in scene.placements:
        found = data.body(f"{placement.name}/base")
        assert found.xpos == pytest.approx(placement.pose[:3], abs=1e-6)
        for name, position in placement.joints.items():
            assert data.joint(f"{placement.name}/{name}").qpos[0] == pytest.approx(position)
    arm = [data.joint(f"robot/{joint.name}").qpos[0] for joint in scene.robot.arm]
    assert arm == pytest.approx(scene.robot_start[: len(arm)])
    assert data.ctrl[: len(arm)] == pytest.approx(arm)


def test_it_settles_as_the_backend_does(opened, backend, scene) -> None:
    plain, data = opened
    trace = backend.run(np.tile(np.array(scene.robot_start, np.float32), (20, 1, 1)))
    for _ in range(round(1.0 / plain.opt.timestep)):
        mj.mj_step(plain, data)
    mj.mj_kinematics(plain, data)
    for placement in scene.placements:
        here = data.body(f"{placement.name}/base").xpos
        assert np.linalg.norm(here - trace.at(-1).body(placement.name)[0, :3]) < 1e-4


def test_its_cameras_see_what_the_backends_see(opened, backend) -> None:
    plain, data = opened
    ours = backend.render(["front"])["front"].rgb[0]
    with mj.Renderer(plain, *ours.shape[:2]) as renderer:
        options = mj.MjvOption()
        options.geomgroup[3] = 0
        renderer.update_scene(data, "front", options)
        theirs = renderer.render()
    # Multisampling and shadows are the viewer's own.
    assert np.abs(ours.astype(int) - theirs).mean() < 6


def test_an_archive_holds_all_it_needs(model, tmp_path) -> None:
    archive = export_scene(model, tmp_path / "scene.zip", format="mjcf")
    elsewhere = tmp_path / "elsewhere"
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(elsewhere)
    archive.unlink()
    assert mj.MjModel.from_xml_path(str(elsewhere / "scene.xml")).nbody == len(model.bodies) + 1


def test_springs_couplings_pins_and_plain_shapes_survive(one_of_everything, tmp_path) -> None:
    path = export_scene(one_of_everything, tmp_path / "out", format="mjcf")
    plain = mj.MjModel.from_xml_path(str(path))
    assert plain.joint("arm/slide").stiffness[0] == pytest.approx(20.0)
    assert plain.joint("arm/slide").qpos_spring[0] == pytest.approx(0.05)
    assert sorted(map(int, plain.eq_type)) == [mj.mjtEq.mjEQ_CONNECT, mj.mjtEq.mjEQ_JOINT]
    kinds = {mj.mjtGeom(int(kind)).name.removeprefix("mjGEOM_").lower() for kind in plain.geom_type}
    assert kinds == {"plane", "sphere", "capsule", "ellipsoid", "cylinder", "box", "mesh"}
    mesh = one_of_everything.meshes["shard"]
    assert plain.mesh_texcoord == pytest.approx(mesh.texcoords)


def test_the_folder_can_be_moved(exported, tmp_path) -> None:
    moved = shutil.copytree(exported.parent, tmp_path / "moved")
    assert mj.MjModel.from_xml_path(str(moved / exported.name)).nmesh > 0
