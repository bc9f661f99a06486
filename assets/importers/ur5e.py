"""Universal Robots UR5e with the Franka hand, from the MJCFs that genesis-world ships (MuJoCo Menagerie)."""

# The bindings of mujoco carry no type information.
# pyright: reportAttributeAccessIssue=false

from __future__ import annotations

import math
from pathlib import Path

import mujoco

from assets.importers.panda import GRIPPER, TOOL, genesis_models, wrist_camera
from assets.importers.robot_source import ArmSource, RobotSource, read_mjcf, rename_materials
from pipeline.core.asset import Licence
from pipeline.core.camera import CameraSpec

ARM_XML = "universal_robots_ur5e/ur5e.xml"
HAND_XML = "franka_emika_panda/hand.xml"
NOTICES = Path(__file__).parent / "notices" / "ur5e"

PI = math.pi
JOINTS = ("shoulder_pan", "shoulder_lift", "elbow", "wrist_1", "wrist_2", "wrist_3")
# The arm turns twice about most joints; half of that is enough for a table top, keeps plans short, and leaves out
# the poses in which the elbow hangs below the shoulder.
RANGES = ((-PI, PI), (-PI, 0.6), (-0.3, 2.9), (-PI, PI), (-PI, PI), (-PI, PI))
HOME = (-0.33, -1.8, 1.6, 0.2 - PI / 2, -PI / 2, -0.33)  # the tool 45 cm up, 41 cm ahead, pointing down


def ur5e() -> RobotSource:
    """The UR5e with the Franka hand; raises AssetError when genesis-world is not installed."""
    arm = ArmSource(
        joints=JOINTS,
        tool_link="hand",
        tool=TOOL,
        gripper=GRIPPER,
        home=HOME,
        max_velocity=(PI,) * 6,
        max_acceleration=(5.0,) * 6,
        kp=(2000.0, 2000.0, 2000.0, 500.0, 500.0, 500.0),
        kv=(100.0, 100.0, 100.0, 25.0, 25.0, 25.0),
        max_force=(150.0, 150.0, 150.0, 28.0, 28.0, 28.0),
    )
    return RobotSource(
        name="ur5e",
        noun="UR5e arm with a Franka hand",
        model=_model(),
        base_link="base",
        arms=(arm,),
        cameras=(CameraSpec(name="wrist", mount="hand", pose=wrist_camera(), fovy=75.0),),
        reach=0.8,
        licence=Licence(
            spdx="BSD-3-Clause AND Apache-2.0",
            author="ROS Industrial (universal_robot); Franka Robotics GmbH (hand); Google DeepMind (MuJoCo Menagerie)",
            source="MuJoCo Menagerie universal_robots_ur5e and franka_emika_panda, as shipped in genesis-world 1.4.5",
            note="Hand mounted on the flange; joint ranges narrowed; meshes merged and decimated; actuators removed.",
        ),
        gain_source=(
            "Arm kp, kv and force ranges: MuJoCo Menagerie ur5e.xml; armature 0.1: Menagerie's later revision, as for "
            "the Panda. Velocity limit 180 deg/s: UR5e data sheet; acceleration 5 rad/s^2: ur5e_moveit_config. "
            "Gripper: see the Panda."
        ),
        fine=("hand", "left_finger", "right_finger"),
        notices=(NOTICES / "LICENSE", NOTICES / "NOTICE.md"),
    )


def _model() -> mujoco.MjSpec:
    models = genesis_models("ur5e")
    spec = read_mjcf(models / ARM_XML, robot="ur5e", package="genesis-world")
    hand = read_mjcf(models / HAND_XML, robot="ur5e", package="genesis-world")
    # The model's own base frame is turned by a quarter; without that the arm reaches along x, as the others do.
    spec.body("base").quat = [1.0, 0.0, 0.0, 0.0]
    for joint, (lower, upper) in zip(JOINTS, RANGES, strict=True):
        spec.joint(joint).range = [lower, upper]
        spec.joint(joint).armature = 0.1
    # As shipped the shoulder's capsule reaches down to the table top, which would count as a collision of the arm.
    shoulder = next(g for g in spec.body("shoulder_link").geoms if g.type == mujoco.mjtGeom.mjGEOM_CAPSULE)
    shoulder.size, shoulder.pos = [0.06, 0.03, 0.0], [0.0, 0.0, -0.01]
    flange = spec.body("ee_virtual_link")
    frame = spec.body("wrist_3_link").add_frame(pos=flange.pos, quat=flange.quat)
    spec.delete(flange)
    hand.body("hand").quat = [1.0, 0.0, 0.0, 0.0]  # bolted on such that the wrist camera looks ahead at home
    rename_materials(hand, prefix="hand_")  # both parts have a 'black'
    spec.attach(hand, prefix="", frame=frame)
    return spec
