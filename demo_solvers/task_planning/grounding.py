"""Grounding: each skill on each body as an operator, a stage with what it makes true and false."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from demo_solvers.skill import SKILLS
from demo_solvers.task_planning.affordances import Affordances
from demo_solvers.task_planning.facts import Facts, Literal
from demo_solvers.task_planning.needs import ATTITUDES, CARRIERS, DIRECTIONS, OPPOSITE, PLACEMENT, Needs, others
from pipeline.core.goal import Atom
from pipeline.core.program import Relation, Stage

COST = {"push": 2.0, "slide": 2.0}  # stages of pick-and-place that one stage of a skill is worth, where that is not one
AJAR = 0.5  # of the travel: neither open nor closed
RELATION_ORDER = (*CARRIERS, *DIRECTIONS, "near", "in_a_row", "aligned", *ATTITUDES)
LAST = len(RELATION_ORDER)


@dataclass(frozen=True)
class Operator:
    """A stage, and which atoms it makes true and false."""

    stage: Stage
    true: frozenset[Atom]
    false: frozenset[Atom]

    @property
    def cost(self) -> float:
        """What it counts in the search."""
        return COST.get(self.stage.skill, 1.0)

    def applied(self, facts: Facts) -> Facts:
        """The facts afterwards."""
        return facts.changed(true=self.true, false=self.false)


OTHER_WAY = {"turned_on": "turned_off", "turned_off": "turned_on"}


@dataclass(frozen=True)
class Grounding:
    """Makes operators for one conjunction of literals in one scene."""

    needs: Needs
    afford: Affordances

    def pick(self, body: str, facts: Facts) -> Operator:
        """Take a body, drawn out where it sits in something; it is in none of its relations any more."""
        holding = Atom("holding", (body,))
        containers = [a.args[1] for a in facts.places_of(body) if a.predicate == "inside"]
        socketed = any(a.predicate == "inserted" for a in facts.places_of(body))
        skill = "extract" if socketed and "extract" in self.afford.skills else "pick"
        lifted = [literal for literal in self.needs.aloft.get(body, ()) if self._comes_by_lifting(literal, facts)]
        pre = _formula([(holding, False), *self._open_literals(containers)])
        stage = Stage(skill=skill, body=body, pre=pre, post=_formula([(holding, True), *lifted]))
        true = {holding} | {atom for atom, positive in lifted if positive}
        return Operator(stage, frozenset(true), frozenset(_placements(facts, body)))

    def _comes_by_lifting(self, literal: Literal, facts: Facts) -> bool:
        """Whether a lifted body is where the literal says: over something only if it was in or on that."""
        atom, positive = literal
        from_there = {a.args[1] for a in facts.places_of(atom.args[0])}
        return not positive or atom.predicate == "raised" or atom.args[1] in from_there

    def put(self, body: str, wanted: Iterable[Literal]) -> Operator:
        """Place the body where the literals want it, or on the table."""
        wanted = tuple(wanted)
        placed = [*wanted, *self._carrier(body, wanted)]
        placed.sort(key=_rank)
        true = {atom for atom, positive in placed if positive}
        if not any(a.predicate in CARRIERS and a.args[1] != self.afford.table for a in true) and self.afford.table:
            true.add(Atom("on", (body, self.afford.table)))
        attitude = "lying" if Atom("lying", (body,)) in true else "upright"
        true.add(Atom(attitude, (body,)))
        containers = [a.args[1] for a in true if a.predicate == "inside"]
        pre = _formula([(Atom("holding", (body,)), True), *self._open_literals(containers)])
        skill = self._putting(true)
        stage = Stage(skill=skill, body=body, relations=_relations(skill, body, placed), pre=pre, post=_formula(placed))
        false = {Atom("holding", (body,)), Atom(OPPOSITE[attitude], (body,))} | {a for a, p in placed if not p}
        return Operator(stage, frozenset(true), frozenset(false))

    def _putting(self, true: set[Atom]) -> str:
        """The skill that puts a body down: into a socket, on top of a tower, or anywhere else."""
        for atom in sorted(true, key=str):
            if atom.predicate == "inserted":
                return "insert"
            if atom.predicate == "on" and "stack" in self.afford.skills and self.afford.towers(*atom.args):
                return "stack"
        return "place"

    def _carrier(self, body: str, wanted: tuple[Literal, ...]) -> tuple[Literal, ...]:
        """What the body is put on where the literals leave that open."""
        if any(p and (a.predicate in (*CARRIERS, "near", *DIRECTIONS)) for a, p in wanted):
            return ()
        opposites = [Atom(OPPOSITE[a.predicate], a.args) for a, p in wanted if not p and a.predicate in DIRECTIONS]
        refused = {a.args[1] for a, p in wanted if not p and a.predicate == "on"}
        grounds = [self.afford.table, *filter(self.afford.supports, self.afford.world.layout.bodies)]
        ground = next((g for g in grounds if g and g not in refused and g != body and self._room(body, g)), None)
        found = [*opposites[:1], *([Atom("on", (body, ground))] if ground else [])]
        return tuple((atom, True) for atom in found)

    def _room(self, body: str, ground: str) -> bool:
        return ground == self.afford.table or self.afford.fit([body], "on", ground)

    def push(self, body: str, facts: Facts) -> Operator:
        """Push a body along the table to where it is wanted."""
        wanted = self.needs.of_body(body)
        stage = Stage(skill="push", body=body, relations=_relations("push", body, wanted), post=_formula(wanted))
        gone = [a for a in _placements(facts, body) if a.predicate not in ("on", "upright", "lying")]
        return Operator(stage, frozenset(a for a, p in wanted if p), frozenset(gone))

    def slide(self, body: str, anchor: str) -> Operator:
        """Draw a body over the edge of what it lies on."""
        true = Atom("overhanging", (body, anchor))
        told = (Relation(predicate="overhanging", anchor=anchor),)
        stage = Stage(skill="slide", body=body, relations=told, post=str(true))
        return Operator(stage, frozenset({true}), frozenset())

    def work(self, skill: str, link: str) -> Operator:
        """Open or close a link; half open where it is to be neither."""
        opened, shut = Atom("is_open", (link,)), Atom("is_closed", (link,))
        asked = self.needs.working.get(link, ())
        if skill == "open" and {(opened, False), (shut, False)} <= set(asked):
            stage = Stage(skill="open", body=link, parameters={"share": AJAR}, post=_formula(asked))
            return Operator(stage, frozenset(), frozenset({opened, shut}))
        true, false = (opened, shut) if skill == "open" else (shut, opened)
        stored = [(Atom("inside", (b, link)), True) for b in self.needs.order if self.needs.wants(b, link)]
        pre = _formula(stored) if skill == "close" and stored else None
        return Operator(Stage(skill=skill, body=link, pre=pre, post=str(true)), frozenset({true}), frozenset({false}))

    def turn(self, link: str, wanted: str) -> Operator:
        """Turn a tap, dial or lever on or off, or press a button that does it."""
        skill = "press" if self.afford.axis(link, "press") else "turn"
        true = Atom(wanted, (link,))
        false = {Atom(OTHER_WAY[wanted], (link,))} if wanted in OTHER_WAY else set[Atom]()
        return Operator(Stage(skill=skill, body=link, post=str(true)), frozenset({true}), frozenset(false))

    def _open_literals(self, containers: Iterable[str]) -> list[Literal]:
        return [(Atom("is_open", (s,)), True) for c in containers for s in self.afford.shutters(c)]


def _relations(skill: str, body: str, wanted: Iterable[Literal]) -> tuple[Relation, ...]:
    """What the skill is told: the literals that it knows; the stage's formula holds them all.

    A relation between three bodies is told once for each of the others, one of the body alone names the body itself.
    """
    known = SKILLS.get(skill).signature.relations
    atoms = [atom for atom, positive in wanted if positive and atom.predicate in known]
    told = [(a.predicate if a.args[0] == body else OPPOSITE.get(a.predicate, a.predicate), a) for a in atoms]
    return tuple(Relation(predicate=predicate, anchor=b) for predicate, a in told for b in others(a, body) or (body,))


def _placements(facts: Facts, body: str) -> Iterator[Atom]:
    """What is no longer so when the body is moved."""
    going = tuple(p for p in (*PLACEMENT, "overhanging") if p not in ("upright", "lying"))
    return (a for a in facts.possible if a.predicate in going and body in a.args)


def _rank(literal: Literal) -> int:
    """The carrier decides the height, so it leads; directions and nearness only restrict it."""
    atom, positive = literal
    return RELATION_ORDER.index(atom.predicate) if positive and atom.predicate in RELATION_ORDER else LAST


def _formula(literals: Iterable[Literal]) -> str:
    parts = list(dict.fromkeys(str(atom) if positive else f"(not {atom})" for atom, positive in literals))
    return parts[0] if len(parts) == 1 else f"(and {' '.join(parts)})"
