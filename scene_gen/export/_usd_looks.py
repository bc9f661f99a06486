"""Materials of the stage: UsdPreviewSurface with its texture to the eye, friction to the touch."""

# pyright: reportAttributeAccessIssue=false
# usd-core is a compiled package without stubs: pyright sees none of its names.

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pxr import Gf, Sdf, Usd, UsdGeom, UsdPhysics, UsdShade

from assets.png import write_png
from pipeline.core.geometry import Vec3
from pipeline.core.physical_model import Look
from scene_gen.export._names import file_name, identifier
from scene_gen.export._usd_parts import applied, attribute, linear

Names = Sdf.ValueTypeNames


class Looks:
    """Hands out materials, each made when it is first asked for; textures are written beside the stage."""

    def __init__(
        self, stage: Usd.Stage, scope: Sdf.Path, textures: Mapping[str, NDArray[np.uint8]], folder: Path
    ) -> None:
        UsdGeom.Scope.Define(stage, scope)
        self._stage, self._scope, self._textures, self._folder = stage, scope, textures, folder
        self._made = dict[object, UsdShade.Material]()

    def visual(self, prim: Usd.Prim, name: str, look: Look) -> None:
        """Give a prim the material called ``name``."""
        if name not in self._made:
            self._made[name] = self._preview(self._scope.AppendChild(identifier(name)), look)
        UsdShade.MaterialBindingAPI.Apply(prim).Bind(self._made[name])

    def tactile(self, prim: Usd.Prim, friction: Vec3) -> None:
        """Give a collider the physics material of this friction."""
        if friction not in self._made:
            path = self._scope.AppendChild(identifier("friction_" + "_".join(f"{v:g}" for v in friction)))
            material = UsdShade.Material.Define(self._stage, path)
            physics = UsdPhysics.MaterialAPI.Apply(material.GetPrim())
            physics.CreateStaticFrictionAttr(friction[0])
            physics.CreateDynamicFrictionAttr(friction[0])
            physics.CreateRestitutionAttr(0.0)
            attribute(material.GetPrim(), "newton:torsionalFriction", Names.Float, friction[1])
            attribute(material.GetPrim(), "newton:rollingFriction", Names.Float, friction[2])
            # MuJoCo and Genesis take the larger friction of a pair; PhysX would take the mean.
            attribute(material.GetPrim(), "physxMaterial:frictionCombineMode", Names.Token, "max")
            applied(material.GetPrim(), "PhysxMaterialAPI", "NewtonMaterialAPI")
            self._made[friction] = material
        binding = UsdShade.MaterialBindingAPI.Apply(prim)
        binding.Bind(self._made[friction], UsdShade.Tokens.weakerThanDescendants, "physics")

    def _preview(self, path: Sdf.Path, look: Look) -> UsdShade.Material:
        material = UsdShade.Material.Define(self._stage, path)
        shader = self._shader(path.AppendChild("surface"), "UsdPreviewSurface")
        shader.CreateInput("roughness", Names.Float).Set(max(0.3, 1.0 - look.shininess))
        shader.CreateInput("metallic", Names.Float).Set(0.0)
        shader.CreateInput("opacity", Names.Float).Set(look.rgba[3])
        colour = shader.CreateInput("diffuseColor", Names.Color3f)
        if look.texture is None:
            colour.Set(linear(look.rgba))
        else:
            colour.ConnectToSource(self._picture(path, look))
        material.CreateSurfaceOutput().ConnectToSource(shader.CreateOutput("surface", Names.Token))
        return material

    def _picture(self, path: Sdf.Path, look: Look) -> UsdShade.Output:
        """A picture looked up by the mesh's primvar ``st``, multiplied by the colour."""
        assert look.texture is not None
        reader = self._shader(path.AppendChild("st"), "UsdPrimvarReader_float2")
        reader.CreateInput("varname", Names.String).Set("st")
        picture = self._shader(path.AppendChild("texture"), "UsdUVTexture")
        picture.CreateInput("file", Names.Asset).Set(Sdf.AssetPath(self._file(look.texture)))
        picture.CreateInput("sourceColorSpace", Names.Token).Set("sRGB")
        for direction in ("wrapS", "wrapT"):
            picture.CreateInput(direction, Names.Token).Set("repeat")
        picture.CreateInput("scale", Names.Float4).Set(Gf.Vec4f(*linear(look.rgba), 1.0))
        picture.CreateInput("st", Names.Float2).ConnectToSource(reader.CreateOutput("result", Names.Float2))
        return picture.CreateOutput("rgb", Names.Float3)

    def _shader(self, path: Sdf.Path, kind: str) -> UsdShade.Shader:
        shader = UsdShade.Shader.Define(self._stage, path)
        shader.CreateIdAttr(kind)
        return shader

    def _file(self, texture: str) -> str:
        path = self._folder / "textures" / file_name(texture, "png")
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            write_png(path, self._textures[texture])
        return f"./textures/{path.name}"
