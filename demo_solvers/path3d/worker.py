"""One world's worker: looks, plans a path for each sub-goal, follows it, asks whether it worked, tries otherwise."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import numpy as np

from demo_solvers.path3d.carried import Carried, seen_in
from demo_solvers.path3d.checking import Checks
from demo_solvers.path3d.clouds import Array, Cloud
from demo_solvers.path3d.hand import Hand, Steps, Stopped, Surroundings, step_back
from demo_solvers.path3d.model_paths import ModelPaths
from demo_solvers.path3d.model_verifier import Verifier
from demo_solvers.path3d.perception import Sighting, Thing, Unseen, hollow
from demo_solvers.path3d.plan import Action, Path3D, SubGoal, Unplannable, sub_goals
from demo_solvers.path3d.recall import Recall, lesson_of, ordered, subject_of, use_of
from pipeline.core.episode import Diagnosis
from pipeline.core.goal import atoms
from pipeline.core.lesson import Lesson
from pipeline.core.registry import Registry
from pipeline.core.seeing import SeeingProblem, View
from pipeline.holds import parse

RETRIES = 3  # times a sub-goal is tried again
FINAL_HOLD = 0.7  # s; a goal has to hold for 0.5 s at the end
THING, OTHERS = "thing", "surroundings"
ABOUT_HELD = 0.015  # m about what is held, in which points are its own
UNHIDDEN = 0.8  # share of the paint seen before: with less in view something lies on it
GRIPPABLE = 0.006  # m of the stroke that has to be left

T = TypeVar("T")


class Eyes(Protocol):
    """What a worker sees when it asks."""

    def things(self, joints: Array) -> Sighting:
        """The queried things, with the robot at measured joints (dof,); raises :class:`Unseen`."""
        ...

    def cloud(self, joints: Array) -> Cloud:
        """All points but the robot's; raises :class:`Unseen`."""
        ...

    def views(self) -> Mapping[str, View]:
        """The bare frames, by camera."""
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
    lessons: dict[str, Lesson] = field(default_factory=dict)
    """How the tool was used for each action that worked, as is believed."""


class Worker:
    """Carries the sub-goals of one world out; the steps it wants made are yielded."""

    retries = RETRIES

    def __init__(self, problem: SeeingProblem, hand: Hand, eyes: Eyes, *, paths: ModelPaths | None = None) -> None:
        self.problem, self.hand, self.eyes, self.paths = problem, hand, eyes, paths
        self.checks = Checks(problem, eyes.views)
        self.recall: Recall | None = None
        self.report = Report()
        self.carried: Carried | None = None
        self.tried: dict[str, list[Array]] = {}
        """What was tried for each action, as tool poses (7,): never the same again."""
        self._at_work: Lesson | None = None
        self.memory: dict[str, Thing] = {}
        """Where things and the support were last seen, for what the hand or another thing hides now."""
        self.memory_height = float(self.hand.base[2])
        self.beginning: dict[str, Thing] = {}
        """Things as they were first seen."""

    def helped(self, *, paths: ModelPaths | None, verifier: Verifier | None, recall: Recall | None) -> Worker:
        """This worker, with a model that writes ways, one that answers questions, and a memory; None for none."""
        self.paths, self.recall = paths or self.paths, recall
        self.checks = Checks(self.problem, self.eyes.views, verifier)
        return self

    def run(self) -> Generator[tuple[str, Array], Array, Report]:
        """All sub-goals in order; a sub-goal that fails is tried otherwise, at most RETRIES times."""
        try:
            sighting = self.look()
            sliding = [name for name, fit in sighting.fits.items() if fit.hinge.kind == "prismatic"]
            plan = sub_goals(self.problem.goal, graspable=self._graspable(sighting), sliding=sliding)
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
        """What is seen now, but for what the fingers hide of the thing they hold; raises :class:`Unseen`."""
        try:
            sighting = self.eyes.things(self.hand.measured)
        except Unseen as error:
            if self.carried is None or error.partly is None or error.diagnosis.bodies != (self.carried.name,):
                raise
            sighting = error.partly
        self.memory.update(sighting.things)
        self.beginning = {**sighting.things, **self.beginning}
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
        """The answer to a sub-goal's question: the geometry's ``yes``, unless the verifier objects; noted."""
        yes = yes and self.checks.agrees(sub_goal, self._shown_by(sub_goal.action))
        self.report.answers.append((sub_goal.question, yes))
        return yes

    def is_new(self, action: Action, pose: Array) -> bool:
        """Whether a tool pose is unlike all that were tried for an action."""
        return all(float(np.linalg.norm(pose - other)) > 0.012 for other in self.tried.get(str(action), []))

    def note_try(self, action: Action, pose: Array) -> None:
        """Remember what was tried."""
        self.tried.setdefault(str(action), []).append(pose)
        self._at_work = lesson_of(action, pose, self.memory)

    def by_experience(
        self, action: Action, offers: Iterable[tuple[T, Array, Path3D]]
    ) -> Iterable[tuple[T, Array, Path3D]]:
        """Offered ways (what they are of, tool pose (7,), path), those that confirmed attempts have used first."""
        remembered = [] if self.recall is None else self.recall.uses(self.problem, action)
        about = self.memory.get(subject_of(action) or "")
        if not remembered or about is None:
            return offers
        return ordered(((offer, use_of(about.cloud.points, offer[1])) for offer in offers), remembered)

    def _carry_out(self, plan: tuple[SubGoal, ...], sighting: Sighting) -> Steps:
        number, tries = 0, 0
        while number < len(plan):
            goal = plan[number]
            self.hand.at(("recover: " if tries else "") + str(goal.action))
            self.checks.begin()
            self._at_work = None
            try:
                yield from ACTS.get(goal.action.verb)(self, goal, sighting)
            except (Stopped, Unseen) as error:
                error.diagnosis = self.checks.told(error.diagnosis)
                if tries >= self.retries:
                    raise
                tries += 1
                self.report.retries += 1
                sighting = yield from self._recovered(error)
                if goal.action.verb in ("place", "lift", "pour") and self.carried is None and number:
                    number -= 1
                continue
            if self._at_work is not None:
                self.report.lessons[str(goal.action)] = self._at_work
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

    def _shown_by(self, action: Action) -> Array:
        """The points (n, 3) by which an action shows: what is held, else where it went, else what it was about."""
        if self.carried is not None:
            return self.carried_points()
        found = self.memory.get(action.to or "") or self.memory.get(action.thing)
        return np.zeros((0, 3)) if found is None else found.cloud.points

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
                walls = hollow(thing)
                found[thing.name] = bool(thing.sizes[1] <= largest + 0.004 or walls)
        return found

    def _placed(self, diagnosis: Diagnosis) -> Diagnosis:
        """A diagnosis with the stage that it is of."""
        stage = self.hand.stage_names[-1] if self.hand.stage_names else "look"
        return diagnosis.model_copy(update={"stage": stage})
