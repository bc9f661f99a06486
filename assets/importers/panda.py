"""Franka Emika Panda with its hand, from the MJCF that genesis-world ships (MuJoCo Menagerie, franka_ros)."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path

import numpy as np

from assets.importers.robot_source import ArmSource, RobotSource, read_mjcf
from assets.values import pose7
from pipeline.core.asset import Licence
from pipeline.core.camera import CameraSpec
from pipeline.core.errors import AssetError
from pipeline.core.geometry import Pose7
from pipeline.core.poses import matrix_to_quat
from pipeline.core.robot import Gripper

PACKAGE = "genesis"
XML = "franka_emika_panda/panda.xml"
TOOL: Pose7 = (0.0, 0.0, 0.1034, 1.0, 0.0, 0.0, 0.0)  # T_hand_tool
LICENCE_TEXT = Path(__file__).parent / "notices" / "panda" / "NOTICE.md"

GRIPPER = Gripper(
    joints=("finger_joint1", "finger_joint2"),
    left_link="left_finger",
    right_link="right_finger",
    max_width=0.08,
    kp=2000.0,
    kv=100.0,
    max_force=40.0,
    finger_depth=0.009,
    # Half of a finger's box: 22 mm wide, 15 mm thick, from the tip 54 mm up to the hand.
    pad_half=(0.011, 0.0075, 0.027),
    palm_clearance=0.037,
)


def panda() -> RobotSource:
    """The Panda; raises AssetError when genesis-world is not installed."""
    arm = ArmSource(
        joints=tuple(f"joint{i}" for i in range(1, 8)),
        tool_link="hand",
        tool=TOOL,
        gripper=GRIPPER,
        home=(0.0, -math.pi / 4, 0.0, -3 * math.pi / 4, 0.0, math.pi / 2, math.pi / 4),
        max_velocity=(2.175, 2.175, 2.175, 2.175, 2.61, 2.61, 2.61),
        max_acceleration=(15.0, 7.5, 10.0, 12.5, 15.0, 20.0, 20.0),
        kp=(4500.0, 4500.0, 3500.0, 3500.0, 2000.0, 2000.0, 2000.0),
        max_force=(87.0, 87.0, 87.0, 87.0, 12.0, 12.0, 12.0),
    )
    return RobotSource(
        name="panda",
        noun="Franka Panda arm",
        model=read_mjcf(genesis_models("panda") / XML, robot="panda", package="genesis-world"),
        base_link="link0",
        arms=(arm,),
        cameras=(CameraSpec(name="wrist", mount="hand", pose=wrist_camera(), fovy=75.0),),
        reach=0.8,
        licence=Licence(
            spdx="Apache-2.0",
            author="Franka Robotics GmbH (franka_ros); Google DeepMind (MuJoCo Menagerie)",
            source="MuJoCo Menagerie franka_emika_panda, as shipped in genesis-world 1.4.5",
            note="Meshes merged, decimated and hulled; tendon, equality, actuators and keyframe removed.",
        ),
        gain_source=(
            "Arm kp and force ranges: MuJoCo Menagerie panda.xml, kv = kp / 10. Velocity and acceleration limits: "
            "Franka Emika Robot and interface specifications. Gripper kp 2000, kv 100, 40 N: measured in Genesis "
            "1.4.5; Menagerie's kp 100 drops objects."
        ),
        fine=("hand", "left_finger", "right_finger"),
        notices=(LICENCE_TEXT,),
    )


def genesis_models(robot: str) -> Path:
    """Folder of the MJCF models that genesis-world ships; raises AssetError when it is not installed."""
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise AssetError(
            f"Robot {robot!r} is imported from the package genesis-world. Install it: pip install -e '.[sim]'."
        )
    return Path(found.origin).parent / "assets" / "xml"


def wrist_camera() -> Pose7:
    """T_hand_camera: on the hand's front, tipped 25 degrees so that both fingertips and the grasp point are in view.

    The top of the image points along the hand's +x, as on the usual bracket for a small depth camera.
    """
    tilt = math.radians(25.0)
    forward = np.array([-math.sin(tilt), 0.0, math.cos(tilt)])
    right = np.array([0.0, 1.0, 0.0])
    quat = matrix_to_quat(np.stack([right, np.cross(forward, right), forward], axis=-1))
    return pose7((0.07, 0.0, 0.02), quat)
