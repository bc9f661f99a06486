"""Operate: turn taps, dials and levers on or off, some after something is put in place or a door is closed."""

from __future__ import annotations

import numpy as np

from pipeline.core.asset import AssetSpec
from pipeline.core.task import TaskObject, TaskSpec
from task_gen.compose import TABLE, NothingToCompose, choose, conjoined, fixture, manipuland, several
from task_gen.pantry import Pantry, fit_together, fits_inside, fits_under
from task_gen.sense import belongs
from task_gen.words import either_way, its_part, listed, phrase, slug, tellings, the, the_part

ON, OFF = ("turn on {y}", "switch {y} on", "turn {y} on"), ("turn off {y}", "switch {y} off", "turn {y} off")
ON_TOLD = either_way(
    "[give|go and give] {y} a turn so that it is on",
    "{y} is off; [change that|that should change]",
    "[I would like|I'd like] {y} [switched|turned] on now",
    "[twist|rotate] {y} away from its off position",
    "[could you|would you|can you] get {y} running?",
    "[make sure that|see to it that] {y} ends up on",
)
OFF_TOLD = either_way(
    "[give|go and give] {y} a turn so that it is off",
    "{y} is on; [change that|that should change]",
    "[I would like|I'd like] {y} [switched|turned] off now",
    "[twist|rotate] {y} [right|all the way] back to its off position",
    "[could you|would you|can you] stop {y}?",
    "[make sure that|see to it that] {y} ends up off",
)
TWO = ("{first} and {second}", "{first}, then {second}")
TWO_TOLD = (
    "[two jobs|two things to do]: {first}, and {second} [too|as well]",
    "{first}; [also|besides that], {second}",
    "[at|over at] {a}, {first} and {second}",
    "[could you|would you] {first} and {second}?",
    "[I want you to|please] {second} and [also|] {first}",
    "[both have to be done|do both]: {second}, {first}",
    "before you {second}, {first}",
)
FILL = ("put {x} in {a} and {turns}", "place {x} into {a}, then {turns}")
FILL_TOLD = (
    "{x} [should|must] go into {a}; [after that|once done], {turns}",
    "[get|move|bring] {x} into {a} and [afterwards|next] {turns}",
    "[could you|would you] drop {x} in {a} and {turns}?",
    "with {x} inside {a}, {turns}",
    "[first|start by placing] {x} in {a}, [second|finish this way]: {turns}",
)
COOK = ("put {x} in {a}, close its {door} and {turns}", "load {a} with {x}, shut its {door}, then {turns}")
COOK_TOLD = (
    "{x} [should|must] go into {a}; [shut|close] the {door} and {turns}",
    "[start|get going] with {x} in {a}: {door} [shut|closed], then {turns}",
    "[could you|would you] heat {x}: into {a}, {door} shut, and {turns}?",
    "[get|move|bring] {x} inside {a}, [swing|push] the {door} closed [afterwards|], {turns}",
    "with {x} in {a} and the {door} [closed|shut], {turns}",
)
HORIZON = 20.0  # s a thing that is moved or turned


def operate(pantry: Pantry, stream: np.random.Generator, *, turn: int) -> TaskSpec:
    """Compose one task; ``turn`` cycles through on, off, two at once, into a basin, and behind a door."""
    kinds = (_one, _one, _two, _fill, _cook)
    return kinds[turn % len(kinds)](pantry, stream, turn)


def _one(pantry: Pantry, stream: np.random.Generator, turn: int) -> TaskSpec:
    asset, link = choose(pantry.turnable, stream, what="tap, dial or lever")
    on, names = turn % 2 == 0, {"y": the_part(asset, link)}
    return TaskSpec(
        name=slug("turn", "on" if on else "off", the_part(asset, link)[4:]),
        family="operate",
        instruction=phrase(ON if on else OFF, stream, **names),
        paraphrases=tellings(ON_TOLD if on else OFF_TOLD, stream, its=its_part(asset, link), **names),
        objects=(TABLE, fixture(asset)),
        initial=(_turned(asset, link, on=not on),),
        goal=_turned(asset, link, on=on),
        horizon=HORIZON,
    )


def _two(pantry: Pantry, stream: np.random.Generator, turn: int) -> TaskSpec:
    asset = choose(_with_turns(pantry, 2), stream, what="thing with two taps or dials")
    links = sorted(link for a, link in pantry.turnable if a == asset)[:2]
    ways = [bool(stream.integers(2)) for _ in links]
    first, second = (_told(asset, link, on=on) for link, on in zip(links, ways, strict=True))
    return TaskSpec(
        name=slug(first.replace(" the", ""), "and", second.replace(" the", "")),
        family="operate",
        instruction=phrase(TWO, stream, first=first, second=second),
        paraphrases=tellings(TWO_TOLD, stream, first=first, second=second, a=the(asset)),
        objects=(TABLE, fixture(asset)),
        initial=tuple(_turned(asset, link, on=not on) for link, on in zip(links, ways, strict=True)),
        goal=conjoined([_turned(asset, link, on=on) for link, on in zip(links, ways, strict=True)]),
        horizon=2 * HORIZON,
    )


def _fill(pantry: Pantry, stream: np.random.Generator, turn: int) -> TaskSpec:
    basins = [a for a in _with_turns(pantry, 1) if a.can("container")]
    asset = choose(basins, stream, what="basin with a tap")
    things = _things(pantry, asset, 1 + turn // 5 % 2, stream)
    chosen = _turns(pantry, asset, 1 + turn // 10 % 2, stream)
    names = {"x": listed([the(x) for x in things]), "a": the(asset), "turns": _and_turn(asset, chosen)}
    return TaskSpec(
        name=_name("put", things, "in", asset, chosen),
        family="operate",
        instruction=phrase(FILL, stream, **names),
        paraphrases=tellings(FILL_TOLD, stream, **names),
        objects=_objects(asset, things),
        initial=tuple(_turned(asset, link, on=False) for link in chosen),
        goal=conjoined([*_inside(things, asset), *(_turned(asset, link, on=True) for link in chosen)]),
        horizon=(len(things) + len(chosen)) * HORIZON,
    )


def _cook(pantry: Pantry, stream: np.random.Generator, turn: int) -> TaskSpec:
    closets = [(a, door) for a, holder, door in pantry.closets if not holder and a in _with_turns(pantry, 1)]
    asset, door = choose(closets, stream, what="appliance with a door and a dial")
    things = _things(pantry, asset, 1 + turn // 5 % 2, stream)
    chosen = _turns(pantry, asset, 1 + turn // 10 % 2, stream)
    opened, noun = turn % 2 == 0, asset.link_nouns.get(door, door)
    names = {"x": listed([the(x) for x in things]), "a": the(asset), "turns": _and_turn(asset, chosen), "door": noun}
    start = f"(is_open {asset.name}/{door})" if opened else f"(is_closed {asset.name}/{door})"
    return TaskSpec(
        name=_name("start with", things, "in", asset, chosen, *(() if opened else ("closed",))),
        family="operate",
        instruction=phrase(COOK, stream, **names),
        paraphrases=tellings(COOK_TOLD, stream, **names),
        objects=_objects(asset, things),
        initial=(start, *(_turned(asset, link, on=False) for link in chosen)),
        goal=conjoined([
            *_inside(things, asset),
            f"(is_closed {asset.name}/{door})",
            *(_turned(asset, link, on=True) for link in chosen),
        ]),
        horizon=(len(things) + len(chosen) + (1 if opened else 2)) * HORIZON,
    )  # fmt: skip


def _with_turns(pantry: Pantry, least: int) -> list[AssetSpec]:
    """Assets with at least so many taps, dials or levers."""
    owners = [a for a, _ in pantry.turnable]
    return [a for a in pantry.everything if owners.count(a) >= least]


def _turns(pantry: Pantry, asset: AssetSpec, most: int, stream: np.random.Generator) -> tuple[str, ...]:
    links = [link for a, link in pantry.turnable if a == asset]
    return tuple(sorted(several(links, min(most, len(links)), stream, what="taps or dials")))


def _things(pantry: Pantry, asset: AssetSpec, count: int, stream: np.random.Generator) -> tuple[AssetSpec, ...]:
    """Graspable objects that find room in the asset together."""
    holder = asset.links[""]
    small = [x for x in pantry.graspable if belongs(x, asset) and fits_inside(x, holder) and fits_under(x, holder)]
    things = several(small, count, stream, what=f"graspable objects that fit into {the(asset)}")
    if holder.cavity is None or not fit_together(things, holder.cavity):
        raise NothingToCompose(f"{listed([the(x) for x in things])} do not fit into {the(asset)} together.")
    return tuple(sorted(things, key=lambda x: x.name))


def _turned(asset: AssetSpec, link: str, *, on: bool) -> str:
    return f"({'turned_on' if on else 'turned_off'} {asset.name}/{link})"


def _told(asset: AssetSpec, link: str, *, on: bool) -> str:
    return f"turn {'on' if on else 'off'} {the_part(asset, link)}"


def _and_turn(asset: AssetSpec, links: tuple[str, ...]) -> str:
    return f"turn on {listed([f'the {asset.link_nouns.get(link, link)}' for link in links])}"


def _inside(things: tuple[AssetSpec, ...], asset: AssetSpec) -> list[str]:
    return [f"(inside {x.name} {asset.name})" for x in things]


def _objects(asset: AssetSpec, things: tuple[AssetSpec, ...]) -> tuple[TaskObject, ...]:
    return (TABLE, fixture(asset), *map(manipuland, things))


def _name(
    verb: str, things: tuple[AssetSpec, ...], where: str, asset: AssetSpec, links: tuple[str, ...], *more: str
) -> str:
    return slug(verb, *(x.noun for x in things), where, asset.noun, "and turn", *links, *more)
