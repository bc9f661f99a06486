"""Small things that every part of the stage is made of: poses, foreign attributes, colours."""

# pyright: reportAttributeAccessIssue=false
# usd-core is a compiled package without stubs: pyright sees none of its names.

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from pxr import Gf, Sdf, Usd, UsdGeom


def quatf(pose: ArrayLike) -> Gf.Quatf:
    """The rotation of a pose (7,) in USD's single precision."""
    w, x, y, z = (float(v) for v in np.asarray(pose)[3:])
    return Gf.Quatf(w, x, y, z)


def place(xform: UsdGeom.Xformable, pose: ArrayLike, *, scale: ArrayLike | None = None) -> None:
    """Give a prim its pose (7,) and, for unit shapes, its size (3,)."""
    w, x, y, z = (float(v) for v in np.asarray(pose)[3:])
    xform.AddTranslateOp().Set(Gf.Vec3d(*(float(v) for v in np.asarray(pose)[:3])))
    xform.AddOrientOp(UsdGeom.XformOp.PrecisionDouble).Set(Gf.Quatd(w, x, y, z))
    if scale is not None:
        xform.AddScaleOp().Set(Gf.Vec3f(*(float(v) for v in np.asarray(scale))))


def attribute(prim: Usd.Prim, name: str, kind: Sdf.ValueTypeName, value: Any) -> None:
    """Write an attribute of a schema that usd-core does not carry."""
    prim.CreateAttribute(name, kind, custom=False).Set(value)


def applied(prim: Usd.Prim, *schemas: str) -> None:
    """List schemas that usd-core does not carry as applied: their programs read attributes only where they are."""
    for schema in schemas:
        prim.AddAppliedSchema(schema)


def linear(rgb: ArrayLike) -> Gf.Vec3f:
    """A colour as shown on a screen in the linear space that USD counts in (IEC 61966-2-1)."""
    c = np.asarray(rgb, float)[:3]
    return Gf.Vec3f(*np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4).tolist())
