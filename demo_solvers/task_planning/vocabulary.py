"""The words of a program, generated from the code and the scene: skills, predicates, bodies, and what is true."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping

from demo_solvers.skill import SKILLS, Number, Parameter
from demo_solvers.task_planning.facts import Facts
from pipeline.core.geometry import BodyGeometry
from pipeline.core.goal import Atom
from pipeline.core.layout import SceneLayout
from pipeline.holds import PREDICATES, kinds

UNTOLD = ("upright", "lying")  # of every body at the start; only what is unusual is worth a line


def skills() -> str:
    """Every skill: what it does, needs and brings about, and its parameters with defaults and ranges."""
    return "\n\n".join("\n".join(_skill(name)) for name in SKILLS)


def predicates() -> str:
    """One line a predicate: its shape with the kinds of arguments, and what it means."""
    return "\n".join(f"- `({name} {_arguments(name)})`: {_meaning(name)}" for name in PREDICATES)


def bodies(layout: SceneLayout, roles: Mapping[str, str]) -> str:
    """One line a body: its role in the task, its size, and its named points and axes."""
    return "\n".join(f"- `{body}`: {'; '.join(_body(body, shape, layout, roles))}" for body, shape in _all(layout))


def relations(facts: Facts) -> tuple[str, str]:
    """What is true in all rows, and what else is true in some."""
    sure = [a for a in facts.sure if a.predicate not in UNTOLD[:1]]
    return _listed(sure), _listed([a for a in facts.possible - facts.sure if a.predicate not in UNTOLD[:1]])


def _skill(name: str) -> Iterator[str]:
    signature = SKILLS.get(name).signature
    yield f"## {name}"
    yield f"{signature.summary[0].upper()}{signature.summary[1:]}."
    if signature.needs:
        yield f"Needs {' and '.join(f'`{text}`' for text in signature.needs)}."
    if signature.brings is not None:
        yield f"Brings about `{signature.brings}`."
    if signature.relations:
        yield f"Relations: {', '.join(signature.relations)}."
    yield from (f"- `{key}`: {_parameter(parameter)}" for key, parameter in signature.parameters.items())


def _parameter(parameter: Parameter) -> str:
    if isinstance(parameter, Number):
        unit = f" {parameter.unit}" if parameter.unit else ""
        return f"{parameter.doc}; {parameter.low:g} to {parameter.high:g}{unit}, by default {parameter.default:g}"
    return f"{parameter.doc}; one of {', '.join(parameter.among)}, by default {parameter.default}"


def _arguments(predicate: str) -> str:
    names = list(inspect.signature(PREDICATES.get(predicate)).parameters)[1:]
    return " ".join(f"<{name}: {kind}>" for name, kind in zip(names, kinds(predicate), strict=True))


def _meaning(predicate: str) -> str:
    words = " ".join((inspect.getdoc(PREDICATES.get(predicate)) or "").partition("\n\n")[0].split())
    return words.replace(", (batch,)", "")


def _all(layout: SceneLayout) -> Iterator[tuple[str, BodyGeometry]]:
    return ((body, layout.geometry[body]) for body in layout.bodies if body in layout.geometry)


def _body(body: str, shape: BodyGeometry, layout: SceneLayout, roles: Mapping[str, str]) -> Iterator[str]:
    base = body.split("/")[0]
    if base in roles:
        yield roles[base]
    yield f"{' x '.join(f'{2 * half:.3f}' for half in shape.bounds.half)} m"
    if "/" not in body:
        yield "fixed" if body in layout.fixed else "can be grasped" if shape.grasps else "cannot be grasped"
    if shape.support is not None:
        yield "things can stand on it"
    if shape.cavity is not None:
        yield "things can lie in it"
    yield from (
        f"{what} {', '.join(names)}" for what, names in (("points", shape.keypoints), ("axes", shape.axes)) if names
    )
    yield from (
        f"a {spec.kind} joint from {spec.lower:g} to {spec.upper:g} {'m' if spec.kind == 'prismatic' else 'rad'}"
        for name, spec in layout.joint_specs.items()
        if f"{name.split('/')[0]}/{spec.link}" == body
    )


def _listed(atoms: list[Atom]) -> str:
    return ", ".join(f"`{atom}`" for atom in sorted(atoms, key=str)) or "nothing more"
