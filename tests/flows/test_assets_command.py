"""``taskloom assets``: finding, showing and importing what tasks are made of."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import trimesh

from assets.catalog import LibraryCatalog
from flows.cli import main

URDF = """<robot name="box"><link name="corpus"><inertial><mass value="2"/><inertia ixx="0.01" ixy="0" ixz="0"
 iyy="0.01" iyz="0" izz="0.01"/></inertial><collision><geometry><box size="0.3 0.3 0.2"/></geometry></collision>
<visual><geometry><box size="0.3 0.3 0.2"/></geometry></visual></link>
<link name="drawer"><inertial><mass value="0.5"/><inertia ixx="0.01"
 ixy="0" ixz="0" iyy="0.01" iyz="0" izz="0.01"/></inertial><collision><geometry><box size="0.2 0.2 0.1"/></geometry>
</collision><visual><geometry><box size="0.2 0.2 0.1"/></geometry></visual></link><joint name="slide" type="prismatic">
<parent link="corpus"/><child link="drawer"/><origin xyz="-0.3 0 0.05"/><axis xyz="-1 0 0"/><limit lower="0"
 upper="0.15" effort="10" velocity="1"/></joint></robot>"""


@pytest.fixture
def taskloom(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("TASKLOOM_ASSETS", str(tmp_path / "mine"))

    def invoke(*words: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["taskloom", "assets", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return invoke


def test_assets_are_listed_by_what_they_afford_and_found_by_words(taskloom) -> None:
    listed = json.loads(taskloom("list", "--affordance", "container", "--json")[1])
    assert {"mug", "bowl"} <= {row["name"] for row in listed["assets"]}
    assert "plate" not in {row["name"] for row in listed["assets"]}
    code, out, _ = taskloom("search", "something to measure a length", "--words", "--json")
    assert code == 0
    assert "tape_measure" in out or "ruler" in out


def test_a_card_is_shown_whole(taskloom) -> None:
    card = json.loads(taskloom("show", "mug", "--json")[1])
    assert card["licence"]["author"]
    assert card["stable_poses"]


@pytest.mark.parametrize("suffix", ["obj", "glb", "stl", "ply"])
def test_a_mesh_becomes_an_asset_of_the_users_library(taskloom, tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"thing.{suffix}"
    trimesh.creation.cylinder(radius=0.03, height=0.08, sections=24).export(file)
    words = ["--name", "my_can", "--noun", "tin can", "--category", "can", "--decompose", "hull", "--author", "me"]
    up = ("--up", "z") if suffix == "glb" else ()  # glTF is y up by its standard
    code, _, err = taskloom("import", file, *words, "--licence", "CC0-1.0", *up)
    assert code == 0, err
    spec = LibraryCatalog().asset("my_can")
    assert 2 * np.array(spec.links[""].bounds.half) == pytest.approx([0.06, 0.06, 0.08], abs=0.002)
    assert spec.can("graspable")
    assert spec.licence.author == "me"
    assert taskloom("check", "my_can", "--backend", "mujoco")[0] == 0


def test_units_and_the_up_axis_are_put_right_on_request(taskloom, tmp_path: Path) -> None:
    file = tmp_path / "thing.stl"
    trimesh.creation.box((40.0, 100.0, 60.0)).export(file)
    code, _, err = taskloom("import", file, "--name", "brick", "--unit", "mm", "--up", "y", "--decompose", "hull")
    assert code == 0, err
    spec = LibraryCatalog().asset("brick")
    assert 2 * np.array(spec.links[""].bounds.half) == pytest.approx([0.04, 0.06, 0.10], abs=0.002)


def test_a_urdf_with_a_slide_becomes_an_articulated_asset(taskloom, tmp_path: Path) -> None:
    file = tmp_path / "box.urdf"
    file.write_text(URDF)
    code, _, err = taskloom("import", file, "--name", "my_cabinet", "--fixed", "--decompose", "hull")
    assert code == 0, err
    (joint,) = LibraryCatalog().asset("my_cabinet").joints
    assert (joint.kind, joint.lower, joint.upper) == ("prismatic", 0.0, 0.15)


def test_a_name_that_is_taken_is_refused_and_nothing_is_written(taskloom, tmp_path: Path) -> None:
    file = tmp_path / "thing.stl"
    trimesh.creation.box((0.05, 0.05, 0.05)).export(file)
    code, _, err = taskloom("import", file, "--name", "mug")
    assert code == 2
    assert "called 'mug' already" in err
    assert not list((tmp_path / "mine").rglob("card.json"))
