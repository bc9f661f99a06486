"""One world's worker: looks, plans a path for each sub-goal, follows it, asks whether it worked, tries otherwise."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from demo_solvers.path3d.carried import Carried, seen_in
from demo_solvers.path3d.clouds import Array, Cloud
from demo_solvers.path3d.hand import Hand, Steps, Stopped, Surroundings, step_back
from demo_solvers.path3d.model_paths import ModelPaths
from demo_solvers.path3d.perception import Sighting, Thing, Unseen
from demo_solvers.path3d.plan import Action, Path3D, SubGoal, Unplannable, sub_goals
from pipeline.core.episode import Diagnosis
from pipeline.core.goal import atoms
from pipeline.core.registry import Registry
from pipeline.core.seeing import SeeingProblem
from pipeline.holds import parse

RETRIES = 3  # times a sub-goal is tried again
FINAL_HOLD = 0.7  # s; a goal has to hold for 0.5 s at the end
THING, OTHERS = "thing", "surroundings"
ABOUT_HELD = 0.015  # m about what is held, in which points are its own
UNHIDDEN = 0.8  # share of the paint seen before: with less in view something lies on it
GRIPPABLE = 0.006  # m of the stroke that has to be left


class Eyes(Protocol):
    """What a worker sees when it asks."""

    def things(self, joints: Array) -> Sighting:
        """The queried things, with the robot at measured joints (dof,); raises :class:`Unseen`."""
        ...

    def cloud(self, joints: Array) -> Cloud:
        """All points but the robot's; raises :class:`Unseen`."""
        ...


class Act(Protocol):
    """One kind of action: plan a path from what is seen, follow it, look whether it worked."""

    def __call__(self, worker: Worker, goal: SubGoal, sighting: Sighting) -> Steps:
        """Carry a sub-goal out; raises :class:`Stopped` or :class:`Unseen` where that fails."""
        ...


ACTS: Registry[Act] = Registry("demo_solvers.path3d.acts", "act")


@dataclass
class Report:
    """How a worker ended: what it believes, and why it gave up."""

    done: bool = False
    diagnosis: Diagnosis = field(default_factory=Diagnosis)
    paths: list[Path3D] = field(default_factory=list)
    answers: list[tuple[str, bool]] = field(default_factory=list)
    retries: int = 0


class Worker:
    """Carries the sub-goals of one world out; the steps it wants made are yielded."""

    retries = RETRIES

    def __init__(self, problem: SeeingProblem, hand: Hand, eyes: Eyes, *, paths: ModelPaths | None = None) -> None:
        self.problem, self.hand, self.eyes, self.paths = problem, hand, eyes, paths
        self.report = Report()
        self.carried: Carried | None = None
        self.tried: dict[str, list[Array]] = {}
        """What was tried for each action, as tool poses (7,): never the same again."""
        self.memory: dict[str, Thing] = {}
        """Where things and the support were last seen, for what the hand or another thing hides now."""
        self.memory_height = float(self.hand.base[2])

    def run(self) -> Generator[tuple[str, Array], Array, Report]:
        """All sub-goals in order; a sub-goal that fails is tried otherwise, at most RETRIES times."""
        try:
            sighting = self.look()
            plan = sub_goals(self.problem.goal, graspable=self._graspable(sighting))
            if isinstance(plan, Unplannable):
                raise Stopped("no_plan", f"an action for {plan.literal}", plan.reason)
            yield from self._carry_out(plan, sighting)
            self.hand.at("hold")
            yield from self.hand.wait(FINAL_HOLD)
            self.report.done = True
        except Unseen as error:
            self.report.diagnosis = self._placed(error.diagnosis)
        except Stopped as error:
            self.report.diagnosis = self._placed(error.diagnosis)
        return self.report

    def look(self) -> Sighting:
        """What is seen now; raises :class:`Unseen`."""
        sighting = self.eyes.things(self.hand.measured)
        self.memory.update(sighting.things)
        self.memory_height = sighting.support.height
        return sighting

    def look_at_all(self) -> Cloud:
        """All points that are seen now and are not the robot's."""
        return self.eyes.cloud(self.hand.measured)

    def surroundings(self, sighting: Sighting, *, but: Thing | None = None) -> Surroundings:
        """What the hand may not run into; a thing that it goes for is kept apart under the name THING."""
        points = sighting.standing.points
        seen = {OTHERS: points}
        if but is not None:
            mine = seen_in(points, but.cloud.points)
            seen = {OTHERS: points[~mine], THING: but.cloud.points}
        seen[OTHERS] = self.without_carried(seen[OTHERS])
        held = None if self.carried is None else self.carried.points
        return Surroundings(sighting.support.height, seen, held)

    def follow(self, path: Path3D, around: Surroundings, *, ignore: tuple[str, ...] = ()) -> Steps:
        """Follow a path and note it."""
        self.report.paths.append(path)
        yield from self.hand.follow(path, around, ignore=ignore)

    def answer(self, sub_goal: SubGoal, *, yes: bool) -> bool:
        """Note the answer to a sub-goal's question."""
        self.report.answers.append((sub_goal.question, yes))
        return yes

    def is_new(self, action: Action, pose: Array) -> bool:
        """Whether a tool pose is unlike all that were tried for an action."""
        return all(float(np.linalg.norm(pose - other)) > 0.012 for other in self.tried.get(str(action), []))

    def note_try(self, action: Action, pose: Array) -> None:
        """Remember what was tried."""
        self.tried.setdefault(str(action), []).append(pose)

    def _carry_out(self, plan: tuple[SubGoal, ...], sighting: Sighting) -> Steps:
        number, tries = 0, 0
        while number < len(plan):
            goal = plan[number]
            self.hand.at(("recover: " if tries else "") + str(goal.action))
            try:
                yield from ACTS.get(goal.action.verb)(self, goal, sighting)
            except (Stopped, Unseen) as error:
                if tries >= self.retries:
                    raise
                tries += 1
                self.report.retries += 1
                sighting = yield from self._recovered(error)
                if goal.action.verb in ("place", "lift") and self.carried is None and number:
                    number -= 1
                continue
            number, tries = number + 1, (tries if goal.action.verb == "grasp" else 0)
            if number < len(plan):
                sighting = self.look()

    def _recovered(self, error: Stopped | Unseen) -> Generator[tuple[str, Array], Array, Sighting]:
        """Look again; where the view is in the way of the robot itself, go up first."""
        try:
            return self.look()
        except Unseen:
            self.hand.at("recover: step back")
            yield from step_back(self.hand)
            try:
                return self.look()
            except Unseen:
                raise error from None

    def without_carried(self, points: Array) -> Array:
        """Those of ``points`` (n, 3) that are not near what is held."""
        return points if self.carried is None else points[~seen_in(points, self.carried_points(), ABOUT_HELD)]

    def carried_points(self) -> Array:
        """Where the points (n, 3) of what is held are now, from the joints."""
        assert self.carried is not None
        return self.carried.at(self.hand.tool)

    def held(self, action: Action) -> Carried:
        """What is in the hand; raises :class:`Stopped` when it is empty."""
        if self.carried is None:
            raise Stopped("grasp_slipped", f"{action.thing} in the hand", "the hand is empty", bodies=(action.thing,))
        return self.carried

    def target(self, action: Action, sighting: Sighting) -> Thing:
        """The thing that something goes to, as it is seen now or was before it was hidden."""
        before, now = self.memory.get(action.to or ""), sighting.things.get(action.to or "")
        if now is not None and before is not None and now.flat and len(now.cloud) < UNHIDDEN * len(before.cloud):
            return before
        found = now or before
        if found is None:
            raise Stopped("not_found", f"{action.to} in view", "it is not there", bodies=(str(action.to),))
        return found

    def _graspable(self, sighting: Sighting) -> dict[str, bool]:
        largest = self.problem.robot.gripper.max_width - GRIPPABLE
        found = {}
        for atom in atoms(parse(self.problem.goal)):
            thing = sighting.things.get(atom.args[0])
            if thing is not None:
                walls = _hollow(thing)
                found[thing.name] = bool(thing.sizes[1] <= largest + 0.004 or walls)
        return found

    def _placed(self, diagnosis: Diagnosis) -> Diagnosis:
        """A diagnosis with the stage that it is of."""
        stage = self.hand.stage_names[-1] if self.hand.stage_names else "look"
        return diagnosis.model_copy(update={"stage": stage})


def _hollow(thing: Thing) -> bool:
    """Whether a thing has a rim to take it by: hardly any of its top is closed."""
    points = thing.cloud.points
    size = np.ptp(points[:, :2], axis=0)
    middle = (points[:, :2].min(axis=0) + points[:, :2].max(axis=0)) / 2
    inner = (np.abs(points[:, :2] - middle) < 0.3 * size).all(axis=1)
    return bool(inner.any() and points[inner, 2].max() < thing.top - 0.3 * (thing.top - thing.base))
