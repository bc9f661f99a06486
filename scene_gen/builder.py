"""TabletopBuilder: a sampled scene for a task, on a table, counter, shelf or two tables, with the robot at home."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from pipeline.core.asset import AssetSpec
from pipeline.core.camera import CameraSpec
from pipeline.core.doors import Catalog, Unplaceable
from pipeline.core.goal import Goal, atoms
from pipeline.core.registry import Registry
from pipeline.core.robot import RobotSpec
from pipeline.core.scene import SceneSpec
from pipeline.core.task import TaskSpec
from pipeline.holds import parse
from scene_gen.arrangement import TABLE, Arrangement
from scene_gen.fixtures import cabinet_pose, travel_zone
from scene_gen.footprint import Rectangle
from scene_gen.held import held_up, without_hand
from scene_gen.link_frames import link_frames
from scene_gen.pushing import ASKEW, corridor, push_start
from scene_gen.realise import LANDINGS, conjunction, realise
from scene_gen.rig import front_camera, room_lights
from scene_gen.supports._furniture import Room, Support
from scene_gen.variation import Structure, Variation
from scene_gen.workspace import Surface, Workspace, kept_by, sample_free

SUPPORTS: Registry[Support] = Registry("scene_gen.supports", "support")
START_NOISE = 0.02  # rad on every arm joint at reset
LAYOUTS = 30  # fresh starts before a task counts as unplaceable
STAGINGS = 12  # tries before a goal counts as one that cannot be laid out in a scene
EDGE_ROOM = 0.03  # m that pushed things and regions keep from others beyond their footprints
ELSEWHERE = 0.25  # share of free things that stand on another surface than the table, where there is one


class TabletopBuilder:
    """Builds and stages scenes for one robot.

    ``cameras`` are the fixed ones (default: the view ``front``); the robot's own are added. ``support`` names what the
    robot works on, a file of :mod:`scene_gen.supports`. ``variation`` is the domain randomisation of this batch of
    scenes, distractors included; without one nothing differs but poses.
    """

    def __init__(
        self,
        catalog: Catalog,
        robot: RobotSpec,
        *,
        cameras: tuple[CameraSpec, ...] | None = None,
        support: str = TABLE,
        variation: Variation | None = None,
    ) -> None:
        self.catalog, self.robot, self.variation = catalog, robot, variation
        self.workspace = Workspace.of(robot)
        front = front_camera(size=self.workspace.size)
        self.cameras = ((front,) if cameras is None else cameras) + robot.cameras
        self._support = SUPPORTS.get(support)
        self._structures: dict[TaskSpec, Structure] = {}

    def build(self, task: TaskSpec, stream: np.random.Generator) -> SceneSpec:
        """Sample one scene in the task's initial relations; raises :class:`Unplaceable` when nothing fits."""
        relations = [parse(text) for text in task.initial]
        refused: Counter[str] = Counter()
        for _ in range(LAYOUTS):
            try:
                arrangement = self._arrange(task, relations, stream)
            except Unplaceable as error:
                refused[str(error)] += 1
                continue
            return self._scene(task, arrangement, stream)
        why = " ".join(f"{count} times: {reason}" for reason, count in refused.most_common(3))
        raise Unplaceable(f"Task {task.name!r} found no layout in {LAYOUTS} attempts. {why}")

    def stage(self, task: TaskSpec, scene: SceneSpec, stream: np.random.Generator) -> SceneSpec:
        """The same scene with the task's goal laid out; raises :class:`Unplaceable`.

        The robot is at home, or holds what the goal wants held.
        """
        arrangement = self._staged(task, scene, stream)
        home = held_up(arrangement, conjunction(parse(task.goal)), self.robot)
        home = home or (*self.robot.home, self.robot.gripper.max_width, *self.robot.others_home)
        staged = scene.with_placements(arrangement.poses, arrangement.joints)
        return staged.model_copy(update={"robot_start": home})

    def _staged(self, task: TaskSpec, scene: SceneSpec, stream: np.random.Generator) -> Arrangement:
        """The first of a few tries that works out: what is laid out first may leave no room for what comes later."""
        for _ in range(STAGINGS - 1):
            try:
                return self._laid_out(task, scene, stream)
            except Unplaceable:
                continue
        return self._laid_out(task, scene, stream)

    def _laid_out(self, task: TaskSpec, scene: SceneSpec, stream: np.random.Generator) -> Arrangement:
        arrangement = self._arrangement({p.name: p.asset for p in scene.placements})
        arrangement.open_from(scene)
        realise(arrangement, without_hand(conjunction(parse(task.goal))), stream)
        return arrangement

    def structure(self, task: TaskSpec) -> Structure:
        """What all scenes of a task share: its things, furniture and distractors, varied or as the library has them."""
        if task not in self._structures:
            self._structures[task] = self._structure(task)
        return self._structures[task]

    def _structure(self, task: TaskSpec) -> Structure:
        named = {o.name: self.catalog.asset(o.asset) for o in task.objects}
        pieces = {f.name: f.asset for f in self._support(self._room(named, np.random.default_rng(0)))}
        # "The table" of a task is whatever the robot works on.
        library = pieces | {n: a for n, a in named.items() if n != TABLE}
        if self.variation is None:
            return Structure(library, library)
        distractors = self.variation.distractors(task)
        library |= distractors
        draws = self.variation.draws(task, library, self.cameras, room_lights())
        return Structure(library, self.variation.changed(library, draws), tuple(distractors), draws)

    def _room(self, assets: dict[str, AssetSpec], stream: np.random.Generator) -> Room:
        fixtures = [n for n, a in assets.items() if n != TABLE and a.fixed and not a.can("region")]
        return Room(self.catalog, self.workspace.size, bool(fixtures), stream)

    def _arrange(self, task: TaskSpec, relations: list[Goal], stream: np.random.Generator) -> Arrangement:
        structure = self.structure(task)
        arrangement = self._arrangement(structure.assets)
        taken = self._furnish(arrangement, task, stream)
        taken += [*kept_by(self.robot), *_place_fixtures(arrangement, stream)]
        carried = {a.args[0] for goal in relations for a in atoms(goal) if a.predicate in LANDINGS}
        _place_regions(arrangement, taken, stream)
        pushed = _pushes(task)
        for name, asset in _large_first(arrangement, pushed, last=structure.distractors):
            if name in carried:
                continue
            if name in pushed:
                zone = _kept_clear(pushed[name], arrangement)
                others = [r for r in taken if r != zone]
                askew = ASKEW if _aligns(task, name, pushed[name]) else np.inf
                at = push_start(name, asset, zone, others, stream, workspace=arrangement.workspace, askew=askew)
                arrangement.put(name, at)
                taken.append(corridor(arrangement.footprint(name), zone))
            else:
                arrangement.put(name, _somewhere(name, arrangement, taken, stream))
            taken.append(arrangement.footprint(name))
        realise(arrangement, [literal for goal in relations for literal in conjunction(goal)], stream)
        return arrangement

    def _furnish(self, arrangement: Arrangement, task: TaskSpec, stream: np.random.Generator) -> list[Rectangle]:
        """Put the support's pieces in their places; returns what they keep free on the table."""
        named = {o.name: self.catalog.asset(o.asset) for o in task.objects}
        pieces = self._support(self._room(named, stream))
        for piece in pieces:
            arrangement.put(piece.name, piece.pose)
        return [piece.zone for piece in pieces if piece.zone is not None]

    def _arrangement(self, assets: dict[str, AssetSpec]) -> Arrangement:
        return Arrangement(assets, frames=self._frames(assets), workspace=self.workspace)

    def _frames(self, assets: dict[str, AssetSpec]) -> dict[str, np.ndarray]:
        frames = {n: link_frames(a, self.catalog) for n, a in assets.items()}
        return {f"{n}/{link}": at for n, f in frames.items() for link, at in f.items()}

    def _scene(self, task: TaskSpec, arrangement: Arrangement, stream: np.random.Generator) -> SceneSpec:
        structure = self.structure(task)
        noise = stream.uniform(-START_NOISE, START_NOISE, len(self.robot.home))
        arm = (float(q) for q in np.array(self.robot.home) + noise)
        plain = SceneSpec(
            task=task.name,
            robot=self.robot,
            robot_start=(*arm, self.robot.gripper.max_width, *self.robot.others_home),
            placements=arrangement.placements(),
            cameras=self.cameras,
            lights=room_lights(),
            seed=int(stream.integers(2**31)),
        )
        if structure.draws is None or self.variation is None:
            return plain
        library = tuple(p.model_copy(update={"asset": structure.library[p.name]}) for p in plain.placements)
        plain = plain.model_copy(update={"placements": library})
        return self.variation.dress(plain, structure.draws, stream, ways=task.paraphrases)


def _place_fixtures(arrangement: Arrangement, stream: np.random.Generator) -> list[Rectangle]:
    """Bolt down everything fixed but furniture and regions; returns what they keep free of other things."""
    taken: list[Rectangle] = []
    for name, asset in arrangement.assets.items():
        if name in arrangement.poses or not asset.fixed or asset.can("region"):
            continue
        at = cabinet_pose(asset, stream, frames=arrangement.links(name), size=arrangement.workspace.size)
        zone = travel_zone(asset, at, arrangement.links(name))
        if taken:
            raise Unplaceable(f"There is room for one fixture at the back of the table; {name!r} is the second.")
        arrangement.put(name, at)
        taken.append(zone)
    return taken


def _place_regions(arrangement: Arrangement, taken: list[Rectangle], stream: np.random.Generator) -> None:
    for name, asset in arrangement.assets.items():
        if asset.can("region"):
            arrangement.put(name, _on_table(name, arrangement, taken, stream, clearance=EDGE_ROOM))
            taken.append(_kept_clear(name, arrangement))


def _kept_clear(region: str, arrangement: Arrangement) -> Rectangle:
    """A painted region and all above it: nothing starts where things are to end, though paint is in nobody's way."""
    return replace(arrangement.footprint(region), high=np.inf)


def _somewhere(name: str, arrangement: Arrangement, taken: list[Rectangle], stream: np.random.Generator) -> np.ndarray:
    """A free place on the table or, for some things, on another surface."""
    others = arrangement.surfaces()[1:]
    if others and stream.random() < ELSEWHERE:
        surface = others[int(stream.integers(len(others)))]
        try:
            above = [r for n, r in _standing_on(arrangement, surface).items() if n != surface.body]
            return _on(name, arrangement, above, stream, surface=surface)
        except Unplaceable:
            pass  # the table is the larger place
    return _on_table(name, arrangement, taken, stream)


def _standing_on(arrangement: Arrangement, surface: Surface) -> dict[str, Rectangle]:
    placed = {n: arrangement.footprint(n) for n in arrangement.assets if n in arrangement.poses}
    return {n: r for n, r in placed.items() if r.high > surface.height}


def _on(
    name: str,
    arrangement: Arrangement,
    taken: list[Rectangle],
    stream: np.random.Generator,
    *,
    surface: Surface,
    **clearance: float,
) -> np.ndarray:
    asset, workspace = arrangement.assets[name], arrangement.workspace
    return sample_free(name, asset, taken, stream, surface=surface, workspace=workspace, **clearance)


def _on_table(
    name: str, arrangement: Arrangement, taken: list[Rectangle], stream: np.random.Generator, **clearance: float
) -> np.ndarray:
    return _on(name, arrangement, taken, stream, surface=arrangement.surfaces()[0], **clearance)


def _large_first(
    arrangement: Arrangement, pushed: dict[str, str], *, last: Iterable[str]
) -> Iterable[tuple[str, AssetSpec]]:
    """Free objects: the pushed ones, then by size, since large things need the room; distractors take what is left."""
    free, late = [(n, a) for n, a in arrangement.assets.items() if not a.fixed], set(last)
    return sorted(free, key=lambda i: (i[0] in late, i[0] not in pushed, -max(i[1].links[""].bounds.half[:2]), i[0]))


def _pushes(task: TaskSpec) -> dict[str, str]:
    """For a push task: which object goes into which region."""
    if task.family != "push":
        return {}
    return {a.args[0]: a.args[1] for a in atoms(parse(task.goal)) if a.predicate == "within"}


def _aligns(task: TaskSpec, body: str, region: str) -> bool:
    """Whether what is pushed also has to come to lie along its region."""
    return any(a.predicate == "aligned" and set(a.args) == {body, region} for a in atoms(parse(task.goal)))
