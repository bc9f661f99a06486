"""Programs that are wrong in one way, tried on kinematic worlds, and the cases that refiners get from them."""

import pytest

from demo_solvers.refinement.loop import Case
from demo_solvers.refinement.trial import tried
from pipeline.core.program import Program, Relation, Stage
from pipeline.rollout import BatchWorlds

GOAL = "(on block_red block_green)"
ON_GREEN = (Relation(predicate="on", anchor="block_green"),)
PICK = Stage(skill="pick", body="block_red")
PLACE = Stage(skill="place", body="block_red", relations=ON_GREEN, post=GOAL)


@pytest.fixture(scope="session")
def stacking(problem):
    return problem(GOAL, "block_red", "block_green", worlds=3, family="stack")


@pytest.fixture(scope="session")
def sound():
    return Program(stages=(PICK, PLACE))


@pytest.fixture(scope="session")
def run(simulator):
    """Programs side by side in a problem's worlds."""

    def of(built, *programs):
        worlds = BatchWorlds(simulator, built)
        return tried(programs, built, worlds.trial(copies=len(programs)) if len(programs) > 1 else worlds)

    return of


@pytest.fixture(scope="session")
def case(run):
    """What a refiner is told of a program that failed."""

    def of(built, *stages):
        (result,) = run(built, Program(stages=stages))
        assert result.failures
        return Case(built, result, result.failures, lambda program: program.digest == result.program.digest)

    return of
