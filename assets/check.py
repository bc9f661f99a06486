"""Check assets: card, licence, mass and inertia, and by physics that they load, rest, contain and move."""

# The bindings of mujoco carry no type information.
# pyright: reportAttributeAccessIssue=false

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import mujoco
import numpy as np
import trimesh

from assets.annotation.shake import HOLDS, LIFTS
from assets.importers.compiled import asset_pieces, compile_asset
from pipeline.core.asset import AssetSpec
from pipeline.core.doors import Catalog, Simulator
from pipeline.core.errors import AssetError, SimulationError
from pipeline.core.geometry import Box, Frozen, Joint
from pipeline.core.poses import transform_points
from pipeline.core.robot import RobotSpec
from pipeline.core.scene import Placement, SceneSpec

DENSITY = (20.0, 20_000.0)  # kg/m3 of the convex hull: from foam to lead and gold
SECONDS, STILL = 2.0, 0.005  # s; m
JOINT_STILL = 0.01  # m or rad
PULL, TWIST, TRAVEL = 20.0, 2.0, 0.95  # N; N m; share of the range
BALL = 0.01  # m; radius
STEP = 0.005  # s
ABREAST, APART = 12, 0.15  # assets in one scene; m between them
ASIDE = (-3.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0)  # where the robot that every scene has is out of the way


class Finding(Frozen):
    """One check of one asset: whether it passed, and what was seen."""

    asset: str
    check: str
    ok: bool
    seen: str


def check_assets(
    names: Sequence[str], catalog: Catalog, simulators: Mapping[str, Simulator], *, robot: RobotSpec
) -> Iterator[Finding]:
    """What is wrong or right with the named assets, as it is found out; a broken card ends its own checks."""
    sound = list[AssetSpec]()
    for name in names:
        try:
            spec = catalog.asset(name)
            catalog.folder(spec)
        except AssetError as error:
            yield Finding(asset=name, check="card", ok=False, seen=str(error))
            continue
        yield Finding(asset=name, check="card", ok=True, seen=f"{len(spec.files)} files as the card says")
        yield _licence(spec)
        found = list(_alone(spec, catalog))
        yield from found
        if all(f.ok for f in found if f.check == "model"):
            sound.append(spec)
    for backend, simulator in simulators.items():
        for first in range(0, len(sound), ABREAST):
            yield from _resting(sound[first : first + ABREAST], backend, simulator, robot)


def _licence(spec: AssetSpec) -> Finding:
    licence = spec.licence
    ok = all(text.strip() and text != "unknown" for text in (licence.spdx, licence.author))
    return Finding(asset=spec.name, check="licence", ok=ok, seen=f"{licence.spdx} by {licence.author}")


def _alone(spec: AssetSpec, catalog: Catalog) -> Iterator[Finding]:
    """What needs only the model itself."""
    try:
        model = compile_asset(spec, catalog.folder(spec))
    except AssetError as error:
        yield Finding(asset=spec.name, check="model", ok=False, seen=str(error))
        return
    yield Finding(asset=spec.name, check="model", ok=True, seen=f"{model.nbody - 1} bodies, {model.ngeom} geoms")
    if not spec.fixed:
        yield _density(spec, model)
        if spec.links[""].grasps:
            yield _grasps(spec)
    yield from _inertia(spec, model)
    for link, geometry in spec.links.items():
        if geometry.cavity is not None and not spec.can("region"):
            yield _contains(spec, catalog, link, geometry.cavity)
    for joint in spec.joints:
        yield _travels(spec, model, joint)


def _density(spec: AssetSpec, model: mujoco.MjModel) -> Finding:
    volume = trimesh.convex.convex_hull(np.concatenate([_points(p) for p in asset_pieces(model, "")])).volume
    density = spec.mass / volume
    ok = DENSITY[0] <= density <= DENSITY[1]
    return Finding(asset=spec.name, check="mass", ok=ok, seen=f"{spec.mass:.3g} kg, {density:.0f} kg/m3 of the hull")


def _grasps(spec: AssetSpec) -> Finding:
    """Of grasps that were shaken at least one lifts the object; those that were not are no fault, only said."""
    scores = [g.shake for g in spec.links[""].grasps]
    known = [s for s in scores if s is not None]
    held = sum(s >= HOLDS for s in known)
    if not known:
        return Finding(asset=spec.name, check="grasps", ok=True, seen="not shaken: taskloom assets shake")
    seen = f"{held} of {len(scores)} held through the shake test, best score {max(known):.2f}"
    return Finding(asset=spec.name, check="grasps", ok=max(known) > LIFTS, seen=seen)


def _points(piece: Box | trimesh.Trimesh) -> np.ndarray:
    if not isinstance(piece, Box):
        return np.asarray(piece.vertices)
    return transform_points(piece.pose, (np.array(list(np.ndindex(2, 2, 2))) * 2.0 - 1) * piece.half)


def _inertia(spec: AssetSpec, model: mujoco.MjModel) -> Iterator[Finding]:
    """Principal moments are positive, and none is larger than the two others together."""
    for link in spec.links:
        if spec.fixed and not link:
            continue
        moments = np.sort(model.body_inertia[model.body(link or "base").id])
        ok = bool(moments[0] > 0 and moments[2] <= moments[:2].sum() * (1 + 1e-6))
        seen = " ".join(f"{m:.2g}" for m in moments) + " kg m2"
        yield Finding(asset=spec.name, check=f"inertia {link}".strip(), ok=ok, seen=seen)


def _contains(spec: AssetSpec, catalog: Catalog, link: str, cavity: Box) -> Finding:
    """A 2 cm ball released 1 cm above the cavity's floor is still inside after two seconds."""
    scene = mujoco.MjSpec.from_file(str(catalog.folder(spec) / spec.model))
    scene.option.timestep = STEP
    bottom = float(spec.links[""].bounds.pose[2] - spec.links[""].bounds.half[2])
    scene.worldbody.add_geom(type=mujoco.mjtGeom.mjGEOM_PLANE, size=[2, 2, 0.1], pos=[0, 0, bottom])
    data_of = mujoco.MjData(alone := scene.compile())
    mujoco.mj_forward(alone, data_of)
    carrier = data_of.body(link or "base")
    low = np.array(cavity.pose[:3]) - [0, 0, cavity.half[2] - BALL - 0.01]
    ball = scene.worldbody.add_body(name="ball", pos=list(carrier.xpos + carrier.xmat.reshape(3, 3) @ low))
    ball.add_freejoint()
    ball.add_geom(type=mujoco.mjtGeom.mjGEOM_SPHERE, size=[BALL, 0, 0], mass=0.01, friction=[1, 0.01, 0.001])
    model = scene.compile()
    data = mujoco.MjData(model)
    for _ in range(round(SECONDS / STEP)):
        mujoco.mj_step(model, data)
    carrier = data.body(link or "base")
    offset = carrier.xmat.reshape(3, 3).T @ (data.body("ball").xpos - carrier.xpos) - cavity.pose[:3]
    out = float((np.abs(offset) - cavity.half).max())
    label = f"contains {link}".strip()
    return Finding(asset=spec.name, check=label, ok=out <= 0.004, seen=f"ball ends {1000 * -out:.0f} mm inside")


def _travels(spec: AssetSpec, model: mujoco.MjModel, joint: Joint) -> Finding:
    """20 N along a slide or 2 N m about a hinge move it over its range, whatever its friction."""
    data = mujoco.MjData(model)
    address, dof = int(model.joint(joint.name).qposadr[0]), int(model.joint(joint.name).dofadr[0])
    force, toward = (PULL if joint.kind == "prismatic" else TWIST), (1.0 if joint.opens == "upper" else -1.0)
    start, best = (joint.lower, 0.0) if toward > 0 else (joint.upper, 0.0)
    data.qpos[address] = start
    for _ in range(round(3.0 / model.opt.timestep)):
        data.qfrc_applied[dof] = toward * force
        mujoco.mj_step(model, data)
        best = max(best, toward * (float(data.qpos[address]) - start))
    share = best / (joint.upper - joint.lower)
    unit = "N" if joint.kind == "prismatic" else "N m"
    seen = f"{min(share, 1.0):.0%} of its range under {force:g} {unit}"
    return Finding(asset=spec.name, check=f"travels {joint.name}", ok=share >= TRAVEL, seen=seen)


def _resting(specs: Sequence[AssetSpec], backend: str, simulator: Simulator, robot: RobotSpec) -> Iterator[Finding]:
    """Side by side on the floor for two seconds; those that keep the others from loading are found one by one."""
    scene = _side_by_side(specs, robot)
    try:
        still = simulator.load([scene])
        hold = np.tile(np.array(scene.robot_start, np.float32), (round(SECONDS * scene.physics.control_hz), 1, 1))
        trace = simulator.run(hold)
    except SimulationError as error:
        if len(specs) == 1:
            yield Finding(asset=specs[0].name, check=f"loads in {backend}", ok=False, seen=str(error))
            return
        for spec in specs:
            yield from _resting([spec], backend, simulator, robot)
        return
    for spec in specs:
        yield Finding(asset=spec.name, check=f"loads in {backend}", ok=True, seen=simulator.info.version)
        if not spec.fixed:
            moved = _moved(spec, still.body(spec.name)[0], trace.row(0).body(spec.name))
            seen = f"moves {1000 * moved:.1f} mm in {SECONDS:g} s"
            yield Finding(asset=spec.name, check=f"rests in {backend}", ok=moved <= STILL, seen=seen)
        for joint in spec.joints:
            name = f"{spec.name}/{joint.name}"
            drift = float(np.abs(trace.row(0).joint_position(name) - still.joint_position(name)[0]).max())
            label, unit = f"rests in {backend}: {joint.name}", "m" if joint.kind == "prismatic" else "rad"
            yield Finding(asset=spec.name, check=label, ok=drift <= JOINT_STILL, seen=f"drifts {drift:.4f} {unit}")


def _moved(spec: AssetSpec, start: np.ndarray, path: np.ndarray) -> float:
    """The farthest [m] that the middle of the bottom or of the top strays from where it was put."""
    bounds = spec.links[""].bounds
    x, y, z = bounds.pose[:3]
    ends = np.array([(x, y, z - bounds.half[2]), (x, y, z + bounds.half[2])])
    began = transform_points(start.astype(float), ends)
    return max(float(np.linalg.norm(transform_points(p.astype(float), ends) - began, axis=1).max()) for p in path)


def _side_by_side(specs: Sequence[AssetSpec], robot: RobotSpec) -> SceneSpec:
    """The assets in a row along x on the floor, the robot far behind."""
    placements, x = list[Placement](), 0.0
    for spec in specs:
        bounds = spec.links[""].bounds
        x += bounds.half[0] + APART
        at = (x - bounds.pose[0], -bounds.pose[1], bounds.half[2] - bounds.pose[2], 1.0, 0.0, 0.0, 0.0)
        placements.append(Placement(name=spec.name, asset=spec, pose=at))
        x += bounds.half[0]
    start = (*robot.home, robot.gripper.max_width, *robot.others_home)
    return SceneSpec(
        task="asset check",
        robot=robot,
        robot_pose=ASIDE,
        robot_start=start,
        placements=tuple(placements),
        floor_height=0.0,
    )
