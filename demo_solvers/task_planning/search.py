"""Search: the cheapest operators that reach a conjunction of literals (A*; Hart, Nilsson and Raphael, 1968)."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass

from demo_solvers.task_planning.facts import Facts
from demo_solvers.task_planning.grounding import COST, Operator
from demo_solvers.task_planning.needs import Needs
from demo_solvers.task_planning.operators import Operators
from pipeline.core.goal import Atom

MOST_NODES = 20_000  # states that are opened before the search gives up
FEWEST = {"graspable": 2.0, "held": 1.0, "pushed": COST["push"]}  # stages that a body out of its place takes at least


@dataclass(frozen=True)
class Found:
    """The operators in order (none when the search failed), the states opened, and the nearest state to the goal."""

    operators: tuple[Operator, ...] | None
    opened: int
    nearest: Facts


def search(
    operators: Operators, start: Facts, *, most_nodes: int = MOST_NODES, most_cost: float = float("inf")
) -> Found:
    """The cheapest operators from ``start``, below ``most_cost``; equal inputs give equal sequences.

    Among states of equal promise the one nearest to the goal is opened first, then the one found first, so that the
    order in which :meth:`Operators.of` offers things decides between equally long programs.
    """
    rest = _estimate(operators)
    number = itertools.count()
    nearest, nearest_left = start, rest(start)
    queue: list[_Entry] = [(nearest_left, nearest_left, next(number), 0.0, start, ())]
    cheapest = {start: 0.0}
    opened = 0
    while queue and opened < most_nodes:
        _, left, _, cost, facts, way = heapq.heappop(queue)
        if cost > cheapest[facts]:
            continue
        if left < nearest_left:
            nearest, nearest_left = facts, left
        if operators.done(facts):
            return Found(way, opened, facts)
        opened += 1
        for operator in operators.of(facts):
            following, total = operator.applied(facts), cost + operator.cost
            if total >= cheapest.get(following, most_cost):
                continue
            cheapest[following] = total
            left = rest(following)
            heapq.heappush(queue, (total + left, left, next(number), total, following, (*way, operator)))
    return Found(None, opened, nearest)


_Entry = tuple[float, float, int, float, Facts, tuple[Operator, ...]]
"""Cost through a state, cost left, when it was found, cost so far, the state, the way to it."""


def _estimate(operators: Operators) -> Callable[[Facts], float]:
    """A lower bound of the cost that is left: no operator brings more than one body to its place or works two links."""
    needs, afford = operators.needs, operators.afford

    def rest(facts: Facts) -> float:
        held, shut, total = facts.held, set[str](), 0.0
        for body in needs.unmet(facts):
            kind = "held" if body == held else "graspable" if afford.graspable(body) else "pushed"
            total += FEWEST[kind]
            for atom, positive in needs.of_body(body):
                if positive and atom.predicate == "inside":
                    shut |= {s for s in afford.shutters(atom.args[1]) if Atom("is_open", (s,)) not in facts.sure}
        total += sum(Atom("holding", (b,)) not in facts.sure for b in needs.held)
        return total + len(shut) + _joints_left(needs, facts, shut)

    return rest


def _joints_left(needs: Needs, facts: Facts, opened: set[str]) -> int:
    """Links that are still to be worked once ``opened`` have been opened on the way."""
    left = 0
    for link, asked in needs.working.items():
        shut_again = Atom("is_closed", (link,)), Atom("is_open", (link,))
        if link in opened:
            left += (shut_again[0], True) in asked or (shut_again[1], False) in asked
        else:
            left += not all(facts.known(literal) for literal in asked)
    return left
