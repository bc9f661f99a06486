"""``taskloom scene``: from a task to a scene on disk, its pictures, and other programs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from flows.cli import main
from pipeline.core.scene import SceneSpec

Told = tuple[int, str, str]


@pytest.fixture
def taskloom(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    def invoke(*words: str | Path) -> Told:
        monkeypatch.setattr(sys, "argv", ["taskloom", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        code = ended.value.code
        return (code if isinstance(code, int) else int(code is not None)), said.out, said.err

    return invoke


@pytest.fixture
def built(taskloom, tmp_path: Path) -> Path:
    code, printed, err = taskloom("scene", "build", "--seed", "3", "--out", tmp_path / "scene", "--json")
    assert code == 0, err
    assert json.loads(printed)["scene"] == str(tmp_path / "scene" / "scene.json")
    return tmp_path / "scene"


def test_the_same_seed_builds_the_same_scene_and_another_seed_another(taskloom, built, tmp_path) -> None:
    for name, seed in (("again", "3"), ("other", "4")):
        taskloom("scene", "build", "--seed", seed, "--out", tmp_path / name)
    first = (built / "scene.json").read_bytes()
    assert (tmp_path / "again" / "scene.json").read_bytes() == first
    assert (tmp_path / "other" / "scene.json").read_bytes() != first


def test_a_scene_is_settled_unless_it_is_wanted_as_laid_out(taskloom, built, tmp_path) -> None:
    code, _, err = taskloom("scene", "build", "--seed", "3", "--settle", "none", "--out", tmp_path / "laid")
    assert code == 0, err
    settled, laid = (SceneSpec.model_validate_json((p / "scene.json").read_text()) for p in (built, tmp_path / "laid"))
    sunk = [
        before.pose[2] - after.pose[2]
        for before, after in zip(laid.placements, settled.placements, strict=True)
        if not before.asset.fixed
    ]
    assert min(sunk) > 5e-4
    assert max(sunk) < 2e-3
    code, _, err = taskloom("scene", "build", "--settle", "bullet", "--out", tmp_path / "other")
    assert code != 0
    assert "'bullet'" in err
    assert "mujoco" in err


def test_a_scene_is_drawn_by_each_camera_from_its_own_files(taskloom, built, tmp_path) -> None:
    code, printed, err = taskloom(
        "scene", "render", built, "--backend", "kinematic", "--out", tmp_path / "seen", "--json"
    )
    assert code == 0, err
    paths = json.loads(printed)
    assert {"front", "wrist"} <= set(paths)
    assert all(Path(p).read_bytes().startswith(b"\x89PNG") for p in paths.values())


@pytest.mark.physics
@pytest.mark.parametrize(("format", "name"), [("mjcf", "scene.xml"), ("usd", "scene.usd")])
def test_a_scene_is_exported(taskloom, built, tmp_path, format, name) -> None:
    code, printed, err = taskloom("scene", "export", built, "--format", format, "--out", tmp_path / "out", "--json")
    assert code == 0, err
    assert json.loads(printed)["file"] == str(tmp_path / "out" / name)
    assert (tmp_path / "out" / name).is_file()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["build", "nowhere.json"], "nowhere.json"),
        (["build", "--robot", "pandaa"], "Did you mean 'panda'?"),
        (["build", "--support", "tabel"], "Did you mean 'table'?"),
        (["build", "--randomise", "mlid"], "Did you mean 'mild'?"),
        (["render", "nowhere"], "Cannot read the scene 'nowhere'"),
        (["render", "nowhere", "--backend", "mujocco"], "Did you mean 'mujoco'?"),
        (["export", "nowhere", "--format", "udsz"], "Allowed: mjcf, usd"),
    ],
)
def test_bad_words_are_answered_in_one_line_and_nothing_is_written(taskloom, tmp_path, words, message) -> None:
    code, out, err = taskloom("scene", *words, "--out", tmp_path / "out")
    assert code == 2
    assert message in err
    assert "Traceback" not in err
    assert out == ""
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_scene_is_told_field_by_field(taskloom, tmp_path) -> None:
    (tmp_path / "scene.json").write_text('{"task": 3}')
    code, _, err = taskloom("scene", "export", tmp_path / "scene.json", "--out", tmp_path / "out")
    assert code == 2
    assert "is not a scene: task: Input should be a valid string" in err


def test_a_changed_file_of_a_scene_is_named(taskloom, built, tmp_path) -> None:
    for blob in (built / "files").iterdir():
        blob.write_bytes(b"changed")
    code, _, err = taskloom("scene", "export", built, "--out", tmp_path / "out")
    assert code == 1
    assert "has changed" in err
    assert not (tmp_path / "out").exists()


def test_a_scene_that_is_there_is_not_overwritten(taskloom, built) -> None:
    before = (built / "scene.json").read_bytes()
    code, _, err = taskloom("scene", "build", "--seed", "4", "--out", built)
    assert code == 2
    assert "exists already" in err
    assert (built / "scene.json").read_bytes() == before


@pytest.mark.parametrize("command", ["build", "render", "export"])
def test_every_command_has_an_example_in_its_help(taskloom, command) -> None:
    code, printed, _ = taskloom("scene", command, "--help")
    assert code == 0
    assert f"taskloom scene {command}" in printed
    assert "--json" in printed
