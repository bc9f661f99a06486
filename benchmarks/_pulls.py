"""Pull the joints of articulated assets and drop balls into their cavities, in MuJoCo and in Genesis."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from assets.catalog import LibraryCatalog
from pipeline.core.asset import AssetSpec
from pipeline.core.geometry import Box, Joint
from pipeline.core.poses import inverse, pose, transform_points
from pipeline.core.scene import Physics

Array = NDArray[np.float64]
FORCE, TORQUE = 20.0, 2.0  # N, N m
PULLED, WATCHED = 3.0, 2.0  # s
RADIUS, DROP = 0.01, 0.02  # m
SLACK = 0.003  # m that a ball's middle may be nearer to a cavity's side than its radius
STEP = 0.005  # s; the simulators' longest step
GRID, APART, HEIGHT = 6, 1.5, 0.0  # assets a row, m between them, m of the floor


@dataclass(frozen=True)
class Trial:
    """A joint: share of its range under load and drift [m or rad] without; or a cavity: whether its ball stayed."""

    asset: str
    what: str
    travel: float | None = None
    drift: float | None = None
    contained: bool | None = None


def load_of(joint: Joint) -> float:
    """Force [N] or torque [N m] that opens the joint."""
    return (FORCE if joint.kind == "prismatic" else TORQUE) * (1.0 if joint.opens == "upper" else -1.0)


def closed(joint: Joint) -> float:
    """Its position [m or rad] when shut."""
    return joint.lower if joint.opens == "upper" else joint.upper


def opened(joint: Joint) -> float:
    """Its position [m or rad] when open."""
    return joint.upper if joint.opens == "upper" else joint.lower


def share(joint: Joint, position: float) -> float:
    """How far [share of the range] a position is from the closed end."""
    return abs(position - closed(joint)) / (joint.upper - joint.lower)


def cavities(spec: AssetSpec) -> Iterator[tuple[str, Box]]:
    """Links that have a cavity, and it."""
    yield from ((link, g.cavity) for link, g in spec.links.items() if g.cavity is not None)


def mujoco_trials(specs: Sequence[AssetSpec], catalog: LibraryCatalog) -> list[Trial]:
    """Each asset alone, in MuJoCo."""
    return [t for spec in specs for t in (*_mujoco_joints(spec, catalog), *_mujoco_balls(spec, catalog))]


def _mujoco_model(spec: AssetSpec, catalog: LibraryCatalog) -> mujoco.MjSpec:
    scene = mujoco.MjSpec.from_file(str(catalog.folder(spec) / spec.model))
    scene.option.timestep, scene.option.noslip_iterations = STEP, Physics().noslip_iterations
    scene.worldbody.add_geom(type=mujoco.mjtGeom.mjGEOM_PLANE, size=[2, 2, 0.1])
    return scene


def _mujoco_joints(spec: AssetSpec, catalog: LibraryCatalog) -> Iterator[Trial]:
    model = _mujoco_model(spec, catalog).compile()
    for joint in spec.joints:
        pulled, left = mujoco.MjData(model), mujoco.MjData(model)
        dof = int(model.joint(joint.name).dofadr[0])
        pulled.qfrc_applied[dof] = load_of(joint)
        for _ in range(round(PULLED / STEP)):
            mujoco.mj_step(model, pulled)
        drift = 0.0
        for _ in range(round(WATCHED / STEP)):
            mujoco.mj_step(model, left)
            drift = max(drift, abs(float(left.joint(joint.name).qpos[0]) - closed(joint)))
        yield Trial(spec.name, joint.name, share(joint, float(pulled.joint(joint.name).qpos[0])), drift)


def _mujoco_balls(spec: AssetSpec, catalog: LibraryCatalog) -> Iterator[Trial]:
    for link, cavity in cavities(spec):
        for open_ in (False, True):
            scene = _mujoco_model(spec, catalog)
            ball = scene.worldbody.add_body(name="ball")
            ball.add_freejoint()
            ball.add_geom(type=mujoco.mjtGeom.mjGEOM_SPHERE, size=[RADIUS, 0, 0], mass=0.01, friction=[1, 0.01, 0.001])
            model = scene.compile()
            data = mujoco.MjData(model)
            for joint in spec.joints:
                data.joint(joint.name).qpos[0] = opened(joint) if open_ else closed(joint)
            mujoco.mj_forward(model, data)
            body = data.body(link or "base")
            data.qpos[-7:-4] = body.xpos + body.xmat.reshape(3, 3) @ _start(cavity)
            for _ in range(round(WATCHED / STEP)):
                mujoco.mj_step(model, data)
            local = body.xmat.reshape(3, 3).T @ (data.body("ball").xpos - body.xpos)
            yield Trial(spec.name, _ball_name(link, open_=open_), contained=_inside(local, cavity))


def _ball_name(link: str, *, open_: bool) -> str:
    return f"ball in {link or 'base'} {'open' if open_ else 'closed'}"


def _start(cavity: Box) -> Array:
    """The ball's middle (3,) in the link's frame: its underside 2 cm above the cavity's floor."""
    return np.add(cavity.pose[:3], (0.0, 0.0, DROP + RADIUS - cavity.half[2]))


def _inside(local: Array, cavity: Box) -> bool:
    offset = np.abs(local - np.array(cavity.pose[:3]))
    return bool(np.all(offset <= np.array(cavity.half) - RADIUS + SLACK))


def genesis_trials(specs: Sequence[AssetSpec], catalog: LibraryCatalog, *, abreast: int = 12) -> list[Trial]:
    """Some assets side by side in one Genesis scene of two worlds: pulled in the first, left alone in the second."""
    groups = [specs[i : i + abreast] for i in range(0, len(specs), abreast)]
    return [t for group in groups for t in _genesis_group(group, catalog)]


def _genesis_group(specs: Sequence[AssetSpec], catalog: LibraryCatalog) -> Iterator[Trial]:
    from pipeline.sim.genesis import genesis

    genesis(catalog)  # starts the engine
    import genesis as gs

    scene = gs.Scene(
        sim_options=gs.options.SimOptions(dt=0.01, substeps=1),
        rigid_options=gs.options.RigidOptions(noslip_iterations=5, batch_links_info=True, enable_self_collision=False),
        show_viewer=False,
    )
    scene.add_entity(gs.morphs.Plane(pos=(0.0, 0.0, HEIGHT)))
    places = [pose((APART * (k % GRID), APART * (k // GRID), HEIGHT)) for k in range(len(specs))]
    bodies = [
        scene.add_entity(
            gs.morphs.MJCF(
                file=str(catalog.folder(spec) / spec.model), pos=tuple(at[:3]), align=False, decimate=False,
                batch_fixed_verts=True,
            )
        )
        for spec, at in zip(specs, places, strict=True)
    ]  # fmt: skip
    wanted = [(k, link, cavity) for k, spec in enumerate(specs) for link, cavity in cavities(spec)]
    balls = [scene.add_entity(gs.morphs.Sphere(radius=RADIUS, pos=(k * 0.1, -2.0, 1.0))) for k in range(len(wanted))]
    scene.build(n_envs=2)
    yield from _genesis_joints(scene, specs, bodies)
    yield from _genesis_balls(scene, specs, bodies, wanted, balls)
    scene.destroy()


def _genesis_joints(scene: Any, specs: Sequence[AssetSpec], bodies: Sequence[Any]) -> Iterator[Trial]:
    joints = [(spec, body, j) for spec, body in zip(specs, bodies, strict=True) for j in spec.joints]
    dofs = [body.get_joint(j.name).dofs_idx_local for _, body, j in joints]
    for spec, body in zip(specs, bodies, strict=True):
        loads = [load_of(j) for j in spec.joints]
        every = [body.get_joint(j.name).dofs_idx_local[0] for j in spec.joints]
        body.control_dofs_force(np.array([loads, [0.0] * len(loads)], np.float32), every)
    drift = np.zeros(len(joints))
    for step in range(round(PULLED / 0.01)):
        scene.step()
        if step < WATCHED / 0.01 and step % 5 == 0:
            now = [_position(body, dof)[1] for (_, body, _), dof in zip(joints, dofs, strict=True)]
            drift = np.maximum(drift, np.abs(np.array(now) - [closed(j) for *_, j in joints]))
    for (spec, body, joint), dof, moved in zip(joints, dofs, drift, strict=True):
        yield Trial(spec.name, joint.name, share(joint, float(_position(body, dof)[0])), float(moved))


def _position(body: Any, dof: Sequence[int]) -> Array:
    """(2,) of one joint in both worlds."""
    return body.get_dofs_position(dof).cpu().numpy()[:, 0]


def _genesis_balls(
    scene: Any, specs: Sequence[AssetSpec], bodies: Sequence[Any], wanted: Sequence[Any], balls: Sequence[Any]
) -> Iterator[Trial]:
    """Closed in the first world, open in the second."""
    scene.reset()
    for spec, body in zip(specs, bodies, strict=True):
        every = [body.get_joint(j.name).dofs_idx_local[0] for j in spec.joints]
        places = [[closed(j) for j in spec.joints], [opened(j) for j in spec.joints]]
        body.set_dofs_position(np.array(places, np.float32), every)
        body.control_dofs_force(np.zeros((2, len(every)), np.float32), every)
    links = [bodies[k].get_link(link) if link else bodies[k].base_link for k, link, _ in wanted]
    for (_, _, cavity), link, ball in zip(wanted, links, balls, strict=True):
        ball.set_pos(transform_points(_poses(link), np.tile(_start(cavity), (2, 1, 1)))[:, 0].astype(np.float32))
    for _ in range(round(WATCHED / 0.01)):
        scene.step()
    for (k, name, cavity), link, ball in zip(wanted, links, balls, strict=True):
        at = ball.get_pos().cpu().numpy().astype(float)
        local = transform_points(inverse(_poses(link)), at[:, None])[:, 0]
        for row, open_ in enumerate((False, True)):
            yield Trial(specs[k].name, _ball_name(name, open_=open_), contained=_inside(local[row], cavity))


def _poses(link: Any) -> Array:
    """``T_world_link`` (2, 7)."""
    return np.concatenate([link.get_pos().cpu().numpy(), link.get_quat().cpu().numpy()], axis=1).astype(float)
