"""How a shell asks what to offer at TAB: where it stands with `=` is put right, and only the answer is printed."""

from __future__ import annotations

import contextlib
import io
import os
import re
from collections.abc import Callable, Iterator

from spacectl.cli import output

_Fit = Callable[[list[str]], list[str]]

_ASKED = "_SPACECTL_COMPLETE"
_LINE, _WORDS, _AT = "_TYPER_COMPLETE_ARGS", "COMP_WORDS", "COMP_CWORD"


@contextlib.contextmanager
def answering() -> Iterator[None]:
    """Where a shell asks, keep silent but for the answer: it stands in the middle of somebody's line."""
    shell = os.environ.get(_ASKED, "").removeprefix("complete_")
    if shell not in _FITTED:
        yield
        return
    fit = _FITTED[shell]()
    answer = io.StringIO()
    try:
        with contextlib.redirect_stdout(answer), contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        with contextlib.suppress(output.ReaderGoneError):
            output.out_lines(fit(answer.getvalue().rstrip("\n").split("\n")))


def _for_bash() -> _Fit:
    """Bash takes each `=` for a word (COMP_WORDBREAKS in bash(1)), and an answer for what comes after the last one."""
    given = os.environ.get(_WORDS, "").split("\n")
    at = os.environ.get(_AT, "")
    words: list[str] = []
    for word in given[: int(at) + 1] if at.isdecimal() else given:
        if words and (word == "=" or words[-1].endswith("=")):
            words[-1] += word
        else:
            words.append(word)
    os.environ |= {_WORDS: "\n".join(words), _AT: str(len(words) - 1)}
    name, equals, value = words[-1].partition("=")
    value = value if name.startswith("-") else f"{name}{equals}{value}"
    known = value[: value.rfind("=") + 1]
    return lambda lines: [line.removeprefix(known) for line in lines]


def _for_zsh() -> _Fit:
    """What zsh evaluates is about the value of `--option=value` only if the rest is put aside (zshcompwid(1))."""
    option = _option()
    return lambda lines: [f"compset -P '{option}';", *lines] if option else lines


def _for_fish() -> _Fit:
    """An answer to fish is a whole word."""
    option = _option()
    return lambda lines: [f"{option}{line}" for line in lines if line]


def _option() -> str:
    """The `--option=` of a value that is being typed."""
    typed = re.search(r"(?<!\S)--[a-z-]+=(?=\S*$)", os.environ.get(_LINE, ""))
    return typed[0] if typed else ""


_FITTED = {"bash": _for_bash, "zsh": _for_zsh, "fish": _for_fish}
