"""A parsed BDDL problem as a TaskSpec of ours, and a report of what became of everything in it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import ValidationError

from pipeline.core.asset import AssetSpec
from pipeline.core.doors import Catalog
from pipeline.core.goal import Goal, literals
from pipeline.core.robot import RobotSpec
from pipeline.core.source import Source, SourceThing
from pipeline.core.task import TaskObject, TaskSpec
from pipeline.holds import parse
from task_gen.bddl import Problem
from task_gen.compose import TABLE
from task_gen.gate import static_gate
from task_gen.imports.casting import Cast, add_scenery, castings, leads, players, shortlist
from task_gen.imports.lexicon import identifier, is_ground
from task_gen.imports.pairs import pairs
from task_gen.imports.parts import Untranslatable
from task_gen.imports.ranking import Candidate
from task_gen.imports.relations import Scope, translate
from task_gen.imports.report import Change, ImportReport, Missing
from task_gen.imports.rules import rules
from task_gen.imports.wording import JOINTED, TURNED, family, horizon, instruction, task_name
from task_gen.pantry import fits_inside, fits_on
from task_gen.paraphrase import paraphrase
from task_gen.reasons import Reason

Dialect = Literal["libero", "behavior"]


def import_problem(problem: Problem, text: str, catalog: Catalog, robot: RobotSpec, *, file: str) -> ImportReport:
    """The task that a problem describes, played by the catalogue's assets; never raises for what cannot be mapped."""
    return _Import(problem, text, catalog, robot, file).report()


@dataclass
class _Draft:
    """A task as far as it could be written, and what stands against it."""

    task: TaskSpec | None = None
    gate: tuple[Reason, ...] = ()
    unsaid: list[Missing] = field(default_factory=list)  # of the goal: without it there is no task
    dropped: list[Missing] = field(default_factory=list)  # of the start
    changes: list[Change] = field(default_factory=list)

    @property
    def reasons(self) -> tuple[str, ...]:
        return (*(m.why for m in self.unsaid), *(m.why for m in self.dropped), *map(str, self.gate))


class _Import:
    def __init__(self, problem: Problem, text: str, catalog: Catalog, robot: RobotSpec, file: str) -> None:
        self.problem, self.text, self.catalog, self.robot, self.file = problem, text, catalog, robot, file
        libero = bool(problem.fixtures or problem.regions or problem.domain == "robosuite")
        self.dialect: Dialect = "libero" if libero else "behavior"
        self.name = task_name(problem, dialect=self.dialect)
        self.names = _names(problem)

    def report(self) -> ImportReport:
        scope = Scope(self.problem, self.names, {})
        try:
            core = leads(self.problem, scope)
        except Untranslatable as error:
            return self._without_task([Missing(name=self.problem.name, why=f"{error}.")])
        rest = [n for n in players(self.problem) if n not in core]
        choices = shortlist([*core, *rest], self.problem, self.catalog)
        unknown = [n for n in core if not choices[self.problem.category(n)]]
        if unknown:
            return self._without_task([self._missing(n, "the library has nothing like it") for n in unknown])
        cast, draft = self._cast(core, choices)
        if draft.task is None:
            return self._without_task(draft.unsaid or [Missing(name=self.problem.name, why=" ".join(draft.reasons))])
        left = [self._missing(n, "furniture that neither the goal nor the start needs") for n in rest
                if n in self.problem.fixtures]  # fmt: skip
        if not draft.gate:
            scenery = [n for n in rest if n in self.problem.objects]
            refused = add_scenery(cast, scenery, self.problem, choices, self._weigh)
            left += [self._missing(n, why) for n, why in refused.items()]
            draft = self._draft(cast)
        mapped = tuple(c.mapped(n, self.problem.category(n)) for n, c in cast.items())
        return ImportReport(
            name=self.name, file=self.file, format="bddl", task=draft.task, gate=draft.gate, mapped=mapped,
            left_out=(*left, *draft.dropped), changes=(*self._grounds(), *dict.fromkeys(draft.changes)),
        )  # fmt: skip

    def _cast(self, core: list[str], choices: Mapping[str, list[Candidate]]) -> tuple[Cast, _Draft]:
        """The nearest cast against which nothing stands; else the nearest of which a task can be made at all."""
        fallback: tuple[Cast, _Draft] | None = None
        wanted = pairs(self.problem, Scope(self.problem, self.names, {}), core)
        for cast in castings(core, self.problem, choices, wanted):
            draft = self._draft(cast)
            if draft.task is not None and not draft.reasons:
                return cast, draft
            better = fallback is None or _rank(draft) < _rank(fallback[1])
            fallback = (cast, draft) if better else fallback
        assert fallback is not None
        return fallback

    def _weigh(self, cast: Cast) -> tuple[tuple[Reason, ...], int]:
        draft = self._draft(cast)
        return draft.gate, len(draft.dropped)

    def _draft(self, cast: Cast) -> _Draft:
        """The task with this cast; what is not in it is not spoken of."""
        draft = _Draft()
        assets = {n: c.asset for n, c in cast.items()}
        scope = Scope(self.problem, self.names, assets)
        goal = self._goal(scope, draft)
        if draft.unsaid or goal is None:
            return draft
        initial = self._initial(scope, goal, draft)
        shut = [a.args[0] for text in initial for a, p in literals(parse(text)) if p and a.predicate == "is_closed"]
        said = instruction(self.problem, cast, name=self.name)
        try:
            draft.task = TaskSpec(
                name=self.name,
                family=family(goal, shut, said=said),
                instruction=said,
                paraphrases=paraphrase(said),
                objects=(TABLE, *self._objects(assets, goal)),
                initial=initial,
                goal=str(goal),
                horizon=horizon(goal, shut),
                author=self.dialect,
                source=self._source(scope),
            )
        except ValidationError as error:
            draft.unsaid.append(Missing(name=self.name, why=f"{error.errors()[0]['loc']}: {error.errors()[0]['msg']}"))
            return draft
        draft.gate = (*static_gate(draft.task, self.catalog, self.robot).reasons, *self._misfits(initial, assets))
        return draft

    def _goal(self, scope: Scope, draft: _Draft) -> Goal | None:
        texts: list[str] = []
        for formula in self.problem.goal:
            try:
                ours = translate(formula, scope, goal=True)
            except Untranslatable as error:
                draft.unsaid.append(Missing(name=str(formula), why=f"{error}."))
                continue
            draft.changes += ours.changes
            texts += [ours.formula] if ours.formula else []
        if not texts and not draft.unsaid:
            draft.unsaid.append(Missing(name=self.problem.goal_text[:200], why="the goal says nothing that we judge."))
        if not texts:
            return None
        return parse(texts[0] if len(texts) == 1 else f"(and {' '.join(dict.fromkeys(texts))})")

    def _initial(self, scope: Scope, goal: Goal, draft: _Draft) -> tuple[str, ...]:
        """What holds at the start, and that every drawer, door and knob that the task names starts shut."""
        found: list[str] = []
        for fact in self.problem.init:
            owners = [o for arg in fact.args if (o := _owner(arg, scope)) and not scope.is_table(o)]
            if any(o not in scope.cast for o in owners) and fact.args[0] not in scope.cast:
                continue
            try:
                ours = translate(fact, scope, goal=False)
            except Untranslatable as error:
                draft.dropped.append(Missing(name=str(fact), why=f"{error}."))
                continue
            draft.changes += ours.changes
            found += [ours.formula] if ours.formula else []
        found = list(dict.fromkeys(found))
        spoken = {a.args[0] for text in found for a, _ in literals(parse(text)) if a.predicate in JOINTED}
        named = [arg for text in (*found, str(goal)) for a, _ in literals(parse(text)) for arg in a.args if "/" in arg]
        jointed = {f"{self.names[n]}/{j.link}" for n, a in scope.cast.items() for j in a.joints}
        shut = [arg for arg in dict.fromkeys(named) if arg not in spoken and arg in jointed]
        turned = {a.args[0] for text in (*found, str(goal)) for a, _ in literals(parse(text)) if a.predicate in TURNED}
        return (*found, *(f"({'turned_off' if arg in turned else 'is_closed'} {arg})" for arg in shut))

    def _misfits(self, initial: tuple[str, ...], assets: dict[str, AssetSpec]) -> tuple[Reason, ...]:
        """Things that are too large for where they start."""
        by_name = {self.names[n]: a for n, a in assets.items()}
        reasons: list[Reason] = []
        for i, text in enumerate(initial):
            for atom, positive in literals(parse(text)):
                if not positive or atom.predicate not in ("on", "inside") or atom.args[1] == TABLE.name:
                    continue
                owner, _, link = atom.args[1].partition("/")
                fits = fits_on if atom.predicate == "on" else fits_inside
                if not fits(by_name[atom.args[0]], by_name[owner].links[link]):
                    why = f"{atom}: {by_name[atom.args[0]].noun!r} does not fit there at the start."
                    reasons.append(Reason(code="too_large", message=why, at=f"initial[{i}]", subject=str(atom)))
        return tuple(reasons)

    def _objects(self, assets: dict[str, AssetSpec], goal: Goal) -> list[TaskObject]:
        moved = {a.args[0] for a, p in literals(goal) if p and not a.predicate.startswith("is_")}
        named = {arg.partition("/")[0] for a, _ in literals(goal) for arg in a.args}
        found: list[TaskObject] = []
        for instance, asset in assets.items():
            name = self.names[instance]
            role = "fixture" if asset.fixed else "manipuland" if name in moved else "receptacle"
            found.append(TaskObject(name=name, asset=asset.name, role=role if name in named else "distractor"))
        return found

    def _source(self, scope: Scope) -> Source:
        every = self.problem.objects | self.problem.fixtures
        return Source(
            dialect=self.dialect,
            name=self.problem.name,
            sha256=hashlib.sha256(self.text.encode()).hexdigest(),
            language=self.problem.language,
            things=tuple(SourceThing(name=n, category=c) for n, c in every.items()),
            initial=tuple(map(str, self.problem.init)),
            goal=self.problem.goal_text,
            rules=rules(self.problem.goal, scope) if self.dialect == "libero" else (),
        )

    def _grounds(self) -> list[Change]:
        every = self.problem.objects | self.problem.fixtures
        return [
            Change(source=f"{n} - {c}", ours="table", why="everything stands on one table; places are drawn anew")
            for n, c in every.items()
            if is_ground(c)
        ]

    def _missing(self, name: str, why: str) -> Missing:
        return Missing(name=name, category=self.problem.category(name), why=why)

    def _without_task(self, unmapped: list[Missing]) -> ImportReport:
        return ImportReport(name=self.name, file=self.file, format="bddl", unmapped=tuple(unmapped))


def _names(problem: Problem) -> dict[str, str]:
    """Our name of every instance; two that would be called the same are told apart by a number."""
    found: dict[str, str] = {}
    for instance in problem.objects | problem.fixtures:
        name, count = identifier(instance), 2
        while name in found.values() or name == TABLE.name:
            name, count = f"{identifier(instance)}_{count}", count + 1
        found[instance] = name
    return found


def _owner(arg: str, scope: Scope) -> str | None:
    try:
        return scope.owner(arg)[0]
    except Untranslatable:
        return None


def _rank(draft: _Draft) -> tuple[bool, int, int]:
    """Lower is better: a task at all, then what the gate says, then what is lost of the start."""
    return draft.task is None, len(draft.gate) + len(draft.unsaid), len(draft.dropped)
