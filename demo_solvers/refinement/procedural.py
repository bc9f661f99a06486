"""The procedural refiner: patches from the diagnoses alone, by rules, by a search over signatures and by planning."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from demo_solvers.diagnosis import Failure, worst
from demo_solvers.refinement.idea import Idea
from demo_solvers.refinement.loop import Case
from demo_solvers.refinement.patches import Proposal, patched
from demo_solvers.refinement.rules import parameter_ideas
from demo_solvers.refinement.structure import structural_ideas
from pipeline.core.errors import InvalidInputError


class ProceduralRefiner:
    """Needs no model and no network; equal cases give equal proposals.

    ``defaults`` False forbids going back to a skill's default values, for measuring how much of its success is that.
    """

    name = "procedural"

    def __init__(self, *, defaults: bool = True) -> None:
        self.defaults = defaults

    def propose(self, case: Case, count: int) -> Sequence[Proposal]:
        """The ``count`` most promising changes that lead to programs not known yet."""
        ideas = sorted(self._ideas(case), key=lambda idea: -idea.promise)
        found: dict[str, Proposal] = {}
        for idea in ideas:
            if len(found) == count:
                break
            try:
                program = patched(case.program, idea.proposal, case.problem.layout)
            except InvalidInputError:
                continue
            if not case.known(program):
                found.setdefault(program.digest, idea.proposal)
        return list(found.values())

    def _ideas(self, case: Case) -> Iterator[Idea]:
        """Of every kind of failure, weighted with how many worlds failed so."""
        kinds: dict[object, list[Failure]] = defaultdict(list)
        for failure in case.failures:
            kinds[failure.key].append(failure)
        for alike in kinds.values():
            share = len(alike) / len(case.failures)
            example = worst(alike)
            for idea in (
                *structural_ideas(case, example),
                *parameter_ideas(case, example, defaults=self.defaults),
            ):
                yield Idea(idea.promise * share, idea.proposal)
