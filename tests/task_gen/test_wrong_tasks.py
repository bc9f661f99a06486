"""Wrong tasks written by hand: every one is rejected with the right code, and the right task beside it passes."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from assets.catalog import LibraryCatalog
from assets.variants import Change, variant
from pipeline.core.scene import SceneSpec
from pipeline.core.streams import stream
from pipeline.sim.mujoco import mujoco
from scene_gen.builder import TabletopBuilder
from task_gen.dynamic_gate import DynamicVerdict, dynamic_gate
from task_gen.gate import static_gate

if TYPE_CHECKING:
    from tests.task_gen.wrong_tasks import DYNAMIC, STATIC, Draft, Pair
else:
    from wrong_tasks import DYNAMIC, STATIC, Draft, Pair

EVERY_DYNAMIC = pytest.mark.parametrize("pair", DYNAMIC, ids=lambda p: f"{p.code}: {p.mistake}")
EVERY_PAIR = pytest.mark.parametrize("pair", STATIC, ids=lambda p: f"{p.code}: {p.mistake}")


def test_there_are_at_least_sixty_pairs_over_every_static_code_and_no_task_twice():
    assert len(STATIC) >= 60
    wrongs = Counter((p.wrong.goal, p.wrong.things, p.wrong.initial) for p in STATIC)
    assert max(wrongs.values()) == 1
    assert len({p.code for p in STATIC}) >= 13


@EVERY_PAIR
def test_the_wrong_task_is_rejected_with_the_right_code(catalog, pair: Pair):
    reasons = static_gate(pair.wrong.task(), catalog, catalog.robot(pair.wrong.robot)).reasons
    assert pair.code in {r.code for r in reasons}, f"{pair.wrong.goal}: {[*map(str, reasons)] or 'accepted'}"
    assert all(r.message for r in reasons)


@EVERY_PAIR
def test_the_right_task_beside_it_is_accepted(catalog, pair: Pair):
    verdict = static_gate(pair.right.task(), catalog, catalog.robot(pair.right.robot))
    assert verdict.ok, f"{pair.right.goal}: {[*map(str, verdict.reasons)]}"


@pytest.fixture(scope="module")
def judge(catalog, tmp_path_factory):
    """Puts a draft's scenes through the dynamic gate, in MuJoCo."""
    simulator, worn = mujoco(catalog), tmp_path_factory.mktemp("worn")

    def run(draft: Draft) -> DynamicVerdict:
        task, robot = draft.task(), catalog.robot(draft.robot)
        assert static_gate(task, catalog, robot).ok, "a mistake that its words give away belongs to the static pairs"
        builder = TabletopBuilder(catalog, robot, cameras=())
        scenes = [posed(draft, builder.build(task, stream(9, "wrong", draft.goal, i))) for i in range(4)]
        scenes = [aged(draft, scene, catalog, worn) for scene in scenes]
        return dynamic_gate(task, scenes, builder, simulator, seed=9)

    return run


def posed(draft: Draft, scene: SceneSpec) -> SceneSpec:
    """The scene with the draft's own places and joints."""
    poses = {name: (x, y, *scene.placement(name).pose[2:]) for name, x, y in draft.at}
    for name, carrier, x, z in draft.onto:
        under = scene.placement(carrier).pose
        poses[name] = (under[0] + x, under[1], under[2] + z, 1.0, 0.0, 0.0, 0.0)
    return scene.with_placements(poses, {name: {joint: position} for name, joint, position in draft.joints})


def aged(draft: Draft, scene: SceneSpec, catalog: LibraryCatalog, root: Path) -> SceneSpec:
    """The scene with the hinges of the draft's named joints as worn as it says."""
    change, names = Change(joint_friction=draft.worn), {name for name, _, _ in draft.joints}
    placements = tuple(
        p.model_copy(update={"asset": variant(p.asset, change, catalog, root=root)}) if p.name in names else p
        for p in scene.placements
    )
    return scene.model_copy(update={"placements": placements})


def test_dynamic_pairs_cover_every_code_of_the_dynamic_gate():
    codes = {"goal_already_true", "goal_true_after_nothing", "unstable", "explodes", "unreachable"}
    assert {p.code for p in DYNAMIC} == codes | {"goal_unreachable_by_staging"}


@pytest.mark.physics
@EVERY_DYNAMIC
def test_physics_rejects_the_wrong_task_with_the_right_code(judge, pair: Pair):
    verdict = judge(pair.wrong)
    assert not verdict.ok, f"{pair.wrong.goal}: accepted, {[*map(str, verdict.reasons)]}"
    assert verdict.reasons[0].code == pair.code, [*map(str, verdict.reasons)]


@pytest.mark.physics
@EVERY_DYNAMIC
def test_physics_accepts_the_right_task_beside_it(judge, pair: Pair):
    verdict = judge(pair.right)
    assert verdict.ok, f"{pair.right.goal}: {[*map(str, verdict.reasons)]}"
