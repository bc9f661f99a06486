"""The reward language: what is read, how it is written back, and where and why something is refused."""

import pickle

import pytest

from demo_solvers.rewards import limits
from demo_solvers.rewards.compiled import compiled
from demo_solvers.rewards.fault import RewardError
from demo_solvers.rewards.parser import parse, read
from demo_solvers.rewards.tree import Line, Number, Operation, Reward, Unary

WHOLE = """
# push the carton into the zone
let spot = far_side(carton, zone_red, 6 cm)
let close = distance(tool, spot) < 3 cm
reach: 1 - tanh(distance(tool, spot) / 10 cm)
progress: 20 * change(-planar_distance(carton, zone_red) / 15 cm)
    when contact(hand, carton) or not close
goal: 10 * bonus(done((within carton zone_red)))
open: opening(cabinet/top_drawer) * 0.5 - (1 - elapsed() * (2 - 1)) - -0.25
smooth: -1e-2 * action_change() - 0.02 * min(action_jerk(), 1, elapsed())
"""


def test_a_reward_is_read_and_written_back_the_same():
    reward = parse(WHOLE).reward
    assert [line.name for line in reward.lines] == ["reach", "progress", "goal", "open", "smooth"]
    assert [let.name for let in reward.lets] == ["spot", "close"]
    assert parse(str(reward)).reward == reward


def test_a_reward_survives_json():
    reward = parse(WHOLE).reward
    assert read(reward.model_dump_json()).reward == reward


@pytest.mark.parametrize(
    "text",
    [
        "(1 + 2) * 3",
        "1 + 2 + 3",
        "(1 + 2) + 3",
        "1 + (2 + 3)",
        "1 - (2 - 3)",
        "-(1 + 2)",
        "--1 * 2",
        "2 * (3 / 4) / 5 * 6",
        "(2 * 3) * 4",
        "10 cm / 5 mm",
        "bonus(not (1 < 2 and (2 <= 3 or 3 > 4)) and not 4 >= 5)",
        "bonus((and (on carton cabinet) (not (upright carton))))",
        'bonus(contact("carton", hand))',
    ],
)
def test_parentheses_are_written_where_they_are_needed(text):
    reward = parse(f"a: {text}").reward
    again = parse(str(reward)).reward
    assert again == reward
    assert str(again) == str(reward)


def test_a_line_may_be_named_as_a_unit():
    assert [line.name for line in parse("a: 2\nm: 3").reward.lines] == ["a", "m"]


FAULTS = [
    ("a: distance(tool, cartn) / 1 m", "line 1, column 19", "Did you mean 'carton'"),
    ("a: 1\nb: distence(tool, carton)", "line 2, column 4", "Did you mean 'distance'"),
    ("a: distance(tool, carton)", "line 1, column 1", "is in m; divide"),
    ("a: distance(tool, carton) / 3 furlongs", "line 1, column 31", "Allowed: m, cm"),
    ("a: exp(distance(tool, carton) / 1 mm)", "line 1, column 4", "exp's argument may reach 5000"),
    ("a: 1e5 * elapsed()", "line 1, column 1", "may reach 0 to 100000"),
    ("a: 1" + " * 1e6" * 60 + " * elapsed()", "line 1, column 4", "1e+09 is the most"),
    ("a: 1" + " * 1e6" * 60 + " * 0", "line 1, column 4", "1e+09 is the most"),
    ("a: min(elapsed(), 0)" + " * 1e6" * 40, "line 1, column 4", "1e+09 is the most"),
    ("a: 1 when elapsed()", "line 1, column 11", "expected a condition"),
    ("a: contact(hand, carton)", "line 1, column 4", "write bonus"),
    ("a: bonus((within carton zone))", "line 1, column 10", "did you mean 'zone_red'"),
    ("a: bonus((witin carton zone_red))", "line 1, column 10", "did you mean 'within'"),
    ("a: bonus((is_open carton))", "line 1, column 10", "can never be true"),
    ("a: bonus((inserted carton peg_blue))", "line 1, column 10", "can never be true"),
    ("a: bonus((within carton zone_red)", "line 1, column 34", "expected ','"),
    ("a: (within carton zone_red", "line 1, column 4", "')' is missing"),
    ("a: carton", "line 1, column 4", "is a thing"),
    ("a: nothing", "line 1, column 4", "no let called"),
    ("a: distance(carton.handle, tool) / 1 m", "line 1, column 13", "Allowed: centre, origin"),
    ("a: angle(carton, world.z) / 1 rad", "line 1, column 10", "carton.x"),
    ("a: angle(carton.pull, world.z) / 1 rad", "line 1, column 10", "carton.x"),
    ("a: opening(carton)", "line 1, column 12", "Allowed: cabinet/"),
    ("a: insert_short(carton, peg_blue) / 1 m", "line 1, column 17", "Allowed: square_ring"),
    ("a: 1 / elapsed()", "line 1, column 8", "takes a number"),
    ("a: 1 / 0", "line 1, column 4", "takes a number of at least"),
    ("a: lift(carton) + 3 deg", "line 1, column 4", "m and rad cannot"),
    ("a: bonus(1 < 3 deg)", "line 1, column 10", "cannot be put together"),
    ("a: clip(elapsed(), 2, 1)", "line 1, column 4", "must be below"),
    ("a: min(1)", "line 1, column 4", "cannot take 1"),
    ("a: distance(tool)", "line 1, column 4", "cannot take 1"),
    ("a: change(change(elapsed()))", "line 1, column 11", "inside change"),
    ("a: change(2)", "line 1, column 4", "does not change"),
    ("a: height(over(tool, 3 deg)) / 1 m", "line 1, column 22", "expected a length"),
    ("a: height(over(tool, elapsed() * 1 cm)) / 1 m", "line 1, column 22", "expected a length"),
    ("a: 1\na: 2", "line 2, column 1", "two lines called"),
    ("let tool = 1\na: 1", "line 1, column 1", "is taken"),
    ("let b = c\nlet c = 1\na: b", "line 1, column 9", "no let called"),
    ("a: 1e7", "line 1, column 4", "larger than"),
    ("a: 1 2", "line 1, column 6", "does not go on"),
    ("a: 1 ; b", "line 1, column 6", "no part of the language"),
    ("a: __import__('os')", "line 1, column 15", "no part of the language"),
    ("a: eval(1)", "line 1, column 4", "unknown term 'eval'"),
    ("", "line 1, column 1", "there is no line"),
    ("a: \u0661", "line 1, column 4", "no part of the language"),
    ("a: " + "(" * 200 + "1" + ")" * 200, "line 1, column 28", "nested deeper"),
    ("a: " + "-" * 200 + "1", "line 1, column 28", "nested deeper"),
    ("a: 1" + " + 1" * 100, "line 1, column 4", "more than 64 parts"),
    ("a: 1 " * 40, "line 1, column 161", "more than 32 lines"),
    ("a: " + "x" * 200, "line 1, column 4", "longer than"),
    ("#" * 9000, "line 1, column 1", "9000 characters"),
]


@pytest.mark.parametrize(("text", "place", "why"), FAULTS, ids=[t[:30].replace("\n", " ") for t, *_ in FAULTS])
def test_a_fault_is_refused_with_its_place(text, place, why, layout):
    with pytest.raises(RewardError) as caught:
        compiled(text, layout)
    assert caught.value.place == place
    assert why in str(caught.value)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_a_tree_that_was_no_text_is_refused_with_its_path(layout):
    reward = Reward.model_validate(
        {
            "lines": [
                {"name": "a", "value": {"kind": "number", "value": 1}},
                {
                    "name": "b",
                    "value": {
                        "kind": "operation",
                        "op": "+",
                        "parts": [{"kind": "number", "value": 2}, {"kind": "call", "function": "speed", "args": []}],
                    },
                },
            ]
        }
    )
    with pytest.raises(RewardError, match=r"lines\[1\]\.value\.parts\[1\]: speed\(a\) cannot take 0"):
        compiled(reward, layout)
    with pytest.raises(RewardError, match=r"lines\.0\.value"):
        read('{"lines": [{"name": "a", "value": {"kind": "code", "text": "1"}}]}')


def test_a_deep_tree_from_elsewhere_is_refused(layout):
    node = Number(value=1.0)
    for _ in range(900):
        node = Unary(op="-", part=node)
    with pytest.raises(RewardError, match=r"lines\[0\]\.value: it is nested deeper"):
        compiled(Reward(lines=(Line(name="a", value=node),)), layout)
    flat = tuple(Operation(op="*", parts=(Number(value=1.0),) * 64) for _ in range(10))
    with pytest.raises(RewardError, match=f"over {limits.NODES} parts"):
        compiled(Reward(lines=(Line(name="a", value=Operation(op="+", parts=flat)),)), layout)
