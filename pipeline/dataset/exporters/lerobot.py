"""LeRobot v3.0: parquet tables, videos, statistics of the train split, and the stages as SARM annotations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.core.errors import InvalidInputError
from pipeline.dataset.exporters._episode import ExportedEpisode, Row
from pipeline.dataset.exporters._exporter import Exporter, Tell
from pipeline.dataset.exporters._lerobot_meta import OWN_COLUMNS, TYPES, LerobotOptions, Told, write_meta
from pipeline.dataset.exporters._lerobot_tables import Episodes, RollingPlace, Table, frames_table
from pipeline.dataset.exporters._selection import Selection
from pipeline.dataset.exporters._video import VideoFile
from pipeline.dataset.splits import SPLITS

MEGABYTE = 2**20


def _keys(selection: Selection, own: LerobotOptions) -> dict[str, str]:
    return (
        {"observation.state": "state", "action": "action"}
        | {f"observation.images.{name}": f"rgb_{name}" for name in selection.cameras}
        | {"next.reward": "reward", "next.done": "is_last", "next.success": "is_terminal"}
        | {"stage": "stage", "progress": "progress"}
    )


def _write(selection: Selection, place: Path, own: LerobotOptions, tell: Tell) -> None:
    if selection.rate.hz.denominator != 1:
        raise InvalidInputError(
            f"LeRobot counts frames a second in whole numbers, not {selection.hz:g}; give another hz."
        )
    # A split is a range of episodes here.
    selection = selection.ordered(selection.numbers[np.argsort(selection.splits, kind="stable")])
    _check(selection.rows)
    (place / "meta").mkdir(parents=True)
    told = Told("train" if SPLITS.index("train") in selection.splits else None)
    with _writing(place, selection, own) as files:
        for episode in selection:
            tell(episode.number)
            files.append(episode, told)
    write_meta(place, selection, own, told)


def _check(rows: dict[str, Row]) -> None:
    for name, row in rows.items():
        if "/" in name:
            raise InvalidInputError(f"LeRobot has no '/' in names of features: {name!r}; use a dot.")
        if name in OWN_COLUMNS or (row.dtype.kind == "u" and len(row.shape) == 2):
            why = (
                "is one of LeRobot's own"
                if name in OWN_COLUMNS
                else "holds depth or segmentation, which it has no place for"
            )
            raise InvalidInputError(f"The key {name!r} {why}; leave it out.")


class _Video:
    """The videos of one camera, a new one after ``limit`` bytes."""

    def __init__(self, root: Path, name: str, selection: Selection, own: LerobotOptions) -> None:
        self._place, self._name = RollingPlace(root / "videos" / name, ".mp4"), name
        self._fps, self._own = selection.rate.hz, own
        self.file = self._new()

    def append(self, images: NDArray[np.uint8]) -> dict[str, Any]:
        """An episode's frames; what ``meta/episodes`` says of them."""
        if self.file.bytes >= self._own.video_mb * MEGABYTE:
            self.file.close()
            self._place.roll()
            self.file = self._new()
        first = self.file.seconds
        self.file.append(images)
        told = {"chunk_index": self._place.chunk, "file_index": self._place.file}
        told |= {"from_timestamp": first, "to_timestamp": self.file.seconds}
        return {f"videos/{self._name}/{key}": value for key, value in told.items()}

    def _new(self) -> VideoFile:
        own = self._own
        return VideoFile(self._place.path, fps=self._fps, codec=own.codec, crf=own.crf, gop=own.gop)


class _Files:
    """All files that grow with the episodes."""

    def __init__(self, root: Path, selection: Selection, own: LerobotOptions) -> None:
        self._rows = selection.rows
        self.frames = Table(root / "data", own.data_mb * MEGABYTE)
        self.episodes = Episodes(root, own.data_mb * MEGABYTE)
        self.videos = {n: _Video(root, n, selection, own) for n, row in self._rows.items() if row.image}

    def append(self, episode: ExportedEpisode, told: Told) -> None:
        """One episode: its videos, its frames, its row."""
        row: dict[str, Any] = {}
        for name, video in self.videos.items():
            images = episode[name]
            told.learn(episode, name, images)
            row |= video.append(images)
        arrays = {name: _number(episode[name]) for name in self._rows if name not in self.videos}
        task = told.instructions.setdefault(episode.stored.instruction, len(told.instructions))
        arrays |= _own_columns(episode, task)
        for name, values in arrays.items():
            told.learn(episode, name, values)
        row |= {"data/chunk_index": self.frames.place.chunk, "data/file_index": self.frames.place.file}
        self.frames.append(frames_table(arrays))
        self.episodes.append(_about(episode) | row | told.stages(episode, episode.selection.hz))


@contextmanager
def _writing(root: Path, selection: Selection, own: LerobotOptions) -> Iterator[_Files]:
    files = _Files(root, selection, own)
    try:
        yield files
        for video in files.videos.values():
            video.file.close()
        files.episodes.close()
    finally:
        files.frames.close()
        for video in files.videos.values():
            video.file.abandon()


def _number(values: NDArray[Any]) -> NDArray[Any]:
    """(steps,) or (steps, columns) of a type that LeRobot has."""
    flat = values if values.ndim == 1 else values.reshape(len(values), -1)
    flat = flat[:, 0] if flat.ndim == 2 and flat.shape[1] == 1 else flat
    return flat.astype(TYPES[values.dtype.kind])


def _own_columns(episode: ExportedEpisode, task: int) -> dict[str, NDArray[Any]]:
    steps = np.arange(episode.steps)
    return {
        "timestamp": (steps / episode.selection.hz).astype(np.float32),
        "frame_index": steps,
        "episode_index": np.full_like(steps, episode.number),
        "index": steps + episode.rows.start,
        "task_index": np.full_like(steps, task),
    }


def _about(episode: ExportedEpisode) -> dict[str, Any]:
    stored, rows = episode.stored, episode.rows
    return {
        "episode_index": episode.number,
        "tasks": [stored.instruction],
        "length": episode.steps,
        "dataset_from_index": rows.start,
        "dataset_to_index": rows.stop,
        "task_name": stored.task.name,
        "success": episode.success,
        "split": episode.split,
        "seed": stored.seed,
        "solver": stored.solver,
        "episode_id": stored.id,
    }


def _recognises(place: Path) -> bool:
    info = place / "meta" / "info.json"
    return info.is_file() and "codebase_version" in info.read_text()


lerobot = Exporter(
    about="LeRobot v3.0 with videos, statistics of the train split and the stages as SARM annotations",
    options=LerobotOptions,
    keys=_keys,
    write=_write,
    recognises=_recognises,
    needs=("av", "pandas", "pyarrow"),
)
