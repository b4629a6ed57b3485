import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from spacectl.adapters.manifests import load
from spacectl.core.assemble import assemble
from spacectl.model.actions import Note
from spacectl.model.events import Refused
from spacectl.model.layout import Layout
from spacectl.runtime.supervisor import Supervisor
from spacectl.view.report import Surroundings
from spacectl.wiring.prepare import prepare
from spacectl.wiring.supervise import _report_violations

pytestmark = pytest.mark.anyio
Eventually = Callable[[Callable[[], Awaitable[object]]], Awaitable[None]]


def line(user: str, subject: str) -> bytes:
    said = f'127.0.0.1:3456 - cid:15 - "APP/user:{user}" - Publish Violation - Subject "{subject}"'
    return f"[7] 2026/11/22 10:00:00.000000 [ERR] {said}\n".encode()


async def test_a_flood_of_refused_attempts_is_told_in_small_portions(tmp_path: Path, eventually: Eventually) -> None:
    (tmp_path / "system.toml").write_text('[system]\nname = "shop"\n')
    (tmp_path / "spaces" / "orders").mkdir(parents=True)
    (tmp_path / "spaces" / "orders" / "space.toml").write_text('[space]\nname = "orders"\n[run]\ncommand = "x"\n')
    prepared = prepare(load(tmp_path), Layout(tmp_path), (), ())
    notes: list[Note] = []
    around = Surroundings("shop", 1, 0.0, 0.0, "", None, {}, {})
    state = assemble(prepared.system, embedded_bus=True)
    supervisor = Supervisor(state, around, clock=time.monotonic, journal=notes.append, selected=frozenset())
    events = supervisor.loop._events
    log = prepared.layout.log("bus")

    reporting = asyncio.ensure_future(_report_violations(prepared, supervisor))
    log.write_bytes(line("orders", "billing.nope") * 3 + line("stranger", "x.y") + b"[7] [INF] Server is ready\n")

    async def told() -> bool:
        return not events.empty()

    await eventually(told)
    refused = events.get_nowait()
    assert isinstance(refused, Refused)
    assert (refused.unit, refused.kind, refused.subject, refused.count) == ("orders", "publish", "billing.nope", 3)
    assert notes == []

    with log.open("ab") as file:
        for number in range(100_000):
            file.write(line("orders", f"orders.made-up-{number}"))

    async def noted() -> bool:
        return bool(notes) and not events.empty()

    await eventually(noted)
    assert 0 < events.qsize() <= 100
    assert [(each.subject, each.kind) for each in notes] == [("bus", "skipped")]
    reporting.cancel()
    await asyncio.wait([reporting])
