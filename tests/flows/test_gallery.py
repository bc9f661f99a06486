"""The static gallery: finds runs, shows every task from disk with no network, and trusts no text."""

from __future__ import annotations

import json
import re
import shutil
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from flows.cli import app
from flows.folder import RunFolder
from flows.gallery.entries import Run, find_runs
from flows.gallery.site import write_site
from flows.report import RunReport
from pipeline.core.errors import InvalidInputError, OutputError
from pipeline.core.files import write_atomically

HOSTILE = "</script><script>window.hit=1</script><img src=http://evil.example/a.png onerror='window.hit=1'> \" ' & mug"


@pytest.fixture(scope="module")
def runs(undisturbed, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three copies of the shared run: as it is, with hostile words, and one that is not finished."""
    report, out = undisturbed
    root = tmp_path_factory.mktemp("runs")
    for name in ("plain", "nightly/hostile", "nightly/unfinished"):
        shutil.copytree(out, root / name)
    first, second = report.tasks
    task = first.task.model_copy(update={"instruction": HOSTILE, "goal": HOSTILE, "author": HOSTILE})
    failed = {"status": "failed", "causes": {"grasp_missed": 2}, "examples": {"grasp_missed": HOSTILE}}
    told = report.model_copy(update={"tasks": (first.model_copy(update={"task": task, **failed}), second)})
    write_atomically(RunFolder(root / "nightly/hostile").report, told.model_dump_json())
    RunFolder(root / "nightly/unfinished").report.unlink()
    return root


@pytest.fixture(scope="module")
def site(runs: Path) -> Path:
    """The gallery of them."""
    found, _ = find_runs(runs)
    write_site(found, runs / "gallery")
    return runs / "gallery"


@pytest.fixture
def page(chromium: Any) -> Any:
    """A page whose every request and error is kept."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.asked, page.wrong = [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("pageerror", lambda error: page.wrong.append(str(error)))
    page.on("console", lambda message: page.wrong.append(message.text) if message.type == "error" else None)
    yield page
    assert page.wrong == []
    assert all(url.startswith(("file://", "data:", "blob:")) for url in page.asked)
    context.close()


def test_runs_are_found_in_folders_and_what_is_not_finished_is_named(runs: Path, site: Path) -> None:
    found, skipped = find_runs(runs)
    assert {run.name for run in found} == {"plain", "nightly-hostile"}
    assert [(path.name, why) for path, why in skipped.items()] == [("unfinished", "not finished")]
    assert [run.name for run in find_runs(runs / "plain")[0]] == ["plain"]
    with pytest.raises(InvalidInputError, match="No finished run"):
        find_runs(site)


def test_a_gallery_takes_the_place_of_an_older_one_and_of_nothing_else(runs: Path, tmp_path: Path) -> None:
    found, _ = find_runs(runs)
    out = tmp_path / "gallery"
    write_site(found, out)
    write_site(found[:1], out)
    assert [p.name for p in (out / "tasks").iterdir()] == [found[0].name]
    assert [p.name for p in tmp_path.iterdir()] == ["gallery"]
    with pytest.raises(OutputError, match="no gallery of ours"):
        write_site(found, runs / "plain")


def test_no_page_asks_for_anything_outside_its_folder(site: Path) -> None:
    for path in (*site.glob("*.html"), *site.glob("tasks/*/*.html"), *site.glob("*.css"), *site.glob("site.js")):
        text = path.read_text()
        assert not re.search(r"""(src|href)=["'](https?:|//)|@import|url\(""", text), path
        if path.suffix == ".html":
            assert "default-src 'none'" in unescape(text)
            inside = [re.sub(r"[?#].*", "", a) for a in re.findall(r'(?:src|href|poster|srcset)="([^"]+)"', text)]
            assert all((path.parent / a).is_file() for a in inside), (path, inside)


def test_the_command_writes_it_and_says_where(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        app(["gallery", str(runs), "--out", str(tmp_path / "g"), "--json"])
    assert ended.value.code == 0
    said = capsys.readouterr()
    written = json.loads(said.out)
    assert (written["runs"], written["tasks"]) == (2, 4)
    assert Path(written["page"]).is_file()
    assert "left out" in said.err


def test_the_index_searches_filters_and_sorts(page: Any, site: Path) -> None:
    page.goto(f"file://{site}/index.html")
    tiles = page.locator("#grid a")
    assert tiles.count() == 4
    assert "4 of 4 tasks" in page.inner_text("#count")
    page.fill("#q", "stack BLUE")
    assert tiles.count() == 2
    page.fill("#q", "nothing is called so")
    assert tiles.count() == 0
    page.click("#clear")
    assert tiles.count() == 4
    page.select_option("#outcome", "failed")
    assert tiles.count() == 1
    page.reload()
    assert tiles.count() == 1, "the address remembers the filters"
    page.select_option("#outcome", "")
    page.select_option("#run", "plain")
    page.select_option("#sort", "name")
    names = tiles.locator("strong").all_inner_texts()
    assert len(names) == 2
    assert names == sorted(names)


def test_a_tasks_page_opens_with_pictures_and_a_film(page: Any, site: Path) -> None:
    page.goto(f"file://{site}/index.html#q=stack&run=plain")
    page.click("#grid a")
    page.wait_for_load_state()
    sizes = page.evaluate(
        "Promise.all([...document.images].map(i => { i.loading = 'eager'; return i.decode().then("
        "() => i.naturalWidth) }))"
    )
    assert len(sizes) == 4
    assert min(sizes) >= 128
    film = page.evaluate(
        "new Promise((done) => { const v = document.querySelector('video'); v.onerror = () => done(v.error.message); "
        "v.onloadeddata = () => done(v.videoWidth / v.videoHeight); v.load() })"
    )
    assert film == pytest.approx(2, abs=0.1)
    assert "taskloom replay" in page.inner_text("main")
    page.click("text=All tasks")
    assert page.locator("#grid a").count() == 4


def test_hostile_words_are_words(page: Any, site: Path) -> None:
    page.goto(f"file://{site}/index.html#run=nightly-hostile&outcome=failed")
    assert page.locator("#grid strong").inner_text() == HOSTILE
    page.click("#grid a")
    page.wait_for_load_state()
    assert page.inner_text("h1") == HOSTILE
    assert page.evaluate("window.hit") is None
    assert page.locator("img[src*='evil']").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_read_and_used_with_a_keyboard(page: Any, site: Path, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto(f"file://{site}/index.html")
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('#grid a')"):
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**/tasks/**")
    for name in (f"file://{site}/index.html", page.url):
        page.goto(name)
        assert page.evaluate("[...document.querySelectorAll('input,select')].every(c => c.closest('label'))")
        assert page.evaluate("[...document.images].every(i => i.hasAttribute('alt'))")
        assert page.evaluate(CONTRAST) >= 4.5


def test_it_fits_a_phone(page: Any, site: Path) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    for name in (site / "index.html", next(site.glob("tasks/nightly-hostile/*.html"))):
        page.goto(f"file://{name}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


CONTRAST = """() => {
  const rgb = (text) => text.match(/[0-9.]+/g).map(Number);
  const linear = (v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const light = (c) => [0.2126, 0.7152, 0.0722].reduce((sum, share, i) => sum + share * linear(c[i] / 255), 0);
  const opaque = (c) => c.length < 4 || c[3] > 0.99;
  const paper = (e) => {
    for (; e; e = e.parentElement) {
      const colour = rgb(getComputedStyle(e).backgroundColor);
      if (opaque(colour)) return colour;
    }
  };
  const worded = (e) => e.offsetParent && [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
  const texts = "h1, h2, p, span, strong, dt, dd, code, label, select, a, summary";
  const ratios = [...document.querySelectorAll(texts)].filter(worded).map((e) => {
    const [a, b] = [light(rgb(getComputedStyle(e).color)), light(paper(e))].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  });
  return Math.min(...ratios);
}"""
"""The least contrast of any text with what is behind it, by the formula of WCAG 2.2."""


def test_two_runs_of_one_name_keep_their_own_pages(undisturbed, tmp_path: Path) -> None:
    _, out = undisturbed
    for name in ("a b", "a-b"):
        shutil.copytree(out, tmp_path / name)
    found, _ = find_runs(tmp_path)
    assert {run.name for run in found} == {"a-b", "a-b-2"}
    entries = write_site(found, tmp_path / "gallery")
    assert len({entry.page for entry in entries}) == 4
    assert isinstance(found[0], Run)
    assert isinstance(found[0].report, RunReport)
