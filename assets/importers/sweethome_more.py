"""More entries of the Sweet Home 3D libraries: kitchen, bath, office, tools, toys and clothes.

Sizes are the catalogue's, in real centimetres, unless scaled to what the thing usually measures. A mass is given where
the kind of product has a well-known one, else the material prior weighs it.
"""

from __future__ import annotations

from functools import partial

from assets.importers.sweethome import SweetHomeItem
from pipeline.core.asset import Affordance

CC0, CCBY, SCOPIA, KATOR = "BlendSwap-CC-0", "BlendSwap-CC-BY", "Scopia", "KatorLegaz"
GRASP: tuple[Affordance, ...] = ("graspable",)
PUSH: tuple[Affordance, ...] = ("pushable",)
FLAT: tuple[Affordance, ...] = ("support", "pushable")
CUP: tuple[Affordance, ...] = ("graspable", "container", "pourable")
DISH: tuple[Affordance, ...] = ("graspable", "container")

Hull = partial(SweetHomeItem, solid="hull")
Slab = partial(SweetHomeItem, solid="box")
Rough = partial(SweetHomeItem, solid="convex", threshold=0.12, pieces=6, faces=800)
Fine = partial(SweetHomeItem, solid="convex", threshold=0.05, pieces=16, faces=2000)
Cavity = partial(SweetHomeItem, solid="convex", threshold=0.06, pieces=20, faces=1500, form="hollow")

FOOD_ITEMS: tuple[SweetHomeItem, ...] = (
    Fine("bread", CC0, "bread", "loaf of bread", "food", 0.5, PUSH, material="bread"),
    Fine("butter", CC0, "butter", "butter", "food", 0.25, PUSH, scale=0.8, material="food"),
    Fine("roast_chicken", SCOPIA, "roasted-chicken", "roast chicken", "food", 1.2, PUSH, material="food"),
    Fine("steak", SCOPIA, "steak", "steak", "food", 0.3, PUSH, scale=0.6, material="food"),
    Fine("birthday_cake", SCOPIA, "birthday_cake", "birthday cake", "food", 0.9, PUSH, material="food"),
    Hull("salad_bowl", SCOPIA, "bowlWithSalad", "salad bowl", "dish", 0.7, PUSH, scale=0.8, material="ceramic"),
    Hull("wine_bottle", KATOR, "red-wine-bottle-01", "wine bottle", "bottle", 1.2, GRASP, scale=0.85, material="glass"),
)
KITCHEN_ITEMS: tuple[SweetHomeItem, ...] = (
    Cavity(
        "highball_glass",
        KATOR,
        "highball-glass",
        "tall glass",
        "glass",
        0.25,
        ("container", "pushable"),
        material="glass",
    ),
    Cavity("tumbler", CCBY, "glass", "wine glass", "glass", 0.3, GRASP, scale=0.8, material="glass"),
    Cavity("beer_glass", CC0, "beerGlass", "beer glass", "glass", 0.45, CUP, scale=0.75, material="glass"),
    Cavity("espresso_cup", CC0, "caffe_final", "espresso cup", "cup", 0.15, GRASP, material="ceramic"),
    Cavity("ashtray", KATOR, "ashtray", "ashtray", "dish", None, DISH, material="glass"),
    Cavity("clay_pot", SCOPIA, "pottery", "clay pot", "pot", None, PUSH, scale=0.9, material="ceramic"),
    Hull("coffee_to_go", CCBY, "coffee_cup", "paper coffee cup", "cup", 0.3, GRASP, scale=0.85, material="cardboard"),
    Fine("oval_plate", KATOR, "dinner-plate", "oval plate", "plate", 0.5, FLAT, material="ceramic"),
    Fine("fork", CCBY, "fork", "fork", "cutlery", 0.045, PUSH, material="steel"),
    Fine("spoon", CCBY, "spoon", "spoon", "cutlery", 0.05, PUSH, material="steel"),
    Hull("table_knife", CCBY, "knife", "table knife", "cutlery", 0.07, PUSH, material="steel"),
    Fine("kitchen_knife", CCBY, "kitchenKnife", "kitchen knife", "cutlery", 0.15, GRASP, material="steel"),
    Fine("knife_block", SCOPIA, "kitchenKnifeStandSet", "knife block", "block", 1.5, PUSH, material="wood"),
    Fine("spice_tower", SCOPIA, "spiceTower", "spice rack", "rack", 1.0, PUSH, scale=0.8, material="glass"),
    Fine("kitchen_scale", SCOPIA, "electronicScale", "kitchen scale", "scale", 0.6, FLAT, material="electronics"),
    Hull("toaster", SCOPIA, "toaster", "toaster", "appliance", 1.3, PUSH, scale=0.9, material="steel", form="hollow"),
    Fine("sandwich_maker", SCOPIA, "sandwichMaker", "sandwich maker", "appliance", 1.5, PUSH, material="electronics"),
    Rough(
        "paper_towel", SCOPIA, "paperTowelHolder", "paper towel roll", "paper", 0.4, GRASP, scale=0.7, material="paper"
    ),
    Hull("old_jar", SCOPIA, "old_jar", "old jar", "jar", None, PUSH, scale=0.5, material="ceramic", form="hollow"),
    Hull("vase", SCOPIA, "vase1", "vase", "vase", None, PUSH, scale=0.5, material="ceramic", form="hollow"),
)
BATH_ITEMS: tuple[SweetHomeItem, ...] = (
    Hull("cosmetics_pot", CC0, "cosmeticsPot", "cosmetics pot", "jar", 0.15, GRASP, scale=0.85, material="glass"),
    Fine("perfume", CC0, "flacon", "perfume bottle", "bottle", 0.12, GRASP, material="glass"),
    Hull("shampoo", SCOPIA, "com_bath", "shampoo bottle", "bottle", 0.25, GRASP, material="liquid"),
    Hull(
        "soap_dispenser", SCOPIA, "com_bath2_jabon_pijo", "soap dispenser", "dispenser", 0.3, GRASP, material="liquid"
    ),
    Hull("pill_bottle", SCOPIA, "medicoscopia_bottle2", "pill bottle", "bottle", 0.12, GRASP),
    Slab("towel", SCOPIA, "com_bath3_toalla", "towel", "cloth", 0.2, PUSH, scale=0.9, material="cloth"),
    Fine("hair_brush", SCOPIA, "com_bath2_cepillo", "hair brush", "brush", 0.09, GRASP),
)
OFFICE_ITEMS: tuple[SweetHomeItem, ...] = (
    Slab("phone", CC0, "iphone", "phone", "phone", 0.17, GRASP, material="electronics"),
    Slab("tablet", SCOPIA, "tablet", "tablet", "tablet", 0.45, FLAT, material="electronics"),
    Fine("desk_phone", CCBY, "wirelessOfficePhone3", "desk phone", "phone", 0.4, PUSH, material="electronics"),
    Fine("calendar", CC0, "kalender", "desk calendar", "calendar", 0.12, PUSH, material="cardboard"),
    Slab("text_marker", CC0, "textMarker", "text marker", "pen", 0.02, PUSH),
    Slab("pencil", SCOPIA, "pencil1", "pencil", "pen", 0.006, PUSH, material="wood"),
    Slab("ruler", CC0, "ruler", "ruler", "ruler", 0.03, PUSH),
    Slab("scissors", CC0, "cissors_swap", "scissors", "scissors", 0.08, PUSH, material="steel"),
    Slab("newspaper", KATOR, "newspaper", "newspaper", "paper", 0.25, FLAT, material="paper"),
    Hull("camera", SCOPIA, "basic_camera", "camera", "camera", 0.2, GRASP, material="electronics"),
    Fine("reflex_camera", SCOPIA, "reflex_camera", "reflex camera", "camera", 0.8, GRASP, material="electronics"),
    Fine("picture_frame", SCOPIA, "frame1", "picture frame", "frame", 0.25, PUSH, material="wood"),
    Fine("game_console", SCOPIA, "playstation4", "game console", "electronics", 2.8, FLAT, material="electronics"),
    Rough(
        "game_controller", SCOPIA, "ps4-joystick", "game controller", "electronics", 0.21, GRASP, material="electronics"
    ),
    Fine("watch", SCOPIA, "montre-with-pose", "watch", "watch", 0.08, GRASP, material="steel"),
    Hull("clock", CCBY, "clock", "alarm clock", "clock", 0.15, GRASP, material="electronics"),
    Fine("keys", SCOPIA, "keys", "bunch of keys", "keys", 0.06, PUSH, scale=0.7, material="steel"),
    Cavity("letter_tray", SCOPIA, "bandeja", "letter tray", "tray", 0.5, ("container", "pushable"), faces=400),
)
HOUSE_ITEMS: tuple[SweetHomeItem, ...] = (
    Rough("hammer", SCOPIA, "marteau", "hammer", "tool", 0.5, GRASP, material="steel"),
    Fine("screwdriver", SCOPIA, "tournevis", "screwdriver", "tool", 0.12, GRASP, material="steel"),
    Fine("drill", SCOPIA, "perceuse-electrique", "drill", "tool", 1.4, PUSH, material="electronics"),
    Slab("tape_measure", KATOR, "tape-measure", "tape measure", "tool", 0.25, GRASP, material="plastic"),
    Fine("spray_bottle", KATOR, "spray-bottle", "spray bottle", "bottle", 0.5, GRASP, scale=0.85, material="liquid"),
    Slab("glove", SCOPIA, "gant-textured", "glove", "clothes", 0.08, PUSH, material="leather"),
    Hull("cap", SCOPIA, "casquette", "cap", "clothes", 0.1, PUSH, scale=0.8, material="cloth"),
    Hull(
        "folded_clothes", SCOPIA, "folded_clothes", "folded clothes", "clothes", 0.6, PUSH, scale=0.7, material="cloth"
    ),
    Rough("sneakers", SCOPIA, "sneakers", "sneakers", "shoes", 0.7, PUSH, scale=0.8, material="rubber"),
    Fine("sunglasses", CCBY, "sunglasses", "sunglasses", "glasses", 0.03, PUSH),
    Fine("table_tennis_bat", CCBY, "tableTennisBat", "table tennis bat", "sports", 0.17, PUSH, material="wood"),
    Fine("gift", CCBY, "gift", "gift", "box", 0.2, GRASP, scale=0.3, material="cardboard"),
    Hull("loudspeaker", CC0, "speaker2", "loudspeaker", "electronics", 1.5, PUSH, scale=0.6, material="wood"),
)
MORE = (*FOOD_ITEMS, *KITCHEN_ITEMS, *BATH_ITEMS, *OFFICE_ITEMS, *HOUSE_ITEMS)
