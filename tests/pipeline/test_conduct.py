"""Conduct: what a robot should not copy is found in real physics, with the frame and by how much; good work passes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline.conduct import ARM_TOUCH, HAND_TOUCH, OPERATING, findings, touch_limits
from pipeline.core.doors import Problem, Solution
from pipeline.core.episode import Outcome, Provenance
from pipeline.core.kinematics import link_poses
from pipeline.core.task import TaskObject, TaskSpec
from pipeline.core.world import ARM, HAND, WorldState
from pipeline.rollout import attempt
from pipeline.sim.mujoco import mujoco
from pipeline.validate import validate

pytestmark = pytest.mark.physics

PROVENANCE = Provenance(version="0", engine="mujoco", solver="by hand", author="tests", seed=0)
BLOCK_AT, ASIDE = (0.5, 0.1, 0.02), (0.7, -0.3, 0.02)


@pytest.fixture(scope="module")
def simulator(toys, tmp_path_factory):
    made = mujoco(toys.ToyFiles(tmp_path_factory.mktemp("toys")))
    yield made
    made.close()


@pytest.fixture
def scene(toys):
    def build(block=BLOCK_AT, cabinet=toys.DRAWER_AT, drawer=0.05, **more):
        things = toys.placed("a", toys.block(), block), toys.placed("cabinet", toys.cabinet(), cabinet, slide=drawer)
        return toys.scene(*things, cameras=(), **more)

    return build


@pytest.fixture
def lift(toys):
    """Grasp the block where it stands and lift it by 10 cm."""
    x, y, z = BLOCK_AT
    above, at = toys.reach((x, y, z + 0.1)), toys.reach((x, y, z))
    return toys.motion((above, 0.08, 20), (at, 0.08, 15), (at, 0.0, 12), (above, 0.0, 15), (above, 0.0, 5))


def carried_out(simulator, scene, actions):
    first = simulator.load([scene])
    return WorldState.stack([first, simulator.run(actions[:, None]).flat])


def judged(simulator, scene, actions):
    return findings(scene, carried_out(simulator, scene, actions), actions)


def moved_by_hand(simulator, scene, actions, *, at, body, pose):
    """What is seen when someone else puts ``body`` elsewhere between two control steps."""
    first = simulator.load([scene])
    before = simulator.run(actions[:at, None]).flat
    address = simulator._compiled.free[body]
    simulator._worlds[0].qpos[address : address + 7] = pose
    return WorldState.stack([first, before, simulator.run(actions[at:, None]).flat])


def test_a_clean_pick_has_nothing_to_be_found(simulator, scene, lift):
    states = carried_out(simulator, scene(), lift)
    assert states.body("a")[-1, 2] > 0.1
    assert findings(scene(), states, lift) == []


def test_a_hand_driven_into_the_table_is_found_with_its_force(simulator, scene, toys):
    over, into = toys.reach((0.5, 0.0, 0.05)), toys.reach((0.5, 0.0, -0.02))
    actions = toys.motion((over, 0.0, 20), (into, 0.0, 20), (into, 0.0, 10))
    (found,) = judged(simulator, scene(ASIDE), actions)
    assert found.cause == "hard_touch"
    assert found.bodies == ("robot", "table")
    assert found.step > 25
    assert found.amount > 50
    assert found.limit == HAND_TOUCH


def test_fingers_that_brush_the_table_are_gentle(simulator, scene, toys):
    # The fingertip reaches 9 mm beyond the tool point.
    over, low = toys.reach((0.5, 0.0, 0.05)), toys.reach((0.5, 0.0, 0.0086))
    actions = toys.motion((over, 0.0, 20), (low, 0.0, 20), (low, 0.0, 10))
    states = carried_out(simulator, scene(ASIDE), actions)
    assert 0 < states.force[:, HAND, states.layout.body("table")].max() < HAND_TOUCH
    assert findings(scene(ASIDE), states, actions) == []


def test_a_forearm_against_a_cabinet_is_found_as_the_arms(simulator, scene, toys):
    turned = np.array(toys.HOME)
    turned[0] = 0.7
    x, y, z = link_poses(toys.robot(), turned)["link5"][:3]
    actions = toys.motion((turned, 0.08, 30), (turned, 0.08, 5))
    found = judged(simulator, scene(ASIDE, cabinet=(float(x), float(y), float(z) + 0.1)), actions)
    pressed = [f for f in found if f.what.startswith("arm presses on cabinet")]
    assert pressed
    assert pressed[0].cause == "hard_touch"
    assert pressed[0].limit == ARM_TOUCH


@pytest.fixture
def pull(toys):
    """Start of the arm, and actions that take the drawer's handle and move it by ``by`` m."""
    x, y, z = (toys.DRAWER_AT[i] + toys.HANDLE[i] for i in range(3))
    far = toys.reach((x - 0.13, y, z), toys.AHEAD)
    at = toys.reach((x - 0.05, y, z), toys.AHEAD, far)

    def build(by):
        out = toys.reach((x - 0.05 - by, y, z), toys.AHEAD, far)
        way = (far, 0.06, 5), (at, 0.06, 20), (at, 0.0, 12), (out, 0.0, 40), (out, 0.0, 5)
        return (*(float(v) for v in far), 0.06), toys.motion(*way, start=far, width=0.06)

    return build


def test_a_drawer_may_be_pulled_by_its_handle(simulator, scene, pull):
    start, actions = pull(0.08)
    world = scene(ASIDE, robot_start=start)
    states = carried_out(simulator, world, actions)
    assert states.joint_position("cabinet/slide")[-1] > 0.11
    assert states.force[:, HAND, states.layout.body("cabinet/drawer")].max() > 5.0
    assert findings(world, states, actions) == []


def test_a_drawer_rammed_into_its_stop_is_found(simulator, scene, pull):
    start, actions = pull(-0.09)
    found = [f for f in judged(simulator, scene(ASIDE, robot_start=start), actions) if "drawer" in f.what]
    assert [f.cause for f in found] == ["hard_touch"]
    assert found[0].amount > OPERATING == found[0].limit


def test_what_may_be_touched_how_hard_depends_on_the_part_and_the_body(simulator, scene):
    layout = simulator.load([scene()]).layout
    limits = touch_limits(layout)
    hand = {name: limits[HAND, layout.body(name)] for name in ("table", "floor", "cabinet", "cabinet/drawer", "a")}
    assert hand == {
        "table": HAND_TOUCH, "floor": HAND_TOUCH, "cabinet": HAND_TOUCH, "cabinet/drawer": OPERATING, "a": np.inf,
    }  # fmt: skip
    assert (limits[ARM] == ARM_TOUCH).all()


def test_a_joint_sent_too_fast_is_found_as_commanded_and_as_reached(simulator, scene, lift, toys):
    quick = lift.copy()
    quick[30:, 0] += np.minimum(np.arange(1, len(lift) - 29) * 0.3, 1.2)  # 6 rad/s, where 2 are allowed
    found = {f.what: f for f in judged(simulator, scene(ASIDE), quick)}
    assert {f.cause for f in found.values()} == {"over_limits"}
    assert found["commanded speed of joint1"].amount == pytest.approx(6.0, abs=0.5)
    assert found["commanded speed of joint1"].step in range(31, 36)
    assert found["reached speed of joint1"].amount > 2.3


def test_a_first_action_far_from_the_start_is_too_fast(simulator, scene, toys):
    actions = np.tile(np.float32([*toys.HOME, 0.08]), (20, 1))
    actions[:, 0] = 0.5
    assert "commanded speed of joint1" in {f.what: f.step for f in judged(simulator, scene(ASIDE), actions)}


def test_a_command_beyond_a_joints_range_is_found_though_the_simulator_clamps_it(simulator, scene, toys):
    actions = np.tile(np.float32([*toys.HOME, 0.08]), (60, 1))
    actions[:, 5] = np.linspace(1.9, 3.9, 60)  # the range ends at 3.75
    (found,) = [f for f in judged(simulator, scene(ASIDE), actions) if "range" in f.what]
    assert found.what == "commanded position beyond the range of joint6"
    assert found.amount == pytest.approx(0.15, abs=1e-3)
    assert (found.step, found.unit) == (60, "rad")


@pytest.mark.parametrize("shift", [(0.03, 0.0, 0.0), (0.0, 0.0, 0.2)])
def test_a_block_that_is_set_elsewhere_is_found_in_that_frame(simulator, scene, lift, shift):
    there = np.add(ASIDE, shift)
    states = moved_by_hand(simulator, scene(ASIDE), lift, at=9, body="a", pose=(*there, 1, 0, 0, 0))
    found = {f.what: f for f in findings(scene(ASIDE), states, lift)}
    assert found["a jumps"].step == 10
    assert found["a jumps"].cause == "teleport"
    assert found["a jumps"].bodies == ("a",)


def test_a_block_that_is_turned_over_from_one_frame_to_the_next_is_found(simulator, scene, lift):
    over = (*ASIDE, 0.0, 1.0, 0.0, 0.0)
    states = moved_by_hand(simulator, scene(ASIDE), lift, at=9, body="a", pose=over)
    assert [(f.what, f.step) for f in findings(scene(ASIDE), states, lift)] == [("a flips", 10)]


def test_a_block_under_the_table_has_gone_through_it(simulator, scene, lift):
    states = moved_by_hand(simulator, scene(ASIDE), lift, at=9, body="a", pose=(0.7, -0.3, -0.09, 1, 0, 0, 0))
    found = {f.what: f for f in findings(scene(ASIDE), states, lift)}
    assert found["a passes through table"].step == 10
    assert found["a passes through table"].bodies == ("a", "table")


def test_a_block_that_falls_off_the_edge_has_not_gone_through_it(simulator, scene, lift):
    states = carried_out(simulator, scene((0.55, 0.515, 0.02)), lift)
    assert states.body("a")[-1, 2] < -0.3
    assert findings(scene((0.55, 0.515, 0.02)), states, lift) == []


def test_a_block_that_drops_from_a_hands_breadth_is_no_jump(simulator, scene, lift):
    dropped = scene((0.7, -0.3, 0.15))
    states = carried_out(simulator, dropped, lift)
    assert states.body("a")[-1, 2] == pytest.approx(0.02, abs=2e-3)
    assert findings(dropped, states, lift) == []


class TestValidation:
    """Attempts that reach their goal, replayed."""

    @pytest.fixture
    def problem(self, scene):
        objects = TaskObject(name="a", asset="block"), TaskObject(name="cabinet", asset="cabinet")
        task = TaskSpec(
            name="toy", family="pick_place", instruction="Leave the block.", goal="(on a table)", horizon=5.0,
            objects=(*objects, TaskObject(name="table", asset="table")),
        )  # fmt: skip
        return Problem(task, (scene(ASIDE),), seed=0)

    def check(self, simulator, problem, actions):
        def by_hand(asked, worlds):
            worlds.run(actions[:, None])
            names = ("approach", "press")
            stages = (np.arange(len(actions)) >= 20).astype(np.uint8)
            return Solution([Outcome(success=True, actions=actions, stages=stages, stage_names=names)])

        outcomes = attempt(simulator, problem, by_hand).outcomes
        (made,) = validate(simulator, problem, outcomes, rows=(0,), solver_name="by hand", provenance=PROVENANCE)
        # Whoever attempts and whoever validates come to the same judgement.
        assert made.diagnosis == outcomes[0].diagnosis
        assert outcomes[0].success == (made.episode is not None)
        return made

    def test_an_attempt_that_reached_its_goal_by_pressing_on_the_table_becomes_no_episode(
        self, simulator, problem, toys
    ):
        over, into = toys.reach((0.5, 0.0, 0.05)), toys.reach((0.5, 0.0, -0.02))
        made = self.check(simulator, problem, toys.motion((over, 0.0, 20), (into, 0.0, 20), (over, 0.0, 20)))
        assert made.episode is None
        assert made.diagnosis.cause == "hard_touch"
        assert made.diagnosis.stage == "press"
        assert made.diagnosis.bodies == ("robot", "table")
        assert made.diagnosis.seen == "hand presses on table"
        assert made.diagnosis.amount > 50
        assert 1.0 < made.diagnosis.time < 3.0

    def test_the_same_without_touching_becomes_one(self, simulator, problem, toys):
        over = toys.reach((0.5, 0.0, 0.05))
        made = self.check(simulator, problem, toys.motion((over, 0.0, 20), (over, 0.0, 20)))
        assert made.diagnosis.cause == "none"
        assert made.episode is not None
        assert made.episode.length == 40


def test_a_single_frame_is_enough(simulator, scene, lift):
    states = carried_out(simulator, scene(), lift)
    pressed = states.force.copy()
    pressed[11, HAND, states.layout.body("cabinet")] = 21.0
    (found,) = findings(scene(), replace(states, force=pressed), lift)
    assert (found.step, found.amount) == (11, 21.0)
