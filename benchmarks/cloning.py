"""Whether the data can be cloned: a plain MLP trained on a dataset's windows acts in worlds that it has not seen.

    python -m benchmarks.cloning [--demos 100] [--epochs 80] [--worlds 50]

One pick-and-place task, demonstrated on the MuJoCo backend, packed, and read back through the PyTorch ``Dataset``. The
same network is trained once more on actions of later steps: observations and actions that are not aligned would show in
that it does no worse.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader

from assets.catalog import LibraryCatalog
from benchmarks._cells import parser, save, table
from flows.intervals import wilson
from flows.posing import lay_out, pose
from flows.stages import find_solver, make_simulator
from pipeline.core.doors import Problem, Simulator
from pipeline.core.episode import Episode, Provenance
from pipeline.core.kinematics import forward_kinematics
from pipeline.core.poses import quat_conjugate, quat_multiply, quat_to_rotvec
from pipeline.core.robot import RobotSpec
from pipeline.core.task import TaskObject, TaskSpec
from pipeline.core.world import F32, Actions
from pipeline.dataset.attrs import DatasetMeta
from pipeline.dataset.pack import pack
from pipeline.dataset.part import write_part
from pipeline.dataset.torch_windows import WindowDataset
from pipeline.dataset.windows import WindowSpec
from pipeline.dataset.windows_statistics import Statistics
from pipeline.delta_control import delta_to_joints
from pipeline.policy.evaluation import evaluate
from pipeline.rollout import attempt
from pipeline.validate import validate
from scene_gen.builder import TabletopBuilder

NAME, BATCH = "cloning", 34
SEED, HELD_OUT_SEED = 0, 1001
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
CARRIED_OUT = 8  # of the 16 commands of a chunk
LATE = 5  # steps
WIDTH, LAYERS, ROWS, RATE, DECAY, NOISE = 256, 3, 128, 1e-3, 0.05, 0.05
LEAST = 0.05  # m, rad: what deviates less is not blown up
REACH = 0.1  # m, the unit of what is seen from the tool


@dataclass(frozen=True, eq=False)
class Clone:
    """A multilayer perceptron from what is seen to a chunk of commanded tool poses, both as seen from the tool."""

    spec: WindowSpec
    robot: RobotSpec
    network: torch.nn.Module
    scales: Mapping[str, Statistics]

    def inputs(self, seen: Mapping[str, NDArray[Any]]) -> torch.Tensor:
        """The robot's state, how the objects are turned, and where they are from the tool, in one row a world."""
        objects, tool = seen["object_pose"][:, -1], seen["ee_pose"][:, -1]
        columns = (
            self.scales["state"].standardised(seen["state"][:, -1], least=LEAST),
            self.scales["ee_pose"].standardised(tool, least=LEAST),
            (objects[..., :3] - tool[:, None, :3]) / REACH,
            objects[..., 3:],
        )
        return torch.from_numpy(np.concatenate([c.reshape(len(tool), -1) for c in columns], axis=1).astype(np.float32))

    def outputs(self, seen: Mapping[str, NDArray[Any]], chunks: NDArray[Any]) -> torch.Tensor:
        """Chunks of commanded poses and widths (batch, steps, 8), where from the tool, in one row each."""
        ahead = (chunks[..., :3] - seen["ee_pose"][:, -1:, :3]) / REACH
        rest = self.scales[self.spec.action].standardised(chunks, least=LEAST)[..., 3:]
        return torch.from_numpy(np.concatenate([ahead, rest], axis=-1).reshape(len(chunks), -1).astype(np.float32))

    def act(self, seen: Mapping[str, NDArray[Any]]) -> Actions:
        """Joint targets (steps, batch, dof) for the next steps."""
        with torch.no_grad():
            rows = self.network(self.inputs(seen)).numpy()
        chunks = rows.reshape(len(rows), self.spec.action_horizon, -1)[:, :CARRIED_OUT]
        poses = self.scales[self.spec.action].restored(chunks, least=LEAST)
        poses[..., :3] = chunks[..., :3] * REACH + seen["ee_pose"][:, -1:, :3]
        return followed(self.robot, seen["state"][:, -1], poses)


def followed(robot: RobotSpec, state: F32, poses: F32) -> Actions:
    """Joint targets (steps, batch, dof) of commanded tool poses and widths (batch, steps, 8), from ``state``."""
    path = np.concatenate([forward_kinematics(robot, state[:, : robot.width_column])[:, None], poses[..., :7]], axis=1)
    path[..., 3:] /= np.linalg.norm(path[..., 3:], axis=-1, keepdims=True)
    turns = quat_to_rotvec(quat_multiply(path[:, 1:, 3:], quat_conjugate(path[:, :-1, 3:])))
    deltas = np.concatenate([np.diff(path[..., :3], axis=1), turns, poses[..., 7:]], axis=-1)
    return delta_to_joints(robot, state, deltas.transpose(1, 0, 2))


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
    made.add_argument("--epochs", type=int, default=80)
    made.add_argument("--worlds", type=int, default=50, help="held-out worlds (default 50)")
    made.add_argument("--held-out-seed", type=int, default=2002, help="of the worlds that are acted in")
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
    found = evaluate(simulator, problem, cloned(windows, epochs), slots=windows.slots)
    reached, worlds = int(found.reached.sum()), len(found.reached)
    return {"reached": reached, "kept": int(found.kept.sum()), "worlds": worlds, "wilson_95": wilson(reached, worlds)}


def cloned(windows: WindowDataset, epochs: int) -> Clone:
    """Behaviour cloning: least squares on chunks of commands."""
    torch.manual_seed(SEED)
    robot = windows.reader.episode(0).scene.robot
    clone = Clone(windows.spec, robot, torch.nn.Identity(), windows.statistics())
    x, y = tables(windows, clone)
    network = layers(x.shape[1], y.shape[1])
    train(network, x, y, epochs)
    return replace(clone, network=network.eval())


def tables(windows: WindowDataset, clone: Clone) -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs and outputs of every window, read as a trainer reads them."""
    x, y = list[torch.Tensor](), list[torch.Tensor]()
    for batch in DataLoader(windows, batch_size=512):
        seen = {name: values.numpy() for name, values in batch["obs"].items()}
        x.append(clone.inputs(seen))
        y.append(clone.outputs(seen, batch["action"].numpy()))
    return torch.cat(x), torch.cat(y)


def layers(inputs: int, outputs: int) -> torch.nn.Sequential:
    """The untrained network."""
    hidden = list[torch.nn.Module]()
    for width in [inputs] + [WIDTH] * (LAYERS - 1):
        hidden += [torch.nn.Linear(width, WIDTH), torch.nn.LayerNorm(WIDTH), torch.nn.GELU()]
    return torch.nn.Sequential(*hidden, torch.nn.Linear(WIDTH, outputs))


def train(network: torch.nn.Module, x: torch.Tensor, y: torch.Tensor, epochs: int) -> None:
    """Least squares on noisy inputs."""
    steps = epochs * (len(x) // ROWS)
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
    for _ in range(epochs):
        for rows in torch.randperm(len(x)).split(ROWS)[: len(x) // ROWS]:
            noisy = x[rows] + NOISE * torch.randn(len(rows), x.shape[1])
            loss = torch.nn.functional.mse_loss(network(noisy), y[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()


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
