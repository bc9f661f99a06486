"""Every registered reward term, and the torch twin of every predicate, over random worlds."""

import inspect

import numpy as np
import pytest
import torch

from assets.catalog import LibraryCatalog
from demo_solvers.rewards.compiled import compiled
from demo_solvers.rewards.functions import FUNCTIONS
from demo_solvers.rewards.now import Now, Scene
from demo_solvers.rewards.parser import parse
from demo_solvers.rewards.state import RewardState
from demo_solvers.rewards.term import TERMS
from demo_solvers.rewards.truths import TRUTHS, holds
from demo_solvers.rewards.units import UNITS
from pipeline.holds import PREDICATES, kinds
from pipeline.holds import holds as numpy_holds
from pipeline.holds import parse as parse_goal

EXAMPLES = {
    "point": ("cup", "box.tip", "tool"),
    "direction": ("cup.z", "tool.x", "world.y"),
    "body": ("cup", "box", "table"),
    "toucher": ("hand", "cup", "box"),
    "link": ("box/lid",),
    "plug": ("cup",),
    "socket": ("box", "table"),
    "length": ("3 cm", "-2 mm", "0.1 m"),
    "formula": ("(and (on cup box) (not (upright cup)))",),
}
GOALS = (
    "(on cup box)",
    "(and (holding cup) (raised cup))",
    "(not (is_open box/lid))",
    "(or (near cup box) (upright cup))",
)


@pytest.fixture(scope="session")
def robot():
    return LibraryCatalog().robot("panda")


def states(random_worlds, robot, batch, dtype=torch.float64):
    world = random_worlds.worlds(batch)
    generator = torch.Generator().manual_seed(0)
    actions = torch.rand((batch, 3, robot.dof), generator=generator) * 2 - 1
    elapsed = torch.rand(batch, generator=generator)
    return world, RewardState.of(world, robot, actions=actions, elapsed=elapsed, dtype=dtype)


def example(name, shift=0):
    used, words = dict.fromkeys(EXAMPLES, shift), []
    for kind in TERMS.get(name).signature.args.values():
        words.append(EXAMPLES[kind][used[kind] % len(EXAMPLES[kind])])
        used[kind] += 1
    return f"{name}({', '.join(words)})"


def line_of(name, call):
    gives, unit = TERMS.get(name).signature.gives, TERMS.get(name).signature.unit
    if gives == "condition":
        return f"a: bonus({call})"
    if gives == "point":
        return f"a: height({call}) / 1 m"
    if gives == "direction":
        return f"a: alignment({call}, world.x)"
    return f"a: {call}" + (f" / 1 {unit}" if unit else "")


@pytest.mark.parametrize("name", TERMS.names)
class TestEveryTerm:
    def test_declares_what_it_is(self, name):
        term, signature = TERMS.get(name), TERMS.get(name).signature
        assert len(signature.summary) > 10
        assert not signature.summary.endswith(".")
        assert signature.low < signature.high
        assert signature.unit in ("", *UNITS)
        assert term.__name__ == name
        assert name not in FUNCTIONS
        assert len(inspect.getdoc(term)) > 5
        assert next(iter(inspect.signature(term).parameters)) == "scene"
        assert len(inspect.signature(term).parameters) == len(signature.args) + 1

    def test_computes_a_finite_number_within_its_range_for_every_world(self, name, random_worlds, robot):
        world, state = states(random_worlds, robot, 512)
        reward = compiled(line_of(name, example(name)), world.layout)
        value = reward(state).lines["a"]
        assert value.shape == (512,)
        assert torch.isfinite(value).all()
        assert (value >= reward.low - 1e-9).all()
        assert (value <= reward.high + 1e-9).all()

    def test_judges_a_row_alone_as_in_the_batch(self, name, random_worlds, robot):
        world, state = states(random_worlds, robot, 16)
        reward = compiled(line_of(name, example(name, 1)), world.layout)
        alone = torch.cat([reward(state.rows(slice(i, i + 1))).total for i in range(16)])
        torch.testing.assert_close(alone, reward(state).total, rtol=0, atol=1e-12)

    def test_leaves_the_state_as_it_was(self, name, random_worlds, robot):
        world, state = states(random_worlds, robot, 8)
        _, untouched = states(random_worlds, robot, 8)
        compiled(line_of(name, example(name)), world.layout)(state)
        assert all((getattr(state, f) == getattr(untouched, f)).all() for f in vars(state))

    def test_is_read_back_as_it_is_written(self, name):
        reward = parse(line_of(name, example(name))).reward
        assert parse(str(reward)).reward == reward


def atom(name):
    named = {
        "body": "cup",
        "movable": "cup",
        "support": "box",
        "container": "box",
        "region": "box",
        "jointed": "box/lid",
    }
    words = [named[kind] for kind in kinds(name)]
    if len(words) > 1 and words[0] == words[1]:
        words[1:] = ["box", "table"][: len(words) - 1]
    return words


def test_every_predicate_has_a_twin():
    assert set(TRUTHS) == set(PREDICATES.names)


@pytest.mark.parametrize("name", PREDICATES.names)
def test_a_twin_agrees_with_its_predicate(name, random_worlds, robot):
    world, state = states(random_worlds, robot, 4096)
    expected = PREDICATES.get(name)(world, *atom(name))
    found = TRUTHS[name](Now(state, Scene(world.layout)), *atom(name)).numpy()
    assert expected.any()
    assert not expected.all()
    assert (found == expected).all()


@pytest.mark.parametrize("name", PREDICATES.names)
def test_a_twin_in_single_precision_differs_at_most_at_the_very_threshold(name, random_worlds, robot):
    world, state = states(random_worlds, robot, 4096, torch.float32)
    found = TRUTHS[name](Now(state, Scene(world.layout)), *atom(name)).numpy()
    assert np.mean(found != PREDICATES.get(name)(world, *atom(name))) < 5e-4


@pytest.mark.parametrize("goal", GOALS)
def test_a_goal_holds_where_the_pipeline_says_so(goal, random_worlds, robot):
    world, state = states(random_worlds, robot, 4096)
    formula = parse_goal(goal)
    assert (holds(Now(state, Scene(world.layout)), formula).numpy() == numpy_holds(formula, world)).all()
