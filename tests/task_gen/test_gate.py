"""The static gate: sound tasks pass, and each kind of nonsense is told what is wrong and what would do."""

import pytest

from pipeline.core.task import TaskObject
from task_gen.gate import static_gate

DRAWER = "cabinet/top_drawer"


def judge(catalog, robot, task):
    verdict = static_gate(task, catalog, robot)
    assert verdict.ok == (not verdict.reasons)
    return " | ".join(map(str, verdict.reasons))


@pytest.mark.parametrize(
    ("goal", "assets", "initial"),
    [
        ("(on mug plate)", ("mug", "plate"), ()),
        ("(and (inside block_red bowl) (not (holding block_red)))", ("block_red", "bowl"), ()),
        ("(within carton zone_red)", ("carton", "zone_red"), ()),
        (f"(is_closed {DRAWER})", ("cabinet",), (f"(is_open {DRAWER})",)),
        (f"(and (is_open {DRAWER}) (inside mug {DRAWER}))", ("cabinet", "mug"), (f"(is_closed {DRAWER})",)),
        ("(on mug table)", ("mug", "plate"), ("(on mug plate)",)),
        ("(or (on block_red plate) (on block_red block_blue))", ("block_red", "block_blue", "plate"), ()),
    ],
)
def test_sound_tasks_pass(catalog, robot, task, goal, assets, initial):
    assert judge(catalog, robot, task(goal, *assets, initial=initial)) == ""


@pytest.mark.parametrize(
    ("goal", "assets", "says"),
    [
        ("(on mug plate", ("mug", "plate"), "goal: Goal '(on mug plate', position 1, at 'on': its ')' is missing"),
        ("(onn mug plate)", ("mug", "plate"), "did you mean 'on'"),
        ("(on mgu plate)", ("mug", "plate"), "did you mean 'mug'"),
        ("(on mug)", ("mug", "plate"), "takes 2 argument(s), got 1"),
        ("(inside mug plate)", ("mug", "plate"), "'plate' is not a container (with a cavity); here: mug"),
        ("(within mug plate)", ("mug", "plate"), "'plate' is not a painted region; this task has none"),
        ("(inside block_red zone_red)", ("block_red", "zone_red"), "'zone_red' is not a container"),
        (
            "(is_open mug)",
            ("mug", "cabinet"),
            "'mug' is not a drawer or door, a tap or a lever, such as cabinet/top_drawer; here: cab",
        ),
        ("(is_open cabinet)", ("cabinet",), "'cabinet' is not a drawer or door"),
        ("(on cabinet plate)", ("cabinet", "plate"), "'cabinet' is not a free object; here: plate"),
        ("(on plate table)", ("plate",), ""),
        ("(on carton plate)", ("carton", "plate"), "opens to 8 cm; 'cardboard box' cannot be grasped"),
        ("(within plate zone_red)", ("plate", "zone_red"), "can be neither grasped nor pushed"),
        ("(within plate zone_red)", ("plate", "zone_red"), "is larger than 'zone_red'"),
        ("(inside mug bowl)", ("mug", "bowl"), "does not fit into 'bowl'; take a smaller object"),
        ("(on bowl block_red)", ("bowl", "block_red"), "finds no room on 'block_red'"),
        ("(and (on mug plate) (not (on mug plate)))", ("mug", "plate"), "both (on mug plate) and (not (on mug plate))"),
        ("(and (on mug plate) (holding mug))", ("mug", "plate"), "(on mug plate) and (holding mug) cannot both hold"),
        (
            "(turned_on oven/door)",
            ("oven",),
            "'oven/door' is not a tap, dial or lever; here: oven/heat_dial, oven/mode_dial",
        ),
        ("(and (turned_on lever/lever) (turned_off lever/lever))", ("lever",), "cannot both hold"),
        (f"(and (is_open {DRAWER}) (is_closed {DRAWER}))", ("cabinet",), "cannot both hold"),
        ("(and (left_of mug plate) (right_of mug plate))", ("mug", "plate"), "cannot both hold"),
        ("(and (on block_red block_blue) (on block_blue block_red))", ("block_red", "block_blue"), "cannot both hold"),
        ("(and (on block_red plate) (inside block_red bowl))", ("block_red", "plate", "bowl"), "cannot both hold"),
        ("(on block_red block_red)", ("block_red",), "relates 'block_red' to itself"),
    ],
)
def test_nonsense_is_told_what_is_wrong(catalog, robot, task, goal, assets, says):
    reasons = judge(catalog, robot, task(goal, *assets))
    assert says in reasons
    assert bool(reasons) == bool(says)


def test_an_unknown_asset_is_answered_with_the_nearest(catalog, robot, task):
    assert "Object 'mugg': Unknown asset 'mugg'. Did you mean 'mug'?" in judge(
        catalog, robot, task("(on mugg plate)", "mugg", "plate")
    )


@pytest.mark.parametrize(
    ("goal", "initial"),
    [(f"(is_open {DRAWER})", f"(is_open {DRAWER})"), (f"(not (is_closed {DRAWER}))", f"(is_open {DRAWER})")],
)
def test_a_goal_that_the_start_already_states_is_refused(catalog, robot, task, goal, initial):
    assert "already holds at the start" in judge(catalog, robot, task(goal, "cabinet", initial=(initial,)))


def test_every_mistake_is_reported_not_only_the_first(catalog, robot, task):
    reasons = judge(catalog, robot, task("(and (inside mug plate) (is_open plate))", "mug", "plate"))
    assert "container" in reasons
    assert "drawer" in reasons


def test_a_bad_initial_relation_is_named_by_its_index(catalog, robot, task):
    bad = task("(on mug plate)", "mug", "plate", initial=("(upright mug)", "(near mug)"))
    assert "initial[1]: Goal '(near mug)', position 1" in judge(catalog, robot, bad)


def test_too_many_things_and_a_second_cabinet_are_too_much(catalog, robot, task):
    plates = tuple(TaskObject(name=f"plate_{i}", asset="plate") for i in range(8))
    cabinets = tuple(TaskObject(name=f"cabinet_{i}", asset="cabinet") for i in range(2))
    base = task("(on mug plate)", "mug", "plate")
    reasons = judge(catalog, robot, base.model_copy(update={"objects": (*base.objects, *plates, *cabinets)}))
    assert "10 free objects are too many" in reasons
    assert "room for one fixture" in reasons
    assert "of the workspace" in reasons
