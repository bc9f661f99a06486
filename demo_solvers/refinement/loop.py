"""Parallel refinement: variants of a program side by side on all scenes, the best goes on while the budget lasts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol

from demo_solvers.diagnosis import Failure, worst
from demo_solvers.refinement.patches import Proposal, all_in_words, check, patched
from demo_solvers.refinement.trial import Tried, tried
from pipeline.core.doors import Problem, Solution, TrialWorlds
from pipeline.core.episode import Outcome
from pipeline.core.errors import InvalidInputError
from pipeline.core.program import Program
from pipeline.core.refinement import Round, Variant


@dataclass(frozen=True, eq=False)
class Case:
    """What a refiner is told: the problem, the program that failed and how, and what must not be proposed again."""

    problem: Problem
    tried: Tried
    failures: Sequence[Failure]
    known: Callable[[Program], bool]
    tried_before: tuple[str, ...] = ()  # changes of this program that were no better, in words

    @property
    def program(self) -> Program:
        """The program to be patched."""
        return self.tried.program

    def but_for(self, known: Callable[[Program], bool]) -> Case:
        """The same with other programs known."""
        return replace(self, known=known)


class Refiner(Protocol):
    """Proposes changes of a program from the diagnosed failures, the most promising first."""

    name: str

    def propose(self, case: Case, count: int) -> Sequence[Proposal]:
        """At most ``count`` proposals that apply to the case's program and lead to one not known yet."""
        ...


def refine(
    problem: Problem,
    worlds: TrialWorlds,
    programs: Sequence[Program],
    refiner: Refiner,
    *,
    spare: Sequence[Program] = (),
) -> Solution:
    """Try ``programs`` side by side, then rounds of patched variants of the best, within ``problem.budget``.

    Programs that do not fit the scene are left out, as are repetitions (where none fits, an InvalidInputError says why
    the first does not); of more than ``budget.variants`` the first are tried. The best is the one that solves most
    scenes, of equals the smoother one; a patched program is taken only if it solves more than the one that it was made
    from, or gets further where neither solves any. ``spare`` programs take up to half the places of a round where the
    first ones are not good enough.
    """
    history = _History(problem, _fitting(spare, problem))
    fitting = _fitting(programs, problem)
    if not fitting:
        check(programs[0], problem.layout)
    first = [Candidate(program) for program in fitting[: problem.budget.variants]]
    worlds = history.run(worlds, first)
    for _ in range(problem.budget.rounds):
        if history.good_enough:
            break
        candidates = history.proposed(refiner)
        if not candidates:
            break
        worlds = history.run(worlds, candidates, author=refiner.name)
    return history.solution()


@dataclass(frozen=True)
class Candidate:
    """A program to try, and what was changed to get it."""

    program: Program
    patches: tuple[str, ...] = ()


class _History:
    """All that was tried on a problem so far."""

    def __init__(self, problem: Problem, spare: Sequence[Program]) -> None:
        self.problem = problem
        self._spare = list(spare)
        self.attempts: list[Tried] = []
        self.rounds: list[Round] = []
        self.best: Tried | None = None
        self._known: set[str] = set()

    @property
    def good_enough(self) -> bool:
        """Whether the best program solves the target share of the scenes."""
        assert self.best is not None
        return self.best.solved >= self.problem.budget.target * len(self.problem.scenes)

    def run(self, worlds: TrialWorlds, candidates: Sequence[Candidate], *, author: str = "") -> TrialWorlds:
        """Try programs side by side, the first time in ``worlds`` themselves if it is one only; keep the best."""
        fresh = not self.rounds and len(candidates) == 1
        trial = worlds if fresh else worlds.trial(copies=len(candidates))
        told = "" if self.best is None or not self.best.failures else worst(self.best.failures).in_words()
        results = tried([c.program for c in candidates], self.problem, trial)
        self._known |= {c.program.digest for c in candidates}
        self.attempts += results
        chosen = self._choose(results)
        variants = tuple(_variant(t, c) for t, c in zip(results, candidates, strict=True))
        self.rounds.append(Round(variants=variants, chosen=chosen, author=author, diagnosis=told))
        return trial

    def _choose(self, results: Sequence[Tried]) -> int | None:
        """Take the best new result if it has more merit than the best so far: a patch has to help, not to please."""
        number = max(range(len(results)), key=lambda i: results[i].rank)
        if self.best is not None and results[number].merit <= self.best.merit:
            return None
        self.best = results[number]
        return number

    def proposed(self, refiner: Refiner) -> list[Candidate]:
        """Spare programs and patched variants of the best one, none of them tried before."""
        assert self.best is not None
        if not self.best.failures:
            return []
        count = self.problem.budget.variants
        spare = [p for p in self._spare if not self._is_known(p)][: max(1, count // 2)]
        found = {p.digest: Candidate(p, ("another plan",)) for p in spare}
        case = Case(self.problem, self.best, self.best.failures, self._is_known, self._in_vain())
        layout = self.problem.layout
        for proposal in refiner.propose(case, count):
            try:
                program = patched(self.best.program, proposal, layout)
            except InvalidInputError:
                continue
            if not self._is_known(program):
                words = all_in_words(proposal, self.best.program)
                found.setdefault(program.digest, Candidate(program, words))
        return list(found.values())[:count]

    def solution(self) -> Solution:
        """For each scene the best program's success, else any program's, else the best program's failure."""
        assert self.best is not None
        others = sorted((t for t in self.attempts if t is not self.best), key=lambda t: t.rank, reverse=True)
        outcomes = [_first_success(scene, [self.best, *others]) for scene in range(len(self.problem.scenes))]
        return Solution(outcomes, self.best.program, tuple(self.rounds))

    def _in_vain(self) -> tuple[str, ...]:
        """Changes since the round that chose the best program, with what they came to."""
        last = max(i for i, r in enumerate(self.rounds) if r.chosen is not None)
        variants = [v for r in self.rounds[last + 1 :] for v in r.variants]
        return tuple(f"{'; '.join(v.patches)}: {v.solved} of {v.attempts} solved" for v in variants)

    def _is_known(self, program: Program) -> bool:
        return program.digest in self._known


def _fitting(programs: Sequence[Program], problem: Problem) -> list[Program]:
    """Each program once, without those that cannot be carried out in the scene."""
    found: dict[str, Program] = {}
    for program in programs:
        with suppress(InvalidInputError):
            check(program, problem.layout)
            found.setdefault(program.digest, program)
    return list(found.values())


def _first_success(scene: int, attempts: Sequence[Tried]) -> Outcome:
    return next((t.outcomes[scene] for t in attempts if t.outcomes[scene].success), attempts[0].outcomes[scene])


def _variant(attempt: Tried, candidate: Candidate) -> Variant:
    return Variant(
        program=attempt.program,
        patches=candidate.patches,
        solved=attempt.solved,
        attempts=len(attempt.outcomes),
        progress=attempt.progress,
        jerk=attempt.jerk,
        causes=dict(Counter(f.root.cause for f in attempt.failures)),
    )
