"""The dynamic gate: settles scenes, drops the bad ones with a reason, and refuses goals that fail a test."""

from typing import get_args

import numpy as np
import pytest

from pipeline.core.doors import Catalog, SceneBuilder, Simulator
from pipeline.core.errors import InvalidInputError
from pipeline.core.registry import Registry
from pipeline.core.robot import RobotSpec
from pipeline.core.scene import SceneSpec
from pipeline.core.streams import stream
from pipeline.core.task import Family, TaskSpec
from pipeline.holds import holds, parse
from scene_gen.builder import TabletopBuilder
from scene_gen.settle import sample_settled
from task_gen.author import propose
from task_gen.dynamic_gate import DynamicVerdict, dynamic_gate
from task_gen.reasons import sentences

SCENES = 4
ENGINES = ["kinematic", pytest.param("mujoco", marks=pytest.mark.physics)]


@pytest.fixture(scope="module")
def builder(catalog: Catalog, robot: RobotSpec) -> SceneBuilder:
    return TabletopBuilder(catalog, robot)


@pytest.fixture(scope="module", params=ENGINES)
def simulator(request: pytest.FixtureRequest, catalog: Catalog) -> Simulator:
    return Registry("pipeline.sim", "simulator").get(request.param)(catalog)


@pytest.fixture
def scenes(builder):
    def build(task: TaskSpec, **lifted: float) -> list[SceneSpec]:
        """Four scenes; in the first, the named objects are lifted by so many metres."""
        made = [builder.build(task, stream(9, "test", i)) for i in range(SCENES)]
        poses = {n: (*made[0].placement(n).pose[:2], z, *made[0].placement(n).pose[3:]) for n, z in lifted.items()}
        return [made[0].with_placements(poses), *made[1:]]

    return build


def judge(task, scenes, builder, simulator) -> DynamicVerdict:
    return dynamic_gate(task, scenes, builder, simulator, seed=9)


@pytest.mark.parametrize(
    ("goal", "assets", "initial"),
    [
        ("(on block_red plate)", ("block_red", "plate"), ()),
        ("(inside block_red bowl)", ("block_red", "bowl"), ()),
        (
            "(and (on block_red block_green) (on block_green block_blue))",
            ("block_red", "block_green", "block_blue"),
            (),
        ),
        ("(within carton zone_red)", ("carton", "zone_red"), ()),
        ("(is_closed cabinet/top_drawer)", ("cabinet",), ("(is_open cabinet/top_drawer)",)),
        (
            "(and (is_open cabinet/top_drawer) (inside block_red cabinet/top_drawer))",
            ("cabinet", "block_red"),
            ("(is_closed cabinet/top_drawer)",),
        ),
        ("(on mug table)", ("mug", "plate"), ("(on mug plate)",)),
    ],
)
def test_sound_tasks_pass_in_every_scene(builder, simulator, scenes, task, goal, assets, initial):
    family = "push" if "within" in goal else "pick_place"
    sound = task(goal, *assets, initial=initial, family=family)
    verdict = judge(sound, scenes(sound), builder, simulator)
    assert verdict.reasons == ()
    assert verdict.ok
    assert verdict.mask.all()
    assert len(verdict.surviving) == SCENES
    assert verdict.measurements["settling_m"] < 0.02


def test_settled_scenes_begin_at_rest(builder, simulator, scenes, task):
    sound = task("(on block_red plate)", "block_red", "plate")
    verdict = judge(sound, scenes(sound), builder, simulator)
    before = simulator.load(verdict.surviving)
    start = np.array([s.robot_start for s in verdict.surviving], np.float32)
    after = simulator.run(np.repeat(start[None], 20, axis=0)).at(-1)
    assert np.abs(after.body("block_red")[:, :3] - before.body("block_red")[:, :3]).max() < 0.001


def test_a_scene_that_falls_apart_is_dropped_and_the_others_stay(builder, simulator, scenes, task):
    sound = task("(on block_red plate)", "block_red", "plate")
    verdict = judge(sound, scenes(sound, block_red=0.06), builder, simulator)
    assert verdict.ok
    assert verdict.mask.tolist() == [False, True, True, True]
    assert sentences(verdict.reasons) == ("Scene 0: 'block_red' moved 6.0 cm; at most 2 are allowed.",)


@pytest.mark.parametrize("goal", ["(upright mug)", "(not (on mug plate))"])
def test_a_goal_that_holds_at_reset_is_refused(builder, simulator, scenes, task, goal):
    idle = task(goal, "mug", "plate")
    verdict = judge(idle, scenes(idle), builder, simulator)
    assert not verdict.ok
    assert verdict.reasons[0].message == "Only 0 of 4 scenes of 'a_task' passed; at least 50% must."
    assert f"the goal {goal} already holds at reset." in verdict.reasons[1].message


def test_a_goal_that_cannot_be_staged_is_refused_with_the_reason(builder, simulator, scenes, task):
    carried = task("(holding carton)", "carton", "plate")
    verdict = judge(carried, scenes(carried), builder, simulator)
    assert not verdict.ok
    assert "cannot be laid out" in verdict.reasons[1].message


def test_a_goal_that_cannot_be_laid_out_names_the_missing_part(builder, simulator, scenes, task):
    deep = task("(and (inside milk bowl) (upright milk))", "milk", "bowl")
    verdict = judge(deep, scenes(deep), builder, simulator)
    assert not verdict.ok
    assert "(inside milk bowl)" in verdict.reasons[1].message
    assert "would not come true" in verdict.reasons[1].message


@pytest.mark.physics
def test_an_engine_that_diverges_rejects_the_task_and_stops_nothing(catalog, builder, scenes, task):
    engine = Registry("pipeline.sim", "simulator").get("mujoco")(catalog)
    sound = task("(on block_red plate)", "block_red", "plate")
    verdict = judge(sound, scenes(sound, block_red=np.nan), builder, engine)
    assert not verdict.ok
    assert not verdict.mask.any()
    assert [r.code for r in verdict.reasons] == ["explodes"]
    assert "diverged in rows [0]" in verdict.reasons[0].message


def test_scenes_of_different_tasks_do_not_mix(builder, simulator, scenes, task):
    one, other = task("(on mug plate)", "mug", "plate"), task("(on mug carton)", "mug", "carton")
    with pytest.raises(InvalidInputError, match="scenes of one build key"):
        judge(one, [*scenes(one)[:1], *scenes(other)[:1]], builder, simulator)


def test_the_authors_first_tasks_pass_without_physics(builder, catalog, robot):
    simulator = Registry("pipeline.sim", "simulator").get("kinematic")(catalog)
    for task in propose(catalog, robot, count=10, seed=0):
        made = [builder.build(task, stream(0, task.name, i)) for i in range(SCENES)]
        assert judge(task, made, builder, simulator).ok, task.name


@pytest.mark.physics
@pytest.mark.parametrize("family", get_args(Family))
def test_every_familys_first_tasks_pass_in_physics(builder, catalog, robot, family):
    simulator = Registry("pipeline.sim", "simulator").get("mujoco")(catalog)
    for task in propose(catalog, robot, count=2, seed=4, families=[family]):
        settled = sample_settled(builder, task, simulator, count=2, seed=4)
        verdict = judge(task, settled.scenes, builder, simulator)
        assert verdict.ok, (task.goal, [str(r) for r in verdict.reasons])


@pytest.mark.physics
def test_a_door_is_not_open_by_waiting_and_stays_where_it_is_staged(builder, catalog, task):
    simulator = Registry("pipeline.sim", "simulator").get("mujoco")(catalog)
    goal = "(and (inside cupcake microwave) (is_closed microwave/door) (turned_on microwave/dial))"
    cooked = task(goal, "microwave", "cupcake", initial=("(is_open microwave/door)",), family="operate")
    made = [builder.build(cooked, stream(9, "test", i)) for i in range(SCENES)]
    assert judge(cooked, made, builder, simulator).mask.all()
    staged = [builder.stage(cooked, scene, stream(9, "stage", i)) for i, scene in enumerate(made)]
    assert holds(parse(goal), simulator.load(staged)).all()
    assert not holds(parse(goal), simulator.load(made)).any()
