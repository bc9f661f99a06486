"""The entries of the Sweet Home 3D libraries that the asset library vendors; masses are priors by material and size."""

from __future__ import annotations

from assets.importers.sweethome import SweetHomeItem as Item
from assets.importers.sweethome_more import MORE
from pipeline.core.asset import Affordance

CC0, CCBY, SCOPIA, KATOR = "BlendSwap-CC-0", "BlendSwap-CC-BY", "Scopia", "KatorLegaz"

GRASP: tuple[Affordance, ...] = ("graspable",)
CONTAIN: tuple[Affordance, ...] = ("graspable", "container")
FLAT: tuple[Affordance, ...] = ("support", "pushable")
RED, BLUE, WHITE = (0.72, 0.16, 0.13, 1.0), (0.27, 0.44, 0.62, 1.0), (0.93, 0.91, 0.87, 1.0)
BROWN, CREAM = (0.45, 0.27, 0.14, 1.0), (0.93, 0.80, 0.62, 1.0)

ITEMS: tuple[Item, ...] = (
    Item(
        "mug",
        KATOR,
        "coffee-mug",
        "red mug",
        "mug",
        0.3,
        CONTAIN,
        scale=0.9,
        colors=(("White_ceramic", RED),),
        material="ceramic",
    ),
    Item(
        "bowl",
        SCOPIA,
        "bowl",
        "blue bowl",
        "bowl",
        0.35,
        CONTAIN,
        scale=0.37,
        colors=(("whitemat", BLUE),),
        material="ceramic",
    ),
    Item(
        "plate",
        KATOR,
        "bread-plate",
        "plate",
        "plate",
        0.4,
        FLAT,
        colors=(("CERAMIC_white", WHITE),),
        material="ceramic",
    ),
    Item("glass", KATOR, "12-oz-glass", "glass", "glass", 0.2, CONTAIN, scale=0.95, material="glass"),
    Item("plastic_cup", CC0, "plasticCup", "plastic cup", "cup", 0.05, CONTAIN, scale=0.82),
    Item(
        "milk",
        CC0,
        "tetrapak",
        "milk carton",
        "food",
        0.3,
        GRASP,
        scale=0.6,
        threshold=0.12,
        pieces=6,
        material="cardboard",
    ),
    Item(
        "cupcake",
        CC0,
        "cupcake",
        "cupcake",
        "food",
        0.08,
        GRASP,
        colors=(("Cake", BROWN), ("Cup", CREAM)),
        threshold=0.1,
        pieces=8,
        material="food",
    ),
    Item("hot_dog", CC0, "hotDog", "hot dog", "food", 0.15, GRASP, scale=0.8, threshold=0.1, pieces=8, material="food"),
    Item("baby_bottle", CC0, "mamadeira", "baby bottle", "bottle", 0.15, GRASP, threshold=0.06),
    Item("yogurt_bottle", CC0, "yogurtBottle", "yogurt bottle", "bottle", 0.25, GRASP, scale=0.75, solid="hull"),
    Item("wood_toy", CC0, "woodToy", "wooden toy", "toy", 0.15, GRASP, scale=0.85, material="wood"),
    Item("puzzle_cube", CCBY, "rubix2", "puzzle cube", "toy", 0.1, (*GRASP, "stackable", *FLAT), solid="box"),
    Item("salt_shaker", CCBY, "saltShaker", "salt shaker", "shaker", 0.12, GRASP, solid="hull", material="steel"),
    Item("chopping_board", CCBY, "choppingBoard", "chopping board", "board", 0.6, FLAT, scale=0.7, material="wood"),
    Item("stapler", KATOR, "stapler", "stapler", "office", 0.15, GRASP, threshold=0.12, pieces=8),
    Item(
        "tv_remote",
        SCOPIA,
        "tv-remote-control",
        "remote control",
        "remote",
        0.12,
        GRASP,
        solid="box",
        material="electronics",
    ),
    Item("medicine_bottle", SCOPIA, "medicoscopia_bottle", "medicine bottle", "bottle", 0.08, GRASP),
    Item(
        "medicine_box",
        SCOPIA,
        "medicoscopia_box",
        "medicine box",
        "box",
        0.06,
        (*GRASP, "pushable"),
        solid="box",
        material="cardboard",
    ),
    Item("tray", SCOPIA, "tray", "tray", "tray", 0.4, ("container", "pushable"), scale=0.58, stretch=(1.0, 1.0, 1.6)),
    *MORE,
)
