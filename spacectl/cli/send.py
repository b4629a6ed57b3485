"""`spacectl send`: publishes one event."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spacectl.cli import completing, output
from spacectl.cli.options import JsonOption, SystemOption
from spacectl.errors import UsageError

if TYPE_CHECKING:
    from spacectl.model.message import Sent

_MAX_STDIN = 64 * 1024 * 1024  # the most a NATS server can be configured to take
_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_HAS_OPTION = {"ce-id", "nats-msg-id"}


def send(
    subject: Annotated[
        str,
        typer.Argument(
            metavar="SUBJECT",
            help="One that a space publishes, such as orders.placed.",
            autocompletion=completing.subjects,
        ),
    ],
    body: Annotated[
        str | None,
        typer.Argument(metavar="JSON", help='The event as JSON; from stdin when it is left out or "-".'),
    ] = None,
    *,
    header: Annotated[
        list[str] | None, typer.Option("--header", "-H", metavar="KEY=VALUE", help="Add a header; repeatable.")
    ] = None,
    event_id: Annotated[
        str | None,
        typer.Option(
            "--id", metavar="ID", help="Its ce-id; the bus drops a second one with the same; default: random."
        ),
    ] = None,
    as_json: JsonOption = False,
    system: SystemOption = None,
) -> None:
    """Publish one event as a CloudEvent, and wait until the bus has stored it.

    Example: spacectl send orders.placed '{"order_id": "o-1"}'
    """
    import asyncio

    headers = dict(_header(each) for each in header or [])
    if event_id is not None and not (event_id and event_id.isprintable()):
        raise UsageError("--id must be one line of text")
    sent = asyncio.run(_send(subject, _body(body), headers, event_id, system))
    if as_json:
        output.out_json(sent)
    else:
        output.out(_told(sent))


async def _send(subject: str, body: bytes, headers: dict[str, str], event_id: str | None, system: Path | None) -> Sent:
    from spacectl.adapters.nats.send import publish
    from spacectl.cli.bus import running_bus
    from spacectl.core.subjects import stream_of

    async with running_bus(system, "send") as bus:
        stream_of(bus.declared, subject)
        return await publish(bus.client, subject, body, headers=headers, event_id=event_id)


def _body(argument: str | None) -> bytes:
    from pydantic_core import from_json

    body = _from_stdin() if argument in (None, "-") else argument.encode(errors="surrogateescape")
    try:
        from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise UsageError(f"the event is not JSON: {error}", hint="quote it for the shell: '{\"id\": 1}'") from error
    return body


def _from_stdin() -> bytes:
    if sys.stdin.isatty():
        raise UsageError("send needs the event", hint="as JSON after the subject, or on stdin")
    return sys.stdin.buffer.read(_MAX_STDIN).strip()


def _header(text: str) -> tuple[str, str]:
    key, sign, value = text.partition("=")
    if not sign or not _HEADER_NAME.fullmatch(key):
        raise UsageError(f'--header "{text}" is not of the form KEY=VALUE')
    if key.lower() in _HAS_OPTION:
        raise UsageError(f"--header {key}: the id of the event has an option of its own", hint=f"--id {value}")
    if not value.isprintable():
        raise UsageError(f"--header {key}: the value must be one line of text")
    return key, value.strip()


def _told(sent: Sent) -> str:
    if sent.duplicate:
        return f"{sent.subject}: already stored as message {sent.sequence} of stream {sent.stream}, id {sent.id}"
    return f"{sent.subject}: stored as message {sent.sequence} of stream {sent.stream}, id {sent.id}"
