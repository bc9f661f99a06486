"""A run with a solver that learns: what reaches it, what it leaves behind, and what the next batch and run find."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from assets.catalog import LibraryCatalog
from demo_solvers.execution import Execution
from demo_solvers.learning.learned_skill import learned_skill
from demo_solvers.learning.policy import LocalPolicy
from demo_solvers.learning.shelf import Shelf
from demo_solvers.learning.stage import LearnedStage
from demo_solvers.rewards.authors import Author, ProceduralAuthor
from demo_solvers.rewards.model import ModelAuthor
from flows.claim import is_claimed
from flows.cli import main
from flows.config import RunConfig, compose, solver_names
from flows.folder import RunFolder, open_folder
from flows.jobs import BatchJob
from flows.line import Bench, run_batch
from flows.notices import Notice
from flows.parameters import BatchRequest
from flows.skills import add_skills, digest_of, keep_given, skills_for
from flows.solving import learning_of
from flows.staffing import staffed_solver
from pipeline.core.doors import Problem, Solution, TrialWorlds
from pipeline.core.errors import InvalidInputError, OutputError, UnknownNameError
from pipeline.core.learning import Curve, LearningBudget, StageWay, WayTried
from pipeline.core.program import Stage
from pipeline.core.scene import SceneSpec
from pipeline.core.task import TaskObject, TaskSpec
from pipeline.sim.kinematic import kinematic

PUSH = TaskSpec(
    name="push_box",
    family="push",
    instruction="Push the box into the zone.",
    objects=(TaskObject(name="box", asset="cookie_box"), TaskObject(name="zone", asset="zone_green", role="region")),
    goal="(within box zone)",
)
STAGE = LearnedStage(name="push", goal=PUSH.goal, body="box", others=("zone",), freedoms=("x", "y"))
WAY = StageWay(
    number=0,
    stage="push box within zone",
    way="policy",
    reason="the planner reached 1 of 4",
    tried=(WayTried(way="planner", reached=1, starts=4), WayTried(way="policy", reached=4, starts=4, steps=320)),
)


class Learner:
    """A solver that learns a skill in practice scenes and attempts nothing; what it was given is kept."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.given: list[dict[str, Any]] = []
        self.hold = threading.Event()
        self.hold.set()
        self.inside = threading.Event()
        self.working = list[int]()  # seeds of the problems that have the workshop open, one after the other

    def __call__(
        self, problem: Problem, worlds: TrialWorlds, *, author: Author | None = None, shelf: Shelf | None = None
    ) -> Solution:
        """As a solver."""
        self.problems.append(problem)
        self.given.append({"author": author, "shelf": shelf})
        assert problem.more is not None
        assert problem.workshop is not None
        with problem.workshop.open() as place:
            self.working.append(problem.seed)
            self.inside.set()
            assert self.hold.wait(60)
            self._learn(place, problem.more(2))
        ex = Execution(problem, worlds.trial())
        ex.fail(np.arange(worlds.batch), "timeout", expected="a demonstration", seen="practice alone")
        return Solution(ex.outcomes(), ways=(WAY,))

    def _learn(self, place: Path, scenes: Sequence[SceneSpec]) -> None:
        done = place / "done.json"
        if done.exists():
            return
        policy = LocalPolicy((np.full((2, 33), 0.1, np.float32),), (np.zeros(2, np.float32),))
        skill = learned_skill(
            Stage(skill="push", body="box"), STAGE, scenes[0], way="policy", reached=4, starts=4, training="t"
        )
        Shelf(place / "skills").put(skill, policy)
        done.write_text(json.dumps([s.build_key for s in scenes]))


@pytest.fixture
def learner(monkeypatch: pytest.MonkeyPatch) -> Learner:
    made = Learner()
    monkeypatch.setattr("flows.staffing.find_solver", lambda name: made)
    return made


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    catalog = LibraryCatalog()
    simulator = kinematic(catalog)
    yield Bench(catalog, simulator)
    simulator.close()


@pytest.fixture
def config() -> RunConfig:
    return compose("smoke", tasks=1, demos=1, batch=2, seed=5, given=(PUSH,), learn_steps=320, learn_worlds=4)


@pytest.fixture
def folder(tmp_path: Path, config: RunConfig) -> RunFolder:
    return open_folder(tmp_path / "out", config, library="test")


def job_of(config: RunConfig, index: int = 0) -> BatchJob:
    return BatchJob(config=config, task=PUSH, index=index, keep=1)


def test_options_reach_the_budget_of_learning() -> None:
    asked = {"learn_steps": 5000, "learn_worlds": 16, "learn_judged": 8, "reward_candidates": 3, "reward_rounds": 4}
    assert learning_of(compose("smoke", **asked)) == LearningBudget(
        steps=5000, worlds=16, judged=8, candidates=3, rounds=4
    )
    assert learning_of(compose("push_precise")) == LearningBudget()
    assert learning_of(compose("demo")) == LearningBudget(steps=100_000), "less, where it was not asked for"
    assert learning_of(compose("smoke")) == LearningBudget(steps=0), "it is to take seconds"
    assert len({compose("smoke", **{name: value}).digest for name, value in asked.items()}) == len(asked)


def test_rewards_side_by_side_need_as_many_worlds() -> None:
    with pytest.raises(InvalidInputError, match=r"--reward-candidates: 8 rewards .* --learn-worlds is 4"):
        compose("smoke", learn_worlds=4, reward_candidates=8)
    assert compose("smoke", learn_worlds=8, reward_candidates=8).reward_candidates == 8


def test_a_solver_is_called_as_people_write_it_and_an_unknown_one_is_answered_with_those_there_are() -> None:
    assert compose("smoke", solver="vipr").solver == "vipr"
    assert all("_" not in name for name in solver_names())
    for name in solver_names():
        assert compose("smoke", solver=name) == compose("smoke", solver=name.replace("-", "_"))
    with pytest.raises(UnknownNameError, match=r"Unknown solver 'viper'. Did you mean 'vipr'\? Allowed: .*vipr"):
        compose("smoke", solver="viper")
    with pytest.raises(UnknownNameError, match="Unknown reward author 'human'"):
        compose("smoke", reward_author="human")


def test_a_batch_gives_a_learning_solver_scenes_a_workshop_a_budget_and_an_author(
    learner: Learner, bench: Bench, config: RunConfig, folder: RunFolder
) -> None:
    report = run_batch(job_of(config), folder, bench)
    (problem,), (given,) = learner.problems, learner.given
    assert report.status == "done"
    assert report.ways == (WAY,)
    assert problem.learning == LearningBudget(steps=320, worlds=4, seed=config.seed)
    place = folder.root / "learned" / "push_box"
    assert json.loads((place / "done.json").read_text()) == [problem.scenes[0].build_key] * 2
    assert isinstance(given["author"], ProceduralAuthor)
    assert given["shelf"] is None
    assert folder.finished(job_of(config)) == report, "the ways are in the batch's report on disk"


def test_whoever_watches_a_batch_hears_that_it_learns(
    learner: Learner, bench: Bench, config: RunConfig, folder: RunFolder
) -> None:
    heard = list[Notice]()
    run_batch(job_of(config), folder, bench, notice=heard.append)
    assert [n.detail for n in heard if n.stage == "solve"] == [
        "2 worlds",
        "learning, at most 320 actions a stage and way",
    ]


def test_what_is_learned_outlives_its_batch_and_serves_the_next(
    learner: Learner, bench: Bench, config: RunConfig, folder: RunFolder
) -> None:
    run_batch(job_of(config), folder, bench)
    place = folder.root / "learned" / "push_box"
    held = {path: path.stat().st_mtime_ns for path in place.rglob("*") if path.is_file()}
    folder.clear(job_of(config))
    run_batch(job_of(config, 1), folder, bench)
    assert len(learner.problems) == 2
    assert {path: path.stat().st_mtime_ns for path in place.rglob("*") if path.is_file()} == held
    authors = [given["author"].seed for given in learner.given]
    assert authors[0] == authors[1], "rewards do not depend on the batch"


def test_two_workers_never_train_the_same_task_at_once(
    learner: Learner, bench: Bench, config: RunConfig, folder: RunFolder
) -> None:
    learner.hold.clear()
    other = Bench(bench.catalog, kinematic(bench.catalog))
    threads = [
        threading.Thread(target=run_batch, args=(job_of(config, index), folder, one))
        for index, one in enumerate((bench, other))
    ]
    threads[0].start()
    assert learner.inside.wait(60)
    threads[1].start()
    threads[1].join(5)
    assert len(learner.working) == 1, "the second waits"
    assert is_claimed(folder.root / "claims" / "push_box.workshop")
    learner.hold.set()
    for thread in threads:
        thread.join(120)
    assert len(learner.working) == 2
    assert not is_claimed(folder.root / "claims" / "push_box.workshop")


def test_skills_are_gathered_with_the_engine_and_given_to_a_later_run(
    learner: Learner, bench: Bench, config: RunConfig, folder: RunFolder, tmp_path: Path
) -> None:
    run_batch(job_of(config), folder, bench)
    (skill,) = Shelf(folder.skills).skills()
    assert skill.engine == "kinematic 1 on cpu"
    assert (skill.reached, skill.key.assets) == (4, ("cookie_box", "zone_green"))
    shelf = skills_for(tmp_path / "later", folder.skills)
    assert shelf is not None
    later_config = config.model_copy(update={"skills": digest_of(shelf)})
    assert later_config.digest != config.digest
    later = open_folder(tmp_path / "later", later_config, library="test")
    keep_given(shelf, later, digest=later_config.skills)
    run_batch(job_of(later_config), later, bench)
    offered = learner.given[-1]["shelf"]
    (offer,) = offered.find(Stage(skill="push", body="box"), STAGE, learner.problems[-1].scenes[0])
    assert offer.exact
    folder.skills.rename(tmp_path / "moved")
    again = skills_for(tmp_path / "later", None)
    assert digest_of(again) == later_config.skills, "it goes on with what it began with"


def test_what_a_run_learned_is_added_to_a_shelf_once(
    learner: Learner, bench: Bench, config: RunConfig, folder: RunFolder, tmp_path: Path
) -> None:
    run_batch(job_of(config), folder, bench)
    assert add_skills(folder, tmp_path / "shelf") == 1
    assert add_skills(folder, tmp_path / "shelf") == 0
    assert Shelf(tmp_path / "shelf").digest == Shelf(folder.skills).digest


def test_skills_that_cannot_be_had_are_told_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="name its folder with --skills"):
        skills_for(tmp_path / "out", None, remember=True)
    with pytest.raises(InvalidInputError, match=r"--skills .*nowhere.* is no folder"):
        skills_for(tmp_path / "out", tmp_path / "nowhere")
    assert digest_of(skills_for(tmp_path / "out", tmp_path / "nowhere", remember=True)) == ""
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInputError, match=r"--skills .*file.* is no folder"):
        skills_for(tmp_path / "out", tmp_path / "file", remember=True)
    (tmp_path / "shelf").mkdir()
    (tmp_path / "shelf" / "push-x-0.json").write_text("{")
    with pytest.raises(InvalidInputError, match=r"push-x-0\.json"):
        skills_for(tmp_path / "out", tmp_path / "shelf")


def test_skills_that_change_while_a_run_begins_are_not_taken(
    learner: Learner, bench: Bench, config: RunConfig, folder: RunFolder, tmp_path: Path
) -> None:
    run_batch(job_of(config), folder, bench)
    later = RunFolder(tmp_path / "later")
    later.root.mkdir()
    with pytest.raises(OutputError, match="changed while the run began"):
        keep_given(Shelf(folder.skills), later, digest="another")
    assert not list(later.root.iterdir())


def test_a_task_that_has_no_plan_is_attempted_with_the_sketch_that_was_measured(bench: Bench, tmp_path: Path) -> None:
    """The planner knows no way to push so wide a box where nothing may be learned; its skill is measured and used."""
    config = compose("push_precise", backend="kinematic", solver="vipr-rl", batch=2, learn_steps=0, learn_judged=4)
    folder = open_folder(tmp_path / "out", config, library="test")
    report = run_batch(BatchJob(config=config, task=config.given[0], index=0, keep=1), folder, bench)
    (way,) = report.ways
    assert (way.way, [tried.way for tried in way.tried]) == ("planner", ["planner"])
    assert report.program is not None
    assert "no_plan" not in report.causes


def test_a_workshop_in_which_nothing_was_learned_is_not_left_behind(folder: RunFolder) -> None:
    with folder.workshop("push_box") as place:
        assert place.is_dir()
    assert not place.exists()
    with folder.workshop("push_box") as place:
        (place / "a").write_text("")
    assert place.is_dir()


def test_a_plain_solver_has_no_workshop(bench: Bench, config: RunConfig, folder: RunFolder) -> None:
    run_batch(job_of(config.model_copy(update={"solver": "vipr"})), folder, bench)
    assert not (folder.root / "learned").exists()
    assert not (folder.root / "claims" / "push_box.workshop").exists()


def test_a_model_writes_rewards_with_rules_behind_it(
    learner: Learner, messages: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, config: RunConfig
) -> None:
    monkeypatch.setenv("TASKLOOM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test-secret")
    asked = config.model_copy(update={"reward_author": "anthropic", "solver_model": "a-model"})
    with messages.serving(lambda turn, body: messages.Answer("{}")) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        with staffed_solver(asked) as solver:
            author = solver.solve.keywords["author"]  # type: ignore[attr-defined]
            assert isinstance(author, ModelAuthor)
            assert author.name == "a-model"
            assert isinstance(author.fallback, ProceduralAuthor)
            assert solver.account is not None


def test_a_role_that_a_solver_lacks_is_told_before_a_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--preset", "smoke", "--plain", "--solver", "vipr", "--reward-author", "anthropic"]
    monkeypatch.setattr(sys, "argv", ["taskloom", "generate", *words, "--out", str(tmp_path / "out")])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "--reward-author: solver 'vipr' takes no author" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_form_of_a_batch_takes_what_the_command_line_takes() -> None:
    from datetime import date

    request = BatchRequest(preset="smoke", solver="vipr", learn_steps=10, reward_author="procedural", skills="/shelf")
    config = request.config(day=date(2026, 11, 26))
    assert (config.solver, config.learn_steps, config.skills) == ("vipr", 10, "")
    fields = BatchRequest.model_json_schema()["properties"]
    assert set(fields["solver"]["anyOf"][0]["enum"]) == set(solver_names())


CURVE = Curve(name="policy", steps=(1, 2), success=(0.0, 1.0), value=(0.0, 1.0))


def test_a_training_that_ran_away_leaves_a_report_that_can_be_read() -> None:
    away = CURVE.model_copy(update={"value": (float("nan"), float("-inf"))})
    assert Curve.model_validate_json(away.model_dump_json()).model_dump_json() == away.model_dump_json()
    json.loads(away.model_dump_json(), parse_constant=lambda text: pytest.fail(f"{text} is no JSON"))


def test_curves_travel_with_a_batchs_report(
    learner: Learner, bench: Bench, config: RunConfig, folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = WAY.tried[1].model_copy(update={"curves": (CURVE,)})
    monkeypatch.setattr(sys.modules[__name__], "WAY", WAY.model_copy(update={"tried": (tried,)}))
    report = run_batch(job_of(config), folder, bench)
    held = json.loads((folder.batch(job_of(config)) / "report.json").read_text())
    assert held["ways"][0]["tried"][0]["curves"][0]["success"] == [0.0, 1.0]
    assert report.ways[0].tried[0].curves == (CURVE,)
