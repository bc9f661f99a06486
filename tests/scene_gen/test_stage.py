"""Staged goals: laid out so that the goal holds once things have dropped the last millimetre."""

import numpy as np
import pytest

from pipeline.core.doors import Unplaceable
from pipeline.core.registry import Registry
from pipeline.core.streams import stream
from pipeline.holds import holds, parse

DRAWER = "cabinet/top_drawer"
GOALS = [
    ("(on mug plate)", ("mug", "plate")),
    ("(inside block_red bowl)", ("block_red", "bowl")),
    ("(and (on block_red block_green) (on block_green block_blue))", ("block_red", "block_green", "block_blue")),
    ("(and (near mug bowl) (left_of mug bowl) (on mug table) (upright mug))", ("mug", "bowl", "block_red")),
    ("(and (near mug bowl) (in_front_of mug bowl))", ("mug", "bowl")),
    ("(within carton zone_red)", ("carton", "zone_red")),
    (f"(is_open {DRAWER})", ("cabinet",)),
    (f"(and (is_open {DRAWER}) (inside block_red {DRAWER}))", ("cabinet", "block_red")),
    (f"(and (inside block_red {DRAWER}) (is_closed {DRAWER}))", ("cabinet", "block_red")),
    ("(and (turned_on oven/heat_dial) (turned_off oven/mode_dial) (is_open oven/door))", ("oven",)),
    ("(and (inside bowl oven) (inside cupcake oven) (is_closed oven/door))", ("oven", "bowl", "cupcake")),
    ("(and (within glass zone_red) (within block_red zone_red))", ("glass", "block_red", "zone_red")),
    (
        "(and (near mug glass) (left_of mug glass) (near gift glass) (right_of gift glass))",
        ("mug", "glass", "gift"),
    ),
    ("(or (on mug plate) (holding mug))", ("mug", "plate")),
    ("(and (on mug plate) (not (holding mug)))", ("mug", "plate")),
]


@pytest.mark.parametrize(("goal", "assets"), GOALS, ids=[g for g, _ in GOALS])
def test_a_staged_goal_holds_and_an_unstaged_one_does_not(builder, catalog, task, goal, assets):
    wanted = task(goal, *assets)
    scenes = [builder.build(wanted, stream(3, "test", i)) for i in range(6)]
    staged = [builder.stage(wanted, s, stream(3, "stage", i)) for i, s in enumerate(scenes)]
    simulator = Registry("pipeline.sim", "simulator").get("kinematic")(catalog)
    assert not holds(parse(goal), simulator.load(scenes)).all()
    simulator.load(staged)
    hold = np.repeat(np.array([s.robot_start for s in staged], np.float32)[None], 10, axis=0)
    assert holds(parse(goal), simulator.run(hold).at(-1)).all()


def test_staging_moves_nothing_but_what_the_goal_names(builder, task):
    wanted = task("(on mug plate)", "mug", "plate", "bowl")
    scene = builder.build(wanted, stream(3, "a"))
    staged = builder.stage(wanted, scene, stream(3, "b"))
    moved = {p.name for p in scene.placements if staged.placement(p.name).pose != p.pose}
    assert moved == {"mug"}
    assert staged.build_key == scene.build_key


@pytest.mark.parametrize(
    ("goal", "says"),
    [
        ("(and (on mug plate) (on plate mug))", r"'mug', 'plate' refer to each other in a circle"),
        ("(on table plate)", r"asks 'table' to be moved, but it is not a free object"),
        ("(inside mug plate)", r"'plate' has no cavity"),
        ("(and (on mug plate) (inside mug bowl))", r"'mug' cannot be in several places"),
    ],
)
def test_what_cannot_be_laid_out_says_why(builder, task, goal, says):
    wanted = task(goal, "mug", "plate", "bowl")
    scene = builder.build(wanted, stream(3, "a"))
    with pytest.raises(Unplaceable, match=says):
        builder.stage(wanted, scene, stream(3, "b"))


def test_what_is_in_a_drawer_moves_along_with_it(builder, task):
    wanted = task(f"(is_closed {DRAWER})", "cabinet", "block_red", initial=(f"(inside block_red {DRAWER})",))
    wanted = wanted.model_copy(update={"initial": (*wanted.initial, f"(is_open {DRAWER})")})
    scene = builder.build(wanted, stream(3, "a"))
    staged = builder.stage(wanted, scene, stream(3, "b"))
    before, after = (np.array(s.placement("block_red").pose) for s in (scene, staged))
    drawn = scene.placement("cabinet").joints["top_drawer_slide"]
    assert np.linalg.norm(after[:3] - before[:3]) == pytest.approx(drawn, abs=1e-6)
    assert after[0] > before[0]


@pytest.mark.parametrize(
    ("goal", "start"),
    [
        ("(not (on mug plate))", "(on mug plate)"),
        ("(not (near mug plate))", "(near mug plate)"),
        ("(upright mug)", "(lying mug)"),
    ],
)
def test_things_are_taken_away_or_stood_up_where_the_goal_says_no_more(builder, task, goal, start):
    wanted = task(goal, "mug", "plate", initial=(start,))
    scene = builder.build(wanted, stream(3, "a"))
    staged = builder.stage(wanted, scene, stream(3, "b"))
    moved = {p.name for p in scene.placements if staged.placement(p.name).pose != p.pose}
    assert moved == {"mug"}
