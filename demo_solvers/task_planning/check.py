"""Checks of a program before anything moves: every fault as a sentence with what is allowed and what to do next."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator
from typing import Literal

from demo_solvers.skill import HOLDING, SKILLS, Signature, check_value
from pipeline.core.errors import GoalSyntaxError, InvalidInputError
from pipeline.core.geometry import Frozen
from pipeline.core.goal import Atom, atoms
from pipeline.core.layout import SceneLayout
from pipeline.core.program import Program, Stage
from pipeline.holds import PREDICATES, kinds, parse

FaultKind = Literal[
    "unknown_skill",
    "unknown_body",
    "wrong_body",
    "relation",
    "target",
    "unknown_parameter",
    "out_of_range",
    "unknown_keypoint",
    "unknown_axis",
    "formula",
    "hand",
]
LETTERS = ("x", "y", "z")
"""Axes that every body has besides those of its card."""


class Fault(Frozen):
    """One thing that is wrong with a program; ``str()`` of it is told to its author."""

    kind: FaultKind
    stage: int
    message: str

    def __str__(self) -> str:
        return self.message


def check_program(program: Program, layout: SceneLayout, *, held: str | None = None) -> tuple[Fault, ...]:
    """Every fault, in the order of the stages; () for a program that can be begun.

    ``held`` is what the hand holds at the start. Whether the program reaches a goal is not judged: physics does that.
    """
    found = list[Fault]()
    for number, stage in enumerate(program.stages):
        where = f"Stage {number} ({stage})"
        if stage.skill not in SKILLS:
            message = f"{where}: there is no skill {stage.skill!r}; {_allowed(stage.skill, SKILLS.names)}."
            found.append(Fault(kind="unknown_skill", stage=number, message=message))
            continue
        signature = SKILLS.get(stage.skill).signature
        faults: list[tuple[FaultKind, str]] = [
            *_names(stage, signature, layout),
            *_settings(stage, signature, layout),
            *_formulas(stage, layout),
        ]
        why = _hand(stage, signature, held)
        if why is not None:
            faults.append(("hand", why))
        found += [Fault(kind=kind, stage=number, message=f"{where}: {message}.") for kind, message in faults]
        held = _held_after(stage, signature, held)
    return tuple(found)


_Found = Iterator[tuple[FaultKind, str]]


def _names(stage: Stage, signature: Signature, layout: SceneLayout) -> _Found:
    """Bodies that there are not, or that are not of the kind that the skill works on."""
    if stage.body not in layout.geometry:
        yield "unknown_body", f"there is no body {stage.body!r} to work on; {_allowed(stage.body, layout.geometry)}"
    elif why := _unfit(stage, signature, layout):
        yield "wrong_body", why
    for relation in stage.relations:
        if relation.predicate not in signature.relations:
            allowed = _allowed(relation.predicate, signature.relations)
            yield "relation", f"{stage.skill} takes no relation {relation.predicate!r}; {allowed}"
        if relation.anchor not in layout.geometry:
            allowed = _allowed(relation.anchor, layout.geometry)
            yield "unknown_body", f"there is no body {relation.anchor!r} to be {relation.predicate}; {allowed}"
        elif why := _unrelated(stage.body, relation.predicate, relation.anchor, layout):
            yield "relation", why
    if signature.relations and not stage.relations and stage.target is None:
        named = ", ".join(signature.relations)
        yield "relation", f"{stage.skill} is not told where to; name a relation ({named}) or a target"
    if stage.target is not None and signature.kind != "release" and stage.skill != "move":
        yield "target", f"{stage.skill} takes no target; leave it out or use a skill that puts a body somewhere"
    if stage.target is not None and stage.target.frame not in (None, *layout.bodies):
        allowed = _allowed(str(stage.target.frame), layout.bodies)
        yield "unknown_body", f"the target's frame {stage.target.frame!r} is no body; {allowed}"


def _settings(stage: Stage, signature: Signature, layout: SceneLayout) -> _Found:
    """Parameters, points and axes that there are not, and values out of range."""
    for name, value in stage.parameters.items():
        if name not in signature.parameters:
            allowed = _allowed(name, signature.parameters)
            yield "unknown_parameter", f"{stage.skill} has no parameter {name!r}; {allowed}"
            continue
        try:
            check_value(stage.skill, name, signature.parameters[name], value)
        except InvalidInputError as error:
            yield "out_of_range", str(error).rstrip(".")
    shape = layout.geometry.get(stage.body)
    if shape is None:
        return
    if stage.keypoint is not None and stage.keypoint not in shape.keypoints:
        allowed = _allowed(stage.keypoint, shape.keypoints)
        yield "unknown_keypoint", f"{stage.body!r} has no point {stage.keypoint!r}; {allowed}"
    if stage.axis is not None and stage.axis not in (*shape.axes, *LETTERS):
        allowed = _allowed(stage.axis, (*shape.axes, *LETTERS))
        yield "unknown_axis", f"{stage.body!r} has no axis {stage.axis!r}; {allowed}"


def _formulas(stage: Stage, layout: SceneLayout) -> _Found:
    for name, text in (("pre", stage.pre), ("post", stage.post)):
        if text is None:
            continue
        try:
            formula = parse(text, tuple(layout.geometry))
        except GoalSyntaxError as error:
            yield "formula", f"{name} cannot be read: {str(error).rstrip('.')}"
            continue
        for atom in dict.fromkeys(atoms(formula)):
            if why := misused(atom, layout):
                yield "formula", f"{name}: {why}"


def _unfit(stage: Stage, signature: Signature, layout: SceneLayout) -> str | None:
    """Why the skill cannot work on the body, by the predicates that the skill needs and brings about."""
    body, shape = stage.body, layout.geometry[stage.body]
    wanted = {kinds(a.predicate)[0] for a in _said(signature, "body") if a.args[:1] == ("body",)}
    if ("movable" in wanted or signature.relations) and not _free(body, layout):
        free = [b for b in layout.geometry if _free(b, layout)]
        return f"{stage.skill} moves free bodies and {body!r} is fixed; {_allowed(body, free)}"
    if "jointed" in wanted and not _jointed(body, layout):
        links = [b for b in layout.geometry if _jointed(b, layout)]
        return f"{stage.skill} works links with a joint and {body!r} has none; {_allowed(body, links)}"
    if signature.kind == "grasp" and not shape.grasps:
        able = [b for b, s in layout.geometry.items() if s.grasps]
        return f"{body!r} has no grasp; {_allowed(body, able)}, or push it"
    return None


def _unrelated(body: str, predicate: str, anchor: str, layout: SceneLayout) -> str | None:
    """Why the body cannot be brought into the relation to the anchor."""
    if predicate not in PREDICATES:
        return None
    if anchor == body and len(kinds(predicate)) > 1:
        return f"{body!r} cannot be {predicate} itself; name another body"
    if len(kinds(predicate)) != 2:
        return None
    return misused(Atom(predicate, (body, anchor)), layout, only=1)


def misused(atom: Atom, layout: SceneLayout, *, only: int | None = None) -> str | None:
    """Why an atom, or one argument of it, can never be true for want of a surface, a cavity or a joint."""
    for index, (body, kind) in enumerate(zip(atom.args, kinds(atom.predicate), strict=True)):
        if only not in (None, index):
            continue
        able = [b for b in layout.geometry if _is(kind, b, layout)]
        if body not in able:
            return f"{body!r} is no {kind} for {atom.predicate!r}; {_allowed(body, able)}"
    return None


def _is(kind: str, body: str, layout: SceneLayout) -> bool:
    shape = layout.geometry[body]
    able = {
        "movable": _free(body, layout),
        "jointed": _jointed(body, layout),
        "support": shape.support is not None,
        "container": shape.cavity is not None,
    }
    return able.get(kind, True)


def _hand(stage: Stage, signature: Signature, held: str | None) -> str | None:
    """Why the hand is not in the state that the stage needs."""
    if signature.carries:
        if held == stage.body:
            return None
        now = "is empty" if held is None else f"holds {held!r}"
        first = "" if held is None else f"put {held!r} down and "
        return f"{stage.skill} needs {stage.body!r} in the hand, which {now}; {first}pick {stage.body!r} before it"
    if signature.kind in ("grasp", "contact") and held is not None:
        return f"{stage.skill} needs an empty hand, which holds {held!r}; place {held!r} before it"
    return None


def _held_after(stage: Stage, signature: Signature, held: str | None) -> str | None:
    if signature.kind == "release":
        return None
    takes = signature.brings is not None and HOLDING in signature.brings
    return stage.body if takes else held


def _said(signature: Signature, body: str) -> Iterator[Atom]:
    """The atoms of what a skill needs and brings about, over ``body`` and ``anchor``."""
    for text in (*signature.needs, *([signature.brings] if signature.brings else [])):
        yield from atoms(parse(text.format(body=body, anchor="anchor")))


def _free(body: str, layout: SceneLayout) -> bool:
    return "/" not in body and body in layout.geometry and body not in layout.fixed


def _jointed(body: str, layout: SceneLayout) -> bool:
    base, _, link = body.partition("/")
    return any(spec.link == link and joint.split("/")[0] == base for joint, spec in layout.joint_specs.items())


def _allowed(word: str, names: Collection[str]) -> str:
    """The names that would do, with the nearest one first."""
    if not names:
        return "there is none that would do, so leave it out"
    close = difflib.get_close_matches(word, list(names), n=1, cutoff=0.5)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"{hint}allowed: {', '.join(names)}"
