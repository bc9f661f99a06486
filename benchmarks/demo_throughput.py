"""Demonstrations an hour, end to end, and where the time went: read from the report of a run.

python -m benchmarks.demo_throughput runs/demo
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from benchmarks._cells import parser, percent, save, table
from flows.folder import RunFolder
from flows.report import RunReport, load_report

NAME = "demo_throughput"


def main() -> None:
    """Read, print and save."""
    made = parser(__doc__)
    made.add_argument("out", type=Path, help="the run's folder, which holds report.json")
    options = made.parse_args()
    report = load_report(RunFolder(options.out))
    stages = _stages(report)
    hourly = report.counts.written / report.seconds * 3600
    frames = report.dataset.frames if report.dataset else 0
    busy = sum(stages.values())
    table(("stage", "seconds", "share"), [(s, f"{t:.1f}", percent(t / busy)) for s, t in stages.items()])
    print(f"\n{report.counts.written} demonstrations in {report.seconds:.0f} s: {hourly:.0f} an hour")
    print(f"simulator processes were busy for {busy:.0f} s, {busy / report.seconds:.1f} at a time")
    save(
        NAME,
        options,
        digest=report.digest,
        seconds=report.seconds,
        counts=report.counts.model_dump(),
        frames=frames,
        demonstrations_per_hour=round(hourly, 1),
        frames_per_s=round(frames / report.seconds, 1),
        stage_seconds=stages,
    )


def _stages(report: RunReport) -> dict[str, float]:
    """Seconds by stage, over all tasks and processes; the longest first."""
    total: Counter[str] = Counter()
    for task in report.tasks:
        total.update(task.seconds)
    return {stage: round(seconds, 1) for stage, seconds in total.most_common()}


if __name__ == "__main__":
    main()
