"""Pairs: which two assets could carry and be carried as a problem asks, by size alone; a quick look before the gate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.core.asset import AssetSpec
from task_gen.bddl import Problem
from task_gen.bddl_formula import Fact, facts
from task_gen.imports.parts import Untranslatable, part
from task_gen.imports.relations import Scope
from task_gen.pantry import fits_inside, fits_on

INTO, ONTO = ("in", "inside"), ("on", "ontop", "stack")


@dataclass(frozen=True)
class Pair:
    """``a`` is to be on or in a part of ``b``, at the start or in the end."""

    a: str
    b: str
    region: str
    into: bool

    def fits(self, a: AssetSpec, b: AssetSpec) -> bool:
        """Whether the one finds room on or in the other."""
        try:
            if self.into or (not self.region and b.links[""].support is None):
                return fits_inside(a, b.links[part(b, self.region, "container")])
            return fits_on(a, b.links[part(b, self.region, "support")])
        except Untranslatable:
            return False


def pairs(problem: Problem, scope: Scope, names: Sequence[str]) -> list[Pair]:
    """Every such pair among the named instances, of the goal and of the start."""
    found = [_pair(f, scope) for f in (*facts(problem.goal), *problem.init) if f.positive]
    return [p for p in found if p is not None and p.a in names and p.b in names and p.a in problem.objects]


def _pair(fact: Fact, scope: Scope) -> Pair | None:
    name = fact.predicate.lower()
    if name not in (*INTO, *ONTO) or len(fact.args) != 2:
        return None
    try:
        (a, _), (b, region) = scope.owner(fact.args[0]), scope.owner(fact.args[1])
    except Untranslatable:
        return None
    return None if scope.is_table(b) else Pair(a, b, region, into=name in INTO)
