"""Opens the cockpit on a terminal: joins the app to the functions that follow a running system, and act on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from spacectl.model.layout import Layout
    from spacectl.tui.ports import Cockpit
    from spacectl.view.top_table import Query


def open_cockpit(layout: Layout, name: str, screen: str, query: Query, *, read_only: bool) -> None:
    """Open the cockpit of a system on this terminal, until somebody leaves it.

    Args:
        layout: the system.
        name: what it is called.
        screen: what to open with.
        query: which rows of that screen, in which order.
        read_only: offer nothing that changes the system.

    Raises:
        Exit: it was ended from outside, or with Ctrl-C.
    """
    from spacectl.tui.app import Start, TopApp
    from spacectl.tui.collecting import collect_seldom

    collect_seldom()
    app = TopApp(cockpit_of(layout, name, read_only=read_only), Start(screen, query))
    app.run()
    if app.error is not None:
        raise app.error
    if app.return_code:
        raise typer.Exit(app.return_code)


def cockpit_of(layout: Layout, name: str, *, read_only: bool) -> Cockpit:
    """All that the app needs of a running system; with no verbs where it is to be read only."""
    from spacectl.tui.ports import Cockpit, Declared
    from spacectl.wiring import cockpit as world

    control = world.control(layout)
    verbs: dict[Any, Any] = {
        "restart": lambda order: world.asked(control.restart, order.spaces),
        "stop": lambda order: world.asked(control.stop, order.spaces),
        "start": lambda order: world.asked(control.start, order.spaces),
        "scale": lambda order: world.scaled(layout, order.spaces, order.replicas),
        "replay": lambda order: world.replay(layout, order.spaces, order.letters),
        "send": lambda order: world.publish(layout, order.subject, order.body),
        "open": lambda order: world.opened(order.url),
    }
    return Cockpit(
        system=name,
        feed=lambda: world.told(layout),
        logs=lambda since_s: world.written(layout, since_s),
        tap=lambda subjects: world.passing(layout, subjects),
        history=lambda: world.past(layout),
        declared=lambda space: Declared(*world.declared(layout, space)),
        published=lambda: world.published(layout),
        verbs={} if read_only else verbs,
        letters=lambda spaces: world.letters(layout, spaces),
    )
