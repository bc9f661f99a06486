"""The source's own rules are judged as its code judges them, weaknesses included, beside our predicates."""

from __future__ import annotations

import pytest

from pipeline.core.poses import pose, quat_from_axis_angle
from pipeline.core.source import InBox, JointPast, OnArea, OnBody, Rule, Source, Unjudged
from pipeline.holds import holds, parse
from pipeline.source_rules import judged, source_holds

UP = (0.0, 0.0, 1.0)
ON_PLATE = OnBody(a="mug", b="plate", offset=0.03)
IN_BOWL = InBox(a="block", b="bowl", slack=0.01)
DRAWER = JointPast(link="cabinet/drawer", side="more", at=0.15, travel=0.17)


def source(*rules: Rule) -> Source:
    return Source(dialect="libero", name="x", sha256="0" * 64, goal="(And)", rules=rules)


def judge(rule: Rule, world) -> bool:
    found = source_holds(source(rule), world)
    assert found is not None
    return bool(found[0])


def test_on_a_body_asks_for_touch_height_and_three_centimetres_but_not_for_letting_go(scene) -> None:
    touch = [("mug", "plate")]
    assert judge(ON_PLATE, scene(touch, plate=(0.4, 0, 0), mug=(0.429, 0, 0.02)))
    assert not judge(ON_PLATE, scene(touch, plate=(0.4, 0, 0), mug=(0.431, 0, 0.02)))
    assert not judge(ON_PLATE, scene(plate=(0.4, 0, 0), mug=(0.4, 0, 0.02)))
    assert not judge(ON_PLATE, scene(touch, plate=(0.4, 0, 0), mug=(0.4, 0, -0.01)))
    held = [*touch, ("mug", "robot/left_finger"), ("mug", "robot/right_finger")]
    world = scene(held, plate=(0.4, 0, 0), mug=(0.4, 0, 0.02))
    assert judge(ON_PLATE, world)
    assert not holds(parse("(on mug plate)"), world)[0]


def test_ours_takes_what_is_off_centre_where_the_source_does_not(scene) -> None:
    world = scene([("mug", "plate")], plate=(0.4, 0, 0), mug=(0.45, 0, 0.015))
    assert holds(parse("(on mug plate)"), world)[0]
    assert not judge(ON_PLATE, world)


def test_on_an_area_is_a_window_above_it_with_touch(scene) -> None:
    rule = OnArea(a="mug", b="cabinet", low=-0.005, high=0.10)
    touch, cabinet = [("mug", "cabinet")], (0.8, 0, 0)
    assert judge(rule, scene(touch, cabinet=cabinet, mug=(0.8, 0, 0.40)))
    assert judge(rule, scene(touch, cabinet=cabinet, mug=(0.8, 0, 0.499)))
    assert not judge(rule, scene(touch, cabinet=cabinet, mug=(0.8, 0, 0.501)))
    assert not judge(rule, scene(touch, cabinet=cabinet, mug=(0.8, 0.18, 0.40)))
    assert not judge(rule, scene(cabinet=cabinet, mug=(0.8, 0, 0.40)))


def test_in_a_box_is_a_point_test_that_a_turned_container_distorts(scene) -> None:
    at = (0.4, 0, 0)
    assert judge(IN_BOWL, scene(bowl=at, block=(0.4, 0, 0.01)))
    assert judge(IN_BOWL, scene(bowl=at, block=(0.449, 0, 0.01)))
    assert not judge(IN_BOWL, scene(bowl=at, block=(0.451, 0, 0.01)))
    assert not judge(IN_BOWL, scene(bowl=at, block=(0.4, 0, 0.05)))
    turned = pose(at, quat_from_axis_angle(UP, 0.785398))
    assert not judge(IN_BOWL, scene(bowl=turned, block=(0.41, 0, 0.01)))
    assert holds(parse("(inside block bowl)"), scene(bowl=turned, block=(0.41, 0, 0.01)))[0]


def test_a_joint_is_judged_at_the_same_share_of_our_travel(scene) -> None:
    threshold = 0.15 / 0.17 * 0.2
    assert judge(DRAWER, scene(drawer=threshold + 0.001))
    assert not judge(DRAWER, scene(drawer=threshold - 0.001))
    shut = JointPast(link="cabinet/drawer", side="less", at=0.01, travel=0.17)
    assert judge(shut, scene(drawer=0.011))
    assert not judge(shut, scene(drawer=0.013))
    assert judge(shut.model_copy(update={"positive": False}), scene(drawer=0.1))


def test_all_rules_count_and_what_cannot_be_judged_is_no_answer(scene) -> None:
    world = scene([("mug", "plate")], plate=(0.4, 0, 0), mug=(0.4, 0, 0.02), bowl=(0, 0.5, 0))
    assert not source_holds(source(ON_PLATE, IN_BOWL), world)[0]
    unjudged = Unjudged(text="(On plate_1 main_table_region)", why="places are drawn anew")
    assert source_holds(source(ON_PLATE, unjudged), world) is None
    assert source_holds(source(), world) is None
    assert not judged(source(unjudged))


@pytest.mark.parametrize("rule", [ON_PLATE, IN_BOWL, DRAWER])
def test_rules_survive_json(rule: Rule) -> None:
    kept = source(rule)
    assert Source.model_validate_json(kept.model_dump_json()) == kept
