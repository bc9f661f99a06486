"""Places: what the name of a table region says about other things: next to the plate, between two, in front of."""

from __future__ import annotations

import re
from dataclasses import dataclass

from task_gen.bddl import Problem
from task_gen.imports.lexicon import phrases, words

SIDES = {"front": "in_front_of", "back": "behind", "left": "left_of", "right": "right_of"}


@dataclass(frozen=True)
class Place:
    """A relation of ours and the source's instances that it relates the subject to."""

    relation: str
    others: tuple[str, ...]

    def formula(self, subject: str, names: dict[str, str]) -> str:
        """Ours; ``names`` maps the source's instances to our objects."""
        others = [names[o] for o in self.others]
        if self.relation == "in_a_row":
            return f"(in_a_row {others[0]} {subject} {others[1]})"
        if self.relation == "near":
            return f"(near {subject} {others[0]})"
        return f"(and (near {subject} {others[0]}) ({self.relation} {subject} {others[0]}))"


def place(region: str, subject: str, problem: Problem) -> Place | None:
    """What a region of the table called ``next_to_plate_region`` says of what is there; None when nothing."""
    text = re.sub(r"(_init)?(_region)?$", "", region)
    if found := re.fullmatch(r"next_to_(\w+)", text):
        other = _thing(found[1], subject, problem)
        return Place("near", (other,)) if other else None
    if found := re.fullmatch(r"between_(\w+)", text):
        pair = _pair(found[1], subject, problem)
        return Place("in_a_row", pair) if pair else None
    if found := re.fullmatch(rf"(\w+)_({'|'.join(SIDES)})", text):
        other = _thing(found[1], subject, problem)
        return Place(SIDES[found[2]], (other,)) if other else None
    return None


def _pair(text: str, subject: str, problem: Problem) -> tuple[str, str] | None:
    parts = text.split("_")
    for i in range(1, len(parts)):
        a, b = (_thing("_".join(p), subject, problem) for p in (parts[:i], parts[i:]))
        if a and b and a != b:
            return a, b
    return None


def _thing(text: str, subject: str, problem: Problem) -> str | None:
    """The one other thing that starts in the region called so, or else is called so itself."""
    starts = {f.args[0]: f.args[1] for f in problem.init if len(f.args) == 2 and f.positive}
    here = [n for n, r in starts.items() if _bare(r, problem) == text and n != subject]
    wanted = " ".join(words(text))
    called = [n for n, c in (problem.objects | problem.fixtures).items() if wanted in phrases(c) and n != subject]
    for found in (here, called):
        if len(found) == 1:
            return found[0]
    return None


def _bare(region: str, problem: Problem) -> str:
    """``main_table_box_region`` as ``box``."""
    found = problem.region_of(region)
    return re.sub(r"(_init)?_region$", "", found[1].name) if found else ""
