"""Reads WorldStates out of MjData: raw copies while stepping, all arithmetic once at the end."""

# pyright: reportAttributeAccessIssue=false
# MuJoCo is a compiled module without stubs: pyright sees none of its names.

from __future__ import annotations

from collections.abc import Sequence

import mujoco as mj
import numpy as np

from pipeline.core.layout import FLOOR
from pipeline.core.poses import compose
from pipeline.core.scene import SceneSpec
from pipeline.core.world import PARTS, WorldState
from pipeline.sim._gripper import measured, measured_rates
from pipeline.sim._mujoco_force import ForceLog
from pipeline.sim._mujoco_model import CompiledScene


class Recorder:
    """Knows which numbers of an MjData make up a WorldState."""

    def __init__(self, compiled: CompiledScene, scene: SceneSpec, worlds: Sequence[mj.MjData]) -> None:
        self.compiled, self.worlds = compiled, worlds
        self.robot, self.floor_height = scene.robot, scene.floor_height
        self.joint_names = compiled.layout.joints
        self.positions = np.concatenate([compiled.joints, compiled.driven])
        self.speeds = np.concatenate([compiled.joints_dof, compiled.driven_dof])
        self.bodies = np.append(compiled.bodies, compiled.tool_body)
        self.roots = compiled.model.body_rootid[compiled.bodies]
        # Forces belong to the control step that led here, which MjData does not keep.
        self.force = np.zeros((len(worlds), len(PARTS), len(compiled.bodies)), np.float32)

    def start(self, time: int) -> Trace:
        """An empty trace of ``time`` control steps of all worlds."""
        return Trace(self, time)

    def present(self) -> WorldState:
        """The state of all worlds now."""
        trace = self.start(1)
        for row in range(len(self.worlds)):
            trace.capture(0, row)
        trace.force[0] = self.force
        return trace.state()

    def initial_joints(self, scene: SceneSpec) -> list[float]:
        """Positions of the scene's joints in column order; those that a placement does not name start at 0."""
        by_name = {f"{p.name}/{joint}": value for p in scene.placements for joint, value in p.joints.items()}
        return [by_name.get(name, 0.0) for name in self.joint_names]


class Trace:
    """Raw numbers of (time, batch) states, turned into a WorldState of time * batch rows at the end."""

    def __init__(self, recorder: Recorder, time: int) -> None:
        self.recorder = recorder
        shape, bodies = (time, len(recorder.worlds)), len(recorder.bodies)
        self.position = np.empty((*shape, bodies, 3))
        self.quat = np.empty((*shape, bodies, 4))
        self.twist = np.empty((*shape, bodies - 1, 6))  # rotation first, at the centre of mass of the body's tree
        self.centre = np.empty((*shape, bodies - 1, 3))
        self.qpos = np.empty((*shape, len(recorder.positions)))
        self.qvel = np.empty((*shape, len(recorder.speeds)))
        self.contact = np.zeros((*shape, bodies - 1, bodies - 1), dtype=bool)
        self.force = np.zeros((*shape, len(PARTS), bodies - 1), np.float32)

    def capture(self, t: int, row: int) -> None:
        """Copy the present state of one world."""
        r, data = self.recorder, self.recorder.worlds[row]
        data.xpos.take(r.bodies, axis=0, out=self.position[t, row], mode="clip")
        data.xquat.take(r.bodies, axis=0, out=self.quat[t, row], mode="clip")
        data.cvel.take(r.compiled.bodies, axis=0, out=self.twist[t, row], mode="clip")
        data.subtree_com.take(r.roots, axis=0, out=self.centre[t, row], mode="clip")
        data.qpos.take(r.positions, out=self.qpos[t, row], mode="clip")
        data.qvel.take(r.speeds, out=self.qvel[t, row], mode="clip")
        if data.ncon:
            pairs = r.compiled.geom_column[data.contact.geom]
            self.contact[t, row, pairs[:, 0], pairs[:, 1]] = True

    def note_forces(self, row: int, log: ForceLog) -> None:
        """The largest forces of each control step of one world."""
        self.force[:, row] = log.peaks(len(self.force))
        self.recorder.force[row] = self.force[-1, row]

    def state(self) -> WorldState:
        """All captured states, time first."""
        r = self.recorder
        position, quat = _flat(self.position), _flat(self.quat)
        pose = np.concatenate([position, quat], axis=-1)
        tcp = compose(pose[:, -1], r.robot.tool)
        floor = r.compiled.layout.body(FLOOR)
        pose[:, floor, 2] = r.floor_height
        joints = len(r.compiled.joints)
        qpos, qvel = _flat(self.qpos), _flat(self.qvel)
        contact = _flat(self.contact)
        return WorldState(
            layout=r.compiled.layout,
            pose=pose[:, :-1].astype(np.float32),
            velocity=self._velocity(position[:, :-1]).astype(np.float32),
            joint=qpos[:, :joints].astype(np.float32),
            joint_velocity=qvel[:, :joints].astype(np.float32),
            qpos=measured(r.robot, qpos[:, joints:]).astype(np.float32),
            qvel=measured_rates(r.robot, qpos[:, joints:], qvel[:, joints:]).astype(np.float32),
            tcp=tcp.astype(np.float32),
            contact=contact | np.swapaxes(contact, -1, -2),
            force=_flat(self.force),
        )

    def _velocity(self, position: np.ndarray) -> np.ndarray:
        twist = _flat(self.twist)
        angular = twist[..., :3]
        linear = twist[..., 3:] + np.cross(angular, position - _flat(self.centre))
        return np.concatenate([linear, angular], axis=-1)


def _flat(values: np.ndarray) -> np.ndarray:
    return values.reshape(-1, *values.shape[2:])
