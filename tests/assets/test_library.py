"""Every card of the vendored library holds what tasks, planners and lawyers rely on."""

from __future__ import annotations

import numpy as np
import pytest

from assets.attribution import attribution
from assets.catalog import CONTACT_LIBRARY, LIBRARY, LibraryCatalog
from pipeline.core.geometry import BodyGeometry
from pipeline.core.poses import quat_rotate

CATALOG = LibraryCatalog()
ALLOWED_LICENCES = {"Apache-2.0", "CC0-1.0", "CC-BY-3.0", "CC-BY-3.0-US"}


@pytest.mark.parametrize("name", CATALOG.assets)
def test_the_files_are_those_the_card_names(name: str) -> None:
    spec = CATALOG.asset(name)
    folder = CATALOG.folder(spec)
    found = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert found == {*spec.files, "card.json"}
    assert spec.model in spec.files


def test_the_robots_files_are_those_the_card_names() -> None:
    folder = CATALOG.folder(CATALOG.robot("panda"))
    assert (folder / "model.xml").exists()


@pytest.mark.parametrize("name", CATALOG.assets)
def test_a_free_object_rests_on_its_origin(name: str) -> None:
    spec = CATALOG.asset(name)
    if spec.fixed:
        return
    bounds = spec.links[""].bounds
    low = np.array(bounds.pose[:3]) - bounds.half
    assert low[2] == pytest.approx(0, abs=1e-4)
    assert bounds.pose[:2] == pytest.approx((0, 0), abs=0.006)
    assert spec.mass > 0


@pytest.mark.parametrize("name", CATALOG.assets)
def test_what_an_asset_affords_is_backed_by_geometry(name: str) -> None:
    spec = CATALOG.asset(name)
    base = spec.links[""]
    if spec.can("graspable"):
        assert len(base.grasps) >= 8
        assert any(g.score > 0.3 for g in base.grasps)
    if spec.can("container") or spec.can("region"):
        assert base.cavity is not None
    if spec.can("support"):
        assert base.support is not None
    if spec.can("openable"):
        opening = [j for j in spec.joints if "pull" in spec.links[j.link].axes]
        assert opening
        assert all("handle" in spec.links[j.link].keypoints for j in opening)
        assert all(spec.links[j.link].cavity for j in opening if j.kind == "prismatic"), "a drawer holds things"
        bare = {f"{name}/{j.link}" for j in opening if not spec.links[j.link].grasps}
        assert bare <= {"laptop/lid", "chest/bottom_drawer"}, "lifted by its edge, and lower than a hand gets"
    if spec.can("pressable"):
        assert any("button" in spec.links[j.link].keypoints for j in spec.joints)
    if spec.can("turnable"):
        assert any("turn" in spec.links[j.link].axes for j in spec.joints)
    assert {j.link for j in spec.joints} == set(spec.link_nouns)


@pytest.mark.parametrize("name", [n for n in CATALOG.assets if CATALOG.asset(n).can("graspable")])
def test_grasps_fit_the_hand_and_stay_above_the_table(name: str) -> None:
    gripper = CATALOG.robot("panda").gripper
    for grasp in CATALOG.asset(name).links[""].grasps:
        approach = quat_rotate(grasp.pose[3:], (0, 0, 1))
        assert grasp.width <= 0.0721 < gripper.max_width
        assert approach[2] < 0.6, "no approach from below"
        assert (np.array(grasp.pose[:3]) + gripper.finger_depth * approach)[2] > 0


@pytest.mark.parametrize("name", [n for n in CATALOG.assets if CATALOG.asset(n).can("graspable")])
def test_every_grasp_has_its_half_turn_twin(name: str) -> None:
    found = CATALOG.asset(name).links[""].grasps
    keys = {
        tuple(np.round([*g.pose[:3], *(s * quat_rotate(g.pose[3:], (0, 1, 0)))], 4) + 0.0) for g in found for s in (1,)
    }
    for g in found:
        twin = tuple(np.round([*g.pose[:3], *(-quat_rotate(g.pose[3:], (0, 1, 0)))], 4) + 0.0)
        assert any(np.allclose(twin, k, atol=2e-4) for k in keys)


@pytest.mark.parametrize("name", [n for n in CATALOG.assets if CATALOG.asset(n).links[""].collision])
def test_planning_boxes_are_few_and_reach_the_bounds(name: str) -> None:
    for geometry in CATALOG.asset(name).links.values():
        assert 1 <= len(geometry.collision) <= 8
        low, high = _extent(geometry)
        assert np.all(low <= np.array(geometry.bounds.pose[:3]) - geometry.bounds.half + 1e-4)
        assert np.all(high >= np.array(geometry.bounds.pose[:3]) + geometry.bounds.half - 1e-4)


def _extent(geometry: BodyGeometry) -> tuple[np.ndarray, np.ndarray]:
    signs = np.array(list(np.ndindex(2, 2, 2))) * 2.0 - 1
    corners = [
        quat_rotate(np.broadcast_to(b.pose[3:], (8, 4)), signs * b.half) + np.array(b.pose[:3])
        for b in geometry.collision
    ]
    points = np.concatenate(corners)
    return points.min(axis=0), points.max(axis=0)


def test_there_are_enough_real_shapes_containers_and_families() -> None:
    specs = [CATALOG.asset(n) for n in CATALOG.assets]
    imported = [s for s in specs if s.licence.spdx != "Apache-2.0"]
    assert len(imported) >= 14
    assert sum(s.can("container") for s in specs) >= 4
    assert sum(s.can("pushable") for s in specs) >= 4
    assert len({s.noun for s in specs}) == len(specs), "instructions must be able to tell assets apart"


def test_every_licence_allows_redistribution_and_is_attributed() -> None:
    text = (LIBRARY / "ATTRIBUTION.md").read_text()
    assert text == attribution(CATALOG)
    for spec in [*map(CATALOG.asset, CATALOG.assets), CATALOG.robot("panda")]:
        assert spec.licence.spdx in ALLOWED_LICENCES
        assert spec.licence.author
        assert f"| {spec.name} | {spec.licence.spdx} | {spec.licence.author} |" in text


def test_the_things_of_contact_tasks_are_ours_and_attributed() -> None:
    text = (CONTACT_LIBRARY / "ATTRIBUTION.md").read_text()
    assert text == attribution(LibraryCatalog(CONTACT_LIBRARY))
    for name in CATALOG.made_for_tasks:
        spec = CATALOG.asset(name)
        found = {p.relative_to(CATALOG.folder(spec)).as_posix() for p in CATALOG.folder(spec).rglob("*") if p.is_file()}
        assert found == {*spec.files, "card.json"}
        assert (spec.licence.spdx, spec.licence.author) == ("Apache-2.0", "Taskloom contributors")
        assert f"| {name} | Apache-2.0 |" in text


def test_the_library_stays_small_enough_to_clone() -> None:
    sizes = {p: p.stat().st_size for p in LIBRARY.rglob("*") if p.is_file()}
    assert max(sizes.values()) < 2_000_000
    assert sum(sizes.values()) < 25_000_000
