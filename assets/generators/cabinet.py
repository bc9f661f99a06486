"""cabinet: a fixed wooden cabinet with drawers that slide towards the robot (-x)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.annotation.describe import fixture
from assets.draft import Draft
from assets.generators._draws import WALNUT, WOODS, Draws, Paint
from assets.generators._handles import BAR, STAND_OFF
from assets.generators._shapes import between, box, boxes_visual
from assets.generators._wood import Color, grain
from assets.package import Body, Visual
from assets.values import pose7
from pipeline.core.geometry import BodyGeometry, Box, Grasp, Joint
from pipeline.core.poses import Array, matrix_to_quat, quat_multiply

PANEL, FRONT, WALL, GAP = 0.015, 0.014, 0.010, 0.004  # m
SHELF = 0.012  # m
# The bar's faces are turned so that a hand pointing forward and down grips them squarely: an arm on the table reaches
# such poses over the drawer's whole travel, horizontal ones hardly anywhere.
HANDLE_PITCH = np.radians(40.0)
LOW_BAR, HIGH_BAR = 0.155, 0.140  # m from a front's foot to its bar; the lower one as high as it can be for the hand
LOWEST_BAR = 0.10  # m over the table; a Panda's hand that slopes by 40 degrees does not get under a lower one
PULL = (-1.0, 0.0, 0.0)
DRAWERS = {1: ("drawer",), 2: ("top_drawer", "bottom_drawer"), 3: ("top_drawer", "middle_drawer", "bottom_drawer")}
COUNTS = {
    1: "a drawer that has a bar handle",
    2: "two drawers that have bar handles",
    3: "three drawers with bar handles",
}


@dataclass(frozen=True)
class Plan:
    """Sizes [m], masses [kg] and looks of one cabinet; ``bars`` are heights above the table, the top drawer's first."""

    width: float
    depth: float
    height: float
    travel: float
    mass: float
    bar_length: float
    bars: dict[str, float]
    body: Paint
    front: Color
    shine: Color

    @property
    def rows(self) -> int:
        """How many drawers."""
        return len(self.bars)

    @property
    def pitch(self) -> float:
        """Height that one drawer and its front take up."""
        return self.height / self.rows

    @property
    def tray(self) -> float:
        """Depth of a drawer's inside from its underside to its rim: what the compartment holds, less 4 cm of air."""
        return self.pitch - 0.065

    def level(self, name: str) -> int:
        """0 for the lowest drawer."""
        return self.rows - 1 - list(self.bars).index(name)

    def origin(self, name: str) -> tuple[float, float, float]:
        """Origin of a drawer's frame in the cabinet's: the middle of its underside."""
        level = self.level(name)
        opening = PANEL if level == 0 else level * self.pitch + SHELF / 2
        return (0.0, 0.0, opening + GAP)

    def bar(self, name: str) -> tuple[float, float, float]:
        """Centre of the handle bar in the drawer's frame."""
        return (-self.depth / 2 - STAND_OFF, 0.0, self.bars[name] - self.origin(name)[2])


def cabinet(seed: int | None = None) -> Draft:
    """A cabinet of 30 x 34 x 36 cm with two drawers, front towards -x, or a variant with one or two."""
    draws = Draws("cabinet", seed)
    plan = _plan(draws)
    return build(plan, name=draws.name, noun="cabinet" if seed is None else f"{plan.body.name} cabinet")


def build(plan: Plan, *, name: str, noun: str) -> Draft:
    """The cabinet of a plan."""
    bodies, geometry = {"": _corpus(plan)}, {"": _corpus_geometry(plan)}
    for drawer in plan.bars:
        bodies[drawer] = _drawer(plan, drawer)
        geometry[drawer] = _drawer_geometry(plan, drawer)
    return Draft(
        name=name,
        category="cabinet",
        noun=noun,
        bodies=bodies,
        geometry=geometry,
        affordances=("openable", "support"),
        fixed=True,
        link_nouns={drawer: drawer.replace("_", " ") for drawer in plan.bars},
        description=f"A small {plan.body.name} cabinet with {COUNTS[plan.rows]}.",
    )


def _plan(draws: Draws) -> Plan:
    rows = draws.pick(2, (1, 2))
    pitch = draws.size(0.18, 0.17, 0.20)
    names = DRAWERS[rows]
    bars = {name: LOW_BAR if name is names[-1] else pitch + HIGH_BAR for name in names}
    depth = draws.size(0.30, 0.27, 0.33)
    return Plan(
        width=draws.size(0.34, 0.28, 0.42),
        depth=depth,
        height=round(rows * pitch, 3),
        # Two thirds of the depth: a drawer pulled out entirely would fall.
        travel=draws.size(0.20, 0.60 * depth, 0.68 * depth),
        mass=draws.size(0.9, 0.6, 1.4),
        bar_length=draws.size(0.10, 0.09, 0.14),
        bars=bars,
        body=draws.pick(WALNUT, WOODS),
        front=draws.pick((0.66, 0.45, 0.28), [(0.66, 0.45, 0.28), *(w.color for w in WOODS)]),
        shine=draws.pick((0.22, 0.22, 0.24), [(0.22, 0.22, 0.24), (0.62, 0.63, 0.65), (0.72, 0.58, 0.32)]),
    )


def _corpus_boxes(plan: Plan) -> list[Box]:
    x0, x1, y, z = -plan.depth / 2 + FRONT + 0.002, plan.depth / 2, plan.width / 2, plan.height
    boxes = [
        between((x0, -y, 0.0), (x1, -y + PANEL, z)),
        between((x0, y - PANEL, 0.0), (x1, y, z)),
        between((x1 - PANEL, -y + PANEL, 0.0), (x1, y - PANEL, z)),
        between((x0, -y + PANEL, 0.0), (x1 - PANEL, y - PANEL, PANEL)),
        between((x0, -y + PANEL, z - PANEL), (x1 - PANEL, y - PANEL, z)),
    ]
    for row in range(1, plan.rows):
        middle = z * row / plan.rows - SHELF / 2
        boxes.append(between((x0, -y + PANEL, middle), (x1 - PANEL, y - PANEL, middle + SHELF)))
    return boxes


def _corpus(plan: Plan) -> Body:
    wood = grain("cabinet" if plan.body is WALNUT else f"cabinet {plan.body.name}", plan.body.color, contrast=0.2)
    return Body([boxes_visual(_corpus_boxes(plan), texture=wood)], _corpus_boxes(plan), 0.0)


def _corpus_geometry(plan: Plan) -> BodyGeometry:
    top = box((0.008, 0.0, plan.height), (plan.depth / 2 - 0.012, plan.width / 2 - 0.005, 0.001))
    return fixture(_corpus_boxes(plan)).model_copy(update={"support": top})


def _drawer_boxes(plan: Plan, name: str) -> tuple[list[Box], list[Box], list[Box]]:
    """Tray, front and handle of a drawer in its own frame."""
    x0, x1 = -plan.depth / 2 + FRONT, plan.depth / 2 - PANEL - 0.005
    y, z = plan.width / 2 - PANEL - GAP, plan.tray
    tray = [
        between((x0, -y, 0.0), (x1, y, WALL)),
        between((x0, -y, WALL), (x1, -y + WALL, z)),
        between((x0, y - WALL, WALL), (x1, y, z)),
        between((x1 - WALL, -y + WALL, WALL), (x1, y - WALL, z)),
    ]
    level = plan.level(name)
    low = (0.003 if level == 0 else level * plan.pitch + 0.002) - plan.origin(name)[2]
    front = between((x0 - FRONT, -plan.width / 2, low), (x0, plan.width / 2, low + plan.pitch - 0.005))
    face, (bar_x, _, bar_z) = x0 - FRONT, plan.bar(name)
    post, reach = 0.006, plan.bar_length / 2 - 0.006
    handle = [
        Box(pose=pose7((bar_x, 0.0, bar_z), _turn(HANDLE_PITCH)), half=(BAR / 2, plan.bar_length / 2, BAR / 2)),
        *(between((bar_x + BAR / 2, y - post, bar_z - post), (face, y + post, bar_z + post)) for y in (-reach, reach)),
    ]
    return tray, [front], handle


def _drawer_looks(plan: Plan, name: str) -> list[Visual]:
    tray, front, handle = _drawer_boxes(plan, name)
    return [
        boxes_visual(tray, texture=grain("tray", (0.80, 0.68, 0.50))),
        boxes_visual(front, texture=grain("front", plan.front, contrast=0.2), bevel=0.003),
        boxes_visual(handle, color=(*plan.shine, 1.0), bevel=0.003, specular=0.6),
    ]


def _drawer(plan: Plan, name: str) -> Body:
    tray, front, handle = _drawer_boxes(plan, name)
    return Body(
        visuals=_drawer_looks(plan, name),
        pieces=[*tray, *front, *handle],
        mass=plan.mass,
        position=plan.origin(name),
        joint=Joint(
            name=f"{name}_slide",
            link=name,
            kind="prismatic",
            axis=PULL,
            lower=0.0,
            upper=plan.travel,
            damping=5.0,
            friction=1.0,
        ),
        joint_attributes={"damping": "5", "frictionloss": "1", "armature": "0.01"},
    )


def _drawer_geometry(plan: Plan, name: str) -> BodyGeometry:
    tray, front, handle = _drawer_boxes(plan, name)
    floor, side, _, back = tray
    cavity = between(
        (floor.pose[0] - floor.half[0], side.pose[1] + WALL / 2, WALL),
        (back.pose[0] - WALL / 2, -side.pose[1] - WALL / 2, plan.tray),
    )
    return fixture([*tray, *front, *handle]).model_copy(
        update={
            "cavity": cavity,
            "keypoints": {"handle": plan.bar(name)},
            "axes": {"pull": PULL},
            "grasps": _handle_grasps(plan, name) if plan.bars[name] >= LOWEST_BAR else (),
        }
    )


def _turn(pitch: float) -> Array:
    """Rotation (4,) by ``pitch`` rad about +y: forward-facing things then look downwards."""
    return np.array([np.cos(pitch / 2), 0.0, np.sin(pitch / 2), 0.0])


def _handle_grasps(plan: Plan, name: str) -> tuple[Grasp, ...]:
    """Fingers across two faces of the bar, hand pointing forward and down; offsets along the bar, both half turns."""
    bar = np.array(plan.bar(name))
    found: list[Grasp] = []
    for offset in (0.0, -0.015, 0.015):
        for lean in np.radians([0.0, 6.0, -6.0]):
            pitch = HANDLE_PITCH + lean
            forward = np.array([np.cos(pitch), 0.0, -np.sin(pitch)])
            up = np.array([np.sin(pitch), 0.0, np.cos(pitch)])
            quat = matrix_to_quat(np.stack([np.cross(up, forward), up, forward], axis=-1))
            score = 1.0 - 10 * abs(offset) - abs(float(lean))
            place = bar + np.array([0.0, offset, 0.0])
            for turned in (quat, quat_multiply(quat, (0.0, 0.0, 0.0, 1.0))):
                found.append(Grasp(pose=pose7(place, turned), width=BAR, score=score))
    return tuple(sorted(found, key=lambda g: -g.score))
