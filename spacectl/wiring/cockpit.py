"""Joins the cockpit to a running system: its supervisor, its logs, its bus and its manifests.

What the first frame does not need is imported where it is used: the cockpit opens in a fraction of a second.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, asynccontextmanager
from itertools import islice
from typing import TYPE_CHECKING

from pydantic import ValidationError

from spacectl.adapters.control.client import ControlClient
from spacectl.adapters.control.following import follow
from spacectl.errors import SpacectlError, UsageError
from spacectl.model.flow import FlowReport
from spacectl.model.layout import Layout
from spacectl.model.log_line import LogLine, Selection
from spacectl.model.report import Accepted, Noted, PsReport, ScaleRequest

if TYPE_CHECKING:
    from nats.aio.client import Client

    from spacectl.adapters.nats.letters import LetterBox
    from spacectl.model.letters import Letter
    from spacectl.model.manifest import SpaceManifest
    from spacectl.model.message import Message, Skipped

_FIRST_LINES = 200
"""Of each log, when logs are opened."""

_AT_ONCE = 2000
"""Lines, so that the screen is drawn between them."""

_LOOK_S = 0.2
_CONNECT_S = 2.0
_SCALE_S = 60.0
_REPLAY_S = 10.0
_PAST_BYTES = 512 * 1024
"""Of the supervisor's log, from its end."""


async def told(layout: Layout) -> AsyncGenerator[PsReport | FlowReport | Noted, None]:
    """What the supervisor tells; see `adapters.control.following`."""
    async for change in follow(layout.control_socket):
        for value in (change.note, change.ps, change.flow):
            if value is not None:
                yield value


async def written(layout: Layout, since_s: float | None) -> AsyncGenerator[list[LogLine], None]:
    """Lines of all logs as they are written, in the order of time; of the bus only errors."""
    from spacectl.adapters.log_store import LogReader
    from spacectl.core.assemble import BUS
    from spacectl.core.log_cutting import log_lines

    selection = Selection(
        since_ns=None if since_s is None else int(since_s * 1e9),
        tail=_FIRST_LINES if since_s is None else None,
        levels=True,
        quiet=frozenset({BUS}),
    )
    reader = LogReader(layout.logs, selection)
    thread = ThreadPoolExecutor(1, "logs")  # one, so that the logs are closed only after they were read
    loop = asyncio.get_running_loop()
    coming: Iterator[LogLine] = iter(())
    try:
        while True:
            lines = await loop.run_in_executor(thread, _some, coming)
            if lines:
                yield lines
            else:
                await asyncio.sleep(_LOOK_S)
                coming = log_lines(reader.new())
    finally:
        thread.submit(reader.close)
        thread.shutdown(wait=False)


def _some(coming: Iterator[LogLine]) -> list[LogLine]:
    return list(islice(coming, _AT_ONCE))


async def passing(layout: Layout, subjects: tuple[str, ...]) -> AsyncGenerator[Message | Skipped, None]:
    """Events that pass from now on, never slowing the bus; see `adapters.nats.tap`."""
    from spacectl.adapters.nats.client import declared_subjects
    from spacectl.adapters.nats.tap import TapOrder, open_tap
    from spacectl.core.subjects import select

    async with _bus(layout) as (client, system):
        declared = await declared_subjects(client, system)
        if not any(declared.values()):
            raise UsageError("no space of this system publishes anything")
        order = TapOrder(system, select(declared, subjects or (">",)))
        async with open_tap(client, order) as messages:
            async for message in messages:
                yield message


async def letters(layout: Layout, subscribers: tuple[str, ...]) -> list[tuple[int, str]]:
    """The dead letters of these subscribers, of all where none is named: the number of each, and what it is."""
    from spacectl.adapters.nats.letters import LetterBox

    async with _bus(layout) as (client, system):
        found = await _letters(LetterBox(client, system), subscribers)
    return [(each.id, f"{each.id}  {each.via or 'gone'}  {each.source} → {each.target}  {each.time}") for each in found]


async def replay(layout: Layout, subscribers: tuple[str, ...], numbers: tuple[int, ...]) -> str:
    """Deliver letters again, those of these numbers where any is given; says what became of them."""
    from spacectl.adapters.nats.letters import LetterBox
    from spacectl.wiring.replaying import replayed

    async with _bus(layout) as (client, system):
        box = LetterBox(client, system)
        found = await _letters(box, subscribers)
        chosen = [each for each in found if not numbers or each.id in numbers]
        done = [each async for each in replayed(client, system, box, chosen, _REPLAY_S)]
    outcomes = Counter(each.outcome for each in done)
    return ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items())) or "no dead letters"


async def _letters(box: LetterBox, subscribers: tuple[str, ...]) -> list[Letter]:
    found = await box.letters()
    return [each for each in found if not subscribers or each.target in subscribers]


@asynccontextmanager
async def _bus(layout: Layout) -> AsyncIterator[tuple[Client, str]]:
    """A connection to the bus of the running system, and the system's name."""
    from spacectl.adapters.nats.client import connect
    from spacectl.adapters.private_files import read_access

    access = read_access(layout.bus_access)
    client = await connect(access.admin_url, name="top", timeout_s=_CONNECT_S)
    try:
        yield client, access.system
    finally:
        await client.close()


async def publish(layout: Layout, subject: str, body: str) -> str:
    """Publish one event; says where the bus keeps it."""
    from spacectl.adapters.nats import send
    from spacectl.adapters.nats.client import declared_subjects
    from spacectl.core.subjects import stream_of

    try:
        json.loads(body)
    except ValueError as error:
        raise UsageError(f"the event is not JSON: {error}") from error
    async with _bus(layout) as (client, system):
        stream_of(await declared_subjects(client, system), subject)
        sent = await send.publish(client, subject, body.encode())
    return f"{sent.subject}: stored as message {sent.sequence} of stream {sent.stream}"


async def asked(ask: Callable[[tuple[str, ...]], Accepted], spaces: tuple[str, ...]) -> str:
    """Ask the supervisor without holding up the screen; says for which spaces it took the request."""
    accepted = await asyncio.to_thread(ask, spaces)
    return f"asked for: {', '.join(accepted.spaces) or 'nothing'}"


async def scaled(layout: Layout, spaces: tuple[str, ...], replicas: int) -> str:
    """Ask for so many replicas of each of these spaces."""
    wish = ScaleRequest(scale=dict.fromkeys(spaces, replicas))
    answer = await asyncio.to_thread(ControlClient(layout.control_socket, timeout_s=_SCALE_S).scale, wish)
    return "; ".join(f"{each.space}: {each.why}" for each in answer.changes) or "nothing to change"


async def opened(url: str) -> str:
    """Open a URL where this machine opens such things."""
    import webbrowser

    done = await asyncio.to_thread(webbrowser.open, url)
    return f"opened {url}" if done else f"nothing here opens {url}"


def control(layout: Layout) -> ControlClient:
    """The supervisor, to be asked for things."""
    return ControlClient(layout.control_socket)


def past(layout: Layout) -> list[Noted]:
    """What happened before, as the supervisor's log holds it; lines that are no notes are left out."""
    try:
        with layout.supervisor_log.open("rb") as file:
            file.seek(max(0, layout.supervisor_log.stat().st_size - _PAST_BYTES))
            lines = file.read(_PAST_BYTES).splitlines()
    except OSError:
        return []
    notes = []
    for line in lines:
        try:
            notes.append(Noted.model_validate_json(line))
        except ValidationError:
            continue
    return notes


def declared(layout: Layout, name: str) -> tuple[SpaceManifest | None, dict[str, str]]:
    """What stands on disk about a space: its manifest and what its `env_file` holds."""
    from spacectl.adapters.env_file import read_env_file
    from spacectl.adapters.manifests import load

    try:
        space = load(layout.root).space(name)
    except SpacectlError:
        return None, {}
    if space is None:
        return None, {}
    file = space.manifest.run.env_file
    try:
        return space.manifest, {} if file is None else read_env_file(space.folder / file)
    except (OSError, UnicodeDecodeError):
        return space.manifest, {}


def published(layout: Layout) -> dict[str, tuple[str, ...]]:
    """The subjects that each space may publish, as the manifests on disk say; none where those are wrong."""
    from spacectl.adapters.manifests import load

    try:
        return {space.name: space.manifest.events.publishes for space in load(layout.root).spaces}
    except SpacectlError:
        return {}


async def first(layout: Layout, wait_s: float) -> AsyncGenerator[PsReport | FlowReport | Noted, None]:
    """What the supervisor tells at once, or within so many seconds: enough for one frame."""
    async with aclosing(told(layout)) as values:
        missing = {PsReport, FlowReport}
        try:
            async with asyncio.timeout(wait_s):
                async for value in values:
                    yield value
                    missing.discard(type(value))
                    if not missing:
                        return
        except TimeoutError:
            return
