"""Whether the things a formula names can play their part: kinds of arguments, grasping, pushing, fitting."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from pipeline.core.asset import AssetSpec
from pipeline.core.geometry import BodyGeometry
from pipeline.core.goal import Atom, Goal, literals
from pipeline.core.robot import RobotSpec
from pipeline.holds import kinds
from task_gen.pantry import fits_gripper, fits_inside, fits_on, fits_pushing, fits_region, fits_under
from task_gen.reasons import Code, Reason

Assets = dict[str, AssetSpec]
Check = Callable[[AssetSpec, str], bool]
EDGE = "edge"  # keypoint of a link that can be drawn by pressing a fingertip on it


def _is_jointed(asset: AssetSpec, link: str) -> bool:
    return any(j.link == link for j in asset.joints)


KINDS: dict[str, tuple[Check, str]] = {
    "body": (lambda asset, link: True, "a body"),
    "movable": (lambda asset, link: not asset.fixed and not link, "a free object"),
    "support": (lambda asset, link: asset.links[link].support is not None, "something with a flat top to stand on"),
    "container": (
        lambda asset, link: asset.links[link].cavity is not None and not asset.can("region"),
        "a container (with a cavity)",
    ),
    "region": (lambda asset, link: asset.can("region"), "a painted region"),
    "jointed": (_is_jointed, "a drawer or door, a tap or a lever, such as cabinet/top_drawer"),
}


def misuses(atom: Atom, assets: Assets) -> Iterator[Reason]:
    """A reason for every argument of the wrong kind, with the names that would do."""
    for kind, body in zip(kinds(atom.predicate), atom.args, strict=True):
        check, wanted = KINDS[kind]
        if not check(*_resolve(body, assets)):
            names = [b for b in _bodies(assets) if check(*_resolve(b, assets))]
            allowed = f"here: {', '.join(names)}" if names else "this task has none"
            code = "unknown_joint" if kind == "jointed" else "wrong_kind"
            yield _reason(code, atom, f"{body!r} is not {wanted}; {allowed}.")


def unmovable(goal: Goal, assets: Assets, robot: RobotSpec) -> Iterator[Reason]:
    """A reason for everything the goal wants moved that the robot cannot move there."""
    for atom, positive in literals(goal):
        if positive and atom.predicate in ("on", "inside", "within", "holding", "raised", "inserted", "near"):
            yield from _moves(atom, assets, robot)
        if atom.predicate in ("is_open", "is_closed"):
            yield from _opens(atom, assets, opened=positive == (atom.predicate == "is_open"))
        if atom.predicate in ("turned_on", "turned_off"):
            yield from _turns(atom, assets)
        if atom.predicate == "pressed" and positive:
            yield from _presses(atom, assets)


def misfits(formula: Goal, assets: Assets, *, at: str) -> Iterator[Reason]:
    """A reason for everything that is too large for where the formula has it.

    Things are taken to stand upright; what the formula lays on its side, and what the start merely stands on
    something, is left for physics to judge.
    """
    wanted = list(literals(formula))
    laid = {a.args[0] for a, positive in wanted if positive and a.predicate == "lying"}
    judged = FITS if at == "goal" else FITS.keys() - {"on"}
    for atom in (a for a, positive in wanted if positive and a.predicate in judged and a.args[0] not in laid):
        asset, place = assets[atom.args[0]], atom.args[1]
        if not FITS[atom.predicate](asset, assets, place):
            larger = {"on": "support", "inside": "container", "within": "region"}[atom.predicate]
            how = {"on": "finds no room on", "inside": "does not fit into", "within": "is larger than"}[atom.predicate]
            why = f"{asset.noun!r} {how} {place!r}; take a smaller object or a larger {larger}."
            yield _reason("too_large", atom, why, at=at)


def shut_over(goal: Goal, initial: Sequence[Goal], assets: Assets) -> Iterator[Reason]:
    """A reason for everything too tall for what the goal shuts it in, be it put there or there from the start."""
    wanted = list(literals(goal))
    sent = {a.args[0] for a, positive in wanted if positive and a.predicate in FITS}
    stored = [a for formula in initial for a, positive in literals(formula) if positive and a.args[0] not in sent]
    for atom in [*stored, *(a for a, positive in wanted if positive)]:
        if atom.predicate == "inside" and _shut(atom.args[1], wanted):
            asset, place = assets[atom.args[0]], atom.args[1]
            if not fits_under(asset, _shape(place, assets)):
                why = f"{asset.noun!r} is taller than {place!r} is deep, which therefore cannot be closed over it."
                yield _reason("too_large", atom, why)


def _fits_on(asset: AssetSpec, assets: Assets, place: str) -> bool:
    return place == "table" or fits_on(asset, _shape(place, assets))


FITS: dict[str, Callable[[AssetSpec, Assets, str], bool]] = {
    "on": _fits_on,
    "inside": lambda asset, assets, place: fits_inside(asset, _shape(place, assets)),
    "within": lambda asset, assets, place: fits_region(asset, assets[place]),
}


def _shut(link: str, wanted: list[tuple[Atom, bool]]) -> bool:
    """Whether the formula wants what moves with ``link`` closed."""
    return (Atom("is_closed", (link,)), True) in wanted or (Atom("is_open", (link,)), False) in wanted


def _moves(atom: Atom, assets: Assets, robot: RobotSpec) -> Iterator[Reason]:
    asset = assets[atom.args[0].partition("/")[0]]
    graspable, stays = fits_gripper(asset, robot), atom.predicate == "near" or atom.args[1:] == ("table",)
    if asset.fixed or graspable or stays or (atom.predicate == "within" and fits_pushing(asset)):
        return
    wanted = "can be neither grasped nor pushed" if atom.predicate == "within" else "cannot be grasped"
    narrow = min((g.width for g in asset.links[""].grasps), default=None)
    why = "has no grasp" if narrow is None else f"its narrowest grasp is {narrow * 100:.1f} cm wide"
    opens = f"{robot.noun} opens to {robot.gripper.max_width * 100:.0f} cm"
    code = "unmovable" if narrow is None else "too_large"
    yield _reason(code, atom, f"{opens}; {asset.noun!r} {wanted}: {why}.")


def _opens(atom: Atom, assets: Assets, *, opened: bool) -> Iterator[Reason]:
    if "pull" not in _shape(atom.args[0], assets).axes:
        yield _reason("wrong_kind", atom, f"{atom.args[0]!r} is turned or pressed; it neither opens nor closes.")
    elif opened and not (_shape(atom.args[0], assets).grasps or EDGE in _shape(atom.args[0], assets).keypoints):
        yield _reason("unmovable", atom, f"{atom.args[0]!r} has no handle to grasp.")


def _turns(atom: Atom, assets: Assets) -> Iterator[Reason]:
    if "turn" not in _shape(atom.args[0], assets).axes:
        taps = [b for b in _bodies(assets) if "turn" in _shape(b, assets).axes]
        allowed = f"here: {', '.join(taps)}" if taps else "this task has none"
        yield _reason("wrong_kind", atom, f"{atom.args[0]!r} is not a tap, dial or lever; {allowed}.")


def _presses(atom: Atom, assets: Assets) -> Iterator[Reason]:
    asset, link = _resolve(atom.args[0], assets)
    if "press" not in asset.links[link].axes:
        yield _reason("wrong_kind", atom, f"{atom.args[0]!r} is not a button.")
    elif any(j.link == link and j.stiffness > 0.0 for j in asset.joints):
        yield _reason("wrong_kind", atom, f"{atom.args[0]!r} is sprung: it returns as soon as nothing holds it.")


def _reason(code: Code, atom: Atom, why: str, *, at: str = "goal") -> Reason:
    return Reason(code=code, message=f"{atom}: {why}", at=at, subject=str(atom))


def _resolve(body: str, assets: Assets) -> tuple[AssetSpec, str]:
    name, _, link = body.partition("/")
    return assets[name], link


def _shape(body: str, assets: Assets) -> BodyGeometry:
    asset, link = _resolve(body, assets)
    return asset.links[link]


def _bodies(assets: Assets) -> list[str]:
    return [f"{name}/{link}" if link else name for name, asset in assets.items() for link in asset.links]
