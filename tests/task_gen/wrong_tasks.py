"""Wrong tasks as a model would write them, each beside the right task that it should have been: data, by hand."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.core.task import TaskObject, TaskSpec
from task_gen.reasons import Code


@dataclass(frozen=True)
class Draft:
    """A task in short: ``things`` are assets, or ``name=asset``."""

    goal: str
    things: str
    initial: tuple[str, ...] = ()
    robot: str = "panda"
    family: str = "pick_place"
    horizon: float = 4.0
    joints: tuple[tuple[str, str, float], ...] = ()  # object, joint, position [m or rad] in every scene
    onto: tuple[tuple[str, str, float, float], ...] = ()  # object, carrier, x and z [m] from the carrier's origin
    at: tuple[tuple[str, float, float], ...] = ()  # object, x and y [m]
    worn: float = 1.0  # friction and damping of the named joints' hinges, as a share of the library's

    def task(self) -> TaskSpec:
        """The same in full."""
        pairs = [thing.partition("=") for thing in self.things.split()]
        return TaskSpec.model_validate(
            {
                "name": "a_task",
                "family": self.family,
                "instruction": "Do what the goal says.",
                "objects": [TaskObject(name=name, asset=asset or name) for name, _, asset in pairs],
                "initial": self.initial,
                "goal": self.goal,
                "horizon": self.horizon,
            }
        )


@dataclass(frozen=True)
class Pair:
    """A mistake, the code it has to be rejected with, and the nearest task without it."""

    mistake: str
    code: Code
    wrong: Draft
    right: Draft


WORN_OVEN, WORN_DISHWASHER = 0.6, 0.4  # hinges that no longer hold their door up, and let it fall slowly
TOP, BOTTOM = "cabinet/top_drawer", "cabinet/bottom_drawer"
SHUT, OPEN = f"(is_closed {TOP})", f"(is_open {TOP})"

STATIC: tuple[Pair, ...] = (
    # Names that do not exist.
    Pair(
        "a brand as an asset",
        "unknown_asset",
        Draft("(on cola plate)", "cola plate"),
        Draft("(on milk plate)", "milk plate"),
    ),
    Pair(
        "an asset's plural",
        "unknown_asset",
        Draft("(on a plate)", "a=mugs plate"),
        Draft("(on a plate)", "a=mug plate"),
    ),
    Pair(
        "a noun for an asset",
        "unknown_asset",
        Draft("(inside a bowl)", "a=red_cube bowl"),
        Draft("(inside a bowl)", "a=block_red bowl"),
    ),
    Pair(
        "a thing that is not on the list",
        "unknown_object",
        Draft("(on mug saucer)", "mug plate"),
        Draft("(on mug plate)", "mug plate"),
    ),
    Pair(
        "the asset instead of its name",
        "unknown_object",
        Draft("(on block_red plate)", "cube=block_red plate"),
        Draft("(on cube plate)", "cube=block_red plate"),
    ),
    Pair(
        "the gripper as a thing",
        "unknown_object",
        Draft("(touching gripper mug)", "mug plate"),
        Draft("(touching plate mug)", "mug plate"),
    ),
    Pair(
        "a thing named in the start alone",
        "unknown_object",
        Draft("(on mug plate)", "mug plate", ("(near mug spoon)",)),
        Draft("(on mug plate)", "mug plate spoon", ("(near mug spoon)",)),
    ),
    Pair(
        "a third drawer of two",
        "unknown_joint",
        Draft("(is_open cabinet/middle_drawer)", "cabinet"),
        Draft(OPEN, "cabinet", (SHUT,)),
    ),
    Pair(
        "a door where there are drawers",
        "unknown_joint",
        Draft("(is_open cabinet/door)", "cabinet"),
        Draft("(is_open door_cabinet/door)", "door_cabinet", ("(is_closed door_cabinet/door)",)),
    ),
    Pair(
        "the handle instead of the drawer",
        "unknown_joint",
        Draft("(is_open cabinet/top_drawer_handle)", "cabinet"),
        Draft(OPEN, "cabinet"),
    ),
    Pair(
        "the joint instead of its link",
        "unknown_joint",
        Draft("(is_open cabinet/top_drawer_slide)", "cabinet"),
        Draft(OPEN, "cabinet"),
    ),
    Pair(
        "a cabinet as a whole",
        "unknown_joint",
        Draft("(is_open cabinet)", "cabinet"),
        Draft(f"(is_open {BOTTOM})", "cabinet"),
    ),
    Pair(
        "opening what has no joint",
        "unknown_joint",
        Draft("(is_open milk)", "milk"),
        Draft("(is_open lidded_box/lid)", "lidded_box"),
    ),
    Pair(
        "a synonym of a predicate",
        "unknown_predicate",
        Draft("(in block_red bowl)", "block_red bowl"),
        Draft("(inside block_red bowl)", "block_red bowl"),
    ),
    Pair(
        "a predicate of another dialect",
        "unknown_predicate",
        Draft("(OnTop mug plate)", "mug plate"),
        Draft("(on mug plate)", "mug plate"),
    ),
    Pair(
        "a connective that is not there",
        "unknown_predicate",
        Draft("(forall (on mug plate))", "mug plate"),
        Draft("(and (on mug plate))", "mug plate"),
    ),
    Pair(
        "an action instead of a state",
        "unknown_predicate",
        Draft("(pour milk mug)", "milk mug"),
        Draft("(near milk mug)", "milk mug"),
    ),
    # Formulas that cannot be read.
    Pair(
        "a call as in Python",
        "malformed_formula",
        Draft("on(mug, plate)", "mug plate"),
        Draft("(on mug plate)", "mug plate"),
    ),
    Pair(
        "words between the things",
        "malformed_formula",
        Draft("mug on plate", "mug plate"),
        Draft("(on mug plate)", "mug plate"),
    ),
    Pair(
        "two formulas without and",
        "malformed_formula",
        Draft("(on mug plate) (upright mug)", "mug plate"),
        Draft("(and (on mug plate) (upright mug))", "mug plate"),
    ),
    Pair(
        "a bracket lost at the end",
        "malformed_formula",
        Draft("(and (on mug plate) (upright mug)", "mug plate"),
        Draft("(and (on mug plate) (upright mug))", "mug plate"),
    ),
    Pair(
        "a formula as an argument",
        "malformed_formula",
        Draft("(on mug (near plate))", "mug plate"),
        Draft("(and (on mug plate) (near mug plate))", "mug plate"),
    ),
    Pair(
        "not with two parts",
        "malformed_formula",
        Draft("(not (on mug plate) (on mug book))", "mug plate book", ("(on mug plate)",)),
        Draft("(not (or (on mug plate) (on mug book)))", "mug plate book", ("(on mug plate)",)),
    ),
    Pair(
        "an empty conjunction",
        "malformed_formula",
        Draft("(and)", "mug plate"),
        Draft("(and (on mug plate))", "mug plate"),
    ),
    Pair("nothing at all", "malformed_formula", Draft(" ", "mug plate"), Draft("(on mug plate)", "mug plate")),
    Pair(
        "near three things",
        "wrong_arity",
        Draft("(near mug plate bowl)", "mug plate bowl"),
        Draft("(and (near mug plate) (near mug bowl))", "mug plate bowl"),
    ),
    Pair(
        "a row of two",
        "wrong_arity",
        Draft("(in_a_row mug plate)", "mug plate bowl"),
        Draft("(in_a_row mug bowl milk)", "mug bowl milk"),
    ),
    Pair("on without a place", "wrong_arity", Draft("(on mug)", "mug plate"), Draft("(on mug plate)", "mug plate")),
    Pair("open with a number", "wrong_arity", Draft(f"(is_open {TOP} cabinet)", "cabinet"), Draft(OPEN, "cabinet")),
    # Things of the wrong kind.
    Pair(
        "inside a plate",
        "wrong_kind",
        Draft("(inside block_red plate)", "block_red plate"),
        Draft("(on block_red plate)", "block_red plate"),
    ),
    Pair(
        "on a bowl",
        "wrong_kind",
        Draft("(on block_red bowl)", "block_red bowl"),
        Draft("(inside block_red bowl)", "block_red bowl"),
    ),
    Pair(
        "inside the cabinet, not its drawer",
        "wrong_kind",
        Draft("(inside block_red cabinet)", "block_red cabinet"),
        Draft(f"(inside block_red {TOP})", "block_red cabinet"),
    ),
    Pair(
        "inside a painted zone",
        "wrong_kind",
        Draft("(inside carton zone_red)", "carton zone_red"),
        Draft("(within carton zone_red)", "carton zone_red", family="push"),
    ),
    Pair(
        "within a plate",
        "wrong_kind",
        Draft("(within block_red plate)", "block_red plate"),
        Draft("(within block_red zone_red)", "block_red zone_red"),
    ),
    Pair(
        "moving the cabinet",
        "wrong_kind",
        Draft("(on cabinet plate)", "cabinet plate"),
        Draft("(on gift plate)", "gift plate"),
    ),
    Pair("taking out the drawer itself", "wrong_kind", Draft(f"(holding {TOP})", "cabinet"), Draft(OPEN, "cabinet")),
    Pair(
        "opening a dial",
        "wrong_kind",
        Draft("(is_open microwave/dial)", "microwave"),
        Draft("(is_open microwave/door)", "microwave"),
    ),
    Pair(
        "closing a button",
        "wrong_kind",
        Draft("(is_closed microwave/start_button)", "microwave"),
        Draft("(is_closed microwave/door)", "microwave", ("(is_open microwave/door)",)),
    ),
    Pair(
        "turning on a drawer",
        "wrong_kind",
        Draft(f"(turned_on {TOP})", "cabinet"),
        Draft("(turned_on faucet/hot_tap)", "faucet"),
    ),
    Pair(
        "a tap that is not there",
        "unknown_joint",
        Draft("(turned_on faucet/warm_tap)", "faucet"),
        Draft("(turned_on faucet/cold_tap)", "faucet"),
    ),
    Pair(
        "turning on the whole sink",
        "unknown_joint",
        Draft("(turned_on faucet)", "faucet"),
        Draft("(and (turned_on faucet/hot_tap) (turned_on faucet/cold_tap))", "faucet"),
    ),
    # Relations that exclude each other.
    Pair(
        "on and off",
        "contradiction",
        Draft("(and (turned_on faucet/hot_tap) (turned_off faucet/hot_tap))", "faucet"),
        Draft(
            "(and (turned_on faucet/hot_tap) (turned_off faucet/cold_tap))", "faucet", ("(turned_on faucet/cold_tap)",)
        ),
    ),
    Pair(
        "turned off, and it was on no longer",
        "goal_already_true",
        Draft("(not (turned_on lever/lever))", "lever", ("(turned_off lever/lever)",)),
        Draft("(turned_off lever/lever)", "lever", ("(turned_on lever/lever)",)),
    ),
    Pair(
        "both and neither",
        "contradiction",
        Draft("(and (on mug plate) (not (on mug plate)))", "mug plate"),
        Draft("(and (on mug plate) (not (on mug book)))", "mug plate book"),
    ),
    Pair(
        "near and not near, the other way round",
        "contradiction",
        Draft("(and (near mug plate) (not (near plate mug)))", "mug plate"),
        Draft("(and (near mug plate) (not (near mug bowl)))", "mug plate bowl"),
    ),
    Pair(
        "in two places",
        "contradiction",
        Draft("(and (on cube plate) (inside cube bowl))", "cube=block_red plate bowl"),
        Draft("(and (on cube plate) (inside other bowl))", "cube=block_red other=block_blue plate bowl"),
    ),
    Pair(
        "in two zones",
        "contradiction",
        Draft("(and (within cube zone_red) (within cube zone_green))", "cube=block_red zone_red zone_green"),
        Draft(
            "(and (within cube zone_red) (within other zone_green))",
            "cube=block_red other=block_blue zone_red zone_green",
        ),
    ),
    Pair(
        "open and closed",
        "contradiction",
        Draft(f"(and {OPEN} {SHUT})", "cabinet"),
        Draft(f"(and {OPEN} (is_closed {BOTTOM}))", "cabinet"),
    ),
    Pair(
        "upright and lying",
        "contradiction",
        Draft("(and (upright mug) (lying mug))", "mug"),
        Draft("(and (on mug plate) (upright mug))", "mug plate"),
    ),
    Pair(
        "left and right",
        "contradiction",
        Draft("(and (left_of mug plate) (right_of mug plate))", "mug plate"),
        Draft("(and (left_of mug plate) (right_of mug bowl))", "mug plate bowl"),
    ),
    Pair(
        "left of each other",
        "contradiction",
        Draft("(and (left_of mug plate) (left_of plate mug))", "mug plate"),
        Draft("(and (left_of mug plate) (right_of plate mug))", "mug plate"),
    ),
    Pair(
        "left and in front of the same thing",
        "contradiction",
        Draft("(and (left_of mug plate) (in_front_of mug plate))", "mug plate"),
        Draft("(and (left_of mug plate) (near mug plate))", "mug plate"),
    ),
    Pair(
        "held and put down",
        "contradiction",
        Draft("(and (on mug plate) (holding mug))", "mug plate"),
        Draft("(and (on mug plate) (not (holding mug)))", "mug plate"),
    ),
    Pair(
        "two things in one hand",
        "contradiction",
        Draft("(and (holding mug) (holding milk))", "mug milk"),
        Draft("(and (on mug plate) (near milk mug))", "mug milk plate"),
    ),
    Pair(
        "on each other",
        "contradiction",
        Draft("(and (on a b) (on b a))", "a=block_red b=block_blue"),
        Draft("(and (on a b) (on b plate))", "a=block_red b=block_blue plate"),
    ),
    Pair(
        "a tower in a circle",
        "contradiction",
        Draft("(and (on a b) (on b c) (on c a))", "a=block_red b=block_blue c=block_green"),
        Draft("(and (on a b) (on b c))", "a=block_red b=block_blue c=block_green"),
    ),
    Pair(
        "a circle of sides",
        "contradiction",
        Draft("(and (left_of mug plate) (left_of plate bowl) (right_of mug bowl))", "mug plate bowl"),
        Draft("(and (left_of mug plate) (left_of plate bowl) (left_of mug bowl))", "mug plate bowl"),
    ),
    Pair("on itself", "contradiction", Draft("(on mug mug)", "mug plate"), Draft("(on mug plate)", "mug plate")),
    Pair(
        "a row with one thing twice",
        "contradiction",
        Draft("(in_a_row mug milk mug)", "mug milk"),
        Draft("(in_a_row mug milk bowl)", "mug milk bowl"),
    ),
    Pair(
        "a start that is open and closed",
        "contradiction",
        Draft("(on mug plate)", "mug plate cabinet", (OPEN, SHUT)),
        Draft("(on mug plate)", "mug plate cabinet", (OPEN, f"(is_closed {BOTTOM})")),
    ),
    Pair(
        "a start with something in the hand",
        "contradiction",
        Draft("(on mug plate)", "mug plate", ("(holding mug)",)),
        Draft("(on mug plate)", "mug plate", ("(near mug plate)",)),
    ),
    # True from the start, by the words.
    Pair(
        "the goal is the start",
        "goal_already_true",
        Draft("(on mug plate)", "mug plate", ("(on mug plate)",)),
        Draft("(on mug table)", "mug plate", ("(on mug plate)",)),
    ),
    Pair(
        "one of two goals is the start",
        "goal_already_true",
        Draft("(or (on mug plate) (on mug book))", "mug plate book", ("(on mug plate)",)),
        Draft("(or (on mug book) (near mug milk))", "mug plate book milk", ("(on mug plate)",)),
    ),
    Pair(
        "to be not closed, and open",
        "goal_already_true",
        Draft(f"(not {SHUT})", "cabinet", (OPEN,)),
        Draft(f"(not {OPEN})", "cabinet", (OPEN,)),
    ),
    Pair(
        "to be out of where it never was",
        "goal_already_true",
        Draft("(not (inside cube bowl))", "cube=block_red bowl plate", ("(on cube plate)",)),
        Draft("(not (inside cube bowl))", "cube=block_red bowl", ("(inside cube bowl)",)),
    ),
    Pair(
        "an empty hand as the goal",
        "goal_already_true",
        Draft("(not (holding mug))", "mug plate"),
        Draft("(and (on mug plate) (not (holding mug)))", "mug plate"),
    ),
    Pair(
        "rest as the goal",
        "goal_already_true",
        Draft("(and (at_rest mug) (at_rest plate))", "mug plate"),
        Draft("(and (on mug plate) (at_rest mug))", "mug plate"),
    ),
    Pair(
        "the start said from the other side",
        "goal_already_true",
        Draft("(right_of plate mug)", "mug plate", ("(left_of mug plate)",)),
        Draft("(right_of mug plate)", "mug plate", ("(left_of mug plate)",)),
    ),
    # Sizes.
    Pair(
        "milk into a plastic cup",
        "too_large",
        Draft("(inside milk plastic_cup)", "milk plastic_cup"),
        Draft(f"(inside milk {TOP})", "milk cabinet"),
    ),
    Pair(
        "a bottle into an ashtray",
        "too_large",
        Draft("(inside pill_bottle ashtray)", "pill_bottle ashtray"),
        Draft("(inside block_red bowl)", "block_red bowl"),
    ),
    Pair(
        "a hammer into a bowl",
        "too_large",
        Draft("(inside hammer bowl)", "hammer bowl"),
        Draft("(inside puzzle_cube bowl)", "puzzle_cube bowl"),
    ),
    Pair(
        "a bowl on a block",
        "too_large",
        Draft("(on bowl block_red)", "bowl block_red"),
        Draft("(on block_blue block_red)", "block_blue block_red"),
    ),
    Pair(
        "a drawer closed over tall milk",
        "too_large",
        Draft(f"(and (inside milk {TOP}) {SHUT})", "milk cabinet", (OPEN,)),
        Draft(f"(and (inside block_red {TOP}) {SHUT})", "block_red cabinet", (OPEN,)),
    ),
    Pair(
        "a drawer closed over milk that was in it",
        "too_large",
        Draft(SHUT, "milk cabinet", (f"(inside milk {TOP})", OPEN)),
        Draft(SHUT, "block_red cabinet", (f"(inside block_red {TOP})", OPEN)),
    ),
    Pair(
        "a screwdriver too long for an open drawer",
        "too_large",
        Draft(f"(inside screwdriver {TOP})", "screwdriver cabinet"),
        Draft(f"(inside salt_shaker {TOP})", "salt_shaker cabinet"),
    ),
    Pair(
        "a cake within a small zone",
        "too_large",
        Draft("(within birthday_cake zone_red)", "birthday_cake zone_red", family="push"),
        Draft("(within carton zone_red)", "carton zone_red", family="push"),
    ),
    Pair(
        "a start that does not fit",
        "too_large",
        Draft("(on milk plate)", "milk plate plastic_cup", ("(inside milk plastic_cup)",)),
        Draft("(on milk plate)", "milk plate cabinet", (f"(inside milk {TOP})", OPEN)),
    ),
    # What the hand cannot take.
    Pair("lifting a plate", "unmovable", Draft("(on plate book)", "plate book"), Draft("(on mug book)", "mug book")),
    Pair(
        "holding a toaster",
        "unmovable",
        Draft("(holding toaster)", "toaster"),
        Draft("(near mug toaster)", "mug toaster"),
    ),
    Pair(
        "pushing a flat fork",
        "unmovable",
        Draft("(within fork zone_red)", "fork zone_red", family="push"),
        Draft("(within carton zone_red)", "carton zone_red", family="push"),
    ),
    Pair(
        "opening a laptop without a handle",
        "unmovable",
        Draft("(is_open laptop/lid)", "laptop"),
        Draft("(is_closed laptop/lid)", "laptop", ("(is_open laptop/lid)",)),
    ),
    Pair(
        "a cup too wide for the hand",
        "too_large",
        Draft("(on cup plate)", "cup=coffee_to_go plate", robot="aloha"),
        Draft("(on cup plate)", "cup=mug plate", robot="aloha"),
    ),
    # Reach and room.
    Pair(
        "up on a cabinet, for a small arm",
        "unreachable",
        Draft("(on block_red cabinet)", "block_red cabinet", robot="so101"),
        Draft("(on block_red plate)", "block_red plate", robot="so101"),
    ),
    Pair(
        "up on a fridge, for a small arm",
        "unreachable",
        Draft("(on salt_shaker fridge)", "salt_shaker fridge", robot="so101"),
        Draft("(on salt_shaker shelf)", "salt_shaker shelf", robot="so101"),
    ),
    Pair(
        "a whole breakfast",
        "crowded",
        Draft("(on mug plate)", "mug plate bowl glass milk fork spoon bread butter"),
        Draft("(on mug plate)", "mug plate bowl glass"),
    ),
    Pair(
        "two fixtures",
        "crowded",
        Draft("(on mug plate)", "mug plate cabinet fridge"),
        Draft("(on mug plate)", "mug plate cabinet"),
    ),
    Pair(
        "large things only",
        "crowded",
        Draft("(on mug chopping_board)", "mug chopping_board letter_tray newspaper"),
        Draft("(on mug chopping_board)", "mug chopping_board"),
    ),
)

RED_BLUE = "red=block_red blue=block_blue"
DYNAMIC: tuple[Pair, ...] = (
    # True before anything is done.
    Pair(
        "a mug that stands already",
        "goal_already_true",
        Draft("(upright mug)", "mug plate"),
        Draft("(upright mug)", "mug plate", ("(lying mug)",)),
    ),
    Pair(
        "on the table, where it is",
        "goal_already_true",
        Draft("(on mug table)", "mug plate"),
        Draft("(on mug table)", "mug plate", ("(on mug plate)",)),
    ),
    Pair("a drawer that is shut anyway", "goal_already_true", Draft(SHUT, "cabinet"), Draft(SHUT, "cabinet", (OPEN,))),
    Pair(
        "a door that is shut anyway",
        "goal_already_true",
        Draft("(is_closed fridge/door)", "fridge"),
        Draft("(is_open fridge/door)", "fridge"),
    ),
    Pair(
        "not on a plate it never was on",
        "goal_already_true",
        Draft("(not (on mug plate))", "mug plate"),
        Draft("(not (on mug plate))", "mug plate", ("(on mug plate)",)),
    ),
    Pair(
        "not inside a bowl it never was in",
        "goal_already_true",
        Draft("(not (inside red bowl))", "red=block_red bowl"),
        Draft("(not (inside red bowl))", "red=block_red bowl", ("(inside red bowl)",)),
    ),
    Pair(
        "not open, and it is shut",
        "goal_already_true",
        Draft(f"(not {OPEN})", "cabinet"),
        Draft(f"(not {OPEN})", "cabinet", (OPEN,)),
    ),
    Pair(
        "either of which one is so",
        "goal_already_true",
        Draft("(or (on red plate) (upright red))", "red=block_red plate"),
        Draft("(or (on red plate) (on red blue))", f"{RED_BLUE} plate"),
    ),
    Pair(
        "two things that stand upright",
        "goal_already_true",
        Draft("(and (upright milk) (upright mug))", "milk mug"),
        Draft("(and (upright milk) (lying mug))", "milk mug"),
    ),
    Pair(
        "a lid that was never lifted",
        "goal_already_true",
        Draft("(is_closed lidded_box/lid)", "lidded_box"),
        Draft("(is_closed lidded_box/lid)", "lidded_box", ("(is_open lidded_box/lid)",)),
    ),
    Pair(
        "a block that lies in a zone from the start",
        "goal_already_true",
        Draft("(within red zone_red)", "red=block_red zone_red", onto=(("red", "zone_red", 0.0, 0.002),)),
        Draft("(within red zone_red)", "red=block_red zone_red"),
    ),
    # Comes true by waiting.
    Pair(
        "a dishwasher door with a worn hinge, which falls open",
        "goal_true_after_nothing",
        Draft(
            "(is_open dishwasher/door)",
            "dishwasher",
            joints=(("dishwasher", "door_hinge", 0.44),),
            worn=WORN_DISHWASHER,
        ),
        Draft("(is_open dishwasher/door)", "dishwasher"),
    ),
    Pair(
        "an oven door with a worn hinge, which falls open",
        "goal_true_after_nothing",
        Draft("(is_open oven/door)", "oven", joints=(("oven", "door_hinge", 0.8),), worn=WORN_OVEN),
        Draft("(is_open oven/door)", "oven", joints=(("oven", "door_hinge", 0.3),)),
    ),
    Pair(
        "not shut, and it opens by itself",
        "goal_true_after_nothing",
        Draft(
            "(and (is_open oven/door) (upright mug))",
            "oven mug",
            joints=(("oven", "door_hinge", 0.78),),
            worn=WORN_OVEN,
        ),
        Draft("(and (is_open oven/door) (upright mug))", "oven mug"),
    ),
    Pair(
        "not shut, by falling open",
        "goal_true_after_nothing",
        Draft(
            "(and (is_open dishwasher/door) (not (is_closed dishwasher/door)))",
            "dishwasher",
            joints=(("dishwasher", "door_hinge", 0.44),),
            worn=WORN_DISHWASHER,
        ),
        Draft("(not (is_closed dishwasher/door))", "dishwasher"),
    ),
    Pair(
        "a plate stood on its edge",
        "unstable",
        Draft("(on mug plate)", "mug plate", ("(lying plate)",)),
        Draft("(on mug plate)", "mug plate", ("(lying mug)",)),
    ),
    Pair(
        "a bottle hung over the edge of a block",
        "unstable",
        Draft("(on shaker plate)", "shaker=salt_shaker red=block_red plate", onto=(("shaker", "red", 0.035, 0.046),)),
        Draft("(on shaker plate)", "shaker=salt_shaker red=block_red plate", ("(on shaker red)",)),
    ),
    Pair(
        "a mug in the air",
        "unstable",
        Draft("(on mug plate)", "mug plate", onto=(("mug", "plate", 0.0, 0.2),)),
        Draft("(on mug table)", "mug plate", ("(on mug plate)",)),
    ),
    Pair(
        "a block on the rim of a bowl",
        "unstable",
        Draft("(on red plate)", "red=block_red bowl plate", onto=(("red", "bowl", 0.085, 0.076),)),
        Draft("(on red plate)", "red=block_red bowl plate", ("(inside red bowl)",)),
    ),
    Pair(
        "a tower that is out of plumb",
        "unstable",
        Draft("(on blue plate)", f"{RED_BLUE} plate", onto=(("red", "blue", 0.03, 0.046),)),
        Draft("(on red plate)", f"{RED_BLUE} plate", ("(on red blue)",)),
    ),
    Pair(
        "off the table's edge",
        "unstable",
        Draft("(on mug plate)", "mug plate", at=(("mug", 0.5, 0.9),)),
        Draft("(on mug plate)", "mug plate", at=(("mug", 0.45, 0.0), ("plate", 0.5, 0.25))),
    ),
    # Blows up.
    Pair(
        "one block within another",
        "explodes",
        Draft("(not (near red blue))", RED_BLUE, ("(near red blue)",), onto=(("red", "blue", 0.0, 0.01),)),
        Draft("(not (near red blue))", RED_BLUE, ("(near red blue)",)),
    ),
    Pair(
        "apart by bursting apart",
        "explodes",
        Draft("(not (touching red blue))", RED_BLUE, onto=(("red", "blue", 0.001, 0.012),)),
        Draft("(not (on red blue))", RED_BLUE, ("(on red blue)",)),
    ),
    Pair(
        "left by being shot there",
        "explodes",
        Draft("(left_of red blue)", RED_BLUE, onto=(("red", "blue", 0.0, 0.005),)),
        Draft("(left_of red blue)", RED_BLUE, ("(right_of red blue)",)),
    ),
    # Cannot be laid out, or does not last.
    Pair(
        "held beside what stands on the table",
        "goal_unreachable_by_staging",
        Draft("(and (holding mug) (near mug plate))", "mug plate"),
        Draft("(on mug plate)", "mug plate"),
    ),
    Pair(
        "hovering above",
        "goal_unreachable_by_staging",
        Draft("(above mug plate)", "mug plate"),
        Draft("(on mug plate)", "mug plate"),
    ),
    Pair(
        "a cabinet to be moved aside",
        "goal_unreachable_by_staging",
        Draft("(aligned cabinet mug)", "cabinet mug"),
        Draft("(aligned butter cabinet)", "cabinet butter"),
    ),
    Pair(
        "three cubes in one bowl",
        "goal_unreachable_by_staging",
        Draft(
            "(and (inside a bowl) (inside b bowl) (inside c bowl))", "a=puzzle_cube b=puzzle_cube c=puzzle_cube bowl"
        ),
        Draft("(and (inside a bowl) (near b bowl) (near c bowl))", "a=puzzle_cube b=puzzle_cube c=puzzle_cube bowl"),
    ),
    Pair(
        "four mugs on one plate",
        "goal_unreachable_by_staging",
        Draft("(and (on a plate) (on b plate) (on c plate) (on d plate))", "a=mug b=mug c=mug d=mug plate"),
        Draft("(and (on a plate) (near b plate))", "a=mug b=mug plate"),
    ),
    Pair(
        "milk in a box with its lid shut",
        "goal_unreachable_by_staging",
        Draft(
            "(and (inside milk lidded_box) (is_closed lidded_box/lid))",
            "milk lidded_box",
            ("(is_open lidded_box/lid)",),
        ),
        Draft(
            "(and (inside red lidded_box) (is_closed lidded_box/lid))",
            "red=block_red lidded_box",
            ("(is_open lidded_box/lid)",),
        ),
    ),
    Pair(
        "a bottle that rolls off a block",
        "goal_unreachable_by_staging",
        Draft("(and (lying tumbler) (on tumbler red))", "tumbler red=block_red"),
        Draft("(and (upright red) (on red blue))", RED_BLUE),
    ),
    Pair(
        "a towel roll that rolls off a cube",
        "goal_unreachable_by_staging",
        Draft("(and (lying towel) (on towel cube))", "towel=paper_towel cube=puzzle_cube"),
        Draft("(lying towel)", "towel=paper_towel cube=puzzle_cube"),
    ),
    Pair(
        "on a plate that stands on its edge",
        "goal_unreachable_by_staging",
        Draft("(and (on mug plate) (lying plate))", "mug plate"),
        Draft("(and (on mug plate) (upright plate))", "mug plate"),
    ),
    Pair(
        "the far side of the table",
        "goal_unreachable_by_staging",
        Draft("(behind mug cabinet)", "mug cabinet"),
        Draft("(left_of mug plate)", "mug plate"),
    ),
    # Out of reach.
    Pair(
        "a mug at the far end",
        "unreachable",
        Draft("(on mug plate)", "mug plate", at=(("mug", 1.03, 0.0),)),
        Draft("(on mug plate)", "mug plate", at=(("mug", 0.45, 0.3), ("plate", 0.5, 0.0))),
    ),
    Pair(
        "a plate at the far end",
        "unreachable",
        Draft("(on mug plate)", "mug plate", at=(("plate", 1.04, 0.5), ("mug", 0.5, 0.0))),
        Draft("(on mug plate)", "mug plate", at=(("plate", 0.5, 0.25), ("mug", 0.5, 0.0))),
    ),
    Pair(
        "a block behind the robot's back",
        "unreachable",
        Draft("(inside red bowl)", "red=block_red bowl", at=(("red", 1.0, -0.5), ("bowl", 0.5, 0.0))),
        Draft("(inside red bowl)", "red=block_red bowl", at=(("red", 0.5, -0.3), ("bowl", 0.5, 0.0))),
    ),
)
