"""Does what is ordered in the cockpit: asks before traffic is interrupted, and says what came of it."""

from __future__ import annotations

from collections.abc import Sequence

from spacectl.errors import SpacectlError
from spacectl.tui.deck import Deck
from spacectl.tui.dialogs import Question, SendForm
from spacectl.view.top_commands import Order, command_of, question


async def act(app: Deck, name: str, spaces: Sequence[str]) -> None:
    """Do what the key stands for whose `do` has this name, with the selected spaces."""
    if name == "send":
        order = await app.push_screen_wait(SendForm(subjects_of(app)))
        await perform(app, [] if order is None else [order])
        return
    if not spaces:
        app.tell("nothing is selected", "warn")
        return
    match name:
        case "restart" | "stop" | "start":
            await perform(app, [Order(name, tuple(spaces))])
        case "more" | "fewer":
            await perform(app, _scales(app, spaces, 1 if name == "more" else -1))
        case "browse":
            await perform(
                app, [Order("open", url=space.url) for each in spaces if (space := app.seen.space(each)) and space.url]
            )
        case "replay":
            await _replay(app, spaces)


async def perform(app: Deck, orders: Sequence[Order]) -> None:
    """Do these one after the other, until one is refused or a person says no."""
    for order in orders:
        command = command_of(order)
        if order.interrupts and not await app.push_screen_wait(Question(question(order), command)):
            app.tell("left as it is")
            return
        app.tell(f"$ {command}")
        try:
            came = await app.cockpit.verbs[order.verb](order)
        except SpacectlError as error:
            app.tell(f"$ {command}   ✖ {error.message}" + (f" ({error.hint})" if error.hint else ""), "bad")
            return
        app.tell(f"$ {command}   ✔ {came}", "good")


def subjects_of(app: Deck) -> list[str]:
    """What an event may be sent to, what is selected first."""
    selected = app.pane.selected
    published = app.cockpit.published()
    chosen = [subject for subject in selected.subjects if any(subject in found for found in published.values())]
    for name in (*selected.spaces, *published):
        chosen += published.get(name, ())
    return list(dict.fromkeys(chosen))


def _scales(app: Deck, spaces: Sequence[str], step: int) -> list[Order]:
    orders = []
    for name in spaces:
        space = app.seen.space(name)
        if space is not None and space.desired + step >= 0:
            orders.append(Order("scale", (name,), replicas=space.desired + step, fewer=step < 0))
    return orders


async def _replay(app: Deck, spaces: Sequence[str]) -> None:
    if app.cockpit.letters is None:
        return
    try:
        letters = await app.cockpit.letters(tuple(spaces))
    except SpacectlError as error:
        app.tell(error.message, "bad")
        return
    if not letters:
        app.tell(f"{', '.join(spaces)}: no dead letters", "good")
        return
    order = Order("replay", tuple(spaces), letters=tuple(number for number, _ in letters))
    told = "\n".join(text for _, text in letters[:10])
    if await app.push_screen_wait(Question(f"Deliver these again?\n\n{told}", command_of(order))):
        await perform(app, [order])
