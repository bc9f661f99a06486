"""Diagnosis of failed attempts from their states: where it really went wrong, and the state before and after.

A skill says what it noticed. The states say more: a stage that reported nothing but did not bring about what it
declares (a silent failure), one that began without what it needs, and what moved and touched meanwhile.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import Field

from demo_solvers.evidence import HANDS, Evidence, evidence_of
from demo_solvers.execution import Span
from demo_solvers.skill import SKILLS
from pipeline.core.episode import Cause, Diagnosis
from pipeline.core.errors import TaskloomError
from pipeline.core.geometry import Frozen
from pipeline.core.goal import atoms, literals
from pipeline.core.layout import SceneLayout
from pipeline.core.program import Program, Stage
from pipeline.core.world import WorldState
from pipeline.holds import parse, true_of

MOVED = 0.005  # m that counts as having been moved
CONDUCT: frozenset[Cause] = frozenset(("hard_touch", "over_limits", "teleport"))
"""What is amiss with an attempt that reached its goal: nothing that a stage lacked explains it."""
VAGUE: frozenset[Cause] = frozenset(("goal_unmet", "none"))
"""What says only that something went wrong."""
SEEN = {
    "needs_unmet": "not true before the stage",
    "stage_unmet": "not true after it, though it reported nothing",
    "goal_unmet": "true before this stage and not after it",
}


@dataclass(frozen=True)
class Attempted:
    """What was carried out in a batch: the program, its goal, and which steps served which stage."""

    program: Program
    goal: str
    spans: tuple[Span, ...]
    rate: float  # Hz


class StageChange(Frozen):
    """One stage of a failed attempt: the state before and after it, in words."""

    number: int
    stage: str
    begin: float = Field(description="s since the reset")
    end: float
    lacked: tuple[str, ...] = Field(default=(), description="formulas that it needs and that were not true before")
    fell_short: tuple[str, ...] = Field(default=(), description="formulas that it should bring about and did not")
    undid: tuple[str, ...] = Field(default=(), description="literals of the goal that were true before and not after")
    changes: tuple[str, ...] = ()

    def __str__(self) -> str:
        parts = [f"stage {self.number} ({self.stage}), {self.begin:.1f} to {self.end:.1f} s"]
        parts += [f"needed {f}, which was not true" for f in self.lacked]
        parts += [f"did not bring about {f}" for f in self.fell_short]
        parts += [f"undid {f}" for f in self.undid]
        return "; ".join([*parts, *(self.changes or ("nothing changed",))])


class Failure(Frozen):
    """Why the attempt of one scene failed: the root as far as states tell, what was reported, and the evidence."""

    scene: int
    root: Diagnosis
    reported: Diagnosis
    evidence: Evidence = Evidence()
    stages: tuple[StageChange, ...] = ()

    @property
    def key(self) -> tuple[Cause, int | None]:
        """What failures are counted by."""
        return self.root.cause, self.root.number

    def in_words(self) -> str:
        """The failure for people and models, a line for each stage."""
        root = self.root
        when = "" if root.time is None else f" at {root.time:.1f} s"
        where = "" if root.number is None else f" in stage {root.number}"
        amount = "" if root.amount is None else f" (by {root.amount:.3f})"
        lines = [f"{root.cause}{where}{when}: expected {root.expected}; seen: {root.seen}{amount}."]
        lines += [f"- {fact}" for fact in self.evidence.in_words()]
        return "\n".join([*lines, "State by stage:", *(f"- {s}" for s in self.stages)])


def diagnose(attempted: Attempted, reported: Diagnosis, states: WorldState, *, scene: int) -> Failure:
    """The failure of one row; ``states`` (time + 1) are those at the reset and after each of its actions."""
    program, rate = attempted.program, attempted.rate
    if reported.cause == "none":
        reported = Diagnosis(cause="goal_unmet", stage="end", expected=attempted.goal, seen="it does not hold still")
    wanted = {str(a) if positive else f"(not {a})" for a, positive in literals(parse(attempted.goal))}
    watched = sorted({*_atoms((attempted.goal, *_formulas(program)))})
    spans = [s for s in attempted.spans if s.begin < len(states)]
    spans = [s for s in spans if reported.number is None or s.number <= reported.number]
    stages = [_change(program.stages[s.number], s, states, watched, wanted, rate=rate) for s in spans]
    unmet = [w for w in sorted(wanted) if not true_of(parse(w), states.rows(slice(-1, None)))[0]]
    root = _root(reported, stages, program, unmet)
    if root == reported and root.cause in VAGUE and unmet:
        root = root.model_copy(update={"expected": " and ".join(unmet), "seen": "not true at the end"})
    evidence = Evidence()
    if root.number is not None and (own := [s for s in spans if s.number == root.number]):
        stage, span = program.stages[root.number], own[-1]
        kind = SKILLS.get(stage.skill).signature.kind
        during = states.rows(slice(span.begin, span.end + 1))
        evidence = evidence_of(stage, kind, during, rate=rate, start=span.begin / rate)
    return Failure(scene=scene, root=root, reported=reported, evidence=evidence, stages=tuple(stages))


def worst(failures: Sequence[Failure]) -> Failure:
    """The representative: of the most frequent cause and stage the earliest failure, by most where that is known."""
    counts = Counter(f.key for f in failures)
    often = max(counts.values())
    return min(
        (f for f in failures if counts[f.key] == often),
        key=lambda f: (f.root.number is None, f.root.number or 0, f.root.cause, -abs(f.root.amount or 0.0), f.scene),
    )


def needs(stage: Stage, layout: SceneLayout) -> tuple[str, ...]:
    """Formulas that must be true before a stage: its skill's and its own."""
    declared = [_filled(text, stage, layout) for text in SKILLS.get(stage.skill).signature.needs]
    return tuple(filter(None, (*declared, stage.pre)))


def brings(stage: Stage, layout: SceneLayout) -> tuple[str, ...]:
    """Formulas that a stage brings about: its skill's, those of its relations, and its own."""
    declared = SKILLS.get(stage.skill).signature.brings
    own = [] if declared is None else [_filled(declared, stage, layout)]
    related = [_valid(f"({r.predicate} {stage.body} {r.anchor})", layout) for r in stage.relations]
    return tuple(dict.fromkeys(filter(None, (*own, *related, stage.post))))


def _filled(text: str, stage: Stage, layout: SceneLayout) -> str | None:
    anchor = stage.relations[0].anchor if stage.relations else ""
    return _valid(text.format(body=stage.body, anchor=anchor), layout)


def _valid(text: str, layout: SceneLayout) -> str | None:
    try:
        parse(text, layout.bodies)
    except TaskloomError:
        return None
    return text


def _formulas(program: Program) -> Iterator[str]:
    for stage in program.stages:
        yield from (f for f in (stage.pre, stage.post) if f is not None)
        yield from (f"({r.predicate} {stage.body} {r.anchor})" for r in stage.relations)
        if SKILLS.get(stage.skill).signature.kind == "grasp":
            yield f"(holding {stage.body})"


def _atoms(formulas: Iterable[str]) -> Iterator[str]:
    for text in formulas:
        yield from map(str, atoms(parse(text)))


def _change(
    stage: Stage, span: Span, states: WorldState, watched: Sequence[str], wanted: Iterable[str], *, rate: float
) -> StageChange:
    ends = states.rows(np.array([span.begin, min(span.end, len(states) - 1)]))
    layout = states.layout

    def untrue(formulas: Iterable[str], when: int) -> tuple[str, ...]:
        return tuple(f for f in formulas if not true_of(parse(f), ends)[when])

    changes = [_became(text, true_of(parse(text), ends)) for text in watched if _valid(text, layout)]
    return StageChange(
        number=span.number,
        stage=str(stage),
        begin=round(span.begin / rate, 2),
        end=round(span.end / rate, 2),
        lacked=untrue(needs(stage, layout), 0),
        fell_short=untrue(brings(stage, layout), 1),
        undid=tuple(w for w in untrue(sorted(wanted), 1) if true_of(parse(w), ends)[0]),
        changes=(*filter(None, changes), *_moves(ends)),
    )


def _moves(ends: WorldState) -> Iterator[str]:
    for body in ends.layout.bodies:
        shift = ends.body(body)[1, :3] - ends.body(body)[0, :3]
        if body not in HANDS and np.linalg.norm(shift) > MOVED:
            x, y, z = 100 * shift
            yield f"{body} moved by x {x:.1f}, y {y:.1f}, z {z:.1f} cm"


def _became(text: str, values: np.ndarray) -> str:
    before, after = map(bool, values)
    return "" if before == after else f"{text} became {'true' if after else 'untrue'}"


def _root(reported: Diagnosis, stages: Sequence[StageChange], program: Program, unmet: Collection[str]) -> Diagnosis:
    """The first stage that began without what it needs or ended without what it brings, before what was reported.

    Where none did and only the end is wrong, it is the last stage that undid something of what is unmet at the end.
    """
    if reported.cause in CONDUCT:
        return reported
    last = {s.number: s for s in stages}
    for number, change in sorted(last.items()):
        if change.lacked:
            return _unmet("needs_unmet", change, change.lacked, change.begin, program)
        if number == reported.number and reported.cause not in VAGUE:
            return reported
        if change.fell_short:
            return _unmet("stage_unmet", change, change.fell_short, change.end, program)
    undoing = [s for s in stages if set(s.undid) & set(unmet)]
    if reported.cause in VAGUE and undoing:
        return _unmet("goal_unmet", undoing[-1], undoing[-1].undid, undoing[-1].end, program)
    return reported


def _unmet(cause: Cause, change: StageChange, formulas: Sequence[str], time: float, program: Program) -> Diagnosis:
    stage = program.stages[change.number]
    return Diagnosis(
        cause=cause,
        stage=change.stage,
        expected=" and ".join(formulas),
        seen=SEEN[cause],
        number=change.number,
        time=time,
        bodies=(stage.body, *(r.anchor for r in stage.relations)),
    )
