"""Kinds of text that several manifests hold."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from spacectl.model.expected import Expected

SUBJECT_PATTERN = r"^[a-z][a-z0-9-]*(\.[A-Za-z0-9_-]+)+$"

Subject = Annotated[
    str,
    StringConstraints(pattern=SUBJECT_PATTERN, max_length=200),
    Expected('a subject such as "orders.placed": words joined by dots, at most 200 characters, no wildcards'),
]
Line = Annotated[
    str,
    StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=500),
    Expected("one line of text in quotes, at most 500 characters"),
]
