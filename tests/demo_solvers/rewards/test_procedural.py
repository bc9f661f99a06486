"""The procedural reward: staged, scaled by the start, paid for what brings the goal nearer; and its mutations."""

from dataclasses import replace

import pytest
import torch

from demo_solvers.rewards.authors import ProceduralAuthor
from demo_solvers.rewards.compiled import compiled
from demo_solvers.rewards.mutations import candidates
from demo_solvers.rewards.parser import parse
from demo_solvers.rewards.procedural import Assignment, procedural
from demo_solvers.rewards.state import RewardState
from demo_solvers.rewards.trial import Trial
from demo_solvers.rewards.wants import GAPS, wants
from pipeline.core.errors import GoalSyntaxError
from pipeline.core.goal import Compound
from pipeline.core.program import Program, Relation, Stage
from pipeline.core.streams import stream
from pipeline.holds import PREDICATES
from pipeline.holds import parse as parse_goal

PUSHED = "(and (within carton zone_red) (aligned carton zone_red))"
GOALS = (
    PUSHED,
    "(inserted square_ring peg_blue)",
    "(is_open cabinet/top_drawer)",
    "(not (is_open cabinet/top_drawer))",
    "(and (holding square_ring) (raised square_ring))",
    "(or (on square_ring cabinet) (inside square_ring cabinet/top_drawer))",
    "(and (holding carton) (not (upright carton)))",
)


def placed(state, layout, body, position):
    pose = state.pose.clone()
    pose[:, layout.body(body), :3] = position
    return replace(state, pose=pose)


def paid(reward, *states):
    """The sum of the shaping lines over successive states, (batch,)."""
    memory, total = reward.begin(states[0]), torch.zeros(len(states[0]))
    for state in states[1:]:
        out = reward(state, memory)
        memory = out.memory
        total += sum(value for name, value in out.lines.items() if name not in ("goal", "time", "smooth"))
    return total


@pytest.mark.parametrize("goal", GOALS)
def test_every_goal_gets_a_reward_that_fits_its_scene(goal, layout, state):
    reward = procedural(Assignment(goal, layout, starts=state))
    names = [line.name for line in reward.lines]
    assert {"goal", "time", "smooth"} < set(names)
    assert any(name.startswith("bring") for name in names)
    total = compiled(reward, layout)(state).total
    assert torch.isfinite(total).all()


def test_every_predicate_that_has_a_measure_is_known(layout):
    assert set(GAPS) <= set(PREDICATES.names)
    assert set(PREDICATES.names) - set(GAPS) == {"at_rest", "in_a_row", "pouring"}


def test_gaps_are_0_where_the_goal_is_true(layout, state):
    spot = state.pose[:, layout.body("zone_red"), :3]
    there = placed(state, layout, "carton", spot)
    for want in wants(parse_goal("(within carton zone_red)"), layout):
        gap = compiled(f"a: ({want.gap}) / 1 m", layout)
        assert gap(there).total.max() < 1e-4
        assert gap(state).total.min() > 0.01


def test_bringing_it_nearer_is_paid_and_to_and_fro_is_not(layout, state):
    reward = compiled(procedural(Assignment("(within carton zone_red)", layout, starts=state)), layout)
    start, end = state.pose[:, layout.body("carton"), :3], state.pose[:, layout.body("zone_red"), :3]
    near = placed(state, layout, "carton", start + 0.7 * (end - start))
    assert (paid(reward, state, near) > 0.5).all()
    assert paid(reward, state, near, state).abs().max() < 1e-4
    once, twice = paid(reward, state, near), paid(reward, state, near, state, near)
    torch.testing.assert_close(once, twice, atol=1e-4, rtol=0)


def test_reaching_the_far_side_is_paid_before_anything_is_touched(layout, state):
    reward = compiled(procedural(Assignment("(within carton zone_red)", layout, starts=state)), layout)
    start, end = state.pose[:, layout.body("carton"), :3], state.pose[:, layout.body("zone_red"), :3]
    away = (start - end) / (start - end).norm(dim=-1, keepdim=True)
    tool = state.tool.clone()
    tool[:, :3] = start + 0.09 * away
    assert (paid(reward, state, replace(state, tool=tool)) > 0.5).all()


def test_success_pays_more_than_any_shaping(layout, state):
    goal = "(within carton zone_red)"
    reward = compiled(procedural(Assignment(goal, layout, starts=state)), layout)
    spot = state.pose[:, layout.body("zone_red"), :3].clone()
    out = reward(placed(state, layout, "carton", spot), reward.begin(state))
    assert out.terms[f"done({goal})"].all()
    shaping = sum(abs(out.lines[name]) for name in out.lines if name not in ("goal", "bring_0"))
    assert (out.lines["goal"] > shaping).all()


def test_what_nothing_measures_is_paid_when_it_is_true(layout, state):
    """A literal that has a gap is paid by that: paid for being true, too, one that begins so would forbid pushing."""
    names = [
        [line.name for line in procedural(Assignment(goal, layout)).lines] for goal in (PUSHED, "(at_rest carton)")
    ]
    assert ["true" in found for found in names] == [False, True]


def test_where_a_pushed_body_is_and_how_it_is_turned_is_one_gap(layout, state):
    """Bringing it nearer and turning it a little on the way is paid, though at the start it was aligned."""
    reward = procedural(Assignment(PUSHED, layout, starts=state))
    assert [line.name for line in reward.lines if line.name.startswith("bring")] == ["bring_2"]
    start, end = state.pose[:, layout.body("carton"), :3], state.pose[:, layout.body("zone_red"), :3]
    near = placed(state, layout, "carton", start + 0.5 * (end - start))
    turned, half = near.pose.clone(), 0.1
    w, x, y, z = turned[:, layout.body("carton"), 3:].unbind(-1)
    turned[:, layout.body("carton"), 3:] = (
        torch.stack([w - half * z, x - half * y, y + half * x, z + half * w], dim=-1) / (1 + half**2) ** 0.5
    )
    assert (paid(compiled(reward, layout), state, replace(near, pose=turned)) > 0.2).all()


def test_scales_are_what_the_gaps_are_at_the_start(layout, state):
    near = placed(state, layout, "carton", state.pose[:, layout.body("zone_red"), :3] + torch.tensor([0.06, 0, 0]))
    text = str(procedural(Assignment("(within carton zone_red)", layout, starts=near)))
    assert "planar_distance(carton, zone_red) / 6 cm" in text


def test_the_program_says_in_which_order_and_whether_things_are_carried(layout):
    goal = "(and (within square_ring zone_red) (within carton zone_red))"
    within = (Relation(predicate="within", anchor="zone_red"),)
    stages = (
        Stage(skill="push", body="carton", relations=within),
        Stage(skill="pick", body="square_ring"),
        Stage(skill="place", body="square_ring", relations=within),
    )
    first, second = wants(parse_goal(goal), layout, Program(stages=stages))
    assert (first.body, first.held) == ("carton", False)
    assert (second.body, second.held) == ("square_ring", True)
    pushed = wants(parse_goal("(within square_ring zone_red)"), layout, Program(stages=stages[:1]))
    assert not pushed[0].held


def test_later_literals_of_other_bodies_wait_for_the_earlier_ones(layout, state):
    goal = "(and (is_open cabinet/top_drawer) (within carton zone_red))"
    lines = {line.name: str(line.value) for line in procedural(Assignment(goal, layout)).lines}
    assert "bonus(done_0) * " in lines["bring_1"]
    assert "bonus(done_0) * " not in lines["bring_0"]


def test_what_is_too_wide_to_grasp_is_first_slid_over_the_edge(layout):
    first, second = wants(parse_goal("(holding carton)"), layout)
    assert "overhang(carton, table)" in str(first.gap)
    assert second.formula == "(holding carton)"


def test_many_literals_are_still_a_reward(layout):
    goal = Compound("and", tuple(parse_goal("(near carton zone_red)") for _ in range(20)))
    assert len(procedural(Assignment(str(goal), layout)).lines) < 32


def test_a_goal_that_cannot_be_read_is_an_error(layout):
    with pytest.raises(GoalSyntaxError):
        procedural(Assignment("(on cup nowhere)", layout))


def test_candidates_differ_fit_and_can_be_had_again(layout, state):
    first = procedural(Assignment(PUSHED, layout, starts=state))
    found = candidates(first, layout, 16, stream(3, "test"))
    assert found[0] == first
    assert len({str(reward) for reward in found}) == 16
    for reward in found:
        assert torch.isfinite(compiled(str(reward), layout)(state).total).all()
        assert "goal" in [line.name for line in reward.lines]
    assert found == candidates(first, layout, 16, stream(3, "test"))
    assert found != candidates(first, layout, 16, stream(4, "test"))


def test_no_mutation_pays_for_never_being_done(layout, state):
    """What is paid by how things stand costs something until the goal is reached."""
    found = candidates(procedural(Assignment(PUSHED, layout, starts=state)), layout, 64, stream(5, "test"))
    standing = [
        (reward, line.name)
        for reward in found
        for line in reward.lines
        if line.name.startswith(("reach", "bring")) and "change" not in str(line.value)
    ]
    assert len(standing) > 5
    for reward, name in standing:
        assert (compiled(str(reward), layout)(state).lines[name] <= 0).all()


def test_the_procedural_author_revises_the_best(layout, state):
    task, author = Assignment(PUSHED, layout, starts=state), ProceduralAuthor(seed=1)
    first = author.write(task, 4)
    assert len({c.reward for c in first}) == 4
    trials = [Trial(candidate, success) for candidate, success in zip(first, (0.1, 0.2, 0.7, 0.3), strict=True)]
    second = author.revise(task, trials, 4)
    assert len(second) == 4
    assert not {c.reward for c in first} & {c.reward for c in second}
    assert second == author.revise(task, trials, 4)
    lines = {line.name for line in parse(first[2].reward).reward.lines}
    assert all({line.name for line in parse(c.reward).reward.lines} <= lines for c in second)


def test_a_state_of_starts_may_be_on_any_device_and_type(layout, state):
    double = RewardState(*(t.double() if t.is_floating_point() else t for t in vars(state).values()))
    assert procedural(Assignment(PUSHED, layout, starts=double)) == procedural(Assignment(PUSHED, layout, starts=state))


def test_what_sticks_out_is_measured_as_the_predicate_does(layout, state):
    """Turned over an edge a corner sticks out farther than the middle of any side, and does not count."""
    area = layout.geometry["table"].support
    x, y, _ = layout.geometry["carton"].bounds.half
    edge = state.pose[:, layout.body("table"), :3] + torch.tensor([*area.pose[:2], 0.0])
    edge[:, 0] += area.half[0]
    moved = placed(state, layout, "carton", edge)
    pose, half = moved.pose.clone(), 0.5 * 0.5
    pose[:, layout.body("carton"), 3:] = torch.tensor(
        [torch.cos(torch.tensor(half)), 0.0, 0.0, torch.sin(torch.tensor(half))]
    )
    out = compiled("a: overhang(carton, table) / 1 m", layout)(replace(moved, pose=pose)).lines["a"]
    centre = torch.tensor(layout.geometry["carton"].bounds.pose[:2]).norm()
    assert (out <= max(x, y) + centre + 1e-3).all()
    assert (out > 0).all()
