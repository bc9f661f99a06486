"""Operators: what the hand could usefully do next in a symbolic state."""

from __future__ import annotations

from collections.abc import Iterator

from demo_solvers.task_planning.affordances import Affordances
from demo_solvers.task_planning.facts import Facts
from demo_solvers.task_planning.grounding import OTHER_WAY, Grounding, Operator
from demo_solvers.task_planning.needs import CARRIERS, Needs, others
from pipeline.core.goal import Atom

TURNS = ("turned_on", "turned_off", "pressed")


class Operators:
    """What can be done next, for one conjunction of literals; only what can be of use is offered.

    ``cleared`` are bodies that are put aside because they lie on, in or in the place of something that is needed.
    """

    def __init__(self, needs: Needs, afford: Affordances, start: Facts) -> None:
        self.needs, self.afford = needs, afford
        self._ground = Grounding(needs, afford)
        self.cleared = self._in_the_way(start)
        self.started_with = start.held
        self._links = self._worked(start)

    def of(self, facts: Facts) -> Iterator[Operator]:
        """Every useful operator whose needs are met, in the order in which one would try them."""
        held = facts.held
        if held is not None:
            yield from self._puts(held, facts)
            return
        yield from (self._ground.work("open", link) for link in self._openable(facts))
        for body in self._takeable(facts):
            if self._needs_room_below(body, facts):
                yield from (self._ground.slide(body, anchor) for anchor in self._edges(body, facts))
            elif self.afford.graspable(body):
                yield self._ground.pick(body, facts)
            elif self._ready(body, facts) and any(a.predicate == "within" for a, _ in self.needs.of_body(body)):
                yield self._ground.push(body, facts)
        yield from (self._ground.work("close", link) for link in self._closable(facts))
        for link, literals in self.needs.working.items():
            for atom, positive in literals:
                if atom.predicate in TURNS and not facts.known((atom, positive)):
                    yield self._ground.turn(link, atom.predicate if positive else OTHER_WAY[atom.predicate])

    def done(self, facts: Facts) -> bool:
        """Whether all literals hold and the hand has let go of what it need not hold."""
        return facts.held in (None, *self.needs.held) and all(map(facts.known, self.needs.branch))

    def reachable(self, body: str, facts: Facts) -> bool:
        """Whether nothing is on or in a body and whatever contains it is open."""
        inside = [a.args[1] for a in facts.places_of(body) if a.predicate == "inside"]
        return not any(facts.on_or_in(body)) and all(self.open_to(c, facts) for c in inside)

    def open_to(self, container: str, facts: Facts) -> bool:
        """Whether the hand gets into a container in all rows."""
        opened = all(Atom("is_open", (s,)) in facts.sure for s in self.afford.shutters(container))
        return opened and not any(Atom("is_open", (c,)) in facts.possible for c in self.afford.covers(container))

    def in_the_place_of(self, body: str, facts: Facts) -> list[str]:
        """What has to go from where the body is to come, for want of room."""
        found = list[str]()
        for atom, positive in self.needs.of_body(body):
            if not positive or atom.predicate not in CARRIERS:
                continue
            anchor = atom.args[1]
            there = [b for b in facts.on_or_in(anchor) if b != body and not self.needs.wants(b, anchor)]
            if there and not self.afford.fit([body, *there], atom.predicate, anchor):
                found += there
        return found

    def _in_the_way(self, facts: Facts) -> frozenset[str]:
        """Everything that has to be put aside at some time, found from the start on."""
        found = set[str]()
        pending = [*self.needs.unmet(facts), *self.needs.held]
        lids = [link for link in self._worked(facts) if "/" in link]
        pending_blockers = [b for link in lids for b in facts.on_or_in(link) if not self.afford.contains(link)]
        while pending or pending_blockers:
            body = pending.pop() if pending else None
            blockers = pending_blockers if body is None else [
                *facts.on_or_in(body), *self.in_the_place_of(body, facts)
            ]  # fmt: skip
            pending += [b for b in blockers if b not in found]
            found |= set(blockers)
            if body is None:
                pending_blockers = []
        return frozenset(found)

    def _worked(self, facts: Facts) -> tuple[str, ...]:
        """Links that may have to be opened or closed, for themselves or to get into something."""
        wanted = [
            a.args[1] for b in self.needs.order for a, p in self.needs.of_body(b) if a.predicate == "inside" and p
        ]
        left = [a.args[1] for b in self.afford.movables for a in facts.places_of(b) if a.predicate == "inside"]
        containers = dict.fromkeys([*wanted, *left])
        shutters = [s for c in containers for s in self.afford.shutters(c)]
        covers = [s for c in containers for s in self.afford.covers(c)]
        pulled = [link for link in self.needs.working if self.afford.axis(link, "pull")]
        return tuple(dict.fromkeys([*pulled, *shutters, *covers]))

    def _openable(self, facts: Facts) -> Iterator[str]:
        for link in self._links:
            wanted = self._wanted(link, "is_open", "is_closed", facts)
            closed_to_us = Atom("is_open", (link,)) not in facts.sure
            useful = closed_to_us and (wanted or self._shuts_something(link, facts))
            if useful and self.afford.handle(link) and self._free(link, facts) and "open" in self.afford.skills:
                yield link

    def _closable(self, facts: Facts) -> Iterator[str]:
        for link in self._links:
            wanted = self._wanted(link, "is_closed", "is_open", facts)
            opened = Atom("is_closed", (link,)) not in facts.sure
            useful = opened and (wanted or self._covers_something(link))
            if useful and self._free(link, facts) and "close" in self.afford.skills:
                yield link

    def _wanted(self, link: str, what: str, opposite: str, facts: Facts) -> bool:
        """Whether the goal asks for a state of the link that it is not in."""
        asked = self.needs.working.get(link, ())
        said = [l for l in asked if l in ((Atom(what, (link,)), True), (Atom(opposite, (link,)), False))]
        return bool(said) and not all(facts.known(literal) for literal in asked)

    def _shuts_something(self, link: str, facts: Facts) -> bool:
        """Whether something that has to be moved is or is to come behind the link."""
        for body in (*self.needs.unmet(facts), *self.needs.held, *self.cleared):
            into = [a.args[1] for a, p in self.needs.of_body(body) if p and a.predicate == "inside"]
            if any(link in self.afford.shutters(c) for c in into) and not self.needs.met(body, facts):
                return True
            out_of = [a.args[1] for a in facts.places_of(body) if a.predicate == "inside"]
            if any(link in self.afford.shutters(c) for c in out_of):
                return True
        return False

    def _covers_something(self, link: str) -> bool:
        return any(link in self.afford.covers(other) for other in self._links)

    def _free(self, link: str, facts: Facts) -> bool:
        """Whether nothing stands on a door or lid."""
        return not any(a.predicate == "on" and a.args[1] == link for a in facts.possible)

    def _takeable(self, facts: Facts) -> Iterator[str]:
        """Bodies that are to be moved and can be: those with needs first, then those in the way, then what is kept."""
        for body in dict.fromkeys([*self.needs.unmet(facts), *sorted(self.cleared), *self.needs.held]):
            if self.afford.movable(body) and self.reachable(body, facts) and "pick" in self.afford.skills:
                yield body

    def _needs_room_below(self, body: str, facts: Facts) -> bool:
        """Whether a body can be taken by its rim only and does not hang over an edge yet."""
        out = any(a.predicate == "overhanging" and a.args[0] == body for a in facts.sure)
        return self.afford.by_rim(body) and not out

    def _edges(self, body: str, facts: Facts) -> Iterator[str]:
        """What is bolted down and carries a body, which can be drawn over its edge."""
        if "slide" in self.afford.skills:
            carriers = (a.args[1] for a in facts.places_of(body) if a.predicate == "on")
            yield from (c for c in carriers if not self.afford.movable(c))

    def _ready(self, body: str, facts: Facts) -> bool:
        """Whether the place of a body is as it has to be: what it goes to stands there, open and with room."""
        for atom, positive in self.needs.of_body(body):
            if positive and atom.predicate == "inside" and not self.open_to(atom.args[1], facts):
                return False
            if positive and not all(self.needs.met(b, facts) for b in others(atom, body)):
                return False
        return not self.in_the_place_of(body, facts)

    def _puts(self, body: str, facts: Facts) -> Iterator[Operator]:
        """What can be done with what is in the hand."""
        if "place" not in self.afford.skills:
            return
        if self.needs.of_body(body) and self._ready(body, facts):
            yield self._ground.put(body, self.needs.of_body(body))
        if (body in self.cleared or body == self.started_with) and self.afford.table is not None:
            yield self._ground.put(body, ())
