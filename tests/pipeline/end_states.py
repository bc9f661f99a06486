"""End states that look right but are not, each beside the true one: data, by hand."""

from __future__ import annotations

from dataclasses import dataclass

from staging import Edit, Put, gripped, joint, leaned, moving, shifted, slid, spinning, swapped, turned

from pipeline.core.layout import LEFT_FINGER

MUG = Put("mug", "mug", 0.5, 0.0)
RED, BLUE = Put("red", "block_red", 0.5, 0.0), Put("blue", "block_blue", 0.5, 0.2)
PLATE, BOWL, ZONE = Put("plate", "plate", 0.5, 0.0), Put("bowl", "bowl", 0.5, 0.0), Put("zone", "zone_red", 0.5, 0.0)
CABINET = Put("cabinet", "cabinet", 0.8, 0.0)
TOP, BOTTOM = "cabinet/top_drawer_slide", "cabinet/bottom_drawer_slide"
OPEN_TOP = Put("cabinet", "cabinet", 0.8, 0.0, joints=(("top_drawer_slide", 0.19),))
OPEN_BOTH = Put("cabinet", "cabinet", 0.8, 0.0, joints=(("top_drawer_slide", 0.19), ("bottom_drawer_slide", 0.05)))
IN_TOP = Put("red", "block_red", 0.53, 0.0, up=0.25)
FRIDGE = Put("fridge", "fridge", 0.8, 0.0)
DOOR = "fridge/door_hinge"
SINK = Put("faucet", "faucet", 0.8, 0.0)
HOT, COLD = "faucet/hot_tap_turn", "faucet/cold_tap_turn"
PEG, RING = Put("peg", "peg_red", 0.5, 0.0), Put("ring", "square_ring", 0.5, 0.0, up=0.014)
STAND, UMBRELLA = Put("stand", "umbrella_stand", 0.5, 0.0), Put("umbrella", "umbrella", 0.5, 0.0)
LAMP, SWITCH = Put("lamp", "table_lamp", 0.8, 0.0), "lamp/button_press"
REMOTE, BUTTER = Put("remote", "tv_remote", 0.5, 0.0), Put("butter", "butter", 0.5, 0.2, yaw=90.0)
LEDGE, BOARD = Put("ledge", "ledge", 0.5, 0.0), Put("board", "thin_board", 0.5, 0.0)


@dataclass(frozen=True)
class End:
    """How things stand: laid out and settled by physics, then perhaps tampered with."""

    things: tuple[Put, ...]
    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True)
class Case:
    """A goal, an end state in which it is reached, and those that a careless check would take for it."""

    name: str
    goal: str
    true: End
    false: dict[str, End]


def at(put: Put, x: float, y: float, up: float = 0.0, **more: float) -> Put:
    """The same thing elsewhere."""
    values = {"name": put.name, "asset": put.asset, "yaw": put.yaw, "x": x, "y": y, "up": up, **more}
    return Put(**values)  # type: ignore[arg-type]


def case(name: str, goal: str, true: End, /, *edited: tuple[str, tuple[Edit, ...]], **laid: tuple[Put, ...]) -> Case:
    """``edited`` tamper with the true state; ``laid`` are laid out anew and settled, the name in words."""
    false = {label: End(true.things, (*true.edits, *edits)) for label, edits in edited}
    return Case(name, goal, true, false | {label.replace("_", " "): End(things) for label, things in laid.items()})


LIFTED = shifted("mug", z=0.15)
OVER_BOWL = shifted("mug", y=-0.108, z=0.124)
CASES: tuple[Case, ...] = (
    case(
        "on a plate",
        "(on mug plate)",
        End((PLATE, at(MUG, 0.5, 0.0, up=0.012))),
        ("hovering 5 mm above", (shifted("mug", z=0.005),)),
        ("hovering above", (shifted("mug", z=0.05),)),
        ("held there", (gripped("mug"),)),
        ("held above", (shifted("mug", z=0.02), gripped("mug"))),
        ("still sliding", (moving("mug"),)),
        ("still turning", (spinning("mug"),)),
        ("the plate still moving with it", (moving("plate"), moving("mug"))),
        ("beside it, the engine reporting a contact", (slid("mug", y=0.16),)),
        ("sunk through it", (slid("mug"), shifted("mug", z=-0.02))),
        beside_it=(PLATE, at(MUG, 0.5, 0.2)),
        leaning_on_the_rim=(PLATE, at(MUG, 0.5, 0.125, up=0.005, lean=20.0)),
        underneath=(at(PLATE, 0.5, 0.0, up=0.098), MUG),
        another_thing_on_it=(PLATE, at(MUG, 0.5, 0.2), at(RED, 0.5, 0.0, up=0.012)),
    ),
    case(
        "stacked",
        "(on red blue)",
        End((at(BLUE, 0.5, 0.0), at(RED, 0.5, 0.0, up=0.045))),
        ("hovering 4 mm above", (shifted("red", z=0.004),)),
        ("held there", (gripped("red"),)),
        ("the lower one held", (gripped("blue"),)),
        ("still falling", (moving("red", (0.0, 0.0, -0.3)),)),
        ("the other way round", (swapped("red", "blue"),)),
        ("over the edge", (slid("red", x=0.03),)),
        beside_it=(at(BLUE, 0.5, 0.0), at(RED, 0.5, 0.046)),
        fallen_off=(at(BLUE, 0.5, 0.0), at(RED, 0.5, 0.035, up=0.045)),
        stacked_on_another=(at(BLUE, 0.5, 0.2), Put("green", "block_green", 0.5, 0.0), at(RED, 0.5, 0.0, up=0.045)),
    ),
    case(
        "on a shelf",
        "(on mug shelf)",
        End((Put("shelf", "shelf", 0.7, 0.0), at(MUG, 0.7, 0.0, up=0.16))),
        ("held there", (gripped("mug"),)),
        ("hovering", (shifted("mug", z=0.006),)),
        in_front_of_it=(Put("shelf", "shelf", 0.7, 0.0), at(MUG, 0.48, 0.0)),
    ),
    case(
        "on the table",
        "(on mug table)",
        End((PLATE, at(MUG, 0.5, 0.2))),
        ("held just over it", (shifted("mug", z=0.004), gripped("mug"))),
        ("beyond its edge", (slid("mug", y=0.9),)),
        still_on_the_plate=(PLATE, at(MUG, 0.5, 0.0, up=0.012)),
    ),
    case(
        "in a bowl",
        "(inside red bowl)",
        End((BOWL, at(RED, 0.5, 0.0, up=0.02))),
        ("held in it", (gripped("red"),)),
        ("hovering over it", (shifted("red", z=0.06),)),
        ("still falling in", (moving("red", (0.0, 0.0, -0.2)),)),
        ("the bowl carried off", (moving("bowl"), moving("red"))),
        ("through its wall", (slid("red", x=0.065),)),
        ("the bowl tipped over", (leaned("bowl", 60.0),)),
        on_its_rim=(BOWL, at(RED, 0.57, 0.0, up=0.076)),
        beside_it=(BOWL, at(RED, 0.5, 0.12)),
        under_the_upturned_bowl=(RED, at(BOWL, 0.5, 0.0, lean=180.0)),
        heaped_above_the_rim=(BOWL, at(BLUE, 0.5, 0.0, up=0.02), at(RED, 0.5, 0.0, up=0.068)),
        the_wrong_block_in_it=(BOWL, at(BLUE, 0.5, 0.0, up=0.02), at(RED, 0.5, 0.15)),
    ),
    case(
        "a cup in a bowl",
        "(inside cup bowl)",
        End((BOWL, Put("cup", "cosmetics_pot", 0.5, 0.0, up=0.015))),
        ("held in it", (gripped("cup"),)),
        ("rocking in it", (spinning("cup", 1.0),)),
        across_its_rim=(BOWL, Put("cup", "hair_brush", 0.5, 0.0, up=0.076)),
    ),
    case(
        "flat on a book",
        "(on remote book)",
        End((Put("book", "book", 0.5, 0.0), Put("remote", "tv_remote", 0.5, 0.0, up=0.03))),
        ("held on it", (gripped("remote"),)),
        leaning_on_its_edge=(Put("book", "book", 0.5, 0.0), Put("remote", "tv_remote", 0.5, 0.1, lean=-25.0)),
        under_it=(Put("book", "book", 0.5, 0.0, up=0.018), Put("remote", "tv_remote", 0.5, 0.0)),
    ),
    case(
        "in an open drawer",
        "(inside red cabinet/top_drawer)",
        End((OPEN_TOP, IN_TOP)),
        ("held in it", (gripped("red"),)),
        ("hovering over it", (shifted("red", z=0.12),)),
        on_top_of_the_cabinet=(CABINET, at(RED, 0.8, 0.0, up=0.36)),
        in_the_drawer_below=(
            Put("cabinet", "cabinet", 0.8, 0.0, joints=(("bottom_drawer_slide", 0.19),)),
            at(IN_TOP, 0.53, 0.0, up=0.08),
        ),
        under_the_open_drawer=(OPEN_TOP, at(RED, 0.53, 0.0)),
        in_front_of_it=(CABINET, at(RED, 0.45, 0.0)),
    ),
    case(
        "put away",
        "(and (inside red cabinet/top_drawer) (is_closed cabinet/top_drawer))",
        End((OPEN_TOP, IN_TOP), (joint(TOP, 0.0), slid("red", x=0.19))),
        ("2 cm ajar", (joint(TOP, 0.02),)),
        ("6 mm ajar", (joint(TOP, 0.006),)),
        ("left behind by the drawer", (slid("red", x=-0.25),)),
        ("the handle still held", (gripped("cabinet/top_drawer"),)),
    ),
    case(
        "a drawer shut",
        "(is_closed cabinet/top_drawer)",
        End((CABINET,), (joint(TOP, 0.004),)),
        ("6 mm ajar", (joint(TOP, 0.006),)),
        ("2 cm ajar", (joint(TOP, 0.02),)),
        ("half open", (joint(TOP, 0.1),)),
        ("on its way", (joint(TOP, 0.003, speed=-0.1),)),
        ("the handle still held", (gripped("cabinet/top_drawer"),)),
        ("the other drawer shut", (joint(TOP, 0.19), joint(BOTTOM, 0.0))),
    ),
    case(
        "a drawer open",
        "(is_open cabinet/top_drawer)",
        End((CABINET,), (joint(TOP, 0.16),)),
        ("a crack open", (joint(TOP, 0.02),)),
        ("half open", (joint(TOP, 0.1),)),
        ("not quite open", (joint(TOP, 0.145),)),
        ("on its way", (joint(TOP, 0.16, speed=0.1),)),
        ("the handle still held", (gripped("cabinet/top_drawer"),)),
        ("the other drawer open", (joint(TOP, 0.0), joint(BOTTOM, 0.19))),
    ),
    case(
        "a door shut",
        "(is_closed fridge/door)",
        End((FRIDGE,), (joint(DOOR, 0.03),)),
        ("3 degrees ajar", (joint(DOOR, 0.052),)),
        ("wide open", (joint(DOOR, 1.8),)),
        ("still swinging", (joint(DOOR, 0.02, speed=-0.8),)),
        ("the handle still held", (gripped("fridge/door"),)),
    ),
    case(
        "a door open",
        "(is_open fridge/door)",
        End((FRIDGE,), (joint(DOOR, 1.6),)),
        ("a crack open", (joint(DOOR, 0.1),)),
        ("two thirds open", (joint(DOOR, 1.25),)),
        ("still swinging", (joint(DOOR, 1.6, speed=0.8),)),
    ),
    case(
        "a tap on",
        "(turned_on faucet/hot_tap)",
        End((SINK,), (joint(HOT, 0.8),)),
        ("a little on", (joint(HOT, 0.2),)),
        ("not quite half on", (joint(HOT, 0.77),)),
        ("still turning", (joint(HOT, 0.9, speed=0.8),)),
        ("still in the hand", (gripped("faucet/hot_tap"),)),
        ("the other tap on", (joint(HOT, 0.0), joint(COLD, 1.5))),
    ),
    case(
        "a tap off",
        "(turned_off faucet/hot_tap)",
        End((SINK,), (joint(HOT, 0.07), joint(COLD, 1.5))),
        ("still running", (joint(HOT, 0.09),)),
        ("wide open", (joint(HOT, 1.5),)),
        ("still turning", (joint(HOT, 0.05, speed=-0.8),)),
        ("still in the hand", (gripped("faucet/hot_tap"),)),
        ("the other tap off", (joint(HOT, 1.5), joint(COLD, 0.0))),
    ),
    case(
        "upright",
        "(upright mug)",
        End((MUG,)),
        ("leaning by 20 degrees", (leaned("mug", 20.0),)),
        ("rocking", (moving("mug", (0.0, 0.0, 0.0)), spinning("mug", 1.0))),
        ("held upright", (gripped("mug"),)),
        on_its_side=(at(MUG, 0.5, 0.0, lean=90.0),),
        upside_down=(at(MUG, 0.5, 0.0, lean=180.0),),
    ),
    case(
        "lying",
        "(lying bottle)",
        End((Put("bottle", "pill_bottle", 0.5, 0.0, lean=90.0),)),
        ("half way down", (leaned("bottle", 45.0),)),
        ("still rolling", (moving("bottle", (0.0, 0.08, 0.0)),)),
        ("held lying", (gripped("bottle"),)),
        standing=(Put("bottle", "pill_bottle", 0.5, 0.0),),
        on_its_head=(Put("bottle", "pill_bottle", 0.5, 0.0, lean=180.0),),
    ),
    case(
        "near",
        "(near mug plate)",
        End((PLATE, at(MUG, 0.5, 0.2))),
        ("held next to it", (gripped("mug"),)),
        ("sliding past", (moving("mug", (0.1, 0.0, 0.0)),)),
        ("held above the place", (shifted("mug", z=0.1), gripped("mug"))),
        on_the_other_side_of_the_table=(PLATE, at(MUG, 0.5, 0.5)),
        another_thing_near_it=(PLATE, at(MUG, 0.3, 0.45), at(RED, 0.5, 0.15)),
        next_to_it_on_a_carton=(PLATE, Put("carton", "carton", 0.5, 0.2), at(MUG, 0.5, 0.2, up=0.07)),
    ),
    case(
        "left of",
        "(left_of mug plate)",
        End((PLATE, at(MUG, 0.5, 0.2))),
        ("held there", (gripped("mug"),)),
        ("sliding by", (moving("mug", (0.1, 0.0, 0.0)),)),
        ("changed places", (swapped("mug", "plate"),)),
        to_the_right=(PLATE, at(MUG, 0.5, -0.2)),
        behind_it=(PLATE, at(MUG, 0.7, 0.0)),
        more_behind_than_left=(PLATE, at(MUG, 0.68, 0.12)),
        hardly_to_the_left=(PLATE, at(MUG, 0.5, 0.0, up=0.012)),
    ),
    case(
        "right of",
        "(right_of mug plate)",
        End((PLATE, at(MUG, 0.5, -0.2))),
        ("held there", (gripped("mug"),)),
        to_the_left=(PLATE, at(MUG, 0.5, 0.2)),
        more_in_front_than_right=(PLATE, at(MUG, 0.33, -0.12)),
    ),
    case(
        "in front of",
        "(in_front_of mug plate)",
        End((PLATE, at(MUG, 0.32, 0.0))),
        ("held there", (gripped("mug"),)),
        ("changed places", (swapped("mug", "plate"),)),
        behind_it=(PLATE, at(MUG, 0.68, 0.0)),
        beside_it=(PLATE, at(MUG, 0.5, 0.2)),
    ),
    case(
        "behind",
        "(behind mug plate)",
        End((PLATE, at(MUG, 0.68, 0.0))),
        ("held there", (gripped("mug"),)),
        ("still moving", (moving("mug"),)),
        in_front_of_it=(PLATE, at(MUG, 0.32, 0.0)),
        beside_it=(PLATE, at(MUG, 0.5, -0.2)),
    ),
    case(
        "aligned",
        "(aligned remote butter)",
        End((REMOTE, BUTTER)),
        ("askew by 15 degrees", (turned("remote", 15.0),)),
        ("askew by 45 degrees", (turned("remote", 45.0),)),
        ("crosswise", (turned("remote", 90.0),)),
        ("held aligned", (gripped("remote"),)),
        ("still turning", (spinning("remote"),)),
    ),
    case(
        "crosswise",
        "(crosswise remote butter)",
        End((REMOTE, at(BUTTER, 0.5, 0.2, yaw=0.0))),
        ("askew by 15 degrees", (turned("remote", 15.0),)),
        ("aligned", (turned("remote", 90.0),)),
        ("held across", (gripped("remote"),)),
        ("still turning", (spinning("remote"),)),
    ),
    case(
        "overhanging",
        "(overhanging board ledge)",
        End((LEDGE, at(BOARD, 0.39, 0.0, up=0.12))),
        ("held there", (gripped("board"),)),
        ("beyond the edge altogether", (slid("board", x=-0.06),)),
        ("over the ledge", (shifted("board", z=0.03),)),
        ("still sliding", (moving("board"),)),
        wholly_on_it=(LEDGE, at(BOARD, 0.5, 0.0, up=0.12)),
        out_by_three_centimetres=(LEDGE, at(BOARD, 0.41, 0.0, up=0.12)),
        only_a_corner=(LEDGE, at(BOARD, 0.40, 0.09, up=0.12, yaw=45.0)),
        on_the_table=(LEDGE, at(BOARD, 0.2, 0.3)),
    ),
    case(
        "in a row",
        "(in_a_row mug red blue)",
        End((at(MUG, 0.5, -0.15), RED, at(BLUE, 0.5, 0.15))),
        ("the middle one off the line", (slid("red", x=0.03),)),
        ("unevenly spaced", (slid("red", y=0.03),)),
        ("the wrong one in the middle", (swapped("red", "blue"),)),
        ("the last one held", (gripped("blue"),)),
        ("the last one moving", (moving("blue"),)),
    ),
    case(
        "within a zone",
        "(within red zone)",
        End((ZONE, at(RED, 0.5, 0.05))),
        ("its centre outside", (slid("red", y=0.035),)),
        ("sliding through", (moving("red"),)),
        ("pinched on the spot", (gripped("red"),)),
        ("held over it", (shifted("red", z=0.05), gripped("red"))),
        ("hovering over it", (shifted("red", z=0.02),)),
        on_another_block_in_it=(ZONE, at(BLUE, 0.5, 0.05), at(RED, 0.5, 0.05, up=0.045)),
        the_wrong_block_in_it=(ZONE, at(BLUE, 0.5, 0.05), at(RED, 0.5, 0.15)),
    ),
    case(
        "a ring on its peg",
        "(inserted ring peg)",
        End((PEG, RING)),
        ("held there", (gripped("ring"),)),
        ("the peg held", (gripped("peg"),)),
        ("hovering halfway down", (shifted("ring", z=0.03),)),
        ("still falling", (moving("ring", (0.0, 0.0, -0.2)),)),
        ("through the peg's side", (slid("ring", x=0.02),)),
        ("sunk through the foot", (shifted("ring", z=-0.012),)),
        beside_the_peg=(PEG, at(RING, 0.5, 0.12)),
        on_the_peg_s_top=(PEG, at(RING, 0.52, 0.0, up=0.085)),
        leaning_on_the_peg=(PEG, at(RING, 0.5, 0.036, up=0.016, lean=40.0)),
        on_the_other_peg=(Put("peg", "peg_red", 0.5, 0.2), Put("other", "peg_blue", 0.5, 0.0), RING),
    ),
    case(
        "an umbrella in its stand",
        "(inserted umbrella stand)",
        End((STAND, at(UMBRELLA, 0.5, 0.0, up=0.012))),
        ("pulled out by 2 cm", (shifted("umbrella", z=0.02),)),
        ("held in it", (gripped("umbrella"),)),
        ("upside down in it", (leaned("umbrella", 180.0), shifted("umbrella", z=0.3))),
        ("tipped over with its stand", (leaned("umbrella", 90.0),)),
        beside_it=(STAND, at(UMBRELLA, 0.5, 0.2)),
    ),
    case(
        "raised",
        "(and (holding mug) (raised mug))",
        End((MUG,), (LIFTED, gripped("mug"))),
        ("barely lifted", (shifted("mug", z=-0.1),)),
        ("in the air by itself", (shifted("mug"),)),
        ("still going up", (moving("mug", (0.0, 0.0, 0.2)),)),
        pinched_on_the_table=(MUG,),
    ),
    Case(
        "raised over what is under it",
        "(and (holding red) (raised red))",
        End((Put("shelf", "shelf", 0.7, 0.0), at(RED, 0.7, 0.0, up=0.16)), (shifted("red", z=0.1), gripped("red"))),
        {
            "just over a shelf": End(
                (Put("shelf", "shelf", 0.7, 0.0), at(RED, 0.7, 0.0, up=0.16)), (shifted("red", z=0.03), gripped("red"))
            ),
            "standing on a shelf": End((Put("shelf", "shelf", 0.7, 0.0), at(RED, 0.7, 0.0, up=0.16))),
        },
    ),
    case(
        "a lamp's button",
        "(pressed lamp/button)",
        End((LAMP,), (joint(SWITCH, 0.0075),)),
        ("barely touched", (joint(SWITCH, 0.002),)),
        ("not quite half down", (joint(SWITCH, 0.0038),)),
        ("on its way", (joint(SWITCH, 0.006, speed=0.1),)),
        untouched=(LAMP,),
    ),
    case(
        "facing the robot",
        "(facing tower)",
        End((Put("tower", "jenga_tower", 0.5, 0.0, yaw=20.0),)),
        ("still turning", (spinning("tower"),)),
        ("held", (gripped("tower"),)),
        turned_aside=(Put("tower", "jenga_tower", 0.5, 0.0, yaw=40.0),),
        turned_away=(Put("tower", "jenga_tower", 0.5, 0.0, yaw=180.0),),
    ),
    case(
        "above",
        "(above red blue)",
        End((at(BLUE, 0.5, 0.0), at(RED, 0.5, 0.0, up=0.045))),
        ("below", (swapped("red", "blue"),)),
        ("held above", (shifted("red", z=0.1), gripped("red"))),
        ("falling from above", (shifted("red", z=0.1), moving("red", (0.0, 0.0, -1.0)))),
        ("high, but aside", (shifted("red", y=0.06),)),
        beside_it=(at(BLUE, 0.5, 0.0), at(RED, 0.5, 0.046)),
    ),
    case(
        "pouring",
        "(and (holding mug) (pouring mug bowl))",
        End((BOWL, at(MUG, 0.5, 0.2)), (leaned("mug", 100.0), OVER_BOWL, gripped("mug"))),
        ("tipped in the air by itself", (shifted("mug"),)),
        ("not tipped far enough", (leaned("mug", -25.0), shifted("mug", y=-0.01), gripped("mug"))),
        ("upright over it", (leaned("mug", -100.0), gripped("mug"))),
        ("tipped to the other side", (leaned("mug", -200.0), gripped("mug"))),
        ("its lip beside the bowl", (shifted("mug", y=0.07), gripped("mug"))),
        ("its lip beyond the bowl", (shifted("mug", y=-0.07), gripped("mug"))),
        ("its lip below the rim", (shifted("mug", z=-0.05), gripped("mug"))),
        ("over a bowl that lies on its side", (leaned("bowl", 90.0),)),
        ("being swung", (moving("mug", (0.0, 0.3, 0.0)),)),
    ),
    case(
        "holding",
        "(holding mug)",
        End((MUG,), (LIFTED, gripped("mug"))),
        ("in the air by itself", (shifted("mug", z=0.0),)),
        ("lying on the hand", (shifted("mug"), gripped("mug", "robot"))),
        ("slipping out", (moving("mug", (0.0, 0.0, -0.2)),)),
        ("on one finger", (shifted("mug"), gripped("mug", LEFT_FINGER))),
    ),
    Case(
        "holding, not just gripping",
        "(holding red)",
        End((RED,), (shifted("red", z=0.1), gripped("red"))),
        {
            "pinched on the table": End((RED,), (gripped("red"),)),
            "pinched on a shelf": End((Put("shelf", "shelf", 0.7, 0.0), at(RED, 0.7, 0.0, up=0.16)), (gripped("red"),)),
            "pinched on a side table": End(
                (Put("side", "side_table", 0.5, 0.5), at(RED, 0.5, 0.5, up=0.035)), (gripped("red"),)
            ),
            "pinched on a stack": End((at(BLUE, 0.5, 0.0), at(RED, 0.5, 0.0, up=0.045)), (gripped("red"),)),
            "pinched in a bowl": End((BOWL, at(RED, 0.5, 0.0, up=0.02)), (gripped("red"),)),
            "pinched in a drawer": End((OPEN_TOP, IN_TOP), (gripped("red"),)),
        },
    ),
    case(
        "at rest",
        "(at_rest red)",
        End((RED,)),
        ("sliding", (moving("red"),)),
        ("spinning", (spinning("red"),)),
        ("falling", (shifted("red", z=0.1), moving("red", (0.0, 0.0, -0.5)))),
        ("held still", (gripped("red"),)),
    ),
    case(
        "touching",
        "(touching red blue)",
        End((at(BLUE, 0.5, 0.0), at(RED, 0.5, 0.0, up=0.045))),
        ("a millimetre apart", (shifted("red", z=0.001),)),
        ("held against it", (gripped("red"),)),
        ("brushing past", (moving("red"),)),
        next_to_it=(at(BLUE, 0.5, 0.0), at(RED, 0.5, 0.055)),
    ),
    case(
        "taken off",
        "(not (on mug plate))",
        End((PLATE, at(MUG, 0.5, 0.2))),
        ("held over the plate", (slid("mug", y=-0.2), shifted("mug", z=0.08), gripped("mug"))),
        ("thrown off", (moving("mug", (0.0, 0.5, 0.0)),)),
        still_on_it=(PLATE, at(MUG, 0.5, 0.03, up=0.012)),
    ),
)
