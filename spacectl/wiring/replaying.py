"""Delivers letters again, one subscriber after the other, and takes off the list what was acknowledged."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from itertools import groupby
from typing import TYPE_CHECKING

from spacectl.adapters.nats.letters import LetterBox
from spacectl.adapters.nats.replay import Copy, replay
from spacectl.model.letters import Letter, Replayed
from spacectl.model.wording import counted

if TYPE_CHECKING:
    from nats.aio.client import Client

_MOST_AT_ONCE = 100
"""Copies that the bus holds in its memory at a time; each may take a megabyte."""


async def replayed(
    client: Client, system: str, box: LetterBox, letters: Sequence[Letter], timeout_s: float
) -> AsyncIterator[Replayed]:
    """What became of each letter, as it becomes known.

    Args:
        client: spacectl's own connection to the bus.
        system: whose letters they are.
        box: the list that they were read from.
        letters: those to deliver again.
        timeout_s: how long to wait for a subscriber that settles none.

    Raises:
        UsageError: some of them are being replayed already.
        MachineError: the bus does not answer, or refuses.
    """
    for _, group in groupby(sorted(letters, key=_edge), key=_edge):
        ahead = list(group)
        while ahead:
            part, ahead = ahead[:_MOST_AT_ONCE], ahead[_MOST_AT_ONCE:]
            async for each in _part(client, system, box, part, timeout_s):
                yield each


def _edge(letter: Letter) -> tuple[str, str]:
    return letter.source, letter.target


async def _part(
    client: Client, system: str, box: LetterBox, letters: Sequence[Letter], timeout_s: float
) -> AsyncIterator[Replayed]:
    by_id = {letter.id: letter for letter in letters}
    copies: list[Copy] = []
    for letter in letters:
        kept = await box.content(letter)
        if kept is None:
            yield Replayed(id=letter.id, outcome="gone", detail=f"the stream of {letter.source} keeps it no more")
        else:
            copies.append(Copy(letter.id, kept.subject, kept.headers, kept.body))
    left = {copy.number for copy in copies}
    if not copies:
        return
    source, target = _edge(letters[0])
    async with aclosing(
        replay(client, system=system, stream=source, consumer=target, copies=copies, timeout_s=timeout_s)
    ) as settled:
        async for each in settled:
            left.discard(each.number)
            if each.acknowledged:
                await box.drop([by_id[each.number]])
            yield Replayed(
                id=each.number, outcome="acknowledged" if each.acknowledged else "rejected", detail=each.detail
            )
    for number in sorted(left):
        yield Replayed(
            id=number, outcome="not taken", detail=f"{target} settled none for {counted(round(timeout_s), 'second')}"
        )
