"""The palette: all that can be done here, by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import cast

from textual.command import DiscoveryHit, Hit, Hits, Provider

from spacectl.tui.deck import Deck
from spacectl.tui.keys import MOVE

_FEW = 60
"""Spaces of which actions are listed without being sought."""


class Commands(Provider):
    """The keys of the screen, and the actions of every space."""

    async def discover(self) -> Hits:
        """Everything, before anything is written."""
        for name, does, call in self._all(few=True):
            yield DiscoveryHit(name, call, help=does)

    async def search(self, query: str) -> Hits:
        """What is sought."""
        matcher = self.matcher(query)
        for name, does, call in self._all(few=False):
            score = matcher.match(name)
            if score > 0:
                yield Hit(score, matcher.highlight(name), call, help=does)

    def _all(self, *, few: bool) -> list[tuple[str, str, Callable[[], object]]]:
        app = cast("Deck", self.app)
        found: list[tuple[str, str, Callable[[], object]]] = [
            (key.short, key.help, partial(app.action_do, key.do))
            for key in app.offered
            if key.group != MOVE and key.do != "palette"
        ]
        found += [
            (f"sort {column}", "sort by this column", partial(app.pane.sort, column)) for column in app.pane.SORTS
        ]
        for space in app.seen.spaces[: _FEW if few else None]:
            found.append((f"space {space.name}", "all about it", partial(app.open_space, space.name)))
            found += [
                (f"{verb} {space.name}", f"spacectl {verb} {space.name}", partial(app.order_of, verb, space.name))
                for verb in ("restart", "stop", "start")
                if verb in app.cockpit.verbs
            ]
        return found
