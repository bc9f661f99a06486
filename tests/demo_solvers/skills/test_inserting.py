"""Insert and extract in real physics: in, out, and what is said when it does not go in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest

from assets.catalog import LibraryCatalog
from demo_solvers.planning.fitting import way_in
from demo_solvers.skill import SKILLS
from demo_solvers.solvers.vipr import carry_out
from flows.stages import make_simulator
from pipeline.core.doors import Problem, Simulator
from pipeline.core.episode import Outcome
from pipeline.core.errors import InvalidInputError
from pipeline.core.program import Program, Relation, Stage
from pipeline.core.world import WorldState
from pipeline.holds import holds, parse
from pipeline.rollout import BatchWorlds
from pipeline.sim.kinematic import kinematic

PICK = Stage(skill="pick", body="square_ring", parameters={"depth": -0.006})
IN = Stage(skill="insert", body="square_ring", relations=(Relation(predicate="inserted", anchor="peg_red"),))
RING, PEG = (0.5, 0.1, 0.0, 1.0, 0.0, 0.0, 0.0), (0.5, -0.1, 0.0, 0.924, 0.0, 0.0, 0.383)
TOWER = (0.55, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0)


@pytest.fixture(scope="module")
def engine(catalog) -> Simulator:
    return make_simulator("mujoco", catalog)


@pytest.fixture(scope="module")
def ring(problem: Callable[..., Problem]) -> Problem:
    placed = {"square_ring": RING, "peg_red": PEG}
    return problem("(inserted square_ring peg_red)", "square_ring", "peg_red", at=placed, worlds=2)


def laid_out(problem: Problem) -> WorldState:
    """The problem's scenes as they begin, without physics."""
    return kinematic(LibraryCatalog()).load(problem.scenes)


def run(program: tuple[Stage, ...], problem: Problem, engine: Simulator) -> tuple[list[Outcome], BatchWorlds]:
    worlds = BatchWorlds(engine, problem)
    return carry_out(Program(stages=program), problem, worlds), worlds


def test_a_ring_has_four_ways_round_a_square_peg_and_an_umbrella_eight_into_its_stand(ring, problem) -> None:
    way = way_in(laid_out(ring), "square_ring", "peg_red")
    assert way.seated.shape == (2, 4, 7)
    assert way.into == pytest.approx(np.tile((0.0, 0.0, -1.0), (2, 1)), abs=1e-6)
    assert way.length == pytest.approx(0.085 - 0.014, abs=1e-4)
    stand = problem("(inserted umbrella umbrella_stand)", "umbrella", "umbrella_stand")
    assert way_in(laid_out(stand), "umbrella", "umbrella_stand").seated.shape == (2, 8, 7)


def test_a_seated_body_counts_as_inserted(ring) -> None:
    world = laid_out(ring)
    seated = way_in(world, "square_ring", "peg_red").seated
    for option in range(seated.shape[1]):
        world.pose[:, world.layout.body("square_ring")] = seated[:, option]
        assert holds(parse("(inserted square_ring peg_red)"), world).all()


def test_what_has_no_fitting_points_is_refused_by_name(problem) -> None:
    world = laid_out(problem("(near mug plate)", "mug", "plate"))
    with pytest.raises(InvalidInputError, match="'mug' has no axis 'insert'"):
        way_in(world, "mug", "plate")


@pytest.mark.physics
def test_a_ring_goes_over_its_peg_and_is_let_go(ring, engine) -> None:
    outcomes, worlds = run((PICK, IN), ring, engine)
    assert [o.diagnosis.cause for o in outcomes] == ["none", "none"]
    assert holds(parse("(inserted square_ring peg_red)"), worlds.state()).all()


@pytest.mark.physics
def test_it_feels_for_the_way_in_when_the_peg_is_not_where_it_was_seen(ring, engine, monkeypatch) -> None:
    """A constant error of 6.5 mm, 3.5 mm more than the room there is, keeps it out without the search."""
    module = import_module("demo_solvers.skills.insert")
    seen = module.way_in

    def misjudged(world, body, socket):
        way = seen(world, body, socket)
        moved = way.seated.copy()
        moved[..., 0] += 0.0065
        return replace(way, seated=moved)

    monkeypatch.setattr(module, "way_in", misjudged)
    blind, _ = run((PICK, IN.model_copy(update={"parameters": {"search": 0.0}})), ring, engine)
    feeling, worlds = run((PICK, IN.model_copy(update={"parameters": {"search": 20.0}})), ring, engine)
    assert {o.diagnosis.cause for o in blind} == {"insert_missed"}
    assert all("resistance" in o.diagnosis.seen for o in blind)
    assert all(o.diagnosis.bodies == ("square_ring", "peg_red") for o in blind)
    assert holds(parse("(inserted square_ring peg_red)"), worlds.state()).all()
    assert [o.diagnosis.cause for o in feeling] == ["none", "none"]


@pytest.mark.physics
def test_a_block_is_drawn_out_of_its_tower_which_stays(problem, engine) -> None:
    start = ("(inserted jenga_piece jenga_tower)",)
    posed = problem("(holding jenga_piece)", "jenga_piece", "jenga_tower", initial=start, worlds=2)
    posed = facing(posed)
    draw = Stage(skill="extract", body="jenga_piece", keypoint="end", parameters={"distance": 0.1})
    outcomes, worlds = run((draw,), posed, engine)
    assert [o.diagnosis.cause for o in outcomes] == ["none", "none"]
    state = worlds.state()
    assert holds(parse("(holding jenga_piece)"), state).all()
    assert state.body("jenga_tower")[:, :2] == pytest.approx(np.tile(TOWER[:2], (2, 1)), abs=0.01)


def facing(problem: Problem) -> Problem:
    """The tower in front of the robot with its block towards it."""
    seat, tip = 0.015, 0.06
    piece = (TOWER[0] + seat - tip, 0.0, 0.0725, 1.0, 0.0, 0.0, 0.0)
    moved = tuple(s.with_placements({"jenga_tower": TOWER, "jenga_piece": piece}) for s in problem.scenes)
    return replace(problem, scenes=moved)


def test_the_skills_say_what_they_take() -> None:
    assert SKILLS.get("insert").signature.relations == ("inserted",)
    assert SKILLS.get("extract").signature.brings == "(holding {body})"
    assert SKILLS.get("extract").signature.parameters["lift"].default < 0.1
