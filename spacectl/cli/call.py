"""`spacectl call`: call an API of the running system."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from spacectl.cli import completing
from spacectl.cli.options import SystemOption

if TYPE_CHECKING:
    from spacectl.model.report import PsReport


_NOT_THERE = frozenset({502, 503, 504})


def call(
    space: Annotated[str, typer.Argument(help="The space whose API is called.", autocompletion=completing.callees)],
    method: Annotated[str, typer.Argument(help="GET, POST, …", autocompletion=completing.methods)],
    path: Annotated[str, typer.Argument(help="Such as /products?q=lamp.", autocompletion=completing.paths)],
    body: Annotated[str | None, typer.Argument(metavar="[JSON]", help="The body; - reads it from stdin.")] = None,
    *,
    headers: Annotated[bool, typer.Option("--headers", "-i", help="Show status and headers on stderr.")] = False,
    system: SystemOption = None,
) -> None:
    """Call an API of a space and print the answer; exit 1 when it is an error (4xx, 5xx).

    Example: spacectl call catalog GET "/products?q=lamp"
    """
    from spacectl.adapters.control.client import ControlClient
    from spacectl.adapters.folders import find_system
    from spacectl.adapters.http_call import call as request
    from spacectl.cli import output
    from spacectl.cli.endings import report_of
    from spacectl.errors import Exit

    layout = find_system(system)
    url = _url(report_of(ControlClient(layout.control_socket), layout), space)
    answer = request(method.upper(), url, path, _json(body))
    if headers:
        output.say(f"{answer.status} {answer.reason}")
        for name, value in answer.headers:
            output.say(f"{name}: {value}")
    output.out(answer.text)
    if answer.status >= 400:  # noqa: PLR2004
        output.say(f"error: {space} answered {answer.status} {answer.reason}")
        if answer.status in _NOT_THERE:
            output.say("  hint: `spacectl ps` shows how the space is")
        raise typer.Exit(Exit.FAILED)


def _url(report: PsReport, name: str) -> str:
    from spacectl.core.hints import did_you_mean
    from spacectl.errors import UsageError

    known = {space.name: space.url for space in report.spaces}
    if name not in known:
        raise UsageError(f'no space is named "{name}"', hint=did_you_mean(name, known))
    url = known[name]
    if url is None:
        raise UsageError(f"{name} serves no API")
    return url


def _json(body: str | None) -> bytes | None:
    import json
    import sys

    from spacectl.errors import UsageError

    if body is None:
        return None
    text = sys.stdin.read() if body == "-" else body
    try:
        json.loads(text)
    except ValueError as error:
        raise UsageError(f"the body is not JSON: {error}") from error
    return text.encode()
