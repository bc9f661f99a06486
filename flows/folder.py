"""RunFolder: the layout of OUT, and the rule that every file in it appears whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from flows.claim import claimed
from flows.config import RunConfig
from flows.jobs import BatchJob, BatchReport
from pipeline.core.errors import OutputError
from pipeline.core.files import write_atomically

BYTES_PER_DEMO = 12_000_000
BYTES_PER_RUN = 300_000_000


@dataclass(frozen=True)
class RunFolder:
    """Holds ``run.json`` (what was asked), ``parts/`` (finished batches), ``dataset.zarr``, report and gallery."""

    root: Path

    @property
    def dataset(self) -> Path:
        """The packed dataset."""
        return self.root / "dataset.zarr"

    @property
    def report(self) -> Path:
        """Counts, timings, seeds and versions."""
        return self.root / "report.json"

    @property
    def proposals(self) -> Path:
        """What a model proposed, what fell through, and what it cost; absent when no model was asked."""
        return self.root / "proposals.json"

    @property
    def memory(self) -> Path:
        """The memory that the run was given, as it was when the run began; absent when there was none."""
        return self.root / "memory-given.jsonl"

    @property
    def learned(self) -> Path:
        """What the run has measured of its programs, for a memory."""
        return self.root / "memory-learned.jsonl"

    @property
    def given_skills(self) -> Path:
        """The learned skills that the run was given, as they were when the run began; absent when there were none."""
        return self.root / "skills-given"

    @property
    def skills(self) -> Path:
        """What the run has learned, as a shelf; absent when it has learned nothing."""
        return self.root / "skills"

    @property
    def given_experience(self) -> Path:
        """How things were handled in earlier runs, as it was when the run began; absent when there was none."""
        return self.root / "experience-given.jsonl"

    @property
    def experience(self) -> Path:
        """How things were handled in this run's confirmed attempts, for an experience."""
        return self.root / "experience-learned.jsonl"

    @property
    def given_pictures(self) -> Path:
        """The reference pictures that the run was given, as they were when it began; absent when there were none."""
        return self.root / "pictures-given"

    @property
    def gallery(self) -> Path:
        """The page to look at."""
        return self.root / "index.html"

    @property
    def logs(self) -> Path:
        """What the engines said."""
        return self.root / "logs"

    @property
    def prefect_home(self) -> Path:
        """Prefect's database when no server is configured."""
        return self.root / "prefect"

    def batch(self, job: BatchJob) -> Path:
        """Folder of one batch: ``part/`` with the episodes and ``report.json``, written last."""
        return self.part(job.task.name, job.index).parent

    def part(self, task: str, index: int) -> Path:
        """The episodes of one batch."""
        return self.root / "parts" / f"{task}-{index}" / "part"

    def finished(self, job: BatchJob) -> BatchReport | None:
        """The report of a batch that was already done by this or an earlier process."""
        try:
            stored = BatchReport.model_validate_json((self.batch(job) / "report.json").read_bytes())
        except (FileNotFoundError, ValueError):
            return None
        return stored if stored.job == job.digest else None

    def claim(self, job: BatchJob) -> AbstractContextManager[None]:
        """Hold a batch while writing it; a second process waits, and finds the report of the first."""
        return claimed(self.root / "claims" / job.name)

    def learned_of(self, task: str) -> Path:
        """Where what is learned of a task is kept."""
        return self.root / "learned" / task

    @contextmanager
    def workshop(self, task: str) -> Iterator[Path]:
        """Where what is learned of a task is kept from batch to batch, held while it is used; a second process waits.

        No batch is ever cleared of it, so that a run that was killed goes on with its trainings.
        """
        with claimed(self.root / "claims" / f"{task}.workshop"):
            place = self.learned_of(task)
            place.mkdir(parents=True, exist_ok=True)
            try:
                yield place
            finally:
                with suppress(OSError):  # something was learned
                    place.rmdir()

    def commit(self, job: BatchJob, report: BatchReport) -> None:
        """Make a batch finished: its report is the last thing written."""
        write_atomically(self.batch(job) / "report.json", report.model_dump_json(indent=1))

    def clear(self, job: BatchJob) -> Path:
        """An empty folder for a batch; what a killed process left is removed."""
        folder = self.batch(job)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder


def check_output(root: Path, config: RunConfig, *, library: str) -> None:
    """Refuse, before anything is written, a folder that cannot take the run; raises :class:`OutputError`.

    ``library`` is the digest of the asset library, which decides the result as much as the configuration does.
    """
    check_same_run(root, config, library=library)
    parent = next(p for p in (root, *root.absolute().parents) if p.exists())
    if not parent.is_dir():
        raise OutputError(f"Output {str(root)!r}: {str(parent)!r} is a file. Choose a folder with --out.")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise OutputError(f"Output {str(root)!r}: {str(parent)!r} is not writable. Choose another folder with --out.")
    need = BYTES_PER_RUN + config.tasks * config.demos * BYTES_PER_DEMO
    free = shutil.disk_usage(parent).free
    if free < need:
        raise OutputError(
            f"Output {str(root)!r}: about {need / 1e9:.1f} GB needed, {free / 1e9:.1f} GB free. "
            "Free some space, choose another disk with --out, or lower --tasks or --demos."
        )


def open_folder(root: Path, config: RunConfig, *, library: str) -> RunFolder:
    """Create OUT, or go on with it when it holds the same run; raises :class:`OutputError` otherwise."""
    check_output(root, config, library=library)
    try:
        root.mkdir(parents=True, exist_ok=True)
        (root / "logs").mkdir(exist_ok=True)
        if not (root / "run.json").exists():
            write_atomically(root / "run.json", json.dumps(_identity(config, library), indent=1))
    except OSError as error:
        raise OutputError(f"Output {str(root)!r} cannot be written: {error.strerror}. Choose another --out.") from None
    return RunFolder(root)


def held_config(folder: RunFolder) -> RunConfig:
    """The configuration of the run in ``folder``; raises :class:`OutputError` where there is none."""
    try:
        held = json.loads((folder.root / "run.json").read_text())
        return RunConfig.model_validate(held["config"])
    except (OSError, ValueError, KeyError, TypeError):
        raise OutputError(
            f"{str(folder.root)!r} holds no run of this version of Taskloom (no run.json that can be read). "
            "Name the folder that `taskloom generate --out` made."
        ) from None


def _identity(config: RunConfig, library: str) -> dict[str, Any]:
    return {"version": version("taskloom"), "library": library, "config": config.model_dump(mode="json")}


def check_same_run(root: Path, config: RunConfig, *, library: str) -> None:
    """Refuse a folder that holds anything but this very run, if it holds something; raises :class:`OutputError`."""
    asked = _identity(config, library)
    stored = root / "run.json"
    if not stored.is_file():
        if root.is_dir() and any(p for p in root.iterdir() if p.name != "logs"):
            raise OutputError(f"Output {str(root)!r} is not empty and holds no Taskloom run. Choose another --out.")
        return
    try:
        held = json.loads(stored.read_text())
    except ValueError:
        raise OutputError(
            f"{str(stored)!r} is not readable as JSON. Remove the folder or choose another --out."
        ) from None
    differ = _differences(held, asked)
    if differ:
        raise OutputError(
            f"Output {str(root)!r} holds another run ({'; '.join(differ)}). "
            "Give the same options to continue it, or choose another --out."
        )


def _differences(held: dict[str, Any], asked: dict[str, Any]) -> list[str]:
    old = {**held, **held.get("config", {}), "config": None}
    new = {**asked, **asked["config"], "config": None}
    changed = [k for k in sorted({*old, *new}) if old.get(k) != new.get(k)]
    return [f"{k} {_short(old.get(k))} there, {_short(new.get(k))} asked" for k in changed]


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."
