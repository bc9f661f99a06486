"""Casting: which assets play the things of a problem, the nearest that pass the static gate together."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence

from pipeline.core.asset import AssetSpec
from pipeline.core.doors import Catalog
from task_gen.bddl import Problem
from task_gen.bddl_formula import Fact, facts
from task_gen.imports.lexicon import AGENTS, head, is_ground
from task_gen.imports.pairs import Pair
from task_gen.imports.parts import Untranslatable
from task_gen.imports.places import place
from task_gen.imports.ranking import Candidate, candidates
from task_gen.imports.relations import Scope
from task_gen.reasons import Reason

TRIES = 20_000  # combinations of assets that are looked at for size
DRAFTS, SHOWN = 200, 20  # of them that fit, and of those that do not, which are put to the gate
Cast = dict[str, Candidate]


def players(problem: Problem) -> list[str]:
    """Everything that an asset has to play: all but the table or floor and the robot itself."""
    every = problem.objects | problem.fixtures
    return [n for n, c in every.items() if not is_ground(c) and head(c) not in AGENTS]


def leads(problem: Problem, scope: Scope) -> list[str]:
    """The things that the goal names, and those that say where they are at the start; in the file's order."""
    owned = [scope.owner(arg)[0] for fact in facts(problem.goal) for arg in fact.args]
    found = dict.fromkeys(owned)
    for fact in (*facts(problem.goal), *_beginnings(problem, owned, scope)):
        if len(fact.args) != 2:
            continue
        other, region = scope.owner(fact.args[1])
        beside = place(region, fact.args[0], problem) if region and scope.is_table(other) else None
        found |= dict.fromkeys([other, *(beside.others if beside else ())])
    return [n for n in players(problem) if n in found]


def _beginnings(problem: Problem, owned: Sequence[str], scope: Scope) -> Iterator[Fact]:
    """Where the loose things of the goal are at the start; rooms, which are no things, are passed over."""
    for fact in problem.init:
        if fact.args[0] in problem.objects and fact.args[0] in owned and len(fact.args) == 2:
            try:
                scope.owner(fact.args[1])
            except Untranslatable:
                continue
            yield fact


def shortlist(names: Sequence[str], problem: Problem, catalog: Catalog) -> dict[str, list[Candidate]]:
    """Candidates of each category that the named instances have."""
    assets: tuple[AssetSpec, ...] = tuple(catalog.asset(n) for n in catalog.assets)
    found: dict[str, list[Candidate]] = {}
    for name in names:
        category = problem.category(name)
        if category not in found:
            found[category] = candidates(category, assets, fixed=name in problem.fixtures)
    return found


def castings(
    names: Sequence[str], problem: Problem, choices: Mapping[str, list[Candidate]], wanted: Sequence[Pair]
) -> Iterator[Cast]:
    """Ways to cast the named instances, nearest in all first; things of one category look alike, others differ.

    Only such as fit each other where ``wanted`` says so; if none do, the nearest few all the same.
    """
    categories = list(dict.fromkeys(problem.category(n) for n in names))
    lists = [choices[c] for c in categories]
    if not all(lists):
        return
    given = misfits = 0
    refused: list[Cast] = []
    for picked in _nearest_first(lists):
        if len({c.asset.name for c in picked}) < len(picked):
            continue
        by_category = dict(zip(categories, picked, strict=True))
        cast = {n: by_category[problem.category(n)] for n in names}
        if all(p.fits(cast[p.a].asset, cast[p.b].asset) for p in wanted):
            given += 1
            yield cast
        elif misfits < SHOWN:
            misfits += 1
            refused.append(cast)
        if given == DRAFTS:
            return
    if not given:
        yield from refused


def _nearest_first(lists: Sequence[list[Candidate]]) -> Iterator[tuple[Candidate, ...]]:
    """At most ``TRIES`` of the product of the lists, by the sum of tiers."""
    start: tuple[int, ...] = (0,) * len(lists)
    queue: list[tuple[float, tuple[int, ...]]] = [(sum(row[0].tier for row in lists), start)]
    seen: set[tuple[int, ...]] = {start}
    for _ in range(TRIES):
        if not queue:
            return
        _, at = heapq.heappop(queue)
        yield tuple(row[i] for row, i in zip(lists, at, strict=True))
        for k in range(len(at)):
            after = (*at[:k], at[k] + 1, *at[k + 1 :])
            if after[k] < len(lists[k]) and after not in seen:
                seen.add(after)
                cost = sum(row[i].tier for row, i in zip(lists, after, strict=True))
                heapq.heappush(queue, (cost, after))


def add_scenery(
    cast: Cast,
    names: Sequence[str],
    problem: Problem,
    choices: Mapping[str, list[Candidate]],
    weigh: Callable[[Cast], tuple[tuple[Reason, ...], int]],
) -> dict[str, str]:
    """Add what only stands about to ``cast``, each thing with an asset that fits in; why not, by name.

    ``weigh`` says what stands against a wider cast, and how many relations of the start it loses: the first asset
    that loses fewest is taken.
    """
    refused: dict[str, str] = {}
    for name in names:
        category = problem.category(name)
        alike = next((c for n, c in cast.items() if problem.category(n) == category), None)
        taken = {c.asset.name for c in cast.values()}
        free = [c for c in choices[category] if c.asset.name not in taken and not c.asset.fixed]
        weighed = [(option, *weigh({**cast, name: option})) for option in ([alike] if alike else free)]
        fitting = [(lost, option) for option, reasons, lost in weighed if not reasons]
        if fitting:
            cast[name] = min(fitting, key=lambda pair: pair[0])[1]
        elif weighed:
            refused[name] = " ".join(map(str, weighed[0][1]))
        else:
            refused[name] = f"the library has nothing for {category!r} that is not in the task already"
    return refused
