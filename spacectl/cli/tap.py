"""`spacectl tap`: shows events as they pass."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spacectl.cli import completing, output
from spacectl.cli.options import JsonOption, SystemOption
from spacectl.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from rich.text import Text

    from spacectl.model.message import Message

_SUBJECT_WIDTH = 24
_SOURCE_WIDTH = 14


def tap(
    subjects: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SUBJECT",
            help='What to show: "orders.placed", "orders.>", "*.placed"; default: all.',
            autocompletion=completing.subjects,
        ),
    ] = None,
    *,
    since: Annotated[
        str | None, typer.Option("--since", metavar="DURATION", help="First show what came in this time, such as 5m.")
    ] = None,
    count: Annotated[int | None, typer.Option("--count", "-n", min=1, help="End after this many messages.")] = None,
    follow: Annotated[
        bool, typer.Option("--follow/--no-follow", help="Go on with what is new, or end after what --since shows.")
    ] = True,
    as_json: JsonOption = False,
    system: SystemOption = None,
) -> None:
    """Show events as they pass; a tap never slows the bus, and says how many it skipped when it cannot keep up.

    Example: spacectl tap "orders.>" --since 5m
    """
    import asyncio

    if not follow and since is None:
        raise UsageError("--no-follow shows what came before, so it needs --since", hint="add --since 5m")
    start = None if since is None else _start(since)
    try:
        asyncio.run(_tap(subjects or [], start, count, follow=follow, as_json=as_json, system=system))
    except asyncio.CancelledError:  # an interrupt comes as KeyboardInterrupt: this is the reader that went
        raise output.ReaderGoneError from None


async def _tap(
    patterns: Sequence[str],
    since: datetime | None,
    count: int | None,
    *,
    follow: bool,
    as_json: bool,
    system: Path | None,
) -> None:
    from spacectl.adapters.nats.tap import TapOrder, open_tap
    from spacectl.cli.bus import running_bus
    from spacectl.model.message import Skipped
    from spacectl.model.wording import counted

    end_with_reader()
    async with running_bus(system, "tap") as bus:
        order = TapOrder(bus.system, _wanted(bus.declared, patterns), since, follow)
        async with open_tap(bus.client, order) as messages:
            output.say(f"watching {', '.join(patterns) or 'all events'} of {bus.system}")
            shown = 0
            async for message in messages:
                if isinstance(message, Skipped):
                    output.say(
                        f"… skipped {counted(message.count, 'message')}: they came faster than they could be shown"
                    )
                    continue
                _show(message, as_json=as_json)
                shown += 1
                if shown == count:
                    return


def end_with_reader() -> None:
    """Cancel this task once nobody reads stdout (`tap | head -1`), even if no event comes that would notice."""
    import asyncio
    import os
    import stat

    try:
        out = sys.stdout.fileno()
    except ValueError:  # stdout is not a file
        return
    if stat.S_ISFIFO(os.fstat(out).st_mode):
        loop, task = asyncio.get_running_loop(), asyncio.current_task()

        def end() -> None:  # a pipe for writing is never readable: it wakes only when the other end is closed
            loop.remove_reader(out)
            if task is not None:
                task.cancel()

        loop.add_reader(out, end)


def _wanted(declared: Mapping[str, tuple[str, ...]], patterns: Sequence[str]) -> dict[str, tuple[str, ...]]:
    from spacectl.core.subjects import select

    if not any(declared.values()):
        raise UsageError(
            "no space of this system publishes anything",
            hint="a space declares what it publishes with [events] publishes in its space.toml",
        )
    chosen = select(declared, patterns or [">"])
    # A whole stream is asked for without a filter: then its skipped messages can be counted exactly.
    return {stream: () if set(names) == set(declared[stream]) else names for stream, names in chosen.items()}


def _start(since: str) -> datetime:
    from datetime import UTC, datetime, timedelta

    from spacectl.model.units import parse_duration

    try:
        return datetime.now(UTC) - timedelta(seconds=parse_duration(since))
    except (ValueError, OverflowError) as error:
        raise UsageError(f'--since "{since}": {error}') from error


def _show(message: Message, *, as_json: bool) -> None:
    if as_json:
        output.out_json(message)
    elif output.console().is_terminal:
        output.show(line_of(message, width=output.console().width if sys.stdout.isatty() else None))
    else:
        output.out(line_of(message).plain)


def line_of(message: Message, *, width: int | None = None) -> Text:
    """A message as one line: time of day, subject, source, size, body; cut to a width in columns where one is given."""
    from rich.text import Text

    line = Text.assemble(
        (f"{message.time.astimezone():%H:%M:%S.%f}"[:-3], "dim"),
        "  ",
        (printable(message.subject).ljust(_SUBJECT_WIDTH), "bold cyan"),
        "  ",
        (printable(message.source or "-").ljust(_SOURCE_WIDTH), "green"),
        f"  {message.size:>6} B  ",
        printable(_body(message)),
    )
    if width is not None:
        line.truncate(width, overflow="ellipsis")
    return line


def _body(message: Message) -> str:
    if message.text is not None:
        return message.text
    if message.base64 is not None:
        return f"base64:{message.base64}"
    return json.dumps(message.data, ensure_ascii=False, separators=(",", ":")) if message.size else ""


def printable(text: str) -> str:
    """The text with everything escaped that could move the cursor or otherwise act on a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
