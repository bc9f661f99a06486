"""Rules of clear wording: whether an instruction names the things, the places and the end that the goal asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pipeline.core.asset import AssetSpec
from pipeline.core.goal import Goal, literals
from pipeline.core.task import TaskSpec
from pipeline.holds import parse
from task_gen.compose import TABLE
from task_gen.words import link_noun

Flaw = tuple[float, str]
SAID: dict[str, tuple[str, ...]] = {
    "on": ("on", "onto", "top", "atop", "stack", "tower", "pile", "over", "carry", "base", "foot"),
    "inside": ("in", "into", "inside", "within", "fill", "away", "load", "there", "place", "enclose"),
    "within": ("in", "into", "inside", "within", "on", "onto", "to", "until", "where"),
    "near": ("next", "beside", "near", "close", "by", "left", "right", "front", "behind", "gap", "neighbour", "line"),
    "left_of": ("left", "leftmost"),
    "right_of": ("right", "rightmost", "left", "leftmost"),
    "in_front_of": ("front",),
    "behind": ("behind", "back"),
    "is_open": ("open", "opened", "opening", "pull", "draw", "out", "closed", "shutting"),
    "is_closed": ("close", "closed", "closing", "shut", "shutting", "slide", "open"),
    "in_a_row": ("row", "line", "between", "middle"),
    "turned_on": ("on", "turn", "switch", "off"),
    "turned_off": ("off", "turn", "switch", "on"),
    "lying": ("lay", "lie", "lying", "down", "side", "flat"),
}
SHORTEST, LONGEST = 3, 35  # words
_MACHINE = re.compile(r"[_/{}\[\]]|\d\.\d")
_WORD = re.compile(r"[a-z0-9]+")


def unclear(task: TaskSpec, assets: Mapping[str, AssetSpec]) -> Iterator[Flaw]:
    """What each flaw of the instruction costs, and why, in a sentence. ``assets`` are the task's by object name."""
    text, goal = task.instruction, parse(task.goal)
    words = words_of(text)
    count = len(_WORD.findall(text.lower()))
    if not SHORTEST <= count <= LONGEST:
        yield 0.3, f"An instruction of {count} words is too {'short' if count < SHORTEST else 'long'}."
    if _MACHINE.search(text):
        yield 0.3, "The instruction holds names or numbers that only a program uses."
    yield from _unnamed(goal, words, assets)
    yield from _unsaid(goal, words)


def words_of(text: str) -> frozenset[str]:
    """Lower-case words, each also without a plural's ending."""
    found = _WORD.findall(text.lower())
    return frozenset(found) | {w.removesuffix("s") for w in found}


def head_nouns(task: TaskSpec, assets: Mapping[str, AssetSpec]) -> dict[str, str]:
    """For every thing the goal wants something of: the last word of what it is called."""
    return {body: _called(body, assets).split()[-1].lower() for body in _bodies(parse(task.goal))}


def _bodies(goal: Goal) -> list[str]:
    return list(dict.fromkeys(a for atom, _ in literals(goal) for a in atom.args if a != TABLE.name))


def _called(body: str, assets: Mapping[str, AssetSpec]) -> str:
    name, _, link = body.partition("/")
    return link_noun(assets[name], link) if link else assets[name].noun


def _unnamed(goal: Goal, words: frozenset[str], assets: Mapping[str, AssetSpec]) -> Iterator[Flaw]:
    """Things that are not named, or by a word that fits another thing of the scene as well."""
    called = {body: _called(body, assets).lower().split() for body in _bodies(goal)}
    others = [a.noun.lower().split() for n, a in assets.items() if n not in called and n != TABLE.name]
    for body, noun in called.items():
        if not words & {noun[-1], noun[-1].removesuffix("s")}:
            if not _only_one_that_moves(body, words, assets):
                yield 0.35, f"The {' '.join(noun)} is not named."
            continue
        twins = [n for n in [*others, *(w for b, w in called.items() if b != body)] if n[-1] == noun[-1] and n != noun]
        if twins and not words & set(noun[:-1]):
            yield 0.25, f"It is not said which {noun[-1]} is meant."


def _only_one_that_moves(body: str, words: frozenset[str], assets: Mapping[str, AssetSpec]) -> bool:
    """Whether the body is a part that goes without saying: the one joint of a thing that is named."""
    name, _, link = body.partition("/")
    return bool(link) and len(assets[name].joints) == 1 and assets[name].noun.lower().split()[-1] in words


def _unsaid(goal: Goal, words: frozenset[str]) -> Iterator[Flaw]:
    """Relations of the goal for which the instruction has no word."""
    for predicate in dict.fromkeys(atom.predicate for atom, positive in literals(goal) if positive):
        if predicate in SAID and not words & set(SAID[predicate]):
            yield 0.2, f"The instruction has no word for {predicate.replace('_', ' ')!r}."
