"""What a shell offers for the dead letters of a running system; imported only where they are asked for."""

from __future__ import annotations

import asyncio
import re
import textwrap
from typing import TYPE_CHECKING

from spacectl.adapters.lock import is_locked
from spacectl.errors import SpacectlError

if TYPE_CHECKING:
    from spacectl.model.layout import Layout
    from spacectl.model.letters import Letter

_MOST = 100
_PATIENCE_S = 2.0
_WIDEST = 76


def told(layout: Layout) -> list[tuple[str, str]]:
    """The number of each letter and where it was to go, the oldest first; none where nothing runs or answers."""
    if not is_locked(layout.lock):
        return []
    try:
        found = asyncio.run(_letters(layout))
    except (SpacectlError, TimeoutError, OSError):
        return []
    return [(str(each.id), _edge(each)) for each in found]


def _edge(letter: Letter) -> str:
    # Typer breaks a longer text into lines, which shells take for more to be offered; and zsh evaluates it.
    text = textwrap.shorten(f"{letter.source} → {letter.target} {letter.via or ''}", _WIDEST, placeholder="…")
    return re.sub(r"[^\w.→… -]", "?", text)


async def _letters(layout: Layout) -> tuple[Letter, ...]:
    from spacectl.adapters.nats.client import connect
    from spacectl.adapters.nats.letters import LetterBox
    from spacectl.adapters.private_files import read_access

    access = read_access(layout.bus_access)
    async with asyncio.timeout(_PATIENCE_S):
        client = await connect(access.admin_url, name="completing", timeout_s=_PATIENCE_S)
        try:
            return await LetterBox(client, access.system).letters(at_most=_MOST)
        finally:
            await client.close()
