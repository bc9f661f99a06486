"""The door of image-based solvers: what it grants, and that nothing else can be reached from it."""

import gc
from types import FunctionType, ModuleType

import numpy as np
import pytest

from assets.catalog import LibraryCatalog
from demo_solvers.path3d.rig import rig
from pipeline.core.doors import Problem, Solution
from pipeline.core.episode import Outcome
from pipeline.core.errors import TaskloomError
from pipeline.core.layout import SceneLayout
from pipeline.core.poses import quat_to_matrix
from pipeline.core.scene import Placement, SceneSpec
from pipeline.core.seeing import SeeingProblem, Sight
from pipeline.core.streams import stream
from pipeline.core.task import TaskObject, TaskSpec
from pipeline.core.world import WorldState, WorldTrace
from pipeline.rollout import BatchWorlds, attempt
from pipeline.seeing import reduced
from pipeline.sim.kinematic import kinematic
from scene_gen.builder import TabletopBuilder

FORBIDDEN = (WorldState, WorldTrace, SceneSpec, SceneLayout, Placement, Problem, TaskSpec, BatchWorlds, kinematic)


@pytest.fixture(scope="module")
def catalog():
    return LibraryCatalog()


@pytest.fixture(scope="module")
def problem(catalog):
    objects = [TaskObject(name=n, asset=a) for n, a in (("mug", "mug"), ("plate", "plate"), ("can", "block_red"))]
    task = TaskSpec(
        name="a_task",
        family="pick_place",
        instruction="Do it.",
        objects=tuple(objects),
        goal="(on mug plate)",
        horizon=2.0,
    )
    builder = TabletopBuilder(catalog, catalog.robot("panda"), cameras=())
    return Problem(task, tuple(builder.build(task, stream(0, "test", i)) for i in range(2)), seed=3)


class Probe:
    """A solver that lets a test look through the door."""

    def __init__(self, probe, *, segmentation=False):
        self.sight, self.probe = Sight(rig, segmentation=segmentation), probe

    def __call__(self, problem, worlds):
        self.found = self.probe(problem, worlds)
        recorded = worlds.recorded()
        stages = np.zeros(len(recorded), np.uint8)
        return Solution([Outcome(success=True, actions=recorded[:, row], stages=stages) for row in range(worlds.batch)])


@pytest.fixture
def through_the_door(catalog, problem):
    def ask(probe, **how):
        solver = Probe(probe, **how)
        solution = attempt(kinematic(catalog), problem, solver)
        return solver.found, solution

    return ask


def reachable(*roots):
    """Every object to which references lead: attributes, closures, defaults, containers, arrays' bases.

    Not followed are modules, classes and the globals of functions: through these all of a process can be reached,
    from any object of any Python program.
    """
    seen, waiting = {}, list(roots)
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen or isinstance(thing, (ModuleType, type)):
            continue
        seen[id(thing)] = thing
        if isinstance(thing, FunctionType):
            waiting += [*(c.cell_contents for c in thing.__closure__ or ()), *(thing.__defaults__ or ())]
            continue
        if isinstance(thing, np.ndarray):
            waiting.append(thing.base)
        waiting += gc.get_referents(thing)
        waiting += list(getattr(thing, "__dict__", {}).values())
    return list(seen.values())


def test_no_state_scene_or_simulator_can_be_reached_from_what_a_seeing_solver_is_given(through_the_door):
    def probe(problem, worlds):
        views, felt = worlds.look(), worlds.feel()
        measured = worlds.run(np.repeat(felt.commanded[None], 3, axis=0))
        return reachable(problem, worlds, views, felt, measured, worlds.recorded())

    found, _ = through_the_door(probe)
    assert any(isinstance(thing, SeeingProblem) for thing in found)
    assert [type(thing).__name__ for thing in found if isinstance(thing, FORBIDDEN)] == []


def test_the_walk_would_find_a_leak(catalog, problem):
    worlds = BatchWorlds(kinematic(catalog), problem)
    bound = worlds.run
    assert any(isinstance(thing, WorldState) for thing in reachable([lambda: bound]))
    state = worlds.state()
    assert any(isinstance(thing, WorldState) for thing in reachable({"deep": [state]}))


def test_the_problem_names_what_the_goal_names_and_nothing_of_where_it_is(problem):
    told = reduced(problem, Sight(rig))
    assert [(q.name, q.asset) for q in told.queries] == [("mug", "mug"), ("plate", "plate")]
    text = told.model_dump_json(exclude={"robot"})
    for placement in problem.scenes[0].placements:
        assert str(placement.pose[0]) not in text or placement.pose[0] == 0
    assert told.labels == ()


def test_calibration_puts_what_the_cameras_see_where_it_is(through_the_door):
    found, _ = through_the_door(lambda problem, worlds: worlds.look([1]))
    for view in found.values():
        v, u = np.nonzero(view.depth[0])
        z, k = view.depth[0][v, u], view.intrinsics
        local = np.stack([(u + 0.5 - k[0, 2]) / k[0, 0] * z, (v + 0.5 - k[1, 2]) / k[1, 1] * z, z], axis=1)
        world = local @ quat_to_matrix(view.pose[0, 3:]).T + view.pose[0, :3]
        table = np.abs(world[:, 2]) < 0.002
        assert table.mean() > 0.2


def test_segmentation_is_there_only_where_it_was_granted(through_the_door):
    plain, _ = through_the_door(lambda problem, worlds: (problem.labels, worlds.look()["top"].labels))
    labels, seen = through_the_door(
        lambda problem, worlds: (problem.labels, worlds.look()["top"].labels), segmentation=True
    )[0]
    assert plain == ((), None)
    assert "mug" in labels
    assert labels.index("mug") in seen


def test_actions_are_recorded_and_felt(through_the_door):
    def probe(problem, worlds):
        before = worlds.feel()
        actions = np.repeat(before.commanded[None], 5, axis=0)
        actions[:, :, 0] += np.linspace(0.01, 0.05, 5)[:, None]
        return before, worlds.run(actions), worlds.feel(), worlds.steps_left

    (before, measured, after, left), solution = through_the_door(probe)
    assert measured.shape == (5, 2, 8)
    np.testing.assert_allclose(after.commanded[:, 0] - before.commanded[:, 0], 0.05, atol=1e-5)
    np.testing.assert_array_equal(after.measured, measured[-1])
    assert left == 40 - 5
    assert not any(o.success for o in solution.outcomes)


def test_more_steps_than_the_horizon_has_are_the_solvers_error(through_the_door):
    def probe(problem, worlds):
        with pytest.raises(TaskloomError, match="horizon"):
            worlds.run(np.zeros((41, 2, 8)))
        return True

    assert through_the_door(probe)[0]


def test_what_a_solver_raises_is_raised_by_the_attempt(through_the_door):
    def probe(problem, worlds):
        raise InterruptedError("the solver's own")

    with pytest.raises(InterruptedError, match="own"):
        through_the_door(probe)
