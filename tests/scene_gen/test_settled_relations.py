"""Every relation's sampler and its predicate agree after physics has settled the scene, in both engines."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from assets.catalog import LibraryCatalog
from flows.stages import make_simulator
from pipeline.core.doors import Simulator, Unplaceable
from pipeline.core.streams import stream
from pipeline.core.task import TaskSpec
from pipeline.holds import holds, parse
from pipeline.settling import settle
from scene_gen.builder import TabletopBuilder
from scene_gen.openings import JOINTS
from scene_gen.realise import RELATIONS
from scene_gen.settle import sample_settled

DRAWER = "cabinet/top_drawer"
CASES = [
    ("(on mug plate)", ("mug", "plate", "bowl")),
    ("(on block_red table)", ("block_red", "milk")),
    ("(on phone oval_plate)", ("phone", "oval_plate")),
    ("(on book cabinet)", ("book", "cabinet")),
    ("(inside block_red bowl)", ("block_red", "bowl", "stapler")),
    ("(inside tv_remote tray)", ("tv_remote", "tray")),
    (f"(and (is_open {DRAWER}) (inside medicine_box {DRAWER}))", ("medicine_box", "cabinet", "mug")),
    ("(and (on block_red block_green) (on block_green block_blue))", ("block_red", "block_green", "block_blue")),
    ("(within milk zone_green)", ("milk", "zone_green", "bowl")),
    ("(near mug bowl)", ("mug", "bowl", "block_red")),
    ("(left_of mug bowl)", ("mug", "bowl")),
    ("(right_of milk plate)", ("milk", "plate", "mug")),
    ("(in_front_of stapler mug)", ("stapler", "mug")),
    ("(behind block_red milk)", ("block_red", "milk")),
    ("(aligned book stapler)", ("book", "stapler", "mug")),
    ("(crosswise book stapler)", ("book", "stapler", "mug")),
    ("(in_a_row block_red block_green block_blue)", ("block_red", "block_green", "block_blue", "mug")),
    ("(upright wine_bottle)", ("wine_bottle", "plate")),
    ("(lying milk)", ("milk", "bowl")),
    ("(lying mug)", ("mug", "book")),
    ("(is_open microwave/door)", ("microwave", "mug")),
    (f"(is_closed {DRAWER})", ("cabinet", "bowl")),
    ("(turned_on faucet/hot_tap)", ("faucet", "mug")),
    ("(turned_off faucet/cold_tap)", ("faucet", "mug")),
    ("(pressed table_lamp/button)", ("table_lamp", "mug")),
    ("(inserted umbrella umbrella_stand)", ("umbrella", "umbrella_stand")),
    ("(inserted bottle_stopper corked_bottle)", ("bottle_stopper", "corked_bottle", "mug")),
    ("(inserted jam_lid jam_jar)", ("jam_lid", "jam_jar")),
    ("(inserted jenga_piece jenga_tower)", ("jenga_piece", "jenga_tower")),
    ("(inserted square_ring peg_red)", ("square_ring", "peg_red")),
    ("(and (facing slotted_block) (inserted chef_knife slotted_block))", ("chef_knife", "slotted_block")),
]
ROWS = 4


@pytest.fixture(scope="module", params=["mujoco", pytest.param("genesis", marks=pytest.mark.physics)])
def simulator(request: pytest.FixtureRequest, catalog: LibraryCatalog) -> Simulator:
    return make_simulator(request.param, catalog)


def test_every_relation_has_a_case() -> None:
    covered = {word for goal, _ in CASES for word in goal.replace("(", " ").split()}
    assert {*RELATIONS.names, *JOINTS} <= covered


@pytest.mark.parametrize(("relation", "assets"), CASES, ids=[c[0] for c in CASES])
def test_what_is_sampled_holds_once_it_has_settled(
    simulator: Simulator, catalog: LibraryCatalog, task: Callable[..., TaskSpec], relation: str, assets: tuple[str, ...]
) -> None:
    builder = TabletopBuilder(catalog, catalog.robot("panda"), cameras=())
    wanted = task(relation, *assets, initial=(relation,))
    scenes = [builder.build(wanted, stream(4, "relation", relation, row)) for row in range(ROWS)]
    settled = settle(scenes, simulator, seconds=1.5)
    assert settled.reasons == ("",) * ROWS
    assert holds(parse(relation), simulator.state()).all()


def test_what_a_spring_shuts_again_is_not_laid_out_open(catalog: LibraryCatalog, task: Callable[..., TaskSpec]) -> None:
    wanted = task("(is_open push_button/button)", "push_button", initial=("(is_open push_button/button)",))
    with pytest.raises(Unplaceable, match="sprung"):
        TabletopBuilder(catalog, catalog.robot("panda"), cameras=()).build(wanted, stream(4, "sprung"))


def test_rows_that_do_not_settle_are_laid_out_again(
    catalog: LibraryCatalog, task: Callable[..., TaskSpec], monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = task("(on mug plate)", "mug", "plate", initial=("(on mug plate)",))
    builder, simulator = TabletopBuilder(catalog, catalog.robot("panda"), cameras=()), make_simulator("mujoco", catalog)
    good = sample_settled(builder, wanted, simulator, count=3, seed=4)
    assert good.mask.all()

    class Clumsy:
        """Builds the second row's first layout with the mug beside the plate's rim, as a poor sampler would."""

        calls = 0

        def build(self, task: TaskSpec, stream: np.random.Generator):
            scene = builder.build(task, stream)
            self.calls += 1
            if self.calls != 2:
                return scene
            x, y, z, *quat = scene.placement("mug").pose
            return scene.with_placements({"mug": (x + 0.11, y, z + 0.01, *quat)})  # type: ignore[dict-item]

        def stage(self, task, scene, stream):
            return builder.stage(task, scene, stream)

    clumsy = Clumsy()
    mended = sample_settled(clumsy, wanted, simulator, count=3, seed=4)
    assert mended.mask.all()
    assert clumsy.calls == 4
    assert mended.scenes[0] == good.scenes[0]
    assert mended.scenes[2] == good.scenes[2]
    assert mended.scenes[1] != good.scenes[1]


def test_what_never_settles_is_left_with_its_reason(catalog: LibraryCatalog, task: Callable[..., TaskSpec]) -> None:
    builder, simulator = TabletopBuilder(catalog, catalog.robot("panda"), cameras=()), make_simulator("mujoco", catalog)

    class Dropping:
        def build(self, task: TaskSpec, stream: np.random.Generator):
            scene = builder.build(task, stream)
            x, y, z, *quat = scene.placement("mug").pose
            return scene.with_placements({"mug": (x, y, z + 0.1, *quat)})  # type: ignore[dict-item]

        def stage(self, task, scene, stream):
            return builder.stage(task, scene, stream)

    result = sample_settled(Dropping(), task("(near mug plate)", "mug", "plate"), simulator, count=2, seed=4)
    assert not result.mask.any()
    assert all("'mug'" in why for why in result.reasons)
