"""The bundle of a failed check: a folder with all that helps to understand it, once the system is gone."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel

from spacectl.adapters.control.client import ControlClient
from spacectl.adapters.nats.client import connected, declared_subjects
from spacectl.adapters.nats.letters import LetterBox
from spacectl.adapters.nats.tap import TapOrder, open_tap
from spacectl.adapters.private_files import make_folder, read_access, unwritable
from spacectl.errors import SpacectlError
from spacectl.model.layout import Layout
from spacectl.model.letters import LettersReport
from spacectl.model.message import Skipped

MOST_EVENTS = 10_000
_CONNECT_S = 2.0
_ANSWER_S = 5.0


def bundle_folder(layout: Layout) -> Path:
    """Where the bundle of a checked system goes; a later check of the same copy replaces it."""
    return layout.base / "check" / (layout.copy or "running")


def begin_bundle(layout: Layout) -> None:
    """Remove the bundle of an earlier check.

    Raises:
        MachineError: it cannot be removed.
    """
    folder = bundle_folder(layout)
    try:
        if folder.exists():
            shutil.rmtree(folder)
    except OSError as error:
        raise unwritable(folder, error) from error


def snapshot(layout: Layout) -> Mapping[str, str]:
    """How the running system is at this moment: file names and what they are to hold; only what can be learned."""
    client = ControlClient(layout.control_socket, timeout_s=_ANSWER_S)
    found: dict[str, BaseModel] = {}
    with suppress(SpacectlError):
        found["states.json"] = client.report()
    with suppress(SpacectlError):
        found["flow.json"] = client.flow()
    return {name: value.model_dump_json(by_alias=True, indent=2) + "\n" for name, value in found.items()}


def events(layout: Layout, since: datetime) -> Mapping[str, str]:
    """The events of a running system since a moment, and the dead letters; only what can be learned."""
    try:
        return asyncio.run(_events(layout, since))
    except SpacectlError:
        return {}


async def _events(layout: Layout, since: datetime) -> Mapping[str, str]:
    access = read_access(layout.bus_access)
    async with connected(access.admin_url, name="bundle", timeout_s=_CONNECT_S) as client:
        letters = await LetterBox(client, access.system).letters(at_most=MOST_EVENTS)
        told = LettersReport(system=access.system, letters=letters).model_dump_json(by_alias=True, indent=2)
        found = {"letters.json": f"{told}\n"}
        streams = [stream for stream, subjects in (await declared_subjects(client, access.system)).items() if subjects]
        lines: list[str] = []
        order = TapOrder(access.system, dict.fromkeys(streams, ()), since, follow=False)
        async with open_tap(client, order) as messages:
            async for message in messages:
                if not isinstance(message, Skipped):
                    lines.append(message.model_dump_json(by_alias=True))
                if len(lines) == MOST_EVENTS:
                    break
        return found | {"events.jsonl": "".join(f"{line}\n" for line in lines)}


def write_bundle(layout: Layout, files: Mapping[str, str]) -> Path:
    """Write the bundle: these files, every log, and the timeline of what the supervisor did.

    Raises:
        MachineError: it cannot be written.
    """
    folder = bundle_folder(layout)
    make_folder(folder)
    try:
        for name, text in files.items():
            folder.joinpath(name).write_text(text, encoding="utf-8", errors="surrogateescape")
        if layout.logs.is_dir():
            shutil.copytree(layout.logs, folder / "logs", dirs_exist_ok=True)
        if layout.supervisor_log.is_file():
            shutil.copyfile(layout.supervisor_log, folder / "timeline.jsonl")
    except OSError as error:
        raise unwritable(Path(error.filename or folder), error) from error
    return folder
