"""Rules: LIBERO's own success conditions as data, with the numbers of its object states and object classes."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.core.source import InBox, JointPast, OnArea, OnBody, Rule, Unjudged
from task_gen.bddl_formula import Fact, Formula, Group
from task_gen.imports.parts import Untranslatable, part, parts
from task_gen.imports.relations import Scope

# libero/envs/object_states/base_object_states.py (check_ontop) and envs/objects/site_object.py (under, in_box).
OFFSET, BELOW, ABOVE, SLACK = 0.03, -0.005, 0.10, 0.01  # m


@dataclass(frozen=True)
class Thresholds:
    """Where a joint counts as opened or shut, from its closed end, and its travel [m or rad]."""

    opened: float
    shut: float
    travel: float


# libero/envs/objects/articulated_objects.py, with the ranges of its MJCF files, measured from the closed end.
ARTICULATED = {
    "wooden_cabinet": Thresholds(0.15, 0.01, 0.17),  # -0.16 to 0.01: open below -0.14, shut above 0
    "white_cabinet": Thresholds(0.15, 0.01, 0.17),
    "microwave": Thresholds(1.3, 0.005, 2.094),  # -2.094 to 0: open below -1.3, shut above -0.005
    "flat_stove": Thresholds(0.505, 0.005, 2.105),  # -0.005 to 2.1: on from 0.5, off below 0
}


def rules(goal: tuple[Formula, ...], scope: Scope) -> tuple[Rule, ...]:
    """One rule for every fact of a goal, over our bodies; what our worlds cannot answer is an :class:`Unjudged`."""
    return tuple(_rule(formula, scope) for formula in goal)


def _rule(formula: Formula, scope: Scope) -> Rule:
    if isinstance(formula, Group):
        return Unjudged(text=str(formula), why="LIBERO knows conjunctions only")
    try:
        return _of_fact(formula, scope)
    except Untranslatable as error:
        return Unjudged(text=str(formula), why=str(error))


def _of_fact(fact: Fact, scope: Scope) -> Rule:
    name, sign = fact.predicate.lower(), fact.positive
    if name in ("open", "close", "turnon", "turnoff"):
        return _of_joint(fact, scope)
    if name not in ("on", "in"):
        raise Untranslatable(f"no rule is known for {fact.predicate}")
    a, (b, region) = scope.names[scope.owner(fact.args[0])[0]], scope.owner(fact.args[1])
    if scope.is_table(b):
        raise Untranslatable("it asks for a place on LIBERO's table; places on ours are drawn anew")
    if name == "in":
        return InBox(a=a, b=scope.body(b, region, "container"), slack=SLACK, positive=sign)
    if not region:
        return OnBody(a=a, b=scope.names[b], offset=OFFSET, positive=sign)
    return OnArea(a=a, b=scope.body(b, region, "support"), low=BELOW, high=ABOVE, positive=sign)


def _of_joint(fact: Fact, scope: Scope) -> Rule:
    instance, region = scope.owner(fact.args[0])
    category, name = scope.problem.category(instance), fact.predicate.lower()
    if category not in ARTICULATED:
        raise Untranslatable(f"no thresholds are known for {category!r}")
    known, use = ARTICULATED[category], "turns" if name.startswith("turn") else "opens"
    asset = scope.asset(instance)
    links = (part(asset, region, use),) if region else parts(asset, use)
    if len(links) != 1:
        raise Untranslatable(f"{category!r} has {len(links)} joints and the fact names none")
    more = name in ("open", "turnon")
    return JointPast(
        link=f"{scope.names[instance]}/{links[0]}",
        side="more" if more else "less",
        at=known.opened if more else known.shut,
        travel=known.travel,
        positive=fact.positive,
    )
