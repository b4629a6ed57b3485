"""`spacectl schema`: the JSON Schema of the manifests."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from spacectl.cli.output import out


class Manifest(StrEnum):
    """The two kinds of manifest."""

    SYSTEM = "system"
    SPACE = "space"


def schema(kind: Annotated[Manifest, typer.Argument(help="Which manifest: system.toml or space.toml.")]) -> None:
    """Print the JSON Schema of a manifest, for editors.

    Example: spacectl schema space > space.schema.json
    """
    import json

    from spacectl.model.manifest import SpaceManifest, SystemManifest
    from spacectl.view.schema import manifest_schema

    model = SystemManifest if kind is Manifest.SYSTEM else SpaceManifest
    out(json.dumps(manifest_schema(model, f"spacectl {kind.value}.toml"), indent=2, ensure_ascii=False))
