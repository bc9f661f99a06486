"""A prompt is rendered with exactly what it wants."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.asking.prompts import Prompt
from pipeline.core.errors import InvalidInputError


def test_values_are_put_in_once() -> None:
    prompt = Prompt("p.md", 'Use {{ things }} and {{words}}. JSON: {"a": 1}')
    assert prompt.render(things="{{words}}", words="w") == 'Use {{words}} and w. JSON: {"a": 1}'


@pytest.mark.parametrize(
    ("values", "why"), [({}, r"missing \['things'\]"), ({"things": "a", "more": "b"}, r"not used \['more'\]")]
)
def test_a_missing_or_an_unused_value_is_an_error(values: dict, why: str) -> None:
    with pytest.raises(InvalidInputError, match=f"Prompt 'p.md': .*{why}"):
        Prompt("p.md", "Use {{things}}").render(**values)


def test_the_hash_is_of_the_template(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("Use {{things}}")
    assert Prompt.load(tmp_path / "a.md").sha256 == Prompt("b.md", "Use {{things}}").sha256
    with pytest.raises(InvalidInputError, match="Cannot read the prompt"):
        Prompt.load(tmp_path / "none.md")
