"""PhysicalModel: a composed scene as bodies, shapes, joints and looks, in no engine's own format; for exporters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.core.camera import CameraSpec
from pipeline.core.geometry import Pose7, Vec3
from pipeline.core.scene import Light
from pipeline.core.world import F32

I32 = NDArray[np.int32]
ShapeKind = Literal["plane", "sphere", "capsule", "ellipsoid", "cylinder", "box", "mesh"]


@dataclass(frozen=True, eq=False)
class Mesh:
    """A triangle mesh in its own frame; normals and texture coordinates have an index of their own."""

    vertices: F32  # (n, 3)  m
    faces: I32  # (m, 3)  counter-clockwise from outside
    normals: F32  # (k, 3)  unit vectors
    normal_faces: I32  # (m, 3)
    texcoords: F32  # (t, 2)  origin at the picture's top left; (0, 2) = none
    texcoord_faces: I32  # (m, 3), or (0, 3)


@dataclass(frozen=True)
class Look:
    """A material to the eye; ``texture`` names a picture, multiplied by the colour."""

    rgba: tuple[float, float, float, float]  # as shown on a screen (sRGB)
    texture: str | None = None
    repeat: tuple[float, float] = (1.0, 1.0)
    per_metre: bool = False  # texture coordinates in metres instead of once over the shape
    specular: float = 0.5
    shininess: float = 0.5


@dataclass(frozen=True)
class Shape:
    """A piece of a body that is seen, felt or both."""

    kind: ShapeKind
    pose: Pose7  # T_body_shape
    size: Vec3  # m; half sizes, or radius and half length, as MJCF counts them
    mesh: str | None
    look: Look
    look_name: str | None  # None = a look of this shape alone
    contype: int
    conaffinity: int
    friction: Vec3  # sliding, torsional [m], rolling [m]
    solref: tuple[float, float]  # time constant [s] and damping ratio of its contacts
    group: int

    @property
    def solid(self) -> bool:
        """Whether it touches anything."""
        return bool(self.contype or self.conaffinity)


@dataclass(frozen=True)
class RigidBody:
    """One rigid body at the reset of the scene; ``parent`` None is the world."""

    name: str
    parent: str | None
    at_zero: Pose7  # T_parent_body with its joint at 0; of a root, where it is at reset
    at_reset: Pose7  # T_world_body
    free: bool
    mass: float  # kg
    inertial: Pose7  # T_body_principal: centre of mass and principal axes
    inertia: Vec3  # kg m^2 about the principal axes
    weightless: bool  # gravity is compensated
    shapes: tuple[Shape, ...]


@dataclass(frozen=True)
class ModelJoint:
    """A hinge or slide between a body and its parent."""

    name: str
    body: str
    kind: Literal["prismatic", "revolute"]
    axis: Vec3  # unit, in the body's frame
    anchor: Vec3  # m, in the body's frame
    lower: float | None  # rad or m; None = endless
    upper: float | None
    damping: float  # N m s/rad or N s/m
    friction: float  # N m or N
    armature: float  # kg m^2 or kg
    stiffness: float  # of a spring towards ``rest``
    rest: float
    start: float  # position at reset


@dataclass(frozen=True)
class Servo:
    """A position controller: force = kp (target - position) - kv velocity, held within +-max_force."""

    name: str
    joint: str
    kp: float
    kv: float
    max_force: float
    lower: float
    upper: float
    start: float  # target at reset


@dataclass(frozen=True)
class Coupling:
    """``follower`` = polynomial of ``leader``: how a linkage is simplified to joints."""

    follower: str
    leader: str
    coefficients: tuple[float, ...]


@dataclass(frozen=True)
class Pin:
    """Two bodies held together at a point of the first one: what closes a loop of links."""

    first: str
    second: str
    anchor: Vec3  # m, in the first body's frame
    anchor_second: Vec3  # m, in the second body's frame


@dataclass(frozen=True)
class View:
    """A camera, riding on a body or fixed in the world (``mount`` None)."""

    spec: CameraSpec
    mount: str | None


@dataclass(frozen=True)
class SolverOptions:
    """What MuJoCo's solver is told; other engines read the step and the gravity."""

    timestep: float
    gravity: Vec3
    integrator: str
    cone: str
    impratio: float
    noslip_iterations: int


@dataclass(frozen=True, eq=False)
class PhysicalModel:
    """A scene at its reset, with the cards' masses and frictions, as a physics backend simulates it."""

    task: str
    options: SolverOptions
    bodies: tuple[RigidBody, ...]  # parents come before their children
    floor: tuple[Shape, ...]
    joints: tuple[ModelJoint, ...]  # in the bodies' order
    servos: tuple[Servo, ...]
    couplings: tuple[Coupling, ...]
    pins: tuple[Pin, ...]
    apart: tuple[tuple[str, str], ...]  # bodies that do not touch each other
    views: tuple[View, ...]
    lights: tuple[Light, ...]
    ambient: float
    meshes: Mapping[str, Mesh]
    textures: Mapping[str, NDArray[np.uint8]]  # (height, width, 3), top row first

    def body(self, name: str) -> RigidBody:
        """The body called ``name``."""
        return next(b for b in self.bodies if b.name == name)

    def root(self, body: RigidBody) -> RigidBody:
        """The ancestor of ``body`` that stands in the world."""
        while body.parent is not None:
            body = self.body(body.parent)
        return body

    def joint_of(self, body: RigidBody) -> ModelJoint | None:
        """The joint that moves ``body``; None if it is welded to its parent, free or a root."""
        return next((j for j in self.joints if j.body == body.name), None)
