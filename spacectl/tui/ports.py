"""What the cockpit needs of the world, as it asks for it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from spacectl.model.flow import FlowReport
from spacectl.model.log_line import LogLine
from spacectl.model.message import Message, Skipped
from spacectl.model.report import Noted, PsReport
from spacectl.view.top_commands import Order, VerbName

if TYPE_CHECKING:
    from spacectl.model.manifest import SpaceManifest  # noqa: TC004  (reading it would delay the first frame)

Told = PsReport | FlowReport | Noted


class Feed(Protocol):
    """What the supervisor tells: the whole at first, then changes; it ends when the supervisor does.

    Raises:
        NotRunningError: no supervisor answers.
    """

    def __call__(self) -> AsyncGenerator[Told, None]: ...


class Logs(Protocol):
    """Lines as they are written, many at a time: at first the last of each log, or all since a time (s since 1970)."""

    def __call__(self, since_s: float | None) -> AsyncGenerator[list[LogLine], None]: ...


class Tap(Protocol):
    """Events that pass from now on, of these subjects; all where none is given.

    Raises:
        SpacectlError: no bus answers, or no space publishes such a thing.
    """

    def __call__(self, subjects: tuple[str, ...]) -> AsyncGenerator[Message | Skipped, None]: ...


@dataclass(frozen=True, slots=True)
class Declared:
    """What stands on disk about a space: its manifest, and what its `env_file` holds; None and empty if unreadable."""

    manifest: SpaceManifest | None
    env_file: Mapping[str, str] = field(default_factory=dict)


Verb = Callable[[Order], Awaitable[str]]
"""Does what is ordered, and says what came of it.

Raises:
    SpacectlError: it was refused, or failed.
"""


Letters = Callable[[tuple[str, ...]], Awaitable[list[tuple[int, str]]]]
"""The dead letters of these subscribers: the number of each, and what it is in one line."""


@dataclass(frozen=True, slots=True)
class Cockpit:
    """All that the app is connected to.

    Attributes:
        history: what happened before the app came.
        declared: of a space by its name.
        published: the subjects of each space, as the manifests say.
        verbs: what can be done here; keys of others are not offered.
    """

    system: str
    feed: Feed
    logs: Logs
    tap: Tap
    history: Callable[[], list[Noted]]
    declared: Callable[[str], Declared]
    published: Callable[[], Mapping[str, tuple[str, ...]]]
    verbs: Mapping[VerbName, Verb]
    letters: Letters | None = None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
