"""A run with a solver that sees: models in its roles, reference pictures, experience that only predicates confirm."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from assets.catalog import LibraryCatalog
from demo_solvers.path3d.experience import Experience, Experiences, Kind
from demo_solvers.path3d.geometric import GeometricPerceiver
from demo_solvers.path3d.model_perception import ModelPerceiver
from flows.cli import main
from flows.config import RunConfig, compose
from flows.experience import experience_for, keep_experience
from flows.folder import RunFolder
from flows.jobs import Attempt, BatchReport
from flows.parameters import BatchRequest
from flows.plan import make_plan
from flows.reference_pictures import digest_of_pictures, keep_pictures, pictures_for
from flows.staffing import Belongings, check_belongings, staffed_solver
from pipeline.core.doors import Problem
from pipeline.core.errors import InvalidInputError, OutputError
from pipeline.core.lesson import Lesson, ToolUse
from pipeline.core.streams import stream
from pipeline.core.task import TaskObject, TaskSpec
from pipeline.rollout import attempt
from pipeline.sim.mujoco import mujoco
from scene_gen.builder import TabletopBuilder

PUT = TaskSpec(
    name="put_block",
    family="pick_place",
    instruction="Put the green block in the red zone.",
    objects=(TaskObject(name="block", asset="block_green"), TaskObject(name="zone", asset="zone_red", role="region")),
    goal="(within block zone)",
    horizon=25.0,
)
USE = ToolUse(part=(0.0, 0.0, 0.5), approach=(0.0, 0.0, -1.0), closing=(0.0, 1.0, 0.0), square=True)
GRASP = Lesson(verb="grasp", thing="block", at="block", use=USE)
PLACE = Lesson(verb="place", thing="block", relation="within", to="zone", at="zone", use=USE)
LINE = Experience(
    robot="panda", verb="grasp", thing=Kind(asset="block_green", category="block"), instruction="x", use=USE, source="a"
)


@pytest.fixture
def config() -> RunConfig:
    return compose("smoke", tasks=1, demos=1, batch=2, solver="path3d", backend="mujoco", given=(PUT,))


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """One plain picture of the green block."""
    place = tmp_path / "pictures"
    (place / "block_green").mkdir(parents=True)
    rgb = np.full((60, 60, 3), 128, np.uint8)
    rgb[20:40, 20:40] = (40, 160, 60)
    Image.fromarray(rgb).save(place / "block_green" / "a.png")
    return place


def generate(monkeypatch: pytest.MonkeyPatch, *words: str | Path) -> int:
    monkeypatch.setattr(sys, "argv", ["taskloom", "generate", "--preset", "smoke", "--plain", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def report_with(*attempts: Attempt) -> BatchReport:
    return BatchReport(job="j", task=PUT.name, family=PUT.family, index=0, status="done", attempts=attempts)


def test_only_what_the_predicates_confirmed_is_kept(config: RunConfig, tmp_path: Path) -> None:
    """A report of whatever origin: lessons of an attempt that missed its goal are never written down."""
    catalog, folder = LibraryCatalog(), RunFolder(tmp_path)
    plan = make_plan(config, catalog)
    missed = Attempt(row=0, solved=False, lessons=(GRASP, PLACE))
    assert keep_experience(plan, [report_with(missed)], catalog, folder) == Experiences()
    assert not folder.experience.exists()
    kept = keep_experience(
        plan, [report_with(missed, Attempt(row=1, solved=True, lessons=(GRASP, PLACE)))], catalog, folder
    )
    assert Experiences.read(folder.experience) == kept
    assert [(x.verb, x.source) for x in kept.lines] == [("grasp", "j-1"), ("place", "j-1")]
    assert kept.lines[0].thing == Kind(asset="block_green", category=catalog.asset("block_green").category)
    assert kept.lines[1].to is not None
    assert kept.lines[1].to.asset == "zone_red"
    assert kept.lines[0].instruction == "put the green block in the red zone"


def test_a_run_begins_with_a_file_as_it_is_and_goes_on_with_what_it_began_with(tmp_path: Path) -> None:
    path, out = tmp_path / "handled.jsonl", tmp_path / "out"
    assert experience_for(out, path, remember=True) == Experiences()
    with pytest.raises(InvalidInputError, match="Cannot read"):
        experience_for(out, path)
    with pytest.raises(InvalidInputError, match="name it with --experience"):
        experience_for(out, None, remember=True)
    Experiences((LINE,)).write(path)
    assert experience_for(out, path).lines == (LINE,)
    Experiences((LINE,)).write(RunFolder(out).given_experience)
    path.unlink()
    assert experience_for(out, path).lines == (LINE,)


def test_a_solver_is_given_what_its_run_holds(config: RunConfig, tmp_path: Path, pictures: Path) -> None:
    Experiences((LINE,)).write(tmp_path / "handled.jsonl")
    with staffed_solver(config) as solver:
        assert not hasattr(solver.solve, "keywords"), "nothing by default"
    with staffed_solver(config, Belongings(experience=tmp_path / "handled.jsonl", pictures=pictures)) as solver:
        given = solver.solve.keywords  # type: ignore[attr-defined]
        assert given["experience"].experiences.lines == (LINE,)
        assert isinstance(given["perceiver"], GeometricPerceiver)
        assert given["perceiver"].references.pictures == pictures
        assert solver.sight is not None


def test_pictures_are_copied_whole_and_known_by_their_content(tmp_path: Path, pictures: Path) -> None:
    folder = RunFolder(tmp_path / "out")
    folder.root.mkdir()
    place = pictures_for(folder.root, pictures)
    digest = digest_of_pictures(place)
    assert digest
    keep_pictures(place, folder, digest=digest)
    assert digest_of_pictures(folder.given_pictures) == digest
    (pictures / "block_green" / "a.png").write_bytes(b"changed")
    assert pictures_for(folder.root, pictures) == folder.given_pictures
    with pytest.raises(OutputError, match=r"^Pictures in .* changed while"):
        keep_pictures(pictures, RunFolder(tmp_path), digest=digest)
    with pytest.raises(InvalidInputError, match="cannot be read"):
        pictures_for(tmp_path, pictures)
    with pytest.raises(InvalidInputError, match="holds no folder"):
        pictures_for(tmp_path, pictures / "block_green")
    assert digest_of_pictures(pictures_for(tmp_path, None)) == ""


def test_what_a_solver_can_do_nothing_with_is_told_before_a_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    Experiences((LINE,)).write(tmp_path / "handled.jsonl")
    for words, says in [
        (
            ("--verifier", "anthropic"),
            "--verifier: solver 'auto' takes no verifier; use --solver path3d or path3d-labelled",
        ),
        (("--perceiver", "nobody", "--solver", "path3d"), "perceiver 'nobody'"),
        (("--perceiver", "anthropic", "--solver", "path3d-labelled"), "takes no perceiver; use --solver path3d"),
        (("--pictures", pictures), "--pictures: solver 'auto' takes no perceiver"),
        (("--experience", tmp_path / "handled.jsonl"), "--experience: solver 'auto' takes no experience"),
        (("--remember-experience", "--solver", "path3d"), "name it with --experience"),
        (("--experience", tmp_path / "none.jsonl", "--solver", "path3d"), "Cannot read the experience"),
    ]:
        assert generate(monkeypatch, *words, "--out", out) == 2
        assert says in " ".join(capsys.readouterr().err.split())
        assert not out.exists()


def test_the_form_of_a_batch_takes_what_the_command_line_takes() -> None:
    from datetime import date

    asked = {
        "solver": "path3d",
        "verifier": "anthropic",
        "path_writer": "anthropic",
        "experience": "/a",
        "pictures": "/b",
    }
    config = BatchRequest.model_validate({"preset": "smoke", **asked}).config(day=date(2026, 11, 26))
    assert (config.verifier, config.path_writer, config.perceiver) == ("anthropic", "anthropic", "procedural")
    assert (config.experience, config.pictures) == ("", "")
    check_belongings(config)


@pytest.mark.physics
def test_models_in_all_roles_are_asked_through_the_real_client(
    messages: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, config: RunConfig
) -> None:
    """Boxes from a picture that shows nothing fail and are left to the geometry; ways and answers are used."""
    monkeypatch.setenv("TASKLOOM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test-secret")
    asked = config.model_copy(
        update=dict.fromkeys(("perceiver", "path_writer", "verifier"), "anthropic") | {"solver_model": "a-model"}
    )
    catalog, told = LibraryCatalog(), list[str]()

    def script(turn: int, body: dict) -> object:
        text = "".join(b.get("text", "") for m in body["messages"] for b in m["content"])
        pictures = sum(b["type"] == "image" for m in body["messages"] for b in m["content"])
        if "You find things" in text:
            told.append(f"boxes from {pictures}")
            return messages.Answer(json.dumps({"things": []}))
        if "You plan where" in text:
            told.append(f"ways from {pictures}")
            return messages.Answer(json.dumps({"waypoints": []}))
        told.append(f"answers from {pictures}")
        return messages.Answer(json.dumps({"yes": True, "why": "it is seen there"}))

    builder = TabletopBuilder(catalog, catalog.robot("panda"), cameras=())
    problem = Problem(PUT, (builder.build(PUT, stream(0, "seeing")),), seed=0)
    with messages.serving(script) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        with staffed_solver(asked) as solver:
            assert isinstance(solver.solve.keywords["perceiver"], ModelPerceiver)  # type: ignore[attr-defined]
            (outcome,) = attempt(mujoco(catalog), problem, solver).outcomes  # type: ignore[arg-type]
            account = solver.account
        assert outcome.success, outcome.diagnosis
        assert {w.partition(" from ")[0] for w in told} == {"boxes", "ways", "answers"}
        assert "ways from 0" in told
        assert told.count("answers from 2") == 2
        assert account is not None
        assert account.calls == server.calls
        assert {body["model"] for body in server.bodies} == {"a-model"}


@pytest.mark.physics
@pytest.mark.timeout(900)
def test_a_run_remembers_what_was_confirmed_and_the_next_run_begins_with_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    handled, tasks = tmp_path / "handled.jsonl", tmp_path / "tasks.json"
    tasks.write_text(json.dumps([PUT.model_dump(mode="json")]))
    base = (
        "--solver",
        "path3d",
        "--backend",
        "mujoco",
        "--tasks-from",
        tasks,
        "--demos",
        "1",
        "--batch",
        "2",
        "--json",
    )
    words = (*base, "--experience", handled, "--remember-experience", "--workers", "1")
    assert generate(monkeypatch, *words, "--out", tmp_path / "a") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["config"]["experience"] == ""
    known = Experiences.read(handled)
    assert known == Experiences.read(tmp_path / "a" / "experience-learned.jsonl")
    assert {(x.verb, x.thing.asset) for x in known.lines} == {("grasp", "block_green"), ("place", "block_green")}
    assert generate(monkeypatch, *words, "--out", tmp_path / "b") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["config"]["experience"] == known.digest
    assert Experiences.read(tmp_path / "b" / "experience-given.jsonl") == known
