"""The only place that prints: data to stdout, talk to stderr."""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import BaseModel
    from rich.console import Console, RenderableType


@cache
def console(*, stderr: bool = False) -> Console:
    """The rich console of stdout or stderr; it obeys NO_COLOR, FORCE_COLOR and whether it is a terminal."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=True)


def out(text: str) -> None:
    """Write one line of data to stdout."""
    print(text, flush=True)


def out_json(value: BaseModel) -> None:
    """Write a published model as one JSON line to stdout."""
    out(value.model_dump_json(by_alias=True))


def show(renderable: RenderableType) -> None:
    """Draw a table or styled text on stdout."""
    console().print(renderable)


def say(text: str) -> None:
    """Write one line of talk to stderr."""
    print(text, file=sys.stderr, flush=True)


def tell(renderable: RenderableType) -> None:
    """Draw styled talk on stderr."""
    console(stderr=True).print(renderable)
