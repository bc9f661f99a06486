"""A scene of the library with a cabinet and some things, and a model by hand that holds one of everything."""

from __future__ import annotations

import numpy as np
import pytest

from assets.catalog import LibraryCatalog
from pipeline.core.camera import CameraSpec
from pipeline.core.physical_model import (
    Coupling,
    Look,
    Mesh,
    ModelJoint,
    PhysicalModel,
    Pin,
    RigidBody,
    Servo,
    Shape,
    SolverOptions,
    View,
)
from pipeline.core.poses import IDENTITY_POSE
from pipeline.core.scene import Light, SceneSpec
from pipeline.core.streams import stream
from pipeline.core.task import TaskObject, TaskSpec
from pipeline.physical import physical_model
from scene_gen.builder import TabletopBuilder


@pytest.fixture(scope="session")
def scene(builder: TabletopBuilder) -> SceneSpec:
    names = ("cabinet", "mug", "milk", "block_red", "zone_green")
    task = TaskSpec(
        name="mug_by_the_cabinet",
        family="pick_place",
        instruction="Put the mug beside the milk.",
        objects=tuple(TaskObject(name=n, asset=n) for n in names),
        initial=("(is_open cabinet/top_drawer)",),
        goal="(near mug milk)",
    )
    return builder.build(task, stream(4, "export"))


@pytest.fixture(scope="session")
def model(scene: SceneSpec, catalog: LibraryCatalog) -> PhysicalModel:
    return physical_model(scene, catalog)


def shape(kind: str, size: tuple[float, float, float], *, mesh: str | None = None, solid: bool = True) -> Shape:
    look = Look(rgba=(0.8, 0.4, 0.2, 1.0), texture="checks" if mesh else None)
    return Shape(
        kind=kind,  # pyright: ignore[reportArgumentType]
        pose=(0.0, 0.0, 0.1, 1.0, 0.0, 0.0, 0.0),
        size=size,
        mesh=mesh,
        look=look,
        look_name=f"look/{kind}",
        contype=int(solid),
        conaffinity=int(solid),
        friction=(0.7, 0.005, 0.0001),
        solref=(0.01, 1.0),
        group=0,
    )


def body(name: str, parent: str | None, *shapes: Shape, x: float = 0.3, free: bool = False) -> RigidBody:
    at = (x, 0.0, 0.2, 1.0, 0.0, 0.0, 0.0)
    return RigidBody(name, parent, at, at, free, 0.5, IDENTITY_POSE, (0.001, 0.002, 0.0025), parent is not None, shapes)


@pytest.fixture
def one_of_everything() -> PhysicalModel:
    corners = np.array([[0, 0, 0], [0.1, 0, 0], [0, 0.1, 0], [0, 0, 0.1]], np.float32)
    faces = np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]], np.int32)
    normals = np.array([[0, 0, -1], [0, -1, 0], [-1, 0, 0], [0.577, 0.577, 0.577]], np.float32)
    sides = np.repeat(np.arange(4, dtype=np.int32)[:, None], 3, axis=1)
    corner_uv = np.array([[0.0, 0.25], [1.0, 0.25], [0.0, 1.0]], np.float32)
    uv_faces = np.tile(np.arange(3, dtype=np.int32), (4, 1))
    tetrahedron = Mesh(corners, faces, normals, sides, corner_uv, uv_faces)
    links = [body(f"arm/{n}", p, shape("capsule", (0.02, 0.05, 0))) for n, p in (("one", None), ("two", "arm/one"))]
    links.append(body("arm/three", "arm/one", shape("cylinder", (0.02, 0.05, 0))))
    axis = (0.0, 0.6, 0.8)
    hinge = ModelJoint(
        "arm/hinge", "arm/two", "revolute", axis, (0.01, 0, 0), -1.0, 2.0, 0.3, 0.1, 0.02, 0, 0, 0.5
    )  # fmt: skip
    slide = ModelJoint(
        "arm/slide", "arm/three", "prismatic", axis, (0, 0, 0), 0.0, 0.1, 4.0, 1.0, 0.01, 20.0, 0.05, 0.0
    )  # fmt: skip
    things = [
        body("ball/base", None, shape("sphere", (0.03, 0, 0)), x=0.5, free=True),
        body("egg/base", None, shape("ellipsoid", (0.03, 0.03, 0.05)), x=0.7, free=True),
        body("shard/base", None, shape("mesh", (0, 0, 0), mesh="shard"), x=0.9, free=True),
        body("shelf/base", None, shape("box", (0.2, 0.2, 0.01)), x=1.2),
    ]
    camera = CameraSpec(name="side", pose=(1.0, 0.2, 0.5, 0.5, 0.5, -0.5, 0.5), width=320, height=240, fovy=50.0)
    return PhysicalModel(
        task="one_of_everything",
        options=SolverOptions(0.005, (0.0, 0.0, -9.81), "implicitfast", "elliptic", 10.0, 5),
        bodies=(*links, *things),
        floor=(shape("plane", (0, 0, 0.5)),),
        joints=(hinge, slide),
        servos=(Servo("servo/hinge", "arm/hinge", 100.0, 10.0, 20.0, -1.0, 2.0, 0.5),),
        couplings=(Coupling("arm/slide", "arm/hinge", (0.0, 0.05, 0.0, 0.0, 0.0)),),
        pins=(Pin("arm/two", "arm/three", (0.0, 0.0, 0.1), (0.0, 0.0, 0.1)),),
        apart=(("arm/two", "arm/three"),),
        views=(View(camera, None), View(camera.model_copy(update={"name": "wrist"}), "arm/two")),
        lights=(Light(), Light(kind="point")),
        ambient=0.3,
        meshes={"shard": tetrahedron},
        textures={"checks": np.arange(4 * 4 * 3, dtype=np.uint8).reshape(4, 4, 3)},
    )
