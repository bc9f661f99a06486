from __future__ import annotations

import math
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pxr import Gf, Usd, UsdGeom, UsdPhysics, UsdShade, UsdValidation

from pipeline.core.errors import SimulationError
from pipeline.core.physical_model import PhysicalModel
from pipeline.core.poses import quat_from_axis_angle, to_matrix
from scene_gen.export import export_scene

pytestmark = pytest.mark.physics


def findings(stage: Usd.Stage) -> list[str]:
    """What every validator of OpenUSD, those of UsdPhysics among them, has against a stage."""
    validators = UsdValidation.ValidationRegistry().GetOrLoadAllValidators()
    found = UsdValidation.ValidationContext(validators).Validate(stage)
    return [f"{error.GetName()}: {error.GetMessage()}" for error in found]


def frame(prim: Usd.Prim) -> NDArray[np.float64]:
    """T_world_prim (4, 4), columns last."""
    return np.array(UsdGeom.Xformable(prim).ComputeLocalToWorldTransform(Usd.TimeCode.Default())).T


def local(position: Gf.Vec3f, rotation: Gf.Quatf) -> NDArray[np.float64]:
    return to_matrix((*position, rotation.GetReal(), *rotation.GetImaginary()))


@pytest.fixture(scope="module")
def exported(model: PhysicalModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export_scene(model, tmp_path_factory.mktemp("usd") / "scene", format="usd")


@pytest.fixture
def stage(exported: Path) -> Usd.Stage:
    return Usd.Stage.Open(str(exported))


def path_of(name: str) -> str:
    return "/World/" + name


def test_no_validator_of_openusd_finds_anything(stage) -> None:
    assert findings(stage) == []


def test_a_model_with_every_shape_and_joint_is_valid_too(one_of_everything, tmp_path) -> None:
    assert findings(Usd.Stage.Open(str(export_scene(one_of_everything, tmp_path / "out", format="usd")))) == []


def test_the_validators_would_find_a_joint_without_bodies(stage) -> None:
    session = stage.GetSessionLayer()
    stage.SetEditTarget(Usd.EditTarget(session))
    joint = UsdPhysics.RevoluteJoint(stage.GetPrimAtPath("/World/robot/joints/joint1"))
    joint.GetBody1Rel().SetTargets([])
    joint.GetBody0Rel().SetTargets([])
    assert findings(stage)


def test_it_is_in_metres_kilograms_z_up_with_a_default_prim(stage) -> None:
    assert UsdGeom.GetStageMetersPerUnit(stage) == 1.0
    assert UsdPhysics.GetStageKilogramsPerUnit(stage) == 1.0
    assert UsdGeom.GetStageUpAxis(stage) == UsdGeom.Tokens.z
    assert stage.GetDefaultPrim().GetPath() == "/World"
    gravity = UsdPhysics.Scene(stage.GetPrimAtPath("/World/PhysicsScene"))
    assert gravity.GetGravityMagnitudeAttr().Get() == pytest.approx(9.81)
    assert tuple(gravity.GetGravityDirectionAttr().Get()) == (0, 0, -1)


def test_every_moving_body_has_its_mass_its_inertia_and_its_place(stage, model) -> None:
    moving = [b for b in model.bodies if b.free or len([o for o in model.bodies if model.root(o) is model.root(b)]) > 1]
    found = [prim for prim in stage.Traverse() if prim.HasAPI(UsdPhysics.RigidBodyAPI)]
    assert [str(p.GetPath()) for p in found] == [path_of(b.name) for b in moving]
    for prim, body in zip(found, moving, strict=True):
        mass = UsdPhysics.MassAPI(prim)
        assert mass.GetMassAttr().Get() == pytest.approx(body.mass, rel=1e-6)
        assert tuple(mass.GetDiagonalInertiaAttr().Get()) == pytest.approx(body.inertia, rel=1e-6)
        assert tuple(mass.GetCenterOfMassAttr().Get()) == pytest.approx(body.inertial[:3], abs=1e-7)
        np.testing.assert_allclose(frame(prim), to_matrix(body.at_reset), atol=1e-6)


def test_what_stands_still_is_no_rigid_body_but_carries(stage) -> None:
    table = stage.GetPrimAtPath("/World/table/base")
    assert not table.HasAPI(UsdPhysics.RigidBodyAPI)
    assert any(prim.HasAPI(UsdPhysics.CollisionAPI) for prim in Usd.PrimRange(table))


def test_a_painted_zone_touches_nothing(stage) -> None:
    zone = Usd.PrimRange(stage.GetPrimAtPath("/World/zone_green"))
    assert not any(prim.HasAPI(UsdPhysics.CollisionAPI) for prim in zone)


def test_mesh_colliders_are_convex_hulls_hidden_as_guides(stage) -> None:
    meshes = [p for p in stage.Traverse() if p.IsA(UsdGeom.Mesh) and p.HasAPI(UsdPhysics.CollisionAPI)]
    assert meshes
    for prim in meshes:
        assert UsdPhysics.MeshCollisionAPI(prim).GetApproximationAttr().Get() == UsdPhysics.Tokens.convexHull
        assert UsdGeom.Imageable(prim).GetPurposeAttr().Get() == UsdGeom.Tokens.guide


def test_limits_and_gains_of_hinges_are_in_degrees_those_of_slides_in_metres(stage, scene) -> None:
    first = scene.robot.arm[0]
    prim = stage.GetPrimAtPath(f"/World/robot/joints/{first.name}")
    hinge, drive = UsdPhysics.RevoluteJoint(prim), UsdPhysics.DriveAPI(prim, "angular")
    assert hinge.GetLowerLimitAttr().Get() == pytest.approx(math.degrees(first.lower))
    assert hinge.GetUpperLimitAttr().Get() == pytest.approx(math.degrees(first.upper))
    assert drive.GetStiffnessAttr().Get() == pytest.approx(first.kp * math.pi / 180)
    assert drive.GetDampingAttr().Get() == pytest.approx(first.kv * math.pi / 180)
    assert drive.GetMaxForceAttr().Get() == pytest.approx(first.max_force)
    assert drive.GetTargetPositionAttr().Get() == pytest.approx(math.degrees(scene.robot_start[0]), rel=1e-5)
    drawer = next(p for p in scene.placements if p.name == "cabinet").asset.joints[0]
    slide = UsdPhysics.PrismaticJoint(stage.GetPrimAtPath(f"/World/cabinet/joints/{drawer.name}"))
    assert slide.GetUpperLimitAttr().Get() == pytest.approx(drawer.upper)


@pytest.mark.parametrize("which", ["library", "by hand"])
def test_the_two_frames_of_a_joint_meet_at_its_position(which, stage, model, one_of_everything, tmp_path) -> None:
    if which == "by hand":
        model = one_of_everything
        stage = Usd.Stage.Open(str(export_scene(model, tmp_path / "out", format="usd")))
    for joint in model.joints if which == "library" else ():
        body = model.body(joint.body)
        made = UsdPhysics.Joint(stage.GetPrimAtPath(f"/World/{joint.name.replace('/', '/joints/')}"))
        parent, child = (frame(stage.GetPrimAtPath(path_of(n))) for n in (body.parent, body.name))
        at_parent = parent @ local(made.GetLocalPos0Attr().Get(), made.GetLocalRot0Attr().Get())
        at_child = child @ local(made.GetLocalPos1Attr().Get(), made.GetLocalRot1Attr().Get())
        turn = quat_from_axis_angle([1.0, 0, 0], joint.start if joint.kind == "revolute" else 0.0)
        shift = joint.start if joint.kind == "prismatic" else 0.0
        np.testing.assert_allclose(at_parent @ to_matrix((shift, 0, 0, *turn)), at_child, atol=2e-6)
        np.testing.assert_allclose(at_child[:3, 0], child[:3, :3] @ joint.axis, atol=2e-6)


def test_each_tree_of_joints_is_one_articulation_fixed_to_the_world(stage) -> None:
    roots = {str(p.GetPath()) for p in stage.Traverse() if p.HasAPI(UsdPhysics.ArticulationRootAPI)}
    assert roots == {"/World/robot", "/World/cabinet"}
    weld = UsdPhysics.FixedJoint(stage.GetPrimAtPath("/World/robot/joints/link0_weld"))
    assert weld.GetBody0Rel().GetTargets() == []
    assert [str(t) for t in weld.GetBody1Rel().GetTargets()] == ["/World/robot/link0"]


def test_bodies_that_do_not_touch_are_filtered(stage, model) -> None:
    filtered = {
        (str(prim.GetPath()), str(other))
        for prim in stage.Traverse()
        if prim.HasAPI(UsdPhysics.FilteredPairsAPI)
        for other in UsdPhysics.FilteredPairsAPI(prim).GetFilteredPairsRel().GetTargets()
    }
    assert filtered == {(path_of(a), path_of(b)) for a, b in model.apart}


def test_cameras_have_the_field_of_view_and_look_along_their_axis(stage, scene) -> None:
    spec = next(c for c in scene.cameras if c.name == "front")
    camera = UsdGeom.Camera(stage.GetPrimAtPath("/World/camera_front")).GetCamera()
    assert camera.GetFieldOfView(Gf.Camera.FOVVertical) == pytest.approx(spec.fovy, abs=1e-4)
    assert camera.aspectRatio == pytest.approx(spec.width / spec.height)
    pose = to_matrix(spec.pose)
    seen = camera.frustum.ComputeViewDirection()
    assert tuple(seen) == pytest.approx(pose[:3, 2], abs=1e-6)
    assert tuple(camera.frustum.ComputeUpVector()) == pytest.approx(-pose[:3, 1], abs=1e-6)
    assert stage.GetPrimAtPath("/World/robot/hand/camera_wrist")


def test_pictures_lie_beside_the_stage_and_meshes_have_coordinates_for_them(exported, stage, model) -> None:
    shaders = [UsdShade.Shader(p) for p in stage.Traverse() if p.IsA(UsdShade.Shader)]
    files = [s.GetInput("file").Get().path for s in shaders if s.GetIdAttr().Get() == "UsdUVTexture"]
    assert files
    assert all(f.startswith("./textures/") and (exported.parent / f).is_file() for f in files)
    textured = next(s for b in model.bodies for s in b.shapes if s.mesh and s.look.texture and not s.solid)
    mesh = model.meshes[textured.mesh]
    found = [UsdGeom.PrimvarsAPI(p).GetPrimvar("st") for p in stage.Traverse() if p.IsA(UsdGeom.Mesh)]
    flipped = np.stack([mesh.texcoords[:, 0], 1 - mesh.texcoords[:, 1]], axis=1)
    assert any(v and np.array_equal(np.array(v.Get()), flipped.astype(np.float32)) for v in found)


def test_a_usdz_is_one_valid_file(one_of_everything, tmp_path) -> None:
    path = export_scene(one_of_everything, tmp_path / "scene.usdz", format="usd")
    assert [p.name for p in tmp_path.iterdir()] == ["scene.usdz"]
    assert {Path(n).suffix for n in zipfile.ZipFile(path).namelist()} == {".usd", ".png"}
    assert findings(Usd.Stage.Open(str(path))) == []


def test_without_usd_core_the_extra_is_named(one_of_everything, tmp_path, monkeypatch) -> None:
    for name in [n for n in sys.modules if n == "pxr" or n.startswith(("pxr.", "scene_gen.export._usd"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pxr", None)
    with pytest.raises(SimulationError, match=r"taskloom\[usd\]"):
        export_scene(one_of_everything, tmp_path / "out", format="usd")
    assert list(tmp_path.iterdir()) == []
