"""Ideas: proposals with how promising they are, before they are ranked."""

from __future__ import annotations

from dataclasses import dataclass

from demo_solvers.refinement.patches import Patch, Proposal


@dataclass(frozen=True)
class Idea:
    """A proposal and its promise in [0, 1]; promises are ranks by experience, not probabilities."""

    promise: float
    proposal: Proposal

    @staticmethod
    def of(promise: float, *patches: Patch, reason: str) -> Idea:
        """An idea of the procedural refiner."""
        return Idea(promise, Proposal(patches=patches, reason=reason))
