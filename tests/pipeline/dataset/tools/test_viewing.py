"""The card and the films: what they hold, and that every snippet of the card runs."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.core.errors import DatasetError, OutputError
from pipeline.dataset import open_dataset
from pipeline.dataset.card import write_card
from pipeline.dataset.viewing.pictures import frames, strip, write_film
from pipeline.dataset.viewing.recording import write_recording


@pytest.fixture
def dataset(make: Callable[..., Path], builder: Any) -> Path:
    episodes = [builder.episode(k, steps=12, channels=("rgb", "depth")) for k in range(4)]
    return make("demo.zarr", [*episodes, builder.episode(5, task_name="other", channels=("rgb", "depth"))])


@pytest.fixture
def card(dataset: Path, tmp_path: Path) -> str:
    pytest.importorskip("PIL")
    write_card(open_dataset(dataset), tmp_path / "card", place=str(dataset))
    return (tmp_path / "card" / "README.md").read_text()


def blocks(card: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", card, re.DOTALL)


def test_the_card_tells_counts_tasks_cameras_meanings_and_licences(card: str, tmp_path: Path) -> None:
    for words in ("5 demonstrations of 2 tasks", "put the cup on the plate", "`front`", "6x4", "CC0-1.0", "Toy Maker"):
        assert words in card
    assert "joint position targets and gripper opening width exactly as applied" in card
    assert card.startswith("---\nlicense: apache-2.0\n")
    pictures = re.findall(r"!\[.*\]\((.*)\)", card)
    assert len(pictures) == 2
    assert all((tmp_path / "card" / name).read_bytes().startswith(b"\x89PNG") for name in pictures)


def test_every_python_snippet_of_the_card_runs(card: str, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    snippets = blocks(card, "python")
    assert len(snippets) == 3
    for snippet in snippets:
        exec(compile(snippet, "README.md", "exec"), {})
    assert "torch.Size([4, 16, 4])" in capsys.readouterr().out


def test_every_command_of_the_card_is_one_of_ours(card: str) -> None:
    from typer.testing import CliRunner

    from flows.cli import app

    commands = [line for block in blocks(card, "bash") for line in block.splitlines()]
    assert {c.split()[2] for c in commands} == {"export", "verify"}
    assert {c.split()[-1] for c in commands} >= {"diffusion_policy", "dp3", "lerobot", "robomimic"}
    for command in commands:
        words = shlex.split(command)
        assert CliRunner().invoke(app, [*words[1:3], "--help"]).exit_code == 0


@pytest.mark.parametrize("format", ["diffusion_policy", "dp3", "lerobot", "robomimic"])
def test_every_trainer_command_of_the_card_writes_its_export(
    card: str, format: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in {"lerobot": ("av", "pandas", "pyarrow"), "robomimic": ("h5py",)}.get(format, ()):
        pytest.importorskip(package)
    from typer.testing import CliRunner

    from flows.cli import app

    monkeypatch.chdir(tmp_path)
    (command,) = [line for block in blocks(card, "bash") for line in block.splitlines() if line.endswith(format)]
    done = CliRunner().invoke(app, shlex.split(command)[1:])
    assert done.exit_code == 0, (done.output, done.exception)
    assert list((tmp_path / "exports").iterdir())


def test_a_card_is_made_anew_but_overwrites_nothing_else(dataset: Path, tmp_path: Path) -> None:
    write_card(open_dataset(dataset), tmp_path / "card", place="x")
    write_card(open_dataset(dataset), tmp_path / "card", place="s3://me:toy-secret@bucket/y")
    assert "toy-secret" not in (tmp_path / "card" / "README.md").read_text()
    (tmp_path / "card" / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match="other files"):
        write_card(open_dataset(dataset), tmp_path / "card", place="x")


def test_a_frame_shows_all_cameras_and_a_line_of_text(dataset: Path) -> None:
    shown = list(frames(open_dataset(dataset).episode(0), every=5))
    assert len(shown) == 4  # steps 0, 5, 10 and the last
    assert len({f.shape for f in shown}) == 1
    assert np.ptp(shown[0][:16]) > 100


def test_a_strip_has_a_row_a_camera(dataset: Path) -> None:
    tall = strip(open_dataset(dataset).episode(0), count=3)
    assert tall.shape[0] == 4 * 128 + 3 * 4


def test_an_mp4_plays_every_frame_at_the_speed_of_the_episode(dataset: Path, tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    assert write_film(open_dataset(dataset).episode(0), tmp_path / "x.mp4") == 12
    with av.open(str(tmp_path / "x.mp4")) as container:
        assert container.streams.video[0].average_rate == 20
        assert len(list(container.decode(video=0))) == 12


def test_a_gif_has_every_frame(dataset: Path, tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    assert write_film(open_dataset(dataset).episode(0), tmp_path / "x.gif", every=2) == 7
    with image.open(tmp_path / "x.gif") as film:
        assert film.n_frames == 7
    assert [p.name for p in tmp_path.glob("*x.*")] == ["x.gif"]


def test_an_episode_without_pictures_is_said(make: Callable[..., Path], builder: Any) -> None:
    reader = open_dataset(make("blind.zarr", [builder.episode(1, cameras=())]))
    with pytest.raises(DatasetError, match="no pictures"):
        list(frames(reader.episode(0)))


def test_a_recording_holds_robot_objects_cameras_actions_and_stages(dataset: Path, tmp_path: Path) -> None:
    pytest.importorskip("rerun")
    write_recording(open_dataset(dataset).episode(0), tmp_path / "x.rrd")
    entities = _entities(tmp_path / "x.rrd")
    for wanted in (
        "/world/robot/chain",
        "/world/robot/tool",
        "/world/objects/cup",
        "/world/cameras/wrist/rgb",
        "/world/cameras/front/depth",
        "/action/gripper_width",
        "/state/j0",
        "/stages",
        "/progress",
    ):
        assert wanted in entities, sorted(entities)


def _entities(file: Path) -> set[str]:
    from rerun.chunk import RrdReader

    return {str(chunk.entity_path) for chunk in RrdReader(file).stream()}
