"""The bus as checks use it: plain functions, while a thread listens to every event of the session."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic_core import to_json

from spacectl.adapters.nats.client import connected, declared_subjects
from spacectl.adapters.nats.send import publish
from spacectl.adapters.nats.tap import TapOrder, open_tap
from spacectl.adapters.private_files import read_access
from spacectl.checks.running import RunningSystem
from spacectl.checks.waiting import eventually
from spacectl.core.judging import undrained
from spacectl.core.subjects import matches, select, stream_of
from spacectl.core.subset import differences
from spacectl.errors import SpacectlError
from spacectl.model.layout import Layout
from spacectl.model.message import Message, Sent, Skipped
from spacectl.view.messages import message_lines

if TYPE_CHECKING:
    from nats.aio.client import Client

MOST_KEPT = 10_000
"""Messages of a session that are kept; the oldest go first."""

_CONNECT_S = 5.0
_ANSWER_S = 10.0

T = TypeVar("T")
Where = Mapping[str, Any] | Callable[[Any], object]


class BusWatch:
    """Listens to all events of a system, in a thread of its own. Close it.

    Args:
        layout: the running system.
        since: from when on.

    Raises:
        SpacectlError: the bus cannot be reached.
    """

    def __init__(self, layout: Layout, since: datetime) -> None:
        self._loop = asyncio.new_event_loop()
        self._changed = threading.Condition()
        self._kept: deque[Message] = deque(maxlen=MOST_KEPT)
        self._client: Client | None = None
        self._declared: dict[str, tuple[str, ...]] = {}
        self._errors: list[SpacectlError] = []
        self._task = self._loop.create_task(self._listen(layout, since))
        self._thread = threading.Thread(target=self._run, daemon=True, name="bus")
        self._thread.start()
        with self._changed:
            self._changed.wait_for(lambda: self._client or self._errors)
        if self._errors:
            self.close()
            raise self._errors[0]

    def close(self) -> None:
        """Listen no more."""
        self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join()
        self._loop.close()

    def messages(self, since: datetime) -> list[Message]:
        """What came since then, in order."""
        with self._changed:
            return [message for message in self._kept if message.time >= since]

    def wait(self, seen: Callable[[], T | None], timeout_s: float) -> T | None:
        """What a look gives once it gives anything; looks again after each message. None when the time is over.

        Raises:
            SpacectlError: the bus went away.
        """
        deadline = time.monotonic() + timeout_s
        with self._changed:
            while (found := seen()) is None and not self._errors and (left := deadline - time.monotonic()) > 0:
                self._changed.wait(left)
        if found is None and self._errors:
            raise self._errors[0]
        return found

    def publish(self, subject: str, body: bytes, headers: Mapping[str, str], event_id: str | None) -> Sent:
        """Publish one event that a space declares."""
        if self._client is None:
            raise SpacectlError("the bus is not connected")
        stream_of(self._declared, subject)
        return self._do(publish(self._client, subject, body, headers=headers, event_id=event_id))

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_ANSWER_S)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        with suppress(asyncio.CancelledError):
            self._loop.run_until_complete(self._task)

    async def _listen(self, layout: Layout, since: datetime) -> None:
        try:
            access = read_access(layout.bus_access)
            async with connected(access.admin_url, name="check", timeout_s=_CONNECT_S) as client:
                self._declared = await declared_subjects(client, access.system)
                wanted = select(self._declared, [">"]) if any(self._declared.values()) else {}
                order = TapOrder(access.system, dict.fromkeys(wanted, ()), since, max_behind=MOST_KEPT)
                async with open_tap(client, order) as messages:
                    self._tell(client=client)
                    async for message in messages:
                        if not isinstance(message, Skipped):
                            self._tell(message=message)
                    await asyncio.Event().wait()  # no space publishes: there is nothing to hear until the end
        except SpacectlError as error:
            self._tell(error=error)

    def _tell(
        self, *, client: Client | None = None, message: Message | None = None, error: SpacectlError | None = None
    ) -> None:
        with self._changed:
            self._client = client or self._client
            if error is not None:
                self._errors.append(error)
            if message is not None:
                self._kept.append(message)
            self._changed.notify_all()


class Bus:
    """The bus as one check sees it: what came since the check began is its own."""

    def __init__(self, running: RunningSystem, watch: BusWatch, began: datetime) -> None:
        self._running = running
        self._watch = watch
        self._began = began
        self._taken: set[tuple[str, int]] = set()

    @property
    def messages(self) -> list[Message]:
        """Every event since the check began, in order."""
        return self._watch.messages(self._began)

    def publish(
        self, subject: str, data: Any = None, *, headers: Mapping[str, str] | None = None, event_id: str | None = None
    ) -> Sent:
        """Publish a value as a CloudEvent, and wait until the bus has stored it.

        Raises:
            UsageError: no space declares this subject.
        """
        return self._watch.publish(subject, to_json(data), headers or {}, event_id)

    def expect(self, subject: str, *, where: Where | None = None, within: float = 5.0) -> Message:
        """The first event of that subject that came since the check began, or that comes now.

        Each event answers one `expect` only, so that two calls mean two events.

        Args:
            subject: may have the wildcards of NATS.
            where: what its data must hold: a part of it (`{"order_id": "o-1"}`), or a function that says whether.
            within: seconds to wait from now on.

        Raises:
            AssertionError: none came; the message shows what came instead, in order.
        """
        __tracebackhide__ = True

        def look() -> Message | None:
            for message in self.messages:
                key = (message.stream, message.sequence)
                if key not in self._taken and matches(subject, message.subject) and _fits(where, message.data):
                    self._taken.add(key)
                    return message
            return None

        found = self._watch.wait(look, within)
        if found is None:
            raise AssertionError("\n".join(self._told(subject, where, within)))
        return found

    def drained(self, *, within: float = 30.0) -> None:
        """Wait until every subscriber has settled every event.

        Raises:
            AssertionError: not in time; the message names the edges and what is left on each.
        """
        __tracebackhide__ = True
        began = time.time()

        def left() -> list[str]:
            flow = self._running.client.flow()
            fresh = flow.at is not None and datetime.fromisoformat(flow.at).timestamp() > began
            return undrained(flow) if fresh else ["the bus's counters were not read yet"]

        eventually(left, within=within, holds=lambda found: not found, what="every event settled")

    def _told(self, subject: str, where: Where | None, within: float) -> list[str]:
        seen = self.messages
        wanted = f" with {where}" if isinstance(where, Mapping) else " for which `where` is true" if where else ""
        nothing = ["nothing came since the check began"] if not seen else []
        marked = [message for message in seen if matches(subject, message.subject)]
        why = [f"{len(marked)} of them had the subject, and each was taken already or did not fit"] if marked else []
        came = ["instead, in order, with the seconds since the check began:"] if seen else []
        return [f"no {subject}{wanted} within {within:g} s", *nothing, *why, *came, *message_lines(seen, self._began)]


def _fits(where: Where | None, data: Any) -> bool:
    if where is None:
        return True
    return bool(where(data)) if callable(where) else not differences(where, data)
