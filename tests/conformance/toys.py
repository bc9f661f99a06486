"""Hand-built robot, objects and scenes for tests of simulators: Panda's chain with plain shapes, blocks, a drawer."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.core.asset import AssetSpec, Licence
from pipeline.core.camera import CameraSpec
from pipeline.core.geometry import BodyGeometry, Box, Joint
from pipeline.core.kinematics import forward_kinematics, jacobian
from pipeline.core.poses import look_at, matrix_to_quat, pose, quat_conjugate, quat_multiply, quat_to_rotvec
from pipeline.core.robot import ArmJoint, Gripper, RobotSpec
from pipeline.core.scene import Placement, SceneSpec

LICENCE = Licence(spdx="CC0-1.0", author="tests", source="by hand")
HALF = math.sqrt(0.5)
HOME = (0.0, -0.3, 0.0, -2.2, 0.0, 1.9, 0.785)
BLOCK = 0.02  # half edge [m]
DRAWER_AT = (0.75, 0.25, 0.18)  # high enough for the hand to turn sideways
HANDLE = (-0.13, 0.0, 0.0)  # of the drawer, in its frame

GEOM = '<geom type="{kind}" group="{group}" {contact} size="{size}" pos="{pos}" rgba="{rgba}" {more}/>'


def box(
    half: tuple[float, ...], pos: tuple[float, ...] = (0, 0, 0), *, rgba: str = "0.8 0.2 0.2 1", solid: bool = True
) -> str:
    """A visual geom in group 2 and, if solid, its collision twin in group 3."""
    size, at = " ".join(map(str, half)), " ".join(map(str, pos))
    seen = GEOM.format(
        kind="box", group=2, contact='contype="0" conaffinity="0" mass="0"', size=size, pos=at, rgba=rgba, more=""
    )
    felt = GEOM.format(kind="box", group=3, contact="", size=size, pos=at, rgba=rgba, more="")
    return seen + (felt if solid else "")


def block_model(half: tuple[float, float, float]) -> str:
    return f'<mujoco><worldbody><body name="base"><freejoint name="root"/>{box(half)}</body></worldbody></mujoco>'


TABLE_MODEL = (
    '<mujoco><worldbody><body name="base">'
    + box((0.4, 0.5, 0.02), (0, 0, -0.02), rgba="0.7 0.6 0.5 1")
    + "</body></worldbody></mujoco>"
)

DRAWER_MODEL = (
    '<mujoco><worldbody><body name="base">'
    + box((0.1, 0.1, 0.01), (0, 0, -0.09), rgba="0.5 0.5 0.5 1")
    + box((0.1, 0.1, 0.01), (0, 0, 0.09), rgba="0.5 0.5 0.5 1")
    + '<body name="drawer"><joint name="slide" type="slide" axis="-1 0 0" range="0 0.15" damping="5" frictionloss="1"/>'
    + '<inertial mass="0.8" pos="0 0 0" diaginertia="0.004 0.004 0.004"/>'
    + box((0.09, 0.09, 0.005), (0, 0, -0.06), rgba="0.3 0.3 0.7 1")
    + box((0.005, 0.09, 0.06), (-0.095, 0, 0), rgba="0.3 0.3 0.7 1")
    + box((0.008, 0.05, 0.008), HANDLE, rgba="0.2 0.2 0.2 1")
    + "</body></body></worldbody></mujoco>"
)

FINGER = box((0.01, 0.005, 0.0125), (0, 0.005, 0.0415), rgba="0.2 0.2 0.2 1")
FINGER_INERTIA = '<inertial mass="0.1" pos="0 0 0.04" diaginertia="1e-4 1e-4 1e-4"/>'
LINKS = (  # name, pos, quat, joint range, mass, half size and position of its box
    ("link1", "0 0 0.333", "1 0 0 0", "-2.9 2.9", 3.0, (0.05, 0.05, 0.1), (0, 0, -0.1)),
    ("link2", "0 0 0", f"{HALF} -{HALF} 0 0", "-1.76 1.76", 3.0, (0.05, 0.1, 0.05), (0, -0.14, 0)),
    ("link3", "0 -0.316 0", f"{HALF} {HALF} 0 0", "-2.9 2.9", 2.0, (0.04, 0.04, 0.05), (0.02, 0, 0)),
    ("link4", "0.0825 0 0", f"{HALF} {HALF} 0 0", "-3.07 -0.07", 2.0, (0.04, 0.08, 0.04), (-0.06, 0.15, 0)),
    ("link5", "-0.0825 0.384 0", f"{HALF} -{HALF} 0 0", "-2.9 2.9", 2.0, (0.04, 0.04, 0.07), (0, 0.02, -0.12)),
    ("link6", "0 0 0", f"{HALF} {HALF} 0 0", "-0.02 3.75", 1.5, (0.04, 0.04, 0.04), (0.04, 0, 0)),
    ("link7", "0.088 0 0", f"{HALF} {HALF} 0 0", "-2.9 2.9", 0.7, (0.04, 0.04, 0.02), (0, 0, 0.07)),
)


def robot_model() -> str:
    body = (
        f'<body name="hand" pos="0 0 0.107" quat="{math.cos(math.pi / 8)} 0 0 -{math.sin(math.pi / 8)}">'
        '<inertial mass="0.7" pos="0 0 0.03" diaginertia="0.002 0.002 0.002"/>'
        + box((0.03, 0.1, 0.03), (0, 0, 0.03), rgba="0.9 0.9 0.9 1")
        + '<body name="left_finger" pos="0 0 0.0584"><joint name="finger_joint1" type="slide" axis="0 1 0" '
        + f'range="0 0.04" armature="0.1" damping="1"/>{FINGER_INERTIA}{FINGER}</body>'
        + '<body name="right_finger" pos="0 0 0.0584" quat="0 0 0 1"><joint name="finger_joint2" type="slide" '
        + f'axis="0 1 0" range="0 0.04" armature="0.1" damping="1"/>{FINGER_INERTIA}{FINGER}</body></body>'
    )
    for i, (name, pos, quat, span, mass, half, at) in reversed(list(enumerate(LINKS, start=1))):
        body = (
            f'<body name="{name}" pos="{pos}" quat="{quat}"><joint name="joint{i}" axis="0 0 1" range="{span}" '
            f'armature="0.1" damping="1"/><inertial mass="{mass}" pos="{" ".join(map(str, at))}" '
            f'diaginertia="0.02 0.02 0.02"/>{box(half, at, rgba="0.9 0.9 0.9 1")}{body}</body>'
        )
    base = box((0.08, 0.08, 0.08), (-0.02, 0, 0.08), rgba="0.9 0.9 0.9 1")
    return (
        '<mujoco><compiler angle="radian" autolimits="true"/><worldbody>'
        f'<body name="link0">{base}{body}</body></worldbody></mujoco>'
    )


class ToyFiles:
    """A FileStore over models written by hand."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, spec: AssetSpec | RobotSpec) -> Path:
        """Write the model of ``spec`` and give its folder."""
        folder = self.root / spec.name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / spec.model).write_text(MODELS[spec.name])
        return folder

    def read(self, spec: AssetSpec | RobotSpec, path: str) -> bytes:
        """The bytes of a file."""
        return (self.folder(spec) / path).read_bytes()


def geometry(half: tuple[float, float, float], at: tuple[float, float, float] = (0, 0, 0), **more: Any) -> BodyGeometry:
    body = Box(pose=(*at, 1, 0, 0, 0), half=half)
    return BodyGeometry(bounds=body, collision=(body,), **more)


def asset(name: str, links: dict[str, BodyGeometry], **more: Any) -> AssetSpec:
    files = {"model.xml": hashlib.sha256(MODELS[name].encode()).hexdigest()}
    return AssetSpec(name=name, category="toy", noun=name, files=files, links=links, licence=LICENCE, **more)


MODELS = {
    "block": block_model((BLOCK, BLOCK, BLOCK)),
    "brick": block_model((0.04, 0.02, 0.02)),
    "table": TABLE_MODEL,
    "cabinet": DRAWER_MODEL,
    "zone": '<mujoco><worldbody><body name="base">'
    + box((0.1, 0.1, 0.0005), rgba="0.9 0.1 0.1 1", solid=False)
    + "</body></worldbody></mujoco>",
    "toy_panda": robot_model(),
}


def _top(half_x: float, half_y: float, z: float) -> Box:
    return Box(pose=(0, 0, z, 1, 0, 0, 0), half=(half_x, half_y, 0.001))


@cache
def block() -> AssetSpec:
    shape = geometry((BLOCK, BLOCK, BLOCK), support=_top(BLOCK, BLOCK, BLOCK))
    return asset("block", {"": shape}, mass=0.05, affordances=("graspable", "stackable", "pushable", "support"))


@cache
def brick() -> AssetSpec:
    return asset("brick", {"": geometry((0.04, 0.02, 0.02))}, mass=0.1, affordances=("graspable", "pushable"))


@cache
def table() -> AssetSpec:
    shape = geometry((0.4, 0.5, 0.02), (0, 0, -0.02), support=_top(0.4, 0.5, 0.0))
    return asset("table", {"": shape}, mass=0.0, fixed=True, affordances=("support",))


@cache
def cabinet() -> AssetSpec:
    shell = BodyGeometry(
        bounds=Box(half=(0.1, 0.1, 0.1)),
        collision=(
            Box(pose=(0, 0, -0.09, 1, 0, 0, 0), half=(0.1, 0.1, 0.01)),
            Box(pose=(0, 0, 0.09, 1, 0, 0, 0), half=(0.1, 0.1, 0.01)),
        ),
        support=_top(0.1, 0.1, 0.1),
    )
    drawer = BodyGeometry(
        bounds=Box(pose=(-0.02, 0, 0, 1, 0, 0, 0), half=(0.118, 0.09, 0.065)),
        collision=(
            Box(pose=(0, 0, -0.06, 1, 0, 0, 0), half=(0.09, 0.09, 0.005)),
            Box(pose=(-0.095, 0, 0, 1, 0, 0, 0), half=(0.005, 0.09, 0.06)),
            Box(pose=(*HANDLE, 1, 0, 0, 0), half=(0.008, 0.05, 0.008)),
        ),
        cavity=Box(pose=(0, 0, 0.0, 1, 0, 0, 0), half=(0.09, 0.09, 0.055)),
        keypoints={"handle": HANDLE},
        axes={"pull": (-1, 0, 0)},
    )
    slide = Joint(name="slide", link="drawer", kind="prismatic", axis=(-1, 0, 0), lower=0.0, upper=0.15)
    return asset(
        "cabinet", {"": shell, "drawer": drawer}, mass=0.0, fixed=True, joints=(slide,), affordances=("openable",)
    )


@cache
def zone() -> AssetSpec:
    painted = BodyGeometry(bounds=Box(half=(0.1, 0.1, 0.0005)))
    return asset("zone", {"": painted}, mass=0.0, fixed=True, affordances=("region",))


@cache
def robot() -> RobotSpec:
    gains = ((4500, 450, 87),) * 2 + ((3500, 350, 87),) * 2 + ((2000, 200, 12),) * 3
    arm = tuple(
        ArmJoint(
            name=f"joint{i}",
            link=name,
            origin=tuple(map(float, f"{pos} {quat}".split())),  # type: ignore[arg-type]
            axis=(0, 0, 1),
            lower=float(span.split()[0]),
            upper=float(span.split()[1]),
            max_velocity=2.0,
            max_acceleration=10.0,
            kp=kp,
            kv=kv,
            max_force=force,
        )
        for i, ((name, pos, quat, span, *_), (kp, kv, force)) in enumerate(zip(LINKS, gains, strict=True), start=1)
    )
    gripper = Gripper(
        joints=("finger_joint1", "finger_joint2"),
        left_link="left_finger",
        right_link="right_finger",
        max_width=0.08,
        kp=2000,
        kv=100,
        max_force=20,
        finger_depth=0.009,
        pad_half=(0.01, 0.005, 0.0125),
        palm_clearance=0.04,
    )
    camera = CameraSpec(
        name="wrist", mount="hand", pose=(0.06, 0, 0.02, HALF, 0, 0, HALF), width=96, height=96, fovy=75
    )
    return RobotSpec(
        name="toy_panda",
        noun="robot arm",
        files={"model.xml": hashlib.sha256(MODELS["toy_panda"].encode()).hexdigest()},
        base_link="link0",
        arm=arm,
        tool_link="hand",
        tool=(0, 0, 0.1034, 1, 0, 0, 0),
        flange=(0, 0, 0.107, math.cos(math.pi / 8), 0, 0, -math.sin(math.pi / 8)),
        gripper=gripper,
        home=HOME,
        spheres={name: ((*at, max(half)),) for name, _, _, _, _, half, at in LINKS},  # type: ignore[misc]
        cameras=(camera,),
        reach=0.8,
        licence=LICENCE,
        gain_source="by hand",
    )


FRONT = CameraSpec(
    name="front",
    pose=tuple(look_at((1.3, -0.5, 0.7), (0.5, 0, 0.05))),
    width=128,
    height=128,
    fovy=50,  # type: ignore[arg-type]
)
ABOVE = CameraSpec(
    name="above",
    pose=tuple(look_at((0.55, 0.0, 0.9), (0.55, 0.0, 0.0), (1, 0, 0))),  # type: ignore[arg-type]
    width=120,
    height=100,
    fovy=60,
)


def placed(name: str, spec: AssetSpec, at: tuple[float, ...], **joints: float) -> Placement:
    """A placement at ``at``: x y z, or x y z and a quaternion."""
    full = at if len(at) == 7 else (*at, 1, 0, 0, 0)
    return Placement(name=name, asset=spec, pose=full, joints=joints)  # type: ignore[arg-type]


def scene(*placements: Placement, **more: Any) -> SceneSpec:
    """A table (top at z = 0) with the placements, the arm folded back over it, a fixed and a top camera."""
    table_at = placed("table", table(), (0.55, 0, 0))
    more = {"robot_start": (*HOME, 0.08), "cameras": (FRONT, ABOVE), **more}
    return SceneSpec(task="toy", robot=robot(), placements=(table_at, *placements), **more)


DOWN = ((1.0, 0.0, 0.0), (0.0, -1.0, 0.0), (0.0, 0.0, -1.0))
"""Columns x, y, z of a tool that points down and closes along the world's y."""
AHEAD = ((0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (1.0, 0.0, 0.0))
"""Columns of a tool that points along the world's x and closes vertically."""


def reach(
    point: Sequence[float], columns: Sequence[Sequence[float]] = DOWN, start: Sequence[float] = HOME
) -> np.ndarray:
    """Arm joints (7,) that bring the tool to ``point``, by damped least squares."""
    q, goal = np.array(start, float), pose(point, matrix_to_quat(np.array(columns).T))
    for _ in range(300):
        now = forward_kinematics(robot(), q)
        turn = quat_to_rotvec(quat_multiply(goal[3:], quat_conjugate(now[3:])))
        error = np.concatenate([goal[:3] - now[:3], turn])
        if np.abs(error).max() < 1e-7:
            break
        j = jacobian(robot(), q)
        q = q + np.clip(j.T @ np.linalg.solve(j @ j.T + 1e-4 * np.eye(6), error), -0.2, 0.2)
        q = np.clip(q, [a.lower + 0.01 for a in robot().arm], [a.upper - 0.01 for a in robot().arm])
    assert np.abs(error).max() < 1e-4, f"the toy arm does not reach {point}"
    return q


def straight(
    a: Sequence[float], b: Sequence[float], columns: Sequence[Sequence[float]], start: Sequence[float], *, steps: int
) -> list[np.ndarray]:
    """Arm joints along the straight line from ``a`` to ``b``, the first near ``start``."""
    way = [np.array(start, float)]
    for point in np.linspace(a, b, steps):
        way.append(reach(point, columns, way[-1]))
    return way[1:]


def motion(*way: tuple[Sequence[float], float, int], start: Sequence[float] = HOME, width: float = 0.08) -> np.ndarray:
    """Actions (time, dof) through (arm joints, width, steps), straight in joint space."""
    parts, here = [], np.array([*start, width])
    for joints, opening, steps in way:
        there = np.array([*joints, opening])
        parts.append(here + (there - here) * (np.arange(1, steps + 1) / steps)[:, None])
        here = there
    return np.concatenate(parts).astype(np.float32)
