"""Practice scenes are settled, the same for every batch and process, of the batch's build, and settled once."""

from __future__ import annotations

from pathlib import Path

import pytest

from assets.catalog import LibraryCatalog
from flows.posing import lay_out, pose
from flows.practice_scenes import CHUNK, PracticeScenes
from pipeline.core.doors import Problem, Simulator, Unplaceable
from pipeline.core.errors import InvalidInputError
from pipeline.core.task import TaskObject, TaskSpec
from pipeline.holds import holds, parse
from pipeline.rollout import BatchWorlds
from pipeline.sim.kinematic import kinematic
from scene_gen.builder import TabletopBuilder

PUSH = TaskSpec(
    name="push_box",
    family="push",
    instruction="Push the box into the zone.",
    objects=(TaskObject(name="box", asset="cookie_box"), TaskObject(name="zone", asset="zone_green", role="region")),
    goal="(within box zone)",
)
ALONE = PUSH.model_copy(update={"name": "alone", "objects": PUSH.objects[:1], "family": "pick_place"})


@pytest.fixture(scope="module")
def builder() -> TabletopBuilder:
    catalog = LibraryCatalog()
    return TabletopBuilder(catalog, catalog.robot("panda"))


@pytest.fixture
def simulator(builder: TabletopBuilder) -> kinematic:
    return kinematic(builder.catalog)


def source(simulator: Simulator, builder: TabletopBuilder, folder: Path, task: TaskSpec = PUSH) -> PracticeScenes:
    return PracticeScenes(task, builder, simulator, seed=3, folder=folder)


def never(*_: object, **__: object) -> None:
    raise AssertionError("settled again")


def test_they_share_the_batchs_build_and_the_goal_is_still_to_be_reached(
    simulator: kinematic, builder: TabletopBuilder, tmp_path: Path
) -> None:
    laid = lay_out(PUSH, builder, simulator, worlds=4, seed=3, index=0)
    problem = pose(PUSH, laid, builder, simulator, seed=3, index=0).problem
    assert problem is not None
    scenes = source(simulator, builder, tmp_path)(8)
    assert {s.build_key for s in scenes} == {problem.scenes[0].build_key}
    world = simulator.load([s.physics_only() for s in scenes])
    assert not holds(parse(PUSH.goal), world).any()
    assert not {s.placement("box").pose for s in scenes} & {s.placement("box").pose for s in problem.scenes}


def test_equal_calls_give_equal_scenes_and_parts_share_none(
    simulator: kinematic, builder: TabletopBuilder, tmp_path: Path
) -> None:
    ours = source(simulator, builder, tmp_path / "one")
    few, many = ours(3), ours(CHUNK + 5)
    assert many[:3] == few
    assert len({s.model_dump_json() for s in many}) == CHUNK + 5
    assert source(simulator, builder, tmp_path / "two")(CHUNK + 5) == many
    held_out = ours(5, part="held-out")
    assert not {s.placement("box").pose for s in held_out} & {s.placement("box").pose for s in many}


def test_a_later_batch_and_another_process_do_not_settle_again(
    simulator: kinematic, builder: TabletopBuilder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenes = source(simulator, builder, tmp_path)(6)
    monkeypatch.setattr("flows.practice_scenes.sample_settled", never)
    assert source(kinematic(builder.catalog), builder, tmp_path)(6) == scenes
    assert (tmp_path / "practice.json").stat().st_size < 400_000


@pytest.mark.parametrize("damage", ["half", "another seed"])
def test_a_damaged_bank_or_one_of_another_seed_counts_as_none(
    simulator: kinematic, builder: TabletopBuilder, tmp_path: Path, damage: str
) -> None:
    ours = source(simulator, builder, tmp_path)
    scenes, path = ours(2), tmp_path / "practice.json"
    if damage == "half":
        path.write_bytes(path.read_bytes()[:1000])
    else:
        PracticeScenes(PUSH, builder, simulator, seed=4, folder=tmp_path / "other")(2)
        path.write_bytes((tmp_path / "other" / "practice.json").read_bytes())
    assert ours(2) == scenes


def test_a_trial_begins_afresh_after_scenes_were_settled(
    simulator: kinematic, builder: TabletopBuilder, tmp_path: Path
) -> None:
    """Settling takes the simulator away from the handle that a solver was given; the next one has it."""
    laid = lay_out(PUSH, builder, simulator, worlds=2, seed=3, index=0)
    worlds = BatchWorlds(simulator, Problem(PUSH, laid.scenes, seed=0))
    first = worlds.state()
    scenes = source(simulator, builder, tmp_path)(4)
    assert worlds.practice(scenes).batch == 4
    again = worlds.trial()
    assert again.batch == 2
    assert (again.state().pose == first.pose).all()


def test_a_task_whose_scenes_never_do_is_said_to_be_one(
    simulator: kinematic, builder: TabletopBuilder, tmp_path: Path
) -> None:
    done = ALONE.model_copy(update={"goal": "(upright box)"})
    with pytest.raises(Unplaceable, match="'alone': none of 128 scenes"):
        source(simulator, builder, tmp_path, done)(1)


@pytest.mark.parametrize("part", ["../run", "", "A", "a/b"])
def test_a_part_cannot_lead_out_of_the_folder(
    simulator: kinematic, builder: TabletopBuilder, tmp_path: Path, part: str
) -> None:
    with pytest.raises(InvalidInputError, match="Part"):
        source(simulator, builder, tmp_path)(1, part=part)
