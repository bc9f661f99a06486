"""Recovery: rows that failed a stage try it again while others wait, and the demonstration says which part that is."""

from dataclasses import replace

import numpy as np
import pytest

from demo_solvers.conduct import conduct
from demo_solvers.execution import RECOVER, WAIT, Execution
from demo_solvers.solvers.vipr import vipr
from pipeline.core.episode import Provenance
from pipeline.core.geometry import Grasp
from pipeline.core.program import Program, Relation, Stage
from pipeline.core.refinement import Budget
from pipeline.rollout import BatchWorlds, attempt
from pipeline.validate import validate

GOAL = "(on block_red block_green)"
IN_THE_AIR = (0.0, 0.0, 0.09, 0.0, 1.0, 0.0, 0.0)  # from above, fingertips closing over the block


@pytest.fixture(scope="module")
def tricked(problem):
    """Worlds whose red block is said to be best grasped where it is not."""
    built = problem(GOAL, "block_red", "block_green", worlds=2, family="stack", horizon=40.0)

    def with_bad_grasp(scene):
        block = scene.placement("block_red")
        shape = block.asset.links[""]
        best = Grasp(pose=IN_THE_AIR, width=0.04, score=1.0)
        poor = tuple(g.model_copy(update={"score": 0.3 * g.score}) for g in shape.grasps)
        links = {"": shape.model_copy(update={"grasps": (best, *poor)})}
        changed = block.model_copy(update={"asset": block.asset.model_copy(update={"links": links})})
        return scene.model_copy(
            update={"placements": tuple(changed if p.name == "block_red" else p for p in scene.placements)}
        )

    return replace(built, scenes=tuple(map(with_bad_grasp, built.scenes)))


def test_without_recovery_a_missed_grasp_is_the_end(tricked, simulator):
    outcomes = attempt(simulator, tricked, vipr).outcomes
    assert [o.diagnosis.cause for o in outcomes] == ["grasp_missed"] * 2
    assert not any(n.startswith(RECOVER) for o in outcomes for n in o.stage_names)


def test_a_missed_grasp_is_tried_again_with_the_next_one_and_kept_and_labelled(tricked, simulator):
    outcomes = attempt(simulator, replace(tricked, budget=Budget(recover=1)), vipr).outcomes
    for outcome in outcomes:
        assert outcome.success, outcome.diagnosis
        assert outcome.recoveries == 1
        named = [outcome.stage_names[i] for i in outcome.stages]
        again = [i for i, name in enumerate(named) if name.startswith(RECOVER)]
        assert again
        assert f"{RECOVER}grasp block_red" in named
        assert "grasp block_red" in named[: again[0]], "the failed part is kept"
        assert any("block_green" in name for name in named[again[-1] :]), "and the task goes on"


def test_as_often_as_it_is_allowed_and_no_more(tricked, simulator):
    relations = (Relation(predicate="on", anchor="block_green"),)
    never = Stage(skill="pick", body="block_red", parameters={"depth": -0.03, "skip": 0.0})
    program = Program(stages=(never, Stage(skill="place", body="block_red", relations=relations)))
    given = replace(tricked, budget=Budget(recover=2))
    high = replace(given, scenes=tuple(_only_bad(s) for s in given.scenes))
    ex = conduct(program, high, BatchWorlds(simulator, high))
    assert list(ex.recoveries) == [2, 2]
    assert not ex.alive.any()
    assert {d.cause for d in ex.diagnoses} == {"grasp_missed"}


def _only_bad(scene):
    block = scene.placement("block_red")
    best = block.asset.links[""].grasps[0]
    turned = Grasp(pose=(0.0, 0.0, 0.10, 0.0, 0.0, 1.0, 0.0), width=0.04, score=0.9)
    third = Grasp(pose=(0.0, 0.0, 0.11, 0.0, 1.0, 0.0, 0.0), width=0.04, score=0.8)
    links = {"": block.asset.links[""].model_copy(update={"grasps": (best, turned, third)})}
    changed = block.model_copy(update={"asset": block.asset.model_copy(update={"links": links})})
    return scene.model_copy(
        update={"placements": tuple(changed if p.name == "block_red" else p for p in scene.placements)}
    )


@pytest.fixture
def ex(problem, simulator):
    built = problem(GOAL, "block_red", "block_green", worlds=3, family="stack")
    return Execution(built, BatchWorlds(simulator, built))


def test_the_other_rows_stand_still_to_the_bit_and_are_said_to_wait(ex):
    ex.begin("first")
    ex.move(ex.q[:, None] + 0.2 * np.eye(7)[0])
    ex.fail([1], "grasp_missed", expected="lifted", seen="not")
    ex.fail([2], "ik_failed", expected="reach", seen="none")
    before = ex.worlds.recorded()[-1]
    with ex.again([1]):
        ex.begin("grasp")
        ex.move(ex.q[:, None] - 0.2 * np.eye(7)[0], width=np.zeros(3))
    made = ex.worlds.recorded()[len(ex.worlds.recorded()) // 2 :]
    np.testing.assert_array_equal(ex.worlds.recorded()[-1, [0, 2]], before[[0, 2]])
    assert np.abs(made[-1, 1] - before[1]).max() > 0.1
    assert list(ex.alive) == [True, True, False]
    assert list(ex.recoveries) == [0, 1, 0]
    first, again, lost = ex.outcomes()
    last = [o.stage_names[o.stages[-1]] for o in (first, again, lost)]
    assert last[:2] == [WAIT, f"{RECOVER}grasp"]
    assert again.diagnosis.cause == "none"
    assert lost.diagnosis.cause == "ik_failed"


def test_a_row_that_fails_again_has_its_new_reason(ex):
    ex.begin("first")
    ex.fail([0], "grasp_missed", expected="lifted", seen="not")
    with ex.again([0]):
        ex.begin("grasp")
        ex.fail([0], "ik_failed", expected="reach", seen="none")
    assert list(ex.alive) == [False, True, True]
    assert (ex.diagnoses[0].cause, ex.diagnoses[0].stage) == ("ik_failed", f"{RECOVER}grasp")


def test_the_episode_that_is_written_holds_the_failed_part_and_its_label(tricked, simulator):
    given = replace(tricked, budget=Budget(recover=1))
    outcomes = attempt(simulator, given, vipr).outcomes
    made = Provenance(version="0", engine="kinematic 1 on cpu", solver="vipr", author="test", seed=0)
    checked = validate(simulator, given, outcomes, rows=[0], solver_name="vipr", provenance=made)
    episode = checked[0].episode
    assert episode is not None, checked[0].diagnosis
    names = [episode.stage_names[i] for i in episode.stage]
    first, again = names.index("grasp block_red"), names.index(f"{RECOVER}grasp block_red")
    assert first < again < len(names)
    height = episode.states.body("block_red")[:, 2]
    assert np.ptp(height[first:again]) < 0.01, "the block stayed where it was"
    assert np.ptp(height[again:]) > 0.05
