"""Whatever is written as a reward is read, or refused with its place: quickly, and without any of it being run."""

import gc
import re
import sys
import time
from collections import Counter

import numpy as np
import pytest
import torch

from demo_solvers.rewards.compiled import compiled
from demo_solvers.rewards.fault import RewardError
from demo_solvers.rewards.functions import BONUS, CHANGE, FUNCTIONS
from demo_solvers.rewards.parser import parse, read
from demo_solvers.rewards.term import TERMS
from demo_solvers.rewards.units import UNITS
from pipeline.core.streams import stream

QUICK = 0.05  # s of processor time that reading and checking may take
SEEDS = (
    "let spot = far_side(carton, zone_red, 6 cm)\nlet near = distance(tool, spot) < 3 cm\n"
    "reach: 1 - tanh(distance(tool, spot) / 10 cm)\n"
    "progress: 20 * change(-planar_distance(carton, zone_red) / 15 cm) when contact(hand, carton) or not near\n"
    "goal: 10 * bonus(done((within carton zone_red)))\nsmooth: -0.01 * action_change()",
    "open: clip(2 * opening(cabinet/top_drawer), 0, 1) when (not (is_open cabinet/top_drawer))\n"
    "pull: exp(-square(angle(tool.z, world.x) / 30 deg)) # along\nslow: -min(arm_speed() / 1 rad/s, 3)",
    "in: -abs(insert_short(square_ring, peg_blue)) / 5 cm - insert_aside(square_ring, peg_blue) / 1 cm\n"
    "tilt: -insert_tilt(square_ring, peg_blue) / 10 deg\n"
    "done: 5 * bonus((and (inserted square_ring peg_blue) (not (touching square_ring table))))",
)
CODE = (
    "__import__('os').system('true')", "eval", "exec", "lambda: 0", "().__class__.__bases__", "open('/etc/passwd')",
    "{x for x in ()}", "import os", "f'{1}'", "torch.load", "os.system", "getattr(tool, '__dict__')", "`id`", "$(id)",
    "tool.__class__", "carton.__init__", "\\x00", "%s%s%n", "<script>", "'; drop table", "{{tool}}", "a if b else c",
)  # fmt: skip
ODD = ("\u0661", "\u202e", "\ud800", "\x00", "é", "ﬁ", "𝟙", "\u200b", "🤖", "\ufeff", "−", "×")
HUGE = ("1e308", "1e309", "9" * 60, "0." + "0" * 40 + "1", "1e-400", "1e+99999", "1_000", "0x10", "inf", "nan", "1e6")
WATCHED = ("exec", "compile", "import", "open", "os.system", "subprocess.Popen", "socket.connect", "pickle.find_class")
SIGNS = "+ - * / < <= > >= ( ) , . : = let when and or not"
WORDS = (
    *TERMS.names, *FUNCTIONS, BONUS, CHANGE, *UNITS, *SIGNS.split(), "q", "\n", "0.5", "let q =", "a:", "b:", "#", '"',
    "tool", "world", "hand", "carton", "zone_red", "cabinet/top_drawer", "square_ring", "peg_blue", "x", "z", "1",
    "(on carton zone_red)", "(within carton zone_red)", '"carton"',
)  # fmt: skip


def bytes_of_chance(rng):
    raw = rng.integers(0, 256, rng.integers(0, 400)).astype(np.uint8).tobytes()
    return raw.decode(("latin-1", "utf-8")[rng.integers(2)], errors=("replace", "surrogateescape")[rng.integers(2)])


def words_of_chance(rng):
    return " ".join(WORDS[i] for i in rng.integers(0, len(WORDS), rng.integers(1, 80)))


def mutated(rng):
    """A valid reward with a few words dropped, doubled, swapped or put in."""
    words = re.findall(r"\n|[A-Za-z_/]+|[0-9.]+|[^\sA-Za-z0-9_/]| +", SEEDS[rng.integers(len(SEEDS))])
    for _ in range(rng.integers(1, 6)):
        words = words or ["a"]
        at, other = rng.integers(len(words)), rng.integers(len(words))
        kind = rng.integers(7)
        if kind == 0:
            del words[at]
        elif kind == 1:
            words.insert(at, words[other])
        elif kind == 2:
            words[at], words[other] = words[other], words[at]
        elif kind == 3:
            words[at] = WORDS[rng.integers(len(WORDS))]
        elif kind == 4:
            words.insert(at, (*CODE, *ODD, *HUGE)[rng.integers(len(CODE) + len(ODD) + len(HUGE))])
        elif kind == 5:
            words[at : at + 1] = list(words[at])[::-1]
        else:
            words = words[:at] or words
    return "".join(words)


def grown(rng):
    """Deep, long and wide."""
    n, kind = int(rng.integers(1, 3000)), rng.integers(10)
    pieces = (
        "a: " + "(" * n + "1" + ")" * n,
        "a: " + "-" * n + "1",
        "a: " + "not " * n + "1 < 2",
        "a: 1" + " + elapsed()" * n,
        "a: " + "min(1, " * n + "1" + ")" * n,
        "a: bonus(" + "(not " * n + "(on carton zone_red)" + ")" * n + ")",
        "\n".join(f"a{i}: elapsed()" for i in range(n)),
        "a: " + "1000000 * " * n + "elapsed()",
        "a: bonus((and " + "(on carton zone_red) " * n + "))",
        "a: " + "+ ".join(["distance(tool, carton)"] * (n % 50 + 1)) + " / 1 m",
    )
    return pieces[kind]


def shaped(rng):
    """An expression by the grammar, of any kinds, units and sizes."""

    def expression(depth):
        kind = rng.integers(9) if depth < 7 else rng.integers(3)
        if kind == 0:
            return f"{HUGE[rng.integers(len(HUGE))] if rng.random() < 0.1 else round(rng.random(), 3)}"
        if kind == 1:
            return f"{rng.integers(100)} {tuple(UNITS)[rng.integers(len(UNITS))]}"
        if kind == 2:
            return WORDS[rng.integers(len(WORDS))]
        if kind == 3:
            return f"({expression(depth + 1)})"
        if kind == 4:
            return f"-{expression(depth + 1)}"
        if kind < 7:
            name = (*TERMS.names, *FUNCTIONS, BONUS, CHANGE)[rng.integers(len(TERMS.names) + len(FUNCTIONS) + 2)]
            return f"{name}({', '.join(expression(depth + 1) for _ in range(rng.integers(0, 4)))})"
        sign = ("+", "-", "*", "/", "<", ">=", "and", "or")[rng.integers(8)]
        return f"{expression(depth + 1)} {sign} {expression(depth + 1)}"

    return f"a: {expression(0)}" + (f" when {expression(3)}" if rng.random() < 0.3 else "")


def mutated_json(rng):
    text = parse(SEEDS[rng.integers(len(SEEDS))]).reward.model_dump_json()
    for _ in range(rng.integers(1, 4)):
        at = int(rng.integers(len(text)))
        piece = ('"', "{", "[", "1e999", "null", "\\ud800", '"kind":"call"', "[" * 500, "-1")[rng.integers(9)]
        text = text[:at] + piece + text[at + int(rng.integers(0, 12)) :]
    return text


MAKERS = {
    "bytes": bytes_of_chance, "words": words_of_chance, "mutated": mutated, "grown": grown, "shaped": shaped,
    "json": mutated_json,
}  # fmt: skip
SHARES = (0.15, 0.15, 0.4, 0.02, 0.2, 0.08)
PLACE, PATH = re.compile(r"line [1-9]\d*, column [1-9]\d*"), re.compile(r"[ -~]{1,400}")


class Watch:
    """What the interpreter reports of code, imports, files and processes while it is on."""

    def __init__(self):
        self.on, self.seen = False, []
        sys.addaudithook(self._hear)

    def _hear(self, event, args):
        if self.on and event in WATCHED:
            self.seen.append((event, repr(args)[:200]))


def attempted(text, is_json, layout, watch):
    """The compiled reward or the error, and the processor time that it took."""
    watch.on, began = True, time.thread_time()
    try:
        return compiled(read(text) if is_json else text, layout), None, time.thread_time() - began
    except RewardError as error:
        return None, error, time.thread_time() - began
    finally:
        watch.on = False


def check_refusal(text, error, place):
    assert place.fullmatch(error.place), (text, error.place)
    assert error.place in str(error)
    assert len(str(error)) < 2500, text


def check_reward(text, reward, state):
    total = reward(state).total
    assert torch.isfinite(total).all(), text
    assert (total >= reward.low).all(), text
    assert (total <= reward.high).all(), text
    assert parse(str(reward.reward)).reward == reward.reward, text


def fuzz(count, layout, state, seed=0):
    """Outcomes by maker, and the longest processor time of one input."""
    rng, watch, outcomes, longest = stream(seed, "reward fuzz"), Watch(), Counter(), 0.0
    for text in SEEDS:  # everything that is imported on first use
        compiled(text, layout)(state)
    for name in TERMS:
        TERMS.get(name)
    gc.collect()
    gc.freeze()  # what torch and the library keep is not searched for garbage in the middle of an input
    for number, name in enumerate(rng.choice(list(MAKERS), count, p=SHARES)):
        text = MAKERS[str(name)](rng)
        reward, error, spent = attempted(text, name == "json", layout, watch)
        longest = max(longest, spent)
        outcomes[str(name), "read" if error is None else "refused"] += 1
        if error is not None:
            check_refusal(text, error, PLACE if name != "json" else PATH)
        elif number % 10 == 0:
            check_reward(text, reward, state)
    gc.unfreeze()
    assert watch.seen == []
    return outcomes, longest


def looked_at(outcomes, longest, count):
    assert sum(outcomes.values()) == count
    for name in MAKERS:
        assert outcomes[name, "refused"] > 0
    assert outcomes["mutated", "read"] > 0.02 * count, "mutations must leave some rewards valid"
    assert outcomes["shaped", "read"] > 0
    assert longest < QUICK


def test_fuzzed_inputs_are_read_or_refused(layout, state):
    looked_at(*fuzz(8_000, layout, state), 8_000)


@pytest.mark.long
def test_a_hundred_thousand_fuzzed_inputs_are_read_or_refused(layout, state, capsys):
    outcomes, longest = fuzz(100_000, layout, state, seed=1)
    with capsys.disabled():
        print(f"\n{dict(sorted(outcomes.items()))}, the longest {1000 * longest:.1f} ms")
    looked_at(outcomes, longest, 100_000)
