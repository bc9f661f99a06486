"""One compiled MuJoCo model of a scene, and the index from the layout's columns to its bodies and joints."""

# pyright: reportAttributeAccessIssue=false
# MuJoCo is a compiled module without stubs: pyright sees none of its names.

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import mujoco as mj
import numpy as np
from numpy.typing import NDArray

from pipeline.core.doors import FileStore
from pipeline.core.errors import SimulationError
from pipeline.core.layout import FLOOR, LEFT_FINGER, RIGHT_FINGER, ROBOT, SceneLayout
from pipeline.core.robot import RobotSpec
from pipeline.core.scene import Placement, SceneSpec
from pipeline.core.world import ARM, HAND
from pipeline.sim._cameras import scene_cameras, to_opengl
from pipeline.sim._gripper import driven_joints, gains, linked_joints, spans
from pipeline.sim._mujoco_look import add_floor, add_lights, set_up_visuals

Ints = NDArray[np.intp]
IMPRATIO = 10.0
"""Friction stiffer than normal force by this factor: without it held objects creep (MuJoCo docs, "Preventing slip")."""
MAX_STEP = 0.005
"""Longest solver step [s]. At 10 ms fingers sink through what they grip: 7 of 23 objects of the library could be
lifted with their own grasps, at 5 ms 21 of 23 (the other two have no grasp from above that the arm reaches)."""
TIME_CONSTANT = 2 * MAX_STEP
"""Stiffest contact that MuJoCo allows at that step [s] (solref); the softer default sinks 2 mm under 20 N of grip."""
GRIP_DAMPING = 2.0
"""Damping ratio (solref) of a finger's geoms; a contact has the mean of both sides', and it is 1 elsewhere. At 1 two
fingers on the facets of a convex hull (a camera's) rattle by 5 mm: many contacts are stiffer than the step bears."""


@dataclass(frozen=True)
class CompiledScene:
    """A model shared by all worlds of a batch; whatever differs between worlds lives in their MjData."""

    model: mj.MjModel
    layout: SceneLayout
    bodies: Ints  # (bodies,)  MuJoCo body of each column; the floor's is the world body
    geom_column: Ints  # (ngeom,)  column of each geom
    geom_part: Ints  # (ngeom,)  ARM or HAND for the robot's geoms, -1 for others
    driven: Ints  # (driven,)  qpos addresses of the joints with a servo, in the order of the controls
    driven_dof: Ints  # (driven,)
    linked: Ints  # (linked,)  qpos addresses of the joints that constraints tie to driven ones
    joints: Ints  # (joints,)
    joints_dof: Ints
    tool_body: int
    free: dict[str, int]  # placement -> qpos address of its freejoint
    mocap: dict[str, int]  # fixed placement -> mocap index


def compile_scene(scene: SceneSpec, files: FileStore) -> CompiledScene:
    """Compose robot, assets, floor, lights and cameras; raises :class:`SimulationError` naming what does not fit.

    Fixed assets become mocap bodies: static for the solver, yet with a pose of its own in each world.
    """
    spec = mj.MjSpec()
    _set_options(spec, scene)
    set_up_visuals(spec, scene)
    add_floor(spec, scene.floor_height)
    add_lights(spec, scene)
    _attach_robot(spec, scene, files)
    for placement in scene.placements:
        _attach_asset(spec, placement, files)
    _add_cameras(spec, scene)
    try:
        model = spec.compile()
    except ValueError as error:
        raise SimulationError(f"MuJoCo cannot compile the scene of task {scene.task!r}: {error}") from error
    _apply_cards(model, scene)
    return _index(model, scene)


def solver_steps(scene: SceneSpec) -> int:
    """Solver steps a physics step: as few as keep each at most ``MAX_STEP`` long."""
    return math.ceil(scene.physics.dt / MAX_STEP - 1e-9)


def _set_options(spec: mj.MjSpec, scene: SceneSpec) -> None:
    option = spec.option
    option.timestep = scene.physics.dt / solver_steps(scene)
    option.gravity = scene.physics.gravity
    option.integrator = mj.mjtIntegrator.mjINT_IMPLICITFAST
    option.cone = mj.mjtCone.mjCONE_ELLIPTIC
    option.impratio = IMPRATIO
    option.noslip_iterations = scene.physics.noslip_iterations
    option.disableflags |= mj.mjtDisableBit.mjDSBL_AUTORESET  # a diverged world must be seen, not hidden


def _read(spec_name: str, path: str) -> mj.MjSpec:
    try:
        return mj.MjSpec.from_file(path)
    except (ValueError, OSError) as error:
        raise SimulationError(f"MuJoCo cannot read the model of {spec_name!r}: {error}") from error


def _attach_robot(spec: mj.MjSpec, scene: SceneSpec, files: FileStore) -> None:
    robot = scene.robot
    child = _read(robot.name, str(files.folder(robot) / robot.model))
    for body in child.bodies:
        body.gravcomp = 1.0
    frame = spec.worldbody.add_frame(pos=scene.robot_pose[:3], quat=scene.robot_pose[3:])
    spec.attach(child, prefix="robot/", frame=frame)
    _exclude_neighbours(spec, "robot/")
    for name, kp, kv, force, span in zip(driven_joints(robot), *gains(robot), spans(robot), strict=True):
        _add_servo(spec, name, gains=(kp, kv, force), span=(span[0], span[1]))


def _add_servo(spec: mj.MjSpec, joint: str, *, gains: tuple[float, float, float], span: tuple[float, float]) -> None:
    kp, kv, force = gains
    actuator = spec.add_actuator(name=f"servo/{joint}", target=f"robot/{joint}", trntype=mj.mjtTrn.mjTRN_JOINT)
    actuator.gaintype, actuator.biastype = mj.mjtGain.mjGAIN_FIXED, mj.mjtBias.mjBIAS_AFFINE
    actuator.gainprm[0] = kp
    actuator.biasprm[:3] = [0.0, -kp, -kv]
    actuator.forcelimited, actuator.forcerange = True, [-force, force]
    actuator.ctrllimited, actuator.ctrlrange = True, list(span)


def _exclude_neighbours(spec: mj.MjSpec, prefix: str) -> None:
    """MuJoCo collides a link with its parent when the parent is static; a drawer would fight its cabinet."""
    for body in spec.bodies:
        parent = body.parent
        if body.name.startswith(prefix) and parent is not None and parent.name.startswith(prefix):
            spec.add_exclude(bodyname1=parent.name, bodyname2=body.name)


def _attach_asset(spec: mj.MjSpec, placement: Placement, files: FileStore) -> None:
    asset, prefix = placement.asset, f"{placement.name}/"
    child = _read(asset.name, str(files.folder(asset) / asset.model))
    base = child.body("base")
    if base is None:
        raise SimulationError(f"The model of asset {asset.name!r} has no body 'base'; assets must name their root so.")
    free = any(joint.type == mj.mjtJoint.mjJNT_FREE for joint in base.joints)
    if free == asset.fixed:
        raise SimulationError(f"Asset {asset.name!r} is fixed={asset.fixed} but its body 'base' has freejoint={free}.")
    base.mocap = asset.fixed
    spec.attach(child, prefix=prefix, frame=spec.worldbody.add_frame())
    _exclude_neighbours(spec, prefix)


def _add_cameras(spec: mj.MjSpec, scene: SceneSpec) -> None:
    for camera in scene_cameras(scene).values():
        mount = spec.worldbody if camera.mount is None else spec.body(f"robot/{camera.mount}")
        if mount is None:
            names = [body.name.removeprefix("robot/") for body in spec.bodies if body.name.startswith("robot/")]
            raise SimulationError(f"Camera {camera.name!r} rides on {camera.mount!r}; the robot's bodies are {names}.")
        gl = to_opengl(camera.pose)
        mount.add_camera(name=f"camera/{camera.name}", pos=gl[:3], quat=gl[3:], fovy=camera.fovy)


def _apply_cards(model: mj.MjModel, scene: SceneSpec) -> None:
    """The cards' mass and friction win over what the MJCF files say, and all contacts are equally stiff."""
    model.geom_solref[:] = TIME_CONSTANT, 1.0
    fingers = [f"robot/{link}" for g in scene.robot.arms for link in (g.gripper.left_link, g.gripper.right_link)]
    for finger in fingers:
        model.geom_solref[model.geom_bodyid == model.body(finger).id, 1] = GRIP_DAMPING
    for placement in scene.placements:
        bodies = [b for b in range(model.nbody) if model.body(b).name.startswith(f"{placement.name}/")]
        geoms = np.isin(model.geom_bodyid, bodies)
        model.geom_friction[geoms, 0] = placement.asset.friction
        now = model.body_mass[bodies].sum()
        if not placement.asset.fixed and placement.asset.mass > 0:
            model.body_mass[bodies] *= placement.asset.mass / now
            model.body_inertia[bodies] *= placement.asset.mass / now
    mj.mj_setConst(model, mj.MjData(model))


def _index(model: mj.MjModel, scene: SceneSpec) -> CompiledScene:
    layout = SceneLayout.of(scene)
    bodies = np.array([_body(model, _mujoco_name(scene.robot, layout, name)) for name in layout.bodies], dtype=np.intp)
    driven = [f"robot/{name}" for name in driven_joints(scene.robot)]
    linked = [f"robot/{name}" for name in linked_joints(scene.robot)]
    return CompiledScene(
        model=model,
        layout=layout,
        bodies=bodies,
        geom_column=_geom_columns(model, bodies),
        geom_part=_geom_parts(model, scene.robot),
        driven=_addresses(model, "qpos", driven),
        driven_dof=_addresses(model, "dof", driven),
        linked=_addresses(model, "qpos", linked),
        joints=_addresses(model, "qpos", layout.joints),
        joints_dof=_addresses(model, "dof", layout.joints),
        tool_body=_body(model, f"robot/{scene.robot.tool_link}"),
        free={p.name: _free_address(model, p.name) for p in scene.placements if not p.asset.fixed},
        mocap={p.name: int(model.body(f"{p.name}/base").mocapid[0]) for p in scene.placements if p.asset.fixed},
    )


def _mujoco_name(robot: RobotSpec, layout: SceneLayout, column: str) -> str:
    special = {
        ROBOT: f"robot/{robot.base_link}",
        LEFT_FINGER: f"robot/{robot.gripper.left_link}",
        RIGHT_FINGER: f"robot/{robot.gripper.right_link}",
        FLOOR: "world",
    }
    return special.get(column, column if "/" in column else f"{column}/base")


def _body(model: mj.MjModel, name: str) -> int:
    index = mj.mj_name2id(model, mj.mjtObj.mjOBJ_BODY, name)
    if index < 0:
        owner, _, link = name.partition("/")
        known = [model.body(b).name for b in range(model.nbody) if model.body(b).name.startswith(f"{owner}/")]
        raise SimulationError(f"The model of {owner!r} has no body {link!r}; it has {known}.")
    return index


def _addresses(model: mj.MjModel, kind: Literal["qpos", "dof"], names: Sequence[str]) -> Ints:
    table = model.jnt_qposadr if kind == "qpos" else model.jnt_dofadr
    return np.array([table[_joint(model, name)] for name in names], dtype=np.intp)


def _joint(model: mj.MjModel, name: str) -> int:
    index = mj.mj_name2id(model, mj.mjtObj.mjOBJ_JOINT, name)
    if index < 0:
        known = [model.joint(j).name for j in range(model.njnt)]
        raise SimulationError(f"The composed model has no joint {name!r}; it has {known}.")
    return index


def _free_address(model: mj.MjModel, placement: str) -> int:
    body = _body(model, f"{placement}/base")
    return int(model.jnt_qposadr[model.body_jntadr[body]])


def _geom_columns(model: mj.MjModel, bodies: Ints) -> Ints:
    """Each geom belongs to the nearest ancestor that has a column, so all arm links fold into the robot's base."""
    column_of = {int(body): column for column, body in enumerate(bodies)}
    columns = np.zeros(model.ngeom, dtype=np.intp)
    for geom, body in enumerate(model.geom_bodyid):
        while int(body) not in column_of:
            body = model.body_parentid[body]
        columns[geom] = column_of[int(body)]
    return columns


def _geom_parts(model: mj.MjModel, robot: RobotSpec) -> Ints:
    """The hand is what hangs from an arm's tool link or from one of its fingers, the arm the rest of the robot."""
    hands = {n for g in robot.arms for n in (g.tool_link, g.gripper.left_link, g.gripper.right_link)}
    roots = {_body(model, f"robot/{name}") for name in hands}
    base = _body(model, f"robot/{robot.base_link}")
    parts = np.full(model.ngeom, -1, dtype=np.intp)
    for geom, body in enumerate(model.geom_bodyid):
        above = _ancestors(model, int(body))
        if base in above:
            parts[geom] = HAND if above & roots else ARM
    return parts


def _ancestors(model: mj.MjModel, body: int) -> set[int]:
    """The body itself and all that carry it, but the world."""
    found = set[int]()
    while body:
        found.add(body)
        body = int(model.body_parentid[body])
    return found
