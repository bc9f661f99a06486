"""Genesis backend: rigid-body physics and software or GPU rasterisation of a batch of worlds (genesis-world 1.4)."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.core import poses
from pipeline.core.camera import CameraSpec
from pipeline.core.doors import Channel, FileStore, Simulator, SimulatorInfo
from pipeline.core.errors import DivergedError, RenderingError, SimulationError, UnknownNameError
from pipeline.core.layout import FLOOR, LEFT_FINGER, RIGHT_FINGER, ROBOT, SceneLayout
from pipeline.core.robot import RobotSpec
from pipeline.core.scene import Light, Placement, SceneSpec
from pipeline.core.world import ARM, F32, HAND, PARTS, Actions, Bools, Frames, WorldState, WorldTrace, no_forces
from pipeline.sim._cameras import scene_cameras, world_points
from pipeline.sim._controller import check_actions, check_put, check_rows, check_scenes, clamp, substep_targets
from pipeline.sim._gripper import (
    driven_joints,
    gains,
    joint_targets,
    linked_joints,
    linked_positions,
    measured,
    measured_rates,
)

# Engines grow by about 0.15 GB a scene, so only the latest builds stay warm.
MAX_BUILT = 3
# With a single world the engine compiles other kernels, whose results differ in the last bit from those of every larger
# batch; a silent twin keeps the replay of one world bit-equal to the batch it was recorded in.
MIN_WORLDS = 2
CV_TO_GL = np.diag([1.0, -1.0, -1.0, 1.0])


def genesis(files: FileStore, device: str = "cpu") -> Simulator:
    """A Genesis simulator on ``device`` (``cpu`` or ``gpu``); raises SimulationError when the engine cannot start."""
    return Genesis(files, device)


class Genesis:
    """One engine, a few warm builds, one of them loaded. Forces are those of a control step's last physics step."""

    def __init__(self, files: FileStore, device: str = "cpu") -> None:
        gs = _engine(device)
        self.info = SimulatorInfo("genesis", gs.__version__, device, exact=device == "cpu")
        self._files = files
        self._built: OrderedDict[tuple[str, int], _Built] = OrderedDict()
        self._loaded: _Built | None = None
        self._batch = 0

    def load(self, scenes: Sequence[SceneSpec]) -> WorldState:
        """Build the worlds, or re-use a build with the same key and batch size, and put them in their initial state."""
        check_scenes(scenes)
        padded = [*scenes, *[scenes[-1]] * (MIN_WORLDS - len(scenes))]
        key = (scenes[0].build_key, len(padded))
        if key not in self._built:
            while len(self._built) >= MAX_BUILT:
                self._built.popitem(last=False)[1].destroy()
            self._built[key] = _Built(padded, self._files)
        self._built.move_to_end(key)
        self._loaded, self._batch = self._built[key], len(scenes)
        return self._loaded.load(padded).rows(slice(self._batch))

    def run(self, actions: Actions) -> WorldTrace:
        """Apply actions (time, batch, dof); see the door for the interpolation rule."""
        actions = check_actions(actions, batch=self._batch, dof=self._world.spec.robot.dof)
        twins = np.repeat(actions[:, -1:], self._world.batch - self._batch, axis=1)
        trace = self._world.run(np.concatenate([actions, twins], axis=1))
        if trace.batch == self._batch:
            return trace
        return WorldTrace.of([trace.at(t).rows(slice(self._batch)) for t in range(trace.time)])

    def state(self) -> WorldState:
        """The present state."""
        return self._world.state().rows(slice(self._batch))

    def reset(self, rows: Sequence[int] | None = None) -> WorldState:
        """Put worlds back to the loaded initial state."""
        twin = rows is not None and self._batch - 1 in rows
        every = None if rows is None else [*rows, *range(self._batch, self._world.batch)] if twin else rows
        return self._world.reset(every).rows(slice(self._batch))

    def put(self, rows: Sequence[int], scenes: Sequence[SceneSpec]) -> WorldState:
        """Put worlds in the initial states of other scenes of the same build key; returns the state of all rows."""
        chosen = check_put(rows, scenes, batch=self._batch, key=self._world.spec.build_key)
        given = dict(zip(chosen, scenes, strict=True))
        if self._batch - 1 in given:
            given |= dict.fromkeys(range(self._batch, self._world.batch), given[self._batch - 1])
        return self._world.put(given).rows(slice(self._batch))

    def render(
        self, cameras: Sequence[str], what: Sequence[Channel] = ("rgb",), rows: Sequence[int] | None = None
    ) -> Mapping[str, Frames]:
        """Images of the present state for the given rows (default all)."""
        return self._world.render(cameras, what, range(self._batch) if rows is None else rows)

    def close(self) -> None:
        """Free every build."""
        for built in self._built.values():
            built.destroy()
        self._built.clear()
        self._loaded = None

    @property
    def _world(self) -> _Built:
        if self._loaded is None:
            raise SimulationError("No scene is loaded; call load(scenes) first.")
        return self._loaded


def _engine(device: str) -> Any:
    if device not in ("cpu", "gpu"):
        raise UnknownNameError("device", device, ("cpu", "gpu"))
    # Idle OpenMP threads that spin starve the other worker on small machines.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # Mesa's software rasteriser walks the whole texture footprint of a pixel under anisotropic filtering: one grazing
    # face made frames 15 (once 400) times slower. The engine asks for it wherever the driver offers it.
    os.environ.setdefault("MESA_EXTENSION_OVERRIDE", "-GL_EXT_texture_filter_anisotropic")
    try:
        import genesis as gs
        import torch
    except ImportError as error:
        raise SimulationError(
            f"Genesis is not installed ({error}). Install it: pip install 'taskloom[sim]'."
        ) from error
    if not getattr(gs, "_initialized", False):
        # Seed 0 always: another seed recompiles every kernel, and nothing here draws from the engine's streams.
        backend = getattr(gs, device)
        gs.init(backend=backend, seed=0, logging_level="error", precision="32")
        torch.set_num_threads(1)
    return gs


@dataclass(frozen=True)
class _Columns:
    """Where bodies, joints and the robot's parts live in the engine's flat arrays."""

    links: NDArray[np.int64]  # (bodies,) engine link of each body column
    body_of_link: NDArray[np.int64]  # (engine links,) body column, -1 = none
    part_of_link: NDArray[np.int64]  # (engine links,) ARM or HAND for the robot's links, -1 = others
    joint_dofs: NDArray[np.int64]  # (joints,)
    driven_dofs: NDArray[np.int64]  # the robot's joints with a servo
    linked_dofs: NDArray[np.int64]  # the robot's joints that constraints tie to driven ones
    tool_link: int


class _Built:
    """One built engine scene for a fixed build key and batch size."""

    def __init__(self, scenes: Sequence[SceneSpec], files: FileStore) -> None:
        self.spec, self.batch = scenes[0], len(scenes)
        self.layout = SceneLayout.of(self.spec)
        self._scene, self._robot, self._bodies, self._cameras = _build(self.spec, self.batch, files)
        self._solver = self._scene.rigid_solver
        self._columns = self._find_columns()
        self._set_gains()
        self._initial: list[SceneSpec] = []
        self._target = np.zeros((self.batch, self.spec.robot.dof))
        self._contact0: Bools = np.zeros((self.batch, len(self.layout.bodies), len(self.layout.bodies)), bool)
        self._force = no_forces(self.batch, self.layout)
        self._fresh = np.ones(self.batch, bool)

    def destroy(self) -> None:
        self._scene.destroy()

    def load(self, scenes: Sequence[SceneSpec]) -> WorldState:
        self._initial = list(scenes)
        self._contact0 = self._contacts_at_rest(np.arange(self.batch))
        return self.reset()

    def put(self, scenes: Mapping[int, SceneSpec]) -> WorldState:
        rows = np.array(sorted(scenes), dtype=np.int64)
        for row in rows:
            self._initial[row] = scenes[int(row)]
        # Detection looks at all worlds; those that go on lose what is cached of their contacts, not their state.
        self._contact0[rows] = self._contacts_at_rest(rows)[rows]
        return self.reset(rows.tolist())

    def _contacts_at_rest(self, rows: NDArray[np.int64]) -> Bools:
        """Contacts of all worlds, with ``rows`` placed anew.

        They are asked of the engine once; placing again then clears every cache that detection filled, so that the
        first step of a replay sees exactly what the first step of the demonstration saw.
        """
        self._place(rows)
        self._solver.collider.clear()
        self._solver.collider.detection()
        return self._detected_contacts()

    def reset(self, rows: Sequence[int] | None = None) -> WorldState:
        if not self._initial:
            raise SimulationError("No scene is loaded; call load(scenes) first.")
        index = np.array(check_rows(rows, batch=self.batch), dtype=np.int64)
        self._place(index)
        self._fresh[index], self._force[index] = True, 0.0
        return self.state()

    def run(self, actions: Actions) -> WorldTrace:
        import torch

        targets = torch.as_tensor(self._joint_targets(actions), device=self._device)
        dofs = torch.as_tensor(self._columns.driven_dofs, device=self._device)
        states: list[WorldState] = []
        for step in targets:
            for target in step:
                self._solver.control_dofs_position(target, dofs)
                self._scene.step(update_visualizer=False, refresh_visualizer=False)
            # Asking after every physics step would cost a third of the time of stepping eight worlds.
            self._force = self._pressing()
            self._fresh[:] = False
            states.append(self.state())
        return WorldTrace.of(states)

    def state(self) -> WorldState:
        solver, columns = self._solver, self._columns
        position, quat = _numpy(solver.get_links_pos(relative=True)), _numpy(solver.get_links_quat(relative=True))
        linear, angular = _numpy(solver.get_links_vel(relative=True)), _numpy(solver.get_links_ang())
        if not np.isfinite(position).all():
            raise DivergedError(f"Genesis diverged in task {self.spec.task!r}: a body's position is not finite.")
        link_pose = np.concatenate([position, quat], axis=-1)
        pose = link_pose[:, columns.links].copy()
        velocity = np.concatenate([linear, angular], axis=-1)[:, columns.links]
        floor = self.layout.body(FLOOR)
        pose[:, floor] = (0, 0, self.spec.floor_height, 1, 0, 0, 0)
        velocity[:, floor] = 0
        self._fill_fixed(pose, velocity)
        q, v = _numpy(solver.get_dofs_position()), _numpy(solver.get_dofs_velocity())
        tcp = poses.compose(link_pose[:, columns.tool_link], self.spec.robot.tool)
        contact = self._contact0 if self._fresh.all() else self._detected_contacts()
        if self._fresh.any() and not self._fresh.all():
            contact = np.where(self._fresh[:, None, None], self._contact0, contact)
        return WorldState(
            layout=self.layout,
            pose=pose.astype(np.float32),
            velocity=velocity.astype(np.float32),
            joint=q[:, columns.joint_dofs].astype(np.float32),
            joint_velocity=v[:, columns.joint_dofs].astype(np.float32),
            qpos=self._robot_columns(q),
            qvel=self._robot_rates(q, v),
            tcp=tcp.astype(np.float32),
            contact=contact,
            force=self._force,
        )

    def render(self, cameras: Sequence[str], what: Sequence[Channel], rows: Sequence[int]) -> Mapping[str, Frames]:
        return {name: self._render_one(name, what, list(rows)) for name in cameras}

    def _render_one(self, name: str, what: Sequence[Channel], rows: list[int]) -> Frames:
        if name not in self._cameras:
            raise UnknownNameError("camera", name, self._cameras)
        spec, camera = self._cameras[name]
        pose = self._camera_pose(spec)
        camera.set_pose(transform=poses.to_matrix(pose) @ CV_TO_GL)
        need_depth = "depth" in what or "points" in what
        try:
            rgb, depth, segmentation, _ = camera.render(
                rgb="rgb" in what, depth=need_depth, segmentation="segmentation" in what, force_render=True
            )
        except Exception as error:
            raise RenderingError(f"Genesis could not render camera {name!r}: {error}. {GL_ADVICE}") from error
        metres = None if depth is None else _clean_depth(_numpy(depth)[rows], spec)
        return Frames(
            rgb=None if rgb is None else np.ascontiguousarray(_numpy(rgb)[rows][..., :3].astype(np.uint8)),
            depth=metres if "depth" in what else None,
            segmentation=None if segmentation is None else self._segment(_numpy(segmentation)[rows]),
            pose=pose[rows].astype(np.float32),
            points=world_points(spec, metres, pose[rows]) if metres is not None and "points" in what else None,
        )

    def _camera_pose(self, spec: CameraSpec) -> NDArray[np.float64]:
        if spec.mount is None:
            return np.repeat(np.asarray(spec.pose, float)[None], self.batch, axis=0)
        link = self._robot.get_link(spec.mount).idx
        position, quat = (
            _numpy(self._solver.get_links_pos(relative=True)),
            _numpy(self._solver.get_links_quat(relative=True)),
        )
        return poses.compose(np.concatenate([position[:, link], quat[:, link]], -1), spec.pose)

    def _segment(self, engine: NDArray[np.integer]) -> NDArray[np.int16]:
        table = np.full(int(max(engine.max(initial=0), 0)) + 1, -1, np.int16)
        for index, key in self._scene.segmentation_idx_dict.items():
            link = key[-1] if isinstance(key, tuple) else key
            if (
                0 <= index < len(table)
                and isinstance(link, int | np.integer)
                and 0 <= link < len(self._columns.body_of_link)
            ):
                table[index] = self._columns.body_of_link[link]
        return table[np.maximum(engine, 0)]

    def _place(self, rows: NDArray[np.int64]) -> None:
        scenes = [self._initial[i] for i in rows]
        self._scene.reset(envs_idx=None if len(rows) == self.batch else rows)
        for name, entity in self._bodies.items():
            pose = np.array([s.placement(name).pose for s in scenes], np.float32)
            entity.set_pos(pose[:, :3], envs_idx=rows, relative=True)
            entity.set_quat(pose[:, 3:], envs_idx=rows, relative=True)
            self._place_joints(name, entity, scenes, rows)
        base = np.array([s.robot_pose for s in scenes], np.float32)
        self._robot.set_pos(base[:, :3], envs_idx=rows, relative=True)
        self._robot.set_quat(base[:, 3:], envs_idx=rows, relative=True)
        start = np.array([s.robot_start for s in scenes], np.float32)
        q = np.zeros((len(rows), self._robot.n_dofs), np.float32)
        q[:, self._columns.driven_dofs - self._robot.dof_start] = joint_targets(self.spec.robot, start)
        q[:, self._columns.linked_dofs - self._robot.dof_start] = linked_positions(self.spec.robot, start)
        self._robot.set_dofs_position(q, envs_idx=rows)
        self._target[rows] = start

    def _place_joints(self, name: str, entity: Any, scenes: list[SceneSpec], rows: NDArray[np.int64]) -> None:
        joints = self.spec.placement(name).asset.joints
        if not joints:
            return
        values = np.array([[s.placement(name).joints.get(j.name, 0.0) for j in joints] for s in scenes], np.float32)
        dofs = [entity.get_joint(j.name).dofs_idx_local[0] for j in joints]
        entity.set_dofs_position(values, dofs, envs_idx=rows)

    def _joint_targets(self, actions: Actions) -> F32:
        """(time, substeps, batch, driven joints) position targets, within the robot's limits."""
        held = clamp(self.spec.robot, actions)
        path = substep_targets(self._target, held, substeps=self.spec.physics.substeps)
        self._target = held[-1]
        return joint_targets(self.spec.robot, path).astype(np.float32)

    def _robot_columns(self, dofs: NDArray[Any]) -> F32:
        return measured(self.spec.robot, dofs[:, self._columns.driven_dofs]).astype(np.float32)

    def _robot_rates(self, dofs: NDArray[Any], rates: NDArray[Any]) -> F32:
        driven = self._columns.driven_dofs
        return measured_rates(self.spec.robot, dofs[:, driven], rates[:, driven]).astype(np.float32)

    def _fill_fixed(self, pose: NDArray[Any], velocity: NDArray[Any]) -> None:
        # The engine merges links welded to the world, so a fixed base's own frame is the placement's, as loaded.
        for placement in self.spec.placements:
            if placement.asset.fixed:
                column = self.layout.body(placement.name)
                pose[:, column] = [s.placement(placement.name).pose for s in self._initial]
                velocity[:, column] = 0

    def _pressing(self) -> F32:
        """Net forces between the robot's parts and each body in the last physics step, (batch, parts, bodies) N."""
        world, a, b, data, live = self._contacts()
        force, bodies = _numpy(data["force"])[live].astype(float), len(self.layout.bodies)
        total = np.zeros((3, self.batch * len(PARTS) * bodies))
        for mine, theirs, sign in ((a, b, 1.0), (b, a, -1.0)):
            part, column = self._columns.part_of_link[mine], self._columns.body_of_link[theirs]
            robot = (part >= 0) & (column >= 0)
            index = (world[robot] * len(PARTS) + part[robot]) * bodies + column[robot]
            for axis in range(3):
                total[axis] += np.bincount(index, weights=sign * force[robot, axis], minlength=total.shape[1])
        return np.linalg.norm(total, axis=0).reshape(self.batch, len(PARTS), bodies).astype(np.float32)

    def _contacts(self) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], dict[str, Any], Bools]:
        """World and both engine links of every contact (contacts,), the engine's table, and which entries it uses."""
        data = self._solver.collider.get_contacts(as_tensor=True, to_torch=True, is_padded=True)
        a, b = _numpy(data["link_a"]), _numpy(data["link_b"])
        live = np.arange(a.shape[1])[None] < _numpy(data["n_contacts"]).reshape(-1, 1)
        return np.nonzero(live)[0], a[live], b[live], data, live

    def _detected_contacts(self) -> Bools:
        bodies = len(self.layout.bodies)
        world, a, b, _, _ = self._contacts()
        columns = self._columns.body_of_link
        first, second = columns[a], columns[b]
        known = (first >= 0) & (second >= 0)
        contact = np.zeros((self.batch, bodies, bodies), bool)
        contact[world[known], first[known], second[known]] = True
        contact[world[known], second[known], first[known]] = True
        return contact

    def _find_columns(self) -> _Columns:
        robot, spec = self._robot, self.spec.robot
        links = np.zeros(len(self.layout.bodies), np.int64)
        body_of_link = np.full(self._solver.n_links, -1, np.int64)
        body_of_link[self._floor_link] = self.layout.body(FLOOR)
        part_of_link = np.full(self._solver.n_links, -1, np.int64)
        hands = _hands(spec)
        for link in robot.links:
            body_of_link[link.idx] = self.layout.body(ROBOT)
            part_of_link[link.idx] = HAND if self._above(link) & hands else ARM
        links[self.layout.body(ROBOT)] = robot.base_link.idx
        for body, name in ((LEFT_FINGER, spec.gripper.left_link), (RIGHT_FINGER, spec.gripper.right_link)):
            links[self.layout.body(body)] = robot.get_link(name).idx
            body_of_link[robot.get_link(name).idx] = self.layout.body(body)
        for placement in self.spec.placements:
            entity = self._bodies[placement.name]
            for link in placement.asset.links:
                body = self.layout.body(f"{placement.name}/{link}" if link else placement.name)
                engine = entity.get_link(link) if link else entity.base_link
                links[body] = engine.idx
                body_of_link[engine.idx] = body
        joint_dofs = [self._dof(name) for name in self.layout.joints]
        return _Columns(
            links=links,
            body_of_link=body_of_link,
            part_of_link=part_of_link,
            joint_dofs=np.array(joint_dofs, np.int64),
            driven_dofs=np.array([robot.get_joint(j).dofs_idx[0] for j in driven_joints(spec)], np.int64),
            linked_dofs=np.array([robot.get_joint(j).dofs_idx[0] for j in linked_joints(spec)], np.int64),
            tool_link=robot.get_link(spec.tool_link).idx,
        )

    def _above(self, link: Any) -> set[str]:
        """Names of a link of the robot and of all that carry it."""
        by_index, names = {other.idx: other for other in self._robot.links}, set[str]()
        while link is not None:
            names.add(link.name)
            link = by_index.get(link.parent_idx)
        return names

    @cached_property
    def _floor_link(self) -> int:
        return next(e for e in self._scene.entities if e not in (self._robot, *self._bodies.values())).base_link.idx

    @cached_property
    def _device(self) -> Any:
        import genesis as gs

        return gs.device

    def _dof(self, joint: str) -> int:
        base, _, name = joint.partition("/")
        return self._bodies[base].get_joint(name).dofs_idx[0]

    def _set_gains(self) -> None:
        robot, driven = self._robot, (self._columns.driven_dofs - self._robot.dof_start).tolist()
        kp, kv, force = (values.astype(np.float32) for values in gains(self.spec.robot))
        robot.set_dofs_kp(kp, driven)
        robot.set_dofs_kv(kv, driven)
        robot.set_dofs_force_range(-force, force, driven)


def _hands(robot: RobotSpec) -> set[str]:
    """Links that a hand hangs from."""
    return {n for g in robot.arms for n in (g.tool_link, g.gripper.left_link, g.gripper.right_link)}


GL_ADVICE = (
    "Off-screen OpenGL is missing or broken: run `taskloom doctor`; on Debian/Ubuntu install libegl1 libgl1 "
    "libgl1-mesa-dri libosmesa6, or set PYOPENGL_PLATFORM=osmesa."
)


def _build(
    spec: SceneSpec, batch: int, files: FileStore
) -> tuple[Any, Any, dict[str, Any], dict[str, tuple[CameraSpec, Any]]]:
    import genesis as gs

    scene = gs.Scene(
        sim_options=gs.options.SimOptions(dt=spec.physics.dt, substeps=1, gravity=spec.physics.gravity),
        rigid_options=gs.options.RigidOptions(
            noslip_iterations=spec.physics.noslip_iterations, batch_links_info=True, enable_self_collision=False
        ),
        vis_options=gs.options.VisOptions(
            split_envs=True,
            # Off-screen and one world at a time, the engine draws none anyway.
            shadow=False,
            ambient_light=(spec.ambient,) * 3,
            background_color=(0.62, 0.68, 0.74),
            lights=[_light(light) for light in spec.lights],
        ),
        show_viewer=False,
    )
    scene.add_entity(gs.morphs.Plane(pos=(0.0, 0.0, spec.floor_height)))
    bodies = {p.name: _add_body(scene, p, files) for p in spec.placements}
    robot = _add(scene, files.folder(spec.robot) / spec.robot.model, spec.robot_pose, compensation=1.0)
    # A scene without cameras of its own is meant for physics only; then no graphics context is made either.
    seen = scene_cameras(spec) if spec.cameras else {}
    cameras = {name: (camera, _add_camera(scene, camera)) for name, camera in seen.items()}
    try:
        scene.build(n_envs=batch)
    except Exception as error:
        advice = f" {GL_ADVICE}" if cameras and "GL" in f"{error}" else ""
        raise SimulationError(f"Genesis could not build task {spec.task!r}: {error}.{advice}") from error
    return scene, robot, bodies, cameras


def _add_body(scene: Any, placement: Placement, files: FileStore) -> Any:
    model = files.folder(placement.asset) / placement.asset.model
    return _add(scene, model, placement.pose, fixed=placement.asset.fixed)


def _add(scene: Any, model: Path, pose: Sequence[float], *, fixed: bool = True, compensation: float = 0.0) -> Any:
    import genesis as gs

    morph = gs.morphs.MJCF(
        file=str(model), pos=tuple(pose[:3]), quat=tuple(pose[3:]), align=False, decimate=False, batch_fixed_verts=fixed
    )
    return scene.add_entity(morph, material=gs.materials.Rigid(gravity_compensation=compensation))


def _add_camera(scene: Any, spec: CameraSpec) -> Any:
    return scene.add_camera(
        res=(spec.width, spec.height), fov=spec.fovy, near=spec.near, far=spec.far, GUI=False, pos=(1, 0, 1)
    )


def _light(light: Light) -> dict[str, Any]:
    base = {"type": light.kind, "color": light.color, "intensity": light.intensity}
    return {**base, "dir": light.direction} if light.kind == "directional" else {**base, "pos": light.position}


def _numpy(tensor: Any) -> NDArray[Any]:
    return tensor.detach().cpu().numpy() if hasattr(tensor, "detach") else np.asarray(tensor)


def _clean_depth(depth: NDArray[Any], spec: CameraSpec) -> F32:
    hit = (depth > spec.near) & (depth < spec.far * 0.999)
    return np.where(hit, depth, 0.0).astype(np.float32)
