"""``taskloom assets annotate``: a model is shown pictures over HTTP and corrects a card, or geometry alone does."""

from __future__ import annotations

import base64
import json
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

from assets.cards import write_card
from assets.catalog import LibraryCatalog
from flows.annotation import by_model
from flows.cli import main
from pipeline.asking.ask import Asker
from pipeline.core.asset import AssetSpec
from pipeline.llm.cassette import cassette
from pipeline.llm.scripted import scripted

MODEL = "claude-sonnet-5-5"
PATCH = {
    "noun": "red coffee mug",
    "description": "A red mug with a handle; see ../../../etc/passwd and $(rm -rf ~).",
    "keypoints": [{"name": "side", "view": "front", "u": 192, "v": 192}],
}


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A library of one's own with a copy of the mug."""
    root, vendored = tmp_path / "mine", LibraryCatalog()
    monkeypatch.setenv("TASKLOOM_ASSETS", str(root))
    monkeypatch.setenv("TASKLOOM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test-secret")
    spec = vendored.asset("mug")
    folder = root / "objects" / "my_mug"
    shutil.copytree(vendored.folder(spec), folder)
    write_card(folder, spec.model_copy(update={"name": "my_mug"}))
    return root


@pytest.fixture
def annotate(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, mine: Path):
    def invoke(*words: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["taskloom", "assets", "annotate", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return invoke


def card() -> AssetSpec:
    return LibraryCatalog().asset("my_mug")


def test_a_model_sees_pictures_and_its_card_is_written_with_both_authors(
    annotate, messages: ModuleType, monkeypatch: pytest.MonkeyPatch, mine: Path
) -> None:
    before = card()
    with messages.serving(lambda turn, body: messages.Answer(json.dumps(PATCH))) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        code, out, err = annotate("my_mug", "--author", "model", "--json")
    assert code == 0, err
    (content,) = [turn["content"] for turn in server.bodies[0]["messages"]]
    shown = [block["source"] for block in content if block["type"] == "image"]
    assert [s["media_type"] for s in shown] == ["image/png"] * 5
    assert all(base64.b64decode(s["data"]).startswith(b"\x89PNG\r\n\x1a\n") for s in shown)
    assert len({s["data"] for s in shown}) == 5, "five different views"
    after = card()
    assert (after.noun, after.description) == (PATCH["noun"], PATCH["description"])
    assert after.author == "procedural"
    new = {field: who for field, who in after.authors.items() if before.authors.get(field) != who}
    assert set(new) == {"noun", "description", "links..keypoints.side"}
    assert all(who.startswith(f"{MODEL} (card.md ") for who in new.values())
    assert after.links[""].grasps == before.links[""].grasps
    told = json.loads(out)
    assert told["assets"]["my_mug"]["changed"] == new
    assert told["account"]["calls"] == 1
    assert told["account"]["usd"] > 0
    assert "sk-test-secret" not in out + err


def test_what_a_model_says_never_becomes_a_path(annotate, messages, monkeypatch, mine: Path) -> None:
    places = {p.relative_to(mine) for p in mine.rglob("*")}
    named = {"noun": "../../escape", "keypoints": [{"name": "../up", "at": [0, 0, 0.05]}], "name": "elsewhere"}
    with messages.serving(lambda turn, body: messages.Answer(json.dumps(named))) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        code, out, _ = annotate("my_mug", "--author", "model", "--repairs", "1")
    assert code == 1
    assert server.calls == 2
    assert "not a valid CardPatch after 1 repairs" in out
    assert {p.relative_to(mine) for p in mine.rglob("*")} == places
    assert card().noun == LibraryCatalog().asset("mug").noun


def test_a_keypoint_is_where_the_pixel_shows_the_object(annotate, messages, monkeypatch) -> None:
    with messages.serving(lambda turn, body: messages.Answer(json.dumps(PATCH))) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        annotate("my_mug", "--author", "model")
    side, bounds = card().links[""].keypoints["side"], card().links[""].bounds
    assert all(abs(p - c) <= h + 1e-3 for p, c, h in zip(side, bounds.pose[:3], bounds.half, strict=True))
    assert side[0] < 0, "the front view looks at the side that faces -x"


def test_a_wrong_reply_goes_back_with_reasons_and_is_repaired(annotate, messages, monkeypatch) -> None:
    wrong = [
        {"material": "unobtainium"},
        {"affordances": ["openable"], "keypoints": [{"name": "rim", "view": "front", "u": 0, "v": 0}]},
        PATCH,
    ]
    with messages.serving(lambda turn, body: messages.Answer(json.dumps(wrong[turn]))) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        code, out, _ = annotate("my_mug", "--author", "model", "--json")
    assert code == 0
    assert server.calls == 3
    said = json.dumps(server.bodies[-1]["messages"])
    assert "'unobtainium' is not known" in said
    assert "'openable' needs a joint" in said
    assert "is not on the object" in said
    assert card().noun == PATCH["noun"]
    assert json.loads(out)["account"]["calls"] == 3


def test_a_refusal_is_told_and_the_card_stays(annotate, messages, monkeypatch) -> None:
    before = card()
    refusal = messages.Answer("", stop="refusal", details={"type": "refusal", "explanation": "no mugs"})
    with messages.serving(lambda turn, body: refusal) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        code, out, _ = annotate("my_mug", "--author", "model")
    assert code == 1
    assert server.calls == 1, "asking again would not help"
    assert "declined to answer (no mugs)" in out
    assert card() == before


def test_a_call_that_could_pass_the_budget_is_not_made(annotate, messages, monkeypatch) -> None:
    with messages.serving(lambda turn, body: messages.Answer(json.dumps(PATCH))) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        code, out, _ = annotate("my_mug", "mug", "--author", "model", "--budget-tokens", "1000")
        assert server.calls == 0
    assert code == 1
    assert "The budget of 1,000 tokens would not bear another call" in out
    assert "1 further assets were not asked for" in out


@pytest.mark.parametrize("written", [True, False])
def test_the_same_command_costs_nothing_the_second_time(annotate, messages, monkeypatch, *, written: bool) -> None:
    words = ("my_mug", "--author", "model", "--json", *(() if written else ("--dry-run",)))
    with messages.serving(lambda turn, body: messages.Answer(json.dumps(PATCH))) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        first, second = (json.loads(annotate(*words)[1]) for _ in range(2))
        assert server.calls == 1
    assert (card().noun == PATCH["noun"]) is written
    assert second["account"]["calls"] == 0
    assert second["account"]["cached"] == (0 if written else 1)
    assert bool(second["assets"]["my_mug"]["changed"]) is not written
    assert first["account"]["usage"]["output"] == 50


def test_recorded_answers_need_no_key(annotate, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    tape = tmp_path / "answers.jsonl"
    with Asker(cassette(tape, scripted([PATCH], name="a model"))) as asker:
        by_model(card(), LibraryCatalog(), asker)
    code, _, err = annotate("my_mug", "--author", "model", "--cassette", tape)
    assert code == 0, err
    assert card().authors["noun"].startswith("a model (card.md ")


def test_without_a_key_the_way_out_is_named(annotate, monkeypatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    monkeypatch.delenv("ANTHROPIC_AUTH_TOKEN", raising=False)
    code, _, err = annotate("my_mug", "--author", "model")
    assert code == 2
    assert "set ANTHROPIC_API_KEY or ANTHROPIC_AUTH_TOKEN" in err


def test_geometry_puts_back_what_a_card_has_lost_and_signs_it(annotate, mine: Path) -> None:
    whole = card()
    links = {"": whole.links[""].model_copy(update={"cavity": None, "grasps": ()})}
    write_card(mine / "objects" / "my_mug", whole.model_copy(update={"links": links}))
    code, out, _ = annotate("my_mug", "--author", "procedural", "--json")
    assert code == 0
    assert json.loads(out)["assets"]["my_mug"]["changed"]["links."] == "procedural"
    mended = card()
    assert mended.links[""].cavity == pytest.approx(whole.links[""].cavity)
    assert len(mended.links[""].grasps) >= 8
    assert mended.authors["links."] == "procedural"


def test_what_is_to_be_annotated_must_be_named(annotate) -> None:
    code, _, err = annotate("--author", "procedural")
    assert code == 2
    assert "Name the assets to annotate, or give --all." in err
