"""What LeRobot v3.0 says of a dataset as a whole: ``info.json``, ``stats.json``, and the stages for SARM."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pipeline.dataset.exporters._episode import ExportedEpisode, Row
from pipeline.dataset.exporters._exporter import Options
from pipeline.dataset.exporters._lerobot_tables import FILES_A_CHUNK, write_tasks
from pipeline.dataset.exporters._running import Running, RunningImages
from pipeline.dataset.exporters._selection import Selection
from pipeline.dataset.exporters._video import Codec, pixel_format

VERSION = "v3.0"
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
    crf: int | None = Field(
        default=None, ge=0, le=63, description="quality, lower is better; None: 18 (h264), 30 (av1)"
    )
    gop: int = Field(default=2, ge=1, description="frames from one that can be read alone to the next")
    robot_type: str | None = Field(default=None, description="None is the robot's name")
    data_mb: int = Field(default=DATA_MB, ge=1, description="size at which a new data file begins [MB]")
    video_mb: int = Field(default=VIDEO_MB, ge=1, description="size at which a new video file begins [MB]")


@dataclass
class Told:
    """What is known only once the episodes have gone by: wordings, stages, and statistics of episodes of ``split``."""

    split: str | None
    """None stands for all, where none is for training."""
    instructions: dict[str, int] = field(default_factory=dict)
    stats: dict[str, Running | RunningImages] = field(default_factory=dict)
    shares: dict[str, list[float]] = field(default_factory=dict)
    """Of each stage, the share of every episode that has it."""
    order: dict[str, list[float]] = field(default_factory=dict)
    """Of each stage, where in every episode it begins."""

    def learn(self, episode: ExportedEpisode, name: str, values: NDArray[Any]) -> None:
        """An array of the episode, for the statistics."""
        if self.split not in (None, episode.split):
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
    names, first, last = [s[0] for s in spans], [s[1] for s in spans], [s[2] for s in spans]
    return {
        f"{kind}_subtask_names": names,
        f"{kind}_subtask_start_frames": first,
        f"{kind}_subtask_end_frames": last,
        f"{kind}_subtask_start_times": [f / fps for f in first],
        f"{kind}_subtask_end_times": [(f + 1) / fps for f in last],
    }


def write_meta(root: Path, selection: Selection, own: LerobotOptions, told: Told) -> None:
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
