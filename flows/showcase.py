"""Showcase: the first demonstration of every task of a dataset, as pictures are wanted of it."""

from __future__ import annotations

from dataclasses import dataclass

from flows.folder import RunFolder
from flows.media import Video
from pipeline.dataset.reader import DatasetReader


@dataclass(frozen=True, eq=False)
class Shown:
    """One demonstration: its number in the dataset, its duration and what each camera saw."""

    episode: int
    seconds: float
    rgb: dict[str, Video]


def first_demonstrations(folder: RunFolder) -> dict[str, Shown]:
    """By task name; empty when there is no dataset."""
    if not folder.dataset.exists():
        return {}
    shown: dict[str, Shown] = {}
    reader = DatasetReader(folder.dataset)
    for episode in reader:
        if episode.task.name not in shown:
            videos = {
                name.removeprefix("rgb_"): episode.arrays[name] for name in reader.names if name.startswith("rgb_")
            }
            shown[episode.task.name] = Shown(episode.index, episode.length / reader.control_hz, videos)
    return shown
