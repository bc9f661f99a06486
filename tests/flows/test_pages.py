"""In a browser against a real installation: a run from the form to the pictures, and nothing from outside.

The browser's way out is a trap on loopback that answers nothing and keeps what was asked. The pictures of the pages are
kept in TASKLOOM_SCREENSHOTS, if that names a folder, to be looked at.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from flows.album import Album
from flows.cards.places import Places
from flows.cards.task_card import task_card, task_description
from flows.folder import RunFolder
from tests.flows.browsing import LOADED, outside, trapped
from tests.flows.hostile import hostile

RUN_SECONDS = 300.0
pytestmark = pytest.mark.long


@dataclass
class Installation:
    """What ``taskloom up`` has started."""

    home: Path
    url: str
    files: str
    environment: dict[str, str] = field(repr=False)

    @property
    def runs(self) -> Path:
        return self.home / "runs"

    def ask(self, path: str, body: Any) -> Any:
        answer = httpx.post(f"{self.url}/api{path}", json=body, timeout=60)
        assert answer.is_success, answer.text
        return answer.json()


def taskloom(environment: dict[str, str], *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "flows.cli", *words], env=environment, capture_output=True, text=True, timeout=400,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    if shutil.which("chromium") is None:
        pytest.skip("no Chromium here: as root on Debian, bash .ci/test-tools")
    home = tmp_path_factory.mktemp("up") / "home"
    known = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
    environment = {**known, "TASKLOOM_HOME": str(home)}
    places = ("--port=0", "--files-port=0")
    taskloom(environment, "up", *places, "--workers=1", "--gpus=none", "--simulations=1", "--backend=kinematic")
    try:
        held = json.loads((home / "state.json").read_text())["installation"]
        yield Installation(
            home, f"http://127.0.0.1:{held['port']}", f"http://127.0.0.1:{held['files_port']}", environment
        )
    finally:
        taskloom(environment, "down")


@pytest.fixture(scope="module")
def page(chromium: Any, trap: tuple[str, list[str]]) -> Iterator[Any]:
    """A page whose requests are kept and whose only way out is the trap."""
    with trapped(chromium, trap[0]) as page:
        yield page


def shown(page: Any, name: str) -> np.ndarray:
    """The page as it is seen, kept for people and handed back for checks."""
    picture = page.screenshot(full_page=True)
    if folder := os.environ.get("TASKLOOM_SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        (Path(folder) / f"{name}.png").write_bytes(picture)
    return np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"))


def seen(page: Any, locator: str) -> float:
    """Contrast of one element as it is painted: 0 where it is blank."""
    return float(np.asarray(Image.open(io.BytesIO(page.locator(locator).first.screenshot())).convert("L")).std())


def choose_number(page: Any, name: str, value: int) -> None:
    """Fill in a number that may be left empty: its field has a tab for each type."""
    label = f"xpath=//label[starts-with(normalize-space(.),'{name} (Optional)')]/ancestor::*[.//button][2]"
    page.locator(label).get_by_text("int", exact=True).click()
    page.locator(label).locator("input").fill(str(value))


@pytest.fixture(scope="module")
def finished(installation: Installation, page: Any) -> str:
    """A run that a person started from the form, watched until its page says that it has finished; its folder."""
    page.goto(f"{installation.url}/v2/deployments")
    page.get_by_role("link", name="generate", exact=True).first.click()
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Custom run").click()
    page.get_by_label("Out (Optional)").fill("browsed")
    page.get_by_role("button", name="Select Preset").click()
    page.get_by_role("option", name="smoke").click()
    for name, value in (("Tasks", 1), ("Demos", 1), ("Batch", 2)):
        choose_number(page, name, value)
    shown(page, "form")
    page.get_by_role("button", name="Submit").click()
    page.get_by_role("link", name="-> browsed").first.click(timeout=120_000)
    page.wait_for_url("**/runs/flow-run/**")
    deadline = time.monotonic() + RUN_SECONDS
    while not page.get_by_text("Completed", exact=True).first.is_visible():
        assert time.monotonic() < deadline, page.inner_text("main")
        assert not page.get_by_text("Failed", exact=True).first.is_visible(), page.inner_text("main")
        page.wait_for_timeout(1000)
    shown(page, "run")
    return "browsed"


def test_a_run_started_from_the_form_leaves_what_was_asked_for(installation: Installation, finished: str) -> None:
    report = json.loads((installation.runs / finished / "report.json").read_text())
    assert (report["config"]["preset"], report["config"]["backend"]) == ("smoke", "kinematic")
    assert report["counts"]["written"] == 1


def test_the_batchs_gallery_shows_its_tasks(installation: Installation, page: Any, finished: str) -> None:
    page.goto(f"{installation.url}/v2/artifacts")
    page.get_by_placeholder("Search artifacts").fill(f"{finished}-gallery")
    page.wait_for_function("document.querySelectorAll('img').length == 1")
    assert min(page.evaluate(LOADED)) >= 64, "the list is a gallery itself"
    shown(page, "artifacts")
    page.get_by_role("link", name=f"{finished}-gallery").first.click()
    page.wait_for_url("**/artifacts/key/**")
    page.locator("a[href*='/artifacts/artifact/']").first.click()
    page.wait_for_selector("table img")
    assert min(page.evaluate(LOADED)) >= 64
    assert seen(page, "table img") > 10
    shown(page, "gallery")


def test_a_tile_leads_to_the_tasks_card_with_its_pictures(installation: Installation, page: Any, finished: str) -> None:
    page.locator("table a:has(img)").first.click()
    page.wait_for_url(f"**/artifacts/key/{finished}-card-**")
    page.locator("a[href*='/artifacts/artifact/']").first.click()
    page.wait_for_selector("h1")
    page.wait_for_function("document.querySelectorAll('img').length >= 3")
    assert max(page.evaluate(LOADED)) > 500, "a strip of frames"
    assert seen(page, "img[alt*='front camera']") > 10
    assert "95% interval" in page.inner_text("body")
    shown(page, "card")


def test_the_cards_links_open_the_film_and_the_run_s_gallery(
    installation: Installation, page: Any, finished: str
) -> None:
    links = {a.inner_text(): a.get_attribute("href") for a in page.locator("a[href^='http']").all()}
    assert links["film"].startswith(installation.files)
    page.goto(links["film"])
    page.wait_for_function("document.querySelector('video')?.readyState >= 2")
    assert page.evaluate("document.querySelector('video').videoWidth") > 200
    page.goto(links["gallery"])
    assert min(page.evaluate(LOADED)) >= 128
    assert page.evaluate("getComputedStyle(document.querySelector('.card')).borderRadius") == "10px", "styles apply"
    shown(page, "run-gallery")
    taskloom(installation.environment, "gallery", str(installation.runs))
    page.goto(f"{installation.files}/gallery/")
    page.wait_for_selector("#grid img")
    assert min(page.evaluate(LOADED)) >= 128
    shown(page, "static-gallery")


def test_hostile_words_stay_words_in_prefects_own_pages(
    installation: Installation, page: Any, undisturbed: Any, trap: tuple[str, list[str]]
) -> None:
    report, out = undisturbed
    evil, folder = hostile(report.tasks[0]), RunFolder(out)
    card = task_card(evil, Album(), folder, report.config, Places(out.parent, installation.files))
    body = {"key": "hostile", "type": "markdown", "data": card, "description": task_description(evil, Album())}
    made = installation.ask("/artifacts/", body)
    for version in ("/v2", ""):
        page.goto(f"{installation.url}{version}/artifacts/artifact/{made['id']}")
        page.get_by_text("alert(1)").first.wait_for()
        page.wait_for_timeout(1000)
        assert page.locator("img[src*='evil'], a[href*='evil'], a[href^='javascript'], a[href^='mailto']").count() == 0
        assert page.locator("script", has_text="alert(1)").count() == 0
    shown(page, "hostile")
    assert outside(page, trap) == []


def test_nothing_was_loaded_from_outside_the_machine(page: Any, trap: tuple[str, list[str]], finished: str) -> None:
    assert len(page.asked) > 100
    assert outside(page, trap) == []


def test_the_pages_forbid_what_the_trap_would_have_caught(
    installation: Installation, chromium: Any, trap: tuple[str, list[str]]
) -> None:
    """The control: a page without our policy does get as far as the trap."""
    fetching = "fetch('http://outside.example/beacon').then(() => 'sent', () => 'refused')"
    with trapped(chromium, trap[0]) as page:
        page.goto(f"{installation.url}/v2/dashboard")
        assert page.evaluate(fetching) == "refused"
        assert trap[1] == []
        page.goto("about:blank")
        page.evaluate(fetching)
        assert any("outside.example" in asked for asked in trap[1])
