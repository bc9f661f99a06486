"""What the benchmarks share: cells that are measured once a commit, facts of the machine, tables and result files."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from flows.machine import rendering_environment
from flows.stages import package_versions
from flows.trials import end_with_parent
from flows.worker_process import SINGLE_THREADED
from pipeline.core.files import write_atomically

HERE = Path(__file__).parent
SOURCES = ("pipeline", "assets", "task_gen", "scene_gen", "demo_solvers", "flows", "benchmarks/*.py")
CELLS_A_PROCESS = 8  # engines grow by about 0.15 GB a scene

Cell = dict[str, Any]


class Cells:
    """The finished cells of one benchmark, kept in ``benchmarks/cache`` under the state of the sources.

    A run that is started again measures only what is missing; a change of the sources, committed or not, starts anew.
    A cell during which the sources changed is used but not kept.
    """

    def __init__(self, name: str) -> None:
        self._state = source_state()
        self.folder = HERE / "cache" / name / self._state

    def get(self, key: Mapping[str, Any], measure: Callable[[], Cell]) -> Cell:
        """The cell of ``key``, a JSON object, measured now if it is not there yet."""
        text = json.dumps(key, sort_keys=True)
        path = self.folder / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.json"
        if path.exists():
            announce(key, "known")
            return json.loads(path.read_text())["cell"]
        announce(key, "measuring")
        began = time.perf_counter()
        cell = measure()
        announce(key, f"{time.perf_counter() - began:.0f} s")
        if source_state() != self._state:
            announce(key, "NOT KEPT: the sources changed meanwhile, so results of this run are mixed")
            return cell
        self.folder.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps({"key": key, "cell": cell}, indent=1))
        return cell


def processes(count: int = 1, *, backend: str = "genesis", cells: int = CELLS_A_PROCESS) -> ProcessPoolExecutor:
    """Fresh processes in the environment of the line's own simulator processes, replaced after some ``cells``."""
    os.environ.update({**SINGLE_THREADED, **rendering_environment(backend)})
    return ProcessPoolExecutor(
        count, mp_context=get_context("spawn"), max_tasks_per_child=cells, initializer=end_with_parent
    )


def parser(description: str | None) -> argparse.ArgumentParser:
    """Options that every benchmark has."""
    made = argparse.ArgumentParser(description=description)
    made.add_argument("--json", type=Path, metavar="OUT", help="where to write (default: benchmarks/results/NAME.json)")
    return made


def save(name: str, options: argparse.Namespace, **results: Any) -> None:
    """Write the results with the facts of the machine, and say where."""
    path = options.json or HERE / "results" / f"{name}.json"
    asked = {key: _plain(value) for key, value in vars(options).items() if key != "json"}
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps({"facts": facts(), "options": asked, **results}, indent=1) + "\n")
    print(f"\nwritten to {os.path.relpath(path)}")


def table(headers: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print a table: the first column to the left, the others to the right."""
    lines = [[str(cell) for cell in row] for row in (headers, *rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(headers))]
    print()
    for number, line in enumerate(lines):
        cells = [c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(line, widths, strict=True))]
        print("  ".join(cells).rstrip())
        if number == 0:
            print("  ".join("-" * w for w in widths))


def percent(rate: float) -> str:
    """A share for a table."""
    return f"{rate:.1%}"


def announce(key: Mapping[str, Any], news: str) -> None:
    """Say on stderr how far the benchmark is."""
    print(f"[{' '.join(str(v) for v in key.values())}] {news}", file=sys.stderr, flush=True)


def facts() -> Cell:
    """The machine, the versions and the commit that results were measured on."""
    return {
        "commit": _git("rev-parse", "--short", "HEAD"),
        "source_state": source_state(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "processor": _processor(),
        "python": platform.python_version(),
        "versions": package_versions(),
    }


def source_state() -> str:
    """The commit that last touched the sources, and a digest of what has changed in them since."""
    commit = _git("log", "-1", "--format=%h", "--", *SOURCES) or "none"
    changes = _git("diff", "HEAD", "--", *SOURCES)
    unknown = _git("ls-files", "--others", "--exclude-standard", "--", *SOURCES).splitlines()
    if not changes and not unknown:
        return commit
    digest = hashlib.sha256(changes.encode())
    for name in unknown:
        digest.update(name.encode() + (HERE.parent / name).read_bytes())
    return f"{commit}-changed-{digest.hexdigest()[:8]}"


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=HERE.parent, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    names = [line for line in info.read_text().splitlines() if line.startswith("model name")] if info.exists() else []
    return names[0].partition(":")[2].strip() if names else platform.processor()


def _plain(value: Any) -> Any:
    """An option as JSON; of a place on this machine only the name, for results are committed."""
    local = isinstance(value, Path) or (isinstance(value, str) and Path(value).is_absolute())
    return Path(value).name if local else value
