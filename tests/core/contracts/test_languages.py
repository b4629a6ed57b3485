from __future__ import annotations

import re

import pytest

from spacectl.core.contracts import languages


@pytest.mark.parametrize(
    ("inner", "outer", "verdict"),
    [
        (("^[A-Z]{3}$",), "^[A-Z]+$", True),
        (("^[A-Z]+$",), "^[A-Z]{3}$", False),
        (("^[a-z][a-z0-9-]*$",), "^[a-z]", True),
        (("^a*$", "^.{2}$"), "^aa$", True),
        ((), "^a", False),
        ((), "", True),
        (("foo",), "o", True),
        (("^a|b$",), "^a|b$", None),
        (("^(a|b)$",), "^[ab]$", True),
        (("^a$",), r"^\p{L}$", None),
        (("^a$",), "^(?=a)a$", None),
        ((r"^\$$",), r"\$$", True),
        (("^x{1,300}$",), "^x+$", None),
        (("^(x{1,30}){1,30}$",), "^x+$", None),
    ],
)
def test_inclusion(inner: tuple[str, ...], outer: str, verdict: bool | None) -> None:
    assert languages.within(inner, outer) is verdict


@pytest.mark.parametrize(
    "pattern",
    [
        "^[a-z][a-z0-9-]*$",
        r"^ord_[\w.-]{1,40}$",
        r"^\d+\.\d{2}$",
        "foo",
        r"^[^@\s]+@[^@\s]+\.[^@\s]+$",
        "^$",
        "é",
        "^[^a-zA-Z]$",
    ],
)
def test_members_match(pattern: str) -> None:
    found = languages.members((pattern,))
    assert found
    assert all(re.search(pattern, text) for text in found)


def test_what_is_outside_matches_the_one_and_not_the_other() -> None:
    found = languages.outside(("^[A-Z]+$",), "^[A-Z]{3}$")
    assert found
    assert all(re.search("^[A-Z]+$", text) and not re.search("^[A-Z]{3}$", text) for text in found)
