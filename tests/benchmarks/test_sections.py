"""What benchmarks write into pages stays between its marks."""

import pytest

from benchmarks._sections import markdown_table, replace_section
from pipeline.core.errors import InvalidInputError

PAGE = """# Title

Before.

<!-- rates: written by a benchmark. -->
old
<!-- end of rates -->

After.
"""


def test_only_what_stands_between_the_marks_is_replaced_and_again(tmp_path):
    path = tmp_path / "page.md"
    path.write_text(PAGE)
    for lines in (["something else"], markdown_table(("robot", "rate"), [("panda", "97%")])):
        replace_section(path, "rates", lines)
    text = path.read_text()
    assert text.startswith(
        "# Title\n\nBefore.\n\n<!-- rates: written by a benchmark. -->\n\n| robot | rate |\n|---|--:|\n"
    )
    assert text.endswith("| panda | 97% |\n\n<!-- end of rates -->\n\nAfter.\n")
    assert "old" not in text
    assert "something else" not in text


def test_a_page_without_the_place_is_told_how_to_make_one(tmp_path):
    path = tmp_path / "page.md"
    path.write_text("# Title\n")
    with pytest.raises(InvalidInputError, match=r"page\.md has no place for 'rates'; put '<!-- rates"):
        replace_section(path, "rates", ["text"])
    assert path.read_text() == "# Title\n"
