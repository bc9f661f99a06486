"""The gallery of a batch, its table of outcomes, and the list of all batches, as they are kept in Prefect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from flows.album import Album
from flows.cards.escaping import code, html_text, image, plain, text
from flows.cards.keys import card_key, gallery_key, outcomes_key
from flows.cards.places import Places
from flows.config import RunConfig, spoken
from flows.counting import counted
from flows.folder import RunFolder
from flows.media import data_uri, row, smaller
from flows.report import Counts, TaskReport
from pipeline.core.intervals import wilson

LIMIT = 90_000  # bytes of a gallery
ROWS = 200  # of the table of outcomes
SHOWN = 4  # pictures of a gallery's description
COLUMNS, TILE = 4, 72  # pictures side by side, pixels high
BATCHES = 200  # rows of the list of batches
WORST_FIRST = ("failed", "short", "rejected", "complete")


def gallery_card(
    tasks: Sequence[TaskReport], albums: Mapping[str, Album], folder: RunFolder, config: RunConfig, *, batch: str
) -> str:
    """Every task as a tile that links to its card, as many as there is room for; the numbers of all."""
    places = Places.here(folder)
    head = "\n\n".join(
        [
            f"# {text(batch)}: {summary(tasks)}",
            f"{text(config.robot)} in {text(config.backend)}, solver {text(spoken(config.solver))}, preset "
            f"{text(config.preset)}, seed {config.seed}.",
            _outcomes(tasks),
            "\n".join(
                [
                    f"- {places.link('gallery', folder.gallery)}",
                    f"- {places.link('dataset', folder.dataset)}",
                    f"- [table of outcomes](</v2/artifacts/key/{outcomes_key(batch)}>), "
                    f"[all batches](</v2/artifacts/key/batches>)",
                    f"- the cards of this batch: search the artifacts for {code(card_key(batch, ''))}",
                ]
            ),
            _families(tasks),
        ]
    )
    tiles, room = list[str](), LIMIT - len(head.encode())
    for one in tasks:
        tile = _tile(one, albums.get(one.task.name, Album()), batch)
        room -= len(tile.encode()) + len("<tr></tr>")
        if room < 0:
            break
        tiles.append(tile)
    rest = len(tasks) - len(tiles)
    more = f"*{rest} more tasks have no room here; search the artifacts, or open the gallery.*" if rest else ""
    return "\n\n".join(part for part in (head, _grid(tiles), more) if part)


def gallery_description(tasks: Sequence[TaskReport], albums: Mapping[str, Album]) -> str:
    """One line of numbers, and a few pictures."""
    stills = [still for one in tasks if (still := albums.get(one.task.name, Album()).still) is not None][:SHOWN]
    lines = [summary(tasks)]
    if stills:
        lines.append(image("", data_uri(row([p.read_bytes() for p in stills], height=TILE))))
    return "\n\n".join(lines)


def summary(tasks: Sequence[TaskReport]) -> str:
    """How many tasks, demonstrations and solved attempts."""
    written, attempted = (sum(getattr(t.counts, name) for t in tasks) for name in ("written", "attempted"))
    solved = sum(t.counts.solved for t in tasks)
    return (
        f"{counted(written, 'demonstration')} of {counted(len(tasks), 'task')}, {solved} of {attempted} attempts solved"
    )


def outcome_rows(tasks: Sequence[TaskReport]) -> list[dict[str, str | int]]:
    """Tasks as rows of plain text for a table, the ones to look at first; at most ROWS of them."""
    order = sorted(tasks, key=lambda t: (WORST_FIRST.index(t.status), t.task.name))
    return [
        {
            "task": one.task.name,
            "instruction": plain(one.task.instruction, most=120),
            "family": one.task.family,
            "outcome": one.status,
            "solved": f"{one.counts.solved} of {one.counts.attempted}",
            "95% interval": _interval(one.counts),
            "written": one.counts.written,
            "fails by": plain(", ".join(f"{n} {cause}" for cause, n in one.causes.items()), most=80),
        }
        for one in order[:ROWS]
    ]


def batches_card(galleries: Sequence[tuple[str, str]]) -> str:
    """The list of batches, newest first; each is its key's first part and the line that its gallery is described by."""
    rows = [
        f"| [{text(batch)}](</v2/artifacts/key/{gallery_key(batch)}>) | {text(line)} |"
        for batch, line in galleries[:BATCHES]
    ]
    return "\n".join(["# Batches", "", "| batch | so far |", "|:--|:--|", *rows])


def _outcomes(tasks: Sequence[TaskReport]) -> str:
    counts = Counter(t.status for t in tasks)
    return " · ".join(f"**{counts[status]}** {status}" for status in reversed(WORST_FIRST) if counts[status])


def _families(tasks: Sequence[TaskReport]) -> str:
    rows = list[str]()
    for family in sorted({t.task.family for t in tasks}):
        own = [t.counts for t in tasks if t.task.family == family]
        both = Counts(attempted=sum(c.attempted for c in own), solved=sum(c.solved for c in own))
        written = sum(c.written for c in own)
        name = text(family.replace("_", " "))
        rows.append(f"| {name} | {len(own)} | {both.attempted} | {both.solved} | {_interval(both)} | {written} |")
    return "\n".join(
        ["| family | tasks | attempted | solved | 95% interval | written |", "|:--|--:|--:|--:|:-:|--:|", *rows]
    )


def _tile(one: TaskReport, album: Album, batch: str) -> str:
    picture = album.still or next(iter(album.failed.values()), None)
    words = html_text(one.task.instruction, most=90)
    tile = f'<img alt="{words}" src="{data_uri(_small(picture))}">' if picture is not None else "<em>no picture</em>"
    c = one.counts
    href = f"/v2/artifacts/key/{card_key(batch, one.task.name)}"
    return (
        f'<td><a href="{href}">{tile}</a><br><a href="{href}">{words}</a><br>'
        f"{html_text(one.status)}, {c.solved} of {c.attempted}</td>"
    )


def _small(picture: Path) -> bytes:
    return smaller(picture.read_bytes(), height=TILE)


def _grid(tiles: Sequence[str]) -> str:
    rows = ["".join(tiles[i : i + COLUMNS]) for i in range(0, len(tiles), COLUMNS)]
    return "<table>" + "".join(f"<tr>{row}</tr>" for row in rows) + "</table>" if rows else ""


def _interval(c: Counts) -> str:
    low, high = wilson(c.solved, c.attempted)
    return f"{low:.0%} to {high:.0%}" if c.attempted else "–"
