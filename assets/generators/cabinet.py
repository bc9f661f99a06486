"""cabinet: a fixed wooden cabinet with two drawers that slide towards the robot (-x)."""

from __future__ import annotations

import numpy as np

from assets.annotation.describe import fixture
from assets.draft import Draft
from assets.generators._shapes import between, box, boxes_visual
from assets.generators._wood import grain
from assets.package import Body
from assets.values import pose7
from pipeline.core.geometry import BodyGeometry, Box, Grasp, Joint
from pipeline.core.poses import Array, matrix_to_quat, quat_multiply

WIDTH, DEPTH, HEIGHT = 0.34, 0.30, 0.36  # m along y, x, z
PANEL, FRONT, WALL, GAP = 0.015, 0.014, 0.010, 0.004  # m
SHELF = 0.012  # m
TRAVEL = 0.20  # m
DRAWER_MASS = 0.9  # kg
BAR, STAND_OFF, BAR_LENGTH = 0.018, 0.052, 0.10  # m; an open hand's fingers pass above and below the bar
# The bar's faces are turned so that a hand pointing forward and down grips them squarely: an arm on the table reaches
# such poses over the drawer's whole travel, horizontal ones hardly anywhere.
HANDLE_PITCH = np.radians(40.0)
BAR_HEIGHT = {"bottom_drawer": 0.155, "top_drawer": 0.32}  # m above the table
PULL = (-1.0, 0.0, 0.0)


def cabinet() -> Draft:
    """A cabinet of 30 x 34 x 36 cm, front towards -x."""
    bodies, geometry = {"": _corpus()}, {"": _corpus_geometry()}
    for name in ("top_drawer", "bottom_drawer"):
        bodies[name] = _drawer(name)
        geometry[name] = _drawer_geometry(name)
    return Draft(
        name="cabinet",
        category="cabinet",
        noun="cabinet",
        bodies=bodies,
        geometry=geometry,
        affordances=("openable", "support"),
        fixed=True,
        link_nouns={"top_drawer": "top drawer", "bottom_drawer": "bottom drawer"},
    )


def _corpus_boxes() -> list[Box]:
    x0, x1, y, z = -DEPTH / 2 + FRONT + 0.002, DEPTH / 2, WIDTH / 2, HEIGHT
    middle = z / 2 - SHELF / 2
    return [
        between((x0, -y, 0.0), (x1, -y + PANEL, z)),
        between((x0, y - PANEL, 0.0), (x1, y, z)),
        between((x1 - PANEL, -y + PANEL, 0.0), (x1, y - PANEL, z)),
        between((x0, -y + PANEL, 0.0), (x1 - PANEL, y - PANEL, PANEL)),
        between((x0, -y + PANEL, z - PANEL), (x1 - PANEL, y - PANEL, z)),
        between((x0, -y + PANEL, middle), (x1 - PANEL, y - PANEL, middle + SHELF)),
    ]


def _corpus() -> Body:
    wood = grain("cabinet", (0.55, 0.37, 0.23), contrast=0.2)
    return Body([boxes_visual(_corpus_boxes(), texture=wood)], _corpus_boxes(), 0.0)


def _corpus_geometry() -> BodyGeometry:
    top = box((0.008, 0.0, HEIGHT), (DEPTH / 2 - 0.012, WIDTH / 2 - 0.005, 0.001))
    return fixture(_corpus_boxes()).model_copy(update={"support": top})


def _origin(name: str) -> tuple[float, float, float]:
    """Origin of a drawer's frame in the cabinet's: the middle of its underside."""
    opening = PANEL if name == "bottom_drawer" else HEIGHT / 2 + SHELF / 2
    return (0.0, 0.0, opening + GAP)


def _drawer_boxes(name: str) -> tuple[list[Box], list[Box], list[Box]]:
    """Tray, front and handle of a drawer in its own frame."""
    x0, x1 = -DEPTH / 2 + FRONT, DEPTH / 2 - PANEL - 0.005
    y, z = WIDTH / 2 - PANEL - GAP, 0.115
    tray = [
        between((x0, -y, 0.0), (x1, y, WALL)),
        between((x0, -y, WALL), (x1, -y + WALL, z)),
        between((x0, y - WALL, WALL), (x1, y, z)),
        between((x1 - WALL, -y + WALL, WALL), (x1, y - WALL, z)),
    ]
    low = (0.003 if name == "bottom_drawer" else HEIGHT / 2 + 0.002) - _origin(name)[2]
    front = between((x0 - FRONT, -WIDTH / 2, low), (x0, WIDTH / 2, low + HEIGHT / 2 - 0.005))
    face, (bar_x, _, bar_z) = x0 - FRONT, _bar(name)
    post, reach = 0.006, BAR_LENGTH / 2 - 0.006
    handle = [
        Box(pose=pose7((bar_x, 0.0, bar_z), _turn(HANDLE_PITCH)), half=(BAR / 2, BAR_LENGTH / 2, BAR / 2)),
        *(between((bar_x + BAR / 2, y - post, bar_z - post), (face, y + post, bar_z + post)) for y in (-reach, reach)),
    ]
    return tray, [front], handle


def _bar(name: str) -> tuple[float, float, float]:
    """Centre of the handle bar in the drawer's frame."""
    return (-DEPTH / 2 - STAND_OFF, 0.0, BAR_HEIGHT[name] - _origin(name)[2])


def _drawer(name: str) -> Body:
    tray, front, handle = _drawer_boxes(name)
    return Body(
        visuals=[
            boxes_visual(tray, texture=grain("tray", (0.80, 0.68, 0.50))),
            boxes_visual(front, texture=grain("front", (0.66, 0.45, 0.28), contrast=0.2), bevel=0.003),
            boxes_visual(handle, color=(0.22, 0.22, 0.24, 1.0), bevel=0.003, specular=0.6),
        ],
        pieces=[*tray, *front, *handle],
        mass=DRAWER_MASS,
        position=_origin(name),
        joint=Joint(name=f"{name}_slide", link=name, kind="prismatic", axis=PULL, lower=0.0, upper=TRAVEL),
        joint_attributes={"damping": "5", "frictionloss": "1", "armature": "0.01"},
    )


def _drawer_geometry(name: str) -> BodyGeometry:
    tray, front, handle = _drawer_boxes(name)
    floor, side, _, back = tray
    cavity = between(
        (floor.pose[0] - floor.half[0], side.pose[1] + WALL / 2, WALL),
        (back.pose[0] - WALL / 2, -side.pose[1] - WALL / 2, 0.115),
    )
    return fixture([*tray, *front, *handle]).model_copy(
        update={
            "cavity": cavity,
            "keypoints": {"handle": _bar(name)},
            "axes": {"pull": PULL},
            "grasps": _handle_grasps(name),
        }
    )


def _turn(pitch: float) -> Array:
    """Rotation (4,) by ``pitch`` rad about +y: forward-facing things then look downwards."""
    return np.array([np.cos(pitch / 2), 0.0, np.sin(pitch / 2), 0.0])


def _handle_grasps(name: str) -> tuple[Grasp, ...]:
    """Fingers across two faces of the bar, hand pointing forward and down; offsets along the bar, both half turns."""
    bar = np.array(_bar(name))
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
