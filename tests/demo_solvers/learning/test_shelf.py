"""A shelf keeps what was learned for a stage and offers it to stages alike, whatever their things are called."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from demo_solvers.learning.learned_skill import LearnedSkill, key_of, learned_skill
from demo_solvers.learning.policy import LocalPolicy
from demo_solvers.learning.shelf import Shelf
from demo_solvers.learning.stage import LearnedStage
from pipeline.core.doors import Problem
from pipeline.core.errors import InvalidInputError, OutputError
from pipeline.core.program import Relation, Stage
from pipeline.core.scene import SceneSpec

PUSH = Stage(skill="push", body="cookie_box", relations=(Relation(predicate="within", anchor="zone_green"),))


def policy_of(value: float) -> LocalPolicy:
    """Two layers, told apart by ``value``."""
    return LocalPolicy(
        (np.full((4, 33), value, np.float32), np.full((2, 4), value, np.float32)),
        (np.zeros(4, np.float32), np.full(2, value, np.float32)),
        squashed=True,
    )


@pytest.fixture
def scene(push: Problem) -> SceneSpec:
    return push.scenes[0]


@pytest.fixture
def skill(stage: LearnedStage, scene: SceneSpec) -> LearnedSkill:
    return learned_skill(PUSH, stage, scene, way="policy", reached=60, starts=64, training="abc")


def renamed(scene: SceneSpec, **names: str) -> SceneSpec:
    placements = tuple(p.model_copy(update={"name": names.get(p.name, p.name)}) for p in scene.placements)
    return scene.model_copy(update={"placements": placements})


def test_a_skill_is_offered_to_the_same_stage_under_other_names(
    tmp_path: Path, stage: LearnedStage, scene: SceneSpec, skill: LearnedSkill
) -> None:
    shelf = Shelf(tmp_path / "skills")
    assert shelf.put(skill, policy_of(0.1))
    other = renamed(scene, cookie_box="parcel", zone_green="goal")
    wanted = stage.model_copy(
        update={"name": "bring", "goal": "(within parcel goal)", "body": "parcel", "others": ("goal",), "speed": 0.1}
    )
    (offer,) = shelf.find(PUSH.model_copy(update={"body": "parcel"}), wanted, other)
    assert offer.exact
    assert (offer.skill.reached, offer.skill.starts) == (60, 64)
    assert offer.stage == wanted.model_copy(update={"speed": stage.speed}), "it moves as it was trained"
    np.testing.assert_array_equal(offer.policy.weights[1], policy_of(0.1).weights[1])


def test_a_policy_that_saw_something_else_is_not_offered_and_gives_way_to_one_that_can_be_used(
    tmp_path: Path, stage: LearnedStage, scene: SceneSpec, skill: LearnedSkill
) -> None:
    shelf, before = Shelf(tmp_path), skill.model_copy(update={"sight": skill.sight - 1, "reached": 64})
    assert shelf.put(before, policy_of(0.1))
    assert shelf.find(PUSH, stage, scene) == ()
    assert shelf.put(skill, policy_of(0.2))
    assert [offer.skill.reached for offer in shelf.find(PUSH, stage, scene)] == [60]


def test_the_same_assets_come_before_the_same_category_and_others_not_at_all(
    tmp_path: Path, stage: LearnedStage, scene: SceneSpec, skill: LearnedSkill
) -> None:
    shelf = Shelf(tmp_path)
    key = skill.key
    like = skill.model_copy(
        update={"key": key.model_copy(update={"assets": ("other_box", "zone_green")}), "reached": 64}
    )
    unlike = skill.model_copy(update={"key": key.model_copy(update={"categories": ("mug", "region")})})
    further = skill.model_copy(update={"key": key.model_copy(update={"goal": "(near o0 o1)"})})
    for number, one in enumerate((skill, like, unlike, further)):
        assert shelf.put(one, policy_of(0.1 * (number + 1)))
    offers = shelf.find(PUSH, stage, scene)
    assert [(o.exact, o.skill.reached) for o in offers] == [(True, 60), (False, 64)]


def test_a_skill_that_never_reached_is_kept_but_not_offered(
    tmp_path: Path, stage: LearnedStage, scene: SceneSpec, skill: LearnedSkill
) -> None:
    shelf = Shelf(tmp_path)
    assert shelf.put(skill.model_copy(update={"reached": 0}), policy_of(0.1))
    assert len(shelf.skills()) == 1
    assert shelf.find(PUSH, stage, scene) == ()


def test_of_equal_keys_the_better_measured_is_kept(tmp_path: Path, skill: LearnedSkill) -> None:
    shelf = Shelf(tmp_path)
    lucky = skill.model_copy(update={"reached": 1, "starts": 1})
    assert shelf.put(lucky, policy_of(0.1))
    assert shelf.put(skill, policy_of(0.2)), "one lucky start is no proof"
    assert not shelf.put(lucky, policy_of(0.1))
    (held,) = shelf.skills()
    assert held.reached == 60
    assert len(list(tmp_path.glob("*.npz"))) == 1, "no weights are left behind"


def _put(root: Path, skill: LearnedSkill, value: float) -> None:
    Shelf(root).put(skill, policy_of(value))


def test_several_processes_may_put_at_once(tmp_path: Path, skill: LearnedSkill) -> None:
    context = get_context("spawn")
    skills = [skill.model_copy(update={"reached": n}) for n in (10, 40, 20, 30)]
    processes = [context.Process(target=_put, args=(tmp_path, s, s.reached / 100)) for s in skills]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    shelf = Shelf(tmp_path)
    shelf.check()
    assert [s.reached for s in shelf.skills()] == [40]
    assert len(list(tmp_path.glob("*.npz"))) == 1


def test_a_digest_follows_the_content(tmp_path: Path, skill: LearnedSkill) -> None:
    shelf = Shelf(tmp_path / "none")
    assert shelf.digest == ""
    shelf.put(skill, policy_of(0.1))
    before = shelf.digest
    copy = Shelf(tmp_path / "copy")
    assert copy.take(shelf, engine="mujoco 3") == 1
    assert copy.take(shelf) == 0
    assert copy.skills()[0].engine == "mujoco 3"
    shelf.put(skill.model_copy(update={"reached": 64}), policy_of(0.1))
    assert len({before, shelf.digest, copy.digest}) == 3


@pytest.mark.parametrize("damage", ["card", "weights", "no weights", "other weights", "renamed", "pickle"])
def test_a_broken_file_is_named(
    tmp_path: Path, stage: LearnedStage, scene: SceneSpec, skill: LearnedSkill, damage: str
) -> None:
    shelf = Shelf(tmp_path)
    shelf.put(skill, policy_of(0.1))
    (card,), (weights,) = tmp_path.glob("*.json"), tmp_path.glob("*.npz")
    guilty = weights
    if damage == "card":
        card.write_text("{}")
        guilty = card
    elif damage == "renamed":
        guilty = card.rename(tmp_path / "push-mug-0123.json")
    elif damage == "no weights":
        weights.unlink()
    elif damage == "pickle":
        np.savez(weights, squashed=np.array(print, dtype=object), weight_0=weights, bias_0=weights)
        held = json.loads(card.read_text())
        held["policy"] = hashlib.sha256(weights.read_bytes()).hexdigest()
        card.write_text(json.dumps(held))
        guilty = weights.rename(weights.with_name(f"{card.stem}-{held['policy'][:12]}.npz"))
    else:
        weights.write_bytes(b"PK nonsense" if damage == "weights" else weights.read_bytes() + b" ")
    with pytest.raises(InvalidInputError, match=guilty.name):
        shelf.find(PUSH, stage, scene)
    with pytest.raises(InvalidInputError, match=guilty.name):
        shelf.check()


def test_a_shelf_that_cannot_be_written_says_so(tmp_path: Path, skill: LearnedSkill) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"Cannot keep a skill in .*file"):
        Shelf(tmp_path / "file").put(skill, policy_of(0.1))


def test_joints_and_links_keep_their_names(stage: LearnedStage, problem: Callable[..., Problem]) -> None:
    goal = "(is_open chest/top_drawer)"
    chest = problem("(is_open cabinet/top_drawer)", "cabinet", family="articulate", worlds=1)
    scene = renamed(chest.scenes[0], cabinet="chest")
    drag = LearnedStage(name="drag", goal=goal, body="chest/top_drawer", joints=("chest/top_drawer_slide",))
    key = key_of(Stage(skill="pull", body="chest/top_drawer"), drag, scene)
    assert (key.goal, key.joints, key.assets) == (
        "(is_open o0/top_drawer)",
        ("o0/top_drawer_slide",),
        ("cabinet",),
    )
    with pytest.raises(InvalidInputError, match="the scene has no 'cookie_box'"):
        key_of(PUSH, stage, scene)
