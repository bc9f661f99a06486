"""The verifier by a model: a yes/no question after each sub-goal, with the view before and after that shows it best."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
from pydantic import Field

from demo_solvers.path3d.clouds import Array
from demo_solvers.path3d.model_perception import picture
from demo_solvers.path3d.plan import SubGoal
from pipeline.asking.ask import Asker
from pipeline.asking.meter import purpose
from pipeline.asking.prompts import Prompt
from pipeline.core import poses
from pipeline.core.chat import ChatRequest, Turn
from pipeline.core.errors import ModelError
from pipeline.core.geometry import Frozen
from pipeline.core.seeing import SeeingProblem, View

PROMPTS = Path(__file__).parent / "prompts"
NEAREST = 0.05  # m before a camera
HIDDEN = 0.012  # m that something nearer to the camera hides a point by


class Verdict(Frozen):
    """The answer to a sub-goal's question."""

    yes: bool
    why: str = Field(max_length=300, description="what is seen, in a few words")


class VerifierSettings(Frozen):
    """How a model is asked whether an action worked."""

    model: str
    max_tokens: int = Field(default=1000, ge=200)


class Verifier(Protocol):
    """Answers a sub-goal's question from views before and after."""

    def judge(
        self, problem: SeeingProblem, goal: SubGoal, before: Mapping[str, View], after: Mapping[str, View]
    ) -> Verdict | None:
        """The answer from ``goal.view``; None where there is none, which leaves it to the geometry."""
        ...


class ModelVerifier:
    """Asks a model once for each sub-goal that the geometry holds to be reached; it never hears of the judgement.

    A call that fails is recorded and answers nothing.
    """

    def __init__(self, asker: Asker, settings: VerifierSettings) -> None:
        self.asker, self.settings = asker, settings
        self.failed_calls: list[str] = []
        self._prompt = Prompt.load(PROMPTS / "verify.md")

    @property
    def prompt_hashes(self) -> dict[str, str]:
        """For provenance."""
        return {self._prompt.path: self._prompt.sha256}

    def judge(
        self, problem: SeeingProblem, goal: SubGoal, before: Mapping[str, View], after: Mapping[str, View]
    ) -> Verdict | None:
        """The model's answer from ``goal.view``; None for a call that failed."""
        words = self._prompt.render(
            instruction=problem.instruction, action=str(goal.action), question=goal.question, view=goal.view
        )
        pictures = (picture(before[goal.view]), picture(after[goal.view]))
        request = ChatRequest(
            model=self.settings.model,
            turns=(Turn(text=words, pictures=pictures),),
            max_tokens=self.settings.max_tokens,
        )
        try:
            with purpose("verify"):
                return self.asker.ask(request, Verdict).value
        except ModelError as error:
            self.failed_calls.append(f"{type(error).__name__}: {error}")
            return None


def best_view(points: Array, views: Mapping[str, View]) -> str:
    """The camera in whose picture the most pixels show ``points`` (n, 3); of equals the first."""
    return max(views, key=lambda name: shown(points, views[name]))


def shown(points: Array, view: View) -> int:
    """How many pixels of a view show ``points`` (n, 3), hidden ones left out."""
    local = poses.transform_points(poses.inverse(view.pose[0]), points)
    local = local[local[:, 2] > NEAREST]
    if not len(local):
        return 0
    u, v = np.floor((local / local[:, 2:]) @ view.intrinsics.T)[:, :2].astype(int).T
    height, width = view.depth.shape[1:3]
    inside = (u >= 0) & (u < width) & (v >= 0) & (v < height)
    u, v, far = u[inside], v[inside], local[inside, 2]
    seen = view.depth[0][v, u]
    open_to = (seen <= 0) | (far < seen + HIDDEN)
    return len(np.unique(v[open_to] * width + u[open_to]))
