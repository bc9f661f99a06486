"""Slide: a board that cannot be taken where it lies is drawn over an edge by friction, and then taken by its rim."""

from __future__ import annotations

import pytest

from demo_solvers.conduct import conduct
from demo_solvers.contacts.wish import wishes
from demo_solvers.grasping.rim import below, only_by_rim, takes_as_it_lies
from demo_solvers.task_planning.plan import NoPlan, Plan, plan
from pipeline.core.program import Program, Relation, Stage
from pipeline.core.world import HAND
from pipeline.holds import holds, parse
from pipeline.rollout import BatchWorlds
from pipeline.sim.mujoco import mujoco

HELD, OUT = "(and (holding thin_board) (raised thin_board))", "(overhanging thin_board ledge)"
SLIDE = Stage(
    skill="slide", body="thin_board", relations=(Relation(predicate="overhanging", anchor="ledge"),), post=OUT
)
LEDGE = (0.62, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0)


@pytest.fixture(scope="module")
def built(problem):
    return problem(HELD, "thin_board", "ledge", initial=("(on thin_board ledge)",), worlds=3, horizon=40.0)


@pytest.fixture(scope="module")
def physics(catalog):
    simulator = mujoco(catalog)
    yield simulator
    simulator.close()


def test_a_rim_grasp_has_a_finger_below_and_others_have_not(catalog):
    board, block = (catalog.asset(name).links[""] for name in ("thin_board", "block_red"))
    assert below(board.grasps, board).all()
    assert not below(block.grasps, block).any()
    assert only_by_rim(board)
    assert not only_by_rim(block)
    assert takes_as_it_lies(block)
    assert not takes_as_it_lies(board)
    assert not only_by_rim(board, widest=0.01), "a hand that it does not fit takes it nowhere"


def test_contacts_named_for_it_are_a_press_and_then_its_edge(built, simulator):
    layout = simulator.load(built.scenes).layout
    assert [w.manner for w in wishes(parse(HELD), layout)] == ["press", "edge"]


def test_it_is_planned_before_the_pick_where_the_body_lies_flat(built, simulator):
    found = plan(HELD, simulator.load(built.scenes))
    assert isinstance(found, Plan)
    assert [(s.skill, s.body, s.post) for s in found.program.stages[:1]] == [("slide", "thin_board", OUT)]
    assert [s.skill for s in found.program.stages] == ["slide", "pick"]


def test_what_hangs_over_already_is_just_picked(problem, simulator):
    at = {"ledge": LEDGE, "thin_board": (0.51, 0.0, 0.12, 1.0, 0.0, 0.0, 0.0)}
    out = problem(HELD, "thin_board", "ledge", initial=("(on thin_board ledge)",), at=at, worlds=1)
    found = plan(HELD, simulator.load(out.scenes))
    assert isinstance(found, Plan)
    assert [s.skill for s in found.program.stages] == ["pick"]


def test_without_the_skill_there_is_no_plan(built, simulator):
    found = plan(HELD, simulator.load(built.scenes), skills=("pick", "place"))
    assert isinstance(found, NoPlan)


@pytest.mark.physics
def test_in_physics_it_is_drawn_over_the_edge_gently_and_taken_there(built, physics):
    program = Program(stages=(SLIDE, Stage(skill="pick", body="thin_board")))
    ex = conduct(program, built, BatchWorlds(physics, built))
    assert ex.alive.sum() >= 2, [d.seen for d in ex.diagnoses]
    assert holds(parse(HELD), ex.state())[ex.alive].all()
    trace = ex.worlds.trace()
    slid = [s for s in ex.spans if s.number == 0]
    steps = trace.flat.force[:, HAND, trace.flat.layout.body("thin_board")].reshape(trace.time, -1)[: slid[0].end]
    assert steps.max() < 60.0


@pytest.mark.physics
def test_what_nothing_can_draw_is_told(problem, physics):
    at = {"ledge": (0.95, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0), "thin_board": (0.95, 0.0, 0.12, 1.0, 0.0, 0.0, 0.0)}
    far = problem(OUT, "thin_board", "ledge", initial=("(on thin_board ledge)",), at=at, worlds=1)
    ex = conduct(Program(stages=(SLIDE,)), far, BatchWorlds(physics, far))
    assert ex.diagnoses[0].cause == "ik_failed"
    assert ex.diagnoses[0].expected == "the hand over thin_board"
