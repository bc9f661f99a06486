"""What worked before comes first: uses of the tool by kind of thing, files of them, and that only judges fill these."""

from dataclasses import dataclass

import numpy as np
import pytest
from pydantic import ValidationError

from demo_solvers.path3d.experience import KEPT, Experience, Experiences, Kind, kind_of, merge
from demo_solvers.path3d.plan import Action
from demo_solvers.path3d.recall import Recall, difference, ordered, subject_of, use_of, worded
from demo_solvers.solvers.path3d import path3d
from pipeline.core import poses
from pipeline.core.doors import Solution
from pipeline.core.episode import Outcome
from pipeline.core.errors import InvalidInputError
from pipeline.core.lesson import Lesson
from pipeline.core.seeing import Query, SeeingProblem
from pipeline.rollout import attempt

DOWN = np.array([0.0, 1.0, 0.0, 0.0])
GRASP = Action(verb="grasp", thing="cup")


def bar(yaw=0.0, size=(0.12, 0.03, 0.03), at=(0.5, 0.1, 0.015)):
    """Points (n, 3) of a bar."""
    rng = np.random.default_rng(0)
    points = rng.uniform(-0.5, 0.5, (400, 3)) * size
    return poses.transform_points(poses.pose(at, poses.quat_from_yaw(yaw)), points)


def held_at(along, yaw=0.0, turn=0.0):
    """A tool over a bar, ``along`` m off its middle, as the bar itself is turned by ``yaw`` about its middle."""
    local = poses.pose((along, 0.0, 0.02), poses.quat_multiply(poses.quat_from_yaw(turn), DOWN))
    return poses.compose(poses.pose((0.5, 0.1, 0.015), poses.quat_from_yaw(yaw)), local)


@pytest.fixture
def line():
    use = use_of(bar(), held_at(0.04))
    cup = Kind(asset="cup_a", category="cup")
    return Experience(robot="panda", verb="grasp", thing=cup, instruction="take the cup", use=use, source="b-0")


def test_the_same_hold_is_the_same_wherever_the_thing_lies_and_whichever_end_is_which():
    use = use_of(bar(), held_at(0.04))
    for yaw in (0.3, 1.2, np.pi / 2, 2.5, np.pi):
        assert difference(use, use_of(bar(yaw), held_at(0.04, yaw))) < 0.1, yaw
    assert difference(use, use_of(bar(), held_at(-0.04))) < 0.1, "half a turn of the bar"
    assert difference(use, use_of(bar(), held_at(0.04, turn=np.pi))) < 0.1, "half a turn of the hand"
    assert difference(use, use_of(bar(), held_at(0.0))) > 0.9
    assert difference(use, use_of(bar(), held_at(0.04, turn=np.pi / 2))) > 2.0


def test_quarter_turns_are_the_same_for_what_is_square_alone():
    def cube(turn):
        return use_of(bar(size=(0.05, 0.05, 0.05)), held_at(0.0, turn=turn))

    assert difference(cube(0.0), cube(np.pi / 2)) < 0.1


def test_ways_like_remembered_ones_come_first_and_the_others_keep_their_order():
    tools = {
        "end": held_at(0.05),
        "middle": held_at(0.0),
        "other end": held_at(-0.05),
        "across": held_at(0.0, turn=1.5),
    }
    ways = [(name, use_of(bar(), tool)) for name, tool in tools.items()]
    assert ordered(ways, []) == list(tools)
    assert ordered(ways, [(use_of(bar(), held_at(0.0, turn=1.4)), 1.0)]) == ["across", "end", "middle", "other end"]


def test_experience_counts_for_its_kind_of_thing_its_action_and_its_robot(catalog, problem_of, line):
    kind = Kind(asset="block_red", category=catalog.asset("block_red").category)
    recall = Recall(Experiences((line.model_copy(update={"thing": kind}),)), catalog)
    told = problem_of(cup="block_red")
    (found,) = recall.uses(told, GRASP)
    assert found == (line.use, 1.0)
    assert recall.uses(told.model_copy(update={"instruction": "Empty it."}), GRASP)[0][1] < 1.0
    assert 0 < recall.uses(problem_of(cup="block_green"), GRASP)[0][1] < 1.0
    assert recall.uses(problem_of(cup="mug"), GRASP) == []
    assert recall.uses(told, Action(verb="press", thing="cup")) == []
    assert recall.uses(told.model_copy(update={"robot": catalog.robot("ur5e")}), GRASP) == []


@pytest.fixture
def problem_of(robot):
    def build(**assets):
        queries = tuple(Query(name=n, asset=a) for n, a in assets.items())
        return SeeingProblem(
            task="t", instruction="Take the cup.", goal="(holding cup)", queries=queries, robot=robot,
            base=((0, 0, 0, 1, 0, 0, 0),), rate=20.0, horizon=20.0, seed=0,
        )  # fmt: skip

    return build


def test_a_place_is_relative_to_where_it_is_and_the_bare_table_is_no_place():
    assert subject_of(Action(verb="place", thing="cup", to="dish", relation="on")) == "dish"
    assert subject_of(Action(verb="place", thing="cup", to="table", relation="on")) is None
    assert subject_of(GRASP) == "cup"
    assert worded("Take  the cup.") == "take the cup"


def test_a_file_is_kept_whole_and_each_line_once(tmp_path, line):
    path = tmp_path / "deep" / "handled.jsonl"
    merge(path, [line])
    merge(path, [line, line.model_copy(update={"source": "b-1"})])
    assert [x.source for x in Experiences.read(path).lines] == ["b-0", "b-1"]
    assert Experiences.read(path).digest == merge(path, []).digest
    assert [p.name for p in path.parent.iterdir() if not p.name.endswith(".lock")] == ["handled.jsonl"]


def test_of_one_action_on_one_kind_of_thing_the_newest_are_kept(line):
    many = [line.model_copy(update={"source": f"b-{i}"}) for i in range(KEPT + 5)]
    other = line.model_copy(update={"verb": "lift"})
    kept = Experiences().with_lines([other, *many]).lines
    assert len(kept) == KEPT + 1
    assert kept[0] == other
    assert kept[-1].source == f"b-{KEPT + 4}"


def test_a_file_of_another_version_or_with_a_broken_line_says_which(tmp_path, line):
    path = tmp_path / "handled.jsonl"
    path.write_text(line.model_dump_json() + "\n" + line.model_dump_json().replace('"version":1', '"version":2') + "\n")
    with pytest.raises(InvalidInputError, match="line 2"):
        Experiences.read(path)
    with pytest.raises(ValidationError):
        Experience.model_validate({**line.model_dump(), "verdict": "yes"})
    with pytest.raises(InvalidInputError, match="Cannot read"):
        Experiences.read(tmp_path / "none.jsonl")


def test_what_the_catalogue_does_not_know_is_a_kind_of_its_own(catalog):
    assert kind_of("cup", {"cup": "my_cup"}, catalog) == Kind(asset="my_cup", category="")
    assert kind_of("box/lid", {"box": "lidded_box"}, catalog).link == "lid"
    assert kind_of("table", {"cup": "mug"}, catalog) is None


@dataclass(frozen=True)
class Boasting:
    """A solver that claims success and has a lesson to give, having done nothing."""

    lesson: Lesson
    sight: object = path3d.sight

    def __call__(self, problem, worlds):
        """Claim it."""
        nothing = np.zeros((0, problem.robot.dof), np.float32)
        stages = np.zeros(0, np.uint8)
        claimed = Outcome(success=True, actions=nothing, stages=stages, lessons=(self.lesson,))
        return Solution([claimed for _ in range(worlds.batch)])


def test_lessons_of_an_attempt_that_no_predicate_confirms_are_dropped(simulator, problem, line):
    lesson = Lesson(verb="grasp", thing="block_green", at="block_green", use=line.use)
    built = problem("(within block_green zone_red)", "block_green", "zone_red")
    for outcome in attempt(simulator, built, Boasting(lesson)).outcomes:
        assert not outcome.success
        assert outcome.lessons == ()


@pytest.mark.physics
def test_a_remembered_grasp_is_tried_first(engine, catalog, problem):
    """The carton stands; what is taken by rule in one way is taken in another that is remembered."""
    built = problem("(within juice_carton zone_red)", "juice_carton", "zone_red", worlds=1)
    (plain,) = attempt(engine, built, path3d).outcomes
    assert plain.success, plain.diagnosis
    by_rule = next(lesson for lesson in plain.lessons if lesson.verb == "grasp")
    assert by_rule.at == "juice_carton"
    leaning = np.array(by_rule.use.approach) + np.array([0.0, 0.45, 0.0])
    wanted = by_rule.use.model_copy(update={"approach": tuple(leaning / np.linalg.norm(leaning)), "square": False})
    assert difference(wanted, by_rule.use) > 0.5
    kind = kind_of("juice_carton", {"juice_carton": "juice_carton"}, catalog)
    line = Experience(robot="panda", verb="grasp", thing=kind, instruction="do it", use=wanted, source="earlier")

    @dataclass(frozen=True)
    class Remembering:
        sight: object = path3d.sight

        def __call__(self, told, worlds):
            return path3d(told, worlds, experience=Recall(Experiences((line,)), catalog))

    (outcome,) = attempt(engine, built, Remembering()).outcomes
    assert outcome.success, outcome.diagnosis
    assert outcome.recoveries == 0
    taken = next(lesson for lesson in outcome.lessons if lesson.verb == "grasp")
    assert difference(taken.use, wanted) < difference(by_rule.use, wanted)
