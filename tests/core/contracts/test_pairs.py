"""Pairs of schemas, checked by hand, with what must be said of them; they stand in `pairs/`, grouped by rule."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from spacectl.core.contracts.judge import Verdict, judge_schemas
from spacectl.core.contracts.modern import modern
from spacectl.core.contracts.truth import enforced_formats

PAIRS = [
    pytest.param(pair, id=f"{file.stem}: {pair['why']}")
    for file in sorted((Path(__file__).parent / "pairs").glob("*.json"))
    for pair in json.loads(file.read_text(encoding="utf-8"))
]


def test_there_are_enough() -> None:
    assert len(PAIRS) >= 120
    assert len({param.id for param in PAIRS}) == len(PAIRS)


@pytest.mark.parametrize("pair", PAIRS)
def test_a_pair(pair: dict[str, Any]) -> None:
    old = pair.get("openapi") == "3.0"
    sender, receiver = (modern(pair[side], openapi_30=old).schema for side in ("sender", "receiver"))
    judged = judge_schemas(sender, receiver)
    assert judged.verdict == pair["verdict"], judged
    breaking = [each for each in judged.differences if each.verdict is Verdict.BREAKING]
    assert bool(breaking) == (pair["verdict"] == "breaking")
    if "rule" in pair:
        assert pair["rule"] in {each.rule for each in breaking}, judged
    if "at" in pair:
        assert tuple(pair["at"]) in {each.at for each in breaking}, judged
    if "example" in pair:
        assert pair["example"] in [each.example for each in breaking], judged
    for each in breaking:
        assert Draft202012Validator(sender, format_checker=enforced_formats()).is_valid(each.example)
        assert not Draft202012Validator(receiver, format_checker=enforced_formats()).is_valid(each.example)
