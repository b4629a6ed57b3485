from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from spacectl.adapters.log_store import LogKeeper, method, read
from spacectl.adapters.log_store.files import index_of
from spacectl.adapters.log_store.index_file import IndexReader
from spacectl.adapters.log_store.keeper import TURN_S
from spacectl.model.log_line import Selection, TimeRecord

pytestmark = pytest.mark.anyio
Eventually = Callable[[Callable[[], object]], Awaitable[None]]
Keep = Callable[..., AbstractAsyncContextManager[LogKeeper]]
Flood = Callable[[Path, str, int], subprocess.Popen[bytes]]

MIB = 1 << 20
FLOODED = 100_000


def index(log: Path) -> list[TimeRecord]:
    reader = IndexReader(index_of(log), log.stat().st_ino)
    reader.look()
    records = [*reader.walk(0)]
    reader.close()
    return records


def sizes(log: Path) -> list[int]:
    return [record.size for record in index(log)]


def append(log: Path, text: str) -> None:
    with log.open("a") as file:
        file.write(text)


async def test_each_growth_gets_its_time(folder: Path, keep: Keep, eventually: Eventually) -> None:
    log = folder / "orders.1.log"
    log.touch()
    async with keep():
        before = time.time_ns()
        append(log, "one\n")
        await eventually(lambda: sizes(log) == [4])
        append(log, "two\n")
        await eventually(lambda: sizes(log) == [4, 8])
        after = time.time_ns()
    tick = 20_000_000  # the clock of files may be so much behind
    first, second = index(log)
    assert before - tick <= first.time_ns <= second.time_ns <= after
    assert not first.approximate
    assert not second.approximate


async def test_logs_that_come_later_are_kept_too(folder: Path, keep: Keep, eventually: Eventually) -> None:
    async with keep():
        for name in ("orders.1", "orders.2"):
            log = folder / f"{name}.log"
            append(log, "one\n")
            await eventually(lambda log=log: sizes(log) == [4])
            append(log, "two\n")
            await eventually(lambda log=log: sizes(log) == [4, 8])
            assert not index(log)[0].approximate


async def test_the_last_lines_get_their_time_at_the_end(folder: Path, keep: Keep, eventually: Eventually) -> None:
    log = folder / "orders.1.log"
    log.touch()
    async with keep():
        append(log, "one\n")
        await eventually(lambda: sizes(log) == [4])
        append(log, "two\n")
    assert sizes(log)[-1] == 8


async def test_what_nobody_watched_has_an_approximate_time(folder: Path, keep: Keep, eventually: Eventually) -> None:
    log = folder / "orders.1.log"
    for text in ("one\n", "two\n"):
        append(log, text)
        os.utime(log, ns=(10**18, 10**18))
        async with keep():
            await eventually(lambda: index(log))
    assert index(log) == [TimeRecord(10**18, 4, approximate=True), TimeRecord(10**18, 8, approximate=True)]


async def test_a_log_that_is_replaced_or_emptied_begins_anew(folder: Path, keep: Keep, eventually: Eventually) -> None:
    log = folder / "orders.1.log"
    append(log, "one\n")
    async with keep():
        log.replace(folder / "elsewhere")
        append(log, "another\n")
        await eventually(lambda: sizes(log) == [8])
        os.truncate(log, 0)
        append(log, "x\n")
        await eventually(lambda: sizes(log) == [2])


async def test_it_wakes_at_most_twenty_times_a_second(
    folder: Path, keep: Keep, flood: Flood, eventually: Eventually
) -> None:
    logs = [folder / f"orders.{number}.log" for number in range(4)]
    start = time.monotonic()
    async with keep():
        processes = [flood(log, "a", FLOODED) for log in logs]
        await eventually(lambda: all(process.poll() is not None for process in processes))
        turns = (time.monotonic() - start) / TURN_S
    for log in logs:
        assert sizes(log)[-1] == log.stat().st_size
        assert len(index(log)) <= turns + 3


def numbers(lines: list[bytes]) -> dict[bytes, list[int]]:
    found = defaultdict(list)
    for line in lines:
        name, number, rest = line.split(b" ")
        assert rest == b"x" * 80
        found[name].append(int(number))
    return found


async def test_the_tail_of_a_flooded_log_is_whole(
    folder: Path, keep: Keep, flood: Flood, eventually: Eventually
) -> None:
    if method(folder) != "punch":
        pytest.skip("this file system has no holes")
    log = folder / "orders.1.log"
    async with keep(bound=MIB) as keeper:
        processes = [flood(log, name, FLOODED) for name in "abcd"]
        await eventually(lambda: all(process.poll() is not None for process in processes))
        await eventually(lambda: not keeper._trims and log.stat().st_blocks * 512 <= 2 * MIB)
    assert log.stat().st_size == 4 * FLOODED * 93
    lines = [each.line for each in read(folder, Selection())]
    assert sum(len(line) + 1 for line in lines) >= MIB - 100
    for kept in numbers(lines).values():
        assert kept == [*range(kept[0], FLOODED)]


async def test_each_flooded_log_keeps_its_end(folder: Path, keep: Keep, flood: Flood, eventually: Eventually) -> None:
    if method(folder) != "punch":
        pytest.skip("this file system has no holes")
    async with keep(bound=MIB) as keeper:
        processes = [flood(folder / f"{name}.1.log", name, FLOODED) for name in "abcd"]
        await eventually(lambda: all(process.poll() is not None for process in processes))
        await eventually(lambda: not keeper._trims)
    for name in "abcd":
        [kept] = numbers([each.line for each in read(folder, Selection(names=frozenset({name})))]).values()
        assert kept == [*range(kept[0], FLOODED)]
        assert len(kept) * 93 >= MIB - 100


async def test_where_there_are_no_holes_the_tail_is_copied(
    folder: Path, keep: Keep, flood: Flood, eventually: Eventually
) -> None:
    log = folder / "orders.1.log"
    async with keep(bound=MIB, how="truncate") as keeper:
        processes = [flood(log, name, FLOODED) for name in "abcd"]
        await eventually(lambda: all(process.poll() is not None for process in processes))
        await eventually(lambda: not keeper._trims and log.stat().st_size <= MIB)
        append(log, "the end\n")
        await eventually(lambda: sizes(log)[-1] > 4 * MIB)
    assert log.stat().st_size >= MIB // 2 - 100
    *lines, last = [each.line for each in read(folder, Selection())]
    assert last == b"the end"
    for kept in numbers(lines).values():
        assert kept == sorted(set(kept))  # what was written in the moment of a cut may be missing, nothing is twice


async def test_a_kept_log_leaves_no_descriptor_open(
    folder: Path, keep: Keep, eventually: Eventually, open_descriptors: Callable[[], int]
) -> None:
    before = open_descriptors()
    log = folder / "orders.1.log"
    async with keep():
        append(log, "one\n")
        await eventually(lambda: sizes(log) == [4])
        log.replace(folder / "elsewhere")
        append(log, "another\n")
        await eventually(lambda: sizes(log) == [8])
    assert open_descriptors() == before


WITHOUT = """
import asyncio, sys
from pathlib import Path
from spacectl.adapters.log_store import LogKeeper

async def main():
    task = asyncio.create_task(LogKeeper(Path(sys.argv[1])).run())
    print("keeping", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    task.cancel()

asyncio.run(main())
"""


@pytest.mark.parametrize("lacking", ["max_inotify_instances", "max_inotify_watches"])
async def test_without_wake_ups_it_looks_now_and_then(folder: Path, eventually: Eventually, lacking: str) -> None:
    """In a user namespace of its own, which is allowed none."""
    if shutil.which("unshare") is None:
        pytest.skip("no unshare here")
    script = f'echo 0 > /proc/sys/user/{lacking} || exit 3; exec "$0" -c "$1" "$2"'
    process = await asyncio.create_subprocess_exec(
        *("unshare", "--user", "--map-root-user", "sh", "-c", script, sys.executable, WITHOUT, str(folder)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    if await process.stdout.readline() != b"keeping\n":
        pytest.skip("no user namespaces here")
    log = folder / "orders.1.log"
    for size in (4, 8):
        append(log, "one\n")
        await eventually(lambda size=size: sizes(log)[-1:] == [size])
    process.stdin.close()
    assert await process.wait() == 0
