"""The rule-based critic: sense, difficulty and clarity from goal, horizon, objects and wording, without a model.

Sense and clarity start at 1 and lose a fixed amount for every flaw; difficulty joins the shares that stages, grip,
room and time contribute, as 1 minus the product of what each leaves easy. The amounts are ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import prod

import numpy as np

from pipeline.core.asset import AssetSpec
from pipeline.core.doors import Catalog
from pipeline.core.goal import Atom, atoms, literals
from pipeline.core.robot import RobotSpec
from pipeline.core.task import Critique, TaskSpec
from pipeline.holds import parse
from task_gen.compose import TABLE
from task_gen.wording_rules import unclear

Flaw = tuple[float, str]  # what it costs, and why in a sentence
REALMS: dict[str, str] = {  # where categories of things are at home
    "kitchen": "appliance board bottle bowl cup cutlery dish dishwasher food fridge glass jar microwave mug oven plate "
    "pot rack scale shaker",
    "desk": "book calendar camera clock electronics frame glasses keys laptop office paper pen phone remote ruler "
    "scissors tablet watch",
    "wardrobe": "clothes cloth shoes",
    "workshop": "tool",
    "play": "toy sports",
}
TABLEWARE = frozenset(("bowl", "cup", "dish", "glass", "mug", "plate", "pot"))
PLACES = ("on", "inside")
CHANGES = ("is_open", "is_closed", "turned_on", "turned_off")
EASY_SECONDS, HASTY_SECONDS = 20.0, 8.0  # a stage
LONGEST = 6  # stages


@dataclass
class RuleCritic:
    """Judges by rules; equal tasks get equal critiques."""

    catalog: Catalog
    robot: RobotSpec
    failed_calls: list[str] = field(default_factory=list[str])  # never any: nobody is called

    def criticise(self, tasks: Sequence[TaskSpec]) -> tuple[Critique, ...]:
        """One critique a task; the tasks must have passed the static gate."""
        return tuple(self._one(task) for task in tasks)

    def _one(self, task: TaskSpec) -> Critique:
        assets = {o.name: self.catalog.asset(o.asset) for o in (*task.objects, TABLE)}
        sense, clarity = list(_senseless(task, assets)), list(unclear(task, assets))
        shares = list(_hard(task, assets, self.robot))
        hard = [(share, why) for share, why in shares if share >= 0.25]
        return Critique(
            sense=_left(sense),
            difficulty=round(1.0 - prod(1.0 - share for share, _ in shares), 3),
            clarity=_left(clarity),
            reasons=tuple(dict.fromkeys(why for _, why in (*sense, *clarity, *hard)))[:20],
            author="procedural",
        )


def _left(flaws: Sequence[Flaw]) -> float:
    return round(max(0.0, 1.0 - sum(cost for cost, _ in flaws)), 3)


def _senseless(task: TaskSpec, assets: dict[str, AssetSpec]) -> Iterator[Flaw]:
    """What a person would shake their head at."""
    goal, initial = parse(task.goal), [parse(text) for text in task.initial]
    named = {arg.partition("/")[0] for formula in (goal, *initial) for atom in atoms(formula) for arg in atom.args}
    for item in task.objects:
        if item.name not in named and item.role != "distractor" and item.asset != TABLE.asset:
            yield 0.2, f"The {assets[item.name].noun} plays no part."
    held = {literal for formula in initial for literal in literals(formula)}
    for atom, positive in literals(goal):
        if (atom, positive) in held and not _kept_on_purpose(atom):
            yield 0.2, f"{atom} holds from the start."
        if positive and atom.predicate in PLACES:
            yield from _strange_place(*(assets[a.partition("/")[0]] for a in atom.args))


def _kept_on_purpose(atom: Atom) -> bool:
    """An open drawer is to stay open, a thing upright: constraints, not achievements."""
    return atom.predicate not in PLACES


def _strange_place(thing: AssetSpec, place: AssetSpec) -> Iterator[Flaw]:
    here, there = _realm(thing), _realm(place)
    if here is None or there is None or here == there:
        return
    yield 0.3, f"The {thing.noun} ({here}) and the {place.noun} ({there}) do not belong together."
    if place.category in TABLEWARE:
        yield 0.2, f"Nobody keeps the {thing.noun} in or on tableware."


def _realm(asset: AssetSpec) -> str | None:
    """Where a thing is at home; None for what goes anywhere, such as boxes and furniture."""
    return next((realm for realm, categories in REALMS.items() if asset.category in categories.split()), None)


def _hard(task: TaskSpec, assets: dict[str, AssetSpec], robot: RobotSpec) -> Iterator[Flaw]:
    """Shares in [0, 1] of difficulty."""
    wanted = [atom for atom, positive in literals(parse(task.goal)) if positive]
    moved = dict.fromkeys(a.args[0] for a in wanted if not assets[a.args[0].partition("/")[0]].fixed)
    worked = dict.fromkeys(
        [*(a.args[0] for a in wanted if a.predicate in CHANGES), *_shut_places(task, wanted, assets)]
    )
    stages = max(1, len(moved) + len(worked))
    yield 0.8 * _ramp(stages, 1, LONGEST), f"{stages} things have to be done."
    for name in moved:
        yield 0.3 * _grip(assets[name], robot), f"The {assets[name].noun} leaves the gripper little or no room."
    for atom in wanted:
        if atom.predicate in PLACES and not assets[atom.args[0].partition("/")[0]].fixed:
            yield 0.4 * _tightness(atom, assets), f"There is little room for {atom}."
    for name in worked:
        yield 0.25, f"The {name.replace('/', ' ').replace('_', ' ')} has a joint to be moved."
    seconds = task.horizon / stages
    yield 0.4 * _ramp(-seconds, -EASY_SECONDS, -HASTY_SECONDS), f"{seconds:.0f} s a stage is not much."


def _shut_places(task: TaskSpec, wanted: Sequence[Atom], assets: dict[str, AssetSpec]) -> Iterator[str]:
    """Drawers that something must go into and that nobody says are open."""
    opened = {atom.args[0] for text in task.initial for atom in atoms(parse(text)) if atom.predicate == "is_open"}
    for atom in wanted:
        name, _, link = atom.args[-1].partition("/")
        if atom.predicate == "inside" and atom.args[-1] not in opened:
            yield from (atom.args[-1] for joint in assets[name].joints if joint.link == link)


def _grip(asset: AssetSpec, robot: RobotSpec) -> float:
    """0 below half of the gripper's opening, 1 at all of it or without a grasp."""
    narrowest = min((g.width for g in asset.links[""].grasps), default=robot.gripper.max_width)
    return _ramp(narrowest / robot.gripper.max_width, 0.5, 1.0)


def _tightness(atom: Atom, assets: dict[str, AssetSpec]) -> float:
    """0 where the thing takes less than half of the place's length and width, 1 where it takes all."""
    name, _, link = atom.args[1].partition("/")
    geometry = assets[name].links[link]
    room = geometry.cavity if atom.predicate == "inside" else geometry.support
    if room is None:
        return 0.0
    size = np.sort(assets[atom.args[0].partition("/")[0]].links[""].bounds.half[:2])
    return _ramp(float((size / np.sort(room.half[:2])).max()), 0.5, 1.0)


def _ramp(value: float, low: float, high: float) -> float:
    return min(1.0, max(0.0, (value - low) / (high - low)))
