"""From a goal formula and the present state to a program: search over the skills as operators."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from demo_solvers.skill import SKILLS
from demo_solvers.task_planning.affordances import Affordances
from demo_solvers.task_planning.branches import Branch, branches
from demo_solvers.task_planning.facts import Facts
from demo_solvers.task_planning.hopeless import hopeless
from demo_solvers.task_planning.needs import JOINTS, Needs, Preference
from demo_solvers.task_planning.operators import Operators
from demo_solvers.task_planning.search import MOST_NODES, Found, search
from pipeline.core.errors import UnknownNameError
from pipeline.core.goal import Atom, Goal, atoms
from pipeline.core.program import Program
from pipeline.core.world import WorldState
from pipeline.holds import parse

MOST_STAGES = 40  # that a program may have


@dataclass(frozen=True)
class Plan:
    """A program that reaches the goal as far as symbols tell, its cost, and the states that the search opened."""

    program: Program
    cost: float
    opened: int


@dataclass(frozen=True)
class NoPlan:
    """Why there is no program; ``literal`` is the one that no operator brings about, None where none is to blame."""

    reason: str
    literal: str | None = None


def plan(
    goal: str,
    world: WorldState,
    *,
    opening: float | None = None,
    skills: Collection[str] | None = None,
    most_nodes: int = MOST_NODES,
    prefer: Preference | None = None,
) -> Plan | NoPlan:
    """The cheapest program from the present state of all rows to the goal.

    All rows share the program. A literal counts as reached when it holds in every row, so that what one row lacks is
    done in all; what stands in the way in any row is taken out of the way. Of a choice (``or``) the cheapest branch is
    taken. ``opening`` is how far the hand opens [m]; ``skills`` restricts the skills, by default all there are;
    ``prefer`` decides between equals.
    """
    formula = parse(goal)
    afford = Affordances(world, SKILLS.names if skills is None else skills, opening)
    start = _facts(formula, afford)
    best: Plan | None = None
    failures = list[NoPlan]()
    for branch in branches(formula):
        most_cost = float("inf") if best is None else best.cost
        found = _planned(branch, afford, start, most_nodes=most_nodes, most_cost=most_cost, prefer=prefer)
        if isinstance(found, NoPlan):
            failures.append(found)
        elif best is None or found.cost < best.cost:
            best = found
    if best is not None:
        return best
    return failures[0] if failures else NoPlan(f"The goal {goal} contradicts itself.", None)


def alternatives(
    goal: str, world: WorldState, *, count: int, opening: float | None = None, skills: Collection[str] | None = None
) -> tuple[Program, ...]:
    """At most ``count`` different programs for a goal, the plan first: other bodies stay, other things come first.

    Where a goal leaves no choice there is only the plan.
    """
    found: dict[str, Program] = {}
    for moves, begins in itertools.product(("first", "last"), repeat=2):
        planned = plan(goal, world, opening=opening, skills=skills, prefer=Preference(moves, begins))
        if isinstance(planned, Plan):
            found.setdefault(planned.program.digest, planned.program)
        if len(found) == count:
            break
    return tuple(found.values())


def decompose(goal: str, world: WorldState) -> Program | None:
    """The program of :func:`plan`, or None when there is no plan."""
    found = plan(goal, world)
    return found.program if isinstance(found, Plan) else None


def facts_of(goal: str, world: WorldState) -> Facts:
    """What the goal speaks of and what lies on, in or behind what, for all rows."""
    return _facts(parse(goal), Affordances(world, SKILLS.names))


def _facts(formula: Goal, afford: Affordances) -> Facts:
    """Everything that the search may need to know; a name in the goal that the scene lacks raises."""
    bodies, named = afford.world.layout.bodies, list(dict.fromkeys(atoms(formula)))
    for body in (arg for atom in named for arg in atom.args):
        if body not in bodies:
            raise UnknownNameError("body", body, bodies)
    judged = [a for a in named if a.predicate not in JOINTS or afford.jointed(a.args[0])]
    return Facts.of(afford.world, [*judged, *_background(afford)])


def _background(afford: Affordances) -> Iterator[Atom]:
    geometry = afford.world.layout.geometry
    for predicate, able in (("on", afford.supports), ("inside", afford.contains)):
        pairs = itertools.product(afford.movables, filter(able, geometry))
        yield from (Atom(predicate, (body, carrier)) for body, carrier in pairs if body != carrier)
    rims = itertools.product(filter(afford.by_rim, afford.movables), filter(afford.supports, geometry))
    yield from (Atom("overhanging", (body, carrier)) for body, carrier in rims if body != carrier)
    sockets = itertools.product(filter(afford.fitted, afford.movables), filter(afford.fitted, geometry))
    yield from (Atom("inserted", (body, socket)) for body, socket in sockets if body != socket)
    for body in afford.movables:
        yield from (Atom(predicate, (body,)) for predicate in ("holding", "upright", "lying"))
    for link in geometry:
        if afford.axis(link, "pull"):
            yield from (Atom("is_open", (link,)), Atom("is_closed", (link,)))


def _planned(
    branch: Branch,
    afford: Affordances,
    start: Facts,
    *,
    most_nodes: int,
    most_cost: float,
    prefer: Preference | None,
) -> Plan | NoPlan:
    # What is at rest after everything was done carefully needs no stage.
    work = tuple(literal for literal in branch if literal[0].predicate != "at_rest" or not literal[1])
    needs = Needs.of(work, afford, prefer)
    for literal in work:
        if why := hopeless(literal, needs, afford, start):
            return NoPlan(why, _said(literal))
    start = _with_means(start, needs, afford)
    operators = Operators(needs, afford, start)
    found = search(operators, start, most_nodes=most_nodes, most_cost=most_cost)
    if found.operators is None:
        return _given_up(found, work, most_nodes)
    if not found.operators:
        return NoPlan("The goal holds already in all worlds; there is nothing to do.")
    if len(found.operators) > MOST_STAGES:
        return NoPlan(f"The goal takes {len(found.operators)} stages; a program has at most {MOST_STAGES}.")
    stages = tuple(operator.stage for operator in found.operators)
    return Plan(Program(stages=stages), sum(o.cost for o in found.operators), found.opened)


def _with_means(start: Facts, needs: Needs, afford: Affordances) -> Facts:
    """The facts with what placements need beyond the goal."""
    more = Facts.of(afford.world, (atom for literals in needs.means.values() for atom, _ in literals))
    return Facts(start.sure | more.sure, start.possible | more.possible)


def _given_up(found: Found, work: Branch, most_nodes: int) -> NoPlan:
    left = [literal for literal in work if not found.nearest.known(literal)]
    named = ", ".join(map(_said, left))
    if found.opened >= most_nodes:
        return NoPlan(f"No program within {most_nodes} states of the search; {named} is left. Raise the limit.", None)
    return NoPlan(f"No order of stages reaches {named} together with the rest of the goal.", _said(left[0]))


def _said(literal: tuple[Atom, bool]) -> str:
    atom, positive = literal
    return str(atom) if positive else f"(not {atom})"
