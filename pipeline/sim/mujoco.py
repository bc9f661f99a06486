"""The MuJoCo backend: fast CPU physics, one MjData a world, and the second opinion on what Genesis says."""

# pyright: reportAttributeAccessIssue=false
# MuJoCo is a compiled module without stubs: pyright sees none of its names.

from __future__ import annotations

from collections.abc import Mapping, Sequence

import mujoco as mj
import numpy as np

from pipeline.core.doors import Channel, FileStore, SimulatorInfo
from pipeline.core.errors import DivergedError, SimulationError
from pipeline.core.scene import SceneSpec
from pipeline.core.world import Actions, Frames, WorldState, WorldTrace
from pipeline.sim._cameras import choose_cameras
from pipeline.sim._controller import check_actions, check_put, check_rows, check_scenes, clamp, substep_targets
from pipeline.sim._gripper import joint_targets, linked_positions
from pipeline.sim._mujoco_force import ForceLog
from pipeline.sim._mujoco_model import CompiledScene, compile_scene, solver_steps
from pipeline.sim._mujoco_render import OffscreenRenderer
from pipeline.sim._mujoco_state import Recorder

DIVERGED = (mj.mjtWarning.mjWARN_BADQPOS, mj.mjtWarning.mjWARN_BADQVEL, mj.mjtWarning.mjWARN_BADQACC)


class mujoco:
    """A batch of worlds, stepped one after the other, so that no row can depend on its neighbours.

    Every world starts from a cleared MjData (the solver's warm start is zero) and is stepped as
    ``mj_step2, mj_step1``: the same arithmetic as ``mj_step``, but poses, velocities and contacts are those after the
    step. Replay from a reset is therefore bit-exact, whatever the batch size and row. Targets change once a physics
    step, as the door says; the solver takes that step in parts of at most 5 ms, which firm grasps need.
    Forces are the largest of those at the ends of the physics steps of a control step.
    """

    def __init__(self, files: FileStore, device: str = "cpu") -> None:
        if device != "cpu":
            raise SimulationError(f"The mujoco backend runs on 'cpu' only, not {device!r}; use backend 'genesis'.")
        self.info = SimulatorInfo(name="mujoco", version=mj.__version__, device=device, exact=True)
        self._files = files
        self._key = ""
        self._scenes: tuple[SceneSpec, ...] = ()
        self._worlds: list[mj.MjData] = []
        self._compiled: CompiledScene | None = None
        self._recorder: Recorder | None = None
        self._renderer: OffscreenRenderer | None = None
        self._target = np.zeros((0, 0))

    def load(self, scenes: Sequence[SceneSpec]) -> WorldState:
        """Compile the model unless the build key repeats, and put every world in its initial state."""
        check_scenes(scenes)
        if self._compiled is None or scenes[0].build_key != self._key:
            self._free_renderer()
            self._compiled = compile_scene(scenes[0], self._files)
            self._key, self._worlds = scenes[0].build_key, []
        if len(self._worlds) != len(scenes):
            self._worlds = [mj.MjData(self._compiled.model) for _ in scenes]
        self._scenes = tuple(scenes)
        self._recorder = Recorder(self._compiled, scenes[0], self._worlds)
        self._target = np.zeros((len(scenes), scenes[0].robot.dof))
        return self.reset()

    def run(self, actions: Actions) -> WorldTrace:
        """Apply actions (time, batch, dof); raises :class:`DivergedError` when a world diverges."""
        compiled, recorder = self._loaded()
        robot, substeps = self._scenes[0].robot, self._scenes[0].physics.substeps
        values = clamp(robot, check_actions(actions, batch=len(self._worlds), dof=robot.dof))
        targets = substep_targets(self._target, values, substeps=substeps)
        ctrl = joint_targets(robot, targets)
        repeat, trace = solver_steps(self._scenes[0]), recorder.start(len(values))
        for row, data in enumerate(self._worlds):
            log = ForceLog(compiled)
            for t in range(len(values)):
                _step(compiled.model, data, ctrl[t, :, row], repeat=repeat, log=log)
                trace.capture(t, row)
            trace.note_forces(row, log)
        self._target = values[-1]
        self._raise_if_diverged()
        return WorldTrace(len(values), len(self._worlds), trace.state())

    def state(self) -> WorldState:
        """The present state."""
        _, recorder = self._loaded()
        return recorder.present()

    def reset(self, rows: Sequence[int] | None = None) -> WorldState:
        """Put worlds back to the loaded initial state; returns the state of all rows."""
        self._loaded()
        for row in check_rows(rows, batch=len(self._worlds)):
            self._put(row)
        return self.state()

    def put(self, rows: Sequence[int], scenes: Sequence[SceneSpec]) -> WorldState:
        """Put worlds in the initial states of other scenes of the same build key; returns the state of all rows."""
        self._loaded()
        chosen = check_put(rows, scenes, batch=len(self._worlds), key=self._key)
        given = dict(zip(chosen, scenes, strict=True))
        self._scenes = tuple(given.get(row, scene) for row, scene in enumerate(self._scenes))
        return self.reset(chosen)

    def render(
        self, cameras: Sequence[str], what: Sequence[Channel] = ("rgb",), rows: Sequence[int] | None = None
    ) -> Mapping[str, Frames]:
        """Images of the present state; raises :class:`RenderingError` where there is no OpenGL."""
        compiled, _ = self._loaded()
        chosen = choose_cameras(self._scenes[0], cameras)
        worlds = [self._worlds[row] for row in check_rows(rows, batch=len(self._worlds))]
        if self._renderer is None:
            self._renderer = OffscreenRenderer(compiled.model, compiled.geom_column)
        return self._renderer.render(worlds, chosen, what)

    def close(self) -> None:
        """Free the OpenGL context and the worlds."""
        self._free_renderer()
        self._compiled, self._recorder, self._worlds, self._key = None, None, [], ""

    def _loaded(self) -> tuple[CompiledScene, Recorder]:
        if self._compiled is None or self._recorder is None:
            raise SimulationError("No scenes are loaded; call load(scenes) first.")
        return self._compiled, self._recorder

    def _put(self, row: int) -> None:
        compiled, recorder = self._loaded()
        scene, data = self._scenes[row], self._worlds[row]
        mj.mj_resetData(compiled.model, data)
        start = clamp(scene.robot, scene.robot_start)
        data.qpos[compiled.driven] = joint_targets(scene.robot, start)
        data.qpos[compiled.linked] = linked_positions(scene.robot, start)
        for placement in scene.placements:
            if placement.asset.fixed:
                index = compiled.mocap[placement.name]
                data.mocap_pos[index], data.mocap_quat[index] = placement.pose[:3], placement.pose[3:]
            else:
                address = compiled.free[placement.name]
                data.qpos[address : address + 7] = placement.pose
        data.qpos[compiled.joints] = recorder.initial_joints(scene)
        data.ctrl[:] = joint_targets(scene.robot, start)
        mj.mj_step1(compiled.model, data)
        self._target[row], recorder.force[row] = start, 0.0

    def _raise_if_diverged(self) -> None:
        bad = [row for row, data in enumerate(self._worlds) if any(data.warning[w].number for w in DIVERGED)]
        if bad:
            raise DivergedError(
                f"MuJoCo diverged in rows {bad} of task {self._scenes[0].task!r}; "
                "reset them, and look for overlapping bodies in the scene or a jump in the actions."
            )

    def _free_renderer(self) -> None:
        if self._renderer is not None:
            self._renderer.close()
        self._renderer = None


def _step(model: mj.MjModel, data: mj.MjData, controls: np.ndarray, *, repeat: int, log: ForceLog) -> None:
    for control in controls:
        data.ctrl[:] = control
        for part in range(repeat):
            mj.mj_step2(model, data)
            if part == repeat - 1:
                log.note(data)
            mj.mj_step1(model, data)
