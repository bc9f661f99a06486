"""A plain MLP cloned from a dataset's windows: poses as seen from the tool in, commanded poses out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader

from pipeline.core.kinematics import forward_kinematics
from pipeline.core.poses import quat_conjugate, quat_from_rotvec, quat_multiply, quat_to_rotvec, yaw_of
from pipeline.core.robot import RobotSpec
from pipeline.core.streams import stream
from pipeline.core.world import F32, Actions
from pipeline.dataset.torch_windows import WindowDataset
from pipeline.dataset.windows import WindowSpec
from pipeline.delta_control import delta_to_joints

F64 = NDArray[np.float64]
Seen = Mapping[str, NDArray[Any]]  # arrays (batch, 1, ...) by name

SEED = 0
CARRIED_OUT = 8  # of the commands of a chunk
FAR, NEAR = 0.1, 0.02  # m, units of what is far and of what is about to be touched
TURN = 0.3  # rad, unit of a turn
WIDTH, LAYERS, ROWS, RATE, DECAY, NOISE = 512, 3, 256, 1e-3, 1e-2, 0.01
LEAST = 0.05  # of a unit: what deviates less is not blown up
NUDGE, TWIST = 0.01, 0.05  # m, rad: how far the tool is put beside where it was, in training
BETA = 0.1  # of a deviation: larger errors count linearly


@dataclass(frozen=True)
class Thing:
    """An object that matters to the task: its slot, and after what part of a full turn it looks the same."""

    slot: int
    turns: int  # 0: round, 1: nothing but itself, 4: a cube


@dataclass(frozen=True, eq=False)
class Scale:
    """Mean and deviation of every column."""

    mean: F64
    spread: F64

    def __call__(self, values: F64) -> torch.Tensor:
        """Standardised, float32."""
        return torch.from_numpy(((values - self.mean) / self.spread).astype(np.float32))

    def undo(self, values: torch.Tensor) -> F64:
        """The inverse."""
        return values.numpy() * self.spread + self.mean


@dataclass(frozen=True, eq=False)
class Clone:
    """The policy: what its dataset's windows hold, and nothing else, decides what it does."""

    spec: WindowSpec
    robot: RobotSpec
    things: tuple[Thing, ...]
    network: torch.nn.Module
    x: Scale
    y: Scale

    def act(self, seen: Seen) -> Actions:
        """Joint targets (steps, batch, dof) for the next steps."""
        tool, state = seen["ee_pose"][:, -1].astype(float), seen["state"][:, -1]
        with torch.no_grad():
            rows = self.network(self.x(inputs(tool, seen["object_pose"][:, -1], self._width(state), self.things)))
        chunks = self.y.undo(rows).reshape(len(tool), self.spec.action_horizon, -1)[:, :CARRIED_OUT]
        return followed(self.robot, state, commanded(tool, chunks))

    def _width(self, state: F32) -> F64:
        return state[:, self.robot.width_column].astype(float)


def inputs(tool: F64, objects: NDArray[Any], width: F64, things: tuple[Thing, ...]) -> F64:
    """Rows (batch, columns): where things are from the tool and from each other, their turn, the tool and its width."""
    places = [objects[:, thing.slot, :3] for thing in things]
    apart = [place - tool[:, :3] for place in places]
    turns = [t.turns * yaw_of(objects[:, t.slot, 3:]) for t in things if t.turns]
    heading = yaw_of(tool[:, 3:])
    columns = [
        *(gap / FAR for gap in apart),
        *(np.tanh(gap / NEAR) for gap in apart),
        *(np.tanh((place - places[0]) / (2 * NEAR)) for place in places[1:]),
        *(np.stack([np.cos(turn), np.sin(turn)], axis=1) for turn in (*turns, heading)),
        np.stack([tool[:, 2], places[0][:, 2]], axis=1) / FAR,
        width[:, None] / NEAR,
    ]
    return np.concatenate(columns, axis=1)


def outputs(tool: F64, chunks: F64) -> F64:
    """Rows (batch, steps * 7) of commanded poses and widths (batch, steps, 8), seen from the tool (batch, 7)."""
    there = np.broadcast_to(quat_conjugate(tool[:, None, 3:]), chunks[..., 3:7].shape)
    turn = quat_to_rotvec(quat_multiply(chunks[..., 3:7], there))
    parts = ((chunks[..., :3] - tool[:, None, :3]) / FAR, turn / TURN, chunks[..., 7:] / NEAR)
    return np.concatenate(parts, axis=-1).reshape(len(tool), -1)


def commanded(tool: F64, rows: F64) -> F32:
    """Commanded poses and widths (batch, steps, 8): the inverse of :func:`outputs`, of rows (batch, steps, 7)."""
    place = rows[..., :3] * FAR + tool[:, None, :3]
    here = np.broadcast_to(tool[:, None, 3:], (*rows.shape[:2], 4))
    turned = quat_multiply(quat_from_rotvec(rows[..., 3:6] * TURN), here)
    return np.concatenate([place, turned, rows[..., 6:] * NEAR], axis=-1).astype(np.float32)


def followed(robot: RobotSpec, state: F32, poses: F32) -> Actions:
    """Joint targets (steps, batch, dof) of commanded tool poses and widths (batch, steps, 8), from ``state``."""
    path = np.concatenate([forward_kinematics(robot, state[:, : robot.width_column])[:, None], poses[..., :7]], axis=1)
    turns = quat_to_rotvec(quat_multiply(path[:, 1:, 3:], quat_conjugate(path[:, :-1, 3:])))
    deltas = np.concatenate([np.diff(path[..., :3], axis=1), turns, poses[..., 7:]], axis=-1)
    return delta_to_joints(robot, state, deltas.transpose(1, 0, 2))


@dataclass(frozen=True, eq=False)
class Table:
    """Every window of a dataset, as a trainer reads them."""

    tool: F64  # (windows, 7)
    objects: F64  # (windows, slots, 7)
    width: F64  # (windows,)
    chunks: F64  # (windows, steps, 8)

    @classmethod
    def of(cls, windows: WindowDataset, robot: RobotSpec) -> Table:
        """Read through a plain ``DataLoader``."""
        batches = list(DataLoader(windows, batch_size=512))
        seen = {name: _joined([b["obs"][name][:, -1] for b in batches]) for name in windows.spec.observations}
        chunks = _joined([b["action"] for b in batches])
        return cls(seen["ee_pose"], seen["object_pose"], seen["state"][:, robot.width_column], chunks)

    def rows(self, tool: F64, things: tuple[Thing, ...]) -> tuple[F64, F64]:
        """Inputs and outputs as they would be if the tool had been at ``tool``."""
        return inputs(tool, self.objects, self.width, things), outputs(tool, self.chunks)


def cloned(windows: WindowDataset, things: tuple[Thing, ...], epochs: int) -> Clone:
    """Behaviour cloning: chunks of commands, robust least squares.

    In every epoch the tool is put a little beside where it was; what it was commanded to stays, so that the policy
    learns to come back.
    """
    torch.manual_seed(SEED)
    robot = windows.reader.episode(0).scene.robot
    table = Table.of(windows, robot)
    x, y = table.rows(table.tool, things)
    clone = Clone(windows.spec, robot, things, layers(x.shape[1], y.shape[1]), _scale(x), _scale(y))
    steps = epochs * (len(x) // ROWS)
    optimiser = torch.optim.AdamW(clone.network.parameters(), lr=RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
    for epoch in range(epochs):
        x, y = table.rows(nudged(table.tool, epoch), things)
        _pass(clone.network, clone.x(x), clone.y(y), optimiser, schedule)
    clone.network.eval()
    return clone


def nudged(tool: F64, epoch: int) -> F64:
    """Tool poses (batch, 7) a little beside ``tool``; most by less than ``NUDGE`` and ``TWIST``."""
    random = stream(SEED, "clone", "nudge", str(epoch))
    size = np.abs(random.normal(size=(len(tool), 1)))
    place = tool[:, :3] + NUDGE * size * random.normal(size=(len(tool), 3))
    turn = quat_from_rotvec(TWIST * size * random.normal(size=(len(tool), 3)))
    return np.concatenate([place, quat_multiply(turn, tool[:, 3:])], axis=1)


def layers(inputs: int, outputs: int) -> torch.nn.Sequential:
    """The untrained network."""
    hidden = list[torch.nn.Module]()
    for width in [inputs] + [WIDTH] * (LAYERS - 1):
        hidden += [torch.nn.Linear(width, WIDTH), torch.nn.LayerNorm(WIDTH), torch.nn.GELU()]
    return torch.nn.Sequential(*hidden, torch.nn.Linear(WIDTH, outputs))


def _pass(
    network: torch.nn.Module,
    x: torch.Tensor,
    y: torch.Tensor,
    optimiser: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
) -> None:
    """One epoch."""
    for rows in torch.randperm(len(x)).split(ROWS)[: len(x) // ROWS]:
        noisy = x[rows] + NOISE * torch.randn(len(rows), x.shape[1])
        loss = torch.nn.functional.smooth_l1_loss(network(noisy), y[rows], beta=BETA)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()


def _scale(values: F64) -> Scale:
    return Scale(values.mean(axis=0), np.maximum(values.std(axis=0), LEAST))


def _joined(batches: list[torch.Tensor]) -> F64:
    return torch.cat(batches).numpy().astype(float)
