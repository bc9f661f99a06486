"""A run whose rewards a model writes: read, trained with, chosen by success, revised once it has seen the curves."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from demo_solvers.learning.eureka import DenseRecord
from demo_solvers.learning.tried import ranked
from flows.cli import main
from flows.folder import RunFolder
from flows.report import TaskReport, load_report

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]
KEY = "sk-planted-in-rewards-77"
MODEL = "a-model"
GOAL = "(within box zone)"
TASK = {
    "name": "push_box",
    "family": "push",
    "instruction": "Push the box into the zone.",
    "objects": [{"name": "box", "asset": "cookie_box"}, {"name": "zone", "asset": "zone_green", "role": "region"}],
    "goal": GOAL,
    "horizon": 30.0,
}
STILL = f"goal: 5 * bonus({GOAL})\nsmooth: -0.005 * action_change()"
BRING = f"bring: -1 * planar_distance(box, zone) / 10 cm\ngoal: 5 * bonus({GOAL})"
BRINGING = "bring: -2 * planar_distance(box, zone) / 10 cm"
REACH = f"reach: -1 * distance(tool, box) / 10 cm\n{BRINGING}\ngoal: 5 * bonus({GOAL})"
AGAIN = f"bring: -3 * planar_distance(box, zone) / 10 cm\ngoal: 9 * bonus({GOAL})"
BUDGET = ["--learn-worlds=8", "--learn-judged=8", "--reward-candidates=2"]
ONE_ROUND, TWO_ROUNDS = (
    [f"--reward-rounds={rounds}", f"--learn-steps={13_000 * rounds}"] for rounds in (1, 2)
)  # of which judging takes the most


@dataclass(frozen=True)
class Ran:
    """A run that has ended."""

    out: Path
    code: int
    said: str
    bodies: list[dict[str, Any]]

    @property
    def task(self) -> TaskReport:
        (task,) = load_report(RunFolder(self.out)).tasks
        return task


@pytest.fixture
def generate(
    messages: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> Callable[..., Ran]:
    """Generate with a model that answers as a script says."""

    def run(script: Callable[[int, dict[str, Any]], Any], *words: str) -> Ran:
        (tmp_path / "push.json").write_text(json.dumps([TASK]))
        monkeypatch.setenv("TASKLOOM_CACHE", str(tmp_path / "cache"))
        monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
        base = ["--preset=smoke", "--plain", "--workers=1", "--solver=vipr-eureka", "--demos=1", "--batch=2"]
        model = ["--rounds=1", "--reward-author=anthropic", f"--solver-model={MODEL}"]
        out = tmp_path / "out"
        where = [f"--tasks-from={tmp_path / 'push.json'}", f"--out={out}"]
        with messages.serving(script) as server:
            monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
            monkeypatch.setattr(sys, "argv", ["taskloom", "generate", *base, *model, *BUDGET, *where, *words])
            with pytest.raises(SystemExit) as ended:
                main()
            said = capfd.readouterr()
            return Ran(out, int(ended.value.code or 0), said.out + said.err, server.bodies)

    return run


def told(body: dict[str, Any]) -> str:
    """All words of a request's turns."""
    return json.dumps(body["messages"], ensure_ascii=False)


def is_revision(body: dict[str, Any]) -> bool:
    return "Rewards that were tried" in told(body)


def is_second(body: dict[str, Any]) -> bool:
    return "request 2 of 2" in told(body)


def plain(reward: str) -> list[str]:
    """Names of the lines of a reward."""
    return re.findall(r"^(\w+):", reward, re.MULTILINE)


def where_key_is(root: Path) -> list[str]:
    return [str(p.relative_to(root)) for p in root.rglob("*") if p.is_file() and KEY.encode() in p.read_bytes()]


def test_a_model_writes_rewards_sees_their_curves_and_revises_them(
    generate: Callable[..., Ran], messages: ModuleType, tmp_path: Path
) -> None:
    def script(turn: int, body: dict[str, Any]) -> Any:
        rewards = (REACH, AGAIN) if is_revision(body) else (STILL, BRING)
        thought = f"Because of {KEY}." if is_second(body) else "It leads there."
        return messages.Answer(json.dumps({"thought": thought, "reward": rewards[is_second(body)]}))

    ran = generate(script, *TWO_ROUNDS)
    assert ran.code in (0, 3), ran.said
    (stage,) = ran.task.ways
    (tried,) = stage.tried
    names = [c.name for c in tried.curves]
    assert [n for n in names if n.startswith("candidate")] == [
        f"candidate {k} of round {r}" for r in (1, 2) for k in (1, 2)
    ]
    assert {c.author for c in tried.curves} == {MODEL}
    assert [plain(c.reward) for c in tried.curves[:4]] == list(map(plain, (STILL, BRING, REACH, AGAIN)))
    for curve in tried.curves:
        assert set(curve.terms) >= set(plain(curve.reward))
        assert curve.steps

    (path,) = ran.out.glob("learned/push_box/**/learned.json")
    record = DenseRecord.model_validate_json(path.read_bytes())
    best = ranked(record.tried)[0]
    assert record.tried[record.chosen] == best, "chosen by success, not by the reward's own value"
    assert tried.curves[-1].reward == best.candidate.reward

    first, second = ([b for b in ran.bodies if is_revision(b) is later] for later in (False, True))
    assert (len(first), len(second)) == (2, 2)
    for shown in record.tried[:2]:
        assert f"Success {shown.success:.0%}." in told(second[0])
        assert all(json.dumps(line)[1:-1] in told(second[0]) for line in shown.candidate.reward.splitlines())
    assert re.search(r"- bring: -?\d[^\\]* -?\d", told(second[0])), "the curve of a line, a few points of it"
    assert ran.task.asked is not None
    assert ran.task.asked.calls == 4
    assert ran.task.failed_calls == ()

    page = (ran.out / "index.html").read_text()
    assert best.candidate.reward.splitlines()[0].replace(">", "&gt;").replace("'", "&#x27;") in page
    assert f"by {MODEL}" in page
    assert KEY not in ran.said
    assert where_key_is(tmp_path) == []


def test_replies_that_are_no_reward_are_told_and_rules_stand_in(
    generate: Callable[..., Ran], messages: ModuleType, tmp_path: Path
) -> None:
    nonsense = {"thought": "x", "reward": "reach: 1 - distance(tool, boxx) / 10 cm"}

    def script(turn: int, body: dict[str, Any]) -> Any:
        if is_second(body):
            return messages.Answer('{"thought": "It is so", "rew', stop="max_tokens")
        return messages.Answer(json.dumps(nonsense))

    ran = generate(script, *ONE_ROUND)
    assert ran.code in (0, 3), ran.said
    (stage,) = ran.task.ways
    assert {c.author for c in stage.tried[0].curves} == {"procedural"}
    wrong, cut = sorted(ran.task.failed_calls, key=lambda why: "Truncated" in why)
    assert wrong.startswith("author: ModelReplyError")
    assert "line 1, column" in wrong
    assert "Did you mean 'box'" in wrong
    assert cut.startswith("author: ModelTruncatedError")
    assert KEY not in ran.said
    assert where_key_is(tmp_path) == []


def test_a_server_that_breaks_leaves_the_run_to_rules_and_its_words_without_the_key(
    generate: Callable[..., Ran], messages: ModuleType, tmp_path: Path
) -> None:
    def script(turn: int, body: dict[str, Any]) -> Any:
        return messages.Answer(status=401, error=f"invalid key {KEY}", headers={"x_should_retry": "false"})

    ran = generate(script, *ONE_ROUND)
    assert ran.code in (0, 3), ran.said
    assert {c.author for c in ran.task.ways[0].tried[0].curves} == {"procedural"}
    assert any("401" in why for why in ran.task.failed_calls)
    assert KEY not in ran.said
    assert where_key_is(tmp_path) == []
