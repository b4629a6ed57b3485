"""Themes, read from `themes.toml`: the colours of Textual, and a style for each tone of a cell."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from rich.style import Style
from textual.theme import Theme

PREFIX = "spacectl-"
COLOURLESS = "ansi-dark"
"""The theme of which nothing but weights is left where no colour is wanted."""
_NO_STYLE = Style()


@cache
def _read() -> dict[str, Any]:
    return tomllib.loads((files("spacectl.tui") / "themes.toml").read_text(encoding="utf-8"))


def names() -> list[str]:
    """The names of the themes, the default one first."""
    return [_full(name, given) for name, given in _read().items()]


def themes() -> list[Theme]:
    """The themes that Textual does not bring along."""
    return [_theme(name, given) for name, given in _read().items() if not given.get("builtin")]


def fitting(colours: str | None) -> str:
    """The name of the theme for a terminal's colours as `COLORFGBG` tells them: `15;0` is white on black.

    The variable is set by rxvt, Konsole and others; 7 and 15 are the light grounds.
    """
    ground = (colours or "").rpartition(";")[2]
    return f"{PREFIX}light" if ground in {"7", "15"} else f"{PREFIX}dark"


@cache
def style(theme: str, tone: str) -> Style:
    """How a tone looks in a theme; in one that is not ours as in the default."""
    read = _read()
    tones = read.get(theme.removeprefix(PREFIX), next(iter(read.values())))["tones"]
    return Style.parse(tones[tone]) if tones.get(tone) else _NO_STYLE


def _full(name: str, given: dict[str, Any]) -> str:
    return name if given.get("builtin") else f"{PREFIX}{name}"


def _theme(name: str, given: dict[str, Any]) -> Theme:
    return Theme(
        name=_full(name, given),
        primary=given["accent"],
        accent=given["accent"],
        foreground=given["foreground"],
        background=given["background"],
        surface=given["surface"],
        panel=given["panel"],
        dark=given["dark"],
    )
