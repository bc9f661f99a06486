"""From goals to programs: what comes first, what comes last, and why there is no plan."""

import pytest

from demo_solvers.task_planning.plan import NoPlan, Plan, alternatives, decompose, plan
from pipeline.core.errors import UnknownNameError
from pipeline.core.goal import Atom, atoms
from pipeline.core.program import Program, Relation
from pipeline.core.world import WorldState
from pipeline.holds import parse

TOP, BOTTOM = "cabinet/top_drawer", "cabinet/bottom_drawer"
THINGS = ("block_red", "block_green", "block_blue", "mug", "plate", "carton", "zone_red", "cabinet")
SKILLS = ("pick", "place", "push", "open", "close", "turn", "press")


@pytest.fixture(scope="module")
def shut(problem, simulator):
    """A table top with both drawers shut."""
    return simulator.load(problem("(on mug plate)", *THINGS[:4], "cabinet", "carton", worlds=2).scenes)


@pytest.fixture(scope="module")
def opened(problem, simulator):
    """The same with the top drawer open."""
    built = problem("(on mug plate)", "mug", "block_red", "cabinet", initial=(f"(is_open {TOP})",))
    return simulator.load(built.scenes)


@pytest.fixture(scope="module")
def pushing(problem, simulator):
    built = problem("(within carton zone_red)", "carton", "zone_red", "mug", family="push")
    return simulator.load(built.scenes)


def made(goal: str, world: WorldState, **more: object) -> Program:
    found = plan(goal, world, skills=SKILLS, **more)  # type: ignore[arg-type]
    assert isinstance(found, Plan), found
    return found.program


def steps(goal: str, world: WorldState) -> list[str]:
    return [f"{stage.skill} {stage.body}" for stage in made(goal, world).stages]


def why_not(goal: str, world: WorldState, **more: object) -> NoPlan:
    found = plan(goal, world, **{"skills": SKILLS, **more})  # type: ignore[arg-type]
    assert isinstance(found, NoPlan), found
    return found


def test_a_thing_is_picked_and_then_placed(shut):
    program = made("(and (on block_red block_green) (not (holding block_red)))", shut)
    pick, place = program.stages
    assert (pick.skill, place.skill, place.body) == ("pick", "place", "block_red")
    assert place.relations == (Relation(predicate="on", anchor="block_green"),)
    assert place.post == "(on block_red block_green)"
    assert (pick.post, place.pre) == ("(holding block_red)", "(holding block_red)")


def test_a_tower_is_built_from_the_bottom_however_the_goal_is_written(shut):
    goal = "(and (on block_red block_green) (on block_green block_blue))"
    backwards = "(and (on block_green block_blue) (on block_red block_green))"
    expected = ["pick block_green", "place block_green", "pick block_red", "place block_red"]
    assert steps(goal, shut) == steps(backwards, shut) == expected


def test_a_shut_drawer_is_opened_before_something_goes_in_even_if_the_goal_does_not_say_so(shut):
    assert steps(f"(inside mug {TOP})", shut) == [f"open {TOP}", "pick mug", "place mug"]


def test_an_open_drawer_is_not_opened_again(opened):
    assert steps(f"(and (is_open {TOP}) (inside mug {TOP}))", opened) == ["pick mug", "place mug"]


def test_what_is_to_be_shut_is_shut_last(shut, opened):
    goal = f"(and (is_closed {TOP}) (inside mug {TOP}))"
    assert steps(goal, shut) == [f"open {TOP}", "pick mug", "place mug", f"close {TOP}"]
    assert steps(goal, opened) == ["pick mug", "place mug", f"close {TOP}"]


def test_not_open_means_close_and_not_closed_means_open(shut, opened):
    assert steps(f"(not (is_open {TOP}))", opened) == [f"close {TOP}"]
    assert steps(f"(not (is_closed {BOTTOM}))", shut) == [f"open {BOTTOM}"]


def test_a_drawer_named_twice_is_opened_once(shut):
    goal = f"(and (is_open {TOP}) (inside mug {TOP}) (inside block_red {TOP}))"
    assert steps(goal, shut).count(f"open {TOP}") == 1


def test_what_the_hand_cannot_take_is_pushed(pushing):
    program = made("(within carton zone_red)", pushing)
    (call,) = program.stages
    assert (call.skill, call.body) == ("push", "carton")
    assert call.post == "(within carton zone_red)"


def test_the_carrier_leads_and_directions_follow(shut):
    program = made("(and (left_of mug block_red) (on mug cabinet))", shut)
    assert [r.predicate for r in program.stages[-1].relations] == ["on", "left_of"]


def test_two_things_that_wait_for_each_other_are_taken_as_written(shut):
    goal = "(and (near mug block_red) (near block_red mug))"
    assert steps(goal, shut)[0] == "pick mug"


def test_nobody_lifts_what_cannot_be_grasped(shut):
    found = why_not("(and (on mug block_red) (on carton block_red))", shut)
    assert found.literal == "(on carton block_red)"
    assert found.reason == "No operator brings about (on carton block_red): 'carton' has no grasp."
    assert decompose("(on carton block_red)", shut) is None


def test_a_goal_that_holds_leaves_nothing_to_do(shut):
    assert "holds already" in why_not("(and (at_rest mug) (not (holding mug)))", shut).reason


@pytest.fixture(scope="module")
def piled(problem, simulator):
    """In row 0 the red block stands on the green one, in row 1 beside it; a mug is on the plate in both."""
    built = problem("(on block_red block_blue)", "block_red", "block_green", "block_blue", "plate", "mug", worlds=2)
    scene = built.scenes[0]
    x, y, z, *turn = scene.placement("block_green").pose
    edge = 2 * scene.placement("block_green").asset.links[""].bounds.half[2]
    px, py, pz, *_ = scene.placement("plate").pose
    plate = scene.placement("plate").asset.links[""]
    mug = scene.placement("mug").asset.links[""].bounds
    on_plate = pz + plate.support.pose[2] + plate.support.half[2] - (mug.pose[2] - mug.half[2])
    loaded = {"mug": (px, py, on_plate, 1.0, 0.0, 0.0, 0.0)}
    both = scene.with_placements({**loaded, "block_red": (x, y, z + edge, *turn)})
    return simulator.load((both, scene.with_placements(loaded)))


def test_what_lies_on_something_in_any_row_is_uncovered_in_all(piled):
    assert steps("(on block_green block_blue)", piled.rows(slice(1, 2))) == ["pick block_green", "place block_green"]
    assert steps("(on block_green block_blue)", piled) == [
        "pick block_red", "place block_red", "pick block_green", "place block_green",
    ]  # fmt: skip


def test_what_is_reached_in_one_row_only_is_done_in_all(piled):
    assert "holds already" in why_not("(on block_red block_green)", piled.rows(slice(0, 1))).reason
    assert steps("(on block_red block_green)", piled) == ["pick block_red", "place block_red"]


def test_what_carries_things_is_unloaded_moved_and_loaded_again(piled):
    first = piled.rows(slice(0, 1))
    assert steps("(and (on block_red block_green) (on block_green block_blue))", first) == [
        "pick block_red", "place block_red", "pick block_green", "place block_green",
        "pick block_red", "place block_red",
    ]  # fmt: skip


def test_there_is_no_room_on_a_block_for_a_second_one(piled):
    assert steps("(on block_blue block_green)", piled.rows(slice(0, 1)))[:2] == ["pick block_red", "place block_red"]


def test_the_cheapest_branch_of_a_choice_is_taken(shut):
    goal = f"(or (and (on mug cabinet) (on block_red block_green)) (is_open {BOTTOM}))"
    assert steps(goal, shut) == [f"open {BOTTOM}"]
    goal = f"(and (on mug cabinet) (not (and (is_closed {TOP}) (is_closed {BOTTOM}))))"
    assert len(steps(goal, shut)) == 3


def test_a_branch_that_cannot_be_reached_leaves_the_others(shut):
    assert steps("(or (on carton mug) (on mug cabinet))", shut) == ["pick mug", "place mug"]


def test_a_choice_of_impossible_branches_names_the_first(shut):
    assert why_not("(or (on carton mug) (turned_on mug))", shut).literal == "(on carton mug)"


def test_what_is_not_to_be_somewhere_is_put_elsewhere(piled):
    first = piled.rows(slice(0, 1))
    program = made("(not (on block_red block_green))", first)
    assert program.stages[-1].relations == (Relation(predicate="on", anchor="table"),)
    assert program.stages[-1].post == "(and (on block_red table) (not (on block_red block_green)))"


def test_what_is_not_to_be_on_the_table_goes_where_there_is_room(shut):
    relation = made("(not (on block_red table))", shut).stages[-1].relations[0]
    assert (relation.predicate, relation.anchor != "table") == ("on", True)


def test_not_left_means_right(shut):
    atom = next(
        Atom(side, ("mug", "block_red"))
        for side in ("left_of", "right_of", "in_front_of", "behind")
        if isinstance(plan(f"(not ({side} mug block_red))", shut, skills=SKILLS), Plan)
    )
    opposite = {"left_of": "right_of", "right_of": "left_of", "in_front_of": "behind", "behind": "in_front_of"}
    place = made(f"(not {atom})", shut).stages[-1]
    assert f"({opposite[atom.predicate]} mug block_red)" in str(place.post)
    assert f"(not {atom})" in str(place.post)


def test_neither_open_nor_closed_is_half_open(shut):
    (stage,) = made(f"(and (not (is_open {TOP})) (not (is_closed {TOP})))", shut).stages
    assert (stage.skill, stage.parameters) == ("open", {"share": 0.5})


def test_all_literals_of_a_place_are_in_its_formula(shut):
    place = made("(and (aligned mug block_red) (near mug block_red) (lying mug))", shut).stages[-1]
    assert place.post is not None
    assert {"(near mug block_red)", "(aligned mug block_red)", "(lying mug)"} <= set(_atoms(place.post))


def test_a_row_grows_from_the_one_that_stays(shut):
    goal = "(and (in_a_row block_red block_green block_blue) (in_a_row block_green block_blue mug))"
    program = made(goal, shut)
    moved = [stage.body for stage in program.stages if stage.skill == "place"]
    assert len(moved) == len(set(moved)) == 3
    assert sum("in_a_row" in str(stage.post) for stage in program.stages) == 2
    assert "(near " in str(program.stages[1].post), "the first of them decides the direction and the distance"


def test_an_upper_drawer_is_shut_before_the_hand_goes_into_the_lower_one(opened):
    goal = f"(inside block_red {BOTTOM})"
    found = steps(goal, opened)
    assert found.index(f"close {TOP}") < found.index("pick block_red")
    assert found[-1] == "place block_red"


def test_what_is_to_be_held_is_taken_last(shut):
    assert steps("(and (holding mug) (on block_red block_green))", shut)[-1] == "pick mug"


def test_a_shut_drawer_without_a_handle_is_named(problem, simulator):
    drawer = "chest/bottom_drawer"
    world = simulator.load(problem(f"(is_open {drawer})", "chest", "mug", worlds=1).scenes)
    found = why_not(f"(inside mug {drawer})", world)
    assert found.literal == f"(inside mug {drawer})"
    assert f"{drawer!r} is shut and has no handle to grasp" in found.reason


def test_a_hand_that_opens_too_little_takes_nothing(shut):
    assert "has no grasp that the hand's 2.0 cm take" in why_not("(on block_red cabinet)", shut, opening=0.02).reason


def test_a_goal_beyond_the_node_limit_says_so(shut):
    goal = "(and (on block_red block_green) (on block_green block_blue))"
    assert "within 2 states" in why_not(goal, shut, most_nodes=2).reason


def test_a_name_that_the_scene_lacks_is_an_error(shut):
    with pytest.raises(UnknownNameError, match="teapot"):
        plan("(on teapot cabinet)", shut)


def test_a_goal_that_contradicts_itself_has_no_plan(shut):
    assert (
        "contradicts itself"
        in why_not("(and (is_open cabinet/top_drawer) (not (is_open cabinet/top_drawer)))", shut).reason
    )


def test_twelve_stages_are_planned_in_the_same_way_every_time(problem, simulator):
    things = ("block_red", "block_green", "block_blue", "mug", "puzzle_cube")
    built = problem("(on mug plate)", *things, "cabinet", initial=(f"(is_closed {TOP})",), worlds=2)
    world = simulator.load(built.scenes)
    goal = f"(and {' '.join(f'(inside {t} {TOP})' for t in things)} (is_closed {TOP}))"
    found = plan(goal, world, skills=SKILLS)
    assert isinstance(found, Plan)
    assert (len(found.program.stages), found.opened) == (12, 12), "the search walks straight to the goal"
    again = plan(goal, world, skills=SKILLS)
    assert isinstance(again, Plan)
    assert again.program == found.program


def test_alternatives_leave_other_things_where_they_are_and_begin_elsewhere(shut):
    goal = "(and (near mug block_red) (left_of mug block_red) (on block_green cabinet))"
    found = alternatives(goal, shut, count=8, skills=SKILLS)
    assert found[0] == made(goal, shut)
    assert len({program.digest for program in found}) == len(found) == 4
    assert {next(s.body for s in p.stages if "left_of" in str(s.post)) for p in found} == {"mug", "block_red"}
    assert {p.stages[0].body for p in found} == {"mug", "block_red", "block_green"}
    assert alternatives(goal, shut, count=2, skills=SKILLS) == found[:2]


def test_a_goal_without_choice_has_one_program(shut):
    assert len(alternatives(f"(is_open {TOP})", shut, count=4)) == 1
    assert alternatives("(on carton block_red)", shut, count=4) == ()


def _atoms(formula: str) -> list[str]:
    return [str(atom) for atom in atoms(parse(formula))]
