"""The procedural refiner: each kind of fault is answered with what repairs it, and nothing is proposed twice."""

import pytest

from demo_solvers.refinement.faults import FAULTS, faults, spoil
from demo_solvers.refinement.patches import patched
from demo_solvers.refinement.procedural import ProceduralRefiner
from pipeline.core.program import Program, Relation, Stage
from pipeline.core.streams import stream


def programs(refiner, case, count):
    return [patched(case.program, p, case.problem.layout) for p in refiner.propose(case, count)]


def test_a_missing_grasp_is_put_in_first(stacking, sound, case):
    found = programs(ProceduralRefiner(), case(stacking, sound.stages[1]), 3)
    assert sound.stages in [p.stages for p in found]


def test_a_missing_end_is_found_by_planning_from_where_it_ended(stacking, sound, case, run):
    found = programs(ProceduralRefiner(), case(stacking, sound.stages[0]), 4)
    assert max(r.solved for r in run(stacking, *found)) == 3


def test_stages_in_the_wrong_order_are_put_right(stacking, sound, case):
    found = programs(ProceduralRefiner(), case(stacking, *reversed(sound.stages)), 3)
    assert sound.stages in [p.stages for p in found]


@pytest.mark.parametrize("defaults", [True, False])
def test_a_grasp_region_with_no_grasps_is_replaced_with_or_without_defaults(stacking, sound, case, run, defaults):
    pick = sound.stages[0].model_copy(update={"parameters": {"region": "handle"}})
    found = programs(ProceduralRefiner(defaults=defaults), case(stacking, pick, sound.stages[1]), 4)
    assert max(r.solved for r in run(stacking, *found)) == 3


def test_to_plan_again_changes_no_parameters(stacking, sound, case):
    pick = sound.stages[0].model_copy(update={"parameters": {"lift": 0.2}})
    found = programs(ProceduralRefiner(), case(stacking, sound.stages[1], pick), 3)
    assert any(p.stages == (pick, sound.stages[1]) for p in found)


def test_proposals_lead_to_different_programs_none_of_them_known(stacking, sound, case):
    spoilt = case(stacking, sound.stages[1])
    found = programs(ProceduralRefiner(), spoilt, 30)
    digests = [p.digest for p in found]
    assert len(digests) == 30
    assert len({*digests, spoilt.program.digest}) == 31


def test_a_drawer_that_is_shut_is_opened(problem, case):
    drawer = "cabinet/top_drawer"
    built = problem(f"(inside block_red {drawer})", "cabinet", "block_red", worlds=2, horizon=45.0)
    relations = (Relation(predicate="inside", anchor=drawer),)
    stages = (Stage(skill="pick", body="block_red"), Stage(skill="place", body="block_red", relations=relations))
    found = programs(ProceduralRefiner(), case(built, *stages), 6)
    assert any(p.stages[0].skill == "open" and p.stages[0].body == drawer for p in found)


@pytest.mark.parametrize("kind", FAULTS)
def test_faults_are_seeded_different_and_can_be_carried_out(stacking, sound, kind):
    options = [faults(sound, stacking.layout, kind, stream(3, "faults", kind)) for _ in range(2)]
    assert options[0] == options[1]
    spoilt = [spoil(sound, fault, stacking.layout) for fault in options[0]]
    assert len({p.digest for p in (sound, *spoilt)}) == len(spoilt) + 1
    assert bool(spoilt) == (kind != "wrong_side"), "nothing is pushed here"


def test_a_push_can_be_spoilt_by_its_side(problem):
    built = problem("(within carton zone_green)", "carton", "zone_green", family="push")
    push = Stage(skill="push", body="carton", relations=(Relation(predicate="within", anchor="zone_green"),))
    options = faults(Program(stages=(push,)), built.layout, "wrong_side", stream(0, "faults"))
    assert {f.patches[0].value for f in options} == {"front", "back", "left", "right"}
