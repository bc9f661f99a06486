"""Import tasks from files: BDDL, JSON or YAML, played by our library or by LIBERO's own assets where they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from assets.catalog import LibraryCatalog, user_library
from pipeline.core.errors import InvalidInputError, OutputError
from pipeline.core.files import write_atomically
from pipeline.core.geometry import Frozen
from pipeline.core.task import TaskSpec
from task_gen.files import BDDL, dump_tasks
from task_gen.imports.files import categories, import_files, tasks_of
from task_gen.imports.report import ImportReport

Say = Callable[[str], None]


class PackNote(Frozen):
    """A category that LIBERO's asset pack does not give us, and why."""

    category: str
    why: str


class ImportSummary(Frozen):
    """Every report, and what an asset pack could not give."""

    reports: tuple[ImportReport, ...]
    pack: tuple[PackNote, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether everything became a task that passes the static gate."""
        return all(r.ok for r in self.reports)

    @property
    def tasks(self) -> tuple[TaskSpec, ...]:
        """The tasks that there are, whatever the gate says."""
        return tuple(r.task for r in self.reports if r.task is not None)


def import_tasks(
    files: Sequence[Path], *, robot: str, libero_assets: Path | None = None, say: Say = lambda text: None
) -> ImportSummary:
    """Read the files and cast them; ``libero_assets`` puts the originals into the user's library first.

    Raises :class:`InvalidInputError` for files that cannot be read, UnknownNameError for the robot, and OutputError
    when the user's library cannot be written.
    """
    notes = bring_originals(files, libero_assets, say=say) if libero_assets is not None else ()
    catalog = LibraryCatalog()
    return ImportSummary(reports=import_files(files, catalog, catalog.robot(robot)), pack=notes)


def bring_originals(files: Sequence[Path], pack: Path, *, say: Say) -> tuple[PackNote, ...]:
    """Import the pack's objects that the files name and that are not in the user's library yet; what could not be."""
    from assets.importers.libero import find_models, import_original, original_name

    models, known, notes = find_models(pack), LibraryCatalog().assets, list[PackNote]()
    for category, fixed in categories(files).items():
        if original_name(category) in known:
            continue
        if category not in models:
            notes.append(PackNote(category=category, why="the pack has no object of that name"))
            continue
        say(f"importing {category}")
        try:
            import_original(category, models[category], pack, user_library(), fixed=fixed)
        except InvalidInputError as error:
            notes.append(PackNote(category=category, why=str(error)))
    return tuple(notes)


def read_tasks(paths: Sequence[Path], catalog: LibraryCatalog, robot: str) -> tuple[TaskSpec, ...]:
    """The tasks of files of any kind; raises :class:`InvalidInputError` when one of them cannot become a task."""
    return tasks_of(import_files(paths, catalog, catalog.robot(robot)))


def save_tasks(summary: ImportSummary, out: Path) -> None:
    """One JSON file, or with another ending a folder with a file for each task; raises OutputError."""
    try:
        if out.suffix.lower() == ".json":
            out.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(out, dump_tasks(summary.tasks))
            return
        if out.suffix.lower() == BDDL:
            raise InvalidInputError(f"--out {str(out)!r}: tasks are written as JSON; end it in .json or name a folder.")
        out.mkdir(parents=True, exist_ok=True)
        for task in summary.tasks:
            write_atomically(out / f"{task.name}.json", dump_tasks([task]))
    except OSError as error:
        raise OutputError(f"Cannot write {str(out)!r}: {error.strerror or error}. Choose another --out.") from None
