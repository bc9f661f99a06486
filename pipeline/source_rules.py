"""A second judgement: whether a world meets the rules of the task's source, beside our own goal formula."""

from __future__ import annotations

import numpy as np

from pipeline.core.poses import quat_to_matrix
from pipeline.core.source import InBox, JointPast, OnArea, OnBody, Rule, Source, Unjudged
from pipeline.core.world import Bools, WorldState
from pipeline.predicates._shapes import box_pose, centre, geometry
from pipeline.predicates._support import surface_of
from pipeline.predicates._travel import opening


def judged(source: Source) -> bool:
    """Whether every rule of the source can be answered by a world of ours."""
    return bool(source.rules) and not any(isinstance(rule, Unjudged) for rule in source.rules)


def source_holds(source: Source, world: WorldState) -> Bools | None:
    """Whether the source would call it success, (batch,); None when one of its rules cannot be judged.

    The rules are ported as they stand in LIBERO's ``object_states`` and ``site_object``, weaknesses included: no
    waiting, no letting go, and boxes that a turned container distorts. Where it compares body origins, the foot of our
    objects stands for those of its dishes and bottles (``on``), and the middle for those of its groceries (``in``).
    """
    if not judged(source):
        return None
    return np.all([_met(rule, world) for rule in source.rules], axis=0)


def _met(rule: Rule, world: WorldState) -> Bools:
    if isinstance(rule, OnBody):
        found = _on_body(rule, world)
    elif isinstance(rule, OnArea):
        found = _on_area(rule, world)
    elif isinstance(rule, InBox):
        found = _in_box(rule, world)
    elif isinstance(rule, JointPast):
        found = _joint_past(rule, world)
    else:
        raise TypeError(f"{rule} cannot be judged; ask judged() first.")
    return found == rule.positive


def _on_body(rule: OnBody, world: WorldState) -> Bools:
    """``ObjectState.check_ontop``."""
    a, b = (world.body(body)[:, :3].astype(float) for body in (rule.a, rule.b))
    apart = np.linalg.norm((a - b)[:, :2], axis=-1)
    return (b[:, 2] <= a[:, 2]) & world.touching(rule.a, rule.b) & (apart < rule.offset)


def _on_area(rule: OnArea, world: WorldState) -> Bools:
    """``SiteObject.under``: the offset is turned by the site's rotation, not by its inverse."""
    area = geometry(world, rule.b).support
    if area is None:
        return np.zeros(len(world), bool)
    site, half = surface_of(world, rule.b, area)
    offset = np.einsum("bij,bj->bi", quat_to_matrix(site[:, 3:]), world.body(rule.a)[:, :3] - site[:, :3])
    level = (offset[:, 2] > rule.low) & (offset[:, 2] < rule.high)
    return level & (np.abs(offset[:, :2]) < np.array(half[:2])).all(axis=-1) & world.touching(rule.a, rule.b)


def _in_box(rule: InBox, world: WorldState) -> Bools:
    """``SiteObject.in_box``: the box keeps to the world's axes, its half sizes are ``|R half|``."""
    cavity = geometry(world, rule.b).cavity
    if cavity is None:
        return np.zeros(len(world), bool)
    site = box_pose(world, rule.b, cavity)
    half = np.abs(np.einsum("bij,j->bi", quat_to_matrix(site[:, 3:]), np.array(cavity.half)))
    middle = centre(world, rule.a)
    low, high = site[:, :3] - half - (0.0, 0.0, rule.slack), site[:, :3] + half
    return ((middle > low) & (middle < high)).all(axis=-1)


def _joint_past(rule: JointPast, world: WorldState) -> Bools:
    """``is_open``, ``is_close``, ``turn_on``, ``turn_off``, at the same share of our joint's travel."""
    amount, joint = opening(world, rule.link)
    threshold = rule.at / rule.travel * (joint.upper - joint.lower)
    return amount > threshold if rule.side == "more" else amount < threshold
