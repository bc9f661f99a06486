"""Relations: a fact of the source as a formula of ours, over the assets that play its things."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pipeline.core.asset import AssetSpec
from task_gen.bddl import Problem
from task_gen.bddl_formula import Fact, Formula, Group
from task_gen.imports.lexicon import AGENTS, head, is_ground
from task_gen.imports.parts import Untranslatable, Use, part, parts
from task_gen.imports.places import place
from task_gen.imports.report import Change

TABLE = "table"
STATES = (  # that other simulators keep and a world of ours does not
    "assembled attached broken burnt contains cooked covered draped dusty filled folded frozen future grasped hot "
    "insource on_fire overlaid real saturated sliced soaked stained unfolded up"
)
ELSEWHERE = {
    **dict.fromkeys(STATES.split(), "our worlds keep no such state"),
    "under": "no predicate of ours says under",
}
IGNORED = {"inroom": "our scenes are one table, not rooms"}


@dataclass(frozen=True)
class Scope:
    """What a translation may look at: the problem, our names, and the assets chosen so far."""

    problem: Problem
    names: Mapping[str, str]
    cast: Mapping[str, AssetSpec]

    def is_table(self, instance: str) -> bool:
        """Whether an instance is the table or floor that everything stands on."""
        return instance in self.problem.fixtures | self.problem.objects and is_ground(self.problem.category(instance))

    def owner(self, name: str) -> tuple[str, str]:
        """The instance and the region (``""`` for the thing itself) that an argument names."""
        if name in self.problem.objects or name in self.problem.fixtures:
            return name, ""
        found = self.problem.region_of(name)
        if found is not None:
            return found[0], found[1].name
        for instance in sorted(self.problem.fixtures | self.problem.objects, key=len, reverse=True):
            if name.startswith(f"{instance}_"):
                return instance, name[len(instance) + 1 :]
        raise Untranslatable(f"{name!r} is neither an object nor a fixture nor a region of the file")

    def asset(self, instance: str) -> AssetSpec:
        """The asset that plays an instance; raises :class:`Untranslatable` when nothing does."""
        if instance not in self.cast:
            raise Untranslatable(f"{instance!r} is not in the task")
        return self.cast[instance]

    def body(self, instance: str, region: str, use: Use) -> str:
        """Our name of the part of an instance that serves ``use``."""
        link = part(self.asset(instance), region, use)
        return f"{self.names[instance]}/{link}" if link else self.names[instance]


@dataclass(frozen=True)
class Ours:
    """A formula of ours (None: nothing needs saying) and in what it differs from the source's sentence."""

    formula: str | None
    changes: tuple[Change, ...] = ()


def translate(formula: Formula, scope: Scope, *, goal: bool) -> Ours:
    """A fact or group in our words; raises :class:`Untranslatable` with the reason."""
    if isinstance(formula, Group):
        found = [translate(p, scope, goal=goal) for p in formula.parts]
        said = [o.formula for o in found if o.formula]
        text = None if not said else said[0] if len(said) == 1 else f"({formula.op} {' '.join(said)})"
        return Ours(text, tuple(c for o in found for c in o.changes))
    name = formula.predicate.lower()
    if name in IGNORED:
        return Ours(None)
    if name in ELSEWHERE:
        raise Untranslatable(f"{ELSEWHERE[name]} ({formula.predicate})")
    if name not in PREDICATES:
        known = ", ".join(sorted(PREDICATES))
        raise Untranslatable(f"unknown predicate {formula.predicate!r}; known are {known}")
    count, said = PREDICATES[name]
    if len(formula.args) != count:
        raise Untranslatable(f"{formula.predicate} takes {count} name{'s' if count > 1 else ''}")
    ours = said(formula, scope, goal=goal)
    if formula.positive or ours.formula is None or name in JOINTS:
        return ours
    return Ours(f"(not {ours.formula})", ours.changes)


def _on(fact: Fact, scope: Scope, *, goal: bool) -> Ours:
    (a, _), (b, region) = scope.owner(fact.args[0]), scope.owner(fact.args[1])
    if head(scope.problem.category(a)) in AGENTS or a in scope.problem.fixtures:
        return Ours(None)  # where furniture stands is the scene builder's business
    scope.asset(a)
    subject = scope.names[a]
    if scope.is_table(b):
        return _on_table(fact, subject, region, scope, goal=goal)
    carrier = scope.asset(b)
    if carrier.links[""].support is None and carrier.links[""].cavity is not None and not region:
        inner = f"(inside {subject} {scope.names[b]})"
        return Ours(inner, (Change(source=str(fact), ours=inner, why=f"a {carrier.noun} takes things inside"),))
    return Ours(f"(on {subject} {scope.body(b, region, 'support')})")


def _on_table(fact: Fact, subject: str, region: str, scope: Scope, *, goal: bool) -> Ours:
    found = place(region, scope.owner(fact.args[0])[0], scope.problem) if region else None
    if found is not None and all(o in scope.cast for o in found.others):
        formula = found.formula(subject, dict(scope.names))
        formula = f"(and (on {subject} {TABLE}) {formula})" if goal else formula
        why = "places on the table are drawn anew; what the region's name says is kept"
        return Ours(formula, (Change(source=str(fact), ours=formula, why=why),))
    if not goal:
        return Ours(None)
    if region:
        raise Untranslatable(
            f"the region {region!r} is a place on the table whose name says nothing about other things"
        )
    return Ours(f"(on {subject} {TABLE})")


def _in(fact: Fact, scope: Scope, *, goal: bool) -> Ours:
    (a, _), (b, region) = scope.owner(fact.args[0]), scope.owner(fact.args[1])
    scope.asset(a)
    return Ours(f"(inside {scope.names[a]} {scope.body(b, region, 'container')})")


def _pair(relation: str) -> Callable[..., Ours]:
    def said(fact: Fact, scope: Scope, *, goal: bool) -> Ours:
        a, b = (scope.owner(arg)[0] for arg in fact.args)
        if scope.is_table(b):
            return Ours(f"(on {scope.names[a]} {TABLE})")
        for instance in (a, b):
            scope.asset(instance)
        return Ours(f"({relation} {scope.names[a]} {scope.names[b]})")

    return said


SAID: dict[Use, tuple[str, str]] = {"opens": ("is_closed", "is_open"), "turns": ("turned_off", "turned_on")}


def _joint(use: Use, *, opens: bool) -> Callable[..., Ours]:
    """Opened, or turned on: any joint of the thing, or the region's; shut, or turned off: all of them."""

    def said(fact: Fact, scope: Scope, *, goal: bool) -> Ours:
        instance, region = scope.owner(fact.args[0])
        opened = opens == fact.positive
        predicate = SAID[use][opened]
        asset, name = scope.asset(instance), scope.names[instance]
        links = (part(asset, region, use),) if region else parts(asset, use)
        atoms = [f"({predicate} {name}/{link})" for link in links]
        text = atoms[0] if len(atoms) == 1 else f"({'or' if opened and goal else 'and'} {' '.join(atoms)})"
        why = "on means turned by half of its travel" if use == "turns" else "not open is shut"
        changed = use == "turns" or not fact.positive
        return Ours(text, (Change(source=str(fact), ours=text, why=why),) if changed else ())

    return said


JOINTS = frozenset({"open", "close", "closed", "turnon", "turnoff", "toggled_on"})
PREDICATES: dict[str, tuple[int, Callable[..., Ours]]] = {
    "on": (2, _on),
    "ontop": (2, _on),
    "onfloor": (2, _on),
    "stack": (2, _on),
    "in": (2, _in),
    "inside": (2, _in),
    "nextto": (2, _pair("near")),
    "touching": (2, _pair("touching")),
    "incontact": (2, _pair("touching")),
    "open": (1, _joint("opens", opens=True)),
    "close": (1, _joint("opens", opens=False)),
    "closed": (1, _joint("opens", opens=False)),
    "turnon": (1, _joint("turns", opens=True)),
    "toggled_on": (1, _joint("turns", opens=True)),
    "turnoff": (1, _joint("turns", opens=False)),
}
