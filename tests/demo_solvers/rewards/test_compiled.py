"""Compiled rewards: the numbers they give, change between steps, gates, and what is logged."""

from dataclasses import replace

import pytest
import torch

from demo_solvers.rewards.compiled import compiled
from demo_solvers.rewards.state import RewardState


def moved(state, world, body, x):
    pose = state.pose.clone()
    pose[:, world.layout.body(body), 0] += x
    return replace(state, pose=pose)


def test_numbers_are_computed_as_arithmetic_has_them(layout, state):
    reward = compiled("a: 2 * 3 - 4 / 8 + max(1, 2) - min(3, -1) + abs(-2) + square(3) + clip(9, 0, 1)", layout)
    assert reward(state).total.tolist() == [20.5] * 4
    assert (reward.low, reward.high) == (20.5, 20.5)


def test_units_are_si_underneath(layout, state):
    reward = compiled("a: 50 cm / 1 m + 180 deg / 1 rad + 3 cm / 1 mm", layout)
    assert reward(state).total[0].item() == pytest.approx(0.5 + 3.14159265 + 30, abs=1e-5)


def test_lines_and_terms_are_logged_by_name_and_text(layout, state):
    reward = compiled("reach: -distance(tool, carton) / 10 cm\nup: 2 * alignment(tool.z, world.z)", layout)
    out = reward(state)
    assert reward.lines == ("reach", "up")
    assert reward.terms == ("distance(tool, carton)", "alignment(tool.z, world.z)")
    assert out.lines["reach"].tolist() == pytest.approx((-out.terms["distance(tool, carton)"] / 0.1).tolist())
    assert out.total.tolist() == pytest.approx((out.lines["reach"] + out.lines["up"]).tolist())
    assert out.terms["alignment(tool.z, world.z)"].tolist() == pytest.approx([-1.0] * 4, abs=0.01)


def test_change_is_what_was_gained_since_the_step_before(layout, state, world):
    reward = compiled("a: -2 * change(planar_distance(carton, zone_red) / 10 cm)", layout)
    memory = reward.begin(state)
    assert reward(state, memory).total.tolist() == [0.0] * 4
    later = moved(state, world, "carton", 0.05)
    far = compiled("a: -2 * planar_distance(carton, zone_red) / 10 cm", layout)
    gained = (far(later).total - far(state).total).tolist()
    assert reward(later, memory).total.tolist() == pytest.approx(gained, abs=1e-5)
    assert max(map(abs, gained)) > 0.1
    assert reward(later, reward(later, memory).memory).total.tolist() == [0.0] * 4


def test_a_line_is_0_where_its_condition_is_false(layout, state, world):
    contact = state.contact.clone()
    hand, carton = layout.body("robot/left_finger"), layout.body("carton")
    contact[::2, hand, carton] = contact[::2, carton, hand] = True
    touched = replace(state, contact=contact)
    reward = compiled("a: 3 when contact(hand, carton) and not (within carton zone_red)", layout)
    assert reward(touched).total.tolist() == [3.0, 0.0, 3.0, 0.0]
    assert reward(state).total.tolist() == [0.0] * 4


def test_points_named_by_lets_and_terms_are_where_they_should_be(layout, state):
    text = """
    let spot = far_side(carton, zone_red, 10 cm)
    away: planar_distance(spot, carton) / 1 m
    line: (planar_distance(spot, zone_red) - planar_distance(carton, zone_red)) / 1 m
    over: height(over(carton, 20 cm)) / 1 m - height(carton) / 1 m
    """
    out = compiled(text, layout)(state)
    for value in out.lines["away"], out.lines["line"]:
        assert value.tolist() == pytest.approx([0.1] * 4, abs=1e-5)
    assert out.lines["over"].tolist() == pytest.approx([0.2] * 4, abs=1e-5)


def test_a_sum_stays_within_its_bounds_and_numbers_that_are_none_count_0(layout, state, world):
    reward = compiled("a: 1 - distance(tool, carton) / 10 cm", layout)
    assert (reward.low, reward.high) == (1 - 50, 1)
    far = moved(state, world, "carton", 1000.0)
    assert reward(far).total.tolist() == [-49.0] * 4
    lost = moved(state, world, "carton", float("nan"))
    assert reward(lost).total.tolist() == [0.0] * 4


def test_equal_parts_are_computed_once(layout):
    once = compiled("a: distance(tool, carton) / 1 m", layout)
    often = compiled("\n".join(f"a{i}: {i} * distance(tool, carton) / 1 m" for i in range(1, 9)), layout)
    assert len(often._steps) == len(once._steps) + 7  # a weighted line each


def test_it_computes_the_same_on_whatever_has_the_tensors(layout, state):
    turned = "heading_error(carton, zone_red) / 1 rad"
    text = f"a: {turned} + bonus(done((within carton zone_red))) + insert_aside(square_ring, peg_blue) / 1 m"
    reward = compiled(text, layout)
    double = RewardState(*(t.double() if t.is_floating_point() else t for t in vars(state).values()))
    assert reward(double).total.dtype == torch.float64
    torch.testing.assert_close(reward(double).total.float(), reward(state).total, atol=1e-5, rtol=1e-5)
