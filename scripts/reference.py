"""Writes `docs/manifests.md` from the models of the manifests. Run it with `make docs` after one of them changed."""

# ruff: noqa: INP001 - a script

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spacectl.model.manifest import SpaceManifest, SystemManifest
from spacectl.view.schema import manifest_schema

TARGET = Path(__file__).parent.parent / "docs" / "manifests.md"
HEAD = """# The manifests

Made from the models that read them, by `make docs`. An editor gets the same from `spacectl schema system` and
`spacectl schema space`; `spacectl config` prints a system with every default filled in. A key that is not listed is an
error. Durations are written `250ms`, `2s`, `1m`, `7d`; sizes `64KB`, `256MB`, `1GB`.
"""


def main() -> None:
    """Write the file."""
    TARGET.write_text(reference(), encoding="utf-8")


def reference() -> str:
    """All of its text."""
    kinds = {"system.toml": SystemManifest, "space.toml": SpaceManifest}
    parts = [line for name, kind in kinds.items() for line in _document(name, manifest_schema(kind, name))]
    return "\n".join([HEAD, *parts]).rstrip() + "\n"


def _document(name: str, schema: Mapping[str, Any]) -> list[str]:
    lines = [f"## {name}\n"]
    for key, prop in schema["properties"].items():
        lines += _section(key, prop, schema, is_needed=key in schema.get("required", ()))
    return lines


def _section(path: str, prop: dict[str, Any], schema: Mapping[str, Any], *, is_needed: bool) -> list[str]:
    is_list = prop.get("type") == "array"
    model = _model(prop["items"] if is_list else prop, schema)
    title = f"[[{path}]]" if is_list else f"[{path}]"
    said = prop.get("description") or model.get("description", "")
    lines = [f"### {title}\n", f"{said}{' Needed.' if is_needed else ''}\n"]
    inner = {key: each for key, each in model["properties"].items() if "properties" not in _model(each, schema)}
    if inner:
        lines += ["| key | what | form | default |", "|---|---|---|---|"]
        lines += [_row(key, each, key in model.get("required", ())) for key, each in inner.items()]
        lines.append("")
    for key, each in model["properties"].items():
        if key not in inner:
            lines += _section(f"{path}.{key}", each, schema, is_needed=key in model.get("required", ()))
    return lines


def _model(prop: dict[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """What a property refers to, or itself."""
    for each in (prop, *prop.get("anyOf", ())):
        if "$ref" in each:
            found: dict[str, Any] = schema["$defs"][each["$ref"].removeprefix("#/$defs/")]
            return found
    return prop


def _row(key: str, prop: dict[str, Any], is_needed: bool) -> str:
    default = "needed" if is_needed else ""
    if "default" in prop:
        default = f"`{json.dumps(prop['default'], ensure_ascii=False)}`"
    cells = (f"`{key}`", prop.get("description", ""), _form(prop), default)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _form(prop: dict[str, Any]) -> str:
    if "anyOf" in prop:
        return " or ".join(dict.fromkeys(filter(None, (_form(each) for each in prop["anyOf"]))))
    if "enum" in prop:
        return ", ".join(f"`{value}`" for value in prop["enum"])
    if "const" in prop:
        return f"`{prop['const']}`"
    match prop.get("type"):
        case "array":
            return "list"
        case "object":
            return "table"
        case "boolean":
            return "`true`, `false`"
        case "integer" | "number":
            low, high = prop.get("minimum"), prop.get("maximum")
            bounds = f" from {low:g} to {high:g}" if low is not None and high is not None else ""
            return f"number{bounds}"
        case "string":
            return "text"
    return ""


if __name__ == "__main__":
    main()
