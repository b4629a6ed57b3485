"""What a value of a type must be, in words; the types of the manifests carry it, messages use it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Expected:
    """Metadata of an annotated type.

    Attributes:
        words: what follows "must be", such as `a duration such as "2s"`.
    """

    words: str
