"""The card of a task as Markdown: what was asked, how it went, what it looked like, and where everything is.

At most :data:`~flows.cards.fitting.LIMIT` bytes. What has no room is dropped in this order: the other cameras, the
refinement's history, pictures of failures from the rarest cause on, how each stage is done, the solver's stages, the
table of causes, the demonstration's strip. Words, counts and links always stay.
"""

from __future__ import annotations

from flows.album import Album
from flows.cards.escaping import block, code, image, text
from flows.cards.fitting import Section, fit
from flows.cards.places import Places, replay_command
from flows.config import RunConfig, spoken
from flows.folder import RunFolder
from flows.media import data_uri, smaller
from flows.recordings import recording_of
from flows.report import TaskReport
from flows.way_words import IN_WORDS, measured, planned_throughout, sparkline
from pipeline.core.learning import StageWay, WayTried
from pipeline.core.refinement import Round

STRIP, FAILURE, THUMBNAIL = 72, 96, 96  # pixels high
STAGES, ROUNDS, CAUSES, REASONS = 40, 12, 24, 4  # rows at most
PHRASE = 160  # characters of an example, a reason or a patch


def task_card(report: TaskReport, album: Album, folder: RunFolder, config: RunConfig, places: Places) -> str:
    """The whole card."""
    return fit(
        [
            Section("the task", _head(report, config)),
            *_strips(album),
            Section("counts", _counts(report)),
            Section("causes of failure", _causes(report), rank=2),
            *_failures(report, album),
            Section("the solver's stages", _stages(report, config), rank=3),
            Section("how each stage is done", _ways(report), rank=3),
            Section("refinement", _refinement(report), rank=5),
            Section("links", _links(report, album, folder, places)),
        ]
    )


def task_description(report: TaskReport, album: Album) -> str:
    """What lists show of a card: a thumbnail, the instruction and how it went."""
    c = report.counts
    went = f"{_words(report.status)}, {c.solved} of {c.attempted} solved, {c.written} written"
    lines = [f"**{text(report.task.instruction)}**", f"{text(_words(report.task.family))} · {went}"]
    picture = album.still or next(iter(album.failed.values()), None)
    if picture is not None:
        lines.insert(0, image("last frame", data_uri(smaller(picture.read_bytes(), height=THUMBNAIL))))
    return "\n\n".join(lines)


def _head(report: TaskReport, config: RunConfig) -> str:
    task = report.task
    low, high = report.interval
    c = report.counts
    lines = [
        f"# {text(task.instruction)}",
        f"**{_words(report.status)}** · {text(_words(task.family))} · {text(config.robot)} in {text(config.backend)}",
        f"Goal {code(task.goal)}",
        f"Proposed by {text(task.author, most=60)}. {_verdict(report)}",
        f"**{c.solved} of {c.attempted} attempts solved**, 95% interval {low:.0%} to {high:.0%} (Wilson)"
        if c.attempted
        else "No attempt was made.",
    ]
    return "\n\n".join(lines)


def _verdict(report: TaskReport) -> str:
    """What the dynamic gate said; the static one let every task through that has a card."""
    reasons = "; ".join(text(reason, most=PHRASE) for reason in report.reasons[:REASONS])
    if report.status == "rejected":
        return f"Turned down by the gate: {reasons or 'no reason given'}."
    refused = ", ".join(f"{count} × {text(code)}" for code, count in [*report.refused.items()][:REASONS])
    said = f"Passed the gate, except for scenes: {refused}." if refused else "Passed the gate."
    return f"{said} {reasons}".strip()


def _counts(report: TaskReport) -> str:
    c = report.counts
    return (
        "| scenes built | attempted | solved | replayed | written | batches | tried again |\n"
        "|--:|--:|--:|--:|--:|--:|--:|\n"
        f"| {c.built} | {c.attempted} | {c.solved} | {c.replayed} | {c.written} | {report.batches} "
        f"| {report.recoveries} |"
    )


def _strips(album: Album) -> list[Section]:
    cameras = () if album.shown is None else album.shown.cameras
    found = [(camera, path) for camera in cameras if (path := album.strip(camera)) is not None]
    return [
        Section(
            f"the {camera} camera",
            image(f"a demonstration, {camera} camera", data_uri(smaller(path.read_bytes(), height=STRIP))),
            rank=1 if number == 0 else 6,
        )
        for number, (camera, path) in enumerate(found)
    ]


def _causes(report: TaskReport) -> str:
    if not report.causes:
        return ""
    rows = [
        f"| {count} | {text(_words(cause))} | {text(report.examples.get(cause, ''), most=PHRASE)} |"
        for cause, count in [*report.causes.items()][:CAUSES]
    ]
    return "\n".join(["## Failures by cause", "", "| attempts | cause | for example |", "|--:|:--|:--|", *rows])


def _failures(report: TaskReport, album: Album) -> list[Section]:
    """One picture a cause, the commonest first."""
    return [
        Section(
            "pictures of failures",
            f"{image(_words(cause), data_uri(smaller(path.read_bytes(), height=FAILURE)))} {text(_words(cause))}",
            rank=4,
        )
        for cause in report.causes
        if (path := album.failed.get(cause)) is not None
    ]


def _stages(report: TaskReport, config: RunConfig) -> str:
    if report.program is None:
        return ""
    author, solver = text(report.program.author, most=60), text(spoken(config.solver))
    rows = [
        f"| {number} | {text(str(stage), most=PHRASE)} | {solver} | {author} |"
        for number, stage in enumerate(report.program.stages[:STAGES])
    ]
    head = ["## Stages", "", "| | stage | solver | program by |", "|--:|:--|:--|:--|"]
    return "\n".join([*head, *rows])


def _ways(report: TaskReport) -> str:
    """The way of each stage with what was measured of it; below, for cells do not wrap, why, and how training went."""
    if not report.ways:
        return ""
    if why := planned_throughout(report):
        return f"## How each stage is done\n\nAll stages are planned: {text(why, most=PHRASE)}."
    rows = [_way(stage) for stage in report.ways[:STAGES]]
    head = "| | stage | way | reached | actions |\n|--:|:--|:--|--:|--:|"
    why = [f"- stage {stage.number}: {text(stage.reason, most=PHRASE)}{_went(stage)}" for stage in report.ways[:STAGES]]
    return "\n".join(["## How each stage is done", "", head, *rows, "", *why])


def _way(stage: StageWay) -> str:
    steps = sum(tried.steps for tried in stage.tried)
    return (
        f"| {stage.number} | {text(stage.stage, most=PHRASE)} | {text(IN_WORDS[stage.way])} "
        f"| {text(measured(_chosen(stage)))} | {steps:,} |"
    )


def _went(stage: StageWay) -> str:
    """Success while it was learned, from the first episodes to the last, as a few characters."""
    curves = _chosen(stage).curves
    return f" {sparkline(curves[-1].success)}" if curves else ""


def _chosen(stage: StageWay) -> WayTried:
    """What was measured of the way that a stage is done in."""
    unknown = WayTried(way=stage.way, reached=0, starts=0)
    return next((tried for tried in stage.tried if tried.way == stage.way), unknown)


def _refinement(report: TaskReport) -> str:
    if not report.refinement:
        return ""
    rows = [_round(number, tried) for number, tried in enumerate(report.refinement)]
    left_out = f"*{len(rows) - ROUNDS} later rounds are in the gallery.*" if len(rows) > ROUNDS else ""
    return "\n".join(["## Refinement", "", *rows[:ROUNDS], "", left_out]).rstrip()


def _round(number: int, tried: Round) -> str:
    """The variant that went on, else the best of those that did not."""
    best = max(tried.variants, key=lambda v: v.solved)
    shown = best if tried.chosen is None else tried.variants[tried.chosen]
    patches = "; ".join(shown.patches) or "as planned"
    why = f" after {text(tried.diagnosis, most=PHRASE)}" if tried.diagnosis else ""
    went = "went on" if tried.chosen is not None else "was no better"
    return (
        f"- round {number}, {len(tried.variants)} tried{why}: {text(patches, most=PHRASE)} "
        f"({shown.solved} of {shown.attempts} solved) {went}"
    )


def _links(report: TaskReport, album: Album, folder: RunFolder, places: Places) -> str:
    name = report.task.name
    links = [
        places.link("gallery", folder.gallery, anchor=name),
        *([places.link("film", album.film)] if album.film is not None else []),
        *([places.link("Rerun recording", path)] if (path := recording_of(folder, name)).is_file() else []),
        places.link("dataset", folder.dataset),
    ]
    return "\n".join(
        [
            "## Where it is",
            "",
            *(f"- {one}" for one in links),
            "",
            block(replay_command(folder, name)),
        ]
    )


def _words(name: str) -> str:
    return name.replace("_", " ")
