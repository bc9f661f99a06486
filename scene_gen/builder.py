"""TabletopBuilder: a sampled table top for a task, with cameras, lights and the robot at home."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from pipeline.core.asset import AssetSpec
from pipeline.core.camera import CameraSpec
from pipeline.core.doors import Catalog, Unplaceable
from pipeline.core.goal import Goal, atoms
from pipeline.core.robot import RobotSpec
from pipeline.core.scene import SceneSpec
from pipeline.core.task import TaskSpec
from pipeline.holds import parse
from scene_gen.arrangement import Arrangement
from scene_gen.fixtures import cabinet_pose, table_pose, travel_zone
from scene_gen.footprint import Rectangle
from scene_gen.link_frames import link_frames
from scene_gen.pushing import corridor, push_start
from scene_gen.relations import LANDINGS, TABLE, conjunction, realise
from scene_gen.rig import front_camera, room_lights
from scene_gen.workspace import sample_free

START_NOISE = 0.02  # rad on every arm joint at reset
LAYOUTS = 30  # fresh starts before a task counts as unplaceable
EDGE_ROOM = 0.03  # m that pushed things and regions keep from others beyond their footprints


class TabletopBuilder:
    """Builds and stages table-top scenes for one robot.

    ``cameras`` are the fixed ones (default: the view ``front``); the robot's own are added.
    """

    def __init__(self, catalog: Catalog, robot: RobotSpec, *, cameras: tuple[CameraSpec, ...] | None = None) -> None:
        self.catalog, self.robot = catalog, robot
        self.cameras = ((front_camera(),) if cameras is None else cameras) + robot.cameras

    def build(self, task: TaskSpec, stream: np.random.Generator) -> SceneSpec:
        """Sample one scene in the task's initial relations; raises :class:`Unplaceable` when nothing fits."""
        relations = [parse(text) for text in task.initial]
        last: Unplaceable | None = None
        for _ in range(LAYOUTS):
            try:
                arrangement = self._arrange(task, relations, stream)
            except Unplaceable as error:
                last = error
                continue
            return self._scene(task, arrangement, stream)
        raise Unplaceable(f"Task {task.name!r} found no layout in {LAYOUTS} attempts. {last}")

    def stage(self, task: TaskSpec, scene: SceneSpec, stream: np.random.Generator) -> SceneSpec:
        """The same scene with the task's goal laid out and the robot at home; raises :class:`Unplaceable`."""
        arrangement = self._blank(task)
        arrangement.open_from(scene)
        realise(arrangement, conjunction(parse(task.goal)), stream)
        home = (*self.robot.home, self.robot.gripper.max_width)
        staged = scene.with_placements(arrangement.poses, arrangement.joints)
        return staged.model_copy(update={"robot_start": home})

    def _arrange(self, task: TaskSpec, relations: list[Goal], stream: np.random.Generator) -> Arrangement:
        arrangement = self._blank(task)
        arrangement.put(TABLE, table_pose(arrangement.assets[TABLE]))
        taken = _place_fixtures(arrangement, stream)
        carried = {a.args[0] for goal in relations for a in atoms(goal) if a.predicate in LANDINGS}
        _place_regions(arrangement, taken, stream)
        pushed = _pushes(task)
        for name, asset in _large_first(arrangement, pushed):
            if name in carried:
                continue
            if name in pushed:
                zone = arrangement.footprint(pushed[name])
                others = [r for r in taken if r != zone]
                arrangement.put(name, push_start(name, asset, zone, others, stream))
                taken.append(corridor(arrangement.footprint(name), zone))
            else:
                arrangement.put(name, sample_free(name, asset, taken, stream))
            taken.append(arrangement.footprint(name))
        realise(arrangement, [literal for goal in relations for literal in conjunction(goal)], stream)
        return arrangement

    def _blank(self, task: TaskSpec) -> Arrangement:
        """The task's assets, nothing placed; the table comes first, whether or not the task names it."""
        named = {o.name: self.catalog.asset(o.asset) for o in task.objects}
        assets = {TABLE: named.get(TABLE) or self.catalog.asset(TABLE), **named}
        frames = {n: link_frames(a, self.catalog) for n, a in assets.items()}
        return Arrangement(assets, frames={f"{n}/{link}": at for n, f in frames.items() for link, at in f.items()})

    def _scene(self, task: TaskSpec, arrangement: Arrangement, stream: np.random.Generator) -> SceneSpec:
        noise = stream.uniform(-START_NOISE, START_NOISE, len(self.robot.home))
        arm = (float(q) for q in np.array(self.robot.home) + noise)
        return SceneSpec(
            task=task.name,
            robot=self.robot,
            robot_start=(*arm, self.robot.gripper.max_width),
            placements=arrangement.placements(),
            cameras=self.cameras,
            lights=room_lights(),
            seed=int(stream.integers(2**31)),
        )


def _place_fixtures(arrangement: Arrangement, stream: np.random.Generator) -> list[Rectangle]:
    """Bolt down everything fixed but the regions; returns what they keep free of other things."""
    taken: list[Rectangle] = []
    for name, asset in arrangement.assets.items():
        if name == TABLE or not asset.fixed or asset.can("region"):
            continue
        at = cabinet_pose(asset, stream)
        zone = travel_zone(asset, at)
        if taken:
            raise Unplaceable(f"There is room for one fixture at the back of the table; {name!r} is the second.")
        arrangement.put(name, at)
        taken.append(zone)
    return taken


def _place_regions(arrangement: Arrangement, taken: list[Rectangle], stream: np.random.Generator) -> None:
    for name, asset in arrangement.assets.items():
        if asset.can("region"):
            arrangement.put(name, sample_free(name, asset, taken, stream, clearance=EDGE_ROOM))
            taken.append(arrangement.footprint(name))


def _large_first(arrangement: Arrangement, pushed: dict[str, str]) -> Iterable[tuple[str, AssetSpec]]:
    """Free objects: the pushed ones, then by size, since large things need the room."""
    free = [(n, a) for n, a in arrangement.assets.items() if not a.fixed]
    return sorted(free, key=lambda item: (item[0] not in pushed, -max(item[1].links[""].bounds.half[:2]), item[0]))


def _pushes(task: TaskSpec) -> dict[str, str]:
    """For a push task: which object goes into which region."""
    if task.family != "push":
        return {}
    return {a.args[0]: a.args[1] for a in atoms(parse(task.goal)) if a.predicate == "within"}
