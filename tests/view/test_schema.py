from __future__ import annotations

import copy
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from spacectl.model.manifest import SpaceManifest, SystemManifest
from spacectl.model.units import WRITTEN
from spacectl.view.schema import manifest_schema

KINDS: dict[str, type[BaseModel]] = {"system.toml": SystemManifest, "space.toml": SpaceManifest}
SCHEMAS = {name: manifest_schema(kind, f"spacectl {name}") for name, kind in KINDS.items()}
JUDGES = {name: jsonschema.Draft202012Validator(schema) for name, schema in SCHEMAS.items()}

BROKEN = Path(__file__).parents[1] / "adapters" / "manifests" / "broken.txt"
MINIMAL = '[space]\nname = "{name}"\n[run]\ncommand = "run"\n'
LOOSER = {
    "name with a line break",  # Python's "$" also stands before a last line break; JavaScript's does not
    "replicas with a fraction",  # 1.0 is a whole number to JSON
    "durations out of bounds",  # a pattern knows no upper bound
    "size out of bounds",
    "processors that are no number",  # JSON has no NaN
}


def manifests() -> Iterator[tuple[str, str, str]]:
    for block in BROKEN.read_text().split("\n=== ")[1:]:
        title, *sections = block.split("\n--- ")
        for section in sections:
            name, _, body = section.partition("\n")
            path = Path(name.removesuffix(" +"))
            if path.name in KINDS:
                yield title, path.name, (MINIMAL.format(name=path.parent.name) if name.endswith("+") else "") + body


def model_accepts(name: str, table: dict[str, Any]) -> bool:
    try:
        KINDS[name].model_validate(table, by_alias=True, by_name=False, context=WRITTEN)
    except ValidationError:
        return False
    return True


def test_accepts_and_refuses_what_the_models_do() -> None:
    judged = {True: 0, False: 0}
    for title, name, text in manifests():
        try:
            table = tomllib.loads(text)
        except tomllib.TOMLDecodeError:
            continue
        accepted = model_accepts(name, table)
        judged[accepted] += 1
        if title not in LOOSER:
            assert JUDGES[name].is_valid(table) == accepted, (title, name)
    assert min(judged.values()) > 40


@pytest.mark.parametrize("name", KINDS)
def test_is_a_schema_whose_defaults_it_accepts(name: str) -> None:
    schema = SCHEMAS[name]
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"] == f"spacectl {name}"
    least = {"system": {"name": "x"}} if name == "system.toml" else {"space": {"name": "x"}, "run": {"command": "x"}}
    sections = {key: part["default"] for key, part in schema["properties"].items() if "default" in part}
    assert sections.keys() == schema["properties"].keys() - least.keys() - {"container", "alive"}
    JUDGES[name].validate({**least, **sections})


@pytest.mark.parametrize("name", KINDS)
def test_every_key_is_described_and_every_table_is_closed(name: str) -> None:
    schema = copy.deepcopy(SCHEMAS[name])
    assert schema["$defs"].pop("JsonValue", {}) == {}  # whatever JSON can hold
    for section in (schema, *schema["$defs"].values()):
        assert section["additionalProperties"] is False
        for key, part in section["properties"].items():
            described = part.get("description") or schema["$defs"][part["$ref"].rpartition("/")[2]]["description"]
            assert described.endswith("."), key
    assert "null" not in json.dumps(schema)
    assert "title" not in json.dumps(schema["$defs"])


def test_defaults_stand_as_people_write_them() -> None:
    schema = SCHEMAS["space.toml"]["$defs"]
    assert schema["ProbeSection"]["properties"]["interval"]["default"] == "2s"
    assert schema["RetentionSection"]["properties"]["max_bytes"]["default"] == "256MB"
    assert schema["RestartSection"]["properties"]["give_up"]["default"] == "5 in 1m"
    assert schema["SpaceSection"]["properties"]["profiles"]["default"] == []
    assert "default" not in schema["LimitsSection"]["properties"]["memory"]


TEXTS = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=12)
NEARLY = TEXTS | st.from_regex(r"[0-9]{1,3}(ms|s|m|KB|MB)?", fullmatch=True) | st.integers(-2, 70_000) | st.booleans()
PLACES = [
    (section, key)
    for section, field in SpaceManifest.model_fields.items()
    if isinstance(field.annotation, type)
    for key in (inner.alias or name for name, inner in field.annotation.model_fields.items())
]


def _properties_of(section: str) -> dict[str, Any]:
    place = SCHEMAS["space.toml"]["properties"][section]
    reference = next(each["$ref"] for each in (place, *place.get("anyOf", ())) if "$ref" in each)
    properties: dict[str, Any] = SCHEMAS["space.toml"]["$defs"][reference.rpartition("/")[2]]["properties"]
    return properties


@given(st.sampled_from(PLACES), NEARLY | st.lists(NEARLY, max_size=2) | st.dictionaries(TEXTS, TEXTS, max_size=2))
def test_judges_any_value_at_any_key_like_the_models(place: tuple[str, str], value: Any) -> None:
    section, key = place
    table: dict[str, Any] = {"space": {"name": "x"}, "run": {"command": "x"}}
    table[section] = {**table.get(section, {}), key: value}
    strict, loose = model_accepts("space.toml", table), JUDGES["space.toml"].is_valid(table)
    if loose and not strict:  # only a bound that a pattern cannot tell
        assert "examples" in _properties_of(section)[key]
        return
    assert strict == loose
