"""What a second simulator process gains on a rendered batch, and what Prefect costs on top of the same work.

python -m benchmarks.flow
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks._cells import announce, parser, percent, save, table
from flows.config import RunConfig, compose
from flows.engines import PoolEngines
from flows.folder import RunFolder
from flows.report import load_report
from flows.runners import ThreadRunner, run_with
from flows.server import EmbeddedServer
from flows.worker_process import SINGLE_THREADED, Kind
from flows.workers import WorkerPool

NAME = "flow"
MOST_OVERHEAD, LEAST_GAIN = 0.05, 1.5
THREADS = tuple(name for name in SINGLE_THREADED if name.endswith("_NUM_THREADS"))
WAYS: Mapping[str, Mapping[str, Any]] = {
    "one worker, one thread": {"part": "gain", "workers": 1, "threads": 1},
    "one worker, two threads": {"part": "gain", "workers": 1, "threads": 2},
    "two workers": {"part": "gain", "workers": 2, "threads": 1},
    "without Prefect": {"part": "overhead", "workers": 2, "threads": 1},
    "with Prefect": {"part": "overhead", "workers": 2, "threads": 1, "prefect": True},
}


def main() -> None:
    """Measure the ways in turn, round by round, print and save."""
    made = parser(__doc__)
    made.add_argument("--rounds", type=int, default=3)
    made.add_argument("--backend", default="mujoco")
    made.add_argument("--gain", type=int, nargs=2, default=(4, 4), metavar=("TASKS", "DEMOS"))
    made.add_argument("--overhead", type=int, nargs=2, default=(2, 16), metavar=("TASKS", "DEMOS"))
    made.add_argument("--child", nargs=2, metavar=("WAY", "OUT"), help=argparse.SUPPRESS)
    options = made.parse_args()
    if options.child:
        _work(WAYS[options.child[0]], _config(options, options.child[0]), Path(options.child[1]))
        return
    measured: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    loads = [os.getloadavg()[0]]
    with tempfile.TemporaryDirectory(prefix="taskloom-flow-") as scratch:
        for number in range(options.rounds):
            for way in WAYS:
                measured[way].append(_measure(way, Path(scratch), number))
                announce({"round": number, "way": way}, f"{measured[way][-1]['seconds']:.0f} s")
                loads.append(os.getloadavg()[0])
    _conclude(options, measured, loads)


def _measure(way: str, scratch: Path, number: int) -> dict[str, float]:
    """One run in a process of its own, from its start to its end; the server is there before, as on a real machine."""
    out = scratch / f"{way.replace(' ', '-').replace(',', '')}-{number}"
    env = {**os.environ}
    with ExitStack() as stack:
        if WAYS[way].get("prefect"):
            server = EmbeddedServer(scratch / f"prefect-{number}", scratch / "prefect.log")
            stack.enter_context(server)
            server.wait()
            env.update(server.environment)
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        command = [sys.executable, "-m", "benchmarks.flow", *sys.argv[1:], "--child", way, out]
        subprocess.run(command, env=env, check=True)
        seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    report = load_report(RunFolder(out))
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"seconds": round(seconds, 1), "processor": round(processor, 1), "written": report.counts.written}


def _work(way: Mapping[str, Any], config: RunConfig, out: Path) -> None:
    if way.get("prefect"):
        from flows.generate import run_flow

        run_flow(config, out, workers=way["workers"])
        return
    folder = RunFolder(out)
    folder.logs.mkdir(parents=True)
    env = dict.fromkeys(THREADS, str(way["threads"]))
    warm = [Kind(config.backend, config.device)]
    with WorkerPool(folder.logs, way["workers"], warm=warm, extra_env=env) as pool:
        run_with(config, out, lambda made: ThreadRunner(PoolEngines(pool, made)))


def _config(options: argparse.Namespace, way: str) -> RunConfig:
    tasks, demos = options.gain if WAYS[way]["part"] == "gain" else options.overhead
    return compose(
        "demo",
        tasks=tasks,
        demos=demos,
        batch=demos + demos // 4,
        backend=options.backend,
        families=("pick_place", "stack"),
    )


def _conclude(options: argparse.Namespace, measured: Mapping[str, list[dict[str, float]]], loads: list[float]) -> None:
    wall_of, processor_of = (_columns(measured, fact) for fact in ("seconds", "processor"))
    gains = [min(one, threaded) / two for one, threaded, two, _, _ in wall_of]
    wall = [flow / bare - 1 for _, _, _, bare, flow in wall_of]
    processor = [flow / bare - 1 for _, _, _, bare, flow in processor_of]
    rows = [
        (way, f"{median(m['seconds'] for m in all_):.0f} s", f"{median(m['processor'] for m in all_):.0f} s",
         f"{all_[0]['written']:.0f}")
        for way, all_ in measured.items()
    ]  # fmt: skip
    table(("way", "wall", "processor", "demonstrations"), rows)
    print(f"\ntwo workers: {median(gains):.2f} times as fast as the better single one (target {LEAST_GAIN})")
    print(f"Prefect: {percent(median(wall))} more wall clock, {percent(median(processor))} more processor time")
    print(f"load average before and after each run: {', '.join(f'{load:.1f}' for load in loads)}")
    save(
        NAME,
        options,
        measured=measured,
        gain={"rounds": [round(g, 3) for g in gains], "median": round(median(gains), 3), "target": LEAST_GAIN},
        overhead={
            "wall": [round(w, 4) for w in wall],
            "wall_median": round(median(wall), 4),
            "processor": [round(p, 4) for p in processor],
            "processor_median": round(median(processor), 4),
            "target": MOST_OVERHEAD,
        },
        load_average=[round(load, 2) for load in loads],
    )


def _columns(measured: Mapping[str, list[dict[str, float]]], fact: str) -> list[tuple[float, ...]]:
    """A row for each round, with the ways in their order."""
    return list(zip(*([one[fact] for one in measured[way]] for way in WAYS), strict=True))


if __name__ == "__main__":
    main()
