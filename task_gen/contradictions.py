"""Goals and starts that cannot be true, and goals that are true from the start, by their words alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from pipeline.core.goal import Atom, Goal, literals
from task_gen.reasons import Reason

OPPOSITES = ({"is_open", "is_closed"}, {"turned_on", "turned_off"}, {"upright", "lying"})
SYMMETRIC = ("near", "touching", "aligned")
TURNED = {"right_of": "left_of", "behind": "in_front_of"}  # the same said from the other side
DIRECTIONS = ("left_of", "in_front_of")
PLACES = ("on", "inside", "within")
ORDERS = (("on", "inside", "within", "above"), ("left_of",), ("in_front_of",))  # what never goes round in a circle
TOGETHER = ({"on", "within"},)  # a thing in a region on the table is on the table


def contradictions(goal: Goal, initial: Sequence[Goal]) -> Iterator[Reason]:
    """A reason for every clash; only formulas that are conjunctions are judged, the initial ones all together."""
    said = {"goal": [goal], "initial": list(initial)}
    for at, formulas in said.items():
        found = list(dict.fromkeys(part for f in formulas if _is_conjunction(f) for part in literals(f)))
        for subject, why in _clashes(found):
            yield Reason(code="contradiction", message=why, at=at, subject=str(subject))
    for atom in (a for f in initial if _is_conjunction(f) for a, positive in literals(f) if positive):
        if atom.predicate == "holding":
            why = f"initial: {atom} cannot be: the robot starts with an empty hand."
            yield Reason(code="contradiction", message=why, at="initial", subject=str(atom))
    if _value(goal, [part for f in initial if _is_conjunction(f) for part in literals(f)]):
        why = f"The goal {goal} already holds at the start; change the goal or the initial relations."
        yield Reason(code="goal_already_true", message=why, at="goal", subject=str(goal))


def _is_conjunction(goal: Goal) -> bool:
    if isinstance(goal, Atom):
        return True
    if goal.op == "not":
        return isinstance(goal.parts[0], Atom)
    return goal.op == "and" and all(map(_is_conjunction, goal.parts))


def _clashes(found: Sequence[tuple[Atom, bool]]) -> Iterator[tuple[Atom, str]]:
    for atom, _ in found:
        twice = [arg for i, arg in enumerate(atom.args) if arg in atom.args[:i]]
        if twice:
            yield atom, f"{atom} relates {twice[0]!r} to itself."
    for (a, a_holds), (b, b_holds) in combinations(found, 2):
        if _plain(a) == _plain(b) and a_holds != b_holds:
            wanted, refused = (a, b) if a_holds else (b, a)
            yield a, f"The formula asks for both {wanted} and (not {refused})."
        elif a_holds and b_holds and _exclude(_plain(a), _plain(b)):
            yield a, f"{a} and {b} cannot both hold."
    for circle in _circles([atom for atom, holds in found if holds]):
        yield circle[0], f"{', '.join(map(str, circle))} go round in a circle."


def _plain(atom: Atom) -> Atom:
    """The same relation in one way of saying it."""
    if atom.predicate in TURNED:
        return Atom(TURNED[atom.predicate], atom.args[::-1])
    if atom.predicate in SYMMETRIC:
        return Atom(atom.predicate, tuple(sorted(atom.args)))
    if atom.predicate == "in_a_row":
        return Atom(atom.predicate, min(atom.args, atom.args[::-1]))
    return atom


def _exclude(a: Atom, b: Atom) -> bool:
    """Whether two different plain relations cannot both be true."""
    pair = {a.predicate, b.predicate}
    if a == b:
        return False
    if pair <= set(DIRECTIONS):
        return set(a.args) == set(b.args)  # each is within 45 degrees of its direction
    if pair == {"holding"}:
        return True  # one hand
    if a.args[0] == b.args[0]:
        if pair in OPPOSITES or ("holding" in pair and pair & set(PLACES)):
            return True
        return pair <= set(PLACES) and a.args != b.args and pair not in TOGETHER
    upwards = pair <= set(ORDERS[0])
    return upwards and a.args == b.args[::-1]


def _circles(found: Sequence[Atom]) -> Iterator[list[Atom]]:
    """Chains of three or more relations of one order that come back to where they began, one an order."""
    for order in ORDERS:
        steps = [(p, atom) for atom in found if (p := _plain(atom)).predicate in order]
        circle = next((c for first in steps for c in _walk([first], steps) if len(c) > 2), None)
        if circle is not None:
            yield circle


def _walk(path: list[tuple[Atom, Atom]], steps: Sequence[tuple[Atom, Atom]]) -> Iterator[list[Atom]]:
    if path[-1][0].args[1] == path[0][0].args[0]:
        yield [atom for _, atom in path]
    for step in steps:
        if step not in path and step[0].args[0] == path[-1][0].args[1]:
            yield from _walk([*path, step], steps)


def _value(goal: Goal, start: Sequence[tuple[Atom, bool]]) -> bool | None:
    """What the start says of a formula: true, false, or nothing."""
    if isinstance(goal, Atom):
        return _known(_plain(goal), start)
    values = [_value(part, start) for part in goal.parts]
    if goal.op == "not":
        return None if values[0] is None else not values[0]
    decisive = goal.op == "or"
    if decisive in values:
        return decisive
    return None if None in values else not decisive


def _known(atom: Atom, start: Sequence[tuple[Atom, bool]]) -> bool | None:
    if atom.predicate in ("at_rest", "holding"):
        return atom.predicate == "at_rest"  # scenes start settled, with an empty hand
    for other, holds in start:
        if _plain(other) == atom:
            return holds
        if holds and _exclude(atom, _plain(other)):
            return False
    return None
