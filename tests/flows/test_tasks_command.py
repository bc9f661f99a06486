"""``taskloom tasks``: what a person sees of proposing, checking and measuring tasks."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from flows.cli import main
from task_gen.modes import MODES
from task_gen.proposal import Proposal

Told = tuple[int, str, str]


@pytest.fixture
def taskloom(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("TASKLOOM_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("ANTHROPIC_BASE_URL", raising=False)

    def invoke(*words: str | Path) -> Told:
        monkeypatch.setattr(sys, "argv", ["taskloom", "tasks", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return invoke


def test_proposed_tasks_are_written_checked_listed_shown_and_measured(taskloom, tmp_path: Path) -> None:
    file = tmp_path / "tasks.json"
    code, out, _ = taskloom("propose", "-n", "6", "--out", file, "--json")
    proposed = json.loads(out)
    assert code == 0
    assert proposed["counts"]["novel"] == len(proposed["tasks"]) == 6
    assert taskloom("check", file)[0] == 0
    assert [t["name"] for t in json.loads(taskloom("list", file, "--json")[1])] == [
        t["name"] for t in proposed["tasks"]
    ]
    name = proposed["tasks"][0]["name"]
    assert json.loads(taskloom("show", file, name)[1])["name"] == name
    numbers = json.loads(taskloom("stats", file, "--json")[1])
    assert numbers["tasks"] == 6
    assert 0.0 < numbers["self_bleu_4"] < 1.0
    assert sum(numbers["families"].values()) == 6


def test_existing_tasks_are_not_proposed_again(taskloom, tmp_path: Path) -> None:
    first, second = tmp_path / "a.json", tmp_path / "b.json"
    taskloom("propose", "-n", "4", "--out", first)
    taskloom("propose", "-n", "4", "--existing", first, "--out", second)
    names = [{t["name"] for t in json.loads(f.read_text())} for f in (first, second)]
    assert len(names[0] & names[1]) == 0
    assert len(names[1]) == 4


def test_a_task_that_does_not_pass_says_why_and_exits_with_1(taskloom, tmp_path: Path) -> None:
    bad = {
        "name": "book_in_mug",
        "family": "pick_place",
        "instruction": "Put the book into the mug.",
        "objects": [{"name": "book", "asset": "book"}, {"name": "mug", "asset": "mug"}],
        "goal": "(inside book mug)",
    }
    (tmp_path / "bad.json").write_text(json.dumps([bad]))
    code, out, _ = taskloom("check", tmp_path / "bad.json")
    assert code == 1
    assert "book_in_mug: rejected" in out
    assert "does not fit into 'mug'" in out


def test_a_model_is_asked_over_http_and_paid_once(
    taskloom, messages: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    taskloom("propose", "-n", "5", "--out", tmp_path / "tasks.json")
    tasks = json.loads((tmp_path / "tasks.json").read_text())
    answer = json.dumps({"tasks": [{k: v for k, v in t.items() if k in Proposal.model_fields} for t in tasks]})
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test-secret")
    with messages.serving(lambda turn, body: messages.Answer(answer)) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        code, out, _ = taskloom("propose", "--author", "anthropic", "-n", "5", "--json")
        again = json.loads(taskloom("propose", "--author", "anthropic", "-n", "5", "--json")[1])
        assert server.calls == 1
    first = json.loads(out)
    assert code == 0
    assert [t["name"] for t in first["tasks"]] == [t["name"] for t in tasks]
    assert (first["account"]["calls"], again["account"]["calls"], again["account"]["cached"]) == (1, 0, 1)
    assert first["account"]["usd"] > 0.0
    assert set(first["prompts"]) == {"propose.md", "ask.md", "repair.md", *(f"{mode}.md" for mode in MODES)}
    assert "sk-test-secret" not in out


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["propose", "--author", "antropic"], 2, "Unknown author 'antropic'. Did you mean 'anthropic'?"),
        (["propose", "--author", "anthropic"], 1, "set ANTHROPIC_API_KEY or ANTHROPIC_AUTH_TOKEN"),
        (["propose", "--robot", "pand"], 2, "Unknown robot 'pand'"),
        (["list", "nowhere.json"], 2, "nowhere.json"),
    ],
)
def test_bad_words_are_one_clear_line(taskloom, monkeypatch, words, code, message) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    monkeypatch.delenv("ANTHROPIC_AUTH_TOKEN", raising=False)
    found, _, err = taskloom(*words)
    assert found == code
    assert message in err
    assert "Traceback" not in err
