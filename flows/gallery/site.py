"""The static gallery: an index with search and filters, and a page a task, that work from disk with no network.

index.html, data.js, site.js, site.css      the index; data.js because a page on disk may not fetch
tasks/<run>/<task>.html                      one page a task
pictures/<run>/<task>/...                    hard links to the runs' pictures, or copies on another disk
gallery.json                                 that this folder is a gallery and may be replaced
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

from flows.album import complete_albums, read_album
from flows.gallery.entries import MARKER, Entry, Run, entry_of
from flows.gallery.task_page import Shown, task_page
from flows.recordings import recording_of
from flows.report import TaskReport
from pipeline.core.errors import OutputError

HERE = Path(__file__).parent
POLICY = (
    "default-src 'none'; img-src 'self' file: data:; media-src 'self' file:; script-src 'self' file:; "
    "style-src 'self' file: 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)
"""``file:`` because a page on disk is of no origin that 'self' could mean."""
Advance = Callable[[], object]


def write_site(runs: Sequence[Run], out: Path, *, advance: Advance = lambda: None) -> list[Entry]:
    """Write the gallery of ``runs`` to ``out``, replacing an older one; ``advance`` is called after each task.

    Raises :class:`OutputError` for a folder that holds anything else.
    """
    _check(out)
    staged = out.with_name(f".{out.name}.tmp-{os.getpid()}")
    shutil.rmtree(staged, ignore_errors=True)
    try:
        staged.mkdir(parents=True)
        entries = [entry for run in runs for entry in _write_run(run, staged, advance)]
        _write_index(entries, staged)
        _swap(staged, out)
    except OSError as error:
        raise OutputError(f"Gallery {str(out)!r} cannot be written: {error.strerror}. Choose another --out.") from None
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return entries


def _write_run(run: Run, out: Path, advance: Advance) -> list[Entry]:
    complete_albums(run.folder, {one.task.name: one.batches for one in run.report.tasks})
    (out / "tasks" / run.name).mkdir(parents=True, exist_ok=True)
    names = [one.task.name for one in run.report.tasks]
    entries = list[Entry]()
    for number, one in enumerate(run.report.tasks):
        shown = _bring(run, one, out)
        before, after = names[number - 1] if number else "", names[number + 1] if number + 1 < len(names) else ""
        page = f"tasks/{run.name}/{one.task.name}.html"
        html = task_page(run, one, shown, policy=POLICY, neighbours=(before, after))
        (out / page).write_text(html, encoding="utf-8")
        picture = shown.still or next(iter(shown.failed.values()), "")
        entries.append(entry_of(run, one, page=page, picture=picture.removeprefix("../../")))
        advance()
    return entries


def _bring(run: Run, one: TaskReport, out: Path) -> Shown:
    """Put a task's pictures into the gallery; their addresses as seen from its page."""
    name = one.task.name
    album = read_album(run.folder, name, batches=one.batches)
    place = Path("pictures") / run.name / name

    def bring(path: Path | None, called: str = "") -> str:
        if path is None or not path.is_file():
            return ""
        there = out / place / (called or path.name)
        there.parent.mkdir(parents=True, exist_ok=True)
        _link(path, there)
        return "../../" + quote((place / there.name).as_posix())

    cameras = () if album.shown is None else album.shown.cameras
    return Shown(
        album=album,
        still=bring(album.still),
        film=bring(album.film),
        moving={camera: bring(album.moving(camera)) for camera in cameras},
        strips={camera: bring(album.strip(camera)) for camera in cameras},
        failed={cause: bring(path) for cause, path in album.failed.items()},
        recording=bring(recording_of(run.folder, name)),
    )


def _link(path: Path, there: Path) -> None:
    try:
        os.link(path, there)
    except OSError:  # another disk, or one that knows no hard links
        shutil.copyfile(path, there)


def _write_index(entries: Sequence[Entry], out: Path) -> None:
    look = (HERE / "look.css").read_text(encoding="utf-8") + (HERE / "site.css").read_text(encoding="utf-8")
    (out / "site.css").write_text(look, encoding="utf-8")
    shutil.copyfile(HERE / "site.js", out / "site.js")
    fields = list(Entry.model_fields)
    rows = [[getattr(entry, field) for field in fields] for entry in entries]
    by_name = sorted(range(len(entries)), key=lambda k: _natural(entries[k].instruction))
    held = {"fields": fields, "rows": rows, "byName": by_name}
    data = json.dumps(held, ensure_ascii=True, separators=(",", ":"))
    (out / "data.js").write_text(f"window.TASKS={data};\n", encoding="utf-8")
    page = (HERE / "index.html").read_text(encoding="utf-8")
    (out / "index.html").write_text(page.replace("POLICY", escape(POLICY)), encoding="utf-8")
    (out / MARKER).write_text(json.dumps({"kind": "taskloom gallery", "tasks": len(entries)}), encoding="utf-8")


def _natural(text: str) -> list[tuple[bool, int, str]]:
    """A key that sorts as people do: without case, numbers by their value."""
    pieces = re.split(r"([0-9]+)", text.casefold())
    return [(not p.isdecimal(), int(p) if p.isdecimal() else 0, p) for p in pieces if p]


def _check(out: Path) -> None:
    if not out.exists() or (out / MARKER).is_file():
        return
    if not out.is_dir() or any(out.iterdir()):
        raise OutputError(f"{str(out)!r} exists and is no gallery of ours. Choose another folder with --out.")


def _swap(staged: Path, out: Path) -> None:
    """Put the new gallery in the place of the old one."""
    old = out.with_name(f".{out.name}.old-{os.getpid()}")
    if out.exists():
        out.rename(old)
    staged.rename(out)
    shutil.rmtree(old, ignore_errors=True)
