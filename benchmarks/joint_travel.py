"""How far every joint travels when it is pulled, whether it stays put when it is not, and what stays in its cavities.

    python -m benchmarks.joint_travel [--variants 2] [--engines mujoco genesis]

Every articulated asset of the library, and some variants of every generated family. A slide is pulled with 20 N, a
hinge with 2 N m about its axis, from its closed end, for three seconds; where it is at the end counts. Untouched joints
are watched for two seconds. A ball of 2 cm is released 2 cm above the floor of every cavity, once with the asset closed
and once with it open, and must still be inside after two seconds.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from assets.catalog import LibraryCatalog
from assets.families import families, generate
from benchmarks._cells import Cell, parser, percent, save, table
from benchmarks._pulls import Trial, genesis_trials, mujoco_trials
from pipeline.core.asset import AssetSpec

NAME = "joint_travel"
TARGET = 0.95  # of the range
STILL = 0.01  # m or rad in two seconds
ENGINES: dict[str, Callable[[Sequence[AssetSpec], LibraryCatalog], list[Trial]]] = {
    "mujoco": mujoco_trials,
    "genesis": genesis_trials,
}


def main() -> None:
    """Measure, print and save."""
    options = _options()
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        catalog = LibraryCatalog(extra=(root,))
        specs = [s for s in map(catalog.asset, catalog.assets) if s.joints]
        specs += [generate(f, seed, root) for f in families() for seed in range(options.variants)]
        cells = [_cell(t, engine) for engine in options.engines for t in ENGINES[engine](specs, catalog)]
    _print(cells)
    save(NAME, options, target=TARGET, still=STILL, cells=cells)


def _options() -> argparse.Namespace:
    made = parser(__doc__)
    made.formatter_class = argparse.RawDescriptionHelpFormatter
    made.add_argument("--variants", type=int, default=2, help="seeds of every family, from 0")
    made.add_argument("--engines", nargs="+", choices=list(ENGINES), default=list(ENGINES))
    return made.parse_args()


def _cell(trial: Trial, engine: str) -> Cell:
    ok = (trial.travel is None or trial.travel >= TARGET) and trial.contained is not False
    return {
        "engine": engine,
        "asset": trial.asset,
        "what": trial.what,
        "travel": None if trial.travel is None else round(trial.travel, 4),
        "drift": None if trial.drift is None else round(trial.drift, 5),
        "contained": trial.contained,
        "ok": ok and (trial.drift is None or trial.drift <= STILL),
    }


def _print(cells: Sequence[Cell]) -> None:
    for engine in dict.fromkeys(c["engine"] for c in cells):
        mine = [c for c in cells if c["engine"] == engine]
        joints, balls = [c for c in mine if c["travel"] is not None], [c for c in mine if c["contained"] is not None]
        rows: list[tuple[str, Any, Any]] = [
            ("joints that travel 95%", sum(c["travel"] >= TARGET for c in joints), len(joints)),
            ("joints that stay put", sum(c["drift"] <= STILL for c in joints), len(joints)),
            ("balls that stay inside", sum(c["contained"] for c in balls), len(balls)),
        ]
        table((engine, "yes", "of"), rows)
        print(f"shortest travel: {percent(min(c['travel'] for c in joints))}")
        for c in mine:
            if not c["ok"]:
                print(f"short: {c}")


if __name__ == "__main__":
    main()
