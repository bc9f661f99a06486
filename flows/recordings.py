"""Recordings: a Rerun file of one demonstration a task, beside the run, for whoever wants to look from all sides."""

from __future__ import annotations

from pathlib import Path

from flows.folder import RunFolder
from pipeline.dataset.reader import DatasetReader
from pipeline.dataset.viewing.recording import write_recording


def recording_of(folder: RunFolder, task: str) -> Path:
    """Where the recording of a task's first demonstration is, if it was made."""
    return folder.root / "recordings" / f"{task}.rrd"


def write_recordings(folder: RunFolder) -> int:
    """Make those that are missing; how many. Raises :class:`InvalidInputError` without rerun-sdk."""
    if not folder.dataset.exists():
        return 0
    reader = DatasetReader(folder.dataset)
    made, seen = 0, set[str]()
    for episode in reader:
        out = recording_of(folder, episode.task.name)
        if episode.task.name not in seen and not out.is_file():
            write_recording(episode, out)
            made += 1
        seen.add(episode.task.name)
    return made
