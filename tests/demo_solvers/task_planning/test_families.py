"""Programs for what the task generator proposes and for imported tasks, carried out on symbols by other rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from assets.catalog import LibraryCatalog
from demo_solvers.task_planning.plan import NoPlan, Plan, plan
from flows.task_set import task_set
from pipeline.core.doors import Unplaceable
from pipeline.core.goal import Atom, Goal, atoms, literals
from pipeline.core.program import Program
from pipeline.core.robot import RobotSpec
from pipeline.core.streams import stream
from pipeline.core.task import TaskSpec
from pipeline.core.world import WorldState
from pipeline.holds import parse, true_of
from pipeline.sim.kinematic import kinematic
from scene_gen.builder import TabletopBuilder
from task_gen.author import propose
from task_gen.imports.files import import_files

SKILLS = ("pick", "extract", "place", "insert", "push", "open", "close", "turn", "press")
LIBERO = Path(__file__).parents[2] / "task_gen" / "libero"
COUNT = 200
WORLDS = 2
CARRIED = (
    "on",
    "inside",
    "within",
    "inserted",
    "above",
    "near",
    "left_of",
    "right_of",
    "in_front_of",
    "behind",
    "aligned",
    "in_a_row",
)
UNDONE = {"is_open": "is_closed", "is_closed": "is_open", "turned_on": "turned_off", "turned_off": "turned_on"}
PUSHED_BESIDE = "push_the_plate_to_the_front_of_the_stove"
"""The one imported task that no skill serves: the plate cannot be grasped, and pushes end in regions only."""


class Table:
    """A dry run of a program: which atoms are true, by rules that are not the planner's.

    A body that is taken leaves all its relations and must have nothing on or in it; one that is put down or pushed
    gets what the stage's formula says; a shut drawer or room lets nothing in or out; one hand holds one thing.
    """

    def __init__(self, world: WorldState, goal: Goal) -> None:
        self.world = world
        geometry = world.layout.geometry
        free = [b for b in geometry if "/" not in b and b not in world.layout.fixed]
        pairs = [(p, (a, b)) for p in ("on", "inside") for a in free for b in geometry if a != b]
        self.links = [b for b in geometry if "pull" in geometry[b].axes]
        own = [(p, (link,)) for p in ("is_open", "is_closed") for link in self.links]
        every = {Atom(*pair) for pair in (*pairs, *own)} | set(atoms(goal))
        self.true = {atom for atom in every if true_of(atom, world).all()}
        self.held: str | None = None

    def run(self, program: Program) -> None:
        for stage in program.stages:
            if stage.pre is not None:
                assert self.says(parse(stage.pre)), f"{stage}: {stage.pre} is not true before it"
            getattr(self, stage.skill)(stage.body, parse(stage.post or f"(at_rest {stage.body})"))

    def pick(self, body: str, post: Goal) -> None:
        assert self.held is None, f"{self.held} is in the hand when {body} is taken"
        assert self.world.layout.geometry[body].grasps
        loads = [a for a in self.true if a.predicate in ("on", "inside") and a.args[1] == body]
        assert not loads, f"{body} is taken from under its load: {loads}"
        for atom in [a for a in self.true if a.predicate == "inside" and a.args[0] == body]:
            self.reach_into(atom.args[1])
        self.leave(body)
        self.held = body
        self.true |= {atom for atom, positive in literals(post) if positive and atom.predicate in ("raised", "above")}

    def place(self, body: str, post: Goal) -> None:
        assert self.held == body, f"{body} is put down but {self.held} is in the hand"
        self.held = None
        self.settle(body, post)

    def push(self, body: str, post: Goal) -> None:
        assert self.held is None
        self.leave(body)
        self.settle(body, post)

    def settle(self, body: str, post: Goal) -> None:
        for atom, positive in literals(post):
            assert body in atom.args
            if positive and atom.predicate == "inside":
                self.reach_into(atom.args[1])
            self.true = self.true | {atom} if positive else self.true - {atom}

    def leave(self, body: str) -> None:
        self.true -= {a for a in self.true if a.predicate in CARRIED and body in a.args}

    def reach_into(self, container: str) -> None:
        shape = self.world.layout.geometry[container]
        doors = [link for link in self.links if link.startswith(f"{container}/")]
        for link in [container] if "pull" in shape.axes else doors:
            assert Atom("is_open", (link,)) in self.true, f"{container} is shut"

    def work(self, link: str, post: Goal) -> None:
        assert self.held is None, f"{self.held} is in the hand at {link}"
        assert isinstance(post, Atom)
        self.true -= {Atom(p, (link,)) for p in UNDONE if UNDONE[p] == post.predicate}
        self.true |= {post}

    open = close = turn = press = work
    extract, insert = pick, place

    def says(self, goal: Goal) -> bool:
        if isinstance(goal, Atom):
            if goal.predicate == "holding":
                return self.held == goal.args[0]
            return goal.predicate == "at_rest" or goal in self.true
        answers = [self.says(part) for part in goal.parts]
        return not answers[0] if goal.op == "not" else all(answers) if goal.op == "and" else any(answers)


@pytest.fixture(scope="module")
def worlds_of(simulator: kinematic, builder: TabletopBuilder):
    def load(task: TaskSpec) -> WorldState | None:
        try:
            scenes = [builder.build(task, stream(0, "test", task.name, i)) for i in range(WORLDS)]
        except Unplaceable:
            return None
        return simulator.load(scenes)

    return load


def check(task: TaskSpec, world: WorldState, robot: RobotSpec) -> None:
    found = plan(task.goal, world, opening=robot.gripper.max_width, skills=SKILLS)
    assert isinstance(found, Plan), (task.name, task.goal, found)
    goal = parse(task.goal)
    dry = Table(world, goal)
    before = dry.says(goal)
    dry.run(found.program)
    assert not before, f"{task.name}: the goal is reached before anything is done"
    assert dry.held is None or Atom("holding", (dry.held,)) in atoms(goal)
    assert dry.says(goal), f"{task.name}: {found.program} leaves {task.goal} unreached"
    assert found.opened <= 3 * len(found.program.stages) + 20, "the search goes straight to the goal"


def test_programs_reach_the_goals_of_all_ten_families(catalog: LibraryCatalog, robot: RobotSpec, worlds_of) -> None:
    done: Counter[str] = Counter()
    for task in propose(catalog, robot, count=COUNT, seed=11):
        world = worlds_of(task)
        if world is not None:
            check(task, world, robot)
            done[task.family] += 1
    assert len(done) == 10
    assert sum(done.values()) >= 0.95 * COUNT, "hardly any proposal finds no layout"
    assert min(done.values()) >= 8


def imported(robot: RobotSpec) -> Iterator[TaskSpec]:
    vendored = LibraryCatalog(extra=())
    for report in import_files(
        [LIBERO / s for s in ("libero_object", "libero_spatial", "libero_goal")], vendored, robot
    ):
        assert report.task is not None
        yield report.task


def test_programs_reach_the_goals_of_imported_tasks(robot: RobotSpec, worlds_of) -> None:
    tasks = list(imported(robot))
    assert len(tasks) == 30
    for task in tasks:
        world = worlds_of(task)
        assert world is not None, task.name
        if PUSHED_BESIDE in task.name:
            found = plan(task.goal, world, opening=robot.gripper.max_width, skills=SKILLS)
            assert isinstance(found, NoPlan)
            assert "'plate_1' has no grasp" in found.reason
        else:
            check(task, world, robot)


def test_programs_reach_the_goals_of_the_fourteen_tasks_of_rlbench(robot: RobotSpec, worlds_of) -> None:
    tasks = task_set("rlbench14").tasks
    assert len(tasks) == 14
    for task in tasks:
        world = worlds_of(task)
        assert world is not None, task.name
        check(task, world, robot)
