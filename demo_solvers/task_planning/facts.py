"""Facts: what is true of a batch of worlds, as atoms; a batch shares one program, so all rows count."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pipeline.core.goal import Atom, Goal
from pipeline.core.world import WorldState
from pipeline.holds import true_of

Literal = tuple[Atom, bool]
"""An atom and whether it is to be true."""


@dataclass(frozen=True)
class Facts:
    """Atoms that are true in every row (``sure``) and in some row (``possible``, a superset).

    Where rows differ, nothing is taken for granted: a literal is known only when it holds in all rows, and what stands
    in the way of one row stands in the way of the batch.
    """

    sure: frozenset[Atom]
    possible: frozenset[Atom]

    @staticmethod
    def of(world: WorldState, atoms: Iterable[Atom]) -> Facts:
        """The given atoms, judged by the predicates on all rows."""
        sure, possible = set[Atom](), set[Atom]()
        for atom in dict.fromkeys(atoms):
            answers = true_of(atom, world)
            if answers.all():
                sure.add(atom)
            if answers.any():
                possible.add(atom)
        return Facts(frozenset(sure), frozenset(possible))

    def known(self, literal: Literal) -> bool:
        """Whether the literal holds in all rows."""
        atom, positive = literal
        return atom in self.sure if positive else atom not in self.possible

    def satisfies(self, goal: Goal) -> bool:
        """Whether the formula holds in all rows, as far as the facts tell."""
        if isinstance(goal, Atom):
            return self.known((goal, True))
        if goal.op == "not":
            return self.refutes(goal.parts[0])
        answers = [self.satisfies(part) for part in goal.parts]
        return all(answers) if goal.op == "and" else any(answers)

    def refutes(self, goal: Goal) -> bool:
        """Whether the formula is false in all rows, as far as the facts tell."""
        if isinstance(goal, Atom):
            return self.known((goal, False))
        if goal.op == "not":
            return self.satisfies(goal.parts[0])
        answers = [self.refutes(part) for part in goal.parts]
        return any(answers) if goal.op == "and" else all(answers)

    def changed(self, *, true: Iterable[Atom] = (), false: Iterable[Atom] = ()) -> Facts:
        """What is known after an operator: first ``false`` goes, then ``true`` comes."""
        gone, come = frozenset(false), frozenset(true)
        return Facts((self.sure - gone) | come, (self.possible - gone) | come)

    def on_or_in(self, carrier: str) -> Iterator[str]:
        """What may lie on or in a body in some row."""
        yield from sorted({a.args[0] for a in self.possible if a.predicate in LOADS and a.args[1] == carrier})

    def places_of(self, body: str) -> Iterator[Atom]:
        """What may carry or contain a body in some row."""
        yield from sorted((a for a in self.possible if a.predicate in PLACES and a.args[0] == body), key=str)

    @property
    def held(self) -> str | None:
        """What may be in the hand."""
        return next((a.args[0] for a in sorted(self.possible, key=str) if a.predicate == "holding"), None)


LOADS = ("on", "inside")
PLACES = (*LOADS, "inserted")
