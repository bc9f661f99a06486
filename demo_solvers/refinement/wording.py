"""What a model is told: skills, bodies, programs and what was tried, generated from the code and the scene."""

from __future__ import annotations

from collections.abc import Iterator

from demo_solvers.skill import SKILLS, Number, Parameter
from pipeline.core.layout import SceneLayout
from pipeline.core.program import Program, Stage


def skills_in_words() -> str:
    """Every skill with what it needs, brings about, and its parameters with ranges."""
    return "\n\n".join(map(_skill, SKILLS))


def bodies_in_words(layout: SceneLayout) -> str:
    """Every body of the scene that can be worked on, with its named points and axes."""
    return "\n".join(_bodies(layout))


def program_in_words(program: Program) -> str:
    """Its stages, numbered from 0, with what is particular about them."""
    return "\n".join(f"{number}. {_stage(stage)}" for number, stage in enumerate(program.stages))


def _skill(name: str) -> str:
    signature = SKILLS.get(name).signature
    lines = [f"### {name}: {signature.summary}"]
    lines += [f"needs {text}" for text in signature.needs]
    if signature.brings is not None:
        lines.append(f"brings about {signature.brings}")
    if signature.relations:
        lines.append(f"relations: {', '.join(signature.relations)}")
    return "\n".join([*lines, *(f"- {n}: {_parameter(p)}" for n, p in signature.parameters.items())])


def _parameter(parameter: Parameter) -> str:
    if isinstance(parameter, Number):
        unit = f" {parameter.unit}" if parameter.unit else ""
        return f"{parameter.low:g} to {parameter.high:g}{unit}, default {parameter.default:g}; {parameter.doc}"
    return f"one of {', '.join(parameter.among)}, default {parameter.default}; {parameter.doc}"


def _bodies(layout: SceneLayout) -> Iterator[str]:
    for body, geometry in layout.geometry.items():
        said = [f"points {', '.join(geometry.keypoints)}"] if geometry.keypoints else []
        said += [f"axes {', '.join(geometry.axes)}"] if geometry.axes else []
        said += [] if geometry.grasps else ["cannot be grasped"]
        size = " x ".join(f"{2 * h:.3f}" for h in geometry.bounds.half)
        yield f"- {body}: {'; '.join([f'{size} m', *said])}"


def _stage(stage: Stage) -> str:
    parts = [str(stage)]
    parts += [f"{name} = {value}" for name, value in stage.parameters.items()]
    parts += [f"at {stage.keypoint}"] if stage.keypoint else []
    parts += [f"along {stage.axis}"] if stage.axis else []
    return ", ".join(parts)
