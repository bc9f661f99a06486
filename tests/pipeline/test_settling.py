"""Settling in MuJoCo: what moves, tips, falls or sinks is said to, and what stands keeps its settled pose."""

from __future__ import annotations

import numpy as np
import pytest

from assets.catalog import LibraryCatalog
from pipeline.core.poses import quat_from_axis_angle
from pipeline.core.scene import SceneSpec
from pipeline.core.streams import stream
from pipeline.core.task import TaskObject, TaskSpec
from pipeline.settling import MOVED, settle
from pipeline.sim.mujoco import mujoco
from scene_gen.builder import TabletopBuilder

CATALOG = LibraryCatalog()


@pytest.fixture(scope="module")
def plain() -> SceneSpec:
    """A milk carton, a plate and a bowl on the table."""
    objects = tuple(TaskObject(name=name, asset=name) for name in ("milk", "plate", "bowl"))
    task = TaskSpec(name="t", family="pick_place", instruction="Do it.", objects=objects, goal="(near milk plate)")
    return TabletopBuilder(CATALOG, CATALOG.robot("panda"), cameras=()).build(task, stream(2, "settling"))


def moved(scene: SceneSpec, name: str, *, by: tuple[float, float, float], tilt: float = 0.0) -> SceneSpec:
    x, y, z = np.array(scene.placement(name).pose[:3]) + by
    quat = quat_from_axis_angle((1.0, 0.0, 0.0), np.radians(tilt))
    return scene.with_placements({name: (float(x), float(y), float(z), *map(float, quat))})


def test_a_good_scene_settles_and_carries_its_settled_poses(plain):
    settled = settle([plain, plain], mujoco(CATALOG))
    assert settled.mask.all()
    assert settled.reasons == ("", "")
    assert settled.moved.shape == (2, 3)
    assert (settled.moved < 0.003).all()
    assert settled.scenes[0].placement("bowl").pose[2] < plain.placement("bowl").pose[2]
    again = settle(settled.scenes, mujoco(CATALOG))
    assert (again.moved < 2e-4).all()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"by": (0.0, 0.0, 0.05)}, "'bowl' moved"),
        ({"by": (2.0, 0.0, 0.0)}, "'bowl' fell"),
        ({"by": (0.0, 0.0, 0.03), "tilt": 40.0}, "'bowl' tipped"),
    ],
)
def test_what_does_not_stay_is_refused_with_the_reason_and_the_other_row_is_not(plain, change, says):
    settled = settle([plain, moved(plain, "bowl", **change)], mujoco(CATALOG))
    assert settled.mask.tolist() == [True, False]
    assert says in settled.reasons[1]


def test_what_falls_over_has_tipped(plain):
    settled = settle([moved(plain, "milk", by=(0.0, 0.0, 0.01), tilt=25.0)], mujoco(CATALOG), seconds=2.0)
    assert "'milk' tipped more than 15 degrees" in settled.reasons[0]
    assert settled.moved[0, 0] > MOVED


def test_two_things_in_one_place_fly_apart_and_are_refused(plain):
    x, y, z, *_ = plain.placement("milk").pose
    settled = settle([plain.with_placements({"bowl": (x + 0.04, y, z + 0.05, 1.0, 0.0, 0.0, 0.0)})], mujoco(CATALOG))
    assert not settled.mask.any()


def test_rows_can_be_taken_from_another_try(plain):
    bad = settle([plain, moved(plain, "bowl", by=(2.0, 0.0, 0.0))], mujoco(CATALOG))
    mended = bad.with_rows([1], settle([plain, plain], mujoco(CATALOG)))
    assert mended.mask.all()
    assert mended.scenes[0] == bad.scenes[0]
