"""A reward as a model writes it: text of the reward language, with one sentence on why it should work."""

from __future__ import annotations

from pydantic import Field

from demo_solvers.rewards import limits
from demo_solvers.rewards.compiled import compiled
from demo_solvers.rewards.fault import RewardError
from demo_solvers.rewards.trial import Candidate
from pipeline.core.geometry import Frozen
from pipeline.core.layout import SceneLayout


class WrittenReward(Frozen):
    """One candidate."""

    thought: str = Field(default="", max_length=600, description="one or two sentences: why this should work")
    reward: str = Field(min_length=1, max_length=limits.TEXT, description="the text of the reward, a line a summand")

    def faults(self, layout: SceneLayout) -> list[str]:
        """What keeps it from being computed in this scene; it is read as data and never run."""
        try:
            compiled(self.reward, layout)
        except RewardError as error:
            return [f"reward: {error}"]
        return []

    def candidate(self, layout: SceneLayout, author: str) -> Candidate:
        """As trials take it, in the language's own spelling."""
        return Candidate(reward=str(compiled(self.reward, layout).reward), author=author, reason=self.thought)
