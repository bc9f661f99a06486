"""Length of a task in stages: things that are moved, joints that are changed, and closets opened on the way."""

from __future__ import annotations

from pipeline.core.asset import AssetSpec
from pipeline.core.doors import Catalog
from pipeline.core.goal import Atom, literals
from pipeline.core.task import TaskSpec
from pipeline.holds import parse

PLACES = ("on", "inside", "within", "above", "near", "left_of", "right_of", "in_front_of", "behind", "aligned", "lying")
OPENED = {"is_open": True, "is_closed": False, "turned_on": True, "turned_off": False}


def stages(task: TaskSpec, catalog: Catalog) -> int:
    """How many things have to be moved, opened, closed or turned, each counted once for every time.

    By the words alone: a thing counts once that the goal places where it does not start, a joint once that ends
    otherwise than it starts (closed and off where nothing is said), and a door or drawer that is shut at both ends
    twice when something goes in or comes out of it.
    """
    assets = {o.name: catalog.asset(o.asset) for o in task.objects}
    start = _holding(list(task.initial))
    goal = _holding([task.goal])
    placed = [a for a in goal if a.predicate in PLACES and a not in start]
    rows = [a for a in goal if a.predicate == "in_a_row" and a not in start]
    moved = {a.args[0] for a in placed} | {body for a in rows for body in a.args[:2]}
    before, after = _joints(start), _joints(goal)
    changed = [j for j, opened in after.items() if before.get(j, False) != opened]
    passed = {
        door
        for a in (*placed, *(a for a in start if a.args[0] in moved))
        if a.predicate == "inside" and (door := _door(a.args[1], assets))
    }
    reopened = [j for j in passed if not before.get(j, False) and j not in changed]
    closed_again = sum(not after[j] for j in reopened if j in after)
    return len(moved) + len(changed) + len(reopened) + closed_again


def _holding(formulas: list[str]) -> list[Atom]:
    return [atom for text in formulas for atom, positive in literals(parse(text)) if positive]


def _joints(atoms: list[Atom]) -> dict[str, bool]:
    return {a.args[0]: OPENED[a.predicate] for a in atoms if a.predicate in OPENED}


def _door(body: str, assets: dict[str, AssetSpec]) -> str | None:
    """What closes the container ``body``: the drawer itself, or the door or lid of what it belongs to."""
    name, _, link = body.partition("/")
    asset = assets.get(name)
    links = [j.link for j in asset.joints if "pull" in asset.links[j.link].axes] if asset else []
    if link:
        return body if link in links else None
    return f"{name}/{links[0]}" if links else None
