"""DatasetReader: opens a committed dataset, local or remote, and hands out its episodes lazily."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from pipeline.core.episode import Outcome, Provenance
from pipeline.core.errors import DatasetError, UnknownNameError
from pipeline.core.scene import SceneSpec
from pipeline.core.task import TaskSpec
from pipeline.core.world import F32
from pipeline.dataset import layout
from pipeline.dataset.access import read
from pipeline.dataset.blobs import Assets, Card
from pipeline.dataset.guard import local_path, open_arrays, open_root, refuse_links
from pipeline.dataset.journal import Change, pending
from pipeline.dataset.metadata import check_attributes, shards_listed
from pipeline.dataset.record import Record, with_cards
from pipeline.dataset.splits import SPLITS


class DatasetReader:
    """A committed dataset at a path or URL (anything fsspec opens). Frames are read when asked for.

    Whatever lies beyond the last committed episode, while another process is writing, is not seen.
    """

    def __init__(self, place: str | Path) -> None:
        self.place = str(place)
        self.root, self._attrs = _open(self.place)
        self.ends = _ends(self.root, self._attrs, self.place)
        self._cards: dict[str, Card] = {}
        self._columns: dict[str, NDArray[Any]] = {}

    def __len__(self) -> int:
        return len(self.ends)

    @property
    def attrs(self) -> dict[str, Any]:
        """The root attributes; while a commit is under way they may count its episodes already."""
        return self._attrs

    @cached_property
    def tasks(self) -> tuple[TaskSpec, ...]:
        """The tasks; ``meta/episode_task`` indexes them."""
        listed: list[dict[str, Any]] = self._attrs["tasks"]
        plain = ({k: v for k, v in task.items() if k not in ("id", "episodes")} for task in listed)
        return tuple(TaskSpec.model_validate(task) for task in plain)

    @property
    def names(self) -> tuple[str, ...]:
        """The arrays of ``data/``, sorted."""
        return tuple(self._attrs["arrays"]["data"])

    @property
    def control_hz(self) -> float:
        """Control rate [Hz]."""
        return float(self._attrs["control_hz"])

    def column(self, name: str) -> NDArray[Any]:
        """One array of ``meta/``, a row an episode; kept once read."""
        if name not in self._columns:
            if name not in self._attrs["arrays"]["meta"]:
                raise UnknownNameError("column", name, self._attrs["arrays"]["meta"])
            rows = slice(0, len(self))
            self._columns[name] = np.asarray(read(self.root, f"{layout.META}/{name}", rows))
        return self._columns[name]

    def episode(self, index: int) -> StoredEpisode:
        """Episode ``index``, 0 to ``len(self) - 1``; raises :class:`DatasetError` outside."""
        if not 0 <= index < len(self):
            raise DatasetError(f"There is no episode {index}: {self.place!r} holds 0 to {len(self) - 1}.")
        return StoredEpisode(self, index)

    def __iter__(self) -> Iterator[StoredEpisode]:
        return (StoredEpisode(self, k) for k in range(len(self)))

    def card(self, sha: str) -> Card:
        """The robot or asset card with this sha256; raises :class:`AssetError`."""
        if sha not in self._cards:
            self._cards[sha] = self.assets.card(sha)
        return self._cards[sha]

    def blob(self, sha: str) -> bytes:
        """The file with this sha256; raises :class:`AssetError` when absent or changed."""
        return self.assets.read(sha)

    @property
    def unfinished(self) -> tuple[Change, ...]:
        """The changes of a commit that was cut short, or is under way at this moment; none in a dataset at rest."""
        folder = local_path(self.place)
        journal = None if folder is None else pending(folder)
        return () if journal is None else journal.changes

    @cached_property
    def assets(self) -> Assets:
        """All files and cards."""
        return Assets(self.root)


@dataclass(frozen=True, eq=False)
class StoredEpisode:
    """One episode of a dataset; every property reads only what it needs."""

    reader: DatasetReader
    index: int

    @property
    def rows(self) -> slice:
        """Its rows of ``data/``."""
        ends = self.reader.ends
        return slice(int(ends[self.index - 1]) if self.index else 0, int(ends[self.index]))

    @property
    def length(self) -> int:
        """Number of control steps."""
        return self.rows.stop - self.rows.start

    @cached_property
    def record(self) -> Record:
        """Everything that is not an array."""
        return Record.model_validate_json(self._json())

    @property
    def task(self) -> TaskSpec:
        """What was to be done."""
        return self.record.task

    @property
    def instruction(self) -> str:
        """What the robot was told: the wording drawn for this episode, else the task's own."""
        return self.record.instruction

    @cached_property
    def scene(self) -> SceneSpec:
        """The scene exactly as it was simulated."""
        return with_cards(self.record.scene, self.reader.card)

    @property
    def id(self) -> str:
        """Content-derived id."""
        return self._meta("episode_id")

    @property
    def seed(self) -> int:
        """The scene's seed."""
        return int(self._meta("episode_seed"))

    @property
    def split(self) -> str:
        """``train`` or ``val``."""
        return SPLITS[int(self._meta("episode_split"))]

    @property
    def solver(self) -> str:
        """Name of the solver."""
        return self.record.solver

    @property
    def attempt(self) -> int:
        """Index of the world among all attempts on the task."""
        return self.record.attempt

    @property
    def provenance(self) -> Provenance:
        """Who made it and with what."""
        return self.record.provenance

    @property
    def stage_names(self) -> tuple[str, ...]:
        """Names that ``stage`` indexes."""
        return self.record.stage_names

    @property
    def checksum(self) -> str:
        """``trace_sha256`` of its states, for comparison with a replay."""
        return self._meta("episode_checksum")

    @property
    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """The episode's rows of every array of ``data/``, read when a key is asked for."""
        return EpisodeArrays(self)

    @property
    def actions(self) -> F32:
        """Joint targets (time, dof) exactly as applied [rad; m]."""
        return self.arrays["action"]

    @property
    def final_state(self) -> F32:
        """Joint positions and gripper width (dof,) after the last action."""
        return np.asarray(self._row("final_state"))

    @property
    def final_object_pose(self) -> F32:
        """Poses (objects, 7) after the last action; columns as in ``record.bodies``."""
        return np.asarray(self._row("final_object_pose"))[: len(self.record.bodies)]

    @property
    def outcome(self) -> Outcome:
        """How the attempt ended."""
        ending = self.record.outcome
        return Outcome(ending.success, self.actions, self.arrays["stage"], self.stage_names, ending.diagnosis)

    def _json(self) -> str:
        """Read alone, for the records of a large dataset would fill the memory."""
        rows = slice(self.index, self.index + 1)
        return str(read(self.reader.root, f"{layout.META}/episode_json", rows)[0])

    def _row(self, name: str) -> Any:
        return self.reader.column(name)[self.index]

    def _meta(self, name: str) -> str:
        return str(self._row(name))


class EpisodeArrays(Mapping[str, NDArray[Any]]):
    """One episode's arrays by name; ragged ones are cut to the episode's own columns, so nothing is padded.

    ``action_joint_pos``, which ``action`` holds, may be asked for by that name; it is not listed twice.
    """

    def __init__(self, episode: StoredEpisode) -> None:
        self._episode = episode

    def __getitem__(self, name: str) -> NDArray[Any]:
        episode, name = self._episode, layout.stored_name(name)
        if name not in episode.reader.names:
            raise UnknownNameError("array", name, episode.reader.names)
        array = np.asarray(read(episode.reader.root, f"{layout.DATA}/{name}", episode.rows))
        own = (
            {"object_pose": episode.record.bodies, "object_joint": episode.record.joints}
            if name in layout.RAGGED
            else {}
        )
        return array[:, : len(own[name])] if own else array

    def __iter__(self) -> Iterator[str]:
        return iter(self._episode.reader.names)

    def __len__(self) -> int:
        return len(self._episode.reader.names)


def _open(place: str) -> tuple[zarr.Group, dict[str, Any]]:
    """The root group and its attributes, all metadata checked."""
    try:
        store, attrs = open_root(place)
    except DatasetError as error:
        raise DatasetError(f"No dataset at {place!r}: {error} Name the folder that holds its zarr.json.") from error
    if attrs.get("kind") != "dataset":
        raise DatasetError(
            f"{place!r} is zarr, but not a committed dataset of ours; pack it, or name the dataset folder."
        )
    version = attrs.get("schema_version", 0)
    if version != layout.SCHEMA_VERSION:
        old = isinstance(version, int) and version < layout.SCHEMA_VERSION
        advice = "Pack its parts again, with the program of today." if old else "Update the program."
        raise DatasetError(
            f"{place!r} has layout version {version!r}; this program reads {layout.SCHEMA_VERSION}. {advice}"
        )
    check_attributes(attrs, place)
    refuse_links(place)
    paths = [f"{group}/{name}" for group, names in attrs["arrays"].items() for name in names]
    return open_arrays(store, paths, place=place, shards=shards_listed(attrs["files"])), attrs


def _ends(root: zarr.Group, attrs: dict[str, Any], place: str) -> NDArray[np.int64]:
    """The exclusive end of every committed episode; every array must reach that far."""
    path = f"{layout.META}/{layout.COMMIT_MARKER}"
    if path not in root:
        raise DatasetError(f"{place!r} was never committed: {path!r} is missing. Pack or copy it again.")
    ends = np.asarray(read(root, path, slice(None)), np.int64)
    if not len(ends) or len(ends) > attrs["episodes"] or (np.diff(ends, prepend=0) < 0).any():
        raise DatasetError(f"{place!r} has episode ends that do not grow, or more than it counts. Copy it again.")
    for name in attrs["arrays"]["data"]:
        array: Any = root.get(f"{layout.DATA}/{name}")
        if array is None or array.shape[0] < ends[-1]:
            held = "missing" if array is None else f"{array.shape[0]} rows long"
            raise DatasetError(f"{place!r} is truncated: data/{name} is {held}, not {ends[-1]}. Copy it again.")
    return ends
