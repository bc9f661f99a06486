"""Every registered predicate: pure, batch-first, documented, typed, and the same for a row alone as in a batch."""

import inspect

import numpy as np
import pytest

from pipeline.core.geometry import BodyGeometry, Box, Joint
from pipeline.core.layout import FLOOR, LEFT_FINGER, RIGHT_FINGER, ROBOT, SceneLayout
from pipeline.core.poses import quat_from_rotvec
from pipeline.core.world import WorldState, no_forces
from pipeline.holds import PREDICATES, kinds

KINDS = {"body": "cup", "movable": "cup", "support": "box", "container": "box", "region": "box", "jointed": "box/lid"}
SHAPE = BodyGeometry(
    bounds=Box(pose=(0, 0, 0.03, 1, 0, 0, 0), half=(0.05, 0.04, 0.03)),
    support=Box(pose=(0, 0, 0.06, 1, 0, 0, 0), half=(0.05, 0.04, 0.0)),
    cavity=Box(pose=(0, 0, 0.035, 1, 0, 0, 0), half=(0.05, 0.04, 0.025)),
    keypoints={"tip": (0.0, 0.0, 0.0), "seat": (0.0, 0.0, 0.005)},
    axes={"insert": (0.0, 0.0, -1.0), "front": (-1.0, 0.0, 0.0)},
)
LID = Joint(name="hinge", link="lid", kind="revolute", axis=(0, 1, 0), lower=0.0, upper=1.5)
BODIES = (ROBOT, LEFT_FINGER, RIGHT_FINGER, FLOOR, "table", "cup", "box", "box/lid")
LAYOUT = SceneLayout(BODIES, ("box/hinge",), dict.fromkeys(BODIES[4:], SHAPE), {"box/hinge": LID})


def worlds(batch: int) -> WorldState:
    """Random worlds in which things are close enough for each predicate to be sometimes true."""
    rng, n, f32 = np.random.default_rng(7), len(BODIES), np.float32
    turn = rng.normal(0, 0.15, (batch, n, 3))
    turn[::4, :, 0] += np.pi / 2  # every fourth world's things lie on their sides
    turn[1::8, BODIES.index("cup"), 0] += np.pi / 2  # and the cup alone in some of the others
    pose = np.concatenate([rng.normal(0, 0.03, (batch, n, 3)), quat_from_rotvec(turn)], axis=-1)
    contact = rng.random((batch, n, n)) < 0.4
    joint, q = rng.uniform(-0.1, 1.6, (batch, 1)).astype(f32), np.zeros((batch, 8), f32)
    velocity = rng.normal(0, 0.01, (batch, n, 6)).astype(f32)
    tcp, force = pose[:, 0].astype(f32), no_forces(batch, LAYOUT)
    return WorldState(LAYOUT, pose.astype(f32), velocity, joint, joint * 0, q, q, tcp, contact | contact.mT, force)


def judge(name: str, world: WorldState) -> np.ndarray:
    names = [KINDS[k] for k in kinds(name)]
    if len(names) > 1 and names[0] == names[1]:
        names[1:] = ["box", "table"][: len(names) - 1]
    return PREDICATES.get(name)(world, *names)


@pytest.mark.parametrize("name", PREDICATES.names)
class TestEveryPredicate:
    def test_answers_one_bool_a_world(self, name):
        answer = judge(name, worlds(64))
        assert answer.shape == (64,)
        assert answer.dtype == bool

    def test_is_sometimes_true_and_sometimes_false(self, name):
        answer = judge(name, worlds(4096))
        assert answer.any()
        assert not answer.all()

    def test_judges_a_row_alone_as_in_the_batch(self, name):
        world = worlds(64)
        alone = np.concatenate([judge(name, world.rows(slice(i, i + 1))) for i in range(64)])
        assert (alone == judge(name, world)).all()

    def test_leaves_the_world_as_it_was(self, name):
        world, untouched = worlds(64), worlds(64)
        judge(name, world)
        assert (world.pose == untouched.pose).all()
        assert (world.contact == untouched.contact).all()

    def test_takes_an_empty_batch(self, name):
        assert judge(name, worlds(4).rows(slice(0, 0))).shape == (0,)

    def test_says_in_its_docstring_what_it_judges_and_returns(self, name):
        assert "(batch,)" in inspect.getdoc(PREDICATES.get(name))

    def test_types_its_arguments(self, name):
        assert set(kinds(name)) <= set(KINDS)
        assert len(kinds(name)) in (1, 2, 3)
