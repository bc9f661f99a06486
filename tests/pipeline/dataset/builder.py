"""Hand-built episodes: a three-joint toy arm, a few toy objects with tiny files, exact arrays that depend on a seed."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from pipeline.core.asset import AssetSpec, Licence
from pipeline.core.camera import CameraSpec
from pipeline.core.episode import Episode, Provenance
from pipeline.core.geometry import BodyGeometry, Box, Grasp, Joint
from pipeline.core.layout import SceneLayout
from pipeline.core.poses import compose, inverse
from pipeline.core.robot import ArmJoint, Gripper, RobotSpec
from pipeline.core.scene import Placement, SceneSpec
from pipeline.core.task import TaskObject, TaskSpec
from pipeline.core.world import WorldState, no_forces

LICENCE = Licence(spdx="CC0-1.0", author="Toy Maker", source="by hand")
FIXED, WRIST = "front", "wrist"


class ToyStore:
    """The files of the toys: contents derived from their owner's name."""

    def read(self, spec: AssetSpec | RobotSpec, path: str) -> bytes:
        return contents(spec.name)[path]

    def folder(self, spec: AssetSpec | RobotSpec) -> Path:
        raise NotImplementedError("the writer reads bytes")


def contents(name: str) -> dict[str, bytes]:
    return {"model.xml": f"<mujoco model='{name}'/>".encode(), "meshes/a.obj": name.encode() * 50, "empty.txt": b""}


def files(name: str) -> dict[str, str]:
    return {path: hashlib.sha256(data).hexdigest() for path, data in contents(name).items()}


def robot(name: str = "toybot") -> RobotSpec:
    arm = tuple(
        ArmJoint(
            name=f"j{i}",
            link=f"link{i}",
            origin=(0, 0, 0.1, 1, 0, 0, 0),
            axis=(0, 0, 1),
            lower=-2.8973,
            upper=2.8973,
            max_velocity=2.0,
            max_acceleration=5.0,
            kp=100.0,
            kv=10.0,
            max_force=50.0,
        )
        for i in range(3)
    )
    gripper = Gripper(
        joints=("f1", "f2"),
        left_link="left",
        right_link="right",
        max_width=0.08,
        kp=1000.0,
        kv=10.0,
        max_force=20.0,
        finger_depth=0.01,
        pad_half=(0.01, 0.01, 0.01),
        palm_clearance=0.05,
    )
    return RobotSpec(
        name=name,
        noun="toy arm",
        files=files(name),
        base_link="base",
        arm=arm,
        tool_link="hand",
        tool=(0, 0, 0.1, 1, 0, 0, 0),
        flange=(0, 0, 0.1, 1, 0, 0, 0),
        gripper=gripper,
        home=(0.1, 0.2, 1 / 3),
        spheres={"hand": ((0, 0, 0, 0.05),)},
        cameras=(CameraSpec(name=WRIST, pose=(0, 0, 0.05, 1, 0, 0, 0), mount="hand", width=6, height=4),),
        reach=0.8,
        licence=LICENCE,
        gain_source="invented",
    )


def asset(name: str, *, drawers: int = 0) -> AssetSpec:
    shape = BodyGeometry(
        bounds=Box(half=(0.03, 0.03, 0.1 / 3)),
        keypoints={"top": (0, 0, 0.1)},
        grasps=(Grasp(pose=(0, 0, 0, 0, 1, 0, 0), width=0.05, score=0.7),),
    )
    links = {"": shape} | {f"drawer{i}": shape for i in range(drawers)}
    joints = tuple(
        Joint(name=f"slide{i}", link=f"drawer{i}", kind="prismatic", axis=(1, 0, 0), lower=0, upper=0.2)
        for i in range(drawers)
    )
    return AssetSpec(
        name=name, category="toy", noun=name, files=files(name), mass=0.1, links=links, joints=joints, licence=LICENCE
    )


def task(name: str = "cup_on_plate") -> TaskSpec:
    objects = (TaskObject(name="cup", asset="cup"), TaskObject(name="plate", asset="plate", role="receptacle"))
    return TaskSpec(
        name=name, family="pick_place", instruction="put the cup on the plate", objects=objects, goal="(on cup plate)"
    )


def scene(
    seed: int, *, objects: tuple[str, ...] = ("cup", "plate"), drawers: int = 0, arm: str = "toybot"
) -> SceneSpec:
    rng = np.random.default_rng(seed)
    placements = [
        Placement(name=name, asset=asset(name), pose=(*rng.uniform(-0.2, 0.2, 3).tolist(), 1, 0, 0, 0))
        for name in objects
    ]
    if drawers:
        cabinet = asset(f"cabinet{drawers}", drawers=drawers)
        placements.append(
            Placement(name="cabinet", asset=cabinet, pose=(0.5, 0, 0, 1, 0, 0, 0), joints={"slide0": 0.1})
        )
    front = CameraSpec(name=FIXED, pose=(1, 0, 1, 0, 1, 0, 0), width=6, height=4)
    return SceneSpec(
        task="cup_on_plate",
        robot=robot(arm),
        robot_start=(0.1, 0.2, 1 / 3, 0.08),
        placements=tuple(placements),
        cameras=(front, *robot(arm).cameras),
        seed=seed,
    )


def states(scene: SceneSpec, steps: int, rng: np.random.Generator) -> WorldState:
    layout = SceneLayout.of(scene)
    bodies, joints, dof = len(layout.bodies), len(layout.joints), scene.robot.dof

    def values(*shape: int) -> np.ndarray:
        return rng.normal(size=(steps, *shape)).astype(np.float32)

    def poses(*shape: int) -> np.ndarray:
        out = values(*shape, 7)
        out[..., 3:] /= np.linalg.norm(out[..., 3:], axis=-1, keepdims=True)
        return out

    return WorldState(
        layout,
        poses(bodies),
        values(bodies, 6),
        values(joints),
        values(joints),
        within_limits(rng, steps),
        values(dof),
        poses(),
        np.zeros((steps, bodies, bodies), bool),
        no_forces(steps, layout),
    )


def within_limits(rng: np.random.Generator, steps: int) -> np.ndarray:
    """Joint positions and gripper widths (steps, 4) that the toy arm may have."""
    return rng.uniform([-2.8, -2.8, -2.8, 0], [2.8, 2.8, 2.8, 0.08], (steps, 4)).astype(np.float32)


def camera_poses(world: SceneSpec, tool: np.ndarray) -> dict[str, np.ndarray]:
    """Where the cameras are in every frame (steps, 7): one stands still, one rides on the hand."""
    front, wrist = world.cameras[0], world.robot.cameras[0]
    hand = compose(tool, inverse(np.array(world.robot.tool)))
    return {
        FIXED: np.repeat(np.array([front.pose], np.float32), len(tool), axis=0),
        WRIST: compose(hand, np.array(wrist.pose)).astype(np.float32),
    }


def episode(
    seed: int,
    *,
    steps: int = 5,
    objects: tuple[str, ...] = ("cup", "plate"),
    drawers: int = 0,
    task_name: str = "cup_on_plate",
    arm: str = "toybot",
    cameras: tuple[str, ...] = (FIXED, WRIST),
    channels: tuple[str, ...] = ("rgb",),
) -> Episode:
    rng = np.random.default_rng([seed, steps])
    world = scene(seed, objects=objects, drawers=drawers, arm=arm)
    turns = rng.normal(size=(steps, 7))
    turns[:, 3:] /= np.linalg.norm(turns[:, 3:], axis=-1, keepdims=True)
    seen = states(world, steps, rng)
    poses = camera_poses(world, seen.tcp)
    return Episode(
        task=task(task_name),
        scene=world,
        states=seen,
        final=states(world, 1, rng),
        actions=within_limits(rng, steps),
        ee_delta=rng.normal(size=(steps, 7)).astype(np.float32),
        ee_target=np.concatenate([turns, rng.random((steps, 1))], axis=1).astype(np.float32),
        success=np.linspace(0, 1, steps, dtype=np.float32) == 1,
        progress=np.linspace(0, 1, steps, dtype=np.float32),
        stage=(np.arange(steps) >= steps // 2).astype(np.uint8),
        stage_names=("pick", "place"),
        rgb={c: rng.integers(0, 256, (steps, 4, 6, 3), np.uint8) for c in cameras if "rgb" in channels},
        depth={c: rng.integers(0, 3000, (steps, 4, 6), np.uint16) for c in cameras if "depth" in channels},
        seg={c: rng.integers(0, 7, (steps, 4, 6), np.uint8) for c in cameras if "seg" in channels},
        seg_names=("nothing", *SceneLayout.of(world).bodies) if "seg" in channels else (),
        camera_pose={c: poses[c] for c in cameras},
        solver="toy",
        provenance=Provenance(version="0.1.0", engine="kinematic", solver="toy", author="procedural", seed=seed),
        attempt=seed,
    )
