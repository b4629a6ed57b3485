"""`spacectl letters`: the messages that their subscribers gave up."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from spacectl.cli import completing
from spacectl.cli.options import JsonOption, SystemOption, TimeoutOption, seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spacectl.adapters.nats.letters import LetterBox
    from spacectl.cli.bus import RunningBus
    from spacectl.model.letters import Letter, Replayed

_HINT = "`spacectl letters` lists them"


def letters(
    action: Annotated[
        Literal["list", "show", "replay", "drop"],
        typer.Argument(
            help="list them, show one with its body and headers, replay (deliver again to that subscriber only), "
            "or drop (forget; the message itself stays in its stream)."
        ),
    ] = "list",
    ids: Annotated[
        list[int] | None,
        typer.Argument(metavar="[ID]...", help="Which ones, by their number.", autocompletion=completing.letters),
    ] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Replay or drop all of them.")] = False,
    timeout: TimeoutOption = "60s",
    as_json: JsonOption = False,
    system: SystemOption = None,
) -> None:
    """Show messages that used up max_deliver or were terminated, deliver them again, or forget them.

    A replay ends when each chosen letter was acknowledged or given up again, or when for --timeout none was. Exit 1
    says that not all were acknowledged.

    Example: spacectl letters replay 4 5
    """
    import asyncio

    from spacectl.errors import Exit, UsageError

    chosen = ids or []
    if action in {"list", "show"} and everything:
        raise UsageError(f"letters {action} takes no --all")
    if action == "list" and chosen:
        raise UsageError("letters list takes no numbers", hint="spacectl letters show ID")
    if action == "show" and len(chosen) != 1:
        raise UsageError("letters show takes one number", hint=_HINT)
    if action in {"replay", "drop"} and bool(chosen) == everything:
        raise UsageError(f"letters {action} takes numbers, or --all", hint=_HINT)
    fine = asyncio.run(_act(action, chosen, seconds(timeout), as_json=as_json, system=system))
    if not fine:
        raise typer.Exit(Exit.FAILED)


async def _act(action: str, ids: Sequence[int], timeout_s: float, *, as_json: bool, system: Path | None) -> bool:
    from spacectl.adapters.nats.letters import LetterBox
    from spacectl.cli import output
    from spacectl.cli.bus import running_bus

    async with running_bus(system, "letters") as bus:
        box = LetterBox(bus.client, bus.system)
        found = await box.letters()
        if not box.recorded:
            output.say("no list of dead letters: nobody subscribes here, or another stream of this bus takes them")
        chosen = _chosen(found, ids)
        match action:
            case "list":
                _list(bus.system, found, as_json=as_json)
            case "show":
                await _show(box, chosen[0], as_json=as_json)
            case "drop":
                await _drop(bus.system, box, chosen, as_json=as_json)
            case "replay":
                return await _replay(bus, box, chosen, timeout_s, as_json=as_json)
    return True


def _chosen(found: Sequence[Letter], ids: Sequence[int]) -> list[Letter]:
    from spacectl.errors import UsageError

    by_id = {letter.id: letter for letter in found}
    for number in ids:
        if number not in by_id:
            raise UsageError(f"no letter has the number {number}", hint=_HINT)
    return [by_id[number] for number in dict.fromkeys(ids)] if ids else list(found)


def _list(system: str, found: Sequence[Letter], *, as_json: bool) -> None:
    from spacectl.cli import output
    from spacectl.model.letters import LettersReport

    if as_json:
        output.out_json(LettersReport(system=system, letters=tuple(found)))
        return
    from spacectl.view.letters import table

    output.show(table(found))


async def _show(box: LetterBox, letter: Letter, *, as_json: bool) -> None:
    from spacectl.cli import output
    from spacectl.model.letters import LetterContent
    from spacectl.model.message import decode_body

    kept = await box.content(letter)
    content = LetterContent(
        **letter.model_dump(by_alias=False),
        published=None if kept is None else kept.time,
        headers=() if kept is None else kept.headers,
        size=0 if kept is None else len(kept.body),
        **decode_body(b"" if kept is None else kept.body),
    )
    if as_json:
        output.out_json(content)
        return
    from spacectl.view.letters import page

    output.show(page(content))


async def _drop(system: str, box: LetterBox, chosen: Sequence[Letter], *, as_json: bool) -> None:
    from spacectl.cli import output
    from spacectl.model.letters import DroppedReport
    from spacectl.model.wording import counted

    await box.drop(chosen)
    if as_json:
        output.out_json(DroppedReport(system=system, dropped=tuple(letter.id for letter in chosen)))
    else:
        output.say(f"dropped {counted(len(chosen), 'letter')}")


async def _replay(
    bus: RunningBus, box: LetterBox, chosen: Sequence[Letter], timeout_s: float, *, as_json: bool
) -> bool:
    from spacectl.cli import output
    from spacectl.model.letters import ReplayReport
    from spacectl.wiring.replaying import replayed

    done: list[Replayed] = []
    async for each in replayed(bus.client, bus.system, box, chosen, timeout_s):
        done.append(each)
        if not as_json:
            output.say(f"letter {each.id}: {each.outcome}" + (f" ({each.detail})" if each.detail else ""))
    if as_json:
        output.out_json(ReplayReport(system=bus.system, replayed=tuple(done)))
    return all(each.outcome == "acknowledged" for each in done)
