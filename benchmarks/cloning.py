"""Whether the data can be cloned: a plain MLP trained on a dataset's windows acts in worlds that it has not seen.

    python -m benchmarks.cloning [--demos 100] [--epochs 60] [--worlds 50]

One pick-and-place task, demonstrated on the MuJoCo backend, packed, and read back through the PyTorch ``Dataset``. The
same network is trained once more on actions of later steps: observations and actions that are not aligned would show in
that it does no worse.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

from assets.catalog import LibraryCatalog
from benchmarks._cells import parser, save, table
from benchmarks._clone import Thing, cloned
from flows.posing import lay_out, pose
from flows.stages import find_solver, make_simulator
from pipeline.core.doors import Problem, Simulator
from pipeline.core.episode import Episode, Provenance
from pipeline.core.intervals import wilson
from pipeline.core.task import TaskObject, TaskSpec
from pipeline.dataset.attrs import DatasetMeta
from pipeline.dataset.pack import pack
from pipeline.dataset.part import write_part
from pipeline.dataset.torch_windows import WindowDataset
from pipeline.dataset.windows import WindowSpec
from pipeline.policy.evaluation import evaluate
from pipeline.rollout import attempt
from pipeline.validate import validate
from scene_gen.builder import TabletopBuilder

NAME, BATCH = "cloning", 34
SEED, HELD_OUT_SEED = 0, 4004
TARGET = 0.6  # of the held-out worlds
TASK = TaskSpec(
    name="put_green_block_on_plate",
    family="pick_place",
    instruction="Put the green block on the plate.",
    objects=(
        TaskObject(name="table", asset="table", role="fixture"),
        TaskObject(name="block_green", asset="block_green"),
        TaskObject(name="plate", asset="plate", role="receptacle"),
    ),
    goal="(on block_green plate)",
)
SPEC = WindowSpec(
    observations=("state", "ee_pose", "object_pose"), action="action_ee_pose", obs_horizon=1, action_horizon=16
)
TURNS = {"block_green": 4, "plate": 0}  # a cube looks the same after a quarter turn, a plate after any
LATE = 5  # steps


def main() -> None:
    """Demonstrate, train twice, evaluate, print and save."""
    options = _options()
    catalog = LibraryCatalog()
    simulator = make_simulator("mujoco", catalog)
    held_out = posed(catalog, simulator, worlds=options.worlds + options.worlds // 5, seed=options.held_out_seed)
    with tempfile.TemporaryDirectory() as folder:
        place = demonstrations(catalog, simulator, Path(folder), options.demos)
        found = {
            name: rate(place, held_out.of(range(options.worlds)), simulator, spec, options.epochs)
            for name, spec in {
                "aligned": SPEC,
                f"{LATE} steps late": SPEC.model_copy(update={"action_start": -LATE}),
            }.items()
        }
    table(
        ("actions", "reached", "at the end", "95%"),
        [(name, f["reached"], f["kept"], f["wilson_95"]) for name, f in found.items()],
    )
    save(NAME, options, target=TARGET, **found)


def _options() -> argparse.Namespace:
    made = parser(__doc__)
    made.formatter_class = argparse.RawDescriptionHelpFormatter
    made.add_argument("--demos", type=int, default=100, help="demonstrations to train on (default 100)")
    made.add_argument("--epochs", type=int, default=60)
    made.add_argument("--worlds", type=int, default=50, help="held-out worlds (default 50)")
    made.add_argument("--held-out-seed", type=int, default=HELD_OUT_SEED, help="of the worlds that are acted in")
    return made.parse_args()


def demonstrations(catalog: LibraryCatalog, simulator: Simulator, folder: Path, demos: int) -> Path:
    """A dataset of ``demos`` validated demonstrations without pictures."""
    parts, count, index = list[Path](), 0, 0
    while count < demos:
        episodes = demonstrate(catalog, simulator, index)[: demos - count]
        count, index = count + len(episodes), index + 1
        parts.append(folder / "parts" / str(index))
        write_part(parts[-1], episodes, store=catalog)
    pack(parts, folder / "dataset.zarr", meta=DatasetMeta(name="cloning", val_fraction=0))
    return folder / "dataset.zarr"


def rate(place: Path, problem: Problem, simulator: Simulator, spec: WindowSpec, epochs: int) -> dict[str, Any]:
    """Train on a dataset's windows and act in the worlds of ``problem``."""
    windows = WindowDataset(place, spec)
    bodies = windows.reader.episode(0).record.bodies
    things = tuple(Thing(bodies.index(name), turns) for name, turns in TURNS.items())
    found = evaluate(simulator, problem, cloned(windows, things, epochs), slots=windows.slots)
    reached, worlds = int(found.reached.sum()), len(found.reached)
    return {"reached": reached, "kept": int(found.kept.sum()), "worlds": worlds, "wilson_95": wilson(reached, worlds)}


def posed(catalog: LibraryCatalog, simulator: Simulator, *, worlds: int, seed: int, index: int = 0) -> Problem:
    """Worlds of the task that passed the dynamic gate."""
    builder = TabletopBuilder(catalog, catalog.robot("panda"), cameras=())
    laid = lay_out(TASK, builder, simulator, worlds=worlds, seed=seed, index=index)
    found = pose(TASK, laid, builder, simulator, seed=seed, index=index)
    assert found.problem is not None, found.reasons
    return Problem(TASK, tuple(s.physics_only() for s in found.problem.scenes), found.problem.seed)


def demonstrate(catalog: LibraryCatalog, simulator: Simulator, index: int) -> list[Episode]:
    """The demonstrations of one batch of worlds, as the line makes them."""
    problem = posed(catalog, simulator, worlds=BATCH, seed=SEED, index=index)
    outcomes = attempt(simulator, problem, find_solver("vipr")).outcomes
    author = Provenance(version="0", engine="mujoco", solver="vipr", author="procedural", seed=SEED)
    rows = [row for row, outcome in enumerate(outcomes) if outcome.success]
    checked = validate(simulator, problem, outcomes, rows=rows, solver_name="vipr", provenance=author)
    return [v.episode for v in checked if v.episode is not None]


if __name__ == "__main__":
    main()
