"""3D paths by a model that sees no picture: named points and obstacles go out, waypoints come in and are checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import Field

from demo_solvers.path3d.clouds import Array
from demo_solvers.path3d.plan import MOST, Action, Path3D, Waypoint
from pipeline.asking.ask import Asker
from pipeline.asking.meter import purpose
from pipeline.asking.prompts import Prompt
from pipeline.core.chat import ChatRequest, Turn
from pipeline.core.errors import ModelError
from pipeline.core.geometry import Frozen, Vec3
from pipeline.core.seeing import SeeingProblem

PROMPTS = Path(__file__).parent / "prompts"
TAKEN = 4  # waypoints of a path that are not the model's
CLOSE = 0.01  # m to an obstacle that a written waypoint may not come nearer than


class Written(Frozen):
    """One waypoint as a model writes it."""

    position: Vec3 = Field(description="of the tool [m]")
    note: str = Field(default="", max_length=80)


class WrittenPath(Frozen):
    """The waypoints in between."""

    waypoints: tuple[Written, ...] = Field(max_length=MOST - TAKEN)


class PathSettings(Frozen):
    """How a model is asked for paths."""

    model: str
    max_tokens: int = Field(default=3000, ge=200)


@dataclass(frozen=True, eq=False)
class Passage:
    """What is to be passed: from a tool pose (7,) to another, by what, with something in the hand."""

    action: Action
    start: Array
    end: Array
    points: Mapping[str, Array]  # (3,) m each
    obstacles: Sequence[tuple[Array, Array]]  # least and greatest corner (3,) m
    table: float  # height of its top [m]
    below: float  # m that what is held reaches below the tool
    around: float  # m that it reaches to the sides
    reach: tuple[Array, float]  # the robot's foot (3,) and how far it reaches from there [m]


class ModelPaths:
    """Asks a model for the waypoints in between; a call that fails is recorded and leaves the path as it was."""

    def __init__(self, asker: Asker, settings: PathSettings) -> None:
        self.asker, self.settings = asker, settings
        self.failed_calls: list[str] = []
        self._prompt = Prompt.load(PROMPTS / "waypoints.md")

    @property
    def prompt_hashes(self) -> dict[str, str]:
        """For provenance."""
        return {self._prompt.path: self._prompt.sha256}

    def between(self, problem: SeeingProblem, passage: Passage, path: Path3D) -> Path3D:
        """``path`` with the model's waypoints before its first one, or ``path`` itself."""
        try:
            with purpose("waypoints"):
                reply = self.asker.ask(
                    self._request(problem, passage), WrittenPath, check=lambda said: mistakes(said, passage)
                )
        except ModelError as error:
            self.failed_calls.append(f"{type(error).__name__}: {error}")
            return path
        quat = tuple(float(v) for v in passage.end[3:])
        via = tuple(Waypoint(position=w.position, quat=quat, note=w.note) for w in reply.value.waypoints)  # type: ignore[arg-type]
        return path.model_copy(update={"waypoints": (*via, *path.waypoints), "author": reply.model})

    def _request(self, problem: SeeingProblem, passage: Passage) -> ChatRequest:
        words = self._prompt.render(
            table=f"{passage.table:.3f}",
            instruction=problem.instruction,
            action=str(passage.action),
            points="\n".join(f"- {name}: {_words(p)}" for name, p in passage.points.items()) or "- none",
            obstacles="\n".join(f"- {_words(a)} to {_words(b)}" for a, b in passage.obstacles) or "- none",
            start=_words(passage.start),
            end=_words(passage.end),
            below=f"{passage.below:.3f}",
            around=f"{passage.around:.3f}",
            most=str(MOST - TAKEN),
        )
        return ChatRequest(model=self.settings.model, turns=(Turn(text=words),), max_tokens=self.settings.max_tokens)


def mistakes(said: WrittenPath, passage: Passage) -> list[str]:
    """What is wrong with a path, to be told to the model: out of reach, in the table, in an obstacle."""
    found = list[str]()
    foot, reach = passage.reach
    for number, written in enumerate(said.waypoints):
        at = np.array(written.position)
        if float(np.linalg.norm(at - foot)) > reach:
            found.append(f"waypoints.{number}: {written.position} is further than {reach:.2f} m from the robot's foot.")
        if at[2] - passage.below < passage.table:
            found.append(
                f"waypoints.{number}: at z = {at[2]:.3f} what is held, {passage.below:.3f} m below, is in the table."
            )
        for low, high in passage.obstacles:
            grown = np.array([passage.around, passage.around, 0.0]) + CLOSE
            grown_low = low - grown
            grown_high = high + grown + np.array([0.0, 0.0, passage.below])
            if ((at > grown_low) & (at < grown_high)).all():
                found.append(
                    f"waypoints.{number}: {written.position} brings what is held into {_words(low)} to {_words(high)}."
                )
    return found


def _words(point: Array) -> str:
    return "(" + ", ".join(f"{v:.3f}" for v in point[:3]) + ")"
