"""Checking: a second opinion, by a model with views before and after, on what the geometry holds to have worked."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from demo_solvers.path3d.clouds import Array
from demo_solvers.path3d.model_verifier import Verdict, Verifier, best_view
from demo_solvers.path3d.plan import SubGoal
from pipeline.core.episode import Diagnosis
from pipeline.core.seeing import SeeingProblem, View


class Checks:
    """The verifier of one world, if there is one: what was seen before the action at work, and what it said of it."""

    def __init__(
        self, problem: SeeingProblem, views: Callable[[], Mapping[str, View]], verifier: Verifier | None = None
    ) -> None:
        self.problem, self.verifier, self._views = problem, verifier, views
        self.before: Mapping[str, View] = {}
        self.verdict: Verdict | None = None

    def begin(self) -> None:
        """An action begins: keep what is seen before it."""
        self.verdict = None
        if self.verifier is not None:
            self.before = self._views()

    def agrees(self, goal: SubGoal, points: Array) -> bool:
        """Whether the verifier lets pass what the geometry has; asked with the view that shows ``points`` (n, 3) best.

        Without a verifier, or when its model fails, the geometry alone decides.
        """
        if self.verifier is None:
            return True
        after = self._views()
        asked = goal.model_copy(update={"view": best_view(points, after)})
        self.verdict = self.verifier.judge(self.problem, asked, self.before, after)
        return self.verdict is None or self.verdict.yes

    def told(self, diagnosis: Diagnosis) -> Diagnosis:
        """A diagnosis of the action at work, with the verifier's words where it was its answer that stopped it."""
        if self.verdict is None or self.verdict.yes:
            return diagnosis
        return diagnosis.model_copy(update={"seen": f"the verifier says no: {self.verdict.why}", "amount": None})
