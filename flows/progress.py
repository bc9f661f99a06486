"""Progress bars on stderr: demonstrations written, batches at work and what each is doing."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import get_args

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from flows.config import RunConfig
from flows.jobs import STAGES, Status
from flows.notices import Notice

ENDS = get_args(Status)


class ProgressBars:
    """A listener that draws; on something that is not a terminal it prints a line for each batch that ends."""

    def __init__(self, config: RunConfig, console: Console) -> None:
        self._console = console
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[note]}"),
            console=console,
            disable=not console.is_terminal,
        )
        self._wanted = config.tasks * config.demos
        self._rows: dict[tuple[str, int], TaskID] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> ProgressBars:
        self._bars.start()
        self._total = self._bars.add_task("[bold]demonstrations", total=self._wanted, note="")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def say(self, text: str) -> None:
        """One line above the bars."""
        self._console.print(f"[dim]{text}", highlight=False)

    def __call__(self, notice: Notice) -> None:
        """Hear of a batch."""
        with self._lock:
            if notice.stage in ENDS:
                self._finish(notice)
            else:
                self._show(notice)

    def _show(self, notice: Notice) -> None:
        key = notice.task, notice.index
        note = f"{notice.stage} {notice.detail}"
        if key not in self._rows:
            self._rows[key] = self._bars.add_task(f"  {notice.task} #{notice.index}", total=len(STAGES), note=note)
        done = STAGES.index(notice.stage) if notice.stage in STAGES else 0
        self._bars.update(self._rows[key], completed=done, note=note)

    def _finish(self, notice: Notice) -> None:
        row = self._rows.pop((notice.task, notice.index), None)
        if row is not None:
            self._bars.remove_task(row)
        self._bars.advance(self._total, notice.written)
        if not self._console.is_terminal:
            self.say(f"{notice.task} #{notice.index}: {notice.stage}, {notice.written} written")
