"""The static gate: whether a task makes sense before anything is simulated, and every reason why not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.core.asset import AssetSpec
from pipeline.core.doors import Catalog
from pipeline.core.errors import GoalSyntaxError, UnknownNameError
from pipeline.core.goal import Goal, atoms
from pipeline.core.robot import RobotSpec
from pipeline.core.task import TaskSpec
from pipeline.holds import parse
from task_gen.compose import TABLE
from task_gen.contradictions import contradictions
from task_gen.pantry import CROWDED, covered, crowded
from task_gen.reach import too_high
from task_gen.reasons import Reason, of_formula
from task_gen.suitability import misfits, misuses, shut_over, unmovable

FREE_OBJECTS = 8
FIXTURES = 1  # at the back of the table


@dataclass(frozen=True)
class Verdict:
    """Whether a task may go on, and if not, every reason why."""

    ok: bool
    reasons: tuple[Reason, ...] = ()


def static_gate(task: TaskSpec, catalog: Catalog, robot: RobotSpec) -> Verdict:
    """Judge a task by its text and the assets' sizes alone; never raises for a bad task."""
    assets, reasons = _assets(task, catalog)
    if not reasons:
        goals, reasons = _formulas(task, assets)
        if not reasons:
            reasons = list(_reasons(task, goals, assets, robot))
    return Verdict(not reasons, tuple(reasons))


def object_names(task: TaskSpec, assets: dict[str, AssetSpec]) -> tuple[str, ...]:
    """What formulas of the task may name: its objects, their links and the table."""
    links = [f"{n}/{link}" for n, a in assets.items() for link in a.links if link]
    return tuple(dict.fromkeys([*assets, *links, TABLE.name]))


def _assets(task: TaskSpec, catalog: Catalog) -> tuple[dict[str, AssetSpec], list[Reason]]:
    found, reasons = dict[str, AssetSpec](), list[Reason]()
    for item in (*task.objects, TABLE):
        try:
            found[item.name] = catalog.asset(item.asset)
        except UnknownNameError as error:
            why = f"Object {item.name!r}: {error}"
            reasons.append(Reason(code="unknown_asset", message=why, at="objects", subject=item.name))
    return found, reasons


def _formulas(task: TaskSpec, assets: dict[str, AssetSpec]) -> tuple[list[Goal], list[Reason]]:
    """The goal and the initial relations, in this order."""
    goals, reasons, names = list[Goal](), list[Reason](), object_names(task, assets)
    for label, text in [("goal", task.goal), *((f"initial[{i}]", t) for i, t in enumerate(task.initial))]:
        try:
            goals.append(parse(text, names))
        except GoalSyntaxError as error:
            reasons.append(of_formula(error, at=label, objects=assets))
    return goals, reasons


def _reasons(task: TaskSpec, goals: list[Goal], assets: dict[str, AssetSpec], robot: RobotSpec) -> Iterator[Reason]:
    goal, initial = goals[0], goals[1:]
    misused = [reason for formula in goals for atom in atoms(formula) for reason in misuses(atom, assets)]
    yield from dict.fromkeys(misused)
    if not misused:
        yield from unmovable(goal, assets, robot)
        yield from misfits(goal, assets, at="goal")
        yield from shut_over(goal, initial, assets)
        for i, formula in enumerate(initial):
            yield from misfits(formula, assets, at=f"initial[{i}]")
        yield from too_high(goal, assets, robot)
    yield from contradictions(goal, initial)
    yield from _crowded(assets)


def _crowded(assets: dict[str, AssetSpec]) -> Iterator[Reason]:
    free = {n: a for n, a in assets.items() if not a.fixed}
    fixtures = [n for n, a in assets.items() if a.fixed and not a.can("region") and n != TABLE.name]
    if len(free) > FREE_OBJECTS:
        yield _too_much(f"{len(free)} free objects are too many for the table; use at most {FREE_OBJECTS}.")
    if len(fixtures) > FIXTURES:
        yield _too_much(f"There is room for one fixture beside the table, got {', '.join(fixtures)}.")
    laid = [a for a in assets.values() if not a.fixed or a.can("region")]
    area = covered(laid)
    if crowded(*laid):
        share = f"{area:.3f} m2, more than {CROWDED:.0%} of the workspace"
        yield _too_much(f"The objects cover {share}; use fewer or smaller ones.")


def _too_much(why: str) -> Reason:
    return Reason(code="crowded", message=why, at="objects")
