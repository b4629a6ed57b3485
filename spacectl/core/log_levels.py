"""How grave a line of a log is, by what loggers of many kinds write into it."""

from __future__ import annotations

import json
import re

from spacectl.model.log_line import Level

_WORDS = {
    "trace": Level.DEBUG, "trc": Level.DEBUG, "debug": Level.DEBUG, "dbg": Level.DEBUG, "verbose": Level.DEBUG,
    "info": Level.INFO, "inf": Level.INFO, "information": Level.INFO, "notice": Level.INFO,
    "warn": Level.WARNING, "warning": Level.WARNING, "wrn": Level.WARNING,
    "error": Level.ERROR, "err": Level.ERROR, "critical": Level.ERROR, "crit": Level.ERROR, "fatal": Level.ERROR,
    "ftl": Level.ERROR, "alert": Level.ERROR, "emerg": Level.ERROR, "emergency": Level.ERROR, "panic": Level.ERROR,
    "severe": Level.ERROR,
}  # fmt: skip

_KEYS = ("level", "severity", "levelname", "lvl", "log.level", "severity_text", "severityText")

_NEAR = 160
"""Bytes of a line that are searched for a level's name; what comes later is what the line talks about."""

_FAR = 4096
"""Bytes of a line that are searched for `level=`."""

_LONGEST_JSON = 64 * 1024

_ANY_WORD = "|".join(sorted(_WORDS, key=len, reverse=True)).encode()

_LOGFMT = re.compile(rb"(?:^|[\s{,])(?:level|lvl|severity|levelname)=\"?(" + _ANY_WORD + rb")\b", re.IGNORECASE)

# In brackets or before a colon any case will do; alone only capitals, because prose has these words too.
_NAMED = re.compile(
    rb"[\[<(](?P<bracketed>(?i:" + _ANY_WORD + rb"))[\])>]"
    rb"|(?:^|[\s\]|])(?P<announced>(?i:" + _ANY_WORD + rb"))(?=:)"
    rb"|(?<![\w.\-/])(?P<alone>" + _ANY_WORD.upper() + rb")(?![\w\-/=])"
)

_CRASH = re.compile(rb"(?:Traceback \(most recent call last\):|panic: |fatal error: |Exception in thread |\w*Error: )")

_STYLE = re.compile(rb"\x1b\[[0-9;]*m")

# Most lines name no level, and this says so in a quarter of the time.
_TOKENS = re.compile(rb"[a-z]+")
_NAMES = frozenset(word.encode() for word in _WORDS)

# Of pino and bunyan; those of Python's `logging` never stand alone in JSON, its formatters write names.
_NUMBERS = ((50, Level.ERROR), (40, Level.WARNING), (30, Level.INFO))


def level_named(word: str) -> Level | None:
    """The level with this name, in any of its spellings."""
    return _WORDS.get(word.lower())


def level_of(line: bytes) -> Level | None:
    """The level that a line states, or None.

    Found in JSON objects (`level`, `severity`, `levelname`; numbers as pino counts), in logfmt (`level=`), in the
    usual places near the start (`[ERR]`, `WARNING:`, `… ERROR …`), and in the first lines of crashes.
    """
    if line.startswith(b"{") and len(line) <= _LONGEST_JSON:
        return _of_json(line)
    near = line[:_NEAR]
    if b"\x1b" in near:
        near = _STYLE.sub(b"", near)
    named = None if _NAMES.isdisjoint(_TOKENS.findall(near.lower())) else _NAMED.search(near)
    if b"=" in line and (pair := _LOGFMT.search(line, 0, _FAR)) and (named is None or pair.start() <= named.start()):
        named = pair
    if named is not None:
        return _WORDS[named[named.lastindex or 0].decode().lower()]
    return Level.ERROR if _CRASH.match(near) else None


def _of_json(line: bytes) -> Level | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    for key in _KEYS if isinstance(value, dict) else ():
        match value.get(key):
            case str(word):
                return level_named(word)
            case int(number):
                return next((level for least, level in _NUMBERS if number >= least), Level.DEBUG)
    return None
