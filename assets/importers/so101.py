"""SO-101 by The Robot Studio: five joints and one moving jaw, from the MJCF in so101-nexus (MuJoCo Menagerie)."""

# The bindings of mujoco carry no type information.
# pyright: reportAttributeAccessIssue=false

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from pathlib import Path

from assets.importers.robot_source import ArmSource, RobotSource, mounted_camera, read_mjcf
from assets.importers.wheels import Wheel, unpack_wheel
from pipeline.core.asset import Licence
from pipeline.core.robot import Gripper

FOLDER = "so101_nexus/assets/SO101_menagerie"
WHEEL = Wheel(
    package="so101-nexus",
    version="0.10.0",
    file="so101_nexus-0.10.0-py3-none-any.whl",
    sha256="fb464f285a86c19aa666a47cc59167074b635859d5be394a7192778f67f103ff",
    members=(FOLDER,),
)
NOTICES = Path(__file__).parent / "notices" / "so101"

FIXED_JAW, FIXED_MESH = "fixed_jaw", "wrist_roll_follower_so101_v1"
GRIPPER = Gripper(
    joints=("gripper",),
    # Measured on the meshes: the jaw's angle [rad] at which its tip is 0, 1, ... 7 cm from the fixed one. Closed means
    # the end of its range, at which 2 mm are left. Beyond 7 cm the tip turns away from what it should hold.
    travel=((-0.1745, -0.072, 0.0581, 0.1952, 0.3328, 0.4737, 0.6212, 0.8293),),
    left_link="moving_jaw_so101_v1",
    right_link=FIXED_JAW,
    still=0.02,
    max_width=0.07,
    kp=20.0,
    kv=1.0,
    max_force=2.94,
    finger_depth=0.006,
    pad_half=(0.006, 0.005, 0.022),
    palm_clearance=0.06,
)


def so101(cache: Path) -> RobotSource:
    """The SO-101, its package unpacked below ``cache``; raises AssetError when that cannot be had."""
    xml = unpack_wheel(WHEEL, cache) / FOLDER / "so101.xml"
    split = xml.with_name("so101_two_jaws.xml")
    split.write_text(_with_fixed_jaw(xml.read_text()))
    spec = read_mjcf(split, robot="so101", package=WHEEL.package)
    arm = ArmSource(
        joints=("shoulder_pan", "shoulder_lift", "elbow_flex", "wrist_flex", "wrist_roll"),
        tool_link="gripper",
        # The point that the model calls its grip frame, 2 cm from the fixed jaw: halfway when the jaws are 4 cm apart.
        tool=(0.012, -0.000218, -0.098127, 0.0, math.sqrt(0.5), math.sqrt(0.5), 0.0),
        gripper=GRIPPER,
        home=(0.0, -1.0, 0.3, 1.4, 0.0487),  # the hand over what stands on the table, looking down ahead
        max_velocity=(4.0,) * 5,
        max_acceleration=(20.0,) * 5,
        kp=(100.0,) * 5,
        kv=(5.0,) * 5,
        max_force=(2.94,) * 5,
    )
    return RobotSource(
        name="so101",
        noun="SO-101 arm",
        model=spec,
        base_link="base",
        arms=(arm,),
        # The real one sees 77 degrees from left to right, which leaves the open jaw out of a square picture.
        cameras=(mounted_camera(spec, "wrist_cam", name="wrist", link="camera_mount", fovy=95.0),),
        reach=0.35,
        licence=Licence(
            spdx="Apache-2.0",
            author="The Robot Studio; I2RT Robotics; Google DeepMind (MuJoCo Menagerie)",
            source="MuJoCo Menagerie robotstudio_so101 at 4c358ef, as shipped in so101-nexus 0.10.0",
            note="Fixed jaw made a body of its own; meshes merged, decimated and hulled; actuators removed.",
        ),
        gain_source=(
            "Force 2.94 N m, joint damping and armature: MuJoCo Menagerie so101.xml (STS3215 servo at 12 V). kp 100 "
            "and kv 5 instead of its 998 and 2.7, which a physics step of 10 ms cannot hold still. Velocity 4 rad/s: "
            "STS3215 "
            "data sheet, 0.222 s for 60 degrees without load; acceleration 20 rad/s^2: our choice. Gripper: our choice."
        ),
        fine=("gripper", FIXED_JAW, "moving_jaw_so101_v1"),
        cover=(0.010, 0.010),
        notices=(NOTICES / "LICENSE", NOTICES / "NOTICE.md"),
    )


def _with_fixed_jaw(xml: str) -> str:
    """The model with the fixed jaw and its collision shapes moved into a body of their own below the gripper."""
    root = ET.fromstring(xml)  # checked by checksum
    gripper = root.find(".//body[@name='gripper']")
    assert gripper is not None
    jaw = ET.Element("body", name=FIXED_JAW)
    ET.SubElement(jaw, "inertial", mass="0.001", pos="0 0 -0.07", diaginertia="1e-7 1e-7 1e-7")
    for geom in gripper.findall("geom"):
        if geom.get("mesh", "").startswith("wrist_roll_follower") or geom.get("name", "").startswith("fixed_jaw"):
            gripper.remove(geom)
            jaw.append(geom)
    gripper.insert(list(gripper).index(gripper.findall("body")[0]), jaw)
    return ET.tostring(root, encoding="unicode")
