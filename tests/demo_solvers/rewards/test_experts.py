"""Rewards written by hand for the five tasks of contact: they fit, and pay the way to the goal as derived ones do."""

from dataclasses import replace

import pytest
import torch

from demo_solvers.contacts.wish import wishes
from demo_solvers.rewards.compiled import compiled
from demo_solvers.rewards.experts import GOALS, HERE, expert
from demo_solvers.rewards.procedural import Assignment, procedural
from demo_solvers.rewards.state import RewardState
from pipeline.core.errors import UnknownNameError
from pipeline.core.geometry import BodyGeometry, Box, Joint
from pipeline.core.layout import FLOOR, LEFT_FINGER, RIGHT_FINGER, ROBOT, SceneLayout
from pipeline.holds import parse

WAY_IN = {"insert": (0.0, 0.0, -1.0)}


def body(x, y, z, **more):
    """A box of half sizes, its origin in the middle of its underside; its top carries things."""
    box = Box(pose=(0, 0, z, 1, 0, 0, 0), half=(x, y, z))
    top = Box(pose=(0, 0, 2 * z, 1, 0, 0, 0), half=(x, y, 0.0005))
    return BodyGeometry(**{"bounds": box, "collision": (box,), "support": top, **more})


BODIES = {
    "table": body(0.6, 0.7, 0.02),
    "box": body(0.05, 0.05, 0.05),
    "mark": body(0.05, 0.05, 0.0005, support=Box(half=(0.007, 0.007, 0.0005))),
    "outline": body(0.10, 0.07, 0.0005, support=Box(half=(0.015, 0.015, 0.0005))),
    "slab": body(0.10, 0.07, 0.015),
    "ledge": body(0.15, 0.15, 0.05),
    "board": body(0.10, 0.07, 0.006),
    "peg": body(0.015, 0.015, 0.05, keypoints={"tip": (0.0, 0.0, 0.0)}, axes=WAY_IN),
    "socket": body(0.045, 0.045, 0.025, keypoints={"seat": (0.0, 0.0, 0.01)}, axes=WAY_IN),
    "chest": body(0.14, 0.15, 0.10),
    "chest/drawer": body(0.13, 0.14, 0.06),
}
SLIDE = Joint(name="slide", link="drawer", kind="prismatic", axis=(-1, 0, 0), lower=0.0, upper=0.18)
LAYOUT = SceneLayout(
    (ROBOT, LEFT_FINGER, RIGHT_FINGER, FLOOR, *BODIES),
    ("chest/slide",),
    BODIES,
    {"chest/slide": SLIDE},
    frozenset({FLOOR, "table", "mark", "outline", "ledge", "socket", "chest", "chest/drawer"}),
)
STEPS = 12


def turned(yaw):
    half = torch.as_tensor(yaw / 2)
    return torch.stack([torch.cos(half), torch.zeros_like(half), torch.zeros_like(half), torch.sin(half)], dim=-1)


def still(batch=1):
    """Nothing moves or touches; everything stands in its place, the tool above."""
    count = len(LAYOUT.bodies)
    pose = torch.zeros((batch, count, 7))
    pose[..., 3] = 1.0
    places = {
        "table": (0.45, 0, -0.04),
        "box": (0.40, 0, 0),
        "mark": (0.55, 0, 0),
        "outline": (0.55, 0, 0),
        "slab": (0.55, 0, 0),
    }
    places |= {"ledge": (0.5, 0.4, 0), "board": (0.5, 0.4, 0.1), "peg": (0.5, -0.2, 0.2), "socket": (0.6, -0.3, 0)}
    for name, place in {**places, "chest": (0.7, 0.0, 0.3), "chest/drawer": (0.7, 0.0, 0.3)}.items():
        pose[:, LAYOUT.body(name), :3] = torch.tensor(place)
    tool = torch.tensor([0.3, 0.0, 0.3, 0.0, 1.0, 0.0, 0.0]).expand(batch, 7).clone()
    none, flat = torch.zeros((batch, 8)), torch.zeros(batch)
    return RewardState(
        tool=tool,
        pose=pose,
        velocity=torch.zeros((batch, count, 6)),
        joint=torch.zeros((batch, 1)),
        joint_velocity=torch.zeros((batch, 1)),
        qpos=none,
        qvel=none,
        width=flat,
        contact=torch.zeros((batch, count, count), dtype=torch.bool),
        force=torch.zeros((batch, 2, count)),
        actions=torch.zeros((batch, 3, 8)),
        elapsed=flat,
    )


def put(state, name, place, yaw=0.0):
    pose = state.pose.clone()
    pose[:, LAYOUT.body(name)] = torch.cat([torch.tensor(place, dtype=torch.float32), turned(torch.tensor(yaw))])
    return replace(state, pose=pose)


def touching(state, *pairs):
    contact = state.contact.clone()
    for a, b in pairs:
        contact[:, LAYOUT.body(a), LAYOUT.body(b)] = contact[:, LAYOUT.body(b), LAYOUT.body(a)] = True
    return replace(state, contact=contact)


def held(state, name):
    return touching(state, (name, LEFT_FINGER), (name, RIGHT_FINGER))


def along(task):
    """States from the start of a task to its goal, as a good solution would pass through them."""
    for i in range(STEPS + 1):
        t, state = i / STEPS, still()
        if task == "push_precise":
            yield put(state, "box", (0.40 + 0.15 * t, 0.0, 0.0), 0.5 * (1 - t))
        elif task == "reorient":
            yield put(state, "slab", (0.55, 0.0, 0.0), 1.5708 * (1 - t))
        elif task == "edge_grasp":
            slid = put(state, "board", (0.5, 0.4 - 0.14 * min(1, 2 * t), 0.1 + 0.3 * max(0, 2 * t - 1)))
            yield held(slid, "board") if t > 0.5 else slid
        elif task == "insert_tight":
            lowered = put(state, "peg", (0.6, -0.3, 0.01 + 0.15 * (1 - t)))
            yield held(lowered, "peg") if t < 1 else lowered
        else:
            yield replace(state, joint=torch.full((1, 1), 0.16 * t))


def test_there_is_a_reward_for_each_of_the_five_tasks():
    assert {path.stem for path in HERE.glob("*.reward")} == set(GOALS)
    with pytest.raises(UnknownNameError, match="push_precise"):
        expert("push_precis")


@pytest.mark.parametrize("task", GOALS)
@pytest.mark.parametrize("author", ["expert", "procedural"])
class TestTheFiveTasks:
    def reward(self, task, author):
        if author == "expert":
            return compiled(expert(task), LAYOUT)
        return compiled(procedural(Assignment(GOALS[task], LAYOUT, starts=next(iter(along(task))))), LAYOUT)

    def test_the_way_to_the_goal_is_paid_more_than_standing_still(self, task, author):
        reward, states = self.reward(task, author), list(along(task))
        memory, gained = reward.begin(states[0]), 0.0
        for state in states[1:]:
            out = reward(state, memory)
            memory = out.memory
            gained += out.total.item() - out.lines["goal"].item()
        idle = sum(reward(states[0], reward.begin(states[0])).total.item() for _ in states[1:])
        assert gained > idle + 1.0

    def test_the_end_is_success_and_the_start_is_not(self, task, author):
        reward, states = self.reward(task, author), list(along(task))
        goal = f"done({parse(GOALS[task])})"
        first, last = (reward(state) for state in (states[0], states[-1]))
        assert not first.terms[goal].any()
        assert last.terms[goal].all()
        assert (last.lines["goal"] > 0).all()


def test_the_mark_is_met_within_1_cm_and_10_degrees_and_not_beyond():
    reward = compiled(expert("push_precise"), LAYOUT)
    for x, y, yaw, met in ((0.006, -0.006, 0.15, True), (0.0, 0.011, 0.0, False), (0.0, 0.0, 0.2, False)):
        out = reward(put(still(), "box", (0.55 + x, y, 0.0), yaw))
        assert bool(out.terms[f"done({GOALS['push_precise']})"]) is met


def test_geometry_names_contacts_for_the_five_tasks():
    manners = {task: [w.manner for w in wishes(parse(goal), LAYOUT)] for task, goal in GOALS.items()}
    assert manners == {
        "push_precise": ["push", "push", "push"],
        "reorient": ["push", "push", "push"],
        "edge_grasp": ["press", "edge"],
        "insert_tight": [],
        "drag_drawer": ["press"],
    }
