"""Hopeless: a literal that no operator brings about, and why, in words that name the body and the next step."""

from __future__ import annotations

from demo_solvers.task_planning.affordances import Affordances
from demo_solvers.task_planning.facts import Facts, Literal
from demo_solvers.task_planning.needs import JOINTS, PLACEMENT, Needs
from pipeline.core.goal import Atom

PUSHED = {("within", True), ("aligned", True)}
"""What a push may be asked for: where a body goes, and perhaps how it is to lie there."""


def hopeless(literal: Literal, needs: Needs, afford: Affordances, facts: Facts) -> str | None:
    """Why the literal cannot come true, or None when it holds or some operator brings it about."""
    if facts.known(literal):
        return None
    atom, positive = literal
    said = str(atom) if positive else f"(not {atom})"
    if any(literal in literals for literals in needs.aloft.values()):
        return None  # it comes by lifting, or the search does not end
    if atom.predicate in PLACEMENT:
        why = _placement(literal, needs, afford, facts)
    elif atom.predicate in JOINTS:
        why = _joint(literal, afford)
    elif atom.predicate == "raised" and positive:
        why = f"nothing but the hand keeps a body up; ask for (holding {atom.args[0]}) too"
    elif atom.predicate == "holding":
        why = _hand(atom.args[0], afford) if positive else None
    else:
        why = f"no skill has an effect on {atom.predicate!r}"
    return None if why is None else f"No operator brings about {said}: {why}."


def _placement(literal: Literal, needs: Needs, afford: Affordances, facts: Facts) -> str | None:
    body = next(b for b, literals in needs.placing.items() if literal in literals)
    wanted = [l for l in needs.of_body(body) if not facts.known(l)]
    asked = {(a.predicate, positive) for a, positive in needs.of_body(body)}
    pushed = not afford.graspable(body) and ("within", True) in asked and asked <= PUSHED
    if pushed and afford.movable(body):
        return None if "push" in afford.skills else "there is no skill 'push'"
    if why := _hand(body, afford):
        return why
    return next((why for atom, positive in wanted if positive and (why := _place(atom, afford, facts))), None)


def _place(atom: Atom, afford: Affordances, facts: Facts) -> str | None:
    """Why nothing can be brought to where the atom says."""
    if "place" not in afford.skills:
        return "there is no skill 'place'"
    anchor = atom.args[-1]
    if atom.predicate == "inserted":
        return _socket(atom, afford)
    if atom.predicate == "on" and not afford.supports(anchor):
        return f"{anchor!r} has no support area; put it inside or beside it"
    if atom.predicate == "inside" and not afford.contains(anchor):
        return f"{anchor!r} has no cavity; put it on or beside it"
    if atom.predicate != "inside":
        return None
    shut = [s for s in afford.shutters(anchor) if Atom("is_open", (s,)) not in facts.sure]
    return next((why for s in shut if (why := _open(s, afford))), None)


def _socket(atom: Atom, afford: Affordances) -> str | None:
    """Why a body cannot be put into another one."""
    if "insert" not in afford.skills:
        return "there is no skill 'insert'"
    loose = next((body for body in atom.args if not afford.fitted(body)), None)
    return None if loose is None else f"the card of {loose!r} has no axis 'insert'"


def _hand(body: str, afford: Affordances) -> str | None:
    """Why the hand cannot move a body."""
    if not afford.movable(body):
        return f"{body!r} is no free body"
    if not afford.graspable(body):
        room = "" if afford.opening is None else f" that the hand's {afford.opening * 100:.1f} cm take"
        return f"{body!r} has no grasp{room}"
    return None if "pick" in afford.skills else "there is no skill 'pick'"


def _joint(literal: Literal, afford: Affordances) -> str | None:
    atom, positive = literal
    link = atom.args[0]
    if atom.predicate == "pressed" and not positive:
        return f"nothing lifts {link!r} again once it is down"
    if atom.predicate in ("turned_on", "turned_off", "pressed"):
        able = ("press",) if atom.predicate == "pressed" else ("turn", "press")
        skill = next((s for s in able if afford.axis(link, s)), None)
        if skill is None:
            return f"{link!r} is neither turned nor pressed"
        return None if skill in afford.skills else f"there is no skill {skill!r}"
    if not afford.axis(link, "pull"):
        return f"{link!r} neither opens nor closes"
    if (atom.predicate == "is_open") == positive:
        return _open(link, afford)
    return None if "close" in afford.skills else "there is no skill 'close'"


def _open(link: str, afford: Affordances) -> str | None:
    if not afford.handle(link):
        return f"{link!r} is shut and has no handle to grasp"
    return None if "open" in afford.skills else "there is no skill 'open'"
