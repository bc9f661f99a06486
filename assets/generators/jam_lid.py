"""jam_lid: the lid of the jam jar; it sits over the neck by its skirt and has no thread."""

from __future__ import annotations

from assets.draft import Draft
from assets.generators._fitting import DOWN, fitting, hull_of, tube
from assets.generators._looks import cylinder, plain

OUTER, BORE = 0.0315, 0.0285  # m; the jar's neck is 2.7 cm in radius
SKIRT, TOP = 0.010, 0.020  # m


def jam_lid() -> Draft:
    """A lid of 6.3 cm across and 2 cm high."""
    disc = cylinder((0.0, 0.0, (SKIRT + TOP) / 2), OUTER, TOP - SKIRT, sections=32)
    skirt = tube(0.0, SKIRT, inner=BORE, outer=OUTER)
    return fitting(
        "jam_lid",
        "jar lid",
        category="lid",
        visuals=[plain(disc, *map(hull_of, skirt), color=(0.12, 0.42, 0.30), specular=0.6)],
        pieces=[disc, *skirt],
        mass=0.03,
        keypoints={"tip": (0.0, 0.0, 0.0)},
        axes={"insert": DOWN},
        grasped=True,
        material="metal",
        description="A green metal lid with a skirt that goes over the neck of a jar.",
    )
