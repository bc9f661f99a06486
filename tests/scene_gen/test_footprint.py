"""Footprints: rectangles that touch, miss and keep their distance, at any heading."""

import numpy as np
import pytest

from scene_gen.footprint import Rectangle, free, overlap

SQUARE = Rectangle(0.0, 0.0, 0.0, 0.05, 0.05)


def test_neighbours_overlap_only_when_the_clearance_is_asked_for():
    neighbour = Rectangle(0.12, 0.0, 0.0, 0.05, 0.05)
    assert not overlap(SQUARE, neighbour)
    assert overlap(SQUARE, neighbour, 0.03)


def test_a_turned_square_reaches_further_with_its_corner():
    assert not overlap(SQUARE, Rectangle(0.115, 0.0, 0.0, 0.05, 0.05))
    assert overlap(SQUARE, Rectangle(0.115, 0.0, np.pi / 4, 0.05, 0.05))


def test_a_diagonal_miss_is_a_miss():
    assert not overlap(SQUARE, Rectangle(0.09, 0.09, np.pi / 4, 0.05, 0.05))


@pytest.mark.parametrize("yaw", np.linspace(0, np.pi, 7))
def test_overlap_does_not_depend_on_the_order(yaw):
    for x in np.linspace(0, 0.2, 21):
        other = Rectangle(x, 0.03, yaw, 0.08, 0.02)
        assert overlap(SQUARE, other) == overlap(other, SQUARE)


def test_free_asks_all_the_others():
    others = [Rectangle(0.3, 0, 0, 0.05, 0.05), Rectangle(0, 0.3, 0, 0.05, 0.05)]
    assert free(SQUARE, others, 0.1)
    assert not free(SQUARE, [*others, Rectangle(0.08, 0, 0, 0.05, 0.05)])
