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


@pytest.mark.timeout(1200)
def test_things_that_nobody_annotated_are_picked_and_placed(library):
    """Two attempts at each of five; the rate over more of them is the benchmark's."""
    solver = Path3dSolver(perceiver=lambda: GeometricPerceiver(library))
    engine, builder = mujoco(library), TabletopBuilder(library, library.robot("panda"), cameras=())
    solved = {}
    for thing in THINGS:
        task = task_of(thing.name, "zone")
        scenes = tuple(builder.build(task, stream(11, "odd", i)) for i in range(2))
        outcomes = attempt(engine, Problem(task, scenes, seed=0), solver).outcomes
        solved[thing.name] = [o.success for o in outcomes]
    assert sum(map(sum, solved.values())) >= 8, solved
    assert all(any(found) for found in solved.values()), solved
