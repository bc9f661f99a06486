"""Things named by folders of pictures of them: found and placed without a mesh, and pictures that are of no use."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from demo_solvers.path3d.geometric import GeometricPerceiver
from demo_solvers.path3d.matching import SIZE_UNKNOWN, size_cost
from demo_solvers.path3d.perception import Unseen
from demo_solvers.path3d.pictures import LOOK, pictured, save_pictures
from demo_solvers.solvers.path3d import Path3dSolver
from pipeline.core import poses
from pipeline.core.errors import InvalidInputError
from pipeline.core.seeing import Query
from pipeline.rollout import attempt

pytestmark = pytest.mark.physics

NAMES = ("block_green", "block_red", "block_blue")


@pytest.fixture(scope="module")
def pictures(problem, seen, tmp_path_factory):
    """A folder of RGB-D pictures for each of three blocks, taken in another world than the tests are in."""
    goal = "(and (within block_green zone_red) (on block_red block_blue))"
    built = problem(goal, "block_green", "zone_red", "block_red", "block_blue", worlds=2).of([1])
    shown, place = seen(built, segmentation=True), tmp_path_factory.mktemp("pictures")
    for name in NAMES:
        body = shown.problem.labels.index(name)
        masks = {view: frames.labels[0] == body for view, frames in shown.views.items()}
        truth = built.scenes[0].placement(name).pose
        save_pictures(place / f"my_{name}", shown.views, masks, at=truth, noun=name)
    return place


def look(eyes, seen):
    """With queries that the catalogue has no entry of, but for the zone."""
    queries = (*(Query(name=n, asset=f"my_{n}") for n in NAMES), Query(name="zone_red", asset="zone_red"))
    return eyes.perceive(seen.problem.model_copy(update={"queries": queries}), seen.views, 0, seen.joints)


def test_things_without_meshes_are_found_by_their_pictures(catalog, blocks, pictures):
    built, seen = blocks
    sighting = look(GeometricPerceiver(catalog, pictures=pictures), seen)
    for name in NAMES:
        truth = built.scenes[0].placement(name)
        centre = poses.compose(truth.pose, truth.asset.links[""].bounds.pose)[:3]
        assert np.linalg.norm(sighting.things[name].centre - centre) < 0.006, name


def test_a_model_is_told_what_pictures_or_the_catalogue_call_a_thing(catalog, pictures):
    references = GeometricPerceiver(catalog, pictures=pictures).references
    assert references.noun_of("my_block_red") == "block_red"
    assert references.noun_of("block_red") == catalog.asset("block_red").noun
    assert references.noun_of("push_box") == catalog.asset("push_box").noun
    assert references.noun_of("nothing") == ""


def test_depth_tells_the_size_that_the_mesh_has(catalog, eyes, pictures):
    for name in NAMES:
        drawn = np.sort(eyes.references.of(name).extents)
        assert np.sort(pictured(pictures / f"my_{name}").extents) == pytest.approx(drawn, abs=0.008)


def test_colour_pictures_alone_are_matched_by_colour(catalog, blocks, pictures, tmp_path):
    """No depth, no look.json: the background is the picture's edge, the size is not known."""
    for name in NAMES:
        folder = tmp_path / f"my_{name}"
        folder.mkdir()
        rgb = np.asarray(Image.open(pictures / f"my_{name}" / "front.png"))
        mine = np.asarray(Image.open(pictures / f"my_{name}" / "front_mask.png")) > 0
        v, u = np.nonzero(mine)
        window = slice(v.min() - 12, v.max() + 12), slice(u.min() - 12, u.max() + 12)
        Image.fromarray(np.where(mine[..., None], rgb, [150, 120, 90]).astype(np.uint8)[window]).save(folder / "a.png")
        reference = pictured(folder)
        assert np.isnan(reference.extents).all()
        assert size_cost(np.zeros((9, 3)), reference) == SIZE_UNKNOWN
    built, seen = blocks
    sighting = look(GeometricPerceiver(catalog, pictures=tmp_path), seen)
    for name in NAMES:
        at = built.scenes[0].placement(name).pose[:2]
        assert np.linalg.norm(sighting.things[name].centre[:2] - at) < 0.01, name


def test_pictures_of_something_else_find_nothing(catalog, blocks, pictures, tmp_path):
    """The catalogue knows a green block; its pictures, which count before the mesh, are of a purple one."""
    shutil.copytree(pictures / "my_block_green", tmp_path / "block_green")
    for path in (tmp_path / "block_green").glob("*.png"):
        if not path.stem.endswith(("_depth", "_mask")):
            rgb = np.asarray(Image.open(path))
            Image.fromarray(np.stack([rgb[..., 1], rgb[..., 0], rgb[..., 1]], axis=2)).save(path)
    _, seen = blocks
    with pytest.raises(Unseen) as error:
        GeometricPerceiver(catalog, pictures=tmp_path).perceive(seen.problem, seen.views, 0, seen.joints)
    assert error.value.diagnosis.bodies == ("block_green",)


def test_a_block_is_placed_by_its_pictures(catalog, engine, problem, pictures, tmp_path):
    shutil.copytree(pictures / "my_block_green", tmp_path / "block_green")
    eyes = GeometricPerceiver(catalog, pictures=tmp_path)
    built = problem("(within block_green zone_red)", "block_green", "zone_red", worlds=1)
    (outcome,) = attempt(engine, built, Path3dSolver(perceiver=lambda: eyes)).outcomes
    assert outcome.success, outcome.diagnosis


def damaged(pictures, tmp_path, **changes):
    folder = tmp_path / "thing"
    shutil.copytree(pictures / "my_block_red", folder)
    look = json.loads((folder / LOOK).read_text())
    look["shots"][0] |= changes
    (folder / LOOK).write_text(json.dumps(look))
    return folder


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"rgb": "gone.png"}, "gone.png"),
        ({"rgb": "../front.png"}, "not a file name within the folder"),
        ({"pose": None}, "tells no size without"),
        ({"intrinsics": [1, 2, 3]}, "shots.0.intrinsics"),
        ({"lens": "wide"}, "shots.0.lens"),
    ],
)
def test_a_bad_look_is_one_clear_error(pictures, tmp_path, changes, says):
    with pytest.raises(InvalidInputError, match=says):
        pictured(damaged(pictures, tmp_path, **changes))


def test_pictures_that_cannot_be_used_say_why(pictures, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidInputError, match="holds no picture"):
        pictured(tmp_path / "empty")
    folder = damaged(pictures, tmp_path)
    Image.fromarray(np.zeros((10, 10), np.uint8)).save(folder / "front_mask.png")
    with pytest.raises(InvalidInputError, match="same size"):
        pictured(folder)
    Image.fromarray(np.zeros((360, 480), np.uint8)).save(folder / "front_mask.png")
    with pytest.raises(InvalidInputError, match="Give a mask"):
        pictured(folder)
    (folder / "front.png").write_bytes(b"no picture")
    with pytest.raises(InvalidInputError, match="cannot be read"):
        pictured(folder)
