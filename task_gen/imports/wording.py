"""Wording: the source's sentence with the nouns of the assets that play its things, name, family and horizon."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence

from pipeline.core.goal import Atom, Goal, literals
from pipeline.core.task import Family
from task_gen.bddl import Problem
from task_gen.imports.lexicon import identifier, phrases
from task_gen.imports.ranking import Candidate

LONGEST = 80  # characters of a task's name
STAGE, OPENING = 20.0, 25.0  # s for moving one thing, and for opening or shutting one
MOST = 120.0  # s

TURNED = ("turned_on", "turned_off")
JOINTED = ("is_open", "is_closed", *TURNED)


def task_name(problem: Problem, *, dialect: str) -> str:
    """The file's name, or for BEHAVIOR the problem's; cut to 80 characters with a mark that keeps it unique."""
    name = identifier(problem.title if dialect == "behavior" and problem.title else problem.name)
    if len(name) <= LONGEST:
        return name
    mark = hashlib.sha256(name.encode()).hexdigest()[:6]
    return f"{name[: LONGEST - 7].rstrip('_')}_{mark}"


def instruction(problem: Problem, cast: Mapping[str, Candidate], *, name: str) -> str:
    """The source's sentence, with what something else plays called by that thing's noun."""
    said = problem.language.strip() or name.replace("_", " ")
    for instance, chosen in sorted(cast.items(), key=lambda item: -len(problem.category(item[0]))):
        if chosen.how in ("original", "same"):
            continue
        said = _renamed(said, problem.category(instance), chosen.asset.noun)
    said = re.sub(r"\x00", "", " ".join(said.split()))
    said = re.sub(r"\b(\w+) \1\b", r"\1", said)  # "cookies box" with a box for the cookies
    return (said[:1].upper() + said[1:])[:300]


def _renamed(said: str, category: str, noun: str) -> str:
    """The longest ending of the category's words in ``said`` replaced by ``noun``, everywhere."""
    for phrase in phrases(category):
        pattern = re.compile(rf"(?<![\w\x00]){re.escape(phrase)}(?![\w\x00])", re.IGNORECASE)
        if pattern.search(said):
            # The mark keeps a word that was put in from being replaced again for another thing.
            marked = "".join(f"\x00{c}" for c in noun) + "\x00"
            return said if noun.endswith(phrase) and " " not in phrase else pattern.sub(marked, said)
    return said


def family(goal: Goal, closed: Sequence[str], *, said: str) -> Family:
    """The family that a goal belongs to; ``closed`` are the links that start shut."""
    atoms = [atom for atom, positive in literals(goal) if positive]
    joints = [a for a in atoms if a.predicate in JOINTED]
    moved = {a.args[0] for a in atoms if a not in joints}
    shut = any(a.predicate == "inside" and a.args[1] in closed for a in atoms)
    if not moved:
        return "operate" if all(a.predicate in TURNED for a in atoms) else "articulate"
    if joints or shut or len(moved) > 1:
        return "sequence"
    return "push" if re.match(r"(push|slide)\b", said, re.IGNORECASE) else "pick_place"


def horizon(goal: Goal, closed: Sequence[str]) -> float:
    """Seconds that the goal is given: so much for every thing that moves and every joint."""
    atoms: list[Atom] = [atom for atom, _ in literals(goal)]
    joints = {a.args[0] for a in atoms if a.predicate in JOINTED}
    joints |= {a.args[1] for a in atoms if a.predicate == "inside" and a.args[1] in closed}
    moved = {a.args[0] for a in atoms if a.predicate not in JOINTED}
    return min(MOST, STAGE * len(moved) + OPENING * len(joints))
