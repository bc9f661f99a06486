"""ATTRIBUTION.md: who made what under which licence, written from the cards."""

from __future__ import annotations

from assets.catalog import LibraryCatalog
from pipeline.core.asset import AssetSpec
from pipeline.core.robot import RobotSpec

HEADER = """# Attribution

The library's objects and robots, their makers and their licences. Written by `python -m assets.build` from the cards;
do not edit by hand. Licence texts: [Apache-2.0](https://www.apache.org/licenses/LICENSE-2.0),
[CC0-1.0](https://creativecommons.org/publicdomain/zero/1.0/), [CC-BY-3.0](https://creativecommons.org/licenses/by/3.0/),
[CC-BY-3.0-US](https://creativecommons.org/licenses/by/3.0/us/).

| name | licence | author | source | changes |
|---|---|---|---|---|
"""


def attribution(catalog: LibraryCatalog) -> str:
    """The Markdown text for every robot and asset of ``catalog``."""
    specs: list[AssetSpec | RobotSpec] = [catalog.robot(n) for n in catalog.robots]
    specs += [catalog.asset(n) for n in catalog.assets]
    return HEADER + "".join(_row(s) for s in specs)


def _row(spec: AssetSpec | RobotSpec) -> str:
    licence = spec.licence
    return f"| {spec.name} | {licence.spdx} | {licence.author} | {licence.source} | {licence.note or '-'} |\n"
