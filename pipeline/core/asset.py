"""AssetSpec: one object, fixture or region of the library, content-addressed, with its licence."""

from __future__ import annotations

import hashlib
from typing import Literal

from pydantic import Field, model_validator

from pipeline.core.geometry import BodyGeometry, Frozen, Joint, StablePose

Affordance = Literal[
    "graspable",
    "container",
    "support",
    "openable",
    "pushable",
    "stackable",
    "region",
    "pourable",
    "pressable",
    "turnable",
]
Sha256 = str


class Licence(Frozen):
    """Under what terms and by whom; ATTRIBUTION is written from it."""

    spdx: str
    author: str
    source: str
    note: str = ""


class AssetSpec(Frozen):
    """Geometry, physics, affordances and provenance of one asset.

    ``links`` maps a link's name to its geometry; the base (or only) link is ``""``. ``files`` maps relative paths to
    the sha256 of their bytes; ``model`` names the MJCF among them, in metres, z up.
    """

    name: str = Field(pattern=r"^[a-z0-9_]+$")
    category: str
    noun: str = Field(description="what an instruction calls it, e.g. 'red mug'")
    description: str = Field(default="", description="one English sentence: what it is, looks like and is made of")
    model: str = "model.xml"
    files: dict[str, Sha256]
    fixed: bool = Field(default=False, description="bolted to the world (tables, cabinets, painted regions)")
    mass: float = Field(ge=0, description="kg; 0 for fixed assets")
    friction: float = Field(default=1.0, ge=0)
    material: str = Field(default="", description="entry of the material prior that mass and friction come from")
    stable_poses: tuple[StablePose, ...] = Field(default=(), description="most probable first; free assets only")
    affordances: tuple[Affordance, ...] = ()
    links: dict[str, BodyGeometry]
    link_nouns: dict[str, str] = Field(default_factory=dict)
    joints: tuple[Joint, ...] = ()
    licence: Licence
    author: str = Field(default="procedural", description="who annotated it: procedural, or a model's name")
    authors: dict[str, str] = Field(
        default_factory=dict, description="who last changed a field of the card, where it was not ``author``"
    )

    @model_validator(mode="after")
    def _links_exist(self) -> AssetSpec:
        if "" not in self.links:
            raise ValueError(f"asset {self.name!r}: links must hold the base link ''")
        for joint in self.joints:
            if joint.link not in self.links:
                raise ValueError(f"asset {self.name!r}: joint {joint.name!r} moves unknown link {joint.link!r}")
        return self

    @property
    def sha256(self) -> Sha256:
        """Content address of the card and, through ``files``, of every byte it refers to."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    def can(self, affordance: Affordance) -> bool:
        """Whether the asset affords it."""
        return affordance in self.affordances
