"""A part is there whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline.core.errors import DatasetError, OutputError
from pipeline.dataset.part import list_parts, read_part, write_part

WRITE = """
from pipeline.dataset.part import write_part
write_part(Path({path!r}), [builder.episode(1), builder.episode(2)], store=builder.ToyStore())
"""
KILL_AT_WRITE = """
import zarr
real, seen = zarr.Array.__setitem__, 0
def killing(self, *args):
    global seen
    seen += 1
    if seen == {n}:
        os.kill(os.getpid(), signal.SIGKILL)
    real(self, *args)
zarr.Array.__setitem__ = killing
"""


def test_a_part_remembers_its_episodes_and_its_record(builder, tmp_path: Path) -> None:
    record = {"failures": {"ik_failed": 3}}
    info = write_part(tmp_path / "0", [builder.episode(1), builder.episode(2)], store=builder.ToyStore(), record=record)
    assert read_part(tmp_path / "0") == info
    assert (len(info.ids), info.frames, info.record) == (2, 10, record)


def test_a_batch_without_a_success_leaves_an_empty_part(builder, tmp_path: Path) -> None:
    info = write_part(tmp_path / "0", [], store=builder.ToyStore(), record={"failures": {"timeout": 8}})
    assert (info.ids, info.frames) == ((), 0)
    assert list_parts(tmp_path) == [tmp_path / "0"]
    assert read_part(tmp_path / "0").record == {"failures": {"timeout": 8}}


def test_writing_the_same_episodes_again_changes_nothing_and_others_are_refused(builder, tmp_path: Path) -> None:
    path, store = tmp_path / "0", builder.ToyStore()
    first = write_part(path, [builder.episode(1)], store=store)
    before = (path / "zarr.json").stat().st_mtime_ns
    assert write_part(path, [builder.episode(1)], store=store) == first
    assert (path / "zarr.json").stat().st_mtime_ns == before
    with pytest.raises(DatasetError, match="other episodes"):
        write_part(path, [builder.episode(2)], store=store)


def test_a_killed_writer_leaves_no_part_and_the_next_one_succeeds(builder, tmp_path: Path, child: Callable) -> None:
    path = tmp_path / "parts" / "0"
    killed = child(KILL_AT_WRITE.format(n=20) + WRITE.format(path=str(path)))
    assert killed.returncode == -9, killed.stderr
    assert not path.exists()
    assert len(list(path.parent.iterdir())) == 1, "the half-written folder of the killed process"
    assert list_parts(path.parent) == []
    info = write_part(path, [builder.episode(1), builder.episode(2)], store=builder.ToyStore())
    assert len(info.ids) == 2
    assert list(path.parent.iterdir()) == [path]


def test_a_full_disk_is_one_clear_error_and_leaves_nothing(tmp_path: Path, child: Callable) -> None:
    path = tmp_path / "parts" / "0"
    full = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (900, 900))\n" + WRITE.format(path=str(path))
    result = child(full)
    assert "OutputError: Cannot write" in result.stderr
    assert "File too large" in result.stderr
    assert list(path.parent.iterdir()) == []


def test_an_unwritable_place_is_an_output_error(builder, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file, not a folder")
    with pytest.raises(OutputError, match=r"Cannot write .*: File exists \(.*/file'\)"):
        write_part(tmp_path / "file" / "0", [builder.episode(1)], store=builder.ToyStore())


def test_arrays_that_are_not_the_simulated_float32_are_refused(builder, tmp_path: Path) -> None:
    episode = builder.episode(1)
    object.__setattr__(episode.states, "qpos", episode.states.qpos.astype(np.float64))
    with pytest.raises(DatasetError, match=r"states\.qpos is float64"):
        write_part(tmp_path / "0", [episode], store=builder.ToyStore())
    assert list(tmp_path.iterdir()) == []


def test_arrays_of_another_length_than_the_actions_are_refused(builder, tmp_path: Path) -> None:
    episode = builder.episode(1)
    object.__setattr__(episode, "progress", episode.progress[:-1])
    with pytest.raises(DatasetError, match="'progress' has 4 rows for 5 actions"):
        write_part(tmp_path / "0", [episode], store=builder.ToyStore())


def test_a_scene_that_json_cannot_hold_is_refused(builder, tmp_path: Path) -> None:
    episode = builder.episode(1)
    object.__setattr__(episode, "scene", episode.scene.model_copy(update={"ambient": float("inf")}))
    with pytest.raises(DatasetError, match="does not survive JSON"):
        write_part(tmp_path / "0", [episode], store=builder.ToyStore())
