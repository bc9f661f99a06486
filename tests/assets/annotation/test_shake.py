"""The shake test tells a grasp that holds from one that does not, the same every time, and signs what it writes."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from assets.annotation.shake import HOLDS, WHERE, shake_scores, shake_test
from assets.annotation.shake_motion import LIFT, PHASES, SHIFT, motion, stands
from assets.cards import write_card
from assets.catalog import LibraryCatalog
from assets.check import check_assets
from demo_solvers.planning.arm import Arm
from flows.cli import main
from flows.shaking import graspable
from pipeline.core.asset import AssetSpec
from pipeline.core.geometry import Grasp
from pipeline.core.poses import compose, from_matrix
from pipeline.sim.mujoco import mujoco

CATALOG = LibraryCatalog()
PANDA = CATALOG.robot("panda")
ARM = Arm(PANDA)
BLOCK = CATALOG.asset("block_red")
WIDTH, MIDDLE = 0.045, 0.0225  # m
DOWN = np.array([[1.0, 0, 0, 0], [0, -1, 0, 0], [0, 0, -1, 0], [0, 0, 0, 1]])  # the tool looks down and closes along y


@pytest.fixture(scope="module")
def simulator() -> Iterator[mujoco]:
    made = mujoco(CATALOG)
    yield made
    made.close()


def grasp(x: float = 0.0, z: float = MIDDLE, width: float = WIDTH) -> Grasp:
    matrix = DOWN.copy()
    matrix[:3, 3] = (x, 0.0, z)
    a, b, c, qw, qx, qy, qz = map(float, from_matrix(matrix))
    return Grasp(pose=(a, b, c, qw, qx, qy, qz), width=width, score=1.0)


def scores(spec: AssetSpec, simulator: mujoco, *grasps: Grasp) -> list[float | None]:
    return shake_scores(spec, grasps, simulator, robot=PANDA, reach=ARM)


def test_the_hand_rises_and_shakes_about_the_grasp_it_has() -> None:
    grasps = np.array([grasp().pose, grasp(x=0.01).pose])
    stand = stands(grasps, ARM, hz=20.0)
    assert stand.ok.all()
    offsets, ends = motion(20.0)
    assert list(ends) == list(PHASES)
    np.testing.assert_allclose(offsets[list(ends.values())], np.tile([0, 0, 0, 1, 0, 0, 0], (7, 1)), atol=1e-9)
    assert np.abs(offsets[:, :3]).max() > 0.9 * SHIFT
    reached = ARM.tool_pose(stand.approach[:, -1])
    np.testing.assert_allclose(reached[:, :3], compose(stand.place, grasps)[:, :3], atol=1.5e-3)
    lifted = ARM.tool_pose(stand.path[:, ends["lift"]])
    np.testing.assert_allclose(lifted[:, 2] - reached[:, 2], LIFT, atol=2e-3)
    assert np.abs(np.diff(stand.path, axis=1)).max() < 0.3, "no jump of the arm"


@pytest.mark.physics
def test_a_block_held_at_its_middle_scores_high_and_at_its_rim_low(simulator: mujoco) -> None:
    middle, rim, beside = scores(BLOCK, simulator, grasp(), grasp(z=0.051), grasp(x=0.045))
    assert middle is not None
    assert middle > 0.8
    assert rim is not None
    assert rim < 0.4
    assert beside == 0.0, "the fingers close on nothing"


@pytest.mark.physics
def test_what_is_too_heavy_for_the_hand_slips(simulator: mujoco) -> None:
    (light,) = scores(BLOCK, simulator, grasp())
    (heavy,) = scores(BLOCK.model_copy(update={"mass": 12.0}), simulator, grasp())
    assert light is not None
    assert heavy is not None
    assert heavy < 0.3 < HOLDS < light


@pytest.mark.physics
def test_scores_are_the_same_every_time_whatever_is_tested_beside(simulator: mujoco) -> None:
    some = BLOCK.links[""].grasps[:4]
    first = scores(BLOCK, simulator, *some)
    assert scores(BLOCK, simulator, *some) == first
    assert scores(BLOCK, simulator, some[2]) == first[2:3]


@pytest.mark.physics
def test_a_grasp_beyond_the_arm_is_not_scored(simulator: mujoco) -> None:
    assert scores(BLOCK, simulator, grasp(z=1.5)) == [None]


@pytest.mark.physics
def test_only_what_was_not_tested_is_and_the_test_signs(simulator: mujoco) -> None:
    base = BLOCK.links[""].model_copy(update={"grasps": (grasp(x=0.005).model_copy(update={"shake": 0.25}), grasp())})
    tested = shake_test(BLOCK.model_copy(update={"links": {"": base}}), simulator, robot=PANDA, reach=ARM)
    known, new = tested.links[""].grasps
    assert known.shake == 0.25
    assert new.shake is not None
    assert new.shake > 0.8
    assert tested.authors[WHERE].startswith("shake test (mujoco ")
    assert shake_test(tested, simulator, robot=PANDA, reach=ARM) == tested
    table = CATALOG.asset("table")
    assert shake_test(table, simulator, robot=PANDA, reach=ARM) is table


@pytest.mark.parametrize("name", [n for n in CATALOG.assets if graspable(CATALOG.asset(n))])
def test_the_library_is_shaken(name: str) -> None:
    spec = CATALOG.asset(name)
    known = [g.shake for g in spec.links[""].grasps if g.shake is not None]
    assert len(known) >= 0.5 * len(spec.links[""].grasps)
    assert spec.authors[WHERE].startswith("shake test (mujoco ")


def test_an_asset_of_which_no_grasp_holds_is_found_by_the_check(tmp_path: Path) -> None:
    folder = tmp_path / "objects" / "block_red"
    shutil.copytree(CATALOG.folder(BLOCK), folder)
    base = BLOCK.links[""]
    dropped = tuple(g.model_copy(update={"shake": 0.1}) for g in base.grasps)
    write_card(folder, BLOCK.model_copy(update={"links": {"": base.model_copy(update={"grasps": dropped})}}))
    found = {f.check: f for f in check_assets(["block_red"], LibraryCatalog(tmp_path), {}, robot=PANDA)}
    assert not found["grasps"].ok
    assert "0 of 48 held" in found["grasps"].seen


@pytest.mark.physics
def test_the_command_writes_scores_and_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TASKLOOM_ASSETS", str(tmp_path))
    folder = tmp_path / "objects" / "my_block"
    shutil.copytree(CATALOG.folder(BLOCK), folder)
    base = BLOCK.links[""].model_copy(update={"grasps": (grasp(), grasp(z=0.051))})
    write_card(folder, BLOCK.model_copy(update={"name": "my_block", "links": {"": base}, "authors": {}}))

    def shake(*words: str) -> dict:
        monkeypatch.setattr(sys, "argv", ["taskloom", "assets", "shake", "my_block", "--json", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        assert not ended.value.code
        return json.loads(capsys.readouterr().out)

    told = shake("--dry-run")
    assert told["shaken"]["my_block"]["holding"] == 1
    assert LibraryCatalog().asset("my_block").links[""].grasps[0].shake is None
    assert shake()["shaken"] == told["shaken"]
    first = LibraryCatalog().asset("my_block")
    assert (first.links[""].grasps[0].shake or 0) > 0.8
    assert shake()["already_tested"] == ["my_block"]
    assert shake("--again")["shaken"] == told["shaken"]
    assert LibraryCatalog().asset("my_block") == first
