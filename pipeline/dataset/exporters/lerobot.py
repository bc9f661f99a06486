"""LeRobot v3.0: parquet tables, videos, statistics of the train split, and the stages as SARM annotations."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pipeline.core.errors import InvalidInputError
from pipeline.dataset.exporters._exporter import Exporter, Options, Tell
from pipeline.dataset.exporters._lerobot_tables import (
    FILES_A_CHUNK,
    Episodes,
    RollingPlace,
    Table,
    frames_table,
    write_tasks,
)
from pipeline.dataset.exporters._running import Running, RunningImages
from pipeline.dataset.exporters._selection import ExportedEpisode, Row, Selection
from pipeline.dataset.exporters._video import Codec, VideoFile, pixel_format

VERSION = "v3.0"
MEGABYTE = 2**20
DATA_MB, VIDEO_MB = 100, 200  # what LeRobot itself begins a new file at
DATA_PATH = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
VIDEO_PATH = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"
OWN_COLUMNS = {"timestamp": "float32", "frame_index": "int64", "episode_index": "int64", "index": "int64"} | {
    "task_index": "int64"
}
TYPES = {"f": "float32", "b": "bool", "u": "int64", "i": "int64"}


class LerobotOptions(Options):
    """What only this format knows."""

    codec: Codec = Field(default="h264", description="of the videos; av1 is smaller and slower to read")
    crf: int | None = Field(default=None, ge=0, le=63, description="quality, lower is better; None: 18 (h264), 30 (av1)")
    gop: int = Field(default=2, ge=1, description="frames from one that can be read alone to the next")
    robot_type: str | None = Field(default=None, description="None is the robot's name")
    data_mb: int = Field(default=DATA_MB, ge=1, description="size at which a new data file begins [MB]")
    video_mb: int = Field(default=VIDEO_MB, ge=1, description="size at which a new video file begins [MB]")


def _keys(selection: Selection, own: LerobotOptions) -> dict[str, str]:
    return (
        {"observation.state": "state", "action": "action"}
        | {f"observation.images.{name}": f"rgb_{name}" for name in selection.cameras}
        | {"next.reward": "reward", "next.done": "is_last", "next.success": "is_terminal"}
        | {"stage": "stage", "progress": "progress"}
    )


def _write(selection: Selection, place: Path, own: LerobotOptions, tell: Tell) -> None:
    if selection.rate.hz.denominator != 1:
        raise InvalidInputError(f"LeRobot counts frames a second in whole numbers, not {selection.hz:g}; give another hz.")
    # A split is a range of episodes here.
    selection = selection.ordered(selection.numbers[np.argsort(selection.splits, kind="stable")])
    _check(selection.rows)
    (place / "meta").mkdir(parents=True)
    told = _Told()
    with _writing(place, selection, own) as files:
        for episode in selection:
            tell(episode.number)
            files.append(episode, told)
    _write_meta(place, selection, own, told)


def _check(rows: dict[str, Row]) -> None:
    for name, row in rows.items():
        if "/" in name:
            raise InvalidInputError(f"LeRobot has no '/' in names of features: {name!r}; use a dot.")
        if name in OWN_COLUMNS or (row.dtype.kind == "u" and len(row.shape) == 2):
            why = "is one of LeRobot's own" if name in OWN_COLUMNS else "holds depth or segmentation, which it has no place for"
            raise InvalidInputError(f"The key {name!r} {why}; leave it out.")


@dataclass
class _Told:
    """What is known only once the episodes have gone by."""

    instructions: dict[str, int] = field(default_factory=dict)
    stats: dict[str, Running | RunningImages] = field(default_factory=dict)
    shares: dict[str, list[float]] = field(default_factory=dict)
    """Of each stage, the share of every episode that has it."""
    order: dict[str, list[float]] = field(default_factory=dict)
    """Of each stage, where in every episode it begins."""

    def learn(self, episode: ExportedEpisode, name: str, values: NDArray[Any]) -> None:
        """Statistics are those of the train split."""
        if episode.split != "train":
            return
        images = values.ndim == 4
        running = self.stats.setdefault(name, RunningImages() if images else Running())
        running.add(values if images else values.reshape(len(values), -1))

    def stages(self, episode: ExportedEpisode, fps: float) -> dict[str, Any]:
        """The columns that SARM reads; the whole episode is the one sparse stage."""
        segments, steps = episode.segments, episode.steps
        for one in segments:
            self.shares.setdefault(one.name, []).append((one.last - one.first + 1) / steps)
            self.order.setdefault(one.name, []).append(one.first / steps)
        dense = [(one.name, one.first, one.last) for one in segments]
        return _annotation("sparse", [("task", 0, steps - 1)], fps) | _annotation("dense", dense, fps)

    def proportions(self) -> dict[str, float]:
        """Mean share of each stage, in the order in which they begin; they sum to one."""
        episodes = max((len(s) for s in self.shares.values()), default=1)
        mean = {name: sum(shares) / episodes for name, shares in self.shares.items()}
        total = sum(mean.values())
        names = sorted(mean, key=lambda name: (float(np.mean(self.order[name])), name))
        return {name: mean[name] / total for name in names}


def _annotation(kind: str, spans: list[tuple[str, int, int]], fps: float) -> dict[str, Any]:
    names, first, last = ([span[k] for span in spans] for k in range(3))
    return {
        f"{kind}_subtask_names": names,
        f"{kind}_subtask_start_frames": first,
        f"{kind}_subtask_end_frames": last,
        f"{kind}_subtask_start_times": [f / fps for f in first],
        f"{kind}_subtask_end_times": [(f + 1) / fps for f in last],
    }


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

    def append(self, episode: ExportedEpisode, told: _Told) -> None:
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


def _write_meta(root: Path, selection: Selection, own: LerobotOptions, told: _Told) -> None:
    write_tasks(root, list(told.instructions))
    stats = {name: running.result() for name, running in told.stats.items()}
    texts = {
        "info": _info(selection, own, tasks=len(told.instructions)),
        "stats": stats,
        "temporal_proportions_sparse": {"task": 1.0},
        "temporal_proportions_dense": told.proportions(),
    }
    for name, content in texts.items():
        (root / "meta" / f"{name}.json").write_text(json.dumps(content, indent=4))


def _info(selection: Selection, own: LerobotOptions, *, tasks: int) -> dict[str, Any]:
    robot: Any = selection.reader.attrs["robot"]
    train = int((selection.splits == 0).sum())
    splits = {"train": f"0:{train}", "val": f"{train}:{len(selection)}"}
    features = {name: _feature(row, selection, own) for name, row in selection.rows.items()}
    fixed = {name: {"dtype": dtype, "shape": [1], "names": None} for name, dtype in OWN_COLUMNS.items()}
    return {
        "codebase_version": VERSION,
        "robot_type": own.robot_type or robot["name"],
        "total_episodes": len(selection),
        "total_frames": int(selection.ends[-1]),
        "total_tasks": tasks,
        "chunks_size": FILES_A_CHUNK,
        "data_files_size_in_mb": own.data_mb,
        "video_files_size_in_mb": own.video_mb,
        "fps": int(selection.rate.hz),
        "splits": {name: span for name, span in splits.items() if len(set(span.split(":"))) > 1},
        "data_path": DATA_PATH,
        "video_path": VIDEO_PATH if any(row.image for row in selection.rows.values()) else None,
        "features": features | fixed,
    }


def _feature(row: Row, selection: Selection, own: LerobotOptions) -> dict[str, Any]:
    if not row.image:
        size = int(np.prod(row.shape, dtype=int))
        names = None if row.names is None else list(row.names)
        return {"dtype": TYPES[row.dtype.kind], "shape": [size], "names": names}
    height, width = row.shape[:2]
    video = {"height": height, "width": width, "codec": own.codec, "pix_fmt": pixel_format(height, width)}
    video |= {"fps": int(selection.rate.hz), "channels": 3}
    told = {f"video.{name}": value for name, value in video.items()} | {"is_depth_map": False, "has_audio": False}
    return {"dtype": "video", "shape": list(row.shape), "names": ["height", "width", "channels"], "info": told}


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
