"""Outlines: frames painted on the table that say where a thing of their size is to lie, and how exactly."""

from __future__ import annotations

from assets.draft import Draft
from assets.generators._shapes import between, boxes_visual
from assets.generators._wood import Color
from assets.package import Body
from pipeline.core.geometry import BodyGeometry, Vec3

LINE, THICK, HEIGHT = 0.006, 0.001, 0.15  # m


def outline(name: str, noun: str, color: Color, *, half: tuple[float, float], exact: float, description: str) -> Draft:
    """A frame of outer half sizes ``half`` [m] that nothing collides with; a centre may be ``exact`` [m] off.

    The support area, in which the centre of what lies there has to be, is the square of half size ``exact``.
    """
    x, y = half
    frame = [
        _strip((-x, -y), (x, -y + LINE)),
        _strip((-x, y - LINE), (x, y)),
        _strip((-x, -y + LINE), (-x + LINE, y - LINE)),
        _strip((x - LINE, -y + LINE), (x, y - LINE)),
    ]
    return Draft(
        name=name,
        category="outline",
        noun=noun,
        bodies={"": Body([boxes_visual(frame, color=(*color, 1.0), bevel=0.0001, specular=0.05)], [], 0.0)},
        geometry={
            "": BodyGeometry(
                bounds=between((-x, -y, 0.0), (x, y, THICK)),
                support=between((-exact, -exact, 0.0), (exact, exact, THICK)),
                cavity=between((-x, -y, 0.0), (x, y, HEIGHT)),
            )
        },
        affordances=("region",),
        fixed=True,
        description=description,
    )


def _strip(low: tuple[float, float], high: tuple[float, float]):
    corners: tuple[Vec3, Vec3] = ((*low, 0.0), (*high, THICK))
    return between(*corners)
