"""TabletopBuilder: reachable, collision-free, reproducible table tops with room for what the task asks."""

from itertools import combinations

import numpy as np
import pytest

from pipeline.core.doors import Unplaceable
from pipeline.core.poses import compose, inverse, yaw_of
from pipeline.core.streams import stream
from pipeline.core.task import TaskObject
from scene_gen.builder import TabletopBuilder
from scene_gen.fixtures import travel_zone
from scene_gen.footprint import footprint, overlap
from scene_gen.link_frames import link_frames
from scene_gen.workspace import kept_by

MANY = range(25)


def scenes(builder, task):
    return [builder.build(task, stream(1, "test", i)) for i in MANY]


@pytest.fixture
def picking(task):
    return task("(on mug plate)", "mug", "plate", "block_red", "bowl")


@pytest.fixture
def storing(task):
    drawer = "cabinet/top_drawer"
    return task(f"(and (is_open {drawer}) (inside mug {drawer}))", "cabinet", "mug", "block_red", family="sequence")


@pytest.fixture
def pushing(task):
    return task("(within carton zone_red)", "carton", "zone_red", family="push")


def test_the_same_stream_gives_the_same_scene_and_another_stream_another(builder, picking):
    assert builder.build(picking, stream(1, "a")) == builder.build(picking, stream(1, "a"))
    assert builder.build(picking, stream(1, "a")) != builder.build(picking, stream(1, "b"))


def test_all_scenes_of_a_task_can_be_stepped_as_one_batch(builder, storing):
    assert len({s.build_key for s in scenes(builder, storing)}) == 1


def test_free_things_stand_in_reach_and_keep_a_fingers_width_apart(builder, picking):
    for scene in scenes(builder, picking):
        free = [p for p in scene.placements if not p.asset.fixed]
        assert len(free) == 4
        for p in free:
            assert 0.28 < np.hypot(*p.pose[:2]) <= 0.70
            assert 0 <= p.pose[2] + p.asset.links[""].bounds.pose[2] - p.asset.links[""].bounds.half[2] < 0.003
        for a, b in combinations(free, 2):
            assert not overlap(footprint(a.asset, a.pose), footprint(b.asset, b.pose), 0.035)


def test_nothing_tall_stands_where_a_small_robots_shoulder_turns(catalog, task):
    robot = catalog.robot("so101")
    (kept,) = kept_by(robot)
    for scene in scenes(TabletopBuilder(catalog, robot), task("(inside block_green basket)", "block_green", "basket")):
        assert not any(overlap(footprint(p.asset, p.pose), kept, 0.035) for p in scene.placements if not p.asset.fixed)


def test_nothing_ever_stands_in_the_far_corners(builder, task):
    crowd = task("(on mug plate)", "mug", "plate", "block_red", "block_green", "block_blue", "bowl")
    reach = [np.hypot(*p.pose[:2]) for s in scenes(builder, crowd) for p in s.placements if not p.asset.fixed]
    assert 0.60 < max(reach) <= 0.70


def test_the_table_is_there_without_being_asked_for_and_its_top_is_at_zero(builder, picking):
    table = builder.build(picking, stream(1, "a")).placement("table")
    bounds = table.asset.links[""].bounds
    assert table.pose[2] + bounds.pose[2] + bounds.half[2] == pytest.approx(0.0)


def test_positions_and_headings_vary(builder, picking):
    poses = np.array([s.placement("mug").pose for s in scenes(builder, picking)])
    assert (poses[:, :2].std(axis=0) > 0.04).all()
    assert yaw_of(poses[:, 3:]).std() > 1.0


def test_the_cabinet_faces_the_robot_and_its_handle_stays_in_reach(builder, storing):
    for scene in scenes(builder, storing):
        cabinet = scene.placement("cabinet")
        pull = compose(cabinet.pose, (-1, 0, 0, 1, 0, 0, 0))[:2] - cabinet.pose[:2]
        assert pull[0] < np.cos(np.pi - np.deg2rad(8.5))
        assert abs(cabinet.pose[1]) <= 0.12
        closed_front = cabinet.pose[0] - 0.15
        assert 0.60 < closed_front < 0.72


def test_nothing_stands_where_a_drawer_and_the_hand_before_it_move(builder, storing):
    for scene in scenes(builder, storing):
        cabinet = scene.placement("cabinet")
        zone = travel_zone(cabinet.asset, np.array(cabinet.pose), link_frames(cabinet.asset, builder.catalog))
        opened = compose(cabinet.pose, (-0.15 - 0.20, 0, 0, 1, 0, 0, 0))
        assert overlap(zone, footprint(cabinet.asset, tuple(opened)))
        for p in scene.placements:
            if not p.asset.fixed:
                assert not overlap(zone, footprint(p.asset, p.pose))


def test_a_push_starts_squarely_behind_its_region_with_room_for_the_hand(builder, pushing):
    for scene in scenes(builder, pushing):
        carton, zone = scene.placement("carton"), scene.placement("zone_red")
        offset = np.subtract(zone.pose[:2], carton.pose[:2])
        distance = np.hypot(*offset)
        assert 0.10 <= distance <= 0.20
        local = compose(inverse(carton.pose), zone.pose)[:2] / distance
        assert np.abs(local).max() >= np.cos(np.deg2rad(20))
        tail = carton.pose[:2] - offset / distance * (0.06 + 0.10)
        assert 0.2 < np.hypot(*tail) < 0.75


def test_nothing_but_what_was_asked_for_starts_on_a_region(builder, task):
    sorting = task("(within mug zone_red)", "mug", "bowl", "zone_red", family="sort")
    for i in range(30):
        scene = builder.build(sorting, stream(4, "region", i))
        zone = scene.placement("zone_red").pose
        for name in ("mug", "bowl"):
            reach = 0.08 + min(scene.placement(name).asset.links[""].bounds.half[:2])
            assert np.hypot(*np.subtract(scene.placement(name).pose[:2], zone[:2])) > reach


def test_an_initially_open_drawer_is_out_by_16_to_20_cm(builder, task):
    drawer = "cabinet/bottom_drawer"
    closing = task(f"(is_closed {drawer})", "cabinet", initial=(f"(is_open {drawer})",), family="articulate")
    for scene in scenes(builder, closing):
        assert 0.16 <= scene.placement("cabinet").joints["bottom_drawer_slide"] < 0.20
        assert scene.placement("cabinet").joints.get("top_drawer_slide", 0.0) == 0.0


def test_an_initial_stack_is_built_upwards(builder, task):
    unstacking = task("(on block_red table)", "block_red", "block_green", initial=("(on block_red block_green)",))
    for scene in scenes(builder, unstacking):
        red, green = scene.placement("block_red").pose, scene.placement("block_green").pose
        assert np.allclose(red[:2], green[:2])
        assert 0.040 < red[2] - green[2] < 0.050


def test_the_robot_starts_near_home_with_the_gripper_open(builder, picking, catalog):
    robot = catalog.robot("panda")
    starts = np.array([s.robot_start for s in scenes(builder, picking)])
    assert np.abs(starts[:, :-1] - robot.home).max() <= 0.02
    assert starts[:, :-1].std() > 0
    assert (starts[:, -1] == robot.gripper.max_width).all()


def test_the_scene_has_a_fixed_and_a_wrist_camera(builder, picking):
    cameras = {c.name: c.mount for c in builder.build(picking, stream(1, "a")).cameras}
    assert cameras["front"] is None
    assert any(mount is not None for mount in cameras.values())


def test_other_fixed_cameras_may_be_given(catalog, picking):
    blind = TabletopBuilder(catalog, catalog.robot("panda"), cameras=())
    assert all(c.mount for c in blind.build(picking, stream(1, "a")).cameras)


def test_a_table_that_is_too_full_is_said_to_be(builder, task):
    plates = tuple(TaskObject(name=f"plate_{i}", asset="plate") for i in range(16))
    crowded = task("(on mug plate)", "mug", "plate").model_copy(update={"objects": plates})
    with pytest.raises(Unplaceable, match=r"'a_task' found no layout.*'plate_\d+'; use smaller objects or fewer"):
        builder.build(crowded, stream(1, "a"))


@pytest.mark.parametrize("appliance", ["microwave", "dishwasher", "oven", "fridge", "door_cabinet", "cabinet", "chest"])
def test_whatever_opens_faces_the_robot_buttons_or_not(builder, task, catalog, appliance):
    scene = builder.build(task(f"(near mug {appliance})", appliance, "mug"), stream(3, "facing", appliance))
    placed = scene.placement(appliance)
    handles = [
        compose(
            placed.pose, compose(link_frames(placed.asset, catalog)[link], (*shape.keypoints["handle"], 1, 0, 0, 0))
        )
        for link, shape in placed.asset.links.items()
        if "handle" in shape.keypoints
    ]
    assert handles
    assert all(handle[0] < placed.pose[0] for handle in handles)
