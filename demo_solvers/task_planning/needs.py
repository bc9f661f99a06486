"""Needs: what a conjunction of literals asks of each body, and which body is moved for a relation between two."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Literal as OneOf

from demo_solvers.task_planning.affordances import Affordances
from demo_solvers.task_planning.branches import Branch
from demo_solvers.task_planning.facts import Facts, Literal
from pipeline.core.goal import Atom

CARRIERS = ("on", "inside", "within", "inserted")
DIRECTIONS = ("left_of", "right_of", "in_front_of", "behind")
BESIDE = (*DIRECTIONS, "near", "aligned", "in_a_row")  # either of the bodies may be moved for them
OVER = ("above", "touching")  # what comes with lying on or in something
ATTITUDES = ("upright", "lying", "facing")
PLACEMENT = (*CARRIERS, *BESIDE, *OVER, *ATTITUDES)
ALOFT = ("raised", "above")  # what comes with being lifted, of a body that is to be held in the end
JOINTS = ("is_open", "is_closed", "turned_on", "turned_off", "pressed")
OPPOSITE = {
    "left_of": "right_of",
    "right_of": "left_of",
    "in_front_of": "behind",
    "behind": "in_front_of",
    "upright": "lying",
    "lying": "upright",
}


Choice = OneOf["first", "last"]


@dataclass(frozen=True)
class Preference:
    """Which of equally good programs: whose place is relative to whose, and what is done first."""

    moves: Choice = "first"  # of two bodies that are to be beside each other
    begins: Choice = "first"  # of what the goal names


@dataclass(frozen=True)
class Needs:
    """The literals of a branch, sorted by the body that is moved or the link that is worked for them.

    ``placing`` maps each body to the literals that one placement of it brings about; ``means`` are further ones that
    the goal does not name but the placement needs, as a place in the row for the second of three. ``aloft`` holds what
    is asked of bodies that are to be held in the end. ``order`` is the order in which bodies are to be placed, each
    after those it is placed relative to.
    """

    branch: Branch
    placing: dict[str, tuple[Literal, ...]] = field(default_factory=dict[str, tuple[Literal, ...]])
    means: dict[str, tuple[Literal, ...]] = field(default_factory=dict[str, tuple[Literal, ...]])
    working: dict[str, tuple[Literal, ...]] = field(default_factory=dict[str, tuple[Literal, ...]])
    held: tuple[str, ...] = ()
    aloft: dict[str, tuple[Literal, ...]] = field(default_factory=dict[str, tuple[Literal, ...]])
    order: tuple[str, ...] = ()

    @staticmethod
    def of(branch: Branch, afford: Affordances, prefer: Preference | None = None) -> Needs:
        """Sort the literals of a branch."""
        prefer = prefer or Preference()
        branch = branch if prefer.begins == "first" else branch[::-1]
        held = tuple(a.args[0] for a, positive in branch if a.predicate == "holding" and positive)
        aloft = {body: tuple(literal for literal in branch if _aloft(literal, body)) for body in held}
        lifted = {literal for literals in aloft.values() for literal in literals}
        spatial = [literal for literal in branch if literal[0].predicate in PLACEMENT and literal not in lifted]
        order = _order(spatial, afford, prefer)
        placing, working = defaultdict[str, list[Literal]](list), defaultdict[str, list[Literal]](list)
        for literal in spatial:
            placing[_moved(literal, order, afford)].append(literal)
        for atom, positive in branch:
            if atom.predicate in JOINTS:
                working[atom.args[0]].append((atom, positive))
        return Needs(
            branch,
            {b: tuple(placing[b]) for b in order if placing[b]},
            _means(placing, order, afford),
            {link: tuple(literals) for link, literals in working.items()},
            held,
            aloft,
            order,
        )

    def of_body(self, body: str) -> tuple[Literal, ...]:
        """What a placement of the body has to bring about, what is wanted first."""
        return (*self.placing.get(body, ()), *self.means.get(body, ()))

    def met(self, body: str, facts: Facts) -> bool:
        """Whether the body is in its place."""
        wanted = self.of_body(body) if not self._reached(body, facts) else self.placing.get(body, ())
        return all(facts.known(literal) for literal in wanted)

    def unmet(self, facts: Facts) -> list[str]:
        """Bodies that are not in their places, in the order of placing."""
        return [b for b in self.order if not self.met(b, facts)]

    def wants(self, body: str, anchor: str) -> bool:
        """Whether the body is to end on or in the anchor."""
        return any(p and a.predicate in CARRIERS and a.args == (body, anchor) for a, p in self.placing.get(body, ()))

    def _reached(self, body: str, facts: Facts) -> bool:
        """Whether what the means of a body are for is reached already."""
        rows = [a for a, positive in self.branch if positive and a.predicate == "in_a_row" and body in a.args]
        return bool(rows) and all(a in facts.sure for a in rows)


def _aloft(literal: Literal, body: str) -> bool:
    """Whether a literal comes true by lifting the body."""
    atom, positive = literal
    lifts = atom.predicate in ALOFT if positive else atom.predicate in CARRIERS
    return lifts and atom.args[0] == body


def others(atom: Atom, body: str) -> tuple[str, ...]:
    """The atom's other arguments."""
    return tuple(arg for arg in atom.args if arg != body)


def _order(spatial: list[Literal], afford: Affordances, prefer: Preference) -> tuple[str, ...]:
    """Bodies, each after what it is placed on, in or beside; in circles of equals the last one stays."""
    firm, soft = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    named: dict[str, None] = {}
    for atom, positive in spatial:
        named.update(dict.fromkeys(atom.args))
        if positive and len(atom.args) > 1:
            beside = atom.predicate in BESIDE
            able = [b for b in atom.args if afford.graspable(b)] or [atom.args[0]]
            subject = atom.args[0] if not beside else able[0 if prefer.moves == "first" else -1]
            (soft if beside else firm)[subject] |= set(others(atom, subject))
    order, pending = list[str](), list(named)
    while pending:
        free = [b for b in pending if not firm[b] & set(pending)]
        ready = [b for b in free if not soft[b] & set(pending)]
        for body in ready or free[-1:] or pending[-1:]:
            order.append(body)
            pending.remove(body)
    return tuple(order)


def _moved(literal: Literal, order: tuple[str, ...], afford: Affordances) -> str:
    """The body that is moved for a literal: of equals the one that is placed last, or that leaves first."""
    atom, positive = literal
    if atom.predicate not in BESIDE:
        return atom.args[0]
    able = [b for b in atom.args if afford.graspable(b)] or [atom.args[0]]
    return max(able, key=order.index) if positive else able[0]


def _means(
    placing: dict[str, list[Literal]], order: tuple[str, ...], afford: Affordances
) -> dict[str, tuple[Literal, ...]]:
    """What placements need beyond the goal: a support for what is to be above it, a neighbour's place in a row."""
    found: dict[str, tuple[Literal, ...]] = {}
    related = {frozenset(a.args) for literals in placing.values() for a, positive in literals if positive}
    for body in order:
        for atom, positive in placing.get(body, ()):
            if not positive:
                continue
            if atom.predicate in OVER and not any(a.predicate in CARRIERS for a, p in placing[body] if p):
                predicate = "on" if afford.supports(atom.args[1]) else "inside"
                found[body] = (*found.get(body, ()), (Atom(predicate, atom.args), True))
            elif atom.predicate == "in_a_row":
                first, second = sorted(others(atom, body), key=order.index)
                mover = second if afford.graspable(second) else first
                near = Atom("near", (mover, first if mover == second else second))
                if not any({first, second} <= pair for pair in related - {frozenset(atom.args)}):
                    found[mover] = (*found.get(mover, ()), (near, True))
    return found
