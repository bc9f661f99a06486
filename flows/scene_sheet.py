"""A contact sheet of scenes: many tasks, supports and randomisations in one picture."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageDraw

from assets.catalog import LibraryCatalog
from flows.scenes import build_scene, pictures
from pipeline.core.doors import Unplaceable
from pipeline.core.errors import OutputError
from pipeline.core.files import write_atomically
from scene_gen.builder import SUPPORTS
from task_gen.author import propose

COLUMNS, WIDTH, HEIGHT, LINE = 6, 300, 225, 18  # pixels
LOOKS = ("off", "mild", "strong")
BACKEND = "mujoco"


def scene_sheet(out: Path, *, count: int, seed: int, told: Callable[[str], None]) -> list[str]:
    """Draw ``count`` scenes of different tasks, the supports and randomisations taking turns; returns the captions.

    A task that finds no place on a support is drawn on the table. Raises :class:`OutputError`.
    """
    catalog = LibraryCatalog()
    robot, supports = catalog.robot("panda"), [*SUPPORTS]
    tiles: list[tuple[Image.Image, str]] = []
    for i, task in enumerate(propose(catalog, robot, count=count, seed=seed)):
        support, look = supports[i % len(supports)], LOOKS[(i // len(supports)) % len(LOOKS)]
        try:
            scene = build_scene(task, catalog, robot, seed=seed + i, support=support, randomise=look, settle=BACKEND)
        except Unplaceable:
            support = "table"
            scene = build_scene(task, catalog, robot, seed=seed + i, support=support, randomise=look, settle=BACKEND)
        seen = pictures(scene, catalog, backend=BACKEND, cameras=["front"], width=WIDTH, height=HEIGHT)["front"]
        tiles.append((Image.fromarray(seen), f"{support}, {look}: {task.instruction}"))
        told(tiles[-1][1])
    _save(_composed(tiles), out)
    return [caption for _, caption in tiles]


def _composed(tiles: list[tuple[Image.Image, str]]) -> Image.Image:
    rows = -(-len(tiles) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * WIDTH, rows * (HEIGHT + LINE)), "white")
    draw = ImageDraw.Draw(sheet)
    for i, (tile, caption) in enumerate(tiles):
        x, y = i % COLUMNS * WIDTH, i // COLUMNS * (HEIGHT + LINE)
        sheet.paste(tile, (x, y))
        draw.text((x + 3, y + HEIGHT + 3), caption[:52], fill="black")
    return sheet


def _save(sheet: Image.Image, out: Path) -> None:
    data = io.BytesIO()
    sheet.save(data, "JPEG" if out.suffix.lower() in (".jpg", ".jpeg") else "PNG", quality=85)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(out, data.getvalue())
    except OSError as error:
        raise OutputError(f"Cannot write {str(out)!r}: {error.strerror}. Choose another file.") from None
