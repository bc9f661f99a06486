"""Shake tests of the library's grasps: hands the simulator and the planner's inverse kinematics to the test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from assets.annotation.shake import HOLDS, shake_test
from assets.catalog import LibraryCatalog
from demo_solvers.planning.arm import Arm
from flows.stages import make_simulator
from pipeline.core.asset import AssetSpec
from pipeline.core.doors import Simulator
from pipeline.core.geometry import Frozen
from pipeline.core.robot import RobotSpec

BACKEND, ROBOT = "mujoco", "panda"
"""The quick engine, and the robot whose hand grasps were searched for."""


class Shaken(Frozen):
    """How the grasps of one asset did; ``unreached`` ones could not be tested on flat ground."""

    grasps: int
    holding: int
    unreached: int
    best: float | None

    @staticmethod
    def of(spec: AssetSpec) -> Shaken:
        """Counted from the card."""
        scores = [g.shake for g in spec.links[""].grasps]
        known = [s for s in scores if s is not None]
        return Shaken(
            grasps=len(scores),
            holding=sum(s >= HOLDS for s in known),
            unreached=len(scores) - len(known),
            best=max(known, default=None),
        )


@dataclass(frozen=True, eq=False)
class Shaker:
    """A warm simulator, a robot and its arm's kinematics."""

    simulator: Simulator
    robot: RobotSpec
    arm: Arm

    def shake(self, spec: AssetSpec, *, again: bool = False) -> AssetSpec:
        """The card with scores for its untested grasps, or ``again`` for all; raises SimulationError."""
        return shake_test(_forgotten(spec) if again else spec, self.simulator, robot=self.robot, reach=self.arm)


@contextmanager
def shaker(catalog: LibraryCatalog, *, backend: str = BACKEND) -> Iterator[Shaker]:
    """A shaker over the library; raises UnknownNameError for a backend or a robot that is not there."""
    robot = catalog.robot(ROBOT)
    simulator = make_simulator(backend, catalog)
    try:
        yield Shaker(simulator, robot, Arm(robot))
    finally:
        simulator.close()


def graspable(spec: AssetSpec) -> bool:
    """Whether there is something to test: a free object with grasps."""
    return not spec.fixed and bool(spec.links[""].grasps)


def tested(spec: AssetSpec) -> bool:
    """Whether its grasps have been through the test; those added since have not."""
    return any(g.shake is not None for g in spec.links[""].grasps)


def _forgotten(spec: AssetSpec) -> AssetSpec:
    base = spec.links[""]
    grasps = tuple(g.model_copy(update={"shake": None}) for g in base.grasps)
    return spec.model_copy(update={"links": spec.links | {"": base.model_copy(update={"grasps": grasps})}})
