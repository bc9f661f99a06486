"""The words a model may use, generated from the code: predicates, families, assets, and what the robot can do."""

from __future__ import annotations

import inspect
from collections.abc import Iterable

from pipeline.core.asset import AssetSpec
from pipeline.core.robot import RobotSpec
from pipeline.holds import PREDICATES, kinds
from task_gen.author import FAMILIES
from task_gen.pantry import Pantry

PASSING = ("pouring",)
"""What is so only while a skill is at work: no task ends in it."""


def predicates() -> str:
    """One line a predicate: its shape with the kinds of arguments, and what it means."""
    lasting = [name for name in PREDICATES if name not in PASSING]
    return "\n".join(f"- `({name} {_arguments(name)})`: {_meaning(PREDICATES.get(name))}" for name in lasting)


def families() -> str:
    """One line a family, from its module's first sentence."""
    return "\n".join(f"- `{name}`: {_module_sentence(FAMILIES.get(name))}" for name in FAMILIES)


def assets(pantry: Pantry) -> str:
    """One line an asset: name, noun, size, affordances, links."""
    return "\n".join(_asset_line(a) for a in pantry.everything)


def abilities(robot: RobotSpec) -> str:
    """What the robot can reach and hold, in a sentence or two."""
    width = robot.gripper.max_width * 100
    return (
        f"A {robot.noun} fixed to the table, with a parallel gripper that opens {width:.1f} cm and reaches "
        f"{robot.reach * 100:.0f} cm. It picks and places, stacks, pushes along the table, and opens and closes "
        "drawers. It has one hand: it cannot hold two things, pour, throw, screw or cut."
    )


def _arguments(predicate: str) -> str:
    names = list(inspect.signature(PREDICATES.get(predicate)).parameters)[1:]
    return " ".join(f"<{name}: {kind}>" for name, kind in zip(names, kinds(predicate), strict=True))


def _meaning(function: object) -> str:
    """The docstring's first paragraph, without the arrays' shapes, which no author of tasks needs."""
    words = " ".join((inspect.getdoc(function) or "").partition("\n\n")[0].split())
    return words.replace(", (batch,)", "")


def _module_sentence(function: object) -> str:
    module = inspect.getmodule(function)
    text = (inspect.getdoc(module) or "").partition("\n\n")[0]
    return " ".join(text.partition(": ")[2].split()) or text


def _asset_line(asset: AssetSpec) -> str:
    half = asset.links[""].bounds.half
    size = "x".join(f"{200 * h:.0f}" for h in half)
    grasps = [g.width for g in asset.links[""].grasps]
    holds = f", grasp {100 * min(grasps):.1f}" if grasps else ""
    links = [f"`{asset.name}/{link}`" for link in asset.links if link]
    parts = f", links {', '.join(links)}" if links else ""
    return f"- `{asset.name}`: {asset.noun}, {size}{holds}; {_listed(asset.affordances)}{parts}"


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words) or "scenery"
