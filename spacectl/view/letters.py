"""Dead letters as text for a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from spacectl.model.letters import Letter, LetterContent
from spacectl.model.wording import escaped

_MOST_OF_A_BODY = 100_000


def table(letters: Sequence[Letter]) -> RenderableType:
    """One line per letter, oldest first."""
    if not letters:
        return Text("no dead letter", style="dim")
    shown = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
    for heading in ("ID", "TIME", "EDGE", "SUBJECT", "CAUSE"):
        shown.add_column(heading, justify="right" if heading == "ID" else "left", no_wrap=heading != "CAUSE")
    for letter in letters:
        via = letter.via or "(no longer kept)"
        shown.add_row(str(letter.id), _time(letter.time), f"{letter.source} → {letter.target}", via, _cause(letter))
    return shown


def page(letter: LetterContent) -> RenderableType:
    """One letter with its headers and body."""
    lines = [
        f"letter {letter.id}: {letter.source} → {letter.target}, {letter.via or 'a message that is no longer kept'}",
        f"{_cause(letter)} at {letter.time}; message {letter.sequence} of the stream {letter.source}",
    ]
    if letter.published is not None:
        lines += [f"published at {letter.published}, {letter.size} B", ""]
        lines += [escaped(f"{name}: {value}", at_most=_MOST_OF_A_BODY) for name, value in letter.headers]
        lines += ["", *_body(letter)]
    return Group(*(Text(line) for line in lines))


def _cause(letter: Letter) -> str:
    times = "once" if letter.deliveries == 1 else f"{letter.deliveries} times"
    if letter.cause == "max_deliver":
        return f"delivered {times} without success"
    said = f": {escaped(letter.reason, at_most=200)}" if letter.reason else ""
    return f"terminated by {letter.target}{said}"


def _body(letter: LetterContent) -> Iterator[str]:
    if letter.text is not None:
        yield from (escaped(line, at_most=_MOST_OF_A_BODY) for line in letter.text.splitlines())
    elif letter.base64 is not None:
        yield f"base64: {letter.base64}"
    elif letter.size:
        yield json.dumps(letter.data, ensure_ascii=True, indent=2)


def _time(time: str) -> str:
    return time.partition(".")[0].removesuffix("Z") + "Z"
