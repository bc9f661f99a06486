"""The kinematic backend: no physics, exact and instant; the in-package fake for quick tests of the whole line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from pipeline.core.camera import CameraSpec
from pipeline.core.doors import Channel, FileStore, SimulatorInfo
from pipeline.core.errors import SimulationError
from pipeline.core.kinematics import forward_kinematics, link_poses
from pipeline.core.layout import SceneLayout
from pipeline.core.poses import Array, compose, inverse, quat_multiply, quat_to_rotvec, transform_points
from pipeline.core.scene import SceneSpec
from pipeline.core.world import F32, Actions, Frames, WorldState, WorldTrace, no_forces
from pipeline.sim._boxes import Boxes
from pipeline.sim._cameras import choose_cameras, world_points
from pipeline.sim._controller import check_actions, check_put, check_rows, check_scenes, clamp
from pipeline.sim._kinematic_scene import Item, items_of
from pipeline.sim._kinematic_world import FLOOR, KinematicWorld
from pipeline.sim._raycast import Solids, cast, colour_of


class kinematic:
    """Worlds without forces: the robot is where it was sent at each control step.

    Closing fingers stop at, centre and hold what lies between them; opening drops it, level, at once, to the highest
    surface below. A held link moves along its joint within the limits. Fingers that move sideways push free bodies
    and sliding links ahead of them. Only the first arm's hand does so; other arms merely go where they are sent. The
    arm itself touches nothing, and bodies do not push each other. Before the first step bodies are where the scene
    puts them, even in mid-air. Velocities are differences over a control step; forces are 0.
    """

    def __init__(self, files: FileStore, device: str = "cpu") -> None:
        if device != "cpu":
            raise SimulationError(f"The kinematic backend runs on 'cpu' only, not {device!r}.")
        self.info = SimulatorInfo(name="kinematic", version="1", device=device, exact=True)
        self._files = files
        self._scenes: tuple[SceneSpec, ...] = ()
        self._worlds: list[KinematicWorld] = []
        self._items: tuple[Item, ...] = ()
        self._state: WorldState | None = None
        self._solid_colours = np.zeros((0, 3))

    def load(self, scenes: Sequence[SceneSpec]) -> WorldState:
        """Put every world in its initial state."""
        check_scenes(scenes)
        self._scenes = tuple(scenes)
        layout, self._items = SceneLayout.of(scenes[0]), items_of(scenes[0], self._files)
        self._worlds = [KinematicWorld(scene, self._items, joints=len(layout.joints)) for scene in scenes]
        self._solid_colours = np.array([colour_of(name) for name in layout.bodies])
        self._solid_colours[:3] = [[0.9, 0.9, 0.88], [0.3, 0.3, 0.32], [0.3, 0.3, 0.32]]
        self._state = None
        return self.reset()

    def run(self, actions: Actions) -> WorldTrace:
        """Apply actions (time, batch, dof), each at once."""
        state, robot = self.state(), self._scenes[0].robot
        values = clamp(robot, check_actions(actions, batch=len(self._worlds), dof=robot.dof))
        tools = compose(self._scenes[0].robot_pose, forward_kinematics(robot, values))
        states = list[WorldState]()
        for targets, tool in zip(values, tools, strict=True):
            for row, world in enumerate(self._worlds):
                world.step(tool[row], float(targets[row, robot.width_column]))
            state = self._observe(targets, before=state)
            states.append(state)
        self._state = state
        return WorldTrace.of(states)

    def state(self) -> WorldState:
        """The present state."""
        if self._state is None:
            raise SimulationError("No scenes are loaded; call load(scenes) first.")
        return self._state

    def reset(self, rows: Sequence[int] | None = None) -> WorldState:
        """Put worlds back to the loaded initial state; returns the state of all rows."""
        if not self._worlds:
            raise SimulationError("No scenes are loaded; call load(scenes) first.")
        starts = np.array([clamp(scene.robot, scene.robot_start) for scene in self._scenes])
        chosen = check_rows(rows, batch=len(self._worlds))
        for row in chosen:
            scene = self._scenes[row]
            tool = compose(scene.robot_pose, forward_kinematics(scene.robot, starts[row]))
            self._worlds[row].reset(tool, float(starts[row, scene.robot.width_column]))
        fresh = self._observe(starts, before=None)
        self._state = fresh if self._state is None else _merge(self._state, fresh, chosen)
        return self._state

    def put(self, rows: Sequence[int], scenes: Sequence[SceneSpec]) -> WorldState:
        """Put worlds in the initial states of other scenes of the same build key; returns the state of all rows."""
        joints = len(self.state().layout.joints)
        chosen = check_put(rows, scenes, batch=len(self._worlds), key=self._scenes[0].build_key)
        given = dict(zip(chosen, scenes, strict=True))
        self._scenes = tuple(given.get(row, scene) for row, scene in enumerate(self._scenes))
        for row, scene in given.items():
            self._worlds[row] = KinematicWorld(scene, self._items, joints=joints)
        return self.reset(chosen)

    def render(
        self, cameras: Sequence[str], what: Sequence[Channel] = ("rgb",), rows: Sequence[int] | None = None
    ) -> Mapping[str, Frames]:
        """Images of boxes, and of the arm as the spheres that planners know it by."""
        state = self.state()
        chosen = choose_cameras(self._scenes[0], cameras)
        index = check_rows(rows, batch=len(self._worlds))
        links = link_poses(self._scenes[0].robot, state.qpos)
        arm = {name: compose(self._scenes[0].robot_pose, at) for name, at in links.items()}
        solids = {row: self._solids(row, {name: at[row] for name, at in arm.items()}) for row in index}
        return {camera.name: self._frames(camera, what, index, arm, solids) for camera in chosen}

    def close(self) -> None:
        """Forget the worlds."""
        self._worlds, self._scenes, self._state = [], (), None

    def _observe(self, targets: Array, *, before: WorldState | None) -> WorldState:
        worlds = self._worlds
        pose = np.array([world.pose for world in worlds])
        joint = np.array([world.joint for world in worlds]).reshape(len(worlds), -1)
        qpos = targets.copy()
        qpos[:, self._scenes[0].robot.width_column] = [world.width for world in worlds]
        rate = self._scenes[0].physics.control_hz
        layout = SceneLayout.of(self._scenes[0]) if before is None else before.layout
        return WorldState(
            layout=layout,
            pose=pose.astype(np.float32),
            velocity=_velocity(pose, pose if before is None else before.pose, rate=rate),
            joint=joint.astype(np.float32),
            joint_velocity=_rate(joint, None if before is None else before.joint, rate=rate),
            qpos=qpos.astype(np.float32),
            qvel=_rate(qpos, None if before is None else before.qpos, rate=rate),
            tcp=np.array([world.tool for world in worlds]).astype(np.float32),
            contact=np.array([world.contacts() for world in worlds]),
            force=no_forces(len(worlds), layout),
        )

    def _frames(
        self,
        camera: CameraSpec,
        what: Sequence[Channel],
        rows: list[int],
        arm: dict[str, Array],
        solids: dict[int, Solids],
    ) -> Frames:
        poses = self._camera_poses(camera, arm)[rows]
        shots = [cast(solids[row], camera, pose) for row, pose in zip(rows, poses, strict=True)]
        rgb, depth, segmentation = (np.array(part) for part in zip(*shots, strict=True))
        depth = depth.astype(np.float32)
        return Frames(
            rgb=np.round(rgb * 255).astype(np.uint8) if "rgb" in what else None,
            depth=depth if "depth" in what else None,
            segmentation=segmentation if "segmentation" in what else None,
            pose=poses.astype(np.float32),
            points=world_points(camera, depth, poses) if "points" in what else None,
        )

    def _camera_poses(self, camera: CameraSpec, arm: dict[str, Array]) -> Array:
        if camera.mount is None:
            return np.repeat(np.array(camera.pose)[None], len(self._worlds), axis=0)
        if camera.mount not in arm:
            raise SimulationError(f"Camera {camera.name!r} rides on {camera.mount!r}; allowed: {sorted(arm)}.")
        return compose(arm[camera.mount], camera.pose)

    def _solids(self, row: int, arm: dict[str, Array]) -> Solids:
        world = self._worlds[row]
        parts = [(_visible(item).seen_from(world.pose[item.column]), item.column) for item in world.items]
        fingers = world.fingers(world.width)
        spheres = [
            [*transform_points(arm[link], [ball[:3]])[0], ball[3]]
            for link, balls in self._scenes[row].robot.spheres.items()
            if link in arm
            for ball in balls
        ]
        return Solids(
            boxes=Boxes(
                np.concatenate([fingers.pose, *[boxes.pose for boxes, _ in parts]]),
                np.concatenate([fingers.half, *[boxes.half for boxes, _ in parts]]),
            ),
            box_column=np.concatenate([[1, 2], *[[column] * len(boxes.half) for boxes, column in parts]]).astype(
                np.intp
            ),
            spheres=np.array(spheres).reshape(-1, 4),
            sphere_column=np.zeros(len(spheres), dtype=np.intp),
            floor_height=self._scenes[row].floor_height,
            floor_column=FLOOR,
            colours=self._solid_colours,
        )


def _visible(item: Item) -> Boxes:
    return Boxes.of((item.shape.bounds,)) if item.region else item.solid


def _rate(now: Array, before: Array | F32 | None, *, rate: float) -> np.ndarray:
    return (np.zeros_like(now) if before is None else (now - before) * rate).astype(np.float32)


def _velocity(now: Array, before: Array | F32, *, rate: float) -> np.ndarray:
    turn = quat_multiply(now[..., 3:], inverse(before)[..., 3:])
    velocity = np.concatenate([now[..., :3] - before[..., :3], quat_to_rotvec(turn)], axis=-1) * rate
    return np.where(np.abs(velocity) < 1e-5, 0.0, velocity).astype(np.float32)


def _merge(kept: WorldState, fresh: WorldState, rows: list[int]) -> WorldState:
    """``kept`` with ``rows`` taken from ``fresh``."""
    batch = len(kept)
    index = np.arange(batch)
    index[rows] += batch
    return WorldState.stack([kept, fresh]).rows(index)
