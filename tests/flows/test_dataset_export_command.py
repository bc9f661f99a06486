"""``taskloom dataset export``: words in, an export and its report out, one line for what is wrong."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import pytest
import zarr

from flows.cli import main
from pipeline.dataset.attrs import DatasetMeta
from pipeline.dataset.pack import pack
from pipeline.dataset.part import write_part

BUILDER = Path(__file__).parents[1] / "pipeline" / "dataset" / "builder.py"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    spec = importlib.util.spec_from_file_location("command_builder", BUILDER)
    assert spec is not None
    assert spec.loader is not None
    builder = importlib.util.module_from_spec(spec)
    sys.modules["command_builder"] = builder
    spec.loader.exec_module(builder)
    folder = tmp_path_factory.mktemp("command")
    write_part(folder / "part", [builder.episode(k, steps=6 + k) for k in range(3)], store=builder.ToyStore())
    pack([folder / "part"], folder / "dataset.zarr", meta=DatasetMeta(name="toys", val_fraction=0.4))
    return folder / "dataset.zarr"


@pytest.fixture
def export(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, dataset: Path):
    def invoke(*words: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["taskloom", "dataset", "export", str(dataset), *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return invoke


def test_the_report_is_what_was_written(export, tmp_path: Path) -> None:
    keys = ["--keys", "img=rgb_wrist,state=qpos+gripper", "--keys", "quat=ee_pose[4,5,6,3]"]
    words = ["--format", "diffusion_policy", "--hz", "10", "--action", "ee_delta", *keys, "--set", "form=dual"]
    code, out, _ = export(tmp_path / "out.zarr", *words, "--json")
    assert code == 0
    report = json.loads(out)
    assert (report["episodes"], report["steps"], report["hz"]) == (3, 3 + 4 + 4, 10)
    assert report["keys"]["action"] == "action"
    root = zarr.open_group(tmp_path / "out.zarr", mode="r", zarr_format=2)
    assert sorted(root["data"].array_keys()) == ["action", "img", "quat", "state"]
    assert root["data/action"].shape == (11, 7)
    assert root["data/state"].shape == (11, 4)


def test_people_are_told_too(export, tmp_path: Path) -> None:
    code, out, _ = export(tmp_path / "out.zarr", "-f", "diffusion_policy", "--task", "cup_on_plate")
    assert code == 0
    assert "3 episodes (2 train, 1 val), 21 steps at 20 Hz" in out
    assert "img = rgb_front" in out


def test_formats_are_listed_with_their_options(export) -> None:
    code, out, _ = export("--formats")
    assert code == 0
    assert "lerobot: " in out
    assert "--set form=v2" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-f", "lerobt"], "Did you mean 'lerobot'?"),
        (["-f", "diffusion_policy", "--action", "torque"], "'joint_pos', 'ee_delta'"),
        (["-f", "diffusion_policy", "--hz", "100"], "recorded at 20 Hz"),
        (["-f", "diffusion_policy", "--hz", "-1"], "The hz -1.0 does not fit"),
        (["-f", "diffusion_policy", "--keys", "img=rgb_frot"], "Did you mean 'rgb_front'?"),
        (["-f", "diffusion_policy", "--set", "form"], "NAME=VALUE"),
        (["-f", "diffusion_policy", "--task", "fly"], "Unknown task 'fly'"),
    ],
)
def test_bad_words_are_answered_in_one_line_and_nothing_is_written(export, tmp_path, words, message) -> None:
    code, out, err = export(tmp_path / "out", *words)
    assert code == 2
    assert message in err
    assert err.count("\n") == 1
    assert not out
    assert not list(tmp_path.iterdir())


def test_a_place_that_is_taken_is_kept(export, tmp_path: Path) -> None:
    words = (tmp_path / "out", "-f", "diffusion_policy")
    assert export(*words)[0] == 0
    code, _, err = export(*words)
    assert code == 2
    assert "--replace" in err
    assert export(*words, "--replace")[0] == 0
