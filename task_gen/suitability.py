"""Whether the things a formula names can play their part: kinds of arguments, grasping, pushing, fitting."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pipeline.core.asset import AssetSpec
from pipeline.core.geometry import BodyGeometry
from pipeline.core.goal import Atom, Goal, literals
from pipeline.core.robot import RobotSpec
from pipeline.holds import kinds
from task_gen.pantry import fits_gripper, fits_inside, fits_on, fits_pushing, fits_region
from task_gen.reasons import Code, Reason

Assets = dict[str, AssetSpec]
Check = Callable[[AssetSpec, str], bool]


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
    "jointed": (_is_jointed, "a drawer or door, such as cabinet/top_drawer"),
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
        if positive and atom.predicate in ("on", "inside", "within", "holding", "near"):
            yield from _moves(atom, assets, robot)
        if positive and atom.predicate in ("is_open", "is_closed"):
            yield from _opens(atom, assets)


def _moves(atom: Atom, assets: Assets, robot: RobotSpec) -> Iterator[Reason]:
    asset = assets[atom.args[0].partition("/")[0]]
    if asset.fixed:
        return
    graspable, stays = fits_gripper(asset, robot), atom.predicate == "near" or atom.args[1:] == ("table",)
    if not graspable and not stays and not (atom.predicate == "within" and fits_pushing(asset)):
        wanted = "can be neither grasped nor pushed" if atom.predicate == "within" else "cannot be grasped"
        narrow = min((g.width for g in asset.links[""].grasps), default=None)
        why = "has no grasp" if narrow is None else f"its narrowest grasp is {narrow * 100:.1f} cm wide"
        opens = f"{robot.noun} opens to {robot.gripper.max_width * 100:.0f} cm"
        code = "unmovable" if narrow is None else "too_large"
        yield _reason(code, atom, f"{opens}; {asset.noun!r} {wanted}: {why}.")
    if atom.predicate == "within" and not fits_region(asset, assets[atom.args[1].partition("/")[0]]):
        why = f"{asset.noun!r} is larger than {atom.args[1]!r}; take a smaller object or a larger region."
        yield _reason("too_large", atom, why)
    if atom.predicate == "inside" and not fits_inside(asset, _shape(atom.args[1], assets)):
        why = f"{asset.noun!r} does not fit into {atom.args[1]!r}; take a smaller object or a larger container."
        yield _reason("too_large", atom, why)
    if atom.predicate == "on" and not stays and not fits_on(asset, _shape(atom.args[1], assets)):
        why = f"{asset.noun!r} finds no room on {atom.args[1]!r}; take a smaller object or a larger support."
        yield _reason("too_large", atom, why)


def _opens(atom: Atom, assets: Assets) -> Iterator[Reason]:
    if not _shape(atom.args[0], assets).grasps and atom.predicate == "is_open":
        yield _reason("unmovable", atom, f"{atom.args[0]!r} has no handle to grasp.")


def _reason(code: Code, atom: Atom, why: str) -> Reason:
    return Reason(code=code, message=f"{atom}: {why}", at="goal", subject=str(atom))


def _resolve(body: str, assets: Assets) -> tuple[AssetSpec, str]:
    name, _, link = body.partition("/")
    return assets[name], link


def _shape(body: str, assets: Assets) -> BodyGeometry:
    asset, link = _resolve(body, assets)
    return asset.links[link]


def _bodies(assets: Assets) -> list[str]:
    return [f"{name}/{link}" if link else name for name, asset in assets.items() for link in asset.links]
