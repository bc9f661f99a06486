"""What a compiled reward costs beside the same formula written by hand in torch, on 4,096 rows.

    python -m benchmarks.reward_cost [--rows 4096] [--rounds 60] [--device cpu]

Three rewards: pushing with its predicate, dragging a drawer, inserting. The hand-written functions know the columns of
their scene and compute the total alone; the compiled rewards also return every line and term. Both are run in turn,
some calls at a time, and the ratio of each turn is taken, so that what else the machine does weighs on both.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from assets.catalog import LibraryCatalog
from benchmarks._cells import Cell, parser, save, table
from demo_solvers.rewards.compiled import compiled
from demo_solvers.rewards.state import RewardState
from pipeline.core.layout import SceneLayout
from pipeline.core.streams import stream
from pipeline.core.task import TaskObject, TaskSpec
from pipeline.core.world import WorldState
from pipeline.sim.kinematic import kinematic
from scene_gen.builder import TabletopBuilder

NAME = "reward_cost"
TARGET = 2.0  # times the hand-written formula
CALLS = 10  # in a turn
NAMES = ("carton", "zone_red", "cabinet", "square_ring", "peg_blue")
PUSH = """
let spot = far_side(carton, zone_red, 7 cm)
reach: 1 * change(1 - tanh(distance(tool, spot) / 10 cm))
bring: 6 * change(1 - 0.5 * tanh(planar_distance(carton, zone_red) / 15 cm)
                    - 0.5 * tanh(planar_distance(carton, zone_red) / 3 cm))
touch: 0.1 * bonus(contact(hand, carton))
goal: 5 * bonus((within carton zone_red))
smooth: -0.01 * action_change()
time: -0.02
"""
DRAWER = """
reach: -2 * distance(tool, cabinet/top_drawer.handle) / 10 cm when opening(cabinet/top_drawer) < 0.1
open: 5 * opening(cabinet/top_drawer)
slow: -0.1 * joint_speed(cabinet/top_drawer)
goal: 5 * bonus((is_open cabinet/top_drawer))
smooth: -0.01 * action_change()
"""
INSERT = """
let error = abs(insert_short(square_ring, peg_blue)) + 2 * insert_aside(square_ring, peg_blue)
bring: 3 * exp(-error / 5 cm)
straight: -insert_tilt(square_ring, peg_blue) / 90 deg
upright: alignment(square_ring.z, world.z)
lift: min(lift(square_ring) / 10 cm, 1)
smooth: -0.01 * action_change() - 0.01 * action_size()
"""


def main() -> None:
    """Measure, print and save."""
    options = _options()
    torch.set_num_threads(1)
    world, state = _state(options.rows, options.device)
    cells = [_cell(name, world.layout, state, options) for name in CASES]
    columns = ["reward", "compiled_us", "by_hand_us", "ratio", "terms", "difference"]
    table(columns, [[cell[column] for column in columns] for cell in cells])
    save(NAME, options, target=TARGET, cells=cells)


def _options() -> argparse.Namespace:
    made = parser(__doc__)
    made.formatter_class = argparse.RawDescriptionHelpFormatter
    made.add_argument("--rows", type=int, default=4096, help="rows of the batch")
    made.add_argument("--rounds", type=int, default=60, help=f"turns of {CALLS} calls each")
    made.add_argument("--device", default="cpu", help="where the tensors are")
    return made.parse_args()


def _state(rows: int, device: str) -> tuple[WorldState, RewardState]:
    """A scene with everything that the rewards name, and that many rows with things moved about at random."""
    catalog = LibraryCatalog()
    robot = catalog.robot("panda")
    objects = tuple(TaskObject(name=n, asset=n) for n in NAMES)
    task = TaskSpec(name=NAME, family="push", instruction="Do it.", objects=objects, goal="(within carton zone_red)")
    scene = TabletopBuilder(catalog, robot, cameras=()).build(task, stream(0, NAME))
    world = kinematic(catalog).load([scene])
    state = RewardState.of(world, robot, device=device)
    rng = torch.Generator().manual_seed(0)
    many = RewardState(*(t.expand(rows, *t.shape[1:]).clone() for t in vars(state).values()))
    for name in NAMES:
        column = world.layout.body(name)
        many.pose[:, column, :2] += (0.1 * torch.randn((rows, 2), generator=rng)).to(device)
    many.actions.copy_(torch.rand(many.actions.shape, generator=rng) * 2 - 1)
    many.joint.copy_(0.2 * torch.rand(many.joint.shape, generator=rng))
    touching = torch.rand(many.contact.shape, generator=rng) < 0.1
    many.contact.copy_(touching | touching.mT)
    return world, many


def _cell(name: str, layout: SceneLayout, state: RewardState, options: argparse.Namespace) -> Cell:
    text, by_hand = CASES[name]
    reward, hand = compiled(text, layout), by_hand(layout)
    memory, before = reward.begin(state), hand.begin(state)
    later = replace(state, pose=state.pose.clone())
    later.pose[:, layout.body("carton"), 0] += 0.01
    difference = (reward(later, memory).total - hand(later, before)).abs().max().item()
    pairs = [
        (_seconds(lambda: reward(later, memory), options.device), _seconds(lambda: hand(later, before), options.device))
        for _ in range(options.rounds + 2)
    ][2:]
    a, b = np.array(pairs).T
    return {
        "reward": name,
        "compiled_us": round(float(np.median(a)) * 1e6, 1),
        "by_hand_us": round(float(np.median(b)) * 1e6, 1),
        "ratio": round(float(np.median(a / b)), 3),
        "terms": len(reward.terms),
        "difference": float(f"{difference:.2g}"),
        "ok": float(np.median(a / b)) <= TARGET,
    }


def _seconds(call: Callable[[], object], device: str) -> float:
    """A call's time, over some of them."""
    began = time.perf_counter()
    for _ in range(CALLS):
        call()
    if device != "cpu":
        torch.cuda.synchronize()
    return (time.perf_counter() - began) / CALLS


def rotated(quat: Tensor, vector: Tensor) -> Tensor:
    """As everybody writes it."""
    axis = quat[..., 1:]
    vector = vector.expand_as(axis)
    t = 2 * torch.cross(axis, vector, dim=-1)
    return vector + quat[..., :1] * t + torch.cross(axis, t, dim=-1)


class _ByHand:
    """A formula over known columns; constants are made once."""

    def __init__(self, layout: SceneLayout) -> None:
        self.column = {name: layout.body(name) for name in layout.bodies}
        self.centre = {n: torch.tensor(g.bounds.pose[:3]) for n, g in layout.geometry.items()}
        self.layout = layout

    def point(self, state: RewardState, name: str) -> Tensor:
        pose = state.pose[:, self.column[name]]
        return pose[:, :3] + rotated(pose[:, 3:], self.centre[name].to(pose.device))

    def begin(self, state: RewardState) -> Tensor:
        return state.width.new_zeros(0)


class _Push(_ByHand):
    """``PUSH`` by hand."""

    def __init__(self, layout: SceneLayout) -> None:
        super().__init__(layout)
        self.half = torch.tensor(layout.geometry["zone_red"].bounds.half)
        self.flat = torch.tensor((1.0, 1.0, 0.0))
        signs = torch.tensor([(x, y, z) for x in (-1.0, 1.0) for y in (-1.0, 1.0) for z in (-1.0, 1.0)])
        self.corners = signs * torch.tensor(layout.geometry["carton"].bounds.half) + self.centre["carton"]

    def potentials(self, state: RewardState) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        box, zone = self.point(state, "carton"), self.point(state, "zone_red")
        away = (box - zone) * self.flat.to(box.device)
        spot = box + 0.07 * away / away.norm(dim=-1, keepdim=True).clamp(min=1e-6)
        reach = 1 - torch.tanh((state.tool[:, :3] - spot).norm(dim=-1) / 0.10)
        far = (box - zone)[:, :2].norm(dim=-1)
        bring = 1 - 0.5 * torch.tanh(far / 0.15) - 0.5 * torch.tanh(far / 0.03)
        return reach, bring, box, zone

    def begin(self, state: RewardState) -> Tensor:
        return torch.stack(self.potentials(state)[:2], dim=-1)

    def within(self, state: RewardState, box: Tensor, zone: Tensor) -> Tensor:
        frame = state.pose[:, self.column["zone_red"]]
        normal = rotated(frame[:, 3:], torch.tensor((0.0, 0.0, 1.0), device=frame.device))
        height = zone[:, 2] + (normal[:, :2] * (zone - box)[:, :2]).sum(-1) / normal[:, 2]
        foot = torch.cat([box[:, :2], height[:, None]], dim=-1)
        local = rotated(frame[:, 3:] * torch.tensor((1.0, -1.0, -1.0, -1.0), device=frame.device), foot - zone)
        inside = (local[:, :2].abs() <= self.half[:2].to(frame.device)).all(-1)
        body = state.pose[:, self.column["carton"]]
        corners = body[:, None, :3] + rotated(body[:, None, 3:].expand(-1, 8, 4), self.corners.to(frame.device))
        low = (corners[..., 2].amin(1) - height).abs() <= 0.01
        velocity = state.velocity[:, self.column["carton"]]
        still = (velocity[:, :3].norm(dim=-1) < 0.02) & (velocity[:, 3:].norm(dim=-1) < 0.6)
        left, right = self.column["robot/left_finger"], self.column["robot/right_finger"]
        mine = state.contact[:, self.column["carton"]]
        level = (normal[:, 2] >= 0.9396926) & (box[:, 2] > height)
        return inside & level & low & still & ~(mine[:, left] & mine[:, right])

    def __call__(self, state: RewardState, before: Tensor) -> Tensor:
        reach, bring, box, zone = self.potentials(state)
        mine = state.contact[:, self.column["carton"]]
        touch = mine[:, self.column["robot/left_finger"]] | mine[:, self.column["robot/right_finger"]]
        smooth = (state.actions[:, 0] - state.actions[:, 1]).square().mean(-1)
        shaped = (reach - before[:, 0]) + 6 * (bring - before[:, 1]) + 0.1 * touch
        return shaped + 5 * self.within(state, box, zone) - 0.01 * smooth - 0.02


class _Drawer(_ByHand):
    """``DRAWER`` by hand."""

    def __init__(self, layout: SceneLayout) -> None:
        super().__init__(layout)
        self.handle = torch.tensor(layout.geometry["cabinet/top_drawer"].keypoints["handle"])
        self.joint = layout.joint("cabinet/top_drawer_slide")
        self.travel = layout.joint_specs["cabinet/top_drawer_slide"].upper

    def __call__(self, state: RewardState, before: Tensor) -> Tensor:
        pose = state.pose[:, self.column["cabinet/top_drawer"]]
        handle = pose[:, :3] + rotated(pose[:, 3:], self.handle.to(pose.device))
        reach = (state.tool[:, :3] - handle).norm(dim=-1) / 0.10
        opening = state.joint[:, self.joint] / self.travel
        speed = state.joint_velocity[:, self.joint].abs() / self.travel
        smooth = (state.actions[:, 0] - state.actions[:, 1]).square().mean(-1)
        near = torch.where(opening < 0.1, -2 * reach, 0.0)
        return near + 5 * opening - 0.1 * speed + 5 * (opening >= 0.75) - 0.01 * smooth


class _Insert(_ByHand):
    """``INSERT`` by hand."""

    def __init__(self, layout: SceneLayout) -> None:
        super().__init__(layout)
        ring, peg = layout.geometry["square_ring"], layout.geometry["peg_blue"]
        self.tip, self.seat = torch.tensor(ring.keypoints["tip"]), torch.tensor(peg.keypoints["seat"])
        self.way = torch.tensor(peg.axes["insert"])
        signs = torch.tensor([(x, y, z) for x in (-1.0, 1.0) for y in (-1.0, 1.0) for z in (-1.0, 1.0)])
        self.corners = signs * torch.tensor(ring.bounds.half) + self.centre["square_ring"]

    def __call__(self, state: RewardState, before: Tensor) -> Tensor:
        ring, peg = state.pose[:, self.column["square_ring"]], state.pose[:, self.column["peg_blue"]]
        tip = ring[:, :3] + rotated(ring[:, 3:], self.tip.to(ring.device))
        seat = peg[:, :3] + rotated(peg[:, 3:], self.seat.to(ring.device))
        way, own = (rotated(pose[:, 3:], self.way.to(ring.device)) for pose in (peg, ring))
        short = ((seat - tip) * way).sum(-1)
        aside = (seat - tip - short[:, None] * way).norm(dim=-1)
        tilt = (own * way).sum(-1).clamp(-1, 1).acos()
        corners = ring[:, None, :3] + rotated(ring[:, None, 3:].expand(-1, 8, 4), self.corners.to(ring.device))
        lift = (corners[..., 2].amin(1) / 0.10).clamp(max=1.0)
        z = rotated(ring[:, 3:], torch.tensor((0.0, 0.0, 1.0), device=ring.device))
        smooth = (state.actions[:, 0] - state.actions[:, 1]).square().mean(-1)
        size = state.actions[:, 0].square().mean(-1)
        bring = 3 * torch.exp(-(short.abs() + 2 * aside) / 0.05)
        return bring - tilt / (np.pi / 2) + z[:, 2] + lift - 0.01 * smooth - 0.01 * size


CASES: dict[str, tuple[str, type]] = {"push": (PUSH, _Push), "drawer": (DRAWER, _Drawer), "insert": (INSERT, _Insert)}

if __name__ == "__main__":
    main()
