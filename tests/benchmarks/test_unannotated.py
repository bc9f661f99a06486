"""Things from files that nobody annotated: imported with nothing said of them, picked and placed from images."""

import pytest

from assets.catalog import LibraryCatalog
from benchmarks._odd_things import THINGS, imported
from benchmarks.unannotated import task_of
from demo_solvers.path3d.geometric import GeometricPerceiver
from demo_solvers.solvers.path3d import Path3dSolver
from pipeline.core.doors import Problem
from pipeline.core.streams import stream
from pipeline.rollout import attempt
from pipeline.sim.mujoco import mujoco
from scene_gen.builder import TabletopBuilder

pytestmark = pytest.mark.physics  # decomposing the meshes takes half a minute


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    place = tmp_path_factory.mktemp("library")
    for thing in THINGS:
        imported(thing, place / "files", place)
    return LibraryCatalog(extra=(place,))


def test_a_file_of_each_kind_and_no_word_of_what_is_in_it(library):
    assert {t.kind for t in THINGS} == {"ply", "stl", "obj", "glb"}
    for thing in THINGS:
        card = library.asset(thing.name)
        assert (card.category, card.noun) == ("object", thing.name.replace("_", " "))
        assert card.author == "procedural"
        assert card.licence.author == "unknown"


def attempted(library, thing, into, *, worlds):
    solver = Path3dSolver(perceiver=lambda: GeometricPerceiver(library))
    builder, task = TabletopBuilder(library, library.robot("panda"), cameras=()), task_of(thing, into)
    scenes = tuple(builder.build(task, stream(11, "odd", i)) for i in range(worlds))
    return attempt(mujoco(library), Problem(task, scenes, seed=0), solver).outcomes


@pytest.mark.timeout(1200)
def test_things_that_nobody_annotated_are_picked_and_placed(library):
    """Two attempts at each of five; the rate over more of them is the benchmark's."""
    solved = {t.name: [o.success for o in attempted(library, t.name, "zone", worlds=2)] for t in THINGS}
    assert sum(map(sum, solved.values())) >= 8, solved
    assert all(any(found) for found in solved.values()), solved


def test_a_hand_that_does_not_fit_into_a_basket_lets_go_above_it(library):
    (outcome,) = attempted(library, "odd_bracket", "basket", worlds=1)
    assert outcome.success, outcome.diagnosis
