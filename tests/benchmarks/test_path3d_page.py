"""The tables of the image-based solver's page."""

from benchmarks._path3d_page import write_page
from benchmarks.path3d import KINDS, PAGE
from flows.task_set import task_set
from pipeline.core.intervals import wilson


def _cell(solved: int, attempts: int) -> dict:
    rate, interval = solved / attempts, wilson(solved, attempts)
    failures = {"ik_failed": attempts - solved} if solved < attempts else {}
    how = {"robot": "panda", "backend": "mujoco", "seed": 14, "commit": "abc1234"}
    return {"attempts": attempts, "solved": solved, "rate": rate, "wilson_95": interval, "first_try": solved,
            "wall": 1.5, "processor": 0.5, "failures": failures, **how}  # fmt: skip


def test_the_committed_page_takes_its_tables_and_keeps_its_prose(tmp_path):
    page, prose = tmp_path / "path3d.md", PAGE.read_text().partition("<!-- tasks:")[0]
    page.write_text(PAGE.read_text())
    tasks = {"path3d": {"Put_block": _cell(8, 8), "Open_jar": _cell(4, 8)}}
    noise = {name: {"Put_block": _cell(2, 8)} for name in KINDS["noise"]}
    write_page(page, task_set("rlbench14"), {"tasks": tasks, "noise": noise})
    text = page.read_text()
    assert text.startswith(prose)
    assert "| Open_jar | 50 (4/8) [22, 78] | 0.00 |" in text
    assert "| Put_knife | not measured |" in text
    assert "75.0% on average over 2 tasks" in text
    assert "| depth noise x 1 | 25 (2/8) [7, 59] | 25 | 6 ik_failed |" in text
    assert "Not measured." in text.partition("<!-- ablations:")[2]
