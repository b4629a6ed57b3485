"""Lines of programs' output, made safe to show."""

from __future__ import annotations

import re

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f]|\x1b(?!\[[0-9;]*m)")
_STYLE = re.compile(r"\x1b\[[0-9;]*m")


def printable(line: bytes) -> str:
    """A line as text: broken UTF-8 replaced, colours left out, other control characters made visible."""
    text = _STYLE.sub("", line.decode(errors="replace").rstrip("\r"))
    return _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text)
