"""Joints of the stage: hinges and slides with limits, drives and passive forces, welds, couplings, pins.

UsdPhysics counts angles in degrees: limits and targets in degrees, gains in force per degree.
"""

# pyright: reportAttributeAccessIssue=false
# usd-core is a compiled package without stubs: pyright sees none of its names.

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

import numpy as np
from pxr import Gf, Sdf, Usd, UsdPhysics

from pipeline.core.geometry import Vec3
from pipeline.core.physical_model import Coupling, ModelJoint, Pin, RigidBody, Servo
from pipeline.core.poses import IDENTITY_POSE, Array, compose, pose
from scene_gen.export._names import identifier
from scene_gen.export._usd_parts import applied, attribute, quatf

Paths = Mapping[str, Sdf.Path]
DEGREE = math.pi / 180.0


def add_joint(
    stage: Usd.Stage, scope: Sdf.Path, joint: ModelJoint, body: RigidBody, paths: Paths, servo: Servo | None
) -> None:
    """A hinge or slide from the body's parent to the body; its frame's x is the joint's axis."""
    slides = joint.kind == "prismatic"
    schema = UsdPhysics.PrismaticJoint if slides else UsdPhysics.RevoluteJoint
    made = schema.Define(stage, _joint_path(scope, joint.name))
    at = pose(joint.anchor, _turn_x_to(joint.axis))
    _connect(made, paths, body, in_parent=compose(body.at_zero, at), in_body=at)
    made.CreateAxisAttr("X")
    unit = 1.0 if slides else DEGREE
    if joint.lower is not None and joint.upper is not None:
        made.CreateLowerLimitAttr(joint.lower / unit)
        made.CreateUpperLimitAttr(joint.upper / unit)
    _drive(made.GetPrim(), joint, servo, kind="linear" if slides else "angular", unit=unit)
    _state(made.GetPrim(), joint.start / unit, kind="linear" if slides else "angular")


def add_weld(stage: Usd.Stage, scope: Sdf.Path, body: RigidBody, paths: Paths) -> None:
    """Hold a body where it is in its parent, or in the world."""
    made = UsdPhysics.FixedJoint.Define(stage, scope.AppendChild(identifier(f"{_plain(body.name)}_weld")))
    _connect(made, paths, body, in_parent=np.asarray(body.at_zero), in_body=np.asarray(IDENTITY_POSE))


def couple(
    stage: Usd.Stage, scope: Sdf.Path, tie: Coupling, kinds: Mapping[str, Literal["prismatic", "revolute"]]
) -> None:
    """Let a joint follow another by the linear part of their coupling, in the words of Newton."""
    follower = stage.GetPrimAtPath(_joint_path(scope, tie.follower))
    units = {name: DEGREE if kind == "revolute" else 1.0 for name, kind in kinds.items()}
    offset = tie.coefficients[0] / units[tie.follower]
    slope = tie.coefficients[1] * units[tie.leader] / units[tie.follower]
    follower.CreateRelationship("newton:mimicJoint", custom=False).SetTargets([_joint_path(scope, tie.leader)])
    attribute(follower, "newton:mimicCoef0", Sdf.ValueTypeNames.Float, offset)
    attribute(follower, "newton:mimicCoef1", Sdf.ValueTypeNames.Float, slope)
    applied(follower, "NewtonMimicAPI")


def add_pin(stage: Usd.Stage, pin: Pin, paths: Paths) -> None:
    """A ball joint that closes a loop, outside of the articulation's tree."""
    scope = paths[pin.first].GetParentPath().AppendChild("joints")
    name = identifier(f"{_plain(pin.first)}_{_plain(pin.second)}_pin")
    made = UsdPhysics.SphericalJoint.Define(stage, scope.AppendChild(name))
    made.CreateBody0Rel().SetTargets([paths[pin.first]])
    made.CreateBody1Rel().SetTargets([paths[pin.second]])
    made.CreateLocalPos0Attr(Gf.Vec3f(*pin.anchor))
    made.CreateLocalPos1Attr(Gf.Vec3f(*pin.anchor_second))
    made.CreateExcludeFromArticulationAttr().Set(value=True)


def _connect(made: UsdPhysics.Joint, paths: Paths, body: RigidBody, *, in_parent: Array, in_body: Array) -> None:
    if body.parent is not None:
        made.CreateBody0Rel().SetTargets([paths[body.parent]])
    made.CreateBody1Rel().SetTargets([paths[body.name]])
    made.CreateLocalPos0Attr(Gf.Vec3f(*in_parent[:3].tolist()))
    made.CreateLocalRot0Attr(quatf(in_parent))
    made.CreateLocalPos1Attr(Gf.Vec3f(*in_body[:3].tolist()))
    made.CreateLocalRot1Attr(quatf(in_body))


def _drive(prim: Usd.Prim, joint: ModelJoint, servo: Servo | None, *, kind: str, unit: float) -> None:
    """The servo, or else the joint's own spring and damping, which UsdPhysics can only tell as a drive."""
    if servo is not None:
        stiffness, damping, target = servo.kp, servo.kv, servo.start
        attribute(prim, "newton:damping", Sdf.ValueTypeNames.Float, joint.damping * unit)
    else:
        stiffness, damping, target = joint.stiffness, joint.damping, joint.rest
    if stiffness or damping:
        drive = UsdPhysics.DriveAPI.Apply(prim, kind)
        drive.CreateTypeAttr("force")
        drive.CreateStiffnessAttr(stiffness * unit)
        drive.CreateDampingAttr(damping * unit)
        drive.CreateTargetPositionAttr(target / unit)
        if servo is not None:
            drive.CreateMaxForceAttr(servo.max_force)
    attribute(prim, "newton:armature", Sdf.ValueTypeNames.Float, joint.armature)
    attribute(prim, "newton:friction", Sdf.ValueTypeNames.Float, joint.friction)
    attribute(prim, "physxJoint:armature", Sdf.ValueTypeNames.Float, joint.armature)
    applied(prim, "NewtonJointAPI", "PhysxJointAPI")


def _state(prim: Usd.Prim, position: float, *, kind: str) -> None:
    attribute(prim, f"state:{kind}:physics:position", Sdf.ValueTypeNames.Float, position)
    attribute(prim, f"state:{kind}:physics:velocity", Sdf.ValueTypeNames.Float, 0.0)
    applied(prim, f"PhysicsJointStateAPI:{kind}")


def _turn_x_to(axis: Vec3) -> Array:
    """The shortest rotation (4,) from x to a unit axis."""
    x, y, z = axis
    if x < -1.0 + 1e-9:
        return np.array([0.0, 0.0, 0.0, 1.0])
    quat = np.array([1.0 + x, 0.0, -z, y])
    return quat / np.linalg.norm(quat)


def _joint_path(scope: Sdf.Path, name: str) -> Sdf.Path:
    return scope.AppendChild(identifier(_plain(name)))


def _plain(name: str) -> str:
    return name.partition("/")[2] or name
