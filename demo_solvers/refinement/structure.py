"""Ideas about a program's structure: what is missing, in the wrong place, or too much."""

from __future__ import annotations

from collections.abc import Iterator

from demo_solvers.diagnosis import Failure, brings
from demo_solvers.refinement.idea import Idea
from demo_solvers.refinement.loop import Case
from demo_solvers.refinement.patches import InsertStage, MoveStage, RemoveStage, Reopen, ReplaceStages
from demo_solvers.skill import SKILLS
from demo_solvers.task_planning.plan import decompose
from pipeline.core.goal import Atom, atoms
from pipeline.core.program import Program, Stage
from pipeline.core.world import WorldState
from pipeline.holds import parse

STRUCTURAL = ("needs_unmet", "goal_unmet", "no_plan")
"""Causes that speak of the program rather than of how a stage was done."""


def structural_ideas(case: Case, failure: Failure) -> Iterator[Idea]:
    """What could be added, moved, replaced or left out, for one kind of failure."""
    trust = 1.0 if failure.root.cause in STRUCTURAL else 0.6
    yield from _supplied(case, failure)
    yield from _planned_again(case, failure, trust)
    yield from _opened(case, failure)
    yield from _moved(case, failure, trust)
    if failure.root.number is not None and len(case.program.stages) > 1:
        number = failure.root.number
        yield Idea.of(0.25 * trust, RemoveStage(stage=number), reason=f"stage {number} fails and may not be needed")


def _planned_again(case: Case, failure: Failure, trust: float) -> Iterator[Idea]:
    """The planner's stages from where the attempt ended, and from the start, with the program's own parameters."""
    program, scene = case.program, slice(failure.scene, failure.scene + 1)
    number = len(program.stages) if failure.root.number is None else failure.root.number
    rest = _plan(case, case.tried.ends.rows(scene), program)
    if rest:
        done = number if failure.root.cause != "goal_unmet" else len(program.stages)
        patch = ReplaceStages(stage=done, count=len(program.stages) - done, new=rest)
        yield Idea.of(0.9 * trust, patch, reason="what is left to do from where it ended")
    if whole := _plan(case, case.tried.starts.rows(scene), program):
        patch = ReplaceStages(stage=0, count=len(program.stages), new=whole)
        yield Idea.of(0.88, patch, reason="stages and order that follow from the goal")


def _plan(case: Case, world: WorldState, program: Program) -> tuple[Stage, ...]:
    found = decompose(case.problem.task.goal, world)
    return () if found is None else tuple(_as_before(stage, program) for stage in found.stages)


def _as_before(stage: Stage, program: Program) -> Stage:
    """The program's own way of doing the same thing, where it does it: a new plan does not change parameters."""
    same = (s for s in program.stages if (s.skill, s.body, s.relations) == (stage.skill, stage.body, stage.relations))
    return next(same, stage)


def _supplied(case: Case, failure: Failure) -> Iterator[Idea]:
    """What brings about the formula that the stage lacked: a later stage earlier, or a new one."""
    number, layout = failure.root.number, case.problem.layout
    if number is None or failure.root.cause != "needs_unmet":
        return
    lacked = next((s.lacked for s in failure.stages if s.number == number), ())
    for formula in lacked:
        for later in range(number + 1, len(case.program.stages)):
            if formula in brings(case.program.stages[later], layout):
                yield Idea.of(0.92, MoveStage(stage=later, to=number), reason=f"it brings about {formula}")
        goal = parse(formula)
        if not isinstance(goal, Atom) or not goal.args:
            continue
        for skill in SKILLS:
            new = Stage(skill=skill, body=goal.args[0])
            if not SKILLS.get(skill).signature.relations and formula in brings(new, layout):
                yield Idea.of(0.9, InsertStage(stage=number, new=new), reason=f"it brings about {formula}")


def _opened(case: Case, failure: Failure) -> Iterator[Idea]:
    """Something may have to be open for a stage that works inside of it."""
    number, layout = failure.root.number, case.problem.layout
    if number is None:
        return
    stages = case.program.stages[number : number + 2]  # a grasp looks ahead to its release
    stage = stages[0]
    named = _started_with(case, stage.body)
    for body in dict.fromkeys((*(r.anchor for s in stages if s.body == stage.body for r in s.relations), *named)):
        jointed = any(f"{n.split('/')[0]}/{s.link}" == body for n, s in layout.joint_specs.items())
        if jointed and "open" in SKILLS:
            at = number - (number > 0 and SKILLS.get(stage.skill).signature.kind == "release")
            yield Idea.of(0.6, Reopen(stage=at, body=body), reason=f"{body} may be shut")


def _started_with(case: Case, body: str) -> list[str]:
    """What the body lies in or on at the start, as the task says."""
    said = [atom for text in case.problem.task.initial for atom in atoms(parse(text))]
    return [a.args[1] for a in said if len(a.args) == 2 and a.args[0] == body]


def _moved(case: Case, failure: Failure, trust: float) -> Iterator[Idea]:
    """The failing block, a grasp with its release, before or after its neighbours."""
    if failure.root.number is None:
        return
    blocks = blocks_of(case.program)
    mine = next(i for i, (first, count) in enumerate(blocks) if first <= failure.root.number < first + count)
    first, count = blocks[mine]
    for other in range(len(blocks)):
        if other == mine:
            continue
        start, length = blocks[other]
        to = start if other < mine else start + length - count
        weight = 0.7 / abs(other - mine)
        yield Idea.of(weight * trust, MoveStage(stage=first, to=to, count=count), reason="another order")


def blocks_of(program: Program) -> list[tuple[int, int]]:
    """Where blocks begin and how long they are: a grasp goes with the stages of the same body that need it."""
    found: list[tuple[int, int]] = []
    for number, stage in enumerate(program.stages):
        wants = SKILLS.get(stage.skill).signature.carries
        if found and wants and program.stages[number - 1].body == stage.body:
            found[-1] = found[-1][0], found[-1][1] + 1
        else:
            found.append((number, 1))
    return found
