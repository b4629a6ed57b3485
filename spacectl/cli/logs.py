"""`spacectl logs`: what spaces, builds and engines wrote."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from spacectl.cli import completing, output
from spacectl.cli.options import JsonOption, SystemOption
from spacectl.errors import UsageError
from spacectl.model.log_line import SUPERVISOR, owner
from spacectl.model.wording import quoted

if TYPE_CHECKING:
    import re

    from spacectl.adapters.log_store import LogReader
    from spacectl.cli.log_printing import Printer
    from spacectl.model.layout import Layout
    from spacectl.model.log_line import Level, Selection

_MOST_DIGITS = 12

_MOST_NAMES = 20
"""Names that a hint lists."""


def logs(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME",
            help="Spaces, replicas (orders.1), builds (orders.build), bus, gateway, or spacectl itself.",
            autocompletion=completing.sources,
        ),
    ] = None,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what is written from now on.")] = False,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Only from then on: 5m (ago), 10:30, 2026-11-22T10:00:00Z.")
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Only up to then, written like --since.")] = None,
    tail: Annotated[
        str, typer.Option("--tail", "-n", metavar="N", help="Only the last N of these lines of each log, or all.")
    ] = "all",
    grep: Annotated[
        str | None, typer.Option(metavar="REGEX", help="Only lines in which this regular expression is found.")
    ] = None,
    level: Annotated[
        str | None,
        typer.Option(
            metavar="LEVEL",
            help="Only lines at least so grave: debug, info, warning, error.",
            autocompletion=completing.levels,
        ),
    ] = None,
    previous: Annotated[bool, typer.Option("--previous", "-p", help="Of the run before this one.")] = False,
    timed: Annotated[bool, typer.Option("--time", "-t", help="Begin each line with its time.")] = False,
    prefix: Annotated[bool, typer.Option("--prefix/--no-prefix", help="Begin each line with who wrote it.")] = True,
    as_json: JsonOption = False,
    system: SystemOption = None,
) -> None:
    """Show what was written, in the order of time, whether the system runs or not; of unnamed engines only errors.

    Example: spacectl logs orders payments --since 5m --grep "order-[0-9]+" --follow
    """
    from spacectl.adapters.folders import find_system
    from spacectl.adapters.log_store import LogReader, sources
    from spacectl.cli.log_printing import printer
    from spacectl.core.assemble import ENGINES
    from spacectl.model.log_line import Selection

    _refuse_contradictions(follow=follow, until=until, previous=previous)
    since_ns, until_ns = _when("--since", since), _when("--until", until)
    _refuse_empty(since_ns, until_ns)
    selection = Selection(
        names=frozenset(names or ()),
        since_ns=since_ns,
        until_ns=until_ns,
        tail=_count(tail),
        grep=_pattern(grep),
        level=_level(level),
        previous=previous,
        levels=as_json,
        quiet=frozenset(ENGINES) - frozenset(names or ()),
    )
    layout = find_system(system)
    _check_names(layout, selection)
    if not sources(layout.logs, selection):
        output.say("nothing has been written yet")
    to = printer(_width(layout, selection) if prefix else 0, timed=timed, as_json=as_json)
    try:
        with LogReader(layout.logs, selection) as reader:
            _show(reader, to, follow=follow)
    except output.ReaderGoneError:  # `logs | head`: not a failure
        output.close_out()


def _show(reader: LogReader, to: Printer, *, follow: bool) -> None:
    from spacectl.cli.log_printing import show_all, tell_missed

    show_all(reader.new(final=not follow), to)
    tell_missed(reader)
    while follow and reader.wait(sys.stdout.fileno()):
        show_all(reader.new(), to)
        tell_missed(reader)
    to.end()


def _refuse_contradictions(*, follow: bool, until: str | None, previous: bool) -> None:
    for option, is_given in (("--until", until is not None), ("--previous", previous)):
        if follow and is_given:
            raise UsageError(f"{option} shows what is over, and --follow what comes", hint=f"leave out one: {option}")


def _when(option: str, text: str | None) -> int | None:
    from datetime import datetime

    from spacectl.core.log_times import parse_when

    if text is None:
        return None
    try:
        return parse_when(text, datetime.now().astimezone())
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{option} {quoted(text)} is not a time", hint=str(error)) from error


def _refuse_empty(since_ns: int | None, until_ns: int | None) -> None:
    if since_ns is not None and until_ns is not None and since_ns > until_ns:
        raise UsageError("--since is later than --until", hint="5m means five minutes ago; swap them")


def _count(text: str) -> int | None:
    if text == "all":
        return None
    if text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS:
        return int(text)
    raise UsageError(f"--tail {quoted(text)} is not a number of lines", hint='write it like "--tail 100", or "all"')


def _pattern(text: str | None) -> re.Pattern[bytes] | None:
    import re

    if text is None:
        return None
    try:
        return re.compile(os.fsencode(text))
    except (re.error, OverflowError, RecursionError) as error:
        hint = 'characters such as ( [ * + ? mean something there; "\\(" is the character itself'
        raise UsageError(f"--grep {quoted(text)} is not a regular expression: {error}", hint=hint) from error


def _level(text: str | None) -> Level | None:
    from spacectl.core.hints import did_you_mean
    from spacectl.core.log_levels import level_named
    from spacectl.model.log_line import Level

    if text is None:
        return None
    found = level_named(text)
    if found is None:
        words = [level.word for level in Level]
        hint = did_you_mean(text, words) or f"the levels are {', '.join(words)}"
        raise UsageError(f"--level {quoted(text)} is not a level", hint=hint)
    return found


def _check_names(layout: Layout, selection: Selection) -> None:
    """Refuse names that neither a log nor a space has.

    Raises:
        UsageError: there is such a name.
    """
    from spacectl.adapters.log_store import sources
    from spacectl.core.hints import did_you_mean

    everything = replace(selection, names=frozenset())
    there = frozenset(sources(layout.logs, everything)) | {SUPERVISOR}
    known = there | {space for source in there if (space := owner(source)[0])}
    unknown = sorted(name for name in selection.names - known if name not in sources(layout.logs, selection))
    declared = _declared(layout) if unknown else frozenset()
    for name in unknown:
        if name not in declared and owner(name)[0] not in declared:
            hint = did_you_mean(name, known | declared) or _there_are(known | declared)
            raise UsageError(f"nothing named {quoted(name)} has a log", hint=hint)


def _there_are(names: frozenset[str]) -> str:
    groups = sorted({owner(name)[0] or name for name in names})
    more = f" and {len(groups) - _MOST_NAMES} more" if len(groups) > _MOST_NAMES else ""
    return f"there are: {', '.join(groups[:_MOST_NAMES])}{more}"


def _declared(layout: Layout) -> frozenset[str]:
    """The spaces of the system, which may not have written anything yet; none where the manifests are wrong."""
    from spacectl.adapters.manifests import load
    from spacectl.errors import SpacectlError

    try:
        return frozenset(space.name for space in load(layout.root).spaces)
    except SpacectlError:
        return frozenset()


def _width(layout: Layout, selection: Selection) -> int:
    from spacectl.adapters.log_store import sources
    from spacectl.view.log_line import WIDEST_NAME

    return min(WIDEST_NAME, max(map(len, sources(layout.logs, selection)), default=WIDEST_NAME // 2))
