"""The stage as a whole: its units, the physics scene, one scope a placement with its bodies and joints."""

# pyright: reportAttributeAccessIssue=false
# usd-core is a compiled package without stubs: pyright sees none of its names.

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import numpy as np
from pxr import Gf, Sdf, Usd, UsdGeom, UsdPhysics

from pipeline.core.physical_model import PhysicalModel, RigidBody
from scene_gen.export._names import identifier
from scene_gen.export._usd_joints import add_joint, add_pin, add_weld, couple
from scene_gen.export._usd_looks import Looks
from scene_gen.export._usd_parts import applied, attribute, place, quatf
from scene_gen.export._usd_shapes import add_floor, add_shapes
from scene_gen.export._usd_views import add_camera, add_lights

WORLD = Sdf.Path("/World")


def write_stage(model: PhysicalModel, path: Path) -> None:
    """Write the stage at ``path`` and its textures into ``textures`` beside it."""
    stage = Usd.Stage.CreateNew(str(path))
    UsdGeom.SetStageUpAxis(stage, UsdGeom.Tokens.z)
    UsdGeom.SetStageMetersPerUnit(stage, 1.0)
    UsdPhysics.SetStageKilogramsPerUnit(stage, 1.0)
    stage.SetDefaultPrim(UsdGeom.Xform.Define(stage, WORLD).GetPrim())
    _physics_scene(stage, model)
    looks = Looks(stage, WORLD.AppendChild("Looks"), model.textures, path.parent)
    add_floor(stage, WORLD.AppendChild("floor"), model.floor, looks)
    paths = _body_paths(model)
    for owner, bodies in groupby(model.bodies, key=_owner):
        _placement(stage, WORLD.AppendChild(identifier(owner)), list(bodies), model, paths, looks)
    for pin in model.pins:
        add_pin(stage, pin, paths)
    _keep_apart(stage, model, paths)
    for view in model.views:
        add_camera(stage, WORLD if view.mount is None else paths[view.mount], view)
    add_lights(stage, WORLD.AppendChild("lights"), model)
    stage.GetRootLayer().Save()


def _physics_scene(stage: Usd.Stage, model: PhysicalModel) -> None:
    scene = UsdPhysics.Scene.Define(stage, WORLD.AppendChild("PhysicsScene"))
    options = model.options
    gravity = np.array(options.gravity)
    strength = float(np.linalg.norm(gravity))
    direction = gravity / strength if strength else np.array([0.0, 0.0, -1.0])
    scene.CreateGravityDirectionAttr(Gf.Vec3f(*direction.tolist()))
    scene.CreateGravityMagnitudeAttr(strength)
    prim = scene.GetPrim()
    rate = round(1.0 / options.timestep)
    attribute(prim, "newton:timeStepsPerSecond", Sdf.ValueTypeNames.Int, rate)
    attribute(prim, "physxScene:timeStepsPerSecond", Sdf.ValueTypeNames.UInt, rate)
    attribute(prim, "mjc:option:timestep", Sdf.ValueTypeNames.Double, options.timestep)
    attribute(prim, "mjc:option:impratio", Sdf.ValueTypeNames.Double, options.impratio)
    attribute(prim, "mjc:option:noslip_iterations", Sdf.ValueTypeNames.Int, options.noslip_iterations)
    attribute(prim, "mjc:option:cone", Sdf.ValueTypeNames.Token, options.cone)
    attribute(prim, "mjc:option:integrator", Sdf.ValueTypeNames.Token, options.integrator)
    applied(prim, "PhysxSceneAPI", "NewtonSceneAPI", "MjcSceneAPI")


def _owner(body: RigidBody) -> str:
    return body.name.partition("/")[0]


def _body_paths(model: PhysicalModel) -> dict[str, Sdf.Path]:
    """Bodies of a placement lie side by side: nested rigid bodies would inherit each other's motion."""
    paths = dict[str, Sdf.Path]()
    for body in model.bodies:
        owner, _, link = body.name.partition("/")
        paths[body.name] = WORLD.AppendChild(identifier(owner)).AppendChild(identifier(link or "base"))
    return paths


def _placement(
    stage: Usd.Stage,
    at: Sdf.Path,
    bodies: list[RigidBody],
    model: PhysicalModel,
    paths: dict[str, Sdf.Path],
    looks: Looks,
) -> None:
    home = UsdGeom.Xform.Define(stage, at).GetPrim()
    moves = len(bodies) > 1 or bodies[0].free
    for body in bodies:
        _body(stage, paths[body.name], body, model, looks, moves=moves)
    if len(bodies) == 1:
        return
    UsdPhysics.ArticulationRootAPI.Apply(home)
    joints = at.AppendChild("joints")
    UsdGeom.Scope.Define(stage, joints)
    servos = {servo.joint: servo for servo in model.servos}
    for body in bodies:
        joint = model.joint_of(body)
        if joint is not None:
            add_joint(stage, joints, joint, body, paths, servos.get(joint.name))
        elif not body.free:
            add_weld(stage, joints, body, paths)
    mine = {joint.name for body in bodies if (joint := model.joint_of(body))}
    for tie in model.couplings:
        if tie.follower in mine:
            couple(stage, joints, tie, {j.name: j.kind for j in model.joints})


def _body(stage: Usd.Stage, at: Sdf.Path, body: RigidBody, model: PhysicalModel, looks: Looks, *, moves: bool) -> None:
    xform = UsdGeom.Xform.Define(stage, at)
    place(xform, body.at_reset)
    prim = xform.GetPrim()
    if moves:
        UsdPhysics.RigidBodyAPI.Apply(prim)
        mass = UsdPhysics.MassAPI.Apply(prim)
        mass.CreateMassAttr(body.mass)
        mass.CreateCenterOfMassAttr(Gf.Vec3f(*body.inertial[:3]))
        mass.CreateDiagonalInertiaAttr(Gf.Vec3f(*body.inertia))
        mass.CreatePrincipalAxesAttr(quatf(body.inertial))
    if moves and body.weightless:
        attribute(prim, "mjc:gravcomp", Sdf.ValueTypeNames.Float, 1.0)
        attribute(prim, "physxRigidBody:disableGravity", Sdf.ValueTypeNames.Bool, value=True)
        applied(prim, "PhysxRigidBodyAPI")
    add_shapes(stage, at, body.shapes, model.meshes, looks)


def _keep_apart(stage: Usd.Stage, model: PhysicalModel, paths: dict[str, Sdf.Path]) -> None:
    for one, other in model.apart:
        filtered = UsdPhysics.FilteredPairsAPI.Apply(stage.GetPrimAtPath(paths[one]))
        filtered.CreateFilteredPairsRel().AddTarget(paths[other])
