"""Album: the pictures that a batch keeps beside its part, so that cards and galleries need not open a dataset.

    parts/<task>-<k>/pictures/demonstration.json     which demonstration, what there is of it
                              still.webp             its last frame, seen by the first camera
                              moving-<camera>.webp   a short animation
                              strip-<camera>.webp    a few frames side by side
                              film.mp4               all cameras at true speed, where PyAV is installed
                              failed-<cause>.webp    the last frame of the first attempt that failed so

They are for people: nothing that is computed depends on them, and a batch without them is whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path

import numpy as np
from pydantic import Field, ValidationError

from flows.folder import RunFolder
from flows.media import Video, animation, filmstrip, still
from pipeline.core.errors import InvalidInputError
from pipeline.core.files import write_atomically
from pipeline.core.geometry import Frozen
from pipeline.dataset.reader import DatasetReader
from pipeline.dataset.viewing.pictures import encode

FOLDER, TABLE = "pictures", "demonstration.json"
LARGEST_STILL = 256  # pixels, of the longer side
GAP = 4  # pixels between the cameras of a film
PAPER = 250  # grey level of that gap


class Demonstration(Frozen):
    """The demonstration that a task is shown by."""

    attempt: int
    seconds: float
    cameras: tuple[str, ...]


class Album(Frozen):
    """What there is to see of one task: at most one demonstration, and a failure of each cause."""

    place: Path | None = None
    shown: Demonstration | None = None
    failed: Mapping[str, Path] = Field(default_factory=dict)

    @property
    def still(self) -> Path | None:
        """The last frame of the demonstration."""
        return self._path("still.webp")

    @property
    def film(self) -> Path | None:
        """The demonstration at true speed."""
        return self._path("film.mp4")

    def moving(self, camera: str) -> Path | None:
        """A short animation of what one camera saw."""
        return self._path(f"moving-{camera}.webp")

    def strip(self, camera: str) -> Path | None:
        """A few frames of one camera side by side."""
        return self._path(f"strip-{camera}.webp")

    def _path(self, name: str) -> Path | None:
        return self.place / name if self.place is not None and (self.place / name).is_file() else None


def read_album(folder: RunFolder, task: str, *, batches: int) -> Album:
    """The first demonstration among a task's batches, and the first picture of each cause."""
    failed: dict[str, Path] = {}
    place: Path | None = None
    shown: Demonstration | None = None
    for index in range(batches):
        pictures = pictures_of(folder, task, index)
        for path in sorted(pictures.glob("failed-*.webp")):
            failed.setdefault(path.stem.removeprefix("failed-"), path)
        if shown is None and (shown := _read(pictures / TABLE)) is not None:
            place = pictures
    return Album(place=place, shown=shown, failed=failed)


def pictures_of(folder: RunFolder, task: str, index: int) -> Path:
    """Where a batch keeps its pictures."""
    return folder.part(task, index).with_name(FOLDER)


def keep_demonstration(place: Path, rgb: Mapping[str, Video], *, attempt: int, control_hz: float) -> None:
    """Keep what the cameras saw of a demonstration; ``rgb`` maps their names to (time, height, width, 3)."""
    place.mkdir(parents=True, exist_ok=True)
    first = next(iter(rgb.values()))
    write_atomically(place / "still.webp", still(first[-1], side=LARGEST_STILL))
    for camera, video in rgb.items():
        write_atomically(place / f"moving-{camera}.webp", animation(video))
        write_atomically(place / f"strip-{camera}.webp", filmstrip(video))
    _film(place / "film.mp4", rgb, control_hz=control_hz)
    table = Demonstration(attempt=attempt, seconds=round(len(first) / control_hz, 2), cameras=tuple(rgb))
    write_atomically(place / TABLE, table.model_dump_json())


def keep_failures(place: Path, frames: Mapping[str, Video]) -> None:
    """Keep the last frame (height, width, 3) of an attempt for each cause."""
    for cause, frame in frames.items():
        place.mkdir(parents=True, exist_ok=True)
        write_atomically(place / f"failed-{cause}.webp", still(frame, side=LARGEST_STILL))


def complete_albums(folder: RunFolder, tasks: Mapping[str, int]) -> None:
    """Make from the dataset what a run of an older version did not keep; ``tasks`` maps names to batches."""
    missing = {name for name, batches in tasks.items() if read_album(folder, name, batches=batches).shown is None}
    if not missing or not folder.dataset.exists():
        return
    reader = DatasetReader(folder.dataset)
    cameras = [name for name in reader.names if name.startswith("rgb_")]
    for episode in reader:
        name = episode.task.name
        if name in missing and cameras:
            missing.remove(name)
            rgb = {camera.removeprefix("rgb_"): episode.arrays[camera] for camera in cameras}
            place = pictures_of(folder, name, 0)
            keep_demonstration(place, rgb, attempt=episode.attempt, control_hz=reader.control_hz)
        if not missing:
            return


def _read(table: Path) -> Demonstration | None:
    try:
        return Demonstration.model_validate_json(table.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def _film(out: Path, rgb: Mapping[str, Video], *, control_hz: float) -> None:
    try:
        encode(_beside(rgb), out, hz=Fraction(control_hz).limit_denominator(1000))
    except InvalidInputError:  # PyAV comes with the extra 'view'; the animations do without it
        return


def _beside(rgb: Mapping[str, Video]) -> Iterator[Video]:
    """Frame by frame, all cameras side by side; smaller pictures stand at the top."""
    height = max(video.shape[1] for video in rgb.values())
    for frames in zip(*rgb.values(), strict=True):
        tiles = [np.pad(f, ((0, height - len(f)), (0, GAP), (0, 0)), constant_values=PAPER) for f in frames]
        yield np.concatenate(tiles, axis=1)[:, :-GAP]
