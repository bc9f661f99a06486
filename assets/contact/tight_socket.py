"""tight_socket: a heavy foot with a round bore of 31 mm, one millimetre wider than the tight peg."""

from __future__ import annotations

from assets.draft import Draft
from assets.generators._fitting import DOWN, fitting, hull_of, tube
from assets.generators._looks import plain
from assets.generators._shapes import between, boxes_visual

BORE, OUTER, FOOT = 0.0155, 0.032, 0.11  # m: radii of the bore (its flat walls) and outside, width of the foot
FLOOR, TOP = 0.012, 0.057  # m, heights
MASS = 1.5  # kg: it stays where it is when the peg meets its rim
SIDES = 24  # of the bore; its corners are 0.1 mm farther out than its walls


def tight_socket() -> Draft:
    """A socket 4.5 cm deep on a foot of 11 cm."""
    foot = between((-FOOT / 2, -FOOT / 2, 0.0), (FOOT / 2, FOOT / 2, FLOOR))
    walls = tube(FLOOR, TOP, inner=BORE, outer=OUTER, sides=SIDES)
    h = BORE * 0.7
    return fitting(
        "tight_socket",
        "round socket",
        category="socket",
        visuals=[
            boxes_visual([foot], color=(0.30, 0.32, 0.35, 1.0), bevel=0.002, specular=0.4),
            plain(*(hull_of(wall) for wall in walls), color=(0.20, 0.38, 0.52), specular=0.4),
        ],
        pieces=[foot, *walls],
        mass=MASS,
        keypoints={"seat": (0.0, 0.0, FLOOR), "mouth": (0.0, 0.0, TOP)},
        axes={"insert": DOWN},
        cavity=between((-h, -h, FLOOR), (h, h, TOP)),
        material="plastic",
        description="A blue socket with a round bore on a heavy grey foot.",
    )
