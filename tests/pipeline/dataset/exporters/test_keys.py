"""Key mapping: sources as text."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.core.errors import InvalidInputError
from pipeline.dataset.exporters._keys import Source, parse_keys

ARRAYS = {
    "qpos": np.arange(12.0).reshape(4, 3),
    "gripper": np.full((4, 1), 7.0),
    "reward": np.arange(4.0),
    "object_pose": np.arange(56.0).reshape(4, 2, 7),
    "rgb_front": np.zeros((4, 2, 2, 3), np.uint8),
}


def test_sources_stand_side_by_side_and_columns_come_in_the_order_named() -> None:
    assert Source.parse("qpos+gripper").of(ARRAYS.__getitem__)[1].tolist() == [3, 4, 5, 7]
    assert Source.parse("qpos[2,0]").of(ARRAYS.__getitem__)[1].tolist() == [5, 3]
    assert Source.parse("qpos[1:] + reward").of(ARRAYS.__getitem__)[2].tolist() == [7, 8, 2]
    assert Source.parse("object_pose[7:10]").of(ARRAYS.__getitem__)[0].tolist() == [7, 8, 9]
    assert Source.parse("qpos[-1]").of(ARRAYS.__getitem__).shape == (4, 1)
    assert Source.parse("rgb_front").of(ARRAYS.__getitem__) is ARRAYS["rgb_front"]


def test_mappings_are_read_from_text() -> None:
    assert parse_keys(["img=rgb_front,quat=ee_pose[4,5,6,3]", "state = qpos + gripper", "reward"]) == {
        "img": "rgb_front",
        "quat": "ee_pose[4,5,6,3]",
        "state": "qpos + gripper",
        "reward": "reward",
    }


@pytest.mark.parametrize(
    "text", ["img=", "=qpos", "a=b[", "a=b[x]", "a=b[1:2:3]", "a=../b", "a=b+", "a=b[]", "a,a=b", ""]
)
def test_what_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        parse_keys([text])


@pytest.mark.parametrize("text", ["qpos[3]", "qpos[-4]", "qpos[5:]", "rgb_front[:2]", "rgb_front+qpos"])
def test_columns_that_are_not_there_are_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        Source.parse(text).of(ARRAYS.__getitem__)
