"""Acts on what slides and on vessels, from images in MuJoCo."""

import numpy as np
import pytest

from demo_solvers.path3d.acts.pour import TILT, rim, tilts
from demo_solvers.path3d.clouds import Cloud
from demo_solvers.path3d.paths import DOWN
from demo_solvers.path3d.perception import Thing, named_points
from demo_solvers.path3d.plan import sub_goals
from demo_solvers.solvers.path3d import path3d
from pipeline.core import poses
from pipeline.rollout import attempt

AROUND = np.linspace(0, 2 * np.pi, 60, endpoint=False)


def ring(radius, height, *, at=(0.0, 0.0)):
    """Walls (n, 3) of an upright cup."""
    levels = np.linspace(0.0, height, 20)
    return np.concatenate(
        [
            np.stack([at[0] + radius * np.cos(AROUND), at[1] + radius * np.sin(AROUND), 0 * AROUND + z], 1)
            for z in levels
        ]
    )


def thing(points):
    cloud = Cloud(points, np.zeros_like(points), np.full(len(points), -1))
    return Thing("bowl", cloud, named_points(cloud))


def test_what_slides_is_pulled_and_what_swings_is_rotated():
    goal = "(and (is_open chest/drawer) (is_closed fridge/door))"
    plan = sub_goals(goal, graspable={}, sliding=("chest/drawer",))
    assert [str(g.action) for g in plan] == ["pull chest/drawer is_open", "rotate fridge/door is_closed"]


def test_a_vessel_is_grasped_so_that_it_can_be_tipped_and_stays_tipped():
    plan = sub_goals("(and (holding mug) (pouring mug bowl))", graspable={})
    assert [str(g.action) for g in plan] == ["grasp mug", "pour mug bowl"]
    assert plan[0].action.over == "bowl"


def test_the_lip_comes_down_over_the_opening_while_the_vessel_turns_about_it():
    cup, bowl = ring(0.03, 0.10), thing(ring(0.06, 0.04, at=(0.5, 0.1)))
    tool = poses.pose(np.array([0.0, 0.0, 0.12]), DOWN)
    held = poses.transform_points(poses.inverse(tool), cup)
    for tilt in tilts(tool, held, bowl):
        first, last = (poses.transform_points(pose, held) for pose in (tilt[0], tilt[-1]))
        assert first[:, 2].min() > 0.04 + 0.025, "upright it is wholly above what it is poured into"
        lip = last[last[:, 2] < last[:, 2].min() + 0.002]
        assert np.abs(lip.mean(axis=0)[:2] - (0.5, 0.1)).max() < 0.03
        turned = poses.quat_to_rotvec(poses.quat_multiply(tilt[-1][3:], poses.quat_conjugate(tilt[0][3:])))
        assert np.linalg.norm(turned) == pytest.approx(TILT)


def test_a_rim_is_found_without_what_hangs_lower():
    cup = np.concatenate([ring(0.04, 0.10), [[0.08, 0.0, 0.05]]])
    middle, radius = rim(cup)
    np.testing.assert_allclose(middle, (0.0, 0.0, 0.10), atol=1e-3)
    assert radius == pytest.approx(0.04, abs=1e-3)


@pytest.mark.physics
def test_a_fit_tells_how_far_a_drawer_of_several_is_out(problem, seen, eyes):
    built = problem("(is_closed cabinet/top_drawer)", "cabinet", initial=("(is_open cabinet/top_drawer)",), worlds=1)
    found = seen(built)
    sighting = eyes.perceive(found.problem, found.views, 0, found.joints)
    scene = built.scenes[0]
    position = scene.placement("cabinet").joints["top_drawer_slide"]
    fitted = sighting.fits["cabinet/top_drawer"]
    assert fitted.position == pytest.approx(position, abs=0.02)


@pytest.mark.physics
@pytest.mark.parametrize(("goal", "initial"), [("is_open", ()), ("is_closed", ("(is_open cabinet/top_drawer)",))])
def test_a_drawer_is_pulled_open_and_pushed_shut_from_images(problem, engine, goal, initial):
    built = problem(f"({goal} cabinet/top_drawer)", "cabinet", initial=initial, worlds=2, family="articulate")
    outcomes = attempt(engine, built, path3d).outcomes
    assert sum(o.success for o in outcomes) >= 1, [o.diagnosis for o in outcomes]
    assert outcomes[0].stage_names[0] == f"pull cabinet/top_drawer {goal}"


@pytest.mark.physics
def test_a_glass_is_poured_out_over_a_tray_from_images(problem, engine):
    built = problem("(and (holding beer_glass) (pouring beer_glass tray))", "beer_glass", "tray", worlds=4)
    outcomes = attempt(engine, built, path3d).outcomes
    assert sum(o.success for o in outcomes) >= 1, [o.diagnosis for o in outcomes]
