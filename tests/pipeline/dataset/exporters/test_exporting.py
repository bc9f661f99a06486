"""What every exporter shares: which episodes, where to, whole or not at all, and errors that say what to do."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from pipeline.core.errors import InvalidInputError, OutputError, UnknownNameError
from pipeline.dataset.exporting import EXPORTERS, ExportRequest, export_dataset
from pipeline.dataset.reader import DatasetReader


def contents(place: Path) -> dict[str, bytes]:
    files = [place] if place.is_file() else [f for f in place.rglob("*") if f.is_file()]
    return {str(f.relative_to(place)): f.read_bytes() for f in files}


@pytest.fixture(params=[name for name in EXPORTERS if name != "dp3"])
def format(request: pytest.FixtureRequest) -> str:
    """All formats but DP3's, which wants depth and is written by the code of diffusion_policy's."""
    for module in EXPORTERS.get(request.param).needs:
        pytest.importorskip(module)
    return request.param


def test_what_is_there_is_kept_unless_replacing_is_asked_for(
    reader: DatasetReader, tmp_path: Path, format: str
) -> None:
    out = tmp_path / "out"
    export_dataset(reader, out, format=format)
    before = contents(out)
    with pytest.raises(OutputError, match="exists"):
        export_dataset(reader, out, format=format, request=ExportRequest(hz=10))
    assert contents(out) == before
    report = export_dataset(reader, out, format=format, request=ExportRequest(hz=10), replace=True)
    assert report.steps == 46
    assert contents(out) != before
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_a_stranger_is_never_replaced(reader: DatasetReader, tmp_path: Path, format: str) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.tex").write_text("years of work")
    (tmp_path / "notes.txt").write_text("more")
    for place in ("home", "notes.txt"):
        with pytest.raises(OutputError, match="not an export"):
            export_dataset(reader, tmp_path / place, format=format, replace=True)
    assert (tmp_path / "home" / "thesis.tex").read_text() == "years of work"
    assert (tmp_path / "notes.txt").read_text() == "more"


def test_the_dataset_itself_is_never_written_to(reader: DatasetReader, dataset: Path, format: str) -> None:
    for place in (dataset, dataset / "out", dataset.parent):
        with pytest.raises(OutputError):
            export_dataset(reader, place, format=format, replace=True)
    assert not (dataset / "out").exists()


def test_an_export_that_fails_half_way_leaves_nothing(reader: DatasetReader, tmp_path: Path, format: str) -> None:
    def fail(number: int, count: int) -> None:
        if number == 3:
            raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match="No space left"):
        export_dataset(reader, tmp_path / "out", format=format, tell=fail)
    assert not list(tmp_path.iterdir())


def test_an_export_that_is_killed_leaves_the_former_one_and_the_next_cleans_up(
    reader: DatasetReader, dataset: Path, tmp_path: Path, format: str
) -> None:
    out = tmp_path / "out"
    export_dataset(reader, out, format=format)
    before = contents(out)
    code = (
        "import os, signal\nfrom pathlib import Path\nfrom pipeline.dataset import open_dataset\n"
        "from pipeline.dataset.exporting import ExportRequest, export_dataset\n"
        f"export_dataset(open_dataset({str(dataset)!r}), Path({str(out)!r}), format={format!r}, replace=True,\n"
        "    tell=lambda number, count: number == 3 and os.kill(os.getpid(), signal.SIGKILL))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert contents(out) == before
    assert len(list(tmp_path.iterdir())) == 2, "what the killed one had begun"
    export_dataset(reader, out, format=format, replace=True)
    assert contents(out).keys() == before.keys()
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize(
    ("request_", "indices"),
    [
        (ExportRequest(tasks=("clear_up",)), [2]),
        (ExportRequest(outcome="all"), [0, 1, 2, 3, 4]),
        (ExportRequest(), [0, 1, 2, 3, 4]),
    ],
)
def test_episodes_are_chosen(
    reader: DatasetReader, tmp_path: Path, request_: ExportRequest, indices: list[int]
) -> None:
    export_dataset(reader, tmp_path / "z", format="diffusion_policy", request=request_)
    assert zarr.open_group(tmp_path / "z", mode="r")["meta/episode_source"][:].tolist() == indices


@pytest.mark.parametrize("split", ["train", "val"])
def test_a_split_alone(reader: DatasetReader, tmp_path: Path, split: Any) -> None:
    report = export_dataset(reader, tmp_path / "z", format="diffusion_policy", request=ExportRequest(split=split))
    wanted = [e for e in reader if e.split == split]
    assert report.episodes == len(wanted) == report.splits[split]
    root = zarr.open_group(tmp_path / "z", mode="r")
    np.testing.assert_array_equal(root["data/state"][:], np.concatenate([e.arrays["state"] for e in wanted]))


@pytest.mark.parametrize(
    ("bad", "error", "words"),
    [
        ({"format": "rlds"}, UnknownNameError, "diffusion_policy, dp3, lerobot, robomimic"),
        ({"request": ExportRequest(keys={"img": "rgb_frnt"})}, UnknownNameError, "Did you mean 'rgb_front'"),
        ({"request": ExportRequest(tasks=("cup_on_plat",))}, UnknownNameError, "Did you mean 'cup_on_plate'"),
        ({"request": ExportRequest(outcome="failure")}, InvalidInputError, "None of the 5 episodes"),
        ({"request": ExportRequest(hz=30)}, InvalidInputError, "recorded at 20 Hz"),
        ({"options": {"fomr": "v2"}}, UnknownNameError, "Did you mean 'form'"),
        ({"options": {"form": "v4"}}, InvalidInputError, "zarr version 2"),
    ],
)
def test_what_is_asked_wrongly_is_answered(
    reader: DatasetReader, tmp_path: Path, bad: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error) as caught:
        export_dataset(reader, tmp_path / "out", **{"format": "diffusion_policy", **bad})
    assert words in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_missing_package_names_the_extra(reader: DatasetReader, tmp_path: Path, monkeypatch) -> None:
    find = "pipeline.dataset.exporting.importlib.util.find_spec"
    monkeypatch.setattr(find, lambda name: None if name == "av" else object())
    with pytest.raises(Exception, match=r"needs av.*\[export\]"):
        export_dataset(reader, tmp_path / "out", format="lerobot")


def test_every_exporter_is_documented_and_its_options_too() -> None:
    for name in EXPORTERS:
        exporter = EXPORTERS.get(name)
        assert exporter.about
        assert all(field.description for field in exporter.options.model_fields.values())
