"""Distances that suit the robot: defaults were found for a Panda, and a small arm does not rise as far."""

from __future__ import annotations

import numpy as np

from demo_solvers.skill import Settings
from pipeline.core.program import Stage
from pipeline.core.robot import RobotSpec

PANDA_REACH = 0.80  # m
SMALLEST = 0.4  # of a default distance, however small the robot


def sized(settings: Settings, stage: Stage, name: str, robot: RobotSpec) -> float:
    """A distance parameter [m]: as the stage says, else its default, less for a robot smaller than a Panda."""
    value = settings.number(name)
    return value if name in stage.parameters else value * float(np.clip(robot.reach / PANDA_REACH, SMALLEST, 1.0))
